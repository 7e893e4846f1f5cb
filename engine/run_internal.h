/* engine/run_internal.h - the state of a run, for the files that drive it
 *
 *     execute.c     begins, loops over what happens, ends
 *     schedule.c    which step goes to which worker, with how many threads
 *     finish.c      what workers answer, commits, and what that makes ready
 *     check.c       the stages' own checks of parameters, before anything runs
 *     estimate.c    how long steps take, and which path is the longest
 *     run_gpus.c    the GPUs, and which of them work
 *     run_devices.c what computed the steps, for the record
 *     run_record.c  what is remembered of the run
 */
#ifndef OST_ENGINE_RUN_INTERNAL_H
#define OST_ENGINE_RUN_INTERNAL_H

#include "base/vec.h"
#include "engine/dispatch.h"
#include "engine/run.h"

enum {
    OST_GROUP_STEPS = 256, /* steps in a commit, at most */
    OST_GROUP_BYTES = 64 << 20,
};
#define OST_GROUP_SECONDS      0.020
#define OST_LEASE_POLL_SECONDS 0.050
#define OST_LEASE_PATIENCE     5.0 /* seconds until people are told */

typedef enum ost_step_state {
    OST_STATE_OUT,      /* not part of the plan */
    OST_STATE_WAITING,  /* for what it reads */
    OST_STATE_READY,    /* in the heap */
    OST_STATE_BUSY,     /* another process computes its key */
    OST_STATE_SENT,     /* at a worker */
    OST_STATE_FINISHED, /* computed, to be committed */
    OST_STATE_CACHED,   /* from here on it is settled */
    OST_STATE_RAN,
    OST_STATE_FAILED,
    OST_STATE_SKIPPED,
} ost_step_state;

/* Steps that wait for a worker of the CPU, and for one that has a GPU. */
typedef enum ost_lane { OST_LANE_CPU, OST_LANE_GPU, OST_LANES } ost_lane;

/* A GPU or slice of one, and how it does. */
typedef struct ost_run_gpu {
    const ost_gpu *gpu;
    uint32_t strikes; /* workers that failed since a step succeeded */
    bool given_up;
} ost_run_gpu;

/* A step from when it is sent until it is committed. */
typedef struct ost_flight {
    const ost_gpu *gpu; /* that computes it, or NULL */
    char *device;       /* what computed it, in words; or NULL */
    char *components;
    ost_output *outputs; /* one per port; names are the stage's */
    uint32_t n_outputs;
    double seconds;
    uint64_t computed;
    uint64_t remembered;
    char *notes;
    char *leaks; /* how groups came to what judged them, a line each; or NULL */
} ost_flight;

/* What a step that ran leaves for the run's record. */
typedef struct ost_ran_step {
    uint32_t step;
    float seconds;
    uint64_t computed;
    uint64_t remembered;
} ost_ran_step;

typedef struct ost_run {
    ost_plan *plan;
    ost_store *store;
    ost_batch *batch;
    const ost_run_options *options;
    ost_run_result *result;
    double started;
    uint32_t jobs; /* workers of the CPU */
    ost_run_gpu *gpus;
    uint32_t n_gpus;
    char *gpu_failure;  /* the last of one, in words */
    uint32_t n_workers; /* of both */
    uint32_t threads;
    uint64_t memory;
    char *program;

    uint8_t *state;     /* ost_step_state, per step */
    uint8_t *attempts;  /* failed ones */
    bool *solo;         /* died in company: to be sent alone */
    uint32_t *waits;    /* inputs that are not settled */
    uint32_t *users_at; /* users of step i: users[users_at[i]..users_at[i+1]] */
    uint32_t *users;
    float *rank; /* seconds from its start to the end of the longest path */
    ost_flight **flights;
    size_t open; /* steps that are not settled */

    float *node_seconds;  /* mean duration per plan node, < 0: not known */
    uint32_t *node_timed; /* how many durations it is the mean of */
    float *stage_seconds; /* the same per stage of ost_stages[] */
    uint32_t *stage_timed;
    uint16_t *node_stage; /* plan node -> index in ost_stages */

    OST_VEC(uint32_t) ready[OST_LANES]; /* heaps, longest rank first */
    OST_VEC(uint32_t) busy;             /* to be looked at again */
    OST_VEC(uint32_t) finished;         /* to be committed */
    OST_VEC(uint32_t) settled;          /* whose users are to be told */
    OST_VEC(ost_ran_step) ran;
    double busy_next;
    double waits_since; /* something else was busy all the time, or 0 */
    bool told_to_wait;
    double dirty_since; /* the batch holds something since then, or 0 */

    ost_worker *workers; /* first `jobs`, then one for each GPU */
    int signal_fd;
    bool halted;      /* start nothing new */
    bool interrupted; /* by a signal */
    bool killed;      /* by a second one */
    ost_arena scratch;
    ost_err fatal; /* the store failed: end at once */
} ost_run;

