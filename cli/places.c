/* cli/places.c - where a plan computes, for people */
#include "cli/places.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { SHOWN_NODES = 6 };

/* Of its memory: a GPU of which more is taken is worth a warning. */
#define MUCH 0.25

static bool computes(const ost_plan *plan, const ost_plan_node *n)
{
    for (uint32_t k = 0; k < n->node->instances; k++) {
        const ost_step *s = &plan->steps[n->first_step + k];

        if (!(s->flags & OST_STEP_OUT) && s->verdict != OST_VERDICT_CACHED)
            return true;
    }
    return false;
}

/* Names of the nodes that compute on a GPU, or for the reason `why` on none;
 * how many there are. */
static size_t list_nodes(const ost_plan *plan, const char *why, ost_buf *out)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->nodes.len; i++) {
        const ost_plan_node *node = &plan->nodes.data[i];
        const ost_place *place = &node->place;
        bool meant =
            why ? place->why && strcmp(place->why, why) == 0 : place->gpu;

        if (!meant || !computes(plan, node))
            continue;
        if (n < SHOWN_NODES)
            ost_buf_addf(out, "%s%s", n ? ", " : "", node->node->name);
        n++;
    }
    if (n > SHOWN_NODES)
        ost_buf_addf(out, " and %zu more", n - SHOWN_NODES);
    return n;
}

static const char *class_of_gpus(const ost_plan *plan)
{
    for (size_t i = 0; i < plan->nodes.len; i++) {
        if (plan->nodes.data[i].place.gpu)
            return plan->nodes.data[i].place.computes;
    }
    return "";
}

static void add_gpu(const ost_gpu *gpu, ost_buf *out)
{
    ost_gpu_text(gpu, 2, out);
    if (gpu->memory &&
        (double)(gpu->memory - gpu->free) / (double)gpu->memory > MUCH) {
        ost_buf_adds(out, "    warning: much of it is in use");
        if (gpu->n_users)
            ost_buf_adds(out, " by ");
        ost_gpu_users_text(gpu, out);
        ost_buf_addc(out, '\n');
    }
}

static void add_gpus(const ost_plan *plan, ost_buf *out)
{
    const ost_gpus *gpus = &plan->placing.gpus;
    ost_buf names = { 0 };

    if (list_nodes(plan, NULL, &names) > 0) {
        ost_buf_addf(out, "%s: %s, %s\n", ost_buf_str(&names),
                     class_of_gpus(plan),
                     ost_gpu_standin() ? "on a CPU stand-in for CUDA, no GPU"
                                       : "on a GPU");
        for (size_t i = 0; i < gpus->list.len; i++) {
            if (!gpus->list.data[i].unusable)
                add_gpu(&gpus->list.data[i], out);
        }
    }
    ost_buf_release(&names);
}

static bool told_before(const ost_plan *plan, size_t node)
{
    const char *why = plan->nodes.data[node].place.why;

    for (size_t i = 0; i < node; i++) {
        const char *other = plan->nodes.data[i].place.why;

        if (other && strcmp(other, why) == 0)
            return true;
    }
    return false;
}

/* One reason for all nodes, as on the many machines without a GPU: not a word
 * about each of them. */
static bool no_gpu_for_any(const ost_placing *p)
{
    return ost_numerics_portable(p->numerics) || ost_gpus_usable(&p->gpus) == 0;
}

void ost_places_print(const ost_plan *plan)
{
    bool none = no_gpu_for_any(&plan->placing);
    ost_buf out = { 0 }, names = { 0 };

    add_gpus(plan, &out);
    if (plan->placing.words && !plan->placing.looked)
        ost_buf_addf(&out,
                     "warning: '--gpus %s' is about no step, all compute on "
                     "the CPU ('--backend', \"needs\": {\"gpu\": ...})\n",
                     plan->placing.words);
    for (size_t i = 0; i < plan->nodes.len; i++) {
        const char *why = plan->nodes.data[i].place.why;

        ost_buf_reset(&names);
        if (why && !told_before(plan, i) && list_nodes(plan, why, &names) > 0)
            ost_buf_addf(&out, "%s%sCPU: %s\n", none ? "" : ost_buf_str(&names),
                         none ? "" : " on the ", why);
    }
    fputs(ost_buf_str(&out), stderr);
    ost_buf_release(&out);
    ost_buf_release(&names);
}
