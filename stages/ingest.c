/* stages/ingest.c - files to a dataset of images
 *
 * Takes files (a bound folder, a manifest with its files, an archive, or what
 * another stage made) and gives an item per image: PNG, JPEG, TIFF, DICOM,
 * NIfTI, each recognized by its content.  Labels come from the folders or the
 * manifest, groups (patients) from the manifest.  An item is remembered under
 * the bytes of its file and what the manifest says of it.
 */
#include "stages/ingest.h"

#include "base/fs.h"
#include "base/json.h"
#include "stages/decode.h"
#include "stages/decode_dicom.h"
#include "stages/ingest_series.h"

#include <string.h>

#include "base/banned.h"

enum { NAMED = 5 }; /* files that a note mentions */

static const ost_param params[] = {
    OST_PARAM(ost_ingest_params, manifest, STR,
              "table that lists the images: 'auto' (the one that was bound, "
              "manifest.csv or items.csv), 'none', or its path",
              .dflt = "\"auto\""),
    OST_PARAM(ost_ingest_params, columns, OBJECT,
              "from path, id, label, group, annotation, mask, mask.NAME or an "
              "attribute's name to the manifest's column, and from boxes to "
              "four of them (x0, y0, x1, y1)",
              .dflt = "null"),
    OST_PARAM(ost_ingest_params, annotations, STR,
              "LabelMe's JSON beside the images and COCO's: 'auto' (by name "
              "and content), 'none', or the path of one file",
              .dflt = "\"auto\""),
    OST_PARAM(ost_ingest_params, masks, JSON,
              "a folder whose files are the masks of the images of the same "
              "names, or an object from names of masks to such folders",
              .dflt = "null"),
    OST_PARAM(ost_ingest_params, mask_labels, STR_LIST,
              "labels of annotations that are taken, each with a mask, marked "
              "or not; [] takes all that are marked",
              .dflt = "[]"),
    OST_PARAM(ost_ingest_params, line_width, I64,
              "pixels that LabelMe's lines are wide", .dflt = "10", .min = 2,
              .max = 10000),
    OST_PARAM(ost_ingest_params, point_size, I64,
              "radius of LabelMe's points in pixels", .dflt = "5", .min = 1,
              .max = 10000),
    OST_PARAM(ost_ingest_params, labels, CHOICE,
              "without a manifest: folders are labels (auto), or nothing is",
              .dflt = "\"auto\"", .choices = "auto|none"),
    OST_PARAM(ost_ingest_params, color, CHOICE,
              "make color images gray (ITU-R BT.601), or keep the colors",
              .dflt = "\"gray\"", .choices = "gray|keep"),
    OST_PARAM(ost_ingest_params, orientation, CHOICE,
              "turn PNG, JPEG and TIFF pictures as their file says (EXIF), or "
              "leave them as they are stored",
              .dflt = "\"honor\"", .choices = "honor|ignore"),
    OST_PARAM(ost_ingest_params, on_error, CHOICE,
              "what a file that cannot be read does: fail the step, or be "
              "skipped and named",
              .dflt = "\"fail\"", .choices = "fail|skip"),
    OST_PARAM(ost_ingest_params, max_pixels, I64,
              "largest image (height * width * frames)", .dflt = "400000000",
              .min = 1, .max = 1e12),
    OST_PARAM(ost_ingest_params, max_unpacked, I64,
              "most bytes that an archive may unpack to", .dflt = "34359738368",
              .min = 1, .max = 1e15),
    OST_PARAM(ost_ingest_params, attributes, STR_LIST,
              "DICOM attributes to keep, by keyword", .dflt = "[]"),
    OST_PARAM(ost_ingest_params, dicom_values, CHOICE,
              "pixel values of DICOM files: as stored, rescaled by modality "
              "LUT or slope and intercept (f32), or displayed: rescaled, then "
              "through a window or VOI LUT",
              .dflt = "\"stored\"", .choices = "stored|rescaled|displayed"),
    OST_PARAM(ost_ingest_params, dicom_window, I64,
              "displayed: which window of a file, from 0; its VOI LUTs come "
              "behind its windows",
              .dflt = "0", .min = 0, .max = 1000),
    OST_PARAM(ost_ingest_params, dicom_bits, I64,
              "displayed: bits of the values", .dflt = "8", .choices = "8|16"),
    OST_PARAM(ost_ingest_params, dicom_invert, BOOL,
              "turn MONOCHROME1 around, so that high is bright (displayed "
              "values always are)",
              .dflt = "false"),
    OST_PARAM(ost_ingest_params, views, STR_LIST,
              "names of the frames of a DICOM file that does not name them, "
              "in order",
              .dflt = "[]"),
    OST_PARAM(ost_ingest_params, slice_axis, CHOICE,
              "slices of NIfTI volumes: as acquired (across the file's third "
              "axis), or axial, coronal, sagittal, all turned as radiologists "
              "look at them; or across voxel axis 0, 1, 2 as stored",
              .dflt = "\"acquired\"",
              .choices = "acquired|axial|coronal|sagittal|0|1|2"),
    OST_PARAM(ost_ingest_params, nifti_values, CHOICE,
              "voxel values of NIfTI files: as stored, or rescaled by slope "
              "and intercept (f32)",
              .dflt = "\"stored\"", .choices = "stored|rescaled"),
    OST_PARAM(ost_ingest_params, npy_layout, CHOICE,
              "NumPy arrays of three dimensions: a picture with channels, a "
              "stack of pictures, or by the last dimension (auto: 1, 3 and 4 "
              "are channels)",
              .dflt = "\"auto\"", .choices = "auto|channels|stack"),
    OST_PARAM(ost_ingest_params, dicomdir, CHOICE,
              "read what a DICOMDIR lists (auto), or all files as if there "
              "were none",
              .dflt = "\"auto\"", .choices = "auto|ignore"),
    OST_PARAM(ost_ingest_params, days, BOOL,
              "attributes day and time (in seconds) of DICOM files, since the "
              "patient's first one",
              .dflt = "false"),
    OST_END,
};

