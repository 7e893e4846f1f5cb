/* engine/node_report.c - what turns out wrong with a node after the load */
#include "engine/workflow_internal.h"

#include <string.h>

#include "base/banned.h"

/* The index of positions is gone after the load, so the text is read again. */
void ost_workflow_report(const ost_workflow *wf, uint32_t node, bool with,
                         const char *message, ost_buf *report)
{
    const ost_document *doc = wf->parts.data[node].scope->doc;
    const ost_node *n = &wf->nodes.data[node];
    ost_json_doc *json = NULL;
    ost_buf pointer = { 0 };
    const char *text;
    size_t size;

    ost_buf_adds(&pointer, n->pointer);
    if (with)
        ost_buf_adds(&pointer, "/with");
    text = ost_json_text(doc->json, &size);
    if (ost_json_parse(doc->path, text, size, &json, NULL) == OST_OK)
        ost_json_add_report(report, json, ost_buf_str(&pointer), false,
                            message);
    else
        ost_buf_addf(report, "%s: node '%s': %s\n", doc->path, n->name,
                     message);
    ost_json_free(json);
    ost_buf_release(&pointer);
}
