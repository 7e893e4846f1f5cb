/* kernels/cpu/merge.c - pictures that overlap become one
 *
 * The sides of the parts cut the whole into bands of rows, and each band into
 * cells in which the same parts lie.  A cell of one part is copied, and one of
 * several computed row by row, in double precision: sums of values that agree,
 * however they are weighed, divide into that value without rounding.
 */
#include "kernels/merge.h"

#include "base/alloc.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/rows.h"
#include "kernels/pixel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

typedef struct merging {
    const ost_merge *spec;
    ost_image whole;
    ost_image *parts;
    int64_t *cuts;  /* of rows; then of the columns of a band */
    int64_t *edges; /* of columns */
    size_t *band;   /* parts that the band has */
    size_t *cell;   /* parts that the cell has */
    float *rows;    /* of each part of a cell: room for n_rows */
    size_t n_rows;
    double *sum;
    double *weight;
    float *out;
    ost_merge_gap *gap;
} merging;

/* A rectangle of the whole. */
typedef struct area {
    int64_t y0, y1;
    int64_t x0, x1;
} area;

static int compare_cuts(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Sorted, and each once. */
static size_t tidy(int64_t *cuts, size_t n)
{
    size_t kept = 0;

    qsort(cuts, n, sizeof(*cuts), compare_cuts);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || cuts[kept - 1] != cuts[i])
            cuts[kept++] = cuts[i];
    return kept;
}

/* --- one cell ------------------------------------------------------------ */

/* The cell's pixels in the whole or in a part. */
static ost_image window(const ost_image *image, const area *a, int64_t top,
                        int64_t left)
{
    ost_image w = *image;

    w.data = ost_image_at(image, a->y0 - top, a->x0 - left, 0);
    w.h = a->y1 - a->y0;
    w.w = a->x1 - a->x0;
    return w;
}

static void copy_cell(const ost_image *from, const ost_image *to)
{
    bool dense = from->step_x == from->c && to->step_x == to->c &&
                 (from->c == 1 || (from->step_c == 1 && to->step_c == 1));

    for (int64_t y = 0; y < to->h; y++) {
        if (dense)
            memcpy(ost_image_at(to, y, 0, 0), ost_image_at(from, y, 0, 0),
                   (size_t)(to->w * to->c) * to->size);
        for (int64_t x = 0; x < to->w && !dense; x++)
            for (int64_t c = 0; c < to->c; c++)
                memcpy(ost_image_at(to, y, x, c), ost_image_at(from, y, x, c),
                       to->size);
    }
}

static void fill_cell(merging *m, const area *a, const ost_image *to)
{
    for (int64_t x = 0; x < to->w; x++)
        m->out[x] = (float)m->spec->fill;
    for (int64_t y = 0; y < to->h; y++)
        for (int64_t c = 0; c < to->c; c++)
            ost_row_put(to, y, c, m->out);
    if (m->gap->count == 0) {
        m->gap->y = a->y0;
        m->gap->x = a->x0;
    }
    m->gap->count += to->w * to->h;
}

/* Weights of row `y` of the whole in part `i`, from column x0 on. */
static void weigh(merging *m, size_t i, int64_t y, int64_t x0, int64_t w)
{
    const ost_merge_part *p = &m->spec->parts[i];

    for (int64_t x = 0; x < w; x++)
        m->weight[x] = (double)ost_px_inner_distance(
            y - p->top, x0 + x - p->left, m->parts[i].h, m->parts[i].w);
}

static void average_row(merging *m, size_t k, int64_t y, const area *a)
{
    int64_t w = a->x1 - a->x0;
    bool weighted = m->spec->method == OST_MERGE_WEIGHTED;
    double *total = m->weight + w; /* behind the weights of a part */

    for (size_t i = 0; i < k; i++) {
        const float *v = m->rows + i * (size_t)w;

        if (weighted)
            weigh(m, m->cell[i], y, a->x0, w);
        for (int64_t x = 0; x < w; x++) {
            double f = weighted ? m->weight[x] : 1.0;
            double s = f * (double)v[x];

            m->sum[x] = i ? m->sum[x] + s : s;
            total[x] = i ? total[x] + f : f;
        }
    }
    for (int64_t x = 0; x < w; x++) {
        double v = m->sum[x] / total[x];

        m->out[x] = (float)(m->whole.dtype == OST_F32 ? v : rint(v));
    }
}

