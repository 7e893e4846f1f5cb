/* stages/ingest.h - what the files of the stage `ingest` share
 *
 *     ingest.c          parameters; which files are images (.prepare)
 *     ingest_picture.c  the bytes of one file to items
 *     ingest_dicom.c    ... when it is a DICOM file
 *     ingest_series.c   which of them are of one patient, study, series
 *     ingest_dicomdir.c which of them a DICOMDIR lists
 *     ingest_report.c   what is said about files
 *     ingest_frames.c   ... when its decoder gives several pictures
 *     ingest_npz.c      the arrays of a .npz file to items or fields
 *     ingest_directive.c  what .prepare tells .map of a file
 *     ingest_sides.c    which files belong to which images (.prepare)
 *     ingest_marks.c    annotations, masks and boxes into an item
 *     ingest_archive.c  the members of an archive to items
 */
#ifndef OST_STAGES_INGEST_H
#define OST_STAGES_INGEST_H

#include "stages/decode.h"
#include "stages/decode_dicom.h"
#include "stages/layout.h"
#include "stages/stage.h"

typedef struct ost_ingest_params {
    const char *manifest;
    const json_t *columns;
    const char *annotations;
    const json_t *masks;
    ost_str_list mask_labels;
    int64_t line_width;
    int64_t point_size;
    int labels;
    int color;
    int on_error;
    int64_t max_pixels;
    int64_t max_unpacked;
    ost_str_list attributes;
    int dicom_values; /* ost_dicom_meaning */
    int64_t dicom_window;
    int64_t dicom_bits;
    bool dicom_invert;
    int orientation;
    ost_str_list views;
    int slice_axis;
    int nifti_values;
    int npy_layout;
    int dicomdir;
    bool days;
} ost_ingest_params;

enum { OST_LABELS_AUTO, OST_LABELS_NONE };
enum { OST_COLOR_GRAY, OST_COLOR_KEEP };
enum { OST_ORIENTATION_HONOR, OST_ORIENTATION_IGNORE };
enum { OST_DICOMDIR_AUTO, OST_DICOMDIR_IGNORE };
enum { OST_ON_ERROR_FAIL, OST_ON_ERROR_SKIP };
enum { OST_NIFTI_STORED, OST_NIFTI_RESCALED };

/* True for failures that `on_error: skip` passes over: what is wrong with the
 * data, not with the machine. */
bool ost_ingest_may_skip(const ost_ingest_params *p, ost_rc rc);

/* Emits the picture, or the frames, in `data` as items made from `in`, with
 * the id, label, group and attributes of `file`. */
ost_rc ost_ingest_picture(ost_stage_ctx *ctx, const ost_item *in,
                          const ost_layout_file *file, const void *data,
                          size_t size, ost_err *err);

ost_rc ost_ingest_dicom(ost_stage_ctx *ctx, const ost_item *in,
                        const ost_layout_file *file, const void *data,
                        size_t size, ost_err *err);

/* A row of the output `report` about a file: one that was read as DICOM (d), or
 * that was skipped (why). */
ost_rc ost_ingest_report(ost_stage_ctx *ctx, const ost_item *in,
                         const ost_layout_file *file, const ost_dicom *d,
                         const char *why, ost_err *err);
/* Notes on all files together: .conclude of the stage. */
ost_rc ost_ingest_conclude(ost_stage_ctx *ctx, ost_err *err);

/* Gives an item an attribute that its file says, unless the manifest said it.
 */
void ost_ingest_add_text(ost_stage_ctx *ctx, ost_item *item, const char *name,
                         const char *text);
void ost_ingest_add_number(ost_stage_ctx *ctx, ost_item *item, const char *name,
                           double number);

/* Index of the DICOMDIR, at the top or in the folder that everything lies in;
 * -1 when there is none. */
ptrdiff_t ost_ingest_find_dicomdir(const ost_layout *layout);
/* The layout that the DICOMDIR at `index`, of the bytes given, describes: what
 * it does not list is dropped.  OST_EINPUT names listed files that are missing
 * (a note does, with `on_error: skip`). */
