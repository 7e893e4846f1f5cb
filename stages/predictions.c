/* stages/predictions.c - a table of predictions that was made elsewhere
 *
 * Reads what a run writes as predictions.csv: id, group, fold and other axes,
 * label, predicted, score_CLASS for each class.  Of these only `id` must be
 * there, and something that predicts.  A single column `score` is the score of
 * the positive one of two classes; the other class has 1 - score.
 *
 * With `kind` labels, `label` and `predicted` hold any number of labels with
 * '|' between them; with number, each holds a number, and there are no scores.
 *
 * What stands between `group` and `label` is an axis, and `fold` is one
 * wherever it stands; further columns become attributes.
 */
#include "base/csv.h"
#include "base/map.h"
#include "base/text.h"
#include "stages/positive.h"
#include "stages/stage.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

typedef struct {
    ost_file file;
    int kind;
    const char *positive;
} predictions_params;

enum { LABEL, LABELS, NUMBER };
#define KINDS "label|labels|number"

static const ost_param params[] = {
    OST_PARAM(predictions_params, file, FILE, "the table, instead of the input",
              .dflt = "null"),
    OST_PARAM(predictions_params, kind, CHOICE,
              "what was predicted of an item: one label, several, or a number",
              .dflt = "\"label\"", .choices = KINDS),
    OST_PARAM(predictions_params, positive, STR,
              "class that a column `score` is about; null: the last by name, "
              "unless that is 'normal' or the like",
              .dflt = "null"),
    OST_END,
};

static const char score_prefix[] = "score_";

typedef struct {
    ost_stage_ctx *ctx;
    ost_arena *arena;
    const predictions_params *p;
    const char *name; /* of the table */
    ost_csv csv;
    int id, group, label, predicted, score;
    const char **attr_of;          /* per column: attribute, or NULL */
    bool *is_score;                /* per column: a score_CLASS */
    OST_VEC(const char *) classes; /* sorted */
    const char *positive;
} reading;

/* --- the text ----------------------------------------------------------- */

static ost_rc find_text(reading *r, const char **text, size_t *size,
                        ost_err *err)
{
    const ost_input *in = ost_ctx_input(r->ctx, "in", 0);
    const ost_item *items, *found = NULL;
    const void *data = NULL;
    size_t n, tables = 0;
    ost_rc rc;

    if (!in == !r->p->file.name)
        return ost_fail(err, OST_EINPUT,
                        "a table must come from the input or from param "
                        "'file', and not from both");
    if (!in) {
        r->name = r->p->file.name;
        *text = r->p->file.data;
        *size = r->p->file.size;
        return OST_OK;
    }
    rc = ost_ctx_items(r->ctx, in, &items, &n, err);
    for (size_t i = 0; i < n && !rc; i++) {
        size_t len = strlen(items[i].id);

        if (len > 4 && strcasecmp(items[i].id + len - 4, ".csv") == 0) {
            found = &items[i];
            tables++;
        }
    }
    if (!rc && tables != 1)
        rc = ost_fail(err, OST_EINPUT,
                      "there should be one .csv file, there are %zu", tables);
    if (!rc)
        rc = ost_item_bytes(r->ctx, in, found, &data, size, err);
    if (!rc) {
        r->name = found->id;
        *text = data;
    }
    return rc;
}

/* --- columns ------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void name_column(reading *r, int i)
{
    const char *name = r->csv.header[i];
    bool between = r->group == 1 && r->id == 0 && i > 1 && i < r->label;

    if (i == r->id || i == r->group || i == r->label || i == r->predicted ||
        i == r->score)
        return;
    if (strncmp(name, score_prefix, sizeof(score_prefix) - 1) == 0) {
        const char *class_of = name + sizeof(score_prefix) - 1;

        r->is_score[i] = true;
        r->attr_of[i] = ost_arena_printf(r->arena, "score.%s", class_of);
        ost_vec_push(&r->classes, class_of);
    } else if (between || strcmp(name, "fold") == 0) {
        r->attr_of[i] = ost_arena_printf(r->arena, "axis.%s", name);
    } else {
        r->attr_of[i] = name;
    }
}

static ost_rc find_columns(reading *r, ost_err *err)
{
    size_t n = r->csv.n_columns;

    r->id = ost_csv_column(&r->csv, "id");
    r->group = ost_csv_column(&r->csv, "group");
    r->label = ost_csv_column(&r->csv, "label");
    r->predicted = ost_csv_column(&r->csv, "predicted");
    r->score = ost_csv_column(&r->csv, "score");
    r->attr_of = OST_ARENA_ARRAY(r->arena, const char *, n + 1);
    r->is_score = OST_ARENA_ARRAY(r->arena, bool, n + 1);
    if (r->id < 0)
        return ost_fail(err, OST_EINPUT, "%s:1: no column 'id'", r->name);
    for (int i = 0; (size_t)i < n; i++)
        name_column(r, i);
    if (r->p->kind != LABEL && (r->score >= 0 || r->predicted < 0 ||
                                (r->classes.len > 0) != (r->p->kind == LABELS)))
        return ost_fail(err, OST_EINPUT,
                        r->p->kind == LABELS
                            ? "%s:1: several labels need the columns "
                              "'predicted' and 'score_LABEL'"
                            : "%s:1: a number needs the column 'predicted' and "
                              "no score",
                        r->name);
    if (r->score >= 0 && r->classes.len)
        return ost_fail(err, OST_EINPUT,
                        "%s:1: 'score' beside '%s%s': one or the other",
                        r->name, score_prefix, r->classes.data[0]);
    if (r->score < 0 && r->predicted < 0 && !r->classes.len)
        return ost_fail(err, OST_EINPUT,
                        "%s:1: nothing is predicted (no column 'score', "
                        "'score_CLASS' or 'predicted')",
                        r->name);
    return OST_OK;
}

/* --- classes ------------------------------------------------------------ */

