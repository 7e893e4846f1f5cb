/* base/err.c - how every failure in osteon is reported */
#include "base/err.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    ost_rc rc;
    const char *name;
    int status;
    const char *words;
} rows[] = {
#define XX(name, value, status, words) \
    { OST_##name, "OST_" #name, (status), (words) },
    OST_RC_MAP(XX)
#undef XX
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static size_t row_of(ost_rc rc)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].rc == rc)
            return i;
    }
    return 1; /* an unknown code is a failure like any other */
}

/* Ends a text that vsnprintf() cut with "...", between two characters. */
static void mark_cut(char *text, int wanted)
{
    size_t keep = strnlen(text, OST_ERR_TEXT - 4);
    size_t good = 0, n;

    if (wanted < OST_ERR_TEXT)
        return;
    while (good < keep && (n = ost_utf8_len(text + good, keep - good)) != 0)
        good += n;
    if (good + 4 < keep) /* not UTF-8 to begin with */
        good = keep;
    memcpy(text + good, "...", 4);
}

/* The arguments may point into `err`, so the text is made aside. */
__attribute__((format(printf, 3, 0))) static void
write_text(ost_err *err, ost_rc rc, const char *fmt, va_list ap)
{
    char text[OST_ERR_TEXT];

    mark_cut(text, vsnprintf(text, sizeof(text), fmt, ap));
    mark_cut(err->text,
             (int)ost_utf8_shown(err->text, sizeof(err->text), text, "\n\t"));
    err->rc = rc;
}

ost_rc ost_fail(ost_err *err, ost_rc rc, const char *fmt, ...)
{
    va_list ap;

    if (err) {
        va_start(ap, fmt);
        write_text(err, rc, fmt, ap);
        va_end(ap);
    }
    return rc;
}

ost_rc ost_fail_errno(ost_err *err, ost_rc rc, int errnum, const char *fmt, ...)
{
    char words[128], text[OST_ERR_TEXT];
    va_list ap;

    if (errnum == ENOSPC || errnum == EDQUOT)
        rc = OST_ENOSPC;
    if (!err)
        return rc;
    va_start(ap, fmt);
    mark_cut(text, vsnprintf(text, sizeof(text), fmt, ap));
    va_end(ap);
    return ost_fail(err, rc, "%s: %s", text,
                    strerror_r(errnum, words, sizeof(words)));
}

void ost_err_at(ost_err *err, const char *fmt, ...)
{
    char place[OST_ERR_TEXT];
    va_list ap;

    if (!err)
        return;
    va_start(ap, fmt);
    mark_cut(place, vsnprintf(place, sizeof(place), fmt, ap));
    va_end(ap);
    ost_fail(err, err->rc, "%s: %s", place, err->text);
}

const char *ost_rc_words(ost_rc rc)
{
    return rows[row_of(rc)].words;
}

const char *ost_rc_name(ost_rc rc)
{
    return rows[row_of(rc)].name;
}

int ost_rc_exit_status(ost_rc rc)
{
    return rows[row_of(rc)].status;
}

void ost_bug(const char *file, int line)
{
    fprintf(stderr, "osteon: bug at %s:%d\n", file, line);
    abort();
}
