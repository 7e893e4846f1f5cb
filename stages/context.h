/* stages/context.h - the inside of ost_stage_ctx, for the framework alone
 *
 *     step.c      opens a step, runs .run or map_items.c, stores the outputs
 *     context.c   what a stage reads: inputs, fields, random streams
 *     emit.c      what a stage hands over: items, fields, documents
 *     item_work.c what map and gather stages have in common
 *     map_items.c item by item, remembered per item and per page
 *     gather_items.c  several items at a time, remembered per bucket
 *     delta.c     an item's result as bytes, and back
 *     temp_dir.c  a private folder for a step
 *     step_backend.c  what steps compute on
 */
#ifndef OST_STAGES_CONTEXT_H
#define OST_STAGES_CONTEXT_H

#include "base/map.h"
#include "base/vec.h"
#include "stages/protocol.h"
#include "stages/stage.h"
#include "store/item_writer.h"
#include "store/store.h"

/* An input and what was decoded of it. */
typedef struct step_input {
    uint32_t port;
    ost_input pub;
    ost_item *items;
    size_t n_items;
    bool items_loaded;
    json_t *meta;
    ost_map index; /* item id -> index, for joins */
    bool indexed;
} step_input;

/* An item under construction. */
typedef struct made_item {
    ost_item item;        /* first: an ost_item * of ours is a made_item * */
    const ost_item *from; /* what it was derived from, or NULL */
    int64_t copy;
} made_item;

/* A new field whose bytes wait to be stored. */
typedef struct pending_field {
    ost_item *item;
    const char *name;
    void *data;
    size_t size;
} pending_field;

typedef struct emitted {
    uint32_t port;
    made_item *made;
} emitted;

/* An output port while the step runs. */
typedef struct step_output {
    ost_item_writer items;
    OST_VEC(ost_ref) refs;
    const char *meta; /* canonical JSON, or NULL */
    bool passed;      /* an input, handed on */
} step_output;

/* The class that a step computes in: that of the key, unless the message names
 * one beside it.  Never NULL. */
const char *ost_step_computes(const ost_step_msg *msg);
bool ost_step_on_gpu(const ost_step_msg *msg);
/* What a step on a GPU was computed with: "cuDNN 9.19.0, ..."; borrowed while
 * the backend is open, "" on the CPU. */
const char *ost_step_libraries(const ost_step_msg *msg);
/* Closes the backend that steps computed on, if there is one; the process does
 * so when it exits. */
void ost_step_backend_close(void);
/* Forgets it: its device failed, and nothing on it can be released. */
void ost_step_backend_abandon(void);

/* What talks to the engine; functions may be NULL (tests). */
typedef struct step_link {
    void (*progress)(void *user, uint64_t done, uint64_t total,
                     const char *extra);
    void (*commit)(void *user, ost_batch *batch); /* takes the content */
    bool (*stop)(void *user);
    void *user;
} step_link;

/* Shared by the step; read-only while items are worked on in parallel. */
typedef struct step_state {
    const ost_stage *stage;
    const ost_step_msg *msg;
    json_t *full;
    const void *params;
    const ost_backend *images; /* operators on images; NULL: the CPU's */
    ost_batch *batch;
    const step_link *link;
    ost_arena arena; /* lives as long as the step */
    OST_VEC(step_input) inputs;
    step_output *outputs;
    size_t n_outputs;
    ost_digest model_exposure; /* of all models and metrics among inputs */
    ost_digest new_exposure;   /* of an item without a parent, and of all items
                                  of a stage that learns */
    bool new_exposure_known;
    uint64_t rng_key;
    ost_buf notes;
    uint64_t computed;
    uint64_t remembered;
    uint64_t leaked;
    double last_progress;
    char *temp_dir;
    OST_VEC(ost_blob) blobs;
} step_state;

/* One per step, and one per item that is worked on in parallel. */
struct ost_stage_ctx {
    step_state *step;
    ost_arena *arena; /* the step's own for .run */
    ost_arena item_arena;
    OST_VEC(ost_blob) blobs; /* mapped for the item */
    OST_VEC(emitted) emitted;
    OST_VEC(pending_field) pending;
    ost_buf notes;
    /* in .prepare and .map: */
    const char **directives;
    size_t n_directives;
    const char *directive;
    const ost_item *in;
    const ost_item **joined; /* by input port */
    ost_digest read_digest;  /* of what the stage reads of `in` */
    /* in .gather: */
    const ost_item *const *bucket;
    size_t n_bucket;
    ost_digest bucket_exposure;
    bool bucket_exposure_known;
};