static void add_class(reading *r, ost_map *seen, int column)
{
    for (size_t i = 0; column >= 0 && i < r->csv.n_rows; i++) {
        const char *name = r->csv.rows[i].cells[column];

        if (*name && ost_map_put(seen, name, strlen(name), 0))
            ost_vec_push(&r->classes, name);
    }
}

/* Scores say the classes; without them labels and predictions do. */
static ost_rc find_classes(reading *r, ost_err *err)
{
    ost_map seen = { 0 };

    if (!r->classes.len && r->p->kind == LABEL) {
        add_class(r, &seen, r->label);
        add_class(r, &seen, r->predicted);
        ost_map_release(&seen);
    }
    if (r->classes.len)
        qsort(r->classes.data, r->classes.len, sizeof(*r->classes.data),
              by_name);
    if (r->score < 0)
        return OST_OK;
    if (r->classes.len != 2)
        return ost_fail(err, OST_EINPUT,
                        "%s: a column 'score' is for two classes, there are "
                        "%zu",
                        r->name, r->classes.len);
    r->positive = r->p->positive;
    if (!r->positive)
        r->positive = r->classes.data[ost_positive_of_two(r->classes.data[0],
                                                          r->classes.data[1])];
    if (strcmp(r->positive, r->classes.data[0]) != 0 &&
        strcmp(r->positive, r->classes.data[1]) != 0)
        return ost_fail(err, OST_EINPUT,
                        "param 'positive': no class '%s' (there are '%s' and "
                        "'%s')",
                        r->positive, r->classes.data[0], r->classes.data[1]);
    return OST_OK;
}

static ost_rc check_class(const reading *r, const ost_csv_row *row,
                          const char *what, const char *name, ost_err *err)
{
    const char *nearest;

    for (size_t i = 0; i < r->classes.len; i++)
        if (strcmp(r->classes.data[i], name) == 0)
            return OST_OK;
    nearest = ost_nearest(name, r->classes.data, r->classes.len);
    return ost_fail(err, OST_EINPUT, "%s:%d: %s '%s' has no score%s%s%s",
                    r->name, row->line, what, name,
                    nearest ? " (did you mean '" : "", nearest ? nearest : "",
                    nearest ? "'?)" : "");
}

/* --- rows --------------------------------------------------------------- */

static ost_rc read_number(const reading *r, const ost_csv_row *row, int column,
                          double *value, ost_err *err)
{
    if (ost_parse_f64(row->cells[column], value))
        return OST_OK;
    return ost_fail(err, OST_EINPUT, "%s:%d: %s: '%s' is not a number", r->name,
                    row->line, r->csv.header[column], row->cells[column]);
}

static ost_rc set_scores(const reading *r, const ost_csv_row *row,
                         ost_item *item, ost_err *err)
{
    double v;
    ost_rc rc;

    for (size_t i = 0; i < r->csv.n_columns; i++) {
        if (!r->is_score[i])
            continue;
        rc = read_number(r, row, (int)i, &v, err);
        if (rc)
            return rc;
        ost_item_set_number(r->arena, item, r->attr_of[i], v);
    }
    if (r->score < 0)
        return OST_OK;
    rc = read_number(r, row, r->score, &v, err);
    for (size_t i = 0; i < 2 && !rc; i++)
        ost_item_set_number(
            r->arena, item,
            ost_arena_printf(r->arena, "score.%s", r->classes.data[i]),
            strcmp(r->classes.data[i], r->positive) == 0 ? v : 1 - v);
    return rc;
}

