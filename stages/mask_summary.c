/* stages/mask_summary.c - means over pictures, in blocks, with intervals
 *
 * The Dice (and the IoU) of a block is the mean over the pictures in which
 * something is marked at all: a false alarm where nothing is true counts 0, two
 * empty masks do not count.  Beside it stand the other means that people take.
 * Intervals are 95 % percentile intervals over groups drawn again.
 */
#include "stages/mask_summary.h"

#include "base/alloc.h"
#include "base/map.h"
#include "base/text.h"
#include "kernels/stats/bootstrap.h"
#include "kernels/stats/folds.h"
#include "kernels/stats/quantile.h"
#include "kernels/stats/sorting.h"
#include "stages/evaluation.h"
#include "stages/matching.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* --- numbers of a picture ---------------------------------------------------
 */

enum {
    DICE,
    IOU,
    SURFACE_DICE,
    HD95,
    HD,
    AREA_DIFFERENCE,
    RELATIVE_AREA_DIFFERENCE,
    FALSE_POSITIVES, /* of what each picture has one, the last */
    SENSITIVITY,     /* ratios over all pictures */
    PRECISION,
    NUMBERS,
    MEANS = SENSITIVITY
};

static const char *const names[NUMBERS] = {
    [DICE] = "dice",
    [IOU] = "iou",
    [SURFACE_DICE] = "surface_dice",
    [HD95] = "hd95",
    [HD] = "hd",
    [AREA_DIFFERENCE] = "area_difference",
    [RELATIVE_AREA_DIFFERENCE] = "relative_area_difference",
    [FALSE_POSITIVES] = "false_positives_per_image",
    [SENSITIVITY] = "lesion_sensitivity",
    [PRECISION] = "lesion_precision",
};

static const char *const reasons[NUMBERS] = {
    [DICE] = "both masks are empty",
    [IOU] = "both masks are empty",
    [SURFACE_DICE] = "both masks are empty",
    [HD95] = "a mask is empty",
    [HD] = "a mask is empty",
    [AREA_DIFFERENCE] = "no pictures",
    [RELATIVE_AREA_DIFFERENCE] = "the reference is empty",
    [FALSE_POSITIVES] = "no pictures",
    [SENSITIVITY] = "no lesions in the reference",
    [PRECISION] = "no lesions were predicted",
};

static double area_of(const ost_mask_row *r, int which)
{
    return (double)r->scores.pixels[which] * (r->spacing[0] * r->spacing[1]);
}

static double number_of(const ost_mask_row *r, int number)
{
    const ost_mask_scores *s = &r->scores;
    double difference = area_of(r, 0) - area_of(r, 1);

    switch (number) {
    case DICE:
        return s->dice;
    case IOU:
        return s->iou;
    case SURFACE_DICE:
        return s->surface_dice;
    case HD95:
        return s->hd95;
    case HD:
        return s->hd;
    case AREA_DIFFERENCE:
        return difference;
    case RELATIVE_AREA_DIFFERENCE:
        return s->pixels[1] > 0 ? difference / area_of(r, 1) : OST_UNDEFINED;
    default:
        return (double)(s->lesions[0] - s->met[0]);
    }
}

