/* engine/report_segmentation.c - how well masks agree with a reference, and
 * made images with real ones */
#include "engine/report_forest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { MOST_FOREST = 60, WORST = 10 };

static const char *const measures[][2] = {
    { "dice", "Dice" },
    { "iou", "IoU" },
    { "surface_dice", "Surface Dice" },
    { "hd95", "HD95" },
    { "hd", "HD" },
    { "area_difference", "Area difference" },
    { "lesion_sensitivity", "Lesions found" },
    { "lesion_precision", "Lesion precision" },
    { "false_positives_per_image", "False lesions per image" },
};

enum { MEASURES = sizeof(measures) / sizeof(measures[0]) };

static void add_block(ost_report_table *t, const char *kind, const char *name,
                      const json_t *set)
{
    ost_table_row(t, kind);
    ost_table_text(t, name);
    ost_table_value(t, json_object_get(set, "n_items"));
    ost_table_value(t, json_object_get(set, "n_groups"));
    for (size_t k = 0; k < MEASURES; k++)
        ost_table_interval(t, json_object_get(set, measures[k][0]),
                           ost_report_interval_of(set, measures[k][0]), 3,
                           false);
}

static const char *name_of(ost_report_page *p, const json_t *set,
                           const char *member)
{
    const char *attribute = ost_report_text(set, "attribute");

    return ost_arena_printf(&p->arena, "%s%s%s",
                            *attribute ? attribute : member,
                            *attribute ? ": " : " ",
                            ost_report_words(p, json_object_get(set, member)));
}

static void add_numbers(ost_report_page *p, const json_t *document)
{
    const char *by = ost_report_by(document), *unit;
    const json_t *lists[2] = { json_object_get(document, "folds"),
                               json_object_get(document, "subgroups") };
    ost_report_table *t =
        ost_table_new(&p->arena, ost_report_id(p, "segmentation"), "");

    ost_table_column(t, "", OST_COLUMN_TEXT);
    ost_table_column(t, "Images", 0);
    ost_table_column(t, "Patients", OST_COLUMN_MINOR);
    for (size_t k = 0; k < MEASURES; k++)
        ost_table_column(t, measures[k][1], k > 3 ? OST_COLUMN_MINOR : 0);
    for (size_t list = 0; list < 2; list++)
        for (size_t i = 0; i < json_array_size(lists[list]); i++) {
            const json_t *one = json_array_get(lists[list], i);

            add_block(t, "", name_of(p, one, list ? "value" : by), one);
        }
    add_block(t, "pooled", "Pooled", json_object_get(document, "pooled"));
    unit = ost_report_text(document, "unit");
    t->note = ost_arena_printf(
        &p->arena,
        "Plain means over the images in which a number is defined%s%s.",
        *unit ? "; distances in " : "", unit);
    ost_report_table_put(p, t);
}

/* The means that people take of an overlap, each with the images in it. */
static void add_variants(ost_report_page *p, const json_t *pooled)
{
    static const char *const words[][2] = {
        { "not_both_empty", "Images in which a mask is not empty" },
        { "with_reference", "Images with a reference" },
        { "empty_is_one", "All images, two empty masks taken for 1" },
        { "pooled", "Pixels of all images pooled" },
    };
    static const char *const members[] = { "dice_variants", "iou_variants" };
    ost_report_table *t = ost_table_new(&p->arena, ost_report_id(p, "means"),
                                        "Which mean is meant");

    ost_table_column(t, "", OST_COLUMN_TEXT);
    ost_table_column(t, "Images", 0);
    ost_table_column(t, "Dice", 0);
    ost_table_column(t, "IoU", 0);
    for (size_t i = 0; i < 4; i++) {
        const json_t *dice =
            json_object_get(json_object_get(pooled, members[0]), words[i][0]);

        if (!dice)
            continue;
        ost_table_row(t, "");
        ost_table_text(t, words[i][1]);
        ost_table_value(t, json_object_get(dice, "n"));
        for (size_t k = 0; k < 2; k++)
            ost_table_number(
                t,
                json_object_get(
                    json_object_get(json_object_get(pooled, members[k]),
                                    words[i][0]),
                    "value"),
                3, false);
    }
    if (t->n_rows > 0)
        ost_report_table_put(p, t);
}

