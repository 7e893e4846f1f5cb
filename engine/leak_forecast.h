/* engine/leak_forecast.h - leaks that the workflow alone gives away
 *
 * Nothing is run and no store is read.  What is judged descends from a line of
 * artifacts: those that hold its items, or of whose items it is a part.  A
 * model upstream of it that learns from one of that line, or from what was made
 * of all of one, learns from the groups that it will be judged on; so do
 * metrics that decide (`choose`) and were measured on these.  Where a stage may
 * leave groups out on the way, nobody can know before the run, and nothing is
 * said.
 */
#ifndef OST_ENGINE_LEAK_FORECAST_H
#define OST_ENGINE_LEAK_FORECAST_H

#include "engine/workflow.h"

/* `instance` of `node` judges; `text` says what leaks, and what to do.
 * Borrowed for the call. */
typedef void (*ost_forecast_visit)(void *user, uint32_t node, uint32_t instance,
                                   const char *text);

/* Calls `visit` once for each node that judges and each model that knows too
 * much, in plan order. */
void ost_leak_forecast(const ost_workflow *wf, ost_forecast_visit visit,
                       void *user);

#endif