bool ost_ingest_may_skip(const ost_ingest_params *p, ost_rc rc)
{
    return p->on_error == OST_ON_ERROR_SKIP &&
           (rc == OST_EINPUT || rc == OST_EUNSUPPORTED);
}

static ost_rc check(const void *params_of, ost_err *err)
{
    const ost_ingest_params *p = params_of;

    if (ost_ingest_check_masks(p->masks, err))
        return OST_EWORKFLOW;
    for (size_t i = 0; i < p->attributes.n; i++) {
        const char *keyword = p->attributes.v[i];
        int known = ost_dicom_keyword(keyword);

        if (known == 0)
            return ost_fail(err, OST_EINPUT,
                            "param 'attributes': no DICOM attribute '%s'",
                            keyword);
        if (known < 0)
            return ost_fail(err, OST_EINPUT,
                            "param 'attributes': '%s' tells who the patient "
                            "is and stays in the file",
                            keyword);
    }
    return OST_OK;
}

/* --- the layout --------------------------------------------------------- */

static void note_dropped(ost_stage_ctx *ctx, const ost_layout *layout,
                         const char *manifest)
{
    ost_buf names = { 0 };
    size_t named = 0;

    for (size_t i = 0; i < layout->n && named < NAMED; i++) {
        const ost_layout_file *f = &layout->files[i];

        if (!f->dropped || f->is_side ||
            (manifest && strcmp(f->path, manifest) == 0))
            continue;
        ost_buf_addf(&names, "%s'%s'", named++ ? ", " : "", f->path);
    }
    ost_note(ctx, "%zu files are left out because %s: %s%s", layout->n_dropped,
             manifest ? ost_arena_printf(ost_ctx_arena(ctx),
                                         "'%s' does not list them", manifest)
                      : "they are no images",
             ost_buf_str(&names), layout->n_dropped > named ? ", ..." : "");
    ost_buf_release(&names);
}

