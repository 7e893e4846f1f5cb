/* engine/run_gpus.c - the GPUs of a run, each with a worker of its own
 *
 * A worker sees one GPU or slice, chosen by its UUID.  When the GPU fails under
 * a step, the worker is replaced: its CUDA context is of no use any more.  A
 * GPU whose workers fail again and again without a success in between is given
 * up, or it would take step after step from those that work.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "engine/run_internal.h"

#include <string.h>

#include "base/banned.h"

enum { STRIKES = 3 };

static bool plan_has_gpu_steps(const ost_plan *plan)
{
    for (size_t i = 0; i < plan->nodes.len; i++) {
        if (plan->nodes.data[i].place.gpu)
            return true;
    }
    return false;
}

void ost_run_list_gpus(ost_run *r)
{
    const ost_gpus *gpus = &r->plan->placing.gpus;

    if (!plan_has_gpu_steps(r->plan))
        return;
    r->gpus = ost_xalloc((gpus->list.len + 1) * sizeof(*r->gpus));
    for (size_t i = 0; i < gpus->list.len; i++) {
        if (!gpus->list.data[i].unusable)
            r->gpus[r->n_gpus++].gpu = &gpus->list.data[i];
    }
}

bool ost_run_on_gpu(const ost_run *r, uint32_t step)
{
    return ost_plan_node_of(r->plan, step)->place.gpu;
}

ost_run_gpu *ost_run_gpu_of(const ost_run *r, const ost_worker *w)
{
    size_t i = (size_t)(w - r->workers);

    return i < r->jobs ? NULL : &r->gpus[i - r->jobs];
}

bool ost_run_gpu_takes(const ost_run_gpu *g, const ost_node *node)
{
    return !g->given_up && g->gpu->memory >= node->memory;
}

void ost_run_gpu_failed(ost_run *r, const ost_worker *w, const char *words)
{
    ost_run_gpu *g = ost_run_gpu_of(r, w);
    ost_buf label = { 0 };

    if (!g)
        return;
    ost_free(r->gpu_failure);
    r->gpu_failure = ost_xstrdup(words);
    if (++g->strikes < STRIKES || g->given_up)
        return;
    g->given_up = true;
    ost_gpu_label(g->gpu, &label);
    ost_warn("%s (%s) failed %d times in a row and is not used any more in "
             "this run",
             ost_buf_str(&label), g->gpu->uuid, STRIKES);
    ost_buf_release(&label);
}

void ost_run_gpu_worked(ost_run *r, const ost_worker *w)
{
    ost_run_gpu *g = ost_run_gpu_of(r, w);

    if (g)
        g->strikes = 0;
}

char *ost_run_gpu_text(const ost_run *r, const ost_worker *w,
                       const char *libraries)
{
    const ost_run_gpu *g = ost_run_gpu_of(r, w);
    const char *driver = r->plan->placing.gpus.driver;
    ost_buf out = { 0 };

    if (!g)
        return NULL;
    ost_buf_addf(&out, "%s (%s)", g->gpu->name, g->gpu->uuid);
    if (*driver)
        ost_buf_addf(&out, ", driver %s", driver);
    if (*libraries)
        ost_buf_addf(&out, ", %s", libraries);
    return (char *)ost_buf_detach(&out, NULL);
}

static bool any_given_up(const ost_run *r)
{
    for (uint32_t i = 0; i < r->n_gpus; i++) {
        if (r->gpus[i].given_up)
            return true;
    }
    return false;
}

/* Is there a GPU that may still take the step? */
static bool has_taker(const ost_run *r, uint32_t step)
{
    const ost_node *node = ost_plan_node_of(r->plan, step)->node;

    for (uint32_t i = 0; i < r->n_gpus; i++) {
        if (ost_run_gpu_takes(&r->gpus[i], node))
            return true;
    }
    return false;
}

ost_rc ost_run_fail_without_gpu(ost_run *r, ost_err *err)
{
    OST_VEC(uint32_t) left = { 0 };
    char *message;
    size_t n = any_given_up(r) ? r->ready[OST_LANE_GPU].len : 0;

    if (n == 0)
        return OST_OK;
    for (size_t i = 0; i < n; i++)
        ost_vec_push(&left, r->ready[OST_LANE_GPU].data[i]);
    r->ready[OST_LANE_GPU].len = 0;
    message = ost_xprintf("no GPU is left that works; the last failure was: %s",
                          r->gpu_failure);
    for (size_t i = 0; i < left.len; i++) {
        if (has_taker(r, left.data[i]))
            ost_run_push_ready(r, left.data[i]);
        else
            ost_run_failed(r, left.data[i], OST_EDEVICE, message);
    }
    ost_free(message);
    ost_vec_release(&left);
    return ost_run_propagate(r, err);
}
