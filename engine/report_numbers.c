/* engine/report_numbers.c - tables of the numbers of predictions */
#include "engine/report_impl.h"

#include <string.h>

#include "base/banned.h"

typedef struct {
    const char *metric;
    const char *words;      /* of two classes */
    const char *words_many; /* of more */
    unsigned flags;
} column;

static const column columns[] = {
    { "auc", "AUC", "AUC", 0 },
    { "average_precision", "AP", "AP", OST_COLUMN_MINOR },
    { "accuracy", "Accuracy", "Accuracy", 0 },
    { "recall", "Sensitivity", "Recall", 0 },
    { "specificity", "Specificity", "Specificity", 0 },
    { "precision", "PPV", "Precision", 0 },
    { "npv", "NPV", "NPV", 0 },
    { "f1", "F1", "F1", 0 },
    { "brier", "Brier", "Brier", OST_COLUMN_MINOR },
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* Whether any of the sets knows the metric, be it as undefined. */
static bool is_known(const json_t *sets, const json_t *pooled,
                     const char *metric)
{
    if (json_object_get(pooled, metric))
        return true;
    for (size_t i = 0; i < json_array_size(sets); i++)
        if (json_object_get(json_array_get(sets, i), metric))
            return true;
    return false;
}

typedef struct {
    ost_report_table *table;
    bool two;
    bool known[COLUMNS];
} numbers;

static void add_columns(numbers *n, const json_t *sets, const json_t *pooled,
                        const char *first)
{
    ost_table_column(n->table, first, OST_COLUMN_TEXT);
    ost_table_column(n->table, "Images", 0);
    ost_table_column(n->table, "Patients", OST_COLUMN_MINOR);
    if (n->two)
        ost_table_column(n->table, "Positive", OST_COLUMN_MINOR);
    for (size_t i = 0; i < COLUMNS; i++) {
        n->known[i] = is_known(sets, pooled, columns[i].metric);
        if (n->known[i])
            ost_table_column(n->table,
                             n->two ? columns[i].words : columns[i].words_many,
                             columns[i].flags);
    }
}

static void add_count(ost_report_table *t, const json_t *set, const char *name)
{
    if (json_is_integer(json_object_get(set, name)))
        ost_table_count(t, ost_report_number(set, name));
    else
        ost_table_text(t, "");
}

static void add_row(numbers *n, const char *kind, const char *name,
                    const json_t *set)
{
    ost_table_row(n->table, kind);
    ost_table_text(n->table, name);
    add_count(n->table, set, json_object_get(set, "n_items") ? "n_items" : "n");
    add_count(n->table, set, "n_groups");
    if (n->two)
        add_count(n->table, set, "n_positive");
    for (size_t i = 0; i < COLUMNS; i++)
        if (n->known[i])
            ost_table_interval(
                n->table, json_object_get(set, columns[i].metric),
                ost_report_interval_of(set, columns[i].metric), 3, false);
}

static void add_mean(numbers *n, const json_t *summary)
{
    uint64_t skipped = 0;

    ost_table_row(n->table, "mean");
    ost_table_text(n->table, "Mean \xc2\xb1 SD");
    for (int i = 0; i < 2 + n->two; i++)
        ost_table_text(n->table, "");
    for (size_t i = 0; i < COLUMNS; i++) {
        const json_t *m = json_object_get(summary, columns[i].metric);

        if (!n->known[i])
            continue;
        ost_table_spread(n->table, json_object_get(m, "mean"),
                         json_object_get(m, "std"), 3, false);
        if (ost_report_number(m, "skipped") > skipped)
            skipped = ost_report_number(m, "skipped");
    }
    if (skipped > 0)
        n->table->note = ost_arena_printf(
            n->table->arena,
            "Means leave out parts in which a number is undefined (up to "
            "%llu).",
            (unsigned long long)skipped);
}

static const char *name_of(ost_report_page *p, const json_t *set,
                           const char *by)
{
    return ost_arena_printf(&p->arena, "%s %s", by,
                            ost_report_words(p, json_object_get(set, by)));
}

static void add_folds(ost_report_page *p, const json_t *document)
{
    const json_t *folds = json_object_get(document, "folds");
    const json_t *pooled = json_object_get(document, "pooled");
    const char *by = ost_report_by(document);
    numbers n = { .two = *ost_report_text(document, "positive") != 0 };

    n.table = ost_table_new(&p->arena, ost_report_id(p, "numbers"), "");
    add_columns(&n, folds, pooled, "");
    for (size_t i = 0; i < json_array_size(folds); i++) {
        const json_t *fold = json_array_get(folds, i);

        add_row(&n, "", name_of(p, fold, by), fold);
    }
    if (json_array_size(folds) > 1)
        add_mean(&n, json_object_get(document, "summary"));
    add_row(&n, "pooled", "Pooled", pooled);
    ost_report_table_put(p, n.table);
}

/* Of several labels that an item may have. */
static void add_means(numbers *n, const json_t *pooled)
{
    static const char *const means[][2] = {
        { "macro", "Mean over labels" },
        { "weighted", "Mean, weighted by positives" },
        { "micro", "All answers pooled" },
    };

    for (size_t k = 0; k < 3; k++)
        if (json_is_object(json_object_get(pooled, means[k][0])))
            add_row(n, k < 2 ? "mean" : "pooled", means[k][1],
                    json_object_get(pooled, means[k][0]));
}

void ost_report_blocks(ost_report_page *p, const json_t *document,
                       const json_t *blocks, const char *member, const char *id,
                       const char *title)
{
    numbers n = { .two = *ost_report_text(document, "positive") != 0 ||
                         strcmp(member, "label") == 0 };

    if (json_array_size(blocks) == 0)
        return;
    n.table = ost_table_new(&p->arena, ost_report_id(p, id), title);
    add_columns(&n, blocks, NULL, "");
    for (size_t i = 0; i < json_array_size(blocks); i++) {
        const json_t *one = json_array_get(blocks, i);
        const char *name = ost_report_words(p, json_object_get(one, member));
        const char *attribute = ost_report_text(one, "attribute");

        if (*attribute)
            name = ost_arena_printf(&p->arena, "%s: %s", attribute, name);
        add_row(&n, "", name, one);
    }
    if (strcmp(member, "label") == 0)
        add_means(&n, json_object_get(document, "pooled"));
    ost_report_table_put(p, n.table);
}

/* --- the note ------------------------------------------------------------ */

static void add_positive(ost_buf *words, const json_t *document)
{
    const json_t *from = json_object_get(document, "threshold_from");
    const char *rule = ost_report_text(from, "rule");
    const json_t *threshold = json_object_get(document, "threshold");

    ost_buf_adds(words, "Positive is " OST_EM);
    ost_report_add_name(words, ost_report_text(document, "positive"));
    ost_buf_adds(words, OST_EM_END ", called ");
    if (json_is_number(threshold))
        ost_buf_addf(words, "from a score of %.6g",
                     json_number_value(threshold));
    else if (*rule)
        ost_buf_adds(words, "from a threshold of each part");
    else
        ost_buf_adds(words, "where its score is the highest");
    if (*rule) {
        ost_buf_adds(words, ", chosen by " OST_EM);
        ost_report_add_name(words, rule);
        ost_buf_adds(words, OST_EM_END " on ");
        ost_report_add_name(words, *ost_report_text(from, "on")
                                       ? ost_report_text(from, "on")
                                       : "validation");
        ost_buf_adds(words, " predictions");
    }
    ost_buf_adds(words, ". ");
}

/* How intervals call their methods, for people. */
static const char *method_words(ost_report_page *p, const char *method)
{
    static const char *const known[][2] = {
        { "bootstrap_bca", "bootstrap over patients, BCa" },
        { "bootstrap_percentile", "bootstrap over patients" },
        { "clopper_pearson", "Clopper and Pearson" },
        { "clopper_pearson_groups", "Clopper and Pearson over patients" },
        { "delong", "DeLong" },
        { "delong_logit", "DeLong on the logit scale" },
        { "fisher_z", "Fisher's z" },
        { "wilson", "Wilson" },
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i][0], method) == 0)
            return known[i][1];
    return ost_report_heading(p, method);
}

