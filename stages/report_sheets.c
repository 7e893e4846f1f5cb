/* stages/report_sheets.c - generated images beside real ones
 *
 * As many of each as `examples` says, spread evenly over the ids, so that
 * nobody chooses.
 */
#include "stages/report_parts.h"

#include "base/banned.h"

static ost_rc add_sheet(ost_report_gathering *g, const char *port, ost_err *err)
{
    size_t n_inputs = ost_ctx_input_count(g->ctx, port), total = 0, seen = 0;
    size_t most = (size_t)g->params->examples, taken = 0;
    json_t *sheet = json_array();
    const ost_item *items;
    ost_rc rc = OST_OK;
    size_t n;

    for (size_t i = 0; i < n_inputs && !rc; i++) {
        rc = ost_ctx_items(g->ctx, ost_ctx_input(g->ctx, port, i), &items, &n,
                           err);
        total += rc ? 0 : n;
    }
    most = most < total ? most : total;
    for (size_t i = 0; i < n_inputs && !rc; i++) {
        rc = ost_ctx_items(g->ctx, ost_ctx_input(g->ctx, port, i), &items, &n,
                           err);
        for (size_t k = 0; k < n && !rc; k++, seen++) {
            json_t *entry;

            /* The middle of each of `most` equal stretches. */
            if (taken == most || seen < (2 * taken + 1) * total / (2 * most))
                continue;
            taken++;
            entry = json_pack("{s:s}", "id", items[k].id);
            rc = ost_report_add_picture(g, &items[k], g->params->field,
                                        "picture", entry, err);
            json_array_append_new(sheet, entry);
        }
    }
    json_object_set_new(g->doc, port, sheet);
    return rc;
}

ost_rc ost_report_gather_sheets(ost_report_gathering *g, ost_err *err)
{
    static const char *const ports[] = { "generated", "real" };
    ost_rc rc = OST_OK;

    for (size_t k = 0; k < 2 && !rc; k++)
        if (ost_ctx_input_count(g->ctx, ports[k]) > 0)
            rc = add_sheet(g, ports[k], err);
    return rc;
}
