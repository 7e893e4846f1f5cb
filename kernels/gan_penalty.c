/* kernels/gan_penalty.c - discriminators that must not be steep
 *
 * With g_n the gradient of the sum of a discriminator's outputs by item n of
 * its input, a penalty is a function p of |g_n|, and its gradient by a weight w
 *     p'(|g_n|) d|g_n| / dw = p'(|g_n|) d(v_n g_n) / dw,  v_n = g_n / |g_n|
 * held fixed.  v_n g_n is the derivative along v_n, which the discriminator's
 * tangent makes (kernels/tangent.h): its backward pass gives the rest.
 */
#include "base/alloc.h"
#include "base/rng.h"
#include "kernels/gan_build.h"
#include "kernels/tangent.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { REAL, FAKE, KINDS };

struct ost_gan_steepness {
    ost_net *judge;
    ost_net *tangent;
    ost_tangent *description;
    int64_t items;
    int64_t count;      /* numbers of an item of the input */
    float *seen[KINDS]; /* inputs; then the point and its gradient */
    double *a;          /* numbers of the items */
    double *b;
    double *square; /* of the items' gradients */
};

static ost_rc build(ost_gan *gan, int role, int scale, ost_gan_steepness *p,
                    ost_err *err)
{
    ost_tensor in = ost_net_input(p->judge);
    ost_rc rc = ost_tangent_new(gan->spec->nets[role][scale], in.shape[1],
                                &p->description, err);

    p->items = in.shape[0];
    p->count = ost_tensor_count(&in) / p->items;
    p->a = ost_xalloc((size_t)p->items * sizeof(*p->a));
    p->b = ost_xalloc((size_t)p->items * sizeof(*p->b));
    p->square = ost_xalloc((size_t)p->items * sizeof(*p->square));
    in.shape[1] *= 2;
    if (rc) {
        ost_err_at(err, "%s", gan->spec->objective->roles[role].name);
        return rc;
    }
    rc = ost_gan_net_of(gan, role, ost_tangent_spec(p->description), in.ndim,
                        in.shape, OST_NET_ADD_GRAD | OST_NET_TANGENT,
                        &p->tangent, err);
    for (int i = 0; i < KINDS && !rc; i++)
        rc = ost_gan_floats(gan, p->items * p->count, &p->seen[i], err);
    return rc;
}

ost_rc ost_gan_steepness_new(ost_gan *gan, int role, int scale, ost_net *judge,
                             ost_gan_steepness **steepness, ost_err *err)
{
    ost_gan_steepness *p;

    *steepness = NULL;
    if (gan->spec->penalty == OST_PENALTY_NONE)
        return OST_OK;
    *steepness = p = ost_xalloc(sizeof(*p));
    p->judge = judge;
    ost_gan_keep_steepness(gan, p);
    return build(gan, role, scale, p, err);
}

void ost_gan_steepness_free(ost_gan_steepness *steepness)
{
    if (!steepness)
        return;
    ost_tangent_free(steepness->description);
    ost_free(steepness->square);
    ost_free(steepness->b);
    ost_free(steepness->a);
    ost_free(steepness);
}

bool ost_gan_tells(const ost_gan_spec *spec, int loss)
{
    return spec->penalty != OST_PENALTY_NONE ||
           !strstr(spec->objective->losses[loss], "_penalty");
}

ost_rc ost_gan_see(ost_gan *gan, ost_gan_steepness *steepness,
                   ost_verdict verdict, ost_err *err)
{
    ost_gan_steepness *p = steepness;

    if (!p || verdict == OST_VERDICT_WANTED)
        return OST_OK;
    return ost_gan_copy(gan, p->seen[verdict == OST_VERDICT_REAL ? REAL : FAKE],
                        ost_net_input(p->judge).data, p->items * p->count, err);
}

/* The numbers a and b of the items, times x and y. */
static ost_rc mix(const ost_gan *gan, const ost_gan_steepness *p,
                  const float *x, const float *y, float *out, int64_t count,
                  ost_err *err)
{
    ost_mix m = {
        .out = out,
        .x = x,
        .y = y,
        .a = p->a,
        .b = p->b,
        .items = p->items,
        .count = count,
    };

    return gan->backend->mix(&m, err);
}

/* Where the discriminator is looked at: real images, or, between them and the
 * generated ones, a point of its own for each item. */
