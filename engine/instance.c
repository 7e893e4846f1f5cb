/* engine/instance.c - parameters, seed and inputs of one instance */
#include "engine/workflow_internal.h"
#include "stages/params.h"

#include <string.h>

#include "base/banned.h"

/* What was asked for last: instances of a node come one after another. */
struct ost_params_cache {
    uint32_t node; /* OST_NONE: nothing */
    json_t *written;
    bool filled; /* of a node whose parameters are fixed: */
    ost_buf json;
    ost_buf components;
};

ost_params_cache *ost_params_cache_new(void)
{
    ost_params_cache *cache = ost_xalloc(sizeof(*cache));

    cache->node = OST_NONE;
    return cache;
}

static void forget(ost_params_cache *cache)
{
    json_decref(cache->written);
    cache->written = NULL;
    cache->filled = false;
    cache->node = OST_NONE;
    ost_buf_reset(&cache->json);
    ost_buf_reset(&cache->components);
}

void ost_params_cache_free(ost_params_cache *cache)
{
    if (!cache)
        return;
    forget(cache);
    ost_buf_release(&cache->json);
    ost_buf_release(&cache->components);
    ost_free(cache);
}

void ost_instance_digits(const ost_workflow *wf, uint32_t node,
                         uint32_t instance, uint32_t digits[OST_NODE_AXES])
{
    const ost_node *n = &wf->nodes.data[node];

    for (uint32_t i = n->n_axes; i-- > 0;) {
        uint32_t size = (uint32_t)wf->axes.data[n->axes[i]].n;

        digits[i] = instance % size;
        instance /= size;
    }
}

json_t *ost_node_with(const ost_workflow *wf, uint32_t node)
{
    const ost_node_part *part = &wf->parts.data[node];

    if (part->with == OST_NONE)
        return NULL;
    return ost_json_build(part->scope->doc->json, part->with);
}

/* --- files
 * ------------------------------------------------------------------------ */

/* A reader of files for one node. */
typedef struct {
    ost_workflow *wf;
    uint32_t node;
    const json_t *written; /* "with" as it is written */
    const json_t *with;    /* with its ${} replaced */
} file_reader;

/* The scope whose document a value was written in: a used file may be handed
 * the name of a file that stands beside the workflow that uses it. */
static const ost_scope *origin(const ost_scope *scope, const json_t *value)
{
    for (;;) {
        const char *text = json_string_value(value);
        size_t n = text ? json_string_length(value) : 0;
        const ost_scope_param *param;
        char *name;

        if (n < 4 || text[0] != '$' || text[1] != '{' || text[n - 1] != '}')
            return scope;
        name = ost_xstrndup(text + 2, n - 3);
        param = ost_scope_param_find(scope, name);
        ost_free(name);
        if (!param || !param->outer)
            return scope;
        value = param->value;
        scope = param->outer;
    }
}

static ost_rc read_file(void *user, const char *name, ost_buf *data,
                        ost_err *err)
{
    const file_reader *r = user;
    const ost_scope *scope = r->wf->parts.data[r->node].scope;
    const ost_param *p = r->wf->nodes.data[r->node].stage->params;
    const ost_buf *content = NULL;
    ost_rc rc;

    for (; p && p->name; p++) {
        const char *given =
            json_string_value(json_object_get(r->with, p->name));

        if (p->kind == OST_PARAM_FILE && given && strcmp(given, name) == 0)
            scope = origin(scope, json_object_get(r->written, p->name));
    }
    rc = ost_document_content(r->wf, scope->doc, name, "models", &content, err);
    if (!rc)
        ost_buf_add(data, content->data, content->len);
    return rc;
}

ost_rc ost_node_complete(ost_workflow *wf, uint32_t node, const json_t *written,
                         const json_t *with, json_t **full, ost_err *err)
{
    file_reader reader = { wf, node, written, with };

    return ost_params_complete(wf->nodes.data[node].stage, with, read_file,
                               &reader, full, err);
}

/* --- parameters
 * ---------------------------------------------------------------------- */

static ost_rc make_params(const ost_workflow *wf, uint32_t node,
                          uint32_t instance, ost_buf *json, ost_buf *components,
                          ost_err *err)
{
    const ost_node *n = &wf->nodes.data[node];
    uint32_t digits[OST_NODE_AXES];
    ost_assignment a = { n->axes, digits, n->n_axes };
    json_t *written = wf->cache->written, *with = json_incref(written);
    json_t *full = NULL;
    ost_rc rc;

    ost_instance_digits(wf, node, instance, digits);
    if (wf->marks.data[node] & OST_MARK_TEMPLATE) {
        json_decref(with);
        with = ost_value_eval(wf, wf->parts.data[node].scope, written, &a);
    }
    /* Files were read, and are kept, since the load. */
    rc = ost_node_complete((ost_workflow *)wf, node, written, with, &full, err);
    if (!rc && json)
        ost_json_canonical(json, full);
    if (!rc && components)
        ost_params_key(n->stage, full, components);
    json_decref(full);
    json_decref(with);
    return rc;
}

