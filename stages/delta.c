/* stages/delta.c - what .map made of an item, as bytes that fit any item
 *
 * The memo of an item must not hold its id, group or lineage: the same pixels
 * may come again under another name.  So each item that came out is written
 * as its difference from the item that went in:
 *
 *     notes           string
 *     per item:
 *       port          varint
 *       id mode       u8   0 same, 1 suffix to the id, 2 a new id
 *       parent mode   u8   0 same, 1 the item that went in, 2 given
 *       changed       u8   bit 0 labels, bit 1 group
 *       removed       varint, strings: fields; varint, strings: attributes
 *       item          the parts that were set, in a chain
 *
 * What the stage set is in the delta even where it is what was there before:
 * of another item with the same pixels it may not be.  Derived items share the
 * names and texts of the item that they come from, so that what was not set is
 * known by its address.
 */
#include "stages/context.h"
#include "store/item_chain.h"

#include <string.h>

#include "base/banned.h"

enum { ID_SAME, ID_SUFFIX, ID_NEW };
enum { PARENT_SAME, PARENT_IN, PARENT_GIVEN };
enum { CHANGED_LABELS = 1u, CHANGED_GROUP = 2u };

static void add_removed(const ost_item *in, const ost_item *out, ost_buf *to)
{
    ost_buf names = { 0 };
    uint64_t n = 0;

    for (size_t i = 0; i < in->n_fields; i++)
        if (!ost_item_field(out, in->fields[i].name)) {
            ost_buf_string(&names, in->fields[i].name);
            n++;
        }
    ost_buf_varint(to, n);
    ost_buf_add(to, names.data, names.len);
    ost_buf_reset(&names);
    n = 0;
    for (size_t i = 0; i < in->n_attrs; i++)
        if (!ost_item_attr(out, in->attrs[i].name)) {
            ost_buf_string(&names, in->attrs[i].name);
            n++;
        }
    ost_buf_varint(to, n);
    ost_buf_add(to, names.data, names.len);
    ost_buf_release(&names);
}

static uint8_t id_mode(const ost_item *in, const ost_item *out,
                       const char **text)
{
    size_t n = strlen(in->id);

    *text = out->id;
    if (in->id == out->id) {
        *text = "";
        return ID_SAME;
    }
    if (strncmp(in->id, out->id, n) == 0 && out->id[n] == '#') {
        *text = out->id + n;
        return ID_SUFFIX;
    }
    return ID_NEW;
}

static uint8_t parent_mode(const ost_item *in, const ost_item *out)
{
    if (in->parents == out->parents && in->n_parents == out->n_parents)
        return PARENT_SAME;
    if (out->n_parents == 1 && strcmp(out->parents[0], in->id) == 0)
        return PARENT_IN;
    return PARENT_GIVEN;
}

/* What of `out` was set: the rest is left out of the copy. */
static ost_item set_parts(const ost_item *in, const ost_item *out,
                          ost_arena *arena)
{
    ost_field *fields = OST_ARENA_ARRAY(arena, ost_field, out->n_fields);
    ost_attr *attrs = OST_ARENA_ARRAY(arena, ost_attr, out->n_attrs);
    ost_item part = { .id = "", .group = "" };

    part.fields = fields;
    part.attrs = attrs;
    for (size_t i = 0; i < out->n_fields; i++) {
        const ost_field *was = ost_item_field(in, out->fields[i].name);

        if (!was || was->name != out->fields[i].name)
            fields[part.n_fields++] = out->fields[i];
    }
    for (size_t i = 0; i < out->n_attrs; i++) {
        const ost_attr *was = ost_item_attr(in, out->attrs[i].name);

        if (!was || was->name != out->attrs[i].name)
            attrs[part.n_attrs++] = out->attrs[i];
    }
    return part;
}

static void encode_item(const ost_item *in, const emitted *e,
                        ost_item_chain *chain, ost_arena *arena, ost_buf *to,
                        ost_digest_vec *refs)
{
    const ost_item *out = &e->made->item;
    ost_item part = set_parts(in, out, arena);
    uint8_t idm = id_mode(in, out, &part.id);
    uint8_t pm = parent_mode(in, out);
    unsigned changed = 0;

    if (in->labels != out->labels || in->n_labels != out->n_labels) {
        changed |= CHANGED_LABELS;
        part.labels = out->labels;
        part.n_labels = out->n_labels;
    }
    if (in->group != out->group) {
        changed |= CHANGED_GROUP;
        part.group = out->group;
    }
    if (pm == PARENT_GIVEN) {
        part.parents = out->parents;
        part.n_parents = out->n_parents;
    }
    ost_buf_varint(to, e->port);
    ost_buf_u8(to, idm);
    ost_buf_u8(to, pm);
    ost_buf_u8(to, (uint8_t)changed);
    add_removed(in, out, to);
    ost_chain_add(chain, to, &part);
    ost_add_refs(&part, refs);
}

