/* stages/exec.h - what the files of the stage `exec` share
 *
 *     exec.c         parameters; the program and its end
 *     exec_files.c   inputs to files, files to outputs
 */
#ifndef OST_STAGES_EXEC_H
#define OST_STAGES_EXEC_H

#include "stages/stage.h"

/* Writes every input into the folder `folder`/in: a dataset as a folder of
 * files with items.csv, files as they are, a model as a folder with model.json
 * and its parts, predictions as .csv, metrics and reports as .json.  The name
 * is the row's, or the number of the input from 0; ".axis=value" follows per
 * axis. */
ost_rc ost_exec_write_inputs(ost_stage_ctx *ctx, const char *folder,
                             ost_err *err);

/* Emits the declared outputs in `folder`: files, and folders with all that is
 * in them.  OST_EFAIL names the one that is missing, is a link, or leads
 * outside. */
ost_rc ost_exec_collect(ost_stage_ctx *ctx, const char *folder,
                        const ost_str_list *outputs, ost_err *err);

#endif
