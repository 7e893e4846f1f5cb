/* engine/schedule.c - which step goes to which worker
 *
 * The ready step with the longest path behind it goes first.  Steps that are
 * known to take a few milliseconds travel in batches: a worker's queue may
 * hold up to OST_PIPELINE of them, but no more than about 20 ms of work.  How
 * many threads a step gets is decided when it is sent; results do not depend
 * on it.
 */
#include "base/clock.h"
#include "base/log.h"
#include "engine/run_internal.h"

#include <string.h>

#include "base/banned.h"

#define TINY_SECONDS  0.005
#define QUEUE_SECONDS 0.020

/* How many ready steps are looked at when the first does not fit. */
enum { LOOK_AHEAD = 16 };

/* --- the heap ------------------------------------------------------------- */

static bool before(const ost_run *r, uint32_t a, uint32_t b)
{
    if (r->rank[a] != r->rank[b])
        return r->rank[a] > r->rank[b];
    return a < b;
}

void ost_run_push_ready(ost_run *r, uint32_t step)
{
    ost_lane lane = ost_run_on_gpu(r, step) ? OST_LANE_GPU : OST_LANE_CPU;
    size_t i = r->ready[lane].len;
    uint32_t *heap;

    r->state[step] = OST_STATE_READY;
    ost_vec_push(&r->ready[lane], step);
    heap = r->ready[lane].data;
    while (i > 0 && before(r, step, heap[(i - 1) / 2])) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = step;
}

static uint32_t pop_ready(ost_run *r, ost_lane lane)
{
    uint32_t *heap = r->ready[lane].data;
    uint32_t top = heap[0];
    uint32_t last = heap[--r->ready[lane].len];
    size_t n = r->ready[lane].len;
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= n)
            break;
        if (child + 1 < n && before(r, heap[child + 1], heap[child]))
            child++;
        if (!before(r, heap[child], last))
            break;
        heap[i] = heap[child];
        i = child;
    }
    if (n > 0)
        heap[i] = last;
    return top;
}

/* --- choosing ------------------------------------------------------------- */

static const ost_node *node_of(const ost_run *r, uint32_t step)
{
    return ost_plan_node_of(r->plan, step)->node;
}

typedef struct usage {
    uint32_t running; /* workers with something to do */
    uint32_t threads;
    uint64_t memory;
} usage;

static usage used(const ost_run *r)
{
    usage u = { 0 };

    for (uint32_t i = 0; i < r->n_workers; i++) {
        u.running += r->workers[i].n_queued > 0;
        u.threads += r->workers[i].threads;
        u.memory += r->workers[i].memory;
    }
    return u;
}

bool ost_run_in_flight(const ost_run *r)
{
    return used(r).running > 0;
}

bool ost_run_starved(const ost_run *r)
{
    return used(r).running < r->n_workers;
}

/* What a step takes of the machine's memory: "memory" is of the GPU for one
 * that has a GPU. */
static uint64_t host_memory(const ost_run *r, uint32_t step)
{
    return ost_run_on_gpu(r, step) ? 0 : node_of(r, step)->memory;
}

/* Does the step fit beside what is running?  One that would never fit runs
 * alone. */
static bool fits(const ost_run *r, uint32_t step, const usage *u)
{
    const ost_node *node = node_of(r, step);
    uint64_t memory = host_memory(r, step);

    if (u->running == 0)
        return true;
    if (memory && u->memory + memory > r->memory)
        return false;
    return node->threads <= 1 || u->threads + node->threads <= r->threads;
}

/* A step on a GPU is given what feeds it, so that those of the CPU have theirs
 * beside it. */
static uint32_t share_threads(const ost_run *r, uint32_t step, const usage *u)
{
    const ost_node *node = node_of(r, step);
    size_t sharers = u->running + 1 + r->ready[OST_LANE_CPU].len +
                     r->ready[OST_LANE_GPU].len;
    uint32_t left = r->threads > u->threads ? r->threads - u->threads : 0;
    uint32_t share;

    if (node->threads > 0)
        return node->threads < r->threads ? node->threads : r->threads;
    if (sharers > r->n_workers)
        sharers = r->n_workers;
    if (ost_run_on_gpu(r, step) && sharers < r->n_gpus + 1)
        sharers = r->n_gpus + 1;
    share = r->threads / (uint32_t)sharers;
    if (share > left)
        share = left;
    return share > 0 ? share : 1;
}

static bool is_tiny(const ost_run *r, uint32_t step)
{
    double expected = ost_run_expected(r, step);
    const ost_node *node = node_of(r, step);

    return expected >= 0 && expected < TINY_SECONDS && !r->solo[step] &&
           node->timeout <= 0 && node->memory == 0 && node->threads <= 1;
}

