/* cli/planning.h - what commands on workflows have in common: from the command
 * line to a plan */
#ifndef OST_CLI_PLANNING_H
#define OST_CLI_PLANNING_H

#include "cli/options.h"
#include "engine/engine.h"

enum ost_planning_flags {
    OST_PLANNING_CREATE = 1u << 0,  /* make the store when it is not there */
    OST_PLANNING_EXPORTS = 1u << 1, /* plan exports of dataset outputs */
    OST_PLANNING_QUIET = 1u << 2,   /* show no progress of downloads */
};

/* Everything that a plan stands on; release with ost_planning_close(). */
typedef struct ost_planning {
    ost_store *store;
    ost_workflow *wf;
    ost_sights *sights; /* or NULL */
    ost_source_state *sources;
    ost_batch *batch;
    ost_plan *plan;
    char *scratch; /* folder of a store that is there for the command only */
} ost_planning;

/* The options of every command that plans: --target, --force, --backend,
 * --numerics, --gpus, --rehash, --allow. */
extern const ost_option ost_options_planning[];

/* Opens the store.  One that is not there is made with CREATE, if the workflow
 * is right; without, it is replaced by an empty one that lasts as long as the
 * command. */
ost_rc ost_planning_store(ost_planning *p, const ost_cli *cli, unsigned flags,
                          ost_err *err);
/* Loads the workflow if need be, scans its sources and builds the plan. */
ost_rc ost_planning_plan(ost_planning *p, const ost_cli *cli, unsigned flags,
                         ost_err *err);
void ost_planning_close(ost_planning *p);

/* True when `word` was given to --allow. */
bool ost_cli_allows(const ost_cli *cli, const char *word);

#endif
