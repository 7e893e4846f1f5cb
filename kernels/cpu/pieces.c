/* kernels/cpu/pieces.c - a primitive over pieces of the batch */
#include "kernels/cpu/pieces.h"

#include "kernels/cpu/threads.h"

#include <assert.h>

#include "base/banned.h"

enum { PAGE = 4096 };

ost_rc ost_pieces_init(ost_pieces *p, ost_layer *layer, ost_piece_maker make,
                       bool cut, ost_life life, ost_err *err)
{
    int64_t n = layer->in[0]->shape[0];
    int threads = cut ? 1 : layer->backend->threads;
    size_t scratch;
    ost_rc rc;

    p->items = cut ? (n + OST_PIECES - 1) / OST_PIECES : n;
    p->count = (int)((n + p->items - 1) / p->items);
    rc = make(layer, p->items, threads, &p->whole, err);
    if (!rc && n % p->items)
        rc = make(layer, n % p->items, threads, &p->rest, err);
    if (rc)
        return rc;
    scratch =
        p->whole.scratch > p->rest.scratch ? p->whole.scratch : p->rest.scratch;
    p->scratch_step = (scratch + PAGE - 1) / PAGE * PAGE;
    ost_layer_memory(
        layer, p->scratch_step * (size_t)(cut ? layer->backend->threads : 1),
        life, &p->scratch);
    return OST_OK;
}

void ost_pieces_release(ost_pieces *p)
{
    for (int i = 0; i < p->count; i++)
        ost_args_release(&p->args[i]);
    ost_prim_release(&p->rest);
    ost_prim_release(&p->whole);
}

static const ost_prim *prim_of(const ost_pieces *p, int i)
{
    return i == p->count - 1 && p->rest.prim ? &p->rest : &p->whole;
}

ost_rc ost_pieces_add_own(ost_pieces *p, const ost_backend *backend, int name,
                          dnnl_query_t what, int index, int64_t step,
                          ost_err *err)
{
    assert(p->operands < OST_DNNL_ARGS - 1);
    for (int i = 0; i < p->count; i++) {
        const ost_prim *prim = prim_of(p, i);
        const dnnl_memory_desc_t *md =
            dnnl_primitive_desc_query_md(prim->pd, what, index);
        ost_rc rc = ost_args_add(&p->args[i], backend, name, md, err);

        if (rc)
            return rc;
    }
    p->step[p->operands++] = step;
    return OST_OK;
}

ost_rc ost_pieces_add(ost_pieces *p, const ost_backend *backend, int name,
                      dnnl_query_t what, int index, int64_t per_item,
                      ost_err *err)
{
    return ost_pieces_add_own(p, backend, name, what, index,
                              per_item * p->items, err);
}

static ost_rc run_piece(ost_pieces *p, const ost_backend *backend, int i,
                        float *const *base, ost_err *err)
{
    const ost_prim *prim = prim_of(p, i);
    size_t thread = (size_t)omp_get_thread_num();
    void *data[OST_DNNL_ARGS];
    ost_args *args = &p->args[i];

    for (int k = 0; k < p->operands; k++)
        data[k] = base[k] + i * p->step[k];
    data[p->operands] = p->scratch + thread * p->scratch_step;
    if (args->count == p->operands) {
        ost_rc rc =
            ost_args_add(args, backend, DNNL_ARG_SCRATCHPAD,
                         ost_prim_desc(prim, dnnl_query_scratchpad_md), err);

        if (rc)
            return rc;
    }
    return ost_prim_run(prim, backend, args, data, err);
}

ost_rc ost_pieces_run(ost_pieces *p, const ost_backend *backend,
                      float *const *base, ost_err *err)
{
    ost_rc failed = OST_OK;

    if (p->whole.threads > 1) {
        assert(p->count == 1);
        return run_piece(p, backend, 0, base, err);
    }
    OST_OMP("omp parallel for schedule(dynamic, 1)")
    for (int i = 0; i < p->count; i++) {
        ost_rc rc = run_piece(p, backend, i, base, NULL);

        if (rc) {
            OST_OMP("omp atomic write")
            failed = rc;
        }
    }
    if (failed)
        return ost_fail(err, failed, "oneDNN cannot run a primitive");
    return OST_OK;
}

/* Of floats a to e of each run. */
static void add_tree(float *partial, int64_t step, int count, int64_t a,
                     int64_t e)
{
    for (int apart = 1; apart < count; apart *= 2)
        for (int i = 0; i + apart < count; i += 2 * apart) {
            float *sum = partial + i * step;
            const float *add = partial + (i + apart) * step;

            for (int64_t k = a; k < e; k++)
                sum[k] += add[k];
        }
}

void ost_pieces_add_up(float *partial, int64_t step, int count)
{
    int64_t chunks = ost_cpu_chunks(step);

    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < chunks; i++) {
        int64_t a = i * OST_CPU_CHUNK;
        int64_t e = a + OST_CPU_CHUNK;

        add_tree(partial, step, count, a, e < step ? e : step);
    }
}
