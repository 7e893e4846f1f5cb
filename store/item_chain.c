/* store/item_chain.c - items one after another, each as a difference */
#include "store/item_chain.h"

#include "base/alloc.h"
#include "store/codec.h"
#include "store/item_codec.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/banned.h"

/* First byte of an item. */
enum {
    OWN_GROUP = 0x01,
    SAME_GROUP = 0x02,
    SAME_EXPOSURE = 0x04,
    SAME_LABELS = 0x08,
    SAME_PARENTS = 0x10,
    ALIKE_ATTRS = 0x20, /* the same names and kinds */
    ALIKE_FIELDS = 0x40,
};

/* First byte of a field that is like the one before. */
enum {
    NEW_SHAPE = 0x01,
    NEW_STRIDES = 0x02,
    PACKED = 0x04, /* strides that follow from the shape */
    NEW_OFFSET = 0x08,
    NEW_BLOB = 0x10,
};

/* Whole numbers up to here are written as such. */
static const double whole = 4503599627370496.0; /* 2^52 */

void ost_chain_release(ost_item_chain *c)
{
    ost_free(c->attrs);
    ost_free(c->fields);
    ost_arena_release(&c->own);
    *c = (ost_item_chain){ 0 };
}

/* --- what is the same ---------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return a == b || strcmp(a, b) == 0;
}

static bool same_texts(const char *const *a, size_t na, const char *const *b,
                       size_t nb)
{
    if (na != nb)
        return false;
    for (size_t i = 0; i < na && a != b; i++)
        if (!same_text(a[i], b[i]))
            return false;
    return true;
}

static bool alike_attrs(const ost_item *a, const ost_item *b)
{
    if (a->n_attrs != b->n_attrs)
        return false;
    for (size_t i = 0; i < a->n_attrs && a->attrs != b->attrs; i++)
        if (a->attrs[i].kind != b->attrs[i].kind ||
            !same_text(a->attrs[i].name, b->attrs[i].name))
            return false;
    return true;
}

static bool alike_fields(const ost_item *a, const ost_item *b)
{
    if (a->n_fields != b->n_fields)
        return false;
    for (size_t i = 0; i < a->n_fields && a->fields != b->fields; i++)
        if (a->fields[i].dtype != b->fields[i].dtype ||
            a->fields[i].ndim != b->fields[i].ndim ||
            !same_text(a->fields[i].name, b->fields[i].name))
            return false;
    return true;
}

static bool same_value(const ost_attr *a, const ost_attr *b)
{
    if (a->kind == OST_ATTR_TEXT)
        return same_text(a->text, b->text);
    return memcmp(&a->number, &b->number, sizeof(a->number)) == 0 ||
           (isnan(a->number) && isnan(b->number));
}

static unsigned changes_of(const ost_field *f, const ost_field *last)
{
    size_t bytes = (size_t)f->ndim * sizeof(f->shape[0]);
    unsigned changes = 0;

    if (memcmp(f->shape, last->shape, bytes) != 0)
        changes |= NEW_SHAPE;
    if (memcmp(f->stride, last->stride, bytes) != 0)
        changes |= ost_field_is_packed(f) ? PACKED : NEW_STRIDES;
    if (f->offset != last->offset)
        changes |= NEW_OFFSET;
    if (!ost_digest_equal(&f->blob, &last->blob))
        changes |= NEW_BLOB;
    return changes;
}

/* --- writing ------------------------------------------------------------- */

static void add_number(ost_buf *out, double v)
{
    if (v >= -whole && v <= whole && (double)(int64_t)v == v &&
        !(v == 0.0 && signbit(v))) {
        ost_buf_u8(out, 1);
        ost_codec_add_signed(out, (int64_t)v);
    } else {
        ost_buf_u8(out, 0);
        ost_buf_f64(out, isnan(v) ? (double)NAN : v);
    }
}

/* Bits of what changed, then the new values. */
static void add_values(ost_buf *out, const ost_item *item, const ost_item *last)
{
    size_t n = item->n_attrs;
    bool same = item->attrs == last->attrs;

    for (size_t i = 0; i < n; i += 8) {
        unsigned bits = 0;

        for (size_t k = i; k < n && k < i + 8 && !same; k++)
            if (!same_value(&item->attrs[k], &last->attrs[k]))
                bits |= 1u << (k - i);
        ost_buf_u8(out, (uint8_t)bits);
        for (size_t k = i; k < n && k < i + 8; k++) {
            if (!(bits & 1u << (k - i)))
                continue;
            if (item->attrs[k].kind == OST_ATTR_TEXT)
                ost_codec_add_text(out, item->attrs[k].text);
            else
                add_number(out, item->attrs[k].number);
        }
    }
}

