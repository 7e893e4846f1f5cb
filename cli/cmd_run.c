/* cli/cmd_run.c - osteon run: from a workflow to its outputs */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "cli/forecast.h"
#include "cli/places.h"
#include "cli/planning.h"
#include "cli/progress.h"
#include "engine/dispatch.h"
#include "engine/outputs.h"
#include "engine/plan_memo.h"
#include "engine/recent.h"
#include "engine/run_meta.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* One `osteon run`. */
typedef struct running {
    ost_cli *cli;
    ost_planning p;
    ost_bindings bindings;
    ost_memo_query query;
    ost_key memo;
    bool memo_wanted;
    ost_arena arena;
    ost_outcome outcome;
    ost_run_options options;
    ost_worker early;
    ost_run_result result;
    ost_progress_view view;
    ost_watch watches[2];
    FILE *events;
    double started;
    bool quiet;
} running;

/* --- events --------------------------------------------------------------- */

static void write_event(void *user, const ost_event *event)
{
    ost_buf line = { 0 };

    ost_event_json(&line, event);
    fwrite(line.data, 1, line.len, user);
    ost_buf_release(&line);
}

static void flush_events(void *user)
{
    fflush(user);
}

static ost_rc open_events(running *r, ost_err *err)
{
    const char *path = ost_cli_value(r->cli, "events");

    if (!path)
        return OST_OK;
    r->events = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    if (!r->events)
        return ost_fail_errno(err, OST_EIO, errno, "cannot write '%s'", path);
    r->watches[r->options.n_watches++] = (ost_watch){ .tell = write_event,
                                                      .user = r->events,
                                                      .idle = flush_events };
    return OST_OK;
}

static ost_rc close_events(running *r, ost_err *err)
{
    bool bad;

    if (!r->events)
        return OST_OK;
    bad = fflush(r->events) != 0 || ferror(r->events);
    if (r->events != stdout && fclose(r->events) != 0)
        bad = true;
    r->events = NULL;
    if (bad)
        return ost_fail(err, OST_EIO, "cannot write the events to '%s'",
                        ost_cli_value(r->cli, "events"));
    return OST_OK;
}

/* --- before --------------------------------------------------------------- */

static ost_rc read_options(running *r, ost_err *err)
{
    int64_t jobs, threads;
    ost_rc rc;

    rc = ost_cli_integer(r->cli, "jobs", 1, 1024, 0, &jobs, err);
    if (!rc)
        rc = ost_cli_integer(r->cli, "threads", 1, 4096, 0, &threads, err);
    if (!rc)
        rc = ost_cli_bindings(r->cli, &r->bindings, err);
    if (rc)
        return rc;
    r->options.jobs = (uint32_t)jobs;
    r->options.threads = (uint32_t)threads;
    r->options.keep_going = ost_cli_flag(r->cli, "keep-going");
    r->options.exec_allowed = ost_cli_allows(r->cli, "exec");
    r->options.watches = r->watches;
    r->quiet = ost_cli_flag(r->cli, "quiet");
    ost_progress_open(&r->view, stderr);
    if (!r->quiet)
        r->watches[r->options.n_watches++] =
            (ost_watch){ .tell = ost_progress_tell, .user = &r->view };
    return open_events(r, err);
}

static ost_rc look_for_memo(running *r, bool *found, ost_err *err)
{
    const char *backend = ost_cli_value(r->cli, "backend");
    size_t n_forced;
    ost_rc rc;

    *found = false;
    r->p.sights = ost_sights_new();
    ost_cli_values(r->cli, "force", &n_forced);
    r->query = (ost_memo_query){ .document = r->cli->arguments[0],
                                 .bindings = &r->bindings,
                                 .backend = backend ? backend : "auto",
                                 .numerics = ost_cli_value(r->cli, "numerics"),
                                 .gpus = ost_cli_value(r->cli, "gpus"),
                                 .exports = ost_cli_value(r->cli, "out") };
    r->query.targets = ost_cli_values(r->cli, "target", &r->query.n_targets);
    rc = ost_plan_memo_key(&r->query, &r->memo, err);
    r->memo_wanted = !rc;
    if (!rc && n_forced == 0 && !ost_cli_flag(r->cli, "rehash"))
        *found = ost_plan_memo_get(r->p.store, &r->memo, r->p.sights, &r->arena,
                                   &r->outcome);
    return rc;
}

/* --- after ---------------------------------------------------------------- */

/* Summaries go to stdout, unless the events do. */
static void print_summary(const running *r, const ost_run_counts *counts)
{
    FILE *out = r->events == stdout ? stderr : stdout;
    ost_buf text = { 0 };

    for (size_t i = 0; i < r->result.notes.len && !r->quiet; i++)
        fprintf(stderr, "note: %s\n", r->result.notes.data[i]);
    if (!r->quiet)
        ost_progress_summary(&r->view, r->outcome.workflow, counts, &text);
    if (!r->quiet || !ost_outcome_passed(&r->outcome))
        ost_outcome_gates(&r->outcome, &text);
    fputs(ost_buf_str(&text), out);
    fflush(out);
    ost_buf_release(&text);
}

