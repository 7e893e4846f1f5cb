/* stages/evaluate_masks.c - how well masks agree with a reference
 *
 * Field `predicted` of each item is held against field `reference` of the same
 * item, or of the item with the same id at port `reference`.  Each picture gets
 * its Dice, IoU, Hausdorff distances, surface Dice, areas and lesions
 * (mask_scores.h); a block of pictures gets their means (mask_summary.h).
 *
 * Two empty masks agree about nothing: their Dice is undefined, and they are
 * counted.  One empty mask has a Dice of 0 and no distance.  Masks of different
 * shapes are an error.  docs/segmentation.md has the definitions and the
 * members of the document.
 */
#include "base/map.h"
#include "base/text.h"
#include "stages/leaks.h"
#include "stages/mask_summary.h"
#include "stages/matching.h"
#include "stages/planes.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { UNIT_AUTO, UNIT_MM, UNIT_PIXELS };
enum { MISSING_ERROR, MISSING_ZERO };
/* Pictures that are open at a time. */
enum { CHUNK = 64 };

typedef struct masks_params {
    const char *predicted;
    const char *reference;
    const char *by;
    ost_str_list subgroups;
    int missing;
    int unit;
    double tolerance;
    int64_t neighbors;
    int64_t least;
    double overlap;
    int64_t bootstrap;
    int leakage; /* ost_leakage */
} masks_params;

static const ost_param params[] = {
    OST_PARAM(masks_params, predicted, STR, "field with the mask to judge",
              .required = true),
    OST_PARAM(masks_params, reference, STR,
              "field with the mask that is true; null: of the same name, at "
              "port 'reference'",
              .dflt = "null"),
    OST_PARAM(masks_params, by, STR,
              "axis whose values get numbers of their own", .dflt = "\"fold\""),
    OST_PARAM(masks_params, subgroups, STR_LIST,
              "attributes whose values get numbers of their own", .dflt = "[]"),
    OST_PARAM(masks_params, missing, CHOICE,
              "an item without one of the masks: fail, or nothing is marked",
              .dflt = "\"error\"", .choices = "error|zero"),
    OST_PARAM(masks_params, unit, CHOICE,
              "unit of distances and areas; auto: mm when items have "
              "spacing.y and spacing.x, else pixels",
              .dflt = "\"auto\"", .choices = "auto|mm|pixels"),
    OST_PARAM(masks_params, tolerance, F64,
              "distance up to which outlines agree, for the surface Dice",
              .dflt = "1", .min = 0, .max = 1e6),
    OST_PARAM(masks_params, neighbors, I64,
              "lesions hang together over corners (8) or sides alone (4)",
              .dflt = "8", .choices = "4|8"),
    OST_PARAM(masks_params, least, I64,
              "pixels of the smallest lesion that counts", .dflt = "1",
              .min = 1, .max = 1e15),
    OST_PARAM(masks_params, overlap, F64,
              "share of a lesion that the other mask has to mark for it to be "
              "met; 0: a pixel",
              .dflt = "0", .min = 0, .max = 1),
    OST_PARAM(masks_params, bootstrap, I64,
              "how often groups are drawn again for the intervals; 0: never, "
              "and there are none",
              .dflt = "2000", .min = 0, .max = 1000000),
    OST_PARAM(masks_params, leakage, CHOICE, OST_LEAKAGE_HELP,
              .dflt = "\"error\"", .choices = OST_LEAKAGE_CHOICES),
    OST_END,
};

typedef struct {
    ost_stage_ctx *ctx;
    const masks_params *p;
    ost_arena *arena;
    const char *reference; /* field */
    ost_mask_rows rows;
    bool in_mm;
    json_t *leakage;
    json_t *warnings;
} judging;

/* --- items ---------------------------------------------------------------- */

static const char *part_of(const judging *j, const ost_input *in,
                           const ost_item *item)
{
    const char *name = ost_arena_printf(j->arena, "axis.%s", j->p->by);
    const ost_attr *a = ost_item_attr(item, name);

    for (size_t i = 0; i < in->n_axes; i++) {
        if (strcmp(in->axes[2 * i], j->p->by) == 0)
            return in->axes[2 * i + 1];
    }
    return a ? ost_attr_text(j->arena, a) : NULL;
}

