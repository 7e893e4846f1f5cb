/* kernels/cpu/spectral_norm.c - the power iteration, and W divided by s
 *
 * Sums are taken in double precision, in orders that hang on the shape alone: a
 * row's by one thread, a column's over the rows in their order.
 */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/threads.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

/* Partial sums of a row; columns that a thread sums at a time. */
enum { LANES = 8, WIDTH = 64 };

/* What PyTorch divides by instead of a norm of zero. */
static const double least = 1e-12;

static double dot(const float *a, const float *b, int64_t n)
{
    double part[LANES] = { 0.0 };
    double sum = 0.0;
    int64_t i = 0;

    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            part[k] += (double)a[i + k] * (double)b[i + k];
    for (; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    for (int k = 0; k < LANES; k++)
        sum += part[k];
    return sum;
}

/* W v */
static void times_columns(const ost_spectral_work *w, const float *v,
                          float *out)
{
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t r = 0; r < w->rows; r++) {
        double sum = 0.0;

        for (int64_t a = 0; a < w->outer; a++)
            sum += dot(w->matrix + (a * w->rows + r) * w->inner,
                       v + a * w->inner, w->inner);
        out[r] = (float)sum;
    }
}

/* W' u, of `n` columns from (a, b) on. */
static void sum_columns(const ost_spectral_work *w, const float *u, int64_t a,
                        int64_t b, int64_t n, float *out)
{
    double sum[WIDTH] = { 0.0 };

    for (int64_t r = 0; r < w->rows; r++) {
        const float *row = w->matrix + (a * w->rows + r) * w->inner + b;

        for (int64_t i = 0; i < n; i++)
            sum[i] += (double)u[r] * (double)row[i];
    }
    for (int64_t i = 0; i < n; i++)
        out[a * w->inner + b + i] = (float)sum[i];
}

static void times_rows(const ost_spectral_work *w, const float *u, float *out)
{
    int64_t parts = (w->inner + WIDTH - 1) / WIDTH;

    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < w->outer * parts; t++) {
        int64_t b = t % parts * WIDTH;

        sum_columns(w, u, t / parts, b,
                    w->inner - b < WIDTH ? w->inner - b : WIDTH, out);
    }
}

static void to_length_one(float *x, int64_t n)
{
    double norm = fmax(sqrt(dot(x, x, n)), least);

    for (int64_t i = 0; i < n; i++)
        x[i] = (float)((double)x[i] / norm);
}

static void turn(const ost_spectral_work *w)
{
    times_columns(w, w->v, w->u);
    to_length_one(w->u, w->rows);
    times_rows(w, w->u, w->v);
    to_length_one(w->v, w->outer * w->inner);
}

static bool all_zero(const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (x[i] != 0.0f)
            return false;
    return true;
}

/* s = u' W v */
static double sigma_of(const ost_spectral_work *w)
{
    double sum = 0.0;

    for (int64_t r = 0; r < w->rows; r++) {
        double row = 0.0;

        for (int64_t a = 0; a < w->outer; a++)
            row += dot(w->matrix + (a * w->rows + r) * w->inner,
                       w->v + a * w->inner, w->inner);
        sum += (double)w->u[r] * row;
    }
    return sum;
}

ost_rc ost_cpu_spectral_norm(const ost_spectral_work *work, ost_err *err)
{
    const ost_spectral_work *w = work;
    int64_t columns = w->outer * w->inner;
    int64_t count = w->rows * columns;
    int turns = w->turns;
    double scale;

    (void)err;
    memcpy(w->u, w->u0, (size_t)w->rows * sizeof(float));
    memcpy(w->v, w->v0, (size_t)columns * sizeof(float));
    if (all_zero(w->v, columns)) {
        times_rows(w, w->u, w->v);
        to_length_one(w->v, columns);
        turns += OST_SPECTRAL_WARM;
    }
    for (int i = 0; i < turns; i++)
        turn(w);
    if (w->keep) {
        memcpy(w->u0, w->u, (size_t)w->rows * sizeof(float));
        memcpy(w->v0, w->v, (size_t)columns * sizeof(float));
    }
    *w->sigma = sigma_of(w);
    /* A weight of zeros stays so. */
    scale = *w->sigma != 0.0 ? 1.0 / *w->sigma : 0.0;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < count; i++)
        w->matrix[i] = (float)((double)w->matrix[i] * scale);
    return OST_OK;
}
