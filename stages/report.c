/* stages/report.c - gathers what a report page shows
 *
 * Takes what there is of metrics, predictions, models and images, and writes
 * one document (described in engine/report.h) with pictures beside it: for
 * the predictions that are most certain, right and wrong, a thumbnail of the
 * image and the contours that are laid over it; further sheets of pictures,
 * what generators made as they learned, and counts for the study flow (one file
 * each, report_*.c).  The page itself is
 * made when it is asked for, together with the record of the run, so that a
 * cached report never shows old times.
 */
#include "base/alloc.h"
#include "base/map.h"
#include "base/vec.h"
#include "stages/report_parts.h"
#include "stages/report_tables.h"

#include <string.h>

#include "base/banned.h"

static const ost_param params[] = {
    OST_PARAM(ost_report_params, title, STR,
              "heading of the page; null: the workflow's name", .dflt = "null"),
    OST_PARAM(ost_report_params, statement, STR,
              "what the reader must know before any number, for example that "
              "they come from phantoms; null: nothing",
              .dflt = "null"),
    OST_PARAM(
        ost_report_params, tables, JSON,
        "tables of published numbers beside one's own: [{title, note, "
        "columns: [\"\", \"paper\", \"ours\"], rows: [[\"AUC\", \"0.91\", "
        "{metrics: NAME or index, at: \"pooled.auc\", as: \"interval\", "
        "digits: 2}]]}]",
        .dflt = "null"),
    OST_PARAM(ost_report_params, by, STR, "axis that divides the predictions",
              .dflt = "\"fold\""),
    OST_PARAM(ost_report_params, label, STR,
              "of predictions of several labels the one that it is about",
              .dflt = "null"),
    OST_PARAM(ost_report_params, field, STR,
              "field that is shown as the picture", .dflt = "\"image\""),
    OST_PARAM(ost_report_params, contour, STR,
              "field that is laid over it where it is above 0; left out where "
              "an item has none",
              .dflt = "\"contour\""),
    OST_PARAM(ost_report_params, mask, STR,
              "field of the items at port 'masks' whose outline is drawn",
              .dflt = "\"mask\""),
    OST_PARAM(ost_report_params, reference, STR,
              "field of the reference, of the same item or of that at port "
              "'images'; null: called as the other, at port 'images'",
              .dflt = "null"),
    OST_PARAM(ost_report_params, excluded, OBJECT,
              "why a point at port 'flow' lacks what the point before it had: "
              "{\"NAME OF THE ROW\": \"shown beside the numbers\"}",
              .dflt = "{}"),
    OST_PARAM(ost_report_params, examples, I64,
              "pictures of right, and of wrong predictions, and on each of the "
              "other sheets",
              .dflt = "8", .min = 0, .max = 200),
    OST_PARAM(ost_report_params, side, I64,
              "longest side of a picture in pixels", .dflt = "160", .min = 16,
              .max = 1024),
    OST_END,
};

/* --- metrics and models ------------------------------------------------- */

static ost_rc add_metrics(ost_report_gathering *g, ost_err *err)
{
    json_t *all = json_array();
    ost_rc rc = OST_OK;

    json_object_set_new(g->doc, "metrics", all);
    for (size_t i = 0; i < ost_ctx_input_count(g->ctx, "metrics"); i++) {
        const ost_input *in = ost_ctx_input(g->ctx, "metrics", i);
        const json_t *meta;
        json_t *entry;

        rc = ost_ctx_meta(g->ctx, in, &meta, err);
        if (rc)
            break;
        entry = ost_report_entry(in);
        json_object_set(entry, "document", (json_t *)meta);
        json_array_append_new(all, entry);
    }
    return rc;
}

/* Numbers that are not there are shown as missing, and told of. */
static void add_tables(ost_report_gathering *g)
{
    const json_t *wanted = g->params->tables;
    size_t missing;
    json_t *tables;

    if (!json_is_array(wanted))
        return;
    tables = ost_report_tables_fill(wanted, json_object_get(g->doc, "metrics"),
                                    &missing);
    if (missing > 0)
        ost_note(g->ctx,
                 "%zu numbers of param 'tables' are not in the metrics: the "
                 "page shows a dash, and why",
                 missing);
    json_object_set_new(g->doc, "tables", tables);
}

static ost_rc add_models(ost_report_gathering *g, ost_err *err)
{
    static const char *const kept[] = { "network", "n_weights", "history",
                                        "classes", "kind",      "objective" };
    json_t *all = json_array();
    ost_rc rc = OST_OK;

    json_object_set_new(g->doc, "models", all);
    for (size_t i = 0; i < ost_ctx_input_count(g->ctx, "models"); i++) {
        const ost_input *in = ost_ctx_input(g->ctx, "models", i);
        const json_t *meta;
        json_t *entry;

        rc = ost_ctx_meta(g->ctx, in, &meta, err);
        if (rc)
            break;
        entry = ost_report_entry(in);
        for (size_t k = 0; k < sizeof(kept) / sizeof(kept[0]); k++) {
            json_t *v = json_object_get(meta, kept[k]);

            /* A network may be here as its whole description. */
            if (json_is_object(v))
                v = json_object_get(v, "name");
            if (v)
                json_object_set(entry, kept[k], v);
        }
        json_array_append_new(all, entry);
    }
    return rc;
}

/* --- the study ---------------------------------------------------------- */

/* Items and groups that were counted once. */
typedef struct {
    ost_map items;
    ost_map groups; /* group -> 1 + index of its part, 0 when in several */
    uint64_t split;
    uint64_t unlabeled;
    uint64_t *labels; /* per class of the table */
} census;

