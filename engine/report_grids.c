/* engine/report_grids.c - what generators made as they learned, and made images
 * beside those that they are nearest to */
#include "engine/report_impl.h"

#include <string.h>

#include "base/banned.h"

enum { GRID_WIDTH = 528 }; /* of two side by side */

static void add_id(ost_report_page *p, const char *id)
{
    ost_buf_adds(p->out, "<p class=\"id\" title=\"");
    ost_buf_add_html(p->out, id);
    ost_buf_adds(p->out, "\">");
    ost_buf_add_html(p->out, id);
    ost_buf_adds(p->out, "</p>");
}

/* --- grids --------------------------------------------------------------- */

/* Small grids are shown several times as large. */
static json_t *enlarged(const json_t *step)
{
    uint64_t width = ost_report_number(step, "width");
    uint64_t height = ost_report_number(step, "height");
    uint64_t times = width > 0 ? GRID_WIDTH / width : 1;
    json_t *copy = json_copy((json_t *)(uintptr_t)step);

    times = times < 1 ? 1 : times > 4 ? 4 : times;
    json_object_set_new(copy, "width",
                        json_integer((json_int_t)(width * times)));
    json_object_set_new(copy, "height",
                        json_integer((json_int_t)(height * times)));
    return copy;
}

static ost_rc add_step(ost_report_page *p, const json_t *step, ost_err *err)
{
    json_t *shown = enlarged(step);
    ost_buf words = { 0 };
    ost_rc rc;

    ost_buf_adds(&words, "update ");
    ost_report_count(&words, (uint64_t)ost_report_real(step, "step"));
    ost_buf_adds(p->out, "<figure class=\"grid\"><figcaption>U");
    ost_buf_add_html(p->out, ost_buf_str(&words) + 1);
    ost_buf_adds(p->out, "</figcaption>");
    rc = ost_report_picture(
        p, shown, "picture", "",
        ost_arena_printf(&p->arena, "samples at %s", ost_buf_str(&words)), err);
    ost_buf_adds(p->out, "</figure>\n");
    ost_buf_release(&words);
    json_decref(shown);
    return rc;
}

static const char *grids_note(ost_report_page *p, const json_t *grids)
{
    size_t shown = 0;
    uint64_t all = 0;

    for (size_t i = 0; i < json_array_size(grids); i++) {
        const json_t *one = json_array_get(grids, i);

        shown += json_array_size(json_object_get(one, "steps"));
        all += ost_report_number(one, "n_steps");
    }
    return all > shown
               ? ost_arena_printf(&p->arena,
                                  "%zu of %llu samplings, spread evenly, the "
                                  "last one among them.  Every picture is of "
                                  "the same samples, column by column.",
                                  shown, (unsigned long long)all)
               : "Every picture is of the same samples, column by column.";
}

ost_rc ost_report_grids(ost_report_page *p, ost_err *err)
{
    const json_t *grids = json_object_get(p->doc, "grids");
    size_t n = json_array_size(grids);
    ost_rc rc = OST_OK;

    if (!ost_report_is_html(p) || n == 0)
        return OST_OK;
    ost_report_open(p, "grids", "Samples over the training");
    for (size_t i = 0; i < n && !rc; i++) {
        const json_t *one = json_array_get(grids, i);
        const json_t *steps = json_object_get(one, "steps");

        if (n > 1) {
            ost_buf_adds(p->out, "<h3>");
            ost_buf_add_html(p->out, ost_report_entry_name(p, one, i));
            ost_buf_adds(p->out, "</h3>\n");
        }
        ost_buf_adds(p->out, "<div class=\"grids\">\n");
        for (size_t k = 0; k < json_array_size(steps) && !rc; k++)
            rc = add_step(p, json_array_get(steps, k), err);
        ost_buf_adds(p->out, "</div>\n");
    }
    ost_report_paragraph(p, "note", grids_note(p, grids));
    ost_report_close(p);
    return rc;
}

/* --- neighbors ----------------------------------------------------------- */

static ost_rc add_side(ost_report_page *p, const json_t *side, const char *what,
                       ost_err *err)
{
    const char *id = ost_report_text(side, "id");
    ost_rc rc;

    ost_buf_adds(p->out, "<div class=\"frame\">");
    rc = ost_report_picture(
        p, side, "picture", "",
        ost_arena_printf(&p->arena, "%s image %s", what, id), err);
    ost_buf_adds(p->out, "</div>");
    return rc;
}

static ost_rc add_pair(ost_report_page *p, const json_t *pair, ost_err *err)
{
    const json_t *made = json_object_get(pair, "generated");
    const json_t *learned = json_object_get(pair, "learned");
    ost_buf distance = { 0 };
    ost_rc rc;

    ost_buf_adds(p->out, "<figure class=\"shot\"><div class=\"two\">");
    rc = add_side(p, made, "generated", err);
    if (!rc)
        rc = add_side(p, learned, "learned", err);
    ost_buf_adds(p->out, "</div><figcaption><p>Distance <b>");
    if (ost_report_has(pair, "distance"))
        ost_number_text(&distance, ost_report_real(pair, "distance"), 3, false);
    ost_buf_add_html(p->out, ost_buf_str(&distance));
    ost_buf_adds(p->out, "</b></p>");
    add_id(p, ost_report_text(made, "id"));
    add_id(p, ost_report_text(learned, "id"));
    ost_buf_adds(p->out, "</figcaption></figure>\n");
    ost_buf_release(&distance);
    return rc;
}

ost_rc ost_report_neighbors(ost_report_page *p, ost_err *err)
{
    const json_t *pairs = json_object_get(p->doc, "neighbors");
    ost_rc rc = OST_OK;

    if (!ost_report_is_html(p) || json_array_size(pairs) == 0)
        return OST_OK;
    ost_report_open(p, "neighbors", "Nearest to what was learned");
    ost_buf_adds(p->out, "<div class=\"strip twos\">\n");
    for (size_t i = 0; i < json_array_size(pairs) && !rc; i++)
        rc = add_pair(p, json_array_get(pairs, i), err);
    ost_buf_adds(p->out, "</div>\n");
    ost_report_paragraph(
        p, "note",
        ost_arena_printf(
            &p->arena,
            "Left what was made, right the nearest image that was learned "
            "from; the nearest pairs of all by %s.  Two that are the same "
            "picture mean that the generator hands out what it has seen.",
            ost_report_text(json_array_get(pairs, 0), "space")));
    ost_report_close(p);
    return rc;
}
