/* kernels/optimizer.h - from gradients to better weights
 *
 * All as PyTorch defines them: torch.optim.SGD, Adam and AdamW, and
 * torch.nn.utils.clip_grad_norm_.  A weight's own `l2` is always added to its
 * gradient (after clipping); `weight_decay` is added to it in sgd and adam, and
 * decoupled in adamw.
 */
#ifndef OST_KERNELS_OPTIMIZER_H
#define OST_KERNELS_OPTIMIZER_H

#include "kernels/weights.h"

typedef enum ost_optimizer_kind {
    OST_SGD, /* v = momentum v + g; w -= rate v */
    /* Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015 */
    OST_ADAM,
    /* Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR
     * 2019: w -= rate weight_decay w, then Adam */
    OST_ADAMW,
} ost_optimizer_kind;

typedef struct ost_optimizer {
    ost_optimizer_kind kind;
    double rate;
    double momentum;     /* SGD; 0 needs no state */
    bool nesterov;       /* SGD: w -= rate (g + momentum v) */
    double beta1;        /* Adam: 0.9 */
    double beta2;        /* Adam: 0.999 */
    double epsilon;      /* Adam: 1e-8 */
    double weight_decay; /* 0 for none */
    double clip_norm;    /* of all gradients together, at most; 0: any */
} ost_optimizer;

/* One update of one weight; what the backends' slots get, for all weights of a
 * step at once, with the same `with`, `step` and `scale`.
 *     sgd, adam  what their names say
 *     clip       *scale = what gradients are to be multiplied by, so that the
 *                norm of all of them is at most `most`; NaN unless that is
 *                finite: OST_EFAIL then, from finish() at the latest
 *     approach   data += part * (grad - data) */
struct ost_update {
    int64_t count;
    float *data;
    const float *grad;
    float *state[2]; /* momentum; or first and second moment */
    ost_optimizer with;
    int64_t step; /* 1 for the first update */
    /* The gradient is multiplied by it first; in the device's memory; NULL: 1;
     * NaN: nothing changes. */
    const double *scale;
    double decay;  /* then this times the weight is added to the gradient */
    double shrink; /* the weight is multiplied by it before the update */
};

/* Updates every learned weight that has a gradient and counts the step.  The
 * first call allocates the state that the kind needs.  When gradients are to be
 * clipped and their norm is not finite, no weight changes: OST_EFAIL, from the
 * backend's finish() at the latest. */
ost_rc ost_optimizer_step(const ost_optimizer *opt, ost_weights *weights,
                          ost_err *err);

#endif
