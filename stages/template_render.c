/* stages/template_render.c - a template and an item become a text */
#include "base/text.h"
#include "stages/matching.h"
#include "stages/template_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

typedef struct rendering {
    const ost_template *t;
    const ost_item *facts;
    ost_arena *arena;
    ost_template_names *read;
    ost_buf *out;
    ost_err *err;
} rendering;

static ost_rc fault(const rendering *r, ost_template_place at, ost_rc rc,
                    const char *what, const char *name, const char *more)
{
    return ost_fail(r->err, rc, "%s:%d:%d: %s '%s'%s", r->t->file, at.line,
                    at.column, what, name, more);
}

/* OST_ENOTFOUND: there is no value, which `optional` catches. */
static ost_rc lacking(const rendering *r, ost_template_place at,
                      const char *name)
{
    OST_VEC(const char *) names = { 0 };
    const char *near;

    for (size_t i = 0; i < r->facts->n_attrs; i++)
        ost_vec_push(&names, r->facts->attrs[i].name);
    near = ost_nearest(name, names.data, names.len);
    ost_vec_release(&names);
    return fault(r, at, OST_ENOTFOUND, "there is no", name,
                 near && strcmp(near, name) != 0
                     ? ost_arena_printf(r->arena, " (did you mean '%s'?)", near)
                     : "");
}

static const ost_attr *value_of(const rendering *r, const char *name)
{
    const ost_attr *a = ost_item_attr(r->facts, name);

    ost_vec_push(r->read, name);
    return a && a->kind == OST_ATTR_TEXT && !*a->text ? NULL : a;
}

/* --- lists --------------------------------------------------------------- */

typedef OST_VEC(const char *) word_list;

static void split(const rendering *r, const char *text, word_list *list)
{
    for (const char *end; *text; text = *end ? end + 1 : end) {
        end = strchr(text, '|');
        end = end ? end : text + strlen(text);
        if (end > text)
            ost_vec_push(
                list, ost_arena_strndup(r->arena, text, (size_t)(end - text)));
    }
}

static const char *number_text(const rendering *r,
                               const ost_template_slot *slot, const ost_attr *a)
{
    const char *text =
        slot->decimals < 0
            ? ost_attr_text(r->arena, a)
            : ost_arena_printf(r->arena, "%.*f", slot->decimals, a->number);
    const char *point = strchr(text, '.');

    if (!point)
        return text;
    return ost_arena_printf(r->arena, "%.*s%s%s", (int)(point - text), text,
                            slot->point, point + 1);
}

static ost_rc add_value(const rendering *r, const ost_template_node *node,
                        const ost_attr *a, word_list *list)
{
    if (a->kind == OST_ATTR_TEXT) {
        if (node->slot.decimals >= 0)
            return fault(r, node->at, OST_EINPUT, "no number is in", a->name,
                         "");
        split(r, a->text, list);
        return OST_OK;
    }
    if (!isfinite(a->number))
        return fault(r, node->at, OST_EINPUT, "no number can be told of",
                     a->name, "");
    ost_vec_push(list, number_text(r, &node->slot, a));
    return OST_OK;
}

/* The words in the order of the dictionary, and as it has them. */
static ost_rc translate(const rendering *r, const ost_template_node *node,
                        word_list *list)
{
    const ost_template_words *words = node->slot.words;
    word_list found = { 0 };

    for (size_t i = 0; i < words->n; i++)
        for (size_t k = 0; k < list->len; k++)
            if (list->data[k] && strcmp(list->data[k], words->v[i].key) == 0) {
                ost_vec_push(&found, words->v[i].text);
                list->data[k] = NULL;
            }
    for (size_t k = 0; k < list->len; k++)
        if (list->data[k]) {
            ost_vec_release(&found);
            return fault(r, node->at, OST_EINPUT,
                         ost_arena_printf(r->arena,
                                          "the dictionary '%s' has no",
                                          words->name),
                         list->data[k], "");
        }
    ost_vec_release(list);
    *list = found;
    return OST_OK;
}

/* By length first, so that frame10 comes behind frame9. */
static int by_number(const void *a, const void *b)
{
    const ost_attr *x = a, *y = b;
    size_t n = strlen(x->name), m = strlen(y->name);

    return n != m ? (n < m ? -1 : 1) : strcmp(x->name, y->name);
}

static ost_rc add_all(const rendering *r, const ost_template_node *node,
                      word_list *list)
{
    size_t n = strlen(node->slot.name) - 1;
    OST_VEC(ost_attr) all = { 0 };
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < r->facts->n_attrs; i++)
        if (strncmp(r->facts->attrs[i].name, node->slot.name, n) == 0)
            ost_vec_push(&all, r->facts->attrs[i]);
    if (all.len)
        qsort(all.data, all.len, sizeof(*all.data), by_number);
    for (size_t i = 0; i < all.len && !rc; i++) {
        ost_vec_push(r->read, all.data[i].name);
        rc = add_value(r, node, &all.data[i], list);
    }
    ost_vec_release(&all);
    return rc;
}

