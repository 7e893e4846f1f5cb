/* tests/unit/test_network_faults.c - what is wrong in a network, and where */
/* links: stages kernels base */
#include "tests/support/network_text.h"

#include "base/banned.h"

typedef struct fault {
    const char *text;
    const char *message;
} fault;

static void refuse_all(const fault *faults, size_t count)
{
    for (size_t i = 0; i < count; i++)
        network_refused(faults[i].text, NULL, faults[i].message);
}

#define REFUSE_ALL(faults) \
    refuse_all((faults), sizeof(faults) / sizeof((faults)[0]))

static void documents(void **state)
{
    static const fault faults[] = {
        { "'layer': []",
          "n.json:2:1: unknown word 'layer' (did you mean 'layers'?)" },
        { "'layers': []", "n.json:2:11: the network has no layers" },
        { "'layers': {}", "n.json:2:11: 'layers' must be a list" },
        { "'layers': [3]", "n.json:2:12: a layer must be an object" },
        { "'scores': 'softmaks', 'layers': []",
          "n.json:2:11: 'scores' must be 'softmax', 'sigmoid' or 'none' (did "
          "you mean 'softmax'?)" },
        { "'scores': 3, 'layers': []",
          "n.json:2:11: 'scores' must be 'softmax', 'sigmoid' or 'none'" },
        { "'input': [1, 0, 3], 'layers': []",
          "n.json:2:10: 'input' must be a list of 1 to 5 sides: channels, "
          "then height and width, for instance" },
        { "'input': 32, 'layers': []",
          "n.json:2:10: 'input' must be a list of 1 to 5 sides: channels, "
          "then height and width, for instance" },
        { "'layers': [{'op': 'relu'}], 'output': 'input'",
          "n.json:2:39: the input cannot be the output" },
        { "'layers': [{'op': 'relu'}], 'output': 3",
          "n.json:2:39: 'in' must be the name of a layer or a list of names" },
        { "'layers': [{'op': 'relu'}], 'output': ['previous', 'input']",
          "n.json:2:52: must be one layer, not several" },
        { "'layers': [{'op': 'relu', 'op': 'relu'}]",
          "n.json:2:27: /layers/0/op is there twice" },
    };
    ost_network *n = NULL;
    ost_err err = { 0 };

    (void)state;
    REFUSE_ALL(faults);
    assert_int_equal(ost_network_read("n.json", "[]", 2, NULL, NULL, &n, &err),
                     OST_EINPUT);
    assert_string_equal(err.text, "n.json:1:1: a network is an object");
    assert_int_equal(ost_network_read("n.json", "{\"osteon_model\": 2}", 19,
                                      NULL, NULL, &n, &err),
                     OST_EINPUT);
    assert_string_equal(err.text, "n.json:1:18: not a network of this version: "
                                  "'osteon_model' must be 1");
}

static void layers(void **state)
{
    static const fault faults[] = {
        { "'layers': [{'kernel': 3}]",
          "n.json:2:12: a layer has 'op', a group has 'layers'" },
        { "'layers': [{'op': 3}]", "n.json:2:19: 'op' must be a word" },
        { "'layers': [{'op': 'relu', 'name': 'a.b'}]",
          "n.json:2:35: 'name' must be a word without a dot" },
        { "'layers': [{'op': 'relu', 'name': ''}]",
          "n.json:2:35: 'name' must be a word without a dot" },
        { "'layers': [{'op': 'relu', 'name': 'entry'}]",
          "n.json:2:35: 'entry' has a meaning and names no layer" },
        { "'layers': [{'op': 'relu', 'name': 'a'},\n"
          "{'op': 'relu', 'name': 'a'}]",
          "n.json:3:24: name 'a' is used twice" },
        { "'layers': [{'op': 'pad', 'sides': [1, 2, 3, 4, 5, 6, 7]}]",
          "n.json:2:35: attribute 'sides' has 7 numbers, must have 1 to 6" },
        { "'layers': [{'op': 'pad', 'sides': {'a': 1}}]",
          "n.json:2:35: attribute 'sides' must be a number, a word or true or "
          "false" },
        { "'layers': [{'op': 'dense', 'outs': 3}]",
          "n.json:2:28: unknown attribute 'outs' of 'dense' (did you mean "
          "'out'?)" },
        { "'layers': [{'op': 'relu', 'frozne': true}]",
          "n.json:2:27: unknown attribute 'frozne' of 'relu' (did you mean "
          "'frozen'?)" },
        { "'layers': [{'op': 'relu', 'size': 3}]",
          "n.json:2:27: unknown attribute 'size' of 'relu'" },
        { "'layers': [{'op': 'dense', 'l2': -1}]",
          "n.json:2:34: 'l2' must be a number of at least 0" },
        { "'layers': [{'op': 'dense', 'l2': true}]",
          "n.json:2:34: 'l2' must be a number of at least 0" },
        { "'layers': [{'op': 'dense', 'frozen': 1}]",
          "n.json:2:38: 'frozen' must be true or false" },
    };

    (void)state;
    REFUSE_ALL(faults);
}

