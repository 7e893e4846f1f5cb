/* engine/finish.c - what workers answer, commits, and what that makes ready
 *
 * A step's users are told only when its outputs are committed: workers read
 * their inputs from the store.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/leak_path.h"
#include "engine/recent.h"
#include "engine/run_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { SHOWN_LEAKS = 3 }; /* of a step, each of another input */

void ost_flight_free(ost_flight *f)
{
    if (!f)
        return;
    ost_free(f->components);
    ost_free(f->device);
    ost_free(f->outputs);
    ost_free(f->notes);
    ost_free(f->leaks);
    ost_free(f);
}

static void end_flight(ost_run *r, uint32_t step)
{
    ost_flight_free(r->flights[step]);
    r->flights[step] = NULL;
}

static void mark_dirty(ost_run *r)
{
    if (r->dirty_since <= 0)
        r->dirty_since = ost_now();
}

/* --- settling ------------------------------------------------------------- */

/* A cached step whose latest key was another one: it is now this one. */
static void refresh_recent(ost_run *r, uint32_t step)
{
    ost_buf name = { 0 };

    ost_plan_step_name(r->plan, step, &name);
    ost_recent_put(r->batch, ost_workflow_name(r->plan->wf), ost_buf_str(&name),
                   &r->plan->steps[step].key, ost_wall_ns());
    ost_buf_release(&name);
    if (ost_batch_count(r->batch) > 0)
        mark_dirty(r);
}

static void tell_settled(const ost_run *r, uint32_t step, ost_run_verdict v,
                         const char *message)
{
    const ost_plan_node *n = ost_plan_node_of(r->plan, step);
    const ost_digest *digests = ost_plan_outputs(r->plan, step);
    const ost_flight *f = r->flights[step];
    ost_output *outputs = ost_xalloc((n->n_outputs + 1) * sizeof(*outputs));

    for (uint32_t i = 0; i < n->n_outputs; i++) {
        outputs[i].port = n->node->stage->outputs[i].name;
        outputs[i].artifact = digests[i];
        outputs[i].type = (uint8_t)n->node->stage->outputs[i].type;
    }
    ost_run_tell_step(
        r, step,
        &(ost_event){ .kind = OST_EVENT_STEP_FINISHED,
                      .verdict = v,
                      .seconds = f ? f->seconds : 0,
                      .gpu = f ? f->gpu : NULL,
                      .computed = f ? f->computed : 0,
                      .remembered = f ? f->remembered : 0,
                      .key = r->plan->steps[step].key,
                      .outputs = outputs,
                      .n_outputs = v == OST_RUN_FAILED ? 0 : n->n_outputs,
                      .message = message });
    ost_free(outputs);
}

void ost_run_settle(ost_run *r, uint32_t step, ost_step_state state,
                    const char *message)
{
    static const ost_run_verdict verdicts[] = {
        [OST_STATE_CACHED] = OST_RUN_CACHED,
        [OST_STATE_RAN] = OST_RUN_RAN,
        [OST_STATE_FAILED] = OST_RUN_FAILED,
        [OST_STATE_SKIPPED] = OST_RUN_SKIPPED,
    };
    ost_run_counts *c = &r->result->counts;
    ost_run_verdict v = verdicts[state];

    r->state[step] = (uint8_t)state;
    r->result->verdicts[step] = v;
    c->cached += v == OST_RUN_CACHED;
    c->ran += v == OST_RUN_RAN;
    c->failed += v == OST_RUN_FAILED;
    c->skipped += v == OST_RUN_SKIPPED;
    r->open--;
    if (v == OST_RUN_CACHED)
        refresh_recent(r, step);
    if (r->options->n_watches && v != OST_RUN_SKIPPED)
        tell_settled(r, step, v, message);
    ost_vec_push(&r->settled, step);
}

static ost_rc tell_user(ost_run *r, uint32_t user, bool usable, ost_err *err)
{
    if (r->state[user] != OST_STATE_WAITING)
        return OST_OK;
    if (!usable) {
        ost_run_settle(r, user, OST_STATE_SKIPPED, "");
        return OST_OK;
    }
    if (--r->waits[user] > 0)
        return OST_OK;
    return ost_run_resolve(r, user, err);
}

ost_rc ost_run_propagate(ost_run *r, ost_err *err)
{
    ost_rc rc = OST_OK;

    while (r->settled.len > 0 && !rc) {
        uint32_t step = r->settled.data[--r->settled.len];
        bool usable = r->state[step] == OST_STATE_CACHED ||
                      r->state[step] == OST_STATE_RAN;

        for (uint32_t u = r->users_at[step]; u < r->users_at[step + 1] && !rc;
             u++)
            rc = tell_user(r, r->users[u], usable, err);
    }
    return rc;
}

