/* tests/support/item_sets.h - small datasets made by hand, and what comes out
 *
 *     item_set s = { .f = f };
 *     ost_item *a = set_item(&s, "a#0", "p1", "lesion|limb");
 *     ost_item_set_number(&f->arena, a, "day", 3);
 *     in = finish_set(&s, "in");
 */
#ifndef OST_TESTS_SUPPORT_ITEM_SETS_H
#define OST_TESTS_SUPPORT_ITEM_SETS_H

#include "tests/support/step.h"

enum { SET_MOST = 4000 };

typedef struct item_set {
    step_fixture *f;
    ost_item *items;
    size_t n;
} item_set;

/* A new item, without fields; `labels` as tables write them, or NULL. */
static inline ost_item *set_item(item_set *s, const char *id, const char *group,
                                 const char *labels)
{
    ost_item *item;

    if (!s->items)
        s->items = OST_ARENA_ARRAY(&s->f->arena, ost_item, SET_MOST);
    assert_true(s->n < SET_MOST);
    item = &s->items[s->n++];
    item->id = ost_arena_strdup(&s->f->arena, id);
    item->group = ost_arena_strdup(&s->f->arena, group);
    if (labels)
        ost_item_set_labels(&s->f->arena, item, labels);
    return item;
}

/* Gives it a parent more. */
static inline void set_parent(item_set *s, ost_item *item, const char *id)
{
    const char **parents =
        OST_ARENA_ARRAY(&s->f->arena, const char *, item->n_parents + 1);

    for (size_t i = 0; i < item->n_parents; i++)
        parents[i] = item->parents[i];
    parents[item->n_parents++] = ost_arena_strdup(&s->f->arena, id);
    item->parents = parents;
}

/* Exposes it to the groups named, with spaces between them. */
static inline void set_exposure(item_set *s, ost_item *item, const char *groups)
{
    char *text = ost_arena_strdup(&s->f->arena, groups), *rest = text;
    const char *names[16];
    ost_err err = { 0 };
    size_t n = 0;

    for (char *g; (g = strtok_r(rest, " ", &rest)) && n < 16;)
        names[n++] = g;
    assert_ok(ost_groups_put(s->f->batch, names, n, &item->exposure, &err),
              &err);
}

/* Gives it a field of those bytes or numbers. */
static inline void set_field(item_set *s, ost_item *item, const char *name,
                             ost_dtype dtype, int ndim, const int64_t *shape,
                             const void *data)
{
    ost_tensor t = ost_tensor_of(NULL, dtype, ndim, shape);
    ost_field field = { .name = name, .dtype = dtype, .ndim = ndim };
    ost_err err = { 0 };

    memcpy(field.shape, t.shape, sizeof(field.shape));
    memcpy(field.stride, t.stride, sizeof(field.stride));
    assert_ok(
        ost_batch_put_blob(s->f->batch, data,
                           (size_t)ost_tensor_count(&t) * ost_dtype_size(dtype),
                           &field.blob, &err),
        &err);
    ost_item_set_field(&s->f->arena, item, &field);
}

/* A (h, w) image of u8 that `seed` decides. */
static inline void set_image(item_set *s, ost_item *item, const char *name,
                             int64_t h, int64_t w, unsigned seed)
{
    unsigned char *p = ost_arena_alloc(&s->f->arena, (size_t)(h * w));

    fill_bytes(p, (size_t)(h * w), seed);
    set_field(s, item, name, OST_U8, 2, (int64_t[]){ h, w }, p);
}

static inline ost_step_input finish_items(item_set *s, const char *port,
                                          ost_artifact_type type,
                                          const char *meta)
{
    ost_err err = { 0 };
    ost_digest d;

    assert_ok(
        ost_dataset_put(s->f->batch, type, meta, s->items, s->n, &d, &err),
        &err);
    commit(s->f->batch);
    return step_input_of(port, d);
}

static inline ost_step_input finish_set(item_set *s, const char *port)
{
    return finish_items(s, port, OST_DATASET, "{}");
}

/* The ids of an output, in order, with spaces between them. */
static inline const char *ids_at(step_fixture *f, const ost_done_msg *done,
                                 const char *port)
{
    ost_buf text = { 0 };
    const char *copy;
    const ost_item *items;
    size_t n;

    items = output_items(f, done, port, &n);
    for (size_t i = 0; i < n; i++)
        ost_buf_addf(&text, "%s%s", i ? " " : "", items[i].id);
    copy = ost_arena_strdup(&f->arena, ost_buf_str(&text));
    ost_buf_release(&text);
    return copy;
}

/* The groups that an item is exposed to, with spaces between them. */
static inline const char *exposure_of(step_fixture *f, const ost_item *item)
{
    const char *const *groups;
    ost_buf text = { 0 };
    const char *copy;
    ost_err err = { 0 };
    size_t n;

    assert_ok(
        ost_groups_get(f->batch, &item->exposure, &f->arena, &groups, &n, &err),
        &err);
    for (size_t i = 0; i < n; i++)
        ost_buf_addf(&text, "%s%s", i ? " " : "", groups[i]);
    copy = ost_arena_strdup(&f->arena, ost_buf_str(&text));
    ost_buf_release(&text);
    return copy;
}

/* The step fails, and says so. */
static inline void assert_fails(const ost_done_msg *done, const char *message)
{
    assert_int_not_equal(done->rc, OST_OK);
    assert_string_equal(done->error, message);
}

/* What `.check` says of parameters that are well-formed one by one. */
static inline void assert_refused(const ost_stage *stage, const char *with,
                                  const char *message)
{
    json_t *given = json_loads(with, 0, NULL), *full = NULL;
    ost_param_faults faults = { 0 };
    ost_arena arena = { 0 };
    const void *params;
    ost_err err = { 0 };

    assert_non_null(given);
    ost_params_check(stage, given, &faults);
    if (faults.len)
        fail_msg("%s", faults.data[0].text);
    assert_ok(ost_params_complete(stage, given, NULL, NULL, &full, &err), &err);
    assert_ok(ost_params_fill(stage, full, &arena, &params, &err), &err);
    assert_int_not_equal(stage->check(params, &err), OST_OK);
    assert_string_equal(err.text, message);
    ost_vec_release(&faults);
    ost_arena_release(&arena);
    json_decref(full);
    json_decref(given);
}

#endif
