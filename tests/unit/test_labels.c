/* tests/unit/test_labels.c - relabel, balance */
/* links: stages store base */
#include "stages/stage.h"
#include "tests/support/item_sets.h"

#include "base/banned.h"

extern const ost_stage ost_stage_relabel, ost_stage_balance;
const ost_stage *const ost_stages[] = { &ost_stage_balance, &ost_stage_relabel,
                                        NULL };

/* --- relabel ------------------------------------------------------------- */

static ost_step_input studies(step_fixture *f)
{
    item_set s = { .f = f };

    ost_item_set_number(&f->arena, set_item(&s, "a", "p1", "benign"), "rate",
                        79.5);
    ost_item_set_number(&f->arena, set_item(&s, "b", "p2", "malignant"), "rate",
                        80);
    ost_item_set_text(&f->arena, set_item(&s, "c", "p3", "normal|rib"), "rate",
                      "97");
    set_item(&s, "d", "p4", NULL);
    return finish_set(&s, "in");
}

/* "a=x|y b=z d=" */
static const char *labels_at(step_fixture *f, const ost_done_msg *done)
{
    ost_buf text = { 0 };
    const ost_item *items;
    const char *copy;
    size_t n;

    items = output_items(f, done, "out", &n);
    for (size_t i = 0; i < n; i++) {
        ost_buf_addf(&text, "%s%s=", i ? " " : "", items[i].id);
        ost_item_add_labels(&text, &items[i]);
    }
    copy = ost_arena_strdup(&f->arena, ost_buf_str(&text));
    ost_buf_release(&text);
    return copy;
}

static void relabel_gives_new_names(void **state)
{
    static const struct {
        const char *with, *labels;
    } rows[] = {
        { "{\"map\":{\"benign\":\"tumor\",\"malignant\":\"tumor\"},"
          "\"unmapped\":\"keep\"}",
          "a=tumor b=tumor c=normal|rib d=" },
        { "{\"map\":{\"benign\":\"tumor\",\"malignant\":null},"
          "\"unmapped\":\"other\",\"other\":\"rest\"}",
          "a=tumor b= c=rest d=" },
        { "{\"map\":{\"normal\":\"normal\"},\"unmapped\":\"remove\"}",
          "a= b= c=normal d=" },
        { "{\"map\":{\"normal\":\"normal\"},\"unmapped\":\"remove\","
          "\"unlabeled\":\"drop\"}",
          "c=normal" },
        { "{\"unlabeled\":\"drop\"}", "a=benign b=malignant c=normal|rib" },
        { "{\"attribute\":\"rate\",\"edges\":[80,90],\"names\":[\"low\","
          "\"mid\",\"high\"]}",
          "a=low b=mid c=high d=" },
        { "{\"attribute\":\"rate\",\"edges\":[90],\"names\":[\"low\","
          "\"high\"],\"map\":{\"low\":\"poor\",\"high\":\"good\"}}",
          "a=poor b=poor c=good d=" },
        { "{\"attribute\":\"rate\"}", "a=79.5 b=80 c=97 d=" },
        { "{\"rules\":[{\"all\":[\"normal\",\"rib\"],\"label\":\"odd\"},"
          "{\"any\":[\"benign\",\"malignant\"],\"none\":[\"rib\"],"
          "\"label\":\"ill\"},{\"label\":null}]}",
          "a=ill b=ill c=odd d=" },
        { "{\"rules\":[{\"any\":[\"rib\"],\"label\":\"bone\"}],"
          "\"unmapped\":\"keep\"}",
          "a=benign b=malignant c=bone d=" },
        { "{\"rules\":[{\"any\":[\"rib\"],\"label\":\"bone\"}],"
          "\"unmapped\":\"other\"}",
          "a=other b=other c=bone d=other" },
    };
    step_fixture *f = *state;
    ost_step_input in = studies(f);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_done_msg done = run_stage(f, "relabel", rows[i].with, &in, 1);

        assert_string_equal(labels_at(f, &done), rows[i].labels);
    }
}

static void relabel_says_what_happened(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = studies(f);
    ost_done_msg done;

    done = run_stage(f, "relabel",
                     "{\"map\":{\"benign\":\"ill\",\"gone\":\"ill\"},"
                     "\"unmapped\":\"keep\",\"unlabeled\":\"drop\"}",
                     &in, 1);
    assert_string_equal(done.notes, "1 of 4 items have other labels\n"
                                    "1 items without a label are dropped\n"
                                    "no item has the label 'gone' that 'map' "
                                    "names\n");
}

