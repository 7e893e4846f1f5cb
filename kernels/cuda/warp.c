/* kernels/cuda/warp.c - images through maps: affine ones, and one for each
 * pixel
 */
#include "base/alloc.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cuda/cuda_visit.h"
#include "kernels/cuda/resize_kernels.h"

#include "base/banned.h"

/* What columns and rows add to positions, on the device. */
static ost_cuda_warp_args send_positions(ost_cuda_visit *v,
                                         const ost_warp_spec *spec, int64_t h,
                                         int64_t w)
{
    size_t columns = (size_t)w, rows = (size_t)h;
    int64_t *at = ost_try_alloc(2 * (columns + rows), sizeof(*at));
    int64_t *row_x = at + 2 * columns, *row_y = row_x + rows;
    const int64_t *sent;

    if (!at) {
        v->rc = ost_fail(v->err, OST_ENOMEM, "warp: no memory for %lld columns",
                         (long long)w);
        return (ost_cuda_warp_args){ 0 };
    }
    ost_warp_columns(spec, w, at, at + columns);
    for (int64_t y = 0; y < h; y++)
        ost_warp_row(spec, y, &row_x[y], &row_y[y]);
    sent = ost_cuda_visit_send_bytes(v, at, 2 * (columns + rows), sizeof(*at));
    ost_free(at);
    return (ost_cuda_warp_args){
        .column_x = sent,
        .column_y = sent + columns,
        .row_x = sent + 2 * columns,
        .row_y = sent + 2 * columns + rows,
        .nearest = spec->nearest,
        .constant = spec->border == OST_BORDER_CONSTANT,
        .fill = spec->fill,
    };
}

ost_rc ost_cuda_warp(const ost_tensor *image, const ost_warp_spec *spec,
                     ost_tensor *warped, ost_err *err)
{
    ost_cuda_warp_args args;
    ost_cuda_picture in, out;
    ost_image from, to;
    ost_cuda_visit v;
    ost_rc rc = ost_warp_check(image, spec, warped, &from, &to, err);

    if (rc || ost_image_is_empty(&to))
        return rc;
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &from);
    out = ost_cuda_visit_room(&v, to.dtype, to.h, to.w, to.c);
    if (!ost_cuda_visit_is_over(&v)) {
        args = send_positions(&v, spec, to.h, to.w);
        args.fill_bits = ost_cuda_bits_of(to.dtype, spec->fill);
        ost_cuda_visit_run(&v,
                           ost_cuda_warp_pixels(&in, &args, &out, v.stream));
    }
    ost_cuda_visit_bring(&v, &out, &to, !spec->nearest);
    rc = ost_cuda_visit_end(&v);
    return v.left_to_cpu ? ost_cpu_warp(image, spec, warped, err) : rc;
}

ost_rc ost_cuda_remap(const ost_tensor *image, const ost_remap_spec *spec,
                      ost_tensor *remapped, ost_err *err)
{
    ost_cuda_picture in, out, places;
    ost_image from, to, map;
    ost_cuda_visit v;
    ost_rc rc = ost_remap_check(image, spec, remapped, &from, &to, err);

    if (rc || ost_image_is_empty(&to))
        return rc;
    rc = ost_image_of(spec->map, "map", &map, err);
    if (rc)
        return rc;
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &from);
    places = ost_cuda_visit_send(&v, &map);
    out = ost_cuda_visit_room(&v, to.dtype, to.h, to.w, to.c);
    ost_cuda_visit_run(
        &v, ost_cuda_remap_pixels(&in, places.data, spec->nearest,
                                  spec->border == OST_BORDER_CONSTANT,
                                  spec->fill, &out, v.stream));
    ost_cuda_visit_bring(&v, &out, &to, true);
    rc = ost_cuda_visit_end(&v);
    return v.left_to_cpu ? ost_cpu_remap(image, spec, remapped, err) : rc;
}
