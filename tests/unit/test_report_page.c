/* tests/unit/test_report_page.c - a report document as a page */
/* links: engine store base */
#include "base/fs.h"
#include "base/json.h"
#include "engine/report.h"
#include "engine/report_layout.h"
#include "store/artifact.h"
#include "tests/support/fixture.h"

#include <math.h>
#include <stdlib.h>

#include "base/banned.h"

/* JSON with ' for ". */
static const char *quoted(fixture *f, const char *text)
{
    char *copy = ost_arena_strdup(&f->arena, text);

    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    return copy;
}

static const char *render_exact(fixture *f, const char *meta,
                                const ost_run_record *run)
{
    static const unsigned char png[] = { 0x89, 'P', 'N', 'G' };
    ost_ref refs[2] = { { .name = "picture.0", .size = sizeof(png) },
                        { .name = "overlay.0", .size = sizeof(png) } };
    ost_artifact a = { .type = OST_REPORT, .refs = refs, .n_refs = 2 };
    ost_buf html = { 0 };
    ost_err err = { 0 };
    ost_digest d;
    char *text;

    a.meta = meta;
    assert_ok(
        ost_batch_put_blob(f->batch, png, sizeof(png), &refs[0].digest, &err),
        &err);
    refs[1].digest = refs[0].digest;
    assert_ok(ost_artifact_put(f->batch, &a, &d, &err), &err);
    assert_ok(ost_report_render(f->batch, &d, run, &html, &err), &err);
    text = ost_arena_strndup(&f->arena, ost_buf_str(&html), html.len);
    ost_buf_release(&html);
    return text;
}

static const char *render(fixture *f, const char *meta,
                          const ost_run_record *run)
{
    return render_exact(f, quoted(f, meta), run);
}

/* In a format, which is then thrown away. */
static void write_as(fixture *f, const char *meta, const ost_run_record *run,
                     ost_report_format format)
{
    ost_artifact a = { .type = OST_REPORT, .meta = quoted(f, meta) };
    ost_report_files files = { 0 };
    ost_err err = { 0 };
    ost_digest d;

    assert_ok(ost_artifact_put(f->batch, &a, &d, &err), &err);
    assert_ok(ost_report_write(f->batch, &d, run, format, &files, &err), &err);
    ost_report_files_release(&files);
}

static void has(const char *page, const char *text)
{
    if (!strstr(page, text))
        fail_msg("the page lacks: %s", text);
}

static void has_not(const char *page, const char *text)
{
    if (strstr(page, text))
        fail_msg("the page has: %s", text);
}

#define SET                                                                 \
    "'n_items': 1200, 'n_groups': 600, 'n_positive': 2, 'n_negative': 2, "  \
    "'accuracy': 0.75, 'precision': 1, 'recall': 0.5, 'specificity': 1, "   \
    "'f1': {'value': null, 'reason': 'zero denominator'}, "                 \
    "'roc': {'fpr': [0, 0, 0.5, 1], 'tpr': [0, 0.5, 1, 1], "                \
    "'threshold': ['inf', 0.9, 0.4, 0.1]}, 'confusion': [[2, 0], [1, 1]], " \
    "'intervals': {'auc': {'lo': 0.701, 'hi': 0.999}, "                     \
    "'recall': {'value': null, 'reason': 'none'}}"