/* --- schedule.c ----------------------------------------------------------- */

void ost_run_push_ready(ost_run *r, uint32_t step);
/* Sends what can be sent. */
ost_rc ost_run_pump(ost_run *r, ost_err *err);
/* True when a worker has nothing to do and nothing can be sent to it. */
bool ost_run_starved(const ost_run *r);
bool ost_run_in_flight(const ost_run *r);

/* --- run_gpus.c ----------------------------------------------------------- */

/* Those that the plan may use, when a node of it computes on one. */
void ost_run_list_gpus(ost_run *r);
bool ost_run_on_gpu(const ost_run *r, uint32_t step);
/* The GPU of a worker; NULL for one of the CPU. */
ost_run_gpu *ost_run_gpu_of(const ost_run *r, const ost_worker *w);
/* Is it still in use, and large enough? */
bool ost_run_gpu_takes(const ost_run_gpu *g, const ost_node *node);
/* A step, or the process, of the worker failed by its GPU, in these words; or a
 * step did what it should.  Nothing for a worker of the CPU. */
void ost_run_gpu_failed(ost_run *r, const ost_worker *w, const char *words);
void ost_run_gpu_worked(ost_run *r, const ost_worker *w);
/* "NVIDIA H100 (GPU-...), driver 580.65, cuDNN 9.19.0"; NULL for a worker of
 * the CPU.  Caller frees with ost_free(). */
char *ost_run_gpu_text(const ost_run *r, const ost_worker *w,
                       const char *libraries);
/* Fails the ready steps that no GPU takes any more. */
ost_rc ost_run_fail_without_gpu(ost_run *r, ost_err *err);

/* --- finish.c ------------------------------------------------------------- */

/* Every input of a step is settled: computes its key and looks it up. */
ost_rc ost_run_resolve(ost_run *r, uint32_t step, ost_err *err);
/* A step has its final state: counts, tells, and notes that its users are to
 * be told. */
void ost_run_settle(ost_run *r, uint32_t step, ost_step_state state,
                    const char *message);
/* Tells users, and theirs, until nothing changes any more. */
ost_rc ost_run_propagate(ost_run *r, ost_err *err);
void ost_run_failed(ost_run *r, uint32_t step, ost_rc rc, const char *message);
/* Works on every message that a worker has sent. */
ost_rc ost_run_answers(ost_run *r, ost_worker *w, ost_err *err);
ost_rc ost_run_commit(ost_run *r, ost_err *err);
void ost_flight_free(ost_flight *f);

/* --- check.c -------------------------------------------------------------- */

ost_rc ost_run_check(ost_run *r, ost_err *err);

/* --- estimate.c ----------------------------------------------------------- */

void ost_run_estimate(ost_run *r);
/* Seconds that a step is expected to take; negative: not known. */
double ost_run_expected(const ost_run *r, uint32_t step);
void ost_run_timed(ost_run *r, uint32_t step, double seconds);

/* --- events.c ------------------------------------------------------------- */

void ost_run_tell(const ost_run *r, ost_event *event);
/* Fills in the step's names and tells. */
void ost_run_tell_step(const ost_run *r, uint32_t step, ost_event *event);

/* --- run_devices.c -------------------------------------------------------- */

/* Adds to the object of the run's meta what computed the steps that have a
 * GPU's results: "gpus": [{"gpu": words, "steps": [names]}]; nothing when there
 * are none. */
void ost_run_add_devices(ost_run *r, ost_buf *meta);

/* --- run_record.c --------------------------------------------------------- */

void ost_run_put_record(ost_run *r, int exit_status);
void ost_run_new_id(char id[OST_RUN_ID], uint64_t wall_ns);

#endif