static json_t *count_json(int64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *row_json(const ost_mask_row *r)
{
    const ost_mask_scores *s = &r->scores;
    json_t *out =
        json_pack("{s:s, s:s}", "id", r->item->id, "group", r->item->group);

    if (r->part)
        json_object_set_new(out, "part", json_string(r->part));
    for (int i = 0; i < FALSE_POSITIVES; i++)
        json_object_set_new(out, names[i],
                            ost_number_or(number_of(r, i), reasons[i]));
    json_object_set_new(out, "area_predicted", json_real(area_of(r, 0)));
    json_object_set_new(out, "area_reference", json_real(area_of(r, 1)));
    json_object_set_new(out, "lesions",
                        json_pack("{s:o, s:o, s:o, s:o}", "reference",
                                  count_json(s->lesions[1]), "found",
                                  count_json(s->met[1]), "predicted",
                                  count_json(s->lesions[0]), "false",
                                  count_json(s->lesions[0] - s->met[0])));
    return out;
}

json_t *ost_mask_items(const ost_mask_summary *m)
{
    json_t *all = json_array();

    for (size_t i = 0; i < m->rows->n; i++)
        json_array_append_new(all, row_json(&m->rows->v[i]));
    return all;
}

/* --- numbers of a block -----------------------------------------------------
 */

typedef struct {
    const ost_mask_row **rows;
    size_t n;
    uint32_t *cluster;
    size_t clusters;
} block;

/* The block's numbers when row i is there weight[i] times; NULL: once. */
static void numbers_of(void *user, const uint32_t *weight, double *out)
{
    const block *b = user;
    double lesions[2] = { 0, 0 }, met[2] = { 0, 0 };

    for (int k = 0; k < MEANS; k++) {
        double sum = 0, n = 0;

        for (size_t i = 0; i < b->n; i++) {
            double v = number_of(b->rows[i], k);
            double w = weight ? (double)weight[i] : 1;

            if (isnan(v))
                continue;
            sum += w * v;
            n += w;
        }
        out[k] = n > 0 ? sum / n : OST_UNDEFINED;
    }
    for (size_t i = 0; i < b->n; i++) {
        const ost_mask_scores *s = &b->rows[i]->scores;
        double w = weight ? (double)weight[i] : 1;

        for (int a = 0; a < 2; a++) {
            lesions[a] += w * (double)s->lesions[a];
            met[a] += w * (double)s->met[a];
        }
    }
    out[SENSITIVITY] = lesions[1] > 0 ? met[1] / lesions[1] : OST_UNDEFINED;
    out[PRECISION] = lesions[0] > 0 ? met[0] / lesions[0] : OST_UNDEFINED;
}

/* Mean, spread and middle of the pictures' numbers. */
static json_t *spread_json(const block *b, int number)
{
    double *v = ost_xalloc((b->n + 1) * sizeof(*v));
    size_t n = 0;
    ost_mean mean;
    json_t *out;

    for (size_t i = 0; i < b->n; i++) {
        v[n] = number_of(b->rows[i], number);
        n += !isnan(v[n]);
    }
    mean = ost_mean_of(v, n);
    ost_sort_numbers(v, n);
    out = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "mean",
        ost_number_or(mean.mean, reasons[number]), "std",
        ost_number_or(mean.std, reasons[number]), "median",
        ost_number_or(ost_quantile_sorted(v, n, 0.5), reasons[number]), "min",
        ost_number_or(n > 0 ? v[0] : OST_UNDEFINED, reasons[number]), "max",
        ost_number_or(n > 0 ? v[n - 1] : OST_UNDEFINED, reasons[number]), "n",
        count_json((int64_t)n), "skipped", count_json((int64_t)(b->n - n)));
    ost_free(v);
    return out;
}

static json_t *value_json(double sum, double n, const char *reason)
{
    return json_pack("{s:o, s:o}", "value",
                     ost_number_or(n > 0 ? sum / n : OST_UNDEFINED, reason),
                     "n", count_json((int64_t)n));
}

/* The means that people take of an overlap, each with the pictures in it. */
static json_t *variants_json(const block *b, int number)
{
    double marked = 0, with = 0, with_n = 0, n = 0, top = 0, bottom = 0;
    json_t *pooled;

    for (size_t i = 0; i < b->n; i++) {
        const ost_mask_scores *s = &b->rows[i]->scores;
        double sum = (double)(s->pixels[0] + s->pixels[1]);
        double both = (double)s->both;
        double v = number_of(b->rows[i], number);

        top += number == DICE ? 2 * both : both;
        bottom += number == DICE ? sum : sum - both;
        if (isnan(v))
            continue;
        marked += v;
        n++;
        if (s->pixels[1] > 0) {
            with += v;
            with_n++;
        }
    }
    pooled = value_json(top, bottom, reasons[number]);
    json_object_set_new(pooled, "n", count_json((int64_t)b->n));
    return json_pack(
        "{s:o, s:o, s:o, s:o}", "not_both_empty",
        value_json(marked, n, reasons[number]), "with_reference",
        value_json(with, with_n, "no reference is marked"), "empty_is_one",
        value_json(marked + ((double)b->n - n), (double)b->n, "no pictures"),
        "pooled", pooled);
}

/* --- intervals --------------------------------------------------------------
 */

static json_t *interval_json(const ost_bootstrap_interval *i)
{
    if (isnan(i->interval.lo))
        return ost_number_or(OST_UNDEFINED, "undefined in every replicate");
    return json_pack("{s:f, s:f, s:f, s:s, s:I, s:I}", "lo", i->interval.lo,
                     "hi", i->interval.hi, "level", 0.95, "method",
                     "bootstrap_percentile", "replicates", (json_int_t)i->used,
                     "skipped", (json_int_t)i->skipped);
}

