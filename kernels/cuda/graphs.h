/* kernels/cuda/graphs.h - passes of networks as CUDA graphs
 *
 * Slots of kernels/backend.h.  OSTEON_CUDA_GRAPHS=0 has every pass told call by
 * call.
 */
#ifndef OST_KERNELS_CUDA_GRAPHS_H
#define OST_KERNELS_CUDA_GRAPHS_H

#include "kernels/cuda/cuda.h"

ost_rc ost_cuda_record(ost_backend *backend, ost_err *err);
ost_rc ost_cuda_recorded(ost_backend *backend, void **work, ost_err *err);
ost_rc ost_cuda_repeat(ost_backend *backend, void *work, ost_err *err);
void ost_cuda_forget(ost_backend *backend, void *work);

/* Whether passes are to be recorded at all. */
bool ost_cuda_graphs_wanted(void);

#endif