static const char two_folds[] =
    "{'title': null, 'study': {'n_items': 1200, 'n_groups': 600, 'n_parts': 2,"
    " 'split_groups': 0, 'by': 'fold', 'n_unlabeled': 3, 'classes': "
    "[{'name': 'fine', 'n': 700}, {'name': 'sick', 'n': 497}]},"
    "'metrics': [{'name': null, 'axes': {}, 'document': {"
    "'classes': ['fine', 'sick'], 'positive': 'sick', 'threshold': null, "
    "'by': 'fold', 'warnings': ['fold 1: something'], "
    "'pooled': {'auc': 0.875, " SET "}, "
    "'folds': [{'fold': 0, 'auc': 0.9, " SET "}, {'fold': 1, 'auc': {'value': "
    "null, 'reason': 'one class'}, " SET "}], "
    "'summary': {'auc': {'mean': 0.9, 'std': 0, 'n': 1, 'skipped': 1}}, "
    "'mean_roc': {'fpr': [0, 0.5, 1], 'tpr': [0, 0.8, 1], 'lower': [0, 0.7, 1],"
    " 'upper': [0, 0.9, 1], 'auc': 0.7, 'auc_std': 0.1}}}], "
    "'models': [{'name': null, 'axes': {'fold': '0'}, 'network': 'tiny', "
    "'n_weights': 12345, 'history': [{'epoch': 1, 'loss': 0.7, 'accuracy': 0.5}"
    ", {'epoch': 2, 'loss': 0.5, 'accuracy': 0.75, 'val_loss': 0.6}]}], "
    "'examples': [{'id': 'x/1', 'group': 'p', 'label': 'sick', 'predicted': "
    "'fine', 'score': 0.9, 'part': '1', 'right': false, 'width': 4, 'height': "
    "4, 'picture': 'picture.0', 'overlay': 'overlay.0'}]}";

static ost_run_record small_run(void)
{
    static ost_run_step steps[3] = {
        { .name = "read", .stage = "ingest", .verdict = OST_RUN_CACHED },
        { .name = "fit[fold=0]",
          .stage = "train",
          .verdict = OST_RUN_RAN,
          .seconds = 2 },
        { .name = "tell", .stage = "report", .verdict = OST_RUN_FAILED },
    };

    for (int i = 0; i < 3; i++) {
        steps[i].message = "";
        steps[i].key = ost_digest_of(steps[i].name, 4);
    }
    return (ost_run_record){
        .id = "r1",
        .workflow = "a study",
        .meta = "{\"bindings\":{\"images\":\"data/a.csv\"},\"seed\":7,"
                "\"graph\":{\"nodes\":["
                "{\"name\":\"read\",\"stage\":\"ingest\",\"in\":[]},"
                "{\"name\":\"fit\",\"stage\":\"train\",\"in\":[\"read\"],"
                "\"instances\":2},"
                "{\"name\":\"tell\",\"stage\":\"report\","
                "\"in\":[\"fit\",\"read\"]}]}}",
        .started_ns = UINT64_C(1772366400000000000),
        .finished_ns = UINT64_C(1772366412000000000),
        .steps = steps,
        .n_steps = 3,
    };
}

static void models_of_several_kinds_are_named_once_each(void **state)
{
    fixture *f = *state;
    const char *page = render(
        f,
        "{'study': {'n_items': 4, 'n_groups': 4}, 'metrics': [{'document': "
        "{'classes': ['a', 'b'], 'pooled': {'auc': 0.5}}}], 'models': "
        "[{'network': 'net_a', 'n_weights': 5}, {'network': 'net_b'}, "
        "{'network': 'net_a', 'n_weights': 5}]}",
        NULL);

    assert_non_null(strstr(page, "The 3 models (net_a, net_b) were trained."));
    assert_non_null(strstr(page, "network net_a, net_b; "));
    assert_null(strstr(page, "5 weights"));
}

static void a_whole_report_shows_all_its_parts(void **state)
{
    fixture *f = *state;
    ost_run_record run = small_run();
    const char *page = render(f, two_folds, &run);

    has(page, "<h1>a study</h1>");
    has(page, "1200 images of 600 patients: 700 <em>fine</em> and 497 "
              "<em>sick</em>; 3 have no label.");
    has(page, "2 folds of cross-validation; all images of a patient stand in "
              "the same one");
    has(page, "<strong>0.875</strong> (95\xe2\x80\xaf% interval "
              "0.701\xe2\x80\x93"
              "0.999)");
    has(page, "12\xe2\x80\xaf"
              "345 weights");
    has(page, "title=\"one class\"");
    has(page, "title=\"zero denominator\"");
    has(page, "fold 1: something");
    has(page, "<rect class=\"hit\"");
    has(page, ">100.0\xe2\x80\xaf%</text>");
    has(page, "<path class=\"band\"");
    has(page, "<path class=\"line s0 d0\"");
    has(page, "<figcaption>Loss</figcaption>");
    has(page, "src=\"data:image/png;base64,iVBORw==\"");
    has(page, "<img class=\"over\"");
    has(page, "called fine");
    has(page, "<g class=\"node failed\">");
    has(page, "fit: stage train, 1 ran, 0 cached");
    has(page, "2026-03-01, 12:00 UTC");
    has(page, "data/a.csv");
    has(page, "fit[fold=0]");
}

