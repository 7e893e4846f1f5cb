/* stages/evaluate_images.c - how near generated images are to real ones
 *
 * FID and KID compare the features (stage `features`) of generated and real
 * images as sets; the nearest neighbors say whether single images are copies of
 * what the generator learned from (`training`; without it, of the real ones).
 *
 * Numbers of different extractors are not comparable, so all features have to
 * be of one, whose name stands in the result.  FID of fewer images than
 * features is far too large: there are warnings, and KID beside it has no such
 * bias.  KID is one value over all images, and mean and standard deviation
 * (ddof 0) over seeded subsets, as others print it.
 *
 * A network that has learned from the patients of the real images is a doubtful
 * judge of what is like them, and a generator that has is near them without
 * having learned anything else: both are found by exposure (stages/leaks.h).
 * What made the features is told from what made the images by the real ones,
 * which the extractor alone has seen; if it has seen their patients, nobody can
 * tell whether the generator has.
 */
#include "base/alloc.h"
#include "kernels/stats/folds.h"
#include "kernels/stats/image_sets.h"
#include "stages/evaluation.h"
#include "stages/leaks.h"
#include "stages/memorization.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { BOTH, FEATURES, PIXELS };
enum { GENERATED, REAL, TRAINING, SETS };
enum { TABLES = 3, MOST_PAIRS = 48000000 }; /* of doubles: 384 MB */

typedef struct {
    const char *field;
    const char *extractor;
    int64_t subsets;
    int64_t subset_size;
    int space;
    const char *image;
    double quantile;
    int64_t pairs;
    int leakage; /* ost_leakage */
} images_params;

static const ost_param params[] = {
    OST_PARAM(images_params, field, STR,
              "field with the features, of any shape", .dflt = "\"features\""),
    OST_PARAM(images_params, extractor, STR,
              "what made the features, of items without the attribute "
              "'extractor'",
              .dflt = "null"),
    OST_PARAM(images_params, subsets, I64, "KID: how many subsets; 0: none",
              .dflt = "100", .min = 0, .max = 100000),
    OST_PARAM(images_params, subset_size, I64,
              "KID: images of a subset, at most", .dflt = "1000", .min = 2,
              .max = 100000),
    OST_PARAM(images_params, space, CHOICE,
              "where nearest neighbors are looked for", .dflt = "\"both\"",
              .choices = "both|features|pixels"),
    OST_PARAM(images_params, image, STR, "field with the pixels",
              .dflt = "\"image\""),
    OST_PARAM(images_params, quantile, F64,
              "a copy is nearer than this share of the learned images are to "
              "their nearest",
              .dflt = "0.05", .min = 0, .max = 1),
    OST_PARAM(images_params, pairs, I64, "nearest pairs that are listed",
              .dflt = "10", .min = 0, .max = 100000),
    OST_PARAM(images_params, leakage, CHOICE,
              "what to do when the extractor or the generator has learned from "
              "patients of the real images: refuse, say so in the metrics and "
              "the run's summary, or do not look",
              .dflt = "\"warn\"", .choices = OST_LEAKAGE_CHOICES),
    OST_END,
};

static const char *const ports[SETS] = { "generated", "real", "training" };

typedef struct {
    ost_stage_ctx *ctx;
    const images_params *p;
    ost_image_rows sets[SETS];
    double *wide[2]; /* features of generated and real ones */
    bool trained;    /* there are training images */
    const char *extractor;
    double *kid; /* of each subset */
    size_t subset_size;
    double *tables[TABLES]; /* kernels within both sets and between them */
    json_t *warnings;
    json_t *leakage;
} judging;

/* --- inputs ------------------------------------------------------------- */

static ost_rc check_extractor(judging *j, const ost_item *item,
                              const char *port, ost_err *err)
{
    const ost_attr *a = ost_item_attr(item, "extractor");
    const char *name =
        a && a->kind == OST_ATTR_TEXT ? a->text : j->p->extractor;

    if (!name)
        return ost_fail(err, OST_EINPUT,
                        "port '%s': item '%s' does not say what made its "
                        "features (attribute 'extractor', or the param)",
                        port, item->id);
    if (!j->extractor)
        j->extractor = name;
    if (strcmp(j->extractor, name) == 0)
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "port '%s': the features of item '%s' are by '%s', those "
                    "of others by '%s': distances are between features of one "
                    "extractor",
                    port, item->id, name, j->extractor);
}

