/* engine/report_study.c - the study in one paragraph, and its headline */
#include "engine/report_facts.h"
#include "engine/report_impl.h"

#include <string.h>

#include "base/banned.h"

/* The first evaluation of the report, or NULL. */
/* The first document on predictions, or NULL; `name` is what it is called when
 * there are others. */
static const json_t *first_evaluation(ost_report_page *p, const char **name)
{
    const json_t *all = json_object_get(p->doc, "metrics"), *first = NULL;
    size_t found = 0, at = 0;

    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *d = json_object_get(json_array_get(all, i), "document");

        if (!ost_report_is_evaluation(d))
            continue;
        if (found++ == 0) {
            first = d;
            at = i;
        }
    }
    *name =
        found > 1 ? ost_report_entry_name(p, json_array_get(all, at), at) : "";
    return first;
}

static void add_classes(ost_buf *out, const json_t *classes)
{
    size_t n = json_array_size(classes);

    for (size_t i = 0; i < n; i++) {
        const json_t *c = json_array_get(classes, i);

        ost_buf_adds(out, i == 0 ? "" : i + 1 < n ? ", " : " and ");
        ost_report_count(out, ost_report_number(c, "n"));
        ost_buf_adds(out, " " OST_EM);
        ost_report_add_name(out, ost_report_text(c, "name"));
        ost_buf_adds(out, OST_EM_END);
    }
}

/* "The study holds 300 images of 210 patients: 150 normal and 150 ...". */
static void add_material(ost_buf *out, const json_t *study)
{
    const json_t *classes = json_object_get(study, "classes");
    uint64_t items = ost_report_number(study, "n_items");
    uint64_t groups = ost_report_number(study, "n_groups");
    uint64_t unlabeled = ost_report_number(study, "n_unlabeled");

    ost_buf_adds(out, "The study holds ");
    ost_report_counted(out, items, "image", "images");
    if (groups > 0 && groups < items) {
        ost_buf_adds(out, " of ");
        ost_report_counted(out, groups, "patient", "patients");
    }
    if (json_array_size(classes) > 0) {
        ost_buf_adds(out, ": ");
        add_classes(out, classes);
    }
    if (unlabeled > 0) {
        ost_buf_adds(out, "; ");
        ost_report_counted(out, unlabeled, "has", "have");
        ost_buf_adds(out, " no label");
    }
    ost_buf_adds(out, ".");
}

static void add_parts(ost_buf *out, const json_t *study)
{
    uint64_t parts = ost_report_number(study, "n_parts");
    uint64_t split = ost_report_number(study, "split_groups");
    uint64_t items = ost_report_number(study, "n_items");
    uint64_t groups = ost_report_number(study, "n_groups");
    const char *by = ost_report_by(study);

    if (parts < 2)
        return;
    if (strcmp(by, "fold") == 0) {
        ost_buf_adds(out, " Predictions come from ");
        ost_report_counted(out, parts, "fold", "folds");
        ost_buf_adds(out, " of cross-validation");
    } else {
        ost_buf_adds(out, " Predictions come from ");
        ost_report_count(out, parts);
        ost_buf_adds(out, " values of " OST_EM);
        ost_report_add_name(out, by);
        ost_buf_adds(out, OST_EM_END);
    }
    if (groups < items && split == 0) {
        ost_buf_adds(out, "; all images of a patient stand in the same one");
    } else if (split > 0) {
        ost_buf_adds(out, "; ");
        ost_report_counted(out, split, "patient stands", "patients stand");
        ost_buf_adds(out, " in more than one");
    }
    ost_buf_adds(out, ".");
}

static bool are_alike(const json_t *models)
{
    const json_t *first = json_array_get(models, 0);
    size_t epochs = json_array_size(json_object_get(first, "history"));
    bool alike = true;

    for (size_t i = 1; i < json_array_size(models); i++) {
        const json_t *m = json_array_get(models, i);

        alike &= strcmp(ost_report_text(m, "network"),
                        ost_report_text(first, "network")) == 0 &&
                 ost_report_number(m, "n_weights") ==
                     ost_report_number(first, "n_weights") &&
                 json_array_size(json_object_get(m, "history")) == epochs;
    }
    return alike;
}

/* What models of several kinds are, each kind once. */
static void add_kinds(ost_buf *out, const json_t *models)
{
    ost_buf names = { 0 };

    ost_report_networks(&names, models);
    ost_buf_adds(out, " The ");
    ost_report_count(out, json_array_size(models));
    ost_buf_adds(out, " models");
    if (names.len > 0)
        ost_buf_addf(out, " (%s)", ost_buf_str(&names));
    ost_buf_adds(out, " were trained.");
    ost_buf_release(&names);
}

