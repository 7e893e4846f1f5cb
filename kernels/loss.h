/* kernels/loss.h - what training makes small
 *
 * Every loss is a weighted sum divided by a total.  Alone, a batch is divided
 * by its own; the parts of a batch that is too large for memory are divided by
 * that of the whole, so that their losses and gradients add up to its.
 */
#ifndef OST_KERNELS_LOSS_H
#define OST_KERNELS_LOSS_H

#include "kernels/tensor.h"

#include <stdint.h>

/* Softmax cross-entropy over classes, the mean over all positions weighted by
 * each one's class as PyTorch's CrossEntropyLoss does:
 *     p[n] = softmax(logits[n])
 *     loss = sum_n w[y_n] * -log p[n][y_n] / total
 * where n counts items and, when there are spatial sides, their positions.
 * Positions with a negative class do not count.  Without any that counts loss
 * and gradients are 0. */
struct ost_class_loss {
    ost_tensor logits;          /* f32 (N, K, S...), contiguous */
    const int32_t *classes;     /* N * S of them, below K */
    const float *class_weights; /* K of them; NULL: all 1 */
    double total;               /* 0: own, sum_n w[y_n] */
    float *probabilities;       /* (N, K, S...), filled; NULL: not wanted */
    float *grad;  /* (N, K, S...), of the loss by the logits; or NULL */
    double *loss; /* filled; NULL: not wanted */
};

/* Losses that compare numbers with numbers: with x the outputs, t the targets,
 * M the numbers of one item and p = 1 / (1 + exp(-x)),
 *     sigmoid_cross_entropy
 *         sum w -t log p - (1 - t) log(1 - p), over M total; w, of the
 *         positive term alone, is PyTorch's pos_weight
 *     focal (Lin et al., ICCV 2017)
 *         sum w -t (1 - p)^gamma log p - (1 - t) p^gamma log(1 - p), over
 *         M total; p is clamped to 1e-7..1 - 1e-7, and beyond the gradient is 0
 *     dice (Milletari et al., 3DV 2016, without squares)
 *         sum over items of
 *             1 - (2 sum p t + smoothing) / (sum p + sum t + smoothing),
 *         over total; an item where that is 0 / 0 adds nothing
 *     l1  sum |x - t|, over M total; the gradient is 0 where x = t
 *     l2  sum (x - t)^2, over M total */
struct ost_value_loss {
    ost_tensor output;    /* f32 (N, C, S...), contiguous */
    const float *target;  /* as many; 0..1 for the first three */
    const float *weights; /* C of them; NULL: all 1 */
    double gamma;
    double smoothing;
    double total; /* 0: own, N */
    float *grad;  /* (N, C, S...), of the loss by the output; or NULL */
    double *loss; /* filled; NULL: not wanted */
};

/* How a discriminator's outputs x (logits) are judged; t is the label. */
typedef enum ost_gan_loss {
    /* -t log p - (1 - t) log(1 - p); the generator wants t = 1, which does not
     * saturate: Goodfellow et al., NIPS 2014 */
    OST_GAN_BCE,
    /* (x - t)^2: Mao et al., "Least squares GAN", ICCV 2017 */
    OST_GAN_LEAST_SQUARES,
    /* max(0, 1 - x) for real, max(0, 1 + x) for generated images; the generator
     * has -x: Lim and Ye, "Geometric GAN", 2017 */
    OST_GAN_HINGE,
    /* -x and x; -x: Arjovsky et al., "Wasserstein GAN", ICML 2017 */
    OST_GAN_WASSERSTEIN,
} ost_gan_loss;

/* Who is to be convinced of what. */
typedef enum ost_verdict {
    OST_VERDICT_FAKE,   /* the discriminator, of generated images */
    OST_VERDICT_REAL,   /* the discriminator, of real ones */
    OST_VERDICT_WANTED, /* the generator wants its images to pass for real */
} ost_verdict;

struct ost_adversarial {
    ost_tensor logits; /* f32, contiguous */
    ost_gan_loss kind;
    ost_verdict verdict;
    double smoothing; /* of bce and least_squares: t of OST_VERDICT_REAL is 1
                         minus this */
    double weight;
    float *grad;  /* as many as logits, of weight times the mean; or NULL */
    double *loss; /* filled: the mean, without the weight */
};

#endif