static void count_group(census *c, const char *group, uint64_t part)
{
    uint64_t before;

    if (!ost_map_get(&c->groups, group, strlen(group), &before)) {
        ost_map_put(&c->groups, group, strlen(group), part);
    } else if (before != 0 && before != part) {
        ost_map_put(&c->groups, group, strlen(group), 0);
        c->split++;
    }
}

static uint64_t part_index(const ost_prediction_table *t, const char *part)
{
    for (size_t i = 0; part && i < t->n_parts; i++) {
        if (strcmp(part, t->parts[i]) == 0)
            return i + 1;
    }
    return t->n_parts + 1;
}

static void count_row(census *c, const ost_prediction_table *t,
                      const ost_prediction *p)
{
    const ost_item *item = p->item;

    count_group(c, item->group, part_index(t, p->part));
    if (!ost_map_put(&c->items, item->id, strlen(item->id), 0))
        return;
    if (p->truth == OST_NO_CLASS)
        c->unlabeled++;
    else
        c->labels[p->truth]++;
}

static void add_study(ost_report_gathering *g)
{
    const ost_prediction_table *t = &g->table;
    census c = { .labels = ost_xalloc((t->n_classes + 1) * sizeof(uint64_t)) };
    json_t *classes = json_array();

    for (size_t i = 0; i < t->n; i++)
        count_row(&c, t, &t->rows[i]);
    for (size_t k = 0; k < t->n_classes; k++)
        json_array_append_new(classes,
                              json_pack("{s:s, s:I}", "name", t->classes[k],
                                        "n", (json_int_t)c.labels[k]));
    json_object_set_new(
        g->doc, "study",
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:s, s:o}", "n_items",
                  (json_int_t)c.items.len, "n_groups", (json_int_t)c.groups.len,
                  "n_unlabeled", (json_int_t)c.unlabeled, "n_parts",
                  (json_int_t)t->n_parts, "split_groups", (json_int_t)c.split,
                  "by", g->params->by, "classes", classes));
    ost_free(c.labels);
    ost_map_release(&c.items);
    ost_map_release(&c.groups);
}

static ost_rc check(const void *of, ost_err *err)
{
    const ost_report_params *p = of;

    return ost_report_tables_check(p->tables, err);
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    const ost_report_params *p = ost_ctx_params(ctx);
    ost_report_gathering g = { .ctx = ctx, .params = p, .doc = json_object() };
    ost_rc rc;

    json_object_set_new(g.doc, "title",
                        p->title ? json_string(p->title) : json_null());
    if (p->statement)
        json_object_set_new(g.doc, "statement", json_string(p->statement));
    rc = ost_prediction_table_read(ctx, "predictions", p->by, p->label,
                                   &g.table, err);
    if (!rc)
        rc = add_metrics(&g, err);
    if (!rc)
        add_tables(&g);
    if (!rc)
        rc = add_models(&g, err);
    if (!rc && g.table.n > 0)
        add_study(&g);
    if (!rc)
        rc = ost_report_gather_examples(&g, err);
    if (!rc)
        rc = ost_report_gather_flow(&g, err);
    if (!rc)
        rc = ost_report_gather_sheets(&g, err);
    if (!rc)
        rc = ost_report_gather_masks(&g, err);
    if (!rc)
        rc = ost_report_gather_grids(&g, err);
    if (!rc)
        rc = ost_report_gather_neighbors(&g, err);
    if (!rc)
        rc = ost_emit_meta(ctx, "report", g.doc, err);
    json_decref(g.doc);
    return rc;
}

const ost_stage ost_stage_report = {
    .name = "report",
    .version = 5, /* bump when any output byte can change */
    .summary = "Gather numbers, curves and example images for a report page.",
    .param_size = sizeof(ost_report_params),
    .params = params,
    .inputs = OST_PORTS({ .name = "metrics",
                          .type = OST_METRICS,
                          .help = "the numbers",
                          .many = true,
                          .optional = true },
                        { .name = "predictions",
                          .type = OST_PREDICTIONS,
                          .help = "what was predicted",
                          .many = true,
                          .optional = true },
                        { .name = "models",
                          .type = OST_MODEL,
                          .help = "for their training curves",
                          .many = true,
                          .optional = true },
                        { .name = "images",
                          .type = OST_DATASET,
                          .help = "where the examples' pictures are",
                          .many = true,
                          .optional = true },
                        { .name = "masks",
                          .type = OST_DATASET,
                          .help = "predicted masks, drawn with the reference",
                          .many = true,
                          .optional = true },
                        { .name = "generated",
                          .type = OST_DATASET,
                          .help = "made images, shown beside real ones",
                          .many = true,
                          .optional = true },
                        { .name = "real",
                          .type = OST_DATASET,
                          .help = "the real images beside them",
                          .many = true,
                          .optional = true },
                        { .name = "training",
                          .type = OST_DATASET,
                          .help = "what the generator learned from: shown "
                                  "beside the made images that are nearest",
                          .many = true,
                          .optional = true },
                        { .name = "grids",
                          .type = OST_DATASET,
                          .help = "samples of a generator as it learned",
                          .many = true,
                          .optional = true },
                        { .name = "flow",
                          .type = OST_DATASET,
                          .help = "images at points of the study, in order, a "
                                  "named row each",
                          .many = true,
                          .optional = true }),
    .outputs = OST_PORTS({ .name = "report",
                           .type = OST_REPORT,
                           .help = "the document, for `--out` and "
                                   "`osteon report`" }),
    .check = check,
    .run = run,
};
