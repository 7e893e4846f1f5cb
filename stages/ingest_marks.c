/* stages/ingest_marks.c - what lies beside an image, into its item
 *
 * The last step of every picture that is read: annotations are drawn, masks
 * and other fields read, boxes added, and the item is handed over.
 */
#include "base/text.h"
#include "stages/coco.h"
#include "stages/ingest.h"
#include "stages/labelme.h"
#include "stages/npy_header.h"
#include "stages/planes.h"

#include <string.h>

#include "base/banned.h"

typedef struct marking {
    ost_stage_ctx *ctx;
    const ost_layout_file *file;
    ost_item *item;
    int64_t height;
    int64_t width;
} marking;

static ost_rc read_side(const marking *m, const char *path, const void **data,
                        size_t *size, ost_err *err)
{
    const ost_side_source *s = m->file->source;

    if (!s)
        OST_BUG(); /* who names sides says where they are */
    return s->read(s->user, path, data, size, err);
}

/* ---- annotations ---- */

static ost_rc draw(const marking *m, const ost_annotation *a, ost_err *err)
{
    const ost_ingest_params *p = ost_ctx_params(m->ctx);
    const ost_drawing how = { .labels = p->mask_labels,
                              .line_width = p->line_width,
                              .point_size = p->point_size,
                              .max_pixels = p->max_pixels };
    size_t outside;
    ost_rc rc;

    rc = ost_annotate(m->ctx, m->item, a, &how, m->height, m->width, &outside,
                      err);
    if (!rc && outside)
        ost_note(m->ctx, "'%s': %zu of %zu objects lie outside of the picture",
                 m->file->path, outside, a->n_objects);
    return rc;
}

static ost_rc add_annotation(const marking *m, ost_err *err)
{
    const ost_layout_file *f = m->file;
    const char *path = f->annotation ? f->annotation : f->path;
    const void *data = f->outer;
    size_t size = f->outer_size;
    ost_labelme file;
    ost_rc rc = OST_OK;

    if (!data && !f->annotation)
        return OST_OK;
    if (!data)
        rc = read_side(m, path, &data, &size, err);
    if (!rc)
        rc = ost_labelme_parse(path, data, size, 0, ost_ctx_arena(m->ctx),
                               &file, err);
    if (rc == OST_ENOTFOUND) {
        ost_note(m->ctx, "'%s' is no annotation of LabelMe and is not used",
                 path);
        return OST_OK;
    }
    if (!rc) {
        rc = draw(m, &file.annotation, err);
        if (rc)
            ost_err_at(err, "'%s'", path);
    }
    return rc;
}

static ost_rc add_marks(const marking *m, ost_err *err)
{
    ost_annotation a;
    ost_rc rc;

    if (!m->file->marks)
        return OST_OK;
    if (m->file->annotation)
        return ost_fail(err, OST_EINPUT,
                        "it has an annotation of its own ('%s') and one of "
                        "COCO",
                        m->file->annotation);
    rc = ost_coco_read(m->file->marks, ost_ctx_arena(m->ctx), &a, err);
    return rc ? rc : draw(m, &a, err);
}

/* ---- masks and other fields ---- */

static bool is_mask(const char *field)
{
    return strcmp(field, "mask") == 0 || ost_starts_with(field, "mask.");
}

static ost_rc check_size(const marking *m, const char *field, int64_t height,
                         int64_t width, ost_err *err)
{
    if (!is_mask(field) || (height == m->height && width == m->width))
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "it is %lld x %lld and the picture %lld x %lld",
                    (long long)height, (long long)width, (long long)m->height,
                    (long long)m->width);
}

static ost_rc add_picture(const marking *m, const char *field, const void *data,
                          size_t size, ost_err *err)
{
    const ost_ingest_params *p = ost_ctx_params(m->ctx);
    const ost_decode_limits limits = { .max_pixels = (uint64_t)p->max_pixels,
                                       .color = !is_mask(field),
                                       .numbers = is_mask(field) };
    ost_picture t = { 0 };
    ost_tensor to;
    ost_rc rc;

    rc = ost_png_decode(data, size, &limits, &t, err);
    if (!rc)
        rc = check_size(m, field, t.height, t.width, err);
    if (!rc)
        rc = ost_new_field(
            m->ctx, m->item, field, t.dtype, t.channels == 1 ? 2 : 3,
            (int64_t[]){ t.height, t.width, t.channels }, &to, err);
    if (!rc)
        memcpy(to.data, t.data,
               (size_t)ost_tensor_count(&to) * ost_dtype_size(t.dtype));
    ost_picture_release(&t);
    return rc;
}

/* Boxes are f32 whatever they were; rows that belong to boxes may be i32, which
 * pictures never are. */
static ost_dtype array_dtype(const char *field, const ost_raw_type *type)
{
    if (strcmp(field, "boxes") == 0)
        return OST_F32;
    if (ost_starts_with(field, "boxes.") && type->kind == 'i' &&
        type->size <= 4)
        return OST_I32;
    return ost_raw_dtype(type);
}

