/* engine/report_facts.c - what a run knows of itself, in words for checklists
 *
 * Each function adds words, or none where the run cannot know; nothing is
 * guessed.
 */
#include "engine/report_facts.h"

#include <string.h>

#include "base/banned.h"

/* --- where facts are ----------------------------------------------------- */

static const json_t *study_of(const ost_report_page *p)
{
    return json_object_get(p->doc, "study");
}

/* The first metrics document on predictions, or NULL. */
static const json_t *evaluation_of(const ost_report_page *p)
{
    const json_t *all = json_object_get(p->doc, "metrics");

    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *d = json_object_get(json_array_get(all, i), "document");

        if (ost_report_is_evaluation(d))
            return d;
    }
    return NULL;
}

static const json_t *pooled_of(const ost_report_page *p)
{
    return json_object_get(evaluation_of(p), "pooled");
}

/* "a, b" of names that are not there yet. */
static void add_once(ost_buf *list, const char *name)
{
    size_t n = strlen(name);
    const char *at = ost_buf_str(list);

    if (n == 0)
        return;
    while ((at = strstr(at, name)) != NULL) {
        bool begins = at == ost_buf_str(list) || at[-1] == ' ';

        if (begins && (at[n] == ',' || at[n] == 0))
            return;
        at += n;
    }
    ost_buf_adds(list, list->len ? ", " : "");
    ost_report_add_name(list, name);
}

/* Stages of the workflow's nodes that are (not) among `words`. */
static void add_stages(const ost_report_page *p, const char *const *words,
                       bool among, ost_buf *list)
{
    const json_t *nodes =
        json_object_get(json_object_get(p->run_meta, "graph"), "nodes");

    for (size_t i = 0; i < json_array_size(nodes); i++) {
        const char *stage = ost_report_text(json_array_get(nodes, i), "stage");
        bool found = false;

        for (size_t k = 0; words[k]; k++)
            found |= strcmp(words[k], stage) == 0;
        if (*stage && found == among)
            add_once(list, stage);
    }
}

/* --- facts --------------------------------------------------------------- */

static void fact_SOURCES(ost_report_page *p, ost_buf *words)
{
    json_t *sources = json_object_get(p->run_meta, "sources"), *one;
    const char *name;

    json_object_foreach(sources, name, one)
    {
        ost_buf_adds(words, words->len ? "; " : "");
        ost_report_add_name(words, name);
        ost_buf_adds(words, ": ");
        ost_report_counted(words, ost_report_number(one, "files"), "file",
                           "files");
        ost_buf_addf(words, ", SHA-256 %.16s", ost_report_text(one, "digest"));
    }
}

static void fact_PREPARATION(ost_report_page *p, ost_buf *words)
{
    static const char *const others[] = {
        "input",           "phantom", "train",        "predict",
        "evaluate",        "report",  "compare",      "evaluate_masks",
        "evaluate_images", "choose",  "audit",        "split",
        "predictions",     "export",  "import_model", "features",
        "write_report",    NULL
    };
    ost_buf list = { 0 };

    add_stages(p, others, false, &list);
    if (list.len > 0)
        ost_buf_addf(words, "stages %s; every parameter is in the workflow",
                     ost_buf_str(&list));
    ost_buf_release(&list);
}

static void fact_CLASSES(ost_report_page *p, ost_buf *words)
{
    const json_t *classes = json_object_get(evaluation_of(p), "classes");
    const char *positive = ost_report_text(evaluation_of(p), "positive");
    ost_buf list = { 0 };

    for (size_t i = 0; i < json_array_size(classes); i++)
        add_once(&list, ost_report_words(p, json_array_get(classes, i)));
    if (list.len > 0)
        ost_buf_addf(words, "classes %s", ost_buf_str(&list));
    if (*positive) {
        ost_buf_adds(words, "; positive is ");
        ost_report_add_name(words, positive);
    }
    ost_buf_release(&list);
}

static void fact_MISSING(ost_report_page *p, ost_buf *words)
{
    const json_t *n = json_object_get(study_of(p), "n_unlabeled");

    if (!json_is_integer(n))
        return;
    ost_report_counted(words, ost_report_number(study_of(p), "n_unlabeled"),
                       "image", "images");
    ost_buf_adds(words, " without a label left out of the numbers");
}

static void fact_PARTITION(ost_report_page *p, ost_buf *words)
{
    static const char *const splits[] = { "split", NULL };
    uint64_t parts = ost_report_number(study_of(p), "n_parts");
    const char *by = ost_report_by(study_of(p));
    ost_buf list = { 0 };

    add_stages(p, splits, true, &list);
    if (parts > 1) {
        ost_buf_addf(words, "%llu values of ", (unsigned long long)parts);
        ost_report_add_name(words, by);
        ost_buf_adds(words, list.len ? ", by stage split" : "");
    } else if (list.len > 0) {
        ost_buf_adds(words, "by stage split");
    }
    if (words->len > 0 && json_object_get(p->run_meta, "seed")) {
        ost_buf_adds(words, ", seed ");
        ost_report_add_name(
            words, ost_report_words(p, json_object_get(p->run_meta, "seed")));
    }
    ost_buf_release(&list);
}

