/* base/json.c - JSON text whose values know where they stand */
#include "base/json.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/json_scan.h"
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    char *pointer;
    uint32_t entry;
} duplicate;

struct ost_json_doc {
    char *name;
    char *text; /* with a 0 byte behind its end */
    size_t size;
    json_t *root;
    ost_json_scan scan;
    OST_VEC(duplicate) duplicates;
};

static ost_json_pos position(const char *text, size_t size, size_t offset)
{
    ost_json_pos pos = { .offset = offset, .line = 1, .column = 1 };

    for (size_t i = 0; i < offset && i < size; i++) {
        if (text[i] == '\n') {
            pos.line++;
            pos.column = 1;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
            pos.column++;
        }
    }
    return pos;
}

/* Copies a piece of a line, with what a terminal should not see as "?"; with
 * `blank`, the spaces and tabs that take the same room. */
static void add_printable(ost_buf *out, const char *p, size_t n, bool blank)
{
    for (size_t i = 0, len; i < n; i += len) {
        bool odd = (unsigned char)p[i] < 0x20 || p[i] == 0x7f;

        len = ost_utf8_len(p + i, n - i);
        if (p[i] == '\t')
            ost_buf_addc(out, '\t');
        else if (blank)
            ost_buf_addc(out, ' ');
        else if (odd || len == 0)
            ost_buf_addc(out, '?');
        else
            ost_buf_add(out, p + i, len);
        len += len == 0;
    }
}