static void without_a_run_nothing_is_said_of_times(void **state)
{
    fixture *f = *state;
    const char *page = render(f, two_folds, NULL);

    has(page, "<h1>Report</h1>");
    has_not(page, "<time");
    has_not(page, "The workflow");
    has(page, "ROC curves");
}

static void names_from_outside_are_escaped_everywhere(void **state)
{
    fixture *f = *state;
    static const char evil[] = "</title><script>alert(1)</script>&\\\"'";
    char *text = ost_arena_strdup(&f->arena, two_folds);
    ost_run_record run = small_run();
    json_t *meta, *doc, *m, *e, *k;
    ost_buf out = { 0 };
    const char *page;

    doc = json_loads(quoted(f, text), 0, NULL);
    json_object_set_new(doc, "title", json_string(evil));
    json_object_set_new(json_object_get(doc, "study"), "by", json_string(evil));
    m = json_object_get(json_array_get(json_object_get(doc, "metrics"), 0),
                        "document");
    e = json_array_get(json_object_get(doc, "examples"), 0);
    k = json_array_get(json_object_get(doc, "models"), 0);

    json_object_set_new(m, "positive", json_string(evil));
    json_object_set_new(m, "classes", json_pack("[s, s]", evil, evil));
    json_object_set_new(m, "by", json_string(evil));
    json_object_set_new(m, "warnings", json_pack("[s]", evil));
    json_object_set_new(k, "network", json_string(evil));
    json_object_set_new(k, "name", json_string(evil));
    json_object_set_new(e, "id", json_string(evil));
    json_object_set_new(e, "label", json_string(evil));
    json_object_set_new(e, "predicted", json_string(evil));
    json_object_set_new(json_array_get(json_object_get(k, "history"), 0), evil,
                        json_real(0.5));
    meta = json_pack("{s:{s:[{s:s, s:s, s:[s]}]}, s:{s:s}}", "graph", "nodes",
                     "name", evil, "stage", evil, "in", evil, evil, evil, evil);
    ost_json_canonical(&out, meta);
    run.meta = ost_arena_strdup(&f->arena, ost_buf_str(&out));
    run.workflow = evil;
    run.id = evil;
    ost_buf_reset(&out);
    ost_json_canonical(&out, doc);
    page = render_exact(f, ost_buf_str(&out), &run);
    has_not(page, "<script");
    has_not(page, "alert(1)</");
    has_not(page, "\\\"'");
    has(page, "&lt;script&gt;");
    json_decref(meta);
    json_decref(doc);
    ost_buf_release(&out);
}

static void a_page_fetches_nothing(void **state)
{
    fixture *f = *state;
    ost_run_record run = small_run();
    const char *page = render(f, two_folds, &run);

    has(page, "default-src 'none'");
    has_not(page, "http://");
    has_not(page, "https://");
    has_not(page, "url(");
    has_not(page, "@import");
    has_not(page, "<link");
    has_not(page, "<script");
    has(page, "prefers-color-scheme: dark");
    has(page, "@media print");
}

static void the_same_document_gives_the_same_page(void **state)
{
    fixture *f = *state;
    ost_run_record run = small_run();

    assert_string_equal(render(f, two_folds, &run), render(f, two_folds, &run));
}