static void add_forest(ost_report_page *p, const json_t *document)
{
    const json_t *pooled = json_object_get(document, "pooled");
    const json_t *lists[3] = { json_object_get(document, "folds"),
                               json_object_get(document, "subgroups"), NULL };
    ost_forest_row *rows =
        OST_ARENA_ARRAY(&p->arena, ost_forest_row, MOST_FOREST + 1);
    const char *by = ost_report_by(document);
    ost_report_figure *f;
    size_t n = 0;

    for (size_t list = 0; list < 3; list++) {
        size_t size = lists[list] ? json_array_size(lists[list]) : list == 2;

        for (size_t i = 0; i < size && n <= MOST_FOREST; i++) {
            const json_t *one =
                list == 2 ? pooled : json_array_get(lists[list], i);
            const json_t *interval = ost_report_interval_of(one, "dice");
            ost_forest_row row = {
                .group = ost_report_text(one, "attribute"),
                .name = list == 2 ? "Pooled"
                        : list
                            ? ost_report_words(p, json_object_get(one, "value"))
                            : name_of(p, one, by),
                .note = ost_arena_printf(
                    &p->arena, "n = %llu",
                    (unsigned long long)ost_report_number(one, "n_items")),
                .value = ost_report_real(one, "dice"),
                .lower = (double)NAN,
                .upper = (double)NAN,
                .pooled = list == 2,
            };

            ost_interval_ends(interval, &row.lower, &row.upper);
            rows[n++] = row;
        }
    }
    f = n > 1 ? ost_forest_make(p, ost_report_id(p, "dice"), "Dice",
                                ost_report_real(pooled, "dice"), rows, n)
              : NULL;
    if (f)
        ost_report_figure_put(p, f);
}

/* --- the worst images ---------------------------------------------------- */

static int by_dice(const void *a, const void *b)
{
    const json_t *x = *(const json_t *const *)a;
    const json_t *y = *(const json_t *const *)b;
    double u = ost_report_real(x, "dice"), v = ost_report_real(y, "dice");

    if (u != v)
        return u < v ? -1 : 1;
    return strcmp(ost_report_text(x, "id"), ost_report_text(y, "id"));
}

static void add_worst(ost_report_page *p, const json_t *items)
{
    size_t n = json_array_size(items), found = 0;
    const json_t **rows = OST_ARENA_ARRAY(&p->arena, const json_t *, n + 1);
    ost_report_table *t = ost_table_new(&p->arena, ost_report_id(p, "worst"),
                                        "The images that agree least");

    for (size_t i = 0; i < n; i++)
        if (ost_report_has(json_array_get(items, i), "dice"))
            rows[found++] = json_array_get(items, i);
    if (found == 0)
        return;
    qsort(rows, found, sizeof(*rows), by_dice);
    ost_table_column(t, "Image", OST_COLUMN_TEXT);
    ost_table_column(t, "Patient", OST_COLUMN_TEXT | OST_COLUMN_MINOR);
    for (size_t k = 0; k < 4; k++)
        ost_table_column(t, measures[k][1], 0);
    for (size_t i = 0; i < found && i < WORST; i++) {
        ost_table_row(t, "");
        ost_table_text(t, ost_report_text(rows[i], "id"));
        ost_table_text(t, ost_report_text(rows[i], "group"));
        for (size_t k = 0; k < 4; k++)
            ost_table_number(t, json_object_get(rows[i], measures[k][0]), 3,
                             false);
    }
    ost_report_table_put(p, t);
}

void ost_report_segmentation(ost_report_page *p, const json_t *document)
{
    ost_report_open(p, "segmentation", "Segmentation");
    add_numbers(p, document);
    add_forest(p, document);
    add_variants(p, json_object_get(document, "pooled"));
    add_worst(p, json_object_get(document, "items"));
    ost_report_leakage(p, document);
    ost_report_list(p, "warnings", json_object_get(document, "warnings"));
    ost_report_close(p);
}
