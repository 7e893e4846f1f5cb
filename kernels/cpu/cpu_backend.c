/* kernels/cpu/cpu_backend.c - the CPU as a backend */
#include "base/alloc.h"
#include "base/proc.h"
#include "kernels/cpu/onednn.h"
#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

static void *cpu_alloc(ost_backend *backend, size_t bytes, const char *what)
{
    void *data = ost_try_alloc_aligned(bytes, 1);

    (void)backend;
    (void)what;
    if (data)
        memset(data, 0, bytes);
    return data;
}

static void cpu_release(ost_backend *backend, void *data)
{
    (void)backend;
    ost_free(data);
}

static void *cpu_host_alloc(ost_backend *backend, size_t bytes)
{
    (void)backend;
    return ost_try_alloc_aligned(bytes, 1);
}

static ost_rc cpu_copy(ost_backend *backend, void *to, const void *from,
                       size_t bytes, ost_err *err)
{
    (void)backend;
    (void)err;
    memcpy(to, from, bytes);
    return OST_OK;
}

static ost_rc cpu_sent(ost_backend *backend, const void *host, ost_err *err)
{
    (void)backend;
    (void)host;
    (void)err;
    return OST_OK;
}

static ost_rc cpu_lend(ost_backend *backend, const void *host, size_t bytes,
                       const void **lent, ost_err *err)
{
    (void)backend;
    (void)bytes;
    (void)err;
    *lent = host;
    return OST_OK;
}

static ost_rc cpu_finish(ost_backend *backend, ost_err *err)
{
    (void)backend;
    (void)err;
    return OST_OK;
}

static ost_rc copy_weight(ost_backend *backend, const dnnl_memory_desc_t *from,
                          void *src, const dnnl_memory_desc_t *to, void *dst,
                          ost_err *err)
{
    ost_prim prim = { 0 };
    ost_args args = { 0 };
    void *scratch = NULL;
    ost_rc rc;

    rc = ost_prim_init_reorder(&prim, backend, from, to, err);
    if (!rc)
        rc = ost_args_add(&args, backend, DNNL_ARG_FROM, from, err);
    if (!rc)
        rc = ost_args_add(&args, backend, DNNL_ARG_TO, to, err);
    if (!rc)
        rc = ost_args_add_scratch(&args, backend, &prim, err);
    if (!rc && prim.scratch &&
        !(scratch = cpu_alloc(backend, prim.scratch, "weight")))
        rc = ost_fail(err, OST_ENOMEM, "no memory to copy a weight");
    if (!rc)
        rc = ost_prim_run(&prim, backend, &args,
                          (void *[]){ src, dst, scratch }, err);
    cpu_release(backend, scratch);
    ost_args_release(&args);
    ost_prim_release(&prim);
    return rc;
}

static ost_rc weight_read(ost_backend *backend, const ost_weight *weight,
                          float *plain, ost_err *err)
{
    const dnnl_memory_desc_t *layout = weight->layout;
    dnnl_memory_desc_t to;

    if (!layout) {
        memcpy(plain, weight->data, (size_t)weight->stored * sizeof(float));
        return OST_OK;
    }
    /* Its sides, whose product is the weight's: groups are a side of theirs. */
    to = ost_dnnl_plain(layout->ndims, layout->dims);
    return copy_weight(backend, layout, weight->data, &to, plain, err);
}

static ost_rc weight_write(ost_backend *backend, ost_weight *weight,
                           const float *plain, ost_err *err)
{
    const dnnl_memory_desc_t *layout = weight->layout;
    dnnl_memory_desc_t from;

    if (!layout) {
        memcpy(weight->data, plain, (size_t)weight->stored * sizeof(float));
        return OST_OK;
    }
    from = ost_dnnl_plain(layout->ndims, layout->dims);
    return copy_weight(backend, &from, (void *)(uintptr_t)plain, layout,
                       weight->data, err);
}

static bool machine_has_avx512(void)
{
#ifdef __x86_64__
    return __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq");
#else
    return false;
#endif
}

