/* kernels/cuda/cuda_visit.c - an operator on images goes to the device and back
 */
#include "kernels/cuda/cuda_visit.h"

#include "kernels/cuda/cuda_arena.h"
#include "kernels/cuda/cuda_memory.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/banned.h"

/* Held from the begin to the end of a visit; guards `pinned`. */
static pthread_mutex_t visiting = PTHREAD_MUTEX_INITIALIZER;
static ost_cuda_arena pinned = { ost_cuda_host_alloc,
                                 ost_cuda_host_release,
                                 { 0 } };

void ost_cuda_visit_begin(ost_cuda_visit *v, ost_err *err)
{
    pthread_mutex_lock(&visiting);
    *v = (ost_cuda_visit){ .cuda = ost_cuda_here(), .err = err };
    v->stream = v->cuda->stream;
    /* A thread that has not been here is on the process's first device. */
    v->rc = ost_cuda_check(cudaSetDevice(v->cuda->device), "be used", err);
}

bool ost_cuda_visit_is_over(const ost_cuda_visit *v)
{
    return v->rc || v->left_to_cpu;
}

void ost_cuda_visit_ran(ost_cuda_visit *v, int status)
{
    if (!ost_cuda_visit_is_over(v))
        v->rc = ost_cuda_check(status, "work on an image", v->err);
}

/* ---- memory ---- */

void *ost_cuda_visit_bytes(ost_cuda_visit *v, size_t count, size_t size)
{
    size_t bytes;
    void *data;

    if (ost_cuda_visit_is_over(v))
        return NULL;
    data = __builtin_mul_overflow(count, size, &bytes)
               ? NULL
               : ost_cuda_alloc(v->cuda->backend, bytes, "an image");
    if (data)
        ost_vec_push(&v->rooms, data);
    else
        v->rc = ost_backend_no_memory(v->cuda->backend, v->err, "an image");
    return data;
}

static void *take_pinned(ost_cuda_visit *v, size_t bytes)
{
    void *data = ost_cuda_arena_take(&pinned, v->cuda->backend, bytes);

    if (!data)
        v->rc = ost_backend_no_memory(v->cuda->backend, v->err, "an image");
    return data;
}

static size_t bytes_of(const ost_cuda_picture *p)
{
    return (size_t)(p->h * p->w * p->c) * ost_dtype_size(p->dtype);
}

ost_cuda_picture ost_cuda_visit_room(ost_cuda_visit *v, ost_dtype dtype,
                                     int64_t h, int64_t w, int64_t c)
{
    ost_cuda_picture p = { NULL, dtype, h, w, c };
    int64_t count;

    if (__builtin_mul_overflow(h * w, c, &count) || count > INT32_MAX) {
        v->left_to_cpu = true;
        return p;
    }
    p.data = ost_cuda_visit_bytes(v, bytes_of(&p), 1);
    return p;
}

/* ---- there ---- */

static bool is_packed(const ost_image *m)
{
    return (m->c == 1 || m->step_c == 1) && (m->w == 1 || m->step_x == m->c) &&
           (m->h == 1 || m->step_y == m->w * m->c);
}

/* Copies between an image and packed memory; size is that of an element. */
static void copy_values(const ost_image *m, unsigned char *packed, bool pack)
{
    const size_t size = m->size;

    if (is_packed(m)) {
        size_t bytes = (size_t)(m->h * m->w * m->c) * size;

        memcpy(pack ? packed : m->data, pack ? m->data : packed, bytes);
        return;
    }
    for (int64_t y = 0; y < m->h; y++)
        for (int64_t x = 0; x < m->w; x++)
            for (int64_t c = 0; c < m->c; c++, packed += size) {
                unsigned char *at = ost_image_at(m, y, x, c);

                memcpy(pack ? packed : at, pack ? at : packed, size);
            }
}

static void send_pinned(ost_cuda_visit *v, void *to, const void *from,
                        size_t bytes)
{
    ost_cuda_visit_ran(v,
                       cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice,
                                       v->cuda->stream));
}

ost_cuda_picture ost_cuda_visit_send(ost_cuda_visit *v, const ost_image *image)
{
    ost_cuda_picture p =
        ost_cuda_visit_room(v, image->dtype, image->h, image->w, image->c);
    size_t bytes = bytes_of(&p);
    void *from;

    if (ost_cuda_visit_is_over(v) || bytes == 0)
        return p;
    from = take_pinned(v, bytes);
    if (!from)
        return p;
    copy_values(image, from, true);
    send_pinned(v, p.data, from, bytes);
    return p;
}

