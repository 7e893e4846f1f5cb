/* engine/report_audit.c - whether published numbers can be true */
#include "engine/report_impl.h"

#include <string.h>

#include "base/banned.h"

static void add_summary(ost_report_page *p, const json_t *summary)
{
    static const char *const words[][2] = {
        { "consistent", "consistent" },
        { "plausible", "plausible" },
        { "undecided", "undecided" },
        { "infeasible", "infeasible" },
    };
    ost_buf text = { 0 };

    ost_buf_adds(&text, "Of ");
    ost_report_counted(&text, ost_report_number(summary, "n"), "check",
                       "checks");
    for (size_t k = 0; k < 4; k++) {
        bool alarm = k == 3 && ost_report_number(summary, words[k][0]) > 0;

        ost_buf_adds(&text, k ? ", " : " ");
        ost_buf_adds(&text, alarm ? OST_STRONG : "");
        ost_report_count(&text, ost_report_number(summary, words[k][0]));
        ost_buf_addf(&text, " %s", words[k][1]);
        ost_buf_adds(&text, alarm ? OST_STRONG_END : "");
    }
    ost_buf_addc(&text, '.');
    ost_report_paragraph(p, "", ost_buf_str(&text));
    ost_buf_release(&text);
}

void ost_report_audit(ost_report_page *p, const json_t *document)
{
    const json_t *verdicts = json_object_get(document, "verdicts");
    const char *title = ost_report_text(document, "title");
    ost_report_table *t =
        ost_table_new(&p->arena, ost_report_id(p, "verdicts"), title);
    static const char *const names[] = { "Claim", "Source", "Rule", "Verdict",
                                         "Why" };

    ost_report_open(p, "audit", "Audit of published numbers");
    add_summary(p, json_object_get(document, "summary"));
    for (size_t c = 0; c < 5; c++)
        ost_table_column(t, names[c],
                         OST_COLUMN_TEXT | (c == 4 ? OST_COLUMN_WRAP : 0u) |
                             (c == 1 || c == 2 ? OST_COLUMN_MINOR : 0u));
    for (size_t i = 0; i < json_array_size(verdicts); i++) {
        const json_t *one = json_array_get(verdicts, i);
        const char *verdict = ost_report_text(one, "verdict");
        const char *warning = ost_report_text(one, "warning");

        ost_table_row(t, strcmp(verdict, "infeasible") == 0 ? "alarm" : "");
        ost_table_text(t, ost_report_text(one, "claim"));
        ost_table_text(t, ost_report_text(one, "source"));
        ost_table_text(t, ost_report_heading(p, ost_report_text(one, "rule")));
        ost_table_text(t, verdict);
        ost_table_text(t, ost_arena_printf(&p->arena, "%s%s%s",
                                           ost_report_text(one, "reason"),
                                           *warning ? "; " : "", warning));
    }
    ost_report_table_put(p, t);
    ost_report_list(p, "warnings", json_object_get(document, "warnings"));
    ost_report_close(p);
}
