/* tests/unit/test_workflow_files.c - used files, profiles, parameter files */
/* links: engine stage_desc store base */
#include "tests/support/small_stages.h"
#include "tests/support/workflow.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static void write_text(const char *path, const char *text)
{
    ost_buf json = quoted(text);
    char *dir = ost_path_dir(path);
    ost_err err = { 0 };

    if (ost_fs_mkdirs(dir, &err) ||
        ost_fs_write_atomic(path, json.data, json.len, false, &err))
        fail_msg("%s", err.text);
    ost_free(dir);
    ost_buf_release(&json);
}

static void check_report(const char *text, const ost_bindings *b,
                         const char *expected)
{
    ost_buf report = { 0 };
    ost_workflow *wf = load_with(text, b, &report);

    assert_null(wf);
    assert_string_equal(ost_buf_str(&report), expected);
    ost_buf_release(&report);
}

/* --- used files
 * --------------------------------------------------------------- */

/* Learns and applies per fold of its own, and can be given more axes. */
#define EVAL                                                       \
    "{ 'osteon': 1, 'name': 'eval', 'seed': 99,"                   \
    "'params': { 'passes': 1, 'folds': 2 },"                       \
    "'inputs': { 'data': { 'type': 'dataset' } },"                 \
    "'axes': { 'fold': { 'range': '${folds}' } },"                 \
    "'nodes': { 's': { 'stage': 'split', 'per': ['fold'],"         \
    "     'in': '$data', 'with': { 'size': '${folds}',"            \
    "     'rate': '${fold}' } },"                                  \
    "  'l': { 'stage': 'learn', 'per': ['fold'], 'in': 's.train'," \
    "     'with': { 'size': '${passes}' } },"                      \
    "  'p': { 'stage': 'apply', 'per': ['fold'],"                  \
    "     'in': { 'model': 'l', 'data': 's.test' } },"             \
    "  'j': { 'stage': 'judge', 'in': 'p' } },"                    \
    "'outputs': { 'metrics': 'j', 'scores': 'p' } }"

#define IMAGES "'m': { 'stage': 'make' }, 'r': { 'stage': 'read', 'in': 'm' }"

static void a_used_file_is_inlined(void **state)
{
    ost_workflow *wf;

    (void)state;
    write_text("eval.json", EVAL);
    wf = load(WORKFLOW("'seed': 7, 'nodes': { " IMAGES ","
                       " 'e': { 'use': 'eval.json', 'in': 'r',"
                       "        'with': { 'passes': 5 } },"
                       " 'n': { 'stage': 'note', 'in': ['e', 'e.scores'] } }"));
    check_feeds(wf, "e/s", 1, "in=r.out");
    check_params(wf, "e/l", 0, "{'network':null,'size':5}");
    check_step(wf, "e/l", 1, "e/l[fold=1]");
    check_feeds(wf, "n", 0, "in=e/j.out in=e/p[fold=0].out in=e/p[fold=1].out");
    check_seed(wf, "e/l", 0, "7");
    assert_int_equal(ost_workflow_file_count(wf), 2);
    assert_string_equal(ost_workflow_file(wf, 1, NULL), "eval.json");
    ost_workflow_free(wf);
}

static void a_used_file_has_the_given_axes_where_it_reads_them(void **state)
{
    ost_workflow *wf;

    (void)state;
    write_text("eval.json", EVAL);
    wf = load(
        WORKFLOW("'axes': { 'arm': { 'values': [ { 'name': 'a', 'n': 3 },"
                 "    { 'name': 'b', 'n': 4 } ] } },"
                 "'nodes': { " IMAGES ","
                 " 'e': { 'use': 'eval.json', 'in': 'r', 'per': ['arm'],"
                 "        'with': { 'passes': '${arm.n}' } },"
                 " 'n': { 'stage': 'note', 'in': 'e' },"
                 " 'k': { 'stage': 'note', 'per': ['arm'], 'in': 'e' } }"));
    /* The split does not hang on the arm: it is shared. */
    check_step(wf, "e/s", 1, "e/s[fold=1]");
    check_step(wf, "e/l", 2, "e/l[arm=b,fold=0]");
    check_params(wf, "e/l", 2, "{'network':null,'size':4}");
    check_feeds(wf, "e/l", 3, "in=e/s[fold=1].train");
    check_feeds(wf, "e/j", 1,
                "in=e/p[arm=b,fold=0].out in=e/p[arm=b,fold=1].out");
    check_feeds(wf, "n", 0, "in=e/j[arm=a].out in=e/j[arm=b].out");
    check_feeds(wf, "k", 1, "in=e/j[arm=b].out");
    ost_workflow_free(wf);
}

