/* kernels/cuda/device.h - what a .cu file needs, whoever compiles it
 *
 * nvcc makes kernels for GPUs.  A C++ compiler makes the same bodies for the
 * CPU stand-in of tests/cudasim, whose header then gives the words of CUDA
 * (__global__, threadIdx, __syncthreads(), ...) and the two macros below.
 *
 *     OST_LAUNCH(kernel, grid, block, shared, stream, args...)
 *         launches and gives the cudaError_t of the launch
 *     OST_SHARED(type, name)
 *         in a kernel: declares the dynamic shared memory of its block
 *     __grid_constant__
 *         in front of a const argument of a kernel that has arrays: without,
 *         each thread copies them to memory of its own to index them
 */
#ifndef OST_KERNELS_CUDA_DEVICE_H
#define OST_KERNELS_CUDA_DEVICE_H

#include <stdint.h>

#ifdef __CUDACC__

#include <cuda_runtime.h>

#define OST_LAUNCH(kernel, grid, block, shared, stream, ...)                   \
    (kernel<<<(grid), (block), (shared), static_cast<cudaStream_t>(stream)>>>( \
         __VA_ARGS__),                                                         \
     cudaGetLastError())
#define OST_SHARED(type, name)                                        \
    extern __shared__ __align__(16) unsigned char ost_shared_bytes[]; \
    type *name = reinterpret_cast<type *>(ost_shared_bytes)

#else

#include <cudasim.h>

#endif

namespace ost
{

constexpr int THREADS = 256; /* of a block, unless a kernel says otherwise */

/* Blocks for `count` threads that stride over a grid. */
inline unsigned blocks_for(int64_t count, int threads = THREADS)
{
    const int64_t most = 4096;
    const int64_t blocks = (count + threads - 1) / threads;

    return static_cast<unsigned>(blocks < 1      ? 1
                                 : blocks < most ? blocks
                                                 : most);
}

/* Where a thread begins in such a loop, and its stride. */
static __device__ inline int64_t first_index()
{
    return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

static __device__ inline int64_t index_stride()
{
    return static_cast<int64_t>(gridDim.x) * blockDim.x;
}

} /* namespace ost */

#endif
