/* stages/nifti_header.h - what the head of a NIfTI file says
 *
 * NIfTI-1 (348 bytes) and NIfTI-2 (540 bytes), in one file with the voxels, of
 * either byte order.  https://nifti.nimh.nih.gov/nifti-1,
 * https://nifti.nimh.nih.gov/pub/dist/doc/nifti2.h
 */
#ifndef OST_STAGES_NIFTI_HEADER_H
#define OST_STAGES_NIFTI_HEADER_H

#include "base/err.h"
#include "stages/raw_values.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OST_NIFTI_HEAD = 540, OST_NIFTI_DIMS = 7 };

/* What people look at: the plane of the body that a picture shows. */
typedef enum ost_plane_name {
    OST_SAGITTAL, /* across axis 0 of the body: right to left */
    OST_CORONAL,  /* across axis 1: front to back */
    OST_AXIAL,    /* across axis 2: feet to head */
} ost_plane_name;

typedef struct ost_nifti_header {
    int ndim;                    /* 1..7 */
    int64_t dim[OST_NIFTI_DIMS]; /* 1 beyond ndim; the first varies fastest */
    double size[OST_NIFTI_DIMS]; /* mm of a voxel, then seconds; 0: unknown */
    double first_second;         /* when the first time point is */
    ost_raw_type type;           /* of a channel */
    int channels;                /* 1, 3 (RGB) or 4 (RGBA) */
    uint64_t offset;             /* of the first voxel */
    double slope;                /* 0: values are as stored */
    double intercept;
    int body[3];  /* axis of the body that voxel axis i runs along: 0, 1, 2 */
    bool back[3]; /* it runs toward the right, the front or the head */
} ost_nifti_header;

/* True for what begins as a NIfTI file does, pairs of files included. */
bool ost_nifti_is(const void *data, size_t size);

/* Reads the head; OST_EINPUT or OST_EUNSUPPORTED say what is wrong. */
ost_rc ost_nifti_read_header(const void *data, size_t size, ost_nifti_header *h,
                             ost_err *err);

#endif