/* The elements of an array in the order of its rows. */
static ost_rc copy_array(const marking *m, const char *field, const ost_npy *a,
                         ost_err *err)
{
    ost_dtype dtype = array_dtype(field, &a->type);
    int64_t index[OST_MAX_DIMS] = { 0 };
    size_t bytes = ost_dtype_size(dtype);
    ost_tensor to;
    char *at;
    ost_rc rc;

    if (strcmp(field, "boxes") == 0 && (a->ndim != 2 || a->shape[1] != 4))
        return ost_fail(err, OST_EINPUT, "boxes are (N, 4)");
    rc = ost_new_field(m->ctx, m->item, field, dtype, a->ndim, a->shape, &to,
                       err);
    if (rc)
        return rc;
    at = to.data;
    for (uint64_t i = 0; i < a->count; i++, at += bytes) {
        const unsigned char *from = ost_npy_at(a, index);

        if (dtype == OST_I32)
            *(int32_t *)(void *)at = (int32_t)ost_raw_number(&a->type, from);
        else if (dtype == OST_F32)
            *(float *)(void *)at = (float)ost_raw_number(&a->type, from);
        else
            (void)ost_raw_convert(&a->type, from, 1, 1, at);
        for (int d = a->ndim - 1; d >= 0 && ++index[d] == a->shape[d]; d--)
            index[d] = 0;
    }
    return OST_OK;
}

static ost_rc add_array(const marking *m, const char *field, const void *data,
                        size_t size, ost_err *err)
{
    const ost_ingest_params *p = ost_ctx_params(m->ctx);
    ost_npy a;
    ost_rc rc = ost_npy_open(data, size, &a, err);

    if (rc)
        return rc;
    if (a.count > (uint64_t)p->max_pixels)
        return ost_fail(err, OST_EINPUT,
                        "%llu elements are more than max_pixels (%lld)",
                        (unsigned long long)a.count, (long long)p->max_pixels);
    if (is_mask(field) && a.ndim != 2)
        return ost_fail(err, OST_EINPUT, "a mask is (H, W)");
    if (is_mask(field))
        rc = check_size(m, field, a.shape[0], a.shape[1], err);
    return rc ? rc : copy_array(m, field, &a, err);
}

static ost_rc add_side(const marking *m, const ost_side *side, ost_err *err)
{
    const void *data;
    size_t size;
    ost_rc rc = read_side(m, side->path, &data, &size, err);

    if (rc)
        return rc;
    if (ost_format_of(data, size) == OST_FORMAT_PNG)
        rc = add_picture(m, side->field, data, size, err);
    else if (ost_npy_is(data, size))
        rc = add_array(m, side->field, data, size, err);
    else
        rc = ost_fail(err, OST_EUNSUPPORTED,
                      "the content is neither PNG nor NumPy");
    if (rc)
        ost_err_at(err, "'%s' (field '%s')", side->path, side->field);
    return rc;
}

/* ---- boxes of a manifest ---- */

static double clip(double v, int64_t most)
{
    return v > 0.0 ? v < (double)most ? v : (double)most : 0.0;
}

static ost_rc add_box(const marking *m, ost_err *err)
{
    const double *box = m->file->box;
    ost_tensor t;
    ost_rc rc;

    if (!box && !m->file->no_box)
        return OST_OK;
    rc = ost_new_field(m->ctx, m->item, "boxes", OST_F32, 2,
                       (int64_t[]){ box ? 1 : 0, 4 }, &t, err);
    for (int k = 0; box && !rc && k < 4; k++)
        ((float *)t.data)[k] =
            (float)clip(box[k], k % 2 ? m->height : m->width);
    if (!rc && box &&
        (!(((float *)t.data)[0] < ((float *)t.data)[2]) ||
         !(((float *)t.data)[1] < ((float *)t.data)[3])))
        rc = ost_fail(err, OST_EINPUT,
                      "the box %g, %g, %g, %g is not in the picture (%lld x "
                      "%lld)",
                      box[0], box[1], box[2], box[3], (long long)m->height,
                      (long long)m->width);
    return rc;
}

/* ---- all ---- */

static bool has_marks(const ost_layout_file *f)
{
    return f->annotation || f->outer || f->marks || f->n_sides || f->box ||
           f->no_box;
}

ost_rc ost_ingest_finish(ost_stage_ctx *ctx, const ost_layout_file *file,
                         ost_item *item, ost_err *err)
{
    const ost_field *lead = ost_plane_lead(item);
    marking m = { .ctx = ctx, .file = file, .item = item };
    ost_rc rc = OST_OK;

    if (!has_marks(file) || !lead)
        return ost_emit(ctx, "out", item, err);
    if (file->parent) {
        if (ost_ends_with(file->id, "#0"))
            ost_note(ctx,
                     "'%s' holds several pictures: its annotations and "
                     "masks are not used",
                     file->path);
        return ost_emit(ctx, "out", item, err);
    }
    m.height = ost_plane_height(ost_plane_kind_of(lead), lead->shape);
    m.width = ost_plane_width(ost_plane_kind_of(lead), lead->shape);
    rc = add_annotation(&m, err);
    if (!rc)
        rc = add_marks(&m, err);
    if (!rc)
        rc = add_box(&m, err);
    for (size_t i = 0; i < file->n_sides && !rc; i++)
        rc = add_side(&m, &file->sides[i], err);
    return rc ? rc : ost_emit(ctx, "out", item, err);
}

ost_rc ost_ingest_labelme(ost_stage_ctx *ctx, const ost_item *in,
                          const ost_layout_file *file, const void *data,
                          size_t size, ost_err *err)
{
    ost_layout_file image = *file;
    ost_labelme json;
    ost_rc rc;

    if (file->outer)
        return ost_fail(err, OST_EINPUT, "JSON within JSON is not read");
    rc = ost_labelme_parse(file->path, data, size,
                           OST_LABELME_IMAGE | OST_LABELME_OUTER,
                           ost_ctx_arena(ctx), &json, err);
    if (rc == OST_ENOTFOUND || (!rc && !json.image))
        return ost_fail(err, OST_EINPUT, "it is JSON without a picture");
    if (rc)
        return rc;
    image.outer = data;
    image.outer_size = size;
    rc = ost_ingest_picture(ctx, in, &image, json.image, json.image_size, err);
    if (rc)
        ost_err_at(err, "'imageData'");
    return rc;
}