static json_t *intervals_json(const ost_mask_summary *m, block *b)
{
    const ost_bootstrap_spec spec = { .n = b->n,
                                      .cluster = b->cluster,
                                      .clusters = b->clusters,
                                      .seed = m->seed };
    json_t *out = json_object();
    ost_bootstrap *boot;
    double *value;

    if (m->replicates == 0)
        return out;
    if (b->clusters < 2) {
        for (int k = 0; k < NUMBERS; k++)
            json_object_set_new(
                out, names[k],
                ost_number_or(OST_UNDEFINED, "fewer than two groups"));
        return out;
    }
    boot = ost_bootstrap_new(&spec);
    value = ost_xalloc(m->replicates * NUMBERS * sizeof(*value));
    ost_bootstrap_run(boot, numbers_of, b, NUMBERS, 0, m->replicates, value);
    for (int k = 0; k < NUMBERS; k++) {
        ost_bootstrap_interval i =
            ost_percentile_interval(value + k, m->replicates, NUMBERS, 0.95);

        json_object_set_new(out, names[k], interval_json(&i));
    }
    ost_free(value);
    ost_bootstrap_free(boot);
    return out;
}

/* --- blocks -----------------------------------------------------------------
 */

static void number_groups(block *b)
{
    ost_map seen = { 0 };

    for (size_t i = 0; i < b->n; i++) {
        const char *group = b->rows[i]->item->group;
        uint64_t number = seen.len;

        if (!ost_map_get(&seen, group, strlen(group), &number))
            ost_map_put(&seen, group, strlen(group), number);
        b->cluster[i] = (uint32_t)number;
    }
    b->clusters = seen.len;
    ost_map_release(&seen);
}

static void add_counts(const block *b, json_t *out)
{
    int64_t both = 0, alarm = 0, missed = 0, lesions[2] = { 0 }, met[2] = { 0 };

    for (size_t i = 0; i < b->n; i++) {
        const ost_mask_scores *s = &b->rows[i]->scores;
        bool predicted = s->pixels[0] > 0, reference = s->pixels[1] > 0;

        both += !predicted && !reference;
        alarm += predicted && !reference;
        missed += !predicted && reference;
        for (int a = 0; a < 2; a++) {
            lesions[a] += s->lesions[a];
            met[a] += s->met[a];
        }
    }
    json_object_set_new(out, "n_items", count_json((int64_t)b->n));
    json_object_set_new(out, "n_groups", count_json((int64_t)b->clusters));
    json_object_set_new(out, "n_both_empty", count_json(both));
    json_object_set_new(out, "n_only_predicted", count_json(alarm));
    json_object_set_new(out, "n_only_reference", count_json(missed));
    json_object_set_new(out, "lesions",
                        json_pack("{s:o, s:o, s:o, s:o}", "reference",
                                  count_json(lesions[1]), "found",
                                  count_json(met[1]), "predicted",
                                  count_json(lesions[0]), "false",
                                  count_json(lesions[0] - met[0])));
}

/* Takes the rows for which `key` is `value`; NULL: all. */
static json_t *block_json(const ost_mask_summary *m, const char *const *key,
                          const char *value)
{
    block b = { .rows = ost_xalloc((m->rows->n + 1) * sizeof(*b.rows)),
                .cluster = ost_xalloc((m->rows->n + 1) * sizeof(*b.cluster)) };
    json_t *out = json_object(), *means = json_object();
    double numbers[NUMBERS];

    for (size_t i = 0; i < m->rows->n; i++) {
        if (!key || (key[i] && strcmp(key[i], value) == 0))
            b.rows[b.n++] = &m->rows->v[i];
    }
    number_groups(&b);
    numbers_of(&b, NULL, numbers);
    add_counts(&b, out);
    for (int k = 0; k < NUMBERS; k++)
        json_object_set_new(
            out, names[k],
            ost_number_or(numbers[k], b.n > 0 ? reasons[k] : "no pictures"));
    for (int k = 0; k < MEANS; k++)
        json_object_set_new(means, names[k], spread_json(&b, k));
    json_object_set_new(out, "means", means);
    json_object_set_new(out, "dice_variants", variants_json(&b, DICE));
    json_object_set_new(out, "iou_variants", variants_json(&b, IOU));
    json_object_set_new(out, "intervals", intervals_json(m, &b));
    ost_free(b.rows);
    ost_free(b.cluster);
    return out;
}