static void any_other_metrics_are_shown_by_their_shape(void **state)
{
    fixture *f = *state;
    const char *page =
        render(f,
               "{'metrics': [{'name': 'one', 'axes': {}, 'document': {'a': "
               "{'b': 0.125, 'c': [1, 2]}, 'arms': [{'n': 4, 'name': 'x', "
               "'dice': 0.75, 'intervals': {'dice': {'lo': 0.5, 'hi': 1}}}, "
               "{'name': 'y', 'dice': {'value': null, 'reason': 'empty'}}]}}, "
               "{'name': 'two', 'axes': {}, 'document': {}}]}",
               NULL);

    has(page, "<h3>a</h3>");
    has(page, ">b</th><td class=\"text any\">0.125<");
    has(page, ">c</th><td class=\"text any\">1, 2<");
    has(page, "<h3>Arms</h3>");
    has(page, ">Name</th><th scope=\"col\">n</th><th scope=\"col\">Dice<");
    has(page, ">x</th><td>4</td><td>0.750 <small>0.500\xe2\x80\x93"
              "1.000<");
    has(page, "title=\"empty\"");
    has(page, "<h2 class=\"arm\">two</h2>");
}

static void a_headline_says_whose_it_is_when_there_are_several(void **state)
{
#define ONE(arm)                                                 \
    "{'name': 'nets', 'axes': {'arm': '" arm "'}, 'document': {" \
    "'classes': ['a', 'b'], 'positive': 'b', 'pooled': {'auc': 0.5}}}"
    fixture *f = *state;
    const char *lone = render(f, "{'metrics': [" ONE("x") "]}", NULL);
    const char *both =
        render(f, "{'metrics': [" ONE("x") ", " ONE("y") "]}", NULL);
#undef ONE

    has(lone, "The pooled area under the ROC curve for <em>b</em>");
    has(both, "<em>nets, arm x</em>: the pooled area under the ROC curve");
    has_not(both, "The pooled area");
}

