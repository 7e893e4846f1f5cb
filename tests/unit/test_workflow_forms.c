/* tests/unit/test_workflow_forms.c - references, axes, cases, pins, rows */
/* links: engine stage_desc store base */
#include "tests/support/small_stages.h"
#include "tests/support/workflow.h"

#include "base/banned.h"

#define IMAGES                  \
    "'m': { 'stage': 'make' }," \
    "'r': { 'stage': 'read', 'in': 'm' }"
#define ARMS "'axes': { 'arm': { 'values': ['real', 'gan'] } },"

/* --- "in" -------------------------------------------------------------------
 */

static void an_array_stands_at_the_first_port_in_its_order(void **state)
{
    ost_workflow *wf = load(NODES(IMAGES ","
                                         "'n': { 'stage': 'note',"
                                         "  'in': ['r', 'm', 'r'] }"));

    (void)state;
    check_feeds(wf, "n", 0, "in=r.out in=m.out in=r.out");
    ost_workflow_free(wf);
}

static void an_object_names_ports_and_rows(void **state)
{
    ost_workflow *wf =
        load(NODES(IMAGES ","
                          "'n': { 'stage': 'note',"
                          "  'in': { 'in': { 'first': 'r', 'other': 'm' } } },"
                          "'b': { 'stage': 'blur',"
                          "  'in': { 'mask': ['r'], '$comment': 'x',"
                          "          'in': 'r' } }"));

    (void)state;
    check_feeds(wf, "n", 0, "in(first)=r.out in(other)=m.out");
    check_feeds(wf, "b", 0, "in=r.out mask=r.out");
    ost_workflow_free(wf);
}

static void an_optional_port_may_stay_empty(void **state)
{
    ost_workflow *wf = load(NODES("'n': { 'stage': 'note' },"
                                  "'k': { 'stage': 'note', 'in': [] }"));

    (void)state;
    check_feeds(wf, "n", 0, "");
    check_feeds(wf, "k", 0, "");
    ost_workflow_free(wf);
}

/* --- axes -------------------------------------------------------------------
 */

static void instances_count_with_the_first_axis_slowest(void **state)
{
    ost_workflow *wf =
        load(WORKFLOW("'axes': { 'a': { 'range': 2 },"
                      "  'b': { 'values': ['x', 'y', 'z'] } },"
                      "'nodes': { 'm': { 'stage': 'make', 'per': ['b', 'a'],"
                      "   'with': { 'word': '${a}${b}' } },"
                      "  'n': { 'stage': 'note', 'per': ['a'], 'in': 'm' } }"));
    uint32_t m = node_of(wf, "m");

    (void)state;
    assert_int_equal(ost_workflow_node(wf, m)->instances, 6);
    check_step(wf, "m", 0, "m[b=x,a=0]");
    check_step(wf, "m", 1, "m[b=x,a=1]");
    check_step(wf, "m", 2, "m[b=y,a=0]");
    assert_int_equal(ost_instance_axis_value(wf, m, 5, 0), 1);
    assert_int_equal(ost_instance_axis_value(wf, m, 5, 1), 2);
    assert_int_equal(ost_instance_axis_value(wf, node_of(wf, "n"), 1, 1), -1);
    check_params(wf, "m", 3, "{'size':10,'word':'1y'}");
    check_feeds(wf, "n", 1,
                "in=m[b=x,a=1].out in=m[b=y,a=1].out in=m[b=z,a=1].out");
    ost_workflow_free(wf);
}

static void members_of_axis_values_are_read(void **state)
{
    ost_workflow *wf = load(WORKFLOW(
        "'axes': { 'arm': { 'values': ["
        "   { 'name': 'deep', 'depth': 50 }, { 'name': 'flat', 'depth': 5 } ] "
        "} },"
        "'nodes': { 'm': { 'stage': 'make', 'per': ['arm'],"
        "   'with': { 'size': '${arm.depth}', 'word': '${arm}!' } } }"));

    (void)state;
    check_step(wf, "m", 1, "m[arm=flat]");
    check_params(wf, "m", 0, "{'size':50,'word':'deep!'}");
    check_params(wf, "m", 1, "{'size':5,'word':'flat!'}");
    ost_workflow_free(wf);
}

