/* kernels/cuda/blur.c - Gaussian blur */
#include "base/alloc.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cuda/cuda_visit.h"
#include "kernels/cuda/resize_kernels.h"

#include "base/banned.h"

/* Weights as the type of the image has them, and rows and columns with them. */
static void blur(ost_cuda_visit *v, const ost_blur_work *b,
                 const ost_cuda_picture *in, const ost_cuda_picture *out)
{
    size_t n = (size_t)b->reach + 1;
    size_t values = (size_t)(in->h * in->w * in->c);
    float *weight = ost_try_alloc(n, sizeof(*weight));
    uint32_t *fixed = ost_try_alloc(n, sizeof(*fixed));

    if (!weight || !fixed) {
        v->rc = ost_fail(v->err, OST_ENOMEM, "blur: no memory for weights");
    } else if (in->dtype == OST_F32) {
        const float *sent;
        float *room = ost_cuda_visit_bytes(v, values, sizeof(*room));

        for (size_t k = 0; k < n; k++)
            weight[k] = (float)b->weight[k];
        sent = ost_cuda_visit_send_bytes(v, weight, n, sizeof(*weight));
        ost_cuda_visit_run(
            v, ost_cuda_blur_floats(in, sent, b->reach, room, out, v->stream));
    } else {
        const uint32_t *sent;
        uint32_t *room = ost_cuda_visit_bytes(v, values, sizeof(*room));

        ost_blur_round(b->weight, b->reach,
                       in->dtype == OST_U8 ? 1u << 8 : 1u << 16, fixed);
        sent = ost_cuda_visit_send_bytes(v, fixed, n, sizeof(*fixed));
        ost_cuda_visit_run(v, ost_cuda_blur_integers(in, sent, b->reach, room,
                                                     out, v->stream));
    }
    ost_free(fixed);
    ost_free(weight);
}

ost_rc ost_cuda_blur(const ost_tensor *image, double sigma, int64_t size,
                     ost_tensor *out, ost_err *err)
{
    ost_cuda_picture in, to;
    ost_blur_work b;
    ost_cuda_visit v;
    ost_rc rc = ost_blur_begin(image, sigma, size, out, &b, err);

    if (rc)
        return rc;
    if (b.reach == 0)
        return ost_cpu_copy(image, out, err);
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &b.in);
    to = ost_cuda_visit_room(&v, b.out.dtype, b.out.h, b.out.w, b.out.c);
    if (!ost_cuda_visit_is_over(&v))
        blur(&v, &b, &in, &to);
    ost_cuda_visit_bring(&v, &to, &b.out, true);
    rc = ost_cuda_visit_end(&v);
    ost_free(b.weight);
    return v.left_to_cpu ? ost_cpu_blur(image, sigma, size, out, err) : rc;
}
