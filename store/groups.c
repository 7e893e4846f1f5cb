/* store/groups.c - sets of groups, shared by what they were part of training */
#include "base/alloc.h"
#include "store/artifact.h"
#include "store/codec.h"
#include "store/item_codec.h"
#include "store/store_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { GROUPS_VERSION = 1 };

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Stores what is sorted; skips what is there twice. */
static ost_rc put_sorted(ost_batch *b, const char *const *groups, size_t n,
                         ost_digest *digest, ost_err *err)
{
    ost_buf out = { 0 };
    size_t distinct = 0;
    ost_rc rc;

    *digest = (ost_digest){ { 0 } };
    if (n == 0)
        return OST_OK;
    for (size_t i = 0; i < n; i++)
        distinct += i == 0 || strcmp(groups[i - 1], groups[i]) != 0;
    ost_buf_u8(&out, GROUPS_VERSION);
    ost_buf_varint(&out, distinct);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(groups[i - 1], groups[i]) != 0)
            ost_codec_add_text(&out, groups[i]);
    }
    rc = ost_batch_put_blob(b, out.data, out.len, digest, err);
    ost_buf_release(&out);
    return rc;
}

ost_rc ost_groups_put(ost_batch *b, const char *const *groups, size_t n,
                      ost_digest *digest, ost_err *err)
{
    const char **sorted = ost_try_alloc(n + 1, sizeof(*sorted));
    ost_rc rc;

    if (!sorted)
        return ost_fail(err, OST_ENOMEM, "no memory for %zu groups", n);
    if (n)
        memcpy(sorted, groups, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), compare_texts);
    rc = put_sorted(b, sorted, n, digest, err);
    ost_free(sorted);
    return rc;
}

bool ost_groups_decode(const void *data, size_t size, ost_arena *arena,
                       const char *const **groups, size_t *n)
{
    ost_reader r = ost_reader_of(data, size);
    const char **list;

    if (ost_read_u8(&r) != GROUPS_VERSION)
        r.bad = true;
    *n = ost_codec_count(&r, 2);
    list = OST_ARENA_ARRAY(arena, const char *, *n);
    for (size_t i = 0; i < *n; i++) {
        list[i] = ost_codec_text(&r, NULL);
        if (i > 0 && strcmp(list[i - 1], list[i]) >= 0)
            r.bad = true;
    }
    *groups = list;
    return !r.bad && ost_read_left(&r) == 0;
}

ost_rc ost_groups_get(ost_batch *b, const ost_digest *digest, ost_arena *arena,
                      const char *const **groups, size_t *n, ost_err *err)
{
    char hex[OST_DIGEST_HEX];
    const void *copy;
    ost_blob blob;
    ost_rc rc;

    *groups = NULL;
    *n = 0;
    if (ost_digest_is_zero(digest))
        return OST_OK;
    rc = ost_batch_blob(b, digest, &blob, err);
    if (rc)
        return rc;
    copy = ost_arena_copy(arena, blob.data, blob.size);
    if (!ost_groups_decode(copy, blob.size, arena, groups, n))
        rc = ost_fail(err, OST_ECORRUPT, "blob %s is not a set of groups",
                      ost_digest_hex(digest, hex));
    ost_blob_release(&blob);
    return rc;
}

static ost_rc unite(ost_batch *b, const ost_digest *x, const ost_digest *y,
                    ost_digest *digest, ost_err *err)
{
    ost_arena arena = { 0 };
    const char *const *left, *const *right;
    const char **all;
    size_t n, m;
    ost_rc rc = ost_groups_get(b, x, &arena, &left, &n, err);

    if (!rc)
        rc = ost_groups_get(b, y, &arena, &right, &m, err);
    if (!rc) {
        size_t i = 0, j = 0;

        all = OST_ARENA_ARRAY(&arena, const char *, n + m);
        while (i < n || j < m) {
            bool take_left =
                j == m || (i < n && strcmp(left[i], right[j]) <= 0);

            all[i + j] = take_left ? left[i] : right[j];
            i += take_left;
            j += !take_left;
        }
        rc = put_sorted(b, all, n + m, digest, err);
    }
    ost_arena_release(&arena);
    return rc;
}

ost_rc ost_groups_unite(ost_batch *b, const ost_digest *x, const ost_digest *y,
                        ost_digest *digest, ost_err *err)
{
    ost_united *slot = &b->united[(x->b[0] ^ y->b[1]) % OST_UNITED];
    ost_united made = { .x = *x, .y = *y };
    bool known;
    ost_rc rc;

    if (ost_digest_is_zero(y) || ost_digest_equal(x, y)) {
        *digest = *x;
        return OST_OK;
    }
    if (ost_digest_is_zero(x)) {
        *digest = *y;
        return OST_OK;
    }
    pthread_mutex_lock(&b->lock);
    known = ost_digest_equal(&slot->x, x) && ost_digest_equal(&slot->y, y);
    if (known)
        made = *slot;
    pthread_mutex_unlock(&b->lock);
    if (!known) {
        rc = unite(b, x, y, &made.result, err);
        if (rc)
            return rc;
        pthread_mutex_lock(&b->lock);
        *slot = made;
        pthread_mutex_unlock(&b->lock);
    }
    *digest = made.result;
    return OST_OK;
}