static void references(void **state)
{
    static const fault faults[] = {
        { "'layers': [{'op': 'relu', 'in': 'stm'}]",
          "n.json:2:33: no layer 'stm' before this one" },
        { "'layers': [{'op': 'relu', 'in': 'previuos'}]",
          "n.json:2:33: no layer 'previuos' before this one (did you mean "
          "'previous'?)" },
        { "'layers': [{'op': 'relu', 'name': 'stem'},\n"
          "{'op': 'relu', 'in': ['stem', 'stm']}]",
          "n.json:3:31: no layer 'stm' before this one (did you mean "
          "'stem'?)" },
        { "'layers': [{'op': 'relu', 'in': [3]}]",
          "n.json:2:34: 'in' must be the name of a layer or a list of names" },
        { "'layers': [{'op': 'relu', 'name': 'a'}, {'op': 'relu', "
          "'in': 'a.b'}]",
          "n.json:2:62: 'a' is a layer, it has no 'b'" },
        { "'layers': [{'name': 'g', 'layers': [{'op': 'relu', 'name': "
          "'act'}]},\n{'op': 'relu', 'in': 'g.acts'}]",
          "n.json:3:22: no layer 'acts' in group 'g' (did you mean 'act'?)" },
        { "'layers': [{'name': 'g', 'repeat': 2, 'layers': [{'op': 'relu'}]},"
          "\n{'op': 'relu', 'in': 'g.2.act'}]",
          "n.json:3:22: no pass 2 of group 'g': it has 2" },
        { "'layers': [{'op': 'relu'}, {'name': 'g', 'repeat': 0, "
          "'layers': []},\n{'op': 'relu', 'in': 'g.act'}]",
          "n.json:3:22: group 'g' has no passes" },
        { "'params': {'x': 1}, 'layers': [{'op': 'relu'}, {'name': 'g', "
          "'when': {'x': 2}, 'layers': []},\n{'op': 'relu', 'in': 'g.act'}]",
          "n.json:3:22: group 'g' is not there, so it has no 'act'" },
        { "'layers': [{'name': 'g', 'repeat': 33, 'layers': [{'op': 'relu'}]},"
          "\n{'op': 'add', 'in': 'g.*'}]",
          "n.json:3:21: more than 32 inputs" },
        { "'layers': [{'name': 'g', 'repeat': 2, 'layers': [{'op': 'relu'}]},"
          "\n{'in': 'g.*', 'layers': []}]",
          "n.json:3:8: must be one layer, not several" },
    };

    (void)state;
    REFUSE_ALL(faults);
}

