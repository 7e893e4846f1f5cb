/* stages/model.c - a model artifact, ready to be used */
#include "stages/model.h"

#include "base/json.h"
#include "stages/safetensors.h"

#include <math.h>
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
    return m->n_classes > 1 ? OST_OK : malformed("classes", err);
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
    if (!m->field || m->channels < 1 || m->channels > OST_PICTURE_CHANNELS ||
        m->height < 1 || m->width < 1)
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
    int64_t shape[] = { 1, m->channels, m->height, m->width };
    ost_net *net = NULL;
    ost_rc rc;

    m->weights = ost_weights_new(backend);
    rc = ost_network_build(m->network, m->weights, 4, shape, 0, &net, err);
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

ost_rc ost_model_check_pictures(const ost_model *m, const ost_picture_set *set,
                                ost_err *err)
{
    if (set->n == 0 || (set->channels == m->channels &&
                        set->height == m->height && set->width == m->width))
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "items are %lld x %lld x %lld, the model learned %lld x "
                    "%lld x %lld (prepare both in the same way)",
                    (long long)set->height, (long long)set->width,
                    (long long)set->channels, (long long)m->height,
                    (long long)m->width, (long long)m->channels);
}
