/* tests/unit/test_report_tables.c - published numbers beside one's own */
/* links: engine stages store base */
#include "base/alloc.h"
#include "engine/report_table.h"
#include "stages/report_tables.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* JSON with ' for ". */
static json_t *parsed(const char *text)
{
    char *copy = ost_xstrdup(text);
    json_t *v;

    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    v = json_loads(copy, JSON_DECODE_ANY, NULL);
    ost_free(copy);
    assert_non_null(v);
    return v;
}

static const char metrics[] =
    "[{'name': 'ours', 'axes': {'site': 'a'}, 'document': {"
    "'pooled': {'auc': 0.93, 'f1': {'value': null, 'reason': 'no positives'},"
    " 'n_items': 54, 'intervals': {'auc': {'lo': 0.9, 'hi': 0.96}}},"
    "'folds': [{'fold': 3, 'auc': 0.5}, {'fold': 4, 'auc': 0.75}],"
    "'summary': {'auc': {'mean': 0.6, 'std': 0.1}},"
    "'arms': [{'name': 'resnet', 'auc': 0.8}]}},"
    "{'name': 'ours', 'axes': {'site': 'b'}, 'document': {'pooled': "
    "{'auc': 0.25}}}]";

/* The one cell that is looked up, in the words of its table. */
static void looks_up(const char *cell, const char *expected)
{
    ost_buf table = { 0 };
    json_t *tables, *filled, *all = parsed(metrics), *want = parsed(expected);
    ost_err err = { 0 };
    size_t missing;
    json_t *found;

    ost_buf_addf(&table, "[{'columns': ['a'], 'rows': [[%s]]}]", cell);
    tables = parsed(ost_buf_str(&table));
    assert_ok(ost_report_tables_check(tables, &err), &err);
    filled = ost_report_tables_fill(tables, all, &missing);
    found = json_array_get(
        json_array_get(json_object_get(json_array_get(filled, 0), "rows"), 0),
        0);
    if (!json_equal(found, want))
        fail_msg("%s gives %s, not %s", cell,
                 json_dumps(found, JSON_ENCODE_ANY), expected);
    assert_int_equal(missing, json_object_get(found, "missing") ? 1 : 0);
    ost_buf_release(&table);
    json_decref(tables);
    json_decref(filled);
    json_decref(all);
    json_decref(want);
}

static void members_are_found_by_their_path(void **state)
{
    (void)state;
    looks_up("'88.62 %'", "'88.62 %'");
    looks_up("0.91", "0.91");
    looks_up("{'at': 'pooled.n_items', 'as': 'count'}",
             "{'as': 'count', 'value': 54}");
    looks_up("{'at': 'pooled.auc', 'as': 'interval', 'digits': 2}",
             "{'as': 'interval', 'digits': 2, 'lo': 0.9, 'hi': 0.96, "
             "'value': 0.93}");
    looks_up("{'at': 'folds[1].auc'}", "{'as': 'number', 'value': 0.75}");
    looks_up("{'at': 'folds[fold=3].auc'}", "{'as': 'number', 'value': 0.5}");
    looks_up("{'at': 'arms[name=resnet].auc', 'as': 'percent'}",
             "{'as': 'percent', 'value': 0.8}");
    looks_up("{'at': 'summary.auc.mean', 'as': 'p'}",
             "{'as': 'p', 'value': 0.6}");
    looks_up("{'at': 'summary.auc', 'as': 'mean_sd'}",
             "{'as': 'mean_sd', 'value': 0.6, 'std': 0.1}");
    looks_up("{'at': 'arms[0].name', 'as': 'text'}", "'resnet'");
}

static void documents_are_chosen_by_name_index_and_axes(void **state)
{
    (void)state;
    looks_up("{'metrics': 'ours', 'at': 'pooled.auc'}",
             "{'as': 'number', 'value': 0.93}");
    looks_up("{'metrics': 1, 'at': 'pooled.auc'}",
             "{'as': 'number', 'value': 0.25}");
    looks_up("{'metrics': 'ours', 'where': {'site': 'b'}, 'at': 'pooled.auc'}",
             "{'as': 'number', 'value': 0.25}");
}

static void what_is_not_there_is_missing_with_a_reason(void **state)
{
    (void)state;
    looks_up("{'at': 'pooled.dice'}",
             "{'missing': 'pooled.dice: not in the metrics'}");
    looks_up("{'at': 'pooled.f1'}", "{'missing': 'pooled.f1: no positives'}");
    looks_up("{'at': 'pooled'}", "{'missing': 'pooled: not a number'}");
    looks_up("{'at': 'folds[7].auc'}",
             "{'missing': 'folds[7].auc: not in the metrics'}");
    looks_up("{'at': 'folds[fold=3'}",
             "{'missing': 'folds[fold=3: not in the metrics'}");
    looks_up("{'metrics': 'theirs', 'at': 'pooled.auc'}",
             "{'missing': 'pooled.auc: the report has no such metrics'}");
}

