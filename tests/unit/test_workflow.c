/* tests/unit/test_workflow.c - what a good document means */
/* links: engine stage_desc store base */
#include "tests/support/small_stages.h"
#include "tests/support/workflow.h"

#include "base/banned.h"

/* The example of the design, with the small stages. */
static const char study[] = WORKFLOW(
    "'seed': 7, 'params': { 'size': 20, 'folds': 3,"
    "  'epochs': { 'value': 10, 'help': 'passes over the data' } },"
    "'presets': { 'small': { 'size': 5, 'epochs': 2 } },"
    "'inputs': { 'xrays': { 'type': 'dataset', 'default': { 'node': 'phantom' "
    "} } },"
    "'axes': { 'fold': { 'range': '${folds}' } },"
    "'nodes': {"
    "  'phantom': { 'stage': 'make', 'with': { 'size': '${size}' } },"
    "  'images': { 'stage': 'read', 'in': '$xrays' },"
    "  'soft': { 'stage': 'blur', 'in': 'images',"
    "     'with': { 'sizes': ['${size}', '${size}'] } },"
    "  'folds': { 'stage': 'split', 'per': ['fold'], 'in': 'soft',"
    "     'with': { 'size': '${folds}', 'rate': '${fold}' } },"
    "  'train': { 'stage': 'learn', 'per': ['fold'], 'in': 'folds.train',"
    "     'needs': { 'gpu': 'prefer' }, 'with': { 'size': '${epochs}' } },"
    "  'predict': { 'stage': 'apply', 'per': ['fold'],"
    "     'in': { 'data': 'folds.test', 'model': 'train' } },"
    "  'metrics': { 'stage': 'judge', 'in': 'predict' }"
    "},"
    "'outputs': { 'metrics': 'metrics', 'scores': 'predict',"
    "   'good': { 'from': 'metrics', 'gate': { 'pooled.auc': '>= 0.8' } } }");

static void the_study_has_its_axes_and_instances(void **state)
{
    ost_workflow *wf = load(study);

    (void)state;
    assert_int_equal(ost_workflow_node_count(wf), 7);
    assert_int_equal(ost_workflow_axis_count(wf), 1);
    assert_string_equal(ost_workflow_axis(wf, 0)->values[2], "2");
    assert_int_equal(ost_workflow_node(wf, node_of(wf, "train"))->instances, 3);
    assert_int_equal(ost_workflow_node(wf, node_of(wf, "metrics"))->instances,
                     1);
    check_step(wf, "train", 2, "train[fold=2]");
    check_step(wf, "soft", 0, "soft");
    assert_int_equal(ost_workflow_node(wf, node_of(wf, "train"))->gpu,
                     OST_GPU_PREFER);
    ost_workflow_free(wf);
}

static void axes_line_up_share_and_gather(void **state)
{
    ost_workflow *wf = load(study);

    (void)state;
    check_feeds(wf, "images", 0, "in=phantom.out");
    check_feeds(wf, "folds", 1, "in=soft.out");
    check_feeds(wf, "train", 1, "in=folds[fold=1].train");
    check_feeds(wf, "predict", 2,
                "model=train[fold=2].model data=folds[fold=2].test");
    check_feeds(wf, "metrics", 0,
                "in=predict[fold=0].out in=predict[fold=1].out "
                "in=predict[fold=2].out");
    ost_workflow_free(wf);
}

static void references_keep_their_type_and_defaults_are_filled(void **state)
{
    ost_workflow *wf = load(study);

    (void)state;
    check_params(wf, "soft", 0,
                 "{'data':null,'mode':'soft','rate':0.5,'sizes':[20,20]}");
    check_params(wf, "folds", 2, "{'rate':2,'size':3}");
    assert_true(ost_workflow_node(wf, node_of(wf, "soft"))->params_fixed);
    assert_false(ost_workflow_node(wf, node_of(wf, "folds"))->params_fixed);
    ost_workflow_free(wf);
}

static void the_order_puts_readers_behind_what_they_read(void **state)
{
    ost_workflow *wf = load(NODES("'c': { 'stage': 'blur', 'in': 'b' },"
                                  "'b': { 'stage': 'blur', 'in': 'a' },"
                                  "'a': { 'stage': 'read', 'in': 'z' },"
                                  "'z': { 'stage': 'make' }"));
    const uint32_t *order = ost_workflow_order(wf);

    (void)state;
    assert_int_equal(order[0], node_of(wf, "z"));
    assert_int_equal(order[1], node_of(wf, "a"));
    assert_int_equal(order[2], node_of(wf, "b"));
    assert_int_equal(order[3], node_of(wf, "c"));
    ost_workflow_free(wf);
}