static void add_changes(ost_buf *out, const ost_field *f, const ost_field *last)
{
    unsigned changes = changes_of(f, last);

    ost_buf_u8(out, (uint8_t)changes);
    for (int d = 0; d < f->ndim && (changes & NEW_SHAPE); d++)
        ost_buf_varint(out, (uint64_t)f->shape[d]);
    for (int d = 0; d < f->ndim && (changes & NEW_STRIDES); d++)
        ost_codec_add_signed(out, f->stride[d]);
    if (changes & NEW_OFFSET)
        ost_codec_add_signed(out, (int64_t)(f->offset - last->offset));
    if (changes & NEW_BLOB)
        ost_codec_add_digest(out, &f->blob);
}

static unsigned head_of(const ost_item *item, const ost_item *last)
{
    unsigned head = 0;

    if (same_text(item->group, item->id))
        head |= OWN_GROUP;
    else if (last->group && same_text(item->group, last->group))
        head |= SAME_GROUP;
    if (ost_digest_equal(&item->exposure, &last->exposure))
        head |= SAME_EXPOSURE;
    if (same_texts(item->labels, item->n_labels, last->labels, last->n_labels))
        head |= SAME_LABELS;
    if (same_texts(item->parents, item->n_parents, last->parents,
                   last->n_parents))
        head |= SAME_PARENTS;
    if (alike_attrs(item, last))
        head |= ALIKE_ATTRS;
    if (alike_fields(item, last))
        head |= ALIKE_FIELDS;
    return head;
}

static void add_id(ost_item_chain *c, ost_buf *out, const char *id)
{
    size_t n = strlen(id), same = 0;

    while (same < n && same < c->id_len && id[same] == c->last.id[same])
        same++;
    ost_buf_varint(out, same);
    ost_codec_add_text(out, id + same);
    c->id_len = n;
}

static ost_item sorted_by_name(const ost_item *item, void **attrs,
                               void **fields)
{
    ost_item sorted = *item;

    sorted.attrs =
        ost_by_name(item->attrs, item->n_attrs, sizeof(ost_attr), attrs);
    sorted.fields =
        ost_by_name(item->fields, item->n_fields, sizeof(ost_field), fields);
    return sorted;
}

void ost_chain_add(ost_item_chain *c, ost_buf *out, const ost_item *item)
{
    void *attrs, *fields;
    ost_item it = sorted_by_name(item, &attrs, &fields);
    unsigned head = head_of(&it, &c->last);

    ost_buf_reserve(out, 256);
    ost_buf_u8(out, (uint8_t)head);
    add_id(c, out, it.id);
    if (!(head & (OWN_GROUP | SAME_GROUP)))
        ost_codec_add_text(out, it.group);
    if (!(head & SAME_EXPOSURE))
        ost_codec_add_digest(out, &it.exposure);
    if (!(head & SAME_LABELS))
        ost_texts_add(out, it.labels, it.n_labels);
    if (!(head & SAME_PARENTS))
        ost_texts_add(out, it.parents, it.n_parents);
    if (head & ALIKE_ATTRS) {
        add_values(out, &it, &c->last);
    } else {
        ost_buf_varint(out, it.n_attrs);
        for (size_t i = 0; i < it.n_attrs; i++)
            ost_attr_add(out, &it.attrs[i]);
    }
    if (head & ALIKE_FIELDS) {
        for (size_t i = 0; i < it.n_fields; i++)
            add_changes(out, &it.fields[i], &c->last.fields[i]);
    } else {
        ost_buf_varint(out, it.n_fields);
        for (size_t i = 0; i < it.n_fields; i++)
            ost_field_add(out, &it.fields[i]);
    }
    ost_free(c->attrs);
    ost_free(c->fields);
    c->attrs = attrs;
    c->fields = fields;
    c->last = it;
}

void ost_chain_settle(ost_item_chain *c)
{
    ost_arena own = { 0 };
    ost_buf text = { 0 };
    ost_reader r;

    if (!c->last.id)
        return;
    ost_item_encode(&text, &c->last);
    r = ost_reader_of(text.data, text.len);
    if (!ost_item_decode(&r, &own, &c->last))
        OST_BUG();
    ost_buf_release(&text);
    ost_free(c->attrs);
    ost_free(c->fields);
    c->attrs = c->fields = NULL;
    ost_arena_release(&c->own);
    c->own = own;
}

/* --- reading ------------------------------------------------------------- */

static double read_number(ost_reader *r)
{
    uint8_t form = ost_read_u8(r);

    if (form == 1)
        return (double)ost_codec_signed(r);
    if (form != 0)
        r->bad = true;
    return ost_read_f64(r);
}

static void read_id(ost_item_chain *c, ost_reader *r, ost_arena *arena,
                    ost_item *item)
{
    uint64_t same = ost_read_varint(r);
    const char *rest = ost_codec_text(r, NULL);
    size_t n = r->bad ? 0 : strlen(rest);
    char *id;

    if (same > c->id_len)
        r->bad = true;
    item->id = rest;
    if (r->bad || same == 0) {
        c->id_len = n;
        return;
    }
    id = ost_arena_alloc(arena, (size_t)same + n + 1);
    memcpy(id, c->last.id, (size_t)same);
    memcpy(id + same, rest, n);
    item->id = id;
    c->id_len = (size_t)same + n;
}

