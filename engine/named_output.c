/* engine/named_output.c - the names under "outputs" */
#include "engine/workflow_internal.h"

#include "base/banned.h"

typedef OST_VEC(ost_feed) feed_list;

static void collect(void *user, const ost_feed *feed)
{
    feed_list *feeds = user;

    ost_vec_push(feeds, *feed);
}

static void settle(ost_workflow *wf, const ost_scope_output *from,
                   ost_wf_output *out)
{
    ost_assignment nothing = { 0 };
    feed_list feeds = { 0 };

    for (size_t i = 0; i < from->links.len; i++) {
        ost_pins_settle(wf, &from->links.data[i]);
        ost_link_visit(wf, &from->links.data[i], &nothing, collect, &feeds);
    }
    if (feeds.len)
        out->feeds = ost_arena_copy(&wf->arena, feeds.data,
                                    feeds.len * sizeof(*feeds.data));
    out->n_feeds = feeds.len;
    ost_vec_release(&feeds);
}

static void check_gated(ost_workflow *wf, const ost_scope *scope,
                        const ost_scope_output *out)
{
    for (size_t i = 0; i < out->links.len; i++) {
        ost_artifact_type type = ost_link_type(wf, &out->links.data[i]);

        if (type == OST_METRICS || type == OST_ANY)
            continue;
        ost_wf_fault(wf, scope->doc, out->gate, true,
                     "output '%s' is %s: only metrics have gates", out->name,
                     ost_type_words(type));
        return;
    }
}

/* The gates of a used file count when that file is run by itself. */
static void check_used(ost_workflow *wf, const ost_scope *scope)
{
    for (size_t i = 0; i < scope->outputs.len; i++) {
        ost_scope_output *from = &scope->outputs.data[i];
        ost_wf_output unused = { 0 };

        for (size_t k = 0; k < from->links.len; k++)
            ost_pins_settle(wf, &from->links.data[k]);
        if (from->gate != OST_NONE) {
            ost_gates_parse(wf, scope->doc, from->gate, &unused);
            check_gated(wf, scope, from);
        }
    }
}

void ost_outputs_resolve(ost_workflow *wf)
{
    const ost_scope *top = wf->scopes.data[0].p;

    for (size_t i = 0; i < top->outputs.len; i++) {
        const ost_scope_output *from = &top->outputs.data[i];
        ost_wf_output out = { .name = from->name };

        settle(wf, from, &out);
        if (from->gate != OST_NONE) {
            ost_gates_parse(wf, top->doc, from->gate, &out);
            check_gated(wf, top, from);
        }
        ost_vec_push(&wf->outputs, out);
    }
    for (size_t i = 1; i < wf->scopes.len; i++)
        if (wf->scopes.data[i].p->doc)
            check_used(wf, wf->scopes.data[i].p);
}
