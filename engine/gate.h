/* engine/gate.h - a bound that a metric has to keep */
#ifndef OST_ENGINE_GATE_H
#define OST_ENGINE_GATE_H

#include "engine/outcome.h"

/* Judges one gate on one metrics artifact.  The path leads through members and
 * array indices, separated by dots; an object with a member "value" stands for
 * that.  What is not a number fails the gate, and says why. */
ost_rc ost_gate_judge(ost_batch *batch, const char *output,
                      const ost_gate *gate, const ost_digest *artifact,
                      ost_arena *arena, ost_gate_result *result, ost_err *err);

#endif
