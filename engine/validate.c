/* engine/validate.c - parameters against the tables of the stages
 *
 * Parameters with axis values in them are checked for every combination of
 * those values that can make a difference; what is wrong in the same way is
 * said once.
 */
#include "engine/workflow_internal.h"
#include "stages/params.h"

#include <string.h>

#include "base/banned.h"

typedef struct {
    ost_workflow *wf;
    uint32_t node;
    const ost_document *doc;
    uint32_t entry; /* of the node */
    uint32_t with;  /* or OST_NONE */
    json_t *written;
    bool partial; /* only some of it is checked */
    bool files;   /* the stage has parameters that name files */
    ost_param_faults faults;
} checker;

enum { FAULTS_OF_A_NODE = 20 }; /* where the search through values ends */

static void report(checker *c)
{
    for (size_t i = 0; i < c->faults.len; i++) {
        const ost_param_fault *f = &c->faults.data[i];

        if (c->partial && !*f->pointer)
            continue; /* what is missing may be what is wrong */
        if (c->with != OST_NONE)
            ost_fault_below(c->wf, c->doc, c->with, f->pointer, f->key,
                            f->text);
        else
            ost_wf_fault(c->wf, c->doc, c->entry, true, "%s", f->text);
    }
    c->faults.len = 0;
}

static const ost_param *file_param(const ost_stage *stage)
{
    const ost_param *p = stage->params;

    while (p && p->name && p->kind != OST_PARAM_FILE)
        p++;
    return p && p->name ? p : NULL;
}

/* Reads the files that the parameters name. */
static void check_files(checker *c, const json_t *with)
{
    const ost_param *p = file_param(c->wf->nodes.data[c->node].stage);
    ost_buf pointer = { 0 };
    ost_err err = { 0 };
    json_t *full;

    if (!ost_node_complete(c->wf, c->node, c->written, with, &full, &err)) {
        json_decref(full);
        return;
    }
    ost_json_add_pointer(&pointer, p->name);
    if (c->with != OST_NONE)
        ost_fault_below(c->wf, c->doc, c->with, ost_buf_str(&pointer), false,
                        err.text);
    else
        ost_wf_fault(c->wf, c->doc, c->entry, true, "%s", err.text);
    ost_buf_release(&pointer);
}

static void check_one(checker *c, const json_t *with)
{
    ost_params_check(c->wf->nodes.data[c->node].stage, with, &c->faults);
    if (c->faults.len)
        report(c);
    else if (c->files)
        check_files(c, with);
}

/* Which values of an axis can make a difference. */
typedef enum { VALUE_ANY, VALUE_ENDS, VALUE_EACH } value_sweep;

/* A number that is a value of a range is in bounds when the first and the last
 * are. */
static value_sweep sweep_of(const checker *c, const ost_param *p,
                            const json_t *value, uint32_t axis)
{
    const ost_scope *scope = c->wf->parts.data[c->node].scope;
    const ost_scope_axis *a = NULL;

    if (!p || p->kind == OST_PARAM_JSON ||
        (p->kind == OST_PARAM_OBJECT && json_is_object(value)))
        return VALUE_ANY;
    for (size_t i = 0; i < scope->axes.len; i++)
        if (scope->axes.data[i].axis == axis)
            a = &scope->axes.data[i];
    if ((p->kind == OST_PARAM_I64 || p->kind == OST_PARAM_F64) && !p->choices &&
        a && !a->values && json_is_string(value))
        return VALUE_ENDS;
    return VALUE_EACH;
}

static void choose_sweeps(const checker *c, const ost_axis_set *reads,
                          value_sweep *sweeps)
{
    const ost_scope *scope = c->wf->parts.data[c->node].scope;
    const ost_stage *stage = c->wf->nodes.data[c->node].stage;
    const char *name;
    json_t *value;

    json_object_foreach(c->written, name, value)
    {
        const ost_param *p = ost_param_find(stage, name);
        ost_axis_set own = { 0 };

        ost_value_reads(scope, value, &own);
        for (uint32_t i = 0; i < reads->n; i++) {
            value_sweep s = VALUE_ANY;

            if (ost_axis_set_has(&own, reads->axis[i]))
                s = sweep_of(c, p, value, reads->axis[i]);
            if (s > sweeps[i])
                sweeps[i] = s;
        }
    }
}

