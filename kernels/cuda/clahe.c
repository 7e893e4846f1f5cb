/* kernels/cuda/clahe.c - contrast limited adaptive histogram equalization */
#include "kernels/cpu/image_checks.h"
#include "kernels/cuda/cuda_visit.h"
#include "kernels/cuda/histogram_kernels.h"

#include "base/banned.h"

ost_rc ost_cuda_clahe(const ost_tensor *image, const ost_clahe_spec *spec,
                      ost_tensor *out, ost_err *err)
{
    ost_cuda_picture in, made;
    ost_clahe_tiles cut;
    ost_cuda_tiles tiles;
    ost_image from, to;
    uint16_t *tables;
    int *counts;
    size_t count;
    ost_cuda_visit v;
    ost_rc rc = ost_clahe_check(image, spec, out, &from, &to, err);

    if (rc || ost_image_is_empty(&from))
        return rc;
    ost_clahe_cut(&from, spec, &cut);
    tiles = (ost_cuda_tiles){ cut.levels, cut.rows,   cut.columns,
                              cut.tile_h, cut.tile_w, cut.clip };
    count = (size_t)cut.rows * (size_t)cut.columns * (size_t)cut.levels;
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &from);
    made = ost_cuda_visit_room(&v, to.dtype, to.h, to.w, to.c);
    counts = ost_cuda_visit_bytes(&v, count, sizeof(*counts));
    tables = ost_cuda_visit_bytes(&v, count, sizeof(*tables));
    for (int64_t c = 0; c < from.c; c++)
        ost_cuda_visit_run(&v, ost_cuda_equalize(&in, c, &tiles, counts, tables,
                                                 &made, v.stream));
    ost_cuda_visit_bring(&v, &made, &to, false);
    rc = ost_cuda_visit_end(&v);
    return v.left_to_cpu ? ost_cpu_clahe(image, spec, out, err) : rc;
}
