/* tests/unit/test_correlate.c - two numbers of items, beside SciPy's */
/* links: stages store base kernels stats */
#include "stages/stage.h"
#include "tests/support/image_stages.h"

#include <math.h>

#include "base/banned.h"

extern const ost_stage ost_stage_correlate;
const ost_stage *const ost_stages[] = { &ost_stage_correlate, NULL };

static const double xs[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static const double ys[8] = { 2.5, 1, 4, 3, 7, 9, 8, 30 };

/* Two items of a group, or one of each. */
static void make_items(fixture *f, ost_item *items, bool pairs)
{
    static const char *const ids[] = { "a", "b", "c", "d", "e", "f", "g", "h" };

    for (int i = 0; i < 8; i++) {
        items[i] = (ost_item){ .id = ids[i], .group = ids[pairs ? i / 2 : i] };
        ost_item_set_number(&f->arena, &items[i], "x", xs[i]);
        ost_item_set_number(&f->arena, &items[i], "y", ys[i]);
    }
}

static json_t *correlate(fixture *f, const char *with, const ost_item *items,
                         size_t n)
{
    ost_step_input in = at_port("in", dataset(f, items, n));
    ost_done_msg done =
        run_stage(f->batch, &ost_stage_correlate, with, &in, 1, &f->arena);

    return document_of(f->batch, &done, &f->arena);
}

static double number(const json_t *doc, const char *name)
{
    const json_t *v = json_object_get(json_object_get(doc, "pooled"), name);

    assert_true(json_is_number(v));
    return json_number_value(v);
}

static double bound(const json_t *doc, const char *name, const char *side)
{
    const json_t *all =
        json_object_get(json_object_get(doc, "pooled"), "intervals");

    return json_number_value(json_object_get(json_object_get(all, name), side));
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-11 * fabs(b);
}

static void both_are_those_of_scipy(void **state)
{
    fixture *f = *state;
    ost_item items[8];
    json_t *doc;

    make_items(f, items, false);
    doc = correlate(f, "{'x':'x','y':'y'}", items, 8);
    assert_true(near(number(doc, "pearson_r"), 0.7724094889484157));
    assert_true(near(number(doc, "pearson_p"), 0.024669919497469044));
    assert_true(near(bound(doc, "pearson_r", "lo"), 0.1486415939185151));
    assert_true(near(bound(doc, "pearson_r", "hi"), 0.956476195830153));
    assert_true(near(number(doc, "spearman_r"), 0.9285714285714287));
    assert_true(near(number(doc, "spearman_p"), 0.0008629681828999769));
    assert_int_equal(number(doc, "n_items"), 8);
    assert_int_equal(json_array_size(json_object_get(doc, "warnings")), 0);
    json_decref(doc);
}

static void what_lacks_a_number_is_counted(void **state)
{
    fixture *f = *state;
    ost_item items[8], bare = { .id = "z", .group = "z" };
    json_t *doc;

    make_items(f, items, false);
    items[7] = bare;
    doc = correlate(f, "{'x':'x','y':'y'}", items, 8);
    assert_int_equal(number(doc, "n_items"), 7);
    assert_int_equal(json_integer_value(json_object_get(doc, "n_lacking")), 1);
    json_decref(doc);
    refuses(f, &ost_stage_correlate, "{'x':'x','y':'z'}", items, 8,
            "none of 8 items has both 'x' and 'z'");
    doc = correlate(f, "{'x':'x','y':'z','allow_empty':true}", items, 8);
    assert_int_equal(number(doc, "n_items"), 0);
    json_decref(doc);
    ost_item_set_text(&f->arena, &items[0], "y", "much");
    refuses(f, &ost_stage_correlate, "{'x':'x','y':'y'}", items, 8,
            "item 'a': attribute 'y' is no finite number");
}

/* Several items of a patient are not several patients. */
static void groups_are_told_or_taken(void **state)
{
    fixture *f = *state;
    const json_t *points;
    ost_item items[8];
    json_t *doc;

    make_items(f, items, true);
    doc = correlate(f, "{'x':'x','y':'y'}", items, 8);
    assert_int_equal(number(doc, "n_groups"), 4);
    assert_int_equal(json_array_size(json_object_get(doc, "warnings")), 1);
    json_decref(doc);
    doc = correlate(f, "{'x':'x','y':'y','per_group':true}", items, 8);
    assert_int_equal(number(doc, "n_items"), 4);
    points = json_object_get(doc, "points");
    assert_true(
        json_number_value(json_array_get(json_array_get(points, 3), 1)) == 19);
    json_decref(doc);
}

static void too_few_have_a_reason(void **state)
{
    fixture *f = *state;
    const json_t *pooled;
    ost_item items[8];
    json_t *doc;

    make_items(f, items, false);
    doc = correlate(f, "{'x':'x','y':'y'}", items, 2);
    pooled = json_object_get(doc, "pooled");
    assert_true(json_is_object(json_object_get(pooled, "pearson_p")));
    json_decref(doc);
    for (int i = 0; i < 8; i++)
        ost_item_set_number(&f->arena, &items[i], "y", 3);
    doc = correlate(f, "{'x':'x','y':'y'}", items, 8);
    pooled = json_object_get(doc, "pooled");
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(pooled, "pearson_r"), "reason")),
                        "fewer than three cases, or all the same");
    json_decref(doc);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_are_those_of_scipy),
        TEST(what_lacks_a_number_is_counted),
        TEST(groups_are_told_or_taken),
        TEST(too_few_have_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