static ost_rc read_set(judging *j, int which, ost_err *err)
{
    ost_image_rows *set = &j->sets[which];
    const ost_item *items;
    size_t n;
    ost_rc rc = ost_ctx_items(j->ctx, ost_ctx_input(j->ctx, ports[which], 0),
                              &items, &n, err);

    if (!rc && n < 2)
        rc = ost_fail(err, OST_EINPUT,
                      "port '%s': a set of images has at least 2, this one %zu",
                      ports[which], n);
    if (!rc)
        rc = ost_image_rows_read(j->ctx, items, n, j->p->field, ports[which],
                                 set, err);
    for (size_t i = 0; i < n && !rc; i++)
        rc = check_extractor(j, &items[i], ports[which], err);
    if (!rc && set->d != j->sets[GENERATED].d)
        rc = ost_fail(err, OST_EINPUT,
                      "port '%s' has %zu features, port 'generated' %zu",
                      ports[which], set->d, j->sets[GENERATED].d);
    return rc;
}

static ost_rc read_sets(judging *j, ost_err *err)
{
    ost_rc rc = read_set(j, GENERATED, err);

    j->trained = ost_ctx_input_count(j->ctx, ports[TRAINING]) > 0;
    if (!rc)
        rc = read_set(j, REAL, err);
    if (!rc && j->trained)
        rc = read_set(j, TRAINING, err);
    for (int s = 0; s < 2 && !rc; s++) {
        size_t n = j->sets[s].n * j->sets[s].d;

        j->wide[s] = OST_ARENA_ARRAY(ost_ctx_arena(j->ctx), double, n + 1);
        for (size_t i = 0; i < n; i++)
            j->wide[s][i] = (double)j->sets[s].rows[i];
    }
    return rc;
}

static void warn(judging *j, const char *text)
{
    json_array_append_new(j->warnings, json_string(text));
    ost_note(j->ctx, "%s", text);
}

/* --- distances of the sets ---------------------------------------------- */

/* Which `m` rows of a set, drawn without putting back. */
static uint32_t *draw_rows(const ost_image_rows *set, size_t m, ost_rng *r)
{
    uint32_t *index = ost_xalloc(set->n * sizeof(*index));

    for (size_t i = 0; i < set->n; i++)
        index[i] = (uint32_t)i;
    for (size_t i = 0; i < m; i++) {
        size_t at = i + (size_t)ost_rng_below(r, set->n - i);
        uint32_t drawn = index[at];

        index[at] = index[i];
        index[i] = drawn;
    }
    return index;
}

static double *copy_rows(const judging *j, int which, const uint32_t *index)
{
    size_t d = j->sets[which].d;
    double *rows = ost_xalloc(j->subset_size * d * sizeof(*rows));

    for (size_t i = 0; i < j->subset_size; i++)
        memcpy(rows + i * d, j->wide[which] + index[i] * d, d * sizeof(*rows));
    return rows;
}

static double distance_of_rows(const judging *j, const uint32_t *first,
                               const uint32_t *second)
{
    double *a = copy_rows(j, GENERATED, first);
    double *b = copy_rows(j, REAL, second);
    double distance = ost_kernel_distance(a, j->subset_size, b, j->subset_size,
                                          j->sets[REAL].d);

    ost_free(b);
    ost_free(a);
    return distance;
}

static ost_rc judge_subset(void *user, size_t i, ost_err *err)
{
    judging *j = user;
    ost_rng r = ost_ctx_rng(j->ctx, NULL, i);
    uint32_t *a = draw_rows(&j->sets[GENERATED], j->subset_size, &r);
    uint32_t *b = draw_rows(&j->sets[REAL], j->subset_size, &r);

    (void)err;
    j->kid[i] = j->tables[0] ? ost_kernel_distance_in(
                                   &(ost_kernel_tables){
                                       .n1 = j->sets[GENERATED].n,
                                       .n2 = j->sets[REAL].n,
                                       .first = j->tables[0],
                                       .second = j->tables[1],
                                       .between = j->tables[2],
                                   },
                                   a, b, j->subset_size)
                             : distance_of_rows(j, a, b);
    ost_free(b);
    ost_free(a);
    return OST_OK;
}

static ost_rc fill_table(void *user, size_t i, ost_err *err)
{
    judging *j = user;
    int a = i == 1 ? REAL : GENERATED, b = i == 0 ? GENERATED : REAL;

    if (ost_kernel_table(j->wide[a], j->sets[a].n, j->wide[b], j->sets[b].n,
                         j->sets[a].d, j->tables[i]))
        return OST_OK;
    return ost_fail(err, OST_ENOMEM, "out of memory for the kernel distance");
}

