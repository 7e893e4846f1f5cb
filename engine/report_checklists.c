/* engine/report_checklists.c - the reporting checklists that journals ask for,
 * filled in as far as the run knows */
#include "engine/report_facts.h"

#include <string.h>

#include "base/banned.h"

typedef struct {
    const char *number;
    const char *section;
    const char *words;
    ost_report_fact fact;
} item;

#define ITEM(number, section, words, fact) \
    { number, section, words, OST_FACT_##fact },
static const item tripod_ai[] = {
#include "engine/checklist_tripod_ai.def"
};
static const item claim[] = {
#include "engine/checklist_claim.def"
};
#undef ITEM

typedef struct {
    const char *id;
    const char *title;
    const char *source;
    const item *items;
    size_t n;
} checklist;

static const checklist checklists[] = {
    { "tripod-ai", "TRIPOD+AI", "Collins et al., BMJ 2024;385:e078378",
      tripod_ai, sizeof(tripod_ai) / sizeof(tripod_ai[0]) },
    { "claim", "CLAIM",
      "Mongan, Moy and Kahn, Radiology: Artificial Intelligence 2020;2(2):"
      "e200029",
      claim, sizeof(claim) / sizeof(claim[0]) },
};

enum { CHECKLISTS = sizeof(checklists) / sizeof(checklists[0]) };

static size_t add_item(ost_report_page *p, ost_report_table *t, const item *it)
{
    ost_buf words = { 0 };
    size_t known;

    ost_report_fact_words(p, it->fact, &words);
    known = words.len > 0;
    ost_table_row(t, known ? "known" : "open");
    ost_table_text(t, it->number);
    ost_table_text(
        t, ost_arena_printf(&p->arena, "%s: %s", it->section, it->words));
    ost_table_text(t, known ? ost_buf_str(&words) : "open");
    ost_buf_release(&words);
    return known;
}

static void add_checklist(ost_report_page *p, const checklist *c)
{
    ost_report_table *t = ost_table_new(&p->arena, c->id, "");
    const char *summary;
    size_t known = 0;

    ost_table_column(t, "Item", OST_COLUMN_TEXT);
    ost_table_column(t, "What is asked", OST_COLUMN_TEXT | OST_COLUMN_WRAP);
    ost_table_column(t, "What the run knows",
                     OST_COLUMN_TEXT | OST_COLUMN_WRAP);
    for (size_t i = 0; i < c->n; i++)
        known += add_item(p, t, &c->items[i]);
    t->note = ost_arena_printf(
        &p->arena,
        "%s. Items in short, in words of osteon; what the run knows is the "
        "beginning of an answer, the authors complete it.",
        c->source);
    summary =
        ost_arena_printf(&p->arena, "%s: %zu of %zu items begun, %zu open",
                         c->title, known, c->n, c->n - known);
    if (ost_report_is_html(p)) {
        ost_buf_adds(p->out, "<details class=\"checklist\"><summary>");
        ost_buf_add_html(p->out, summary);
        ost_buf_adds(p->out, "</summary>\n");
    } else {
        ost_report_paragraph(p, "", summary);
    }
    ost_report_table_put(p, t);
    if (ost_report_is_html(p))
        ost_buf_adds(p->out, "</details>\n");
}

static bool is_study(const ost_report_page *p)
{
    return json_object_get(p->doc, "study") ||
           json_array_size(json_object_get(p->doc, "metrics")) > 0;
}

static json_t *item_json(ost_report_page *p, const item *it)
{
    json_t *out = json_pack("{s:s, s:s, s:s}", "item", it->number, "section",
                            it->section, "asked", it->words);
    ost_buf words = { 0 };

    ost_report_fact_words(p, it->fact, &words);
    json_object_set_new(out, "known",
                        words.len > 0 ? json_string(ost_buf_str(&words))
                                      : json_null());
    ost_buf_release(&words);
    return out;
}

json_t *ost_report_checklists_json(ost_report_page *p)
{
    json_t *all = json_array();

    for (size_t c = 0; c < CHECKLISTS && is_study(p); c++) {
        json_t *items = json_array();

        for (size_t i = 0; i < checklists[c].n; i++)
            json_array_append_new(items, item_json(p, &checklists[c].items[i]));
        json_array_append_new(
            all, json_pack("{s:s, s:s, s:o}", "title", checklists[c].title,
                           "source", checklists[c].source, "items", items));
    }
    return all;
}

void ost_report_checklists(ost_report_page *p)
{
    if (!is_study(p))
        return;
    ost_report_open(p, "checklists", "Reporting checklists");
    for (size_t i = 0; i < CHECKLISTS; i++)
        add_checklist(p, &checklists[i]);
    ost_report_close(p);
}
