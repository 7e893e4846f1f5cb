/* stages/safetensors.h - weights as bytes, in the format of that name
 *
 * 8 bytes little endian: length of the header; a JSON object from names to
 * {"dtype": "F32", "shape": [...], "data_offsets": [from, to]}; the numbers,
 * little endian, row by row.  What is written here loads in PyTorch; the same
 * weights are the same bytes.
 */
#ifndef OST_STAGES_SAFETENSORS_H
#define OST_STAGES_SAFETENSORS_H

#include "base/buf.h"
#include "base/err.h"
#include "kernels/weights.h"

/* Appends all weights, in their order. */
ost_rc ost_safetensors_write(ost_weights *w, ost_buf *out, ost_err *err);

/* Fills all weights.  OST_EINPUT names what is malformed: offsets past the end
 * or in disorder, another type or shape, a weight that is missing, a tensor
 * that the network does not have. */
ost_rc ost_safetensors_read(ost_weights *w, const void *data, size_t size,
                            ost_err *err);

#endif