static void values(void **state)
{
    static const fault faults[] = {
        { "'layers': [{'op': 'dense', 'out': '${x}'}]",
          "n.json:2:35: 'x' is not a param" },
        { "'params': {'width': 3}, 'layers': [{'op': 'dense', 'out': "
          "'${widht}'}]",
          "n.json:2:59: 'widht' is not a param (did you mean 'width'?)" },
        { "'params': {'s': {'value': {'width': 3}}}, 'layers': [{'op': "
          "'dense', 'out': '${s.widht}'}]",
          "n.json:2:77: 's.widht': there is no member 'widht' (did you mean "
          "'width'?)" },
        { "'params': {'w': [8, 16]}, 'layers': [{'op': 'dense', 'out': "
          "'${w.2}'}]",
          "n.json:2:61: 'w.2': the list has 2 elements, from 0" },
        { "'params': {'classes': null}, 'layers': [{'op': 'dense', 'out': "
          "'${classes}'}]",
          "n.json:2:64: param 'classes' has no value" },
        { "'params': {'w': [1, 2]}, 'layers': [{'op': 'relu', 'name': "
          "'a${w}'}]",
          "n.json:2:60: 'w' is a list or an object, not one value" },
        { "'params': {'a': '${b}', 'b': {'value': '${a}'}}, 'layers': "
          "[{'op': 'dense', 'out': '${a}'}]",
          "n.json:2:40: param 'a' refers to itself" },
        { "'params': {'depth': 26}, 'layers': [{'op': 'dense', 'out': "
          "{'case': '${depth}', '18': 1, '$comment': '', '34': 2}}]",
          "n.json:2:69: no case for '26': there are '18', '34'" },
        { "'params': {'depth': 'case'}, 'layers': [{'op': 'dense', 'out': "
          "{'case': '${depth}'}}]",
          "n.json:2:73: no case for 'case'" },
        { "'params': {'depth': []}, 'layers': [{'op': 'dense', 'out': "
          "{'case': '${depth}', 'default': 3}}]",
          "n.json:2:69: 'case' is a list or an object, not one value" },
        { "'params': {'w': [1, '${nowhere}']}, 'layers': [{'op': 'dense', "
          "'out': '${w}'}]",
          "n.json:2:21: 'nowhere' is not a param" },
        { "'params': [], 'layers': []",
          "n.json:2:11: 'params' must be an object" },
    };

    (void)state;
    REFUSE_ALL(faults);
    network_refused("'params': {'width': 1}, 'layers': []", "{'widht': 2}",
                    "n.json:2:11: network 'n' has no param 'widht' (did you "
                    "mean 'width'?)");
}

static void params_in_params_end(void **state)
{
    ost_buf text = { 0 };

    (void)state;
    ost_buf_adds(&text, "'params': {'p0': 1");
    for (int i = 1; i <= 20; i++)
        ost_buf_addf(&text, ", 'p%d': ['${p%d}', '${p%d}']", i, i - 1, i - 1);
    ost_buf_adds(&text, "},\n'layers': [{'op': 'dense', 'out': '${p20}'}]");
    network_refused(ost_buf_str(&text), NULL,
                    "n.json:2:132: params refer to params deeper than 16");
    ost_buf_release(&text);
}

static void absent_entries(void **state)
{
    static const fault faults[] = {
        { "'layers': [{'op': 'relu', 'when': 3}]",
          "n.json:2:35: 'when' must be an object of names and values" },
        { "'params': {'depth': 3}, 'layers': [{'op': 'relu', 'when': "
          "{'dept': 3}}]",
          "n.json:2:68: 'dept' is not a param (did you mean 'depth'?)" },
        { "'params': {'depth': 3}, 'layers': [{'op': 'relu', 'when': "
          "{'depth': [3, [4]]}}]",
          "n.json:2:69: a member of 'when' is a number, a word, true, false, "
          "null or a list of them" },
        { "'params': {'depth': [3]}, 'layers': [{'op': 'relu', 'when': "
          "{'depth': 3}}]",
          "n.json:2:62: 'depth' is a list or an object, not one value" },
        { "'params': {'a': 1}, 'layers': [{'op': 'relu', 'name': 'x'}, "
          "{'op': 'relu', 'name': 'x', 'when': {'a': 2}},\n"
          "{'op': 'relu', 'name': 'x'}]",
          "n.json:3:24: name 'x' is used twice" },
    };

    (void)state;
    REFUSE_ALL(faults);
}

