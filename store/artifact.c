/* store/artifact.c - artifacts as bytes; drawn in FORMAT.md */
#include "store/artifact.h"

#include "store/codec.h"
#include "store/item_codec.h"
#include "store/store.h"

#include <string.h>

#include "base/banned.h"

enum { ARTIFACT_VERSION = 1, REF_LEAST = 2 + OST_DIGEST_SIZE + 2 };

static const struct {
    ost_artifact_type type;
    const char *name;
} types[] = {
#define XX(name, value, word) { OST_##name, word },
    OST_ARTIFACT_MAP(XX)
#undef XX
};

const char *ost_artifact_type_name(ost_artifact_type t)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (types[i].type == t)
            return types[i].name;
    }
    return "unknown";
}

ost_artifact_type ost_artifact_type_of(const char *name)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
    }
    return OST_ANY;
}

bool ost_artifact_has_items(ost_artifact_type t)
{
    return t == OST_DATASET || t == OST_FILES || t == OST_PREDICTIONS;
}

static void encode(ost_buf *out, const ost_artifact *a)
{
    ost_buf_u8(out, ARTIFACT_VERSION);
    ost_buf_u8(out, (uint8_t)a->type);
    ost_codec_add_text(out, a->meta);
    ost_codec_add_digest(out, &a->exposure);
    ost_buf_varint(out, a->n_items);
    ost_buf_varint(out, a->n_refs);
    for (size_t i = 0; i < a->n_refs; i++) {
        ost_codec_add_text(out, a->refs[i].name);
        ost_codec_add_digest(out, &a->refs[i].digest);
        ost_buf_varint(out, a->refs[i].size);
        ost_buf_varint(out, a->refs[i].items);
    }
}

ost_rc ost_artifact_put(ost_batch *b, const ost_artifact *a, ost_digest *digest,
                        ost_err *err)
{
    ost_buf out = { 0 };
    ost_rc rc;

    encode(&out, a);
    rc = ost_batch_put_blob(b, out.data, out.len, digest, err);
    ost_buf_release(&out);
    return rc;
}

bool ost_artifact_decode(ost_reader *r, ost_arena *arena, ost_artifact *a)
{
    uint64_t items = 0;
    ost_ref *refs;

    *a = (ost_artifact){ .meta = "" };
    if (ost_read_u8(r) != ARTIFACT_VERSION)
        r->bad = true;
    a->type = (ost_artifact_type)ost_read_u8(r);
    a->meta = ost_codec_text(r, arena);
    a->exposure = ost_codec_digest(r);
    a->n_items = ost_read_varint(r);
    a->n_refs = ost_codec_count(r, REF_LEAST);
    refs = OST_ARENA_ARRAY(arena, ost_ref, a->n_refs);
    for (size_t i = 0; i < a->n_refs; i++) {
        refs[i].name = ost_codec_text(r, arena);
        refs[i].digest = ost_codec_digest(r);
        refs[i].size = ost_read_varint(r);
        refs[i].items = ost_read_varint(r);
        if (__builtin_add_overflow(items, refs[i].items, &items))
            r->bad = true;
    }
    a->refs = refs;
    if (a->type > OST_REPORT || ost_read_left(r) ||
        (ost_artifact_has_items(a->type) && items != a->n_items))
        r->bad = true;
    return !r->bad;
}

ost_rc ost_artifact_get(ost_batch *b, const ost_digest *digest,
                        ost_arena *arena, ost_artifact *a, ost_err *err)
{
    char hex[OST_DIGEST_HEX];
    ost_blob blob;
    ost_reader r;
    ost_rc rc = ost_batch_blob(b, digest, &blob, err);

    if (rc)
        return rc;
    r = ost_reader_of(blob.data, blob.size);
    if (!ost_artifact_decode(&r, arena, a))
        rc = ost_fail(err, OST_ECORRUPT, "blob %s is not an artifact",
                      ost_digest_hex(digest, hex));
    ost_blob_release(&blob);
    return rc;
}
