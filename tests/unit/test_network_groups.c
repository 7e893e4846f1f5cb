/* tests/unit/test_network_groups.c - groups of layers: passes, names, links */
/* links: stages kernels base */
#include "tests/support/network_text.h"

#include "base/banned.h"

static void groups_repeat_and_link_back(void **state)
{
    (void)state;
    network_is("'params': {'depth': 2}, 'layers': [\n"
               "{'op': 'relu', 'name': 'stem'},\n"
               "{'name': 'blocks', 'repeat': '${depth}', 'layers': [\n"
               "  {'op': 'dense', 'name': 'fc', 'out': 1},\n"
               "  {'op': 'relu'},\n"
               "  {'op': 'add', 'in': ['entry', 'previous']}]},\n"
               "{'op': 'add', 'in': ['stem', 'blocks']}]",
               NULL,
               "stem relu<in\n"
               "blocks.0.fc dense<0 out=1\n"
               "blocks.0.1 relu<1\n"
               "blocks.0.2 add<0,2\n"
               "blocks.1.fc dense<3 out=1\n"
               "blocks.1.1 relu<4\n"
               "blocks.1.2 add<3,5\n"
               "2 add<0,6");
}

static void repeats_go_over_lists(void **state)
{
    const char *text =
        "'params': {'stages': {'value': [{'w': 8, 'in': {'k': 3}}, "
        "{'w': 16, 'in': {'k': {'case': '${big}', 'true': 7, 'false': 1}}}]}, "
        "'big': false},\n"
        "'layers': [{'repeat': '${stages}', 'as': 's', 'layers': "
        "[{'op': 'conv2d', 'name': 'c${s.w}', 'kernel': '${s.in.k}'}]}]";

    (void)state;
    network_is(text, NULL,
               "0.0.c8 conv2d<in kernel=3\n0.1.c16 conv2d<0 kernel=1");
    network_is(text, "{'big': true}",
               "0.0.c8 conv2d<in kernel=3\n0.1.c16 conv2d<0 kernel=7");
    network_is("'params': {'w': [8, 16]}, 'layers': [{'op': 'dense', 'out': "
               "'${w.1}'}]",
               NULL, "0 dense<in out=16");
    network_is("'layers': [{'repeat': 0, 'name': 'g', 'layers': []}, "
               "{'op': 'relu', 'name': 'r'}, {'op': 'relu', 'in': 'g'}]",
               NULL, "r relu<in\n2 relu<in");
}

static void passes_may_have_names(void **state)
{
    (void)state;
    network_is("'layers': [{'repeat': [{'id': 1, 'n': 2}, {'id': 2, 'n': 1}], "
               "'as': 'stage', 'name': 'layer${stage.id}', 'layers': [\n"
               "  {'repeat': '${stage.n}', 'as': 'block', 'name': '${block}', "
               "'layers': [{'op': 'dense', 'name': 'fc', 'out': 1}]}]},\n"
               "{'op': 'add', 'in': ['layer1', 'layer2.0.fc', 'layer1.1']}]",
               NULL,
               "layer1.0.fc dense<in out=1\n"
               "layer1.1.fc dense<0 out=1\n"
               "layer2.0.fc dense<1 out=1\n"
               "1 add<1,2,1");
}

static void a_group_without_name_adds_nothing(void **state)
{
    (void)state;
    network_is("'layers': [{'name': 'features', 'layers': [\n"
               "  {'repeat': [0, 3], 'as': 'id', 'name': '', 'layers': [\n"
               "    {'op': 'dense', 'name': '${id}', 'out': 1}]}]}]",
               NULL, "features.0 dense<in out=1\nfeatures.3 dense<0 out=1");
}

static void a_group_says_what_enters_it(void **state)
{
    (void)state;
    network_is("'layers': [{'op': 'relu', 'name': 'a'}, {'op': 'relu'},\n"
               "{'name': 'b', 'in': 'a', 'layers': [{'op': 'tanh'}, "
               "{'op': 'add', 'in': ['entry', 'previous']}]},\n"
               "{'op': 'relu'}]",
               NULL, "a relu<in\n1 relu<0\nb.0 tanh<0\nb.1 add<0,2\n3 relu<3");
}

static const char optional[] =
    "'params': {'kind': 'max', 'wide': false, 'n': 2},\n"
    "'layers': [{'op': 'relu', 'name': 'a'},\n"
    "{'op': 'max_pool', 'name': 'pool', 'when': {'kind': ['max', 'both']}},\n"
    "{'op': 'avg_pool', 'name': 'pool', 'when': {'kind': 'avg'}},\n"
    "{'name': 'extra', 'when': {'wide': true, 'n': 2}, 'layers': "
    "[{'op': 'dense'}]},\n"
    "{'op': 'add', 'in': ['extra', 'pool']}]";

static void entries_may_be_absent(void **state)
{
    (void)state;
    network_is(optional, NULL, "a relu<in\npool max_pool<0\n4 add<1,1");
    network_is(optional, "{'kind': 'avg', 'wide': true}",
               "a relu<in\npool avg_pool<0\nextra.0 dense<1\n4 add<2,1");
    network_is(optional, "{'kind': null, 'wide': true, 'n': 2.0}",
               "a relu<in\nextra.0 dense<0\n4 add<1,0");
    network_is(optional, "{'kind': 'both', 'wide': true, 'n': 3}",
               "a relu<in\npool max_pool<0\n4 add<1,1");
}