static void groups(void **state)
{
    static const fault faults[] = {
        { "'layers': [{'repeat': -1, 'layers': []}]",
          "n.json:2:23: 'repeat' must be a number from 0 to 20000 or a "
          "list" },
        { "'layers': [{'repeats': 1, 'layers': []}]",
          "n.json:2:13: unknown word 'repeats' in a group (did you mean "
          "'repeat'?)" },
        { "'layers': [{'as': 'x', 'layers': []}]",
          "n.json:2:13: 'as' goes with 'repeat'" },
        { "'layers': [{'repeat': 1, 'as': 3, 'layers': []}]",
          "n.json:2:32: 'as' must be a name" },
        { "'layers': [{'repeat': 1, 'weights': 'sharde', 'layers': []}]",
          "n.json:2:37: 'weights' must be 'shared' or 'own'" },
        { "'layers': [{'repeat': 1, 'as': 'i', 'name': 'a${i}', 'weights': "
          "'shared', 'layers': []}]",
          "n.json:2:65: passes with names of their own cannot share weights" },
        { "'layers': [{'repeat': 1, 'carry': 'h', 'layers': []}]",
          "n.json:2:35: 'carry' must be an object of names and what they mean "
          "at first" },
        { "'layers': [{'repeat': 1, 'carry': {'h': null}, 'layers': "
          "[{'op': 'relu'}]}]",
          "n.json:2:36: no layer of the group is named 'h'" },
        { "'layers': [{'repeat': 1, 'carry': {'h': 'g'}, 'layers': []}]",
          "n.json:2:41: no layer 'g' before this one" },
        { "'layers': [{'repeat': [1, 1], 'as': 'i', 'name': 'a${i}', "
          "'layers': [{'op': 'relu'}]}]",
          "n.json:2:50: name 'a1' is used twice" },
        { "'layers': [{'repeat': 10000, 'layers': [{'repeat': 2, "
          "'layers': []}]}]",
          "n.json:2:41: the groups have more than 20000 passes" },
        { "'layers': [{'repeat': 20000, 'layers': [{'op': 'relu'}]}, "
          "{'op': 'relu'}]",
          "n.json:2:59: more than 20000 layers" },
    };
    ost_buf text = { 0 };

    (void)state;
    REFUSE_ALL(faults);
    ost_buf_adds(&text, "'layers': [");
    for (int i = 0; i < 18; i++)
        ost_buf_adds(&text, "{'layers': [");
    for (int i = 0; i < 18; i++)
        ost_buf_adds(&text, "]}");
    ost_buf_adds(&text, "]");
    network_refused(ost_buf_str(&text), NULL,
                    "n.json:2:204: groups nested deeper than 16");
    ost_buf_release(&text);
}

static void expect_no_net(const char *text, const char *message)
{
    ost_network *n = network_of(text, NULL);
    ost_backend *b = NULL;
    ost_weights *w;
    ost_net *net = NULL;
    ost_err err = { 0 };

    assert_int_equal(ost_backend_open("cpu", 1, &b, &err), OST_OK);
    w = ost_weights_new(b);
    assert_int_equal(
        ost_network_build(n, w, 4, (int64_t[]){ 1, 1, 4, 4 }, 0, &net, &err),
        OST_EINPUT);
    assert_string_equal(err.text, message);
    ost_weights_free(w);
    ost_backend_close(b);
    ost_network_free(n);
}

static void what_cannot_be_built_has_a_place(void **state)
{
    (void)state;
    expect_no_net("'layers': [{'op': 'relu'},\n"
                  "  {'op': 'dense', 'out': 0}]",
                  "n.json:3:19: layer 1 (dense '1'): attribute 'out' is 0, "
                  "must be an integer from 1 to 16777216");
    expect_no_net("'layers': [{'op': 'flatten'},\n"
                  "{'name': 'a', 'repeat': 2, 'layers': [\n"
                  "  {'name': '', 'layers': [{'op': 'dense', 'name': 'fc', "
                  "'out': 16}]},\n"
                  "  {'op': 'dense', 'name': 'fc', 'out': 16}]}]",
                  "n.json:5:3: layer 2 (dense 'a.0.fc'): an earlier layer has "
                  "the weight 'a.0.fc.weight'");
    expect_no_net("'layers': [{'repeat': 1, 'carry': {'h': null}, 'layers': "
                  "[\n{'op': 'relu', 'name': 'h', 'in': 'h'}]}]",
                  "n.json:3:1: layer 0 (relu '0.0.h'): has 0 inputs, must have "
                  "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents),
        cmocka_unit_test(layers),
        cmocka_unit_test(references),
        cmocka_unit_test(values),
        cmocka_unit_test(params_in_params_end),
        cmocka_unit_test(absent_entries),
        cmocka_unit_test(groups),
        cmocka_unit_test(what_cannot_be_built_has_a_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