ost_rc ost_run_resolve(ost_run *r, uint32_t step, ost_err *err)
{
    ost_step *s = &r->plan->steps[step];
    ost_buf components = { 0 };
    ost_rc rc = OST_OK;

    if (ost_digest_is_zero(&s->key)) {
        rc = ost_plan_components(r->plan, step, &components, NULL, NULL, err);
        if (!rc)
            s->key = ost_key_of(&components);
        ost_buf_release(&components);
        if (rc)
            return rc;
        /* The same outputs as before: nothing below is to be done. */
        if (!(s->flags & OST_STEP_FORCED) && ost_plan_probe(r->plan, step)) {
            ost_run_settle(r, step, OST_STATE_CACHED, "");
            return OST_OK;
        }
    }
    ost_run_push_ready(r, step);
    return OST_OK;
}

void ost_run_failed(ost_run *r, uint32_t step, ost_rc rc, const char *message)
{
    const ost_node *node = ost_plan_node_of(r->plan, step)->node;
    bool again = r->attempts[step] < node->retries && !r->halted;
    ost_failed_step failure = { .step = step, .rc = rc };

    ost_lease_drop(r->store, &r->plan->steps[step].key);
    if (rc == OST_EINTERRUPTED && r->interrupted) {
        end_flight(r, step);
        r->state[step] = OST_STATE_WAITING;
        return;
    }
    if (again) {
        r->attempts[step]++;
        ost_warn("%s: %s; trying again (%u of %u)", node->name, message,
                 r->attempts[step], node->retries);
        end_flight(r, step);
        ost_run_push_ready(r, step);
        return;
    }
    failure.message = ost_xstrdup(message);
    ost_vec_push(&r->result->failures, failure);
    ost_run_settle(r, step, OST_STATE_FAILED, message);
    end_flight(r, step);
    /* What failed for want of disk would fail again and again. */
    if (!r->options->keep_going || ost_rc_exit_status(rc) == 4)
        r->halted = true;
}

/* --- answers -------------------------------------------------------------- */

static ost_rc take_outputs(ost_run *r, const ost_worker *w, uint32_t step,
                           const ost_done_msg *m, ost_err *err)
{
    const ost_plan_node *n = ost_plan_node_of(r->plan, step);
    ost_flight *f = r->flights[step];

    f->n_outputs = n->n_outputs;
    f->outputs = ost_xalloc((n->n_outputs + 1) * sizeof(*f->outputs));
    for (uint32_t p = 0; p < n->n_outputs; p++) {
        const char *port = n->node->stage->outputs[p].name;
        const ost_done_output *o = m->outputs;
        const ost_done_output *end = o + m->n_outputs;

        while (o < end && strcmp(o->port, port) != 0)
            o++;
        if (o == end)
            return ost_fail(err, OST_EPROTO, "stage '%s' gave no output '%s'",
                            n->node->stage->name, port);
        f->outputs[p] = (ost_output){ port, o->type, o->artifact, o->items };
    }
    f->seconds = m->seconds;
    f->computed = m->computed;
    f->remembered = m->remembered;
    f->notes = ost_xstrdup(m->notes);
    f->device = ost_run_gpu_text(r, w, m->libraries);
    return OST_OK;
}

/* How leaks came about; what cannot be read is left out. */
static void trace_leaks(ost_run *r, uint32_t step)
{
    ost_buf text = { 0 };
    ost_err mine = { 0 };

    if (ost_leak_paths(r->plan, r->batch, step, SHOWN_LEAKS, &text, &mine))
        ost_warn("%s", mine.text);
    if (text.len > 0)
        r->flights[step]->leaks = ost_xstrdup(ost_buf_str(&text));
    ost_buf_release(&text);
}

/* Its message goes with how leaks came about, or what the worker of a GPU that
 * failed had to say. */
static void fail_with_more(ost_run *r, ost_worker *w, uint32_t step,
                           const ost_done_msg *m)
{
    const char *leaks = r->flights[step]->leaks;
    ost_buf message = { 0 };

    ost_buf_adds(&message, m->error);
    if (leaks)
        ost_buf_addf(&message, "\n%s", leaks);
    if (m->rc == OST_EDEVICE) {
        w->poisoned = true;
        ost_worker_add_log(w, &message);
        ost_run_gpu_failed(r, w, m->error);
    }
    ost_run_failed(r, step, (ost_rc)m->rc, ost_buf_str(&message));
    ost_buf_release(&message);
}

