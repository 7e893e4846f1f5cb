/* tests/support/sampled_tensor.h - numbers of a tensor beside a reference
 *
 * A reference holds a tensor's count, its greatest magnitude and a sample of
 * its numbers, as parity/make_network_references.py describes.
 */
#ifndef OST_TESTS_SUPPORT_SAMPLED_TENSOR_H
#define OST_TESTS_SUPPORT_SAMPLED_TENSOR_H

#include "tests/support/network_case.h"

enum { SAMPLES = 12 };

/* Of a tensor's scale: on the CPU, and on a device that adds up in another
 * order, where rounding goes through all layers of a network. */
#define sample_tolerance backend_tolerance(1e-4, 5e-4)

static inline double greatest(const float *v, int64_t count)
{
    double most = 0.0;

    for (int64_t i = 0; i < count; i++)
        most = fmax(most, fabs((double)v[i]));
    return most;
}

/* The sum with the signs of a stream, divided by the root of the count. */
static inline double signed_sum(const char *name, char sign, const float *v,
                                int64_t count)
{
    char *stream = ost_xprintf("%s%c", name, sign);
    uint64_t seed = stream_seed(stream);
    double sum = 0.0;

    for (int64_t i = 0; i < count; i++)
        sum +=
            stream_hash(seed, (uint64_t)i) & 1 ? -(double)v[i] : (double)v[i];
    ost_free(stream);
    return sum / sqrt((double)count);
}

/* A number of the reference: `wanted` millionths of `most`. */
static inline void compare_sample(const char *where, const char *name, int k,
                                  double got, long wanted, double most)
{
    if (!(fabs(got / most - (double)wanted * 1e-6) < sample_tolerance))
        fail_msg("%s: number %d of '%s' is %.9g, must be %.9g of at most %.9g",
                 where, k, name, got, (double)wanted * 1e-6 * most, most);
}

/* Compares `count` numbers of the tensor `name` of case `where` with the
 * sampled ones in `text`. */
static inline void compare_sampled(const char *where, const char *name,
                                   const float *v, int64_t count, double most,
                                   const char *text)
{
    int n = count < SAMPLES ? (int)count : SAMPLES;
    uint64_t seed = stream_seed(name);
    char *p = (char *)(uintptr_t)text;

    if (count > 1 &&
        !(fabs(greatest(v, count) / most - 1.0) < sample_tolerance))
        fail_msg("%s: greatest of '%s' is %.9g, must be %.9g", where, name,
                 greatest(v, count), most);
    for (int k = 0; k < n; k++) {
        int64_t at =
            count > SAMPLES
                ? (int64_t)(stream_hash(seed, (uint64_t)k) % (uint64_t)count)
                : k;

        compare_sample(where, name, k, (double)v[at], strtol(p, &p, 10), most);
    }
    compare_sample(where, name, n, signed_sum(name, '+', v, count),
                   strtol(p, &p, 10), most);
    compare_sample(where, name, n + 1, signed_sum(name, '-', v, count),
                   strtol(p, &p, 10), most);
}

/* The gradient of a weight; NULL when there is no such weight.  Caller frees
 * it. */
static inline float *gradient_of(ost_weights *w, const char *name,
                                 int64_t *count)
{
    const ost_weight *weight = ost_weights_find(w, name);
    ost_err err = { 0 };
    float *p;

    if (!weight)
        return NULL;
    *count = ost_weight_count(weight);
    p = ost_xalloc((size_t)*count * sizeof(*p));
    if (ost_weights_get(w, weight, OST_PART_GRAD, p, &err))
        fail_msg("%s", err.text);
    return p;
}

/* A bias in front of a norm moves nothing; what rounding leaves of its gradient
 * is small beside the gradient of its layer's weight. */
static inline void compare_zero(const char *where, ost_weights *w,
                                const char *name, const float *v, int64_t count)
{
    char *other = ost_xprintf("%.*sweight", (int)(strlen(name) - 4), name);
    int64_t n;
    float *beside = gradient_of(w, other, &n);

    assert_non_null(beside);
    if (!(greatest(v, count) < sample_tolerance * greatest(beside, n)))
        fail_msg("%s: gradient of '%s' is %.9g, must be 0", where, name,
                 greatest(v, count));
    ost_free(beside);
    ost_free(other);
}

/* Compares numbers with what stands behind the name of a line
 *     tensor NAME COUNT SCALE : NUMBER...
 * of which SCALE is 0 where they must be. */
static inline void compare_tensor(const char *where, ost_weights *w,
                                  const char *name, const float *v,
                                  int64_t count, char *rest)
{
    int64_t wanted = strtoll(rest, &rest, 10);
    double most = strtod(rest, &rest);

    if (count != wanted)
        fail_msg("%s: '%s' has %lld numbers, must have %lld", where, name,
                 (long long)count, (long long)wanted);
    if (most > 0.0)
        compare_sampled(where, name, v, count, most, strchr(rest, ':') + 1);
    else
        compare_zero(where, w, name, v, count);
}

/* Weights that are learned. */
static inline int learned_weights(const ost_weights *w)
{
    int n = 0;

    for (size_t i = 0; i < w->len; i++)
        n += w->data[i]->learned;
    return n;
}

#endif
