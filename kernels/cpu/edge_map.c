/* kernels/cpu/edge_map.c - weak and strong edge pixels, and hysteresis */
#include "kernels/cpu/edge_map.h"

#include "base/alloc.h"
#include "kernels/cpu/wide.h"

#include <endian.h>
#include <string.h>

#include "base/banned.h"

enum { NEIGHBORS = 8 };

ost_rc ost_edge_map_init(ost_edge_map *m, int64_t h, int64_t w, ost_err *err)
{
    size_t marks;

    *m = (ost_edge_map){ .h = h, .w = w };
    m->blocks = (w + OST_EDGE_BLOCK - 1) / OST_EDGE_BLOCK;
    m->step = m->blocks * OST_EDGE_BLOCK + 8;
    marks = (size_t)(h + 2) * (size_t)m->step;
    m->memory = ost_try_alloc_aligned(marks + (size_t)h * (size_t)m->blocks, 1);
    if (!m->memory)
        return ost_fail(err, OST_ENOMEM, "no memory for edges of %lld x %lld",
                        (long long)h, (long long)w);
    m->marks = m->memory;
    m->busy = (bool *)(m->marks + marks);
    memset(m->marks, OST_EDGE_NONE, (size_t)m->step);
    memset(m->marks + (h + 1) * m->step, OST_EDGE_NONE, (size_t)m->step);
    for (int64_t y = 1; y <= h; y++) {
        uint8_t *row = m->marks + y * m->step;

        row[0] = OST_EDGE_NONE;
        memset(row + m->step - 7, OST_EDGE_NONE, 7);
    }
    return OST_OK;
}

void ost_edge_map_release(ost_edge_map *m)
{
    ost_free(m->memory);
    *m = (ost_edge_map){ 0 };
}

uint8_t *ost_edge_map_row(const ost_edge_map *m, int64_t y)
{
    return m->marks + (y + 1) * m->step + 1;
}

/* ---- hysteresis ---- */

/* Positions whose neighbors are still to be looked at. */
typedef struct stack {
    size_t *at;
    size_t len;
    size_t cap;
} stack;

static ost_rc stack_grow(stack *s, ost_err *err)
{
    size_t cap = s->cap ? 2 * s->cap : 1024;
    size_t *at = ost_try_alloc_aligned(cap, sizeof(*at));

    if (!at)
        return ost_fail(err, OST_ENOMEM, "no memory to follow edges");
    if (s->len)
        memcpy(at, s->at, s->len * sizeof(*at));
    ost_free(s->at);
    s->at = at;
    s->cap = cap;
    return OST_OK;
}

/* True when one of four marks is WEAK, the only mark with the lowest bit and
 * without the next. */
static bool has_weak(uint32_t marks)
{
    return (marks & ~(marks >> 1) & 0x01010101u) != 0;
}

/* Makes the weak neighbors of position `at` strong and pushes them; there is
 * room.  Most have none: that is seen from three words. */
static void spread(uint8_t *marks, int64_t step, size_t at, stack *s)
{
    uint32_t words[3];

    for (int k = 0; k < 3; k++)
        memcpy(&words[k], marks + at - 1 + (k - 1) * step, sizeof(words[k]));
    if (!has_weak(words[0]) && !has_weak(words[1]) && !has_weak(words[2]))
        return;
    for (int k = -1; k <= 1; k++) {
        size_t next = at + (size_t)(k * step) - 1;

        for (int i = 0; i < 3; i++, next++)
            if (marks[next] == OST_EDGE_WEAK) {
                marks[next] = OST_EDGE_STRONG;
                s->at[s->len++] = next;
            }
    }
}

static ost_rc spread_from(const ost_edge_map *m, size_t at, stack *s,
                          ost_err *err)
{
    spread(m->marks, m->step, at, s);
    while (s->len > 0) {
        if (s->len + NEIGHBORS > s->cap) {
            ost_rc rc = stack_grow(s, err);

            if (rc)
                return rc;
        }
        at = s->at[--s->len];
        spread(m->marks, m->step, at, s);
    }
    return OST_OK;
}

static ost_rc flood_block(const ost_edge_map *m, size_t first, stack *s,
                          ost_err *err)
{
    for (size_t i = 0; i < OST_EDGE_BLOCK; i += 8) {
        uint64_t strong;

        memcpy(&strong, m->marks + first + i, sizeof(strong));
        strong = le64toh(strong) & 0x8080808080808080u;
        for (; strong; strong &= strong - 1) {
            size_t at = first + i + (size_t)(__builtin_ctzll(strong) / 8);
            ost_rc rc = spread_from(m, at, s, err);

            if (rc)
                return rc;
        }
    }
    return OST_OK;
}

ost_rc ost_edge_map_flood(const ost_edge_map *m, ost_err *err)
{
    stack s = { 0 };
    ost_rc rc = stack_grow(&s, err);

    for (int64_t y = 0; y < m->h && !rc; y++) {
        const bool *busy = m->busy + y * m->blocks;
        size_t row = (size_t)(ost_edge_map_row(m, y) - m->marks);

        for (int64_t b = 0; b < m->blocks && !rc; b++)
            if (busy[b])
                rc = flood_block(m, row + (size_t)b * OST_EDGE_BLOCK, &s, err);
    }
    ost_free(s.at);
    return rc;
}

OST_WIDE_BODY(write_row, (const uint8_t *mark, int64_t w, uint8_t *p))
{
    OST_APART
    for (int64_t x = 0; x < w; x++)
        p[x] = mark[x] == OST_EDGE_STRONG ? 255 : 0;
}
OST_WIDE(write_row, (const uint8_t *mark, int64_t w, uint8_t *p), (mark, w, p))

void ost_edge_map_write(const ost_edge_map *m, const ost_image *out)
{
    for (int64_t y = 0; y < m->h; y++) {
        const uint8_t *mark = ost_edge_map_row(m, y);
        uint8_t *p = ost_image_at(out, y, 0, 0);
        int64_t w = m->w, step = out->step_x;

        if (step == 1)
            write_row(mark, w, p);
        else
            for (int64_t x = 0; x < w; x++)
                p[x * step] = mark[x] == OST_EDGE_STRONG ? 255 : 0;
    }
}
