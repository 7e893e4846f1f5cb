/* tests/unit/test_report_formats.c - a report as text, tables and figures */
/* links: engine store base */
#include "base/json.h"
#include "engine/report.h"
#include "engine/report_figure.h"
#include "engine/report_png.h"
#include "store/artifact.h"
#include "tests/support/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

typedef struct fixture {
    ost_store *store;
    ost_batch *batch;
    ost_report_files files;
} fixture;

static int setup(void **state)
{
    fixture *f = ost_xalloc(sizeof(*f));

    f->store = new_store("store");
    f->batch = ost_batch_new(f->store);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    ost_report_files_release(&f->files);
    ost_batch_free(f->batch);
    ost_store_close(f->store);
    ost_free(f);
    return 0;
}

static const char document[] =
    "{\"title\": \"50 % of_all & <more>\", \"statement\": \"Phantoms only.\","
    "\"metrics\": [{\"name\": null, \"axes\": {}, \"document\": {\"classes\": "
    "[\"a|b\", \"c_d\"], \"positive\": \"c_d\", \"threshold\": 0.5, \"by\": "
    "\"fold\", \"pooled\": {\"n_items\": 4, \"n_groups\": 4, \"n_positive\": 2,"
    "\"auc\": 0.875, \"recall\": 0.5, \"specificity\": 1, \"precision\": 1, "
    "\"intervals\": {\"auc\": {\"lo\": 0.5, \"hi\": 1}}, "
    "\"roc\": {\"fpr\": [0, 0.5, 1], \"tpr\": [0.5, 1, 1]}, "
    "\"pr\": {\"recall\": [1, 0.5, 0], \"precision\": [0.5, 1, 1]}, "
    "\"calibration\": {\"ece\": 0.125, \"bins\": [{\"lower\": 0, \"upper\": "
    "0.5, \"n\": 3, \"score\": 0.25, \"observed\": 0.5}]}, "
    "\"confusion\": [[2, 0], [1, 1]]}, \"folds\": [{\"fold\": 0, "
    "\"confusion\": "
    "[[2, 0], [1, 0]]}, {\"fold\": 1, \"confusion\": [[0, 0], [0, 1]]}], "
    "\"summary\": {}}}]}";

static void writes_of(fixture *f, const char *meta, ost_report_format format)
{
    ost_artifact a = { .type = OST_REPORT, .meta = meta };
    ost_err err = { 0 };
    ost_digest d;

    ost_report_files_release(&f->files);
    assert_ok(ost_artifact_put(f->batch, &a, &d, &err), &err);
    assert_ok(ost_report_write(f->batch, &d, NULL, format, &f->files, &err),
              &err);
}

static void writes(fixture *f, ost_report_format format)
{
    writes_of(f, document, format);
}

static const char *file_named(fixture *f, const char *name)
{
    for (size_t i = 0; i < f->files.len; i++)
        if (strcmp(f->files.data[i].name, name) == 0)
            return ost_buf_str(&f->files.data[i].content);
    fail_msg("there is no file %s", name);
    return "";
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in:\n%s", part, text);
}

static void markdown_escapes_what_would_be_markup(void **state)
{
    fixture *f = *state;
    const char *text;

    writes(f, OST_REPORT_MARKDOWN);
    assert_int_equal(f->files.len, 1);
    text = file_named(f, "report.md");
    has(text, "# 50 % of\\_all & \\<more\\>\n");
    has(text, "Phantoms only.");
    has(text, "Positive is *c\\_d*, called from a score of 0.5.");
    has(text, "| a\\|b | 2 | 0 |");
    has(text, "- Pooled: 0.875 (0.500\xe2\x80\x93"
              "1.000)\n");
    assert_null(strstr(text, "<p"));
}

static void tables_are_files_with_all_digits(void **state)
{
    fixture *f = *state;
    const char *text;

    writes(f, OST_REPORT_CSV);
    text = file_named(f, "numbers.csv");
    has(text, ",Images,Patients,Positive,AUC,AUC lower,AUC upper,Sensitivity,"
              "Specificity,PPV\n");
    has(text, "Pooled,4,4,2,0.875,0.5,1,0.5,1,1\n");
    has(file_named(f, "confusion.csv"), "\"is, called\",a|b,c_d\na|b,2,0\n");
    has(file_named(f, "confusion-by-part.csv"),
        ",True positive,False negative,False positive,True negative\n"
        "fold 0,0,1,0,2\nfold 1,1,0,0,0\n");
    has(file_named(f, "calibration.csv"), "0,0.5,3,0.25,0.5\n");
}