static void outputs_have_every_instance_and_gates(void **state)
{
    ost_workflow *wf = load(study);
    const ost_wf_output *scores = ost_workflow_output(wf, 1);
    const ost_wf_output *good = ost_workflow_output(wf, 2);

    (void)state;
    assert_int_equal(ost_workflow_output_count(wf), 3);
    assert_string_equal(scores->name, "scores");
    assert_int_equal(scores->n_feeds, 3);
    assert_int_equal(scores->feeds[2].instance, 2);
    assert_int_equal(good->n_gates, 1);
    assert_string_equal(good->gates[0].path, "pooled.auc");
    assert_string_equal(good->gates[0].op, ">=");
    assert_true(good->gates[0].bound == 0.8);
    ost_workflow_free(wf);
}

/* --- settings ---------------------------------------------------------------
 */

static void later_settings_win(void **state)
{
    static const char *const presets[] = { "small" };
    ost_setting set = { "epochs", "4" };
    ost_bindings b = { .presets = presets, .n_presets = 1 };
    ost_workflow *wf = load_bound(study, &b);

    (void)state;
    assert_string_equal(ost_workflow_params(wf),
                        "{\"epochs\":2,\"folds\":3,\"size\":5}");
    ost_workflow_free(wf);
    b.sets = &set;
    b.n_sets = 1;
    wf = load_bound(study, &b);
    assert_string_equal(ost_workflow_params(wf),
                        "{\"epochs\":4,\"folds\":3,\"size\":5}");
    ost_workflow_free(wf);
}

static void a_setting_is_json_or_else_text(void **state)
{
    static const ost_setting sets[] = { { "a", "[1, 2]" },
                                        { "b", "soft" },
                                        { "c", "\"3\"" } };
    ost_bindings b = { .sets = sets, .n_sets = 3 };
    ost_workflow *wf = load_bound(
        WORKFLOW("'params': { 'a': 0, 'b': 0, 'c': 0 }, 'nodes': {}"), &b);

    (void)state;
    assert_string_equal(ost_workflow_params(wf),
                        "{\"a\":[1,2],\"b\":\"soft\",\"c\":\"3\"}");
    ost_workflow_free(wf);
}

static void seeds_come_from_the_workflow_the_node_or_the_option(void **state)
{
    static const char text[] =
        WORKFLOW("'seed': 7, 'axes': { 'repeat': { 'range': 2 } },"
                 "'nodes': { 'a': { 'stage': 'make' },"
                 "  'b': { 'stage': 'make', 'per': ['repeat'],"
                 "         'seed': ['${seed}', '${repeat}'] } }");
    ost_bindings b = { .seed = "abc" };
    ost_workflow *wf = load(text);

    (void)state;
    check_seed(wf, "a", 0, "7");
    check_seed(wf, "b", 1, "[7,1]");
    assert_false(ost_workflow_node(wf, node_of(wf, "b"))->seed_fixed);
    ost_workflow_free(wf);
    wf = load_bound(text, &b);
    assert_string_equal(ost_workflow_seed(wf), "\"abc\"");
    check_seed(wf, "b", 1, "['abc',1]");
    ost_workflow_free(wf);
}

/* --- inputs ------------------------------------------------------------------
 */

static void a_bound_input_leaves_its_default_out(void **state)
{
    ost_setting bind = { "xrays", "." };
    ost_bindings b = { .binds = &bind, .n_binds = 1 };
    ost_workflow *wf = load(study);

    (void)state;
    assert_true(ost_workflow_node_is_live(wf, node_of(wf, "phantom")));
    assert_int_equal(ost_workflow_source_count(wf), 0);
    ost_workflow_free(wf);
    wf = load_bound(study, &b);
    assert_false(ost_workflow_node_is_live(wf, node_of(wf, "phantom")));
    assert_true(ost_workflow_node_is_live(wf, node_of(wf, "images")));
    assert_int_equal(ost_workflow_source_count(wf), 1);
    assert_int_equal(ost_workflow_source(wf, 0)->type, OST_FILES);
    assert_true(ost_workflow_source(wf, 0)->where[0] == '/');
    check_feeds(wf, "images", 0, "in=$xrays");
    ost_workflow_free(wf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_study_has_its_axes_and_instances),
        cmocka_unit_test(axes_line_up_share_and_gather),
        cmocka_unit_test(references_keep_their_type_and_defaults_are_filled),
        cmocka_unit_test(the_order_puts_readers_behind_what_they_read),
        cmocka_unit_test(outputs_have_every_instance_and_gates),
        cmocka_unit_test(later_settings_win),
        cmocka_unit_test(a_setting_is_json_or_else_text),
        cmocka_unit_test(seeds_come_from_the_workflow_the_node_or_the_option),
        cmocka_unit_test(a_bound_input_leaves_its_default_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