static void axes_of_one_name_and_values_line_up_across_files(void **state)
{
    ost_workflow *wf;

    (void)state;
    write_text("eval.json", EVAL);
    wf = load(WORKFLOW("'axes': { 'fold': { 'range': 2 } },"
                       "'nodes': { " IMAGES ","
                       " 'e': { 'use': 'eval.json', 'in': 'r' },"
                       " 'n': { 'stage': 'note', 'per': ['fold'],"
                       "        'in': 'e.scores' } }"));
    check_feeds(wf, "n", 1, "in=e/p[fold=1].out");
    ost_workflow_free(wf);
}

static void an_output_of_a_used_file_can_be_pinned(void **state)
{
    ost_workflow *wf;

    (void)state;
    write_text("eval.json", EVAL);
    wf = load(NODES(IMAGES ", 'e': { 'use': 'eval.json', 'in': 'r' },"
                           "'n': { 'stage': 'note',"
                           "       'in': 'e.scores[fold=1]' }"));
    check_feeds(wf, "n", 0, "in=e/p[fold=1].out");
    ost_workflow_free(wf);
}

static void used_files_nest_and_hand_seeds_down(void **state)
{
    ost_workflow *wf;

    (void)state;
    write_text("eval.json", EVAL);
    write_text("outer.json",
               "{ 'osteon': 1, 'name': 'outer', 'params': { 'n': 1 },"
               "'inputs': { 'd': {} },"
               "'nodes': { 'in': { 'use': 'eval.json', 'in': '$d',"
               "   'seed': ['${seed}', 1], 'with': { 'passes': '${n}' } } },"
               "'outputs': { 'metrics': 'in.metrics' } }");
    wf = load(WORKFLOW("'axes': { 'k': { 'range': 2 } },"
                       "'nodes': { " IMAGES ","
                       " 'o': { 'use': 'outer.json', 'in': 'r', 'per': ['k'],"
                       "   'seed': '${k}' } },"
                       "'outputs': { 'x': 'o' }"));
    check_step(wf, "o/in/l", 3, "o/in/l[k=1,fold=1]");
    check_seed(wf, "o/in/l", 3, "[1,1]");
    check_step(wf, "o/in/s", 1, "o/in/s[fold=1]");
    assert_int_equal(ost_workflow_output(wf, 0)->n_feeds, 2);
    ost_workflow_free(wf);
}

static void a_case_handed_to_a_used_file(void **state)
{
    ost_workflow *wf;

    (void)state;
    write_text("note.json", "{ 'osteon': 1, 'name': 'n',"
                            "'inputs': { 'd': {} },"
                            "'nodes': { 'x': { 'stage': 'note', 'in': '$d' },"
                            "  'y': { 'stage': 'note' } },"
                            "'outputs': { 'x': 'x', 'd': '$d' } }");
    wf = load(WORKFLOW("'axes': { 'arm': { 'values': ['a', 'b'] } },"
                       "'nodes': { " IMAGES ", 'r2': { 'stage': 'read',"
                       "   'in': 'm' },"
                       " 'u': { 'use': 'note.json', 'per': ['arm'],"
                       "   'in': { 'case': '${arm}', 'a': 'r', 'b': 'r2' } },"
                       " 'n': { 'stage': 'note', 'in': 'u.d' } }"));
    check_step(wf, "u/x", 1, "u/x[arm=b]");
    check_feeds(wf, "u/x", 1, "in=r2.out");
    check_step(wf, "u/y", 0, "u/y");
    check_feeds(wf, "n", 0, "in=r.out in=r2.out");
    ost_workflow_free(wf);
}

