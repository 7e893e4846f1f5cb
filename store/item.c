/* store/item.c - items: look-up, changed copies, bytes
 *
 * An item's bytes are canonical: attributes and arrays are sorted by name,
 * strides are left out when they follow from the shape, and so are a group that
 * is the id and an exposure that is empty.
 */
#include "base/alloc.h"
#include "store/artifact.h"
#include "store/codec.h"
#include "store/item_codec.h"

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

const ost_field *ost_item_field(const ost_item *item, const char *name)
{
    for (size_t i = 0; i < item->n_fields; i++) {
        if (strcmp(item->fields[i].name, name) == 0)
            return &item->fields[i];
    }
    return NULL;
}

const ost_attr *ost_item_attr(const ost_item *item, const char *name)
{
    for (size_t i = 0; i < item->n_attrs; i++) {
        if (strcmp(item->attrs[i].name, name) == 0)
            return &item->attrs[i];
    }
    return NULL;
}

const char *ost_item_label(const ost_item *item)
{
    return item->n_labels ? item->labels[0] : NULL;
}

/* The end of the text comes first, then '#', then the bytes by value. */
static int rank(unsigned char c)
{
    return c == '\0' ? -1 : c == '#' ? 0 : c;
}

int ost_id_compare(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return rank((unsigned char)*a) - rank((unsigned char)*b);
}

/* --- changed copies ------------------------------------------------------ */

/* A copy of `n` elements with room for one at index `at`, which is made when
 * `insert`; the array is borrowed until the arena goes. */
static void *copy_with(ost_arena *arena, const void *old, size_t n, size_t size,
                       size_t at, bool insert)
{
    char *copy = ost_arena_alloc(arena, (n + 1) * size);
    const char *from = old;

    if (at > 0)
        memcpy(copy, from, at * size);
    if (at < n)
        memcpy(copy + (at + insert) * size, from + at * size, (n - at) * size);
    return copy;
}

void ost_item_set_field(ost_arena *arena, ost_item *item, const ost_field *f)
{
    const ost_field *old = ost_item_field(item, f->name);
    size_t at = old ? (size_t)(old - item->fields) : 0;
    ost_field *fields;

    while (!old && at < item->n_fields &&
           strcmp(item->fields[at].name, f->name) < 0)
        at++;
    fields = copy_with(arena, item->fields, item->n_fields, sizeof(*fields), at,
                       !old);
    fields[at] = *f;
    fields[at].name = ost_arena_strdup(arena, f->name);
    item->fields = fields;
    item->n_fields += !old;
}

void ost_item_remove_field(ost_arena *arena, ost_item *item, const char *name)
{
    const ost_field *old = ost_item_field(item, name);
    ost_field *fields;
    size_t at;

    if (!old)
        return;
    at = (size_t)(old - item->fields);
    fields = copy_with(arena, item->fields, item->n_fields, sizeof(*fields), at,
                       false);
    memmove(fields + at, fields + at + 1,
            (item->n_fields - at - 1) * sizeof(*fields));
    item->fields = fields;
    item->n_fields--;
}

static void set_attr(ost_arena *arena, ost_item *item, const ost_attr *a)
{
    const ost_attr *old = ost_item_attr(item, a->name);
    size_t at = old ? (size_t)(old - item->attrs) : 0;
    ost_attr *attrs;

    while (!old && at < item->n_attrs &&
           strcmp(item->attrs[at].name, a->name) < 0)
        at++;
    attrs =
        copy_with(arena, item->attrs, item->n_attrs, sizeof(*attrs), at, !old);
    attrs[at] = *a;
    attrs[at].name = ost_arena_strdup(arena, a->name);
    item->attrs = attrs;
    item->n_attrs += !old;
}

void ost_item_set_number(ost_arena *arena, ost_item *item, const char *name,
                         double value)
{
    set_attr(arena, item,
             &(ost_attr){ .name = name,
                          .kind = OST_ATTR_NUMBER,
                          .number = value,
                          .text = "" });
}

void ost_item_set_text(ost_arena *arena, ost_item *item, const char *name,
                       const char *value)
{
    set_attr(arena, item,
             &(ost_attr){ .name = name,
                          .kind = OST_ATTR_TEXT,
                          .text = ost_arena_strdup(arena, value) });
}

void ost_item_set_label(ost_arena *arena, ost_item *item, const char *label)
{
    const char **labels = OST_ARENA_ARRAY(arena, const char *, 1);

    labels[0] = label ? ost_arena_strdup(arena, label) : NULL;
    item->labels = labels;
    item->n_labels = label ? 1 : 0;
}

/* Puts a word in its place among sorted ones, unless it is there. */
static size_t add_sorted(const char **words, size_t n, const char *word)
{
    size_t at = 0;

    while (at < n && strcmp(words[at], word) < 0)
        at++;
    if (at < n && strcmp(words[at], word) == 0)
        return n;
    memmove(words + at + 1, words + at, (n - at) * sizeof(*words));
    words[at] = word;
    return n + 1;
}

