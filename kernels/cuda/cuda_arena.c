/* kernels/cuda/cuda_arena.c - memory that is taken piece by piece */
#include "kernels/cuda/cuda_arena.h"

#include "base/banned.h"

enum { ALIGN = 256, LEAST = 1 << 20 };

static bool add_chunk(ost_cuda_arena *arena, ost_backend *backend, size_t bytes)
{
    ost_cuda_chunk chunk = { .bytes = bytes < LEAST ? LEAST : bytes };

    chunk.data = arena->take(backend, chunk.bytes);
    if (chunk.data)
        ost_vec_push(&arena->chunks, chunk);
    return chunk.data;
}

void *ost_cuda_arena_take(ost_cuda_arena *arena, ost_backend *backend,
                          size_t bytes)
{
    size_t size = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    ost_cuda_chunk *last;

    if (arena->chunks.len == 0 && !add_chunk(arena, backend, size))
        return NULL;
    last = &arena->chunks.data[arena->chunks.len - 1];
    if (last->bytes - last->used < size) {
        if (!add_chunk(arena, backend, size))
            return NULL;
        last = &arena->chunks.data[arena->chunks.len - 1];
    }
    last->used += size;
    return last->data + last->used - size;
}

void ost_cuda_arena_reset(ost_cuda_arena *arena, ost_backend *backend)
{
    size_t bytes = 0;

    for (size_t i = 0; i < arena->chunks.len; i++) {
        bytes += arena->chunks.data[i].bytes;
        arena->chunks.data[i].used = 0;
    }
    if (arena->chunks.len < 2)
        return;
    ost_cuda_arena_release(arena, backend);
    /* Where there is no memory for one, the next round adds its own. */
    (void)add_chunk(arena, backend, bytes);
}

void ost_cuda_arena_release(ost_cuda_arena *arena, ost_backend *backend)
{
    for (size_t i = 0; i < arena->chunks.len; i++)
        arena->give(backend, arena->chunks.data[i].data);
    ost_vec_release(&arena->chunks);
}
