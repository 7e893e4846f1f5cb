/* tests/property/test_blocks.c - values in any channel block
 *
 * A machine's layers see one or two block sizes; here copies of ranges, sums
 * and broadcasts run on all of them, over random shapes, and are compared with
 * loops over logical indices.
 */
/* links: base kernels */
#include "base/alloc.h"
#include "kernels/cpu/fit.h"
#include "kernels/cpu/region.h"
#include "tests/support/check.h"
#include "tests/support/seed.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

static const int blocks[] = { 1, 2, 3, 4, 8, 16 };

typedef struct item_index {
    int64_t at[OST_MAX_DIMS];
} item_index;

static int pick_block(ost_rng *r)
{
    return blocks[ost_rng_below(r, sizeof(blocks) / sizeof(blocks[0]))];
}

static ost_value random_value(ost_rng *r)
{
    ost_value v = { .ndim = 2 + (int)ost_rng_below(r, 4),
                    .block = pick_block(r) };

    v.shape[0] = 1 + (int64_t)ost_rng_below(r, 3);
    v.shape[1] = 1 + (int64_t)ost_rng_below(r, 40);
    for (int i = 2; i < v.ndim; i++)
        v.shape[i] = 1 + (int64_t)ost_rng_below(r, 6);
    /* Now and then more positions than a tile has. */
    if (v.ndim == 3 && ost_rng_below(r, 3) == 0)
        v.shape[2] = 2000 + (int64_t)ost_rng_below(r, 400);
    return v;
}

static int64_t numbers(const ost_value *v)
{
    return v->shape[0] * ost_value_channels(v) * ost_value_area(v);
}

static item_index index_of(const ost_value *v, int64_t i)
{
    item_index x;

    for (int k = v->ndim - 1; k >= 0; k--) {
        x.at[k] = i % v->shape[k];
        i /= v->shape[k];
    }
    return x;
}

/* The formula of kernels/layer.h. */
static int64_t place(const ost_value *v, const item_index *x)
{
    int64_t b = v->block;
    int64_t s = 0;

    for (int k = 2; k < v->ndim; k++)
        s = s * v->shape[k] + x->at[k];
    return ((x->at[0] * ost_value_blocks(v) + x->at[1] / b) *
                ost_value_area(v) +
            s) *
               b +
           x->at[1] % b;
}

/* Random numbers; lanes of missing channels are `missing`. */
static float *numbers_of(ost_rng *r, const ost_value *v, float missing)
{
    int64_t stored = ost_value_stored(v);
    float *data = ost_xalloc((size_t)stored * sizeof(*data));

    for (int64_t i = 0; i < stored; i++)
        data[i] = missing;
    for (int64_t i = 0; i < numbers(v); i++) {
        item_index x = index_of(v, i);

        data[place(v, &x)] = (float)ost_rng_range(r, -2.0, 2.0);
    }
    return data;
}

/* Whether all lanes of missing channels are 0. */
static bool is_clear(const ost_value *v, const float *data)
{
    bool *used = ost_xalloc((size_t)ost_value_stored(v) * sizeof(*used));
    bool clear = true;

    for (int64_t i = 0; i < numbers(v); i++) {
        item_index x = index_of(v, i);

        used[place(v, &x)] = true;
    }
    for (int64_t i = 0; i < ost_value_stored(v); i++)
        clear &= used[i] || data[i] == 0.0f;
    ost_free(used);
    return clear;
}

static const char *one_range(ost_rng *r)
{
    ost_value v = random_value(r);
    ost_value p = v;
    ost_region range = { .whole = &v, .block = v.block };
    const char *wrong = NULL;
    float *whole = numbers_of(r, &v, 0.0f);
    float *part;
    float *back;

    range.axis = 1 + (int)ost_rng_below(r, (uint64_t)v.ndim - 1);
    range.from = (int64_t)ost_rng_below(r, (uint64_t)v.shape[range.axis]);
    range.side = 1 + (int64_t)ost_rng_below(
                         r, (uint64_t)(v.shape[range.axis] - range.from));
    p.shape[range.axis] = range.side;
    part = numbers_of(r, &p, 9.0f);
    back = numbers_of(r, &v, 0.0f);
    ost_region_get(&range, whole, part);
    ost_region_put(&range, back, part);
    if (!is_clear(&p, part))
        wrong = "a part has numbers in missing channels";
    for (int64_t i = 0; i < numbers(&p); i++) {
        item_index x = index_of(&p, i);
        item_index y = x;

        y.at[range.axis] += range.from;
        if (part[place(&p, &x)] != whole[place(&v, &y)])
            wrong = "a part has other numbers than the whole";
        if (back[place(&v, &y)] != whole[place(&v, &y)])
            wrong = "a part was not put where it was taken";
        back[place(&v, &y)] = 0.0f;
    }
    ost_free(back);
    back = numbers_of(r, &v, 5.0f);
    memcpy(whole, back, (size_t)ost_value_stored(&v) * sizeof(*whole));
    ost_region_put(&range, back, part);
    for (int64_t i = 0; i < numbers(&v); i++) {
        item_index x = index_of(&v, i);
        int64_t k = x.at[range.axis] - range.from;

        if ((k < 0 || k >= range.side) &&
            back[place(&v, &x)] != whole[place(&v, &x)])
            wrong = "numbers beside a part have changed";
    }
    ost_clear_lanes(&v, v.block, back);
    if (!is_clear(&v, back))
        wrong = "missing channels were not cleared";
    ost_free(back);
    ost_free(part);
    ost_free(whole);
    return wrong;
}

