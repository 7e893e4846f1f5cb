/* kernels/cuda/image_levels.c - what the values of an image are like */
#include "base/alloc.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cuda/cuda_visit.h"
#include "kernels/cuda/histogram_kernels.h"
#include "kernels/cuda/sum_kernels.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

/* ---- sums ---- */

ost_rc ost_cuda_levels(const ost_tensor *image, ost_levels *levels,
                       ost_err *err)
{
    ost_cuda_tally found[2] = { { 0 } }; /* values, and squares */
    ost_cuda_tally *all, *rows;
    ost_cuda_picture in;
    ost_image from;
    ost_cuda_visit v;
    ost_rc rc = ost_image_of(image, "image", &from, err);

    *levels = (ost_levels){ 0 };
    if (rc || ost_image_is_empty(&from))
        return rc;
    ost_image_flatten(&from);
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &from);
    rows = ost_cuda_visit_bytes(&v, (size_t)(in.h * in.c), sizeof(*rows));
    all = ost_cuda_visit_bytes(&v, 2, sizeof(*all));
    ost_cuda_visit_run(&v, ost_cuda_tally_values(&in, rows, all, v.stream));
    ost_cuda_visit_run(
        &v, ost_cuda_tally_squares(&in, all, rows, all + 1, v.stream));
    ost_cuda_visit_bring_bytes(&v, all, 2, sizeof(*all), found);
    rc = ost_cuda_visit_end(&v);
    if (v.left_to_cpu)
        return ost_cpu_levels(image, levels, err);
    if (!rc && found[0].count > 0)
        *levels = (ost_levels){
            .count = found[0].count,
            .min = found[0].min,
            .max = found[0].max,
            .mean = found[0].sum / (double)found[0].count,
            .std = sqrt(found[1].sum / (double)found[0].count),
        };
    return rc;
}

ost_rc ost_cuda_marked_sum(const ost_tensor *mask, const ost_tensor *image,
                           ost_sum *sum, ost_err *err)
{
    ost_cuda_tally found = { 0 };
    ost_cuda_tally *all, *rows;
    ost_cuda_picture marks, in;
    ost_image where, from;
    ost_cuda_visit v;
    ost_rc rc = ost_marked_sum_check(mask, image, &where, &from, err);

    *sum = (ost_sum){ 0 };
    if (rc || ost_image_is_empty(&from))
        return rc;
    ost_cuda_visit_begin(&v, err);
    marks = ost_cuda_visit_send(&v, &where);
    in = ost_cuda_visit_send(&v, &from);
    rows = ost_cuda_visit_bytes(&v, (size_t)in.h, sizeof(*rows));
    all = ost_cuda_visit_bytes(&v, 1, sizeof(*all));
    ost_cuda_visit_run(&v,
                       ost_cuda_tally_marked(&marks, &in, rows, all, v.stream));
    ost_cuda_visit_bring_bytes(&v, all, 1, sizeof(*all), &found);
    rc = ost_cuda_visit_end(&v);
    if (v.left_to_cpu || (!rc && isnan(found.sum)))
        return ost_cpu_marked_sum(mask, image, sum, err);
    if (!rc)
        *sum = (ost_sum){ found.count, found.sum };
    return rc;
}

/* ---- percentiles ---- */

/* Where a rank is: in which bin of 65536, and how many of it precede it. */
typedef struct rank {
    int bin;
    int64_t within;
} rank;

static rank find_rank(const unsigned *bins, int64_t wanted)
{
    rank r = { 0, wanted };

    while (r.bin < OST_CUDA_LEVELS - 1 && r.within >= (int64_t)bins[r.bin]) {
        r.within -= (int64_t)bins[r.bin];
        r.bin++;
    }
    return r;
}

static int64_t count_of(const unsigned *bins)
{
    int64_t count = 0;

    for (int i = 0; i < OST_CUDA_LEVELS; i++)
        count += bins[i];
    return count;
}

static double value_of_key(uint32_t key)
{
    uint32_t bits = ost_cuda_bits_of_key(key);
    float v;

    memcpy(&v, &bits, sizeof(v));
    return (double)v;
}