/* Opens the GPU of an exact stage that is to compute on one, for
 * ost_ctx_images(). */
ost_rc ost_step_open_images(step_state *step, ost_err *err);

/* Digest of what the stage declares it reads of an item. */
ost_digest ost_read_digest(const step_state *step, const ost_item *item);

/* Fields of emitted items get their blobs. */
ost_rc ost_store_pending(ost_stage_ctx *ctx, ost_err *err);
/* Adds emitted items, exposures united, to the step's outputs, which borrow the
 * last of them until ost_settle_outputs(). */
ost_rc ost_deliver(ost_stage_ctx *ctx, ost_err *err);
void ost_settle_outputs(step_state *step);
/* Releases what belonged to one item. */
void ost_item_ctx_reset(ost_stage_ctx *ctx);
void ost_item_ctx_release(ost_stage_ctx *ctx);

/* Sends the batch to be committed when it has grown large. */
void ost_step_relieve(step_state *step);

/* What an item without a parent is exposed to: the exposures of all items and
 * models among the inputs.  With `groups`, what a model is: the groups of all
 * dataset items as well. */
ost_rc ost_step_exposure(ost_stage_ctx *ctx, bool groups, ost_digest *exposure,
                         ost_err *err);

/* Takes the folder of a finished step (or NULL) and removes it, or keeps it for
 * the next one. */
void ost_temp_dir_done(char *dir);

/* Blobs that a memo refers to; those of an item, but no two of the same in
 * succession. */
typedef OST_VEC(ost_digest) ost_digest_vec;
void ost_add_refs(const ost_item *item, ost_digest_vec *refs);

/* The work on the items of a step's first input. */
typedef struct item_work {
    ost_stage_ctx *ctx; /* of the step; set it, then open */
    step_input *in;
    ost_buf prefix; /* of the keys of memos: all but what is joined */
    ost_buf whole;  /* ... and the datasets that are joined */
} item_work;

/* Builds the prefixes, indexes what is joined, calls .prepare. */
ost_rc ost_work_open(item_work *w, ost_err *err);
void ost_work_close(item_work *w);
/* Threads to work on items with: one for a serial stage, and for networks on a
 * GPU. */
int ost_work_threads(const item_work *w);
/* Finds what is joined to an item, for ctx->joined; adds it to a key. */
void ost_work_join(const item_work *w, ost_stage_ctx *ctx,
                   const ost_item *item);
void ost_work_joined_key(const ost_stage_ctx *ctx, ost_buf *text);

/* What came out of several items, to be remembered whole.  `chains` are by
 * output port, and borrow the last item of each. */
typedef struct items_memo {
    ost_buf notes;
    ost_buf items;
    ost_digest_vec refs;
    ost_item_chain *chains;
} items_memo;
/* Adds what ctx emitted and noted, after its delivery. */
void ost_memo_add(items_memo *m, const ost_stage_ctx *ctx);
/* The last items may go. */
void ost_memo_settle(items_memo *m, const step_state *step);
void ost_memo_store(const items_memo *m, step_state *step, const ost_key *key);
void ost_memo_release(items_memo *m, const step_state *step);
/* Hands out again what a memo holds. */
ost_rc ost_memo_recall(step_state *step, const ost_buf *memo, ost_err *err);

ost_rc ost_map_run(ost_stage_ctx *ctx, ost_err *err);
ost_rc ost_gather_run(ost_stage_ctx *ctx, ost_err *err);

/* The result of .map for one item as bytes (see delta.c), with the blobs that
 * it refers to; and the items that come out when it is applied to an item. */
void ost_delta_encode(const ost_stage_ctx *ctx, ost_buf *out,
                      ost_digest_vec *refs);
ost_rc ost_delta_apply(ost_stage_ctx *ctx, const ost_item *in, const void *data,
                       size_t size, ost_err *err);

/* Runs a step message against a store; outputs and batch go into `done`,
 * everything borrowed from `arena`.  Used by the worker and by tests. */
void ost_step_execute(ost_batch *batch, const ost_step_msg *msg,
                      const step_link *link, ost_arena *arena,
                      ost_done_msg *done);

#endif
