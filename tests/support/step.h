/* tests/support/step.h - one step of a stage, run in the test's own process
 *
 * A test names the stages that it wants:
 *
 *     const ost_stage *const ost_stages[] = { &ost_stage_split, NULL };
 */
#ifndef OST_TESTS_SUPPORT_STEP_H
#define OST_TESTS_SUPPORT_STEP_H

#include "base/alloc.h"
#include "base/json.h"
#include "stages/context.h"
#include "stages/params.h"
#include "tests/support/store.h"

typedef struct step_fixture {
    ost_store *store;
    ost_batch *batch;
    ost_arena arena;
    uint32_t threads;
    bool exec_allowed;
    const char *seed;    /* canonical JSON */
    const char *numeric; /* class to compute in */
    const char *file;    /* what every parameter that is a file holds */
    ost_secret secret;
} step_fixture;

static inline int step_setup(void **state)
{
    step_fixture *f = ost_xalloc(sizeof(*f));

    f->store = new_store("store");
    f->batch = ost_batch_new(f->store);
    f->threads = 1;
    f->seed = "7";
    f->numeric = "";
    *state = f;
    return 0;
}

static inline int step_teardown(void **state)
{
    step_fixture *f = *state;

    ost_batch_free(f->batch);
    ost_store_close(f->store);
    ost_arena_release(&f->arena);
    ost_free(f);
    return 0;
}

/* A test with a store of its own. */
#define step_test(test) \
    cmocka_unit_test_setup_teardown(test, step_setup, step_teardown)

static inline ost_step_input step_input_of(const char *port, ost_digest d)
{
    return (
        ost_step_input){ .port = port, .row = "", .root = "", .artifact = d };
}

static inline ost_rc give_file(void *user, const char *name, ost_buf *data,
                               ost_err *err)
{
    const step_fixture *f = user;

    (void)err;
    if (!f->file)
        fail_msg("the test has no file '%s'", name);
    ost_buf_adds(data, f->file);
    return OST_OK;
}

/* Runs a stage with the parameters `with` (a JSON object, completed by their
 * defaults); what it gave is committed. */
static inline ost_done_msg run_stage(step_fixture *f, const char *stage,
                                     const char *with,
                                     const ost_step_input *inputs, uint32_t n)
{
    static unsigned char steps; /* no checkpoint of another one is found */
    const ost_stage *s = ost_stage_find(stage);
    json_t *given = json_loads(with, 0, NULL), *full = NULL;
    ost_param_faults faults = { 0 };
    ost_step_msg msg = { .name = stage,
                         .stage = stage,
                         .key = { { ++steps } },
                         .seed = f->seed,
                         .numeric = f->numeric,
                         .threads = f->threads,
                         .exec_allowed = f->exec_allowed,
                         .inputs = inputs,
                         .n_inputs = n,
                         .secret = f->secret };
    ost_buf text = { 0 };
    ost_err err = { 0 };
    ost_done_msg done;

    assert_non_null(s);
    assert_non_null(given);
    ost_params_check(s, given, &faults);
    if (faults.len)
        fail_msg("%s", faults.data[0].text);
    assert_ok(ost_params_complete(s, given, give_file, f, &full, &err), &err);
    ost_json_canonical(&text, full);
    msg.params = ost_buf_str(&text);
    ost_step_execute(f->batch, &msg, NULL, &f->arena, &done);
    assert_ok(
        ost_batch_add_encoded(f->batch, done.batch, done.batch_size, &err),
        &err);
    commit(f->batch);
    ost_buf_release(&text);
    ost_vec_release(&faults);
    json_decref(full);
    json_decref(given);
    return done;
}

/* The artifact at an output port, and its items in id order. */
static inline ost_artifact
output_artifact(step_fixture *f, const ost_done_msg *done, const char *port)
{
    ost_artifact a = { 0 };
    ost_err err = { 0 };

    if (done->rc)
        fail_msg("the step failed: %s", done->error);
    for (uint32_t i = 0; i < done->n_outputs; i++)
        if (strcmp(done->outputs[i].port, port) == 0) {
            assert_ok(ost_artifact_get(f->batch, &done->outputs[i].artifact,
                                       &f->arena, &a, &err),
                      &err);
            return a;
        }
    fail_msg("no output '%s'", port);
    return a;
}

static inline ost_digest output_digest(const ost_done_msg *done,
                                       const char *port)
{
    if (done->rc)
        fail_msg("the step failed: %s", done->error);
    for (uint32_t i = 0; i < done->n_outputs; i++)
        if (strcmp(done->outputs[i].port, port) == 0)
            return done->outputs[i].artifact;
    fail_msg("no output '%s'", port);
    return (ost_digest){ { 0 } };
}

static inline const ost_item *output_items(step_fixture *f,
                                           const ost_done_msg *done,
                                           const char *port, size_t *n)
{
    ost_artifact a = output_artifact(f, done, port);
    ost_item *items;
    ost_err err = { 0 };

    assert_ok(ost_dataset_items(f->batch, &a, &f->arena, &items, n, &err),
              &err);
    return items;
}

static inline const ost_item *item_named(const ost_item *items, size_t n,
                                         const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(items[i].id, id) == 0)
            return &items[i];
    fail_msg("no item '%s'", id);
    return NULL;
}

/* The bytes of a field, copied. */
static inline const unsigned char *field_bytes(step_fixture *f,
                                               const ost_item *item,
                                               const char *name, size_t *size)
{
    const ost_field *field = ost_item_field(item, name);
    const unsigned char *copy;
    ost_err err = { 0 };
    ost_blob blob;

    assert_non_null(field);
    assert_ok(ost_batch_blob(f->batch, &field->blob, &blob, &err), &err);
    copy = ost_arena_copy(&f->arena, blob.data, blob.size);
    if (size)
        *size = blob.size;
    ost_blob_release(&blob);
    return copy;
}

/* An artifact of type files, under construction. */
typedef struct files_builder {
    step_fixture *f;
    OST_VEC(ost_item) items;
} files_builder;

static inline void add_file(files_builder *b, const char *path,
                            const void *data, size_t size)
{
    ost_field *field = OST_ARENA_NEW(&b->f->arena, ost_field);
    ost_err err = { 0 };

    *field = (ost_field){ .name = "bytes",
                          .dtype = OST_U8,
                          .ndim = 1,
                          .shape = { (int64_t)size },
                          .stride = { 1 } };
    assert_ok(ost_batch_put_blob(b->f->batch, data, size, &field->blob, &err),
              &err);
    ost_vec_push(&b->items, (ost_item){ .id = path,
                                        .group = path,
                                        .fields = field,
                                        .n_fields = 1 });
}

static inline void add_text(files_builder *b, const char *path,
                            const char *text)
{
    add_file(b, path, text, strlen(text));
}

static inline ost_step_input finish_files(files_builder *b)
{
    ost_err err = { 0 };
    ost_digest d;

    assert_ok(ost_dataset_put(b->f->batch, OST_FILES, "{}", b->items.data,
                              b->items.len, &d, &err),
              &err);
    commit(b->f->batch);
    ost_vec_release(&b->items);
    return step_input_of("in", d);
}

#endif
