/* tests/support/tiffs.h - small TIFF files, made byte by byte */
#ifndef OST_TESTS_SUPPORT_TIFFS_H
#define OST_TESTS_SUPPORT_TIFFS_H

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>

/* A page of one strip; what is 0 is left out where a tag may be missing. */
typedef struct tiff_spec {
    uint32_t width;
    uint32_t height;
    uint32_t bits;
    uint32_t photometric;
    uint32_t subfile;
    uint32_t orientation;
    uint32_t compression; /* 0: none */
    uint32_t private_tag; /* a number nobody knows */
    const void *data;
    uint32_t size;
    uint32_t next; /* where the next page is; 0: behind this one, if any */
} tiff_spec;

static inline void tiff_u16(ost_buf *out, uint32_t v)
{
    ost_buf_u8(out, (uint8_t)v);
    ost_buf_u8(out, (uint8_t)(v >> 8));
}

static inline void tiff_entry(ost_buf *out, uint32_t tag, uint32_t value)
{
    tiff_u16(out, tag);
    tiff_u16(out, 4); /* a long */
    ost_buf_u32(out, 1);
    ost_buf_u32(out, value);
}

/* Little endian; `pages` one after another. */
static inline void make_tiff(ost_buf *out, const tiff_spec *pages, size_t n)
{
    ost_buf_add(out, "II*\0", 4);
    ost_buf_u32(out, 8 + pages[0].size);
    for (size_t i = 0; i < n; i++) {
        const tiff_spec *p = &pages[i];
        uint32_t at = (uint32_t)out->len;
        uint32_t tags =
            8 + (p->subfile > 0) + (p->orientation > 0) + (p->private_tag > 0);
        uint32_t end = at + p->size + 2 + 12 * tags + 4;

        ost_buf_add(out, p->data, p->size);
        tiff_u16(out, tags);
        if (p->subfile)
            tiff_entry(out, 254, p->subfile);
        tiff_entry(out, 256, p->width);
        tiff_entry(out, 257, p->height);
        tiff_entry(out, 258, p->bits);
        tiff_entry(out, 259, p->compression ? p->compression : 1);
        tiff_entry(out, 262, p->photometric);
        tiff_entry(out, 273, at);
        if (p->orientation)
            tiff_entry(out, 274, p->orientation);
        tiff_entry(out, 278, p->height);
        tiff_entry(out, 279, p->size);
        if (p->private_tag)
            tiff_entry(out, p->private_tag, 1);
        if (p->next)
            ost_buf_u32(out, p->next);
        else
            ost_buf_u32(out, i + 1 < n ? end + pages[i + 1].size : 0);
    }
}

#endif
