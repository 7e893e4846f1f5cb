/* base/arena.h - things that die together
 *
 * Memory is taken in chunks and given back all at once.  Not thread safe.
 */
#ifndef OST_BASE_ARENA_H
#define OST_BASE_ARENA_H

#include <stddef.h>

typedef struct ost_arena_chunk ost_arena_chunk;
typedef struct ost_arena {
    ost_arena_chunk *chunks; /* newest first */
    size_t used;             /* bytes handed out since the last reset */
} ost_arena;

/* A zeroed ost_arena is empty and ready; release and reset take any state. */
void ost_arena_release(ost_arena *a);
/* Forgets everything handed out and keeps the largest chunk for reuse. */
void ost_arena_reset(ost_arena *a);

/* Zeroed, 16-byte aligned memory, borrowed until reset or release.  Aborts on
 * exhaustion: check sizes that come from input before asking. */
void *ost_arena_alloc(ost_arena *a, size_t size);
void *ost_arena_copy(ost_arena *a, const void *p, size_t size);
char *ost_arena_strdup(ost_arena *a, const char *s);
char *ost_arena_strndup(ost_arena *a, const char *s, size_t n);
char *ost_arena_printf(ost_arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#define OST_ARENA_NEW(a, type) ((type *)ost_arena_alloc((a), sizeof(type)))
#define OST_ARENA_ARRAY(a, type, count) \
    ((type *)ost_arena_alloc((a), sizeof(type) * (count)))

#endif
