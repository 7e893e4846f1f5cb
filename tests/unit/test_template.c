/* tests/unit/test_template.c - templates and what they become */
/* links: stages store base kernels */
#include "stages/template.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

const ost_stage *const ost_stages[] = { NULL };

typedef struct fixture {
    ost_arena arena;
    ost_item facts;
    ost_template_names read;
    ost_buf out;
    ost_err err;
} fixture;

static int setup(void **state)
{
    fixture *f = ost_xalloc(sizeof(*f));

    ost_item_set_number(&f->arena, &f->facts, "index", 0.07345);
    ost_item_set_number(&f->arena, &f->facts, "n", 2);
    ost_item_set_number(&f->arena, &f->facts, "nan", (double)NAN);
    ost_item_set_number(&f->arena, &f->facts, "frame10", 10);
    ost_item_set_number(&f->arena, &f->facts, "frame2", 2.5);
    ost_item_set_number(&f->arena, &f->facts, "frame1", 0);
    ost_item_set_text(&f->arena, &f->facts, "sites", "femur|rib|spine");
    ost_item_set_text(&f->arena, &f->facts, "one", "rib");
    ost_item_set_text(&f->arena, &f->facts, "empty", "");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    ost_vec_release(&f->read);
    ost_buf_release(&f->out);
    ost_arena_release(&f->arena);
    ost_free(f);
    return 0;
}

static ost_rc fill(fixture *f, const char *text)
{
    const ost_file file = { "t.txt", text, strlen(text) };
    const ost_template *t;
    ost_rc rc;

    ost_buf_reset(&f->out);
    f->read.len = 0;
    f->err = (ost_err){ 0 };
    rc = ost_template_parse(&file, &f->arena, &t, &f->err);
    return rc ? rc
              : ost_template_render(t, &f->facts, &f->arena, &f->read, &f->out,
                                    &f->err);
}

static void becomes(fixture *f, const char *text, const char *wanted)
{
    assert_ok(fill(f, text), &f->err);
    assert_string_equal(ost_buf_str(&f->out), wanted);
}

static void fails(fixture *f, ost_rc rc, const char *text, const char *message)
{
    assert_int_equal(fill(f, text), rc);
    assert_string_equal(f->err.text, message);
}

static void numbers_are_told_as_asked(void **state)
{
    fixture *f = *state;

    becomes(f, "{{index}} {{ n }}", "0.07345 2");
    becomes(f, "{{index decimals=3}}", "0.073");
    becomes(f, "{{index decimals=\"2\" point=\",\"}} {{n point=\",\"}}",
            "0,07 2");
    becomes(f, "{{index point=\"·\"}}", "0·07345");
    becomes(f, "({{frame* decimals=1 list=\"; \"}})", "(0.0; 2.5; 10.0)");
}

static void lists_are_told_as_asked(void **state)
{
    fixture *f = *state;

    becomes(f, "{{sites}}", "femur, rib, spine");
    becomes(f, "{{sites list=\"/\"}}", "femur/rib/spine");
    becomes(f, "{{sites last=\" und \"}} {{one last=\" und \"}}",
            "femur, rib und spine rib");
    /* A dictionary has an order, and all that is said. */
    becomes(f,
            "{{words w spine=\"Wirbel\" rib=\"Rippen\" femur=\"Femur\"}}\n"
            "{{sites words=w}} {{one words=w}}",
            "Wirbel, Rippen, Femur Rippen");
    becomes(f, "{{words w \"rib\"=rib}}{{one words=w}}", "rib");
    fails(f, OST_EINPUT, "{{words w spine=\"a\" femur=\"b\"}}{{sites words=w}}",
          "t.txt:1:32: the dictionary 'w' has no 'rib'");
}

static void conditions_decide(void **state)
{
    fixture *f = *state;

    becomes(f, "{{if n}}a{{end}}{{if empty}}b{{end}}{{if x}}c{{end}}", "a");
    becomes(f, "{{if not x}}a{{end}}{{if not n}}b{{else}}c{{end}}", "ac");
    becomes(f,
            "{{if n = 2}}a{{end}}{{if n!=2}}b{{end}}{{if n<2}}c{{end}}"
            "{{if n <= 2}}d{{end}}{{if n>1.5}}e{{end}}{{if n>=3}}f{{end}}",
            "ade");
    becomes(f, "{{if one = \"rib\"}}a{{end}}{{if one != \"rib\"}}b{{end}}",
            "a");
    becomes(f,
            "{{if sites has \"rib\"}}a{{end}}{{if sites has \"ri\"}}b{{end}}",
            "a");
    becomes(f,
            "{{if count sites = 3}}a{{end}}{{if count one > 1}}b{{end}}"
            "{{if count n = 1}}c{{end}}",
            "ac");
    becomes(f, "{{if x and x > 3}}a{{elif n and n > 1}}b{{else}}c{{end}}", "b");
    becomes(f, "{{if x}}a{{elif empty}}b{{else}}c{{if n}}d{{end}}{{end}}",
            "cd");
}

static void lines_of_tags_are_no_lines(void **state)
{
    fixture *f = *state;

    becomes(f,
            "a\n{{! a \"remark }}\n  {{if n}}  \r\nb\n{{else}}\nc\n{{end}}\nd",
            "a\nb\nd");
    becomes(f, "a {{if n}}\nb{{end}}\n", "a \nb\n");
    becomes(f, "{{if x}}\nb\n{{end}}\n", "");
    becomes(f, "{{n}}\n", "2\n");
    becomes(f, "\xef\xbb\xbf{{\"{{\"}}n{{\"}}\"}}\n", "{{n}}\n");
    becomes(f, "{{\"a\\n\\\"\\\\\"}}", "a\n\"\\");
    becomes(f, "", "");
}

