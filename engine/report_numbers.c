/* engine/report_numbers.c - tables of metrics, and the confusion matrix */
#include "engine/report_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

typedef struct {
    const char *metric;
    const char *words;      /* of two classes */
    const char *words_many; /* of more */
    bool interval;
} column;

static const column columns[] = {
    { "auc", "AUC", "AUC", true },
    { "accuracy", "Accuracy", "Accuracy", true },
    { "recall", "Sensitivity", "Recall", true },
    { "specificity", "Specificity", "Specificity", true },
    { "precision", "Precision", "Precision", true },
    { "f1", "F1", "F1", false },
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static void add_cell(ost_buf *out, const json_t *set, const column *c)
{
    const json_t *interval =
        json_object_get(json_object_get(set, "intervals"), c->metric);

    ost_buf_adds(out, "<td>");
    ost_report_rate(out, json_object_get(set, c->metric));
    if (c->interval && ost_report_has(interval, "lo")) {
        ost_buf_adds(out, " <small>");
        ost_report_interval(out, interval);
        ost_buf_adds(out, "</small>");
    }
    ost_buf_adds(out, "</td>");
}

static void add_counts(ost_buf *out, const json_t *set, bool two)
{
    ost_buf_adds(out, "<td>");
    ost_report_count(out, ost_report_number(set, "n_items"));
    ost_buf_adds(out, "</td><td class=\"minor\">");
    ost_report_count(out, ost_report_number(set, "n_groups"));
    ost_buf_adds(out, "</td>");
    if (!two)
        return;
    ost_buf_adds(out, "<td class=\"minor\">");
    ost_report_count(out, ost_report_number(set, "n_positive"));
    ost_buf_adds(out, "</td>");
}

static void add_table_head(ost_buf *out, const char *first, bool two)
{
    ost_buf_adds(out, "<thead><tr><th scope=\"col\">");
    ost_buf_add_html(out, first);
    ost_buf_adds(out, "</th><th scope=\"col\">Images</th>"
                      "<th scope=\"col\" class=\"minor\">Patients</th>");
    if (two)
        ost_buf_adds(out, "<th scope=\"col\" class=\"minor\">Positive</th>");
    for (size_t i = 0; i < COLUMNS; i++) {
        ost_buf_adds(out, "<th scope=\"col\">");
        ost_buf_adds(out, two ? columns[i].words : columns[i].words_many);
        ost_buf_adds(out, "</th>");
    }
    ost_buf_adds(out, "</tr></thead>\n");
}

static void add_mean_row(ost_buf *out, const json_t *document, bool two)
{
    const json_t *summary = json_object_get(document, "summary");

    ost_buf_adds(out, "<tr class=\"mean\"><th scope=\"row\">Mean \xc2\xb1 SD"
                      "</th><td></td><td class=\"minor\"></td>");
    ost_buf_adds(out, two ? "<td class=\"minor\"></td>" : "");
    for (size_t i = 0; i < COLUMNS; i++) {
        const json_t *m = json_object_get(summary, columns[i].metric);
        uint64_t skipped = ost_report_number(m, "skipped");

        ost_buf_adds(out, "<td>");
        ost_report_rate(out, json_object_get(m, "mean"));
        if (ost_report_has(m, "std")) {
            ost_buf_adds(out, " <small>\xc2\xb1\xe2\x80\xaf");
            ost_report_rate(out, json_object_get(m, "std"));
            ost_buf_adds(out, "</small>");
        }
        if (skipped > 0)
            ost_buf_addf(out, " <small>without %llu</small>",
                         (unsigned long long)skipped);
        ost_buf_adds(out, "</td>");
    }
    ost_buf_adds(out, "</tr>\n");
}

static void add_row(ost_buf *out, const char *class, const json_t *set,
                    const char *name, const json_t *value, bool two)
{
    ost_buf_addf(out, "<tr%s><th scope=\"row\">", class);
    ost_buf_add_html(out, name);
    if (value) {
        ost_buf_addc(out, ' ');
        ost_report_value(out, value);
    }
    ost_buf_adds(out, "</th>");
    add_counts(out, set, two);
    for (size_t i = 0; i < COLUMNS; i++)
        add_cell(out, set, &columns[i]);
    ost_buf_adds(out, "</tr>\n");
}

static void add_evaluation(ost_buf *out, const json_t *document)
{
    const json_t *folds = json_object_get(document, "folds");
    bool two = *ost_report_text(document, "positive") != 0;
    const char *by = ost_report_by(document);

    ost_buf_adds(out, "<div class=\"wide\" tabindex=\"0\"><table "
                      "class=\"numbers\">\n");
    add_table_head(out, "", two);
    ost_buf_adds(out, "<tbody>\n");
    for (size_t i = 0; i < json_array_size(folds); i++) {
        const json_t *fold = json_array_get(folds, i);

        add_row(out, "", fold, by, json_object_get(fold, by), two);
    }
    if (json_array_size(folds) > 1)
        add_mean_row(out, document, two);
    add_row(out, " class=\"pooled\"", json_object_get(document, "pooled"),
            "Pooled", NULL, two);
    ost_buf_adds(out, "</tbody></table></div>\n");
}

static void add_class_table(ost_buf *out, const json_t *classes)
{
    ost_buf_adds(out, "<h3>Each class against the rest</h3>\n"
                      "<div class=\"wide\" tabindex=\"0\"><table "
                      "class=\"numbers\">\n<thead><tr><th scope=\"col\"></th>"
                      "<th scope=\"col\">Images</th>");
    for (size_t i = 0; i < COLUMNS; i++) {
        if (strcmp(columns[i].metric, "accuracy") != 0)
            ost_buf_addf(out, "<th scope=\"col\">%s</th>",
                         columns[i].words_many);
    }
    ost_buf_adds(out, "</tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < json_array_size(classes); k++) {
        const json_t *one = json_array_get(classes, k);

        ost_buf_adds(out, "<tr><th scope=\"row\">");
        ost_buf_add_html(out, ost_report_text(one, "class"));
        ost_buf_adds(out, "</th><td>");
        ost_report_count(out, ost_report_number(one, "n"));
        ost_buf_adds(out, "</td>");
        for (size_t i = 0; i < COLUMNS; i++) {
            if (strcmp(columns[i].metric, "accuracy") != 0)
                add_cell(out, one, &columns[i]);
        }
        ost_buf_adds(out, "</tr>\n");
    }
    ost_buf_adds(out, "</tbody></table></div>\n");
}

static void add_footnote(ost_buf *out, const json_t *document)
{
    const json_t *pooled = json_object_get(document, "pooled");
    const json_t *warnings = json_object_get(document, "warnings");
    uint64_t items = ost_report_number(pooled, "n_items");
    uint64_t groups = ost_report_number(pooled, "n_groups");
    const char *positive = ost_report_text(document, "positive");

    ost_buf_adds(out, "<p class=\"note\">");
    if (*positive) {
        ost_buf_adds(out, "Positive is <em>");
        ost_buf_add_html(out, positive);
        ost_buf_adds(out, "</em>, called ");
        if (json_is_number(json_object_get(document, "threshold"))) {
            ost_buf_adds(out, "from a score of ");
            ost_report_value(out, json_object_get(document, "threshold"));
        } else {
            ost_buf_adds(out, "where its score is the highest");
        }
        ost_buf_adds(out, ". ");
    } else {
        ost_buf_adds(out, "Numbers of several classes are plain means over "
                          "the classes. ");
    }
    ost_buf_adds(out, "Small figures are 95\xe2\x80\xaf% intervals: DeLong "
                      "for the area, Wilson for proportions");
    if (groups > 0 && groups < items)
        ost_buf_adds(out, "; they take images as independent, although some "
                          "patients have several");
    ost_buf_adds(out, ".</p>\n");
    if (json_array_size(warnings) == 0)
        return;
    ost_buf_adds(out, "<ul class=\"warnings\">\n");
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        ost_buf_adds(out, "<li>");
        ost_report_value(out, json_array_get(warnings, i));
        ost_buf_adds(out, "</li>\n");
    }
    ost_buf_adds(out, "</ul>\n");
}

