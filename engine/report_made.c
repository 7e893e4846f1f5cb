/* engine/report_made.c - how far made images are from real ones */
#include "engine/report_impl.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

/* Small as a rule, and huge of features that are no network's. */
static int kid_digits(const json_t *v)
{
    return fabs(json_number_value(v)) >= 10 ? 1 : 5;
}

static void add_distances(ost_report_page *p, const json_t *document)
{
    const json_t *kid = json_object_get(document, "kid");
    const json_t *subsets = json_object_get(kid, "subsets");
    ost_report_table *t =
        ost_table_new(&p->arena, ost_report_id(p, "distances"), "");

    ost_table_column(t, "", OST_COLUMN_TEXT);
    ost_table_column(t, "", 0);
    ost_table_row(t, "");
    ost_table_text(t, "FID");
    ost_table_number(t, json_object_get(document, "fid"), 3, false);
    ost_table_row(t, "");
    ost_table_text(t, "KID over all images");
    ost_table_number(t, json_object_get(kid, "value"),
                     kid_digits(json_object_get(kid, "value")), false);
    if (json_object_get(subsets, "mean")) {
        ost_table_row(t, "");
        ost_table_text(
            t, ost_arena_printf(
                   &p->arena, "KID over %llu subsets of %llu images",
                   (unsigned long long)ost_report_number(subsets, "n"),
                   (unsigned long long)ost_report_number(subsets, "size")));
        ost_table_spread(t, json_object_get(subsets, "mean"),
                         json_object_get(subsets, "std"),
                         kid_digits(json_object_get(subsets, "mean")), false);
    }
    t->note = ost_arena_printf(
        &p->arena, "%llu generated and %llu real images, %llu features of %s.",
        (unsigned long long)ost_report_number(document, "n_generated"),
        (unsigned long long)ost_report_number(document, "n_real"),
        (unsigned long long)ost_report_number(document, "dims"),
        *ost_report_text(document, "extractor")
            ? ost_report_text(document, "extractor")
            : "an extractor");
    ost_report_table_put(p, t);
}

static void add_pairs(ost_report_page *p, const json_t *pairs,
                      const char *space)
{
    ost_report_table *t = ost_table_new(
        &p->arena,
        ost_report_id(p, ost_arena_printf(&p->arena, "nearest-%s", space)),
        ost_arena_printf(&p->arena, "Nearest pairs by %s", space));

    if (json_array_size(pairs) == 0)
        return;
    ost_table_column(t, "Generated", OST_COLUMN_TEXT);
    ost_table_column(t, "Learned from", OST_COLUMN_TEXT);
    ost_table_column(t, "Distance", 0);
    for (size_t i = 0; i < json_array_size(pairs); i++) {
        const json_t *one = json_array_get(pairs, i);

        ost_table_row(t, "");
        ost_table_text(t, ost_report_text(one, "generated"));
        ost_table_text(t, ost_report_text(one, "learned"));
        ost_table_number(t, json_object_get(one, "distance"), 4, false);
    }
    ost_report_table_put(p, t);
}

/* Images that are nearer to one that was learned from than those are to each
 * other. */
static void add_copies(ost_report_page *p, const json_t *copies)
{
    static const char *const spaces[] = { "features", "pixels" };
    ost_report_table *t = ost_table_new(&p->arena, ost_report_id(p, "copies"),
                                        "Copies of what was learned from");

    ost_table_column(t, "Compared by", OST_COLUMN_TEXT);
    ost_table_column(t, "Images", 0);
    ost_table_column(t, "Identical", 0);
    ost_table_column(t, "Too near", 0);
    ost_table_column(t, "Share", 0);
    for (size_t k = 0; k < 2; k++) {
        const json_t *found = json_object_get(copies, spaces[k]);

        if (!json_object_get(found, "n"))
            continue;
        ost_table_row(t, "");
        ost_table_text(t, spaces[k]);
        ost_table_value(t, json_object_get(found, "n"));
        ost_table_value(t, json_object_get(found, "n_identical"));
        ost_table_value(t, json_object_get(found, "n_below"));
        ost_table_interval(t, json_object_get(found, "share"),
                           ost_report_interval_of(found, "share"), 3, false);
    }
    if (t->n_rows == 0)
        return;
    t->note = ost_arena_printf(
        &p->arena,
        "Against the images at port '%s'; too near is below the %g quantile "
        "of how near those are to each other.",
        ost_report_text(copies, "against"),
        ost_report_real(copies, "quantile"));
    ost_report_table_put(p, t);
    for (size_t k = 0; k < 2; k++)
        add_pairs(
            p, json_object_get(json_object_get(copies, spaces[k]), "nearest"),
            spaces[k]);
}

/* With the extractor's name, without which no distance means anything; what
 * else is known of it stands below the table. */
static const char *made_title(ost_report_page *p, const json_t *document)
{
    const char *extractor = ost_report_text(document, "extractor");

    if (!*extractor)
        return "Generated and real images";
    return ost_arena_printf(&p->arena,
                            "Generated and real images, by features of %.*s",
                            (int)strcspn(extractor, " "), extractor);
}

void ost_report_made(ost_report_page *p, const json_t *document)
{
    ost_report_open(p, "made", made_title(p, document));
    add_distances(p, document);
    add_copies(p, json_object_get(document, "memorization"));
    ost_report_leakage(p, document);
    ost_report_list(p, "warnings", json_object_get(document, "warnings"));
    ost_report_close(p);
}
