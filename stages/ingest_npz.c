/* stages/ingest_npz.c - the arrays of a .npz file to items
 *
 * A .npz file is a zip of .npy files.  One with an array `image` or `frames` is
 * an item whose fields are its arrays: these, `mask`, `mask.NAME` and `boxes`.
 * Of any other, each array is an item (or several) "id/NAME" in the group of
 * the file.
 */
#include "base/text.h"
#include "stages/archive.h"
#include "stages/ingest.h"
#include "stages/npy_header.h"

#include <string.h>

#include "base/banned.h"

enum { SUFFIX = 4, ZIP_NAME = 30 };

#define MEMBER_BYTES (UINT64_C(1) << 32)

typedef struct {
    ost_stage_ctx *ctx;
    const ost_item *in;
    const ost_layout_file *file;
    ost_item *item;   /* that all arrays are fields of, or NULL */
    bool only_arrays; /* all names are NAME.npy */
    bool has_picture; /* one of them is `image` or `frames` */
    ost_ingest_frames frames;
} npz;

/* --- what is a .npz ----------------------------------------------------- */

static bool is_array_name(const char *path, size_t n)
{
    return n > SUFFIX && memcmp(path + n - SUFFIX, ".npy", SUFFIX) == 0 &&
           !memchr(path, '/', n);
}

static bool look_at_name(void *user, const char *path)
{
    npz *z = user;

    z->only_arrays = z->only_arrays && is_array_name(path, strlen(path));
    z->has_picture = z->has_picture || strcmp(path, "image.npy") == 0 ||
                     strcmp(path, "frames.npy") == 0;
    return false;
}

static ost_archive_reader new_reader(npz *z)
{
    const ost_ingest_params *p = ost_ctx_params(z->ctx);

    /* Masks that are mostly empty are packed very well. */
    return (
        ost_archive_reader){ .limits = { .max_member = MEMBER_BYTES,
                                         .max_total = (uint64_t)p->max_unpacked,
                                         .max_ratio = UINT64_MAX },
                             .user = z };
}

bool ost_npz_is(ost_stage_ctx *ctx, const void *data, size_t size)
{
    const unsigned char *p = data;
    npz z = { .ctx = ctx, .only_arrays = true };
    ost_archive_reader reader = new_reader(&z);
    size_t n;

    if (size < ZIP_NAME || memcmp(p, "PK\x03\x04", 4) != 0)
        return false;
    n = (size_t)p[26] | (size_t)p[27] << 8;
    if (n > size - ZIP_NAME || !is_array_name((const char *)p + ZIP_NAME, n))
        return false;
    reader.wants = look_at_name;
    return ost_archive_read(data, size, &reader, NULL) == OST_OK &&
           z.only_arrays;
}

/* --- arrays as fields --------------------------------------------------- */

static bool is_mask(const char *name)
{
    return strcmp(name, "mask") == 0 || ost_starts_with(name, "mask.");
}

/* Converts the whole array, in row order. */
static bool fill(const ost_npy *a, ost_tensor *t)
{
    int last = a->ndim - 1;
    int64_t index[OST_MAX_DIMS] = { 0 };
    size_t row = (size_t)a->shape[last];
    char *to = t->data;
    bool exact = true;

    for (uint64_t i = 0; i < a->count / row; i++) {
        exact &= ost_raw_convert(&a->type, ost_npy_at(a, index),
                                 a->stride[last] * a->type.size, row, to);
        to += row * ost_dtype_size(t->dtype);
        for (int d = last - 1; d >= 0 && ++index[d] == a->shape[d]; d--)
            index[d] = 0;
    }
    return exact;
}

static ost_rc add_array(npz *z, const char *name, const ost_npy *a,
                        ost_err *err)
{
    ost_tensor t;
    ost_rc rc = ost_new_field(z->ctx, z->item, name, ost_raw_dtype(&a->type),
                              a->ndim, a->shape, &t, err);

    if (!rc && !fill(a, &t))
        ost_note(z->ctx, "'%s': values of '%s' were rounded to f32 (24 bits)",
                 z->file->path, name);
    return rc;
}

/* Truth values and whole numbers from 0 to 255. */
static ost_rc add_mask(npz *z, const char *name, const ost_npy *a, ost_err *err)
{
    ost_raw_type type = a->type;
    ost_tensor t;
    ost_rc rc =
        ost_new_field(z->ctx, z->item, name, OST_U8, 2, a->shape, &t, err);
    uint8_t *to = t.data;

    for (int64_t y = 0; y < a->shape[0] && !rc; y++) {
        for (int64_t x = 0; x < a->shape[1] && !rc; x++) {
            const int64_t index[2] = { y, x };
            double v = ost_raw_number(&type, ost_npy_at(a, index));

            if (!(v >= 0 && v <= 255) || v != (uint8_t)v)
                rc = ost_fail(err, OST_EINPUT,
                              "%g in it is no class from 0 to 255", v);
            else
                *to++ = (uint8_t)v;
        }
    }
    return rc;
}