/* Has the worker what the step is to compute on? */
static bool suits(const ost_run *r, const ost_worker *w, uint32_t step)
{
    const ost_run_gpu *g = ost_run_gpu_of(r, w);

    if (!g || !ost_run_on_gpu(r, step))
        return !g && !ost_run_on_gpu(r, step);
    return ost_run_gpu_takes(g, node_of(r, step));
}

/* Of two that could be started: not the one whose GPU failed before. */
static bool is_fresher(const ost_run *r, const ost_worker *a,
                       const ost_worker *b)
{
    const ost_run_gpu *g = ost_run_gpu_of(r, a);

    return !b || (g && g->strikes < ost_run_gpu_of(r, b)->strikes);
}

/* An idle worker, one that is not started yet, or one whose queue of tiny
 * steps has room; NULL when there is none. */
static ost_worker *choose_worker(const ost_run *r, uint32_t step)
{
    double expected = ost_run_expected(r, step);
    ost_worker *fresh = NULL, *shared = NULL;
    bool tiny = is_tiny(r, step);

    for (uint32_t i = 0; i < r->n_workers; i++) {
        ost_worker *w = &r->workers[i];

        if (!suits(r, w, step))
            continue;
        if (w->pid && w->n_queued == 0)
            return w;
        if (!w->pid && is_fresher(r, w, fresh))
            fresh = w;
        if (w->pid && tiny && !w->open_ended && w->n_queued < OST_PIPELINE &&
            w->expected + expected <= QUEUE_SECONDS &&
            (!shared || w->n_queued < shared->n_queued))
            shared = w;
    }
    return fresh ? fresh : shared;
}

/* --- sending -------------------------------------------------------------- */

typedef struct input_list {
    ost_run *r;
    uint32_t step;
    OST_VEC(ost_step_input) inputs;
} input_list;

/* The axes that the reader gathers over, as name, value, name, value. */
static void gathered_axes(input_list *l, const ost_feed *feed,
                          ost_step_input *in)
{
    const ost_plan_node *reader = ost_plan_node_of(l->r->plan, l->step);
    const ost_workflow *wf = l->r->plan->wf;
    const ost_node *from = ost_workflow_node(wf, feed->node);
    const char **pairs = OST_ARENA_ARRAY(&l->r->scratch, const char *,
                                         2 * (size_t)from->n_axes + 1);
    size_t n = 0;

    for (size_t i = 0; i < from->n_axes && !reader->exported; i++) {
        const ost_axis *axis = ost_workflow_axis(wf, from->axes[i]);
        bool shared = false;

        for (uint32_t k = 0; k < reader->node->n_axes; k++)
            shared |= reader->node->axes[k] == from->axes[i];
        if (shared)
            continue;
        pairs[2 * n] = axis->name;
        pairs[2 * n + 1] = axis->values[ost_instance_axis_value(
            wf, feed->node, feed->instance, from->axes[i])];
        n++;
    }
    in->axes = pairs;
    in->n_axes = (uint32_t)n;
}

static void visit_input(void *user, const ost_feed *feed)
{
    input_list *l = user;
    const ost_plan *plan = l->r->plan;
    const ost_stage *stage = node_of(l->r, l->step)->stage;
    ost_step_input in = { .port = stage->inputs[feed->port].name,
                          .row = feed->row ? feed->row : "",
                          .artifact = *ost_plan_feed_digest(plan, feed),
                          .root = "" };

    if (feed->source >= 0)
        in.root = plan->sources[feed->source].root;
    else
        gathered_axes(l, feed, &in);
    ost_vec_push(&l->inputs, in);
}

static ost_rc send_step(ost_run *r, ost_worker *w, uint32_t step, ost_err *err)
{
    const ost_plan_node *n = ost_plan_node_of(r->plan, step);
    ost_buf components = { 0 }, params = { 0 }, seed = { 0 }, name = { 0 };
    input_list l = { .r = r, .step = step };
    ost_step_msg m = { .tag = step,
                       .stage = n->node->stage->name,
                       .numeric = n->place.numeric,
                       .computes = n->place.computes,
                       .memory = n->place.gpu ? n->node->memory : 0,
                       .key = r->plan->steps[step].key,
                       .threads = w->threads,
                       .exec_allowed = r->options->exec_allowed };
    const ost_run_gpu *g = ost_run_gpu_of(r, w);
    ost_flight *f;
    ost_rc rc;

    if (n->node->stage->flags & OST_STAGE_SECRET)
        m.secret = *ost_workflow_secret(r->plan->wf, NULL);
    ost_arena_reset(&r->scratch);
    rc = ost_plan_components(r->plan, step, &components, &params, &seed, err);
    if (rc)
        goto out;
    ost_plan_step_name(r->plan, step, &name);
    ost_plan_feeds(r->plan, step, visit_input, &l);
    m.name = ost_buf_str(&name);
    m.params = ost_buf_str(&params);
    m.seed = ost_buf_str(&seed);
    m.inputs = l.inputs.data;
    m.n_inputs = (uint32_t)l.inputs.len;
    ost_step_msg_encode(&w->out, &m);
    f = r->flights[step] = ost_xalloc(sizeof(*f));
    f->components = (char *)ost_buf_detach(&components, NULL);
    f->gpu = g ? g->gpu : NULL;
    ost_worker_push(w, step);
    r->state[step] = OST_STATE_SENT;
    if (r->options->n_watches)
        ost_run_tell_step(
            r, step,
            &(ost_event){ .kind = OST_EVENT_STEP_STARTED, .gpu = f->gpu });
out:
    ost_vec_release(&l.inputs);
    ost_buf_release(&components);
    ost_buf_release(&params);
    ost_buf_release(&seed);
    ost_buf_release(&name);
    return rc;
}