static void files_that_use_themselves_are_refused(void **state)
{
    ost_bindings none = { 0 };

    (void)state;
    write_text("a.json", "{ 'osteon': 1, 'name': 'a', 'nodes': {\n"
                         "  'x': { 'use': 'b.json' } } }");
    write_text("b.json", "{ 'osteon': 1, 'name': 'b', 'nodes': {\n"
                         "  'y': { 'use': 'a.json' } } }");
    check_report(NODES("'u': { 'use': 'a.json' }"), &none,
                 "b.json:2:17: /nodes/y/use: a file uses itself: a.json -> "
                 "b.json -> a.json\n"
                 "  \"y\": { \"use\": \"a.json\" } } }\n"
                 "                ^\n");
}

static void faults_of_a_used_file_name_it_and_come_once(void **state)
{
    ost_bindings none = { 0 };

    (void)state;
    write_text("bad.json", "{ 'osteon': 1, 'name': 'a', 'nodes': {\n"
                           "  'x': { 'stage': 'nothing' } } }");
    check_report(NODES("'u': { 'use': 'bad.json' },\n"
                       "'v': { 'use': 'bad.json', 'with': { 'p': 1 } }"),
                 &none,
                 "w.json:2:37: /nodes/v/with/p: 'bad.json' has no parameter "
                 "'p'\n"
                 "\"v\": { \"use\": \"bad.json\", \"with\": { \"p\": 1 } } } "
                 "}\n"
                 "                                    ^\n"
                 "bad.json:2:19: /nodes/x/stage: unknown stage 'nothing'\n"
                 "  \"x\": { \"stage\": \"nothing\" } } }\n"
                 "                  ^\n");
}

static void an_input_that_is_not_handed_down_is_named(void **state)
{
    ost_bindings none = { 0 };

    (void)state;
    write_text("eval.json", EVAL);
    check_report(
        "{ 'osteon': 1, 'name': 'w', 'nodes': {\n"
        "  'e': { 'use': 'eval.json' } } }",
        &none,
        "w.json:2:3: /nodes/e: input 'data' of 'eval.json' is not bound\n"
        "  \"e\": { \"use\": \"eval.json\" } } }\n"
        "  ^\n");
}

static void an_axis_that_a_used_file_does_not_read_is_refused(void **state)
{
    ost_bindings none = { 0 };

    (void)state;
    write_text("eval.json", EVAL);
    check_report("{ 'osteon': 1, 'name': 'w', 'axes': { 'k': { 'range': 2 } "
                 "}, 'nodes': { " IMAGES ",\n"
                 "  'e': { 'use': 'eval.json', 'in': 'r', 'per': ['k'] } } }",
                 &none,
                 "w.json:2:48: /nodes/e/per: nothing in 'eval.json' reads "
                 "axis 'k', so that its instances would be identical\n"
                 "  \"e\": { \"use\": \"eval.json\", \"in\": \"r\", \"per\": "
                 "[\"k\"] } } }\n"
                 "                                               ^\n");
}

static void a_handed_value_reads_only_axes_of_per(void **state)
{
    ost_bindings none = { 0 };

    (void)state;
    write_text("eval.json", EVAL);
    check_report("{ 'osteon': 1, 'name': 'w', 'axes': { 'k': { 'range': 2 } "
                 "}, 'nodes': { " IMAGES ",\n"
                 "  'e': { 'use': 'eval.json', 'in': 'r',\n"
                 "    'with': { 'passes': '${k}' } } } }",
                 &none,
                 "w.json:3:25: /nodes/e/with/passes: this depends on axis "
                 "'k', which is not in \"per\"\n"
                 "    \"with\": { \"passes\": \"${k}\" } } } }\n"
                 "                        ^\n");
}

static void nodes_inside_are_seen_through_outputs_only(void **state)
{
    ost_bindings none = { 0 };

    (void)state;
    write_text("eval.json", EVAL);
    check_report("{ 'osteon': 1, 'name': 'w', 'nodes': { " IMAGES ",\n"
                 "  'e': { 'use': 'eval.json', 'in': 'r' },\n"
                 "  'n': { 'stage': 'note', 'in': ['e/j', 'e.metric'] } } }",
                 &none,
                 "w.json:3:34: /nodes/n/in/0: 'e/j': the nodes of a used "
                 "file are not seen from outside, its outputs are "
                 "(e.OUTPUT)\n"
                 "  \"n\": { \"stage\": \"note\", \"in\": [\"e/j\", "
                 "\"e.metric\"] } } }\n"
                 "                                 ^\n"
                 "w.json:3:41: /nodes/n/in/1: 'e' has no output 'metric' (did "
                 "you mean 'metrics'?)\n"
                 "  \"n\": { \"stage\": \"note\", \"in\": [\"e/j\", "
                 "\"e.metric\"] } } }\n"
                 "                                        ^\n");
}

