/* store/item_codec.c - an item as bytes
 *
 * An item's bytes are canonical: attributes and arrays are sorted by name,
 * strides are left out when they follow from the shape, and so are a group that
 * is the id and an exposure that is empty.
 */
#include "store/item_codec.h"

#include "base/alloc.h"
#include "store/codec.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* First byte of an item. */
enum {
    ITEM_VERSION = 0x10,
    ITEM_F_OWN_GROUP = 0x01,
    ITEM_F_EXPOSED = 0x02,
};
enum { FIELD_F_STRIDES = 0x80 };

/* Both ost_field and ost_attr begin with their name. */
static_assert(offsetof(ost_field, name) == 0, "sorted by name");
static_assert(offsetof(ost_attr, name) == 0, "sorted by name");

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The array itself when it is sorted by name, else a sorted copy, which
 * *owned names for ost_free(). */
const void *ost_by_name(const void *array, size_t n, size_t size, void **owned)
{
    const char *p = array;

    *owned = NULL;
    for (size_t i = 1; i < n; i++) {
        if (compare_names(p + (i - 1) * size, p + i * size) > 0) {
            *owned = ost_xalloc(n * size);
            memcpy(*owned, array, n * size);
            qsort(*owned, n, size, compare_names);
            return *owned;
        }
    }
    return array;
}

bool ost_field_is_packed(const ost_field *f)
{
    int64_t expect = 1;

    for (int d = f->ndim - 1; d >= 0; d--) {
        if (f->stride[d] != expect)
            return false;
        expect *= f->shape[d];
    }
    return true;
}

void ost_field_add(ost_buf *out, const ost_field *f)
{
    bool strides = !ost_field_is_packed(f);

    assert(f->ndim >= 0 && f->ndim <= OST_MAX_DIMS);
    ost_codec_add_text(out, f->name);
    ost_buf_u8(out, (uint8_t)f->dtype);
    ost_buf_u8(out, (uint8_t)(f->ndim | (strides ? FIELD_F_STRIDES : 0)));
    for (int d = 0; d < f->ndim; d++)
        ost_buf_varint(out, (uint64_t)f->shape[d]);
    for (int d = 0; strides && d < f->ndim; d++)
        ost_codec_add_signed(out, f->stride[d]);
    ost_buf_varint(out, f->offset);
    ost_codec_add_digest(out, &f->blob);
}

void ost_attr_add(ost_buf *out, const ost_attr *a)
{
    ost_codec_add_text(out, a->name);
    ost_buf_u8(out, (uint8_t)a->kind);
    if (a->kind == OST_ATTR_TEXT)
        ost_codec_add_text(out, a->text);
    else /* one bit pattern for all that is not a number */
        ost_buf_f64(out, isnan(a->number) ? (double)NAN : a->number);
}

void ost_texts_add(ost_buf *out, const char *const *texts, size_t n)
{
    ost_buf_varint(out, n);
    for (size_t i = 0; i < n; i++)
        ost_codec_add_text(out, texts[i]);
}

void ost_item_encode(ost_buf *out, const ost_item *item)
{
    bool own_group = strcmp(item->group, item->id) == 0;
    bool exposed = !ost_digest_is_zero(&item->exposure);
    void *owned;
    const ost_attr *attrs;
    const ost_field *fields;

    ost_buf_u8(out,
               (uint8_t)(ITEM_VERSION | (own_group ? ITEM_F_OWN_GROUP : 0) |
                         (exposed ? ITEM_F_EXPOSED : 0)));
    ost_codec_add_text(out, item->id);
    if (!own_group)
        ost_codec_add_text(out, item->group);
    if (exposed)
        ost_codec_add_digest(out, &item->exposure);
    ost_texts_add(out, item->labels, item->n_labels);
    ost_texts_add(out, item->parents, item->n_parents);
    attrs = ost_by_name(item->attrs, item->n_attrs, sizeof(*attrs), &owned);
    ost_buf_varint(out, item->n_attrs);
    for (size_t i = 0; i < item->n_attrs; i++)
        ost_attr_add(out, &attrs[i]);
    ost_free(owned);
    fields = ost_by_name(item->fields, item->n_fields, sizeof(*fields), &owned);
    ost_buf_varint(out, item->n_fields);
    for (size_t i = 0; i < item->n_fields; i++)
        ost_field_add(out, &fields[i]);
    ost_free(owned);
}

/* --- decoding ------------------------------------------------------------ */

/* The array's first and last element lie at offsets that can be computed with
 * without overflow; whether the blob has them is seen when it is read. */
