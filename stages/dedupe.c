/* stages/dedupe.c - the same picture once
 *
 * Goes through the items in order of id and drops each that is the same as one
 * before it that is kept: the same pixels (`exact`), or a picture whose 64-bit
 * hash (stages/picture_hash.h) differs in at most `distance` bits.  `dhash`
 * sees through changed brightness, contrast and size; `phash` through noise
 * and compression as well.  Neither sees through rotation or mirroring, and
 * pictures without contrast are all alike to them.
 *
 * Labels, groups and folds are looked across: a picture that two patients or
 * two classes have is there once.  What is done when labels differ says
 * `conflicts`: keep the first as always, drop all of them, since no one knows
 * which label is right, or fail.  Items of `against` (another fold, another
 * dataset) come before all others and are not put out: what is the same as one
 * of them is dropped.
 *
 * Output `duplicates` lists each dropped item with what it is the same as,
 * both labels and groups, and the distance; and counts them.
 */
#include "base/map.h"
#include "base/vec.h"
#include "stages/near_hashes.h"
#include "stages/picture_marks.h"
#include "stages/stage.h"

#include <string.h>

#include "base/banned.h"

enum { EXACT, DHASH, PHASH };
enum { KEEP, DROP, ERROR };
enum { MOST_LISTED = 10000, NONE = -1 };

typedef struct {
    int method;
    int64_t distance;
    const char *field;
    int conflicts;
} dedupe_params;

static const ost_param params[] = {
    OST_PARAM(dedupe_params, method, CHOICE,
              "what makes two pictures the same: all pixels, or a hash of "
              "brightness steps (dhash) or of low frequencies (phash)",
              .dflt = "\"exact\"", .choices = "exact|dhash|phash"),
    OST_PARAM(dedupe_params, distance, I64,
              "dhash, phash: bits of 64 in which hashes may differ",
              .dflt = "2", .min = 0, .max = OST_NEAR_MOST),
    OST_PARAM(dedupe_params, field, STR, "field that is compared",
              .dflt = "\"image\""),
    OST_PARAM(dedupe_params, conflicts, CHOICE,
              "when labels of the same pictures differ: keep the first, drop "
              "all of them, or fail",
              .dflt = "\"keep\"", .choices = "keep|drop|error"),
    OST_END,
};

typedef struct {
    const ost_item *item;
    bool against;
    bool conflict;   /* one that is the same has another label */
    int64_t same_as; /* entry, or NONE */
    int distance;
    uint64_t hash;
    ost_digest pixels;
} entry;

typedef struct {
    ost_stage_ctx *ctx;
    const dedupe_params *p;
    OST_VEC(entry) entries;
    size_t n_in;
    ost_map by_pixels;
    ost_near_hashes near;
    OST_VEC(uint32_t) near_entry; /* of the hashes in `near` */
} deduping;

/* --- hashes ----------------------------------------------------------------
 */

static ost_rc add_items(deduping *d, const ost_input *in, bool against,
                        ost_err *err)
{
    const ost_item *items;
    size_t n;
    ost_rc rc = ost_ctx_items(d->ctx, in, &items, &n, err);

    for (size_t i = 0; i < n && !rc; i++)
        ost_vec_push(
            &d->entries,
            (entry){ .item = &items[i], .against = against, .same_as = NONE });
    return rc;
}

static ost_rc hash_all(deduping *d, ost_err *err)
{
    static const unsigned wanted[] = { OST_MARK_PIXELS, OST_MARK_DHASH,
                                       OST_MARK_PHASH };
    ost_arena *arena = ost_ctx_arena(d->ctx);
    size_t n = d->entries.len, fresh = 0;
    const ost_item **items = OST_ARENA_ARRAY(arena, const ost_item *, n);
    ost_picture_mark *marks = OST_ARENA_ARRAY(arena, ost_picture_mark, n);
    ost_rc rc;

    for (size_t i = 0; i < n; i++)
        items[i] = d->entries.data[i].item;
    rc = ost_picture_marks(d->ctx, items, n, d->p->field, wanted[d->p->method],
                           marks, &fresh, err);
    for (size_t i = 0; i < n && !rc; i++) {
        d->entries.data[i].pixels = marks[i].pixels;
        d->entries.data[i].hash =
            d->p->method == DHASH ? marks[i].dhash : marks[i].phash;
    }
    if (!rc)
        ost_count_items(d->ctx, fresh, n - fresh);
    return rc;
}

/* --- who is the same --------------------------------------------------------
 */

static int64_t find_same(deduping *d, size_t i)
{
    entry *e = &d->entries.data[i];
    uint64_t same = i;
    uint32_t at;

    if (d->p->method == EXACT) {
        if (ost_map_get(&d->by_pixels, e->pixels.b, sizeof(e->pixels.b), &same))
            return (int64_t)same;
        ost_map_put(&d->by_pixels, e->pixels.b, sizeof(e->pixels.b), i);
        return NONE;
    }
    at = ost_near_hashes_find(&d->near, e->hash, (int)d->p->distance,
                              &e->distance);
    if (at != UINT32_MAX)
        return d->near_entry.data[at];
    e->distance = 0;
    ost_near_hashes_add(&d->near, e->hash);
    ost_vec_push(&d->near_entry, (uint32_t)i);
    return NONE;
}

static bool same_labels(const ost_item *a, const ost_item *b)
{
    if (a->n_labels != b->n_labels)
        return false;
    for (size_t i = 0; i < a->n_labels; i++)
        if (strcmp(a->labels[i], b->labels[i]) != 0)
            return false;
    return true;
}

