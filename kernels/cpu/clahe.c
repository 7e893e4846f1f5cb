/* kernels/cpu/clahe.c - contrast limited adaptive histogram equalization
 *
 * Each tile has a table from levels to equalized levels; a pixel is looked up
 * in those of the four tiles whose centers are around it.
 */
#include "base/alloc.h"
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
    int levels;
    int rows; /* of tiles */
    int columns;
    int64_t tile_h;
    int64_t tile_w;
    int clip;         /* counts above are cut off; 0: none */
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
    for (int64_t x = w; x < e->columns * e->tile_w; x++)
        row[x] = row[mirrored(x, w)];
}

/* The histograms of a row of tiles. */
static void count_tiles(const equalizing *e, int64_t tile_row, int64_t c)
{
    memset(e->histograms, 0,
           (size_t)e->columns * (size_t)e->levels * sizeof(*e->histograms));
    for (int64_t k = 0; k < e->tile_h; k++) {
        const uint16_t *v = e->row;

        load_row(e, mirrored(tile_row * e->tile_h + k, e->in.h), c);
        for (int64_t i = 0; i < e->columns; i++) {
            int *count = e->histograms + i * e->levels;

            for (int64_t x = 0; x < e->tile_w; x++)
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

    for (int i = 0; i < e->levels; i++)
        if (count[i] > e->clip) {
            cut += count[i] - e->clip;
            count[i] = e->clip;
        }
    each = (int)(cut / e->levels);
    left = (int)(cut % e->levels);
    for (int i = 0; i < e->levels; i++)
        count[i] += each;
    step = left > 0 ? e->levels / left : 1;
    for (int i = 0; i < e->levels && left > 0; i += step, left--)
        count[i]++;
}

static void fill_table(const equalizing *e, int *count, uint16_t *table)
{
    float scale = (float)(e->levels - 1) / (float)(e->tile_h * e->tile_w);
    int64_t sum = 0;

    if (e->clip > 0)
        clip_histogram(e, count);
    for (int i = 0; i < e->levels; i++) {
        sum += count[i];
        table[i] = e->levels == 256 ? ost_px_u8((float)sum * scale)
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
    between down = tiles_around(y, e->tile_h, e->rows);
    size_t width = (size_t)e->columns * (size_t)e->levels;
    const uint16_t *upper = e->tables + (size_t)down.first * width;
    const uint16_t *lower = e->tables + (size_t)down.second * width;

    load_row(e, y, c);
    for (int64_t x = 0; x < e->in.w; x++) {
        int64_t v = e->row[x];
        size_t a = (size_t)(along[x].first * e->levels + v);
        size_t b = (size_t)(along[x].second * e->levels + v);

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
        along[x] = tiles_around(x, e->tile_w, e->columns);
    for (int64_t c = 0; c < e->in.c; c++) {
        for (int64_t i = 0; i < e->rows; i++) {
            count_tiles(e, i, c);
            for (int64_t k = 0; k < e->columns; k++)
                fill_table(e, e->histograms + k * e->levels,
                           e->tables + (i * e->columns + k) * e->levels);
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
static void set_tiles(equalizing *e, const ost_clahe_spec *spec)
{
    int64_t h = e->in.h, w = e->in.w;
    double limit;

    e->rows = spec->rows;
    e->columns = spec->columns;
    if (h % e->rows != 0 || w % e->columns != 0) {
        h += e->rows - h % e->rows;
        w += e->columns - w % e->columns;
    }
    e->tile_h = h / e->rows;
    e->tile_w = w / e->columns;
    limit =
        spec->clip_limit * (double)(e->tile_h * e->tile_w) / (double)e->levels;
    if (spec->clip_limit > 0.0)
        e->clip = limit < 1.0 ? 1 : limit < INT32_MAX ? (int)limit : INT32_MAX;
}

ost_rc ost_cpu_clahe(const ost_tensor *image, const ost_clahe_spec *spec,
                     ost_tensor *out, ost_err *err)
{
    equalizing e = { 0 };
    ost_rc rc;

    rc = ost_image_of(image, "image", &e.in, err);
    if (!rc)
        rc = ost_image_of(out, "equalized image", &e.out, err);
    if (!rc)
        rc = ost_image_alike(&e.in, &e.out, err);
    if (rc)
        return rc;
    if (e.in.h != e.out.h || e.in.w != e.out.w)
        return ost_fail(err, OST_EINPUT, "clahe: sizes differ");
    if (e.in.dtype == OST_F32)
        return ost_fail(err, OST_EINPUT, "clahe: f32 has no levels to count");
    if (spec->rows < 1 || spec->rows > MOST_TILES || spec->columns < 1 ||
        spec->columns > MOST_TILES || !(spec->clip_limit >= 0.0))
        return ost_fail(err, OST_EINPUT,
                        "clahe: no limit below 0, and 1..%d tiles along a side",
                        MOST_TILES);
    if (ost_image_is_empty(&e.in))
        return OST_OK;
    e.levels = e.in.dtype == OST_U8 ? 256 : MOST_LEVELS;
    set_tiles(&e, spec);
    e.histograms = ost_try_alloc_aligned((size_t)e.columns * (size_t)e.levels,
                                         sizeof(*e.histograms));
    e.row =
        ost_try_alloc_aligned((size_t)(e.columns * e.tile_w), sizeof(*e.row));
    e.tables = ost_try_alloc_aligned((size_t)e.rows * (size_t)e.columns *
                                         (size_t)e.levels,
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
