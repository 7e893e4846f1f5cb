/* stages/template_tag.c - what stands in a tag of a template */
#include "base/text.h"
#include "stages/template_impl.h"

#include <string.h>

#include "base/banned.h"

ost_template_place ost_template_at(const ost_template_parsing *p,
                                   const char *at)
{
    ost_template_place place = { 1, 1 };

    for (const char *s = p->file->data; s < at; s++) {
        if (*s == '\n') {
            place.line++;
            place.column = 1;
        } else if (((unsigned char)*s & 0xc0) != 0x80) {
            place.column++;
        }
    }
    return place;
}

ost_rc ost_template_fault(ost_template_parsing *p, const char *at,
                          const char *what, const char *name)
{
    ost_template_place place = ost_template_at(p, at);

    return ost_fail(p->err, OST_EWORKFLOW, "%s:%d:%d: %s%s%s%s", p->file->name,
                    place.line, place.column, what, name ? " '" : "",
                    name ? name : "", name ? "'" : "");
}

/* --- tokens -------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name(char c)
{
    return c && !is_blank(c) && !strchr("=!<>\"{}", c);
}

static ost_rc read_text(ost_template_parsing *p)
{
    ost_buf text = { 0 };
    ost_rc rc = OST_OK;

    p->token.kind = OST_TOKEN_TEXT;
    for (p->at++; p->at < p->tag_end && *p->at != '"'; p->at++) {
        if (*p->at == '\\' && p->at + 1 < p->tag_end) {
            p->at++;
            if (!strchr("\"\\n", *p->at))
                rc = ost_template_fault(p, p->at - 1,
                                        "after \\ comes \", \\ or n", NULL);
            ost_buf_addc(&text, *p->at == 'n' ? '\n' : *p->at);
        } else {
            ost_buf_addc(&text, *p->at);
        }
    }
    if (!rc && p->at == p->tag_end)
        rc = ost_template_fault(p, p->token.at, "the text has no closing \"",
                                NULL);
    p->at++;
    p->token.text = ost_arena_strdup(p->arena, ost_buf_str(&text));
    ost_buf_release(&text);
    return rc;
}

ost_rc ost_template_advance(ost_template_parsing *p)
{
    const char *from;

    while (p->at < p->tag_end && is_blank(*p->at))
        p->at++;
    p->token = (ost_template_token){ OST_TOKEN_END, "", p->at };
    if (p->at == p->tag_end)
        return OST_OK;
    if (*p->at == '"')
        return read_text(p);
    from = p->at;
    p->token.kind = OST_TOKEN_NAME;
    while (p->at < p->tag_end && is_name(*p->at))
        p->at++;
    if (p->at == from) {
        p->token.kind = OST_TOKEN_SIGN;
        p->at++;
        if (p->at < p->tag_end && *p->at == '=' && strchr("!<>", *from))
            p->at++;
    }
    p->token.text = ost_arena_strndup(p->arena, from, (size_t)(p->at - from));
    return OST_OK;
}

static bool is_sign(const ost_template_parsing *p, const char *sign)
{
    return p->token.kind == OST_TOKEN_SIGN && strcmp(p->token.text, sign) == 0;
}

bool ost_template_is_word(const ost_template_parsing *p, const char *word)
{
    return p->token.kind == OST_TOKEN_NAME && strcmp(p->token.text, word) == 0;
}

ost_rc ost_template_expect_end(ost_template_parsing *p)
{
    return p->token.kind == OST_TOKEN_END
               ? OST_OK
               : ost_template_fault(
                     p, p->token.at,
                     "this does not belong here:", p->token.text);
}

static ost_rc take_name(ost_template_parsing *p, const char *what,
                        const char **name)
{
    if (p->token.kind != OST_TOKEN_NAME)
        return ost_template_fault(p, p->token.at, what, NULL);
    *name = p->token.text;
    return ost_template_advance(p);
}

/* `=` and a text, or a name. */
static ost_rc take_value(ost_template_parsing *p, const char **value)
{
    ost_rc rc;

    if (!is_sign(p, "="))
        return ost_template_fault(p, p->token.at, "here a = is missing", NULL);
    rc = ost_template_advance(p);
    if (!rc && p->token.kind != OST_TOKEN_TEXT &&
        p->token.kind != OST_TOKEN_NAME)
        rc =
            ost_template_fault(p, p->token.at, "here a value is missing", NULL);
    *value = p->token.text;
    return rc ? rc : ost_template_advance(p);
}

/* --- slots and dictionaries ---------------------------------------------- */

static ost_rc find_words(ost_template_parsing *p, const char *at,
                         const char *name, const ost_template_words **words)
{
    for (*words = p->words; *words; *words = (*words)->next)
        if (strcmp((*words)->name, name) == 0)
            return OST_OK;
    return ost_template_fault(p, at, "above this there is no dictionary", name);
}