bool ost_field_is_sane(const ost_field *f)
{
    int64_t limit = INT64_MAX / 16, total = 1, low = 0, high = 0;

    if (f->offset > (uint64_t)limit)
        return false;
    for (int d = 0; d < f->ndim; d++) {
        int64_t span;

        if (f->shape[d] < 0 ||
            __builtin_mul_overflow(total, f->shape[d], &total) || total > limit)
            return false;
        if (f->shape[d] > 1 &&
            (__builtin_mul_overflow(f->shape[d] - 1, f->stride[d], &span) ||
             __builtin_add_overflow(span < 0 ? low : high, span,
                                    span < 0 ? &low : &high) ||
             high > limit || low < -limit))
            return false;
    }
    return total == 0 || low + (int64_t)f->offset >= 0;
}

bool ost_field_pack(ost_field *f)
{
    int64_t expect = 1;

    for (int d = f->ndim - 1; d >= 0; d--) {
        f->stride[d] = expect;
        if (__builtin_mul_overflow(expect, f->shape[d], &expect))
            return false;
    }
    return true;
}

void ost_field_read(ost_reader *r, ost_arena *arena, ost_field *f)
{
    uint8_t dims;

    f->name = ost_codec_text(r, arena);
    f->dtype = (ost_dtype)ost_read_u8(r);
    dims = ost_read_u8(r);
    f->ndim = dims & ~FIELD_F_STRIDES;
    if (f->ndim > OST_MAX_DIMS || ost_dtype_size(f->dtype) == 0)
        r->bad = true;
    if (r->bad) {
        f->ndim = 0;
        return;
    }
    for (int d = 0; d < f->ndim; d++)
        f->shape[d] = (int64_t)ost_read_varint(r);
    if (!ost_field_pack(f))
        r->bad = true;
    for (int d = 0; d < f->ndim && (dims & FIELD_F_STRIDES); d++)
        f->stride[d] = ost_codec_signed(r);
    f->offset = ost_read_varint(r);
    f->blob = ost_codec_digest(r);
    if (!ost_field_is_sane(f))
        r->bad = true;
}

void ost_attr_read(ost_reader *r, ost_arena *arena, ost_attr *a)
{
    a->name = ost_codec_text(r, arena);
    a->kind = (ost_attr_kind)ost_read_u8(r);
    a->text = "";
    if (a->kind == OST_ATTR_TEXT)
        a->text = ost_codec_text(r, arena);
    else if (a->kind == OST_ATTR_NUMBER)
        a->number = ost_read_f64(r);
    else
        r->bad = true;
}

const char *const *ost_texts_read(ost_reader *r, ost_arena *arena,
                                  ost_arena *copies, size_t *n)
{
    const char **texts;

    *n = ost_codec_count(r, 2);
    if (*n == 0)
        return NULL;
    texts = OST_ARENA_ARRAY(arena, const char *, *n);
    for (size_t i = 0; i < *n; i++)
        texts[i] = ost_codec_text(r, copies);
    return texts;
}

static bool read_item(ost_reader *r, ost_arena *arena, ost_arena *copies,
                      ost_item *item)
{
    uint8_t head = ost_read_u8(r);
    ost_attr *attrs;
    ost_field *fields;

    *item = (ost_item){ 0 };
    if ((head & ~(ITEM_F_OWN_GROUP | ITEM_F_EXPOSED)) != ITEM_VERSION)
        r->bad = true;
    item->id = ost_codec_text(r, copies);
    item->group =
        head & ITEM_F_OWN_GROUP ? item->id : ost_codec_text(r, copies);
    if (head & ITEM_F_EXPOSED)
        item->exposure = ost_codec_digest(r);
    item->labels = ost_texts_read(r, arena, copies, &item->n_labels);
    item->parents = ost_texts_read(r, arena, copies, &item->n_parents);
    item->n_attrs = ost_codec_count(r, 5);
    attrs = OST_ARENA_ARRAY(arena, ost_attr, item->n_attrs);
    for (size_t i = 0; i < item->n_attrs; i++)
        ost_attr_read(r, copies, &attrs[i]);
    item->attrs = attrs;
    item->n_fields = ost_codec_count(r, 5 + OST_DIGEST_SIZE);
    fields = OST_ARENA_ARRAY(arena, ost_field, item->n_fields);
    for (size_t i = 0; i < item->n_fields; i++)
        ost_field_read(r, copies, &fields[i]);
    item->fields = fields;
    return !r->bad;
}

bool ost_item_decode(ost_reader *r, ost_arena *arena, ost_item *item)
{
    return read_item(r, arena, arena, item);
}

bool ost_item_decode_in_place(ost_reader *r, ost_arena *arena, ost_item *item)
{
    return read_item(r, arena, NULL, item);
}
