/* tests/parity/test_sklearn_folds.c - folds are those of scikit-learn
 *
 * split_references.json holds what make_split_references.py wrote;
 * golden/folds.json a few published cases.
 */
/* links: base stats */
#include "base/json.h"
#include "kernels/stats/sklearn_folds.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { LIMIT = 4 << 20, MOST = 1000 };

typedef struct {
    uint32_t classes[MOST], groups[MOST], fold[MOST];
    uint8_t test[MOST];
    ost_sklearn_items items;
} drawn;

static ost_json_doc *read_json(const char *name)
{
    const char *source = getenv("OSTEON_SOURCE");
    ost_json_doc *doc = NULL;
    ost_err err = { 0 };
    char path[512];

    snprintf(path, sizeof(path), "%s/tests/parity/%s", source ? source : ".",
             name);
    assert_ok(ost_json_load(path, LIMIT, &doc, &err), &err);
    return doc;
}

static uint32_t digit(char c)
{
    return c <= '9'   ? (uint32_t)(c - '0')
           : c >= 'a' ? (uint32_t)(c - 'a') + 10
                      : (uint32_t)(c - 'A') + 36;
}

/* A text of one character per item, or a list of numbers. */
static uint32_t numbers_of(const json_t *v, uint32_t *out, size_t *n)
{
    const char *text = json_string_value(v);
    uint32_t most = 0;

    *n = text ? strlen(text) : json_array_size(v);
    assert_true(*n <= MOST);
    for (size_t i = 0; i < *n; i++) {
        out[i] = text ? digit(text[i])
                      : (uint32_t)json_integer_value(json_array_get(v, i));
        most = out[i] + 1 > most ? out[i] + 1 : most;
    }
    return most;
}

/* Numbers without gaps, in the same order. */
static uint32_t close_gaps(uint32_t *v, size_t n, uint32_t most)
{
    uint32_t next = 0;

    for (uint32_t value = 0; value < most; value++) {
        bool there = false;

        for (size_t i = 0; i < n; i++)
            if (v[i] == value) {
                v[i] = next;
                there = true;
            }
        next += there;
    }
    return next;
}

static void read_items(const json_t *c, drawn *d)
{
    const json_t *y = json_object_get(c, "y"),
                 *groups = json_object_get(c, "groups");
    ost_sklearn_items *s = &d->items;
    size_t n;

    *s = (ost_sklearn_items){ .classes = d->classes, .groups = d->groups };
    s->n = (size_t)json_integer_value(json_object_get(c, "n"));
    assert_true(s->n <= MOST);
    if (y)
        s->n_classes = numbers_of(y, d->classes, &s->n);
    if (groups) {
        s->n_groups = numbers_of(groups, d->groups, &n);
        s->n_groups = close_gaps(d->groups, n, s->n_groups);
        s->n = n;
    }
}

static ost_rc draw_folds(const char *kind, drawn *d, uint32_t k,
                         ost_legacy_rng *r, ost_err *err)
{
    if (strcmp(kind, "KFold") == 0)
        return ost_sklearn_kfold(&d->items, k, r, d->fold, err);
    if (strcmp(kind, "StratifiedKFold") == 0)
        return ost_sklearn_stratified_kfold(&d->items, k, r, d->fold, err);
    if (strcmp(kind, "GroupKFold") == 0)
        return ost_sklearn_group_kfold(&d->items, k, d->fold, err);
    assert_string_equal(kind, "StratifiedGroupKFold");
    return ost_sklearn_stratified_group_kfold(&d->items, k, r, d->fold, err);
}

static ost_rc draw_parts(const json_t *c, const char *kind, drawn *d,
                         ost_legacy_rng *r, ost_err *err)
{
    const json_t *size = json_object_get(c, "size");
    bool grouped = strcmp(kind, "GroupShuffleSplit") == 0;
    size_t n = grouped ? d->items.n_groups : d->items.n;
    size_t n_test = json_is_integer(size)
                        ? (size_t)json_integer_value(size)
                        : (size_t)ceil(json_real_value(size) * (double)n);
    ost_rc rc;

    if (grouped)
        rc =
            ost_sklearn_group_shuffle_split(&d->items, n_test, r, d->test, err);
    else if (strcmp(kind, "ShuffleSplit") == 0)
        rc = ost_sklearn_shuffle_split(&d->items, n_test, r, d->test, err);
    else
        rc = ost_sklearn_stratified_shuffle_split(&d->items, n_test, r, d->test,
                                                  err);
    for (size_t i = 0; i < d->items.n; i++)
        d->fold[i] = d->test[i];
    return rc;
}