static void what_is_no_table_is_refused_by_its_place(void **state)
{
    static const char *const cases[][2] = {
        { "7", "param 'tables': expected a list of tables" },
        { "[3]", "table 1 is no object with 'columns' and 'rows'" },
        { "[{'columns': [], 'rows': []}]",
          "table 1: 'columns' is a list of texts" },
        { "[{'columns': ['a'], 'rows': 1}]", "'rows' is a list of lists" },
        { "[{'columns': ['a'], 'rows': [['x', 'y']]}]",
          "row 1 has 2 cells for 1 columns" },
        { "[{'columns': ['a'], 'rows': [], 'titel': 'x'}]",
          "table 1: unknown word 'titel' (did you mean 'title'?)" },
        { "[{'columns': ['a'], 'rows': [], 'note': 3}]", "'note' is a text" },
        { "[{'columns': ['a'], 'rows': [[true]]}]",
          "cell 1: a cell is a text" },
        { "[{'columns': ['a'], 'rows': [[{}]]}]", "'at' is the path" },
        { "[{'columns': ['a'], 'rows': [[{'at': 'x', 'as': 'y'}]]}]",
          "'as' is one of" },
        { "[{'columns': ['a'], 'rows': [[{'at': 'x', 'digits': 17}]]}]",
          "'digits' is a number from 0 to 9" },
        { "[{'columns': ['a'], 'rows': [[{'at': 'x', 'metrics': -1}]]}]",
          "'metrics' is the name or the index" },
        { "[{'columns': ['a'], 'rows': [[{'at': 'x', 'where': 'site'}]]}]",
          "'where' is an object" },
        { "[{'columns': ['a'], 'rows': [[{'at': 'x', 'metrix': 0}]]}]",
          "row 1: cell 1: unknown word 'metrix' (did you mean 'metrics'?)" },
    };
    ost_err err = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *tables = parsed(cases[i][0]);

        assert_int_equal(ost_report_tables_check(tables, &err), OST_EWORKFLOW);
        if (!strstr(err.text, cases[i][1]))
            fail_msg("%s: %s", cases[i][0], err.text);
        json_decref(tables);
    }
    assert_int_equal(ost_report_tables_check(NULL, &err), OST_OK);
}

/* --- words of numbers ---------------------------------------------------- */

static void numbers_are_written_for_people(void **state)
{
    static const struct {
        double v;
        int digits;
        bool percent;
        const char *text;
    } cases[] = {
        { 0.88617, 2, true, "88.62\xe2\x80\xaf%" },
        { -0.5, 3, false,
          "\xe2\x88\x92"
          "0.500" },
        { -0.0001, 3, false, "0.000" },
        { 54, 0, false, "54" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ost_buf text = { 0 };

        ost_number_text(&text, cases[i].v, cases[i].digits, cases[i].percent);
        assert_string_equal(ost_buf_str(&text), cases[i].text);
        ost_buf_release(&text);
    }
}

static void a_table_escapes_what_it_shows(void **state)
{
    ost_arena arena = { 0 };
    ost_report_table *t = ost_table_new(&arena, "x", "<T>");
    json_t *interval = parsed("{'lower': -0.25, 'upper': 0.5}");
    json_t *v = json_real(0.125);
    ost_buf html = { 0 };

    (void)state;
    ost_table_column(t, "a&b", OST_COLUMN_TEXT);
    ost_table_column(t, "c", OST_COLUMN_MINOR);
    ost_table_row(t, "mean");
    ost_table_text(t, "<i>");
    ost_table_interval(t, v, interval, 2, false);
    ost_table_text(t, "one too many");
    ost_table_row(t, "");
    ost_table_missing(t, "\"why\"");
    ost_table_html(&html, t);
    assert_non_null(strstr(ost_buf_str(&html), "<h3>&lt;T&gt;</h3>"));
    assert_non_null(strstr(ost_buf_str(&html), ">a&amp;b</th>"));
    assert_non_null(strstr(ost_buf_str(&html), "<tr class=\"mean\">"));
    assert_non_null(strstr(ost_buf_str(&html), "0.12 <small>\xe2\x88\x92"
                                               "0.25 to 0.50</small>"));
    assert_non_null(strstr(ost_buf_str(&html), "title=\"&quot;why&quot;\""));
    assert_null(strstr(ost_buf_str(&html), "one too many"));
    ost_buf_release(&html);
    json_decref(interval);
    json_decref(v);
    ost_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found_by_their_path),
        cmocka_unit_test(documents_are_chosen_by_name_index_and_axes),
        cmocka_unit_test(what_is_not_there_is_missing_with_a_reason),
        cmocka_unit_test(what_is_no_table_is_refused_by_its_place),
        cmocka_unit_test(numbers_are_written_for_people),
        cmocka_unit_test(a_table_escapes_what_it_shows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