json_t *ost_mask_pooled(const ost_mask_summary *m)
{
    return block_json(m, NULL, NULL);
}

/* Numbers by value, before words by name. */
static int by_value(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    double u = 0, v = 0;
    bool number_x = ost_parse_f64(x, &u), number_y = ost_parse_f64(y, &v);

    if (number_x != number_y)
        return number_x ? -1 : 1;
    if (number_x && u != v)
        return u < v ? -1 : 1;
    return strcmp(x, y);
}

/* Sorted distinct values of `key`; returns how many. */
static size_t values_of(const ost_mask_summary *m, const char *const *key,
                        const char **values)
{
    ost_map seen = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < m->rows->n; i++) {
        if (key[i] && ost_map_put(&seen, key[i], strlen(key[i]), 0))
            values[n++] = key[i];
    }
    ost_map_release(&seen);
    if (n > 0)
        qsort(values, n, sizeof(*values), by_value);
    return n;
}

static json_t *word_json(const char *word)
{
    int64_t number;

    return ost_parse_i64(word, &number) ? json_integer((json_int_t)number)
                                        : json_string(word);
}

/* Adds a block for each value of `key`. */
static void add_blocks(const ost_mask_summary *m, const char *const *key,
                       const char *axis, const char *attribute, json_t *all)
{
    const char **values = OST_ARENA_ARRAY(m->arena, const char *, m->rows->n);
    size_t n = values_of(m, key, values);

    for (size_t i = 0; i < n; i++) {
        json_t *one = json_object();
        json_t *numbers = block_json(m, key, values[i]);

        if (attribute)
            json_object_set_new(one, "attribute", json_string(attribute));
        json_object_set_new(one, axis, word_json(values[i]));
        json_object_update(one, numbers);
        json_decref(numbers);
        json_array_append_new(all, one);
    }
}

json_t *ost_mask_folds(const ost_mask_summary *m, const char *axis)
{
    const char **key = OST_ARENA_ARRAY(m->arena, const char *, m->rows->n);
    json_t *all = json_array();

    for (size_t i = 0; i < m->rows->n; i++)
        key[i] = m->rows->v[i].part;
    add_blocks(m, key, axis, NULL, all);
    return all;
}

static const char *attribute_of(const ost_mask_summary *m, size_t i,
                                const char *name)
{
    const ost_mask_row *r = &m->rows->v[i];
    const ost_attr *a = ost_item_attr(r->item, name);

    if (!a)
        a = ost_item_attr(r->reference, name);
    return a ? ost_attr_text(m->arena, a) : NULL;
}

json_t *ost_mask_subgroups(const ost_mask_summary *m, const ost_str_list *list)
{
    json_t *all = json_array();

    for (size_t k = 0; k < list->n; k++) {
        const char **key = OST_ARENA_ARRAY(m->arena, const char *, m->rows->n);
        size_t without = 0;

        for (size_t i = 0; i < m->rows->n; i++) {
            key[i] = attribute_of(m, i, list->v[k]);
            without += !key[i];
        }
        add_blocks(m, key, "value", list->v[k], all);
        if (without > 0)
            json_array_append_new(
                m->warnings, json_sprintf("%zu of %zu items have no '%s'",
                                          without, m->rows->n, list->v[k]));
    }
    return all;
}

ost_rc ost_mask_check_subgroups(const ost_mask_rows *rows,
                                const ost_str_list *list, ost_err *err)
{
    enum { MOST_VALUES = 50 };

    for (size_t k = 0; k < list->n; k++) {
        ost_map seen = { 0 };
        size_t with = 0, distinct;

        for (size_t i = 0; i < rows->n; i++) {
            const ost_attr *a = ost_item_attr(rows->v[i].item, list->v[k]);

            if (!a)
                a = ost_item_attr(rows->v[i].reference, list->v[k]);
            with += a != NULL;
            if (a && a->kind == OST_ATTR_NUMBER)
                ost_map_put(&seen, &a->number, sizeof(a->number), 0);
        }
        distinct = seen.len;
        ost_map_release(&seen);
        if (with == 0 && rows->n > 0)
            return ost_fail(err, OST_EINPUT,
                            "param 'subgroups': no item has an attribute '%s'",
                            list->v[k]);
        if (distinct > MOST_VALUES)
            return ost_fail(err, OST_EINPUT,
                            "param 'subgroups': '%s' has %zu different "
                            "numbers, which is a measurement and no group",
                            list->v[k], distinct);
    }
    return OST_OK;
}
