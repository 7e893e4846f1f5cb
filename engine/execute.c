/* engine/execute.c - begins a run, loops over what happens, ends it */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/proc.h"
#include "engine/outcome.h"
#include "engine/run_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/banned.h"

/* How long a garbage collection is waited for. */
#define STORE_WAIT_SECONDS 600.0

enum { MAX_JOBS = 1024 };

void ost_run_result_release(ost_run_result *result)
{
    for (size_t i = 0; i < result->failures.len; i++)
        ost_free(result->failures.data[i].message);
    for (size_t i = 0; i < result->notes.len; i++)
        ost_free(result->notes.data[i]);
    ost_vec_release(&result->failures);
    for (size_t i = 0; i < result->leaks.len; i++)
        ost_free(result->leaks.data[i].message);
    ost_vec_release(&result->leaks);
    ost_vec_release(&result->notes);
    ost_free(result->verdicts);
    ost_buf_release(&result->refusals);
    *result = (ost_run_result){ 0 };
}

/* --- who reads whom ------------------------------------------------------- */

typedef struct link_visit {
    ost_run *r;
    uint32_t step;
    bool fill; /* second pass: the edges themselves */
} link_visit;

static void visit_link(void *user, const ost_feed *feed)
{
    link_visit *v = user;
    uint32_t from;

    if (feed->source >= 0)
        return;
    from = ost_plan_step_at(v->r->plan, feed->node, feed->instance);
    if (v->fill)
        v->r->users[v->r->users_at[from]++] = v->step;
    else
        v->r->users_at[from]++;
}

static void link_steps(ost_run *r)
{
    link_visit v = { .r = r };
    size_t n = r->plan->n_steps;
    uint32_t total = 0;

    r->users_at = ost_xalloc((n + 1) * sizeof(*r->users_at));
    for (int pass = 0; pass < 2; pass++) {
        v.fill = pass == 1;
        for (v.step = 0; v.step < n; v.step++) {
            if (r->state[v.step] != OST_STATE_OUT)
                ost_plan_feeds(r->plan, v.step, visit_link, &v);
        }
        if (v.fill)
            break;
        for (size_t i = 0; i <= n; i++) {
            uint32_t count = r->users_at[i];

            r->users_at[i] = total;
            total += count;
        }
        r->users = ost_xalloc((total + 1) * sizeof(*r->users));
    }
    /* Filling moved each start to its end, which is the next one's start. */
    memmove(r->users_at + 1, r->users_at, n * sizeof(*r->users_at));
    r->users_at[0] = 0;
}

static void count_waits(ost_run *r)
{
    for (size_t i = 0; i < r->plan->n_steps; i++) {
        bool settled = r->plan->steps[i].verdict == OST_VERDICT_CACHED;

        for (uint32_t u = r->users_at[i]; u < r->users_at[i + 1]; u++)
            r->waits[r->users[u]] += !settled;
    }
}

/* --- beginning ------------------------------------------------------------ */

static uint64_t machine_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long size = sysconf(_SC_PAGE_SIZE);

    if (pages <= 0 || size <= 0)
        return UINT64_MAX;
    return (uint64_t)pages * (uint64_t)size / 10 * 9;
}

static void set_limits(ost_run *r)
{
    const ost_run_options *o = r->options;
    uint32_t cores = (uint32_t)ost_proc_cores();

    r->jobs = o->jobs ? o->jobs : cores;
    r->threads = o->threads ? o->threads : cores;
    r->memory = o->memory ? o->memory : machine_memory();
    if (r->jobs > MAX_JOBS)
        r->jobs = MAX_JOBS;
    ost_run_list_gpus(r);
    r->n_workers = r->jobs + r->n_gpus;
    r->workers = ost_xalloc(r->n_workers * sizeof(*r->workers));
    r->program = o->worker ? ost_xstrdup(o->worker) : ost_worker_program();
    if (o->early) {
        r->workers[0] = *o->early;
        *o->early = (ost_worker){ 0 };
    }
}

