/* kernels/tape.h - what ran forward, to run it backward
 *
 * A forward pass records its layers; the replay calls their backward functions
 * in reverse, each after the forward functions that have to run again before
 * it, and adds up gradients where a value is read, or a weight used, more than
 * once.  The first gradient is written in place, later ones go through the
 * layer's spare memory, in the order of the replay: always the same sums.
 */
#ifndef OST_KERNELS_TAPE_H
#define OST_KERNELS_TAPE_H

#include "kernels/layer.h"

typedef struct ost_tape {
    ost_layer **data; /* in the order in which they ran */
    size_t len;
    size_t cap;
    ost_pass pass;
} ost_tape;

/* A zeroed tape is empty and ready. */
void ost_tape_release(ost_tape *tape);
/* Forgets what was recorded and starts a pass. */
void ost_tape_start(ost_tape *tape, ost_pass pass);
void ost_tape_record(ost_tape *tape, ost_layer *layer);
/* Runs everything backward that leads from `from`, whose gradient is there, to
 * some of `ends` (enum ost_net_ends). */
ost_rc ost_tape_replay(ost_tape *tape, ost_value *from, unsigned ends,
                       ost_err *err);
/* Only notes that it was done: which weights have gradients. */
void ost_tape_skip(ost_tape *tape, unsigned ends);

#endif
