/* base/json_scan.c - where the values of a JSON text stand */
#include "base/json_scan.h"

#include "base/map.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Up to here, comparing each name with each beats building a map. */
enum { FEW_MEMBERS = 8 };

typedef struct {
    ost_json_scan *out;
    const char *text;
    size_t size;
    size_t at;
    int depth;
} scanner;

static bool fail_at(scanner *s, size_t at, const char *message)
{
    s->out->message = message;
    s->out->error_at = at;
    return false;
}

static bool at_end(const scanner *s)
{
    return s->at >= s->size;
}

static void skip_space(scanner *s)
{
    const char *p = s->text + s->at; /* there is a 0 byte behind the end */

    while (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')
        p++;
    s->at = (size_t)(p - s->text);
}

/* Four hexadecimal digits at `p`, or -1. */
static int hex4(const char *p)
{
    int v = 0;

    for (int i = 0; i < 4; i++) {
        unsigned char byte;
        const char pair[] = { '0', p[i], '\0' };

        if (!ost_unhex(&byte, pair, 1))
            return -1;
        v = v * 16 + byte;
    }
    return v;
}

/* The code point of the \u escape at `p`, and its length: 6, or 12 for a pair
 * of surrogates.  -1 when it is none, 0 for the NUL character. */
static int32_t unicode_escape(const char *p, size_t *len)
{
    int high = hex4(p + 2), low;

    *len = 6;
    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (high > 0xdbff || p[6] != '\\' || p[7] != 'u')
        return -1;
    low = hex4(p + 8);
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    *len = 12;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static bool scan_escape(scanner *s)
{
    char c = s->text[s->at + 1];
    size_t len = 2;

    if (c == 'u') {
        int32_t code = unicode_escape(s->text + s->at, &len);

        if (code < 0)
            return fail_at(s, s->at, "invalid \\u escape");
        if (code == 0)
            return fail_at(s, s->at, "NUL character in a string");
    } else if (c == '\0' || !strchr("\"\\/bfnrt", c)) {
        return fail_at(s, s->at, "invalid escape");
    }
    s->at += len;
    return true;
}

/* Characters that stand for themselves. */
static void skip_plain(scanner *s)
{
    const char *p = s->text + s->at;

    while ((signed char)*p >= 0x20 && *p != '"' && *p != '\\')
        p++;
    s->at = (size_t)(p - s->text);
}

static bool scan_string(scanner *s)
{
    size_t start = s->at++;

    for (skip_plain(s); !at_end(s); skip_plain(s)) {
        const char *p = s->text + s->at;
        size_t len = ost_utf8_len(p, s->size - s->at);

        if (*p == '"') {
            s->at++;
            return true;
        }
        if (*p == '\n')
            break;
        if (len == 0)
            return fail_at(s, s->at, "invalid UTF-8");
        if (*p == '\0')
            return fail_at(s, s->at, "NUL character in a string");
        if (*p > 0 && *p < 0x20)
            return fail_at(s, s->at, "control character in a string");
        if (*p != '\\')
            s->at += len;
        else if (!scan_escape(s))
            return false;
    }
    return fail_at(s, start, "string without end");
}

static size_t scan_digits(scanner *s)
{
    size_t n = strspn(s->text + s->at, "0123456789");

    s->at += n;
    return n;
}

/* Both conversions stop at the end of the number: the text goes on with
 * something else, or with its 0 byte. */
static bool check_range(scanner *s, size_t start, bool real)
{
    const char *p = s->text + start;

    errno = 0;
    if (real)
        return isfinite(strtod(p, NULL)) ||
               fail_at(s, start, "number out of range");
    (void)strtoll(p, NULL, 10);
    return errno == 0 || fail_at(s, start, "integer out of range");
}

static bool scan_number(scanner *s)
{
    size_t start = s->at, first;
    bool real = false, good;

    s->at += s->text[s->at] == '-';
    first = s->at;
    good = scan_digits(s) > 0 && (s->text[first] != '0' || s->at == first + 1);
    if (good && s->text[s->at] == '.') {
        s->at++;
        real = true;
        good = scan_digits(s) > 0;
    }
    if (good && (s->text[s->at] == 'e' || s->text[s->at] == 'E')) {
        s->at++;
        s->at += s->text[s->at] == '+' || s->text[s->at] == '-';
        real = true;
        good = scan_digits(s) > 0;
    }
    if (!good)
        return fail_at(s, start, "malformed number");
    return check_range(s, start, real);
}

static bool scan_word(scanner *s)
{
    static const char *const words[] = { "true", "false", "null" };

    for (size_t i = 0; i < 3; i++) {
        if (ost_starts_with(s->text + s->at, words[i])) {
            s->at += strlen(words[i]);
            return true;
        }
    }
    switch (s->text[s->at]) {
    case '/':
        return fail_at(s, s->at,
                       "comments are not allowed (a member whose name begins "
                       "with \"$comment\" is)");
    case '\'':
        return fail_at(s, s->at, "strings are written in double quotes");
    case '\0':
        return fail_at(s, s->at,
                       at_end(s) ? "text ends too early" : "NUL character");
    default:
        return fail_at(s, s->at, "expected a value");
    }
}

const char *ost_json_scan_name(const char *text, size_t at, ost_buf *scratch,
                               size_t *n)
{
    const char *start = text + at + 1, *p = start;
    size_t plain = 0; /* names are short: no strcspn() */

    while (p[plain] != '"' && p[plain] != '\\')
        plain++;
    if (p[plain] == '"') {
        *n = plain;
        return start;
    }
    ost_buf_reset(scratch);
    while (*p != '"') {
        /* What follows a backslash, and what it means. */
        static const char letters[] = "\"\\/bfnrt";
        static const char meanings[] = "\"\\/\b\f\n\r\t";
        size_t len = 2;
        int32_t c;

        if (*p != '\\') {
            ost_buf_addc(scratch, *p++);
            continue;
        }
        if (p[1] != 'u') {
            ost_buf_addc(scratch, meanings[strchr(letters, p[1]) - letters]);
            p += len;
            continue;
        }
        c = unicode_escape(p, &len);
        p += len;
        if (c < 0x80) {
            ost_buf_addc(scratch, (char)c);
            continue;
        }
        if (c < 0x800) {
            ost_buf_addc(scratch, (char)(0xc0 | c >> 6));
        } else {
            if (c < 0x10000) {
                ost_buf_addc(scratch, (char)(0xe0 | c >> 12));
            } else {
                ost_buf_addc(scratch, (char)(0xf0 | c >> 18));
                ost_buf_addc(scratch, (char)(0x80 | (c >> 12 & 0x3f)));
            }
            ost_buf_addc(scratch, (char)(0x80 | (c >> 6 & 0x3f)));
        }
        ost_buf_addc(scratch, (char)(0x80 | (c & 0x3f)));
    }
    *n = scratch->len;
    return ost_buf_str(scratch);
}

static void note_duplicate(ost_json_scan *out, uint32_t entry)
{
    out->duplicate_count++;
    if (out->duplicates.len < OST_JSON_MAX_DUPLICATES)
        ost_vec_push(&out->duplicates, entry);
}

static bool same_name(const char *text, size_t a, size_t b, ost_buf scratch[2])
{
    size_t na, nb;
    const char *pa = ost_json_scan_name(text, a, &scratch[0], &na);
    const char *pb = ost_json_scan_name(text, b, &scratch[1], &nb);

    return na == nb && memcmp(pa, pb, na) == 0;
}

static void find_duplicates(scanner *s, uint32_t object, size_t members)
{
    const ost_json_entry *e = s->out->entries.data;
    ost_buf scratch[2] = { { 0 }, { 0 } };
    ost_map seen = { 0 };

    for (uint32_t c = object + 1; c < e[object].next; c = e[c].next) {
        bool twice = false;
        size_t n;

        if (members > FEW_MEMBERS) {
            const char *name =
                ost_json_scan_name(s->text, e[c].name, &scratch[0], &n);

            twice = !ost_map_put(&seen, name, n, 0);
        } else {
            for (uint32_t d = object + 1; d < c && !twice; d = e[d].next)
                twice = same_name(s->text, e[d].name, e[c].name, scratch);
        }
        if (twice)
            note_duplicate(s->out, c);
    }
    ost_map_release(&seen);
    ost_buf_release(&scratch[0]);
    ost_buf_release(&scratch[1]);
}

static bool scan_value(scanner *s, uint32_t name);

static bool scan_member(scanner *s)
{
    uint32_t name = (uint32_t)s->at;

    if (at_end(s))
        return fail_at(s, s->at, "text ends too early");
    if (s->text[s->at] != '"')
        return fail_at(s, s->at, "expected a member name in double quotes");
    if (!scan_string(s))
        return false;
    skip_space(s);
    if (s->text[s->at] != ':')
        return fail_at(s, s->at,
                       at_end(s) ? "text ends too early" : "expected ':'");
    s->at++;
    skip_space(s);
    return scan_value(s, name);
}

/* From the opening bracket to behind the closing one. */
static bool scan_container(scanner *s, size_t *members)
{
    static const char after_member[] = "expected ',' or '}'";
    static const char after_element[] = "expected ',' or ']'";
    bool object = s->text[s->at] == '{';
    char close = object ? '}' : ']';

    s->at++;
    skip_space(s);
    if (s->text[s->at] == close) {
        s->at++;
        return true;
    }
    for (;;) {
        bool good = object ? scan_member(s) : scan_value(s, OST_JSON_NO_NAME);
        size_t comma;

        if (!good)
            return false;
        ++*members;
        skip_space(s);
        if (s->text[s->at] == close) {
            s->at++;
            return true;
        }
        if (at_end(s))
            return fail_at(s, s->at, "text ends too early");
        if (s->text[s->at] != ',')
            return fail_at(s, s->at, object ? after_member : after_element);
        comma = s->at++;
        skip_space(s);
        if (s->text[s->at] == close)
            return fail_at(s, comma, "comma after the last entry");
    }
}

static bool scan_value(scanner *s, uint32_t name)
{
    uint32_t index = (uint32_t)s->out->entries.len;
    char c = s->text[s->at];
    size_t members = 0;
    bool good;

    ost_vec_push(&s->out->entries,
                 (ost_json_entry){ .at = (uint32_t)s->at, .name = name });
    if (c == '{' || c == '[') {
        if (s->depth == OST_JSON_MAX_DEPTH)
            return fail_at(s, s->at, "nested deeper than 512 levels");
        s->depth++;
        good = scan_container(s, &members);
        s->depth--;
    } else if (c == '"') {
        good = scan_string(s);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        good = scan_number(s);
    } else {
        good = scan_word(s);
    }
    s->out->entries.data[index].next = (uint32_t)s->out->entries.len;
    if (good && c == '{' && members > 1)
        find_duplicates(s, index, members);
    return good;
}

bool ost_json_scan_text(ost_json_scan *out, const char *text, size_t size)
{
    scanner s = { .out = out, .text = text, .size = size };

    skip_space(&s);
    if (text[s.at] != '{' && text[s.at] != '[')
        return fail_at(&s, s.at, "expected '{' or '['");
    if (!scan_value(&s, OST_JSON_NO_NAME))
        return false;
    skip_space(&s);
    return at_end(&s) || fail_at(&s, s.at, "text after the end of the value");
}

void ost_json_scan_release(ost_json_scan *s)
{
    ost_vec_release(&s->entries);
    ost_vec_release(&s->duplicates);
}
