/* cli/show_items.c - the items of an artifact, in words */
#include "base/text.h"
#include "base/vec.h"
#include "cli/show.h"

#include <inttypes.h>
#include <string.h>

#include "base/banned.h"

/* So many ids are compared when one is not found. */
enum { CANDIDATES = 20000 };

static void add_digest(ost_buf *out, const ost_digest *d)
{
    char hex[OST_DIGEST_HEX];

    ost_buf_adds(out, ost_digest_hex(d, hex));
}

static void add_field(ost_buf *out, const ost_field *f)
{
    const char *type = ost_dtype_name(f->dtype);

    ost_buf_addf(out, "%s %s(", f->name, type ? type : "?");
    for (int d = 0; d < f->ndim; d++)
        ost_buf_addf(out, "%s%" PRId64, d ? ", " : "", f->shape[d]);
    ost_buf_addc(out, ')');
}

static void add_item_line(ost_buf *out, const ost_item *item)
{
    ost_buf_addf(out, "  %s", item->id);
    if (strcmp(item->group, item->id) != 0)
        ost_buf_addf(out, "  group %s", item->group);
    for (size_t i = 0; i < item->n_labels; i++)
        ost_buf_addf(out, "%s%s", i ? ", " : "  label ", item->labels[i]);
    for (size_t i = 0; i < item->n_fields; i++) {
        ost_buf_adds(out, i ? ", " : "  ");
        add_field(out, &item->fields[i]);
    }
    ost_buf_addc(out, '\n');
}

void ost_show_item(ost_buf *out, const ost_item *item)
{
    ost_buf_addf(out, "item %s\n  group     %s\n", item->id, item->group);
    for (size_t i = 0; i < item->n_labels; i++)
        ost_buf_addf(out, "  label     %s\n", item->labels[i]);
    for (size_t i = 0; i < item->n_parents; i++)
        ost_buf_addf(out, "  parent    %s\n", item->parents[i]);
    for (size_t i = 0; i < item->n_attrs; i++) {
        const ost_attr *a = &item->attrs[i];

        if (a->kind == OST_ATTR_TEXT)
            ost_buf_addf(out, "  attribute %s = %s\n", a->name, a->text);
        else
            ost_buf_addf(out, "  attribute %s = %.9g\n", a->name, a->number);
    }
    if (!ost_digest_is_zero(&item->exposure)) {
        ost_buf_adds(out, "  exposure  ");
        add_digest(out, &item->exposure);
        ost_buf_addc(out, '\n');
    }
    for (size_t i = 0; i < item->n_fields; i++) {
        ost_buf_adds(out, "  field     ");
        add_field(out, &item->fields[i]);
        ost_buf_addf(out, " at %" PRIu64 " of ", item->fields[i].offset);
        add_digest(out, &item->fields[i].blob);
        ost_buf_addc(out, '\n');
    }
}

/* Pages that are not shown are not decoded, so that a large dataset costs no
 * more than a small one. */
ost_rc ost_show_items(ost_batch *b, const ost_artifact *a, size_t first,
                      size_t limit, ost_buf *out, ost_err *err)
{
    ost_arena arena = { 0 };
    ost_rc rc = OST_OK;
    size_t at = 0, shown = 0;

    if (limit && a->n_items)
        ost_buf_addf(out, "\nitems (%" PRIu64 ")\n", a->n_items);
    for (size_t i = 0; i < a->n_refs && !rc && shown < limit; i++) {
        ost_item *page;
        size_t n = 0;

        if (at + a->refs[i].items <= first) {
            at += a->refs[i].items;
            continue;
        }
        rc = ost_dataset_page(b, a, i, &arena, &page, &n, err);
        for (size_t k = 0; k < n && !rc; k++, at++) {
            if (at < first || shown == limit)
                continue;
            add_item_line(out, &page[k]);
            shown++;
        }
        ost_arena_reset(&arena);
    }
    if (!rc && limit && first < a->n_items && a->n_items - first > limit)
        ost_buf_addf(out, "  ... and %" PRIu64 " more (--offset %zu)\n",
                     a->n_items - first - limit, first + limit);
    ost_arena_release(&arena);
    return rc;
}

/* --- one item ----------------------------------------------------------- */

/* Ids that may have been meant. */
typedef struct {
    ost_arena arena;
    OST_VEC(const char *) names;
    const char *longer; /* one that begins with what was asked for */
} candidates;

static void add_candidate(candidates *c, const char *id, const char *wanted)
{
    if (c->names.len < CANDIDATES)
        ost_vec_push(&c->names, ost_arena_strdup(&c->arena, id));
    if (!c->longer && ost_starts_with(id, wanted))
        c->longer = ost_arena_strdup(&c->arena, id);
}

static ost_rc not_found(const candidates *c, const char *wanted, ost_err *err)
{
    const char *near = ost_nearest(wanted, c->names.data, c->names.len);

    near = near ? near : c->longer;
    return ost_fail(err, OST_ENOTFOUND, "there is no item '%s'%s%s%s", wanted,
                    near ? " (did you mean '" : "", near ? near : "",
                    near ? "'?)" : "");
}

static ost_rc search(ost_batch *b, const ost_artifact *a, const char *id,
                     ost_arena *arena, ost_item *item, ost_err *err)
{
    candidates c = { 0 };
    bool found = false;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < a->n_refs && !rc && !found; i++) {
        ost_item *page;
        size_t n = 0;

        ost_arena_reset(arena);
        rc = ost_dataset_page(b, a, i, arena, &page, &n, err);
        for (size_t k = 0; k < n && !rc && !found; k++) {
            found = strcmp(page[k].id, id) == 0;
            if (found)
                *item = page[k];
            else
                add_candidate(&c, page[k].id, id);
        }
    }
    if (!rc && !found)
        rc = not_found(&c, id, err);
    ost_vec_release(&c.names);
    ost_arena_release(&c.arena);
    return rc;
}

ost_rc ost_show_find_item(ost_store *s, const ost_found *found, const char *id,
                          ost_arena *arena, ost_item *item, ost_err *err)
{
    ost_arena own = { 0 };
    ost_err why = { 0 };
    ost_batch *b;
    ost_artifact a;
    ost_rc rc;

    if (found->kind != OST_FOUND_BLOB)
        return ost_fail(err, OST_EUSAGE,
                        "--item wants the output of a step, such as "
                        "latest:STEP, not a run or a node");
    b = ost_batch_new(s);
    if (ost_artifact_get(b, &found->digest, &own, &a, &why) ||
        !ost_artifact_has_items(a.type))
        rc = ost_fail(err, OST_EUSAGE, "this is nothing that has items");
    else
        rc = search(b, &a, id, arena, item, err);
    ost_batch_free(b);
    ost_arena_release(&own);
    return rc;
}
