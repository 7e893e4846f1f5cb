/* engine/case.c - { "case": "${arm}", "real": ref, "gan": ref }
 *
 * A case over parameters is decided while loading; one over axis values leaves
 * a condition on each of its links.
 */
#include "base/text.h"
#include "engine/workflow_internal.h"

#include <string.h>

#include "base/banned.h"

enum { MAX_VALUES = 10000 };

typedef struct {
    ost_workflow *wf;
    ost_scope *scope;
    uint32_t entry;  /* the whole */
    uint32_t choice; /* the value of "case" */
    json_t *value;   /* the same, built */
    ost_axis_set reads;
} case_ref;

/* Calls `branch` for each branch; the text of its name is borrowed. */
static void each_branch(const case_ref *c, ost_links *links,
                        void (*branch)(const case_ref *, uint32_t, const char *,
                                       ost_links *))
{
    const ost_json_doc *json = c->scope->doc->json;

    for (uint32_t b = c->entry + 1; b < ost_json_end(json, c->entry);
         b = ost_json_end(json, b))
        if (b != c->choice && !ost_entry_is_comment(c->scope->doc, b))
            branch(c, b, ost_entry_key(c->wf, c->scope->doc, b), links);
}

static char *text_of(const case_ref *c, const ost_assignment *a)
{
    json_t *value = ost_value_eval(c->wf, c->scope, c->value, a);
    ost_buf text = { 0 };

    ost_value_text(value, &text);
    json_decref(value);
    return (char *)ost_buf_detach(&text, NULL);
}

static void no_branch(const case_ref *c, const char *text)
{
    const ost_json_doc *json = c->scope->doc->json;
    OST_VEC(const char *) names = { 0 };

    for (uint32_t b = c->entry + 1; b < ost_json_end(json, c->entry);
         b = ost_json_end(json, b))
        if (b != c->choice && !ost_entry_is_comment(c->scope->doc, b))
            ost_vec_push(&names, ost_entry_key(c->wf, c->scope->doc, b));
    ost_wf_fault(c->wf, c->scope->doc, c->choice, false,
                 "no branch for the value '%s'%s", text,
                 ost_suggest(c->wf, text, names.data, names.len));
    ost_vec_release(&names);
}

/* --- over parameters ---------------------------------------------------------
 */

/* Branches that are not taken are checked all the same. */
static void check_branch(const case_ref *c, uint32_t branch, const char *name,
                         ost_links *links)
{
    ost_links unused = { 0 };

    (void)name;
    (void)links;
    ost_reference_resolve(c->wf, c->scope, branch, &unused);
    ost_vec_release(&unused);
}

static void take_branch(const case_ref *c, ost_links *links)
{
    ost_assignment none = { 0 };
    char *text = text_of(c, &none);
    uint32_t branch = ost_entry_member(c->scope->doc, c->entry, text);

    each_branch(c, NULL, check_branch);
    if (branch == OST_NONE || branch == c->choice)
        no_branch(c, text);
    else
        ost_reference_resolve(c->wf, c->scope, branch, links);
    ost_free(text);
}

/* --- over axis values
 * ---------------------------------------------------------- */

static void add_branch(const case_ref *c, uint32_t branch, const char *name,
                       ost_links *links)
{
    size_t first = links->len;

    ost_reference_resolve(c->wf, c->scope, branch, links);
    for (size_t i = first; i < links->len; i++) {
        ost_cond cond = { c->scope, json_incref(c->value), name,
                          links->data[i].cond, c->wf->reader };

        ost_vec_push(&c->wf->conds, cond);
        links->data[i].cond = (uint32_t)c->wf->conds.len;
    }
}

/* Every combination of the axis values needs a branch. */
static void check_values(const case_ref *c)
{
    const ost_axis *axes = c->wf->axes.data;
    uint32_t digits[OST_NODE_AXES] = { 0 };
    ost_assignment a = { c->reads.axis, digits, c->reads.n };

    for (uint32_t n = 0; n < MAX_VALUES; n++) {
        char *text = text_of(c, &a);
        uint32_t branch = ost_entry_member(c->scope->doc, c->entry, text);
        uint32_t k = a.n;

        if (branch == OST_NONE || branch == c->choice)
            no_branch(c, text);
        ost_free(text);
        while (k > 0 && ++digits[k - 1] == axes[a.axes[k - 1]].n)
            digits[--k] = 0;
        if (k == 0)
            break;
    }
}

void ost_case_resolve(ost_workflow *wf, ost_scope *scope, uint32_t entry,
                      ost_links *links)
{
    case_ref c = { .wf = wf, .scope = scope, .entry = entry };
    bool has_refs;

    c.choice = ost_entry_member(scope->doc, entry, "case");
    if (!ost_entry_is(wf, scope->doc, c.choice, "\"",
                      "a text such as \"${arm}\"") ||
        !ost_value_check(wf, scope, c.choice, &c.reads, &has_refs)) {
        each_branch(&c, NULL, check_branch);
        return;
    }
    c.value = ost_entry_build(scope->doc, c.choice);
    if (c.reads.n == 0) {
        take_branch(&c, links);
    } else {
        check_values(&c);
        each_branch(&c, links, add_branch);
    }
    json_decref(c.value);
}