static void what_is_absent_stands_for_its_first_input(void **state)
{
    (void)state;
    network_is("'params': {'add': false}, 'layers': [\n"
               "{'op': 'relu', 'name': 'a'}, {'op': 'tanh'},\n"
               "{'op': 'add', 'in': ['a', 'previous'], "
               "'when': {'add': true}},\n"
               "{'op': 'dense'}]",
               NULL, "a relu<in\n1 tanh<0\n3 dense<0");
}

static void carried_names_of_absent_groups_keep_their_meaning(void **state)
{
    (void)state;
    network_is("'params': {'rounds': false}, 'layers': [\n"
               "{'op': 'relu', 'name': 'a'}, {'op': 'tanh'},\n"
               "{'repeat': 2, 'when': {'rounds': true}, 'carry': {'h': 'a', "
               "'g': null}, 'layers': []},\n"
               "{'op': 'add', 'in': ['h', 'g', 'previous']}]",
               NULL, "a relu<in\n1 tanh<0\n3 add<0,1");
}

static void when_sees_the_pass(void **state)
{
    (void)state;
    network_is("'layers': [{'repeat': 3, 'as': 'i', 'layers': [\n"
               "{'op': 'relu', 'when': {'i': [1, 2]}},\n"
               "{'op': 'tanh', 'when': {'i': 0}}]},\n"
               "{'repeat': [{'down': true}, {'down': false}], 'as': 'b', "
               "'layers': [{'op': 'dense', 'name': 'd', 'when': "
               "{'b.down': true}}, {'op': 'add', 'in': ['entry', 'd']}]}]",
               NULL,
               "0.0.1 tanh<in\n0.1.0 relu<0\n0.2.0 relu<1\n"
               "1.0.d dense<2\n1.0.1 add<2,3\n1.1.1 add<4,4");
}

static void references_go_into_groups(void **state)
{
    const struct {
        const char *in;
        const char *inputs;
    } t[] = {
        { "'down.skip'", "4" },
        { "'down.0.skip'", "0" },
        { "'down.*.skip'", "0,2,4" },
        { "['down.*', 'down.1']", "1,3,5,3" },
        { "'one.two.t'", "7" },
        { "'one.two.0.t'", "6" },
        { "['one.two.*.t', 'down']", "6,7,5" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        char *text = ost_xprintf(
            "'layers': [{'name': 'down', 'repeat': 3, 'layers': [\n"
            "  {'op': 'relu', 'name': 'skip'}, {'op': 'pool'}]},\n"
            "{'name': 'one', 'layers': [{'name': 'two', 'repeat': 2, 'layers': "
            "[{'op': 'tanh', 'name': 't'}]}]},\n"
            "{'op': 'add', 'in': %s}]",
            t[i].in);
        char *layers = ost_xprintf("down.0.skip relu<in\ndown.0.1 pool<0\n"
                                   "down.1.skip relu<1\ndown.1.1 pool<2\n"
                                   "down.2.skip relu<3\ndown.2.1 pool<4\n"
                                   "one.two.0.t tanh<5\none.two.1.t tanh<6\n"
                                   "2 add<%s",
                                   t[i].inputs);

        network_is(text, NULL, layers);
        ost_free(layers);
        ost_free(text);
    }
}

static void passes_share_weights_and_carry_values(void **state)
{
    (void)state;
    network_is("'layers': [{'name': 'rnn', 'repeat': 3, 'as': 't', 'weights': "
               "'shared', 'carry': {'h': null}, 'layers': [\n"
               "  {'op': 'slice', 'in': 'input', 'index': '${t}'},\n"
               "  {'op': 'dense', 'name': 'in', 'out': 2},\n"
               "  {'op': 'add', 'name': 'h', 'in': ['in', 'h']}]},\n"
               "{'op': 'relu', 'in': 'h'}, {'op': 'add', 'in': 'rnn.*.h'}]",
               NULL,
               "rnn.0 slice<in index=0\n"
               "rnn.in dense<0 out=2\n"
               "rnn.h add<1\n"
               "rnn.0 slice<in index=1 shared\n"
               "rnn.in dense<3 out=2 shared\n"
               "rnn.h add<4,2 shared\n"
               "rnn.0 slice<in index=2 shared\n"
               "rnn.in dense<6 out=2 shared\n"
               "rnn.h add<7,5 shared\n"
               "1 relu<8\n"
               "2 add<2,5,8");
    network_is("'layers': [{'op': 'relu', 'name': 'first'},\n"
               "{'repeat': 2, 'carry': {'h': 'first'}, 'layers': [\n"
               "  {'op': 'add', 'name': 'h', 'in': ['input', 'h']}]},\n"
               "{'repeat': 0, 'carry': {'g': 'h'}, 'layers': []},\n"
               "{'op': 'tanh', 'in': 'g'}]",
               NULL, "first relu<in\n1.0.h add<in,0\n1.1.h add<in,1\n3 tanh<2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_repeat_and_link_back),
        cmocka_unit_test(repeats_go_over_lists),
        cmocka_unit_test(passes_may_have_names),
        cmocka_unit_test(a_group_without_name_adds_nothing),
        cmocka_unit_test(a_group_says_what_enters_it),
        cmocka_unit_test(entries_may_be_absent),
        cmocka_unit_test(what_is_absent_stands_for_its_first_input),
        cmocka_unit_test(carried_names_of_absent_groups_keep_their_meaning),
        cmocka_unit_test(when_sees_the_pass),
        cmocka_unit_test(references_go_into_groups),
        cmocka_unit_test(passes_share_weights_and_carry_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
