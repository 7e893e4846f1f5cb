/* stages/encode.h - arrays to pictures that others read: PNG and NumPy files
 *
 * The bytes depend on the values alone (and on the version of zlib).
 */
#ifndef OST_STAGES_ENCODE_H
#define OST_STAGES_ENCODE_H

#include "base/buf.h"
#include "base/err.h"
#include "kernels/tensor.h"

#include <stdbool.h>

/* True for what a PNG can hold: u8 or u16 of shape (H, W) or (H, W, 3). */
bool ost_png_can(const ost_tensor *t);
/* Appends a PNG of 8 or 16 bit; `t` may have any strides.  A fourth channel is
 * taken for opacity, which ost_png_can() leaves out: it is not read back. */
ost_rc ost_png_encode(const ost_tensor *t, ost_buf *out, ost_err *err);

/* Appends a NumPy file of format 1.0, C order, little endian: any dtype that
 * is stored (u8, u16, i32, f32), any strides. */
ost_rc ost_npy_encode(const ost_tensor *t, ost_buf *out, ost_err *err);

#endif
