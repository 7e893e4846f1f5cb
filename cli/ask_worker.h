/* cli/ask_worker.h - a question that only the worker can answer
 *
 * The command does not link what computes; `osteon-worker` does.
 */
#ifndef OST_CLI_ASK_WORKER_H
#define OST_CLI_ASK_WORKER_H

#include "base/err.h"

#include <jansson.h>

/* Runs `osteon-worker OPTION REQUEST` and reads the object in JSON that it
 * prints: { result } or { error, rc }, which becomes our failure.  Caller
 * decrefs *result. */
ost_rc ost_ask_worker(const char *option, const json_t *request,
                      json_t **result, ost_err *err);

#endif
