/* kernels/cuda/components.c - the connected components of a mask
 *
 * Labels, runs and measures are made on the device.  The host waits twice: how
 * many runs and components there are, it has to know before it takes them.
 */
#include "base/alloc.h"
#include "kernels/connected.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cuda/cuda_visit.h"
#include "kernels/cuda/label_kernels.h"

#include "base/banned.h"

typedef struct finder {
    ost_cuda_visit *v;
    ost_components *found;
    ost_cuda_component *all; /* of the host */
    int32_t *labels;         /* of the device */
    int64_t *runs;
    int64_t *roots;
} finder;

static void count(finder *f, const ost_cuda_picture *mask, unsigned flags,
                  int64_t *n_all)
{
    size_t rows = (size_t)mask->h + 1;

    f->labels = ost_cuda_visit_bytes(f->v, (size_t)(mask->h * mask->w),
                                     sizeof(*f->labels));
    f->runs = ost_cuda_visit_bytes(f->v, rows, sizeof(*f->runs));
    f->roots = ost_cuda_visit_bytes(f->v, rows, sizeof(*f->roots));
    ost_cuda_visit_run(f->v,
                       ost_cuda_label(mask, (flags & OST_COMPONENTS_SIDES) != 0,
                                      (flags & OST_COMPONENTS_ZEROS) != 0,
                                      f->labels, f->v->stream));
    ost_cuda_visit_run(f->v,
                       ost_cuda_count_runs(f->labels, mask->h, mask->w, f->runs,
                                           f->roots, f->v->stream));
    ost_cuda_visit_bring_bytes(f->v, f->runs, rows, sizeof(*f->runs),
                               f->found->row);
    if (!ost_cuda_visit_is_over(f->v))
        ost_cuda_visit_bring_bytes(f->v, f->roots + mask->h, 1,
                                   sizeof(*f->roots), n_all);
}

/* Takes memory of the host, and has it filled. */
static void take(finder *f, const ost_cuda_picture *mask, int64_t n_all)
{
    ost_components *c = f->found;
    size_t n = (size_t)c->row[mask->h], m = (size_t)n_all;
    int32_t *number = ost_cuda_visit_bytes(f->v, (size_t)(mask->h * mask->w),
                                           sizeof(*number));
    ost_cuda_run *made = ost_cuda_visit_bytes(f->v, n, sizeof(*made));
    ost_cuda_component *all = ost_cuda_visit_bytes(f->v, m, sizeof(*all));

    _Static_assert(sizeof(*made) == sizeof(*c->runs), "runs of both kinds");
    c->runs = ost_try_alloc_aligned(n + 1, sizeof(*c->runs));
    c->all = ost_try_alloc(m + 1, sizeof(*c->all));
    f->all = ost_try_alloc(m + 1, sizeof(*f->all));
    if (!c->runs || !c->all || !f->all) {
        f->v->rc =
            ost_fail(f->v->err, OST_ENOMEM, "no memory for %zu components", m);
        return;
    }
    ost_cuda_visit_run(f->v,
                       ost_cuda_make_runs(f->labels, mask->h, mask->w, f->runs,
                                          f->roots, number, made, (int64_t)n,
                                          all, n_all, f->v->stream));
    ost_cuda_visit_bring_bytes(f->v, made, n, sizeof(*made), c->runs);
    ost_cuda_visit_bring_bytes(f->v, all, m, sizeof(*all), f->all);
}

static void measure(const finder *f, int64_t n_all)
{
    f->found->count = (int32_t)n_all;
    for (int64_t i = 0; i < n_all; i++) {
        const ost_cuda_component *k = &f->all[i];
        double area = (double)k->area;

        f->found->all[i] = (ost_component){
            .area = (int64_t)k->area,
            .left = k->left,
            .top = k->top,
            .right = k->right,
            .bottom = k->bottom,
            .center_x = (double)k->sum_x / area,
            .center_y = (double)k->sum_y / area,
        };
    }
}

ost_rc ost_cuda_components(const ost_tensor *mask, unsigned flags,
                           ost_components *c, ost_err *err)
{
    ost_cuda_visit v;
    finder f = { .v = &v, .found = c };
    ost_cuda_picture in;
    ost_image from;
    int64_t n_all = 0;
    ost_rc rc = ost_components_check(mask, &from, err);

    *c = (ost_components){ 0 };
    if (rc)
        return rc;
    if (ost_image_is_empty(&from))
        return ost_cpu_components(mask, flags, c, err);
    c->height = from.h;
    c->width = from.w;
    c->row = ost_try_alloc((size_t)from.h + 1, sizeof(*c->row));
    if (!c->row)
        return ost_fail(err, OST_ENOMEM, "no memory for rows of a mask");
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &from);
    if (!ost_cuda_visit_is_over(&v))
        count(&f, &in, flags, &n_all);
    if (!ost_cuda_visit_wait(&v) && !v.left_to_cpu)
        take(&f, &in, n_all);
    rc = ost_cuda_visit_end(&v);
    if (!rc && !v.left_to_cpu)
        measure(&f, n_all);
    ost_free(f.all);
    if (rc || v.left_to_cpu)
        ost_components_release(c);
    return v.left_to_cpu ? ost_cpu_components(mask, flags, c, err) : rc;
}