static void a_parameter_can_be_the_list_of_axes(void **state)
{
    static const char text[] = WORKFLOW(
        "'params': { 'gan_per': [] }, 'axes': { 'fold': { 'range': 2 } },"
        "'nodes': { 's': { 'stage': 'make', 'per': ['fold'],"
        "      'with': { 'word': 'w${fold}' } },"
        "  'n': { 'stage': 'note', 'per': '${gan_per}', 'in': 's' } }");
    ost_setting set = { "gan_per", "[\"fold\"]" };
    ost_bindings b = { .sets = &set, .n_sets = 1 };
    ost_workflow *wf = load(text);

    (void)state;
    check_feeds(wf, "n", 0, "in=s[fold=0].out in=s[fold=1].out");
    ost_workflow_free(wf);
    wf = load_bound(text, &b);
    check_feeds(wf, "n", 1, "in=s[fold=1].out");
    ost_workflow_free(wf);
}

static void a_dollar_can_be_escaped(void **state)
{
    ost_workflow *wf =
        load(WORKFLOW("'params': { 'a': 1 }, 'nodes': { 'm': { 'stage': "
                      "'make', 'with': { 'word': '$${a} $a ${a}' } } }"));

    (void)state;
    check_params(wf, "m", 0, "{'size':10,'word':'${a} $a 1'}");
    ost_workflow_free(wf);
}

/* --- pins -------------------------------------------------------------------
 */

static void a_pin_chooses_one_instance(void **state)
{
    ost_workflow *wf =
        load(WORKFLOW("'axes': { 'bone': { 'values': ['femur', 'humerus'] },"
                      "  'fold': { 'range': 2 } },"
                      "'nodes': { 'm': { 'stage': 'make',"
                      "   'per': ['bone', 'fold'],"
                      "   'with': { 'word': '${bone}${fold}' } },"
                      "  'r': { 'stage': 'read', 'per': ['fold'],"
                      "   'in': 'm[bone=humerus]' },"
                      "  'q': { 'stage': 'read',"
                      "   'in': 'm.out[bone=femur,fold=1]' } },"
                      "'outputs': { 'x': 'm[bone=femur]' }"));
    const ost_wf_output *x = ost_workflow_output(wf, 0);

    (void)state;
    check_feeds(wf, "r", 1, "in=m[bone=humerus,fold=1].out");
    check_feeds(wf, "q", 0, "in=m[bone=femur,fold=1].out");
    assert_int_equal(x->n_feeds, 2);
    assert_int_equal(x->feeds[0].instance, 0);
    assert_int_equal(x->feeds[1].instance, 1);
    ost_workflow_free(wf);
}

/* --- case -------------------------------------------------------------------
 */

static void a_case_over_a_parameter_is_decided_at_once(void **state)
{
    static const char text[] = WORKFLOW(
        "'params': { 'mode': 'a' },"
        "'nodes': { 'a': { 'stage': 'make' }, 'b': { 'stage': 'make' },"
        "  'r': { 'stage': 'read',"
        "    'in': { 'case': '${mode}', 'a': 'a', 'b': 'b' } } }");
    ost_setting set = { "mode", "b" };
    ost_bindings bindings = { .sets = &set, .n_sets = 1 };
    ost_workflow *wf = load(text);

    (void)state;
    check_feeds(wf, "r", 0, "in=a.out");
    ost_workflow_free(wf);
    wf = load_bound(text, &bindings);
    check_feeds(wf, "r", 0, "in=b.out");
    ost_workflow_free(wf);
}

static void a_case_over_an_axis_is_decided_per_instance(void **state)
{
    ost_workflow *wf =
        load(WORKFLOW(ARMS "'nodes': { 'a': { 'stage': 'make' },"
                           "  'b': { 'stage': 'make', 'seed': 1 },"
                           "  'r': { 'stage': 'read', 'per': ['arm'],"
                           "    'in': { 'case': '${arm}',"
                           "            'real': 'a', 'gan': 'b' } },"
                           "  'n': { 'stage': 'note', 'in': { 'in': ["
                           "     { 'case': 'x', 'x': 'a' }, 'r' ] } } }"));

    (void)state;
    check_feeds(wf, "r", 0, "in=a.out");
    check_feeds(wf, "r", 1, "in=b.out");
    check_feeds(wf, "n", 0, "in=a.out in=r[arm=real].out in=r[arm=gan].out");
    ost_workflow_free(wf);
}