/* Nothing is made up: without a value there is no text. */
static void missing_values_fail_or_leave_out(void **state)
{
    fixture *f = *state;

    fails(f, OST_EINPUT, "é {{site}}.",
          "t.txt:1:3: there is no 'site' (did you mean 'sites'?)");
    fails(f, OST_EINPUT, "\n {{if count other > 1}}a{{end}}",
          "t.txt:2:7: there is no 'other'");
    fails(f, OST_EINPUT, "{{empty}}", "t.txt:1:1: there is no 'empty'");
    fails(f, OST_EINPUT, "{{x*}}", "t.txt:1:1: there is no 'x*'");
    becomes(f, "a{{optional}} b {{n}} {{x}}{{end}} c", "a c");
    becomes(f, "a{{optional}} b {{n}}{{optional}}{{x}}{{end}}{{end}}", "a b 2");
    assert_int_equal(f->read.len, 1);
    fails(f, OST_EINPUT, "{{optional}}{{nan}}{{end}}",
          "t.txt:1:13: no number can be told of 'nan'");
    fails(f, OST_EINPUT, "{{sites decimals=2}}",
          "t.txt:1:1: no number is in 'sites'");
    fails(f, OST_EINPUT, "{{if sites > 2}}{{end}}",
          "t.txt:1:6: no number is in 'sites'");
    fails(f, OST_EINPUT, "{{if n = \"2\"}}{{end}}",
          "t.txt:1:6: no text is in 'n'");
}

static void what_is_read_is_listed(void **state)
{
    fixture *f = *state;

    becomes(f, "{{if n > 5}}{{one}}{{else}}{{sites}}{{frame*}}{{end}}",
            "femur, rib, spine0, 2.5, 10");
    assert_int_equal(f->read.len, 5);
    assert_string_equal(f->read.data[0], "n");
    assert_string_equal(f->read.data[1], "sites");
    assert_string_equal(f->read.data[2], "frame1");
    assert_string_equal(f->read.data[4], "frame10");
}

static void wrong_templates_say_where(void **state)
{
    static const char *const cases[][2] = {
        { "a\n {{n", "2:2: the tag has no end" },
        { "{{}}", "1:3: here a name is missing" },
        { "{{n \"a}}", "1:1: the tag has no end" },
        { "{{\"a\\x\"}}", "1:5: after \\ comes \", \\ or n" },
        { "{{n decimal=2}}",
          "1:5: did you mean 'decimals'? there is no option 'decimal'" },
        { "{{n decimals=x}}",
          "1:5: decimals are a number from 0 to 15, and not 'x'" },
        { "{{n decimals 2}}", "1:14: here a = is missing" },
        { "{{n list=}}", "1:10: here a value is missing" },
        { "{{n words=w}}", "1:5: above this there is no dictionary 'w'" },
        { "{{words w =}}", "1:11: here a word is missing" },
        { "{{if}}{{end}}", "1:5: here a name is missing" },
        { "{{if n = }}{{end}}",
          "1:10: a number, or a text in quotes, is expected" },
        { "{{if n > \"2\"}}{{end}}", "1:10: a number is expected" },
        { "{{if n has 2}}{{end}}", "1:12: a word in quotes is expected" },
        { "{{if count n}}{{end}}", "1:13: 'count' is compared with a number" },
        { "{{if n or n}}{{end}}", "1:8: this does not belong here: 'or'" },
        { "{{if n}}{{else}}", "1:1: 'if' has no 'end'" },
        { "{{if n}}{{else}}{{elif n}}{{end}}",
          "1:17: behind 'else' comes 'end', and not 'elif'" },
        { "{{optional}}", "1:1: 'optional' has no 'end'" },
        { "{{optional}}{{else}}",
          "1:13: behind 'optional' comes 'end', and not 'else'" },
        { "a{{end}}", "1:2: nothing is open here for 'end'" },
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char message[200];

        (void)snprintf(message, sizeof(message), "t.txt:%s", cases[i][1]);
        fails(f, OST_EWORKFLOW, cases[i][0], message);
    }
}

static void depth_has_an_end(void **state)
{
    fixture *f = *state;
    ost_buf text = { 0 };

    for (int i = 0; i < 31; i++)
        ost_buf_adds(&text, "{{if n}}");
    ost_buf_adds(&text, "x");
    for (int i = 0; i < 31; i++)
        ost_buf_adds(&text, "{{end}}");
    becomes(f, ost_buf_str(&text), "x");
    ost_buf_reset(&text);
    for (int i = 0; i < 100000; i++)
        ost_buf_adds(&text, "{{if n}}");
    fails(f, OST_EWORKFLOW, ost_buf_str(&text),
          "t.txt:1:249: tags lie too deep in each other");
    ost_buf_release(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(numbers_are_told_as_asked),
        TEST(lists_are_told_as_asked),
        TEST(conditions_decide),
        TEST(lines_of_tags_are_no_lines),
        TEST(missing_values_fail_or_leave_out),
        TEST(what_is_read_is_listed),
        TEST(wrong_templates_say_where),
        TEST(depth_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
