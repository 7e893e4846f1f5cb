/* store/gc.h - what no kept run needs is removed
 *
 * Kept are the newest runs of each workflow and the pinned ones, with all
 * that they reach (store/reach.h); pinned artifacts; memos of items as long as
 * every blob that they refer to is kept; checkpoints of steps that never
 * finished; fingerprints of sources that are still there.  Everything else
 * goes, object files and what lies in tmp/ included.
 *
 * The space of removed records is reused by the index, whose file does not
 * shrink.
 */
#ifndef OST_STORE_GC_H
#define OST_STORE_GC_H

#include "base/err.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

enum { OST_GC_KEEP_RUNS = 10 };

typedef struct ost_gc_options {
    uint32_t keep_runs;  /* newest runs per workflow; 0: pinned ones only */
    bool dry_run;        /* count, remove nothing */
    double wait_seconds; /* for running runs to end */
} ost_gc_options;

typedef struct ost_gc_count {
    uint64_t records;
    uint64_t bytes;
} ost_gc_count;

typedef struct ost_gc_result {
    uint64_t runs_kept;
    uint64_t nodes_kept;
    uint64_t blobs_kept;
    ost_gc_count removed[OST_TABLES]; /* records of each table */
    ost_gc_count objects;             /* object files */
    ost_gc_count leftovers;           /* files in tmp/ */
} ost_gc_result;

/* Waits until it has the store alone.  OST_ECORRUPT when something that a kept
 * run needs is damaged: fsck comes first.  A gc that is interrupted leaves a
 * whole store. */
ost_rc ost_gc(ost_store *s, const ost_gc_options *options,
              ost_gc_result *result, ost_err *err);

#endif