static void load_cache(const ost_workflow *wf, uint32_t node)
{
    ost_params_cache *cache = wf->cache;

    if (cache->node == node)
        return;
    forget(cache);
    cache->node = node;
    cache->written = ost_node_with(wf, node);
}

ost_rc ost_instance_params(const ost_workflow *wf, uint32_t node,
                           uint32_t instance, ost_buf *json,
                           ost_buf *components, ost_err *err)
{
    ost_params_cache *cache = wf->cache;
    ost_rc rc = OST_OK;

    load_cache(wf, node);
    if (!wf->nodes.data[node].params_fixed)
        return make_params(wf, node, instance, json, components, err);
    if (!cache->filled)
        rc = make_params(wf, node, instance, &cache->json, &cache->components,
                         err);
    if (rc)
        return rc;
    cache->filled = true;
    if (json)
        ost_buf_add(json, cache->json.data, cache->json.len);
    if (components)
        ost_buf_add(components, cache->components.data, cache->components.len);
    return OST_OK;
}

/* --- seed, inputs, name
 * ---------------------------------------------------------------- */

ost_rc ost_instance_seed(const ost_workflow *wf, uint32_t node,
                         uint32_t instance, ost_buf *json, ost_err *err)
{
    const ost_node *n = &wf->nodes.data[node];
    const ost_node_part *part = &wf->parts.data[node];
    const ost_scope_param *given = &part->scope->params.data[0];
    const ost_scope *scope = part->scope;
    uint32_t digits[OST_NODE_AXES];
    ost_assignment a = { n->axes, digits, n->n_axes };
    json_t *written, *value;

    (void)err;
    ost_instance_digits(wf, node, instance, digits);
    if (part->seed != OST_NONE) {
        written = ost_json_build(scope->doc->json, part->seed);
    } else {
        written = json_incref(given->value);
        scope = given->outer;
    }
    value =
        scope ? ost_value_eval(wf, scope, written, &a) : json_incref(written);
    ost_json_canonical(json, value);
    json_decref(value);
    json_decref(written);
    return OST_OK;
}

void ost_instance_feeds(const ost_workflow *wf, uint32_t node,
                        uint32_t instance, ost_feed_visit visit, void *user)
{
    const ost_node *n = &wf->nodes.data[node];
    const ost_node_part *part = &wf->parts.data[node];
    uint32_t digits[OST_NODE_AXES];
    ost_assignment a = { n->axes, digits, n->n_axes };

    ost_instance_digits(wf, node, instance, digits);
    for (uint32_t i = part[0].first_link; i < part[1].first_link; i++)
        ost_link_visit(wf, &wf->links.data[i], &a, visit, user);
}

void ost_node_feeds(const ost_workflow *wf, uint32_t node, ost_feed_visit visit,
                    void *user)
{
    const ost_node_part *part = &wf->parts.data[node];

    for (uint32_t i = part[0].first_link; i < part[1].first_link; i++) {
        const ost_link *link = &wf->links.data[i];
        ost_feed feed = { .port = link->port, .row = link->row, .source = -1 };

        if (link->target & OST_LINK_SOURCE) {
            feed.source = (int32_t)(link->target & ~OST_LINK_SOURCE);
        } else {
            feed.node = link->target;
            feed.out = link->out;
        }
        visit(user, &feed);
    }
}

int64_t ost_instance_axis_value(const ost_workflow *wf, uint32_t node,
                                uint32_t instance, uint32_t axis)
{
    const ost_node *n = &wf->nodes.data[node];
    uint32_t digits[OST_NODE_AXES];

    ost_instance_digits(wf, node, instance, digits);
    for (uint32_t i = 0; i < n->n_axes; i++)
        if (n->axes[i] == axis)
            return digits[i];
    return -1;
}

void ost_step_name(const ost_workflow *wf, uint32_t node, uint32_t instance,
                   ost_buf *out)
{
    const ost_node *n = &wf->nodes.data[node];
    uint32_t digits[OST_NODE_AXES];

    ost_buf_adds(out, n->name);
    if (n->n_axes == 0)
        return;
    ost_instance_digits(wf, node, instance, digits);
    for (uint32_t i = 0; i < n->n_axes; i++) {
        const ost_axis *axis = &wf->axes.data[n->axes[i]];

        ost_buf_adds(out, i ? "," : "[");
        ost_buf_adds(out, axis->name);
        ost_buf_addc(out, '=');
        ost_buf_adds(out, axis->values[digits[i]]);
    }
    ost_buf_addc(out, ']');
}
