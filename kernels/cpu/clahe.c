/* kernels/cpu/clahe.c - contrast limited adaptive histogram equalization
 *
 * Each tile has a table from levels to equalized levels; a pixel is looked up
 * in those of the four tiles whose centers are around it.
 */
#include "base/alloc.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/rows.h"
#include "kernels/pixel.h"
#include "kernels/tone.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { MOST_TILES = 1024, MOST_LEVELS = 65536 };

typedef struct equalizing {
    ost_image in;
    ost_image out;
    ost_clahe_tiles t;
    int *histograms;  /* columns x levels */
    uint16_t *tables; /* rows x columns x levels */
    uint16_t *row; /* a row of the image, mirrored up to the last tile's end */
} equalizing;

/* Where a position beyond the end is mirrored to; the outermost pixel is not
 * repeated. */
static int64_t mirrored(int64_t i, int64_t n)
{
    int64_t period = 2 * (n - 1);

    if (n == 1)
        return 0;
    i %= period;
    return i < n ? i : period - i;
}

static void load_row(const equalizing *e, int64_t y, int64_t c)
{
    const void *p = ost_image_at(&e->in, y, 0, c);
    int64_t w = e->in.w, step = e->in.step_x;
    uint16_t *restrict row = e->row;

    if (e->in.dtype == OST_U8)
        for (int64_t x = 0; x < w; x++)
            row[x] = ((const uint8_t *)p)[x * step];
    else
        for (int64_t x = 0; x < w; x++)
            row[x] = ((const uint16_t *)p)[x * step];
    for (int64_t x = w; x < e->t.columns * e->t.tile_w; x++)
        row[x] = row[mirrored(x, w)];
}

/* The histograms of a row of tiles. */
static void count_tiles(const equalizing *e, int64_t tile_row, int64_t c)
{
    memset(e->histograms, 0,
           (size_t)e->t.columns * (size_t)e->t.levels * sizeof(*e->histograms));
    for (int64_t k = 0; k < e->t.tile_h; k++) {
        const uint16_t *v = e->row;

        load_row(e, mirrored(tile_row * e->t.tile_h + k, e->in.h), c);
        for (int64_t i = 0; i < e->t.columns; i++) {
            int *count = e->histograms + i * e->t.levels;

            for (int64_t x = 0; x < e->t.tile_w; x++)
                count[*v++]++;
        }
    }
}

/* Shares out what lies above the limit: the same to each level, and what is
 * left one by one to levels that are evenly apart. */
static void clip_histogram(const equalizing *e, int *count)
{
    int64_t cut = 0;
    int each, left, step;

    for (int i = 0; i < e->t.levels; i++)
        if (count[i] > e->t.clip) {
            cut += count[i] - e->t.clip;
            count[i] = e->t.clip;
        }
    each = (int)(cut / e->t.levels);
    left = (int)(cut % e->t.levels);
    for (int i = 0; i < e->t.levels; i++)
        count[i] += each;
    step = left > 0 ? e->t.levels / left : 1;
    for (int i = 0; i < e->t.levels && left > 0; i += step, left--)
        count[i]++;
}

static void fill_table(const equalizing *e, int *count, uint16_t *table)
{
    float scale = (float)(e->t.levels - 1) / (float)(e->t.tile_h * e->t.tile_w);
    int64_t sum = 0;

    if (e->t.clip > 0)
        clip_histogram(e, count);
    for (int i = 0; i < e->t.levels; i++) {
        sum += count[i];
        table[i] = e->t.levels == 256 ? ost_px_u8((float)sum * scale)
                                      : ost_px_u16((float)sum * scale);
    }
}

/* The two tiles around a position along one side, and the share of the second.
 */
typedef struct between {
    int64_t first;
    int64_t second;
    float share;
} between;

static between tiles_around(int64_t i, int64_t size, int count)
{
    float at = (float)i * (1.0f / (float)size) - 0.5f;
    int64_t first = (int64_t)floorf(at);

    return (between){ first < 0 ? 0 : first,
                      first + 1 < count ? first + 1 : count - 1,
                      at - (float)first };
}

static void equalize_row(const equalizing *e, int64_t y, int64_t c,
                         const between *along, float *row)
{
    between down = tiles_around(y, e->t.tile_h, e->t.rows);
    size_t width = (size_t)e->t.columns * (size_t)e->t.levels;
    const uint16_t *upper = e->tables + (size_t)down.first * width;
    const uint16_t *lower = e->tables + (size_t)down.second * width;

    load_row(e, y, c);
    for (int64_t x = 0; x < e->in.w; x++) {
        int64_t v = e->row[x];
        size_t a = (size_t)(along[x].first * e->t.levels + v);
        size_t b = (size_t)(along[x].second * e->t.levels + v);

        row[x] = ost_px_four(upper[a], upper[b], lower[a], lower[b],
                             along[x].share, down.share);
    }
    ost_row_put(&e->out, y, c, row);
}