/* The members of any other document, nested ones with their path. */
static void add_members(ost_buf *out, const json_t *v, const char *path)
{
    const char *name;
    json_t *one;

    json_object_foreach((json_t *)v, name, one)
    {
        ost_buf inner = { 0 };

        ost_buf_addf(&inner, "%s%s%s", path, *path ? "." : "", name);
        if (json_is_object(one) && json_object_size(one) > 0) {
            add_members(out, one, ost_buf_str(&inner));
        } else {
            ost_buf_adds(out, "<tr><th scope=\"row\">");
            ost_buf_add_html(out, ost_buf_str(&inner));
            ost_buf_adds(out, "</th><td class=\"any\">");
            ost_report_value(out, one);
            ost_buf_adds(out, "</td></tr>\n");
        }
        ost_buf_release(&inner);
    }
}

void ost_report_numbers(ost_report_page *p, const json_t *document)
{
    const json_t *classes =
        json_object_get(json_object_get(document, "pooled"), "per_class");
    char id[32];

    snprintf(id, sizeof(id), "numbers%u", ++p->ids);
    ost_report_open(p, id, "The numbers");
    if (ost_report_is_evaluation(document)) {
        add_evaluation(p->out, document);
        if (json_array_size(classes) > 0)
            add_class_table(p->out, classes);
        add_footnote(p->out, document);
    } else {
        ost_buf_adds(p->out, "<div class=\"wide\" tabindex=\"0\"><table "
                             "class=\"numbers members\"><tbody>\n");
        add_members(p->out, document, "");
        ost_buf_adds(p->out, "</tbody></table></div>\n");
    }
    ost_report_close(p);
}

