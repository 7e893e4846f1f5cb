/* engine/gate_syntax.c - "gate": {"pooled.auc": ">= 0.8"} */
#include "base/text.h"
#include "engine/workflow_internal.h"

#include <string.h>

#include "base/banned.h"

/* Longer operators first. */
static const char *const operators[] = { ">=", "<=", "==", ">", "<" };
enum { OPERATORS = 5 };

/* ">= 0.8" */
static bool parse_bound(const char *text, ost_gate *gate)
{
    size_t i = 0, n;

    text += strspn(text, " ");
    while (i < OPERATORS && !ost_starts_with(text, operators[i]))
        i++;
    if (i == OPERATORS)
        return false;
    gate->op = operators[i];
    n = strlen(operators[i]);
    text += n + strspn(text + n, " ");
    return ost_parse_f64(text, &gate->bound);
}

static bool is_path(const char *path)
{
    size_t n = strlen(path);

    return n > 0 && path[0] != '.' && path[n - 1] != '.' && !strstr(path, "..");
}

static void parse_gate(ost_workflow *wf, const ost_document *doc,
                       uint32_t entry, ost_gate *gate)
{
    char *text;

    gate->path = ost_entry_key(wf, doc, entry);
    if (!is_path(gate->path))
        ost_wf_fault(wf, doc, entry, true,
                     "gate '%s': a metric is named as in \"pooled.auc\"",
                     gate->path);
    if (!ost_entry_is(wf, doc, entry, "\"", "a text such as \">= 0.8\""))
        return;
    text = ost_entry_copy(doc, entry, false);
    if (!parse_bound(text, gate))
        ost_wf_fault(wf, doc, entry, false,
                     "gate '%s': '%s' is no comparison with a number, such as "
                     "\">= 0.8\"",
                     gate->path, text);
    ost_free(text);
}

void ost_gates_parse(ost_workflow *wf, const ost_document *doc, uint32_t entry,
                     ost_wf_output *out)
{
    ost_gate *gates;
    size_t n = 0;

    if (!ost_entry_is(wf, doc, entry, "{", "an object of comparisons"))
        return;
    gates =
        OST_ARENA_ARRAY(&wf->arena, ost_gate, ost_entry_count(doc, entry) + 1);
    for (uint32_t c = entry + 1; c < ost_json_end(doc->json, entry);
         c = ost_json_end(doc->json, c))
        if (!ost_entry_is_comment(doc, c))
            parse_gate(wf, doc, c, &gates[n++]);
    out->gates = gates;
    out->n_gates = n;
}
