/* stages/safetensors.h - tensors as bytes, in the format of that name
 *
 * 8 bytes little endian: length of the header; a JSON object from names to
 * {"dtype": "F32", "shape": [...], "data_offsets": [from, to]}; the numbers,
 * little endian, row by row, without gaps.  What is written here loads in
 * PyTorch, and the same weights are the same bytes.
 *
 * Files come from anywhere: nothing in one is believed before it is checked.
 */
#ifndef OST_STAGES_SAFETENSORS_H
#define OST_STAGES_SAFETENSORS_H

#include "base/buf.h"
#include "base/err.h"
#include "kernels/weights.h"

typedef struct ost_safetensors ost_safetensors;

/* One tensor of a file; borrows from the file and its bytes. */
typedef struct ost_stored_tensor {
    const char *name;
    const char *dtype; /* "F32", "BF16", "I64", ... */
    int ndim;
    int64_t shape[OST_MAX_DIMS];
    int64_t count; /* of numbers */
    const unsigned char *data;
    size_t bytes;
} ost_stored_tensor;

/* Reads the header of the `size` bytes at `data`, which are borrowed until
 * ost_safetensors_close().  OST_EINPUT names what is wrong: a header longer
 * than the file or no JSON, a name that is there twice, an unknown type, a
 * shape that cannot be, offsets past the end, in disorder, overlapping or with
 * gaps, another number of bytes than the shape says. */
ost_rc ost_safetensors_open(const void *data, size_t size,
                            ost_safetensors **file, ost_err *err);
void ost_safetensors_close(ost_safetensors *file);

/* Tensors in the order of their bytes; NULL when there is none. */
size_t ost_safetensors_count(const ost_safetensors *file);
const ost_stored_tensor *ost_safetensors_at(const ost_safetensors *file,
                                            size_t i);
const ost_stored_tensor *ost_safetensors_find(const ost_safetensors *file,
                                              const char *name);

/* Writes the `count` numbers of a tensor of type F32, F16, BF16 or F64 to
 * `out`; any other type is OST_EINPUT. */
ost_rc ost_stored_tensor_read(const ost_stored_tensor *t, float *out,
                              ost_err *err);

/* Gives `weight` the numbers of `t`.  OST_EINPUT names a shape or type that
 * does not fit. */
ost_rc ost_safetensors_fill(ost_weights *w, ost_weight *weight,
                            const ost_stored_tensor *t, ost_err *err);

/* Appends all weights, in their order. */
ost_rc ost_safetensors_write(ost_weights *w, ost_buf *out, ost_err *err);

/* Fills all weights from a file that has them all and nothing else. */
ost_rc ost_safetensors_read(ost_weights *w, const void *data, size_t size,
                            ost_err *err);

#endif