/* Index of the file whose path is `n` bytes of `folder` and `name`, or -1. */
static ptrdiff_t find_file(const ost_layout *layout, const char *folder,
                           size_t n, const char *name)
{
    for (size_t i = 0; i < layout->n; i++) {
        const char *path = layout->files[i].path;

        if (strncmp(path, folder, n) == 0 && strcmp(path + n, name) == 0)
            return (ptrdiff_t)i;
    }
    return -1;
}

/* Index of the manifest among the files, or -1 when there is none.  It is
 * looked for at the top, and in the folder that everything lies in. */
static ost_rc find_manifest(const ost_ingest_params *p,
                            const ost_layout *layout, const char *wanted,
                            ptrdiff_t *index, ost_err *err)
{
    static const char *const names[] = { "manifest.csv", "items.csv" };
    const char *folder;
    size_t common = ost_layout_common(layout, &folder);

    *index = -1;
    if (strcmp(p->manifest, "none") == 0)
        return OST_OK;
    if (strcmp(p->manifest, "auto") != 0) {
        *index = find_file(layout, "", 0, p->manifest);
        if (*index < 0)
            return ost_fail(err, OST_EINPUT, "there is no manifest '%s'",
                            p->manifest);
        return OST_OK;
    }
    if (wanted)
        *index = find_file(layout, "", 0, wanted);
    for (int k = 0; k < 2 && *index < 0; k++)
        *index = find_file(layout, "", 0, names[k]);
    for (int k = 0; k < 2 && *index < 0; k++)
        *index = find_file(layout, folder, common, names[k]);
    return OST_OK;
}

ost_rc ost_ingest_layout(ost_stage_ctx *ctx, ost_layout *layout,
                         const char *wanted, ost_ingest_reader read, void *user,
                         ost_err *err)
{
    const ost_ingest_params *p = ost_ctx_params(ctx);
    ost_arena *arena = ost_ctx_arena(ctx);
    const char *name = NULL;
    const void *data = NULL;
    size_t size = 0;
    ptrdiff_t index, directory = -1;
    ost_csv csv;
    ost_rc rc;

    rc = ost_ingest_find_sides(ctx, layout, read, user, err);
    if (!rc)
        rc = find_manifest(p, layout, wanted, &index, err);
    if (!rc && index < 0 && p->dicomdir == OST_DICOMDIR_AUTO)
        directory = ost_ingest_find_dicomdir(layout);
    if (!rc && directory >= 0) {
        name = layout->files[directory].path;
        rc = read(user, (size_t)directory, &data, &size, err);
        if (!rc)
            rc = ost_ingest_by_dicomdir(ctx, layout, (size_t)directory, data,
                                        size, err);
    } else if (!rc && index >= 0) {
        name = layout->files[index].path;
        rc = read(user, (size_t)index, &data, &size, err);
        if (!rc)
            rc = ost_csv_parse(name, data, size, arena, &csv, err);
        if (!rc)
            rc = ost_layout_by_manifest(arena, layout, name, &csv, p->columns,
                                        err);
    } else if (!rc) {
        rc = ost_layout_by_folder(arena, layout, p->labels == OST_LABELS_AUTO,
                                  err);
    }
    if (rc)
        return rc;
    if (layout->n_dropped)
        note_dropped(ctx, layout, name);
    return OST_OK;
}

/* --- .prepare ----------------------------------------------------------- */

typedef struct {
    ost_stage_ctx *ctx;
    const ost_input *in;
    const ost_item *items;
} source;

static ost_rc read_file(void *user, size_t index, const void **data,
                        size_t *size, ost_err *err)
{
    source *s = user;

    return ost_item_bytes(s->ctx, s->in, &s->items[index], data, size, err);
}

