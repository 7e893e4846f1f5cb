/* kernels/cuda/adversarial.c - how a discriminator's outputs are judged */
#include "kernels/cuda/losses.h"

#include "base/banned.h"

static ost_loss_term term_of(const ost_adversarial *a)
{
    switch (a->kind) {
    case OST_GAN_BCE:
        return OST_LOSS_BCE;
    case OST_GAN_LEAST_SQUARES:
        return OST_LOSS_SQUARES;
    case OST_GAN_HINGE:
        return a->verdict == OST_VERDICT_WANTED ? OST_LOSS_LINE
                                                : OST_LOSS_HINGE;
    case OST_GAN_WASSERSTEIN:
        break;
    }
    return OST_LOSS_LINE;
}

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
        break;
    }
    return labels ? 1.0 : -1.0;
}

ost_rc ost_cuda_adversarial(const ost_adversarial *loss, ost_err *err)
{
    int64_t count = ost_tensor_count(&loss->logits);
    ost_loss_args args = {
        .term = term_of(loss),
        .x = loss->logits.data,
        .grad = loss->grad,
        .count = count,
        .channels = 1,
        .area = 1,
        .label = label_of(loss),
        .scale = 1.0 / (double)count,
        .weight = loss->weight,
    };

    return ost_cuda_run_loss(&args, loss->loss, err);
}
