/* tests/support/pictures.h - small foreign files, made by the libraries that
 * osteon reads them with */
#ifndef OST_TESTS_SUPPORT_PICTURES_H
#define OST_TESTS_SUPPORT_PICTURES_H

#include "base/buf.h"
#include "tests/support/dicom.h"

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

#endif