/* --- confusion ---------------------------------------------------------- */

static void add_confusion_cell(ost_buf *out, uint64_t n, uint64_t row, bool hit)
{
    double share = row > 0 ? (double)n / (double)row : 0;

    ost_buf_addf(out, "<td class=\"%s\" style=\"--v:%.0f%%\"><b>",
                 hit ? "hit" : "miss", 100 * share);
    ost_report_count(out, n);
    ost_buf_adds(out, "</b>");
    if (row > 0)
        ost_buf_addf(out, "<small>%.1f\xe2\x80\xaf%%</small>", 100 * share);
    ost_buf_adds(out, "</td>");
}

static void add_confusion_row(ost_buf *out, const json_t *classes,
                              const json_t *row, size_t k)
{
    size_t n = json_array_size(row);
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (uint64_t)json_integer_value(json_array_get(row, i));
    ost_buf_adds(out, "<tr>");
    if (k == 0)
        ost_buf_addf(out,
                     "<th class=\"side\" rowspan=\"%zu\" scope="
                     "\"rowgroup\"><span>is</span></th>",
                     json_array_size(classes));
    ost_buf_adds(out, "<th scope=\"row\">");
    ost_report_value(out, json_array_get(classes, k));
    ost_buf_adds(out, "</th>");
    for (size_t i = 0; i < n; i++)
        add_confusion_cell(out,
                           (uint64_t)json_integer_value(json_array_get(row, i)),
                           sum, i == k);
    ost_buf_adds(out, "</tr>\n");
}

void ost_report_confusion(ost_report_page *p, const json_t *document)
{
    const json_t *classes = json_object_get(document, "classes");
    const json_t *rows =
        json_object_get(json_object_get(document, "pooled"), "confusion");
    size_t n = json_array_size(classes);
    ost_buf *out = p->out;
    char id[32];

    if (n == 0 || json_array_size(rows) != n)
        return;
    snprintf(id, sizeof(id), "confusion%u", ++p->ids);
    ost_report_open(p, id, "Confusion matrix");
    ost_buf_addf(out,
                 "<div class=\"wide\" tabindex=\"0\"><table class=\"heat%s\">\n"
                 "<caption>Pooled predictions, share of each row</caption>\n"
                 "<thead><tr><td colspan=\"2\"></td><th colspan=\"%zu\" scope="
                 "\"colgroup\">called</th></tr>\n<tr><td colspan=\"2\"></td>",
                 n > 4 ? " many" : "", n);
    for (size_t k = 0; k < n; k++) {
        ost_buf_adds(out, "<th scope=\"col\">");
        ost_report_value(out, json_array_get(classes, k));
        ost_buf_adds(out, "</th>");
    }
    ost_buf_adds(out, "</tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < n; k++)
        add_confusion_row(out, classes, json_array_get(rows, k), k);
    ost_buf_adds(out, "</tbody></table></div>\n");
    ost_report_close(p);
}
