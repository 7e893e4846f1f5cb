/* tests/support/niftis.h - small NIfTI files, made byte by byte */
#ifndef OST_TESTS_SUPPORT_NIFTIS_H
#define OST_TESTS_SUPPORT_NIFTIS_H

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

/* A volume of `dim[0]` dimensions, u8 counting up; type 2 unless it is told. */
typedef struct nifti_spec {
    int version; /* 1 or 2 */
    int64_t dim[8];
    int type;
    const char *magic; /* of NIfTI-1; NULL: "n+1" */
    uint32_t voxels;   /* bytes that follow the head */
} nifti_spec;

static inline void nifti_put(ost_buf *out, size_t at, const void *v, size_t n)
{
    memcpy(out->data + at, v, n);
}

static inline void make_nifti(ost_buf *out, const nifti_spec *s)
{
    int32_t head = s->version == 1 ? 348 : 540;
    int16_t type = (int16_t)(s->type ? s->type : 2);
    float sizes[8] = { 1, 2, 3, 4, 5, 1, 1, 1 };
    unsigned char empty[544] = { 0 };
    ost_buf_reset(out);
    ost_buf_add(out, empty, (size_t)head + 4);
    nifti_put(out, 0, &head, 4);
    for (int i = 0; i < 8; i++) {
        int16_t narrow = (int16_t)s->dim[i];
        double wide = (double)sizes[i];

        if (s->version == 1)
            nifti_put(out, 40 + 2 * (size_t)i, &narrow, 2);
        else
            nifti_put(out, 16 + 8 * (size_t)i, &s->dim[i], 8);
        if (s->version == 1)
            nifti_put(out, 76 + 4 * (size_t)i, &sizes[i], 4);
        else
            nifti_put(out, 104 + 8 * (size_t)i, &wide, 8);
    }
    nifti_put(out, s->version == 1 ? 70 : 12, &type, 2);
    if (s->version == 1)
        nifti_put(out, 344, s->magic ? s->magic : "n+1", 4);
    else
        nifti_put(out, 4, "n+2\0\r\n\032\n", 8);
    for (uint32_t i = 0; i < s->voxels; i++)
        ost_buf_u8(out, (uint8_t)i);
}

/* The same bytes, packed. */
static inline void gzip_buf(const ost_buf *in, ost_buf *out)
{
    z_stream z = { 0 };
    unsigned char piece[4096];

    ost_buf_reset(out);
    if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY))
        OST_BUG();
    z.next_in = in->data;
    z.avail_in = (uInt)in->len;
    do {
        z.next_out = piece;
        z.avail_out = sizeof(piece);
        (void)deflate(&z, Z_FINISH);
        ost_buf_add(out, piece, sizeof(piece) - z.avail_out);
    } while (z.avail_out == 0);
    (void)deflateEnd(&z);
}

#endif
