/* stages/write_report.c - what is known of an item as a text for people
 *
 * The template (stages/template.h) is filled with the item's attributes, its
 * `id` and `group`, and what predictions say of it: those at the row NAME are
 * called NAME.predicted, NAME.score.CLASS and so on (of a row without a name
 * as they are).  Labels are what is true and are no part of a report.
 *
 * `truth` says where what is true stands: {"NAME": "label"}, or the name of an
 * attribute; or which word of a list it is about and how that is called in
 * truth, {"NAME": {"has": "lesion", "at": "label", "as": "metastasis"}}.
 *
 * A report is right when everything that it says or that decided
 * what it says, as far as `truth` knows about it, is as it is in truth: lists
 * in any order, an attribute that is not there like an empty one.  A name that
 * the text did not come to does not count.  `said` has a prediction for each
 * report, labeled "right" and predicted as "right" or "wrong", for `evaluate`;
 * `report.wrong` lists the names that differ.
 */
#include "base/text.h"
#include "stages/matching.h"
#include "stages/template.h"

#include <string.h>

#include "base/banned.h"

typedef struct report_params {
    ost_file template;
    int by;
    const json_t *truth;
    const char *suffix;
} report_params;

static const ost_param params[] = {
    OST_PARAM(report_params, template, FILE, "text with slots",
              .required = true),
    OST_PARAM(report_params, by, CHOICE,
              "what an item has in common with its prediction",
              .dflt = "\"id\"", .choices = OST_MATCH_WORDS),
    OST_PARAM(report_params, truth, OBJECT,
              "from a name in the template to where its true value is: "
              "\"label\", or an attribute; or {\"has\": word, \"at\": where, "
              "\"as\": the word there}",
              .dflt = "{}"),
    OST_PARAM(report_params, suffix, STR, "end of the files' names",
              .dflt = "\".txt\""),
    OST_END,
};

static bool is_place(const json_t *v)
{
    return json_is_string(v) && *json_string_value(v);
}

static bool is_word(const json_t *v)
{
    return json_object_size(v) == 3 && is_place(json_object_get(v, "has")) &&
           is_place(json_object_get(v, "at")) &&
           is_place(json_object_get(v, "as"));
}

static ost_rc check(const void *with, ost_err *err)
{
    const report_params *p = with;
    ost_arena arena = { 0 };
    const ost_template *t;
    const char *name;
    ost_rc rc = OST_OK;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)p->truth, name, v)
    {
        if (!is_place(v) && !is_word(v))
            return ost_fail(err, OST_EWORKFLOW,
                            "param 'truth': '%s' has to be \"label\" or the "
                            "name of an attribute, or {\"has\": word, \"at\": "
                            "one of these, \"as\": word}",
                            name);
    }
    if (p->template.data)
        rc = ost_template_parse(&p->template, &arena, &t, err);
    ost_arena_release(&arena);
    return rc;
}

typedef struct writing {
    ost_stage_ctx *ctx;
    const report_params *p;
    const ost_template *t;
    ost_match_index *said; /* by input of predictions */
    size_t n_said;
    size_t wrong;
} writing;

/* --- what is known ------------------------------------------------------- */

static void set_attr(ost_arena *arena, ost_item *facts, const char *name,
                     const ost_attr *a)
{
    if (a->kind == OST_ATTR_NUMBER)
        ost_item_set_number(arena, facts, name, a->number);
    else
        ost_item_set_text(arena, facts, name, a->text);
}

static ost_rc add_predictions(writing *w, const ost_item *in, size_t i,
                              ost_item *out, ost_item *facts, ost_err *err)
{
    const ost_input *input = ost_ctx_input(w->ctx, "predictions", i);
    ost_arena *arena = ost_ctx_arena(w->ctx);
    const char *key = ost_match_key(arena, w->p->by, in);
    const ost_item *item = ost_match_first(&w->said[i], key);

    if (!item)
        return OST_OK;
    if (ost_match_next(&w->said[i], item))
        return ost_fail(err, OST_EINPUT,
                        "there are two predictions, '%s' and '%s' (%s '%s')",
                        item->id, ost_match_next(&w->said[i], item)->id,
                        ost_match_word(w->p->by), key);
    for (size_t k = 0; k < item->n_attrs; k++) {
        const ost_attr *a = &item->attrs[k];

        set_attr(arena, facts,
                 input->row
                     ? ost_arena_printf(arena, "%s.%s", input->row, a->name)
                     : a->name,
                 a);
    }
    return ost_expose(w->ctx, out, item, err);
}

/* --- whether it is true -------------------------------------------------- */

/* The words of a list, sorted, with '|' between them. */
static const char *sorted(ost_arena *arena, const char *text)
{
    ost_item item = { 0 };
    ost_buf out = { 0 };
    const char *result;

    ost_item_set_labels(arena, &item, text);
    ost_item_add_labels(&out, &item);
    result = ost_arena_strdup(arena, ost_buf_str(&out));
    ost_buf_release(&out);
    return result;
}

static const char *text_of(ost_arena *arena, const ost_attr *a)
{
    return a ? sorted(arena, ost_attr_text(arena, a)) : "";
}

static const char *true_text(ost_arena *arena, const ost_item *in,
                             const char *where)
{
    ost_buf labels = { 0 };
    const char *text;

    if (strcmp(where, "label") != 0)
        return text_of(arena, ost_item_attr(in, where));
    ost_item_add_labels(&labels, in);
    text = sorted(arena, ost_buf_str(&labels));
    ost_buf_release(&labels);
    return text;
}

