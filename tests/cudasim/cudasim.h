/* tests/cudasim/cudasim.h - the words of CUDA for kernels compiled by a C++
 * compiler
 *
 * kernels/cuda/device.h includes it where nvcc is not the compiler.  A kernel
 * is a plain function; OST_LAUNCH puts a call for each of its threads on a
 * stream of the stand-in.  Blocks run one after another, the threads of a block
 * as fibers that take turns at barriers and in the collectives of a warp.
 *
 * Built with CUDASIM_CHECKED and -fsanitize=thread, every access of a kernel is
 * seen by the stand-in (shadow.cc).
 */
#ifndef OST_TESTS_CUDASIM_CUDASIM_H
#define OST_TESTS_CUDASIM_CUDASIM_H

#include <cuda_runtime_api.h>
#include <limits.h>
#include <math.h>
#include <memory>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <tuple>
#include <type_traits>
#include <vector>
#include <vector_functions.h>

#undef __global__
#undef __device__
#undef __host__
#undef __shared__
#undef __constant__
#undef __launch_bounds__
#undef __forceinline__
#undef __grid_constant__
#undef __noinline__
#undef __restrict__
#define __global__
#define __device__
#define __host__
#define __shared__   static /* blocks run one after another */
#define __constant__ static const
#define __launch_bounds__(...)
#define __forceinline__ inline
#define __grid_constant__
#define __restrict__ __restrict

struct cudasim_place {
    uint3 thread, block;
    dim3 block_dim, grid_dim;
};

extern "C" {

/* Where the running thread is; of use in kernels only. */
extern cudasim_place cudasim_here;

/* Waits for all threads of the block at the same `site`; gives how many of
 * them passed a `vote` that is not 0. */
int cudasim_barrier(const char *file, int line, int vote);

/* Waits for all lanes of `mask`; gives the value of lane `source` and, in
 * `ballot` unless NULL, which lanes passed a `vote` that is not 0. */
uint64_t cudasim_exchange(unsigned mask, uint64_t value, int source,
                          unsigned *ballot, int vote, const char *file,
                          int line);

/* Values of the lanes of `mask` (`values` has 32) to all of them. */
void cudasim_gather(unsigned mask, uint64_t value, uint64_t *values,
                    const char *file, int line);

void *cudasim_dynamic_shared(void);

/* An atomic access is about to happen. */
void cudasim_note_atomic(const volatile void *address, size_t bytes);

/* What the thread wrote is there for others. */
void cudasim_fence(void);

void cudasim_trap(const char *file, int line);

} /* extern "C" */

#define threadIdx (cudasim_here.thread)
#define blockIdx  (cudasim_here.block)
#define blockDim  (cudasim_here.block_dim)
#define gridDim   (cudasim_here.grid_dim)
#define warpSize  32

#define __syncthreads() ((void)cudasim_barrier(__FILE__, __LINE__, 0))
#define __syncthreads_count(vote) \
    cudasim_barrier(__FILE__, __LINE__, (vote) ? 1 : 0)
#define __syncthreads_or(vote) (__syncthreads_count(vote) != 0)
#define __syncthreads_and(vote) \
    (cudasim_barrier(__FILE__, __LINE__, !(vote)) == 0) /* nobody said no */
#define __trap() cudasim_trap(__FILE__, __LINE__)

namespace cudasim
{

/* One launch, as the host asked for it. */
struct Launch {
    const char *kernel, *file;
    int line;
    dim3 grid, block;
    size_t shared;
    std::vector<const void *> pointers; /* arguments that are pointers */
    void (*thread)(const void *);       /* does what one thread does, ... */
    std::shared_ptr<void> told;         /* ... with this */
    size_t told_bytes, argument_bytes;
    const void *code; /* an address in the kernel */
};

cudaError_t launch(Launch &&launch, cudaStream_t stream);

template <class T> struct same {
    typedef T type;
};

template <class T> void note_pointer(std::vector<const void *> &, const T &)
{
}

template <class T>
void note_pointer(std::vector<const void *> &pointers, T *const &pointer)
{
    pointers.push_back(
        const_cast<const void *>(static_cast<const volatile void *>(pointer)));
}

/* A kernel and the arguments of a launch. */
template <class... A> struct Told {
    void (*kernel)(A...);
    std::tuple<std::decay_t<A>...> arguments;

    static void thread(const void *told)
    {
        const Told *it = static_cast<const Told *>(told);

        std::apply(it->kernel, it->arguments);
    }
};

template <class... A>
cudaError_t launch_kernel(const char *name, const char *file, int line,
                          void (*kernel)(A...), dim3 grid, dim3 block,
                          size_t shared, void *stream,
                          typename same<A>::type... args)
{
    typedef Told<A...> told;
    Launch it = {};

    it.kernel = name;
    it.file = file;
    it.line = line;
    it.grid = grid;
    it.block = block;
    it.shared = shared;
    (note_pointer(it.pointers, args), ...);
    it.thread = told::thread;
    it.told = std::make_shared<told>(
        told{ kernel, std::tuple<std::decay_t<A>...>(args...) });
    it.told_bytes = sizeof(told);
    it.argument_bytes = (sizeof(args) + ... + 0);
    it.code = reinterpret_cast<const void *>(kernel);
    return launch(std::move(it), static_cast<cudaStream_t>(stream));
}

} /* namespace cudasim */

#define OST_LAUNCH(kernel, grid, block, shared, stream, ...)            \
    cudasim::launch_kernel(#kernel, __FILE__, __LINE__, kernel, (grid), \
                           (block), (shared), (stream), ##__VA_ARGS__)
#define OST_SHARED(type, name) \
    type *name = static_cast<type *>(cudasim_dynamic_shared())

#include "tests/cudasim/cudasim_atomics.h"
#include "tests/cudasim/cudasim_numbers.h"
#include "tests/cudasim/cudasim_warp.h"

#endif
