/* stages/template_parse.c - a template's text becomes a tree */
#include "base/text.h"
#include "stages/template_impl.h"

#include <string.h>

#include "base/banned.h"

enum { MOST_DEPTH = 32 };

/* --- tags ---------------------------------------------------------------- */

/* Finds the next tag and its end; what is in quotes does not end it. */
static ost_rc find_tag(ost_template_parsing *p)
{
    bool quoted = false;

    p->tag = p->at;
    while (p->tag < p->end && strncmp(p->tag, "{{", 2) != 0)
        p->tag++;
    if (p->tag == p->end)
        return OST_OK;
    p->tag_end = p->tag + 2;
    while (p->tag_end < p->end &&
           (quoted || strncmp(p->tag_end, "}}", 2) != 0)) {
        bool remark = p->tag[2] == '!';

        if (quoted && *p->tag_end == '\\' && p->tag_end + 1 < p->end)
            p->tag_end++;
        else if (*p->tag_end == '"' && !remark)
            quoted = !quoted;
        p->tag_end++;
    }
    return p->tag_end < p->end
               ? OST_OK
               : ost_template_fault(p, p->tag, "the tag has no end", NULL);
}

/* Whether a tag gives no text: its line vanishes when nothing else is in it. */
static bool is_silent(const ost_template_parsing *p)
{
    static const char *const words[] = { "if",  "elif",     "else",
                                         "end", "optional", "words" };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (ost_template_is_word(p, words[i]))
            return true;
    return p->tag[2] == '!';
}

/* The beginning of the tag's line, if only blanks are before it, and the next
 * line, if only blanks are behind it. */
static bool is_alone(const ost_template_parsing *p, const char **line,
                     const char **next)
{
    const char *a = p->tag, *b = p->tag_end + 2;

    while (a > p->file->data && (a[-1] == ' ' || a[-1] == '\t'))
        a--;
    while (b < p->end && (*b == ' ' || *b == '\t' || *b == '\r'))
        b++;
    if ((a > p->file->data && a[-1] != '\n') || (b < p->end && *b != '\n'))
        return false;
    *line = a;
    *next = b < p->end ? b + 1 : b;
    return true;
}

static ost_template_node *add_node(ost_template_parsing *p,
                                   ost_template_node ***tail, const char *at)
{
    ost_template_node *node = OST_ARENA_NEW(p->arena, ost_template_node);

    node->at = ost_template_at(p, at);
    **tail = node;
    *tail = &node->next;
    return node;
}

static void add_text(ost_template_parsing *p, ost_template_node ***tail,
                     const char *from, const char *to)
{
    ost_template_node *node;

    if (from >= to)
        return;
    node = add_node(p, tail, from);
    node->kind = OST_TEMPLATE_TEXT;
    node->text = from;
    node->size = (size_t)(to - from);
}

/* Reads on behind a tag, whose token is the first behind its word. */
static ost_rc close_tag(ost_template_parsing *p, const char *next)
{
    ost_rc rc = ost_template_expect_end(p);

    p->at = next;
    return rc;
}

static ost_rc read_nodes(ost_template_parsing *p, ost_template_node **first,
                         const char **next);

/* `if` or `elif`, up to the `end` that closes all. */
static ost_rc read_if(ost_template_parsing *p, ost_template_node *node,
                      const char *open, const char *next)
{
    ost_rc rc = ost_template_advance(p);

    node->kind = OST_TEMPLATE_IF;
    if (!rc)
        rc = ost_template_read_condition(p, &node->condition);
    if (!rc)
        rc = close_tag(p, next);
    if (!rc)
        rc = read_nodes(p, &node->inside, &next);
    if (rc)
        return rc;
    if (p->tag == p->end)
        return ost_template_fault(p, open, "'if' has no 'end'", NULL);
    if (ost_template_is_word(p, "elif")) {
        node->otherwise = OST_ARENA_NEW(p->arena, ost_template_node);
        return read_if(p, node->otherwise, open, next);
    }
    if (ost_template_is_word(p, "else")) {
        node->otherwise = OST_ARENA_NEW(p->arena, ost_template_node);
        node->otherwise->kind = OST_TEMPLATE_IF;
        rc = ost_template_advance(p);
        if (!rc)
            rc = close_tag(p, next);
        if (!rc)
            rc = read_nodes(p, &node->otherwise->inside, &next);
        if (!rc && p->tag == p->end)
            rc = ost_template_fault(p, open, "'if' has no 'end'", NULL);
        if (!rc && !ost_template_is_word(p, "end"))
            rc = ost_template_fault(
                p, p->tag, "behind 'else' comes 'end', and not", p->token.text);
    }
    if (!rc)
        rc = ost_template_advance(p);
    return rc ? rc : close_tag(p, next);
}

