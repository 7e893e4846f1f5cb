/* stages/ingest_picture.c - the bytes of one file to items */
#include "stages/decode.h"
#include "stages/ingest.h"

#include <string.h>

#include "base/banned.h"

ost_item *ost_ingest_item(ost_stage_ctx *ctx, const ost_item *in,
                          const ost_layout_file *file)
{
    ost_arena *arena = ost_ctx_arena(ctx);
    ost_item *item = ost_derive(ctx, in, -1);

    item->id = file->id;
    item->group = file->group ? file->group : file->id;
    item->attrs = NULL;
    item->n_attrs = 0;
    if (file->parent) {
        item->parents =
            ost_arena_copy(arena, &file->parent, sizeof(file->parent));
        item->n_parents = 1;
    }
    ost_item_remove_field(arena, item, "bytes");
    if (file->label)
        ost_item_set_labels(arena, item, file->label);
    for (size_t i = 0; i < file->n_attrs; i++) {
        const ost_attr *a = &file->attrs[i];

        if (a->kind == OST_ATTR_NUMBER)
            ost_item_set_number(arena, item, a->name, a->number);
        else
            ost_item_set_text(arena, item, a->name, a->text);
    }
    return item;
}

ost_rc ost_ingest_image(ost_stage_ctx *ctx, ost_item *item, ost_dtype dtype,
                        int64_t height, int64_t width, int channels,
                        ost_tensor *t, ost_err *err)
{
    const int64_t shape[] = { height, width, channels };

    return ost_new_field(ctx, item, "image", dtype, channels == 1 ? 2 : 3,
                         shape, t, err);
}

ost_rc ost_ingest_emit(ost_stage_ctx *ctx, const ost_item *in,
                       const ost_layout_file *file, const ost_picture *p,
                       ost_err *err)
{
    ost_item *item = ost_ingest_item(ctx, in, file);
    ost_tensor t;
    ost_rc rc;

    rc = ost_ingest_image(ctx, item, p->dtype, p->height, p->width, p->channels,
                          &t, err);
    if (rc)
        return rc;
    memcpy(t.data, p->data,
           (size_t)ost_tensor_count(&t) * ost_dtype_size(p->dtype));
    return ost_ingest_finish(ctx, file, item, err);
}

static bool is_json(const char *text, size_t size)
{
    size_t at = 0;

    while (at < size && strchr(" \t\r\n", text[at]) && text[at])
        at++;
    return at < size && text[at] == '{';
}

ost_decode_limits ost_ingest_limits(const ost_ingest_params *p)
{
    return (ost_decode_limits){
        .max_pixels = (uint64_t)p->max_pixels,
        .color = p->color == OST_COLOR_KEEP,
        .orient = p->orientation == OST_ORIENTATION_HONOR,
    };
}

ost_rc ost_ingest_picture(ost_stage_ctx *ctx, const ost_item *in,
                          const ost_layout_file *file, const void *data,
                          size_t size, ost_err *err)
{
    const ost_ingest_params *p = ost_ctx_params(ctx);
    const ost_decode_limits limits = ost_ingest_limits(p);
    const ost_nifti_options nifti = {
        .axis = p->slice_axis,
        .rescale = p->nifti_values == OST_NIFTI_RESCALED,
    };
    ost_ingest_frames frames = { .ctx = ctx, .in = in, .file = file };
    const ost_frame_sink sink = ost_ingest_frame_sink(&frames);
    ost_picture picture = { 0 };
    ost_rc rc;

    if (size == 0)
        return ost_fail(err, OST_EINPUT, "the file is empty");
    switch (ost_format_of(data, size)) {
    case OST_FORMAT_PNG:
        rc = ost_png_decode(data, size, &limits, &picture, err);
        break;
    case OST_FORMAT_JPEG:
        rc = ost_jpeg_decode(data, size, &limits, &picture, err);
        break;
    case OST_FORMAT_TIFF:
        return ost_tiff_decode(data, size, &limits, &sink, err);
    case OST_FORMAT_NIFTI:
        return ost_nifti_decode(data, size, &limits, &nifti, &sink, err);
    case OST_FORMAT_NPY:
        return ost_npy_decode(data, size, &limits, p->npy_layout, &sink, err);
    case OST_FORMAT_DICOM:
        return ost_ingest_dicom(ctx, in, file, data, size, err);
    case OST_FORMAT_ARCHIVE:
        if (ost_npz_is(ctx, data, size))
            return ost_ingest_npz(ctx, in, file, data, size, err);
        return ost_fail(err, OST_EUNSUPPORTED,
                        "an archive within an archive is not unpacked");
    case OST_FORMAT_UNKNOWN:
    default:
        if (is_json(data, size))
            return ost_ingest_labelme(ctx, in, file, data, size, err);
        return ost_fail(
            err, OST_EUNSUPPORTED,
            "the content is neither PNG, JPEG, TIFF, DICOM, NIfTI nor NumPy");
    }
    if (!rc)
        rc = ost_ingest_emit(ctx, in, file, &picture, err);
    ost_picture_release(&picture);
    return rc;
}
