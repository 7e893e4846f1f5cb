/* base/text.c - small things about words */
#include "base/text.h"

#include "base/alloc.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t min2(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t ost_edit_distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b), distance;
    /* Three rows of the table: before the last, last, current. */
    size_t *rows = ost_xalloc(3 * (lb + 1) * sizeof(*rows));
    size_t *older = rows, *old = rows + lb + 1, *now = old + lb + 1;

    for (size_t j = 0; j <= lb; j++)
        old[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t *spare = older;

        now[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            bool same = a[i - 1] == b[j - 1];

            now[j] = min2(old[j - 1] + !same, min2(old[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = min2(now[j], older[j - 2] + 1);
        }
        older = old;
        old = now;
        now = spare;
    }
    distance = old[lb];
    ost_free(rows);
    return distance;
}

const char *ost_nearest(const char *word, const char *const *names,
                        size_t count)
{
    enum { LONGEST = 200 };
    const char *best = NULL;
    size_t best_distance = SIZE_MAX, n = strlen(word);

    for (size_t i = 0; n <= LONGEST && i < count; i++) {
        size_t len = strlen(names[i]);
        size_t longer = len > n ? len : n;
        size_t allowed = min2(longer < 6 ? 1 : longer / 3, 3);
        size_t distance;

        if (longer - min2(len, n) > allowed)
            continue;
        distance = ost_edit_distance(word, names[i]);
        if (distance > allowed || distance >= longer)
            continue;
        if (distance < best_distance) {
            best = names[i];
            best_distance = distance;
        }
    }
    return best;
}

bool ost_starts_with(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool ost_ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);

    return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

static bool only_of(const char *s, const char *letters)
{
    return *s && s[strspn(s, letters)] == '\0';
}

bool ost_parse_i64(const char *s, int64_t *value)
{
    char *end;
    long long v;

    if (!only_of(s, "+-0123456789"))
        return false;
    errno = 0;
    v = strtoll(s, &end, 10);
    if (errno || *end || end == s)
        return false;
    *value = v;
    return true;
}

bool ost_parse_f64(const char *s, double *value)
{
    char *end;
    double v;

    if (!only_of(s, "+-.0123456789eE"))
        return false;
    v = strtod(s, &end);
    if (*end || end == s || !isfinite(v))
        return false;
    *value = v;
    return true;
}

void ost_hex(char *out, const void *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * n] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool ost_unhex(void *bytes, const char *s, size_t n)
{
    unsigned char *p = bytes;

    for (size_t i = 0; i < n; i++) {
        int high = hex_value(s[2 * i]);
        int low = high < 0 ? -1 : hex_value(s[2 * i + 1]);

        if (low < 0)
            return false;
        p[i] = (unsigned char)(high * 16 + low);
    }
    return s[2 * n] == '\0';
}

const char *ost_human_bytes(char out[32], uint64_t bytes)
{
    static const char *const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
    double v = (double)bytes / 1000;
    size_t unit = 0;

    if (bytes < 1000) {
        snprintf(out, 32, "%u B", (unsigned)bytes);
        return out;
    }
    while (v >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        v /= 1000;
        unit++;
    }
    snprintf(out, 32, v < 9.95 ? "%.1f %s" : "%.0f %s", v, units[unit]);
    return out;
}

const char *ost_human_seconds(char out[32], double seconds)
{
    uint64_t s;

    if (!isfinite(seconds) || seconds < 0 || seconds > 1e12) {
        snprintf(out, 32, "unknown");
        return out;
    }
    if (seconds < 9.995) {
        snprintf(out, 32, "%.2f s", seconds);
        return out;
    }
    s = (uint64_t)(seconds + 0.5);
    if (s < 60)
        snprintf(out, 32, "%u s", (unsigned)s);
    else if (s < 3600)
        snprintf(out, 32, "%u min %u s", (unsigned)(s / 60),
                 (unsigned)(s % 60));
    else if (s < 86400)
        snprintf(out, 32, "%u h %u min", (unsigned)(s / 3600),
                 (unsigned)(s / 60 % 60));
    else
        snprintf(out, 32, "%llu d %u h", (unsigned long long)(s / 86400),
                 (unsigned)(s / 3600 % 24));
    return out;
}

/* The table of well-formed sequences in the Unicode standard, table 3-7. */
size_t ost_utf8_len(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    unsigned char low = 0x80, high = 0xbf;
    size_t len;

    if (n == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (n < len)
        return 0;
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if (p[i] < 0x80 || p[i] > 0xbf)
            return 0;
    }
    return len;
}

bool ost_utf8_valid(const char *s, size_t n)
{
    for (size_t i = 0, len; i < n; i += len) {
        len = ost_utf8_len(s + i, n - i);
        if (len == 0)
            return false;
    }
    return true;
}

/* ESC, DEL and the like, and those from U+0080 to U+009F. */
static bool is_control(const unsigned char *s, size_t len)
{
    if (len == 1)
        return s[0] < 0x20 || s[0] == 0x7f;
    return len == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}

size_t ost_utf8_shown(char *out, size_t room, const char *s, const char *keep)
{
    size_t left = strlen(s), n = 0, need = 0;

    while (left > 0) {
        size_t len = ost_utf8_len(s, left);
        size_t take = len ? len : 1, shown;
        char bytes[16];

        if (len == 0 || (is_control((const unsigned char *)s, len) &&
                         !(len == 1 && strchr(keep, *s)))) {
            for (size_t i = 0; i < take; i++)
                snprintf(bytes + 4 * i, 5, "\\x%02x", (unsigned char)s[i]);
            shown = 4 * take;
        } else {
            memcpy(bytes, s, take);
            shown = take;
        }
        if (need == n && n + shown < room) {
            memcpy(out + n, bytes, shown);
            n += shown;
        }
        need += shown;
        s += take;
        left -= take;
    }
    out[n] = '\0';
    return need;
}

size_t ost_utf8_columns(const char *s)
{
    size_t columns = 0;

    for (; *s; s++)
        columns += ((unsigned char)*s & 0xc0) != 0x80;
    return columns;
}