static ost_rc read_optional(ost_template_parsing *p, ost_template_node *node,
                            const char *open, const char *next)
{
    ost_rc rc = ost_template_advance(p);

    node->kind = OST_TEMPLATE_OPTIONAL;
    if (!rc)
        rc = close_tag(p, next);
    if (!rc)
        rc = read_nodes(p, &node->inside, &next);
    if (!rc && p->tag == p->end)
        rc = ost_template_fault(p, open, "'optional' has no 'end'", NULL);
    if (!rc && !ost_template_is_word(p, "end"))
        rc = ost_template_fault(
            p, p->tag, "behind 'optional' comes 'end', and not", p->token.text);
    if (!rc)
        rc = ost_template_advance(p);
    return rc ? rc : close_tag(p, next);
}

static ost_rc read_tag(ost_template_parsing *p, ost_template_node ***tail,
                       const char *next)
{
    const char *open = p->tag;
    ost_rc rc = OST_OK;

    if (p->tag[2] == '!') {
        p->at = next;
    } else if (ost_template_is_word(p, "if")) {
        rc = read_if(p, add_node(p, tail, open), open, next);
    } else if (ost_template_is_word(p, "optional")) {
        rc = read_optional(p, add_node(p, tail, open), open, next);
    } else if (ost_template_is_word(p, "words")) {
        rc = ost_template_advance(p);
        if (!rc)
            rc = ost_template_read_words(p);
        p->at = next;
    } else {
        rc = ost_template_read_slot(p, add_node(p, tail, open));
        p->at = next;
    }
    return rc;
}

/* Reads up to a tag that closes something, or to the end of the file; its
 * token is at hand, and reading goes on at `next`. */
static ost_rc read_nodes(ost_template_parsing *p, ost_template_node **first,
                         const char **next)
{
    ost_template_node **tail = first;
    ost_rc rc = OST_OK;

    if (++p->depth > MOST_DEPTH)
        return ost_template_fault(p, p->tag, "tags lie too deep in each other",
                                  NULL);
    while (!rc) {
        const char *from = p->at, *to;

        rc = find_tag(p);
        to = p->tag;
        if (rc || p->tag == p->end) {
            add_text(p, &tail, from, p->end);
            break;
        }
        *next = p->tag_end + 2;
        p->at = p->tag + 2;
        if (p->tag[2] != '!')
            rc = ost_template_advance(p);
        if (!rc && is_silent(p))
            (void)is_alone(p, &to, next);
        add_text(p, &tail, from, to);
        if (rc || ost_template_is_word(p, "elif") ||
            ost_template_is_word(p, "else") || ost_template_is_word(p, "end"))
            break;
        rc = read_tag(p, &tail, *next);
    }
    p->depth--;
    return rc;
}

ost_rc ost_template_parse(const ost_file *file, ost_arena *arena,
                          const ost_template **t, ost_err *err)
{
    ost_template *made = OST_ARENA_NEW(arena, ost_template);
    ost_template_parsing p = { .file = file,
                               .arena = arena,
                               .at = file->data,
                               .end = file->data + file->size,
                               .tag = file->data,
                               .tag_end = file->data,
                               .err = err };
    const char *next;
    ost_rc rc;

    made->file = file->name;
    *t = made;
    if (file->size >= 3 && memcmp(file->data, "\xef\xbb\xbf", 3) == 0)
        p.at += 3;
    rc = read_nodes(&p, &made->first, &next);
    if (!rc && p.tag < p.end)
        rc = ost_template_fault(&p, p.tag, "nothing is open here for",
                                p.token.text);
    return rc;
}
