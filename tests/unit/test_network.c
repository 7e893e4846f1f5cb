/* tests/unit/test_network.c - networks written as JSON: layers and values */
/* links: stages kernels base */
#include "base/fs.h"
#include "tests/support/network_text.h"

#include <stdlib.h>

#include "base/banned.h"

static void layers_follow_each_other(void **state)
{
    (void)state;
    network_is("'layers': [\n"
               "{'op': 'conv2d', 'out': 4, 'kernel': [3, 5], 'bias': false},\n"
               "{'op': 'relu', '$comment': 'x'}]",
               NULL, "0 conv2d<in out=4 kernel=3,5 bias=0\n1 relu<0");
}

static void layers_have_names_and_inputs(void **state)
{
    ost_network *n;

    (void)state;
    network_is("'layers': [{'op': 'relu', 'name': 'a'},\n"
               "{'op': 'relu', 'in': 'input'},\n"
               "{'op': 'add', 'in': ['previous', 'a', null]}]",
               NULL, "a relu<in\n1 relu<in\n2 add<1,0");
    n = network_of("'layers': [{'op': 'relu', 'name': 'a'}, {'op': 'relu'}],"
                   "'output': 'a'",
                   NULL);
    assert_int_equal(ost_network_spec(n)->output, 0);
    ost_network_free(n);
}

static void learning_words_reach_the_layer(void **state)
{
    (void)state;
    network_is("'params': {'decay': 0.25, 'stay': true}, 'layers': [\n"
               "{'op': 'dense', 'out': 1, 'l2': '${decay}'},\n"
               "{'op': 'dense', 'frozen': '${stay}', 'out': 2}]",
               NULL, "0 dense<in out=1 l2=0.25\n1 dense<0 out=2 frozen");
}

static void params_are_replaced(void **state)
{
    const char *text = "'params': {'width': {'value': 8, 'help': ''}, "
                       "'pad': [1, 2]},\n"
                       "'layers': [{'op': 'conv2d', 'name': 'c${width}', "
                       "'out': '${width}', 'padding': '${pad}'}]";

    (void)state;
    network_is(text, NULL, "c8 conv2d<in out=8 padding=1,2");
    network_is(text, "{'width': 5}", "c5 conv2d<in out=5 padding=1,2");
}

static void params_may_use_params(void **state)
{
    const char *text =
        "'params': {'depth': 18,\n"
        "'blocks': {'value': {'case': '${depth}', '18': [2, '${last}'], "
        "'34': [3, 4]}},\n"
        "'last': {'case': '${depth}', '18': 5, 'default': 6}},\n"
        "'layers': [{'repeat': '${blocks}', 'as': 'b', 'layers': "
        "[{'op': 'dense', 'out': '${b}'}]}]";

    (void)state;
    network_is(text, NULL, "0.0.0 dense<in out=2\n0.1.0 dense<0 out=5");
    network_is(text, "{'depth': 34}",
               "0.0.0 dense<in out=3\n0.1.0 dense<0 out=4");
    network_is(text, "{'depth': '34'}",
               "0.0.0 dense<in out=3\n0.1.0 dense<0 out=4");
}

static void cases_stand_anywhere(void **state)
{
    const char *text =
        "'params': {'k': 'a', 'wide': true, 'x': 0.5},\n"
        "'layers': [{'op': {'case': '${k}', 'a': 'relu', 'b': 'dense'}},\n"
        "{'op': 'conv2d', 'kernel': [{'case': '${wide}', 'true': 7, "
        "'false': 3}, {'case': '${x}', '0.5': 1}], "
        "'in': {'case': '${k}', 'a': 'previous', 'default': 'input'}, "
        "'frozen': {'case': '${wide}', 'true': false, 'false': true}}]";

    (void)state;
    network_is(text, NULL, "0 relu<in\n1 conv2d<0 kernel=7,1");
    network_is(text, "{'k': 'b', 'wide': false}",
               "0 dense<in\n1 conv2d<in kernel=3,1 frozen");
}

static void only_the_chosen_case_is_read(void **state)
{
    (void)state;
    network_is("'params': {'k': 1}, 'layers': [{'op': 'dense', 'out': "
               "{'case': '${k}', '1': 2, '2': '${unknown}'}}]",
               NULL, "0 dense<in out=2");
}

static void scores_and_input_are_said(void **state)
{
    ost_network *n = network_of("'layers': [{'op': 'relu'}]", NULL);
    int64_t shape[OST_MAX_DIMS];

    (void)state;
    assert_int_equal(ost_network_scores(n), OST_SCORES_SOFTMAX);
    assert_int_equal(ost_network_input(n, shape), 0);
    ost_network_free(n);
    n = network_of("'params': {'c': 3, 's': 'none'}, 'scores': '${s}', "
                   "'input': ['${c}', 32, 48], 'layers': [{'op': 'relu'}]",
                   NULL);
    assert_int_equal(ost_network_scores(n), OST_SCORES_NONE);
    assert_int_equal(ost_network_input(n, shape), 3);
    assert_int_equal(shape[0], 3);
    assert_int_equal(shape[2], 48);
    ost_network_free(n);
    n = network_of("'scores': 'sigmoid', 'layers': [{'op': 'relu'}]", NULL);
    assert_int_equal(ost_network_scores(n), OST_SCORES_SIGMOID);
    ost_network_free(n);
}

static void shipped_networks_build(void **state)
{
    char *path = ost_path_join(getenv("OSTEON_SOURCE"),
                               "workflows/models/small_cnn.json");
    json_t *classes = json_pack("{s:i}", "classes", 5);
    ost_backend *b = NULL;
    ost_network *n = NULL;
    ost_buf text = { 0 };
    ost_err err = { 0 };

    (void)state;
    assert_int_equal(ost_fs_read(path, 1 << 20, &text, &err), OST_OK);
    assert_int_equal(ost_network_read(path, ost_buf_str(&text), text.len, NULL,
                                      classes, &n, &err),
                     OST_OK);
    assert_int_equal(ost_backend_open("cpu", 1, &b, &err), OST_OK);
    for (int64_t side = 32; side <= 128; side *= 2)
        for (int64_t channels = 1; channels <= 2; channels++) {
            ost_weights *own = ost_weights_new(b);
            ost_net *net = NULL;
            ost_tensor out;

            if (ost_network_build(n, own, 4,
                                  (int64_t[]){ 2, channels, side, side },
                                  OST_NET_TRAIN, &net, &err))
                fail_msg("%s", err.text);
            out = ost_net_output(net);
            assert_int_equal(out.shape[1], 5);
            ost_net_free(net);
            ost_weights_free(own);
        }
    ost_backend_close(b);
    ost_network_free(n);
    ost_buf_release(&text);
    json_decref(classes);
    ost_free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_follow_each_other),
        cmocka_unit_test(layers_have_names_and_inputs),
        cmocka_unit_test(learning_words_reach_the_layer),
        cmocka_unit_test(params_are_replaced),
        cmocka_unit_test(params_may_use_params),
        cmocka_unit_test(cases_stand_anywhere),
        cmocka_unit_test(only_the_chosen_case_is_read),
        cmocka_unit_test(scores_and_input_are_said),
        cmocka_unit_test(shipped_networks_build),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
