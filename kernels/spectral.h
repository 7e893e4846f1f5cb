/* kernels/spectral.h - a weight divided by its largest singular value
 *
 * Spectral normalization: Miyato, Kataoka, Koyama and Yoshida, "Spectral
 * normalization for generative adversarial networks", ICLR 2018, with the
 * numbers of torch.nn.utils.parametrizations.spectral_norm.  A layer with the
 * attribute `spectral_norm` computes with W / s in place of its weight W, where
 * s = u' W v and the rows of the matrix W are output channels.  In training
 * every forward pass first takes one step of the power iteration,
 *     u = W v / |W v|,  v = W' u / |W' u|,
 * and the gradient goes through s, with u and v held fixed:
 *     dL/dW = (dL/dWn - <dL/dWn, Wn> u v') / s,  Wn = W / s.
 *
 * W is what is learned and stored; u and v are running statistics, "weight_u"
 * and "weight_v".  W / s belongs to one network, from its forward to its
 * backward pass, so that several networks may use one weight at a time.  A v of
 * zeros says that nothing was iterated yet: OST_SPECTRAL_WARM steps from u come
 * first then, in training and inference alike.
 */
#ifndef OST_KERNELS_SPECTRAL_H
#define OST_KERNELS_SPECTRAL_H

#include "kernels/layer.h"

enum { OST_SPECTRAL_WARM = 15 };

/* What the backends' slots get, all in the device's memory.  Element (a, r, b)
 * of the plain weight, with r the row, stands at (a * rows + r) * inner + b;
 * its column is a * inner + b. spectral_norm  takes `turns` steps from u0 and
 * v0 to u and v, writes them back with `keep`, divides the matrix by *sigma
 *     spectral_grad  turns the gradient of W / s in the matrix into that of W;
 *                    `grad` and `normed` are dL/dWn and Wn as the device keeps
 *                    them, `stored` numbers each; `grad` may be the matrix
 * Both have `room` for ost_spectral_room() numbers, where the device has memory
 * of its own. */
struct ost_spectral_work {
    float *matrix;
    int64_t outer;
    int64_t rows;
    int64_t inner;
    float *u0;
    float *v0;
    float *u;
    float *v;
    int turns;
    bool keep;
    double *sigma;
    double *room;
    const float *grad;
    const float *normed;
    int64_t stored;
};

enum { OST_SPECTRAL_PARTS = 512 }; /* of one sum, at most */
static inline int64_t ost_spectral_room(int64_t rows, int64_t columns)
{
    return 2 * rows + columns + OST_SPECTRAL_PARTS;
}

/* For kinds, after declaring "weight" as the layer's first: its rows are along
 * `axis`.  Does nothing without the attribute. */
ost_rc ost_layer_spectral(ost_layer *layer, int axis, ost_err *err);
/* For networks, once the backend has prepared a layer whose `spectral` is set:
 * its functions then work with the normalized weight. */
ost_rc ost_spectral_wrap(ost_layer *layer, ost_err *err);
void ost_spectral_free(ost_spectral *spectral);

#endif
