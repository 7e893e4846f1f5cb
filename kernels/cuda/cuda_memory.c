/* kernels/cuda/cuda_memory.c - memory of the device, and what has it */
#include "kernels/cuda/cuda_memory.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/vec.h"
#include "kernels/cuda/cuda_transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { NAME = 80, TOLD = 8 };

typedef struct piece {
    void *data;
    size_t bytes;
    char what[NAME];
} piece;

struct ost_cuda_memory {
    cudaMemPool_t pool;
    OST_VEC(piece) pieces;
    size_t limit;
    size_t used;
    size_t peak;
    /* Of the last piece that there was no memory for. */
    size_t refused;
    bool pinned; /* of the host */
    cudaError_t why;
};

ost_rc ost_cuda_memory_open(ost_cuda *cuda, size_t limit, ost_err *err)
{
    ost_cuda_memory *m = ost_xalloc(sizeof(*m));
    struct cudaMemPoolProps props = {
        .allocType = cudaMemAllocationTypePinned,
        .location = { .type = cudaMemLocationTypeDevice, .id = cuda->device },
        .maxSize = limit,
    };
    uint64_t keep = UINT64_MAX;
    ost_rc rc;

    cuda->memory = m;
    m->limit = limit;
    rc = ost_cuda_check(cudaMemPoolCreate(&m->pool, &props),
                        "make a pool of memory", err);
    if (rc)
        return rc;
    return ost_cuda_check(cudaMemPoolSetAttribute(
                              m->pool, cudaMemPoolAttrReleaseThreshold, &keep),
                          "set up the pool of memory", err);
}

void ost_cuda_memory_close(ost_cuda *cuda)
{
    ost_cuda_memory *m = cuda->memory;

    if (!m)
        return;
    if (m->pool)
        (void)cudaMemPoolDestroy(m->pool);
    ost_vec_release(&m->pieces);
    ost_free(m);
    cuda->memory = NULL;
}

/* What is said of it is said by explain_memory(). */
static void *refuse(ost_cuda_memory *m, size_t bytes, bool pinned,
                    cudaError_t why)
{
    (void)cudaGetLastError();
    m->refused = bytes;
    m->pinned = pinned;
    m->why = why;
    return NULL;
}

static cudaError_t take(const ost_cuda *cuda, piece *p)
{
    return cudaMallocFromPoolAsync(&p->data, p->bytes, cuda->memory->pool,
                                   cuda->stream);
}

/* What was released and is kept may lie in pieces that are too small: where
 * memory is lacking the driver gets it back, once the stream has come so far,
 * and makes one of it. */
static cudaError_t take_again(const ost_cuda *cuda, piece *p)
{
    cudaError_t status = cudaStreamSynchronize(cuda->stream);

    if (!status)
        status = cudaMemPoolTrimTo(cuda->memory->pool, 0);
    return status ? status : take(cuda, p);
}

void *ost_cuda_alloc(ost_backend *backend, size_t bytes, const char *what)
{
    ost_cuda *cuda = backend->state;
    ost_cuda_memory *m = cuda->memory;
    piece p = { .bytes = bytes ? bytes : 1 };
    cudaError_t status = take(cuda, &p);

    if (status == cudaErrorMemoryAllocation) {
        (void)cudaGetLastError();
        status = take_again(cuda, &p);
    }
    if (!status) {
        status = cudaMemsetAsync(p.data, 0, p.bytes, cuda->stream);
        if (status) {
            (void)cudaGetLastError();
            (void)cudaFreeAsync(p.data, cuda->stream);
        }
    }
    if (status)
        return refuse(m, p.bytes, false, status);
    snprintf(p.what, sizeof(p.what), "%s", what);
    ost_vec_push(&m->pieces, p);
    m->used += p.bytes;
    if (m->used > m->peak)
        m->peak = m->used;
    return p.data;
}

