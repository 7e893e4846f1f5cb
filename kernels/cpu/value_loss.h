/* kernels/cpu/value_loss.h - sums of losses, the same for any thread count
 *
 * Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_VALUE_LOSS_H
#define OST_KERNELS_CPU_VALUE_LOSS_H

#include "kernels/cpu/cpu.h"

enum { OST_LOSS_PIECES = 64 };

/* Sums are taken in pieces that are cut by the count alone and added in their
 * order.  How many pieces `count` numbers make, at most OST_LOSS_PIECES; piece
 * i goes from ost_loss_piece(count, i) to before ost_loss_piece(count, i + 1).
 */
int ost_loss_pieces(int64_t count);
static inline int64_t ost_loss_piece(int64_t count, int i)
{
    return count * i / ost_loss_pieces(count);
}
double ost_loss_sum(const double *part, int pieces);

/* 1 / (1 + exp(-x)), exact to rounding for either sign. */
double ost_sigmoid(double x);

/* What one number adds to the sum; its derivative by `x` goes to `*slope`.
 * `weight` is that of the number's channel. */
typedef double (*ost_loss_term)(double x, double target, double weight,
                                double gamma, double *slope);

/* The mean of a term over all numbers: what the slots of such losses do. */
ost_rc ost_cpu_value_loss(const ost_value_loss *loss, ost_loss_term term);

#endif
