/* tests/unit/test_memory_plan.c - places for what is needed at times */
/* links: base kernels */
#include "base/rng.h"
#include "kernels/memory_plan.h"
#include "tests/support/check.h"

#include <stdbool.h>

#include "base/banned.h"

static bool overlap(const ost_span *a, const ost_span *b)
{
    return a->from <= b->to && b->from <= a->to &&
           a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
}

static void memory_is_shared_by_what_is_never_needed_together(void **state)
{
    ost_span s[60];
    ost_rng r = ost_rng_of(1, 0);
    size_t sum = 0;
    size_t total;

    (void)state;
    for (int i = 0; i < 60; i++) {
        int from = (int)ost_rng_below(&r, 100);

        s[i] = (ost_span){ .bytes = (size_t)ost_rng_below(&r, 5000),
                           .from = from,
                           .to = from + (int)ost_rng_below(&r, 10) };
        sum += s[i].bytes;
    }
    total = ost_memory_plan(s, 60);
    assert_true(total < sum / 3);
    for (int i = 0; i < 60; i++) {
        assert_int_equal(s[i].offset % 64, 0);
        assert_true(s[i].offset + s[i].bytes <= total);
        for (int k = 0; k < i; k++)
            assert_false(overlap(&s[i], &s[k]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_shared_by_what_is_never_needed_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