static ost_rc find_all(deduping *d, ost_err *err)
{
    ost_near_hashes_init(&d->near);
    for (size_t i = 0; i < d->entries.len; i++) {
        entry *e = &d->entries.data[i], *first;

        e->same_as = find_same(d, i);
        if (e->same_as == NONE || e->against)
            continue;
        first = &d->entries.data[e->same_as];
        if (same_labels(first->item, e->item))
            continue;
        if (d->p->conflicts == ERROR)
            return ost_fail(err, OST_EINPUT,
                            "items '%s' and '%s' are the same picture and have "
                            "different labels (conflicts: keep or drop)",
                            first->item->id, e->item->id);
        first->conflict = true;
    }
    return OST_OK;
}

/* --- what comes out ----------------------------------------------------------
 */

static bool is_dropped(const deduping *d, const entry *e)
{
    return e->same_as != NONE || (d->p->conflicts == DROP && e->conflict);
}

static json_t *labels_json(const ost_item *item)
{
    ost_buf text = { 0 };
    json_t *v;

    ost_item_add_labels(&text, item);
    v = json_string(ost_buf_str(&text));
    ost_buf_release(&text);
    return v;
}

static json_t *pair_json(const deduping *d, const entry *e)
{
    const entry *first = &d->entries.data[e->same_as];

    return json_pack(
        "{s:s, s:s, s:o, s:o, s:s, s:s, s:i, s:b, s:b}", "item", e->item->id,
        "same_as", first->item->id, "label", labels_json(e->item),
        "same_as_label", labels_json(first->item), "group", e->item->group,
        "same_as_group", first->item->group, "distance", e->distance, "against",
        (int)first->against, "same_as_kept", (int)!is_dropped(d, first));
}

typedef struct {
    size_t pairs, dropped, other_label, other_group, against;
    json_t *list;
} findings;

static void add_pair(const deduping *d, const entry *e, findings *f)
{
    const entry *first = &d->entries.data[e->same_as];

    f->other_label += !same_labels(first->item, e->item);
    f->other_group += strcmp(first->item->group, e->item->group) != 0;
    f->against += first->against;
    if (f->pairs++ < MOST_LISTED)
        json_array_append_new(f->list, pair_json(d, e));
}

static ost_rc tell(deduping *d, findings *f, ost_err *err)
{
    static const char *const methods[] = { "exact", "dhash", "phash" };
    json_t *doc = json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "method",
        methods[d->p->method], "field", d->p->field, "distance",
        (json_int_t)(d->p->method == EXACT ? 0 : d->p->distance), "n_items",
        (json_int_t)d->n_in, "n_dropped", (json_int_t)f->dropped, "n_pairs",
        (json_int_t)f->pairs, "n_other_label", (json_int_t)f->other_label,
        "n_other_group", (json_int_t)f->other_group, "n_against",
        (json_int_t)f->against, "n_not_listed",
        (json_int_t)(f->pairs > MOST_LISTED ? f->pairs - MOST_LISTED : 0),
        "pairs", f->list);
    ost_rc rc = ost_emit_meta(d->ctx, "duplicates", doc, err);

    json_decref(doc);
    if (f->pairs)
        ost_note(d->ctx,
                 "%zu of %zu items are dropped: %zu are the same as another, "
                 "%zu of them with another label, %zu of another group, %zu "
                 "the same as one of 'against'",
                 f->dropped, d->n_in, f->pairs, f->other_label, f->other_group,
                 f->against);
    return rc;
}

static ost_rc emit(deduping *d, ost_err *err)
{
    findings f = { .list = json_array() };
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < d->entries.len && !rc; i++) {
        const entry *e = &d->entries.data[i];

        if (e->against)
            continue;
        f.dropped += is_dropped(d, e);
        if (e->same_as != NONE)
            add_pair(d, e, &f);
        if (!is_dropped(d, e))
            rc = ost_emit(d->ctx, "out", ost_derive(d->ctx, e->item, -1), err);
    }
    if (!rc)
        rc = tell(d, &f, err);
    json_decref(f.list);
    return rc;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    deduping d = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    size_t others = ost_ctx_input_count(ctx, "against");
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < others && !rc; i++)
        rc = add_items(&d, ost_ctx_input(ctx, "against", i), true, err);
    d.n_in = d.entries.len;
    if (!rc)
        rc = add_items(&d, ost_ctx_input(ctx, "in", 0), false, err);
    d.n_in = d.entries.len - d.n_in;
    if (!rc)
        rc = hash_all(&d, err);
    if (!rc)
        rc = find_all(&d, err);
    if (!rc)
        rc = emit(&d, err);
    ost_near_hashes_release(&d.near);
    ost_vec_release(&d.near_entry);
    ost_map_release(&d.by_pixels);
    ost_vec_release(&d.entries);
    return rc;
}

const ost_stage ost_stage_dedupe = {
    .name = "dedupe",
    .version = 1, /* bump when any output byte can change */
    .summary = "Keep each picture once, and list those that came again.",
    .param_size = sizeof(dedupe_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "pictures", false, false },
                        { "against", OST_DATASET,
                          "pictures that none of 'in' may be the same as", true,
                          true }),
    .outputs =
        OST_PORTS({ "out", OST_DATASET, "each picture once", false, false },
                  { "duplicates", OST_METRICS, "what came again, and how often",
                    false, false }),
    .run = run,
};
