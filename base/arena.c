/* base/arena.c - things that die together */
#include "base/arena.h"

#include "base/alloc.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 16, FIRST_CHUNK = 4096, LARGEST_CHUNK = 256 * 1024 };

struct ost_arena_chunk {
    ost_arena_chunk *next;
    size_t cap;
    size_t used;
    alignas(ALIGNMENT) unsigned char data[];
};

static ost_arena_chunk *new_chunk(size_t cap)
{
    ost_arena_chunk *c = ost_xrealloc(NULL, sizeof(*c) + cap);

    c->next = NULL;
    c->cap = cap;
    c->used = 0;
    return c;
}

static void free_chunks(ost_arena_chunk *c)
{
    while (c) {
        ost_arena_chunk *next = c->next;

        ost_free(c);
        c = next;
    }
}

void ost_arena_release(ost_arena *a)
{
    free_chunks(a->chunks);
    *a = (ost_arena){ 0 };
}

void ost_arena_reset(ost_arena *a)
{
    ost_arena_chunk *largest = a->chunks;
    ost_arena_chunk **link = &a->chunks;

    for (ost_arena_chunk *c = a->chunks; c; c = c->next) {
        if (c->cap > largest->cap)
            largest = c;
    }
    while (*link && *link != largest)
        link = &(*link)->next;
    if (largest) {
        *link = largest->next;
        largest->next = NULL;
        largest->used = 0;
    }
    free_chunks(a->chunks);
    a->chunks = largest;
    a->used = 0;
}

/* A chunk with room for `size` bytes.  A large piece gets a chunk of its own
 * behind the first, so that the room left in the first is not lost. */
static ost_arena_chunk *chunk_for(ost_arena *a, size_t size)
{
    ost_arena_chunk *first = a->chunks, *c;
    size_t cap = first ? first->cap * 2 : FIRST_CHUNK;

    if (first && first->cap - first->used >= size)
        return first;
    if (cap > LARGEST_CHUNK)
        cap = LARGEST_CHUNK;
    if (first && size > cap / 4) {
        c = new_chunk(size);
        c->next = first->next;
        first->next = c;
        return c;
    }
    c = new_chunk(size > cap ? size : cap);
    c->next = first;
    a->chunks = c;
    return c;
}

void *ost_arena_alloc(ost_arena *a, size_t size)
{
    ost_arena_chunk *c;
    void *p;

    if (size > PTRDIFF_MAX - sizeof(*c) - ALIGNMENT) {
        fputs("osteon: out of memory\n", stderr);
        abort();
    }
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (size == 0)
        size = ALIGNMENT;
    c = chunk_for(a, size);
    p = c->data + c->used;
    c->used += size;
    a->used += size;
    return memset(p, 0, size);
}

void *ost_arena_copy(ost_arena *a, const void *p, size_t size)
{
    void *copy = ost_arena_alloc(a, size);

    if (size)
        memcpy(copy, p, size);
    return copy;
}

char *ost_arena_strdup(ost_arena *a, const char *s)
{
    return ost_arena_strndup(a, s, strlen(s));
}

char *ost_arena_strndup(ost_arena *a, const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *copy = ost_arena_alloc(a, len + 1);

    memcpy(copy, s, len);
    return copy;
}

char *ost_arena_printf(ost_arena *a, const char *fmt, ...)
{
    va_list ap, again;
    char *text;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    text = ost_arena_alloc(a, n < 0 ? 1 : (size_t)n + 1);
    if (n > 0)
        vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    return text;
}
