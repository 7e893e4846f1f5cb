/* kernels/cuda/cuda_arena.h - memory that is taken piece by piece and all given
 * back at once
 */
#ifndef OST_KERNELS_CUDA_CUDA_ARENA_H
#define OST_KERNELS_CUDA_CUDA_ARENA_H

#include "base/vec.h"
#include "kernels/backend.h"

typedef struct ost_cuda_chunk {
    char *data;
    size_t bytes;
    size_t used;
} ost_cuda_chunk;

/* A zeroed one with `take` and `give` is empty and ready. */
typedef struct ost_cuda_arena {
    void *(*take)(ost_backend *backend, size_t bytes); /* NULL: no memory */
    void (*give)(ost_backend *backend, void *data);
    OST_VEC(ost_cuda_chunk) chunks;
} ost_cuda_arena;

/* 256-byte aligned; NULL when there is no memory. */
void *ost_cuda_arena_take(ost_cuda_arena *arena, ost_backend *backend,
                          size_t bytes);
/* Everything is free again.  Several chunks become one, so that the next round
 * finds all in place. */
void ost_cuda_arena_reset(ost_cuda_arena *arena, ost_backend *backend);
void ost_cuda_arena_release(ost_cuda_arena *arena, ost_backend *backend);

#endif