static void greatest_row(merging *m, size_t k, int64_t w)
{
    memcpy(m->out, m->rows, (size_t)w * sizeof(float));
    for (size_t i = 1; i < k; i++) {
        const float *v = m->rows + i * (size_t)w;

        for (int64_t x = 0; x < w; x++)
            m->out[x] = ost_px_greater(m->out[x], v[x]);
    }
}

static void vote_row(merging *m, size_t k, int64_t w)
{
    for (int64_t x = 0; x < w; x++) {
        size_t most = 0;

        for (size_t i = 0; i < k; i++) {
            float v = m->rows[i * (size_t)w + (size_t)x];
            size_t votes = 0;

            for (size_t j = 0; j < k; j++)
                votes += memcmp(&v, &m->rows[j * (size_t)w + (size_t)x],
                                sizeof(v)) == 0;
            if (votes > most || (votes == most && v < m->out[x])) {
                most = votes;
                m->out[x] = v;
            }
        }
    }
}

static void merge_cell(merging *m, size_t k, const area *a, const ost_image *to)
{
    int64_t w = to->w;

    for (int64_t y = 0; y < to->h; y++)
        for (int64_t c = 0; c < to->c; c++) {
            for (size_t i = 0; i < k; i++) {
                const ost_merge_part *p = &m->spec->parts[m->cell[i]];
                ost_image from =
                    window(&m->parts[m->cell[i]], a, p->top, p->left);

                ost_row_get(&from, y, c, m->rows + i * (size_t)w);
            }
            if (m->spec->method == OST_MERGE_MAX)
                greatest_row(m, k, w);
            else if (m->spec->method == OST_MERGE_VOTE)
                vote_row(m, k, w);
            else
                average_row(m, k, a->y0 + y, a);
            ost_row_put(to, y, c, m->out);
        }
}

static ost_rc do_cell(merging *m, size_t k, const area *a, ost_err *err)
{
    ost_image to = window(&m->whole, a, 0, 0);

    if (k > m->n_rows) {
        ost_free(m->rows);
        m->n_rows = k;
        m->rows = ost_try_alloc(k, sizeof(float) * (size_t)m->whole.w);
        if (!m->rows)
            return ost_fail(err, OST_ENOMEM, "merge: no memory for %zu rows",
                            k);
    }
    if (k == 0) {
        fill_cell(m, a, &to);
    } else if (k == 1 && m->parts[m->cell[0]].dtype == to.dtype) {
        const ost_merge_part *p = &m->spec->parts[m->cell[0]];
        ost_image from = window(&m->parts[m->cell[0]], a, p->top, p->left);

        copy_cell(&from, &to);
    } else {
        merge_cell(m, k, a, &to);
    }
    return OST_OK;
}

/* --- bands --------------------------------------------------------------- */

static ost_rc do_band(merging *m, int64_t y0, int64_t y1, ost_err *err)
{
    size_t in_band = 0, edges = 0;
    ost_rc rc = OST_OK;

    m->edges[edges++] = 0;
    m->edges[edges++] = m->whole.w;
    for (size_t i = 0; i < m->spec->n; i++) {
        const ost_merge_part *p = &m->spec->parts[i];

        if (p->top > y0 || p->top + m->parts[i].h < y1)
            continue;
        m->band[in_band++] = i;
        m->edges[edges++] = ost_px_clamp(p->left, 0, m->whole.w);
        m->edges[edges++] =
            ost_px_clamp(p->left + m->parts[i].w, 0, m->whole.w);
    }
    edges = tidy(m->edges, edges);
    for (size_t e = 0; e + 1 < edges && !rc; e++) {
        area a = { y0, y1, m->edges[e], m->edges[e + 1] };
        size_t k = 0;

        for (size_t i = 0; i < in_band; i++) {
            int64_t left = m->spec->parts[m->band[i]].left;

            if (left <= a.x0 && left + m->parts[m->band[i]].w >= a.x1)
                m->cell[k++] = m->band[i];
        }
        rc = do_cell(m, k, &a, err);
    }
    return rc;
}