static ost_rc choose_point(const ost_gan *gan, ost_gan_steepness *p,
                           uint64_t draw, ost_err *err)
{
    if (gan->spec->penalty == OST_PENALTY_R1)
        return OST_OK;
    for (int64_t n = 0; n < p->items; n++) {
        ost_rng rng = ost_rng_of(draw, (uint64_t)n);

        p->a[n] = ost_rng_f64(&rng);
        p->b[n] = 1.0 - p->a[n];
    }
    return mix(gan, p, p->seen[REAL], p->seen[FAKE], p->seen[REAL], p->count,
               err);
}

/* The gradient of the sum of the outputs, to where generated images were. */
static ost_rc find_gradient(ost_gan *gan, ost_gan_steepness *p, uint64_t draw,
                            ost_err *err)
{
    ost_tensor out = ost_net_output_grad(p->judge);
    ost_rc rc = ost_gan_copy(gan, ost_net_input(p->judge).data, p->seen[REAL],
                             p->items * p->count, err);

    if (!rc)
        rc = ost_net_forward(p->judge, draw, err);
    for (int64_t n = 0; n < p->items; n++)
        p->a[n] = 1.0;
    if (!rc)
        rc = mix(gan, p, NULL, NULL, out.data,
                 ost_tensor_count(&out) / p->items, err);
    if (!rc)
        rc = ost_net_backward_to(p->judge, OST_NET_TO_INPUT, err);
    return rc ? rc
              : ost_gan_copy(gan, p->seen[FAKE],
                             ost_net_input_grad(p->judge).data,
                             p->items * p->count, err);
}

/* The lengths of the gradients to `a`, their mean penalty to *loss. */
static ost_rc measure(const ost_gan *gan, ost_gan_steepness *p, double *loss,
                      ost_err *err)
{
    bool r1 = gan->spec->penalty == OST_PENALTY_R1;
    ost_backend *b = gan->backend;
    ost_rc rc = OST_OK;

    for (int64_t n = 0; n < p->items && !rc; n++)
        rc = b->sum_squares(p->seen[FAKE] + n * p->count, p->count,
                            &p->square[n], err);
    if (!rc)
        rc = b->finish(b, err);
    if (rc)
        return rc;
    *loss = 0.0;
    for (int64_t n = 0; n < p->items; n++) {
        p->a[n] = sqrt(p->square[n]);
        *loss += r1 ? p->square[n] / 2.0 : (p->a[n] - 1.0) * (p->a[n] - 1.0);
    }
    *loss /= (double)p->items;
    return OST_OK;
}

/* The tangent's input: beside every point the direction, of length 1. */
static ost_rc show(ost_gan *gan, const ost_gan_steepness *p, ost_err *err)
{
    float *to = ost_net_input(p->tangent).data;
    ost_rc rc;

    for (int64_t n = 0; n < p->items; n++)
        p->b[n] = p->a[n] == 0.0 ? 0.0 : 1.0 / p->a[n];
    rc = gan->backend->mix(&(ost_mix){ .out = p->seen[FAKE],
                                       .x = p->seen[FAKE],
                                       .a = p->b,
                                       .items = p->items,
                                       .count = p->count },
                           err);
    for (int64_t n = 0; n < p->items; n++)
        for (int i = 0; i < KINDS && !rc; i++, to += p->count)
            rc =
                ost_gan_copy(gan, to, p->seen[i] + n * p->count, p->count, err);
    return rc;
}

ost_rc ost_gan_penalize(ost_gan *gan, ost_gan_steepness *steepness, int pass,
                        double *loss, ost_err *err)
{
    ost_gan_steepness *p = steepness;
    uint64_t draw = ost_gan_draw(gan, pass);
    double scale;
    ost_tensor out;
    ost_rc rc;

    *loss = 0.0;
    if (!p)
        return OST_OK;
    rc = choose_point(gan, p, draw, err);
    if (!rc)
        rc = find_gradient(gan, p, draw, err);
    if (!rc)
        rc = measure(gan, p, loss, err);
    if (!rc)
        rc = show(gan, p, err);
    if (!rc)
        rc = ost_net_forward(p->tangent, draw, err);
    if (rc)
        return rc;
    scale = gan->spec->penalty_weight / (double)p->items;
    for (int64_t n = 0; n < p->items; n++)
        p->a[n] = gan->spec->penalty == OST_PENALTY_R1
                      ? scale * p->a[n]
                      : 2.0 * scale * (p->a[n] - 1.0);
    out = ost_net_output_grad(p->tangent);
    rc = mix(gan, p, NULL, NULL, out.data, ost_tensor_count(&out) / p->items,
             err);
    return rc ? rc : ost_net_backward_to(p->tangent, OST_NET_TO_WEIGHTS, err);
}