static void latex_is_escaped(void **state)
{
    fixture *f = *state;

    writes(f, OST_REPORT_LATEX);
    has(file_named(f, "confusion.tex"),
        "\\toprule\nis, called & a\\textbar{}b & c\\_d \\\\\n\\midrule\n");
    has(file_named(f, "numbers.tex"), "0.875 (0.500--1.000)");
}

/* What the run knows stands there, the rest is open; no marks of pages. */
static void check_items(const json_t *items)
{
    size_t known = 0, n = json_array_size(items);

    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(items, i);
        const json_t *words = json_object_get(one, "known");

        assert_true(json_string_length(json_object_get(one, "asked")) > 0);
        assert_true(json_is_string(words) || json_is_null(words));
        known += json_is_string(words);
        for (const char *c = json_string_value(words); c && *c; c++)
            assert_true((unsigned char)*c >= ' ');
    }
    assert_true(known > 3 && known < n);
}

static void json_holds_the_checklists(void **state)
{
    fixture *f = *state;
    json_t *all, *lists;

    writes(f, OST_REPORT_JSON);
    all = json_loads(file_named(f, "report.json"), 0, NULL);
    lists = json_object_get(all, "checklists");
    assert_int_equal(json_array_size(lists), 2);
    for (size_t i = 0; i < 2; i++)
        check_items(json_object_get(json_array_get(lists, i), "items"));
    json_decref(all);
}

static void json_holds_the_whole_document(void **state)
{
    fixture *f = *state;
    json_t *all, *report;

    writes(f, OST_REPORT_JSON);
    all = json_loads(file_named(f, "report.json"), 0, NULL);
    report = json_loads(document, 0, NULL);
    assert_non_null(all);
    assert_true(json_equal(json_object_get(all, "report"), report));
    json_decref(all);
    json_decref(report);
}

static void figures_stand_alone(void **state)
{
    static const char *const names[] = { "roc.svg", "precision-recall.svg",
                                         "calibration.svg", "confusion.svg" };
    fixture *f = *state;

    writes(f, OST_REPORT_FIGURES);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *text = file_named(f, names[i]);

        has(text, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
        has(text, "</svg>");
        assert_null(strstr(text, "var(--"));
        assert_null(strstr(text, "href"));
    }
    has(file_named(f, "roc.svg"), "Pooled, from a score of 0.5");
}

/* The libraries behind pictures have threads of their own, whose locks the
 * thread sanitizer does not see: they were not built for it. */
static void a_figure_becomes_a_picture(void **state)
{
    static const unsigned char signature[] = { 0x89, 'P', 'N', 'G' };
    const char *sanitize = getenv("OSTEON_SANITIZE");
    fixture *f = *state;
    ost_buf png = { 0 };
    ost_err err = { 0 };
    ost_rc rc;

    if (sanitize && strstr(sanitize, "thread"))
        skip();
    writes(f, OST_REPORT_FIGURES);
    rc = ost_report_png(&f->files.data[0].content, 1, &png, &err);
    if (rc == OST_EUNSUPPORTED) {
        has(err.text, "librsvg2-2");
        skip();
    }
    assert_ok(rc, &err);
    assert_true(png.len > 1000);
    assert_memory_equal(png.data, signature, sizeof(signature));
    ost_buf_reset(&png);
    ost_buf_reset(&f->files.data[0].content);
    ost_buf_adds(&f->files.data[0].content, "<svg width=\"9\" height=\"9\"");
    assert_int_equal(ost_report_png(&f->files.data[0].content, 1, &png, &err),
                     OST_EINPUT);
    ost_buf_release(&png);
}