static ost_rc on_done(ost_run *r, ost_worker *w, const ost_done_msg *m,
                      ost_err *err)
{
    uint32_t step = ost_worker_head(w);
    ost_err mine = { 0 };
    ost_rc rc;

    if (m->tag != step)
        return ost_fail(err, OST_EPROTO, "a worker answered out of turn");
    ost_worker_pop(w);
    if (m->leaked)
        trace_leaks(r, step);
    if (m->rc) {
        /* The items that were done before it failed are remembered. */
        if (m->batch_size > 0) {
            rc = ost_batch_add_encoded(r->batch, m->batch, m->batch_size, err);
            if (rc)
                return rc;
            mark_dirty(r);
        }
        r->flights[step]->seconds = m->seconds;
        fail_with_more(r, w, step, m);
        return ost_run_propagate(r, err);
    }
    rc = take_outputs(r, w, step, m, &mine);
    if (rc) {
        ost_run_failed(r, step, rc, mine.text);
        return ost_run_propagate(r, err);
    }
    ost_run_gpu_worked(r, w);
    ost_run_timed(r, step, m->seconds);
    if (m->batch_size > 0)
        rc = ost_batch_add_encoded(r->batch, m->batch, m->batch_size, err);
    if (rc)
        return rc;
    r->state[step] = OST_STATE_FINISHED;
    ost_vec_push(&r->finished, step);
    mark_dirty(r);
    return OST_OK;
}

static void on_progress(ost_run *r, const ost_progress_msg *m)
{
    if (m->tag >= r->plan->n_steps || !r->options->n_watches)
        return;
    ost_run_tell_step(r, (uint32_t)m->tag,
                      &(ost_event){ .kind = OST_EVENT_STEP_PROGRESS,
                                    .done = m->done,
                                    .total = m->total,
                                    .extra = m->extra });
}

static ost_rc on_message(ost_run *r, ost_worker *w, ost_msg kind,
                         const unsigned char *body, size_t size, ost_err *err)
{
    ost_progress_msg progress;
    ost_done_msg done;

    ost_arena_reset(&r->scratch);
    if (kind == OST_MSG_DONE && w->n_queued > 0 &&
        ost_done_msg_decode(body, size, &r->scratch, &done))
        return on_done(r, w, &done, err);
    if (kind == OST_MSG_PROGRESS &&
        ost_progress_msg_decode(body, size, &r->scratch, &progress)) {
        on_progress(r, &progress);
        return OST_OK;
    }
    if (kind == OST_MSG_COMMIT) {
        mark_dirty(r);
        return ost_batch_add_encoded(r->batch, body, size, err);
    }
    return ost_fail(err, OST_EPROTO, "a worker sent nonsense");
}

ost_rc ost_run_answers(ost_run *r, ost_worker *w, ost_err *err)
{
    const unsigned char *body;
    ost_rc rc = OST_OK;
    ost_msg kind;
    size_t size;
    int found = 0;

    while (!rc && !w->poisoned &&
           (found = ost_worker_next(w, &kind, &body, &size)) > 0) {
        rc = on_message(r, w, kind, body, size, err);
        if (!rc && (r->finished.len >= OST_GROUP_STEPS ||
                    ost_batch_bytes(r->batch) > OST_GROUP_BYTES))
            rc = ost_run_commit(r, err);
    }
    if (!rc && found < 0)
        rc = ost_fail(err, OST_EPROTO, "a worker sent nonsense");
    return rc;
}

/* --- commits -------------------------------------------------------------- */

typedef struct source_visit {
    const ost_run *r;
    bool *checked; /* per source: looked at in this commit already */
    ost_rc *results;
    ost_err *errs;
    ost_rc rc;
    ost_err *err;
} source_visit;

static void visit_source(void *user, const ost_feed *feed)
{
    source_visit *v = user;
    int32_t i = feed->source;

    if (i < 0 || v->rc)
        return;
    if (!v->checked[i]) {
        v->checked[i] = true;
        v->results[i] = ost_source_verify(
            v->r->store, ost_workflow_source(v->r->plan->wf, (size_t)i),
            &v->r->plan->sources[i], &v->errs[i]);
    }
    v->rc = v->results[i];
    if (v->rc)
        *v->err = v->errs[i];
}