/* Items at port `reference` by id. */
static ost_rc index_references(judging *j, ost_map *index,
                               const ost_item ***found, ost_err *err)
{
    size_t inputs = ost_ctx_input_count(j->ctx, "reference"), all = 0;
    ost_rc rc = OST_OK;

    for (int pass = 0; pass < 2 && !rc; pass++) {
        if (pass == 1)
            *found = OST_ARENA_ARRAY(j->arena, const ost_item *, all);
        all = 0;
        for (size_t k = 0; k < inputs && !rc; k++) {
            const ost_item *items;
            size_t n = 0;

            rc = ost_ctx_items(j->ctx, ost_ctx_input(j->ctx, "reference", k),
                               &items, &n, err);
            for (size_t i = 0; i < n && !rc; i++, all++) {
                if (pass == 0)
                    continue;
                (*found)[all] = &items[i];
                if (!ost_map_put(index, items[i].id, strlen(items[i].id), all))
                    rc = ost_fail(err, OST_EINPUT,
                                  "port 'reference': item '%s' is there twice",
                                  items[i].id);
            }
        }
    }
    return rc;
}

static ost_rc pair_item(judging *j, const ost_map *index,
                        const ost_item *const *references, const ost_input *in,
                        const ost_item *item, ost_err *err)
{
    ost_mask_row *row = &j->rows.v[j->rows.n];
    uint64_t at = 0;

    *row = (ost_mask_row){ .item = item,
                           .reference = item,
                           .part = part_of(j, in, item) };
    if (references) {
        if (!ost_map_get(index, item->id, strlen(item->id), &at))
            return ost_fail(err, OST_EINPUT,
                            "item '%s' has no counterpart at port 'reference'",
                            item->id);
        row->reference = references[at];
    }
    j->rows.n++;
    return OST_OK;
}

static ost_rc read_items(judging *j, ost_err *err)
{
    size_t inputs = ost_ctx_input_count(j->ctx, "in"), all = 0;
    bool joined = ost_ctx_input_count(j->ctx, "reference") > 0;
    const ost_item **references = NULL;
    ost_map index = { 0 };
    ost_rc rc = OST_OK;

    j->reference = j->p->reference ? j->p->reference : j->p->predicted;
    if (!joined && strcmp(j->reference, j->p->predicted) == 0)
        return ost_fail(err, OST_EINPUT,
                        "the mask would be held against itself: param "
                        "'reference' names the field that is true, or port "
                        "'reference' has the items with it");
    if (joined)
        rc = index_references(j, &index, &references, err);
    for (int pass = 0; pass < 2 && !rc; pass++) {
        if (pass == 1)
            j->rows.v = OST_ARENA_ARRAY(j->arena, ost_mask_row, all);
        for (size_t k = 0; k < inputs && !rc; k++) {
            const ost_input *in = ost_ctx_input(j->ctx, "in", k);
            const ost_item *items;
            size_t n = 0;

            rc = ost_ctx_items(j->ctx, in, &items, &n, err);
            if (pass == 0)
                all += n;
            for (size_t i = 0; i < n && pass == 1 && !rc; i++)
                rc = pair_item(j, &index, references, in, &items[i], err);
        }
    }
    ost_map_release(&index);
    return rc;
}

/* --- units ---------------------------------------------------------------- */

static bool spacing_of(const ost_item *item, double spacing[2])
{
    const ost_attr *y = ost_item_attr(item, "spacing.y");
    const ost_attr *x = ost_item_attr(item, "spacing.x");

    if (!y || !x || y->kind != OST_ATTR_NUMBER || x->kind != OST_ATTR_NUMBER ||
        !(y->number > 0) || !(x->number > 0) || !isfinite(y->number) ||
        !isfinite(x->number))
        return false;
    spacing[0] = y->number;
    spacing[1] = x->number;
    return true;
}

/* Gives each row its spacing; all are in one unit. */
static ost_rc choose_unit(judging *j, ost_err *err)
{
    const ost_mask_row *with = NULL, *without = NULL;

    for (size_t i = 0; i < j->rows.n; i++) {
        ost_mask_row *row = &j->rows.v[i];
        bool known = spacing_of(row->item, row->spacing) ||
                     spacing_of(row->reference, row->spacing);

        if (known)
            with = row;
        else
            without = row;
    }
    j->in_mm = j->p->unit == UNIT_MM || (j->p->unit == UNIT_AUTO && with);
    if (j->in_mm && without)
        return ost_fail(err, OST_EINPUT,
                        "item '%s' has no 'spacing.y' and 'spacing.x'%s: "
                        "param 'unit' pixels measures without",
                        without->item->id, with ? ", and others have" : "");
    for (size_t i = 0; i < j->rows.n && !j->in_mm; i++)
        j->rows.v[i].spacing[0] = j->rows.v[i].spacing[1] = 1;
    return OST_OK;
}

