/* stages/restrict.c - the items that go with another dataset
 *
 * One partition for all that was made of the same patients: restricted to the
 * training set of a split, series, pairs and tiles are divided as the images
 * are.  An item is kept when dataset `to` has
 *
 *     id      an item of the same id
 *     group   an item of the same group (patient)
 *     parent  all of the item's parents (an item without parents: itself)
 *     root    an item with the same id up to the first '#'
 *
 * With `exclude` the others are kept.  An item of which only some parents are
 * there is on neither side, so that no partition shares a parent; a note
 * counts these.
 *
 * A kept item is exposed to what the items that it was kept for are exposed
 * to; with `exclude`, to what all of `to` is exposed to.
 */
#include "stages/matching.h"

#include <string.h>

#include "base/banned.h"

typedef struct {
    int by;
    bool exclude;
    bool allow_empty;
} restrict_params;

static const ost_param params[] = {
    OST_PARAM(restrict_params, by, CHOICE,
              "what an item has in common with one of 'to'",
              .dflt = "\"group\"", .choices = OST_MATCH_WORDS),
    OST_PARAM(restrict_params, exclude, BOOL,
              "keep the items that have nothing in common with 'to' instead",
              .dflt = "false"),
    OST_PARAM(restrict_params, allow_empty, BOOL, "no item is no error",
              .dflt = "false"),
    OST_END,
};

enum { OUTSIDE, INSIDE, MIXED };

typedef struct {
    ost_stage_ctx *ctx;
    const restrict_params *p;
    ost_match_index to;
    ost_item **exposed; /* per first item of a key: what all are exposed to */
    ost_item all;       /* what all of `to` is exposed to */
    size_t kept, mixed;
} restriction;

/* What the items of `to` under one key are exposed to. */
static ost_rc expose_to_key(restriction *r, ost_item *out, const char *key,
                            ost_err *err)
{
    const ost_item *first = ost_match_first(&r->to, key);
    ost_item **known;
    ost_rc rc = OST_OK;

    if (!first)
        return OST_OK;
    known = &r->exposed[first - r->to.items];
    if (!*known) {
        *known = OST_ARENA_NEW(ost_ctx_arena(r->ctx), ost_item);
        for (const ost_item *i = first; i && !rc; i = ost_match_next(&r->to, i))
            rc = ost_expose(r->ctx, *known, i, err);
    }
    if (!rc)
        rc = ost_expose(r->ctx, out, *known, err);
    return rc;
}

static int side_of(const restriction *r, const ost_item *item)
{
    ost_arena *arena = ost_ctx_arena(r->ctx);
    size_t found = 0;

    if (r->p->by != OST_MATCH_PARENT || item->n_parents == 0)
        return ost_match_first(&r->to, ost_match_key(arena, r->p->by, item))
                   ? INSIDE
                   : OUTSIDE;
    for (size_t i = 0; i < item->n_parents; i++)
        found += ost_match_first(&r->to, item->parents[i]) != NULL;
    if (found == 0)
        return OUTSIDE;
    return found == item->n_parents ? INSIDE : MIXED;
}

static ost_rc emit(restriction *r, const ost_item *item, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(r->ctx);
    ost_item *out = ost_derive(r->ctx, item, -1);
    ost_rc rc = OST_OK;

    if (r->p->exclude)
        rc = ost_expose(r->ctx, out, &r->all, err);
    else if (r->p->by != OST_MATCH_PARENT || item->n_parents == 0)
        rc = expose_to_key(r, out, ost_match_key(arena, r->p->by, item), err);
    else
        for (size_t i = 0; i < item->n_parents && !rc; i++)
            rc = expose_to_key(r, out, item->parents[i], err);
    r->kept++;
    if (rc)
        return rc;
    return ost_emit(r->ctx, "out", out, err);
}

static ost_rc open_target(restriction *r, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(r->ctx);
    const ost_item *items;
    size_t n;
    ost_rc rc;

    rc = ost_ctx_items(r->ctx, ost_ctx_input(r->ctx, "to", 0), &items, &n, err);
    if (rc)
        return rc;
    ost_match_index_init(&r->to, arena, r->p->by, items, n);
    r->exposed = OST_ARENA_ARRAY(arena, ost_item *, n + 1);
    for (size_t i = 0; i < n && r->p->exclude && !rc; i++)
        rc = ost_expose(r->ctx, &r->all, &items[i], err);
    return rc;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    restriction r = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    const ost_item *items = NULL;
    size_t n = 0;
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);
    if (!rc)
        rc = open_target(&r, err);
    for (size_t i = 0; i < n && !rc; i++) {
        int side = side_of(&r, &items[i]);

        r.mixed += side == MIXED;
        if (side == (r.p->exclude ? OUTSIDE : INSIDE))
            rc = emit(&r, &items[i], err);
    }
    if (!rc && r.kept == 0 && !r.p->allow_empty)
        rc = ost_fail(err, OST_EINPUT,
                      "%s of %zu items has its %s in 'to', which has %zu "
                      "(allow_empty: true allows that)",
                      r.p->exclude ? "each" : "none", n,
                      ost_match_word(r.p->by), r.to.n);
    if (!rc)
        ost_note(ctx, "%zu of %zu items are kept", r.kept, n);
    if (!rc && r.mixed)
        ost_note(ctx,
                 "%zu items are left out because only some of their parents "
                 "are in 'to'",
                 r.mixed);
    ost_match_index_release(&r.to);
    return rc;
}

const ost_stage ost_stage_restrict = {
    .name = "restrict",
    .version = 1, /* bump when any output byte can change */
    .summary = "Keep the items that go with another dataset.",
    .param_size = sizeof(restrict_params),
    .params = params,
    .inputs = OST_PORTS(
        { "in", OST_DATASET, "items to choose from", false, false },
        { "to", OST_DATASET, "items whose patients, ids or parents decide",
          false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "the items that are kept", false, false }),
    .run = run,
};
