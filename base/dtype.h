/* base/dtype.h - element types of stored and computed arrays
 *
 * The values are part of the store's format: never renumber.
 */
#ifndef OST_BASE_DTYPE_H
#define OST_BASE_DTYPE_H

#include <stddef.h>

typedef enum ost_dtype {
    OST_U8 = 1,
    OST_U16 = 2,
    OST_F32 = 3,
    OST_I32 = 4,
    OST_I16 = 5, /* inside kernels only; never stored */
    OST_F64 = 6, /* inside kernels only; never stored */
} ost_dtype;

enum { OST_MAX_DIMS = 6 };

/* Bytes of one element; 0 for an unknown type. */
size_t ost_dtype_size(ost_dtype t);
/* "u8", "u16", "f32", ...; NULL for an unknown type, and the reverse (0). */
const char *ost_dtype_name(ost_dtype t);
ost_dtype ost_dtype_of(const char *name);

#endif
