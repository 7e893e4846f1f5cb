/* kernels/cuda/ranges.h - what the device is told has a name in profilers
 *
 * Ranges of NVTX in the domain "osteon": a pass, in it each layer; the loss;
 * the update.  A tool that watches (Nsight Systems, NVTX_INJECTION64_PATH) is
 * found when the device is opened; without one nothing happens.  A pass that is
 * repeated as a graph is one range: OSTEON_CUDA_GRAPHS=0 shows its layers.
 */
#ifndef OST_KERNELS_CUDA_RANGES_H
#define OST_KERNELS_CUDA_RANGES_H

#include "kernels/backend.h"

void ost_cuda_ranges_open(void);
void ost_cuda_ranges_close(void);

/* See kernels/backend.h. */
void ost_cuda_enter(ost_backend *backend, const char *what);
void ost_cuda_leave(ost_backend *backend);

#endif
