/* engine/workflow.c - loading, and what is known of a loaded workflow */
#include "base/text.h"
#include "engine/workflow_internal.h"

#include <string.h>

#include "base/banned.h"

/* --- life
 * ----------------------------------------------------------------------- */

void ost_workflow_free(ost_workflow *wf)
{
    if (!wf)
        return;
    ost_faults_release(wf);
    ost_params_cache_free(wf->cache);
    for (size_t i = 0; i < wf->conds.len; i++)
        json_decref(wf->conds.data[i].choice);
    for (size_t i = 0; i < wf->scopes.len; i++)
        ost_scope_free(wf->scopes.data[i].p);
    for (size_t i = 0; i < wf->documents.len; i++)
        ost_document_free(wf->documents.data[i].p);
    for (size_t i = 0; i < wf->files.len; i++)
        ost_free(wf->files.data[i].path);
    for (size_t i = 0; i < wf->contents.len; i++) {
        ost_free(wf->contents.data[i].name);
        ost_free(wf->contents.data[i].real);
        ost_buf_release(&wf->contents.data[i].data);
    }
    ost_vec_release(&wf->conds);
    ost_vec_release(&wf->scopes);
    ost_vec_release(&wf->documents);
    ost_vec_release(&wf->files);
    ost_vec_release(&wf->contents);
    ost_vec_release(&wf->axes);
    ost_vec_release(&wf->sources);
    ost_vec_release(&wf->nodes);
    ost_vec_release(&wf->parts);
    ost_vec_release(&wf->marks);
    ost_vec_release(&wf->links);
    ost_vec_release(&wf->pins);
    ost_vec_release(&wf->outputs);
    ost_buf_release(&wf->suggestion);
    ost_free(wf->name_slots);
    ost_free(wf->name);
    ost_free(wf->lib_dir);
    ost_free(wf->seed);
    ost_free(wf->params_text);
    ost_free(wf->secret_path);
    ost_secret_forget(&wf->secret);
    ost_arena_release(&wf->arena);
    ost_free(wf);
}

/* Room for all nodes of the document at once. */
static void reserve(ost_workflow *wf, const ost_document *doc)
{
    uint32_t nodes = ost_entry_member(doc, 0, "nodes");
    size_t n = nodes == OST_NONE ? 0 : ost_entry_count(doc, nodes);

    ost_vec_reserve(&wf->nodes, n);
    ost_vec_reserve(&wf->parts, n + 1);
    ost_vec_reserve(&wf->marks, n);
    ost_vec_reserve(&wf->links, n);
    ost_name_reserve(wf, n < OST_NODES ? (uint32_t)n : OST_NODES);
}

/* What is asked for after the load. */
static void keep_settings(ost_workflow *wf)
{
    const ost_scope *top = wf->scopes.data[0].p;
    json_t *params = json_object();
    ost_buf text = { 0 };

    for (size_t i = 1; i < top->params.len; i++)
        json_object_set(params, top->params.data[i].name,
                        top->params.data[i].value);
    ost_json_canonical(&text, params);
    wf->params_text = (char *)ost_buf_detach(&text, NULL);
    ost_json_canonical(&text, top->params.data[0].value);
    wf->seed = (char *)ost_buf_detach(&text, NULL);
    json_decref(params);
}

static ost_rc load(ost_workflow *wf, const ost_document *doc,
                   const ost_bindings *bindings, ost_buf *report, ost_err *err)
{
    ost_scope *top = ost_scope_new(wf, NULL, doc);

    reserve(wf, doc);
    ost_scope_parse(wf, top, bindings);
    ost_links_resolve(wf);
    ost_order_nodes(wf);
    ost_expand_axes(wf);
    ost_params_validate(wf);
    if (wf->n_faults == 0)
        ost_mark_live(wf);
    ost_outputs_resolve(wf);
    if (wf->n_faults) {
        ost_faults_report(wf, report);
        return ost_fail(err, wf->usage ? OST_EUSAGE : OST_EWORKFLOW,
                        "%s: %zu error%s", doc->path, wf->n_faults,
                        wf->n_faults == 1 ? "" : "s");
    }
    keep_settings(wf);
    for (size_t i = 0; i < wf->documents.len; i++)
        ost_json_drop_index(wf->documents.data[i].p->json);
    return OST_OK;
}