/* --- files of parameters, the library
 * ----------------------------------------- */

static void a_file_parameter_brings_its_content(void **state)
{
    ost_workflow *wf;
    ost_digest digest, expected = ost_digest_of("{\"a\": 1}", 8);

    (void)state;
    write_text("nets/net.json", "{'a': 1}");
    wf = load(NODES(IMAGES ", 'l': { 'stage': 'learn', 'in': 'r',"
                           "  'with': { 'network': 'nets/net.json' } }"));
    check_params(wf, "l", 0,
                 "{'network':{'data':'{\\'a\\': 1}','name':'nets/net.json'},"
                 "'size':1}");
    assert_int_equal(ost_workflow_file_count(wf), 2);
    assert_string_equal(ost_workflow_file(wf, 1, &digest), "nets/net.json");
    assert_true(ost_digest_equal(&digest, &expected));
    ost_workflow_free(wf);
}

static void the_library_is_searched_by_name(void **state)
{
    ost_bindings b = { .lib_dir = "lib" };
    ost_workflow *wf;

    (void)state;
    write_text("lib/eval.json", EVAL);
    write_text("lib/models/net.json", "{}");
    wf = load_bound(NODES(IMAGES ", 'e': { 'use': 'lib:eval', 'in': 'r' },"
                                 "'l': { 'stage': 'learn', 'in': 'r',"
                                 "  'with': { 'network': 'lib:net' } }"),
                    &b);
    check_params(wf, "l", 0,
                 "{'network':{'data':'{}','name':'lib:net'},'size':1}");
    ost_workflow_free(wf);
    check_report("{ 'osteon': 1, 'name': 'w', 'nodes': { " IMAGES ",\n"
                 "  'l': { 'stage': 'learn', 'in': 'r',\n"
                 "    'with': { 'network': 'lib:ned' } },\n"
                 "  'e': { 'use': 'lib:eva', 'in': 'r' },\n"
                 "  'f': { 'use': 'lib:../w', 'in': 'r' } } }",
                 &b,
                 "w.json:3:26: /nodes/l/with/network: the library has no "
                 "'ned' (did you mean 'net'?)\n"
                 "    \"with\": { \"network\": \"lib:ned\" } },\n"
                 "                         ^\n"
                 "w.json:4:17: /nodes/e/use: the library has no 'eva' (did "
                 "you mean 'eval'?)\n"
                 "  \"e\": { \"use\": \"lib:eva\", \"in\": \"r\" },\n"
                 "                ^\n"
                 "w.json:5:17: /nodes/f/use: 'lib:../w' is no name of a "
                 "file\n"
                 "  \"f\": { \"use\": \"lib:../w\", \"in\": \"r\" } } }\n"
                 "                ^\n");
}

static void a_file_handed_down_is_looked_for_where_it_was_named(void **state)
{
    ost_bindings b = { .lib_dir = "lib" };
    ost_workflow *wf;

    (void)state;
    write_text("lib/learn.json",
               "{ 'osteon': 1, 'name': 'l', 'params': { 'net': 'lib:net' },"
               "'inputs': { 'd': {} },"
               "'nodes': { 'l': { 'stage': 'learn', 'in': '$d',"
               "   'with': { 'network': '${net}' } } } }");
    write_text("mine.json", "{}");
    wf = load_bound(NODES(IMAGES ", 'u': { 'use': 'lib:learn', 'in': 'r',"
                                 "  'with': { 'net': 'mine.json' } }"),
                    &b);
    check_params(wf, "u/l", 0,
                 "{'network':{'data':'{}','name':'mine.json'},'size':1}");
    ost_workflow_free(wf);
}

