/* cli/preview_sixel.c - a picture as sixels
 *
 *     ESC P 0;1;0 q            begin; pixels that are not drawn stay
 *     " 1;1;W;H                square pixels, width and height
 *     # n ; 2 ; r ; g ; b      color n in percent
 *     # n  letters  $  ...  -  a band of six rows: per color a letter for each
 *                              column, '?' plus a bit per row; `$` goes back to
 *                              the left, `-` to the next band; `! n c` is c
 *                              n times
 *     ESC \                    end
 *
 * Colors have steps of a percent.  A picture of at most 256 of them is shown as
 * it is, others in a cube of 6 x 6 x 6 with ordered dithering.
 */
#include "base/alloc.h"
#include "base/map.h"
#include "cli/preview.h"

#include <string.h>

#include "base/banned.h"

enum { COLORS = 256, BAND = 6, CUBE = 6 };

typedef struct {
    const ost_preview *p;
    uint8_t colors[COLORS][3]; /* in percent */
    size_t n;
    uint8_t *index; /* of each pixel */
} sixel;

static uint8_t percent(uint8_t v)
{
    return (uint8_t)((v * 100 + 127) / 255);
}

/* False when there are too many colors. */
static bool index_exactly(sixel *s)
{
    ost_map seen = { 0 };
    int64_t n = s->p->height * s->p->width;
    bool fits = true;

    for (int64_t i = 0; i < n && fits; i++) {
        uint8_t c[3];
        uint64_t at;

        for (int k = 0; k < 3; k++)
            c[k] = percent(s->p->rgb[3 * i + k]);
        if (!ost_map_get(&seen, (const char *)c, 3, &at)) {
            fits = s->n < COLORS;
            if (!fits)
                break;
            at = s->n;
            memcpy(s->colors[s->n++], c, 3);
            (void)ost_map_put(&seen, (const char *)c, 3, at);
        }
        s->index[i] = (uint8_t)at;
    }
    ost_map_release(&seen);
    return fits;
}

static void index_dithered(sixel *s)
{
    static const uint8_t bayer[4][4] = {
        { 0, 8, 2, 10 }, { 12, 4, 14, 6 }, { 3, 11, 1, 9 }, { 15, 7, 13, 5 }
    };

    s->n = CUBE * CUBE * CUBE;
    for (size_t i = 0; i < s->n; i++) {
        s->colors[i][0] = (uint8_t)(i / 36 * 20);
        s->colors[i][1] = (uint8_t)(i / 6 % 6 * 20);
        s->colors[i][2] = (uint8_t)(i % 6 * 20);
    }
    for (int64_t y = 0; y < s->p->height; y++) {
        for (int64_t x = 0; x < s->p->width; x++) {
            const uint8_t *v = s->p->rgb + (y * s->p->width + x) * 3;
            int at = 0;

            for (int k = 0; k < 3; k++) {
                int level = v[k] * (CUBE - 1);

                at = at * CUBE + level / 255 +
                     (level % 255 > (bayer[y % 4][x % 4] * 2 + 1) * 255 / 32);
            }
            s->index[y * s->p->width + x] = (uint8_t)at;
        }
    }
}

static void add_run(ost_buf *out, char letter, int64_t n)
{
    if (n > 3)
        ost_buf_addf(out, "!%lld%c", (long long)n, letter);
    else
        for (; n > 0; n--)
            ost_buf_addc(out, letter);
}

/* The columns of a band that have the color. */
static void add_color(const sixel *s, int64_t top, size_t color, ost_buf *out)
{
    int64_t rows = s->p->height - top < BAND ? s->p->height - top : BAND;
    int64_t run = 0;
    char last = 0;

    ost_buf_addf(out, "#%zu", color);
    for (int64_t x = 0; x < s->p->width; x++) {
        int bits = 0;

        for (int64_t y = 0; y < rows; y++)
            if (s->index[(top + y) * s->p->width + x] == color)
                bits |= 1 << y;
        if ('?' + bits != last) {
            add_run(out, last, run);
            last = (char)('?' + bits);
            run = 0;
        }
        run++;
    }
    if (last != '?')
        add_run(out, last, run);
}

static void add_band(const sixel *s, int64_t top, ost_buf *out)
{
    int64_t end = top + BAND < s->p->height ? top + BAND : s->p->height;
    bool used[COLORS] = { false };
    bool first = true;

    for (int64_t i = top * s->p->width; i < end * s->p->width; i++)
        used[s->index[i]] = true;
    for (size_t c = 0; c < s->n; c++) {
        if (!used[c])
            continue;
        if (!first)
            ost_buf_addc(out, '$');
        first = false;
        add_color(s, top, c, out);
    }
    ost_buf_addc(out, '-');
}

void ost_preview_sixel(const ost_preview *p, ost_buf *out)
{
    sixel s = { .p = p };

    s.index = ost_xalloc((size_t)(p->height * p->width));
    if (!index_exactly(&s))
        index_dithered(&s);
    ost_buf_addf(out, "\033P0;1;0q\"1;1;%lld;%lld", (long long)p->width,
                 (long long)p->height);
    for (size_t c = 0; c < s.n; c++)
        ost_buf_addf(out, "#%zu;2;%u;%u;%u", c, s.colors[c][0], s.colors[c][1],
                     s.colors[c][2]);
    for (int64_t y = 0; y < p->height; y += BAND)
        add_band(&s, y, out);
    ost_buf_adds(out, "\033\\\n");
    ost_free(s.index);
}
