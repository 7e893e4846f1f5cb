/* cli/preview_png.c - a picture as a PNG file
 *
 *     8 bytes of signature, then chunks: length (4, big endian), kind (4),
 *     data, CRC of kind and data (4): IHDR, IDAT (rows, each behind a byte for
 *     its filter, packed by zlib), IEND.
 */
#include "base/alloc.h"
#include "cli/preview.h"

#include <string.h>
#include <zlib.h>

#include "base/banned.h"

static void add_u32(ost_buf *out, uint32_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        ost_buf_u8(out, (uint8_t)(v >> shift));
}

static void add_chunk(ost_buf *out, const char *kind, const void *data,
                      size_t size)
{
    size_t at;

    add_u32(out, (uint32_t)size);
    at = out->len;
    ost_buf_add(out, kind, 4);
    ost_buf_add(out, data, size);
    add_u32(out, (uint32_t)crc32(0, out->data + at, (uInt)(out->len - at)));
}

/* Rows, each the difference from the one above it. */
static unsigned char *filtered(const ost_preview *p, size_t *size)
{
    size_t row = (size_t)p->width * 3;
    unsigned char *rows = ost_try_alloc((size_t)p->height, row + 1);

    *size = (size_t)p->height * (row + 1);
    for (size_t y = 0; rows && y < (size_t)p->height; y++) {
        unsigned char *to = rows + y * (row + 1);
        const uint8_t *from = p->rgb + y * row;

        *to++ = 2;
        for (size_t i = 0; i < row; i++)
            to[i] = (unsigned char)(from[i] - (y ? (from - row)[i] : 0));
    }
    return rows;
}

ost_rc ost_preview_png(const ost_preview *p, ost_buf *out, ost_err *err)
{
    ost_buf head = { 0 };
    unsigned char *rows, *packed = NULL;
    uLongf packed_size;
    size_t size;
    ost_rc rc = OST_OK;

    rows = filtered(p, &size);
    packed_size = compressBound(size);
    packed = ost_try_alloc(packed_size, 1);
    if (!rows || !packed ||
        compress2(packed, &packed_size, rows, size, 6) != Z_OK ||
        packed_size > INT32_MAX) {
        rc = ost_fail(err, OST_ENOMEM, "no memory for the PNG file");
        goto out;
    }
    add_u32(&head, (uint32_t)p->width);
    add_u32(&head, (uint32_t)p->height);
    ost_buf_add(&head, "\x08\x02\0\0\0", 5); /* 8 bits, RGB */
    ost_buf_add(out, "\x89PNG\r\n\x1a\n", 8);
    add_chunk(out, "IHDR", head.data, head.len);
    add_chunk(out, "IDAT", packed, packed_size);
    add_chunk(out, "IEND", "", 0);
out:
    ost_buf_release(&head);
    ost_free(packed);
    ost_free(rows);
    return rc;
}