static void relabel_finds_misspellings(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = studies(f);
    ost_done_msg done;

    done =
        run_stage(f, "relabel",
                  "{\"map\":{\"bening\":\"x\",\"malignant\":\"y\"}}", &in, 1);
    assert_fails(&done, "item 'a': label 'benign' is not in 'map' (did you "
                        "mean 'bening'?)");
    done = run_stage(f, "relabel", "{\"attribute\":\"rates\"}", &in, 1);
    assert_fails(&done, "no item has the attribute 'rates' (did you mean "
                        "'rate'?)");
    done = run_stage(f, "relabel",
                     "{\"rules\":[{\"any\":[\"benign\"],\"label\":\"x\"}]}",
                     &in, 1);
    assert_fails(&done, "item 'b': no rule is about the labels 'malignant'");
    done = run_stage(f, "relabel", "{\"unlabeled\":\"error\"}", &in, 1);
    assert_fails(&done, "item 'd': there is no label in the end");
}

/* Numbers that differ in their last digit are two classes. */
static void long_numbers_are_said_in_full(void **state)
{
    step_fixture *f = *state;
    item_set s = { .f = f };
    ost_step_input in;
    ost_done_msg done;

    for (int i = 0; i < 3; i++)
        ost_item_set_number(
            &f->arena,
            set_item(&s, (const char *[]){ "a", "b", "c" }[i], "p", "x"),
            "number", 1234567890.0 + (i == 2));
    ost_item_set_number(&f->arena, set_item(&s, "d", "p", "x"), "number", 0.1);
    in = finish_set(&s, "in");
    done = run_stage(f, "relabel", "{\"attribute\":\"number\"}", &in, 1);
    assert_string_equal(labels_at(f, &done),
                        "a=1234567890 b=1234567890 c=1234567891 d=0.1");
    done = run_stage(f, "balance", "{\"attribute\":\"number\"}", &in, 1);
    assert_string_equal(done.notes, "class '1234567890': 1 items of 2\n");
}

/* As in the column of a table. */
static void a_text_may_hold_several_labels(void **state)
{
    step_fixture *f = *state;
    item_set s = { .f = f };
    ost_step_input in;
    ost_done_msg done;

    ost_item_set_text(&f->arena, set_item(&s, "a", "p", "x"), "site",
                      "rib| arm");
    ost_item_set_text(&f->arena, set_item(&s, "b", "p", "x"), "site", "|");
    in = finish_set(&s, "in");
    done = run_stage(f, "relabel",
                     "{\"attribute\":\"site\",\"map\":{\"arm\":\"limb\"},"
                     "\"unmapped\":\"keep\"}",
                     &in, 1);
    assert_string_equal(labels_at(f, &done), "a=limb|rib b=");
}

