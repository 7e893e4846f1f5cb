/* engine/report_pictures.c - pictures within a page, and sheets of them */
#include "engine/report_impl.h"

#include <string.h>

#include "base/banned.h"

static void add_base64(ost_buf *out, const unsigned char *data, size_t size)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789+/";

    ost_buf_reserve(out, size / 3 * 4 + 4);
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        unsigned v = (unsigned)data[i] << 16;

        v |= left > 1 ? (unsigned)data[i + 1] << 8 : 0;
        v |= left > 2 ? data[i + 2] : 0;
        ost_buf_addc(out, letters[v >> 18]);
        ost_buf_addc(out, letters[v >> 12 & 63]);
        ost_buf_addc(out, left > 1 ? letters[v >> 6 & 63] : '=');
        ost_buf_addc(out, left > 2 ? letters[v & 63] : '=');
    }
}

static const ost_ref *find_blob(const ost_report_page *p, const char *name)
{
    for (size_t i = 0; *name && i < p->artifact->n_refs; i++) {
        if (strcmp(p->artifact->refs[i].name, name) == 0)
            return &p->artifact->refs[i];
    }
    return NULL;
}

ost_rc ost_report_picture(ost_report_page *p, const json_t *e,
                          const char *member, const char *class,
                          const char *alt, ost_err *err)
{
    const ost_ref *ref = find_blob(p, ost_report_text(e, member));
    ost_buf *out = p->out;
    ost_blob blob;
    ost_rc rc;

    if (!ref)
        return OST_OK;
    rc = ost_batch_blob(p->batch, &ref->digest, &blob, err);
    if (rc)
        return rc;
    ost_buf_adds(out, "<img");
    if (*class)
        ost_buf_addf(out, " class=\"%s\"", class);
    ost_buf_adds(out, " alt=\"");
    ost_buf_add_html(out, alt);
    ost_buf_addf(out,
                 "\" width=\"%llu\" height=\"%llu\" "
                 "src=\"data:image/png;base64,",
                 (unsigned long long)ost_report_number(e, "width"),
                 (unsigned long long)ost_report_number(e, "height"));
    add_base64(out, blob.data, blob.size);
    ost_buf_adds(out, "\">");
    ost_blob_release(&blob);
    return OST_OK;
}

/* --- sheets -------------------------------------------------------------- */

static ost_rc add_strip(ost_report_page *p, const char *member,
                        const char *title, const char *what, ost_err *err)
{
    const json_t *all = json_object_get(p->doc, member);
    ost_rc rc = OST_OK;

    if (json_array_size(all) == 0)
        return OST_OK;
    ost_buf_addf(p->out, "<h3>%s</h3>\n<div class=\"strip\">\n", title);
    for (size_t i = 0; i < json_array_size(all) && !rc; i++) {
        const json_t *e = json_array_get(all, i);
        const char *id = ost_report_text(e, "id");

        ost_buf_adds(p->out, "<figure class=\"shot\"><div class=\"frame\">");
        rc = ost_report_picture(
            p, e, "picture", "",
            ost_arena_printf(&p->arena, "%s image %s", what, id), err);
        ost_buf_adds(p->out, "</div><figcaption><p class=\"id\" title=\"");
        ost_buf_add_html(p->out, id);
        ost_buf_adds(p->out, "\">");
        ost_buf_add_html(p->out, id);
        ost_buf_adds(p->out, "</p></figcaption></figure>\n");
    }
    ost_buf_adds(p->out, "</div>\n");
    return rc;
}

ost_rc ost_report_generated(ost_report_page *p, ost_err *err)
{
    ost_rc rc;

    if (!ost_report_is_html(p) ||
        json_array_size(json_object_get(p->doc, "generated")) == 0)
        return OST_OK;
    ost_report_open(p, "generated", "Generated images");
    rc = add_strip(p, "generated", "Generated", "generated", err);
    if (!rc)
        rc = add_strip(p, "real", "Real", "real", err);
    ost_report_paragraph(p, "note",
                         "Spread evenly over all of them, by id; nobody "
                         "chose.");
    ost_report_close(p);
    return rc;
}

/* --- outlines ------------------------------------------------------------ */

static ost_rc add_outlined(ost_report_page *p, const json_t *e, ost_err *err)
{
    const char *id = ost_report_text(e, "id");
    const char *alt = ost_arena_printf(&p->arena, "image %s with outlines", id);
    ost_rc rc;

    ost_buf_adds(p->out, "<figure class=\"shot\"><div class=\"frame\">");
    rc = ost_report_picture(p, e, "picture", "", alt, err);
    if (!rc)
        rc = ost_report_picture(p, e, "reference", "over", "", err);
    if (!rc)
        rc = ost_report_picture(p, e, "predicted", "over", "", err);
    ost_buf_adds(p->out, "</div><figcaption>");
    if (ost_report_has(e, "dice")) {
        ost_buf_adds(p->out, "<p>Dice <b>");
        ost_report_rate(p->out, json_object_get(e, "dice"));
        ost_buf_adds(p->out, "</b></p>");
    }
    ost_buf_adds(p->out, "<p class=\"id\" title=\"");
    ost_buf_add_html(p->out, id);
    ost_buf_adds(p->out, "\">");
    ost_buf_add_html(p->out, id);
    ost_buf_adds(p->out, "</p></figcaption></figure>\n");
    return rc;
}

static void add_outline_keys(ost_buf *out)
{
    ost_buf_adds(out,
                 "<ul class=\"keys inline\">\n<li><span class=\"swatch\" "
                 "style=\"background: #56b4e9\"></span><span>Reference</span>"
                 "</li>\n<li><span class=\"swatch\" style=\"background: "
                 "#ffb020\"></span><span>Predicted</span></li>\n</ul>\n");
}

ost_rc ost_report_outlines(ost_report_page *p, ost_err *err)
{
    static const char *const places[][2] = { { "least", "Least alike" },
                                             { "most", "Most alike" } };
    const json_t *all = json_object_get(p->doc, "segmentations");
    ost_rc rc = OST_OK;

    if (!ost_report_is_html(p) || json_array_size(all) == 0)
        return OST_OK;
    ost_report_open(p, "outlines", "Outlines");
    for (size_t k = 0; k < 2 && !rc; k++) {
        bool any = false;

        for (size_t i = 0; i < json_array_size(all) && !rc; i++) {
            const json_t *e = json_array_get(all, i);

            if (strcmp(ost_report_text(e, "place"), places[k][0]) != 0)
                continue;
            if (!any)
                ost_buf_addf(p->out, "<h3>%s</h3>\n<div class=\"strip\">\n",
                             places[k][1]);
            any = true;
            rc = add_outlined(p, e, err);
        }
        ost_buf_adds(p->out, any ? "</div>\n" : "");
    }
    add_outline_keys(p->out);
    ost_report_close(p);
    return rc;
}