/* Fails the finished steps whose sources are not as they were planned. */
static void verify_sources(ost_run *r)
{
    size_t n = ost_workflow_source_count(r->plan->wf);
    ost_err err = { 0 };
    source_visit v = { .r = r, .err = &err };
    size_t kept = 0;

    if (n == 0)
        return;
    v.checked = ost_xalloc(n * sizeof(*v.checked));
    v.results = ost_xalloc(n * sizeof(*v.results));
    v.errs = ost_xalloc(n * sizeof(*v.errs));
    for (size_t i = 0; i < r->finished.len; i++) {
        uint32_t step = r->finished.data[i];

        v.rc = OST_OK;
        ost_plan_feeds(r->plan, step, visit_source, &v);
        if (v.rc)
            ost_run_failed(r, step, v.rc, err.text);
        else
            r->finished.data[kept++] = step;
    }
    r->finished.len = kept;
    ost_free(v.checked);
    ost_free(v.results);
    ost_free(v.errs);
}

static void put_record(ost_run *r, uint32_t step, ost_buf *scratch)
{
    const ost_key *key = &r->plan->steps[step].key;
    const ost_flight *f = r->flights[step];
    ost_node_record record = { .components = f->components,
                               .outputs = f->outputs,
                               .n_outputs = f->n_outputs,
                               .seconds = f->seconds,
                               .wall_ns = ost_wall_ns(),
                               .computed = f->computed,
                               .remembered = f->remembered,
                               .notes = f->notes,
                               .device = f->device };

    ost_buf_reset(scratch);
    ost_node_record_encode(scratch, &record);
    ost_batch_put(r->batch, OST_TABLE_NODES, key->b, sizeof(key->b),
                  scratch->data, scratch->len);
    ost_buf_reset(scratch);
    ost_plan_step_name(r->plan, step, scratch);
    ost_recent_put(r->batch, ost_workflow_name(r->plan->wf),
                   ost_buf_str(scratch), key, record.wall_ns);
}

static void keep_notes(ost_run *r, uint32_t step, const char *line)
{
    ost_buf name = { 0 };

    if (!line || !*line)
        return;
    ost_plan_step_name(r->plan, step, &name);
    while (*line) {
        size_t n = strcspn(line, "\n");

        if (n > 0)
            ost_vec_push(
                &r->result->notes,
                ost_xprintf("%s: %.*s", ost_buf_str(&name), (int)n, line));
        line += n + (line[n] == '\n');
    }
    ost_buf_release(&name);
}

static void finish(ost_run *r, uint32_t step)
{
    const ost_flight *f = r->flights[step];
    ost_ran_step ran = { step, (float)f->seconds, f->computed, f->remembered };
    ost_digest *digests = ost_plan_outputs(r->plan, step);
    char *message = NULL;

    ost_lease_drop(r->store, &r->plan->steps[step].key);
    for (uint32_t p = 0; p < f->n_outputs; p++)
        digests[p] = f->outputs[p].artifact;
    ost_vec_push(&r->ran, ran);
    r->result->counts.computed += f->computed;
    r->result->counts.remembered += f->remembered;
    keep_notes(r, step, f->notes);
    keep_notes(r, step, f->leaks);
    if (f->leaks) {
        ost_vec_push(&r->result->leaks,
                     (ost_failed_step){ .step = step,
                                        .message = ost_xstrdup(f->leaks) });
        message = ost_xprintf("%s%s", f->notes, f->leaks);
    }
    ost_run_settle(r, step, OST_STATE_RAN, message ? message : f->notes);
    ost_free(message);
    end_flight(r, step);
}

ost_rc ost_run_commit(ost_run *r, ost_err *err)
{
    double began = ost_now(), verified;
    ost_buf scratch = { 0 };
    ost_rc rc;
    size_t n;

    if (r->finished.len > 0)
        verify_sources(r);
    verified = ost_now();
    for (size_t i = 0; i < r->finished.len; i++)
        put_record(r, r->finished.data[i], &scratch);
    ost_buf_release(&scratch);
    ost_log(STORE, "commit: %zu steps, %zu records, %zu bytes", r->finished.len,
            ost_batch_count(r->batch), ost_batch_bytes(r->batch));
    rc = ost_store_commit(r->store, r->batch, err);
    if (rc)
        return rc;
    ost_log(STATS, "commit of %zu steps: sources %.1f ms, store %.1f",
            r->finished.len, 1e3 * (verified - began),
            1e3 * (ost_now() - verified));
    r->dirty_since = 0;
    n = r->finished.len;
    r->finished.len = 0;
    for (size_t i = 0; i < n; i++)
        finish(r, r->finished.data[i]);
    return ost_run_propagate(r, err);
}
