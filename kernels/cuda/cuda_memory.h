/* kernels/cuda/cuda_memory.h - memory of the device, and what has it
 *
 * A pool of the runtime, in the order of the stream: what is released is given
 * out again without a wait, and goes back to the driver only where there is not
 * enough.  It may be limited.  Every piece has a name, so that a lack of
 * memory can be explained.
 */
#ifndef OST_KERNELS_CUDA_CUDA_MEMORY_H
#define OST_KERNELS_CUDA_CUDA_MEMORY_H

#include "kernels/cuda/cuda.h"

/* `limit` 0: all that the device has. */
ost_rc ost_cuda_memory_open(ost_cuda *cuda, size_t limit, ost_err *err);
void ost_cuda_memory_close(ost_cuda *cuda);

/* Zeroed on the stream; NULL when there is not enough. */
void *ost_cuda_alloc(ost_backend *backend, size_t bytes, const char *what);
void ost_cuda_release(ost_backend *backend, void *data);
void *ost_cuda_host_alloc(ost_backend *backend, size_t bytes);
void ost_cuda_host_release(ost_backend *backend, void *data);
void ost_cuda_explain_memory(ost_backend *backend, ost_err *err);

#endif
