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
    ost_cuda_tell_fn *tell; /* NULL: they are copied to `host` */
} arrival;

/* What is sent from a piece of pinned memory. */
typedef struct departure {
    const void *host;
    void *place; /* on the device, before it is wanted */
    size_t bytes;
    cudaEvent_t left;  /* the host's memory */
    cudaEvent_t taken; /* from `place` */
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

static void drop(ost_backend *backend, departure *d)
{
    if (d->left) {
        (void)cudaEventSynchronize(d->left);
        (void)cudaEventDestroy(d->left);
    }
    if (d->taken)
        (void)cudaEventDestroy(d->taken);
    ost_cuda_release(backend, d->place);
}

void ost_cuda_transfer_close(void)
{
    ost_backend *b = ost_cuda_here()->backend;

    for (size_t i = 0; i < here.departures.len; i++)
        drop(b, &here.departures.data[i]);
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

static departure *find_departure(const void *host)
{
    for (size_t i = 0; i < here.departures.len; i++)
        if (here.departures.data[i].host == host)
            return &here.departures.data[i];
    return NULL;
}

void ost_cuda_unsend(ost_backend *backend, const void *host)
{
    departure *d = find_departure(host);

    if (!d)
        return;
    drop(backend, d);
    *d = here.departures.data[--here.departures.len];
}

/* Makes the events and the place of a new one.  The place is zeroed in the
 * order of what the device computes, so that copies wait for that, too. */
static ost_rc open_departure(ost_cuda *cuda, departure *d, ost_err *err)
{
    ost_rc rc = ost_cuda_check(
        cudaEventCreateWithFlags(&d->left, cudaEventDisableTiming),
        "make an event", err);

    if (!rc)
        rc = ost_cuda_check(
            cudaEventCreateWithFlags(&d->taken, cudaEventDisableTiming),
            "make an event", err);
    if (rc)
        return rc;
    d->place = ost_cuda_alloc(cuda->backend, d->bytes, "numbers that come in");
    if (!d->place)
        return ost_backend_no_memory(cuda->backend, err,
                                     "numbers that come in");
    return ost_cuda_check(cudaEventRecord(d->taken, cuda->stream),
                          "copy to the device", err);
}

static ost_rc departure_of(ost_cuda *cuda, const void *host, size_t bytes,
                           departure **found, ost_err *err)
{
    departure d = { .host = host, .bytes = bytes };
    ost_rc rc;

    *found = find_departure(host);
    if (*found && (*found)->bytes >= bytes)
        return OST_OK;
    ost_cuda_unsend(cuda->backend, host);
    rc = open_departure(cuda, &d, err);
    if (rc) {
        drop(cuda->backend, &d);
        return rc;
    }
    ost_vec_push(&here.departures, d);
    *found = &here.departures.data[here.departures.len - 1];
    return OST_OK;
}

/* To its place, as soon as what was there is taken. */
static cudaError_t fetch(const ost_cuda *cuda, const departure *d, size_t bytes)
{
    cudaError_t status = cudaStreamWaitEvent(cuda->copies, d->taken, 0);

    if (!status)
        status = cudaMemcpyAsync(d->place, d->host, bytes,
                                 cudaMemcpyHostToDevice, cuda->copies);
    if (!status)
        status = cudaEventRecord(d->left, cuda->copies);
    return status;
}

/* From its place to where it is wanted, in the order of what is computed. */
static cudaError_t take(const ost_cuda *cuda, const departure *d, void *device,
                        size_t bytes)
{
    cudaError_t status = cudaStreamWaitEvent(cuda->stream, d->left, 0);

    if (!status)
        status = cudaMemcpyAsync(device, d->place, bytes,
                                 cudaMemcpyDeviceToDevice, cuda->stream);
    if (!status)
        status = cudaEventRecord(d->taken, cuda->stream);
    return status;
}

ost_rc ost_cuda_send(ost_backend *backend, void *device, const void *host,
                     size_t bytes, ost_err *err)
{
    ost_cuda *cuda = backend->state;
    departure *d;
    ost_rc rc = departure_of(cuda, host, bytes, &d, err);

    if (!rc)
        rc = ost_cuda_check(fetch(cuda, d, bytes), "copy to the device", err);
    if (!rc)
        rc = ost_cuda_check(take(cuda, d, device, bytes), "copy to the device",
                            err);
    return rc;
}

ost_rc ost_cuda_sent(ost_backend *backend, const void *host, ost_err *err)
{
    const departure *d = find_departure(host);

    (void)backend;
    if (!d)
        return OST_OK;
    return ost_cuda_check(cudaEventSynchronize(d->left), "copy to the device",
                          err);
}

ost_rc ost_cuda_scratch(size_t bytes, void **device, ost_err *err)
{
    ost_backend *b = ost_cuda_here()->backend;

    if (ost_cuda_here()->recording)
        return ost_fail(err, OST_EFAIL,
                        "a layer wants memory of the next 'finish' "
                        "(ost_layer_memory() is for layers)");
    *device = ost_cuda_arena_take(&here.device, b, bytes);
    if (!*device)
        return ost_backend_no_memory(b, err, "%zu bytes on their way", bytes);
    return OST_OK;
}

static ost_rc take_pinned(size_t bytes, void **pinned, ost_err *err)
{
    ost_backend *b = ost_cuda_here()->backend;

    *pinned = ost_cuda_arena_take(&here.pinned, b, bytes);
    if (!*pinned)
        return ost_backend_no_memory(
            b, err, "numbers that go to the device or come from it");
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

static ost_rc bring(arrival a, const void *device, ost_err *err)
{
    void *pinned;
    ost_rc rc = take_pinned(a.bytes, &pinned, err);

    if (rc)
        return rc;
    a.pinned = pinned;
    ost_vec_push(&here.arrivals, a);
    return ost_cuda_check(cudaMemcpyAsync(pinned, device, a.bytes,
                                          cudaMemcpyDeviceToHost,
                                          ost_cuda_here()->stream),
                          "copy from the device", err);
}

ost_rc ost_cuda_bring(void *host, const void *device, size_t bytes,
                      ost_err *err)
{
    return bring((arrival){ .host = host, .bytes = bytes }, device, err);
}

ost_rc ost_cuda_tell(ost_cuda_tell_fn *tell, void *host, const void *device,
                     size_t bytes, ost_err *err)
{
    return bring((arrival){ .host = host, .bytes = bytes, .tell = tell },
                 device, err);
}

ost_rc ost_cuda_finish(ost_backend *backend, ost_err *err)
{
    ost_rc rc = wait_for_all(err);

    for (size_t i = 0; i < here.arrivals.len && !rc; i++) {
        const arrival *a = &here.arrivals.data[i];

        if (a->tell)
            rc = a->tell(a->host, a->pinned, err);
        else
            memcpy(a->host, a->pinned, a->bytes);
    }
    here.arrivals.len = 0;
    ost_cuda_arena_reset(&here.device, backend);
    ost_cuda_arena_reset(&here.pinned, backend);
    return rc;
}