static bool inside_character(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The line that `offset` is on and a caret under it.  Of a long line, only
 * what is near. */
static void add_snippet(ost_buf *out, const char *text, size_t size,
                        size_t offset)
{
    enum { BEFORE = 60, AFTER = 40 };
    size_t start = offset, end = offset, from, to;

    while (start > 0 && text[start - 1] != '\n')
        start--;
    while (end < size && text[end] != '\n')
        end++;
    if (end > offset && text[end - 1] == '\r')
        end--;
    from = offset - start > BEFORE ? offset - BEFORE : start;
    to = end - offset > AFTER ? offset + AFTER : end;
    while (from > start && inside_character(text[from]))
        from--;
    while (to < end && inside_character(text[to]))
        to++;
    ost_buf_adds(out, from > start ? "..." : "");
    add_printable(out, text + from, to - from, false);
    ost_buf_adds(out, to < end ? "...\n" : "\n");
    ost_buf_adds(out, from > start ? "   " : "");
    add_printable(out, text + from, offset - from, true);
    ost_buf_addc(out, '^');
}

static ost_rc syntax_error(const ost_json_doc *doc, size_t offset,
                           const char *message, ost_err *err)
{
    ost_json_pos pos = position(doc->text, doc->size, offset);
    ost_buf snippet = { 0 };

    add_snippet(&snippet, doc->text, doc->size, offset);
    ost_fail(err, OST_EINPUT, "%s:%d:%d: %s\n%s", doc->name, pos.line,
             pos.column, message, ost_buf_str(&snippet));
    ost_buf_release(&snippet);
    return OST_EINPUT;
}

/* Appends the pointer of an entry by walking down from the root. */
static void add_path(const ost_json_doc *doc, uint32_t target, ost_buf *out)
{
    const ost_json_entry *e = doc->scan.entries.data;
    ost_buf scratch = { 0 };
    uint32_t at = 0;

    while (at != target) {
        uint32_t child = at + 1;
        unsigned index = 0;
        size_t n;

        for (; e[child].next <= target; child = e[child].next)
            index++;
        at = child;
        if (e[at].name == OST_JSON_NO_NAME) {
            ost_buf_addf(out, "/%u", index);
        } else {
            const char *name =
                ost_json_scan_name(doc->text, e[at].name, &scratch, &n);
            char *text = ost_xstrndup(name, n);

            ost_json_add_pointer(out, text);
            ost_free(text);
        }
    }
    ost_buf_release(&scratch);
}

static void name_duplicates(ost_json_doc *doc)
{
    for (size_t i = 0; i < doc->scan.duplicates.len; i++) {
        uint32_t entry = doc->scan.duplicates.data[i];
        ost_buf pointer = { 0 };

        add_path(doc, entry, &pointer);
        ost_vec_push(
            &doc->duplicates,
            (duplicate){ (char *)ost_buf_detach(&pointer, NULL), entry });
    }
}

ost_rc ost_json_index(const char *name, ost_buf *text, ost_json_doc **doc,
                      ost_err *err)
{
    ost_json_doc *made;

    *doc = NULL;
    if (text->len >= UINT32_MAX) {
        ost_buf_release(text);
        ost_fail(err, OST_EINPUT, "%s: larger than 4 GiB", name);
        return OST_EINPUT;
    }
    ost_buf_reserve(text, 0);
    made = ost_xalloc(sizeof(*made));
    made->name = ost_xstrdup(name);
    made->text = (char *)ost_buf_detach(text, &made->size);
    if (!ost_json_scan_text(&made->scan, made->text, made->size)) {
        syntax_error(made, made->scan.error_at, made->scan.message, err);
        ost_json_free(made);
        return OST_EINPUT;
    }
    name_duplicates(made);
    *doc = made;
    return OST_OK;
}

ost_rc ost_json_parse(const char *name, const char *text, size_t size,
                      ost_json_doc **doc, ost_err *err)
{
    ost_json_doc *made;
    ost_buf copy = { 0 };
    json_error_t fault;
    ost_rc rc;

    *doc = NULL;
    ost_buf_add(&copy, text, size);
    rc = ost_json_index(name, &copy, &made, err);
    if (rc)
        return rc;
    made->root = json_loadb(made->text, size, 0, &fault);
    if (!made->root) {
        size_t at = fault.position > 0 ? (size_t)fault.position : 0;

        rc = syntax_error(made, at < size ? at : size, fault.text, err);
        ost_json_free(made);
        return rc;
    }
    *doc = made;
    return OST_OK;
}

ost_rc ost_json_load(const char *path, size_t limit, ost_json_doc **doc,
                     ost_err *err)
{
    ost_buf text = { 0 };
    ost_rc rc = ost_fs_read(path, limit, &text, err);

    *doc = NULL;
    if (!rc)
        rc = ost_json_parse(path, ost_buf_str(&text), text.len, doc, err);
    ost_buf_release(&text);
    return rc;
}

void ost_json_drop_index(ost_json_doc *doc)
{
    for (size_t i = 0; i < doc->duplicates.len; i++)
        ost_free(doc->duplicates.data[i].pointer);
    ost_vec_release(&doc->duplicates);
    ost_json_scan_release(&doc->scan);
}

void ost_json_free(ost_json_doc *doc)
{
    if (!doc)
        return;
    ost_json_drop_index(doc);
    json_decref(doc->root);
    ost_free(doc->text);
    ost_free(doc->name);
    ost_free(doc);
}

json_t *ost_json_root(const ost_json_doc *doc)
{
    return doc->root;
}

const char *ost_json_name(const ost_json_doc *doc)
{
    return doc->name;
}

const char *ost_json_text(const ost_json_doc *doc, size_t *size)
{
    if (size)
        *size = doc->size;
    return doc->text;
}

size_t ost_json_duplicates(const ost_json_doc *doc)
{
    return doc->duplicates.len;
}

const char *ost_json_duplicate(const ost_json_doc *doc, size_t i,
                               ost_json_pos *pos)
{
    const duplicate *d = &doc->duplicates.data[i];

    if (pos)
        *pos = position(doc->text, doc->size,
                        doc->scan.entries.data[d->entry].name);
    return d->pointer;
}

/* The child of an entry that a pointer's reference token names, 0 for none.
 * Of several members with one name it is the last, as for jansson. */
static uint32_t child_named(const ost_json_doc *doc, uint32_t parent,
                            const char *token, size_t n)
{
    const ost_json_entry *e = doc->scan.entries.data;
    bool object = doc->text[e[parent].at] == '{';
    ost_buf scratch = { 0 };
    uint32_t found = 0, index = 0;

    for (uint32_t c = parent + 1; c < e[parent].next; c = e[c].next) {
        if (object) {
            size_t len;
            const char *name =
                ost_json_scan_name(doc->text, e[c].name, &scratch, &len);

            if (len == n && memcmp(name, token, n) == 0)
                found = c;
        } else {
            char number[16];
            int len = snprintf(number, sizeof(number), "%u", index++);

            if ((size_t)len == n && memcmp(number, token, n) == 0)
                found = c;
        }
    }
    ost_buf_release(&scratch);
    return found;
}

/* Reads one reference token, unescaped, and returns what follows it. */
static const char *next_token(const char *pointer, ost_buf *token)
{
    ost_buf_reset(token);
    for (pointer++; *pointer && *pointer != '/'; pointer++) {
        char c = *pointer;

        if (c == '~' && (pointer[1] == '0' || pointer[1] == '1'))
            c = *++pointer == '0' ? '~' : '/';
        ost_buf_addc(token, c);
    }
    return pointer;
}

ost_json_pos ost_json_locate(const ost_json_doc *doc, const char *pointer,
                             bool key)
{
    const ost_json_entry *e = doc->scan.entries.data;
    ost_buf token = { 0 };
    uint32_t at = 0;

    while (*pointer == '/') {
        uint32_t child;

        pointer = next_token(pointer, &token);
        child = child_named(doc, at, ost_buf_str(&token), token.len);
        if (child == 0)
            break;
        at = child;
    }
    ost_buf_release(&token);
    return position(doc->text, doc->size,
                    key && e[at].name != OST_JSON_NO_NAME ? e[at].name
                                                          : e[at].at);
}

void ost_json_add_report(ost_buf *out, const ost_json_doc *doc,
                         const char *pointer, bool key, const char *message)
{
    ost_json_pos pos = ost_json_locate(doc, pointer, key);

    ost_buf_addf(out, "%s:%d:%d: %s%s%s\n", doc->name, pos.line, pos.column,
                 pointer, *pointer ? ": " : "", message);
    add_snippet(out, doc->text, doc->size, pos.offset);
    ost_buf_addc(out, '\n');
}

uint32_t ost_json_end(const ost_json_doc *doc, uint32_t i)
{
    return doc->scan.entries.data[i].next;
}

char ost_json_kind(const ost_json_doc *doc, uint32_t i)
{
    char c = doc->text[doc->scan.entries.data[i].at];

    return c == '-' || (c >= '0' && c <= '9') ? '0' : c;
}

size_t ost_json_offset(const ost_json_doc *doc, uint32_t i, bool key)
{
    const ost_json_entry *e = &doc->scan.entries.data[i];

    return key && e->name != OST_JSON_NO_NAME ? e->name : e->at;
}

const char *ost_json_member(const ost_json_doc *doc, uint32_t i,
                            ost_buf *scratch, size_t *n)
{
    return ost_json_scan_name(doc->text, doc->scan.entries.data[i].name,
                              scratch, n);
}

const char *ost_json_string(const ost_json_doc *doc, uint32_t i,
                            ost_buf *scratch, size_t *n)
{
    return ost_json_scan_name(doc->text, doc->scan.entries.data[i].at, scratch,
                              n);
}

json_t *ost_json_build(const ost_json_doc *doc, size_t offset)
{
    json_t *value = json_loadb(doc->text + offset, doc->size - offset,
                               JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, NULL);

    if (!value)
        OST_BUG();
    return value;
}

void ost_json_add_path(ost_buf *out, const ost_json_doc *doc, uint32_t i)
{
    add_path(doc, i, out);
}

void ost_json_add_snippet(ost_buf *out, const ost_json_doc *doc, size_t offset)
{
    add_snippet(out, doc->text, doc->size, offset);
}

void ost_json_add_pointer(ost_buf *out, const char *name)
{
    ost_buf_addc(out, '/');
    for (; *name; name++) {
        if (*name == '~')
            ost_buf_adds(out, "~0");
        else if (*name == '/')
            ost_buf_adds(out, "~1");
        else
            ost_buf_addc(out, *name);
    }
}
