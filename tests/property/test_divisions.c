/* tests/property/test_divisions.c - what every division of a dataset keeps */
/* links: stages store base */
#include "base/map.h"
#include "tests/support/item_sets.h"
#include "tests/support/seed.h"

#include "base/banned.h"

extern const ost_stage ost_stage_split;
const ost_stage *const ost_stages[] = { &ost_stage_split, NULL };

enum { MOST = 120 };

static step_fixture *fixture;

typedef struct {
    ost_step_input in;
    size_t n;
    int64_t folds;
    bool group, stratify, sklearn;
    const char *with; /* all parameters but the fold */
} trial;

static trial make_trial(ost_rng *r)
{
    ost_arena *arena = &fixture->arena;
    trial t = { .n = 30 + ost_rng_below(r, MOST - 30),
                .folds = 2 + (int64_t)ost_rng_below(r, 4),
                .group = ost_rng_below(r, 2),
                .stratify = ost_rng_below(r, 2),
                .sklearn = ost_rng_below(r, 2) };
    uint64_t groups = t.n / 3 + ost_rng_below(r, t.n);
    uint64_t classes = 1 + ost_rng_below(r, 4);
    bool draws = t.sklearn && !(t.group && !t.stratify);
    item_set s = { .f = fixture };

    for (size_t i = 0; i < t.n; i++)
        set_item(
            &s, ost_arena_printf(arena, "i%03zu", i),
            ost_arena_printf(arena, "p%d", (int)ost_rng_below(r, groups)),
            ost_arena_printf(arena, "c%d", (int)ost_rng_below(r, classes)));
    t.in = finish_set(&s, "in");
    t.with = ost_arena_printf(
        arena,
        "\"method\":\"kfold\",\"folds\":%d,\"group\":%s,\"stratify\":%s,"
        "\"like\":\"%s\",\"random_state\":%d,\"repeat\":%d",
        (int)t.folds, t.group ? "true" : "false", t.stratify ? "true" : "false",
        t.sklearn ? "sklearn" : "osteon",
        draws ? (int)ost_rng_below(r, 100) : -1,
        draws ? (int)ost_rng_below(r, 3) : 0);
    return t;
}

/* Items of a class among items, all of the class when NULL. */
static size_t count(const ost_item *items, size_t n, const char *label)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += !label || strcmp(ost_item_label(&items[i]), label) == 0;
    return found;
}

/* A share of 1 / folds, within one item. */
static const char *check_share(const trial *t, const ost_item *test,
                               size_t n_test, const ost_item *train,
                               size_t n_train, const char *label)
{
    size_t in_test = count(test, n_test, label);
    size_t all = in_test + count(train, n_train, label);
    size_t least = all / (size_t)t->folds;

    return in_test < least || in_test > least + (all % (size_t)t->folds > 0)
               ? "a part has not its share"
               : NULL;
}

static const char *check_fold(const trial *t, int64_t fold, ost_map *tested)
{
    static const char *const labels[] = { "c0", "c1", "c2", "c3" };
    const ost_item *test, *train;
    size_t n_test, n_train;
    ost_map groups = { 0 };
    const char *wrong = NULL;
    ost_done_msg done;

    done = run_stage(fixture, "split",
                     ost_arena_printf(&fixture->arena, "{%s,\"fold\":%d}",
                                      t->with, (int)fold),
                     &t->in, 1);
    test = output_items(fixture, &done, "test", &n_test);
    train = output_items(fixture, &done, "train", &n_train);
    if (n_test + n_train != t->n)
        wrong = "an item is lost or there twice";
    for (size_t i = 0; i < n_test; i++) {
        if (!ost_map_put(tested, test[i].id, strlen(test[i].id), 0))
            wrong = "an item is tested twice";
        ost_map_put(&groups, test[i].group, strlen(test[i].group), 0);
    }
    for (size_t i = 0; i < n_train && t->group; i++)
        if (ost_map_get(&groups, train[i].group, strlen(train[i].group), NULL))
            wrong = "a group is in two parts";
    ost_map_release(&groups);
    if (!wrong && !t->group)
        wrong = check_share(t, test, n_test, train, n_train, NULL);
    for (int c = 0; c < 4 && !wrong && !t->group && t->stratify; c++)
        wrong = check_share(t, test, n_test, train, n_train, labels[c]);
    return wrong;
}

static const char *check_trial(ost_rng *r)
{
    trial t = make_trial(r);
    ost_map tested = { 0 };
    const char *wrong = NULL;

    for (int64_t fold = 0; fold < t.folds && !wrong; fold++)
        wrong = check_fold(&t, fold, &tested);
    if (!wrong && tested.len != t.n)
        wrong = "an item is never tested";
    ost_map_release(&tested);
    return wrong;
}

static void every_item_is_tested_once(void **state)
{
    fixture = *state;
    assert_int_equal(each_seed(60, check_trial), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(every_item_is_tested_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