static void fact_DISJOINT(ost_report_page *p, ost_buf *words)
{
    const json_t *leakage = json_object_get(evaluation_of(p), "leakage");
    uint64_t parts = ost_report_number(study_of(p), "n_parts");

    if (parts > 1 && ost_report_number(study_of(p), "split_groups") == 0)
        ost_buf_adds(words, "patients: none stands in two parts");
    else if (parts > 1)
        ost_report_counted(words,
                           ost_report_number(study_of(p), "split_groups"),
                           "patient stands in several parts",
                           "patients stand in several parts");
    if (ost_report_number(leakage, "n_checked") > 0)
        ost_buf_addf(
            words,
            "%s%llu of %llu items judged by what had learned "
            "from their patient",
            words->len ? "; " : "",
            (unsigned long long)ost_report_number(leakage, "n_leaked"),
            (unsigned long long)ost_report_number(leakage, "n_checked"));
}

void ost_report_networks(ost_buf *list, const json_t *models)
{
    for (size_t i = 0; i < json_array_size(models); i++)
        add_once(list, ost_report_text(json_array_get(models, i), "network"));
}

static void fact_MODEL(ost_report_page *p, ost_buf *words)
{
    const json_t *models = json_object_get(p->doc, "models");
    const json_t *first = json_array_get(models, 0);
    ost_buf names = { 0 };

    ost_report_networks(&names, models);
    if (names.len > 0)
        ost_buf_addf(words, "network %s", ost_buf_str(&names));
    ost_buf_release(&names);
    if (json_array_size(models) == 1 &&
        ost_report_number(first, "n_weights") > 0) {
        ost_buf_adds(words, words->len ? ", " : "");
        ost_report_counted(words, ost_report_number(first, "n_weights"),
                           "weight", "weights");
    }
    if (words->len > 0)
        ost_buf_adds(words, "; 'osteon model' lists every layer");
}

static void fact_TRAINING(ost_report_page *p, ost_buf *words)
{
    static const char *const makes[] = { "augment", "balance", NULL };
    const json_t *models = json_object_get(p->doc, "models");
    size_t epochs =
        json_array_size(json_object_get(json_array_get(models, 0), "history"));
    ost_buf list = { 0 };

    if (json_array_size(models) == 0)
        return;
    ost_report_counted(words, json_array_size(models), "model", "models");
    if (epochs > 0) {
        ost_buf_adds(words, ", ");
        ost_report_counted(words, epochs, "epoch", "epochs");
    }
    add_stages(p, makes, true, &list);
    if (list.len > 0)
        ost_buf_addf(words, ", stages %s", ost_buf_str(&list));
    ost_buf_adds(words, "; every parameter is in the workflow");
    ost_buf_release(&list);
}

static void fact_CHOICE(ost_report_page *p, ost_buf *words)
{
    static const char *const chooses[] = { "choose", NULL };
    ost_buf list = { 0 };

    add_stages(p, chooses, true, &list);
    if (list.len > 0)
        ost_buf_adds(words, "by the validation metric of stage choose");
    ost_buf_release(&list);
}

static void fact_BALANCE(ost_report_page *p, ost_buf *words)
{
    static const char *const balances[] = { "balance", "augment", NULL };
    const json_t *classes = json_object_get(study_of(p), "classes");
    ost_buf list = { 0 };

    for (size_t i = 0; i < json_array_size(classes); i++) {
        const json_t *one = json_array_get(classes, i);

        ost_buf_adds(words, i ? ", " : "");
        ost_report_add_name(words, ost_report_text(one, "name"));
        ost_buf_addf(words, " %llu",
                     (unsigned long long)ost_report_number(one, "n"));
    }
    add_stages(p, balances, true, &list);
    if (list.len > 0)
        ost_buf_addf(words, "%sstages %s", words->len ? "; " : "",
                     ost_buf_str(&list));
    ost_buf_release(&list);
}

static void fact_MEASURES(ost_report_page *p, ost_buf *words)
{
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)pooled_of(p), name, v)
    {
        if (json_is_real(v))
            add_once(words, name);
    }
}

static void fact_UNCERTAINTY(ost_report_page *p, ost_buf *words)
{
    json_t *intervals = json_object_get(pooled_of(p), "intervals"), *one;
    const char *name;

    json_object_foreach(intervals, name, one)
    {
        const char *method = ost_report_text(one, "method");

        if (*method)
            add_once(words, method);
    }
    if (words->len > 0)
        ost_buf_adds(words, " intervals");
}

