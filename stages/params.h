/* stages/params.h - parameters of a stage: checked, completed, canonical
 *
 * Light: the command links this too.
 */
#ifndef OST_STAGES_PARAMS_H
#define OST_STAGES_PARAMS_H

#include "base/buf.h"
#include "base/vec.h"
#include "stages/stage.h"

/* One fault of a `with` object: where (a pointer below it, "/low") and what.
 * `key`: the fault is in the member's name rather than its value. */
typedef struct ost_param_fault {
    char pointer[256];
    bool key;
    char text[512];
} ost_param_fault;
typedef OST_VEC(ost_param_fault) ost_param_faults;

/* Checks `with` (an object, or NULL for none) against the stage's table and
 * appends every fault: unknown names (with the nearest), missing required
 * ones, wrong types, values out of range, unknown choices.  A FILE parameter
 * is a string here. */
void ost_params_check(const ost_stage *stage, const json_t *with,
                      ost_param_faults *faults);

/* Reads a file that a parameter names; appends its content to `data`. */
typedef ost_rc (*ost_params_reader)(void *user, const char *name, ost_buf *data,
                                    ost_err *err);

/* A new object with every parameter of the stage: given values, defaults, null
 * where unset; FILE parameters become {"name", "data"} through `reader`.
 * Expects what ost_params_check() found no fault in.  Caller decrefs. */
ost_rc ost_params_complete(const ost_stage *stage, const json_t *with,
                           ost_params_reader reader, void *user, json_t **full,
                           ost_err *err);

/* Key components "param.NAME=canonical JSON", in the order of the table; a
 * FILE enters as the digest of its content. */
void ost_params_key(const ost_stage *stage, const json_t *full,
                    ost_buf *components);

/* Fills the stage's struct (param_size bytes, in the arena) from a complete
 * object, which must outlive it. */
ost_rc ost_params_fill(const ost_stage *stage, const json_t *full,
                       ost_arena *arena, const void **params, ost_err *err);

/* Words for people: "integer 1 to 100", "list of 2 integers", "one of ...". */
void ost_param_describe(const ost_param *p, ost_buf *out);

#endif