/* Axes are text, other columns numbers where they are. */
static void set_attributes(const reading *r, const ost_csv_row *row,
                           ost_item *item)
{
    for (size_t i = 0; i < r->csv.n_columns; i++) {
        const char *name = r->attr_of[i], *text = row->cells[i];
        double v;

        if (!name || r->is_score[i] || !*text)
            continue;
        if (!ost_starts_with(name, "axis.") && ost_parse_f64(text, &v))
            ost_item_set_number(r->arena, item, name, v);
        else
            ost_item_set_text(r->arena, item, name, text);
    }
}

static const char *cell(const ost_csv_row *row, int column)
{
    return column >= 0 && *row->cells[column] ? row->cells[column] : NULL;
}

/* `predicted` and `label` of one class, of several labels, or of a number. */
static ost_rc set_words(const reading *r, const ost_csv_row *row,
                        ost_item *item, ost_err *err)
{
    const char *label = cell(row, r->label);
    const char *predicted = cell(row, r->predicted);
    ost_item said = { 0 };
    double v;
    ost_rc rc = OST_OK;

    if (r->p->kind == NUMBER && label)
        rc = read_number(r, row, r->label, &v, err);
    if (label && r->p->kind != LABELS)
        ost_item_set_label(r->arena, item, label);
    else if (label)
        ost_item_set_labels(r->arena, item, label);
    if (r->p->kind == NUMBER && !rc) {
        rc = read_number(r, row, r->predicted, &v, err);
        ost_item_set_number(r->arena, item, "predicted", v);
        return rc;
    }
    for (size_t i = 0; i < item->n_labels && !rc; i++)
        rc = check_class(r, row, "label", item->labels[i], err);
    if (predicted && r->p->kind == LABEL)
        ost_item_set_label(r->arena, &said, predicted);
    else if (predicted)
        ost_item_set_labels(r->arena, &said, predicted);
    for (size_t i = 0; i < said.n_labels && !rc; i++)
        rc = check_class(r, row, "prediction", said.labels[i], err);
    if (predicted || r->p->kind == LABELS)
        ost_item_set_text(r->arena, item, "predicted",
                          predicted ? predicted : "");
    return rc;
}

static ost_rc read_row(reading *r, const ost_csv_row *row, ost_map *ids,
                       ost_err *err)
{
    const char *id = row->cells[r->id];
    ost_item *item;
    uint64_t line;
    ost_rc rc;

    if (!*id)
        return ost_fail(err, OST_EINPUT, "%s:%d: no id", r->name, row->line);
    if (ost_map_get(ids, id, strlen(id), &line))
        return ost_fail(err, OST_EINPUT,
                        "%s:%d: id '%s' is already that of line %d", r->name,
                        row->line, id, (int)line);
    ost_map_put(ids, id, strlen(id), (uint64_t)row->line);
    item = ost_new_item(r->ctx, id, cell(row, r->group));
    rc = set_words(r, row, item, err);
    if (!rc)
        rc = set_scores(r, row, item, err);
    if (rc)
        return rc;
    set_attributes(r, row, item);
    return ost_emit(r->ctx, "out", item, err);
}

static ost_rc emit_classes(const reading *r, ost_err *err)
{
    json_t *classes = json_array();
    json_t *meta = json_pack("{s:o}", "classes", classes);
    ost_rc rc;

    for (size_t i = 0; i < r->classes.len; i++)
        json_array_append_new(classes, json_string(r->classes.data[i]));
    if (r->p->kind != LABEL)
        json_object_set_new(
            meta, "kind",
            json_string(r->p->kind == LABELS ? "labels" : "number"));
    rc = ost_emit_meta(r->ctx, "out", meta, err);
    json_decref(meta);
    return rc;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    reading r = { .ctx = ctx,
                  .arena = ost_ctx_arena(ctx),
                  .p = ost_ctx_params(ctx) };
    const char *text = NULL;
    ost_map ids = { 0 };
    size_t size = 0;
    ost_rc rc;

    rc = find_text(&r, &text, &size, err);
    if (!rc)
        rc = ost_csv_parse(r.name, text, size, r.arena, &r.csv, err);
    if (!rc)
        rc = find_columns(&r, err);
    if (!rc)
        rc = find_classes(&r, err);
    for (size_t i = 0; i < r.csv.n_rows && !rc; i++)
        rc = read_row(&r, &r.csv.rows[i], &ids, err);
    if (!rc && r.csv.n_rows == 0)
        rc = ost_fail(err, OST_EINPUT, "%s: no predictions", r.name);
    if (!rc)
        rc = emit_classes(&r, err);
    ost_vec_release(&r.classes);
    ost_map_release(&ids);
    return rc;
}

const ost_stage ost_stage_predictions = {
    .name = "predictions",
    .version = 1,
    .summary = "Read a table of predictions that was made elsewhere.",
    .param_size = sizeof(predictions_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_FILES, "one .csv file", false, true }),
    .outputs =
        OST_PORTS({ "out", OST_PREDICTIONS, "an item per row", false, false }),
    .run = run,
};