/* Room of the host for counting. */
typedef struct counted {
    unsigned bins[OST_CUDA_LEVELS]; /* by value, or by the high half of keys */
    unsigned low[2][OST_CUDA_LEVELS];
    int32_t slots[OST_CUDA_LEVELS];
} counted;

/* The values of two ranks of floats: in the bins of their high halves, the low
 * ones are counted. */
static void find_floats(ost_cuda_visit *v, const ost_cuda_picture *in,
                        counted *k, const rank place[2], double value[2])
{
    const size_t n = OST_CUDA_LEVELS;
    unsigned *bins = ost_cuda_visit_bytes(v, 2 * n, sizeof(*bins));
    const int32_t *slots;

    memset(k->slots, -1, sizeof(k->slots));
    k->slots[place[0].bin] = 0;
    if (place[1].bin != place[0].bin)
        k->slots[place[1].bin] = 1;
    slots = ost_cuda_visit_send_bytes(v, k->slots, n, sizeof(*k->slots));
    ost_cuda_visit_run(v, ost_cuda_count_low(in, slots, bins, v->stream));
    ost_cuda_visit_bring_bytes(v, bins, 2 * n, sizeof(*bins), k->low);
    if (ost_cuda_visit_wait(v))
        return;
    for (int i = 0; i < 2; i++) {
        const unsigned *low = k->low[k->slots[place[i].bin]];
        rank r = find_rank(low, place[i].within);

        value[i] = value_of_key((uint32_t)place[i].bin << 16 | (uint32_t)r.bin);
    }
}

static void find_percentiles(ost_cuda_visit *v, const ost_cuda_picture *in,
                             const double *percent, int count, counted *k,
                             double *value)
{
    unsigned *bins = ost_cuda_visit_bytes(v, OST_CUDA_LEVELS, sizeof(*bins));
    int64_t values;

    if (in->dtype == OST_F32)
        ost_cuda_visit_run(v, ost_cuda_count_high(in, bins, v->stream));
    else
        ost_cuda_visit_run(v, ost_cuda_count_levels(in, NULL, bins, v->stream));
    ost_cuda_visit_bring_bytes(v, bins, OST_CUDA_LEVELS, sizeof(*bins),
                               k->bins);
    if (ost_cuda_visit_wait(v))
        return;
    values = count_of(k->bins);
    for (int i = 0; values > 0 && i < count && !ost_cuda_visit_is_over(v);
         i++) {
        ost_between b = ost_percentile_place(percent[i], values);
        rank place[2] = { find_rank(k->bins, b.below),
                          find_rank(k->bins, b.above) };
        double of[2] = { place[0].bin, place[1].bin };

        if (in->dtype == OST_F32)
            find_floats(v, in, k, place, of);
        value[i] = ost_percentile_of(&b, of[0], of[1]);
    }
}

ost_rc ost_cuda_percentiles(const ost_tensor *image, const double *percent,
                            int count, double *value, ost_err *err)
{
    ost_cuda_picture in;
    ost_image from;
    ost_cuda_visit v;
    counted *k;
    ost_rc rc = ost_percentiles_check(image, percent, count, value, &from, err);

    if (rc || ost_image_is_empty(&from))
        return rc;
    k = ost_try_alloc(1, sizeof(*k));
    if (!k)
        return ost_fail(err, OST_ENOMEM, "percentiles: no memory to count");
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &from);
    if (!ost_cuda_visit_is_over(&v))
        find_percentiles(&v, &in, percent, count, k, value);
    rc = ost_cuda_visit_end(&v);
    ost_free(k);
    return v.left_to_cpu
               ? ost_cpu_percentiles(image, percent, count, value, err)
               : rc;
}

/* ---- Otsu's threshold ---- */

