/* base/alloc.c - memory that is there or the process ends */
#include "base/alloc.h"

#include "base/fault.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

static void *or_abort(void *p)
{
    if (!p) {
        fputs("osteon: out of memory\n", stderr);
        abort();
    }
    return p;
}

void *ost_xalloc(size_t size)
{
    return or_abort(calloc(1, size ? size : 1));
}

void *ost_xrealloc(void *p, size_t size)
{
    return or_abort(realloc(p, size ? size : 1));
}

char *ost_xstrdup(const char *s)
{
    return ost_xstrndup(s, strlen(s));
}

char *ost_xstrndup(const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *copy = or_abort(malloc(len + 1));

    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *ost_xprintf(const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vasprintf(&text, fmt, ap);
    va_end(ap);
    return or_abort(n < 0 ? NULL : text);
}

/* The product, or false when it does not fit or the call is to fail. */
static bool wanted_size(size_t count, size_t size, size_t *total)
{
    if (ost_fault("alloc") || __builtin_mul_overflow(count, size, total))
        return false;
    if (*total > PTRDIFF_MAX - ALIGNMENT)
        return false;
    if (*total == 0)
        *total = 1;
    return true;
}

void *ost_try_alloc(size_t count, size_t size)
{
    size_t total;

    return wanted_size(count, size, &total) ? calloc(1, total) : NULL;
}

void *ost_try_alloc_aligned(size_t count, size_t size)
{
    size_t total;

    if (!wanted_size(count, size, &total))
        return NULL;
    total = (total + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return aligned_alloc(ALIGNMENT, total);
}

void ost_free(void *p)
{
    free(p);
}