static ost_rc render_slot(const rendering *r, const ost_template_node *node)
{
    const ost_template_slot *slot = &node->slot;
    word_list list = { 0 };
    const ost_attr *a;
    ost_rc rc = OST_OK;

    if (slot->name[strlen(slot->name) - 1] == '*')
        rc = add_all(r, node, &list);
    else if ((a = value_of(r, slot->name)))
        rc = add_value(r, node, a, &list);
    if (!rc && list.len == 0)
        rc = lacking(r, node->at, slot->name);
    if (!rc && slot->words)
        rc = translate(r, node, &list);
    for (size_t i = 0; i < list.len && !rc; i++) {
        if (i > 0)
            ost_buf_adds(r->out, i + 1 == list.len ? slot->last : slot->list);
        ost_buf_adds(r->out, list.data[i]);
    }
    ost_vec_release(&list);
    return rc;
}

/* --- conditions ---------------------------------------------------------- */

static bool compare(ost_template_test test, double a, double b)
{
    switch (test) {
    case OST_TEST_EQ:
        return a == b;
    case OST_TEST_NE:
        return a != b;
    case OST_TEST_LT:
        return a < b;
    case OST_TEST_LE:
        return a <= b;
    case OST_TEST_GT:
        return a > b;
    case OST_TEST_GE:
        return a >= b;
    case OST_TEST_IS:
    case OST_TEST_HAS:
        break;
    }
    OST_BUG();
}

/* Of an attribute that is there. */
static ost_rc holds(const rendering *r, const ost_template_condition *c,
                    const ost_attr *a, bool *yes)
{
    word_list list = { 0 };
    bool text = a->kind == OST_ATTR_TEXT;

    if (c->text && c->test != OST_TEST_HAS && !text)
        return fault(r, c->at, OST_EINPUT, "no text is in", c->name, "");
    if (!c->text && !c->count && (text || !isfinite(a->number)))
        return fault(r, c->at, OST_EINPUT, "no number is in", c->name, "");
    if (text)
        split(r, a->text, &list);
    if (c->count) {
        *yes = compare(c->test, text ? (double)list.len : 1.0, c->number);
    } else if (c->test == OST_TEST_HAS) {
        *yes = false;
        for (size_t i = 0; i < list.len; i++)
            *yes = *yes || strcmp(list.data[i], c->text) == 0;
    } else if (c->text) {
        *yes = (strcmp(a->text, c->text) == 0) == (c->test == OST_TEST_EQ);
    } else {
        *yes = compare(c->test, a->number, c->number);
    }
    ost_vec_release(&list);
    return OST_OK;
}

static ost_rc judge(const rendering *r, const ost_template_condition *c,
                    bool *yes)
{
    ost_rc rc = OST_OK;

    *yes = true;
    for (; c && *yes && !rc; c = c->next) {
        const ost_attr *a = value_of(r, c->name);

        if (c->test == OST_TEST_IS)
            *yes = a != NULL;
        else if (a)
            rc = holds(r, c, a, yes);
        else
            rc = lacking(r, c->at, c->name);
        *yes = *yes != c->negated;
    }
    return rc;
}

/* --- all ----------------------------------------------------------------- */

static ost_rc render(const rendering *r, const ost_template_node *node);

static ost_rc render_optional(const rendering *r,
                              const ost_template_node *inside)
{
    size_t length = r->out->len, read = r->read->len;
    ost_rc rc = render(r, inside);

    if (rc != OST_ENOTFOUND)
        return rc;
    r->out->len = length;
    if (r->out->data)
        r->out->data[length] = 0;
    r->read->len = read;
    *r->err = (ost_err){ 0 };
    return OST_OK;
}

static ost_rc render(const rendering *r, const ost_template_node *node)
{
    ost_rc rc = OST_OK;

    for (; node && !rc; node = node->next) {
        bool yes;

        switch (node->kind) {
        case OST_TEMPLATE_TEXT:
            ost_buf_add(r->out, node->text, node->size);
            break;
        case OST_TEMPLATE_SLOT:
            rc = render_slot(r, node);
            break;
        case OST_TEMPLATE_OPTIONAL:
            rc = render_optional(r, node->inside);
            break;
        case OST_TEMPLATE_IF:
            rc = judge(r, node->condition, &yes);
            if (!rc)
                rc = render(r, yes ? node->inside : node->otherwise);
            break;
        }
    }
    return rc;
}

ost_rc ost_template_render(const ost_template *t, const ost_item *facts,
                           ost_arena *arena, ost_template_names *read,
                           ost_buf *out, ost_err *err)
{
    const rendering r = { t, facts, arena, read, out, err };
    ost_rc rc = render(&r, t->first);

    return rc == OST_ENOTFOUND ? OST_EINPUT : rc;
}