void ost_delta_encode(const ost_stage_ctx *ctx, ost_buf *out,
                      ost_digest_vec *refs)
{
    ost_arena arena = { 0 };
    ost_item_chain chain = { 0 };

    ost_buf_string(out, ost_buf_str(&ctx->notes));
    for (size_t i = 0; i < ctx->emitted.len; i++)
        encode_item(ctx->in, &ctx->emitted.data[i], &chain, &arena, out, refs);
    ost_chain_release(&chain);
    ost_arena_release(&arena);
}

static void remove_attr(ost_arena *arena, ost_item *item, const char *name)
{
    ost_attr *kept = OST_ARENA_ARRAY(arena, ost_attr, item->n_attrs + 1);
    size_t n = 0;

    for (size_t i = 0; i < item->n_attrs; i++)
        if (strcmp(item->attrs[i].name, name) != 0)
            kept[n++] = item->attrs[i];
    item->attrs = kept;
    item->n_attrs = n;
}

static const char *read_name(ost_reader *r, ost_arena *arena)
{
    size_t n;
    const unsigned char *p = ost_read_bytes(r, &n);

    return r->bad ? "" : ost_arena_strndup(arena, (const char *)p, n);
}

static void apply_removed(ost_reader *r, ost_arena *arena, ost_item *item)
{
    uint64_t n = ost_read_varint(r);

    for (uint64_t i = 0; i < n && !r->bad; i++)
        ost_item_remove_field(arena, item, read_name(r, arena));
    n = ost_read_varint(r);
    for (uint64_t i = 0; i < n && !r->bad; i++)
        remove_attr(arena, item, read_name(r, arena));
}

static void apply_parents(ost_arena *arena, const ost_item *in,
                          const ost_item *delta, uint8_t mode, ost_item *item)
{
    const char **one;

    if (mode == PARENT_GIVEN) {
        item->parents = delta->parents;
        item->n_parents = delta->n_parents;
    } else if (mode == PARENT_IN) {
        one = OST_ARENA_ARRAY(arena, const char *, 1);
        one[0] = in->id;
        item->parents = one;
        item->n_parents = 1;
    }
}

static void apply_attrs(ost_arena *arena, const ost_item *delta, ost_item *item)
{
    for (size_t i = 0; i < delta->n_attrs; i++) {
        const ost_attr *a = &delta->attrs[i];

        if (a->kind == OST_ATTR_NUMBER)
            ost_item_set_number(arena, item, a->name, a->number);
        else
            ost_item_set_text(arena, item, a->name, a->text);
    }
}

static void apply_item(ost_stage_ctx *ctx, const ost_item *in,
                       ost_item_chain *chain, ost_reader *r)
{
    made_item *made = (made_item *)ost_derive(ctx, in, -1);
    ost_item *item = &made->item;
    ost_arena *arena = ctx->arena;
    ost_item delta = { 0 };
    emitted e = { .made = made };
    uint8_t idm, pm;
    unsigned changed;

    e.port = (uint32_t)ost_read_varint(r);
    idm = ost_read_u8(r);
    pm = ost_read_u8(r);
    changed = ost_read_u8(r);
    apply_removed(r, arena, item);
    if (!ost_chain_read(chain, r, arena, &delta) ||
        e.port >= ctx->step->n_outputs) {
        r->bad = true;
        return;
    }
    if (idm == ID_SUFFIX)
        item->id = ost_arena_printf(arena, "%s%s", in->id, delta.id);
    else if (idm == ID_NEW)
        item->id = delta.id;
    apply_parents(arena, in, &delta, pm, item);
    if (changed & CHANGED_LABELS) {
        item->labels = delta.labels;
        item->n_labels = delta.n_labels;
    }
    if (changed & CHANGED_GROUP)
        item->group = delta.group;
    for (size_t i = 0; i < delta.n_fields; i++)
        ost_item_set_field(arena, item, &delta.fields[i]);
    apply_attrs(arena, &delta, item);
    ost_vec_push(&ctx->emitted, e);
}

ost_rc ost_delta_apply(ost_stage_ctx *ctx, const ost_item *in, const void *data,
                       size_t size, ost_err *err)
{
    const void *own = ost_arena_copy(ctx->arena, data, size);
    ost_reader r = ost_reader_of(own, size);
    size_t n;
    const unsigned char *notes = ost_read_bytes(&r, &n);
    ost_item_chain chain = { 0 };

    if (!r.bad)
        ost_buf_add(&ctx->notes, notes, n);
    while (!r.bad && ost_read_left(&r) > 0)
        apply_item(ctx, in, &chain, &r);
    if (r.bad)
        return ost_fail(err, OST_ECORRUPT, "the memo of item '%s' is malformed",
                        in->id);
    return OST_OK;
}