static void read_values(ost_reader *r, ost_arena *arena, const ost_item *last,
                        ost_item *item)
{
    size_t n = last->n_attrs;
    ost_attr *attrs = NULL;

    item->attrs = last->attrs;
    item->n_attrs = n;
    for (size_t i = 0; i < n; i += 8) {
        unsigned bits = ost_read_u8(r);

        if (bits && !attrs) {
            attrs = ost_arena_copy(arena, last->attrs, n * sizeof(*attrs));
            item->attrs = attrs;
        }
        for (size_t k = i; k < n && k < i + 8; k++) {
            if (!(bits & 1u << (k - i)))
                continue;
            if (attrs[k].kind == OST_ATTR_TEXT)
                attrs[k].text = ost_codec_text(r, NULL);
            else
                attrs[k].number = read_number(r);
        }
    }
}

static void read_attrs(ost_reader *r, ost_arena *arena, ost_item *item)
{
    ost_attr *attrs;

    item->n_attrs = ost_codec_count(r, 5);
    attrs = OST_ARENA_ARRAY(arena, ost_attr, item->n_attrs);
    for (size_t i = 0; i < item->n_attrs; i++)
        ost_attr_read(r, NULL, &attrs[i]);
    item->attrs = attrs;
}

static void read_changed(ost_reader *r, unsigned changes, ost_field *f)
{
    for (int d = 0; d < f->ndim && (changes & NEW_SHAPE); d++)
        f->shape[d] = (int64_t)ost_read_varint(r);
    for (int d = 0; d < f->ndim && (changes & NEW_STRIDES); d++)
        f->stride[d] = ost_codec_signed(r);
    if ((changes & PACKED) && !ost_field_pack(f))
        r->bad = true;
    if (changes & NEW_OFFSET)
        f->offset += (uint64_t)ost_codec_signed(r);
    if (changes & NEW_BLOB)
        f->blob = ost_codec_digest(r);
    if (!ost_field_is_sane(f))
        r->bad = true;
}

static void read_changes(ost_reader *r, ost_arena *arena, const ost_item *last,
                         ost_item *item)
{
    ost_field *fields = NULL;

    item->fields = last->fields;
    item->n_fields = last->n_fields;
    for (size_t i = 0; i < item->n_fields; i++) {
        unsigned changes = ost_read_u8(r);

        if (changes == 0)
            continue;
        if (!fields) {
            fields = ost_arena_copy(arena, last->fields,
                                    item->n_fields * sizeof(*fields));
            item->fields = fields;
        }
        read_changed(r, changes, &fields[i]);
    }
}

static void read_fields(ost_reader *r, ost_arena *arena, ost_item *item)
{
    ost_field *fields;

    item->n_fields = ost_codec_count(r, 5 + OST_DIGEST_SIZE);
    fields = OST_ARENA_ARRAY(arena, ost_field, item->n_fields);
    for (size_t i = 0; i < item->n_fields; i++)
        ost_field_read(r, NULL, &fields[i]);
    item->fields = fields;
}

static void read_group(ost_reader *r, unsigned head, const ost_item *last,
                       ost_item *item)
{
    if (head & OWN_GROUP)
        item->group = item->id;
    else if (!(head & SAME_GROUP))
        item->group = ost_codec_text(r, NULL);
    else if (last->group)
        item->group = last->group;
    else
        r->bad = true;
}

bool ost_chain_read(ost_item_chain *c, ost_reader *r, ost_arena *arena,
                    ost_item *item)
{
    unsigned head = ost_read_u8(r);

    *item = (ost_item){ .id = "", .group = "" };
    if (head & 0x80)
        r->bad = true;
    read_id(c, r, arena, item);
    read_group(r, head, &c->last, item);
    item->exposure =
        head & SAME_EXPOSURE ? c->last.exposure : ost_codec_digest(r);
    item->labels = c->last.labels;
    item->n_labels = c->last.n_labels;
    if (!(head & SAME_LABELS))
        item->labels = ost_texts_read(r, arena, NULL, &item->n_labels);
    item->parents = c->last.parents;
    item->n_parents = c->last.n_parents;
    if (!(head & SAME_PARENTS))
        item->parents = ost_texts_read(r, arena, NULL, &item->n_parents);
    if (head & ALIKE_ATTRS)
        read_values(r, arena, &c->last, item);
    else
        read_attrs(r, arena, item);
    if (head & ALIKE_FIELDS)
        read_changes(r, arena, &c->last, item);
    else
        read_fields(r, arena, item);
    if (!r->bad)
        c->last = *item;
    return !r->bad;
}