/* Every pair once, where the subsets hold it more often and there is room. */
static ost_rc fill_tables(judging *j, ost_err *err)
{
    size_t n1 = j->sets[GENERATED].n, n2 = j->sets[REAL].n;
    size_t sizes[TABLES] = { n1 * n1, n2 * n2, n1 * n2 };
    double pairs = 3.0 * (double)j->subset_size * (double)j->subset_size;
    double all = (double)n1 * (double)n1 + (double)n2 * (double)n2 +
                 (double)n1 * (double)n2;

    if (all > MOST_PAIRS || all > pairs * (double)j->p->subsets)
        return OST_OK;
    for (size_t i = 0; i < TABLES; i++)
        j->tables[i] = ost_xalloc(sizes[i] * sizeof(double));
    return ost_parallel(j->ctx, TABLES, fill_table, j, err);
}

static ost_rc judge_subsets(judging *j, json_t *kid, ost_err *err)
{
    size_t n1 = j->sets[GENERATED].n, n2 = j->sets[REAL].n;
    size_t n = (size_t)j->p->subsets, m = (size_t)j->p->subset_size;
    ost_mean mean;
    ost_rc rc;

    m = n1 < m ? n1 : m;
    m = n2 < m ? n2 : m;
    if (n == 0)
        return OST_OK;
    if (m == n1 && m == n2) {
        json_object_set_new(
            kid, "subsets",
            ost_number_or(NAN, "every subset would be all images"));
        return OST_OK;
    }
    j->subset_size = m;
    j->kid = OST_ARENA_ARRAY(ost_ctx_arena(j->ctx), double, n);
    rc = fill_tables(j, err);
    if (!rc)
        rc = ost_parallel(j->ctx, n, judge_subset, j, err);
    for (size_t i = 0; i < TABLES; i++)
        ost_free(j->tables[i]);
    if (rc)
        return rc;
    mean = ost_mean_of(j->kid, n);
    json_object_set_new(kid, "subsets",
                        json_pack("{s:I, s:I, s:o, s:o}", "n", (json_int_t)n,
                                  "size", (json_int_t)m, "mean",
                                  ost_number_or(mean.mean, "out of memory"),
                                  "std",
                                  ost_number_or(mean.std, "out of memory")));
    return OST_OK;
}

static void warn_of_rank(judging *j, int which)
{
    const ost_image_rows *set = &j->sets[which];

    if (set->n <= set->d)
        warn(j, ost_arena_printf(
                    ost_ctx_arena(j->ctx),
                    "%zu %s images have a covariance of %zu features that is "
                    "not of full rank: FID is far too large, and for "
                    "comparisons at equal numbers alone; KID has no such bias",
                    set->n, ports[which], set->d));
}

static ost_rc judge_sets(judging *j, json_t *out, ost_err *err)
{
    const ost_image_rows *a = &j->sets[GENERATED], *b = &j->sets[REAL];
    double fid = ost_frechet_distance(j->wide[GENERATED], a->n, j->wide[REAL],
                                      b->n, a->d);
    double kid = ost_kernel_distance(j->wide[GENERATED], a->n, j->wide[REAL],
                                     b->n, a->d);
    json_t *kids =
        json_pack("{s:o}", "value", ost_number_or(kid, "out of memory"));

    json_object_set_new(out, "fid", ost_number_or(fid, "out of memory"));
    json_object_set_new(out, "rank_deficient",
                        json_boolean(a->n <= a->d || b->n <= b->d));
    json_object_set_new(out, "kid", kids);
    warn_of_rank(j, GENERATED);
    warn_of_rank(j, REAL);
    return judge_subsets(j, kids, err);
}

/* --- copies ------------------------------------------------------------- */

/* Pixels of a port, or why there are none to be compared. */
static bool read_pixels(judging *j, int which, ost_image_rows *rows,
                        const char **reason)
{
    const ost_image_rows *set = &j->sets[which];
    ost_err err = { 0 };

    if (ost_image_rows_read(j->ctx, set->items, set->n, j->p->image,
                            ports[which], rows, &err) == OST_OK)
        return true;
    *reason = ost_arena_strdup(ost_ctx_arena(j->ctx), err.text);
    return false;
}

static ost_rc judge_pixels(judging *j, int against, json_t **out, ost_err *err)
{
    ost_image_rows made, learned;
    const char *reason = "pictures of the two sets differ in size";
    ost_memorization how = { .quantile = j->p->quantile,
                             .pairs = (size_t)j->p->pairs };

    if (!read_pixels(j, GENERATED, &made, &reason) ||
        !read_pixels(j, against, &learned, &reason) || made.d != learned.d) {
        *out = ost_number_or(NAN, reason);
        return OST_OK;
    }
    how.unit = sqrt((double)made.d);
    return ost_memorization_judge(j->ctx, &how, &made, &learned, out, err);
}

