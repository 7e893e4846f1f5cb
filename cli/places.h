/* cli/places.h - where a plan computes, for people */
#ifndef OST_CLI_PLACES_H
#define OST_CLI_PLACES_H

#include "engine/plan.h"

/* On stderr: which nodes compute on a GPU and on which ones, with a warning
 * when somebody else has much of one; which nodes prefer one and have to do
 * without, and why.  Where none can be used, that is one line for all nodes:
 *
 *     CPU: no CUDA device (libnvidia-ml.so.1 not found)
 *
 * Nothing about nodes that are cached. */
void ost_places_print(const ost_plan *plan);

#endif