/* Methods of the block's intervals, once each; the level of the last. */
static json_t *methods_of(const json_t *pooled, double *level)
{
    json_t *intervals = json_object_get(pooled, "intervals"), *one;
    json_t *seen = json_object();
    const char *name;

    json_object_foreach(intervals, name, one)
    {
        const char *method = ost_report_text(one, "method");

        if (*method)
            json_object_set_new(seen, method, json_true());
        if (ost_report_has(one, "level"))
            *level = ost_report_real(one, "level");
    }
    return seen;
}

/* Adds "Small figures are 95 % intervals (DeLong, Wilson); ...". */
static void add_methods(ost_report_page *p, ost_buf *words,
                        const json_t *pooled)
{
    uint64_t items = ost_report_number(pooled, "n_items");
    uint64_t groups = ost_report_number(pooled, "n_groups");
    double level = 0.95;
    json_t *methods = methods_of(pooled, &level), *one;
    ost_buf all = { 0 }, apart = { 0 };
    const char *name;

    json_object_foreach(methods, name, one)
    {
        const char *text = method_words(p, name);

        ost_buf_addf(&all, "%s%s", all.len ? ", " : "", text);
        if (strncmp(name, "bootstrap", 9) != 0 &&
            strcmp(name, "clopper_pearson_groups") != 0)
            ost_buf_addf(&apart, "%s%s", apart.len ? ", " : "", text);
    }
    if (all.len > 0)
        ost_buf_addf(words, "Small figures are %g\xe2\x80\xaf%% intervals (%s)",
                     100 * level, ost_buf_str(&all));
    if (apart.len > 0 && groups > 0 && groups < items)
        ost_buf_addf(words,
                     "; %s take%s images as independent, although some "
                     "patients have several",
                     apart.len == all.len ? "they" : ost_buf_str(&apart),
                     apart.len == all.len || strchr(ost_buf_str(&apart), ',')
                         ? ""
                         : "s");
    ost_buf_adds(words, all.len > 0 ? "." : "");
    ost_buf_release(&all);
    ost_buf_release(&apart);
    json_decref(methods);
}

static void add_note(ost_report_page *p, const json_t *document)
{
    const json_t *pooled = json_object_get(document, "pooled");
    ost_buf words = { 0 };

    if (*ost_report_text(document, "positive"))
        add_positive(&words, document);
    else
        ost_buf_adds(&words, "Numbers of several classes are plain means over "
                             "the classes. ");
    if (json_object_get(pooled, "average_precision"))
        ost_buf_adds(&words, "AP is the average precision. ");
    add_methods(p, &words, pooled);
    ost_report_paragraph(p, "note", ost_buf_str(&words));
    ost_report_list(p, "warnings", json_object_get(document, "warnings"));
    ost_buf_release(&words);
}

void ost_report_numbers(ost_report_page *p, const json_t *document)
{
    const json_t *pooled = json_object_get(document, "pooled");

    ost_report_open(p, "numbers", "The numbers");
    add_folds(p, document);
    ost_report_blocks(p, document, json_object_get(pooled, "per_class"),
                      "class", "classes", "Each class against the rest");
    ost_report_blocks(p, document, json_object_get(pooled, "labels"), "label",
                      "labels", "Each label");
    add_note(p, document);
    ost_report_leakage(p, document);
    ost_report_close(p);
}
