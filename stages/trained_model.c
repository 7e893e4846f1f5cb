/* stages/trained_model.c - what a training gives: the model artifact */
#include "stages/trained_model.h"

#include "base/vec.h"
#include "stages/model.h"
#include "stages/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t count_groups(const ost_item *items, size_t n)
{
    OST_VEC(const char *) groups = { 0 };
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        ost_vec_push(&groups, items[i].group);
    qsort(groups.data, n, sizeof(*groups.data), by_name);
    for (size_t i = 0; i < n; i++)
        count += i == 0 || strcmp(groups.data[i], groups.data[i - 1]) != 0;
    ost_vec_release(&groups);
    return count;
}

static json_t *numbers(const double *v, int64_t n)
{
    json_t *list = json_array();

    for (int64_t i = 0; i < n; i++)
        json_array_append_new(list, json_real(v[i]));
    return list;
}

static json_t *names(const ost_target *target)
{
    const char *const *classes;
    size_t n = ost_target_classes(target, &classes);
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(classes[i]));
    return list;
}

static int64_t count_learned(const ost_weights *w)
{
    int64_t learned = 0;

    for (size_t i = 0; i < w->len; i++)
        if (w->data[i]->learned)
            learned += ost_weight_count(w->data[i]);
    return learned;
}

/* The parameters of the step but the network's, which the model has anyway. */
static json_t *recipe(ost_stage_ctx *ctx)
{
    json_t *all = json_copy((json_t *)(uintptr_t)ost_ctx_with(ctx));

    json_object_del(all, "network");
    json_object_del(all, "network_params");
    return all;
}

static json_t *training_meta(ost_stage_ctx *ctx, const ost_picture_set *set)
{
    char digest[OST_DIGEST_HEX];

    return json_pack(
        "{s:I,s:I,s:s,s:o}", "items", (json_int_t)set->n, "groups",
        (json_int_t)count_groups(set->items, set->n), "digest",
        ost_digest_hex(&ost_ctx_input(ctx, "in", 0)->digest, digest), "recipe",
        recipe(ctx));
}

static json_t *model_meta(ost_stage_ctx *ctx, const char *field,
                          const ost_training_spec *s, const ost_trained *t)
{
    const ost_picture_set *set = &s->train.pictures;
    json_t *meta = json_pack("{s:s,s:O,s:O,s:I,s:o,s:o,s:o,s:{s:o,s:o}}",
                             "network", ost_network_name(s->network),
                             "architecture", ost_network_document(s->network),
                             "params", ost_network_values(s->network),
                             "n_weights", (json_int_t)count_learned(t->weights),
                             "classes", names(s->train.target), "target",
                             ost_target_meta(s->train.target), "input",
                             ost_picture_set_meta(set, field), "normalization",
                             "mean", numbers(s->norm.mean, s->norm.channels),
                             "std", numbers(s->norm.std, s->norm.channels));

    json_object_set_new(meta, "training", training_meta(ctx, set));
    json_object_set(meta, "metrics",
                    json_array_get(t->history, (size_t)t->epoch - 1));
    json_object_set(meta, "history", t->history);
    if (t->init)
        json_object_set(meta, "init", t->init);
    return meta;
}

ost_rc ost_trained_emit(ost_stage_ctx *ctx, const char *field,
                        const ost_training_spec *spec,
                        const ost_trained *trained, ost_err *err)
{
    json_t *meta = model_meta(ctx, field, spec, trained);
    ost_buf bytes = { 0 };
    ost_rc rc = ost_emit_meta(ctx, "model", meta, err);

    if (!rc)
        rc = ost_safetensors_write(trained->weights, &bytes, err);
    if (!rc)
        rc = ost_emit_blob(ctx, "model", OST_MODEL_WEIGHTS, bytes.data,
                           bytes.len, err);
    ost_buf_release(&bytes);
    json_decref(meta);
    return rc;
}