/* What other kinds of metrics become. */
static void each_kind_has_its_tables(void **state)
{
    static const char kinds[] =
        "{\"metrics\": [{\"name\": \"c\", \"document\": {\"kind\": "
        "\"comparison\", \"baseline\": \"old\", \"correction\": \"holm\", "
        "\"arms\": [{\"name\": \"old\", \"n_items\": 9, \"auc\": 0.5}, "
        "{\"name\": \"new\", \"n_items\": 9, \"auc\": 0.75}], \"tests\": "
        "[{\"a\": \"new\", \"b\": \"old\", \"metric\": \"auc\", \"test\": "
        "\"delong\", \"difference\": 0.25, \"lower\": 0.125, \"upper\": 0.5, "
        "\"p\": 0.00001, \"p_adjusted\": 0.03, \"n\": 9}]}}, {\"name\": "
        "\"a\", \"document\": {\"kind\": \"audit\", \"summary\": {\"n\": 2, "
        "\"consistent\": 1, \"infeasible\": 1}, \"verdicts\": [{\"claim\": "
        "\"x\", \"rule\": \"whole_counts\", \"verdict\": \"infeasible\", "
        "\"reason\": \"no count\"}]}}]}";
    fixture *f = *state;
    const char *text;

    writes_of(f, kinds, OST_REPORT_MARKDOWN);
    text = file_named(f, "report.md");
    has(text, "## Comparison");
    has(text, "| AUC | delong | new | old | 0.250 (0.125\xe2\x80\x93"
              "0.500) | \\< 0.0001 | 0.0300 | 9 |");
    has(text, "Of 2 checks 1 consistent, 0 plausible, 0 undecided, **1 "
              "infeasible**.");
    has(text, "| x |  | Whole counts | infeasible | no count |");
    writes_of(f, kinds, OST_REPORT_FIGURES);
    has(file_named(f, "c-differences.svg"), ">new \xe2\x88\x92 old</text>");
}

static void masks_and_made_images_have_theirs(void **state)
{
    static const char kinds[] =
        "{\"metrics\": [{\"name\": \"m\", \"document\": {\"kind\": \"masks\", "
        "\"by\": \"fold\", \"unit\": \"mm\", \"folds\": [{\"fold\": 0, "
        "\"n_items\": 2, \"dice\": 0.5}], \"pooled\": {\"n_items\": 4, "
        "\"dice\": 0.75, \"intervals\": {\"dice\": {\"lo\": 0.5, \"hi\": "
        "0.9}}, \"dice_variants\": {\"with_reference\": {\"n\": 3, \"value\": "
        "0.8}}}, \"items\": [{\"id\": \"good\", \"dice\": 0.9}, {\"id\": "
        "\"bad\", \"dice\": 0.1}, {\"id\": \"none\", \"dice\": {\"value\": "
        "null, \"reason\": \"empty\"}}]}}, {\"name\": \"g\", \"document\": "
        "{\"kind\": \"images\", \"fid\": 12.5, \"dims\": 64, \"kid\": "
        "{\"value\": 0.03125, \"subsets\": {\"n\": 100, \"size\": 50, "
        "\"mean\": 0.03, \"std\": 0.001}}, \"memorization\": {\"against\": "
        "\"training\", \"quantile\": 0.01, \"pixels\": {\"n\": 8, "
        "\"n_identical\": 1, \"n_below\": 2, \"share\": 0.25, \"nearest\": "
        "[{\"generated\": \"new\", \"learned\": \"old\", \"distance\": 0}]}}}"
        "}]}";
    fixture *f = *state;
    const char *text;

    writes_of(f, kinds, OST_REPORT_MARKDOWN);
    text = file_named(f, "report.md");
    has(text, "| Pooled | 4 |  | 0.750 (0.500\xe2\x80\x93"
              "0.900) |");
    has(text, "| Images with a reference | 3 | 0.800 |");
    has(text, "| bad |  | 0.100 |");
    assert_true(strstr(text, "| bad |") < strstr(text, "| good |"));
    assert_null(strstr(text, "| none |"));
    has(text, "| FID | 12.500 |");
    has(text, "| KID over 100 subsets of 50 images | 0.03000 \xc2\xb1");
    has(text, "| pixels | 8 | 1 | 2 | 0.250 |");
    has(text, "| new | old | 0.0000 |");
}

