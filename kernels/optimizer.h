/* kernels/optimizer.h - from gradients to better weights
 *
 * Both as PyTorch defines them (torch.optim.SGD, torch.optim.Adam); weight
 * decay is added to the gradient (L2), not decoupled.
 */
#ifndef OST_KERNELS_OPTIMIZER_H
#define OST_KERNELS_OPTIMIZER_H

#include "kernels/weights.h"

typedef enum ost_optimizer_kind {
    OST_SGD, /* v = momentum v + g; w -= rate v */
    /* Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015 */
    OST_ADAM,
} ost_optimizer_kind;

typedef struct ost_optimizer {
    ost_optimizer_kind kind;
    double rate;
    double momentum;     /* SGD; 0 needs no state */
    double beta1;        /* Adam: 0.9 */
    double beta2;        /* Adam: 0.999 */
    double epsilon;      /* Adam: 1e-8 */
    double weight_decay; /* 0 for none */
} ost_optimizer;

/* One update of one weight; what the backends' slots get. */
struct ost_update {
    int64_t count;
    float *data;
    const float *grad;
    float *state[2]; /* momentum; or first and second moment */
    ost_optimizer with;
    int64_t step; /* 1 for the first update */
};

/* Updates every learned weight that has a gradient and counts the step.  The
 * first call allocates the state that the kind needs. */
ost_rc ost_optimizer_step(const ost_optimizer *opt, ost_weights *weights,
                          ost_err *err);

#endif
