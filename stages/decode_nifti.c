/* stages/decode_nifti.c - NIfTI volumes to slices
 *
 * A parser of our own: the public library reads files by name only, prints what
 * it thinks of them and takes memory for whatever their heads say.
 *
 * A slice is a plane of two voxel axes.  The named planes are turned as
 * radiologists look at them: the patient's right is on the left of axial and
 * coronal slices, the front on the left of sagittal ones and above in axial
 * ones, the head above in the others; and slices follow each other toward the
 * head, the back or the left.
 */
#include "base/alloc.h"
#include "stages/decode.h"
#include "stages/gunzip.h"
#include "stages/nifti_header.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

/* A voxel axis to go along, perhaps backward. */
typedef struct {
    int axis;
    bool back;
} way;

typedef struct {
    ost_nifti_header head;
    const ost_decode_limits *limits;
    const ost_nifti_options *options;
    const ost_frame_sink *sink;
    const unsigned char *data; /* the file, when it is not packed */
    size_t size;
    ost_gunzip *packed;
    unsigned char *volume; /* a time point of a packed file */
    way slice, row, column;
    bool rounded; /* a value */
} nifti_reader;

/* --- the planes --------------------------------------------------------- */

/* The voxel axis along axis `body` of the body; `toward`: which way is wanted,
 * true for right, front and head. */
static way find_way(const ost_nifti_header *h, int body, bool toward)
{
    int axis = 0;

    while (h->body[axis] != body)
        axis++;
    return (way){ .axis = axis, .back = h->back[axis] != toward };
}

static void choose_planes(nifti_reader *r)
{
    const ost_nifti_header *h = &r->head;
    int axis = r->options->axis;
    int plane;

    if (axis >= OST_SLICES_0 && axis <= OST_SLICES_2) {
        r->slice.axis = axis - OST_SLICES_0;
        r->column.axis = r->slice.axis == 0 ? 1 : 0;
        r->row.axis = r->slice.axis == 2 ? 1 : 2;
        return;
    }
    plane = axis == OST_SLICES_ACQUIRED  ? h->body[2]
            : axis == OST_SLICES_AXIAL   ? OST_AXIAL
            : axis == OST_SLICES_CORONAL ? OST_CORONAL
                                         : OST_SAGITTAL;
    r->slice = find_way(h, plane, plane == OST_AXIAL);
    r->column = find_way(h, plane == OST_SAGITTAL ? 1 : 0, false);
    r->row = find_way(h, plane == OST_AXIAL ? 1 : 2, false);
}

/* --- voxels ------------------------------------------------------------- */

static uint64_t voxels_of(const ost_nifti_header *h)
{
    return (uint64_t)h->dim[0] * (uint64_t)h->dim[1] * (uint64_t)h->dim[2];
}

static uint64_t volume_bytes(const ost_nifti_header *h)
{
    return voxels_of(h) * h->type.size * (uint64_t)h->channels;
}

/* Nothing is multiplied that was not compared with the limit. */
static ost_rc check_size(const nifti_reader *r, ost_err *err)
{
    const ost_nifti_header *h = &r->head;
    uint64_t n = 1;

    if (h->ndim < 2)
        return ost_fail(err, OST_EINPUT,
                        "a NIfTI of one dimension is no "
                        "picture");
    for (int i = 4; i < OST_NIFTI_DIMS; i++)
        if (h->dim[i] > 1)
            return ost_fail(err, OST_EUNSUPPORTED,
                            "NIfTI: dimension %d (several values per voxel) is "
                            "not supported",
                            i + 1);
    for (int i = 0; i < 4; i++) {
        if ((uint64_t)h->dim[i] > r->limits->max_pixels / n)
            return ost_fail(err, OST_EINPUT,
                            "%lld x %lld x %lld x %lld voxels are more than "
                            "max_pixels (%llu)",
                            (long long)h->dim[0], (long long)h->dim[1],
                            (long long)h->dim[2], (long long)h->dim[3],
                            (unsigned long long)r->limits->max_pixels);
        n *= (uint64_t)h->dim[i];
    }
    return OST_OK;
}

/* Reads exactly `n` bytes of a packed file. */
static ost_rc unpack(nifti_reader *r, void *to, size_t n, ost_err *err)
{
    size_t got;
    ost_rc rc = ost_gunzip_read(r->packed, to, n, &got, err);

    if (!rc && got < n)
        rc = ost_fail(err, OST_EINPUT, "damaged NIfTI: it ends early");
    return rc;
}

static ost_rc unpack_to_voxels(nifti_reader *r, ost_err *err)
{
    unsigned char piece[4096];
    uint64_t at = 0;
    ost_rc rc = OST_OK;

    while (!rc && at < r->head.offset) {
        uint64_t n = r->head.offset - at;

        n = n < sizeof(piece) ? n : sizeof(piece);
        rc = unpack(r, piece, n, err);
        at += n;
    }
    return rc;
}

/* The bytes of time point `t`. */
static ost_rc open_volume(nifti_reader *r, int64_t t,
                          const unsigned char **voxels, ost_err *err)
{
    uint64_t n = volume_bytes(&r->head);
    uint64_t at = r->head.offset + n * (uint64_t)t;

    if (r->packed) {
        *voxels = r->volume;
        return unpack(r, r->volume, n, err);
    }
    if (at > r->size || n > r->size - at)
        return ost_fail(err, OST_EINPUT, "damaged NIfTI: it ends early");
    *voxels = r->data + at;
    return OST_OK;
}

