/* kernels/cpu/onednn.c - oneDNN with our errors and our layouts */
#include "kernels/cpu/onednn.h"

#include "kernels/cpu/threads.h"

#include <assert.h>
#include <string.h>

#include "base/banned.h"

ost_dnnl *ost_dnnl_of(const ost_backend *backend)
{
    return backend->state;
}

ost_rc ost_dnnl_check(dnnl_status_t status, const char *what, ost_err *err)
{
    switch (status) {
    case dnnl_success:
        return OST_OK;
    case dnnl_out_of_memory:
        return ost_fail(err, OST_ENOMEM, "oneDNN cannot %s: out of memory",
                        what);
    case dnnl_unimplemented:
        return ost_fail(err, OST_EUNSUPPORTED,
                        "oneDNN cannot %s: not implemented", what);
    case dnnl_invalid_arguments:
    case dnnl_iterator_ends:
    case dnnl_runtime_error:
    case dnnl_not_required:
        break;
    }
    return ost_fail(err, OST_EFAIL, "oneDNN cannot %s: status %d", what,
                    (int)status);
}

static dnnl_format_tag_t tag_of(int ndim, int block)
{
    static const dnnl_format_tag_t plain[] = { dnnl_a,     dnnl_ab,
                                               dnnl_abc,   dnnl_abcd,
                                               dnnl_abcde, dnnl_abcdef };
    static const dnnl_format_tag_t by8[] = { dnnl_aBc8b, dnnl_aBcd8b,
                                             dnnl_aBcde8b };
    static const dnnl_format_tag_t by16[] = { dnnl_aBc16b, dnnl_aBcd16b,
                                              dnnl_aBcde16b };

    if (block == 1)
        return plain[ndim - 1];
    if (ndim < 3 || ndim > 5 || (block != 8 && block != 16))
        OST_BUG();
    return block == 8 ? by8[ndim - 3] : by16[ndim - 3];
}

static dnnl_memory_desc_t tagged(int ndim, const int64_t *shape,
                                 dnnl_format_tag_t tag)
{
    dnnl_memory_desc_t md;
    dnnl_dims_t dims = { 0 };

    memcpy(dims, shape, (size_t)ndim * sizeof(*shape));
    if (dnnl_memory_desc_init_by_tag(&md, ndim, dims, dnnl_f32, tag))
        OST_BUG();
    return md;
}

dnnl_memory_desc_t ost_dnnl_desc(const ost_value *v, int block)
{
    return tagged(v->ndim, v->shape, tag_of(v->ndim, block));
}

dnnl_memory_desc_t ost_dnnl_desc_full(const ost_value *v, int block,
                                      int64_t items)
{
    int64_t shape[OST_MAX_DIMS];

    memcpy(shape, v->shape, sizeof(shape));
    shape[0] = items;
    shape[1] = (shape[1] + block - 1) / block * block;
    return tagged(v->ndim, shape, tag_of(v->ndim, block));
}

dnnl_memory_desc_t ost_dnnl_any(int ndim, const int64_t *shape)
{
    return tagged(ndim, shape, dnnl_format_tag_any);
}

dnnl_memory_desc_t ost_dnnl_plain(int ndim, const int64_t *shape)
{
    return tagged(ndim, shape, tag_of(ndim, 1));
}

ost_rc ost_prim_init(ost_prim *p, const ost_backend *backend,
                     const_dnnl_op_desc_t op, const ost_prim *hint, int threads,
                     const char *what, ost_err *err)
{
    const ost_dnnl *d = ost_dnnl_of(backend);
    int saved = omp_get_max_threads();
    dnnl_status_t status;

    /* The number of threads is fixed when a primitive is made. */
    omp_set_num_threads(threads);
    status = dnnl_primitive_desc_create(&p->pd, op, d->attr, d->engine,
                                        hint ? hint->pd : NULL);
    if (!status)
        status = dnnl_primitive_create(&p->prim, p->pd);
    omp_set_num_threads(saved);
    if (status)
        return ost_dnnl_check(status, what, err);
    p->threads = threads;
    p->scratch =
        dnnl_memory_desc_get_size(ost_prim_desc(p, dnnl_query_scratchpad_md));
    return OST_OK;
}

ost_rc ost_prim_init_reorder(ost_prim *p, const ost_backend *backend,
                             const dnnl_memory_desc_t *from,
                             const dnnl_memory_desc_t *to, ost_err *err)
{
    const ost_dnnl *d = ost_dnnl_of(backend);
    dnnl_status_t status;

    status = dnnl_reorder_primitive_desc_create(&p->pd, from, d->engine, to,
                                                d->engine, d->attr);
    if (!status)
        status = dnnl_primitive_create(&p->prim, p->pd);
    if (status)
        return ost_dnnl_check(status, "convert layouts", err);
    p->threads = backend->threads;
    p->scratch =
        dnnl_memory_desc_get_size(ost_prim_desc(p, dnnl_query_scratchpad_md));
    return OST_OK;
}

void ost_prim_release(ost_prim *p)
{
    if (p->prim)
        dnnl_primitive_destroy(p->prim);
    if (p->pd)
        dnnl_primitive_desc_destroy(p->pd);
    *p = (ost_prim){ 0 };
}

const dnnl_memory_desc_t *ost_prim_desc(const ost_prim *p, dnnl_query_t what)
{
    return dnnl_primitive_desc_query_md(p->pd, what, 0);
}

const char *ost_prim_code(const ost_prim *p)
{
    const char *code = NULL;

    if (p->pd)
        dnnl_primitive_desc_query(p->pd, dnnl_query_impl_info_str, 0, &code);
    return code;
}

bool ost_prim_is_fast(const ost_prim *p)
{
    const char *code = ost_prim_code(p);

    return code && !strstr(code, "ref");
}

ost_rc ost_args_add(ost_args *a, const ost_backend *backend, int name,
                    const dnnl_memory_desc_t *md, ost_err *err)
{
    dnnl_exec_arg_t *arg = &a->arg[a->count];
    dnnl_status_t status;

    assert(a->count < OST_DNNL_ARGS);
    arg->arg = name;
    status = dnnl_memory_create(&arg->memory, md, ost_dnnl_of(backend)->engine,
                                DNNL_MEMORY_NONE);
    if (status)
        return ost_dnnl_check(status, "describe memory", err);
    a->count++;
    return OST_OK;
}

ost_rc ost_args_add_scratch(ost_args *a, const ost_backend *backend,
                            const ost_prim *p, ost_err *err)
{
    if (!p->scratch)
        return OST_OK;
    return ost_args_add(a, backend, DNNL_ARG_SCRATCHPAD,
                        ost_prim_desc(p, dnnl_query_scratchpad_md), err);
}

void ost_args_release(ost_args *a)
{
    for (int i = 0; i < a->count; i++)
        dnnl_memory_destroy(a->arg[i].memory);
    *a = (ost_args){ 0 };
}

ost_rc ost_prim_run(const ost_prim *p, const ost_backend *backend,
                    ost_args *args, void *const *data, ost_err *err)
{
    const ost_dnnl *d = ost_dnnl_of(backend);
    dnnl_status_t status = dnnl_success;

    for (int i = 0; i < args->count && !status; i++) {
        if (args->data[i] == data[i])
            continue;
        status = dnnl_memory_set_data_handle(args->arg[i].memory, data[i]);
        args->data[i] = data[i];
    }
    if (!status)
        status = dnnl_primitive_execute(
            p->prim, d->streams[omp_get_thread_num()], args->count, args->arg);
    return ost_dnnl_check(status, "run a primitive", err);
}