static void a_correlation_is_a_scatter_with_its_numbers(void **state)
{
    static const char kinds[] =
        "{\"metrics\": [{\"document\": {\"kind\": \"correlation\", \"x\": "
        "\"uptake <a>\", \"y\": \"score\", \"points\": [[1, 2], [3, null], [4, "
        "8]], \"pooled\": {\"n_items\": 3, \"pearson_r\": 0.5, \"pearson_p\": "
        "0.25, \"intervals\": {\"pearson_r\": {\"lo\": -0.25, \"hi\": "
        "0.75}}}}}]}";
    fixture *f = *state;
    const char *text, *dot;
    int dots = 0;

    writes_of(f, kinds, OST_REPORT_FIGURES);
    text = file_named(f, "correlation.svg");
    has(text, ">uptake &lt;a&gt;</text>");
    for (dot = text; (dot = strstr(dot, "<circle")) != NULL; dot++)
        dots++;
    assert_int_equal(dots, 2);
    writes_of(f, kinds, OST_REPORT_CSV);
    has(file_named(f, "correlations.csv"),
        "\"Pearson, about a line\",0.5,-0.25,0.75,0.25\n");
}

static void checklists_say_what_is_known_and_what_is_open(void **state)
{
    fixture *f = *state;

    writes(f, OST_REPORT_CSV);
    has(file_named(f, "tripod-ai.csv"),
        "23a,\"Performance: estimates with intervals, also of key "
        "sub-groups\",AUC 0.875 (0.500\xe2\x80\x93"
        "1.000); all numbers are on this page\n");
    has(file_named(f, "tripod-ai.csv"), "17,Ethics: approval and consent,open");
    has(file_named(f, "claim.csv"), "42,Other: funding and the role of "
                                    "funders,open\n");
}

/* Names come from data: none of them commands what reads a file. */
static void names_command_nothing(void **state)
{
    static const char hostile[] =
        "{\"metrics\": [{\"name\": \"../x\", \"document\": {\"classes\": "
        "[\"=1+1\", \"[2pt]\", \"*\", \"-1\", \"@a,b\", \"&lt;~\"], "
        "\"pooled\": {\"confusion\": [[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0],"
        "[0, 0, 1, 0, 0, 0], [0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 1, 0], "
        "[0, 0, 0, 0, 0, 1]]}}}, {\"name\": \"b c\", \"document\": "
        "{\"classes\": [\"n\"], \"pooled\": {\"confusion\": [[1]]}}}, "
        "{\"name\": \"b-c\", \"document\": {\"classes\": [\"n\"], "
        "\"pooled\": {\"confusion\": [[2]]}}}]}";
    fixture *f = *state;
    const char *text;

    writes_of(f, hostile, OST_REPORT_CSV);
    text = file_named(f, "metrics1-confusion.csv");
    has(text, "\"is, called\",'=1+1,[2pt],*,-1,\"'@a,b\",&lt;~\n'=1+1,1,");
    has(text, "\n-1,0,0,0,1,0,0\n\"'@a,b\",0,");
    has(file_named(f, "b-c-confusion.csv"), "n,1\n");
    has(file_named(f, "b-c-confusion-2.csv"), "n,2\n");
    writes_of(f, hostile, OST_REPORT_LATEX);
    text = file_named(f, "metrics1-confusion.tex");
    has(text, "\\\\\n{[}2pt{]} & 0 & 1");
    has(text, "\\\\\n{*} & 0 & 0 & 1");
    writes_of(f, hostile, OST_REPORT_MARKDOWN);
    has(file_named(f, "report.md"), "| \\&lt;\\~ | 0 ");
}

static void texts_are_cut_to_the_room_they_have(void **state)
{
    ost_arena arena = { 0 };
    const char *cut;

    (void)state;
    assert_string_equal(ost_text_fit(&arena, "short", 12, 100), "short");
    cut = ost_text_fit(&arena, "a very long name of a class", 12, 100);
    assert_true(ost_text_width(cut, 12) <= 100);
    has(cut, "a very");
    has(cut, "\xe2\x80\xa6");
    assert_true(ost_text_width("\xe9\xaa\xa8\xe9\xaa\xa8", 10) >= 20);
    ost_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(markdown_escapes_what_would_be_markup,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(tables_are_files_with_all_digits, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(latex_is_escaped, setup, teardown),
        cmocka_unit_test_setup_teardown(json_holds_the_checklists, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(json_holds_the_whole_document, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(figures_stand_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_figure_becomes_a_picture, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(each_kind_has_its_tables, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(masks_and_made_images_have_theirs,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_correlation_is_a_scatter_with_its_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(
            checklists_say_what_is_known_and_what_is_open, setup, teardown),
        cmocka_unit_test_setup_teardown(names_command_nothing, setup, teardown),
        cmocka_unit_test(texts_are_cut_to_the_room_they_have),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
