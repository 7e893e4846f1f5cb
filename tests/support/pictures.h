/* tests/support/pictures.h - small foreign files, made by the libraries that
 * osteon reads them with, and DICOM files made byte by byte */
#ifndef OST_TESTS_SUPPORT_PICTURES_H
#define OST_TESTS_SUPPORT_PICTURES_H

#include "base/buf.h"

#include <png.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* jpeglib.h needs what stdio.h declares. */
/* clang-format off */
#include <stdio.h>
#include <jpeglib.h>
/* clang-format on */

static inline void png_to_buf(png_structp png, png_bytep data, size_t n)
{
    ost_buf_add(png_get_io_ptr(png), data, n);
}

/* `rows` is packed as PNG wants it; a palette has the entries 0, 1, 2, ... as
 * (10 i, 20 i, 30 i). */
static inline void make_png(ost_buf *out, unsigned width, unsigned height,
                            int depth, int color_type, int interlace,
                            const unsigned char *rows, size_t row_bytes)
{
    png_structp png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_color palette[8];
    int passes;

    for (int i = 0; i < 8; i++)
        palette[i] = (png_color){ (png_byte)(10 * i), (png_byte)(20 * i),
                                  (png_byte)(30 * i) };
    png_set_write_fn(png, out, png_to_buf, NULL);
    png_set_IHDR(png, info, width, height, depth, color_type, interlace,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (color_type == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, palette, 8);
    png_write_info(png, info);
    passes = png_set_interlace_handling(png);
    for (int i = 0; i < passes; i++)
        for (unsigned y = 0; y < height; y++)
            png_write_row(png, rows + y * row_bytes);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
}

/* Interleaved 8-bit samples; quality 95. */
static inline void make_jpeg(ost_buf *out, unsigned width, unsigned height,
                             int channels, int progressive,
                             const unsigned char *pixels)
{
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr errors;
    unsigned char *data = NULL;
    unsigned long size = 0;

    c.err = jpeg_std_error(&errors);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &data, &size);
    c.image_width = width;
    c.image_height = height;
    c.input_components = channels;
    c.in_color_space = channels == 1   ? JCS_GRAYSCALE
                       : channels == 3 ? JCS_RGB
                                       : JCS_CMYK;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, 95, TRUE);
    if (progressive)
        jpeg_simple_progression(&c);
    jpeg_start_compress(&c, TRUE);
    for (unsigned y = 0; y < height; y++) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + (size_t)y * width *
                                                          (unsigned)channels);

        jpeg_write_scanlines(&c, &row, 1);
    }
    jpeg_finish_compress(&c);
    ost_buf_add(out, data, size);
    jpeg_destroy_compress(&c);
    (free)(data);
}

/* One element in explicit VR little endian. */
static inline void dicom_element(ost_buf *out, unsigned group, unsigned element,
                                 const char *vr, const void *value, size_t n)
{
    int is_long = strcmp(vr, "OW") == 0 || strcmp(vr, "OB") == 0;
    size_t padded = n + n % 2;

    ost_buf_u8(out, (uint8_t)group);
    ost_buf_u8(out, (uint8_t)(group >> 8));
    ost_buf_u8(out, (uint8_t)element);
    ost_buf_u8(out, (uint8_t)(element >> 8));
    ost_buf_add(out, vr, 2);
    if (is_long) {
        ost_buf_add(out, "\0\0", 2);
        ost_buf_u32(out, (uint32_t)padded);
    } else {
        ost_buf_u8(out, (uint8_t)padded);
        ost_buf_u8(out, (uint8_t)(padded >> 8));
    }
    ost_buf_add(out, value, n);
    if (n % 2)
        ost_buf_u8(out, strcmp(vr, "UI") == 0 || is_long ? 0 : ' ');
}

static inline void dicom_text(ost_buf *out, unsigned group, unsigned element,
                              const char *vr, const char *value)
{
    dicom_element(out, group, element, vr, value, strlen(value));
}

static inline void dicom_us(ost_buf *out, unsigned element, unsigned value)
{
    unsigned char b[2] = { (unsigned char)value, (unsigned char)(value >> 8) };

    dicom_element(out, 0x0028, element, "US", b, 2);
}

typedef struct dicom_spec {
    unsigned rows, columns, frames, samples, bits, stored, is_signed, planar;
    const char *photometric;
    const char *intercept; /* or NULL */
    int bare;              /* without preamble and file meta group */
} dicom_spec;

static inline void make_dicom(ost_buf *out, const dicom_spec *s,
                              const void *pixels, size_t size)
{
    static const char uncompressed[] = "1.2.840.10008.1.2.1";
    char frames[16];

    if (!s->bare) {
        ost_buf meta = { 0 };
        uint32_t n;

        dicom_text(&meta, 2, 0x0010, "UI", uncompressed);
        n = (uint32_t)meta.len;
        for (int i = 0; i < 128; i++)
            ost_buf_u8(out, 0);
        ost_buf_adds(out, "DICM");
        dicom_element(out, 2, 0, "UL", &n, 4);
        ost_buf_add(out, meta.data, meta.len);
        ost_buf_release(&meta);
    }
    dicom_text(out, 0x0008, 0x0060, "CS", "OT");
    dicom_text(out, 0x0010, 0x0010, "PN", "Nobody^Never");
    dicom_us(out, 0x0002, s->samples);
    dicom_text(out, 0x0028, 0x0004, "CS", s->photometric);
    if (s->samples > 1)
        dicom_us(out, 0x0006, s->planar);
    (void)snprintf(frames, sizeof(frames), "%u", s->frames);
    if (s->frames > 1)
        dicom_text(out, 0x0028, 0x0008, "IS", frames);
    dicom_us(out, 0x0010, s->rows);
    dicom_us(out, 0x0011, s->columns);
    dicom_us(out, 0x0100, s->bits);
    dicom_us(out, 0x0101, s->stored);
    dicom_us(out, 0x0102, s->stored - 1);
    dicom_us(out, 0x0103, s->is_signed);
    if (s->intercept) {
        dicom_text(out, 0x0028, 0x1052, "DS", s->intercept);
        dicom_text(out, 0x0028, 0x1053, "DS", "2");
    }
    dicom_element(out, 0x7fe0, 0x0010, s->bits > 8 ? "OW" : "OB", pixels, size);
}

#endif