static ost_rc assign(ost_run *r, ost_worker *w, uint32_t step, const usage *u,
                     ost_err *err)
{
    double expected = ost_run_expected(r, step);
    const ost_run_gpu *g = ost_run_gpu_of(r, w);
    ost_rc rc;

    if (!w->pid) {
        rc = ost_worker_start(w, r->program, ost_store_path(r->store),
                              g ? g->gpu->uuid : NULL, err);
        if (rc)
            return rc;
    }
    if (w->n_queued == 0) {
        w->threads = share_threads(r, step, u);
        w->memory = host_memory(r, step);
    }
    r->waits_since = 0;
    w->open_ended = w->open_ended || !is_tiny(r, step);
    if (expected > 0)
        w->expected += expected;
    return send_step(r, w, step, err);
}

/* Only one process computes a key.  False when the step is not to be sent:
 * another process is at it, or has just finished it. */
static ost_rc claim(ost_run *r, uint32_t step, bool *ours, ost_err *err)
{
    ost_step *s = &r->plan->steps[step];
    ost_lease_state state;
    ost_rc rc;

    *ours = false;
    rc = ost_lease_take(r->store, &s->key, &state, err);
    if (rc)
        return rc;
    if (state == OST_LEASE_BUSY) {
        ost_log(WORKER, "step %u: another process is at it", step);
        if (r->busy.len == 0)
            r->busy_next = ost_now() + OST_LEASE_POLL_SECONDS;
        if (r->waits_since <= 0)
            r->waits_since = ost_now();
        r->state[step] = OST_STATE_BUSY;
        ost_vec_push(&r->busy, step);
        return OST_OK;
    }
    if (!(s->flags & OST_STEP_FORCED) && ost_plan_probe(r->plan, step)) {
        ost_lease_drop(r->store, &s->key);
        ost_run_settle(r, step, OST_STATE_CACHED, "");
        return ost_run_propagate(r, err);
    }
    *ours = true;
    return OST_OK;
}

/* Takes the next step that fits from the heap; false when none does. */
static bool next_fitting(ost_run *r, ost_lane lane, const usage *u,
                         uint32_t *step, ost_worker **w)
{
    uint32_t passed[LOOK_AHEAD];
    size_t n = 0;
    bool found = false;

    while (!found && r->ready[lane].len > 0 && n < LOOK_AHEAD) {
        *step = pop_ready(r, lane);
        *w = choose_worker(r, *step);
        found = *w && fits(r, *step, u);
        if (!found)
            passed[n++] = *step;
    }
    for (size_t i = 0; i < n; i++)
        ost_run_push_ready(r, passed[i]);
    return found;
}

static ost_rc pump_lane(ost_run *r, ost_lane lane, ost_err *err)
{
    while (!r->halted && r->ready[lane].len > 0) {
        usage u = used(r);
        ost_worker *w;
        uint32_t step;
        bool ours;
        ost_rc rc;

        if (!next_fitting(r, lane, &u, &step, &w))
            break;
        rc = claim(r, step, &ours, err);
        if (!rc && ours)
            rc = assign(r, w, step, &u, err);
        if (rc)
            return rc;
    }
    return OST_OK;
}

ost_rc ost_run_pump(ost_run *r, ost_err *err)
{
    ost_rc rc = ost_run_fail_without_gpu(r, err);

    if (!rc)
        rc = pump_lane(r, OST_LANE_GPU, err);
    if (!rc)
        rc = pump_lane(r, OST_LANE_CPU, err);
    for (uint32_t i = 0; i < r->n_workers && !rc; i++) {
        if (r->workers[i].pid)
            ost_worker_flush(&r->workers[i]);
    }
    return rc;
}