static ost_rc judge_copies(judging *j, json_t *out, ost_err *err)
{
    int against = j->trained ? TRAINING : REAL;
    const ost_memorization how = { .quantile = j->p->quantile,
                                   .pairs = (size_t)j->p->pairs,
                                   .unit = 1 };
    json_t *copies = json_pack("{s:s, s:f}", "against", ports[against],
                               "quantile", j->p->quantile);
    json_t *found = NULL;
    ost_rc rc = OST_OK;

    json_object_set_new(out, "memorization", copies);
    if (j->p->space != PIXELS) {
        rc = ost_memorization_judge(j->ctx, &how, &j->sets[GENERATED],
                                    &j->sets[against], &found, err);
        if (rc)
            return rc;
        json_object_set_new(copies, "features", found);
    }
    if (j->p->space == FEATURES)
        return OST_OK;
    rc = judge_pixels(j, against, &found, err);
    if (!rc)
        json_object_set_new(copies, "pixels", found);
    return rc;
}

/* --- who has learned from whom ------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whether an item is exposed to its own group. */
static ost_rc is_known(judging *j, const ost_item *item, bool *known,
                       ost_err *err)
{
    const char *const *groups;
    size_t n;
    ost_rc rc = ost_ctx_groups(j->ctx, &item->exposure, ost_ctx_arena(j->ctx),
                               &groups, &n, err);

    *known = !rc && n > 0 &&
             bsearch(&item->group, groups, n, sizeof(*groups), by_name);
    return rc;
}

/* What all generated images together are exposed to. */
static ost_rc made_of(judging *j, ost_item *all, ost_err *err)
{
    const ost_image_rows *set = &j->sets[GENERATED];
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < set->n && !rc; i++)
        if (i == 0 || !ost_digest_equal(&set->items[i].exposure,
                                        &set->items[i - 1].exposure))
            rc = ost_expose(j->ctx, all, &set->items[i], err);
    return rc;
}

static ost_rc check_leaks(judging *j, ost_err *err)
{
    const ost_image_rows *real = &j->sets[REAL];
    ost_leak_check c = { .ctx = j->ctx,
                         .mode = (ost_leakage)j->p->leakage,
                         .axis = "judge" };
    ost_item made = { 0 };
    bool known = false;
    ost_rc rc = c.mode == OST_LEAKAGE_OFF ? OST_OK : made_of(j, &made, err);

    for (size_t i = 0; i < real->n && c.mode != OST_LEAKAGE_OFF && !rc; i++) {
        const ost_item *item = &real->items[i];

        if (ost_digest_is_zero(&item->exposure))
            continue;
        ost_leaks_add(&c, item, "extractor");
        if (!known)
            rc = is_known(j, item, &known, err);
    }
    for (size_t i = 0; i < real->n && !known && !rc; i++)
        if (!ost_digest_is_zero(&made.exposure))
            ost_leaks_add_against(&c, &real->items[i], &made.exposure,
                                  "generator");
    if (!rc)
        rc = ost_leaks_finish(&c, &j->leakage, err);
    ost_leaks_release(&c);
    return rc;
}

/* --- all ---------------------------------------------------------------- */

static json_t *document(const judging *j)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:O, s:O}", "kind",
                     "images", "extractor", j->extractor, "dims",
                     (json_int_t)j->sets[REAL].d, "n_generated",
                     (json_int_t)j->sets[GENERATED].n, "n_real",
                     (json_int_t)j->sets[REAL].n, "n_training",
                     j->trained ? json_integer((json_int_t)j->sets[TRAINING].n)
                                : json_null(),
                     "warnings", j->warnings, "leakage", j->leakage);
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    judging j = { .ctx = ctx,
                  .p = ost_ctx_params(ctx),
                  .warnings = json_array() };
    json_t *out = NULL;
    ost_rc rc = read_sets(&j, err);

    if (!rc)
        rc = check_leaks(&j, err);
    if (!rc) {
        out = document(&j);
        rc = judge_sets(&j, out, err);
    }
    if (!rc)
        rc = judge_copies(&j, out, err);
    if (!rc)
        rc = ost_emit_meta(ctx, "metrics", out, err);
    json_decref(out);
    json_decref(j.leakage);
    json_decref(j.warnings);
    return rc;
}

const ost_stage ost_stage_evaluate_images = {
    .name = "evaluate_images",
    .version = 4, /* bump when any output byte can change */
    .summary = "Judge generated images: FID, KID, copies of what was learned.",
    .flags = OST_STAGE_DRAWS,
    .param_size = sizeof(images_params),
    .params = params,
    .inputs = OST_PORTS(
        { "generated", OST_DATASET, "images that were made", false, false },
        { "real", OST_DATASET, "images to be like", false, false },
        { "training", OST_DATASET, "images that the generator learned from",
          false, true }),
    .outputs =
        OST_PORTS({ "metrics", OST_METRICS, "the numbers", false, false }),
    .judges = "real",
    .run = run,
};
