/* stages/report.c - gathers what a report page shows
 *
 * Takes what there is of metrics, predictions, models and images, and writes
 * one document (described in engine/report.h) with pictures beside it: for
 * the predictions that are most certain, right and wrong, a thumbnail of the
 * image and the contours that are laid over it.  The page itself is made when
 * it is asked for, together with the record of the run, so that a cached
 * report never shows old times.
 */
#include "base/alloc.h"
#include "base/map.h"
#include "base/vec.h"
#include "stages/planes.h"
#include "stages/prediction_table.h"
#include "stages/report_tables.h"
#include "stages/thumbnail.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

typedef struct {
    const char *title;
    const char *statement;
    const json_t *tables;
    const char *by;
    const char *label;
    const char *field;
    const char *contour;
    int64_t examples;
    int64_t side;
} report_params;

static const ost_param params[] = {
    OST_PARAM(report_params, title, STR,
              "heading of the page; null: the workflow's name", .dflt = "null"),
    OST_PARAM(report_params, statement, STR,
              "what the reader must know before any number, for example that "
              "they come from phantoms; null: nothing",
              .dflt = "null"),
    OST_PARAM(
        report_params, tables, JSON,
        "tables of published numbers beside one's own: [{title, note, "
        "columns: [\"\", \"paper\", \"ours\"], rows: [[\"AUC\", \"0.91\", "
        "{metrics: NAME or index, at: \"pooled.auc\", as: \"interval\", "
        "digits: 2}]]}]",
        .dflt = "null"),
    OST_PARAM(report_params, by, STR, "axis that divides the predictions",
              .dflt = "\"fold\""),
    OST_PARAM(report_params, label, STR,
              "of predictions of several labels the one that it is about",
              .dflt = "null"),
    OST_PARAM(report_params, field, STR, "field that is shown as the picture",
              .dflt = "\"image\""),
    OST_PARAM(report_params, contour, STR,
              "field that is laid over it where it is above 0; left out where "
              "an item has none",
              .dflt = "\"contour\""),
    OST_PARAM(report_params, examples, I64,
              "pictures of right, and of wrong predictions", .dflt = "8",
              .min = 0, .max = 200),
    OST_PARAM(report_params, side, I64, "longest side of a picture in pixels",
              .dflt = "160", .min = 16, .max = 1024),
    OST_END,
};

/* Amber: seen on gray, and on most colors. */
static const uint8_t contour_color[3] = { 255, 176, 32 };

typedef struct {
    ost_stage_ctx *ctx;
    const report_params *params;
    ost_prediction_table table;
    json_t *doc;
} gathering;

/* --- metrics and models ------------------------------------------------- */

static json_t *input_entry(const ost_input *in)
{
    json_t *axes = json_object();

    for (size_t i = 0; i < in->n_axes; i++)
        json_object_set_new(axes, in->axes[2 * i],
                            json_string(in->axes[2 * i + 1]));
    return json_pack("{s:s?, s:o}", "name", in->row, "axes", axes);
}

static ost_rc add_metrics(gathering *g, ost_err *err)
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
        entry = input_entry(in);
        json_object_set(entry, "document", (json_t *)meta);
        json_array_append_new(all, entry);
    }
    return rc;
}

/* Numbers that are not there are shown as missing, and told of. */
static void add_tables(gathering *g)
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

static ost_rc add_models(gathering *g, ost_err *err)
{
    static const char *const kept[] = { "network", "n_weights", "history",
                                        "classes" };
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
        entry = input_entry(in);
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

static void add_study(gathering *g)
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

/* --- examples ----------------------------------------------------------- */

/* A prediction that may be shown. */
typedef struct {
    const ost_prediction *p;
    const ost_item *image;
    double score;
    size_t rank; /* among those of its class */
} candidate;

typedef OST_VEC(candidate) candidates;

/* Where the images are: id -> index. */
typedef struct {
    ost_map index;
    OST_VEC(const ost_item *) items;
} album;

static int by_certainty(const void *a, const void *b)
{
    const candidate *x = a, *y = b;

    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return ost_id_compare(x->p->item->id, y->p->item->id);
}

/* The most certain of each class first, then the second of each. */
static int by_turn(const void *a, const void *b)
{
    const candidate *x = a, *y = b;

    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->p->truth != y->p->truth)
        return x->p->truth < y->p->truth ? -1 : 1;
    return by_certainty(a, b);
}

static ost_rc open_album(gathering *g, album *al, ost_err *err)
{
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < ost_ctx_input_count(g->ctx, "images") && !rc; i++) {
        const ost_input *in = ost_ctx_input(g->ctx, "images", i);
        const ost_item *items;
        size_t n;

        rc = ost_ctx_items(g->ctx, in, &items, &n, err);
        for (size_t k = 0; k < n && !rc; k++) {
            ost_map_put(&al->index, items[k].id, strlen(items[k].id),
                        al->items.len);
            ost_vec_push(&al->items, &items[k]);
        }
    }
    return rc;
}

