/* engine/report_study.c - the study in one paragraph, and its headline */
#include "engine/report_impl.h"

#include <string.h>

#include "base/banned.h"

/* The first evaluation of the report, or NULL. */
static const json_t *first_evaluation(const ost_report_page *p)
{
    const json_t *all = json_object_get(p->doc, "metrics");

    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *d = json_object_get(json_array_get(all, i), "document");

        if (ost_report_is_evaluation(d))
            return d;
    }
    return NULL;
}

static void add_classes(ost_buf *out, const json_t *classes)
{
    size_t n = json_array_size(classes);

    for (size_t i = 0; i < n; i++) {
        const json_t *c = json_array_get(classes, i);

        ost_buf_adds(out, i == 0 ? "" : i + 1 < n ? ", " : " and ");
        ost_report_count(out, ost_report_number(c, "n"));
        ost_buf_adds(out, " <em>");
        ost_buf_add_html(out, ost_report_text(c, "name"));
        ost_buf_adds(out, "</em>");
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
        ost_buf_adds(out, " values of <em>");
        ost_buf_add_html(out, by);
        ost_buf_adds(out, "</em>");
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

static void add_models(ost_buf *out, const json_t *models)
{
    const json_t *first = json_array_get(models, 0);
    size_t n = json_array_size(models);
    size_t epochs = json_array_size(json_object_get(first, "history"));
    const char *network = ost_report_text(first, "network");
    uint64_t weights = ost_report_number(first, "n_weights");

    if (n == 0)
        return;
    ost_buf_adds(out, n == 1 ? " The model" : " The ");
    if (n > 1) {
        ost_report_count(out, n);
        ost_buf_adds(out, " models");
    }
    if (*network || weights > 0)
        ost_buf_adds(out, ", ");
    if (*network) {
        ost_buf_adds(out, n == 1 ? "network <em>" : "each a network <em>");
        ost_buf_add_html(out, network);
        ost_buf_adds(out, weights > 0 ? "</em> with " : "</em>,");
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

static void add_headline(ost_buf *out, const json_t *document)
{
    const json_t *pooled = json_object_get(document, "pooled");
    const json_t *interval =
        json_object_get(json_object_get(pooled, "intervals"), "auc");
    const char *positive = ost_report_text(document, "positive");
    const json_t *mean =
        json_object_get(json_object_get(document, "summary"), "auc");

    if (!ost_report_has(pooled, "auc"))
        return;
    ost_buf_adds(out, " The pooled area under the ROC curve");
    if (*positive) {
        ost_buf_adds(out, " for <em>");
        ost_buf_add_html(out, positive);
        ost_buf_adds(out, "</em>");
    }
    ost_buf_adds(out, " is <strong>");
    ost_report_rate(out, json_object_get(pooled, "auc"));
    ost_buf_adds(out, "</strong>");
    if (ost_report_has(interval, "lo")) {
        ost_buf_adds(out, " (95\xe2\x80\xaf% interval ");
        ost_report_interval(out, interval);
        ost_buf_adds(out, ")");
    }
    if (ost_report_number(mean, "n") > 1 && ost_report_has(mean, "mean")) {
        ost_buf_adds(out, "; over the ");
        ost_buf_add_html(out, ost_report_by(document));
        ost_buf_adds(out, "s it is ");
        ost_report_rate(out, json_object_get(mean, "mean"));
        ost_buf_adds(out, "\xc2\xa0\xc2\xb1\xc2\xa0");
        ost_report_rate(out, json_object_get(mean, "std"));
        ost_buf_adds(out, " (mean \xc2\xb1 SD)");
    }
    ost_buf_adds(out, ".");
}

static void add_tile(ost_buf *out, const json_t *set, const char *metric,
                     const char *words)
{
    const json_t *interval =
        json_object_get(json_object_get(set, "intervals"), metric);

    ost_buf_adds(out, "<div><dt>");
    ost_buf_adds(out, words);
    ost_buf_adds(out, "</dt><dd><b>");
    ost_report_rate(out, json_object_get(set, metric));
    ost_buf_adds(out, "</b>");
    if (ost_report_has(interval, "lo")) {
        ost_buf_adds(out, " <span>");
        ost_report_interval(out, interval);
        ost_buf_adds(out, "</span>");
    }
    ost_buf_adds(out, "</dd></div>\n");
}

static void add_tiles(ost_buf *out, const json_t *document)
{
    const json_t *pooled = json_object_get(document, "pooled");
    bool two = *ost_report_text(document, "positive") != 0;

    ost_buf_adds(out, "<dl class=\"tiles\">\n");
    add_tile(out, pooled, "auc",
             two ? "Area under the curve" : "Area, mean over classes");
    add_tile(out, pooled, "recall",
             two ? "Sensitivity" : "Recall, mean over classes");
    add_tile(out, pooled, "specificity",
             two ? "Specificity" : "Specificity, mean");
    add_tile(out, pooled, "accuracy", "Accuracy");
    ost_buf_adds(out, "</dl>\n");
}

void ost_report_study(ost_report_page *p)
{
    const json_t *study = json_object_get(p->doc, "study");
    const json_t *document = first_evaluation(p);

    ost_buf_adds(p->out, "<p class=\"lead\">");
    if (study) {
        add_material(p->out, study);
        add_parts(p->out, study);
    }
    add_models(p->out, json_object_get(p->doc, "models"));
    if (document)
        add_headline(p->out, document);
    ost_buf_adds(p->out, "</p>\n");
    if (document)
        add_tiles(p->out, document);
}
