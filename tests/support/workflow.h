/* tests/support/workflow.h - workflows as short JSON literals
 *
 * Single quotes stand for double ones.  Include small_stages.h as well, for
 * the table of stages.
 */
#ifndef OST_TESTS_SUPPORT_WORKFLOW_H
#define OST_TESTS_SUPPORT_WORKFLOW_H

#include "engine/workflow_internal.h"
#include "tests/support/check.h"

#include <string.h>

/* A text with its single quotes doubled. */
static inline ost_buf quoted(const char *text)
{
    ost_buf out = { 0 };

    for (; *text; text++)
        ost_buf_addc(&out, *text == '\'' ? '"' : *text);
    return out;
}

/* What is wrong with a workflow; "" when nothing is. */
static inline ost_workflow *load_with(const char *text, const ost_bindings *b,
                                      ost_buf *report)
{
    ost_buf json = quoted(text);
    ost_workflow *wf = NULL;
    ost_err err = { 0 };
    ost_rc rc = ost_workflow_load_text("w.json", &json, b, &wf, report, &err);

    assert_true((rc == OST_OK) == (wf != NULL));
    assert_true((rc == OST_OK) == (report->len == 0));
    return wf;
}

static inline ost_workflow *load_bound(const char *text, const ost_bindings *b)
{
    ost_buf report = { 0 };
    ost_workflow *wf = load_with(text, b, &report);

    if (!wf)
        fail_msg("%s", ost_buf_str(&report));
    ost_buf_release(&report);
    return wf;
}

static inline ost_workflow *load(const char *text)
{
    ost_bindings none = { 0 };

    return load_bound(text, &none);
}

/* The nodes of a workflow that is otherwise empty. */
#define WORKFLOW(rest) "{ 'osteon': 1, 'name': 'w', " rest " }"
#define NODES(nodes)   WORKFLOW("'nodes': { " nodes " }")

static inline uint32_t node_of(const ost_workflow *wf, const char *name)
{
    int64_t node = ost_workflow_find_node(wf, name);

    if (node < 0)
        fail_msg("no node '%s'", name);
    return (uint32_t)node;
}

typedef struct {
    const ost_workflow *wf;
    uint32_t reader;
    ost_buf text;
} feed_text;

static inline void add_feed(void *user, const ost_feed *feed)
{
    feed_text *t = user;
    const ost_stage *stage = ost_workflow_node(t->wf, t->reader)->stage;

    ost_buf_addf(&t->text, "%s%s", t->text.len ? " " : "",
                 stage->inputs[feed->port].name);
    if (feed->row)
        ost_buf_addf(&t->text, "(%s)", feed->row);
    ost_buf_addc(&t->text, '=');
    if (feed->source >= 0) {
        ost_buf_addf(&t->text, "$%s",
                     ost_workflow_source(t->wf, feed->source)->name);
        return;
    }
    ost_step_name(t->wf, feed->node, feed->instance, &t->text);
    ost_buf_addf(
        &t->text, ".%s",
        ost_workflow_node(t->wf, feed->node)->stage->outputs[feed->out].name);
}

/* What an instance reads: "in=train[fold=0].out mask(a)=$xrays". */
static inline void check_feeds(const ost_workflow *wf, const char *node,
                               uint32_t instance, const char *expected)
{
    feed_text t = { .wf = wf, .reader = node_of(wf, node) };

    ost_instance_feeds(wf, t.reader, instance, add_feed, &t);
    assert_string_equal(ost_buf_str(&t.text), expected);
    ost_buf_release(&t.text);
}

static inline void check_step(const ost_workflow *wf, const char *node,
                              uint32_t instance, const char *expected)
{
    ost_buf name = { 0 };

    ost_step_name(wf, node_of(wf, node), instance, &name);
    assert_string_equal(ost_buf_str(&name), expected);
    ost_buf_release(&name);
}

static inline void check_params(const ost_workflow *wf, const char *node,
                                uint32_t instance, const char *expected)
{
    ost_buf json = { 0 }, want = quoted(expected);
    ost_err err = { 0 };
    ost_rc rc =
        ost_instance_params(wf, node_of(wf, node), instance, &json, NULL, &err);

    if (rc)
        fail_msg("%s", err.text);
    assert_string_equal(ost_buf_str(&json), ost_buf_str(&want));
    ost_buf_release(&json);
    ost_buf_release(&want);
}

static inline void check_seed(const ost_workflow *wf, const char *node,
                              uint32_t instance, const char *expected)
{
    ost_buf json = { 0 }, want = quoted(expected);
    ost_err err = { 0 };

    assert_int_equal(
        ost_instance_seed(wf, node_of(wf, node), instance, &json, &err),
        OST_OK);
    assert_string_equal(ost_buf_str(&json), ost_buf_str(&want));
    ost_buf_release(&json);
    ost_buf_release(&want);
}

#endif