/* The image may be in color, which its array alone cannot say. */
static ost_rc take_image(void *user, const ost_frame *f, ost_err *err)
{
    const ost_picture *p = &f->picture;
    npz *z = user;
    ost_tensor t;
    ost_rc rc;

    if (f->count > 1)
        return ost_fail(err, OST_EINPUT,
                        "several pictures; name them 'frames'");
    rc = ost_ingest_image(z->ctx, z->item, p->dtype, p->height, p->width,
                          p->channels, &t, err);
    if (!rc)
        memcpy(t.data, p->data,
               (size_t)ost_tensor_count(&t) * ost_dtype_size(p->dtype));
    return rc;
}

static void take_words(void *user, const char *text)
{
    npz *z = user;

    ost_note(z->ctx, "'%s': %s", z->file->path, text);
}

static ost_rc add_field(npz *z, const char *name, const void *data, size_t size,
                        ost_err *err)
{
    const ost_ingest_params *p = ost_ctx_params(z->ctx);
    ost_npy a;
    ost_rc rc = ost_npy_open(data, size, &a, err);

    if (rc)
        return rc;
    if (strcmp(name, "image") == 0) {
        const ost_decode_limits limits = ost_ingest_limits(p);
        const ost_frame_sink sink = { .frame = take_image,
                                      .told = take_words,
                                      .user = z };

        return ost_npy_decode(data, size, &limits, p->npy_layout, &sink, err);
    }
    if (a.count > (uint64_t)p->max_pixels)
        return ost_fail(err, OST_EINPUT,
                        "%llu elements are more than max_pixels (%lld)",
                        (unsigned long long)a.count, (long long)p->max_pixels);
    if (strcmp(name, "frames") == 0 && a.ndim == 3 && a.count)
        return add_array(z, name, &a, err);
    if (strcmp(name, "boxes") == 0 && a.ndim == 2 && a.shape[1] == 4) {
        /* Whatever the numbers were, boxes are f32. */
        ost_tensor t;

        rc = ost_new_field(z->ctx, z->item, name, OST_F32, 2, a.shape, &t, err);
        for (int64_t i = 0; i < a.shape[0] && !rc; i++)
            ost_raw_rescale(&a.type, ost_npy_at(&a, (const int64_t[2]){ i, 0 }),
                            a.stride[1] * a.type.size, 4, 1, 0,
                            (float *)t.data + 4 * i);
        return rc;
    }
    if (is_mask(name) && a.ndim == 2 && a.count)
        return add_mask(z, name, &a, err);
    return ost_fail(err, OST_EINPUT,
                    "its shape is none of (T, H, W) frames, (H, W) masks, (N, "
                    "4) boxes");
}

/* --- the arrays --------------------------------------------------------- */

static bool want_all(void *user, const char *path)
{
    (void)user;
    (void)path;
    return true;
}

static ost_rc take_field(npz *z, const char *name, const void *data,
                         size_t size, ost_err *err)
{
    if (ost_item_field(z->item, name))
        return ost_fail(err, OST_EINPUT, "it is there twice");
    if (strcmp(name, "image") == 0 || strcmp(name, "frames") == 0 ||
        strcmp(name, "boxes") == 0 || is_mask(name))
        return add_field(z, name, data, size, err);
    ost_note(z->ctx, "'%s': array '%s' is left out", z->file->path, name);
    return OST_OK;
}

static ost_rc take_items(npz *z, const char *name, const void *data,
                         size_t size, ost_err *err)
{
    const ost_ingest_params *p = ost_ctx_params(z->ctx);
    const ost_decode_limits limits = ost_ingest_limits(p);
    ost_layout_file one = *z->file;
    ost_frame_sink sink;

    one.id =
        ost_arena_printf(ost_ctx_arena(z->ctx), "%s/%s", z->file->id, name);
    one.group = z->file->group ? z->file->group : z->file->id;
    z->frames.file = &one;
    sink = ost_ingest_frame_sink(&z->frames);
    return ost_npy_decode(data, size, &limits, p->npy_layout, &sink, err);
}

static ost_rc take_member(void *user, const char *path, const void *data,
                          size_t size, ost_err *err)
{
    npz *z = user;
    const char *name =
        ost_arena_strndup(ost_ctx_arena(z->ctx), path, strlen(path) - SUFFIX);
    ost_rc rc = z->item ? take_field(z, name, data, size, err)
                        : take_items(z, name, data, size, err);

    if (rc)
        ost_err_at(err, "array '%s'", name);
    return rc;
}

ost_rc ost_ingest_npz(ost_stage_ctx *ctx, const ost_item *in,
                      const ost_layout_file *file, const void *data,
                      size_t size, ost_err *err)
{
    npz z = { .ctx = ctx, .in = in, .file = file };
    ost_archive_reader reader = new_reader(&z);
    ost_rc rc;

    z.frames = (ost_ingest_frames){ .ctx = ctx, .in = in };
    reader.wants = look_at_name;
    rc = ost_archive_read(data, size, &reader, err);
    if (rc)
        return rc;
    if (z.has_picture)
        z.item = ost_ingest_item(ctx, in, file);
    reader.wants = want_all;
    reader.member = take_member;
    rc = ost_archive_read(data, size, &reader, err);
    if (!rc && z.item)
        rc = ost_ingest_finish(ctx, file, z.item, err);
    return rc;
}
