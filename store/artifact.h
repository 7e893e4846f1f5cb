/* store/artifact.h - what flows along an edge: artifacts, datasets, items
 *
 * An artifact is a blob in a canonical encoding: type, a small JSON text
 * (`meta`), an exposure, and named references to other blobs.  Its digest
 * names it.  Datasets, files and predictions are sequences of items in pages;
 * a model refers to its weights; metrics and reports are their `meta`.
 *
 * A page holds the items from one content-defined boundary to the next: it
 * ends behind an item whose root id (the id up to the first '#') hashes to a
 * boundary, when the next item has another root.  So an inserted or removed
 * item changes one page and the list of pages, not the pages behind it.
 */
#ifndef OST_STORE_ARTIFACT_H
#define OST_STORE_ARTIFACT_H

#include "base/arena.h"
#include "base/dtype.h"
#include "base/err.h"
#include "base/vec.h"
#include "store/key.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OST_ARTIFACT_MAP(XX)          \
    XX(ANY, 0, "any")                 \
    XX(DATASET, 1, "dataset")         \
    XX(FILES, 2, "files")             \
    XX(PREDICTIONS, 3, "predictions") \
    XX(MODEL, 4, "model")             \
    XX(METRICS, 5, "metrics")         \
    XX(REPORT, 6, "report")

typedef enum ost_artifact_type {
#define XX(name, value, word) OST_##name = (value),
    OST_ARTIFACT_MAP(XX)
#undef XX
} ost_artifact_type;

const char *ost_artifact_type_name(ost_artifact_type t);
/* OST_ANY for an unknown word. */
ost_artifact_type ost_artifact_type_of(const char *name);
/* True for types that are sequences of items. */
bool ost_artifact_has_items(ost_artifact_type t);

/* A named blob of an artifact; for pages `name` is "" and `items` counts. */
typedef struct ost_ref {
    const char *name;
    ost_digest digest;
    uint64_t size;
    uint64_t items;
} ost_ref;

typedef struct ost_artifact {
    ost_artifact_type type;
    const char *meta;    /* canonical JSON object */
    ost_digest exposure; /* groups behind a model, or behind metrics: digest
                            of a set, or zero */
    uint64_t n_items;
    const ost_ref *refs;
    size_t n_refs;
} ost_artifact;

/* Encodes, stores, and says the digest. */
ost_rc ost_artifact_put(ost_batch *b, const ost_artifact *a, ost_digest *digest,
                        ost_err *err);
/* Reads and decodes; everything borrows from the arena. */
ost_rc ost_artifact_get(ost_batch *b, const ost_digest *digest,
                        ost_arena *arena, ost_artifact *a, ost_err *err);

/* --- items ------------------------------------------------------------- */

/* An array: part of a blob.  `offset` and `stride` count elements; a view has
 * the blob of its parent.  Shapes: image (H, W) or (H, W, C), frames (T, H, W),
 * boxes (N, 4) as x0, y0, x1, y1; `bytes` (N) of a member of `files`. */
typedef struct ost_field {
    const char *name;
    ost_dtype dtype;
    int ndim;
    int64_t shape[OST_MAX_DIMS];
    int64_t stride[OST_MAX_DIMS];
    uint64_t offset;
    ost_digest blob;
} ost_field;

typedef enum ost_attr_kind {
    OST_ATTR_NUMBER = 1,
    OST_ATTR_TEXT = 2
} ost_attr_kind;

typedef struct ost_attr {
    const char *name;
    ost_attr_kind kind;
    double number;
    const char *text;
} ost_attr;

/* One member.  Arrays are sorted by name when encoded; strings are UTF-8. */
typedef struct ost_item {
    const char *id;
    const char *group; /* never empty: the id when nothing else is known */
    const char *const *labels;
    size_t n_labels;
    const ost_attr *attrs;
    size_t n_attrs;
    const char *const *parents; /* ids */
    size_t n_parents;
    ost_digest exposure; /* set of groups, or zero */
    const ost_field *fields;
    size_t n_fields;
} ost_item;

const ost_field *ost_item_field(const ost_item *item, const char *name);
const ost_attr *ost_item_attr(const ost_item *item, const char *name);
/* True for a field "image" whose high values are dark, as the attribute
 * `photometric` says (MONOCHROME1 of DICOM, MINISWHITE of TIFF): it is shown
 * turned around. */
bool ost_item_is_inverse(const ost_item *item, const char *field);
/* The only label, or NULL when there is none. */
const char *ost_item_label(const ost_item *item);
/* Order of items: bytewise, '#' before everything else. */
int ost_id_compare(const char *a, const char *b);

/* Copies with one thing set or replaced; everything lives in the arena. */
void ost_item_set_field(ost_arena *arena, ost_item *item, const ost_field *f);
void ost_item_remove_field(ost_arena *arena, ost_item *item, const char *name);
void ost_item_set_number(ost_arena *arena, ost_item *item, const char *name,
                         double value);
void ost_item_set_text(ost_arena *arena, ost_item *item, const char *name,
                       const char *value);
void ost_item_set_label(ost_arena *arena, ost_item *item, const char *label);
/* Any number of labels as tables write them, "a|b": sorted; spaces around
 * them, empty ones and repeated ones do not count. */
void ost_item_set_labels(ost_arena *arena, ost_item *item, const char *text);
/* Appends them in that form; nothing when there are none. */
void ost_item_add_labels(ost_buf *out, const ost_item *item);

void ost_item_encode(ost_buf *out, const ost_item *item);
/* Decodes the next item of a page; false (and r->bad) when malformed. */
bool ost_item_decode(ost_reader *r, ost_arena *arena, ost_item *item);

/* --- item sequences ---------------------------------------------------- */

/* Decodes page `i` of an artifact with items. */
ost_rc ost_dataset_page(ost_batch *b, const ost_artifact *a, size_t i,
                        ost_arena *arena, ost_item **items, size_t *n,
                        ost_err *err);
/* All items of an artifact, in id order. */
ost_rc ost_dataset_items(ost_batch *b, const ost_artifact *a, ost_arena *arena,
                         ost_item **items, size_t *n, ost_err *err);

/* Sorts the items by id (OST_EINPUT names an id that is there twice), cuts
 * them into pages, stores pages and artifact.  `meta` is canonical JSON. */
ost_rc ost_dataset_put(ost_batch *b, ost_artifact_type type, const char *meta,
                       const ost_item *items, size_t n, ost_digest *digest,
                       ost_err *err);

/* --- exposure: sets of groups ------------------------------------------ */

/* A set is a blob of sorted, distinct names; the empty set is the zero
 * digest. */
ost_rc ost_groups_put(ost_batch *b, const char *const *groups, size_t n,
                      ost_digest *digest, ost_err *err);
ost_rc ost_groups_get(ost_batch *b, const ost_digest *digest, ost_arena *arena,
                      const char *const **groups, size_t *n, ost_err *err);
ost_rc ost_groups_unite(ost_batch *b, const ost_digest *x, const ost_digest *y,
                        ost_digest *digest, ost_err *err);

#endif