static void a_case_inside_a_case(void **state)
{
    ost_workflow *wf = load(WORKFLOW(
        "'axes': { 'x': { 'range': 2 }, 'y': { 'range': 2 } },"
        "'nodes': { 'a': { 'stage': 'make' }, 'b': { 'stage': 'make' },"
        "  'c': { 'stage': 'make' },"
        "  'r': { 'stage': 'read', 'per': ['x', 'y'],"
        "    'in': { 'case': '${x}', '0': 'a', '1':"
        "       { 'case': '${y}', '0': 'b', '1': 'c' } } } }"));

    (void)state;
    check_feeds(wf, "r", 0, "in=a.out");
    check_feeds(wf, "r", 1, "in=a.out");
    check_feeds(wf, "r", 2, "in=b.out");
    check_feeds(wf, "r", 3, "in=c.out");
    ost_workflow_free(wf);
}

/* --- words ------------------------------------------------------------------
 */

static void engine_words_reach_the_node(void **state)
{
    ost_workflow *wf = load(NODES(
        "'m': { 'stage': 'make', 'title': 'The maker', 'retries': 2,"
        "  'timeout': 1.5, 'needs': { 'threads': 3, 'memory': '1.5 GiB' } },"
        "'k': { 'stage': 'make', 'needs': { 'memory': 1000 } }"));
    const ost_node *m = ost_workflow_node(wf, node_of(wf, "m"));

    (void)state;
    assert_string_equal(m->title, "The maker");
    assert_int_equal(m->retries, 2);
    assert_true(m->timeout == 1.5);
    assert_int_equal(m->threads, 3);
    assert_int_equal(m->memory, 3u << 29);
    assert_int_equal(ost_workflow_node(wf, node_of(wf, "k"))->memory, 1000);
    ost_workflow_free(wf);
}

/* --- what takes part
 * ---------------------------------------------------------- */

static void what_only_a_default_needs_stays_aside_with_it(void **state)
{
    static const char text[] = WORKFLOW(
        "'inputs': { 'x': { 'type': 'any', 'default': { 'node': 'd' } } },"
        "'nodes': { 'p': { 'stage': 'note' }, 'q': { 'stage': 'note' },"
        "  'd': { 'stage': 'note', 'in': ['p', 'q'] },"
        "  'n': { 'stage': 'note', 'in': ['$x', 'q'] } }");
    ost_setting bind = { "x", "." };
    ost_bindings b = { .binds = &bind, .n_binds = 1 };
    ost_workflow *wf = load_bound(text, &b);

    (void)state;
    assert_false(ost_workflow_node_is_live(wf, node_of(wf, "d")));
    assert_false(ost_workflow_node_is_live(wf, node_of(wf, "p")));
    assert_true(ost_workflow_node_is_live(wf, node_of(wf, "q")));
    assert_true(ost_workflow_node_is_live(wf, node_of(wf, "n")));
    ost_workflow_free(wf);
    wf = load(text);
    assert_true(ost_workflow_node_is_live(wf, node_of(wf, "p")));
    ost_workflow_free(wf);
}

static void an_output_brings_a_default_node_back(void **state)
{
    ost_setting bind = { "x", "." };
    ost_bindings b = { .binds = &bind, .n_binds = 1 };
    ost_workflow *wf = load_bound(
        WORKFLOW(
            "'inputs': { 'x': { 'type': 'any', 'default': { 'node': 'd' } } },"
            "'nodes': { 'd': { 'stage': 'note' },"
            "  'n': { 'stage': 'note', 'in': '$x' } },"
            "'outputs': { 'd': 'd' }"),
        &b);

    (void)state;
    assert_true(ost_workflow_node_is_live(wf, node_of(wf, "d")));
    ost_workflow_free(wf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_stands_at_the_first_port_in_its_order),
        cmocka_unit_test(an_object_names_ports_and_rows),
        cmocka_unit_test(an_optional_port_may_stay_empty),
        cmocka_unit_test(instances_count_with_the_first_axis_slowest),
        cmocka_unit_test(members_of_axis_values_are_read),
        cmocka_unit_test(a_parameter_can_be_the_list_of_axes),
        cmocka_unit_test(a_dollar_can_be_escaped),
        cmocka_unit_test(a_pin_chooses_one_instance),
        cmocka_unit_test(a_case_over_a_parameter_is_decided_at_once),
        cmocka_unit_test(a_case_over_an_axis_is_decided_per_instance),
        cmocka_unit_test(a_case_inside_a_case),
        cmocka_unit_test(engine_words_reach_the_node),
        cmocka_unit_test(what_only_a_default_needs_stays_aside_with_it),
        cmocka_unit_test(an_output_brings_a_default_node_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
