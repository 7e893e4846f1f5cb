/* kernels/cuda/morphology.c - erosion, dilation and what is made of them
 *
 * The steps of kernels/cpu/morphology.c, each a kernel.
 */
#include "kernels/cpu/image_checks.h"
#include "kernels/cuda/cuda_visit.h"
#include "kernels/cuda/morphology_kernels.h"

#include "base/banned.h"

typedef struct morphing {
    ost_cuda_visit *v;
    const ost_cuda_picture *in;
    ost_morph_rects shape;
    ost_cuda_picture now;
    ost_cuda_picture next;
    ost_cuda_picture room;
} morphing;

static void load(morphing *m, bool lowest, const ost_cuda_picture *plane)
{
    ost_cuda_visit_run(m->v,
                       ost_cuda_morph_load(m->in, lowest, plane, m->v->stream));
}

static void negate(morphing *m)
{
    ost_cuda_visit_run(m->v, ost_cuda_morph_negate(&m->now, m->v->stream));
}

static void subtract(morphing *m, const ost_cuda_picture *from, bool reverse)
{
    ost_cuda_visit_run(
        m->v, ost_cuda_morph_subtract(from, reverse, &m->now, m->v->stream));
}

static void dilate(morphing *m)
{
    for (int i = 0; i < m->shape.iterations; i++) {
        ost_cuda_picture swapped = m->now;

        for (int k = 0; k < m->shape.n; k++) {
            const ost_morph_rect *r = &m->shape.rect[k];

            ost_cuda_visit_run(
                m->v, ost_cuda_morph_rect(&m->now, r->x, r->y, k == 0, &m->room,
                                          &m->next, m->v->stream));
        }
        m->now = m->next;
        m->next = swapped;
    }
}

static void erode(morphing *m)
{
    negate(m);
    dilate(m);
    negate(m);
}

static void change_to_gradient(morphing *m)
{
    ost_cuda_picture eroded, fresh;

    fresh =
        ost_cuda_visit_room(m->v, m->now.dtype, m->now.h, m->now.w, m->now.c);
    load(m, false, &m->now);
    erode(m);
    eroded = m->now;
    m->now = fresh;
    load(m, true, &m->now);
    dilate(m);
    subtract(m, &eroded, false);
}

/* On the device: `now` has what came of it. */
static void change(morphing *m, ost_morph_change what)
{
    if (what == OST_MORPH_GRADIENT) {
        change_to_gradient(m);
        return;
    }
    load(m,
         what == OST_MORPH_DILATE || what == OST_MORPH_CLOSE ||
             what == OST_MORPH_BLACKHAT,
         &m->now);
    if (what == OST_MORPH_DILATE || what == OST_MORPH_CLOSE ||
        what == OST_MORPH_BLACKHAT)
        dilate(m);
    if (what != OST_MORPH_DILATE)
        erode(m);
    if (what == OST_MORPH_OPEN || what == OST_MORPH_TOPHAT)
        dilate(m);
    if (what == OST_MORPH_TOPHAT || what == OST_MORPH_BLACKHAT) {
        load(m, true, &m->next);
        subtract(m, &m->next, what == OST_MORPH_TOPHAT);
    }
}

ost_rc ost_cuda_morphology(const ost_tensor *image, const ost_morph_spec *spec,
                           ost_tensor *out, ost_err *err)
{
    ost_cuda_visit v;
    morphing m = { .v = &v };
    ost_cuda_picture in, made;
    ost_image from, to;
    ost_dtype plane;
    ost_rc rc = ost_morph_check(image, spec, out, &from, &to, err);

    if (rc || ost_image_is_empty(&from))
        return rc;
    plane = from.dtype == OST_U8 ? OST_U8 : OST_F32;
    ost_morph_cut(&from, spec, &m.shape);
    ost_cuda_visit_begin(&v, err);
    in = ost_cuda_visit_send(&v, &from);
    m.in = &in;
    m.now = ost_cuda_visit_room(&v, plane, from.h, from.w, from.c);
    m.next = ost_cuda_visit_room(&v, plane, from.h, from.w, from.c);
    m.room = ost_cuda_visit_room(&v, plane, from.h, from.w, from.c);
    change(&m, spec->change);
    made = ost_cuda_visit_room(&v, to.dtype, to.h, to.w, to.c);
    ost_cuda_visit_run(&v, ost_cuda_morph_store(&m.now, &made, v.stream));
    ost_cuda_visit_bring(&v, &made, &to, true);
    rc = ost_cuda_visit_end(&v);
    return v.left_to_cpu ? ost_cpu_morphology(image, spec, out, err) : rc;
}
