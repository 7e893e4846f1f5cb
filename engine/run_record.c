/* engine/run_record.c - what is remembered of the run */
#include "base/alloc.h"
#include "base/clock.h"
#include "engine/run_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

void ost_run_new_id(char id[OST_RUN_ID], uint64_t wall_ns)
{
    struct {
        uint64_t time;
        uint64_t pid;
    } seed = { wall_ns, (uint64_t)getpid() };
    time_t seconds = (time_t)(wall_ns / UINT64_C(1000000000));
    ost_digest d = ost_digest_of(&seed, sizeof(seed));
    struct tm t;
    size_t n;

    gmtime_r(&seconds, &t);
    n = strftime(id, OST_RUN_ID, "%Y%m%dT%H%M%S", &t);
    snprintf(id + n, OST_RUN_ID - n, ".%03u-%02x%02x",
             (unsigned)(wall_ns / 1000000 % 1000), d.b[0], d.b[1]);
}

static int by_step(const void *a, const void *b)
{
    uint32_t x = ((const ost_ran_step *)a)->step;
    uint32_t y = ((const ost_ran_step *)b)->step;

    return x < y ? -1 : x > y;
}

static int by_failed_step(const void *a, const void *b)
{
    uint32_t x = ((const ost_failed_step *)a)->step;
    uint32_t y = ((const ost_failed_step *)b)->step;

    return x < y ? -1 : x > y;
}

typedef struct names {
    ost_buf text;
    OST_VEC(size_t) at;
} names;

static void sort_results(ost_run *r)
{
    ost_run_result *result = r->result;

    if (r->ran.len > 1)
        qsort(r->ran.data, r->ran.len, sizeof(*r->ran.data), by_step);
    if (result->failures.len > 1)
        qsort(result->failures.data, result->failures.len,
              sizeof(*result->failures.data), by_failed_step);
    if (result->leaks.len > 1)
        qsort(result->leaks.data, result->leaks.len,
              sizeof(*result->leaks.data), by_failed_step);
}

/* The steps in plan order; names lie behind each other in `text`. */
static size_t list_steps(const ost_run *r, ost_run_step *steps, names *list)
{
    const ost_plan *plan = r->plan;
    size_t n = 0, ran = 0, failed = 0, leaked = 0;

    for (uint32_t i = 0; i < plan->n_steps; i++) {
        ost_run_step *s = &steps[n];

        if (plan->steps[i].flags & OST_STEP_OUT)
            continue;
        *s = (ost_run_step){
            .stage = ost_plan_node_of(plan, i)->node->stage->name,
            .verdict = (uint8_t)r->result->verdicts[i],
            .key = plan->steps[i].key,
            .message = "",
        };
        if (ran < r->ran.len && r->ran.data[ran].step == i) {
            s->seconds = (double)r->ran.data[ran].seconds;
            s->computed = r->ran.data[ran].computed;
            s->remembered = r->ran.data[ran++].remembered;
        }
        if (failed < r->result->failures.len &&
            r->result->failures.data[failed].step == i)
            s->message = r->result->failures.data[failed++].message;
        if (leaked < r->result->leaks.len &&
            r->result->leaks.data[leaked].step == i)
            s->message = r->result->leaks.data[leaked++].message;
        ost_vec_push(&list->at, list->text.len);
        ost_plan_step_name(plan, i, &list->text);
        ost_buf_addc(&list->text, '\0');
        n++;
    }
    for (size_t i = 0; i < n; i++)
        steps[i].name = (const char *)list->text.data + list->at.data[i];
    return n;
}

/* What stands under "outputs": one entry per artifact. */
static size_t list_outputs(const ost_run *r, ost_output **outputs)
{
    const ost_workflow *wf = r->plan->wf;
    OST_VEC(ost_output) list = { 0 };

    for (size_t i = 0; i < ost_workflow_output_count(wf); i++) {
        const ost_wf_output *o = ost_workflow_output(wf, i);

        for (size_t k = 0; k < o->n_feeds; k++) {
            const ost_digest *d = ost_plan_feed_digest(r->plan, &o->feeds[k]);
            ost_output out = { .port = o->name, .artifact = *d };

            if (o->feeds[k].source < 0)
                out.type = (uint8_t)ost_workflow_node(wf, o->feeds[k].node)
                               ->stage->outputs[o->feeds[k].out]
                               .type;
            if (!ost_digest_is_zero(d))
                ost_vec_push(&list, out);
        }
    }
    *outputs = list.data;
    return list.len;
}

void ost_run_put_record(ost_run *r, int exit_status)
{
    ost_run_step *steps = ost_xalloc((r->plan->n_steps + 1) * sizeof(*steps));
    ost_run_record record = {
        .id = r->result->id,
        .workflow = ost_workflow_name(r->plan->wf),
        .started_ns = r->result->started_ns,
        .finished_ns = ost_wall_ns(),
        .exit_status = exit_status,
        .steps = steps,
    };
    ost_output *outputs = NULL;
    names list = { 0 };
    ost_buf text = { 0 }, meta = { 0 };

    ost_buf_adds(&meta, r->options->meta ? r->options->meta : "{}");
    ost_run_add_devices(r, &meta);
    record.meta = ost_buf_str(&meta);
    sort_results(r);
    record.n_steps = list_steps(r, steps, &list);
    record.n_outputs = list_outputs(r, &outputs);
    record.outputs = outputs;
    ost_run_record_encode(&text, &record);
    ost_batch_put(r->batch, OST_TABLE_RUNS, record.id, strlen(record.id),
                  text.data, text.len);
    ost_buf_release(&text);
    ost_buf_release(&meta);
    ost_buf_release(&list.text);
    ost_vec_release(&list.at);
    ost_free(outputs);
    ost_free(steps);
}