static void set_states(ost_run *r)
{
    size_t n = r->plan->n_steps;

    r->state = ost_xalloc(n + 1);
    r->attempts = ost_xalloc(n + 1);
    r->solo = ost_xalloc((n + 1) * sizeof(*r->solo));
    r->waits = ost_xalloc((n + 1) * sizeof(*r->waits));
    r->flights = ost_xalloc((n + 1) * sizeof(ost_flight *));
    r->result->verdicts = ost_xalloc((n + 1) * sizeof(ost_run_verdict));
    for (size_t i = 0; i < n; i++) {
        r->result->verdicts[i] = OST_RUN_SKIPPED;
        if (r->plan->steps[i].flags & OST_STEP_OUT)
            continue;
        r->state[i] = OST_STATE_WAITING;
        r->open++;
    }
}

static void watch_signals(ost_run *r, sigset_t *before)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, before);
    r->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Cached steps are settled at once; what waits for nothing becomes ready. */
static ost_rc settle_cached(ost_run *r, ost_err *err)
{
    ost_rc rc = OST_OK;

    for (uint32_t i = 0; i < r->plan->n_steps; i++) {
        if (r->state[i] == OST_STATE_WAITING &&
            r->plan->steps[i].verdict == OST_VERDICT_CACHED)
            ost_run_settle(r, i, OST_STATE_CACHED, "");
    }
    r->settled.len = 0; /* count_waits() has left them out */
    for (uint32_t i = 0; i < r->plan->n_steps && !rc; i++) {
        if (r->state[i] == OST_STATE_WAITING && r->waits[i] == 0)
            rc = ost_run_resolve(r, i, err);
    }
    return rc ? rc : ost_run_propagate(r, err);
}

static ost_rc begin(ost_run *r, ost_err *err)
{
    ost_rc rc;

    set_limits(r);
    set_states(r);
    link_steps(r);
    count_waits(r);
    ost_run_tell(
        r, &(ost_event){ .kind = OST_EVENT_RUN_STARTED, .steps = r->open });
    ost_run_estimate(r);
    rc = settle_cached(r, err);
    if (!rc && ost_batch_count(r->batch) > 0)
        rc = ost_run_commit(r, err); /* workers are to see the sources */
    if (!rc && r->open > 0)
        rc = ost_run_check(r, err);
    return rc;
}

/* --- what happens --------------------------------------------------------- */