static void a_link_out_of_the_folder_is_refused(void **state)
{
    ost_bindings none = { 0 };

    (void)state;
    unlink("out.json");
    assert_int_equal(symlink("/etc/hostname", "out.json"), 0);
    check_report("{ 'osteon': 1, 'name': 'w', 'nodes': { " IMAGES ",\n"
                 "  'l': { 'stage': 'learn', 'in': 'r',\n"
                 "    'with': { 'network': 'out.json' } } } }",
                 &none,
                 "w.json:3:26: /nodes/l/with/network: path 'out.json' is a "
                 "link that leads out of the file's folder\n"
                 "    \"with\": { \"network\": \"out.json\" } } } }\n"
                 "                         ^\n");
}

/* --- what the site and the command line bring
 * ---------------------------------- */

#define STUDY                                                           \
    "{ 'osteon': 1, 'name': 'w', 'params': { 'size': 1, 'word': 'a' }," \
    "'presets': { 'big': { 'size': 90 } },"                             \
    "'inputs': { 'xrays': { 'default': { 'node': 'm' } } },"            \
    "'nodes': { 'm': { 'stage': 'make', 'with': { 'size': '${size}',"   \
    "   'word': '${word}' } }, 'r': { 'stage': 'read', 'in': '$xrays' } } }"

static void files_come_before_the_site_and_the_site_before_options(void **state)
{
    static const char *const presets[] = { "big" };
    static const char *const files[] = { "p1.json", "p2.json" };
    static const ost_setting set = { "word", "option" };
    ost_bindings b = {
        .presets = presets, .n_presets = 1, .params = files, .n_params = 2
    };
    ost_workflow *wf;

    (void)state;
    write_text("p1.json", "{ 'size': 2, 'word': 'one' }");
    write_text("p2.json", "{ '$comment': 'x', 'word': 'two' }");
    write_text("site.json", "{ 'params': { 'word': 'site' } }");
    wf = load_bound(STUDY, &b);
    assert_string_equal(ost_workflow_params(wf),
                        "{\"size\":2,\"word\":\"two\"}");
    ost_workflow_free(wf);
    b.profile = "site.json";
    wf = load_bound(STUDY, &b);
    assert_string_equal(ost_workflow_params(wf),
                        "{\"size\":2,\"word\":\"site\"}");
    assert_int_equal(ost_workflow_file_count(wf), 4);
    ost_workflow_free(wf);
    b.sets = &set;
    b.n_sets = 1;
    wf = load_bound(STUDY, &b);
    assert_string_equal(ost_workflow_params(wf),
                        "{\"size\":2,\"word\":\"option\"}");
    ost_workflow_free(wf);
}

static void a_profile_binds_inputs_relative_to_itself(void **state)
{
    ost_bindings b = { .profile = "site/site.json" };
    const ost_source *source;
    ost_workflow *wf;

    (void)state;
    write_text("site/site.json", "{ 'inputs': { 'xrays': 'data' } }");
    write_text("site/data/x.txt", "x");
    wf = load_bound(STUDY, &b);
    source = ost_workflow_source(wf, 0);
    assert_non_null(strstr(source->where, "/site/data"));
    assert_false(source->from_document);
    ost_workflow_free(wf);
}

static void a_url_may_carry_its_pin(void **state)
{
    static const ost_setting bind = {
        "xrays", "https://example.org/x.zip#sha256="
                 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"
                 "cdef"
    };
    ost_bindings b = { .binds = &bind, .n_binds = 1 };
    ost_workflow *wf = load_bound(STUDY, &b);
    const ost_source *source = ost_workflow_source(wf, 0);

    (void)state;
    assert_int_equal(source->kind, OST_SOURCE_URL);
    assert_string_equal(source->where, "https://example.org/x.zip");
    assert_int_equal(strlen(source->sha256), 64);
    ost_workflow_free(wf);
}

