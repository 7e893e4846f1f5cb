/* stages/gunzip.h - one gzip file in memory, unpacked bit by bit, through zlib
 *
 * Nothing is unpacked that is not asked for, so that a small file cannot grow
 * beyond what its reader expects of it.
 */
#ifndef OST_STAGES_GUNZIP_H
#define OST_STAGES_GUNZIP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct ost_gunzip ost_gunzip;

/* Borrows `data` until it is closed; NULL when there is no memory. */
ost_gunzip *ost_gunzip_open(const void *data, size_t size);
void ost_gunzip_close(ost_gunzip *g);

/* The next bytes, at most `n`; fewer only at the end.  OST_EINPUT when the data
 * is damaged or ends early. */
ost_rc ost_gunzip_read(ost_gunzip *g, void *out, size_t n, size_t *got,
                       ost_err *err);

/* The first bytes of what is packed, as many as can be had up to `n`. */
size_t ost_gunzip_head(const void *data, size_t size, void *out, size_t n);

#endif