static void odd_documents_are_drawn_without_harm(void **state)
{
    static const char *const odd[] = {
        "{}",
        "{'metrics': 7, 'models': {}, 'examples': 'x', 'study': []}",
        "{'metrics': [{'document': {'pooled': {}, 'classes': []}}]}",
        ("{'metrics': [{'document': {'pooled': {'roc': {'fpr': ['x', null]}, "
         "'confusion': [[1], 2]}, 'classes': ['a', 'b'], 'folds': [1, {}], "
         "'mean_roc': {'tpr': []}}}]}"),
        ("{'models': [{'history': [{}, 3, {'loss': 'x'}]}, {'history': [{"
         "'loss': 1e308, 'epoch': -5}]}]}"),
        "{'examples': [{}, {'picture': 'gone', 'score': 7}, 3]}",
        "{'study': {'n_items': -1, 'n_parts': 9}}",
        "{'tables': [7, {}, {'columns': 3, 'rows': [[1]]}, {'columns': ['a'], "
        "'rows': [[{}, {'value': 'x'}, {'missing': 3}, [1]], 4]}]}",
        "{'flow': [1, {'from': 0}, {'from': -3}, {'from': 99, 'lost': 'all'}, "
        "{'from': 1, 'axes': {'f': '0'}, 'labels': {'a': 'b'}, 'lost': "
        "{'n_items': 1e9}}, {'from': 4}, {'from': 4}, {'from': 4}]}",
        "{'segmentations': [{}, {'place': 'least', 'picture': 'gone'}, 5], "
        "'generated': [{}, 'x'], 'real': 4}",
        "{'grids': [3, {'steps': [{}, 'x', {'step': -1e300}]}, {'n_steps': "
        "'y'}], 'neighbors': [7, {}, {'generated': 1, 'learned': {'picture': "
        "'gone'}}]}",
        "{'metrics': [{'axes': {'step': '1'}, 'document': {'kind': 'images'}}, "
        "{'axes': {'step': '-7e300', 'a': 3}, 'document': {'kind': 'images', "
        "'fid': 1e308, 'kid': {'value': 'x'}}}, {'document': {'kind': 'images',"
        " 'fid': -1e308}}, {'document': {'kind': 'choice', 'candidates': [3, "
        "{}, {'kept': 1.5, 'threshold': 'x', 'a': {}}]}}], 'models': "
        "[{'objective': 3, 'kind': 'generator'}, {'objective': 'x', 'history': "
        "[{'d_real': 1e308, 'g_gan': -1e308}, {'d_real': 'y'}]}]}",
        "{'metrics': [{'document': {'kind': 'masks', 'pooled': [1], 'folds': "
        "[2, {}], 'items': [1, {'dice': 'x'}]}}, {'document': {'kind': "
        "'images', 'kid': 3, 'memorization': {'pixels': []}}}, {'document': "
        "{'kind': 'comparison', 'arms': [1, {}], 'tests': [2, {'difference': "
        "1e308, 'lower': -1e308, 'upper': 'x'}]}}, {'document': {'kind': "
        "'audit', 'verdicts': [[], {}]}}, {'document': {'kind': 'choice', "
        "'a': {'b': {'c': {'d': {'e': {'f': 1}}}}}, 'x': [[1], {}, {'y': []}]}}"
        ", 9]}",
        ("{'metrics': [{'document': {'classes': ['a'], 'pooled': {'confusion': "
         "[[-5]], 'calibration': {'bins': [{'lower': 1, 'upper': 0, 'n': 3}, "
         "4]}, 'pr': {'recall': [0, 1], 'precision': [null, 2]}, "
         "'operating_points': {'youden': {}, 'cost': 3, "
         "'sensitivity_at_specificity': [1]}, 'labels': [3]}, 'subgroups': [1, "
         "{'attribute': 3, 'auc': 0.5}], 'leakage': {'mode': 3, 'n_leaked': "
         "-1}}}]}"),
    };
    static const char *const graphs[] = {
        "[]",
        ("{\"graph\": {\"nodes\": [{\"name\":\"a\",\"in\":[\"b\"]},"
         "{\"name\":\"b\",\"in\":[\"a\"]}]}}"),
        "{\"graph\": {\"nodes\": [{}, 7, {\"in\": [3, \"x\"]}]}}",
        "not json",
    };
    fixture *f = *state;
    ost_run_record run = small_run();

    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        has(render(f, odd[i], &run), "</html>");
        for (int format = 0; format <= OST_REPORT_FIGURES; format++)
            write_as(f, odd[i], &run, (ost_report_format)format);
    }
    for (size_t i = 0; i < sizeof(graphs) / sizeof(graphs[0]); i++) {
        run.meta = graphs[i];
        has(render(f, "{}", &run), "</html>");
    }
}

static void what_is_no_report_is_refused(void **state)
{
    fixture *f = *state;
    ost_artifact a = { .type = OST_METRICS, .meta = "{}" };
    ost_buf html = { 0 };
    ost_err err = { 0 };
    ost_digest d;

    assert_ok(ost_artifact_put(f->batch, &a, &d, &err), &err);
    assert_int_equal(ost_report_render(f->batch, &d, NULL, &html, &err),
                     OST_EINPUT);
    assert_string_equal(err.text, "a report was expected, not metrics");
    ost_buf_release(&html);
}

/* --- the layout of graphs ----------------------------------------------- */

static void layers_follow_the_longest_path(void **state)
{
    fixture *f = *state;
    static const ost_layout_edge edges[] = {
        { 0, 1 }, { 1, 2 }, { 0, 2 }, { 3, 2 }
    };
    ost_layout l;

    assert_true(ost_layout_make(edges, 4, 4, &f->arena, &l));
    assert_int_equal(l.layers, 3);
    assert_int_equal(l.v[0].layer, 0);
    assert_int_equal(l.v[1].layer, 1);
    assert_int_equal(l.v[2].layer, 2);
    assert_int_equal(l.v[3].layer, 1); /* right before what it feeds */
    assert_int_equal(l.n, 5);          /* the long edge has one bend */
    assert_true(l.v[4].bend && l.v[4].edge == 2);
}

