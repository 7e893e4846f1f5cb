/* base/json_scan.h - where the values of a JSON text stand (inside base/ only)
 *
 * Entries are in the order of the text.  The first child of a container
 * follows it, and `next` leads over a whole subtree:
 *
 *     for (c = i + 1; c < e[i].next; c = e[c].next) visits the children of i
 */
#ifndef OST_BASE_JSON_SCAN_H
#define OST_BASE_JSON_SCAN_H

#include "base/buf.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OST_JSON_MAX_DEPTH = 512, OST_JSON_MAX_DUPLICATES = 100 };
#define OST_JSON_NO_NAME UINT32_MAX

typedef struct ost_json_entry {
    uint32_t at;   /* offset of the value */
    uint32_t name; /* offset of its member name's quote, or OST_JSON_NO_NAME */
    uint32_t next; /* index of the entry after this value */
} ost_json_entry;

typedef struct ost_json_scan {
    OST_VEC(ost_json_entry) entries;
    OST_VEC(uint32_t) duplicates; /* entries whose name was there before */
    size_t duplicate_count;       /* including those not kept */
    const char *message;          /* of the first syntax error */
    size_t error_at;
} ost_json_scan;

/* Scans a text of less than 4 GiB that has a 0 byte behind its end.  False on a
 * syntax error; release in both cases. */
bool ost_json_scan_text(ost_json_scan *s, const char *text, size_t size);
void ost_json_scan_release(ost_json_scan *s);

/* The member name that begins with the quote at `at`: borrowed from the text,
 * or decoded into `scratch` when it has escapes. */
const char *ost_json_scan_name(const char *text, size_t at, ost_buf *scratch,
                               size_t *n);

#endif
