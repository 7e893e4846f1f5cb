/* stages/model.h - a model artifact, ready to be used */
#ifndef OST_STAGES_MODEL_H
#define OST_STAGES_MODEL_H

#include "kernels/weights.h"
#include "stages/network.h"
#include "stages/picture_set.h"
#include "stages/target.h"

/* The blob of a model artifact, and the file of a model folder. */
#define OST_MODEL_WEIGHTS "weights.safetensors"

typedef struct ost_model {
    ost_network *network;
    ost_weights *weights;
    const char *field; /* that it was trained on */
    int64_t channels;
    int64_t frames; /* 0 for pictures */
    int64_t height;
    int64_t width;
    ost_target_kind kind; /* what it says of an item */
    const char *target;   /* "label", "attribute.age" */
    size_t n_classes;
    const char **classes;
    size_t positive; /* of two classes: the one that a single output is about */
    ost_normalization norm;
} ost_model;

/* Reads the model at `in` for `backend`, which must outlive it: network,
 * classes, normalization and weights.  Words are borrowed from the step; caller
 * releases with ost_model_release(). */
ost_rc ost_model_open(ost_stage_ctx *ctx, const ost_input *in,
                      ost_backend *backend, ost_model *model, ost_err *err);
void ost_model_release(ost_model *model);

/* Only what a model's metadata says: everything but the weights, which are
 * NULL.  The metadata may come from anywhere: OST_EINPUT says what is malformed
 * in it. */
ost_rc ost_model_describe(ost_stage_ctx *ctx, const json_t *meta,
                          ost_model *model, ost_err *err);

/* The model's input for `n` items; returns how many sides that are. */
int ost_model_shape(const ost_model *model, int64_t n,
                    int64_t shape[OST_MAX_DIMS]);

/* Fails, with advice, when pictures differ in shape from those it learned. */
ost_rc ost_model_check_pictures(const ost_model *model,
                                const ost_picture_set *set, ost_err *err);

#endif
