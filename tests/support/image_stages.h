/* tests/support/image_stages.h - image stages run one by one, for tests */
#ifndef OST_TESTS_SUPPORT_IMAGE_STAGES_H
#define OST_TESTS_SUPPORT_IMAGE_STAGES_H

#include "stages/params.h"
#include "tests/support/fixture.h"
#include "tests/support/predictions.h"

/* The items that came out of a step. */
typedef struct result {
    const ost_item *items;
    size_t n;
    ost_digest digest;
} result;

/* ---- making inputs, reading outputs ---- */

enum { H = 12, W = 20 };

static inline ost_item new_item(const char *id, const char *group,
                                const char *label, ost_arena *a)
{
    ost_item item = { .id = id, .group = group };

    ost_item_set_label(a, &item, label);
    return item;
}

static inline void add_field(fixture *f, ost_item *item, const char *name,
                             ost_dtype dtype, int ndim, const int64_t *shape,
                             const void *data)
{
    ost_tensor t = ost_tensor_of(NULL, dtype, ndim, shape);
    ost_field field = { .name = name, .dtype = dtype, .ndim = ndim };
    ost_err err = { 0 };

    memcpy(field.shape, t.shape, sizeof(field.shape));
    memcpy(field.stride, t.stride, sizeof(field.stride));
    assert_ok(
        ost_batch_put_blob(f->batch, data,
                           (size_t)ost_tensor_count(&t) * ost_dtype_size(dtype),
                           &field.blob, &err),
        &err);
    ost_item_set_field(&f->arena, item, &field);
}

static inline void add_image(fixture *f, ost_item *item, const char *name,
                             unsigned seed)
{
    unsigned char pixels[H * W];

    fill_bytes(pixels, sizeof(pixels), seed);
    add_field(f, item, name, OST_U8, 2, (int64_t[]){ H, W }, pixels);
}

static inline ost_digest dataset(fixture *f, const ost_item *items, size_t n)
{
    ost_digest d = put_items(f->batch, OST_DATASET, "{}", items, n);

    commit(f->batch);
    return d;
}

static inline result apply(fixture *f, const ost_stage *stage, const char *with,
                           ost_digest d)
{
    ost_step_input in = at_port("in", d);
    ost_done_msg done = run_stage(f->batch, stage, with, &in, 1, &f->arena);
    ost_artifact a;
    ost_item *items;
    ost_err err = { 0 };
    result r;

    if (done.rc)
        fail_msg("%s", done.error);
    r.digest = done.outputs[0].artifact;
    assert_ok(ost_artifact_get(f->batch, &r.digest, &f->arena, &a, &err), &err);
    assert_ok(ost_dataset_items(f->batch, &a, &f->arena, &items, &r.n, &err),
              &err);
    r.items = items;
    return r;
}

/* The same with a second dataset at another port. */
static inline result apply_both(fixture *f, const ost_stage *stage,
                                const char *with, ost_digest in,
                                const char *port, ost_digest other)
{
    ost_step_input inputs[2] = { at_port("in", in), at_port(port, other) };
    ost_done_msg done = run_stage(f->batch, stage, with, inputs, 2, &f->arena);
    ost_artifact a;
    ost_item *items;
    ost_err err = { 0 };
    result r;

    if (done.rc)
        fail_msg("%s", done.error);
    r.digest = done.outputs[0].artifact;
    assert_ok(ost_artifact_get(f->batch, &r.digest, &f->arena, &a, &err), &err);
    assert_ok(ost_dataset_items(f->batch, &a, &f->arena, &items, &r.n, &err),
              &err);
    r.items = items;
    return r;
}

static inline result apply_to_one(fixture *f, const ost_stage *stage,
                                  const char *with, const ost_item *item)
{
    result r = apply(f, stage, with, dataset(f, item, 1));

    assert_int_equal(r.n, 1);
    return r;
}

static inline void refuses(fixture *f, const ost_stage *stage, const char *with,
                           const ost_item *items, size_t n, const char *message)
{
    ost_step_input in = at_port("in", dataset(f, items, n));
    ost_done_msg done = run_stage(f->batch, stage, with, &in, 1, &f->arena);

    assert_int_not_equal(done.rc, OST_OK);
    assert_string_equal(done.error, message);
}

/* A stage's .check refuses the parameters (JSON) with that message. */
static inline void refuses_params(const ost_stage *stage, const char *with,
                                  const char *message)
{
    json_t *given = json_loads(with, 0, NULL), *full = NULL;
    ost_arena arena = { 0 };
    ost_err err = { 0 };
    const void *params;

    assert_non_null(given);
    assert_ok(ost_params_complete(stage, given, NULL, NULL, &full, &err), &err);
    assert_ok(ost_params_fill(stage, full, &arena, &params, &err), &err);
    assert_int_equal(stage->check(params, &err), OST_EWORKFLOW);
    assert_string_equal(err.text, message);
    ost_arena_release(&arena);
    json_decref(given);
    json_decref(full);
}

/* The bytes of a field, from the arena. */
static inline void *bytes_of(fixture *f, const ost_item *item, const char *name)
{
    const ost_field *field = ost_item_field(item, name);
    ost_err err = { 0 };
    ost_blob blob;
    void *copy;

    assert_non_null(field);
    assert_int_equal(field->offset, 0);
    assert_ok(ost_batch_blob(f->batch, &field->blob, &blob, &err), &err);
    copy = ost_arena_copy(&f->arena, blob.data, blob.size);
    ost_blob_release(&blob);
    return copy;
}

/* The same of a field with any strides (a view), element by element. */
static inline void *pixels_of(fixture *f, const ost_item *item,
                              const char *name)
{
    const ost_field *field = ost_item_field(item, name);
    size_t size, count = 1;
    ost_err err = { 0 };
    ost_blob blob;
    unsigned char *copy;

    assert_non_null(field);
    size = ost_dtype_size(field->dtype);
    for (int d = 0; d < field->ndim; d++)
        count *= (size_t)field->shape[d];
    assert_ok(ost_batch_blob(f->batch, &field->blob, &blob, &err), &err);
    copy = ost_arena_alloc(&f->arena, count * size + 1);
    for (size_t i = 0; i < count; i++) {
        size_t rest = i, at = (size_t)field->offset;

        for (int d = field->ndim - 1; d >= 0; d--) {
            at += rest % (size_t)field->shape[d] * (size_t)field->stride[d];
            rest /= (size_t)field->shape[d];
        }
        assert_true((at + 1) * size <= blob.size);
        memcpy(copy + i * size, (const unsigned char *)blob.data + at * size,
               size);
    }
    ost_blob_release(&blob);
    return copy;
}

static inline double number_of(const ost_item *item, const char *attr)
{
    const ost_attr *a = ost_item_attr(item, attr);

    assert_non_null(a);
    return a->number;
}

#endif
