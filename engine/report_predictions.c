/* engine/report_predictions.c - the sections of a metrics document, by its
 * kind */
#include "engine/report_impl.h"

#include <string.h>

#include "base/banned.h"

void ost_report_predictions(ost_report_page *p, const json_t *document)
{
    bool html = ost_report_is_html(p);

    ost_report_numbers(p, document);
    ost_buf_adds(p->out, html ? "<div class=\"pair\">\n" : "");
    ost_report_roc(p, document);
    ost_report_recall(p, document);
    ost_report_confusion(p, document);
    ost_report_calibration(p, document);
    ost_buf_adds(p->out, html ? "</div>\n" : "");
    ost_report_operating(p, document);
    ost_report_subgroups(p, document);
}

static const struct {
    const char *kind;
    const char *title;
} kinds[] = {
    { "choice", "What was chosen" },
    { "correlation", "Correlation" },
    { "images", "Generated images" },
    { "masks", "Segmentation" },
};

void ost_report_metrics(ost_report_page *p, const json_t *document)
{
    const char *kind = ost_report_text(document, "kind");
    const char *title = "The numbers";

    if (ost_report_is_evaluation(document)) {
        ost_report_predictions(p, document);
        return;
    }
    if (strcmp(kind, "comparison") == 0) {
        ost_report_comparison(p, document);
        return;
    }
    if (strcmp(kind, "audit") == 0) {
        ost_report_audit(p, document);
        return;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            title = kinds[i].title;
    ost_report_generic(p, document, title);
}