/* Counts of 32 bits as ost_otsu_best() takes them. */
static int best_of(ost_cuda_visit *v, const unsigned *bins, int levels)
{
    int64_t *wide = ost_try_alloc((size_t)levels, sizeof(*wide));
    int best = 0;

    if (!wide) {
        v->rc = ost_fail(v->err, OST_ENOMEM, "otsu: no memory for a histogram");
        return 0;
    }
    for (int i = 0; i < levels; i++)
        wide[i] = bins[i];
    best = ost_otsu_best(wide, levels);
    ost_free(wide);
    return best;
}

typedef struct otsu {
    ost_cuda_visit *v;
    ost_cuda_picture in;
    ost_cuda_picture inside;
    const ost_cuda_picture *region; /* NULL: everywhere */
    unsigned *bins;                 /* of the device */
    unsigned *counts;               /* of the host */
} otsu;

static int best_counted(otsu *o, int levels)
{
    ost_cuda_visit_bring_bytes(o->v, o->bins, (size_t)levels, sizeof(*o->bins),
                               o->counts);
    if (ost_cuda_visit_wait(o->v))
        return 0;
    return best_of(o->v, o->counts, levels);
}

static double find_whole(otsu *o)
{
    ost_cuda_visit_run(
        o->v, ost_cuda_count_levels(&o->in, o->region, o->bins, o->v->stream));
    return best_counted(o, o->in.dtype == OST_U8 ? 256 : OST_CUDA_LEVELS);
}

/* Where -0 is among the values, which of the two zeros is the level hangs on
 * their order. */
static double find_float(otsu *o)
{
    ost_cuda_visit *v = o->v;
    ost_cuda_extremes found = { UINT32_MAX, 0, 0, 0 };
    ost_cuda_extremes *there =
        ost_cuda_visit_send_bytes(v, &found, 1, sizeof(found));
    float least, most;
    int best;

    ost_cuda_visit_run(
        v, ost_cuda_find_extremes(&o->in, o->region, there, v->stream));
    ost_cuda_visit_bring_bytes(v, there, 1, sizeof(found), &found);
    if (ost_cuda_visit_wait(v) || found.least > found.most)
        return 0.0;
    least = (float)value_of_key(found.least);
    most = (float)value_of_key(found.most);
    if (!(most > least))
        return 0.0;
    if (found.negative_zero) {
        v->left_to_cpu = true;
        return 0.0;
    }
    ost_cuda_visit_run(v, ost_cuda_count_bins(&o->in, o->region, least, most,
                                              o->bins, v->stream));
    best = best_counted(o, OST_CUDA_LEVELS);
    ost_cuda_visit_run(v, ost_cuda_find_below(&o->in, o->region, least, most,
                                              best, there, v->stream));
    ost_cuda_visit_bring_bytes(v, there, 1, sizeof(found), &found);
    return ost_cuda_visit_wait(v) ? 0.0 : value_of_key(found.below);
}

ost_rc ost_cuda_otsu(const ost_tensor *image, const ost_tensor *region,
                     double *level, ost_err *err)
{
    ost_image from, where;
    ost_cuda_visit v;
    otsu o = { .v = &v };
    ost_rc rc = ost_otsu_check(image, region, &from, &where, err);

    *level = 0.0;
    if (rc || ost_image_is_empty(&from))
        return rc;
    o.counts = ost_try_alloc(OST_CUDA_LEVELS, sizeof(*o.counts));
    if (!o.counts)
        return ost_fail(err, OST_ENOMEM, "otsu: no memory for a histogram");
    ost_cuda_visit_begin(&v, err);
    o.in = ost_cuda_visit_send(&v, &from);
    if (region) {
        o.inside = ost_cuda_visit_send(&v, &where);
        o.region = &o.inside;
    }
    o.bins = ost_cuda_visit_bytes(&v, OST_CUDA_LEVELS, sizeof(*o.bins));
    if (!ost_cuda_visit_is_over(&v))
        *level = from.dtype == OST_F32 ? find_float(&o) : find_whole(&o);
    rc = ost_cuda_visit_end(&v);
    ost_free(o.counts);
    return v.left_to_cpu ? ost_cpu_otsu(image, region, level, err) : rc;
}