/* --- slices ------------------------------------------------------------- */

/* Where index `i` of a way is, in voxels. */
static int64_t place(const nifti_reader *r, way w, int64_t i)
{
    int64_t step = 1;

    for (int k = 0; k < w.axis; k++)
        step *= r->head.dim[k];
    return (w.back ? r->head.dim[w.axis] - 1 - i : i) * step;
}

static void fill_slice(nifti_reader *r, const unsigned char *voxels, int64_t k,
                       ost_picture *p)
{
    const ost_nifti_header *h = &r->head;
    int64_t bytes = h->type.size * h->channels;
    int64_t step = (place(r, r->column, 1) - place(r, r->column, 0)) * bytes;
    size_t width = (size_t)p->width;

    for (int64_t y = 0; y < p->height; y++) {
        const unsigned char *from =
            voxels + (place(r, r->slice, k) + place(r, r->row, y) +
                      place(r, r->column, 0)) *
                         bytes;
        size_t at = (size_t)y * width * (size_t)p->channels;

        if (h->channels > 1) {
            uint8_t *to = (uint8_t *)p->data + at;

            for (size_t x = 0; x < width; x++, from += step, to += 3)
                memcpy(to, from, 3);
        } else if (r->options->rescale) {
            ost_raw_rescale(
                &h->type, from, step, width, h->slope == 0 ? 1 : h->slope,
                h->slope == 0 ? 0 : h->intercept, (float *)p->data + at);
        } else if (!ost_raw_convert(&h->type, from, step, width,
                                    (char *)p->data +
                                        at * ost_dtype_size(p->dtype))) {
            r->rounded = true;
        }
    }
}

static ost_rc give_slice(nifti_reader *r, const unsigned char *voxels,
                         int64_t t, int64_t k, ost_err *err)
{
    const ost_nifti_header *h = &r->head;
    bool several = h->dim[3] > 1;
    ost_frame f = { .index = k,
                    .count = h->dim[r->slice.axis],
                    .timepoint = t,
                    .timepoints = several ? h->dim[3] : 0,
                    .seconds = several && h->size[3] > 0
                                   ? h->first_second + (double)t * h->size[3]
                                   : (double)NAN,
                    .spacing_y = h->size[r->row.axis],
                    .spacing_x = h->size[r->column.axis] };
    ost_dtype dtype = h->channels > 1       ? OST_U8
                      : r->options->rescale ? OST_F32
                                            : ost_raw_dtype(&h->type);
    ost_rc rc =
        ost_picture_init(&f.picture, dtype, (uint64_t)h->dim[r->row.axis],
                         (uint64_t)h->dim[r->column.axis],
                         h->channels > 1 ? 3 : 1, r->limits->max_pixels, err);

    if (!rc) {
        fill_slice(r, voxels, k, &f.picture);
        if (!r->limits->color)
            ost_picture_to_gray(&f.picture);
        rc = r->sink->frame(r->sink->user, &f, err);
    }
    ost_picture_release(&f.picture);
    return rc;
}

static ost_rc give_volumes(nifti_reader *r, ost_err *err)
{
    ost_rc rc = OST_OK;
    size_t more;
    char c;

    for (int64_t t = 0; t < r->head.dim[3] && !rc; t++) {
        const unsigned char *voxels = NULL;

        rc = open_volume(r, t, &voxels, err);
        for (int64_t k = 0; k < r->head.dim[r->slice.axis] && !rc; k++)
            rc = give_slice(r, voxels, t, k, err);
    }
    /* The checksum of a packed file is behind its last byte. */
    if (!rc && r->packed)
        rc = ost_gunzip_read(r->packed, &c, 1, &more, err);
    if (!rc && r->rounded)
        r->sink->told(r->sink->user, "values were rounded to f32 (24 bits)");
    return rc;
}

static ost_rc open_packed(nifti_reader *r, ost_err *err)
{
    r->packed = ost_gunzip_open(r->data, r->size);
    r->volume = ost_try_alloc(volume_bytes(&r->head), 1);
    if (!r->packed || !r->volume)
        return ost_fail(err, OST_ENOMEM, "no memory for %llu bytes of voxels",
                        (unsigned long long)volume_bytes(&r->head));
    return unpack_to_voxels(r, err);
}

ost_rc ost_nifti_decode(const void *data, size_t size,
                        const ost_decode_limits *limits,
                        const ost_nifti_options *options,
                        const ost_frame_sink *sink, ost_err *err)
{
    unsigned char start[OST_NIFTI_HEAD];
    bool packed = !ost_nifti_is(data, size);
    nifti_reader r = { .limits = limits,
                       .options = options,
                       .sink = sink,
                       .data = data,
                       .size = size };
    ost_rc rc;

    if (packed)
        rc = ost_nifti_read_header(
            start, ost_gunzip_head(data, size, start, sizeof(start)), &r.head,
            err);
    else
        rc = ost_nifti_read_header(data, size, &r.head, err);
    if (!rc)
        rc = check_size(&r, err);
    if (!rc && packed)
        rc = open_packed(&r, err);
    if (!rc) {
        choose_planes(&r);
        rc = give_volumes(&r, err);
    }
    ost_gunzip_close(r.packed);
    ost_free(r.volume);
    return rc;
}
