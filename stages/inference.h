/* stages/inference.h - what a network makes of pictures
 *
 * The network is built for slices of one fixed size; the last one is filled up
 * with zeros.  So what an item gets does not depend on its neighbors.
 */
#ifndef OST_STAGES_INFERENCE_H
#define OST_STAGES_INFERENCE_H

#include "kernels/network.h"
#include "stages/network.h"
#include "stages/picture_set.h"

enum { OST_SLICE = 8 };

typedef struct ost_inference {
    ost_net *net;
    size_t outputs; /* numbers for an item */
    size_t loaded;  /* items of the last slice */
} ost_inference;

/* Builds `network` with `weights` for pictures like those of `in`.  Caller
 * releases with ost_inference_release(). */
ost_rc ost_inference_init(ost_inference *inf, const ost_network *network,
                          ost_weights *weights, const ost_picture_set *in,
                          ost_err *err);
/* The same up to the value of one layer of the network. */
ost_rc ost_inference_init_to(ost_inference *inf, const ost_network *network,
                             int layer, ost_weights *weights,
                             const ost_picture_set *in, ost_err *err);
void ost_inference_release(ost_inference *inf);

/* Loads the pictures index[0..n-1], at most OST_SLICE of them.  The device may
 * still compute the slice before, whose output stays as it is. */
ost_rc ost_inference_load(ost_inference *inf, ost_stage_ctx *ctx,
                          const ost_picture_set *in,
                          const ost_normalization *norm, const uint32_t *index,
                          size_t n, ost_err *err);
/* Tells the device to compute what was loaded: (n, ...), plain, borrowed until
 * the next call, in the memory of the device. */
ost_rc ost_inference_compute(ost_inference *inf, ost_tensor *output,
                             ost_err *err);
/* Both, and what comes out, in memory of the host. */
ost_rc ost_inference_slice(ost_inference *inf, ost_stage_ctx *ctx,
                           const ost_picture_set *in,
                           const ost_normalization *norm, const uint32_t *index,
                           size_t n, ost_tensor *output, ost_err *err);

/* The same for any number of pictures: `outputs` numbers each. */
ost_rc ost_inference_run(ost_inference *inf, ost_stage_ctx *ctx,
                         const ost_picture_set *in,
                         const ost_normalization *norm, const uint32_t *index,
                         size_t count, float *output, ost_err *err);

/* What is kept of what comes out for an item, and found again under the bytes
 * of its picture. */
typedef struct ost_inference_memo {
    ost_inference *inf;
    ost_stage_ctx *ctx;
    const ost_picture_set *set;
    const ost_normalization *norm;
    const char *field;
    const char *name; /* of all else that the numbers hang on: the model */
    size_t kept;      /* numbers for an item */
    /* Makes them of the `outputs` numbers; NULL: they are the same. */
    void (*keep)(const ost_inference *inf, const float *from, float *to);
} ost_inference_memo;

/* Fills `kept` numbers for every picture, `out` row by row, and says how many
 * pictures were computed. */
ost_rc ost_inference_remember(const ost_inference_memo *m, float *out,
                              size_t *computed, ost_err *err);

#endif
