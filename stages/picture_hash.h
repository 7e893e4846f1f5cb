/* stages/picture_hash.h - by which equal and similar pictures are found
 *
 *     exact  SHA-256 of type, shape and pixels
 *     dhash  64 bits: of 9 x 8 areas, is one brighter than its right neighbor?
 *     phash  64 bits: of the 8 x 8 lowest frequencies of 32 x 32 areas, is one
 *            above the median of all but the first?
 *     wide   256 bits: the same of the 16 x 16 lowest frequencies, the rows of
 *            low ones first.  Pictures of the same part of the body by the same
 *            device are alike to the others, and are told apart by this one
 *
 * All is reckoned in whole numbers and in sums of fixed order, so that a hash
 * is the same on every machine.
 */
#ifndef OST_STAGES_PICTURE_HASH_H
#define OST_STAGES_PICTURE_HASH_H

#include "kernels/tensor.h"
#include "stages/wide_hashes.h"
#include "store/key.h"

#include <stdint.h>

/* Of a picture (H, W) or (H, W, C), or a series (T, H, W), of u8, u16 or f32;
 * any strides. */
ost_digest ost_picture_digest(const ost_tensor *t);

/* Of a picture; channels are added up, and so are the frames of a series, whose
 * first side `frames` says is T. */
uint64_t ost_picture_dhash(const ost_tensor *t, bool frames);
uint64_t ost_picture_phash(const ost_tensor *t, bool frames);
/* All 0 for a picture without contrast, and for no other. */
ost_wide_hash ost_picture_wide_hash(const ost_tensor *t, bool frames);

#endif