/* --- pixels --------------------------------------------------------------- */

typedef struct {
    const judging *j;
    ost_mask_row *rows[CHUNK];
    ost_tensor mask[CHUNK][2]; /* predicted, reference */
    size_t n;
} chunk;

/* Without the field, a tensor without data. */
static ost_rc open_mask(judging *j, const ost_item *item, const char *field,
                        ost_tensor *t, ost_err *err)
{
    ost_plane_kind kind;
    ost_rc rc;

    *t = (ost_tensor){ 0 };
    if (!ost_item_field(item, field) && j->p->missing == MISSING_ZERO)
        return OST_OK;
    rc = ost_open_plane(j->ctx, item, field, &kind, t, err);
    if (!rc && !ost_plane_is_mask(kind))
        rc = ost_fail(err, OST_EINPUT, "field '%s' is no mask", field);
    return rc;
}

static void shape_text(const ost_tensor *t, char text[64])
{
    size_t at = 0;

    for (int i = 0; i < t->ndim; i++)
        at += (size_t)snprintf(text + at, 64 - at, "%s%lld", i ? " x " : "",
                               (long long)t->shape[i]);
}

static ost_rc check_shapes(const judging *j, const ost_tensor mask[2],
                           ost_err *err)
{
    char a[64], b[64];

    if (mask[0].ndim == mask[1].ndim &&
        memcmp(mask[0].shape, mask[1].shape,
               (size_t)mask[0].ndim * sizeof(mask[0].shape[0])) == 0)
        return OST_OK;
    shape_text(&mask[0], a);
    shape_text(&mask[1], b);
    return ost_fail(err, OST_EINPUT,
                    "predicted '%s' is %s and reference '%s' is %s: masks are "
                    "not resized here",
                    j->p->predicted, a, j->reference, b);
}

/* What is not there is a mask of the other's shape with nothing in it. */
static void fill_missing(ost_tensor mask[2])
{
    static const int64_t none[2] = { 0, 0 };

    for (int a = 0; a < 2; a++) {
        const ost_tensor *other = &mask[1 - a];

        if (mask[a].ndim > 0)
            continue;
        mask[a] = other->ndim > 0
                      ? ost_tensor_of(NULL, OST_U8, other->ndim, other->shape)
                      : ost_tensor_of(NULL, OST_U8, 2, none);
    }
}

static ost_rc open_pair(judging *j, const ost_mask_row *row, ost_tensor mask[2],
                        ost_err *err)
{
    ost_rc rc = open_mask(j, row->item, j->p->predicted, &mask[0], err);

    if (!rc)
        rc = open_mask(j, row->reference, j->reference, &mask[1], err);
    if (!rc) {
        fill_missing(mask);
        rc = check_shapes(j, mask, err);
    }
    if (rc)
        ost_err_at(err, "item '%s'", row->item->id);
    return rc;
}

static ost_rc score_one(void *user, size_t i, ost_err *err)
{
    chunk *c = user;
    const masks_params *p = c->j->p;
    const ost_mask_spec spec = {
        .spacing_y = c->rows[i]->spacing[0],
        .spacing_x = c->rows[i]->spacing[1],
        .tolerance = p->tolerance,
        .sides = p->neighbors == 4,
        .least = p->least,
        .overlap = p->overlap,
    };

    return ost_mask_scores_of(&c->mask[i][0], &c->mask[i][1], &spec,
                              &c->rows[i]->scores, err);
}

