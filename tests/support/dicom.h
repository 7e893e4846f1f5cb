/* tests/support/dicom.h - DICOM files made byte by byte */
#ifndef OST_TESTS_SUPPORT_DICOM_H
#define OST_TESTS_SUPPORT_DICOM_H

#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* One element in explicit VR little endian. */
static inline void dicom_element(ost_buf *out, unsigned group, unsigned element,
                                 const char *vr, const void *value, size_t n)
{
    int is_long = vr[0] == 'O' || strcmp(vr, "SQ") == 0;
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

/* A sequence of one item, which holds the elements of `content`. */
static inline void dicom_sequence(ost_buf *out, unsigned group,
                                  unsigned element, const ost_buf *content)
{
    static const unsigned char tag[4] = { 0xfe, 0xff, 0x00, 0xe0 };
    ost_buf item = { 0 };

    ost_buf_add(&item, tag, sizeof(tag));
    ost_buf_u32(&item, (uint32_t)content->len);
    ost_buf_add(&item, content->data, content->len);
    dicom_element(out, group, element, "SQ", item.data, item.len);
    ost_buf_release(&item);
}

typedef struct dicom_spec {
    unsigned rows, columns, frames, samples, bits, stored, is_signed, planar;
    const char *photometric;
    const char *intercept; /* or NULL */
    int bare;              /* without preamble and file meta group */
    const ost_buf *before; /* elements up to group 0027, or NULL */
    const ost_buf *behind; /* elements from (0028,1054) on, or NULL */
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
    if (s->before) {
        ost_buf_add(out, s->before->data, s->before->len);
    } else {
        dicom_text(out, 0x0008, 0x0060, "CS", "OT");
        dicom_text(out, 0x0010, 0x0010, "PN", "Nobody^Never");
    }
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
    if (s->behind)
        ost_buf_add(out, s->behind->data, s->behind->len);
    if (pixels)
        dicom_element(out, 0x7fe0, 0x0010, s->bits > 8 ? "OW" : "OB", pixels,
                      size);
}

#endif
