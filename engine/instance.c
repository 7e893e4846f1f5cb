/* engine/instance.c - parameters, seed and inputs of one instance */
#include "engine/workflow_internal.h"
#include "stages/params.h"

#include <string.h>

#include "base/banned.h"

/* What was asked for last: instances of a node come one after another.  The
 * complete parameters of one instance become those of the next by replacing
 * the few members that hang on an axis. */
struct ost_params_cache {
    uint32_t node; /* OST_NONE: nothing */
    json_t *written;
    json_t *full;
    bool whole; /* completed anew for each instance */
    OST_VEC(const char *) varying;
    ost_buf json; /* of a node whose parameters are fixed; or empty */
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
    json_decref(cache->full);
    cache->written = cache->full = NULL;
    cache->whole = false;
    cache->varying.len = 0;
    cache->node = OST_NONE;
    ost_buf_reset(&cache->json);
    ost_buf_reset(&cache->components);
}

void ost_params_cache_free(ost_params_cache *cache)
{
    if (!cache)
        return;
    forget(cache);
    ost_vec_release(&cache->varying);
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

static void load_cache(const ost_workflow *wf, uint32_t node)
{
    ost_params_cache *cache = wf->cache;
    const ost_node_part *part = &wf->parts.data[node];
    const ost_stage *stage = wf->nodes.data[node].stage;
    const char *name;
    json_t *value;

    if (cache->node == node)
        return;
    forget(cache);
    cache->node = node;
    cache->written = ost_node_with(wf, node);
    if (wf->nodes.data[node].params_fixed)
        return;
    json_object_foreach(cache->written, name, value)
    {
        const ost_param *p = ost_param_find(stage, name);
        ost_axis_set reads = { 0 };

        ost_value_reads(part->scope, value, &reads);
        if (reads.n == 0 || !p)
            continue;
        ost_vec_push(&cache->varying, p->name);
        cache->whole = cache->whole || p->kind == OST_PARAM_FILE;
    }
}

/* Completes the parameters of the first instance that is asked for. */
static ost_rc complete(const ost_workflow *wf, uint32_t node,
                       const ost_assignment *a, ost_err *err)
{
    ost_params_cache *cache = wf->cache;
    json_t *with = json_incref(cache->written);
    ost_rc rc;

    if (wf->marks.data[node] & OST_MARK_TEMPLATE) {
        json_decref(with);
        with =
            ost_value_eval(wf, wf->parts.data[node].scope, cache->written, a);
    }
    json_decref(cache->full);
    cache->full = NULL;
    /* Files were read, and are kept, since the load. */
    rc = ost_node_complete((ost_workflow *)wf, node, cache->written, with,
                           &cache->full, err);
    json_decref(with);
    return rc;
}

static ost_rc update_cache(const ost_workflow *wf, uint32_t node,
                           uint32_t instance, ost_err *err)
{
    ost_params_cache *cache = wf->cache;
    const ost_node *n = &wf->nodes.data[node];
    const ost_scope *scope = wf->parts.data[node].scope;
    uint32_t digits[OST_NODE_AXES];
    ost_assignment a = { n->axes, digits, n->n_axes };

    load_cache(wf, node);
    if (cache->full && n->params_fixed)
        return OST_OK;
    ost_instance_digits(wf, node, instance, digits);
    if (!cache->full || cache->whole)
        return complete(wf, node, &a, err);
    for (size_t i = 0; i < cache->varying.len; i++) {
        const char *name = cache->varying.data[i];
        json_t *value = json_object_get(cache->written, name);

        json_object_set_new(cache->full, name,
                            ost_value_eval(wf, scope, value, &a));
    }
    return OST_OK;
}

/* Appends what was made before, or makes it. */
static void add_params(const ost_workflow *wf, uint32_t node, bool is_json,
                       ost_buf *out)
{
    const ost_node *n = &wf->nodes.data[node];
    ost_buf *kept = is_json ? &wf->cache->json : &wf->cache->components;
    ost_buf *to = n->params_fixed && n->instances > 1 ? kept : out;

    if (to == out || kept->len == 0) {
        if (is_json)
            ost_json_canonical(to, wf->cache->full);
        else
            ost_params_key(n->stage, wf->cache->full, to);
    }
    if (to != out)
        ost_buf_add(out, kept->data, kept->len);
}

ost_rc ost_instance_params(const ost_workflow *wf, uint32_t node,
                           uint32_t instance, ost_buf *json,
                           ost_buf *components, ost_err *err)
{
    ost_rc rc = update_cache(wf, node, instance, err);

    if (rc)
        return rc;
    if (json)
        add_params(wf, node, true, json);
    if (components)
        add_params(wf, node, false, components);
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

void ost_feed_name(const ost_workflow *wf, const ost_feed *feed, bool instance,
                   ost_buf *out)
{
    const ost_port *outputs;
    ost_buf name = { 0 };
    const ost_node *node;

    if (feed->source >= 0) {
        ost_buf_addf(out, "$%s",
                     ost_workflow_source(wf, (size_t)feed->source)->name);
        return;
    }
    node = &wf->nodes.data[feed->node];
    outputs = node->stage->outputs;
    ost_buf_adds(out, node->name);
    /* The first port needs no name, but tells more where others stand. */
    if (feed->out > 0 || (outputs[0].name && outputs[1].name &&
                          strcmp(outputs[0].name, "out") != 0))
        ost_buf_addf(out, ".%s", outputs[feed->out].name);
    if (instance) {
        ost_step_name(wf, feed->node, feed->instance, &name);
        ost_buf_adds(out, ost_buf_str(&name) + strlen(node->name));
    }
    ost_buf_release(&name);
}