static void wrong_options_are_named(void **state)
{
    static const ost_setting sets[] = { { "sise", "1" }, { "seed", "1" } };
    static const ost_setting binds[] = { { "xray", "." },
                                         { "xrays", "no/folder" } };
    static const char *const presets[] = { "bigg" };
    static const char *const files[] = { "none.json" };
    ost_bindings b = { .sets = sets,
                       .n_sets = 2,
                       .binds = binds,
                       .n_binds = 2,
                       .presets = presets,
                       .n_presets = 1,
                       .params = files,
                       .n_params = 1,
                       .profile = "none.json" };

    (void)state;
    check_report(
        STUDY, &b,
        "--preset bigg: the workflow has no such preset (did you mean "
        "'big'?)\n"
        "--params: cannot open 'none.json': No such file or directory\n"
        "--profile: cannot open 'none.json': No such file or directory\n"
        "--set sise: the workflow has no such parameter (did you mean "
        "'size'?)\n"
        "--set seed: the workflow has no such parameter (the seed is set with "
        "--seed)\n"
        "--bind xray: the workflow has no such input (did you mean 'xrays'?)\n"
        "--bind xrays: 'no/folder': No such file or directory\n");
}

static void what_is_not_there_is_said_once(void **state)
{
    static const char *const text =
        "{ 'osteon': 1, 'name': 'w', 'inputs': { 'xrays': {} },"
        "  'nodes': { 'r': { 'stage': 'read', 'in': '$xrays' } } }";
    static const ost_setting bind = { "xrays", "no/folder" };
    const ost_bindings option = { .binds = &bind, .n_binds = 1 };
    const ost_bindings profile = { .profile = "away.json" };

    (void)state;
    check_report(text, &option,
                 "--bind xrays: 'no/folder': No such file or directory\n");
    write_text("away.json", "{ 'inputs': { 'xrays': 'no/folder' } }");
    check_report(text, &profile,
                 "away.json:1:24: /inputs/xrays: 'no/folder': No such file or "
                 "directory\n"
                 "{ \"inputs\": { \"xrays\": \"no/folder\" } }\n"
                 "                       ^\n");
}

static void faults_of_a_profile_have_their_place(void **state)
{
    ost_bindings b = { .profile = "site.json" };

    (void)state;
    write_text("site.json", "{ 'inputs': { 'xray': '.' },\n"
                            "  'params': { 'siz': 1 }, 'extra': 1 }");
    check_report(STUDY, &b,
                 "site.json:1:15: /inputs/xray: unknown input 'xray': the "
                 "workflow has none of that name (did you mean 'xrays'?)\n"
                 "{ \"inputs\": { \"xray\": \".\" },\n"
                 "              ^\n"
                 "site.json:2:15: /params/siz: unknown parameter 'siz' (did "
                 "you mean 'size'?)\n"
                 "  \"params\": { \"siz\": 1 }, \"extra\": 1 }\n"
                 "              ^\n"
                 "site.json:2:27: /extra: unknown key of a profile 'extra'\n"
                 "  \"params\": { \"siz\": 1 }, \"extra\": 1 }\n"
                 "                          ^\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_used_file_is_inlined),
        cmocka_unit_test(a_used_file_has_the_given_axes_where_it_reads_them),
        cmocka_unit_test(axes_of_one_name_and_values_line_up_across_files),
        cmocka_unit_test(an_output_of_a_used_file_can_be_pinned),
        cmocka_unit_test(used_files_nest_and_hand_seeds_down),
        cmocka_unit_test(a_case_handed_to_a_used_file),
        cmocka_unit_test(files_that_use_themselves_are_refused),
        cmocka_unit_test(faults_of_a_used_file_name_it_and_come_once),
        cmocka_unit_test(an_input_that_is_not_handed_down_is_named),
        cmocka_unit_test(an_axis_that_a_used_file_does_not_read_is_refused),
        cmocka_unit_test(a_handed_value_reads_only_axes_of_per),
        cmocka_unit_test(nodes_inside_are_seen_through_outputs_only),
        cmocka_unit_test(a_file_parameter_brings_its_content),
        cmocka_unit_test(the_library_is_searched_by_name),
        cmocka_unit_test(a_file_handed_down_is_looked_for_where_it_was_named),
        cmocka_unit_test(a_link_out_of_the_folder_is_refused),
        cmocka_unit_test(
            files_come_before_the_site_and_the_site_before_options),
        cmocka_unit_test(a_profile_binds_inputs_relative_to_itself),
        cmocka_unit_test(a_url_may_carry_its_pin),
        cmocka_unit_test(wrong_options_are_named),
        cmocka_unit_test(what_is_not_there_is_said_once),
        cmocka_unit_test(faults_of_a_profile_have_their_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
