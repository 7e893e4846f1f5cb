/* stages/npy_header.h - an array in a NumPy file */
#ifndef OST_STAGES_NPY_HEADER_H
#define OST_STAGES_NPY_HEADER_H

#include "base/err.h"
#include "stages/raw_values.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `stride` counts elements; `data` is borrowed from the file. */
typedef struct ost_npy {
    ost_raw_type type;
    int ndim;
    int64_t shape[OST_MAX_DIMS];
    int64_t stride[OST_MAX_DIMS];
    uint64_t count; /* of elements */
    const unsigned char *data;
} ost_npy;

/* True for what begins as a NumPy file does. */
bool ost_npy_is(const void *data, size_t size);

/* Reads the head (versions 1, 2 and 3) and makes sure that the elements are
 * there, no more and no fewer.  OST_EINPUT or OST_EUNSUPPORTED say what is
 * wrong. */
ost_rc ost_npy_open(const void *data, size_t size, ost_npy *a, ost_err *err);

/* Element at an index of `ndim` numbers. */
const unsigned char *ost_npy_at(const ost_npy *a, const int64_t *index);

#endif
