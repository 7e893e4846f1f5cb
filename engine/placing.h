/* engine/placing.h - where nodes compute, on the CPU or a GPU, in which class
 *
 *     needs.gpu     --backend auto     cpu              cuda
 *     (not said)    CPU                CPU              GPU, if the stage can
 *     no            CPU                CPU              CPU
 *     prefer        GPU if there is    CPU              GPU
 *     require       GPU                refused          GPU
 *
 * A GPU that is to be used and is not there is an error that names the node and
 * the reason, except where it is preferred: that node computes on the CPU, and
 * people are told why.  Nothing of CUDA is looked for before a node wants it.
 */
#ifndef OST_ENGINE_PLACING_H
#define OST_ENGINE_PLACING_H

#include "engine/workflow.h"
#include "stages/devices.h"

typedef struct ost_place {
    const char *numeric;  /* class in the key, "" for none */
    const char *computes; /* class to compute in */
    const char *why;      /* not on a GPU although one is preferred; or NULL */
    bool gpu;
} ost_place;

/* What decides, and what was found.  Fill in the words, release in the end. */
typedef struct ost_placing {
    const char *backend;  /* "auto", "cpu" or "cuda" */
    const char *numerics; /* a word of ost_numerics */
    const char *words;    /* of --gpus, or NULL */
    bool looked;          /* for GPUs */
    ost_gpus gpus;        /* when it has */
} ost_placing;

/* OST_EUSAGE: a word that there is not, a contradiction.  OST_EUNSUPPORTED: no
 * GPU for a node that is to have one. */
ost_rc ost_place_node(ost_placing *placing, const ost_node *node,
                      ost_place *place, ost_err *err);
ost_rc ost_placing_check(const ost_placing *placing, ost_err *err);
void ost_placing_release(ost_placing *placing);

/* Appends what a plan depends on of the GPUs that were found. */
void ost_gpus_mark(const ost_gpus *gpus, ost_buf *out);

#endif
