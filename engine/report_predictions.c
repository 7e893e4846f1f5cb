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

/* How to add a kind: one row; a function of its own, or a title for a document
 * of any shape. */
static const struct {
    const char *kind;
    void (*show)(ost_report_page *p, const json_t *document);
    const char *title;
} kinds[] = {
    { "audit", ost_report_audit, NULL },
    { "choice", ost_report_choice, NULL },
    { "comparison", ost_report_comparison, NULL },
    { "correlation", ost_report_correlation, NULL },
    { "images", ost_report_made, NULL },
    { "masks", ost_report_segmentation, NULL },
};

void ost_report_metrics(ost_report_page *p, const json_t *document)
{
    const char *kind = ost_report_text(document, "kind");
    const char *title = "The numbers";

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].kind, kind) != 0)
            continue;
        if (kinds[i].show) {
            kinds[i].show(p, document);
            return;
        }
        title = kinds[i].title;
    }
    if (ost_report_is_evaluation(document))
        ost_report_predictions(p, document);
    else
        ost_report_generic(p, document, title);
}
