/* kernels/cuda/image_areas.c - margins, marks, and images faded into others */
#include "base/alloc.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cuda/cuda_visit.h"
#include "kernels/cuda/picture_kernels.h"

#include "base/banned.h"

/* From the host's memory to the host's memory: no device has a part in it. */
ost_rc ost_cuda_copy(const ost_tensor *image, ost_tensor *out, ost_err *err)
{
    return ost_cpu_copy(image, out, err);
}

ost_rc ost_cuda_blank(const ost_tensor *image, const ost_tensor *mask,
                      double fill, ost_tensor *out, ost_err *err)
{
    ost_cuda_picture in, marks, made;
    ost_image from, where, to;
    ost_cuda_visit v;
    ost_rc rc =
        ost_blank_check(image, mask, fill, out, &from, &where, &to, err);

    if (rc || ost_image_is_empty(&from))
        return rc;
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &from);
    marks = ost_cuda_visit_send(&v, &where);
    made = ost_cuda_visit_room(&v, to.dtype, to.h, to.w, to.c);
    ost_cuda_visit_run(
        &v, ost_cuda_blank_pixels(&in, &marks,
                                  ost_cuda_bits_of(to.dtype, (float)fill),
                                  &made, v.stream));
    ost_cuda_visit_bring(&v, &made, &to, false);
    rc = ost_cuda_visit_end(&v);
    return v.left_to_cpu ? ost_cpu_blank(image, mask, fill, out, err) : rc;
}

/* Shares of rows and columns; NULL after a failure. */
static const double *send_shares(ost_cuda_visit *v, int64_t count, int n)
{
    double *weight = ost_try_alloc((size_t)count, sizeof(*weight));
    const double *sent = NULL;

    if (weight) {
        ost_blend_weigh(weight, count, n);
        sent = ost_cuda_visit_send_bytes(v, weight, (size_t)count,
                                         sizeof(*weight));
    } else {
        v->rc =
            ost_fail(v->err, OST_ENOMEM, "blend: no memory for the weights");
    }
    ost_free(weight);
    return sent;
}

ost_rc ost_cuda_blend(const ost_tensor *image, int n, ost_tensor *blended,
                      ost_err *err)
{
    const double *rows, *columns;
    ost_cuda_picture in, out;
    ost_image from, to;
    ost_cuda_visit v;
    ost_rc rc = ost_blend_check(image, n, blended, &from, &to, err);

    if (rc || ost_image_is_empty(&from))
        return rc;
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &from);
    out = ost_cuda_visit_send(&v, &to);
    rows = send_shares(&v, from.h, n);
    columns = send_shares(&v, from.w, n);
    ost_cuda_visit_run(
        &v, ost_cuda_blend_pixels(&in, rows, columns, &out, v.stream));
    ost_cuda_visit_bring(&v, &out, &to, true);
    rc = ost_cuda_visit_end(&v);
    return v.left_to_cpu ? ost_cpu_blend(image, n, blended, err) : rc;
}

ost_rc ost_cuda_mark(const ost_tensor *image, ost_tensor *mask, ost_err *err)
{
    ost_cuda_picture in, marks;
    ost_image from, to;
    ost_cuda_visit v;
    ost_rc rc = ost_mark_check(image, mask, &from, &to, err);

    if (rc || ost_image_is_empty(&from))
        return rc;
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &from);
    marks = ost_cuda_visit_send(&v, &to);
    ost_cuda_visit_run(&v, ost_cuda_mark_pixels(&in, &marks, v.stream));
    ost_cuda_visit_bring(&v, &marks, &to, false);
    rc = ost_cuda_visit_end(&v);
    return v.left_to_cpu ? ost_cpu_mark(image, mask, err) : rc;
}

/* Of an image with pixels. */
static ost_rc find_marked(const ost_image *image, ost_cuda_marks *found,
                          bool *left_to_cpu, ost_err *err)
{
    const ost_cuda_marks none = { INT32_MAX, INT32_MAX, -1, -1, 0 };
    ost_cuda_marks *there;
    ost_cuda_picture in;
    ost_cuda_visit v;
    ost_rc rc;

    *found = none;
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, image);
    there = ost_cuda_visit_send_bytes(&v, &none, 1, sizeof(none));
    ost_cuda_visit_run(&v, ost_cuda_find_marked(&in, there, v.stream));
    ost_cuda_visit_bring_bytes(&v, there, 1, sizeof(*found), found);
    rc = ost_cuda_visit_end(&v);
    *left_to_cpu = v.left_to_cpu;
    return rc;
}

ost_rc ost_cuda_marked(const ost_tensor *image, ost_rect *rect, ost_err *err)
{
    ost_cuda_marks found;
    bool left_to_cpu;
    ost_image in;
    ost_rc rc = ost_image_of(image, "image", &in, err);

    *rect = (ost_rect){ 0 };
    if (rc || ost_image_is_empty(&in))
        return rc;
    rc = find_marked(&in, &found, &left_to_cpu, err);
    if (left_to_cpu)
        return ost_cpu_marked(image, rect, err);
    if (!rc && found.count > 0)
        *rect = (ost_rect){ found.top, found.left,
                            (int64_t)found.bottom - found.top + 1,
                            (int64_t)found.right - found.left + 1 };
    return rc;
}

ost_rc ost_cuda_marked_count(const ost_tensor *image, int64_t *count,
                             ost_err *err)
{
    ost_cuda_marks found;
    bool left_to_cpu;
    ost_image in;
    ost_rc rc = ost_image_of(image, "image", &in, err);

    *count = 0;
    if (rc || ost_image_is_empty(&in))
        return rc;
    rc = find_marked(&in, &found, &left_to_cpu, err);
    if (left_to_cpu)
        return ost_cpu_marked_count(image, count, err);
    *count = rc ? 0 : (int64_t)found.count;
    return rc;
}

/* Rows and columns of the image that those of the padded one show. */
static const int64_t *send_sources(ost_cuda_visit *v, int64_t first,
                                   int64_t count, int64_t length,
                                   ost_pad_mode mode)
{
    int64_t *from = ost_try_alloc((size_t)count, sizeof(*from));
    const int64_t *sent = NULL;

    if (from) {
        for (int64_t i = 0; i < count; i++)
            from[i] = ost_pad_source(first + i, length, mode);
        sent = ost_cuda_visit_send_bytes(v, from, (size_t)count, sizeof(*from));
    } else {
        v->rc = ost_fail(v->err, OST_ENOMEM, "pad: no memory for a row");
    }
    ost_free(from);
    return sent;
}

ost_rc ost_cuda_pad(const ost_tensor *image, const ost_pad_spec *spec,
                    ost_tensor *padded, ost_err *err)
{
    const int64_t *rows, *columns;
    ost_cuda_picture in, out;
    ost_image from, to;
    ost_cuda_visit v;
    ost_rc rc = ost_pad_check(image, spec, padded, &from, &to, err);

    if (rc || ost_image_is_empty(&to))
        return rc;
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &from);
    out = ost_cuda_visit_room(&v, to.dtype, to.h, to.w, to.c);
    rows = send_sources(&v, spec->top, to.h, from.h, spec->mode);
    columns = send_sources(&v, spec->left, to.w, from.w, spec->mode);
    ost_cuda_visit_run(
        &v, ost_cuda_pick(&in, rows, columns,
                          ost_cuda_bits_of(to.dtype, (float)spec->fill), &out,
                          v.stream));
    ost_cuda_visit_bring(&v, &out, &to, false);
    rc = ost_cuda_visit_end(&v);
    return v.left_to_cpu ? ost_cpu_pad(image, spec, padded, err) : rc;
}
