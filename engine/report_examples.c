/* engine/report_examples.c - pictures with what the models said of them */
#include "engine/report_impl.h"

#include <string.h>

#include "base/banned.h"

static void add_caption(ost_report_page *p, const json_t *e)
{
    const json_t *score = json_object_get(e, "score");
    const json_t *part = json_object_get(e, "part");
    ost_buf *out = p->out;

    ost_buf_addf(out, "<figcaption><p class=\"%s\">",
                 json_is_true(json_object_get(e, "right")) ? "right" : "wrong");
    ost_buf_add_html(out, ost_report_text(e, "label"));
    if (!json_is_true(json_object_get(e, "right"))) {
        ost_buf_adds(out, "<br>called ");
        ost_buf_add_html(out, ost_report_text(e, "predicted"));
    }
    ost_buf_adds(out, "</p>");
    if (json_is_number(score)) {
        double v = json_number_value(score);

        ost_buf_addf(out,
                     "<p class=\"score\"><span class=\"bar\"><span "
                     "style=\"width:%.0f%%\"></span></span>",
                     100 * (v < 0   ? 0
                            : v > 1 ? 1
                                    : v));
        ost_report_rate(out, score);
        ost_buf_adds(out, "</p>");
    }
    ost_buf_adds(out, "<p class=\"id\" title=\"");
    ost_buf_add_html(out, ost_report_text(e, "id"));
    ost_buf_adds(out, "\">");
    ost_buf_add_html(out, ost_report_text(e, "id"));
    if (json_is_string(part)) {
        ost_buf_adds(out, " \xc2\xb7 ");
        ost_buf_add_html(out, ost_report_by(json_object_get(p->doc, "study")));
        ost_buf_addc(out, ' ');
        ost_buf_add_html(out, ost_report_words(p, part));
    }
    ost_buf_adds(out, "</p></figcaption>");
}

static ost_rc add_example(ost_report_page *p, const json_t *e, ost_err *err)
{
    const char *alt = ost_arena_printf(
        &p->arena, "image %s, is %s, called %s", ost_report_text(e, "id"),
        ost_report_text(e, "label"), ost_report_text(e, "predicted"));
    ost_rc rc = OST_OK;

    ost_buf_adds(p->out, "<figure class=\"shot\">");
    if (*ost_report_text(e, "picture")) {
        ost_buf_adds(p->out, "<div class=\"frame\">");
        rc = ost_report_picture(p, e, "picture", "", alt, err);
        if (!rc)
            rc = ost_report_picture(p, e, "overlay", "over", "", err);
        ost_buf_adds(p->out, "</div>");
    }
    if (rc)
        return rc;
    add_caption(p, e);
    ost_buf_adds(p->out, "</figure>\n");
    return OST_OK;
}

static ost_rc add_strip(ost_report_page *p, const json_t *all, bool right,
                        ost_err *err)
{
    bool any = false;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < json_array_size(all) && !rc; i++) {
        const json_t *e = json_array_get(all, i);

        if (json_is_true(json_object_get(e, "right")) != right)
            continue;
        if (!any)
            ost_buf_addf(p->out, "<h3>%s</h3>\n<div class=\"strip\">\n",
                         right ? "Called right, most certain first"
                               : "Called wrong, most certain first");
        any = true;
        rc = add_example(p, e, err);
    }
    if (any)
        ost_buf_adds(p->out, "</div>\n");
    return rc;
}

/* Where pictures cannot be, what was said of them. */
static void add_table(ost_report_page *p, const json_t *all)
{
    static const char *const names[] = { "Image", "Patient", "Is", "Called",
                                         "Score" };
    static const char *const members[] = { "id", "group", "label", "predicted",
                                           "score" };
    ost_report_table *t = ost_table_new(&p->arena, "examples", "");

    for (size_t c = 0; c < 5; c++)
        ost_table_column(t, names[c], c < 4 ? OST_COLUMN_TEXT : 0);
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *e = json_array_get(all, i);

        ost_table_row(t, "");
        for (size_t c = 0; c < 4; c++)
            ost_table_text(t, ost_report_text(e, members[c]));
        ost_table_number(t, json_object_get(e, members[4]), 3, false);
    }
    ost_report_open(p, "examples", "Most certain, wrong and right");
    ost_report_table_put(p, t);
    ost_report_close(p);
}

ost_rc ost_report_examples(ost_report_page *p, ost_err *err)
{
    const json_t *all = json_object_get(p->doc, "examples");
    bool overlays = false;
    ost_rc rc;

    if (json_array_size(all) == 0)
        return OST_OK;
    if (!ost_report_is_html(p)) {
        add_table(p, all);
        return OST_OK;
    }
    for (size_t i = 0; i < json_array_size(all); i++)
        overlays |= *ost_report_text(json_array_get(all, i), "overlay") != 0;
    ost_report_open(p, "examples", "Examples");
    rc = add_strip(p, all, false, err);
    if (!rc)
        rc = add_strip(p, all, true, err);
    ost_buf_addf(p->out,
                 "<p class=\"note\">The bar is the score of the class that was "
                 "called.%s</p>\n",
                 overlays ? " <span class=\"hint\">Point at a picture to see "
                            "it without its contours.</span>"
                          : "");
    ost_report_close(p);
    return rc;
}
