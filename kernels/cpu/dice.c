/* kernels/cpu/dice.c - how little two masks overlap
 *
 * Milletari et al., V-Net, 3DV 2016, without the squares.  The sums of an item
 * are taken in pieces, then its gradient is written in the same pieces.
 */
#include "kernels/cpu/threads.h"
#include "kernels/cpu/value_loss.h"

#include "base/banned.h"

typedef struct overlap {
    double both;     /* sum p t */
    double together; /* sum p + sum t */
} overlap;

static overlap overlap_of(const float *x, const float *t, int64_t n)
{
    overlap o = { 0.0, 0.0 };

    for (int64_t i = 0; i < n; i++) {
        double p = ost_sigmoid((double)x[i]);

        o.both += p * (double)t[i];
        o.together += p + (double)t[i];
    }
    return o;
}

/* With u = 2 both + smoothing and v = together + smoothing the item's loss is
 * 1 - u / v, its derivative by p is (u / v - 2 t) / v. */
static void write_grad(const float *x, const float *t, int64_t n, double ratio,
                       double scale, float *grad)
{
    for (int64_t i = 0; i < n; i++) {
        double p = ost_sigmoid((double)x[i]);
        double q = ost_sigmoid(-(double)x[i]);

        grad[i] = (float)(scale * (ratio - 2.0 * (double)t[i]) * p * q);
    }
}

static double item_loss(const ost_value_loss *l, int64_t item, int64_t count,
                        double scale)
{
    const float *x = (const float *)l->output.data + item * count;
    const float *t = l->target + item * count;
    int pieces = ost_loss_pieces(count);
    overlap part[OST_LOSS_PIECES];
    double u = l->smoothing;
    double v = l->smoothing;

    OST_OMP("omp parallel for schedule(static)")
    for (int i = 0; i < pieces; i++) {
        int64_t a = ost_loss_piece(count, i);

        part[i] = overlap_of(x + a, t + a, ost_loss_piece(count, i + 1) - a);
    }
    for (int i = 0; i < pieces; i++) {
        u += 2.0 * part[i].both;
        v += part[i].together;
    }
    if (v == 0.0) {
        u = v = 1.0;
        scale = 0.0;
    }
    if (!l->grad)
        return scale * (1.0 - u / v);
    OST_OMP("omp parallel for schedule(static)")
    for (int i = 0; i < pieces; i++) {
        int64_t a = ost_loss_piece(count, i);

        write_grad(x + a, t + a, ost_loss_piece(count, i + 1) - a, u / v,
                   scale / v, l->grad + item * count + a);
    }
    return scale * (1.0 - u / v);
}

ost_rc ost_cpu_dice(const ost_value_loss *l, ost_err *err)
{
    int64_t items = l->output.shape[0];
    int64_t count = ost_tensor_count(&l->output) / items;
    double scale = 1.0 / (l->total > 0.0 ? l->total : (double)items);
    double loss = 0.0;

    (void)err;
    for (int64_t n = 0; n < items; n++)
        loss += item_loss(l, n, count, scale);
    if (l->loss)
        *l->loss = loss;
    return OST_OK;
}
