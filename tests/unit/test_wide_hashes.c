/* tests/unit/test_wide_hashes.c - pictures that are nearly the same */
/* links: stages store base */
#include "base/rng.h"
#include "stages/picture_hash.h"
#include "tests/support/check.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

const struct ost_stage *const ost_stages[] = { NULL };

enum { SIDE = 72, PICTURES = 40 };

/* A body that is the same in all pictures, with what only `seed` has. */
static void paint(unsigned seed, double gain, double offset, uint8_t *out)
{
    ost_rng r = ost_rng_of(seed, 1);
    double x[30], y[30];

    for (int k = 0; k < 30; k++) {
        x[k] = ost_rng_range(&r, 12, SIDE - 12);
        y[k] = ost_rng_range(&r, 12, SIDE - 12);
    }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            double far = hypot(i - SIDE / 2.0, j - SIDE / 2.0) / (SIDE / 2.0);
            double sum = far < 0.9 ? 120 * (1 - far * far) : 4;

            for (int k = 0; k < 30; k++)
                sum +=
                    25 /
                    (1 +
                     ((i - y[k]) * (i - y[k]) + (j - x[k]) * (j - x[k])) / 5);
            out[i * SIDE + j] = (uint8_t)fmin(gain * sum + offset, 255);
        }
}

static ost_wide_hash hash_of(uint8_t *pixels, int64_t side)
{
    ost_tensor t = ost_tensor_of(pixels, OST_U8, 2, (int64_t[]){ side, side });

    return ost_picture_wide_hash(&t, false);
}

static void copies_are_near_and_others_are_not(void **state)
{
    uint8_t p[SIDE * SIDE], big[4 * SIDE * SIDE];
    ost_wide_hash all[PICTURES], h;

    (void)state;
    for (unsigned seed = 0; seed < PICTURES; seed++) {
        paint(seed, 1, 0, p);
        all[seed] = hash_of(p, SIDE);
        for (int i = 0; i < 4 * SIDE * SIDE; i++)
            big[i] = p[i / (4 * SIDE) * SIDE + i % (2 * SIDE) / 2];
        h = hash_of(big, 2 * SIDE);
        assert_in_range(ost_wide_distance(&all[seed], &h), 0, 6);
        paint(seed, 0.8, 20, p);
        h = hash_of(p, SIDE);
        assert_in_range(ost_wide_distance(&all[seed], &h), 0, 6);
        for (unsigned k = 0; k < seed; k++)
            assert_true(ost_wide_distance(&all[seed], &all[k]) > 20);
    }
}

static void what_shows_nothing_has_no_hash(void **state)
{
    const ost_wide_hash none = { { 0 } };
    uint8_t p[SIDE * SIDE];
    ost_wide_hash h;

    (void)state;
    memset(p, 77, sizeof(p));
    h = hash_of(p, SIDE);
    assert_int_equal(ost_wide_distance(&h, &none), 0);
    h = hash_of(p, 0);
    assert_int_equal(ost_wide_distance(&h, &none), 0);
    p[5] = 78;
    h = hash_of(p, SIDE);
    assert_true(ost_wide_distance(&h, &none) > 0);
}

typedef struct {
    uint32_t wanted;
    bool found;
    int distance;
} visit_state;

static bool visit(void *user, uint32_t i, int distance)
{
    visit_state *v = user;

    if (i == v->wanted) {
        v->found = true;
        v->distance = distance;
    }
    return !v->found;
}

static bool stop(void *user, uint32_t i, int distance)
{
    (void)i;
    (void)distance;
    ++*(int *)user;
    return false;
}

static void whatever_is_near_is_visited(void **state)
{
    enum { N = 500 };
    ost_rng r = ost_rng_of(5, 5);
    ost_wide_hashes n;
    int visits = 0;

    (void)state;
    ost_wide_hashes_init(&n);
    for (int i = 0; i < N; i++) {
        ost_wide_hash h;

        for (int k = 0; k < 4; k++)
            h.w[k] = ost_rng_u64(&r) & 0x00ff00ff0000ffff;
        ost_wide_hashes_add(&n, &h);
    }
    for (int i = 0; i < 2000; i++) {
        uint32_t wanted = (uint32_t)ost_rng_below(&r, N);
        ost_wide_hash h = n.hashes.data[wanted];
        visit_state v = { .wanted = wanted };

        for (uint64_t k = ost_rng_below(&r, OST_WIDE_MOST + 1); k > 0; k--)
            h.w[ost_rng_below(&r, 4)] ^= UINT64_C(1) << ost_rng_below(&r, 64);
        ost_wide_hashes_visit(&n, &h, visit, &v);
        assert_true(v.found);
        assert_int_equal(v.distance,
                         ost_wide_distance(&h, &n.hashes.data[wanted]));
        if (i == 0)
            ost_wide_hashes_visit(&n, &h, stop, &visits);
    }
    assert_int_equal(visits, 1);
    ost_wide_hashes_release(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_are_near_and_others_are_not),
        cmocka_unit_test(what_shows_nothing_has_no_hash),
        cmocka_unit_test(whatever_is_near_is_visited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