static ost_rc read_option(ost_template_parsing *p, ost_template_slot *slot)
{
    static const char *const options[] = { "decimals", "last", "list", "point",
                                           "words" };
    const char *at = p->token.at, *name = "", *value = "", *near;
    int64_t n = 0;
    ost_rc rc = take_name(p, "here an option is missing", &name);

    if (rc)
        return rc;
    near = ost_nearest(name, options, 5);
    if (!near || strcmp(near, name) != 0)
        return ost_template_fault(
            p, at,
            near ? ost_arena_printf(p->arena,
                                    "did you mean '%s'? there is no "
                                    "option",
                                    near)
                 : "there is no option",
            name);
    rc = take_value(p, &value);
    if (rc)
        return rc;
    if (strcmp(name, "list") == 0)
        slot->list = value;
    else if (strcmp(name, "last") == 0)
        slot->last = value;
    else if (strcmp(name, "point") == 0)
        slot->point = value;
    else if (strcmp(name, "words") == 0)
        return find_words(p, at, value, &slot->words);
    else if (!ost_parse_i64(value, &n) || n < 0 || n > 15)
        return ost_template_fault(
            p, at, "decimals are a number from 0 to 15, and not", value);
    else
        slot->decimals = (int)n;
    return OST_OK;
}

ost_rc ost_template_read_slot(ost_template_parsing *p, ost_template_node *node)
{
    ost_template_slot *slot = &node->slot;
    ost_rc rc = OST_OK;

    if (p->token.kind == OST_TOKEN_TEXT) {
        node->kind = OST_TEMPLATE_TEXT;
        node->text = p->token.text;
        node->size = strlen(node->text);
        rc = ost_template_advance(p);
        return rc ? rc : ost_template_expect_end(p);
    }
    node->kind = OST_TEMPLATE_SLOT;
    *slot = (ost_template_slot){ .decimals = -1, .point = ".", .list = ", " };
    rc = take_name(p, "here a name is missing", &slot->name);
    while (!rc && p->token.kind != OST_TOKEN_END)
        rc = read_option(p, slot);
    if (!slot->last)
        slot->last = slot->list;
    return rc;
}

ost_rc ost_template_read_words(ost_template_parsing *p)
{
    ost_template_words *words = OST_ARENA_NEW(p->arena, ost_template_words);
    OST_VEC(ost_template_word) v = { 0 };
    ost_rc rc = take_name(p, "here a name is missing", &words->name);

    while (!rc && p->token.kind != OST_TOKEN_END) {
        ost_template_word word = { p->token.text, NULL };

        if (p->token.kind == OST_TOKEN_SIGN)
            rc = ost_template_fault(p, p->token.at, "here a word is missing",
                                    NULL);
        if (!rc)
            rc = ost_template_advance(p);
        if (!rc)
            rc = take_value(p, &word.text);
        if (!rc)
            ost_vec_push(&v, word);
    }
    words->n = v.len;
    if (v.len)
        words->v = ost_arena_copy(p->arena, v.data, v.len * sizeof(*v.data));
    words->next = p->words;
    p->words = words;
    ost_vec_release(&v);
    return rc;
}

/* --- conditions ---------------------------------------------------------- */

static ost_rc read_operand(ost_template_parsing *p, ost_template_condition *c)
{
    ost_rc rc = ost_template_advance(p);

    if (rc)
        return rc;
    if (p->token.kind == OST_TOKEN_TEXT &&
        (c->test <= OST_TEST_NE && !c->count))
        c->text = p->token.text;
    else if (p->token.kind != OST_TOKEN_NAME || c->test == OST_TEST_HAS ||
             !ost_parse_f64(p->token.text, &c->number))
        return ost_template_fault(
            p, p->token.at,
            c->test == OST_TEST_HAS ? "a word in quotes is expected"
            : c->count || c->test > OST_TEST_NE
                ? "a number is expected"
                : "a number, or a text in quotes, is expected",
            NULL);
    return ost_template_advance(p);
}

ost_rc ost_template_read_condition(ost_template_parsing *p,
                                   const ost_template_condition **to)
{
    static const char *const signs[] = {
        [OST_TEST_EQ] = "=",  [OST_TEST_NE] = "!=", [OST_TEST_LT] = "<",
        [OST_TEST_LE] = "<=", [OST_TEST_GT] = ">",  [OST_TEST_GE] = ">=",
    };
    ost_template_condition *c = OST_ARENA_NEW(p->arena, ost_template_condition);
    ost_rc rc = OST_OK;

    *to = c;
    c->at = ost_template_at(p, p->token.at);
    if (ost_template_is_word(p, "not")) {
        c->negated = true;
        rc = ost_template_advance(p);
    }
    if (!rc && ost_template_is_word(p, "count")) {
        c->count = true;
        rc = ost_template_advance(p);
    }
    if (!rc)
        rc = take_name(p, "here a name is missing", &c->name);
    if (!rc && ost_template_is_word(p, "has"))
        c->test = OST_TEST_HAS;
    for (int k = OST_TEST_EQ; k <= OST_TEST_GE; k++)
        if (is_sign(p, signs[k]))
            c->test = (ost_template_test)k;
    if (!rc && c->count && c->test < OST_TEST_EQ)
        rc = ost_template_fault(p, p->token.at,
                                "'count' is compared with a number", NULL);
    if (!rc && c->test != OST_TEST_IS)
        rc = read_operand(p, c);
    if (rc || !ost_template_is_word(p, "and"))
        return rc ? rc : ost_template_expect_end(p);
    rc = ost_template_advance(p);
    return rc ? rc : ost_template_read_condition(p, &c->next);
}