void ost_item_set_labels(ost_arena *arena, ost_item *item, const char *text)
{
    const char **labels;
    size_t most = 1;
    size_t n = 0;

    for (const char *p = text; *p; p++)
        most += *p == '|';
    labels = OST_ARENA_ARRAY(arena, const char *, most);
    for (const char *p = text; most > 0; most--) {
        const char *end = strchrnul(p, '|');
        const char *last = end;
        char *label;

        while (p < last && *p == ' ')
            p++;
        while (last > p && last[-1] == ' ')
            last--;
        label = ost_arena_strndup(arena, p, (size_t)(last - p));
        if (*label)
            n = add_sorted(labels, n, label);
        p = end + (*end == '|');
    }
    item->labels = labels;
    item->n_labels = n;
}

void ost_item_add_labels(ost_buf *out, const ost_item *item)
{
    for (size_t i = 0; i < item->n_labels; i++)
        ost_buf_addf(out, "%s%s", i ? "|" : "", item->labels[i]);
}

/* --- encoding ------------------------------------------------------------ */

/* Both ost_field and ost_attr begin with their name. */
static_assert(offsetof(ost_field, name) == 0, "sorted by name");
static_assert(offsetof(ost_attr, name) == 0, "sorted by name");

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The array itself when it is sorted by name, else a sorted copy, which
 * *owned names for ost_free(). */
static const void *by_name(const void *array, size_t n, size_t size,
                           void **owned)
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

static bool strides_follow(const ost_field *f)
{
    int64_t expect = 1;

    for (int d = f->ndim - 1; d >= 0; d--) {
        if (f->stride[d] != expect)
            return false;
        expect *= f->shape[d];
    }
    return true;
}

static void add_signed(ost_buf *out, int64_t v)
{
    ost_buf_varint(out, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

static void add_field(ost_buf *out, const ost_field *f)
{
    bool strides = !strides_follow(f);

    assert(f->ndim >= 0 && f->ndim <= OST_MAX_DIMS);
    ost_codec_add_text(out, f->name);
    ost_buf_u8(out, (uint8_t)f->dtype);
    ost_buf_u8(out, (uint8_t)(f->ndim | (strides ? FIELD_F_STRIDES : 0)));
    for (int d = 0; d < f->ndim; d++)
        ost_buf_varint(out, (uint64_t)f->shape[d]);
    for (int d = 0; strides && d < f->ndim; d++)
        add_signed(out, f->stride[d]);
    ost_buf_varint(out, f->offset);
    ost_codec_add_digest(out, &f->blob);
}

static void add_attr(ost_buf *out, const ost_attr *a)
{
    ost_codec_add_text(out, a->name);
    ost_buf_u8(out, (uint8_t)a->kind);
    if (a->kind == OST_ATTR_TEXT)
        ost_codec_add_text(out, a->text);
    else /* one bit pattern for all that is not a number */
        ost_buf_f64(out, isnan(a->number) ? (double)NAN : a->number);
}

static void add_texts(ost_buf *out, const char *const *texts, size_t n)
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
    add_texts(out, item->labels, item->n_labels);
    add_texts(out, item->parents, item->n_parents);
    attrs = by_name(item->attrs, item->n_attrs, sizeof(*attrs), &owned);
    ost_buf_varint(out, item->n_attrs);
    for (size_t i = 0; i < item->n_attrs; i++)
        add_attr(out, &attrs[i]);
    ost_free(owned);
    fields = by_name(item->fields, item->n_fields, sizeof(*fields), &owned);
    ost_buf_varint(out, item->n_fields);
    for (size_t i = 0; i < item->n_fields; i++)
        add_field(out, &fields[i]);
    ost_free(owned);
}

/* --- decoding ------------------------------------------------------------ */

static int64_t read_signed(ost_reader *r)
{
    uint64_t v = ost_read_varint(r);

    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* The array's first and last element lie at offsets that can be computed with
 * without overflow; whether the blob has them is seen when it is read. */
static bool extent_is_sane(const ost_field *f)
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

static void read_field(ost_reader *r, ost_arena *arena, ost_field *f)
{
    uint8_t dims;
    int64_t expect = 1;

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
    for (int d = f->ndim - 1; d >= 0; d--) {
        f->stride[d] = expect;
        if (__builtin_mul_overflow(expect, f->shape[d], &expect))
            r->bad = true;
    }
    for (int d = 0; d < f->ndim && (dims & FIELD_F_STRIDES); d++)
        f->stride[d] = read_signed(r);
    f->offset = ost_read_varint(r);
    f->blob = ost_codec_digest(r);
    if (!extent_is_sane(f))
        r->bad = true;
}

static void read_attr(ost_reader *r, ost_arena *arena, ost_attr *a)
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

static const char *const *read_texts(ost_reader *r, ost_arena *arena,
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
    item->labels = read_texts(r, arena, copies, &item->n_labels);
    item->parents = read_texts(r, arena, copies, &item->n_parents);
    item->n_attrs = ost_codec_count(r, 5);
    attrs = OST_ARENA_ARRAY(arena, ost_attr, item->n_attrs);
    for (size_t i = 0; i < item->n_attrs; i++)
        read_attr(r, copies, &attrs[i]);
    item->attrs = attrs;
    item->n_fields = ost_codec_count(r, 5 + OST_DIGEST_SIZE);
    fields = OST_ARENA_ARRAY(arena, ost_field, item->n_fields);
    for (size_t i = 0; i < item->n_fields; i++)
        read_field(r, copies, &fields[i]);
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