static ost_rc load_run(running *r, ost_run_record *record, ost_err *err)
{
    ost_buf text = { 0 };
    ost_rc rc;

    rc = ost_store_get(r->p.store, OST_TABLE_RUNS, r->outcome.run,
                       strlen(r->outcome.run), &text, err);
    if (!rc)
        rc = ost_run_record_decode(text.data, text.len, &r->arena, record, err);
    ost_buf_release(&text);
    return rc;
}

static ost_rc write_outputs(running *r, ost_err *err)
{
    const char *dir = ost_cli_value(r->cli, "out");
    ost_run_record record;
    ost_batch *batch;
    ost_rc rc;

    if (!dir)
        return OST_OK;
    rc = load_run(r, &record, err);
    batch = ost_batch_new(r->p.store);
    rc = ost_run_outputs(batch, &r->outcome, rc ? NULL : &record, dir, err);
    ost_batch_free(batch);
    return rc;
}

/* --- a run that was asked before ------------------------------------------ */

static void tell(const running *r, ost_event *event)
{
    event->run = r->outcome.run;
    for (size_t i = 0; i < r->options.n_watches; i++)
        r->watches[i].tell(r->watches[i].user, event);
}

static void tell_cached_step(running *r, const ost_run_step *s)
{
    const ost_stage *stage = ost_stage_find(s->stage);
    size_t n = stage ? ost_port_count(stage->outputs) : 0;
    ost_digest *digests = OST_ARENA_ARRAY(&r->arena, ost_digest, n + 1);
    ost_output *outputs = OST_ARENA_ARRAY(&r->arena, ost_output, n + 1);
    ost_event e = { .kind = OST_EVENT_STEP_FINISHED,
                    .name = s->name,
                    .stage = s->stage,
                    .verdict = OST_RUN_CACHED,
                    .key = s->key,
                    .outputs = outputs };

    e.node = ost_arena_strndup(&r->arena, s->name, strcspn(s->name, "["));
    if (stage && ost_record_outputs(r->p.store, &s->key, stage, digests))
        e.n_outputs = n;
    for (size_t i = 0; i < e.n_outputs; i++)
        outputs[i] = (ost_output){ .port = stage->outputs[i].name,
                                   .artifact = digests[i] };
    tell(r, &e);
}

/* Every step as a cached one, from the record of the run that the memo is of.
 */
static void tell_cached(running *r)
{
    ost_run_record record = { 0 };

    if (!r->events || load_run(r, &record, NULL))
        return;
    for (size_t i = 0; i < record.n_steps; i++)
        tell_cached_step(r, &record.steps[i]);
}

static ost_rc answer_from_memo(running *r, ost_err *err)
{
    ost_run_counts counts = { .cached = (uint32_t)r->outcome.steps };
    ost_rc rc;

    tell(r, &(ost_event){ .kind = OST_EVENT_RUN_STARTED,
                          .name = r->outcome.workflow,
                          .steps = r->outcome.steps });
    tell_cached(r);
    rc = write_outputs(r, err);
    counts.seconds = ost_now() - r->started;
    tell(r, &(ost_event){ .kind = OST_EVENT_RUN_FINISHED,
                          .name = r->outcome.workflow,
                          .counts = counts,
                          .exit_status = ost_rc_exit_status(rc) });
    if (!rc)
        print_summary(r, &counts);
    return rc;
}

/* --- a run ---------------------------------------------------------------- */

/* Everything succeeded: the outcome is kept under what was asked. */
static ost_rc complete(void *user, const ost_run_result *result,
                       ost_batch *batch, ost_err *err)
{
    running *r = user;
    ost_rc rc;

    rc = ost_outcome_make(r->p.plan, batch, result->id, &r->arena, &r->outcome,
                          err);
    if (!rc && r->memo_wanted && !result->fresh)
        ost_plan_memo_put(batch, &r->memo, r->p.plan, &r->outcome);
    return rc;
}

static void print_failures(const running *r)
{
    ost_buf name = { 0 };

    fputs(ost_buf_str(&r->result.refusals), stderr);
    for (size_t i = 0; i < r->result.failures.len && r->quiet; i++) {
        const ost_failed_step *f = &r->result.failures.data[i];

        ost_buf_reset(&name);
        ost_plan_step_name(r->p.plan, f->step, &name);
        fprintf(stderr, "%s: failed: %s\n", ost_buf_str(&name), f->message);
    }
    ost_buf_release(&name);
}