static bool machine_has_avx2(void)
{
#ifdef __x86_64__
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

/* Numeric classes, the best first. */
static const struct {
    const char *name;
    bool (*runs_here)(void);
    dnnl_cpu_isa_t isa;
    int block;
} classes[] = {
    { "cpu-f32-avx512", machine_has_avx512, dnnl_cpu_isa_avx512_core, 16 },
    { "cpu-f32-avx2", machine_has_avx2, dnnl_cpu_isa_avx2, 8 },
    { "cpu-f32-portable", machine_has_avx2, dnnl_cpu_isa_avx2, 8 },
};

enum { CLASSES = sizeof(classes) / sizeof(classes[0]) };

/* oneDNN would use what is newest; a class names what may be used.  It listens
 * only before its first primitive. */
static ost_rc choose_class(const char *wanted, ost_backend *b, ost_dnnl *d,
                           ost_err *err)
{
    for (int i = 0; i < CLASSES; i++) {
        bool any = strcmp(wanted, "cpu") == 0;

        if (!any && strcmp(wanted, classes[i].name) != 0)
            continue;
        if (!classes[i].runs_here() && !any)
            return ost_fail(err, OST_EUNSUPPORTED,
                            "this processor cannot compute '%s'", wanted);
        if (!classes[i].runs_here())
            continue;
        dnnl_set_max_cpu_isa(classes[i].isa);
        if (dnnl_get_effective_cpu_isa() != classes[i].isa)
            return ost_fail(err, OST_EUNSUPPORTED,
                            "this process computes in another numeric class "
                            "than '%s'",
                            classes[i].name);
        b->numeric_class = classes[i].name;
        d->block = classes[i].block;
        return OST_OK;
    }
    return ost_fail(err, OST_EUNSUPPORTED,
                    "this processor lacks AVX2 and FMA instructions");
}

static int choose_threads(int wanted)
{
    int n = wanted > 0 ? wanted : ost_proc_cores();
    int limit = omp_get_thread_limit();

    /* oneDNN waits for all the threads that it asked for. */
    if (n > limit)
        n = limit;
    omp_set_dynamic(0);
    omp_set_num_threads(n);
    return n;
}

static void cpu_close(ost_backend *backend)
{
    ost_dnnl *d = backend->state;

    for (int i = 0; d->streams && i < backend->threads; i++)
        if (d->streams[i])
            dnnl_stream_destroy(d->streams[i]);
    if (d->attr)
        dnnl_primitive_attr_destroy(d->attr);
    if (d->engine)
        dnnl_engine_destroy(d->engine);
    ost_free(d->streams);
    ost_free(d);
    ost_free(backend);
}

static const ost_backend cpu = {
    .name = "cpu",
    .host_memory = true,
    .close = cpu_close,
    .alloc = cpu_alloc,
    .release = cpu_release,
    .host_alloc = cpu_host_alloc,
    .host_release = cpu_release,
    .write = cpu_copy,
    .read = cpu_copy,
    .send = cpu_copy,
    .sent = cpu_sent,
    .lend = cpu_lend,
    .bring = cpu_copy,
    .finish = cpu_finish,
    .weight_read = weight_read,
    .weight_write = weight_write,
#define OPERATOR(name, args) .name = ost_cpu_##name,
#include "kernels/operator_list.def"
};

const ost_backend *ost_backend_images(void)
{
    return &cpu;
}

ost_rc ost_cpu_open(const char *numeric_class, int threads,
                    ost_backend **backend, ost_err *err)
{
    ost_backend *b = ost_xalloc(sizeof(*b));
    ost_dnnl *d = ost_xalloc(sizeof(*d));
    dnnl_status_t status;
    ost_rc rc;

    *b = cpu;
    b->state = d;
    rc = choose_class(numeric_class, b, d, err);
    if (rc)
        goto out;
    b->threads = choose_threads(threads);
    d->streams = ost_xalloc((size_t)b->threads * sizeof(*d->streams));
    status = dnnl_engine_create(&d->engine, dnnl_cpu, 0);
    if (!status)
        status = dnnl_primitive_attr_create(&d->attr);
    if (!status)
        status = dnnl_primitive_attr_set_scratchpad_mode(
            d->attr, dnnl_scratchpad_mode_user);
    for (int i = 0; i < b->threads && !status; i++)
        status = dnnl_stream_create(&d->streams[i], d->engine,
                                    dnnl_stream_default_flags);
    rc = ost_dnnl_check(status, "start", err);
    if (rc)
        goto out;
    *backend = b;
    b = NULL;
out:
    if (b)
        cpu_close(b);
    return rc;
}

int ost_cpu_block(const ost_backend *backend)
{
    return ost_dnnl_of(backend)->block;
}

void ost_cpu_same_layout(ost_layer *layer)
{
    layer->out->block = layer->in_block[0];
}

int ost_cpu_common_block(const ost_layer *layer)
{
    int own = ost_cpu_block(layer->backend);
    int64_t most = 0;
    int block = 1;

    for (int i = 0; i < layer->n_inputs; i++) {
        const ost_value *v = layer->in[i];
        int64_t count = ost_value_channels(v) * ost_value_area(v);

        if (count > most || (count == most && block == 1))
            block = layer->in_block[i] > own ? own : layer->in_block[i];
        if (count > most)
            most = count;
    }
    return block;
}

int ost_cpu_limit_block(ost_layer *layer, int most)
{
    if (layer->in_block[0] > most)
        layer->in_block[0] = ost_cpu_block(layer->backend);
    return layer->in_block[0];
}