static ost_rc prepare(ost_stage_ctx *ctx, ost_err *err)
{
    source s = { .ctx = ctx, .in = ost_ctx_input(ctx, "in", 0) };
    ost_layout layout = { 0 };
    ost_buf text = { 0 };
    const json_t *meta;
    ost_rc rc;

    rc = ost_ctx_items(ctx, s.in, &s.items, &layout.n, err);
    if (!rc)
        rc = ost_ctx_meta(ctx, s.in, &meta, err);
    if (rc)
        return rc;
    layout.files =
        OST_ARENA_ARRAY(ost_ctx_arena(ctx), ost_layout_file, layout.n + 1);
    for (size_t i = 0; i < layout.n; i++)
        layout.files[i].path = s.items[i].id;
    if (layout.n == 0)
        return ost_fail(err, OST_EINPUT, "there are no files");
    rc = ost_ingest_layout(ctx, &layout,
                           json_string_value(json_object_get(meta, "manifest")),
                           read_file, &s, err);
    if (!rc)
        rc = ost_series_find(ctx, &layout, read_file, &s, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < layout.n; i++) {
        if (layout.files[i].dropped)
            continue;
        ost_buf_reset(&text);
        ost_ingest_add_directive(&text, &layout.files[i], layout.n_images == 1,
                                 s.items, layout.n);
        ost_ctx_direct(ctx, i, ost_buf_str(&text));
    }
    ost_buf_release(&text);
    return OST_OK;
}

/* --- .map --------------------------------------------------------------- */

static ost_rc read_side(void *user, const char *path, const void **data,
                        size_t *size, ost_err *err)
{
    ost_stage_ctx *ctx = user;
    const ost_input *in = ost_ctx_input(ctx, "in", 0);
    const ost_item *items, *item;
    size_t n;
    ost_rc rc;

    /* Decoded by .prepare. */
    rc = ost_ctx_items(ctx, in, &items, &n, err);
    if (rc)
        return rc;
    item = ost_ingest_find_file(items, n, path);
    if (!item)
        return ost_fail(err, OST_EINPUT, "there is no file '%s'", path);
    return ost_item_bytes(ctx, in, item, data, size, err);
}

static ost_rc read_item(ost_stage_ctx *ctx, const ost_item *in, const json_t *d,
                        const ost_layout_file *file, ost_err *err)
{
    bool only = json_is_true(json_object_get(d, "only"));
    ost_arena *arena = ost_ctx_arena(ctx);
    const void *data;
    size_t size;
    ost_rc rc;

    rc =
        ost_item_bytes(ctx, ost_ctx_input(ctx, "in", 0), in, &data, &size, err);
    if (rc)
        return rc;
    if (ost_format_of(data, size) == OST_FORMAT_ARCHIVE &&
        !ost_npz_is(ctx, data, size))
        return ost_ingest_archive(
            ctx, in, only ? "" : ost_arena_printf(arena, "%s/", file->id), data,
            size, err);
    return ost_ingest_picture(ctx, in, file, data, size, err);
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const ost_ingest_params *p = ost_ctx_params(ctx);
    json_t *d = json_loads(ost_ctx_directive(ctx), 0, NULL);
    const ost_side_source sides = { read_side, ctx };
    ost_layout_file file = { .path = in->id, .source = &sides };
    ost_err own = { 0 };
    ost_rc rc;

    if (!d)
        OST_BUG();
    ost_ingest_read_directive(ost_ctx_arena(ctx), d, &file);
    rc = read_item(ctx, in, d, &file, &own);
    json_decref(d);
    if (ost_ingest_may_skip(p, rc)) {
        ost_note(ctx, "skipped '%s': %s", in->id, own.text);
        return ost_ingest_report(ctx, in, &file, NULL, own.text, err);
    }
    if (rc && err)
        *err = own;
    return rc;
}

const ost_stage ost_stage_ingest = {
    .name = "ingest",
    .version = 10,
    .summary = "Read images (PNG, JPEG, TIFF, DICOM, NIfTI, NumPy) and what "
               "is known about them.",
    .flags = OST_STAGE_FOREIGN | OST_STAGE_SECRET,
    .param_size = sizeof(ost_ingest_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_FILES,
                          "image files, a manifest.csv with them, or an "
                          "archive of either",
                          false, false }),
    .outputs =
        OST_PORTS({ "out", OST_DATASET, "an item per image", false, false },
                  { "report", OST_DATASET,
                    "an item without a picture per DICOM file, and per "
                    "file that was skipped: what was found, what was "
                    "left out",
                    false, false }),
    .reads = "bytes",
    .check = check,
    .prepare = prepare,
    .map = map,
    .conclude = ost_ingest_conclude,
};
