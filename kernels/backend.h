/* kernels/backend.h - a device, as a table of functions
 *
 * A backend owns a device for one process: its threads or its GPU, its library
 * handles, and one function per operator (operator_list.def names them all).
 * An operator that a backend does not have fails with its name.  A backend is
 * used from one thread at a time.
 *
 * Results depend on the shapes of the operands and on `numeric_class`, never on
 * `threads`: every operator cuts its work by shape alone.
 */
#ifndef OST_KERNELS_BACKEND_H
#define OST_KERNELS_BACKEND_H

#include "base/err.h"
#include "kernels/areas.h"
#include "kernels/image.h"
#include "kernels/tensor.h"

#include <stddef.h>

typedef struct ost_backend ost_backend;
typedef struct ost_adversarial ost_adversarial;       /* kernels/loss.h */
typedef struct ost_clahe_spec ost_clahe_spec;         /* kernels/tone.h */
typedef struct ost_class_loss ost_class_loss;         /* kernels/loss.h */
typedef struct ost_gamma_spec ost_gamma_spec;         /* kernels/tone.h */
typedef struct ost_layer ost_layer;                   /* kernels/layer.h */
typedef struct ost_merge ost_merge;                   /* kernels/merge.h */
typedef struct ost_merge_gap ost_merge_gap;           /* kernels/merge.h */
typedef struct ost_mix ost_mix;                       /* kernels/gan.h */
typedef struct ost_morph_spec ost_morph_spec;         /* kernels/morphology.h */
typedef struct ost_ramp_spec ost_ramp_spec;           /* kernels/tone.h */
typedef struct ost_remap_spec ost_remap_spec;         /* kernels/remap.h */
typedef struct ost_spectral_work ost_spectral_work;   /* kernels/spectral.h */
typedef struct ost_threshold_spec ost_threshold_spec; /* kernels/threshold.h */
typedef struct ost_update ost_update;                 /* kernels/optimizer.h */
typedef struct ost_value_loss ost_value_loss;         /* kernels/loss.h */
typedef struct ost_weight ost_weight;                 /* kernels/weights.h */

struct ost_backend {
    const char *name;          /* "cpu", "cuda" */
    const char *numeric_class; /* "cpu-f32-avx512", ...; enters keys */
    int threads;               /* at most this many at a time */
    void *state;               /* the device's own */

    void (*close)(ost_backend *backend);
    /* Memory for tensors, 64-byte aligned and zeroed; NULL when there is not
     * enough of it. */
    void *(*alloc)(ost_backend *backend, size_t bytes);
    void (*release)(ost_backend *backend, void *data);
    /* Copies between a weight as the device keeps it and plain row-major
     * numbers (`weight_count` floats; `from` names what is read). */
    ost_rc (*weight_read)(ost_backend *backend, const ost_weight *weight,
                          float *plain, ost_err *err);
    ost_rc (*weight_write)(ost_backend *backend, ost_weight *weight,
                           const float *plain, ost_err *err);
#define OPERATOR(name, args) ost_rc(*name) args;
#include "kernels/operator_list.def"
};

/* Opens the backend for a numeric class: "cpu-f32-avx512", "cpu-f32-avx2" or
 * "cpu-f32-portable" (what every x86-64-v3 machine computes); "cpu" is the best
 * of the machine.  `threads` 0: as many as the process has cores.
 *
 * Fails with OST_EUNSUPPORTED when the machine lacks the device or the
 * instructions, or when the process has computed in another class before.  The
 * CPU backend sets the number of OpenMP threads of the calling thread, which is
 * the one to use it.  Caller closes with ost_backend_close(). */
ost_rc ost_backend_open(const char *numeric_class, int threads,
                        ost_backend **backend, ost_err *err);
void ost_backend_close(ost_backend *backend);

#endif
