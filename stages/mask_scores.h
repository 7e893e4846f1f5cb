/* stages/mask_scores.h - what a mask says beside a reference, as numbers
 *
 * For the stage `evaluate_masks`.  A mask is (H, W), or (T, H, W): a stack is
 * one picture, whose pixels and lesions are counted over all planes, while
 * distances are within planes.
 */
#ifndef OST_STAGES_MASK_SCORES_H
#define OST_STAGES_MASK_SCORES_H

#include "base/err.h"
#include "kernels/tensor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ost_mask_spec {
    double spacing_y; /* 1 and 1 in pixels */
    double spacing_x;
    double tolerance; /* of the surface Dice, in the same unit */
    bool sides;       /* lesions hang together over 4 neighbors, not 8 */
    int64_t least;    /* pixels of the smallest lesion that counts */
    double overlap;   /* share of a lesion that has to be met; 0: a pixel */
} ost_mask_spec;

/* NaN where undefined.  The first of two is of the predicted mask, the second
 * of the reference. */
typedef struct ost_mask_scores {
    int64_t pixels[2];
    int64_t both;
    double dice; /* undefined when both are empty, 0 when one is */
    double iou;
    double hd95; /* undefined when one is empty, in some plane */
    double hd;
    double surface_dice; /* undefined when both are empty, 0 when one is */
    int64_t lesions[2];
    int64_t met[2]; /* of them, those that the other mask meets */
} ost_mask_scores;

/* Masks of one shape, of any type: marked where not 0, and nowhere without
 * data.  On the calling thread. */
ost_rc ost_mask_scores_of(const ost_tensor *predicted,
                          const ost_tensor *reference,
                          const ost_mask_spec *spec, ost_mask_scores *s,
                          ost_err *err);

#endif
