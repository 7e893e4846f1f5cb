/* stages/target_items.c - what is to be learned of which item */
#include "base/alloc.h"
#include "base/text.h"
#include "base/vec.h"
#include "stages/target_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

typedef OST_VEC(const char *) word_list;

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_training(const ost_target *t)
{
    return t->like == t;
}

/* Sorts, leaves each word once, and makes them the classes. */
static void take_classes(ost_target *t, word_list *words)
{
    size_t kept = 0;

    if (words->len > 0)
        qsort(words->data, words->len, sizeof(*words->data), by_name);
    for (size_t i = 0; i < words->len; i++)
        if (i == 0 || strcmp(words->data[i], words->data[kept - 1]) != 0)
            words->data[kept++] = words->data[i];
    t->n_classes = kept;
    t->classes = kept ? ost_arena_copy(ost_ctx_arena(t->ctx), words->data,
                                       kept * sizeof(*words->data))
                      : NULL;
}

/* Index of a class, -1 when the training items had none of that name. */
static int32_t class_index(const ost_target *t, const char *name)
{
    const char *const *found = t->n_classes
                                   ? bsearch(&name, t->classes, t->n_classes,
                                             sizeof(*t->classes), by_name)
                                   : NULL;

    return found ? (int32_t)(found - t->classes) : -1;
}

static ost_rc unknown_class(const ost_target *t, size_t i, const char *name,
                            ost_err *err)
{
    return ost_fail(err, OST_EINPUT,
                    "item '%s' of '%s' is '%s', which no training item is",
                    t->items[i].id, t->port, name);
}

/* --- one class --------------------------------------------------------- */

static ost_rc class_word(const ost_target *t, size_t i, const char **word,
                         ost_err *err)
{
    const ost_item *item = &t->items[i];
    const ost_attr *a = t->member ? ost_item_attr(item, t->member) : NULL;

    if (!t->member) {
        *word = ost_item_label(item);
        if (*word)
            return OST_OK;
        return ost_fail(err, OST_EINPUT,
                        "item '%s' has %zu labels, must have one", item->id,
                        item->n_labels);
    }
    if (a && a->kind == OST_ATTR_TEXT) {
        *word = a->text;
        return OST_OK;
    }
    return ost_fail(err, OST_EINPUT,
                    a ? "item '%s': attribute '%s' is a number, that of other "
                        "items a text"
                      : "item '%s' has no attribute '%s'",
                    item->id, t->member);
}

static ost_rc read_classes(ost_target *t, ost_err *err)
{
    word_list words = { 0 };
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < t->n && !rc; i++) {
        const char *word = NULL;

        rc = class_word(t, i, &word, err);
        ost_vec_push(&words, word);
    }
    if (!rc)
        take_classes(t, &words);
    if (!rc && t->n_classes < 2)
        rc = ost_fail(err, OST_EINPUT, "all %zu items are of class '%s'", t->n,
                      words.data[0]);
    ost_vec_release(&words);
    return rc;
}

static ost_rc read_class(ost_target *t, ost_err *err)
{
    ost_rc rc = is_training(t) ? read_classes(t, err) : OST_OK;

    t->class_of = OST_ARENA_ARRAY(ost_ctx_arena(t->ctx), int32_t, t->n);
    for (size_t i = 0; i < t->n && !rc; i++) {
        const char *word = NULL;

        rc = class_word(t, i, &word, err);
        if (rc)
            break;
        t->class_of[i] = class_index(t, word);
        if (t->class_of[i] < 0)
            rc = unknown_class(t, i, word, err);
    }
    return rc;
}

/* --- several labels ---------------------------------------------------- */

static ost_rc find_labels(ost_target *t, ost_err *err)
{
    word_list words = { 0 };

    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < t->items[i].n_labels; k++)
            ost_vec_push(&words, t->items[i].labels[k]);
    take_classes(t, &words);
    ost_vec_release(&words);
    if (t->n_classes)
        return OST_OK;
    return ost_fail(err, OST_EINPUT, "none of the %zu items has a label", t->n);
}

static ost_rc read_labels(ost_target *t, ost_err *err)
{
    ost_rc rc = is_training(t) ? find_labels(t, err) : OST_OK;

    if (rc)
        return rc;
    t->values =
        OST_ARENA_ARRAY(ost_ctx_arena(t->ctx), float, t->n * t->n_classes);
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < t->items[i].n_labels; k++) {
            int32_t c = class_index(t, t->items[i].labels[k]);

            if (c < 0)
                return unknown_class(t, i, t->items[i].labels[k], err);
            t->values[i * t->n_classes + (size_t)c] = 1.0f;
        }
    return OST_OK;
}

/* --- a number ---------------------------------------------------------- */

