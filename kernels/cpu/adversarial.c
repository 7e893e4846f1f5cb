/* kernels/cpu/adversarial.c - how a discriminator's outputs are judged
 *
 * Cross-entropy is computed of softplus, as in sigmoid_cross_entropy.c.
 */
#include "kernels/cpu/threads.h"
#include "kernels/cpu/value_loss.h"

#include <math.h>

#include "base/banned.h"

/* The label or, of the losses without labels, the sign of what is made
 * small. */
static double label_of(const ost_adversarial *a)
{
    bool labels = a->kind == OST_GAN_BCE || a->kind == OST_GAN_LEAST_SQUARES;

    switch (a->verdict) {
    case OST_VERDICT_FAKE:
        return labels ? 0.0 : 1.0;
    case OST_VERDICT_REAL:
        return labels ? 1.0 - a->smoothing : -1.0;
    case OST_VERDICT_WANTED:
        return labels ? 1.0 : -1.0;
    }
    OST_BUG();
}

static double term(const ost_adversarial *a, double t, double x, double *slope)
{
    switch (a->kind) {
    case OST_GAN_BCE:
        *slope = ost_sigmoid(x) - t;
        return log1p(exp(-fabs(x))) + (x > 0.0 ? x : 0.0) - t * x;
    case OST_GAN_LEAST_SQUARES:
        *slope = 2.0 * (x - t);
        return (x - t) * (x - t);
    case OST_GAN_HINGE:
        if (a->verdict == OST_VERDICT_WANTED)
            break;
        /* What is not a number is not below the margin. */
        *slope = 1.0 + t * x <= 0.0 ? 0.0 : t;
        return 1.0 + t * x <= 0.0 ? 0.0 : 1.0 + t * x;
    case OST_GAN_WASSERSTEIN:
        break;
    }
    *slope = t;
    return t * x;
}

ost_rc ost_cpu_adversarial(const ost_adversarial *a, ost_err *err)
{
    const float *x = a->logits.data;
    int64_t count = ost_tensor_count(&a->logits);
    double t = label_of(a);
    double scale = 1.0 / (double)count;
    int pieces = ost_loss_pieces(count);
    double part[OST_LOSS_PIECES];

    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int i = 0; i < pieces; i++) {
        int64_t end = ost_loss_piece(count, i + 1);
        double sum = 0.0;

        for (int64_t k = ost_loss_piece(count, i); k < end; k++) {
            double slope;

            sum += term(a, t, (double)x[k], &slope);
            if (a->grad)
                a->grad[k] = (float)(slope * scale * a->weight);
        }
        part[i] = sum;
    }
    if (a->loss)
        *a->loss = ost_loss_sum(part, pieces) * scale;
    return OST_OK;
}
