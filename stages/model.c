/* stages/model.c - a model artifact, ready to be used */
#include "stages/model.h"

#include "base/json.h"
#include "stages/positive.h"
#include "stages/safetensors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static ost_rc malformed(const char *what, ost_err *err)
{
    return ost_fail(err, OST_EINPUT, "the model's '%s' is malformed", what);
}

static ost_rc read_classes(ost_stage_ctx *ctx, const json_t *meta, ost_model *m,
                           ost_err *err)
{
    const json_t *list = json_object_get(meta, "classes");

    m->n_classes = json_array_size(list);
    m->classes =
        OST_ARENA_ARRAY(ost_ctx_arena(ctx), const char *, m->n_classes + 1);
    for (size_t i = 0; i < m->n_classes; i++) {
        m->classes[i] = json_string_value(json_array_get(list, i));
        if (!m->classes[i])
            return malformed("classes", err);
    }
    return OST_OK;
}

/* What a model without a word about it says of an item: one label. */
static ost_rc read_target(const json_t *meta, ost_model *m, ost_err *err)
{
    static const size_t least[] = {
        [OST_TARGET_LABEL] = 2,
        [OST_TARGET_LABELS] = 1,
        [OST_TARGET_NUMBER] = 0,
        [OST_TARGET_MASK] = 1,
    };
    const json_t *target = json_object_get(meta, "target");
    const char *kind = json_string_value(json_object_get(target, "kind"));
    const char *name = json_string_value(json_object_get(target, "name"));
    const json_t *positive = json_object_get(target, "positive");

    m->kind = OST_TARGET_LABEL;
    m->target = name ? name : "label";
    if (target && !ost_target_kind_find(kind, &m->kind))
        return malformed("target", err);
    if (m->n_classes < least[m->kind])
        return malformed("classes", err);
    if (m->n_classes == 2)
        m->positive = ost_positive_of_two(m->classes[0], m->classes[1]);
    if (!positive)
        return OST_OK;
    for (m->positive = 0; m->positive < m->n_classes; m->positive++)
        if (json_is_string(positive) &&
            strcmp(m->classes[m->positive], json_string_value(positive)) == 0)
            return OST_OK;
    return malformed("target", err);
}

static ost_rc read_input(const json_t *meta, ost_model *m, ost_err *err)
{
    const json_t *in = json_object_get(meta, "input");
    const json_t *norm = json_object_get(meta, "normalization");
    const json_t *mean = json_object_get(norm, "mean");
    const json_t *std = json_object_get(norm, "std");

    m->field = json_string_value(json_object_get(in, "field"));
    m->channels = json_integer_value(json_object_get(in, "channels"));
    m->height = json_integer_value(json_object_get(in, "height"));
    m->width = json_integer_value(json_object_get(in, "width"));
    m->frames = json_integer_value(json_object_get(in, "frames"));
    if (!m->field || m->channels < 1 || m->channels > OST_PICTURE_CHANNELS ||
        m->frames < 0 || m->height < 1 || m->width < 1)
        return malformed("input", err);
    m->norm.channels = m->channels;
    for (int64_t c = 0; c < m->channels; c++) {
        m->norm.mean[c] = json_number_value(json_array_get(mean, (size_t)c));
        m->norm.std[c] = json_number_value(json_array_get(std, (size_t)c));
        if (!(m->norm.std[c] > 0.0))
            return malformed("normalization", err);
    }
    return OST_OK;
}

static ost_rc read_network(const json_t *meta, ost_model *m, ost_err *err)
{
    const char *name = json_string_value(json_object_get(meta, "network"));
    ost_buf text = { 0 };
    ost_rc rc;

    ost_json_canonical(&text, json_object_get(meta, "architecture"));
    rc = ost_network_read(name ? name : "network", ost_buf_str(&text), text.len,
                          NULL, json_object_get(meta, "params"), &m->network,
                          err);
    ost_buf_release(&text);
    return rc;
}

/* Weights exist once a network is built; their bytes then fill them. */
static ost_rc read_weights(const void *data, size_t size, ost_backend *backend,
                           ost_model *m, ost_err *err)
{
    int64_t shape[OST_MAX_DIMS];
    int ndim = ost_model_shape(m, 1, shape);
    ost_net *net = NULL;
    ost_rc rc;

    m->weights = ost_weights_new(backend);
    rc = ost_network_build(m->network, m->weights, ndim, shape, 0, &net, err);
    if (!rc)
        rc = ost_safetensors_read(m->weights, data, size, err);
    ost_net_free(net);
    return rc;
}

ost_rc ost_model_describe(ost_stage_ctx *ctx, const json_t *meta,
                          ost_model *model, ost_err *err)
{
    ost_rc rc;

    *model = (ost_model){ 0 };
    rc = read_classes(ctx, meta, model, err);
    if (!rc)
        rc = read_target(meta, model, err);
    if (!rc)
        rc = read_input(meta, model, err);
    if (!rc)
        rc = read_network(meta, model, err);
    if (rc)
        ost_model_release(model);
    return rc;
}

ost_rc ost_model_open(ost_stage_ctx *ctx, const ost_input *in,
                      ost_backend *backend, ost_model *model, ost_err *err)
{
    const json_t *meta;
    const void *data;
    size_t size;
    ost_rc rc = ost_ctx_meta(ctx, in, &meta, err);

    *model = (ost_model){ 0 };
    if (!rc)
        rc = ost_ctx_blob(ctx, in, OST_MODEL_WEIGHTS, &data, &size, err);
    if (!rc)
        rc = ost_model_describe(ctx, meta, model, err);
    if (!rc)
        rc = read_weights(data, size, backend, model, err);
    if (rc)
        ost_model_release(model);
    return rc;
}

void ost_model_release(ost_model *model)
{
    ost_weights_free(model->weights);
    ost_network_free(model->network);
    *model = (ost_model){ 0 };
}

static ost_picture_set alike(const ost_model *m)
{
    return (ost_picture_set){ .channels = m->channels,
                              .frames = m->frames,
                              .height = m->height,
                              .width = m->width };
}

int ost_model_shape(const ost_model *m, int64_t n, int64_t shape[OST_MAX_DIMS])
{
    ost_picture_set set = alike(m);

    return ost_picture_set_shape(&set, n, shape);
}

/* "64 x 48 x 1", "4 frames of 64 x 48" */
static const char *sides_text(char out[96], const ost_picture_set *set)
{
    if (set->frames)
        snprintf(out, 96, "%lld frames of %lld x %lld", (long long)set->frames,
                 (long long)set->height, (long long)set->width);
    else
        snprintf(out, 96, "%lld x %lld x %lld", (long long)set->height,
                 (long long)set->width, (long long)set->channels);
    return out;
}

ost_rc ost_model_check_pictures(const ost_model *m, const ost_picture_set *set,
                                ost_err *err)
{
    ost_picture_set learned = alike(m);
    char have[96], want[96];

    if (set->n == 0 ||
        (set->channels == m->channels && set->frames == m->frames &&
         set->height == m->height && set->width == m->width))
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "items are %s, the model learned %s (prepare both in the "
                    "same way)",
                    sides_text(have, set), sides_text(want, &learned));
}
