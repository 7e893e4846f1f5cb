/* tests/support/plan.h - plans of small workflows, for tests of the engine */
#ifndef OST_TESTS_SUPPORT_PLAN_H
#define OST_TESTS_SUPPORT_PLAN_H

#include "engine/plan.h"
#include "engine/recent.h"
#include "tests/support/store.h"
#include "tests/support/workflow.h"

/* A workflow, what it is bound to, and its plan. */
typedef struct planned {
    ost_workflow *wf;
    ost_source_state sources[4];
    ost_batch *batch;
    ost_plan *plan;
} planned;

static inline ost_rc try_plan(planned *p, ost_store *s, const char *text,
                              const ost_bindings *b, ost_plan_options o,
                              ost_err *err)
{
    *p = (planned){ .wf = load_bound(text, b), .batch = ost_batch_new(s) };
    assert_ok(ost_plan_scan(p->wf, p->batch, NULL, p->sources, err), err);
    o.sources = p->sources;
    o.batch = p->batch;
    return ost_plan_build(p->wf, s, &o, &p->plan, err);
}

static inline planned plan_of(ost_store *s, const char *text)
{
    ost_bindings none = { 0 };
    ost_err err = { 0 };
    planned p;

    assert_ok(try_plan(&p, s, text, &none, (ost_plan_options){ 0 }, &err),
              &err);
    return p;
}

static inline void planned_free(planned *p)
{
    for (size_t i = 0; i < 4; i++)
        ost_source_state_release(&p->sources[i]);
    ost_plan_free(p->plan);
    ost_batch_free(p->batch);
    ost_workflow_free(p->wf);
    *p = (planned){ 0 };
}

/* The number of the step with this name. */
static inline uint32_t step_of(const ost_plan *plan, const char *name)
{
    ost_buf text = { 0 };

    for (uint32_t i = 0; i < plan->n_steps; i++) {
        ost_buf_reset(&text);
        ost_plan_step_name(plan, i, &text);
        if (strcmp(ost_buf_str(&text), name) == 0) {
            ost_buf_release(&text);
            return i;
        }
    }
    fail_msg("no step '%s'", name);
    return 0;
}

/* What computing a step would leave in the store; `word` decides the bytes of
 * its outputs. */
static inline void pretend(planned *p, const char *name, const char *word)
{
    uint32_t step = step_of(p->plan, name);
    const ost_plan_node *n = ost_plan_node_of(p->plan, step);
    ost_batch *b = ost_batch_new(p->plan->store);
    ost_output outputs[4] = { { .port = NULL } };
    ost_node_record record = { .outputs = outputs,
                               .n_outputs = n->n_outputs,
                               .notes = "" };
    ost_buf components = { 0 }, text = { 0 };
    ost_err err = { 0 };
    ost_key key;

    assert_true(ost_plan_inputs_known(p->plan, step));
    assert_ok(ost_plan_components(p->plan, step, &components, NULL, NULL, &err),
              &err);
    key = ost_key_of(&components);
    record.components = ost_buf_str(&components);
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        ost_buf_reset(&text);
        ost_buf_addf(&text, "%s.%u", word, i);
        outputs[i].port = n->node->stage->outputs[i].name;
        assert_ok(ost_batch_put_blob(b, text.data, text.len,
                                     &outputs[i].artifact, &err),
                  &err);
        ost_plan_outputs(p->plan, step)[i] = outputs[i].artifact;
    }
    ost_buf_reset(&text);
    ost_node_record_encode(&text, &record);
    ost_batch_put(b, OST_TABLE_NODES, key.b, sizeof(key.b), text.data,
                  text.len);
    ost_recent_put(b, ost_workflow_name(p->wf), name, &key, 1);
    commit(b);
    ost_batch_free(b);
    ost_buf_release(&components);
    ost_buf_release(&text);
}

static inline void check_verdict(planned *p, const char *name,
                                 ost_verdict verdict, const char *reason)
{
    uint32_t step = step_of(p->plan, name);
    ost_buf text = { 0 };

    assert_string_equal(
        ost_verdict_name((ost_verdict)p->plan->steps[step].verdict),
        ost_verdict_name(verdict));
    ost_plan_reason(p->plan, step, &text);
    assert_string_equal(ost_buf_str(&text), reason);
    ost_buf_release(&text);
}

#endif