static void choose(const gathering *g, const album *al, bool right,
                   candidates *out)
{
    size_t *ranks = ost_xalloc((g->table.n_classes + 1) * sizeof(*ranks));
    size_t most = (size_t)g->params->examples;

    for (size_t i = 0; i < g->table.n; i++) {
        const ost_prediction *p = &g->table.rows[i];
        candidate c = { .p = p };
        uint64_t at;

        if (p->truth == OST_NO_CLASS || p->predicted == OST_NO_CLASS ||
            (p->truth == p->predicted) != right)
            continue;
        if (!ost_map_get(&al->index, p->item->id, strlen(p->item->id), &at))
            continue;
        c.image = al->items.data[at];
        c.score = p->score ? p->score[p->predicted] : 0;
        ost_vec_push(out, c);
    }
    if (out->len > 0) {
        qsort(out->data, out->len, sizeof(*out->data), by_certainty);
        for (size_t i = 0; i < out->len; i++)
            out->data[i].rank = ranks[out->data[i].p->truth]++;
        qsort(out->data, out->len, sizeof(*out->data), by_turn);
        out->len = out->len < most ? out->len : most;
    }
    if (out->len > 0)
        qsort(out->data, out->len, sizeof(*out->data), by_certainty);
    ost_free(ranks);
}

/* The field as a picture: of frames, the middle one. */
static ost_rc open_field(gathering *g, const ost_item *item, const char *name,
                         ost_tensor *t, ost_err *err)
{
    ost_rc rc = ost_item_tensor(g->ctx, item, name, t, err);

    if (rc)
        return rc;
    if (ost_plane_is_stack(ost_plane_kind_of(ost_item_field(item, name)))) {
        t->data = (char *)t->data + (size_t)(t->shape[0] / 2 * t->stride[0]) *
                                        ost_dtype_size(t->dtype);
        for (int d = 0; d < 2; d++) {
            t->shape[d] = t->shape[d + 1];
            t->stride[d] = t->stride[d + 1];
        }
        t->ndim = 2;
    }
    return OST_OK;
}

/* The field that is asked for, else whatever picture the item has. */
static const char *shown_field(const report_params *p, const ost_item *item)
{
    const ost_field *lead;

    if (ost_item_field(item, p->field))
        return p->field;
    lead = ost_plane_lead(item);
    return lead ? lead->name : NULL;
}

static ost_rc add_pictures(gathering *g, const candidate *c, size_t number,
                           json_t *example, ost_err *err)
{
    const report_params *p = g->params;
    const char *field = shown_field(p, c->image), *names[2];
    int64_t width, height;
    ost_buf png = { 0 };
    ost_tensor t;
    ost_rc rc;

    if (!field)
        return OST_OK;
    names[0] = ost_arena_printf(ost_ctx_arena(g->ctx), "picture.%zu", number);
    names[1] = ost_arena_printf(ost_ctx_arena(g->ctx), "overlay.%zu", number);
    rc = open_field(g, c->image, field, &t, err);
    if (!rc)
        rc = ost_thumbnail(
            &t, p->side,
            ost_item_is_inverse(c->image, field) ? OST_THUMBNAIL_INVERSE : 0,
            &png, &width, &height, err);
    if (!rc)
        rc = ost_emit_blob(g->ctx, "report", names[0], png.data, png.len, err);
    if (rc)
        goto out;
    json_object_set_new(example, "picture", json_string(names[0]));
    json_object_set_new(example, "width", json_integer(width));
    json_object_set_new(example, "height", json_integer(height));
    if (!ost_item_field(c->image, p->contour) || strcmp(p->contour, field) == 0)
        goto out;
    ost_buf_reset(&png);
    rc = open_field(g, c->image, p->contour, &t, err);
    if (!rc)
        rc = ost_thumbnail_marks(&t, p->side, contour_color, &png, err);
    if (!rc)
        rc = ost_emit_blob(g->ctx, "report", names[1], png.data, png.len, err);
    if (!rc)
        json_object_set_new(example, "overlay", json_string(names[1]));
out:
    if (rc)
        ost_err_at(err, "item '%s'", c->image->id);
    ost_buf_release(&png);
    return rc;
}

static ost_rc add_examples(gathering *g, ost_err *err)
{
    json_t *all = json_array();
    album al = { 0 };
    ost_rc rc;

    json_object_set_new(g->doc, "examples", all);
    rc = open_album(g, &al, err);
    for (int right = 0; right < 2 && !rc; right++) {
        candidates chosen = { 0 };

        choose(g, &al, right, &chosen);
        for (size_t i = 0; i < chosen.len && !rc; i++) {
            const candidate *c = &chosen.data[i];
            const char **classes = g->table.classes;
            json_t *e = json_pack("{s:s, s:s, s:s, s:s, s:b, s:s?}", "id",
                                  c->p->item->id, "group", c->p->item->group,
                                  "label", classes[c->p->truth], "predicted",
                                  classes[c->p->predicted], "right", right,
                                  "part", c->p->part);

            if (c->p->score)
                json_object_set_new(e, "score", json_real(c->score));
            rc = add_pictures(g, c, json_array_size(all), e, err);
            json_array_append_new(all, e);
        }
        ost_vec_release(&chosen);
    }
    ost_vec_release(&al.items);
    ost_map_release(&al.index);
    return rc;
}

static ost_rc check(const void *of, ost_err *err)
{
    const report_params *p = of;

    return ost_report_tables_check(p->tables, err);
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    const report_params *p = ost_ctx_params(ctx);
    gathering g = { .ctx = ctx, .params = p, .doc = json_object() };
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
        rc = add_examples(&g, err);
    if (!rc)
        rc = ost_emit_meta(ctx, "report", g.doc, err);
    json_decref(g.doc);
    return rc;
}

const ost_stage ost_stage_report = {
    .name = "report",
    .version = 2, /* bump when any output byte can change */
    .summary = "Gather numbers, curves and example images for a report page.",
    .param_size = sizeof(report_params),
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
                          .optional = true }),
    .outputs = OST_PORTS({ .name = "report",
                           .type = OST_REPORT,
                           .help = "the document, for `--out` and "
                                   "`osteon report`" }),
    .check = check,
    .run = run,
};
