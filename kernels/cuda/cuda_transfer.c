/* kernels/cuda/cuda_transfer.c - between memory of the host and of the device
 */
#include "kernels/cuda/cuda_transfer.h"

#include "base/vec.h"
#include "kernels/cuda/cuda_arena.h"
#include "kernels/cuda/cuda_memory.h"

#include <string.h>

#include "base/banned.h"

/* On its way to the host. */
typedef struct arrival {
    void *host;
    const void *pinned;
    size_t bytes;
} arrival;

/* What is sent from a piece of pinned memory. */
typedef struct departure {
    const void *host;
    cudaEvent_t left;
} departure;

static void *take_device(ost_backend *backend, size_t bytes)
{
    return ost_cuda_alloc(backend, bytes, "numbers on their way");
}

/* Of the one device of the process. */
static struct {
    ost_cuda_arena device;
    ost_cuda_arena pinned;
    OST_VEC(arrival) arrivals;
    OST_VEC(departure) departures;
} here = {
    .device = { .take = take_device, .give = ost_cuda_release },
    .pinned = { .take = ost_cuda_host_alloc, .give = ost_cuda_host_release },
};

void ost_cuda_transfer_close(void)
{
    ost_backend *b = ost_cuda_here()->backend;

    for (size_t i = 0; i < here.departures.len; i++)
        (void)cudaEventDestroy(here.departures.data[i].left);
    ost_vec_release(&here.departures);
    ost_vec_release(&here.arrivals);
    ost_cuda_arena_release(&here.device, b);
    ost_cuda_arena_release(&here.pinned, b);
}

static ost_rc wait_for_all(ost_err *err)
{
    return ost_cuda_check(cudaStreamSynchronize(ost_cuda_here()->stream),
                          "compute on the device", err);
}

ost_rc ost_cuda_write(ost_backend *backend, void *device, const void *host,
                      size_t bytes, ost_err *err)
{
    ost_cuda *cuda = backend->state;
    ost_rc rc =
        ost_cuda_check(cudaMemcpyAsync(device, host, bytes,
                                       cudaMemcpyHostToDevice, cuda->stream),
                       "copy to the device", err);

    return rc ? rc : wait_for_all(err);
}

ost_rc ost_cuda_read(ost_backend *backend, void *host, const void *device,
                     size_t bytes, ost_err *err)
{
    ost_cuda *cuda = backend->state;
    ost_rc rc =
        ost_cuda_check(cudaMemcpyAsync(host, device, bytes,
                                       cudaMemcpyDeviceToHost, cuda->stream),
                       "copy from the device", err);

    return rc ? rc : wait_for_all(err);
}

static departure *departure_of(const void *host, ost_err *err)
{
    departure d = { .host = host };

    for (size_t i = 0; i < here.departures.len; i++)
        if (here.departures.data[i].host == host)
            return &here.departures.data[i];
    if (ost_cuda_check(
            cudaEventCreateWithFlags(&d.left, cudaEventDisableTiming),
            "make an event", err))
        return NULL;
    ost_vec_push(&here.departures, d);
    return &here.departures.data[here.departures.len - 1];
}

ost_rc ost_cuda_send(ost_backend *backend, void *device, const void *host,
                     size_t bytes, ost_err *err)
{
    ost_cuda *cuda = backend->state;
    departure *d = departure_of(host, err);
    ost_rc rc;

    if (!d)
        return OST_EFAIL;
    rc = ost_cuda_check(cudaMemcpyAsync(device, host, bytes,
                                        cudaMemcpyHostToDevice, cuda->stream),
                        "copy to the device", err);
    if (!rc)
        rc = ost_cuda_check(cudaEventRecord(d->left, cuda->stream),
                            "copy to the device", err);
    return rc;
}

ost_rc ost_cuda_sent(ost_backend *backend, const void *host, ost_err *err)
{
    (void)backend;
    for (size_t i = 0; i < here.departures.len; i++)
        if (here.departures.data[i].host == host)
            return ost_cuda_check(
                cudaEventSynchronize(here.departures.data[i].left),
                "copy to the device", err);
    return OST_OK;
}

ost_rc ost_cuda_scratch(size_t bytes, void **device, ost_err *err)
{
    ost_backend *b = ost_cuda_here()->backend;

    *device = ost_cuda_arena_take(&here.device, b, bytes);
    if (!*device)
        return ost_backend_no_memory(b, err, "%zu bytes on their way", bytes);
    return OST_OK;
}

static ost_rc take_pinned(size_t bytes, void **pinned, ost_err *err)
{
    *pinned =
        ost_cuda_arena_take(&here.pinned, ost_cuda_here()->backend, bytes);
    if (!*pinned)
        return ost_fail(err, OST_ENOMEM,
                        "no memory of the host for %zu bytes that go to the "
                        "device or come from it",
                        bytes);
    return OST_OK;
}

ost_rc ost_cuda_lend(ost_backend *backend, const void *host, size_t bytes,
                     const void **lent, ost_err *err)
{
    ost_cuda *cuda = backend->state;
    void *pinned;
    void *device;
    ost_rc rc;

    *lent = NULL;
    if (!host)
        return OST_OK;
    rc = take_pinned(bytes, &pinned, err);
    if (!rc)
        rc = ost_cuda_scratch(bytes, &device, err);
    if (rc)
        return rc;
    memcpy(pinned, host, bytes);
    *lent = device;
    return ost_cuda_check(cudaMemcpyAsync(device, pinned, bytes,
                                          cudaMemcpyHostToDevice, cuda->stream),
                          "copy to the device", err);
}

ost_rc ost_cuda_bring(void *host, const void *device, size_t bytes,
                      ost_err *err)
{
    void *pinned;
    ost_rc rc = take_pinned(bytes, &pinned, err);

    if (rc)
        return rc;
    ost_vec_push(&here.arrivals, (arrival){ host, pinned, bytes });
    return ost_cuda_check(cudaMemcpyAsync(pinned, device, bytes,
                                          cudaMemcpyDeviceToHost,
                                          ost_cuda_here()->stream),
                          "copy from the device", err);
}

ost_rc ost_cuda_finish(ost_backend *backend, ost_err *err)
{
    ost_rc rc = wait_for_all(err);

    for (size_t i = 0; i < here.arrivals.len && !rc; i++) {
        const arrival *a = &here.arrivals.data[i];

        memcpy(a->host, a->pinned, a->bytes);
    }
    here.arrivals.len = 0;
    ost_cuda_arena_reset(&here.device, backend);
    ost_cuda_arena_reset(&here.pinned, backend);
    return rc;
}