/* A value with the sides of `v` or 1, in a layout that it may have. */
static ost_value random_small(ost_rng *r, const ost_value *v)
{
    ost_value small = *v;
    bool same = true;

    for (int k = 1; k < v->ndim; k++)
        if (ost_rng_below(r, 2))
            small.shape[k] = 1;
    for (int k = 1; k < v->ndim; k++)
        same &= small.shape[k] == v->shape[k];
    if (!same && (small.shape[1] != v->shape[1] || ost_value_area(&small) == 1))
        small.block = pick_block(r);
    return small;
}

static int64_t place_small(const ost_value *small, item_index x)
{
    for (int k = 1; k < small->ndim; k++)
        if (small->shape[k] == 1)
            x.at[k] = 0;
    return place(small, &x);
}

static const char *one_combination(ost_rng *r)
{
    ost_value v = random_value(r);
    ost_value small = random_small(r, &v);
    ost_fit_operation operation = (ost_fit_operation)ost_rng_below(r, 3);
    const char *wrong = NULL;
    float *x = numbers_of(r, &v, 0.0f);
    float *s = numbers_of(r, &small, 0.0f);
    float *y = numbers_of(r, &v, 7.0f);
    ost_fit f;

    ost_fit_init(&f, &v, v.block, small.shape, small.block);
    for (int64_t i = 0; i < f.items * f.blocks * f.tiles; i++) {
        ost_tile t = ost_fit_tile(&f, i);
        int64_t at = ost_tile_at(&f, &t);

        ost_fit_combine(&f, operation, &t, x + at, s, y + at);
    }
    for (int64_t i = 0; i < numbers(&v); i++) {
        item_index k = index_of(&v, i);
        float a = x[place(&v, &k)];
        float b = s[place_small(&small, k)];
        float want = operation == OST_FIT_COPY  ? b
                     : operation == OST_FIT_ADD ? a + b
                                                : a * b;

        if (y[place(&v, &k)] != want)
            wrong = "a number was combined with another than stands beside it";
    }
    if (!is_clear(&v, y))
        wrong = "a result has numbers in missing channels";
    ost_free(y);
    ost_free(s);
    ost_free(x);
    return wrong;
}

typedef struct source {
    const ost_fit *fit;
    const float *data;
} source;

static const float *tile_of(const void *from, const ost_tile *t, float *room)
{
    const source *s = from;

    (void)room;
    return s->data + ost_tile_at(s->fit, t);
}

static const char *one_sum(ost_rng *r)
{
    ost_value v = random_value(r);
    ost_value small = random_small(r, &v);
    const char *wrong = NULL;
    float *x = numbers_of(r, &v, 0.0f);
    float *sum = numbers_of(r, &small, 7.0f);
    double *want = ost_xalloc((size_t)ost_value_stored(&small) * sizeof(*want));
    double *size = ost_xalloc((size_t)ost_value_stored(&small) * sizeof(*size));
    double *room;
    ost_fit f;

    ost_fit_init(&f, &v, v.block, small.shape, small.block);
    room = ost_xalloc(ost_fit_room(&f) + 1);
    ost_fit_sum(&f, tile_of, &(source){ &f, x }, 0.5, sum, room);
    ost_free(room);
    for (int64_t i = 0; i < numbers(&v); i++) {
        item_index k = index_of(&v, i);
        double a = (double)x[place(&v, &k)] * 0.5;

        want[place_small(&small, k)] += a;
        size[place_small(&small, k)] += fabs(a);
    }
    for (int64_t i = 0; i < ost_value_stored(&small); i++)
        if (!(fabs((double)sum[i] - want[i]) <= 1e-6 * size[i]))
            wrong = "a sum is not that of the numbers beside it";
    ost_free(size);
    ost_free(want);
    ost_free(sum);
    ost_free(x);
    return wrong;
}

static void ranges_are_copied_from_and_to_any_block(void **state)
{
    (void)state;
    assert_int_equal(each_seed(400, one_range), 0);
}

static void numbers_meet_what_stands_beside_them(void **state)
{
    (void)state;
    assert_int_equal(each_seed(400, one_combination), 0);
}

static void sums_are_of_what_stands_beside_them(void **state)
{
    (void)state;
    assert_int_equal(each_seed(400, one_sum), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_copied_from_and_to_any_block),
        cmocka_unit_test(numbers_meet_what_stands_beside_them),
        cmocka_unit_test(sums_are_of_what_stands_beside_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