static void check_case(const json_t *c)
{
    const char *kind = json_string_value(json_object_get(c, "kind"));
    const char *fold = json_string_value(json_object_get(c, "fold"));
    const json_t *seed = json_object_get(c, "seed");
    int64_t repeat = json_integer_value(json_object_get(c, "repeat"));
    uint32_t k = (uint32_t)json_integer_value(json_object_get(c, "k"));
    ost_legacy_rng r;
    ost_err err = { 0 };
    ost_rc rc = OST_OK;
    drawn d;

    read_items(c, &d);
    ost_legacy_rng_init(&r, (uint32_t)json_integer_value(seed));
    for (int64_t i = 0; i <= repeat && !rc; i++)
        rc =
            k ? draw_folds(kind, &d, k, json_is_integer(seed) ? &r : NULL, &err)
              : draw_parts(c, kind, &d, &r, &err);
    if (json_is_true(json_object_get(c, "refused"))) {
        assert_int_equal(rc, OST_EINPUT);
        return;
    }
    assert_ok(rc, &err);
    assert_int_equal(strlen(fold), d.items.n);
    for (size_t i = 0; i < d.items.n; i++)
        if (d.fold[i] != digit(fold[i]))
            fail_msg("%s: item %zu is in fold %u", kind, i, d.fold[i]);
}

static void random_cases_are_equal(void **state)
{
    ost_json_doc *doc = read_json("split_references.json");
    size_t i;
    json_t *c;

    (void)state;
    assert_true(json_array_size(ost_json_root(doc)) > 1000);
    json_array_foreach(ost_json_root(doc), i, c) check_case(c);
    ost_json_free(doc);
}

/* How many items the folds of `test` have that are not in them here. */
static size_t count_elsewhere(json_t *test, const drawn *d)
{
    size_t k, i, seen = 0, elsewhere = 0;
    json_t *fold, *item;

    json_array_foreach(test, k, fold)
    {
        json_array_foreach(fold, i, item)
        {
            elsewhere += d->fold[json_integer_value(item)] != k;
            seen++;
        }
    }
    assert_int_equal(seen, d->items.n);
    return elsewhere;
}

/* Groups of one size go in an order that is an accident there. */
static void check_sizes(json_t *test, const drawn *d)
{
    json_t *fold;
    size_t k;

    json_array_foreach(test, k, fold)
    {
        size_t n = 0;

        for (size_t i = 0; i < d->items.n; i++)
            n += d->fold[i] == k;
        assert_int_equal(n, json_array_size(fold));
    }
}

static void check_published_parts(const json_t *c, ost_legacy_rng *r, drawn *d)
{
    json_t *test = json_object_get(c, "test"), *item;
    double share = json_real_value(json_object_get(c, "test_size"));
    ost_err err = { 0 };
    size_t i, n = 0;

    assert_ok(ost_sklearn_shuffle_split(
                  &d->items, (size_t)ceil(share * (double)d->items.n), r,
                  d->test, &err),
              &err);
    json_array_foreach(test, i, item)
        assert_int_equal(d->test[json_integer_value(item)], 1);
    for (i = 0; i < d->items.n; i++)
        n += d->test[i];
    assert_int_equal(n, json_array_size(test));
}

static void check_published(const json_t *c)
{
    const char *kind = json_string_value(json_object_get(c, "kind"));
    const json_t *seed = json_object_get(c, "seed");
    json_t *test = json_object_get(c, "test");
    ost_legacy_rng r;
    ost_err err = { 0 };
    drawn d;

    if (!test)
        return; /* numbers alone: legacy_rng.h has a test of its own */
    read_items(c, &d);
    ost_legacy_rng_init(&r, (uint32_t)json_integer_value(seed));
    if (strcmp(kind, "train_test_split") == 0) {
        check_published_parts(c, &r, &d);
        return;
    }
    assert_ok(draw_folds(kind, &d, (uint32_t)json_array_size(test),
                         json_is_integer(seed) ? &r : NULL, &err),
              &err);
    if (strcmp(kind, "GroupKFold") == 0)
        check_sizes(test, &d);
    else
        assert_int_equal(count_elsewhere(test, &d), 0);
}

static void published_cases_are_equal(void **state)
{
    ost_json_doc *doc = read_json("golden/folds.json");
    size_t i;
    json_t *c;

    (void)state;
    assert_true(json_array_size(ost_json_root(doc)) > 5);
    json_array_foreach(ost_json_root(doc), i, c) check_published(c);
    ost_json_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_cases_are_equal),
        cmocka_unit_test(published_cases_are_equal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
