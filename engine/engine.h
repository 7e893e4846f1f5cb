/* engine/engine.h - from a workflow document to its outputs, on one screen
 *
 *     ost_workflow_load    text -> workflow             (engine/workflow.h)
 *     ost_plan_build       workflow + store -> steps    (engine/plan.h)
 *     ost_plan_explain     why a step is to run         (engine/plan.h)
 *     ost_run_execute      steps -> artifacts, record   (engine/run.h)
 *     ost_run_outputs      record -> files of --out     (engine/outputs.h)
 */
#ifndef OST_ENGINE_ENGINE_H
#define OST_ENGINE_ENGINE_H

#include "engine/plan.h"
#include "engine/run.h"
#include "engine/workflow.h"

#endif