static void relabel_refuses_what_makes_no_sense(void **state)
{
    static const struct {
        const char *with, *message;
    } rows[] = {
        { "{}", "nothing would change: give 'attribute', 'map', 'rules' or "
                "'unlabeled'" },
        { "{\"edges\":[1],\"names\":[\"a\",\"b\"]}",
          "params 'edges' and 'names' divide an 'attribute'" },
        { "{\"attribute\":\"x\",\"edges\":[1,2],\"names\":[\"a\",\"b\"]}",
          "param 'names': 2 edges make 3 bins, and there are 2 names" },
        { "{\"attribute\":\"x\",\"edges\":[2,2],\"names\":[\"a\",\"b\","
          "\"c\"]}",
          "param 'edges': 2 does not rise above 2" },
        { "{\"map\":{\"a\":3}}", "param 'map': the new name of 'a' is neither "
                                 "a text nor null" },
        { "{\"rules\":{}}", "param 'rules': expected a list" },
        { "{\"map\":{\"a\":\"\"}}", "param 'map': '' is no name of one label "
                                    "(null takes labels away)" },
        { "{\"map\":{\"a\":\"x|y\"}}",
          "param 'map': 'x|y' is no name of one label" },
        { "{\"rules\":[{\"label\":\"x|y\"}]}",
          "param 'rules': 'x|y' is no name of one label" },
        { "{\"attribute\":\"x\",\"edges\":[1],\"names\":[\"a\",\"b|c\"]}",
          "param 'names': 'b|c' is no name of one label" },
        { "{\"map\":{\"a\":\"x\"},\"unmapped\":\"other\",\"other\":\"\"}",
          "param 'other': '' is no name of one label (null takes labels "
          "away)" },
        { "{\"rules\":[{\"any\":[\"a\"]}]}",
          "param 'rules': rule 0 needs a 'label', a text or null" },
        { "{\"rules\":[{\"anny\":[\"a\"],\"label\":\"x\"}]}",
          "param 'rules': rule 0: unknown word 'anny' (did you mean "
          "'any'?)" },
        { "{\"rules\":[{\"any\":\"a\",\"label\":\"x\"}]}",
          "param 'rules': rule 0: 'any' is a list of labels" },
        { "{\"rules\":[3]}", "param 'rules': rule 0 is no object" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_refused(&ost_stage_relabel, rows[i].with, rows[i].message);
}

static void relabel_refuses_what_is_no_number(void **state)
{
    step_fixture *f = *state;
    item_set s = { .f = f };
    ost_step_input in;
    ost_done_msg done;

    ost_item_set_text(&f->arena, set_item(&s, "a", "p", NULL), "rate", "high");
    in = finish_set(&s, "in");
    done = run_stage(f, "relabel",
                     "{\"attribute\":\"rate\",\"edges\":[1],\"names\":"
                     "[\"x\",\"y\"]}",
                     &in, 1);
    assert_fails(&done, "item 'a': attribute 'rate' is no number that has a "
                        "bin");
}

/* --- balance ------------------------------------------------------------- */

/* 7 of "a", 3 of "b", 1 of "c"; each with content of its own. */
static ost_step_input uneven(step_fixture *f)
{
    item_set s = { .f = f };

    for (unsigned i = 0; i < 11; i++) {
        const char *label = i < 7 ? "a" : i < 10 ? "b" : "c";
        ost_item *item =
            set_item(&s, ost_arena_printf(&f->arena, "i%02u", i),
                     ost_arena_printf(&f->arena, "p%u", i / 2), label);

        set_image(&s, item, "image", 2, 2, i + 1);
        ost_item_set_text(&f->arena, item, "site", i % 2 ? "x" : "y");
    }
    return finish_set(&s, "in");
}

static size_t count(const ost_item *items, size_t n, const char *label)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += strcmp(ost_item_label(&items[i]), label) == 0;
    return found;
}

static void balance_makes_exact_counts(void **state)
{
    static const struct {
        const char *with;
        size_t a, b, c;
    } rows[] = {
        { "{}", 1, 1, 1 },
        { "{\"to\":\"max\"}", 7, 7, 7 },
        { "{\"to\":4}", 4, 4, 4 },
        { "{\"to\":0}", 0, 0, 0 },
        { "{\"to\":{\"a\":2,\"b\":8,\"c\":1}}", 2, 8, 1 },
        { "{\"to\":\"min\",\"method\":\"under\"}", 1, 1, 1 },
        { "{\"to\":10,\"method\":\"over\"}", 10, 10, 10 },
    };
    step_fixture *f = *state;
    ost_step_input in = uneven(f);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_done_msg done = run_stage(f, "balance", rows[i].with, &in, 1);
        const ost_item *items;
        size_t n;

        items = output_items(f, &done, "out", &n);
        assert_int_equal(count(items, n, "a"), rows[i].a);
        assert_int_equal(count(items, n, "b"), rows[i].b);
        assert_int_equal(count(items, n, "c"), rows[i].c);
    }
}

static void balance_copies_keep_group_and_pixels(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = uneven(f);
    const ost_item *items, *copy, *first;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "balance", "{\"to\":\"max\"}", &in, 1);
    items = output_items(f, &done, "out", &n);
    copy = item_named(items, n, "i10#5");
    first = item_named(items, n, "i10");
    assert_string_equal(copy->group, first->group);
    assert_int_equal(copy->n_parents, 1);
    assert_string_equal(copy->parents[0], "i10");
    assert_true(
        ost_digest_equal(&copy->fields[0].blob, &first->fields[0].blob));
    assert_non_null(strstr(done.notes, "class 'c': 7 items of 1\n"));
    assert_null(strstr(done.notes, "class 'a'"));
}