void *ost_cuda_visit_send_bytes(ost_cuda_visit *v, const void *from,
                                size_t count, size_t size)
{
    void *to = ost_cuda_visit_bytes(v, count, size);
    void *copy;

    if (ost_cuda_visit_is_over(v) || count == 0)
        return to;
    copy = take_pinned(v, count * size);
    if (!copy)
        return to;
    memcpy(copy, from, count * size);
    send_pinned(v, to, copy, count * size);
    return to;
}

uint32_t ost_cuda_bits_of(ost_dtype dtype, float v)
{
    uint8_t u8;
    uint16_t u16;
    uint32_t bits;

    if (dtype == OST_U8) {
        ost_value_put(dtype, v, &u8);
        return u8;
    }
    if (dtype == OST_U16) {
        ost_value_put(dtype, v, &u16);
        return u16;
    }
    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

/* ---- and back ---- */

static void bring(ost_cuda_visit *v, const void *device, size_t bytes,
                  ost_cuda_homecoming coming)
{
    void *to;

    if (ost_cuda_visit_is_over(v) || bytes == 0)
        return;
    to = take_pinned(v, bytes);
    if (!to)
        return;
    ost_cuda_visit_ran(v, cudaMemcpyAsync(to, device, bytes,
                                          cudaMemcpyDeviceToHost,
                                          v->cuda->stream));
    coming.pinned = to;
    coming.bytes = bytes;
    ost_vec_push(&v->coming, coming);
}

void ost_cuda_visit_bring(ost_cuda_visit *v, const ost_cuda_picture *picture,
                          const ost_image *image, bool computed)
{
    bring(v, picture->data, bytes_of(picture),
          (ost_cuda_homecoming){ .image = *image, .computed = computed });
}

void ost_cuda_visit_bring_bytes(ost_cuda_visit *v, const void *device,
                                size_t count, size_t size, void *to)
{
    bring(v, device, count * size, (ost_cuda_homecoming){ .plain = to });
}

static bool has_nan(const ost_cuda_homecoming *c)
{
    const float *f = c->pinned;
    size_t n = c->bytes / sizeof(*f);
    bool found = false;

    for (size_t i = 0; i < n; i++)
        found |= isnan(f[i]);
    return found;
}

/* Nothing is written before all is known to be good. */
static void unpack(ost_cuda_visit *v)
{
    for (size_t i = 0; i < v->coming.len; i++) {
        const ost_cuda_homecoming *c = &v->coming.data[i];

        if (!c->plain && c->computed && c->image.dtype == OST_F32 && has_nan(c))
            v->left_to_cpu = true;
    }
    for (size_t i = 0; i < v->coming.len && !v->left_to_cpu; i++) {
        const ost_cuda_homecoming *c = &v->coming.data[i];

        if (c->plain)
            memcpy(c->plain, c->pinned, c->bytes);
        else
            copy_values(&c->image, (unsigned char *)(uintptr_t)c->pinned,
                        false);
    }
}

ost_rc ost_cuda_visit_wait(ost_cuda_visit *v)
{
    /* What was told before a failure may still use the memory. */
    int status = cudaStreamSynchronize(v->cuda->stream);

    /* A device that failed is the reason of what failed after it. */
    if (status || !v->rc)
        v->rc = ost_cuda_check(status, "work on an image", v->err);
    if (!ost_cuda_visit_is_over(v))
        unpack(v);
    v->coming.len = 0;
    ost_cuda_arena_reset(&pinned, v->cuda->backend);
    return v->rc;
}

ost_rc ost_cuda_visit_end(ost_cuda_visit *v)
{
    ost_rc rc = ost_cuda_visit_wait(v);

    for (size_t i = 0; i < v->rooms.len; i++)
        ost_cuda_release(v->cuda->backend, v->rooms.data[i]);
    ost_vec_release(&v->rooms);
    ost_vec_release(&v->coming);
    pthread_mutex_unlock(&visiting);
    return rc;
}

void ost_cuda_visit_close(ost_cuda *cuda)
{
    ost_cuda_arena_release(&pinned, cuda->backend);
}
