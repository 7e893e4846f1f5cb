/* kernels/cpu/pieces.c - a primitive over pieces of the batch */
#include "kernels/cpu/pieces.h"

#include "kernels/cpu/threads.h"

#include <assert.h>
#include <string.h>

#include "base/banned.h"

enum { PAGE = 4096 };
enum { SMALL = 1 << 19 }; /* floats of all runs of a sum without waves */

/* Asks for scratch memory once the primitives are made. */
static void ask_scratch(ost_pieces *p, ost_layer *layer, bool cut,
                        ost_life life)
{
    size_t scratch =
        p->whole.scratch > p->rest.scratch ? p->whole.scratch : p->rest.scratch;

    p->scratch_step = (scratch + PAGE - 1) / PAGE * PAGE;
    ost_layer_memory(
        layer, p->scratch_step * (size_t)(cut ? layer->backend->threads : 1),
        life, &p->scratch);
}

ost_rc ost_pieces_init(ost_pieces *p, ost_layer *layer, ost_piece_maker make,
                       bool cut, ost_life life, ost_err *err)
{
    int64_t n = layer->in[0]->shape[0];
    int threads = cut ? 1 : layer->backend->threads;
    ost_rc rc;

    p->items = cut ? (n + OST_PIECES - 1) / OST_PIECES : n;
    p->count = (int)((n + p->items - 1) / p->items);
    p->wave = p->count;
    rc = make(layer, p->items, threads, &p->whole, err);
    if (!rc && n % p->items)
        rc = make(layer, n % p->items, threads, &p->rest, err);
    if (!rc)
        ask_scratch(p, layer, cut, life);
    return rc;
}

ost_rc ost_pieces_init_channels(ost_pieces *p, ost_layer *layer,
                                ost_piece_maker make, int count,
                                int64_t channels, ost_life life, ost_err *err)
{
    ost_rc rc = make(layer, channels, 1, &p->whole, err);

    p->items = channels;
    p->count = count;
    p->wave = count;
    if (!rc)
        ask_scratch(p, layer, true, life);
    return rc;
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
    p->own[p->operands] = true;
    p->step[p->operands++] = step;
    return OST_OK;
}

ost_rc ost_pieces_add(ost_pieces *p, const ost_backend *backend, int name,
                      dnnl_query_t what, int index, int64_t per_item,
                      ost_err *err)
{
    ost_rc rc = ost_pieces_add_own(p, backend, name, what, index,
                                   per_item * p->items, err);

    p->own[p->operands - 1] = false;
    return rc;
}

static ost_rc run_piece(ost_pieces *p, const ost_backend *backend, int i,
                        float *const *base, ost_err *err)
{
    const ost_prim *prim = prim_of(p, i);
    size_t thread = (size_t)omp_get_thread_num();
    void *data[OST_DNNL_ARGS];
    ost_args *args = &p->args[i];

    for (int k = 0; k < p->operands; k++)
        data[k] = base[k] + (p->own[k] ? i % p->wave : i) * p->step[k];
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

static ost_rc run_some(ost_pieces *p, const ost_backend *backend,
                       float *const *base, int from, int to, ost_err *err)
{
    ost_rc failed = OST_OK;

    if (p->whole.threads > 1) {
        assert(p->count == 1);
        return run_piece(p, backend, 0, base, err);
    }
    OST_OMP("omp parallel for schedule(dynamic, 1)")
    for (int i = from; i < to; i++) {
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

ost_rc ost_pieces_run(ost_pieces *p, const ost_backend *backend,
                      float *const *base, ost_err *err)
{
    return run_some(p, backend, base, 0, p->count, err);
}

int64_t ost_pieces_runs(ost_pieces *p, const ost_backend *backend, int64_t step)
{
    int kept = 0;

    p->wave = 1;
    while (p->wave < p->count &&
           (p->wave < backend->threads || step * p->count < SMALL))
        p->wave *= 2;
    /* Sums of 2^k waves: one for each k at a time. */
    while (p->wave << kept < p->count)
        kept++;
    return p->wave + kept;
}

static void add_run(float *sums, int64_t step, int to, int from, int64_t a,
                    int64_t e)
{
    float *sum = sums + to * step;
    const float *add = sums + from * step;

    for (int64_t k = a; k < e; k++)
        sum[k] += add[k];
}

/* Adds floats a to e of the runs of the wave that begins with piece `first`
 * into those of its first, then the sums of waves before it, the lowest powers
 * of two first.  What is not complete is put beside them. */
static void add_wave(const ost_pieces *p, float *sums, int64_t step, int first,
                     int64_t a, int64_t e)
{
    int left = p->count - first;
    int count = left < p->wave ? left : p->wave;
    bool last = left <= p->wave;
    int number = first / p->wave;
    int k = 0;

    for (int apart = 1; apart < count; apart *= 2)
        for (int i = 0; i + apart < count; i += 2 * apart)
            add_run(sums, step, i, i + apart, a, e);
    for (; number >> k && (last || number >> k & 1); k++)
        if (number >> k & 1)
            add_run(sums, step, 0, p->wave + k, a, e);
    if (!last)
        memcpy(sums + (p->wave + k) * step + a, sums + a,
               (size_t)(e - a) * sizeof(float));
}

ost_rc ost_pieces_run_sum(ost_pieces *p, const ost_backend *backend,
                          float *const *base, float *sums, int64_t step,
                          ost_err *err)
{
    int64_t chunks = ost_cpu_chunks(step);
    ost_rc rc = OST_OK;

    for (int first = 0; !rc && first < p->count; first += p->wave) {
        int left = p->count - first;

        rc = run_some(p, backend, base, first,
                      first + (left < p->wave ? left : p->wave), err);
        if (rc)
            return rc;
        OST_OMP("omp parallel for schedule(static)")
        for (int64_t i = 0; i < chunks; i++) {
            int64_t a = i * OST_CPU_CHUNK;
            int64_t e = a + OST_CPU_CHUNK;

            add_wave(p, sums, step, first, a, e < step ? e : step);
        }
    }
    return rc;
}