void ost_cuda_release(ost_backend *backend, void *data)
{
    ost_cuda *cuda = backend->state;
    ost_cuda_memory *m = cuda->memory;

    if (!data)
        return;
    for (size_t i = m->pieces.len; i-- > 0;) {
        if (m->pieces.data[i].data != data)
            continue;
        m->used -= m->pieces.data[i].bytes;
        m->pieces.data[i] = m->pieces.data[--m->pieces.len];
        break;
    }
    /* A device that is lost has lost it anyway. */
    (void)cudaFreeAsync(data, cuda->stream);
}

void *ost_cuda_host_alloc(ost_backend *backend, size_t bytes)
{
    ost_cuda *cuda = backend->state;
    void *data = NULL;
    cudaError_t status = cudaMallocHost(&data, bytes ? bytes : 1);

    return status ? refuse(cuda->memory, bytes, true, status) : data;
}

void ost_cuda_host_release(ost_backend *backend, void *data)
{
    if (!data)
        return;
    ost_cuda_unsend(backend, data);
    (void)cudaFreeHost(data);
}

/* Largest first. */
static int by_size(const void *a, const void *b)
{
    size_t x = ((const piece *)a)->bytes;
    size_t y = ((const piece *)b)->bytes;

    return x < y ? 1 : x > y ? -1 : 0;
}

static void add_size(ost_buf *text, size_t bytes)
{
    if (bytes < 1024)
        ost_buf_addf(text, "%zu bytes", bytes);
    else if (bytes < 1024 * 1024)
        ost_buf_addf(text, "%.1f KiB", (double)bytes / 1024.0);
    else
        ost_buf_addf(text, "%.1f MiB", (double)bytes / (1024.0 * 1024.0));
}

/* Who has it: the largest pieces by name, the others together. */
static void add_pieces(ost_buf *text, ost_cuda_memory *m)
{
    size_t most = m->pieces.len < TOLD ? m->pieces.len : TOLD;
    size_t rest = m->used;

    qsort(m->pieces.data, m->pieces.len, sizeof(piece), by_size);
    for (size_t i = 0; i < most; i++) {
        const piece *p = &m->pieces.data[i];

        ost_buf_addf(text, "%s %s ", i ? "," : "; largest:", p->what);
        add_size(text, p->bytes);
        rest -= p->bytes;
    }
    if (most == m->pieces.len)
        return;
    ost_buf_addf(text, ", %zu more of together ", m->pieces.len - most);
    add_size(text, rest);
}

static void add_device_memory(ost_buf *text, ost_cuda_memory *m)
{
    size_t free_bytes = 0;
    size_t total = 0;

    (void)cudaMemGetInfo(&free_bytes, &total);
    add_size(text, m->refused);
    ost_buf_adds(text, " wanted; in use ");
    add_size(text, m->used);
    if (m->limit) {
        ost_buf_adds(text, " of at most ");
        add_size(text, m->limit);
        ost_buf_adds(text, ", see needs.memory");
    }
    ost_buf_adds(text, "; free on the device ");
    add_size(text, free_bytes);
    ost_buf_adds(text, " of ");
    add_size(text, total);
    add_pieces(text, m);
}

void ost_cuda_explain_memory(ost_backend *backend, ost_err *err)
{
    ost_cuda *cuda = backend->state;
    ost_cuda_memory *m = cuda->memory;
    ost_buf text = { 0 };
    ost_err lost = { 0 };

    if (ost_cuda_check((int)m->why, "give memory", &lost) == OST_EDEVICE) {
        *err = lost;
        return;
    }
    ost_buf_addf(&text, "%s (", err->text);
    if (m->pinned) {
        add_size(&text, m->refused);
        ost_buf_adds(&text, " of the host's pinned memory wanted");
    } else {
        add_device_memory(&text, m);
    }
    ost_buf_adds(&text, ")");
    snprintf(err->text, sizeof(err->text), "%s", ost_buf_str(&text));
    ost_buf_release(&text);
}