static void vertices_of_a_layer_keep_their_distance(void **state)
{
    fixture *f = *state;
    ost_layout_edge edges[24];
    ost_layout l;

    for (size_t i = 0; i < 24; i++)
        edges[i] = (ost_layout_edge){ i % 4, 4 + (i * 5) % 8 };
    assert_true(ost_layout_make(edges, 24, 12, &f->arena, &l));
    for (size_t i = 0; i < l.n; i++) {
        assert_true(l.v[i].place >= 0 && l.v[i].place <= l.width);
        for (size_t k = 0; k < i; k++) {
            if (l.v[i].layer == l.v[k].layer)
                assert_true(fabs(l.v[i].place - l.v[k].place) >
                            (l.v[i].bend || l.v[k].bend ? 0.3 : 0.999));
        }
    }
}

static void a_cycle_has_no_layout(void **state)
{
    fixture *f = *state;
    static const ost_layout_edge edges[] = { { 0, 1 }, { 1, 0 } };
    ost_layout l;

    assert_false(ost_layout_make(edges, 2, 2, &f->arena, &l));
    assert_true(ost_layout_make(NULL, 0, 0, &f->arena, &l));
}

/* What `evaluate_images` says; axes without the braces. */
static const char *judged(fixture *f, const char *name, const char *axes,
                          double fid, double kid)
{
    return ost_arena_printf(
        &f->arena,
        "{'name': %s, 'axes': {%s}, 'document': {'kind': 'images', "
        "'extractor': 'net a1b2 head', 'dims': 9, 'n_real': 40, 'n_generated': "
        "30, 'fid': %g, 'kid': {'value': %g}, 'memorization': {'against': "
        "'training', 'features': {'n': 30, 'n_identical': 0, 'n_below': 1, "
        "'share': 0.033}}}}",
        name, axes, fid, kid);
}

static void quality_is_one_part(void **state)
{
    fixture *f = *state;
    const char *meta =
        ost_arena_printf(&f->arena, "{'metrics': [%s, %s, %s, %s]}",
                         judged(f, "null", "'step': '200'", 90.5, 0.2),
                         judged(f, "null", "'step': '100'", 180.25, 0.5),
                         judged(f, "'noise'", "", 4000, 9),
                         judged(f, "'mean image'", "", 210, 0.6));
    const char *page = render(f, meta, NULL);
    const char *title = "Generated and real images, by features of net</h2>";

    has(page, "Quality over the training");
    has(page, "FID by update; less is nearer to the real images.");
    has(page, "<small>above the figure</small>");
    has(page, "mean image");
    has(page, "by 9 features of net a1b2 head");
    /* The last step alone has all of its numbers; what it is compared with has
     * none but those of the figure. */
    has(page, title);
    has_not(strstr(page, title) + 1, title);
}

static void one_step_is_no_curve(void **state)
{
    fixture *f = *state;
    const char *meta = ost_arena_printf(&f->arena, "{'metrics': [%s]}",
                                        judged(f, "null", "'step': '5'", 1, 2));
    const char *page = render(f, meta, NULL);

    has_not(page, "Quality over the training");
    has(page, "Generated and real images");
}

static void choices_count_what_filters_kept(void **state)
{
    const char *page = render(
        *state,
        "{'metrics': [{'document': {'kind': 'choice', 'metric': 'pooled.auc', "
        "'reason': 'the largest', 'candidates': [{'t': '0.5', 'threshold': "
        "0.5, 'kept': 40, 'dropped': 2, 'value': 0.75, 'n': 60, 'chosen': "
        "false}, {'t': '0.9', 'threshold': 0.9, 'kept': 17, 'dropped': 25, "
        "'value': 0.8125, 'n': 60, 'chosen': true}]}}]}",
        NULL);

    has(page, "What was chosen");
    has(page, ">Kept</th>");
    has(page, ">AUC</th>");
    has_not(page, ">Threshold</th>"); /* the axis says it */
    has(page, "0.812");
    has(page, "Chosen is the largest; kept and dropped are items");
}

