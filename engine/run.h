/* engine/run.h - one execution of a plan */
#ifndef OST_ENGINE_RUN_H
#define OST_ENGINE_RUN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "engine/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OST_RUN_ID = 32 };

/* What watchers are told.  Texts are borrowed for the call. */
typedef enum ost_event_kind {
    OST_EVENT_RUN_STARTED,
    OST_EVENT_STEP_STARTED,
    OST_EVENT_STEP_PROGRESS,
    OST_EVENT_STEP_FINISHED,
    OST_EVENT_RUN_FINISHED,
} ost_event_kind;

typedef struct ost_run_counts {
    uint32_t cached;
    uint32_t ran;
    uint32_t failed;
    uint32_t skipped;
    uint64_t computed; /* items */
    uint64_t remembered;
    double seconds;
} ost_run_counts;

typedef struct ost_event {
    ost_event_kind kind;
    const char *run;  /* id */
    const char *name; /* of the workflow (run) or the step */
    const char *node;
    const char *stage;
    const ost_gpu *gpu; /* that computes the step, or NULL */
    /* step_progress */
    uint64_t done;
    uint64_t total;
    const char *extra; /* JSON object, or "" */
    /* step_finished */
    ost_run_verdict verdict;
    double seconds;
    ost_key key;
    const ost_output *outputs;
    size_t n_outputs;
    const char *message; /* of a failure; notes of a success; "" when none */
    uint64_t computed;   /* items */
    uint64_t remembered;
    /* run_started: steps; run_finished: all */
    uint64_t steps;
    ost_run_counts counts;
    int exit_status;
} ost_event;

typedef struct ost_watch {
    void (*tell)(void *user, const ost_event *event);
    void *user;
    /* Nothing happens for now: time to flush.  May be NULL. */
    void (*idle)(void *user);
} ost_watch;

/* Appends the event as one line of NDJSON, with its line end:
 *
 *   {"event":"run_started","time":T,"run":ID,"workflow":NAME,"steps":N}
 *   {"event":"step_started","time":T,"step":S,"node":N,"stage":G,
 *    "gpu":UUID,"gpu_name":TEXT (both only of steps on a GPU)}
 *   {"event":"step_progress",...,"done":D,"total":N, members of extra...}
 *   {"event":"step_finished",...,"verdict":"cached|ran|failed",
 *    "gpu":...,"gpu_name":...,"seconds":X,"key":HEX,"outputs":{PORT:HEX},"computed":N,"remembered":N,
 *    "message":TEXT}
 *   {"event":"run_finished",...,"status":"ok|failed|interrupted",
 *    "exit_status":N,"cached":..,"ran":..,"failed":..,"skipped":..,
 *    "computed":..,"remembered":..,"seconds":..}
 */
void ost_event_json(ost_buf *out, const ost_event *event);

typedef struct ost_failed_step {
    uint32_t step;
    char *message; /* several lines, perhaps */
    ost_rc rc;
} ost_failed_step;

typedef struct ost_run_result {
    char id[OST_RUN_ID];
    uint64_t started_ns;
    ost_run_counts counts;
    OST_VEC(ost_failed_step) failures; /* in plan order */
    OST_VEC(ost_failed_step)
    leaks;                     /* steps that judged what leaked, and its
                                  way there; not failures */
    OST_VEC(char *) notes;     /* "step: warning" */
    ost_run_verdict *verdicts; /* per step of the plan */
    ost_buf refusals; /* of stages, in the form of ost_workflow_load() */
    bool fresh; /* a source changed too recently to be trusted by its time */
} ost_run_result;

typedef struct ost_run_options {
    const char *worker; /* program of a worker; NULL: ost_worker_program() */
    uint32_t jobs;      /* workers, 0: as many as there are cores */
    uint32_t threads;   /* in all, 0: as many as there are cores */
    uint64_t memory;    /* bytes for all steps, 0: most of the machine's */
    bool keep_going;
    bool exec_allowed;
    const char *meta; /* JSON object for the run's record, or NULL */
    const ost_watch *watches;
    size_t n_watches;
    /* A worker that was started ahead, or NULL; moves in.  One takes tens of
     * milliseconds to come up, in which sources can be scanned. */
    struct ost_worker *early;
    /* Called when every step has succeeded and every gate has passed, before
     * the last commit, which takes along what it puts into the batch.  Its
     * failure becomes that of the run.  May be NULL. */
    ost_rc (*complete)(void *user, const ost_run_result *result,
                       ost_batch *batch, ost_err *err);
    void *user;
} ost_run_options;

void ost_run_result_release(ost_run_result *r);

/* Runs what is not cached, and says how it went.  Everything that was finished
 * is committed, whatever happens.  OST_EFAIL when steps failed, the result then
 * names them; OST_EINTERRUPTED after SIGINT or SIGTERM; OST_EGATE when a
 * metric gate failed; OST_EWORKFLOW when a stage refuses its parameters
 * (nothing ran); OST_ESTORE and the like when the store gave way.  The run's
 * record is part of the last commit; it is not written when the store failed.
 * Must be called from the main thread: signals are blocked meanwhile. */
ost_rc ost_run_execute(ost_plan *plan, const ost_run_options *options,
                       ost_run_result *result, ost_err *err);

#endif
