/* tests/unit/test_network.c - networks written as JSON, and what is wrong */
/* links: stages kernels base */
#include "base/alloc.h"
#include "base/fs.h"
#include "stages/network.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define HEAD "{\"osteon_model\": 1, \"name\": \"n\",\n"

static ost_network *read(const char *text, const char *values)
{
    json_t *v = values ? json_loads(values, 0, NULL) : NULL;
    ost_network *n = NULL;
    ost_err err = { 0 };

    if (ost_network_read("n.json", text, strlen(text), v, NULL, &n, &err))
        fail_msg("%s", err.text);
    json_decref(v);
    return n;
}

static void refuse(const char *text, const char *values, const char *message)
{
    json_t *v = values ? json_loads(values, 0, NULL) : NULL;
    ost_network *n = NULL;
    ost_err err = { 0 };

    assert_int_equal(
        ost_network_read("n.json", text, strlen(text), v, NULL, &n, &err),
        OST_EINPUT);
    assert_string_equal(err.text, message);
    assert_null(n);
    json_decref(v);
}

static const ost_net_attr *attr(const ost_layer_spec *l, const char *name)
{
    for (int i = 0; i < l->n_attrs; i++)
        if (strcmp(l->attrs[i].name, name) == 0)
            return &l->attrs[i];
    fail_msg("no attribute %s", name);
    return NULL;
}

static void layers_follow_each_other(void **state)
{
    ost_network *n = read(HEAD "\"layers\": [\n"
                               "{\"op\": \"conv2d\", \"out\": 4, \"kernel\": "
                               "[3, 5], \"bias\": false},\n"
                               "{\"op\": \"relu\", \"$comment\": \"x\"}]}",
                          NULL);
    const ost_net_spec *s = ost_network_spec(n);

    (void)state;
    assert_int_equal(s->n_layers, 2);
    assert_int_equal(s->output, 1);
    assert_string_equal(s->layers[0].name, "0");
    assert_int_equal(s->layers[0].inputs[0], OST_NET_INPUT);
    assert_int_equal(attr(&s->layers[0], "kernel")->count, 2);
    assert_true(attr(&s->layers[0], "kernel")->v[1] == 5.0);
    assert_true(attr(&s->layers[0], "bias")->v[0] == 0.0);
    assert_int_equal(s->layers[1].n_attrs, 0);
    assert_int_equal(s->layers[1].inputs[0], 0);
    ost_network_free(n);
}

static const char residual[] =
    HEAD "\"params\": {\"depth\": 2, \"width\": {\"value\": 8, \"help\": \"\"},"
         " \"classes\": 2},\n"
         "\"layers\": [\n"
         "{\"op\": \"conv2d\", \"name\": \"stem\", \"out\": \"${width}\", "
         "\"kernel\": 3, \"padding\": 1},\n"
         "{\"name\": \"blocks\", \"repeat\": \"${depth}\", \"layers\": [\n"
         "{\"op\": \"conv2d\", \"name\": \"conv\", \"out\": \"${width}\", "
         "\"kernel\": 3, \"padding\": 1},\n"
         "{\"op\": \"relu\"},\n"
         "{\"op\": \"add\", \"in\": [\"entry\", \"previous\"]}]},\n"
         "{\"op\": \"add\", \"name\": \"long\", \"in\": [\"stem\", "
         "\"blocks\"]},\n"
         "{\"op\": \"global_avg_pool\"},\n"
         "{\"op\": \"dense\", \"name\": \"head\", \"out\": \"${classes}\"}]}";

static void groups_repeat_and_link_back(void **state)
{
    ost_network *n = read(residual, "{\"width\": 5}");
    const ost_net_spec *s = ost_network_spec(n);

    (void)state;
    assert_int_equal(s->n_layers, 10);
    assert_true(attr(&s->layers[1], "out")->v[0] == 5.0);
    assert_string_equal(s->layers[1].name, "blocks.0.conv");
    assert_string_equal(s->layers[4].name, "blocks.1.conv");
    assert_int_equal(s->layers[3].inputs[0], 0); /* entry: the stem */
    assert_int_equal(s->layers[3].inputs[1], 2);
    assert_int_equal(s->layers[6].inputs[0], 3); /* entry: the first block */
    assert_int_equal(s->layers[7].inputs[0], 0);
    assert_int_equal(s->layers[7].inputs[1], 6);
    ost_network_free(n);
}

