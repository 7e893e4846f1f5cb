/* engine/subworkflow.c - a node with "use": another file, inlined */
#include "base/text.h"
#include "engine/workflow_internal.h"

#include <string.h>

#include "base/banned.h"

/* The chain of files from the top to `scope`, when `doc` is one of them. */
static bool report_cycle(ost_workflow *wf, const ost_scope *scope,
                         uint32_t entry, const ost_document *doc)
{
    ost_buf chain = { 0 };
    const ost_scope *s = scope;

    while (s && s->doc != doc)
        s = s->outer;
    if (!s)
        return false;
    ost_buf_adds(&chain, ost_path_base(doc->path));
    for (s = scope; s; s = s->doc == doc ? NULL : s->outer) {
        ost_buf longer = { 0 };

        ost_buf_addf(&longer, "%s -> %s", ost_path_base(s->doc->path),
                     ost_buf_str(&chain));
        ost_buf_release(&chain);
        chain = longer;
    }
    ost_wf_fault(wf, scope->doc, entry, false, "a file uses itself: %s",
                 ost_buf_str(&chain));
    ost_buf_release(&chain);
    return true;
}

static const ost_document *open_used(ost_workflow *wf, const ost_scope *scope,
                                     uint32_t entry)
{
    const ost_document *doc = NULL;
    char *name, *shown, *real;
    ost_err err = { 0 };
    ost_rc rc;

    if (!ost_entry_is(wf, scope->doc, entry, "\"", "a path or lib:NAME"))
        return NULL;
    name = ost_entry_copy(scope->doc, entry, false);
    rc = ost_document_resolve(wf, scope->doc, name, NULL, &shown, &real, &err);
    if (!rc)
        rc = ost_document_open(wf, shown, &doc, &err);
    if (rc)
        ost_wf_fault(wf, scope->doc, entry, false, "%s", err.text);
    ost_free(name);
    ost_free(shown);
    ost_free(real);
    return rc ? NULL : doc;
}

static bool names_axis(ost_workflow *wf, const ost_scope *outer, uint32_t per,
                       uint32_t axis)
{
    ost_axis_set named = { 0 };

    if (per != OST_NONE)
        ost_per_parse(wf, outer, per, &named);
    return ost_axis_set_has(&named, axis);
}

/* The axes of "per" are what the used file sees of the axes outside. */
static void give_axes(ost_workflow *wf, const ost_scope *outer,
                      ost_scope *scope, uint32_t per)
{
    ost_axis_set given = { 0 };

    for (uint32_t i = 0; i < outer->n_given; i++)
        ost_axis_set_add(&given, outer->axes.data[i].axis);
    scope->n_outer_given = given.n;
    scope->per_entry = per;
    if (per != OST_NONE)
        ost_per_parse(wf, outer, per, &given);
    for (uint32_t i = 0; i < given.n; i++) {
        for (size_t k = 0; k < outer->axes.len; k++) {
            ost_scope_axis axis = outer->axes.data[k];

            if (axis.axis != given.axis[i])
                continue;
            axis.given = true;
            axis.hidden = i < scope->n_outer_given &&
                          !names_axis(wf, outer, per, axis.axis);
            ost_vec_push(&scope->axes, axis);
            break;
        }
    }
    scope->n_given = (uint32_t)scope->axes.len;
}

static void refuse_words(ost_workflow *wf, const ost_document *doc,
                         const uint32_t words[OST_WORDS])
{
    static const int only_stages[] = { OST_WORD_NEEDS, OST_WORD_RETRIES,
                                       OST_WORD_TIMEOUT };

    for (size_t i = 0; i < 3; i++)
        if (words[only_stages[i]] != OST_NONE)
            ost_wf_fault(wf, doc, words[only_stages[i]], true,
                         "\"%s\" belongs to the nodes of the used file",
                         ost_node_words[only_stages[i]].name);
}

void ost_use_parse(ost_workflow *wf, ost_scope *outer, uint32_t entry,
                   const char *name, const uint32_t words[OST_WORDS])
{
    uint32_t use = words[OST_WORD_USE];
    const ost_document *doc = open_used(wf, outer, use);
    ost_scope *scope;

    refuse_words(wf, outer->doc, words);
    if (!doc || report_cycle(wf, outer, use, doc))
        doc = NULL;
    if (doc &&
        (outer->depth + 1 >= OST_USE_DEPTH || wf->scopes.len >= OST_SCOPES)) {
        ost_wf_fault(wf, outer->doc, use, false,
                     "too many files inside one another");
        doc = NULL;
    }
    scope = ost_scope_new(wf, outer, doc);
    scope->use_entry = entry;
    scope->with_entry = words[OST_WORD_WITH];
    scope->in_entry = words[OST_WORD_IN];
    scope->seed_entry = words[OST_WORD_SEED];
    scope->full_name =
        ost_arena_printf(&wf->arena, "%s%s", outer->prefix, name);
    scope->prefix = ost_arena_printf(&wf->arena, "%s/", scope->full_name);
    ost_name_add(wf, (uint32_t)(wf->scopes.len - 1) | OST_NAME_SCOPE);
    if (!doc)
        return;
    give_axes(wf, outer, scope, words[OST_WORD_PER]);
    ost_scope_parse(wf, scope, NULL);
}

bool ost_given_check(ost_workflow *wf, const ost_scope *scope, uint32_t entry,
                     const ost_axis_set *reads)
{
    bool good = true;

    for (uint32_t i = 0; i < reads->n; i++) {
        uint32_t k = 0;

        while (k < scope->n_given && scope->axes.data[k].axis != reads->axis[i])
            k++;
        if (k < scope->n_given)
            continue;
        ost_wf_fault(wf, scope->outer->doc, entry, false,
                     "this depends on axis '%s', which is not in \"per\"",
                     wf->axes.data[reads->axis[i]].name);
        good = false;
    }
    return good;
}

/* --- "in" --------------------------------------------------------------------
 */

static void bind_named(ost_workflow *wf, ost_scope *scope, uint32_t entry)
{
    const ost_document *doc = scope->outer->doc;
    const char *name = ost_entry_key(wf, doc, entry);
    OST_VEC(const char *) names = { 0 };

    for (size_t i = 0; i < scope->inputs.len; i++) {
        if (strcmp(scope->inputs.data[i].name, name) == 0) {
            scope->inputs.data[i].outer_spec = entry;
            ost_vec_release(&names);
            return;
        }
        ost_vec_push(&names, scope->inputs.data[i].name);
    }
    ost_wf_fault(wf, doc, entry, true, "'%s' has no input '%s'%s",
                 ost_path_base(scope->doc->path), name,
                 ost_suggest(wf, name, names.data, names.len));
    ost_vec_release(&names);
}

void ost_use_bind(ost_workflow *wf, ost_scope *scope)
{
    const ost_document *doc = scope->outer->doc;
    uint32_t in = scope->in_entry;

    if (in == OST_NONE)
        return;
    if (scope->inputs.len == 0) {
        ost_wf_fault(wf, doc, in, true, "'%s' has no inputs",
                     ost_path_base(scope->doc->path));
        return;
    }
    if (ost_json_kind(doc->json, in) != '{' ||
        ost_entry_member(doc, in, "case") != OST_NONE) {
        scope->inputs.data[0].outer_spec = in;
        return;
    }
    for (uint32_t c = in + 1; c < ost_json_end(doc->json, in);
         c = ost_json_end(doc->json, c))
        if (!ost_entry_is_comment(doc, c))
            bind_named(wf, scope, c);
}
