/* kernels/cuda_plugin.h - the CUDA backend, opened on use
 *
 * It is a library of its own beside the executable, libosteon_cuda.so, so that
 * a program starts without CUDA, cuDNN and a driver and works on a machine that
 * has none.  With OSTEON_CUDASIM=FOLDER it is FOLDER/libosteon_cudasim.so: the
 * same code on a CPU stand-in for CUDA, for tests, whose numeric classes begin
 * with "sim-".
 */
#ifndef OST_KERNELS_CUDA_PLUGIN_H
#define OST_KERNELS_CUDA_PLUGIN_H

#include "kernels/backend.h"

/* Bytes that cuDNN and cuBLAS may use for one call. */
enum { OST_CUDA_WORKSPACE = 256 << 20 };

/* What the library has under the name "ost_cuda_open". */
typedef ost_rc ost_cuda_open_fn(const char *numeric_class,
                                ost_backend **backend, ost_err *err);

/* As ost_backend_open(), for classes that begin with "cuda" and "sim".
 * OST_EUNSUPPORTED says which library or device is missing. */
ost_rc ost_cuda_plugin_open(const char *numeric_class, int threads,
                            ost_backend **backend, ost_err *err);

#endif
