/* stages/gunzip.c - one gzip file in memory, unpacked bit by bit, through zlib
 */
#include "stages/gunzip.h"

#include "base/alloc.h"

#include <limits.h>
#include <stdint.h>
#include <zlib.h>

#include "base/banned.h"

enum { GZIP_BITS = 15 + 16 };

struct ost_gunzip {
    z_stream z;
    const unsigned char *end; /* of the input */
    bool ended;
};

ost_gunzip *ost_gunzip_open(const void *data, size_t size)
{
    ost_gunzip *g = ost_try_alloc(1, sizeof(*g));

    if (!g)
        return NULL;
    g->z.next_in = (z_const Bytef *)(uintptr_t)data;
    g->end = (const unsigned char *)data + size;
    if (inflateInit2(&g->z, GZIP_BITS) != Z_OK) {
        ost_free(g);
        return NULL;
    }
    return g;
}

void ost_gunzip_close(ost_gunzip *g)
{
    if (!g)
        return;
    (void)inflateEnd(&g->z);
    ost_free(g);
}

/* Several gzip files one behind the other are one. */
static bool begins_another(ost_gunzip *g)
{
    size_t left = (size_t)(g->end - g->z.next_in);

    return left >= 2 && g->z.next_in[0] == 0x1f && g->z.next_in[1] == 0x8b &&
           inflateReset(&g->z) == Z_OK;
}

static uInt piece(size_t n)
{
    return n < UINT_MAX ? (uInt)n : UINT_MAX;
}

ost_rc ost_gunzip_read(ost_gunzip *g, void *out, size_t n, size_t *got,
                       ost_err *err)
{
    unsigned char *to = out;

    *got = 0;
    while (*got < n && !g->ended) {
        uInt room = piece(n - *got);
        int r;

        g->z.avail_in = piece((size_t)(g->end - g->z.next_in));
        g->z.next_out = to + *got;
        g->z.avail_out = room;
        r = inflate(&g->z, Z_NO_FLUSH);
        *got += room - g->z.avail_out;
        if (r == Z_STREAM_END)
            g->ended = !begins_another(g);
        else if (r == Z_BUF_ERROR ||
                 (r == Z_OK && g->z.next_in == g->end && g->z.avail_out > 0))
            return ost_fail(err, OST_EINPUT, "damaged gzip: it ends early");
        else if (r != Z_OK)
            return ost_fail(err, r == Z_MEM_ERROR ? OST_ENOMEM : OST_EINPUT,
                            "damaged gzip: %s",
                            g->z.msg ? g->z.msg : "it cannot be read");
    }
    return OST_OK;
}

size_t ost_gunzip_head(const void *data, size_t size, void *out, size_t n)
{
    ost_gunzip *g = ost_gunzip_open(data, size);
    size_t got = 0;

    if (g)
        (void)ost_gunzip_read(g, out, n, &got, NULL);
    ost_gunzip_close(g);
    return got;
}
