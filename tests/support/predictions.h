/* tests/support/predictions.h - predictions made by hand, and steps on them */
#ifndef OST_TESTS_SUPPORT_PREDICTIONS_H
#define OST_TESTS_SUPPORT_PREDICTIONS_H

#include "base/json.h"
#include "stages/context.h"
#include "stages/params.h"
#include "tests/support/store.h"

/* One prediction of a two-class problem "a" or "b"; `label` may be NULL. */
typedef struct case_row {
    const char *id;
    const char *group;
    const char *label;
    double score_b;
    const char *fold; /* attribute axis.fold, or NULL */
} case_row;

static inline ost_digest put_predictions(ost_batch *b, const char *meta,
                                         const case_row *rows, size_t n)
{
    ost_item *items = ost_xalloc(sizeof(*items) * (n + 1));
    ost_arena arena = { 0 };
    ost_err err = { 0 };
    ost_digest d;

    for (size_t i = 0; i < n; i++) {
        items[i] = (ost_item){ .id = rows[i].id, .group = rows[i].group };
        if (rows[i].label)
            ost_item_set_label(&arena, &items[i], rows[i].label);
        ost_item_set_number(&arena, &items[i], "score.a", 1 - rows[i].score_b);
        ost_item_set_number(&arena, &items[i], "score.b", rows[i].score_b);
        if (rows[i].fold)
            ost_item_set_text(&arena, &items[i], "axis.fold", rows[i].fold);
    }
    assert_ok(ost_dataset_put(b, OST_PREDICTIONS, meta, items, n, &d, &err),
              &err);
    ost_arena_release(&arena);
    ost_free(items);
    return d;
}

static inline ost_digest put_items(ost_batch *b, ost_artifact_type type,
                                   const char *meta, const ost_item *items,
                                   size_t n)
{
    ost_err err = { 0 };
    ost_digest d;

    assert_ok(ost_dataset_put(b, type, meta, items, n, &d, &err), &err);
    commit(b);
    return d;
}

static inline ost_step_input at_port(const char *port, ost_digest d)
{
    return (
        ost_step_input){ .port = port, .row = "", .root = "", .artifact = d };
}

/* Runs a step with defaults for what `with` (JSON, single quotes welcome as
 * there is no other use for them) leaves out. */
static inline ost_done_msg run_stage(ost_batch *b, const ost_stage *stage,
                                     const char *with,
                                     const ost_step_input *inputs, size_t n,
                                     ost_arena *arena)
{
    char *text = ost_arena_strdup(arena, with);
    json_t *given, *full = NULL;
    ost_buf params = { 0 };
    ost_done_msg done;
    ost_err err = { 0 };
    ost_step_msg msg = { .name = stage->name,
                         .stage = stage->name,
                         .seed = "7",
                         .numeric = "",
                         .threads = 1,
                         .inputs = inputs,
                         .n_inputs = (uint32_t)n };

    for (char *p = text; *p; p++)
        if (*p == '\'')
            *p = '"';
    given = json_loads(text, 0, NULL);
    assert_non_null(given);
    assert_ok(ost_params_complete(stage, given, NULL, NULL, &full, &err), &err);
    ost_json_canonical(&params, full);
    msg.params = ost_buf_str(&params);
    ost_step_execute(b, &msg, NULL, arena, &done);
    if (!done.rc) {
        assert_ok(ost_batch_add_encoded(b, done.batch, done.batch_size, &err),
                  &err);
        commit(b);
    }
    ost_buf_release(&params);
    json_decref(given);
    json_decref(full);
    return done;
}

/* The document of a finished step's first output.  Caller decrefs. */
static inline json_t *document_of(ost_batch *b, const ost_done_msg *done,
                                  ost_arena *arena)
{
    ost_artifact a;
    ost_err err = { 0 };
    json_t *doc;

    if (done->rc)
        fail_msg("%s", done->error);
    assert_int_equal(done->n_outputs, 1);
    assert_ok(ost_artifact_get(b, &done->outputs[0].artifact, arena, &a, &err),
              &err);
    doc = json_loads(a.meta, 0, NULL);
    assert_non_null(doc);
    return doc;
}

#endif