#define CHOSEN(fold, reason)                                                 \
    "{'name': 'best', 'axes': {'fold': '" fold                               \
    "'}, 'document': {'kind': 'choice', 'metric': 'fid', 'reason': '" reason \
    "', 'candidates': [{'t': '1', 'value': 2, 'chosen': true}]}}"

static void choices_of_folds_share_a_table(void **state)
{
    const char *page = render(
        *state,
        "{'metrics': [" CHOSEN("0", "this") ", " CHOSEN("1", "that") "]}",
        NULL);

    has(page, "<h2 class=\"arm\">best</h2>");
    has(page, ">Fold</th>");
    has(page, "Chosen is fold 0: this; fold 1: that.");
    has_not(strstr(page, "What was chosen</h2>") + 1, "What was chosen</h2>");
}

static void games_have_losses_of_two_sides(void **state)
{
    const char *page = render(
        *state,
        "{'models': [{'kind': 'generator', 'objective': 'x', 'history': "
        "[{'epoch': 1, 'd_real': 0.5, 'g_gan': 1, 'g_l1': 0.25}, {'epoch': 2, "
        "'d_real': 0.4, 'g_gan': 2, 'g_l1': 0.125}]}, {'kind': "
        "'discriminator', 'objective': 'x', 'history': [{'epoch': 1, 'd_real': "
        "0.5}]}]}",
        NULL);

    has(page, "Discriminator losses</figcaption>");
    has(page, "Generator losses</figcaption>");
    has(page, "one line per loss");
    has(page, ">g_l1</span>");
}

static void grids_are_shown_step_by_step(void **state)
{
    const char *page = render(
        *state,
        "{'grids': [{'n_steps': 9, 'steps': [{'step': 1200.0, 'width': 4, "
        "'height': 4, 'picture': 'picture.0'}]}], 'neighbors': [{'distance': "
        "0.5, 'space': 'pixels', 'generated': {'id': 'a#0', 'width': 4, "
        "'height': 4, 'picture': 'picture.0'}, 'learned': {'id': 'b', 'width': "
        "4, 'height': 4, 'picture': 'overlay.0'}}]}",
        NULL);

    has(page, "Samples over the training");
    has(page, "<figcaption>Update 1");
    has(page, "1 of 9 samplings");
    has(page, "Nearest to what was learned");
    has(page, "alt=\"learned image b\"");
    has(page, "pairs of all by pixels");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_of_several_kinds_are_named_once_each),
        cmocka_unit_test(a_whole_report_shows_all_its_parts),
        cmocka_unit_test(without_a_run_nothing_is_said_of_times),
        cmocka_unit_test(names_from_outside_are_escaped_everywhere),
        cmocka_unit_test(a_page_fetches_nothing),
        cmocka_unit_test(the_same_document_gives_the_same_page),
        cmocka_unit_test(any_other_metrics_are_shown_by_their_shape),
        cmocka_unit_test(a_headline_says_whose_it_is_when_there_are_several),
        cmocka_unit_test(odd_documents_are_drawn_without_harm),
        cmocka_unit_test(what_is_no_report_is_refused),
        cmocka_unit_test(layers_follow_the_longest_path),
        cmocka_unit_test(vertices_of_a_layer_keep_their_distance),
        cmocka_unit_test(a_cycle_has_no_layout),
        cmocka_unit_test_setup_teardown(quality_is_one_part, setup, teardown),
        cmocka_unit_test_setup_teardown(one_step_is_no_curve, setup, teardown),
        cmocka_unit_test_setup_teardown(choices_of_folds_share_a_table, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(choices_of_folds_share_a_table, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(choices_count_what_filters_kept, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(games_have_losses_of_two_sides, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(grids_are_shown_step_by_step, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