static ost_rc execute(running *r, ost_err *err)
{
    const ost_run_counts *counts = &r->result.counts;
    ost_buf meta = { 0 };
    ost_err writing = { 0 };
    ost_rc rc, later;

    ost_run_meta(r->p.plan, &r->bindings, r->query.backend, OSTEON_VERSION,
                 &meta);
    r->options.meta = ost_buf_str(&meta);
    r->options.early = &r->early;
    r->options.complete = complete;
    r->options.user = r;
    r->outcome.workflow = ost_workflow_name(r->p.wf);
    rc = ost_run_execute(r->p.plan, &r->options, &r->result, err);
    if (rc == OST_EGATE)
        ost_outcome_make(r->p.plan, r->p.batch, r->result.id, &r->arena,
                         &r->outcome, &writing);
    ost_progress_clear(&r->view);
    print_failures(r);
    if (counts->cached + counts->ran + counts->failed > 0 || !rc)
        print_summary(r, counts);
    ost_buf_release(&meta);
    if (rc && rc != OST_EGATE)
        return rc;
    later = write_outputs(r, rc ? &writing : err);
    return rc ? rc : later;
}

/* Days of training are better not begun. */
static void print_forecast(const running *r)
{
    ost_forecast_list leaks = { 0 };

    if (r->quiet)
        return;
    ost_forecast_collect(r->p.wf, &leaks);
    ost_forecast_print(r->p.wf, &leaks);
    ost_forecast_release(&leaks);
}

static ost_rc plan_and_execute(running *r, ost_err *err)
{
    unsigned flags = r->query.exports ? OST_PLANNING_EXPORTS : 0;
    char *program = ost_worker_program();
    ost_rc rc;

    if (r->quiet)
        flags |= OST_PLANNING_QUIET;
    /* When it does not start, the run will say why. */
    if (ost_worker_start(&r->early, program, ost_store_path(r->p.store), NULL,
                         NULL))
        r->early = (ost_worker){ 0 };
    ost_free(program);
    ost_log(STATS, "memo looked for after %.1f ms",
            1e3 * (ost_now() - r->started));
    rc = ost_planning_plan(&r->p, r->cli, flags, err);
    ost_log(STATS, "planned after %.1f ms", 1e3 * (ost_now() - r->started));
    if (!rc) {
        print_forecast(r);
        if (!r->quiet)
            ost_places_print(r->p.plan);
        rc = execute(r, err);
    }
    ost_log(STATS, "done after %.1f ms", 1e3 * (ost_now() - r->started));
    ost_worker_end(&r->early, true, NULL);
    return rc;
}

static ost_rc run(ost_cli *cli, ost_err *err)
{
    running r = { .cli = cli, .started = ost_now() };
    ost_err closing = { 0 };
    bool found = false;
    ost_rc rc;

    rc = read_options(&r, err);
    if (!rc)
        rc = ost_planning_store(&r.p, cli, OST_PLANNING_CREATE, err);
    if (!rc)
        rc = look_for_memo(&r, &found, err);
    if (!rc)
        rc = found ? answer_from_memo(&r, err) : plan_and_execute(&r, err);
    if (close_events(&r, &closing) && !rc) {
        *err = closing;
        rc = closing.rc;
    }
    ost_progress_release(&r.view);
    ost_run_result_release(&r.result);
    ost_arena_release(&r.arena);
    ost_planning_close(&r.p);
    ost_cli_bindings_release(&r.bindings);
    return rc;
}

static const ost_option own[] = {
    { .name = "out",
      .value = "DIR",
      .words = "@folder",
      .help = "write the workflow's outputs here" },
    { .name = "jobs",
      .value = "N",
      .help = "worker processes (default: one per core)" },
    { .name = "threads",
      .value = "N",
      .help = "threads of all workers together (default: one per core)" },
    { .name = "keep-going",
      .help = "after a failure, go on with what does not depend on it" },
    { .name = "events",
      .value = "FILE",
      .words = "@file",
      .help = "write what happens as NDJSON; '-' is stdout" },
    { .name = "quiet", .help = "say nothing but errors" },
    OST_OPTIONS_END,
};

static const ost_option *const options[] = {
    ost_options_store,  own, ost_options_bindings, ost_options_planning,
    ost_options_common, NULL
};

const ost_command ost_cmd_run = {
    .name = "run",
    .summary = "compute what is not cached, and write the outputs",
    .arguments = "WORKFLOW",
    .min_arguments = 1,
    .max_arguments = 1,
    .details =
        "Computes every step whose result the store does not have, and ends "
        "with a summary.  An interrupt (Ctrl-C) keeps what is finished; a "
        "second one ends at once.  Exit status: 0 done, 1 a step failed, 2 the "
        "command line or the workflow is wrong, 3 a metric gate failed, 4 the "
        "store is damaged or unreachable, 130 interrupted.",
    .options = options,
    .run = run,
};
