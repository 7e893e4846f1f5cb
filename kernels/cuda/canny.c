/* kernels/cuda/canny.c - Canny's edge detector
 *
 * Gradients and thinning are one kernel; hysteresis is the components of the
 * marks, of which those with a strong mark stay.
 */
#include "kernels/cpu/image_checks.h"
#include "kernels/cuda/canny_kernels.h"
#include "kernels/cuda/cuda_visit.h"
#include "kernels/cuda/label_kernels.h"

#include "base/banned.h"

/* On the device. */
static void find_edges(ost_cuda_visit *v, const ost_cuda_picture *in,
                       const ost_cuda_canny_args *args,
                       const ost_cuda_picture *edges)
{
    int64_t n = in->h * in->w;
    ost_cuda_picture marks = ost_cuda_visit_room(v, OST_U8, in->h, in->w, 1);
    int32_t *labels = ost_cuda_visit_bytes(v, (size_t)n, sizeof(*labels));
    uint8_t *strong = ost_cuda_visit_bytes(v, (size_t)n, 1);

    ost_cuda_visit_run(v,
                       ost_cuda_canny_marks(in, args, marks.data, v->stream));
    ost_cuda_visit_run(v, ost_cuda_label(&marks, 0, 0, labels, v->stream));
    ost_cuda_visit_run(v, ost_cuda_canny_edges(marks.data, labels, n, strong,
                                               edges->data, v->stream));
}

ost_rc ost_cuda_canny(const ost_tensor *image, const ost_canny_spec *spec,
                      ost_tensor *edges, ost_err *err)
{
    ost_cuda_canny_args args;
    ost_cuda_picture in, out;
    ost_canny_work work;
    ost_cuda_visit v;
    ost_rc rc = ost_canny_check(image, spec, edges, &work, err);

    if (rc)
        return rc;
    if (ost_image_is_empty(&work.in))
        return ost_cpu_canny(image, spec, edges, err);
    args = (ost_cuda_canny_args){ work.reach, work.l2, work.low, work.high };
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &work.in);
    out = ost_cuda_visit_room(&v, OST_U8, in.h, in.w, 1);
    find_edges(&v, &in, &args, &out);
    ost_cuda_visit_bring(&v, &out, &work.out, false);
    rc = ost_cuda_visit_end(&v);
    return v.left_to_cpu ? ost_cpu_canny(image, spec, edges, err) : rc;
}