ost_rc ost_workflow_load_text(const char *path, ost_buf *text,
                              const ost_bindings *bindings, ost_workflow **out,
                              ost_buf *report, ost_err *err)
{
    ost_workflow *wf = ost_xalloc(sizeof(*wf));
    const ost_document *doc;
    ost_rc rc;

    *out = NULL;
    wf->lib_dir = bindings->lib_dir ? ost_xstrdup(bindings->lib_dir) : NULL;
    wf->cache = ost_params_cache_new();
    rc = ost_document_add(wf, path, text, &doc, err);
    if (rc) {
        ost_buf_addf(report, "%s\n", err->text);
        rc = ost_fail(err, rc, "%s: 1 error", path);
    } else {
        rc = load(wf, doc, bindings, report, err);
    }
    if (rc)
        ost_workflow_free(wf);
    else
        *out = wf;
    return rc;
}

ost_rc ost_workflow_load(const char *path, const ost_bindings *bindings,
                         ost_workflow **wf, ost_buf *report, ost_err *err)
{
    ost_buf text = { 0 };
    ost_rc rc = ost_fs_read(path, OST_DOCUMENT_LIMIT, &text, err);

    *wf = NULL;
    if (rc) {
        ost_buf_release(&text);
        err->rc = OST_EUSAGE;
        return OST_EUSAGE;
    }
    return ost_workflow_load_text(path, &text, bindings, wf, report, err);
}

/* --- questions
 * ------------------------------------------------------------------- */

const char *ost_workflow_name(const ost_workflow *wf)
{
    return wf->name;
}

const char *ost_workflow_path(const ost_workflow *wf)
{
    return wf->documents.data[0].p->path;
}

size_t ost_workflow_file_count(const ost_workflow *wf)
{
    return wf->files.len;
}

const char *ost_workflow_file(const ost_workflow *wf, size_t i,
                              ost_digest *digest)
{
    if (digest)
        *digest = wf->files.data[i].digest;
    return wf->files.data[i].path;
}

const char *ost_workflow_params(const ost_workflow *wf)
{
    return wf->params_text;
}

const char *ost_workflow_seed(const ost_workflow *wf)
{
    return wf->seed;
}

const char *ost_workflow_numerics(const ost_workflow *wf)
{
    return wf->numerics;
}

size_t ost_workflow_node_count(const ost_workflow *wf)
{
    return wf->nodes.len;
}

const ost_node *ost_workflow_node(const ost_workflow *wf, size_t i)
{
    return &wf->nodes.data[i];
}

int64_t ost_workflow_find_node(const ost_workflow *wf, const char *name)
{
    uint32_t what = ost_name_find(wf, name, strlen(name));

    return what == OST_NONE || what & OST_NAME_SCOPE ? -1 : (int64_t)what;
}

size_t ost_workflow_axis_count(const ost_workflow *wf)
{
    return wf->axes.len;
}

const ost_axis *ost_workflow_axis(const ost_workflow *wf, size_t i)
{
    return &wf->axes.data[i];
}

size_t ost_workflow_source_count(const ost_workflow *wf)
{
    return wf->sources.len;
}

const ost_source *ost_workflow_source(const ost_workflow *wf, size_t i)
{
    return &wf->sources.data[i];
}

size_t ost_workflow_output_count(const ost_workflow *wf)
{
    return wf->outputs.len;
}

const ost_wf_output *ost_workflow_output(const ost_workflow *wf, size_t i)
{
    return &wf->outputs.data[i];
}

bool ost_workflow_node_is_live(const ost_workflow *wf, size_t node)
{
    return wf->marks.data[node] & OST_MARK_LIVE;
}

const uint32_t *ost_workflow_order(const ost_workflow *wf)
{
    return wf->order;
}
