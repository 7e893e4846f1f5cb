/* stages/encode_dicom.h - planar scans as DICOM files
 *
 * NM Image Storage, explicit VR little endian, 16-bit counts; for phantoms, so
 * that they come the way that real scans come.  The bytes depend on the values
 * alone.
 */
#ifndef OST_STAGES_ENCODE_DICOM_H
#define OST_STAGES_ENCODE_DICOM_H

#include "base/buf.h"

#include <stdint.h>

enum { OST_DICOM_VIEWS = 2 };

/* A file of one or two frames, each the view of one detector. */
typedef struct ost_dicom_scan {
    const char *patient; /* id and name */
    const char *study;   /* its id */
    const char *study_uid;
    const char *series_uid;
    const char *instance_uid;
    int64_t day; /* of the study, after 2020-01-01 */
    unsigned instance;
    unsigned rows;
    unsigned columns;
    unsigned frames;
    const char *views[OST_DICOM_VIEWS]; /* "anterior", "posterior" */
    double spacing;                     /* mm per pixel */
    const uint16_t *pixels;             /* frame by frame, row by row */
} ost_dicom_scan;

void ost_dicom_encode(const ost_dicom_scan *scan, ost_buf *out);

#endif
