/* kernels/cuda/resize.c - change the size of an image */
#include "base/alloc.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/resize_axis.h"
#include "kernels/cuda/cuda_visit.h"
#include "kernels/cuda/picture_kernels.h"
#include "kernels/cuda/resize_kernels.h"

#include "base/banned.h"

static ost_rc no_memory(ost_err *err)
{
    return ost_fail(err, OST_ENOMEM, "resize: no memory for positions");
}

static void by_nearest(ost_cuda_visit *v, const ost_cuda_picture *in,
                       const ost_cuda_picture *out)
{
    size_t h = (size_t)out->h, w = (size_t)out->w;
    int64_t *rows = ost_try_alloc(h + w, sizeof(*rows));
    const int64_t *sent_rows, *sent_columns;

    if (!rows) {
        v->rc = no_memory(v->err);
        return;
    }
    ost_resize_nearest(in->h, out->h, rows);
    ost_resize_nearest(in->w, out->w, rows + h);
    sent_rows = ost_cuda_visit_send_bytes(v, rows, h, sizeof(*rows));
    sent_columns = ost_cuda_visit_send_bytes(v, rows + h, w, sizeof(*rows));
    ost_cuda_visit_run(
        v, ost_cuda_pick(in, sent_rows, sent_columns, 0, out, v->stream));
    ost_free(rows);
}

static ost_cuda_axis send_axis(ost_cuda_visit *v, const ost_resize_axis *a)
{
    size_t n = (size_t)a->to;

    return (ost_cuda_axis){
        .first = ost_cuda_visit_send_bytes(v, a->first, n, sizeof(*a->first)),
        .weight = ost_cuda_visit_send_bytes(v, a->weight, n * (size_t)a->taps,
                                            sizeof(*a->weight)),
        .taps = a->taps,
    };
}

static void by_taps(ost_cuda_visit *v, const ost_image *from,
                    const ost_image *to, bool area, const ost_cuda_picture *in,
                    const ost_cuda_picture *out)
{
    ost_resize_axis down = { 0 }, along = { 0 };
    ost_cuda_axis sent_down, sent_along;

    v->rc = ost_resize_axes_init(from, to, area, &down, &along, v->err);
    if (!v->rc) {
        sent_down = send_axis(v, &down);
        sent_along = send_axis(v, &along);
        if (ost_resize_is_linear_u8(from, to, area))
            ost_cuda_visit_run(v, ost_cuda_resize_linear(in, &sent_down,
                                                         &sent_along, out,
                                                         v->stream));
        else
            ost_cuda_visit_run(v,
                               ost_cuda_resize_taps(in, &sent_down, &sent_along,
                                                    out, v->stream));
    }
    ost_resize_axis_release(&along);
    ost_resize_axis_release(&down);
}

static ost_cuda_axis send_cubic_axis(ost_cuda_visit *v, int64_t from,
                                     int64_t to)
{
    ost_resize_axis a = { .from = from, .to = to, .taps = OST_CUBIC_TAPS };
    ost_cuda_axis sent = { 0 };

    a.first = ost_try_alloc((size_t)to, sizeof(*a.first));
    a.weight = ost_try_alloc((size_t)to * OST_CUBIC_TAPS, sizeof(*a.weight));
    if (!a.first || !a.weight)
        v->rc = no_memory(v->err);
    for (int64_t i = 0; !v->rc && i < to; i++) {
        ost_cubic_taps taps;

        ost_cubic_fill(&taps, i, from, to);
        a.first[i] = taps.first;
        for (int k = 0; k < OST_CUBIC_TAPS; k++)
            a.weight[i * OST_CUBIC_TAPS + k] = taps.weight[k];
    }
    if (!v->rc)
        sent = send_axis(v, &a);
    ost_resize_axis_release(&a);
    return sent;
}

static void by_cubic(ost_cuda_visit *v, const ost_cuda_picture *in,
                     const ost_cuda_picture *out)
{
    ost_cuda_axis down = send_cubic_axis(v, in->h, out->h);
    ost_cuda_axis along = send_cubic_axis(v, in->w, out->w);

    ost_cuda_visit_run(
        v, ost_cuda_resize_cubic(in, &down, &along, out, v->stream));
}

ost_rc ost_cuda_resize(const ost_tensor *image, ost_resize_method method,
                       ost_tensor *resized, ost_err *err)
{
    ost_cuda_picture in, out;
    ost_image from, to;
    ost_cuda_visit v;
    ost_rc rc = ost_resize_check(image, method, resized, &from, &to, err);

    if (rc || ost_image_is_empty(&to))
        return rc;
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &from);
    out = ost_cuda_visit_room(&v, to.dtype, to.h, to.w, to.c);
    if (!ost_cuda_visit_is_over(&v)) {
        if (method == OST_RESIZE_NEAREST)
            by_nearest(&v, &in, &out);
        else if (method == OST_RESIZE_CUBIC)
            by_cubic(&v, &in, &out);
        else
            by_taps(&v, &from, &to, method != OST_RESIZE_LINEAR, &in, &out);
    }
    ost_cuda_visit_bring(&v, &out, &to, method != OST_RESIZE_NEAREST);
    rc = ost_cuda_visit_end(&v);
    return v.left_to_cpu ? ost_cpu_resize(image, method, resized, err) : rc;
}
