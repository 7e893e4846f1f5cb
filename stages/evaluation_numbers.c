/* stages/evaluation_numbers.c - blocks of numbers
 *
 * Errors are predicted less actual.  R2 is one less the squared errors over
 * those of the mean of what is true.
 */
#include "stages/evaluation_bootstrap.h"

#include <math.h>

#include "base/banned.h"

enum { ABSOLUTE, ROOT, BIAS, R2, PEARSON, NUMBERS };
static const char *const names[NUMBERS] = { "mean_absolute_error", "rmse",
                                            "bias", "r2", "pearson_r" };

typedef struct {
    const double *number;
    const double *actual;
    size_t n;
} pairs;

/* Least and greatest of the cases that are there. */
typedef struct {
    double least;
    double most;
} range;

static void widen(range *r, double v)
{
    r->least = fmin(r->least, v);
    r->most = fmax(r->most, v);
}

static bool varies(const range *r)
{
    return r->least < r->most;
}

/* An ost_statistics. */
static void numbers_of(void *user, const uint32_t *weight, double *out)
{
    const pairs *p = user;
    double n = 0, number = 0, actual = 0, absolute = 0, squared = 0;
    double of_number = 0, of_actual = 0, of_both = 0;
    range said = { (double)INFINITY, -(double)INFINITY }, was = said;

    for (size_t i = 0; i < p->n; i++) {
        double error = p->number[i] - p->actual[i], w = weight[i];

        n += w;
        number += w * p->number[i];
        actual += w * p->actual[i];
        absolute += w * fabs(error);
        squared += w * error * error;
        if (weight[i] == 0)
            continue;
        widen(&said, p->number[i]);
        widen(&was, p->actual[i]);
    }
    for (size_t i = 0; i < p->n; i++) {
        double x = p->actual[i] - actual / n, y = p->number[i] - number / n;

        of_actual += weight[i] * x * x;
        of_number += weight[i] * y * y;
        of_both += weight[i] * x * y;
    }
    out[ABSOLUTE] = absolute / n;
    out[ROOT] = sqrt(squared / n);
    out[BIAS] = (number - actual) / n;
    /* Squares about the mean of equal numbers need not round to 0. */
    out[R2] = varies(&was) ? 1 - squared / of_actual : OST_UNDEFINED;
    out[PEARSON] = varies(&was) && varies(&said)
                       ? of_both / sqrt(of_actual * of_number)
                       : OST_UNDEFINED;
    out[PEARSON] = out[PEARSON] > 1 ? 1 : out[PEARSON] < -1 ? -1 : out[PEARSON];
}

/* Fisher's interval of Pearson's r, of independent cases. */
static json_t *fisher_interval(const ost_block *b, double r)
{
    double level = b->e->params->level, half;

    if (b->n < 4)
        return ost_number_or(OST_UNDEFINED, "fewer than four items");
    half = ost_two_sided_z(level) / sqrt((double)b->n - 3);
    return json_pack("{s:o, s:o, s:f, s:s}", "lo",
                     ost_rounded_or(tanh(atanh(r) - half), ""), "hi",
                     ost_rounded_or(tanh(atanh(r) + half), ""), "level", level,
                     "method", "fisher");
}

void ost_block_numbers(ost_block *b)
{
    const ost_cases *c = b->e->cases;
    pairs p = { ost_block_column(b, c->number), ost_block_column(b, c->actual),
                b->n };
    uint32_t *ones = OST_ARENA_ARRAY(b->arena, uint32_t, b->n);
    double v[NUMBERS];
    ost_replicates r = { 0 };

    for (size_t i = 0; i < b->n; i++)
        ones[i] = 1;
    numbers_of(&p, ones, v);
    r = ost_replicates_of(b, numbers_of, &p, NUMBERS, NULL, NULL);
    for (size_t j = 0; j < NUMBERS; j++) {
        json_object_set_new(b->out, names[j],
                            ost_number_or(v[j], b->n
                                                    ? "all numbers are the same"
                                                    : OST_NO_ITEMS));
        if (!isfinite(v[j]))
            continue;
        if (j == PEARSON && ost_formulas_hold(b->e))
            json_object_set_new(b->intervals, names[j],
                                fisher_interval(b, v[j]));
        else if (r.b)
            json_object_set_new(b->intervals, names[j],
                                ost_replicates_interval(b, &r, j));
    }
    ost_replicates_release(&r);
    json_object_set(b->out, "intervals", b->intervals);
}
