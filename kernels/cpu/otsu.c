/* kernels/cpu/otsu.c - the level that parts an image best
 *
 * The search over levels runs through shares and means in double in the order
 * in which OpenCV does, as between levels without pixels all are equally good
 * and the last bits decide which is taken.
 */
#include "base/alloc.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/rows.h"
#include "kernels/threshold.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { MAX_LEVELS = 65536, LEVELS = 256, WORD = 8 };

typedef struct counting {
    ost_image in;
    ost_image region; /* data NULL: everywhere */
    int levels;
    int64_t *histogram;
    float *row;
    float *inside;
    float least; /* of finite values of f32; bins lie between */
    float most;
} counting;

/* Reads a row of a channel; outside of the region it is NaN. */
static void read_row(const counting *k, int64_t y, int64_t c)
{
    ost_row_get(&k->in, y, c, k->row);
    if (!k->region.data)
        return;
    ost_row_get(&k->region, y, 0, k->inside);
    for (int64_t x = 0; x < k->in.w; x++)
        k->row[x] = k->inside[x] != 0.0f ? k->row[x] : NAN;
}

static int bin_of(const counting *k, float v)
{
    double share;

    if (k->in.dtype != OST_F32)
        return (int)v;
    share = ((double)v - (double)k->least) /
            ((double)k->most - (double)k->least) * MAX_LEVELS;
    return share < MAX_LEVELS - 1 ? (int)share : MAX_LEVELS - 1;
}

/* Calls `body` with each row, channel by channel. */
static void each_row(counting *k, void (*body)(counting *k))
{
    for (int64_t c = 0; c < k->in.c; c++)
        for (int64_t y = 0; y < k->in.h; y++) {
            read_row(k, y, c);
            body(k);
        }
}

static void widen_extremes(counting *k)
{
    for (int64_t x = 0; x < k->in.w; x++)
        if (isfinite(k->row[x])) {
            k->least = fminf(k->least, k->row[x]);
            k->most = fmaxf(k->most, k->row[x]);
        }
}

static void count_row(counting *k)
{
    for (int64_t x = 0; x < k->in.w; x++)
        if (isfinite(k->row[x]))
            k->histogram[bin_of(k, k->row[x])]++;
}

/* Counts the bytes of rows without gaps.  Eight histograms, so that equal
 * neighbors do not wait for each other. */
static void count_bytes(const ost_image *in, int64_t *histogram)
{
    uint32_t counts[WORD][LEVELS] = { 0 };

    for (int64_t y = 0; y < in->h; y++) {
        const uint8_t *row = ost_image_at(in, y, 0, 0);
        int64_t x = 0;

        for (; x + WORD <= in->w; x += WORD) {
            uint64_t v;

            memcpy(&v, row + x, sizeof(v));
            for (int k = 0; k < WORD; k++)
                counts[k][v >> (8 * k) & 255]++;
        }
        for (; x < in->w; x++)
            counts[0][row[x]]++;
    }
    for (int k = 0; k < WORD; k++)
        for (int v = 0; v < LEVELS; v++)
            histogram[v] += counts[k][v];
}

/* Counts u8 that lies side by side and is counted everywhere, or says that this
 * is not such an image. */
static bool count_plain(const counting *k)
{
    ost_image in = k->in;

    ost_image_flatten(&in);
    if (in.dtype != OST_U8 || in.c != 1 || in.step_x != 1 || k->region.data ||
        in.h * in.w > UINT32_MAX)
        return false;
    count_bytes(&in, k->histogram);
    return true;
}

/* The best last level of the lower class. */
int ost_otsu_best(const int64_t *histogram, int levels)
{
    double mean = 0.0, lower_share = 0.0, lower_mean = 0.0, best = 0.0;
    double total = 0.0;
    int at = 0;

    for (int i = 0; i < levels; i++) {
        total += (double)histogram[i];
        mean += i * (double)histogram[i];
    }
    if (total == 0.0)
        return 0;
    total = 1.0 / total;
    mean *= total;
    for (int i = 0; i < levels; i++) {
        double share = (double)histogram[i] * total, upper_share, apart;

        lower_mean *= lower_share;
        lower_share += share;
        upper_share = 1.0 - lower_share;
        if (fmin(lower_share, upper_share) < (double)FLT_EPSILON ||
            fmax(lower_share, upper_share) > 1.0 - (double)FLT_EPSILON)
            continue;
        lower_mean = (lower_mean + i * share) / lower_share;
        apart = lower_mean - (mean - lower_share * lower_mean) / upper_share;
        if (lower_share * upper_share * apart * apart > best) {
            best = lower_share * upper_share * apart * apart;
            at = i;
        }
    }
    return at;
}

/* The largest value of an f32 image in bins up to `last`. */
static double value_of_bin(counting *k, int last)
{
    float value = k->least;

    for (int64_t c = 0; c < k->in.c; c++)
        for (int64_t y = 0; y < k->in.h; y++) {
            read_row(k, y, c);
            for (int64_t x = 0; x < k->in.w; x++)
                if (isfinite(k->row[x]) && k->row[x] > value &&
                    bin_of(k, k->row[x]) <= last)
                    value = k->row[x];
        }
    return (double)value;
}

static ost_rc take_memory(counting *k, ost_err *err)
{
    k->levels = k->in.dtype == OST_U8 ? LEVELS : MAX_LEVELS;
    k->histogram = ost_try_alloc((size_t)k->levels, sizeof(*k->histogram));
    k->row = ost_try_alloc((size_t)k->in.w * 2 + 1, sizeof(*k->row));
    k->inside = k->row + k->in.w;
    if (k->histogram && k->row)
        return OST_OK;
    return ost_fail(err, OST_ENOMEM, "otsu: no memory for a histogram");
}

static double find_level(counting *k)
{
    int level;

    if (k->in.dtype == OST_F32) {
        k->least = INFINITY;
        k->most = -INFINITY;
        each_row(k, widen_extremes);
        if (!(k->most > k->least))
            return 0.0;
    }
    if (!count_plain(k))
        each_row(k, count_row);
    level = ost_otsu_best(k->histogram, k->levels);
    return k->in.dtype == OST_F32 ? value_of_bin(k, level) : (double)level;
}

ost_rc ost_otsu_check(const ost_tensor *image, const ost_tensor *region,
                      ost_image *in, ost_image *inside, ost_err *err)
{
    ost_rc rc = ost_image_of(image, "image", in, err);

    *inside = (ost_image){ 0 };
    if (!rc && region)
        rc = ost_image_of(region, "region", inside, err);
    if (rc)
        return rc;
    if (region && (inside->h != in->h || inside->w != in->w || inside->c != 1))
        return ost_fail(err, OST_EINPUT, "otsu: the region has another size");
    return OST_OK;
}

ost_rc ost_cpu_otsu(const ost_tensor *image, const ost_tensor *region,
                    double *level, ost_err *err)
{
    counting k = { 0 };
    ost_rc rc = ost_otsu_check(image, region, &k.in, &k.region, err);

    *level = 0.0;
    if (rc || ost_image_is_empty(&k.in))
        return rc;
    rc = take_memory(&k, err);
    if (!rc)
        *level = find_level(&k);
    ost_free(k.row);
    ost_free(k.histogram);
    return rc;
}