ost_rc ost_ingest_by_dicomdir(ost_stage_ctx *ctx, ost_layout *layout,
                              size_t index, const void *data, size_t size,
                              ost_err *err);

/* What the readers of formats share: an item as `file` describes it, without
 * the bytes of `in`; its field "image" (height, width[, channels]), to be
 * filled in; and both for a decoded picture, handed to the output. */
ost_item *ost_ingest_item(ost_stage_ctx *ctx, const ost_item *in,
                          const ost_layout_file *file);
ost_rc ost_ingest_image(ost_stage_ctx *ctx, ost_item *item, ost_dtype dtype,
                        int64_t height, int64_t width, int channels,
                        ost_tensor *t, ost_err *err);
ost_rc ost_ingest_emit(ost_stage_ctx *ctx, const ost_item *in,
                       const ost_layout_file *file, const ost_picture *p,
                       ost_err *err);

/* Draws and reads what belongs to `file` into an item that has its picture, and
 * hands the item to the output: the last step of every reader. */
ost_rc ost_ingest_finish(ost_stage_ctx *ctx, const ost_layout_file *file,
                         ost_item *item, ost_err *err);
/* The picture that is inside of an annotation, with that annotation. */
ost_rc ost_ingest_labelme(ost_stage_ctx *ctx, const ost_item *in,
                          const ost_layout_file *file, const void *data,
                          size_t size, ost_err *err);

/* A sink that emits each frame of `file` as an item; `s` has `ctx`, `in` and
 * `file` set and outlives it. */
typedef struct ost_ingest_frames {
    ost_stage_ctx *ctx;
    const ost_item *in;
    const ost_layout_file *file;
    size_t waiting; /* bytes of fields that are not stored yet */
} ost_ingest_frames;
ost_frame_sink ost_ingest_frame_sink(ost_ingest_frames *s);

/* True for a zip of nothing but NumPy arrays, whose names are no paths. */
bool ost_npz_is(ost_stage_ctx *ctx, const void *data, size_t size);
ost_rc ost_ingest_npz(ost_stage_ctx *ctx, const ost_item *in,
                      const ost_layout_file *file, const void *data,
                      size_t size, ost_err *err);

/* What the parameters ask of a decoder. */
ost_decode_limits ost_ingest_limits(const ost_ingest_params *p);

/* Emits the images of an archive; their ids begin with `prefix`. */
ost_rc ost_ingest_archive(ost_stage_ctx *ctx, const ost_item *in,
                          const char *prefix, const void *data, size_t size,
                          ost_err *err);

/* Chooses how the files are laid out (a manifest, or folders) and lays them
 * out.  `read` gives the bytes of the manifest: index of its file.  `wanted`
 * is the manifest that comes with the files, or NULL.  Notes what was left out
 * and what has no group. */
typedef ost_rc (*ost_ingest_reader)(void *user, size_t index, const void **data,
                                    size_t *size, ost_err *err);
ost_rc ost_ingest_layout(ost_stage_ctx *ctx, ost_layout *layout,
                         const char *wanted, ost_ingest_reader read, void *user,
                         ost_err *err);

/* The file of a path among items that are files; NULL when there is none. */
const ost_item *ost_ingest_find_file(const ost_item *items, size_t n,
                                     const char *path);
/* Writes what .map must know of a file beyond its bytes, and reads it; `only`:
 * it is the only image. */
void ost_ingest_add_directive(ost_buf *out, const ost_layout_file *f, bool only,
                              const ost_item *items, size_t n);
void ost_ingest_read_directive(ost_arena *arena, const json_t *d,
                               ost_layout_file *f);

/* Before the files are laid out: finds annotations and masks, and says in the
 * layout what belongs to which image. */
ost_rc ost_ingest_find_sides(ost_stage_ctx *ctx, ost_layout *layout,
                             ost_ingest_reader read, void *user, ost_err *err);
/* OST_EWORKFLOW when the parameter `masks` is none. */
ost_rc ost_ingest_check_masks(const json_t *masks, ost_err *err);
/* True for names that end with .json. */
bool ost_ingest_is_json(const char *path);

#endif