static ost_rc equalize(equalizing *e, ost_err *err)
{
    between *along = ost_try_alloc((size_t)e->in.w, sizeof(*along));
    float *row = ost_try_alloc((size_t)e->in.w, sizeof(*row));
    ost_rc rc = OST_OK;

    if (!along || !row) {
        rc = ost_fail(err, OST_ENOMEM, "clahe: no memory for a row");
        goto out;
    }
    for (int64_t x = 0; x < e->in.w; x++)
        along[x] = tiles_around(x, e->t.tile_w, e->t.columns);
    for (int64_t c = 0; c < e->in.c; c++) {
        for (int64_t i = 0; i < e->t.rows; i++) {
            count_tiles(e, i, c);
            for (int64_t k = 0; k < e->t.columns; k++)
                fill_table(e, e->histograms + k * e->t.levels,
                           e->tables + (i * e->t.columns + k) * e->t.levels);
        }
        for (int64_t y = 0; y < e->in.h; y++)
            equalize_row(e, y, c, along, row);
    }
out:
    ost_free(row);
    ost_free(along);
    return rc;
}

/* When one side does not divide into tiles, OpenCV adds to both, and a whole
 * tile's count of pixels to one that would. */
void ost_clahe_cut(const ost_image *in, const ost_clahe_spec *spec,
                   ost_clahe_tiles *t)
{
    int64_t h = in->h, w = in->w;
    double limit;

    t->levels = in->dtype == OST_U8 ? 256 : MOST_LEVELS;
    t->rows = spec->rows;
    t->columns = spec->columns;
    if (h % t->rows != 0 || w % t->columns != 0) {
        h += t->rows - h % t->rows;
        w += t->columns - w % t->columns;
    }
    t->tile_h = h / t->rows;
    t->tile_w = w / t->columns;
    limit =
        spec->clip_limit * (double)(t->tile_h * t->tile_w) / (double)t->levels;
    t->clip = 0;
    if (spec->clip_limit > 0.0)
        t->clip = limit < 1.0 ? 1 : limit < INT32_MAX ? (int)limit : INT32_MAX;
}

ost_rc ost_clahe_check(const ost_tensor *image, const ost_clahe_spec *spec,
                       const ost_tensor *out, ost_image *in, ost_image *to,
                       ost_err *err)
{
    ost_rc rc = ost_image_of(image, "image", in, err);

    if (!rc)
        rc = ost_image_of(out, "equalized image", to, err);
    if (!rc)
        rc = ost_image_alike(in, to, err);
    if (rc)
        return rc;
    if (in->h != to->h || in->w != to->w)
        return ost_fail(err, OST_EINPUT, "clahe: sizes differ");
    if (in->dtype == OST_F32)
        return ost_fail(err, OST_EINPUT, "clahe: f32 has no levels to count");
    if (spec->rows < 1 || spec->rows > MOST_TILES || spec->columns < 1 ||
        spec->columns > MOST_TILES || !(spec->clip_limit >= 0.0))
        return ost_fail(err, OST_EINPUT,
                        "clahe: no limit below 0, and 1..%d tiles along a side",
                        MOST_TILES);
    return OST_OK;
}

ost_rc ost_cpu_clahe(const ost_tensor *image, const ost_clahe_spec *spec,
                     ost_tensor *out, ost_err *err)
{
    equalizing e = { 0 };
    ost_rc rc = ost_clahe_check(image, spec, out, &e.in, &e.out, err);

    if (rc)
        return rc;
    if (ost_image_is_empty(&e.in))
        return OST_OK;
    ost_clahe_cut(&e.in, spec, &e.t);
    e.histograms = ost_try_alloc_aligned(
        (size_t)e.t.columns * (size_t)e.t.levels, sizeof(*e.histograms));
    e.row = ost_try_alloc_aligned((size_t)(e.t.columns * e.t.tile_w),
                                  sizeof(*e.row));
    e.tables = ost_try_alloc_aligned((size_t)e.t.rows * (size_t)e.t.columns *
                                         (size_t)e.t.levels,
                                     sizeof(*e.tables));
    if (e.histograms && e.tables && e.row)
        rc = equalize(&e, err);
    else
        rc = ost_fail(err, OST_ENOMEM, "clahe: no memory for %d x %d tiles",
                      spec->rows, spec->columns);
    ost_free(e.tables);
    ost_free(e.row);
    ost_free(e.histograms);
    return rc;
}
