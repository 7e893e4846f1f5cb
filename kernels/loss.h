/* kernels/loss.h - what training makes small */
#ifndef OST_KERNELS_LOSS_H
#define OST_KERNELS_LOSS_H

#include "kernels/tensor.h"

#include <stdint.h>

/* Softmax cross-entropy over classes, the mean over the batch weighted by each
 * item's class as PyTorch's CrossEntropyLoss does:
 *     p[n] = softmax(logits[n])
 *     loss = sum_n w[y_n] * -log p[n][y_n] / sum_n w[y_n]
 * Items with a negative class do not count.  Without any counted item loss and
 * gradients are 0. */
struct ost_class_loss {
    ost_tensor logits;          /* f32 (N, K), contiguous */
    const int32_t *classes;     /* N of them, below K */
    const float *class_weights; /* K of them; NULL: all 1 */
    float *probabilities;       /* (N, K), filled; NULL: not wanted */
    float *grad;                /* (N, K), of the loss by the logits; or NULL */
    double *loss;               /* filled; NULL: not wanted */
};

#endif