/* The lots of the others do not change with an item that is there no more. */
static void balance_draws_by_content(void **state)
{
    step_fixture *f = *state;
    item_set fewer = { .f = f };
    ost_step_input in = uneven(f), less;
    const ost_item *all, *some;
    ost_done_msg done;
    size_t n, n_some, kept = 0;

    done =
        run_stage(f, "balance", "{\"to\":{\"a\":3,\"b\":0,\"c\":0}}", &in, 1);
    all = output_items(f, &done, "out", &n);
    assert_int_equal(n, 3);
    for (unsigned i = 0; i < 7; i++) {
        const char *id = ost_arena_printf(&f->arena, "i%02u", i);

        if (strcmp(id, all[0].id) != 0)
            set_image(&fewer, set_item(&fewer, id, "q", "a"), "image", 2, 2,
                      i + 1);
    }
    less = finish_set(&fewer, "in");
    done = run_stage(f, "balance", "{\"to\":{\"a\":3}}", &less, 1);
    some = output_items(f, &done, "out", &n_some);
    for (size_t i = 0; i < n_some; i++)
        kept += strcmp(some[i].id, all[1].id) == 0 ||
                strcmp(some[i].id, all[2].id) == 0;
    assert_int_equal(kept, 2);
}

static void balance_skips_numbers_that_are_taken(void **state)
{
    step_fixture *f = *state;
    item_set s = { .f = f };
    ost_step_input in;
    ost_done_msg done;

    set_item(&s, "a", "p", "x");
    set_item(&s, "a#0", "p", "y");
    in = finish_set(&s, "in");
    done = run_stage(f, "balance", "{\"to\":{\"x\":2,\"y\":1}}", &in, 1);
    assert_string_equal(ids_at(f, &done, "out"), "a a#0 a#1");
}

static void balance_goes_by_attribute(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = uneven(f);
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "balance", "{\"attribute\":\"site\",\"to\":\"min\"}",
                     &in, 1);
    output_items(f, &done, "out", &n);
    assert_int_equal(n, 10);
}

static void balance_refuses_what_cannot_be(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = uneven(f);
    ost_done_msg done;

    done = run_stage(f, "balance", "{\"to\":3,\"method\":\"under\"}", &in, 1);
    assert_fails(&done, "class 'c' has 1 items and 3 are wanted: method "
                        "'under' makes no copies");
    done = run_stage(f, "balance", "{\"to\":3,\"method\":\"over\"}", &in, 1);
    assert_fails(&done, "class 'a' has 7 items and 3 are wanted: method "
                        "'over' leaves none out");
    done = run_stage(f, "balance", "{\"to\":{\"a\":1,\"b\":1}}", &in, 1);
    assert_fails(&done, "class 'c' is not in param 'to'");
    done = run_stage(f, "balance",
                     "{\"to\":{\"a\":1,\"b\":1,\"c\":1,\"bb\":2}}", &in, 1);
    assert_fails(&done, "no item is of class 'bb' that param 'to' names (did "
                        "you mean 'b'?)");
    done = run_stage(f, "balance", "{\"attribute\":\"age\"}", &in, 1);
    assert_fails(&done, "item 'i00' has no attribute 'age'");
    in = studies(f);
    done = run_stage(f, "balance", "{}", &in, 1);
    assert_fails(&done, "item 'c' has 2 labels, and classes are balanced by "
                        "one ('relabel' makes one of them)");
    assert_refused(&ost_stage_balance, "{\"to\":\"most\"}",
                   "param 'to': expected \"min\", \"max\", a whole number, or "
                   "an object from class to whole number");
    assert_refused(&ost_stage_balance, "{\"to\":{\"a\":-1}}",
                   "param 'to': of class 'a' it is no whole number");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(relabel_gives_new_names),
        step_test(relabel_says_what_happened),
        step_test(relabel_finds_misspellings),
        step_test(long_numbers_are_said_in_full),
        step_test(a_text_may_hold_several_labels),
        cmocka_unit_test(relabel_refuses_what_makes_no_sense),
        step_test(relabel_refuses_what_is_no_number),
        step_test(balance_makes_exact_counts),
        step_test(balance_copies_keep_group_and_pixels),
        step_test(balance_draws_by_content),
        step_test(balance_skips_numbers_that_are_taken),
        step_test(balance_goes_by_attribute),
        step_test(balance_refuses_what_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
