/* stages/devices.h - what the machine has, as far as keys and plans care
 *
 * Light: the command links this too.
 */
#ifndef OST_STAGES_DEVICES_H
#define OST_STAGES_DEVICES_H

#include "base/buf.h"
#include "base/err.h"

/* The numeric class of the CPU backend: "cpu-f32-avx512", "cpu-f32-avx2" or
 * "cpu-f32-portable".  OSTEON_ISA=avx512|avx2|portable lowers it. */
const char *ost_cpu_numeric_class(void);

/* Backend asked for by `--backend` -> numeric class of steps that may use a
 * GPU.  "auto" and "cpu" give the CPU's class; "cuda" is OST_EUNSUPPORTED
 * with the reason when this build or machine has no CUDA backend. */
ost_rc ost_backend_numeric_class(const char *backend, const char **numeric,
                                 ost_err *err);

#endif
