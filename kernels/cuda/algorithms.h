/* kernels/cuda/algorithms.h - which algorithm of cuDNN computes a convolution
 *
 * The rule hangs on the shape and the workspace (256 MiB) alone, and takes
 * deterministic algorithms alone:
 *
 *     pass     first                      then
 *     down     IMPLICIT_PRECOMP_GEMM      IMPLICIT_GEMM, which needs nothing
 *     up       ALGO_1                     WINOGRAD_NONFUSED, FFT_TILING
 *     filter   ALGO_1                     WINOGRAD_NONFUSED, FFT_TILING
 *
 * The first is taken that supports the shape and finds the workspace large
 * enough for the whole batch.  Where none does, the batch is taken in pieces,
 * as few equal ones as fit, by the first that then does; a filter's gradient is
 * the sum over the pieces in their order.  What is left are our own loops
 * (kernels/cuda/convolution_kernels.h).  ALGO_0 of up and filter and ALGO_3 of
 * filter add in any order and are never taken.
 *
 * `cuda-f32-tuned` takes the fastest deterministic algorithm instead, as
 * measured once for each shape (kernels/tuning.h).
 */
#ifndef OST_KERNELS_CUDA_ALGORITHMS_H
#define OST_KERNELS_CUDA_ALGORITHMS_H

#include "kernels/cuda/convolution_passes.h"

/* Chooses how a pass of a described convolution is computed. */
ost_rc ost_conv_choose(ost_conv *conv, ost_conv_way way, ost_err *err);

/* The library did not compute with what was chosen, though it said that it
 * would: chooses what comes next in the rule, in no more pieces than before. */
ost_rc ost_conv_refuse(ost_conv *conv, ost_conv_way way, ost_err *err);

/* The name of algorithm `number` of a pass; NULL for those that are not
 * deterministic or do not exist. */
const char *ost_conv_algorithm(ost_conv_way way, int number);

/* Describes the operands of a pass in pieces of `items` items; OST_EUNSUPPORTED
 * when cuDNN cannot count their numbers. */
ost_rc ost_conv_pieces(const ost_conv *conv, ost_conv_pass *pass, int64_t items,
                       ost_err *err);
/* Whether an algorithm supports the pass as it is described; `bytes` of
 * workspace. */
ost_rc ost_conv_workspace(const ost_conv *conv, ost_conv_way way,
                          const ost_conv_pass *pass, int algorithm,
                          bool *supported, size_t *bytes, ost_err *err);

#endif
