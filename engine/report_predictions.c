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
}

void ost_report_metrics(ost_report_page *p, const json_t *document)
{
    if (ost_report_is_evaluation(document))
        ost_report_predictions(p, document);
    else
        ost_report_members(p, document);
}
