/* kernels/average.h - a moving average of weights
 *
 * After update t (1, 2, ...) each number a follows its weight w:
 *     a += (1 - d) (w - a),  d = min(decay, t / (t + 9))
 * Polyak and Juditsky, SIAM J. Control Optim. 30, 1992, have the average of the
 * updates; that of generators is exponential: Yazici et al., ICLR 2019.  The
 * smaller d of the beginning lets go of the first weights: it is that of
 * TensorFlow's ExponentialMovingAverage with num_updates = t - 1.
 * Running statistics of norms are averaged as well.
 */
#ifndef OST_KERNELS_AVERAGE_H
#define OST_KERNELS_AVERAGE_H

#include "kernels/weights.h"

typedef struct ost_average ost_average;

/* Begins with the weights as they are; `weights` must outlive it and get no
 * others.  Caller frees with ost_average_free(). */
ost_rc ost_average_new(ost_weights *weights, double decay,
                       ost_average **average, ost_err *err);
void ost_average_free(ost_average *a);

/* After each update; `updates` made so far, at least 1. */
ost_rc ost_average_follow(ost_average *a, int64_t updates, ost_err *err);
/* Plain numbers of weight `i` of the list, out or in. */
ost_rc ost_average_get(const ost_average *a, size_t i, float *plain,
                       ost_err *err);
ost_rc ost_average_set(ost_average *a, size_t i, const float *plain,
                       ost_err *err);

#endif
