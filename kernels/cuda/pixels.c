/* kernels/cuda/pixels.c - operators that look at each pixel alone */
#include "base/alloc.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cuda/cuda_visit.h"
#include "kernels/cuda/picture_kernels.h"
#include "kernels/cuda/pixel_kernels.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* ---- the bodies of kernels/per_pixel.def ---- */

typedef int (*pixel_launch)(const void *in, int64_t n, const void *args,
                            void *out, void *stream);

#define PER_PIXEL(name, args, from, to)                                 \
    static int run_##name(const void *in, int64_t n, const void *given, \
                          void *out, void *stream)                      \
    {                                                                   \
        return ost_cuda_##name(in, n, given, out, stream);              \
    }
#include "kernels/per_pixel.def"

static const struct {
    const char *name;
    pixel_launch launch;
} launches[] = {
#define PER_PIXEL(name, args, from, to) { #name, run_##name },
#include "kernels/per_pixel.def"
};

static pixel_launch launch_of(const char *body, ost_dtype from, ost_dtype to)
{
    char name[64];

    snprintf(name, sizeof(name), "%s_%s_%s", body, ost_dtype_name(from),
             ost_dtype_name(to));
    for (size_t i = 0; i < sizeof(launches) / sizeof(launches[0]); i++)
        if (strcmp(launches[i].name, name) == 0)
            return launches[i].launch;
    return NULL;
}

static ost_rc each_pixel(const ost_pixel_work *work, const char *body,
                         bool *left_to_cpu, ost_err *err)
{
    pixel_launch launch = launch_of(body, work->in.dtype, work->out.dtype);
    ost_cuda_picture in, out;
    ost_cuda_visit v;
    ost_rc rc;

    *left_to_cpu = !launch;
    if (!launch || ost_image_is_empty(&work->in))
        return OST_OK;
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &work->in);
    out = ost_cuda_visit_room(&v, work->out.dtype, in.h, in.w, in.c);
    ost_cuda_visit_run(&v, launch(in.data, in.h * in.w * in.c, &work->args,
                                  out.data, v.stream));
    ost_cuda_visit_bring(&v, &out, &work->out, true);
    rc = ost_cuda_visit_end(&v);
    *left_to_cpu = v.left_to_cpu;
    return rc;
}

ost_rc ost_cuda_ramp(const ost_tensor *image, const ost_ramp_spec *spec,
                     ost_tensor *out, ost_err *err)
{
    ost_pixel_work work;
    bool left_to_cpu = false;
    ost_rc rc = ost_ramp_check(image, spec, out, &work, err);

    if (!rc)
        rc = each_pixel(&work, "ramp", &left_to_cpu, err);
    return left_to_cpu ? ost_cpu_ramp(image, spec, out, err) : rc;
}

ost_rc ost_cuda_rescale(const ost_tensor *image, double scale, double offset,
                        ost_tensor *rescaled, ost_err *err)
{
    ost_pixel_work work;
    bool left_to_cpu = false;
    ost_rc rc = ost_rescale_check(image, scale, offset, rescaled, &work, err);

    if (!rc)
        rc = each_pixel(&work, "line", &left_to_cpu, err);
    return left_to_cpu ? ost_cpu_rescale(image, scale, offset, rescaled, err)
                       : rc;
}

ost_rc ost_cuda_threshold(const ost_tensor *image,
                          const ost_threshold_spec *spec, ost_tensor *mask,
                          ost_err *err)
{
    ost_pixel_work work;
    bool left_to_cpu = false;
    ost_rc rc = ost_threshold_check(image, spec, mask, &work, err);

    if (!rc)
        rc = each_pixel(&work, "threshold", &left_to_cpu, err);
    return left_to_cpu ? ost_cpu_threshold(image, spec, mask, err) : rc;
}

/* ---- others ---- */

static const float *send_table(ost_cuda_visit *v, const ost_gamma_spec *spec,
                               ost_dtype dtype)
{
    int64_t n = dtype == OST_U8 ? 256 : 65536;
    float *table;
    const float *sent;

    if (dtype == OST_F32)
        return NULL;
    table = ost_gamma_table(spec, n);
    if (!table) {
        v->rc = ost_fail(v->err, OST_ENOMEM, "gamma: no memory for a table");
        return NULL;
    }
    sent = ost_cuda_visit_send_bytes(v, table, (size_t)n, sizeof(*table));
    ost_free(table);
    return sent;
}

ost_rc ost_cuda_gamma(const ost_tensor *image, const ost_gamma_spec *spec,
                      ost_tensor *toned, ost_err *err)
{
    ost_cuda_picture in, out;
    ost_image from, to;
    const float *table;
    ost_cuda_visit v;
    ost_rc rc = ost_gamma_check(image, spec, toned, &from, &to, err);

    if (rc || ost_image_is_empty(&from))
        return rc;
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &from);
    out = ost_cuda_visit_room(&v, to.dtype, to.h, to.w, to.c);
    table = send_table(&v, spec, from.dtype);
    ost_cuda_visit_run(&v, ost_cuda_gamma_pixels(&in, spec->low, spec->high,
                                                 spec->exponent, table, &out,
                                                 v.stream));
    ost_cuda_visit_bring(&v, &out, &to, true);
    rc = ost_cuda_visit_end(&v);
    return v.left_to_cpu ? ost_cpu_gamma(image, spec, toned, err) : rc;
}

ost_rc ost_cuda_gray(const ost_tensor *image, ost_tensor *gray, ost_err *err)
{
    ost_cuda_picture in, out;
    ost_image from, to;
    ost_cuda_visit v;
    ost_rc rc = ost_gray_check(image, gray, &from, &to, err);

    if (rc || ost_image_is_empty(&from))
        return rc;
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &from);
    out = ost_cuda_visit_room(&v, to.dtype, to.h, to.w, 1);
    ost_cuda_visit_run(&v, ost_cuda_gray_pixels(&in, &out, v.stream));
    ost_cuda_visit_bring(&v, &out, &to, true);
    rc = ost_cuda_visit_end(&v);
    return v.left_to_cpu ? ost_cpu_gray(image, gray, err) : rc;
}

ost_rc ost_cuda_noise(const ost_tensor *image, double deviation, uint32_t seed,
                      ost_tensor *noisy, ost_err *err)
{
    ost_cuda_picture in, out;
    ost_image from, to;
    ost_cuda_visit v;
    ost_rc rc = ost_noise_check(image, deviation, noisy, &from, &to, err);

    if (rc || ost_image_is_empty(&from))
        return rc;
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &from);
    out = ost_cuda_visit_room(&v, to.dtype, to.h, to.w, to.c);
    ost_cuda_visit_run(
        &v, ost_cuda_noise_pixels(&in, (float)deviation, seed, &out, v.stream));
    ost_cuda_visit_bring(&v, &out, &to, true);
    rc = ost_cuda_visit_end(&v);
    return v.left_to_cpu ? ost_cpu_noise(image, deviation, seed, noisy, err)
                         : rc;
}
