/* stages/evaluation_numbers.c - blocks of numbers
 *
 * Errors are predicted less actual.  R2 is one less the squared errors over
 * those of the mean of what is true; Pearson's r has the interval of Fisher's
 * transformation, which takes cases as independent.
 */
#include "kernels/stats/intervals.h"
#include "stages/evaluation_blocks.h"

#include <math.h>

#include "base/banned.h"

typedef struct {
    double n;
    double bias; /* mean error */
    double absolute;
    double squared;
    double of_actual; /* summed squared distances from the mean */
    double of_number;
    double of_both;
} moments;

static moments moments_of(const ost_block *b)
{
    const ost_cases *c = b->e->cases;
    double actual = 0, number = 0;
    moments m = { .n = (double)b->n };

    for (size_t i = 0; i < b->n; i++) {
        double error = c->number[b->index[i]] - c->actual[b->index[i]];

        actual += c->actual[b->index[i]];
        number += c->number[b->index[i]];
        m.bias += error;
        m.absolute += fabs(error);
        m.squared += error * error;
    }
    for (size_t i = 0; i < b->n; i++) {
        double x = c->actual[b->index[i]] - actual / m.n;
        double y = c->number[b->index[i]] - number / m.n;

        m.of_actual += x * x;
        m.of_number += y * y;
        m.of_both += x * y;
    }
    return m;
}

/* 95 % interval of Pearson's r. */
static json_t *r_interval(const ost_block *b, double r)
{
    double half;

    if (b->e->clustered)
        return ost_number_or(OST_UNDEFINED, "groups have several items");
    if (b->n < 4)
        return ost_number_or(OST_UNDEFINED, "fewer than four items");
    half = OST_Z95 / sqrt((double)b->n - 3);
    return json_pack("{s:o, s:o, s:f, s:s}", "lo",
                     ost_rounded_or(tanh(atanh(r) - half), ""), "hi",
                     ost_rounded_or(tanh(atanh(r) + half), ""), "level", 0.95,
                     "method", "fisher");
}

void ost_block_numbers(ost_block *b)
{
    static const char constant[] = "all numbers are the same";
    moments m = moments_of(b);
    const char *reason = b->n ? constant : OST_NO_ITEMS;
    double r = m.of_both / sqrt(m.of_actual * m.of_number);

    if (!(m.of_actual > 0) || !(m.of_number > 0))
        r = OST_UNDEFINED;
    r = r > 1 ? 1 : r < -1 ? -1 : r;
    json_object_set_new(b->out, "mean_absolute_error",
                        ost_number_or(m.absolute / m.n, reason));
    json_object_set_new(b->out, "rmse",
                        ost_number_or(sqrt(m.squared / m.n), reason));
    json_object_set_new(b->out, "bias", ost_number_or(m.bias / m.n, reason));
    json_object_set_new(b->out, "r2",
                        ost_number_or(m.of_actual > 0
                                          ? 1 - m.squared / m.of_actual
                                          : OST_UNDEFINED,
                                      reason));
    json_object_set_new(b->out, "pearson_r", ost_number_or(r, reason));
    json_object_set_new(b->intervals, "pearson_r",
                        isnan(r) ? ost_number_or(OST_UNDEFINED, reason)
                                 : r_interval(b, r));
    json_object_set(b->out, "intervals", b->intervals);
}
