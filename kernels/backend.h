/* kernels/backend.h - a device, as a table of functions
 *
 * A backend owns a device for one process: its threads or its GPU, its library
 * handles, and one function per operator (operator_list.def names them all).
 * An operator that a backend does not have fails with its name.  A backend is
 * used from one thread at a time; operators on images may come from several.
 *
 * A device may have memory of its own, that the host cannot follow pointers
 * into: operators of networks and of learning get the device's, operators on
 * images the host's.  A device works on what it was told in that order, and
 * does not make the host wait for it but where this file says so.
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

#include <stdbool.h>
#include <stddef.h>

typedef struct ost_backend ost_backend;
typedef struct ost_adversarial ost_adversarial;       /* kernels/loss.h */
typedef struct ost_clahe_spec ost_clahe_spec;         /* kernels/tone.h */
typedef struct ost_class_loss ost_class_loss;         /* kernels/loss.h */
typedef struct ost_components ost_components;         /* kernels/connected.h */
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
    bool host_memory;          /* the device computes in the host's memory */
    const char *libraries;     /* of the device, with versions; or NULL */
    void *state;               /* the device's own */

    void (*close)(ost_backend *backend);
    /* Memory of the device, 64-byte aligned and zeroed; NULL when there is not
     * enough of it (ost_backend_no_memory() then says what there is).  `what`
     * it is for is copied. */
    void *(*alloc)(ost_backend *backend, size_t bytes, const char *what);
    void (*release)(ost_backend *backend, void *data);
    /* Memory of the host that the device copies from and to at once; 64-byte
     * aligned; NULL when there is not enough of it, as for alloc(). */
    void *(*host_alloc)(ost_backend *backend, size_t bytes);
    void (*host_release)(ost_backend *backend, void *data);

    /* Copies to or from the device, after all that it was told before; done
     * when they return. */
    ost_rc (*write)(ost_backend *backend, void *device, const void *host,
                    size_t bytes, ost_err *err);
    ost_rc (*read)(ost_backend *backend, void *host, const void *device,
                   size_t bytes, ost_err *err);
    /* Copies memory of host_alloc() to the device after all that it was told
     * before, without waiting: the memory may change after sent(). */
    ost_rc (*send)(ost_backend *backend, void *device, const void *host,
                   size_t bytes, ost_err *err);
    /* Waits until what was sent last from `host` has left it. */
    ost_rc (*sent)(ost_backend *backend, const void *host, ost_err *err);
    /* Memory of the host as operators of the device may read it, until the
     * next finish(); what is there now counts.  NULL gives NULL. */
    ost_rc (*lend)(ost_backend *backend, const void *host, size_t bytes,
                   const void **lent, ost_err *err);
    /* Copies from the device after all that it was told before, without
     * waiting: the numbers are at `host` after the next finish(). */
    ost_rc (*bring)(ost_backend *backend, void *host, const void *device,
                    size_t bytes, ost_err *err);
    /* Waits for all that the device was told.  Numbers that operators put into
     * memory of the host (losses, probabilities) are there only then. */
    ost_rc (*finish)(ost_backend *backend, ost_err *err);
    /* What the device is told between record() and recorded() it does not do,
     * but keeps as `work`, NULL when it cannot: repeat() then tells it all of
     * that at once, as often as one likes.  Whatever was told, recorded() ends
     * it.  NULL: the device has no use for that. */
    ost_rc (*record)(ost_backend *backend, ost_err *err);
    ost_rc (*recorded)(ost_backend *backend, void **work, ost_err *err);
    ost_rc (*repeat)(ost_backend *backend, void *work, ost_err *err);
    void (*forget)(ost_backend *backend, void *work);
    /* Names what the device is told until leave(), for tools that look on; may
     * be nested.  NULL: there is nothing to look at. */
    void (*enter)(ost_backend *backend, const char *what);
    void (*leave)(ost_backend *backend);
    /* Appends to the message what has the device's memory, or replaces it where
     * the device is lost; NULL: nothing to say. */
    void (*explain_memory)(ost_backend *backend, ost_err *err);

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
 * of the machine.  "cuda-f32" and its like are computed by the first GPU that
 * the process sees, "sim-f32" and its like by the stand-in that the tests have
 * for one (folder OSTEON_CUDASIM); "cuda" is the one of the two that is there.
 * `threads` 0: as many as the process has cores.
 *
 * Fails with OST_EUNSUPPORTED when the machine lacks the device or the
 * instructions, or when the process has computed in another class before.  The
 * CPU backend sets the number of OpenMP threads of the calling thread, which is
 * the one to use it.  Caller closes with ost_backend_close(). */
ost_rc ost_backend_open(const char *numeric_class, int threads,
                        ost_backend **backend, ost_err *err);
void ost_backend_close(ost_backend *backend);

/* backend->enter and backend->leave, where there are such. */
void ost_backend_enter(ost_backend *backend, const char *what);
void ost_backend_leave(ost_backend *backend);

/* The operators on images of the CPU, which need no open backend; the rest of
 * the table is not to be used. */
const ost_backend *ost_backend_images(void);

/* OST_ENOMEM: "no memory for ...", and what has it; OST_EDEVICE where there is
 * none because the device is lost. */
ost_rc ost_backend_no_memory(ost_backend *backend, ost_err *err,
                             const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
