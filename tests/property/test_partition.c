/* tests/property/test_partition.c - what every division into bins keeps */
/* links: stages base */
#include "base/alloc.h"
#include "stages/partition.h"
#include "tests/support/check.h"
#include "tests/support/seed.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { MOST = 300, BINS = 7, CLASSES = 4 };

typedef struct {
    ost_partition p;
    char names[MOST][16];
    const char *units[MOST];
    uint32_t classes[MOST];
    uint32_t bin[MOST];
    double weights[BINS];
    bool grouped;
} trial;

static void make_trial(ost_rng *r, trial *t)
{
    size_t n = 20 + ost_rng_below(r, MOST - 20);
    uint64_t groups = n / 2 + ost_rng_below(r, n);
    double one = 0;

    memset(t, 0, sizeof(*t));
    t->grouped = ost_rng_below(r, 2);
    t->p = (ost_partition){ .n = n,
                            .units = t->units,
                            .classes = t->classes,
                            .n_classes = CLASSES,
                            .stratify = ost_rng_below(r, 2),
                            .weights = t->weights,
                            .key = ost_rng_u64(r) };
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(
            t->names[i], sizeof(t->names[i]), "u%llu",
            (unsigned long long)(t->grouped ? ost_rng_below(r, groups) : i));
        t->units[i] = t->names[i];
        t->classes[i] = (uint32_t)ost_rng_below(r, CLASSES);
    }
    if (ost_rng_below(r, 2)) {
        t->p.n_bins = 2;
        t->weights[0] = ost_rng_range(r, 0.1, 0.5);
        t->weights[1] = 1 - t->weights[0];
        return;
    }
    t->p.n_bins = 2 + (uint32_t)ost_rng_below(r, BINS - 1);
    one = 1.0 / t->p.n_bins;
    for (uint32_t b = 0; b < t->p.n_bins; b++)
        t->weights[b] = one;
}

static size_t in_bin(const trial *t, uint32_t bin, uint32_t class_of)
{
    size_t n = 0;

    for (size_t i = 0; i < t->p.n; i++)
        n += t->bin[i] == bin &&
             (class_of == CLASSES || t->classes[i] == class_of);
    return n;
}

static size_t in_class(const trial *t, uint32_t class_of)
{
    size_t n = 0;

    for (size_t i = 0; i < t->p.n; i++)
        n += class_of == CLASSES || t->classes[i] == class_of;
    return n;
}

static bool divides_a_unit(const trial *t)
{
    for (size_t i = 0; i < t->p.n; i++)
        for (size_t k = i + 1; k < t->p.n; k++)
            if (strcmp(t->units[i], t->units[k]) == 0 && t->bin[i] != t->bin[k])
                return true;
    return false;
}

static size_t largest_unit(const trial *t)
{
    size_t most = 0;

    for (size_t i = 0; i < t->p.n; i++) {
        size_t n = 0;

        for (size_t k = 0; k < t->p.n; k++)
            n += strcmp(t->units[i], t->units[k]) == 0;
        most = n > most ? n : most;
    }
    return most;
}

/* How far a bin may be from its share of a class (CLASSES: of all). */
static double slack(const trial *t, uint32_t class_of)
{
    if (!t->grouped)
        return class_of == CLASSES || t->p.stratify ? 1 : MOST;
    if (!t->p.stratify && class_of < CLASSES)
        return MOST;
    return 2 * (double)largest_unit(t) + (t->p.stratify ? CLASSES : 0);
}

static const char *check_one(ost_rng *r)
{
    static trial t;
    ost_err err = { 0 };

    make_trial(r, &t);
    if (ost_partition_make(&t.p, t.bin, &err))
        return "the division fails";
    if (divides_a_unit(&t))
        return "a unit is in two bins";
    for (uint32_t b = 0; b < t.p.n_bins; b++) {
        if (in_bin(&t, b, CLASSES) == 0)
            return "a bin is empty";
        for (uint32_t c = 0; c <= CLASSES; c++) {
            double want = t.weights[b] * (double)in_class(&t, c);

            if (fabs((double)in_bin(&t, b, c) - want) > slack(&t, c) + 1e-6)
                return "a bin is far from its share";
        }
    }
    return NULL;
}

static void every_division_keeps_units_and_shares(void **state)
{
    (void)state;
    assert_int_equal(each_seed(400, check_one), 0);
}

/* The order of the items says nothing. */
static const char *check_order(ost_rng *r)
{
    static trial t;
    uint32_t turned[MOST];
    const char *units[MOST];
    uint32_t classes[MOST];
    size_t n;

    make_trial(r, &t);
    n = t.p.n;
    if (ost_partition_make(&t.p, t.bin, NULL))
        return "the division fails";
    for (size_t i = 0; i < n; i++) {
        units[i] = t.units[n - 1 - i];
        classes[i] = t.classes[n - 1 - i];
    }
    t.p.units = units;
    t.p.classes = classes;
    if (ost_partition_make(&t.p, turned, NULL))
        return "the division fails";
    for (size_t i = 0; i < n; i++)
        if (turned[i] != t.bin[n - 1 - i])
            return "the order of the items changes the division";
    return NULL;
}

static void the_order_of_items_does_not_matter(void **state)
{
    (void)state;
    assert_int_equal(each_seed(200, check_order), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_division_keeps_units_and_shares),
        cmocka_unit_test(the_order_of_items_does_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