static void repeats_go_over_lists(void **state)
{
    ost_network *n =
        read(HEAD "\"params\": {\"stages\": {\"value\": [{\"w\": 8, \"k\": 3}, "
                  "{\"w\": 16, \"k\": 1}]}},\n"
                  "\"layers\": [{\"repeat\": \"${stages}\", \"as\": \"s\", "
                  "\"layers\": [{\"op\": \"conv2d\", \"name\": \"c${s.w}\", "
                  "\"out\": \"${s.w}\", \"kernel\": \"${s.k}\"}]}]}",
             NULL);
    const ost_net_spec *s = ost_network_spec(n);

    (void)state;
    assert_int_equal(s->n_layers, 2);
    assert_string_equal(s->layers[1].name, "0.1.c16");
    assert_true(attr(&s->layers[1], "kernel")->v[0] == 1.0);
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

static void faults_have_a_place(void **state)
{
    (void)state;
    refuse("[]", NULL, "n.json:1:1: a network is an object");
    refuse("{\"osteon_model\": 2}", NULL,
           "n.json:1:18: not a network of this version: 'osteon_model' must be "
           "1");
    refuse(HEAD "\"layer\": []}", NULL,
           "n.json:2:1: unknown word 'layer' (did you mean 'layers'?)");
    refuse(HEAD "\"layers\": []}", NULL,
           "n.json:2:11: the network has no layers");
    refuse(HEAD "\"layers\": [{\"kernel\": 3}]}", NULL,
           "n.json:2:12: a layer has 'op', a group has 'layers'");
    refuse(HEAD "\"layers\": [{\"op\": \"relu\", \"in\": \"stm\"}]}", NULL,
           "n.json:2:33: no layer 'stm' before this one");
    refuse(HEAD "\"layers\": [{\"op\": \"relu\", \"name\": \"stem\"},\n"
                "{\"op\": \"relu\", \"in\": \"stm\"}]}",
           NULL,
           "n.json:3:22: no layer 'stm' before this one (did you mean "
           "'stem'?)");
    refuse(HEAD "\"layers\": [{\"op\": \"relu\", \"name\": \"a\"},\n"
                "{\"op\": \"relu\", \"name\": \"a\"}]}",
           NULL, "n.json:3:24: name 'a' is used twice");
    refuse(HEAD "\"layers\": [{\"op\": \"dense\", \"out\": \"${x}\"}]}", NULL,
           "n.json:2:35: '${x}' is not a param");
    refuse(HEAD "\"layers\": [{\"repeat\": -1, \"layers\": []}]}", NULL,
           "n.json:2:23: 'repeat' must be a number from 0 to 100000 or a "
           "list");
    refuse(HEAD "\"layers\": [{\"repeats\": 1, \"layers\": []}]}", NULL,
           "n.json:2:13: unknown word 'repeats' in a group (did you mean "
           "'repeat'?)");
    refuse(HEAD "\"params\": {\"width\": 1}, \"layers\": []}", "{\"widht\": 2}",
           "n.json:2:11: network 'n' has no param 'widht' (did you mean "
           "'width'?)");
}

static void shapes_that_do_not_fit_have_a_place(void **state)
{
    ost_network *n = read(HEAD "\"layers\": [{\"op\": \"relu\"},\n"
                               "  {\"op\": \"dense\", \"outs\": 3}]}",
                          NULL);
    ost_backend *b = NULL;
    ost_weights *w;
    ost_net *net = NULL;
    ost_err err = { 0 };

    (void)state;
    assert_int_equal(ost_backend_open("cpu", 1, &b, &err), OST_OK);
    w = ost_weights_new(b);
    assert_int_equal(
        ost_network_build(n, w, 4, (int64_t[]){ 1, 1, 4, 4 }, 0, &net, &err),
        OST_EINPUT);
    assert_string_equal(err.text,
                        "n.json:3:19: layer 1 (dense '1'): unknown attribute "
                        "'outs' (did you mean 'out'?)");
    ost_weights_free(w);
    ost_backend_close(b);
    ost_network_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_follow_each_other),
        cmocka_unit_test(groups_repeat_and_link_back),
        cmocka_unit_test(repeats_go_over_lists),
        cmocka_unit_test(shipped_networks_build),
        cmocka_unit_test(faults_have_a_place),
        cmocka_unit_test(shapes_that_do_not_fit_have_a_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