static ost_rc score_items(judging *j, ost_err *err)
{
    chunk *c = ost_xalloc(sizeof(*c));
    ost_rc rc = OST_OK;

    c->j = j;
    for (size_t i = 0; i < j->rows.n && !rc; i++) {
        c->rows[c->n] = &j->rows.v[i];
        rc = open_pair(j, &j->rows.v[i], c->mask[c->n], err);
        c->n++;
        if (!rc && (c->n == CHUNK || i + 1 == j->rows.n)) {
            rc = ost_parallel(j->ctx, c->n, score_one, c, err);
            c->n = 0;
            ost_ctx_return(j->ctx);
        }
        if (!rc && ost_ctx_stop(j->ctx))
            rc = ost_fail(err, OST_EINTERRUPTED, "interrupted");
        ost_progress(j->ctx, i + 1, j->rows.n, NULL);
    }
    ost_free(c);
    return rc;
}

static ost_rc check_leaks(judging *j, ost_err *err)
{
    ost_leak_check c = { .ctx = j->ctx,
                         .mode = (ost_leakage)j->p->leakage,
                         .axis = j->p->by };
    ost_rc rc;

    for (size_t i = 0; i < j->rows.n; i++)
        ost_leaks_add(&c, j->rows.v[i].item, j->rows.v[i].part);
    rc = ost_leaks_finish(&c, &j->leakage, err);
    ost_leaks_release(&c);
    return rc;
}

/* --- the document --------------------------------------------------------- */

static json_t *document(judging *j)
{
    ost_rng rng = ost_ctx_rng(j->ctx, NULL, 0);
    const ost_mask_summary how = {
        .ctx = j->ctx,
        .rows = &j->rows,
        .arena = j->arena,
        .replicates = (size_t)j->p->bootstrap,
        .seed = ost_rng_u64(&rng),
        .warnings = j->warnings,
    };
    json_t *out = json_pack(
        "{s:s, s:s, s:s, s:s, s:f, s:I, s:I, s:f, s:I}", "kind", "masks",
        "predicted", j->p->predicted, "reference", j->reference, "unit",
        j->in_mm ? "mm" : "pixels", "tolerance", j->p->tolerance, "neighbors",
        (json_int_t)j->p->neighbors, "least", (json_int_t)j->p->least,
        "overlap", j->p->overlap, "n_items_in", (json_int_t)j->rows.n);

    json_object_set_new(out, "pooled", ost_mask_pooled(&how));
    json_object_set_new(out, "by", json_string(j->p->by));
    json_object_set_new(out, "folds", ost_mask_folds(&how, j->p->by));
    json_object_set_new(out, "subgroups",
                        ost_mask_subgroups(&how, &j->p->subgroups));
    json_object_set_new(out, "items", ost_mask_items(&how));
    json_object_set(out, "leakage", j->leakage);
    json_object_set(out, "warnings", j->warnings);
    return out;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    judging j = { .ctx = ctx,
                  .p = ost_ctx_params(ctx),
                  .arena = ost_ctx_arena(ctx),
                  .warnings = json_array() };
    json_t *out = NULL;
    ost_rc rc = read_items(&j, err);

    if (!rc)
        rc = choose_unit(&j, err);
    if (!rc)
        rc = check_leaks(&j, err);
    if (!rc)
        rc = score_items(&j, err);
    if (!rc)
        rc = ost_mask_check_subgroups(&j.rows, &j.p->subgroups, err);
    if (rc)
        goto out;
    out = document(&j);
    for (size_t i = 0; i < json_array_size(j.warnings); i++)
        ost_note(ctx, "%s", json_string_value(json_array_get(j.warnings, i)));
    rc = ost_emit_meta(ctx, "metrics", out, err);
out:
    json_decref(out);
    json_decref(j.leakage);
    json_decref(j.warnings);
    return rc;
}

const ost_stage ost_stage_evaluate_masks = {
    .name = "evaluate_masks",
    .version = 1, /* bump when any output byte can change */
    .summary = "Judge masks: overlap, distances of outlines, lesions.",
    .flags = OST_STAGE_DRAWS,
    .param_size = sizeof(masks_params),
    .params = params,
    .inputs = OST_PORTS({ .name = "in",
                          .type = OST_DATASET,
                          .help = "items with the masks to judge",
                          .many = true },
                        { .name = "reference",
                          .type = OST_DATASET,
                          .help = "items with the masks that are true, when "
                                  "they are others",
                          .many = true,
                          .optional = true }),
    .outputs = OST_PORTS({ .name = "metrics",
                           .type = OST_METRICS,
                           .help = "the numbers, of all and of each picture" }),
    .judges = "in",
    .run = run,
};