static void fact_PERFORMANCE(ost_report_page *p, ost_buf *words)
{
    const json_t *pooled = pooled_of(p);
    ost_buf ends = { 0 };

    if (!ost_report_has(pooled, "auc"))
        return;
    ost_buf_adds(words, "AUC ");
    ost_report_rate(words, json_object_get(pooled, "auc"));
    ost_report_interval(&ends, ost_report_interval_of(pooled, "auc"));
    if (ends.len > 0)
        ost_buf_addf(words, " (%s)", ost_buf_str(&ends));
    ost_buf_adds(words, "; all numbers are on this page");
    ost_buf_release(&ends);
}

static void fact_SUBGROUPS(ost_report_page *p, ost_buf *words)
{
    const json_t *groups = json_object_get(evaluation_of(p), "subgroups");

    for (size_t i = 0; i < json_array_size(groups); i++)
        add_once(words,
                 ost_report_text(json_array_get(groups, i), "attribute"));
    if (words->len > 0)
        ost_buf_adds(words, ": see sub-groups");
}

static void fact_FAILURES(ost_report_page *p, ost_buf *words)
{
    const json_t *all = json_object_get(p->doc, "examples");
    uint64_t wrong = 0;

    for (size_t i = 0; i < json_array_size(all); i++)
        wrong +=
            json_is_false(json_object_get(json_array_get(all, i), "right"));
    if (wrong == 0)
        return;
    ost_buf_adds(words, "the ");
    ost_report_counted(words, wrong, "most certain mistake is",
                       "most certain mistakes are");
    ost_buf_adds(words, " shown");
}

static void fact_THRESHOLD(ost_report_page *p, ost_buf *words)
{
    const json_t *document = evaluation_of(p);
    const json_t *threshold = json_object_get(document, "threshold");
    const json_t *rule =
        json_object_get(json_object_get(document, "threshold_from"), "rule");

    if (!document)
        return;
    ost_buf_adds(words, "a score per class; ");
    if (rule) {
        ost_buf_adds(words, "threshold by rule ");
        ost_report_add_name(words, ost_report_words(p, rule));
        ost_buf_adds(words, " on validation predictions");
    } else if (json_is_number(threshold)) {
        ost_buf_addf(words, "threshold %.6g, given",
                     json_number_value(threshold));
    } else {
        ost_buf_adds(words, "the highest score is called");
    }
}

static void fact_FLOW(ost_report_page *p, ost_buf *words)
{
    size_t n = json_array_size(json_object_get(p->doc, "flow"));

    if (n > 0)
        ost_buf_addf(words, "see study flow, %zu points", n);
}

static void fact_ANALYZED(ost_report_page *p, ost_buf *words)
{
    const json_t *study = study_of(p);

    if (!study)
        return;
    ost_report_counted(words, ost_report_number(study, "n_items"), "image",
                       "images");
    ost_buf_adds(words, " of ");
    ost_report_counted(words, ost_report_number(study, "n_groups"), "patient",
                       "patients");
}

static void fact_SOFTWARE(ost_report_page *p, ost_buf *words)
{
    const char *version = ost_report_text(p->run_meta, "osteon");
    const json_t *gpus = json_object_get(p->run_meta, "gpus");

    if (!*version)
        return;
    ost_buf_adds(words, "osteon ");
    ost_report_add_name(words, version);
    ost_buf_addf(words, ", %s", ost_report_text(p->run_meta, "numeric"));
    for (size_t i = 0; i < json_array_size(gpus); i++) {
        ost_buf_adds(words, i ? "; " : ", on ");
        ost_report_add_name(words,
                            ost_report_text(json_array_get(gpus, i), "gpu"));
    }
}

static void fact_SEED(ost_report_page *p, ost_buf *words)
{
    const json_t *seed = json_object_get(p->run_meta, "seed");

    if (!seed || json_array_size(json_object_get(p->doc, "models")) == 0)
        return;
    ost_buf_adds(words, "drawn from seed ");
    ost_report_add_name(words, ost_report_words(p, seed));
}

static void fact_CODE(ost_report_page *p, ost_buf *words)
{
    const json_t *files = json_object_get(p->run_meta, "files");

    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *one = json_array_get(files, i);

        ost_buf_adds(words, i ? "; " : "workflow ");
        ost_report_add_name(words, ost_report_text(one, "name"));
        ost_buf_addf(words, ", SHA-256 %.16s", ost_report_text(one, "sha256"));
    }
}

void ost_report_fact_words(ost_report_page *p, ost_report_fact fact,
                           ost_buf *words)
{
    static void (*const facts[])(ost_report_page *,
                                 ost_buf *) = { [OST_FACT_NONE] = NULL,
#define XX(name) [OST_FACT_##name] = fact_##name,
                                                OST_REPORT_FACT_MAP(XX)
#undef XX
    };

    if (facts[fact])
        facts[fact](p, words);
}
