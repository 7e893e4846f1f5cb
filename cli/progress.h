/* cli/progress.h - a run as people watch it, and its summary
 *
 * On a terminal a line for each running step, drawn again in place; elsewhere
 * a plain line for each step that took a while.  Both go to stderr.
 */
#ifndef OST_CLI_PROGRESS_H
#define OST_CLI_PROGRESS_H

#include "base/map.h"
#include "base/vec.h"
#include "engine/run.h"

#include <stdio.h>

/* A step that is at a worker. */
typedef struct ost_shown_step {
    char *name;
    double started;
    uint64_t done;
    uint64_t total;
    char *extra; /* "loss 0.41" */
} ost_shown_step;

/* What became of a node's steps. */
typedef struct ost_node_row {
    char *name;
    ost_run_counts counts; /* seconds: of its steps, added up */
} ost_node_row;

typedef struct ost_progress_view {
    FILE *out;
    bool terminal;
    OST_VEC(ost_shown_step) running;
    OST_VEC(ost_node_row) rows; /* in order of first result */
    ost_map row_of;             /* node name -> index in rows */
    uint64_t steps;
    uint64_t settled;
    uint32_t drawn; /* lines on the terminal that are ours */
    double drawn_at;
} ost_progress_view;

void ost_progress_open(ost_progress_view *v, FILE *out);
/* An ost_watch's tell(). */
void ost_progress_tell(void *view, const ost_event *event);
/* Takes our lines off the terminal. */
void ost_progress_clear(ost_progress_view *v);
void ost_progress_release(ost_progress_view *v);

/* Appends the table of nodes that were not merely cached, and the totals. */
void ost_progress_summary(const ost_progress_view *v, const char *workflow,
                          const ost_run_counts *counts, ost_buf *out);

#endif