static void add_models(ost_buf *out, const json_t *models)
{
    const json_t *first = json_array_get(models, 0);
    size_t n = json_array_size(models);
    size_t epochs = json_array_size(json_object_get(first, "history"));
    const char *network = ost_report_text(first, "network");
    uint64_t weights = ost_report_number(first, "n_weights");

    if (n == 0)
        return;
    if (!are_alike(models)) {
        add_kinds(out, models);
        return;
    }
    ost_buf_adds(out, n == 1 ? " The model" : " The ");
    if (n > 1) {
        ost_report_count(out, n);
        ost_buf_adds(out, " models");
    }
    if (*network || weights > 0)
        ost_buf_adds(out, ", ");
    if (*network) {
        ost_buf_adds(out,
                     n == 1 ? "network " OST_EM : "each a network " OST_EM);
        ost_report_add_name(out, network);
        ost_buf_adds(out, weights > 0 ? OST_EM_END " with " : OST_EM_END ",");
    }
    if (weights > 0) {
        ost_report_counted(out, weights, "weight", "weights");
        ost_buf_addc(out, ',');
    }
    ost_buf_adds(out, n == 1 ? " was trained" : " were trained");
    if (epochs > 0) {
        ost_buf_adds(out, " for ");
        ost_report_counted(out, epochs, "epoch", "epochs");
    }
    ost_buf_adds(out, ".");
}

static void add_headline(ost_buf *out, const json_t *document, const char *name)
{
    const json_t *pooled = json_object_get(document, "pooled");
    const json_t *interval =
        json_object_get(json_object_get(pooled, "intervals"), "auc");
    const char *positive = ost_report_text(document, "positive");
    const json_t *mean =
        json_object_get(json_object_get(document, "summary"), "auc");
    ost_buf ends = { 0 };

    if (!ost_report_has(pooled, "auc"))
        return;
    if (*name) {
        ost_buf_adds(out, " " OST_EM);
        ost_report_add_name(out, name);
        ost_buf_adds(out, OST_EM_END ": the pooled area under the ROC curve");
    } else {
        ost_buf_adds(out, " The pooled area under the ROC curve");
    }
    if (*positive) {
        ost_buf_adds(out, " for " OST_EM);
        ost_report_add_name(out, positive);
        ost_buf_adds(out, OST_EM_END);
    }
    ost_buf_adds(out, " is " OST_STRONG);
    ost_report_rate(out, json_object_get(pooled, "auc"));
    ost_buf_adds(out, OST_STRONG_END);
    ost_report_interval(&ends, interval);
    if (ends.len > 0)
        ost_buf_addf(out, " (%g\xe2\x80\xaf%% interval %s)",
                     100 * (ost_report_has(interval, "level")
                                ? ost_report_real(interval, "level")
                                : 0.95),
                     ost_buf_str(&ends));
    ost_buf_release(&ends);
    if (ost_report_number(mean, "n") > 1 && ost_report_has(mean, "mean")) {
        ost_buf_adds(out, "; over the ");
        ost_report_add_name(out, ost_report_by(document));
        ost_buf_adds(out, "s it is ");
        ost_report_rate(out, json_object_get(mean, "mean"));
        ost_buf_adds(out, "\xc2\xa0\xc2\xb1\xc2\xa0");
        ost_report_rate(out, json_object_get(mean, "std"));
        ost_buf_adds(out, " (mean \xc2\xb1 SD)");
    }
    ost_buf_adds(out, ".");
}

/* --- tiles --------------------------------------------------------------- */

typedef struct {
    const char *metric;
    const char *words;      /* of two classes */
    const char *words_many; /* of more */
} tile;

static void add_tile(ost_buf *out, const json_t *set, const char *metric,
                     const char *words)
{
    ost_buf interval = { 0 };

    ost_buf_addf(out, "<div><dt>%s</dt><dd><b>", words);
    ost_report_rate(out, json_object_get(set, metric));
    ost_buf_adds(out, "</b>");
    ost_report_interval(&interval, ost_report_interval_of(set, metric));
    if (interval.len > 0)
        ost_buf_addf(out, " <span>%s</span>", ost_buf_str(&interval));
    ost_buf_adds(out, "</dd></div>\n");
    ost_buf_release(&interval);
}

static void add_tiles(ost_report_page *p, const json_t *document)
{
    static const tile tiles[] = {
        { "auc", "Area under the curve", "Area, mean over classes" },
        { "recall", "Sensitivity", "Recall, mean over classes" },
        { "specificity", "Specificity", "Specificity, mean" },
        { "accuracy", "Accuracy", "Accuracy" },
    };
    const json_t *pooled = json_object_get(document, "pooled");
    bool two = *ost_report_text(document, "positive") != 0;

    if (!ost_report_is_html(p))
        return;
    ost_buf_adds(p->out, "<dl class=\"tiles\">\n");
    for (size_t i = 0; i < sizeof(tiles) / sizeof(tiles[0]); i++)
        add_tile(p->out, pooled, tiles[i].metric,
                 two ? tiles[i].words : tiles[i].words_many);
    ost_buf_adds(p->out, "</dl>\n");
}

void ost_report_study(ost_report_page *p)
{
    const json_t *study = json_object_get(p->doc, "study");
    const char *name;
    const json_t *document = first_evaluation(p, &name);
    ost_buf words = { 0 };

    if (study) {
        add_material(&words, study);
        add_parts(&words, study);
    }
    add_models(&words, json_object_get(p->doc, "models"));
    if (document)
        add_headline(&words, document, name);
    ost_report_paragraph(p, "lead", ost_buf_str(&words));
    if (document)
        add_tiles(p, document);
    ost_buf_release(&words);
}
