/* engine/plan.h - the steps in order, with their keys and verdicts
 *
 * A step is an instance of a node.  Steps are numbered node by node in the
 * order of ost_workflow_order(), the instances of a node one after another, so
 * that a step's number is above those of all that it reads.
 *
 * A plan borrows its workflow, store and sources, which must outlive it.
 * Building one reads the store and writes nothing.
 */
#ifndef OST_ENGINE_PLAN_H
#define OST_ENGINE_PLAN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/vec.h"
#include "engine/placing.h"
#include "engine/source.h"
#include "engine/workflow.h"
#include "store/record.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ost_verdict {
    OST_VERDICT_CACHED,
    OST_VERDICT_RUN,
    OST_VERDICT_MAYBE, /* hangs on a step that must run first */
} ost_verdict;

const char *ost_verdict_name(ost_verdict v);

enum ost_step_flags {
    OST_STEP_OUT = 1u << 0,     /* no target needs it: not part of the plan */
    OST_STEP_FORCED = 1u << 1,  /* to be computed even when cached */
    OST_STEP_MISSING = 1u << 2, /* has a record, but an output is gone */
};

typedef struct ost_step {
    ost_key key;   /* zero while an input is unknown */
    uint32_t node; /* index into ost_plan.nodes */
    uint32_t instance;
    uint32_t outputs; /* index of its first digest in ost_plan.digests */
    uint8_t verdict;  /* ost_verdict */
    uint8_t flags;    /* ost_step_flags */
    uint16_t unused;
} ost_step;

/* A node of the workflow, or the implicit export of a dataset output. */
typedef struct ost_plan_node {
    const ost_node *node;
    const ost_wf_output *exported; /* what an implicit export reads, or NULL */
    int64_t index;                 /* in the workflow, -1 for an export */
    uint32_t first_step;
    uint32_t n_outputs;      /* ports */
    ost_place place;         /* where it computes, in which class */
    const char *prefix;      /* key components up to the inputs, when they are
                                the same for every instance; else NULL */
    const char *params_json; /* likewise */
    const char *seed;        /* likewise, canonical JSON */
} ost_plan_node;

typedef struct ost_plan_options {
    const char *const *targets; /* names of nodes or steps; none: everything */
    size_t n_targets;
    const char *const *forced; /* names of nodes or steps */
    size_t n_forced;
    const char *backend;  /* "auto", "cpu" or "cuda"; NULL: auto */
    const char *numerics; /* a word of ost_numerics; NULL: the workflow's */
    const char *gpus;     /* which GPUs may be used, see ost_gpus_choose() */
    bool exports;         /* plan an export for dataset outputs */
    const ost_source_state *sources; /* one per source of the workflow */
    ost_batch *batch; /* what scanning the sources collected, for reasons */
} ost_plan_options;

typedef struct ost_plan {
    const ost_workflow *wf;
    ost_store *store;
    const ost_source_state *sources;
    ost_batch *batch;
    ost_placing placing;
    ost_arena arena;
    OST_VEC(ost_plan_node) nodes;
    ost_step *steps;
    size_t n_steps;
    ost_digest *digests; /* outputs of all steps; zero: not known */
    uint32_t *node_of;   /* workflow node -> index into nodes, or UINT32_MAX */
    size_t n_out;        /* steps that no target needs */
    bool remembered;     /* earlier runs of this workflow left traces */
    ost_map changes;     /* of sources, for reasons; see explain.c */
    OST_VEC(char *) change_texts;
} ost_plan;

/* Numbers the steps, computes keys as far as inputs are known, looks them up.
 * OST_EUSAGE names a target or forced node that is not there, with the nearest;
 * OST_EUNSUPPORTED a node that is to have a GPU where there is none.  Caller
 * frees with ost_plan_free(), also after a failure. */
ost_rc ost_plan_build(const ost_workflow *wf, ost_store *store,
                      const ost_plan_options *options, ost_plan **out,
                      ost_err *err);
void ost_plan_free(ost_plan *plan);

/* Scans every source of the workflow into `states` (room for each, zeroed;
 * release each); those of sources that are not reachable are not looked at. */
ost_rc ost_plan_scan(const ost_workflow *wf, ost_batch *batch,
                     const ost_scan_options *options, ost_source_state *states,
                     ost_err *err);

const ost_plan_node *ost_plan_node_of(const ost_plan *plan, uint32_t step);
/* Appends "train[fold=2]". */
void ost_plan_step_name(const ost_plan *plan, uint32_t step, ost_buf *out);
/* The digests of its outputs, one per port; borrowed. */
ost_digest *ost_plan_outputs(const ost_plan *plan, uint32_t step);
/* Number of the step of a workflow node's instance. */
uint32_t ost_plan_step_at(const ost_plan *plan, uint32_t node,
                          uint32_t instance);

/* --- for the run ---------------------------------------------------------- */

/* Calls `visit` for each thing that a step reads. */
void ost_plan_feeds(const ost_plan *plan, uint32_t step, ost_feed_visit visit,
                    void *user);
/* The same with the names that inputs have among the key's components, such as
 * "in.data[2;fold=2]": port, number, row, axes that the step gathers over. */
typedef void (*ost_input_visit)(void *user, const char *name,
                                const ost_feed *feed);
void ost_plan_inputs(const ost_plan *plan, uint32_t step, ost_input_visit visit,
                     void *user);
/* The digest that a feed stands for; zero when it is not known yet. */
const ost_digest *ost_plan_feed_digest(const ost_plan *plan,
                                       const ost_feed *feed);
/* True when every input of the step is known. */
bool ost_plan_inputs_known(const ost_plan *plan, uint32_t step);
/* Appends the key's components, and the complete parameters and the seed as
 * canonical JSON (either may be NULL). */
ost_rc ost_plan_components(const ost_plan *plan, uint32_t step,
                           ost_buf *components, ost_buf *params, ost_buf *seed,
                           ost_err *err);
/* Looks the step's key up: true when it has a record whose outputs are all
 * there; their digests are then filled in. */
bool ost_plan_probe(ost_plan *plan, uint32_t step);

/* --- explain.c ------------------------------------------------------------ */

/* Appends one line of words, without line end: why the step has its verdict. */
void ost_plan_reason(ost_plan *plan, uint32_t step, ost_buf *out);
/* Appends several lines: all that changed since the nearest earlier run. */
ost_rc ost_plan_explain(ost_plan *plan, uint32_t step, ost_buf *out,
                        ost_err *err);

#endif
