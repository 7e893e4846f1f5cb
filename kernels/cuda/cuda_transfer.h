/* kernels/cuda/cuda_transfer.h - between memory of the host and of the device
 *
 * What comes back from operators (losses, sums) waits in pinned memory until
 * ost_cuda_finish() puts it where it was asked for.  Slots of kernels/backend.h
 * otherwise.
 *
 * What is sent goes to a place of its own on the device first, in a stream of
 * its own, while the device computes; it is put where it is wanted when the
 * device has come that far.
 */
#ifndef OST_KERNELS_CUDA_CUDA_TRANSFER_H
#define OST_KERNELS_CUDA_CUDA_TRANSFER_H

#include "kernels/cuda/cuda.h"

ost_rc ost_cuda_write(ost_backend *backend, void *device, const void *host,
                      size_t bytes, ost_err *err);
ost_rc ost_cuda_read(ost_backend *backend, void *host, const void *device,
                     size_t bytes, ost_err *err);
ost_rc ost_cuda_send(ost_backend *backend, void *device, const void *host,
                     size_t bytes, ost_err *err);
ost_rc ost_cuda_sent(ost_backend *backend, const void *host, ost_err *err);
ost_rc ost_cuda_lend(ost_backend *backend, const void *host, size_t bytes,
                     const void **lent, ost_err *err);
ost_rc ost_cuda_finish(ost_backend *backend, ost_err *err);

/* Memory of the host is given back: what was sent from it has left. */
void ost_cuda_unsend(ost_backend *backend, const void *host);

/* Memory of the device, not zeroed, that is anybody's again after the next
 * finish(): partial sums, numbers on their way to the host.  Not for layers,
 * whose passes are told again later. */
ost_rc ost_cuda_scratch(size_t bytes, void **device, ost_err *err);
/* Has `bytes` of the device in `host` after the next finish(). */
ost_rc ost_cuda_bring(void *host, const void *device, size_t bytes,
                      ost_err *err);

/* What an operator makes of `brought` numbers, at the next finish(), which
 * gives what this gives.  `host` is the operator's. */
typedef ost_rc ost_cuda_tell_fn(void *host, const void *brought, ost_err *err);
/* Has `tell` look at `bytes` of the device then. */
ost_rc ost_cuda_tell(ost_cuda_tell_fn *tell, void *host, const void *device,
                     size_t bytes, ost_err *err);

void ost_cuda_transfer_close(void);

#endif
