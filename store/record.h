/* store/record.h - what is remembered of a computed node and of a run
 *
 * Encodings are drawn in FORMAT.md.  Decoded records borrow from the arena.
 */
#ifndef OST_STORE_RECORD_H
#define OST_STORE_RECORD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "store/key.h"

#include <stdint.h>

/* One output of a node. */
typedef struct ost_output {
    const char *port;
    uint8_t type;        /* ost_artifact_type */
    ost_digest artifact; /* digest of the encoded artifact */
    uint64_t items;
} ost_output;

/* A computed node: what its key was made of, and what came out. */
typedef struct ost_node_record {
    const char *components; /* the key's text, see store/key.h */
    const ost_output *outputs;
    size_t n_outputs;
    double seconds;    /* how long it took when it was computed */
    uint64_t wall_ns;  /* when */
    uint64_t computed; /* items computed and remembered by a map stage */
    uint64_t remembered;
    const char *notes;  /* warnings, one a line; "" when none */
    const char *device; /* the GPU, driver and libraries that computed it, in
                           words; NULL or "" on the CPU */
} ost_node_record;

void ost_node_record_encode(ost_buf *out, const ost_node_record *r);
ost_rc ost_node_record_decode(const void *data, size_t size, ost_arena *arena,
                              ost_node_record *r, ost_err *err);

/* One step of a run. */
typedef struct ost_run_step {
    const char *name;  /* "train[fold=2]" */
    const char *stage; /* "train" */
    uint8_t verdict;   /* ost_run_verdict */
    ost_key key;       /* zero when it never got one */
    double seconds;
    uint64_t computed;
    uint64_t remembered;
    const char *message; /* error text of a failed step, how groups came to what
                            judged them of another; else "" */
} ost_run_step;

typedef enum ost_run_verdict {
    OST_RUN_CACHED = 0,
    OST_RUN_RAN = 1,
    OST_RUN_FAILED = 2,
    OST_RUN_SKIPPED = 3, /* something before it failed */
} ost_run_verdict;

/* One execution of a plan. */
typedef struct ost_run_record {
    const char *id;       /* sorts by time */
    const char *workflow; /* the document's "name" */
    const char *meta;     /* JSON: bindings, params, seed, versions, gates */
    uint64_t started_ns;
    uint64_t finished_ns;
    int exit_status;
    const ost_run_step *steps; /* in plan order */
    size_t n_steps;
    const ost_output *outputs; /* port: the name under "outputs" */
    size_t n_outputs;
} ost_run_record;

void ost_run_record_encode(ost_buf *out, const ost_run_record *r);
ost_rc ost_run_record_decode(const void *data, size_t size, ost_arena *arena,
                             ost_run_record *r, ost_err *err);

#endif
