/* engine/estimate.c - how long steps take, and which path is the longest */
#include "base/alloc.h"
#include "engine/recent.h"
#include "engine/run_internal.h"

#include <string.h>

#include "base/banned.h"

/* What is assumed of a step of which nothing is known. */
#define UNKNOWN_SECONDS 1.0f

double ost_run_expected(const ost_run *r, uint32_t step)
{
    uint32_t node = r->plan->steps[step].node;

    if (r->node_seconds[node] >= 0)
        return (double)r->node_seconds[node];
    return (double)r->stage_seconds[r->node_stage[node]];
}

static void add_duration(float *mean, uint32_t *n, double seconds)
{
    /* An old mean counts as a few measurements, no more. */
    if (*n < 16)
        ++*n;
    if (*mean < 0)
        *mean = 0;
    *mean += ((float)seconds - *mean) / (float)*n;
}

void ost_run_timed(ost_run *r, uint32_t step, double seconds)
{
    uint32_t node = r->plan->steps[step].node;
    uint16_t stage = r->node_stage[node];

    add_duration(&r->node_seconds[node], &r->node_timed[node], seconds);
    add_duration(&r->stage_seconds[stage], &r->stage_timed[stage], seconds);
}

/* The duration that is recorded for the latest key of a step, or -1. */
static double recorded(const ost_run *r, uint32_t step)
{
    ost_recent_key recent[OST_RECENT];
    ost_arena arena = { 0 };
    ost_buf name = { 0 }, text = { 0 };
    ost_node_record record;
    double seconds = -1;

    ost_plan_step_name(r->plan, step, &name);
    if (ost_recent_get(r->store, ost_workflow_name(r->plan->wf),
                       ost_buf_str(&name), recent) > 0 &&
        !ost_store_get(r->store, OST_TABLE_NODES, recent[0].key.b,
                       sizeof(recent[0].key.b), &text, NULL) &&
        !ost_node_record_decode(text.data, text.len, &arena, &record, NULL))
        seconds = record.seconds;
    ost_buf_release(&name);
    ost_buf_release(&text);
    ost_arena_release(&arena);
    return seconds;
}

/* One instance that is to run speaks for its node. */
static void recall_node(ost_run *r, uint32_t node)
{
    const ost_plan_node *n = &r->plan->nodes.data[node];

    for (uint32_t k = 0; k < n->node->instances; k++) {
        uint32_t step = n->first_step + k;
        double seconds;

        if (r->state[step] == OST_STATE_OUT ||
            r->plan->steps[step].verdict == OST_VERDICT_CACHED)
            continue;
        seconds = recorded(r, step);
        if (seconds >= 0)
            ost_run_timed(r, step, seconds);
        return;
    }
}

static uint16_t stage_index(const ost_stage *stage)
{
    uint16_t i = 0;

    while (ost_stages[i] && ost_stages[i] != stage)
        i++;
    return i;
}

void ost_run_estimate(ost_run *r)
{
    const ost_plan *plan = r->plan;
    size_t n_stages = 0;

    while (ost_stages[n_stages])
        n_stages++;
    n_stages++; /* one for a stage that is not in the table (tests) */
    r->node_seconds = ost_xalloc((plan->nodes.len + 1) * sizeof(float));
    r->node_timed = ost_xalloc((plan->nodes.len + 1) * sizeof(uint32_t));
    r->node_stage = ost_xalloc((plan->nodes.len + 1) * sizeof(uint16_t));
    r->stage_seconds = ost_xalloc(n_stages * sizeof(float));
    r->stage_timed = ost_xalloc(n_stages * sizeof(uint32_t));
    for (size_t i = 0; i < n_stages; i++)
        r->stage_seconds[i] = -1;
    for (size_t i = 0; i < plan->nodes.len; i++) {
        r->node_seconds[i] = -1;
        r->node_stage[i] = stage_index(plan->nodes.data[i].node->stage);
    }
    for (size_t i = 0; i < plan->nodes.len && plan->remembered; i++)
        recall_node(r, (uint32_t)i);
    r->rank = ost_xalloc((plan->n_steps + 1) * sizeof(*r->rank));
    for (size_t i = plan->n_steps; i-- > 0;) {
        double own = ost_run_expected(r, (uint32_t)i);
        float longest = 0;

        for (uint32_t u = r->users_at[i]; u < r->users_at[i + 1]; u++) {
            if (r->rank[r->users[u]] > longest)
                longest = r->rank[r->users[u]];
        }
        r->rank[i] = longest + (own < 0 ? UNKNOWN_SECONDS : (float)own);
    }
}