static ost_rc read_numbers(ost_target *t, ost_err *err)
{
    t->values = OST_ARENA_ARRAY(ost_ctx_arena(t->ctx), float, t->n);
    for (size_t i = 0; i < t->n; i++) {
        const ost_attr *a = ost_item_attr(&t->items[i], t->member);

        if (!a)
            return ost_fail(err, OST_EINPUT, "item '%s' has no attribute '%s'",
                            t->items[i].id, t->member);
        if (a->kind != OST_ATTR_NUMBER)
            return ost_fail(err, OST_EINPUT,
                            "item '%s': attribute '%s' is a text, that of "
                            "other items a number",
                            t->items[i].id, t->member);
        t->values[i] = (float)a->number;
        if (!isfinite(t->values[i]))
            return ost_fail(err, OST_EINPUT,
                            "item '%s': attribute '%s' is not finite",
                            t->items[i].id, t->member);
    }
    return OST_OK;
}

/* --- a mask ------------------------------------------------------------ */

static ost_rc check_mask(const ost_target *t, size_t i, ost_err *err)
{
    const ost_tensor *m = &t->masks[i];
    const ost_tensor *first = is_training(t) ? t->masks : t->like->masks;
    bool alike = m->ndim == first->ndim;

    if ((m->ndim != 2 && m->ndim != 3) || ost_tensor_count(m) < 1 ||
        (m->dtype != OST_U8 && m->dtype != OST_U16 && m->dtype != OST_F32))
        return ost_fail(err, OST_EINPUT,
                        "item '%s': field '%s' is no mask of u8, u16 or f32",
                        t->items[i].id, t->spec.name);
    for (int k = 0; alike && k < m->ndim; k++)
        alike = m->shape[k] == first->shape[k];
    if (!alike)
        return ost_fail(err, OST_EINPUT,
                        "item '%s': field '%s' has another size than that of "
                        "the first training item",
                        t->items[i].id, t->spec.name);
    return OST_OK;
}

void ost_target_mask_row(const ost_tensor *m, int64_t row, float *out)
{
    int64_t height = m->shape[m->ndim - 2];
    int64_t width = m->shape[m->ndim - 1];
    int64_t step = m->stride[m->ndim - 1];
    int64_t at = row % height * m->stride[m->ndim - 2] +
                 (m->ndim == 3 ? row / height * m->stride[0] : 0);

    for (int64_t x = 0; x < width; x++, at += step) {
        if (m->dtype == OST_U8)
            out[x] = ((const uint8_t *)m->data)[at] != 0;
        else if (m->dtype == OST_U16)
            out[x] = ((const uint16_t *)m->data)[at] != 0;
        else
            out[x] = ((const float *)m->data)[at] != 0.0f;
    }
}

static ost_rc count_mask(void *user, size_t i, ost_err *err)
{
    const ost_target *t = user;
    const ost_tensor *m = &t->masks[i];
    int64_t width = m->shape[m->ndim - 1];
    int64_t rows = ost_tensor_count(m) / width;
    float *row = ost_xalloc((size_t)width * sizeof(*row));

    (void)err;
    for (int64_t r = 0; r < rows; r++) {
        ost_target_mask_row(m, r, row);
        for (int64_t x = 0; x < width; x++)
            t->marked[i] += row[x] > 0.0f;
    }
    ost_free(row);
    return OST_OK;
}

static ost_rc read_masks(ost_target *t, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(t->ctx);
    uint64_t marked = 0;
    ost_rc rc = OST_OK;

    t->masks = OST_ARENA_ARRAY(arena, ost_tensor, t->n);
    for (size_t i = 0; i < t->n && !rc; i++) {
        rc = ost_item_tensor(t->ctx, &t->items[i], t->spec.name, &t->masks[i],
                             err);
        if (rc)
            ost_err_at(err, "item '%s'", t->items[i].id);
        else
            rc = check_mask(t, i, err);
    }
    if (rc || !is_training(t))
        return rc;
    t->n_classes = 1;
    t->classes = &t->member;
    t->marked = OST_ARENA_ARRAY(arena, uint64_t, t->n);
    rc = ost_parallel(t->ctx, t->n, count_mask, t, err);
    for (size_t i = 0; i < t->n; i++)
        marked += t->marked[i];
    if (!rc && marked == 0)
        rc = ost_fail(err, OST_EINPUT, "no pixel of '%s' is marked",
                      t->spec.name);
    return rc;
}

/* --- all --------------------------------------------------------------- */

static ost_target_kind kind_of(const ost_target *t)
{
    const ost_attr *a = t->member ? ost_item_attr(t->items, t->member) : NULL;

    if (ost_starts_with(t->spec.name, "mask."))
        return OST_TARGET_MASK;
    if (strcmp(t->spec.name, "labels") == 0)
        return OST_TARGET_LABELS;
    return a && a->kind == OST_ATTR_NUMBER ? OST_TARGET_NUMBER
                                           : OST_TARGET_LABEL;
}

ost_rc ost_target_read_items(ost_target *t, ost_err *err)
{
    if (t->n == 0)
        return ost_fail(err, OST_EINPUT, "there are no items to learn from");
    if (is_training(t))
        t->kind = kind_of(t);
    switch (t->kind) {
    case OST_TARGET_LABELS:
        return read_labels(t, err);
    case OST_TARGET_NUMBER:
        return read_numbers(t, err);
    case OST_TARGET_MASK:
        return read_masks(t, err);
    case OST_TARGET_LABEL:
        break;
    }
    return read_class(t, err);
}
