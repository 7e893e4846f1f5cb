/* kernels/layer.c - what a network is made of: values, layers, attributes */
#include "kernels/layer.h"

#include "base/alloc.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

#define OPERATOR(name, args)
#define LAYER(name) extern const ost_layer_kind ost_layer_##name;
#include "kernels/operator_list.def"

static const ost_layer_kind *const kinds[] = {
#define OPERATOR(name, args)
#define LAYER(name) &ost_layer_##name,
#include "kernels/operator_list.def"
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

const ost_layer_kind *ost_layer_kind_find(const char *name)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

const ost_layer_kind *ost_layer_kind_at(size_t i)
{
    return i < KINDS ? kinds[i] : NULL;
}

bool ost_value_same_shape(const ost_value *a, const ost_value *b)
{
    for (int i = 0; i < a->ndim && i < b->ndim; i++)
        if (a->shape[i] != b->shape[i])
            return false;
    return a->ndim == b->ndim;
}

int64_t ost_value_channels(const ost_value *v)
{
    return v->ndim > 1 ? v->shape[1] : 1;
}

int64_t ost_value_area(const ost_value *v)
{
    int64_t n = 1;

    for (int i = 2; i < v->ndim; i++)
        n *= v->shape[i];
    return n;
}

int64_t ost_value_blocks(const ost_value *v)
{
    return (ost_value_channels(v) + v->block - 1) / v->block;
}

int64_t ost_value_stored(const ost_value *v)
{
    int64_t n = ost_value_blocks(v) * v->block;

    for (int i = 0; i < v->ndim; i++)
        if (i != 1 && __builtin_mul_overflow(n, v->shape[i], &n))
            return -1;
    return n <= INT64_MAX / (int64_t)sizeof(float) ? n : -1;
}

const char *ost_shape_text(char out[96], int ndim, const int64_t *shape)
{
    size_t at = 0;

    out[0] = 0;
    for (int i = 0; i < ndim && at < 70; i++)
        at += (size_t)snprintf(out + at, 96 - at, "%s%lld", i ? "x" : "",
                               (long long)shape[i]);
    return out;
}

static int attr_index(const ost_layer_kind *kind, const char *name)
{
    for (int i = 0; kind->attrs && kind->attrs[i].name; i++)
        if (strcmp(kind->attrs[i].name, name) == 0)
            return i;
    return -1;
}

static const ost_net_attr *attr_of(const ost_layer *layer, const char *name)
{
    int i = attr_index(layer->kind, name);

    if (i < 0)
        OST_BUG();
    return &layer->attrs[i];
}

double ost_layer_attr(const ost_layer *layer, const char *name)
{
    return attr_of(layer, name)->v[0];
}

int64_t ost_layer_attr_int(const ost_layer *layer, const char *name, int side)
{
    const ost_net_attr *a = attr_of(layer, name);

    return (int64_t)a->v[a->count > 1 ? side : 0];
}

int ost_layer_attr_count(const ost_layer *layer, const char *name)
{
    return attr_of(layer, name)->count;
}

int ost_layer_attr_word(const ost_layer *layer, const char *name)
{
    return (int)attr_of(layer, name)->v[0];
}

static ost_rc unknown_attr(const ost_layer_kind *kind, const char *name,
                           ost_err *err)
{
    const char *names[OST_LAYER_ATTRS];
    size_t n = 0;
    const char *near;

    for (; kind->attrs && kind->attrs[n].name; n++)
        names[n] = kind->attrs[n].name;
    near = ost_nearest(name, names, n);
    if (near)
        return ost_fail(err, OST_EINPUT,
                        "unknown attribute '%s' (did you mean '%s'?)", name,
                        near);
    return ost_fail(err, OST_EINPUT, "unknown attribute '%s'", name);
}

static ost_rc resolve_word(const ost_net_attr_spec *spec,
                           const ost_net_attr *in, ost_net_attr *out,
                           ost_err *err)
{
    size_t n = 0;
    const char *near;

    if (!in->text)
        return ost_fail(err, OST_EINPUT, "attribute '%s' must be a word",
                        spec->name);
    for (; spec->words[n]; n++) {
        if (strcmp(spec->words[n], in->text) == 0) {
            out->v[0] = (double)n;
            out->count = 1;
            return OST_OK;
        }
    }
    near = ost_nearest(in->text, spec->words, n);
    if (near)
        return ost_fail(err, OST_EINPUT,
                        "attribute '%s': unknown value '%s' (did you mean "
                        "'%s'?)",
                        spec->name, in->text, near);
    return ost_fail(err, OST_EINPUT, "attribute '%s': unknown value '%s'",
                    spec->name, in->text);
}

static ost_rc resolve_numbers(const ost_net_attr_spec *spec,
                              const ost_net_attr *in, ost_net_attr *out,
                              ost_err *err)
{
    bool whole = spec->type != OST_NET_ATTR_REAL;

    if (in->text || in->count < 1)
        return ost_fail(err, OST_EINPUT, "attribute '%s' must be a number",
                        spec->name);
    if (in->count > 1 && spec->type != OST_NET_ATTR_INTS)
        return ost_fail(err, OST_EINPUT, "attribute '%s' must be one number",
                        spec->name);
    for (int i = 0; i < in->count; i++) {
        double v = in->v[i];

        if (!(v >= spec->min && v <= spec->max) || (whole && v != floor(v)))
            return ost_fail(err, OST_EINPUT,
                            "attribute '%s' is %.9g, must be %s from %.9g to "
                            "%.9g",
                            spec->name, v, whole ? "an integer" : "a number",
                            spec->min, spec->max);
        out->v[i] = v;
    }
    out->count = in->count;
    return OST_OK;
}

ost_rc ost_layer_resolve(ost_layer *layer, const ost_net_attr *attrs, int count,
                         int *which, ost_err *err)
{
    const ost_layer_kind *kind = layer->kind;
    bool given[OST_LAYER_ATTRS] = { false };

    for (int k = 0; kind->attrs && kind->attrs[k].name; k++)
        layer->attrs[k] = (ost_net_attr){ .name = kind->attrs[k].name,
                                          .count = 1,
                                          .v = { kind->attrs[k].dflt } };
    for (*which = 0; *which < count; ++*which) {
        const ost_net_attr *in = &attrs[*which];
        int k = attr_index(kind, in->name);
        ost_rc rc;

        if (k < 0)
            return unknown_attr(kind, in->name, err);
        if (kind->attrs[k].type == OST_NET_ATTR_WORD)
            rc = resolve_word(&kind->attrs[k], in, &layer->attrs[k], err);
        else
            rc = resolve_numbers(&kind->attrs[k], in, &layer->attrs[k], err);
        if (rc)
            return rc;
        given[k] = true;
    }
    *which = -1;
    for (int k = 0; kind->attrs && kind->attrs[k].name; k++)
        if (kind->attrs[k].required && !given[k])
            return ost_fail(err, OST_EINPUT, "attribute '%s' is missing",
                            kind->attrs[k].name);
    return OST_OK;
}