static void on_signal(ost_run *r)
{
    struct signalfd_siginfo info;

    while (read(r->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        r->killed = r->interrupted;
        r->interrupted = true;
        r->halted = true;
        for (uint32_t i = 0; i < r->n_workers && !r->killed; i++) {
            ost_worker *w = &r->workers[i];

            if (w->pid && w->n_queued > 0) {
                ost_plain_msg_encode(&w->out, OST_MSG_STOP, NULL, 0);
                ost_worker_flush(w);
            }
        }
    }
}

static bool was_killed_by_kernel(const char *why)
{
    return strstr(why, "signal 9 ") != NULL;
}

/* It is not the step's fault that it did not come to an end. */
static void try_alone(ost_run *r, uint32_t step)
{
    ost_lease_drop(r->store, &r->plan->steps[step].key);
    ost_flight_free(r->flights[step]);
    r->flights[step] = NULL;
    r->solo[step] = true;
    ost_run_push_ready(r, step);
}

/* The step that found its GPU failed has been told of; those behind it have
 * not begun, and go to another process. */
static void replace_worker(ost_run *r, ost_worker *w)
{
    while (w->n_queued > 0) {
        uint32_t step = ost_worker_head(w);

        ost_worker_pop(w);
        try_alone(r, step);
    }
    ost_worker_end(w, true, NULL);
}

/* A worker is gone.  Alone in the queue, a step is to blame; of several it is
 * not known which, so each is tried again by itself. */
static ost_rc lose_worker(ost_run *r, ost_worker *w, ost_rc rc,
                          const char *words, ost_err *err)
{
    uint32_t steps[OST_PIPELINE];
    uint32_t n = w->n_queued;
    ost_buf why = { 0 };

    for (uint32_t i = 0; i < n; i++) {
        steps[i] = ost_worker_head(w);
        ost_worker_pop(w);
    }
    if (words)
        ost_buf_adds(&why, words);
    else
        ost_buf_adds(&why, "worker process died: ");
    if (words) {
        ost_worker_add_log(w, &why);
        ost_worker_end(w, true, NULL);
    } else {
        ost_worker_end(w, true, &why);
        if (was_killed_by_kernel(ost_buf_str(&why)))
            ost_buf_adds(&why, "\n(somebody killed it; the kernel does so when "
                               "memory runs out: say how much a step needs "
                               "with needs.memory, or lower --jobs)");
    }
    ost_run_gpu_failed(r, w, ost_buf_str(&why));
    for (uint32_t i = 0; i < n; i++) {
        if (n == 1)
            ost_run_failed(r, steps[i], rc, ost_buf_str(&why));
        else
            try_alone(r, steps[i]);
    }
    ost_buf_release(&why);
    return ost_run_propagate(r, err);
}

static ost_rc on_worker(ost_run *r, ost_worker *w, short events, ost_err *err)
{
    bool alive = true;
    ost_rc rc;

    if (events & POLLOUT)
        ost_worker_flush(w);
    if (events & (POLLIN | POLLHUP | POLLERR))
        alive = ost_worker_receive(w);
    rc = ost_run_answers(r, w, err);
    if (!rc && w->poisoned) {
        replace_worker(r, w);
        return OST_OK;
    }
    if (rc == OST_EPROTO) {
        char words[OST_ERR_TEXT];

        snprintf(words, sizeof(words), "%s", err->text);
        return lose_worker(r, w, OST_EPROTO, words, err);
    }
    if (!rc && !alive)
        rc = lose_worker(r, w, OST_ECRASH, NULL, err);
    return rc;
}

static double timeout_of(const ost_run *r, const ost_worker *w)
{
    if (!w->pid || w->n_queued == 0)
        return 0;
    return ost_plan_node_of(r->plan, ost_worker_head(w))->node->timeout;
}

static ost_rc end_overdue(ost_run *r, ost_err *err)
{
    double now = ost_now();
    ost_rc rc = OST_OK;

    for (uint32_t i = 0; i < r->n_workers && !rc; i++) {
        ost_worker *w = &r->workers[i];
        double limit = timeout_of(r, w);
        char words[64];

        if (limit <= 0 || now - w->head_since < limit)
            continue;
        snprintf(words, sizeof(words), "took longer than its timeout of %g s",
                 limit);
        rc = lose_worker(r, w, OST_ETIMEOUT, words, err);
    }
    return rc;
}

/* Steps that another process was at: computed by now, or to be tried again. */
static void tell_of_waiting(ost_run *r)
{
    ost_buf name = { 0 };

    if (r->told_to_wait || ost_run_in_flight(r) ||
        ost_now() - r->waits_since < OST_LEASE_PATIENCE)
        return;
    r->told_to_wait = true;
    ost_plan_step_name(r->plan, r->busy.data[0], &name);
    ost_warn("%s: waiting for another osteon process that computes it",
             ost_buf_str(&name));
    ost_buf_release(&name);
}

static void look_at_busy(ost_run *r)
{
    if (r->busy.len == 0 || ost_now() < r->busy_next)
        return;
    tell_of_waiting(r);
    for (size_t i = 0; i < r->busy.len; i++)
        ost_run_push_ready(r, r->busy.data[i]);
    r->busy.len = 0;
}

/* Milliseconds until something is due, -1 for never. */
static int next_due(const ost_run *r)
{
    double due = 1e300;
    double left;

    if (r->dirty_since > 0)
        due = r->dirty_since + OST_GROUP_SECONDS;
    if (r->busy.len > 0 && !r->halted && r->busy_next < due)
        due = r->busy_next;
    for (uint32_t i = 0; i < r->n_workers; i++) {
        double limit = timeout_of(r, &r->workers[i]);

        if (limit > 0 && r->workers[i].head_since + limit < due)
            due = r->workers[i].head_since + limit;
    }
    if (due >= 1e300)
        return -1;
    left = (due - ost_now()) * 1000;
    if (left <= 0)
        return 0;
    return left > 3600e3 ? 3600000 : (int)left + 1;
}

/* Waits for workers and signals; watchers hear of it before. */
static int wait_for_any(const ost_run *r, struct pollfd *p)
{
    int n = poll(p, r->n_workers + 1, 0);

    if (n != 0)
        return n;
    for (size_t i = 0; i < r->options->n_watches; i++)
        if (r->options->watches[i].idle)
            r->options->watches[i].idle(r->options->watches[i].user);
    return poll(p, r->n_workers + 1, next_due(r));
}

static ost_rc wait_and_see(ost_run *r, ost_err *err)
{
    struct pollfd *p = ost_xalloc((r->n_workers + 1) * sizeof(*p));
    ost_rc rc = OST_OK;
    int n;

    p[r->n_workers] = (struct pollfd){ .fd = r->signal_fd, .events = POLLIN };
    for (uint32_t i = 0; i < r->n_workers; i++) {
        const ost_worker *w = &r->workers[i];

        p[i].fd = w->pid ? w->fd : -1;
        p[i].events = POLLIN;
        if (ost_worker_has_output(w))
            p[i].events |= POLLOUT;
    }
    n = wait_for_any(r, p);
    if (n < 0 && errno != EINTR)
        rc = ost_fail_errno(err, OST_EFAIL, errno, "cannot poll");
    if (n > 0 && p[r->n_workers].revents)
        on_signal(r);
    for (uint32_t i = 0; i < r->n_workers && n > 0 && !rc; i++) {
        if (p[i].revents && r->workers[i].pid)
            rc = on_worker(r, &r->workers[i], p[i].revents, err);
    }
    ost_free(p);
    if (!rc)
        rc = end_overdue(r, err);
    look_at_busy(r);
    return rc;
}

/* Commits wait for company, unless somebody waits for the commit. */
static bool commit_is_due(const ost_run *r)
{
    if (r->dirty_since <= 0)
        return false;
    if (ost_now() - r->dirty_since >= OST_GROUP_SECONDS)
        return true;
    return r->finished.len > 0 && ost_run_starved(r);
}

static ost_rc loop(ost_run *r, ost_err *err)
{
    ost_rc rc = OST_OK;

    while (!rc && !r->killed) {
        rc = ost_run_pump(r, err);
        if (rc)
            break;
        if (commit_is_due(r)) {
            rc = ost_run_commit(r, err);
            continue;
        }
        if (r->open == 0 || (r->halted && !ost_run_in_flight(r)))
            break;
        rc = wait_and_see(r, err);
    }
    return rc;
}

/* --- ending --------------------------------------------------------------- */

static ost_rc verdict_of_run(ost_run *r, ost_err *err)
{
    const ost_run_result *result = r->result;

    if (r->interrupted)
        return ost_fail(err, OST_EINTERRUPTED,
                        "interrupted; what was finished is kept");
    for (size_t i = 0; i < result->failures.len; i++) {
        ost_rc rc = result->failures.data[i].rc;

        if (ost_rc_exit_status(rc) == ost_rc_exit_status(OST_ESTORE))
            return ost_fail(err, rc, "%s", result->failures.data[i].message);
    }
    if (result->failures.len > 0)
        return ost_fail(err, OST_EFAIL, "%zu step%s failed",
                        result->failures.len,
                        result->failures.len == 1 ? "" : "s");
    return OST_OK;
}

static ost_rc conclude(ost_run *r, ost_err *err)
{
    ost_err ignored = { 0 };
    int status;
    ost_rc rc;

    rc = verdict_of_run(r, err);
    if (!rc)
        rc = ost_outcome_judge(r->plan, r->batch, err);
    if (!rc && r->options->complete)
        rc = r->options->complete(r->options->user, r->result, r->batch, err);
    status = ost_rc_exit_status(rc);
    for (uint32_t i = 0; i < r->plan->n_steps; i++) {
        if (r->state[i] >= OST_STATE_WAITING && r->state[i] < OST_STATE_CACHED)
            ost_run_settle(r, i, OST_STATE_SKIPPED, "");
    }
    r->settled.len = 0;
    ost_run_put_record(r, status);
    if (ost_store_commit(r->store, r->batch, rc ? &ignored : err) && !rc)
        rc = err->rc;
    return rc;
}

static void release(ost_run *r)
{
    for (uint32_t i = 0; i < r->n_workers; i++) {
        bool unused = r->workers[i].in.cap == 0;

        ost_worker_end(&r->workers[i], r->fatal.rc || r->killed || unused,
                       NULL);
    }
    for (size_t i = 0; r->flights && i < r->plan->n_steps; i++) {
        if (!r->flights[i])
            continue;
        ost_lease_drop(r->store, &r->plan->steps[i].key);
        ost_flight_free(r->flights[i]);
    }
    ost_free(r->workers);
    ost_free(r->gpus);
    ost_free(r->gpu_failure);
    ost_free(r->program);
    ost_free(r->state);
    ost_free(r->attempts);
    ost_free(r->solo);
    ost_free(r->waits);
    ost_free(r->users_at);
    ost_free(r->users);
    ost_free(r->rank);
    ost_free(r->flights);
    ost_free(r->node_seconds);
    ost_free(r->node_timed);
    ost_free(r->node_stage);
    ost_free(r->stage_seconds);
    ost_free(r->stage_timed);
    ost_vec_release(&r->ready[OST_LANE_CPU]);
    ost_vec_release(&r->ready[OST_LANE_GPU]);
    ost_vec_release(&r->busy);
    ost_vec_release(&r->finished);
    ost_vec_release(&r->settled);
    ost_vec_release(&r->ran);
    ost_arena_release(&r->scratch);
    if (r->batch != r->plan->batch)
        ost_batch_free(r->batch);
    if (r->signal_fd >= 0)
        close(r->signal_fd);
}

/* Something broke that is not a step's fault: what is finished is kept if the
 * store can still take it. */
static void abandon(ost_run *r, ost_rc rc)
{
    ost_err ignored = { 0 };

    r->fatal.rc = rc;
    r->halted = true;
    if (ost_rc_exit_status(rc) != ost_rc_exit_status(OST_ESTORE) &&
        r->finished.len > 0)
        ost_run_commit(r, &ignored);
}

static ost_rc run(ost_run *r, ost_err *err)
{
    ost_rc rc = begin(r, err);

    ost_log(STATS, "begun in %.1f ms", 1e3 * (ost_now() - r->started));
    if (!rc)
        rc = loop(r, err);
    ost_log(STATS, "steps settled after %.1f ms",
            1e3 * (ost_now() - r->started));
    if (r->killed && !rc)
        rc =
            ost_fail(err, OST_EINTERRUPTED, "interrupted twice: ended at once");
    else if (!rc)
        rc = conclude(r, err);
    else
        abandon(r, rc);
    return rc;
}

ost_rc ost_run_execute(ost_plan *plan, const ost_run_options *options,
                       ost_run_result *result, ost_err *err)
{
    ost_run r = { .plan = plan,
                  .store = plan->store,
                  .options = options,
                  .result = result,
                  .started = ost_now(),
                  .signal_fd = -1 };
    sigset_t before;
    ost_rc rc;

    *result = (ost_run_result){ .started_ns = ost_wall_ns() };
    ost_run_new_id(result->id, result->started_ns);
    rc = ost_store_use(r.store, false, STORE_WAIT_SECONDS, err);
    if (rc)
        return rc;
    r.batch = plan->batch ? plan->batch : ost_batch_new(r.store);
    watch_signals(&r, &before);
    for (size_t i = 0; i < ost_workflow_source_count(plan->wf); i++)
        result->fresh = result->fresh || plan->sources[i].fresh;
    rc = run(&r, err);
    result->counts.seconds = ost_now() - r.started;
    ost_run_tell(&r, &(ost_event){ .kind = OST_EVENT_RUN_FINISHED,
                                   .counts = result->counts,
                                   .exit_status = ost_rc_exit_status(rc) });
    release(&r);
    sigprocmask(SIG_SETMASK, &before, NULL);
    ost_store_unuse(r.store);
    return rc;
}
