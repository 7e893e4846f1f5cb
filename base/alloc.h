/* base/alloc.h - memory that is there or the process ends
 *
 * Small, fixed allocations abort when memory is exhausted.  Sizes that depend
 * on input go through ost_try_alloc(), which checks the product for overflow,
 * honours the fault injection of base/fault.h and may return NULL.
 */
#ifndef OST_BASE_ALLOC_H
#define OST_BASE_ALLOC_H

#include <stddef.h>

/* Zeroed memory; aborts on exhaustion; caller frees with ost_free(). */
void *ost_xalloc(size_t size);
void *ost_xrealloc(void *p, size_t size);
char *ost_xstrdup(const char *s);
char *ost_xstrndup(const char *s, size_t n);
char *ost_xprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Zeroed memory for `count` elements of `size` bytes, or NULL. */
void *ost_try_alloc(size_t count, size_t size);
/* The same, aligned to 64 bytes and not zeroed. */
void *ost_try_alloc_aligned(size_t count, size_t size);

void ost_free(void *p);

#endif
