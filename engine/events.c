/* engine/events.c - what watchers are told, and its form as NDJSON */
#include "base/clock.h"
#include "base/json.h"
#include "engine/run_internal.h"

#include <string.h>

#include "base/banned.h"

static void add_text(ost_buf *out, const char *name, const char *value)
{
    ost_buf_addf(out, ",\"%s\":", name);
    ost_buf_add_json(out, value ? value : "", value ? strlen(value) : 0);
}

static void add_seconds(ost_buf *out, double seconds)
{
    ost_buf_addf(out, ",\"seconds\":%.6f", seconds);
}

static void add_step(ost_buf *out, const ost_event *e)
{
    add_text(out, "step", e->name);
    add_text(out, "node", e->node);
    add_text(out, "stage", e->stage);
    if (e->gpu) {
        add_text(out, "gpu", e->gpu->uuid);
        add_text(out, "gpu_name", e->gpu->name);
    }
}

/* The members of an object, behind those that are there. */
static void add_members(ost_buf *out, const char *object)
{
    size_t n = object ? strlen(object) : 0;

    if (n <= 2 || object[0] != '{')
        return;
    ost_buf_addc(out, ',');
    ost_buf_add(out, object + 1, n - 2);
}

static const char *const verdict_names[] = { "cached", "ran", "failed",
                                             "skipped" };

static void add_finished(ost_buf *out, const ost_event *e)
{
    char hex[OST_DIGEST_HEX];

    add_step(out, e);
    add_text(out, "verdict", verdict_names[e->verdict]);
    add_seconds(out, e->seconds);
    ost_buf_addf(out, ",\"key\":\"%s\",\"outputs\":{",
                 ost_digest_hex(&e->key, hex));
    for (size_t i = 0; i < e->n_outputs; i++) {
        if (i)
            ost_buf_addc(out, ',');
        ost_buf_add_json(out, e->outputs[i].port, strlen(e->outputs[i].port));
        ost_buf_addf(out, ":\"%s\"",
                     ost_digest_hex(&e->outputs[i].artifact, hex));
    }
    ost_buf_addf(out, "},\"computed\":%llu,\"remembered\":%llu",
                 (unsigned long long)e->computed,
                 (unsigned long long)e->remembered);
    if (e->message && *e->message)
        add_text(out, "message", e->message);
}

static void add_totals(ost_buf *out, const ost_event *e)
{
    const ost_run_counts *c = &e->counts;
    const char *status = "failed";

    if (e->exit_status == 0)
        status = "ok";
    else if (e->exit_status == ost_rc_exit_status(OST_EINTERRUPTED))
        status = "interrupted";
    add_text(out, "run", e->run);
    add_text(out, "workflow", e->name);
    add_text(out, "status", status);
    ost_buf_addf(out,
                 ",\"exit_status\":%d,\"cached\":%u,\"ran\":%u,\"failed\":%u,"
                 "\"skipped\":%u,\"computed\":%llu,\"remembered\":%llu",
                 e->exit_status, c->cached, c->ran, c->failed, c->skipped,
                 (unsigned long long)c->computed,
                 (unsigned long long)c->remembered);
    add_seconds(out, c->seconds);
}

void ost_event_json(ost_buf *out, const ost_event *e)
{
    static const char *const names[] = { "run_started", "step_started",
                                         "step_progress", "step_finished",
                                         "run_finished" };
    char time[32];

    ost_buf_addf(out, "{\"event\":\"%s\",\"time\":\"%s\"", names[e->kind],
                 ost_wall_text(time, ost_wall_ns()));
    switch (e->kind) {
    case OST_EVENT_RUN_STARTED:
        add_text(out, "run", e->run);
        add_text(out, "workflow", e->name);
        ost_buf_addf(out, ",\"steps\":%llu", (unsigned long long)e->steps);
        break;
    case OST_EVENT_STEP_STARTED:
        add_step(out, e);
        break;
    case OST_EVENT_STEP_PROGRESS:
        add_step(out, e);
        ost_buf_addf(out, ",\"done\":%llu,\"total\":%llu",
                     (unsigned long long)e->done, (unsigned long long)e->total);
        add_members(out, e->extra);
        break;
    case OST_EVENT_STEP_FINISHED:
        add_finished(out, e);
        break;
    case OST_EVENT_RUN_FINISHED:
        add_totals(out, e);
        break;
    }
    ost_buf_adds(out, "}\n");
}

void ost_run_tell(const ost_run *r, ost_event *event)
{
    event->run = r->result->id;
    if (!event->name)
        event->name = ost_workflow_name(r->plan->wf);
    for (size_t i = 0; i < r->options->n_watches; i++)
        r->options->watches[i].tell(r->options->watches[i].user, event);
}

void ost_run_tell_step(const ost_run *r, uint32_t step, ost_event *event)
{
    const ost_node *node = ost_plan_node_of(r->plan, step)->node;
    ost_buf name = { 0 };

    ost_plan_step_name(r->plan, step, &name);
    event->name = ost_buf_str(&name);
    event->node = node->name;
    event->stage = node->stage->name;
    ost_run_tell(r, event);
    ost_buf_release(&name);
}