static ost_rc do_bands(merging *m, ost_err *err)
{
    size_t cuts = 0;
    ost_rc rc = OST_OK;

    m->cuts[cuts++] = 0;
    m->cuts[cuts++] = m->whole.h;
    for (size_t i = 0; i < m->spec->n; i++) {
        const ost_merge_part *p = &m->spec->parts[i];

        m->cuts[cuts++] = ost_px_clamp(p->top, 0, m->whole.h);
        m->cuts[cuts++] = ost_px_clamp(p->top + m->parts[i].h, 0, m->whole.h);
    }
    cuts = tidy(m->cuts, cuts);
    for (size_t i = 0; i + 1 < cuts && !rc; i++)
        rc = do_band(m, m->cuts[i], m->cuts[i + 1], err);
    return rc;
}

/* --- all of it ----------------------------------------------------------- */

ost_rc ost_merge_check(const ost_merge *merge, const ost_tensor *whole,
                       ost_image *out, ost_image *parts, ost_err *err)
{
    const int64_t far = INT64_C(1) << 40; /* sums stay countable */
    ost_rc rc = ost_image_of(whole, "whole", out, err);

    for (size_t i = 0; i < merge->n && !rc; i++) {
        const ost_merge_part *p = &merge->parts[i];
        ost_image like = *out;

        rc = ost_image_of(&p->image, "part", &parts[i], err);
        if (rc)
            break;
        if (like.dtype == OST_F32)
            like.dtype = parts[0].dtype;
        rc = ost_image_alike(&parts[i], &like, err);
        if (!rc &&
            (p->top > far || p->top < -far || p->left > far || p->left < -far))
            rc = ost_fail(err, OST_EINPUT, "merge: a part is out of range");
    }
    return rc;
}

static bool take_memory(merging *m)
{
    size_t n = m->spec->n, w = (size_t)m->whole.w;

    m->parts = ost_try_alloc(n + 1, sizeof(*m->parts));
    m->cuts = ost_try_alloc(2 * n + 2, sizeof(*m->cuts));
    m->edges = ost_try_alloc(2 * n + 2, sizeof(*m->edges));
    m->band = ost_try_alloc(n + 1, sizeof(*m->band));
    m->cell = ost_try_alloc(n + 1, sizeof(*m->cell));
    m->sum = ost_try_alloc(w + 1, sizeof(*m->sum));
    m->weight = ost_try_alloc(2 * w + 1, sizeof(*m->weight));
    m->out = ost_try_alloc(w + 1, sizeof(*m->out));
    return m->parts && m->cuts && m->edges && m->band && m->cell && m->sum &&
           m->weight && m->out;
}

ost_rc ost_cpu_merge(const ost_merge *merge, ost_tensor *whole,
                     ost_merge_gap *gap, ost_err *err)
{
    merging m = { .spec = merge, .gap = gap };
    ost_rc rc = ost_image_of(whole, "whole", &m.whole, err);

    *gap = (ost_merge_gap){ 0 };
    if (rc)
        return rc;
    if (!take_memory(&m))
        rc = ost_fail(err, OST_ENOMEM, "merge: no memory for %zu parts",
                      merge->n);
    if (!rc)
        rc = ost_merge_check(merge, whole, &m.whole, m.parts, err);
    if (!rc && !ost_image_is_empty(&m.whole))
        rc = do_bands(&m, err);
    ost_free(m.parts);
    ost_free(m.cuts);
    ost_free(m.edges);
    ost_free(m.band);
    ost_free(m.cell);
    ost_free(m.rows);
    ost_free(m.sum);
    ost_free(m.weight);
    ost_free(m.out);
    return rc;
}