/* Advances a digit; false when it started again at 0. */
static bool next_value(uint32_t *digit, size_t n, value_sweep sweep)
{
    uint32_t last = (uint32_t)n - 1;

    if (sweep == VALUE_ANY || *digit == last) {
        *digit = 0;
        return false;
    }
    *digit = sweep == VALUE_ENDS ? last : *digit + 1;
    return true;
}

static void check_template(checker *c)
{
    const ost_node_part *part = &c->wf->parts.data[c->node];
    const ost_axis *axes = c->wf->axes.data;
    value_sweep sweeps[OST_NODE_AXES] = { VALUE_ANY };
    uint32_t digits[OST_NODE_AXES] = { 0 };
    ost_axis_set reads = { 0 };
    ost_assignment a = { reads.axis, digits, 0 };
    size_t faults = c->wf->n_faults;

    ost_value_reads(part->scope, c->written, &reads);
    a.n = reads.n;
    choose_sweeps(c, &reads, sweeps);
    for (;;) {
        json_t *with = ost_value_eval(c->wf, part->scope, c->written, &a);
        uint32_t k = a.n;

        check_one(c, with);
        json_decref(with);
        while (k > 0 && !next_value(&digits[k - 1], axes[a.axes[k - 1]].n,
                                    sweeps[k - 1]))
            k--;
        if (k == 0 || c->wf->n_faults > faults + FAULTS_OF_A_NODE)
            return;
    }
}

static bool has_refs(const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY);
    bool has = text && ost_text_has_refs(text, strlen(text));

    ost_free(text);
    return has;
}

/* Of a "with" that has wrong references, what has none. */
static void check_known(checker *c)
{
    const char *name;
    json_t *value;
    void *next;

    json_object_foreach_safe(c->written, next, name, value)
    {
        if (has_refs(value))
            json_object_del(c->written, name);
    }
    c->partial = true;
    ost_params_check(c->wf->nodes.data[c->node].stage, c->written, &c->faults);
    report(c);
}

/* The "with" object without what is in values that may be any (any object):
 * such values may be large, and building them takes most of a load.  NULL for
 * none. */
static json_t *read_with(const checker *c)
{
    const ost_stage *stage = c->wf->nodes.data[c->node].stage;
    json_t *with;

    if (c->with == OST_NONE)
        return NULL;
    with = json_object();
    for (uint32_t e = c->with + 1; e < ost_json_end(c->doc->json, c->with);
         e = ost_json_end(c->doc->json, e)) {
        char *name = ost_entry_copy(c->doc, e, true);
        const ost_param *p = ost_param_find(stage, name);

        if (p && p->kind == OST_PARAM_JSON)
            json_object_set_new(with, name, json_null());
        else if (p && p->kind == OST_PARAM_OBJECT &&
                 ost_json_kind(c->doc->json, e) == '{')
            json_object_set_new(with, name, json_object());
        else
            json_object_set_new(with, name, ost_entry_build(c->doc, e));
        ost_free(name);
    }
    return with;
}

static void check_node(ost_workflow *wf, uint32_t node)
{
    const ost_node_part *part = &wf->parts.data[node];
    checker c = {
        .wf = wf, .node = node, .doc = part->scope->doc, .entry = part->entry
    };

    c.files = file_param(wf->nodes.data[node].stage);
    c.with = ost_entry_member(c.doc, c.entry, "with");
    if (c.with != OST_NONE && ost_json_kind(c.doc->json, c.with) != '{')
        return; /* said already */
    c.written = read_with(&c);
    if (!(wf->marks.data[node] & OST_MARK_TEMPLATE))
        check_one(&c, c.written);
    else if (wf->marks.data[node] & OST_MARK_BAD_WITH)
        check_known(&c);
    else
        check_template(&c);
    json_decref(c.written);
    ost_vec_release(&c.faults);
}

void ost_params_validate(ost_workflow *wf)
{
    for (size_t i = 0; i < wf->nodes.len && !ost_faults_full(wf); i++)
        if (wf->nodes.data[i].stage)
            check_node(wf, (uint32_t)i);
}