/* Whether a list "a|b" has a word. */
static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = list; at; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, word, n) == 0 && (!at[n] || at[n] == '|'))
            return true;
    }
    return false;
}

static bool is_true(ost_arena *arena, const ost_item *in, const char *said,
                    const json_t *where)
{
    const char *place = json_string_value(where);
    const char *word;

    if (place)
        return strcmp(said, true_text(arena, in, place)) == 0;
    place = json_string_value(json_object_get(where, "at"));
    word = json_string_value(json_object_get(where, "as"));
    return has_word(said, json_string_value(json_object_get(where, "has"))) ==
           has_word(true_text(arena, in, place), word);
}

/* Says of the report what is true and what is not. */
static void judge(writing *w, const ost_item *in, const ost_item *facts,
                  const ost_template_names *read, ost_item *out)
{
    ost_arena *arena = ost_ctx_arena(w->ctx);
    ost_buf wrong = { 0 };
    const char *name;
    json_t *where;

    json_object_foreach((json_t *)(uintptr_t)w->p->truth, name, where)
    {
        size_t i = 0;

        while (i < read->len && strcmp(read->data[i], name) != 0)
            i++;
        if (i < read->len &&
            !is_true(arena, in, text_of(arena, ost_item_attr(facts, name)),
                     where))
            ost_buf_addf(&wrong, "%s%s", wrong.len ? "|" : "", name);
    }
    ost_item_set_label(arena, out, "right");
    ost_item_set_text(arena, out, "predicted", wrong.len ? "wrong" : "right");
    if (wrong.len)
        ost_item_set_text(arena, out, "report.wrong", ost_buf_str(&wrong));
    w->wrong += wrong.len > 0;
    ost_buf_release(&wrong);
}

/* --- all ----------------------------------------------------------------- */

static ost_rc write_one(writing *w, const ost_item *in, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(w->ctx);
    ost_item *out = ost_derive(w->ctx, in, -1);
    ost_item facts = *in;
    ost_template_names read = { 0 };
    ost_buf text = { 0 };
    ost_rc rc = OST_OK;

    ost_item_set_text(arena, &facts, "id", in->id);
    ost_item_set_text(arena, &facts, "group", in->group);
    for (size_t i = 0; i < w->n_said && !rc; i++)
        rc = add_predictions(w, in, i, out, &facts, err);
    if (!rc)
        rc = ost_template_render(w->t, &facts, arena, &read, &text, err);
    if (!rc)
        rc =
            ost_emit_file(w->ctx, "files",
                          ost_arena_printf(arena, "%s%s", in->id, w->p->suffix),
                          ost_buf_str(&text), text.len, err);
    if (!rc && json_object_size(w->p->truth)) {
        judge(w, in, &facts, &read, out);
        out->n_fields = 0;
        rc = ost_emit(w->ctx, "said", out, err);
    }
    if (rc)
        ost_err_at(err, "item '%s'", in->id);
    ost_vec_release(&read);
    ost_buf_release(&text);
    return rc;
}

static ost_rc open_predictions(writing *w, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(w->ctx);
    size_t n = ost_ctx_input_count(w->ctx, "predictions");
    ost_rc rc = OST_OK;

    w->said = OST_ARENA_ARRAY(arena, ost_match_index, n + 1);
    for (; w->n_said < n && !rc; w->n_said++) {
        const ost_item *items = NULL;
        size_t count = 0;

        rc = ost_ctx_items(w->ctx,
                           ost_ctx_input(w->ctx, "predictions", w->n_said),
                           &items, &count, err);
        ost_match_index_init(&w->said[w->n_said], arena, w->p->by, items,
                             count);
    }
    return rc;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    writing w = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    const ost_item *items = NULL;
    json_t *meta;
    size_t n = 0;
    ost_rc rc;

    rc = ost_template_parse(&w.p->template, ost_ctx_arena(ctx), &w.t, err);
    if (!rc)
        rc = open_predictions(&w, err);
    if (!rc)
        rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);
    for (size_t i = 0; i < n && !rc; i++)
        rc = write_one(&w, &items[i], err);
    if (!rc && json_object_size(w.p->truth)) {
        meta = json_pack("{s:[ss]}", "classes", "right", "wrong");
        rc = ost_emit_meta(ctx, "said", meta, err);
        json_decref(meta);
        ost_note(ctx, "%zu of %zu reports are right", n - w.wrong, n);
    }
    for (size_t i = 0; i < w.n_said; i++)
        ost_match_index_release(&w.said[i]);
    return rc;
}

const ost_stage ost_stage_write_report = {
    .name = "write_report",
    .version = 1, /* bump when any output byte can change */
    .summary = "Writes a text about each item, from a template.",
    .param_size = sizeof(report_params),
    .params = params,
    .inputs = OST_PORTS(
        { "in", OST_DATASET, "items that reports are about", false, false },
        { "predictions", OST_PREDICTIONS,
          "what models say of them; the row's name comes before each "
          "attribute's",
          true, true }),
    .outputs = OST_PORTS(
        { "files", OST_FILES, "a text for each item", false, false },
        { "said", OST_PREDICTIONS,
          "which reports are right, if 'truth' is known", false, false }),
    .check = check,
    .run = run,
};
