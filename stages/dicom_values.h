/* stages/dicom_values.h - stored values of a DICOM file as values of an image
 *
 * Gray frames come out as stored, rescaled (by a modality LUT, or slope and
 * intercept), or as they are displayed: rescaled, then through a window or a
 * VOI LUT (PS3.3 C.11.2), dark as small and bright as large numbers.  A file
 * without either is displayed from its smallest to its largest value, one of
 * at most 8 bits that nothing rescales from 0 to its largest possible one.
 * Color frames come out as RGB, palettes applied.
 */
#ifndef OST_STAGES_DICOM_VALUES_H
#define OST_STAGES_DICOM_VALUES_H

#include "base/dtype.h"
#include "base/err.h"
#include "stages/decode_dicom.h"

typedef enum ost_dicom_meaning {
    OST_DICOM_STORED,
    OST_DICOM_RESCALED,
    OST_DICOM_DISPLAYED,
} ost_dicom_meaning;

/* What is wanted, and what is found out on the way.  The caller sets the first
 * members and zeroes the others. */
typedef struct ost_dicom_values {
    ost_dicom *d; /* decoded; borrowed */
    ost_dicom_meaning meaning;
    bool turn;       /* MONOCHROME1 around, where it is not displayed */
    uint32_t window; /* which one, from 0: windows, then VOI LUTs */
    uint32_t bits;   /* 8 or 16, of displayed values */
    ost_dicom_lut modality;
    ost_dicom_lut palette[3];
    bool has_range;
    double low; /* of all values after the modality */
    double high;
} ost_dicom_values;

/* Reads the tables that the file needs and checks that every frame can be
 * given.  Release with ost_dicom_values_release(), whatever comes out. */
ost_rc ost_dicom_values_init(ost_dicom_values *v, ost_err *err);
void ost_dicom_values_release(ost_dicom_values *v);

bool ost_dicom_is_color(const ost_dicom *d);
/* True for MONOCHROME1 that is handed on with large numbers for dark. */
bool ost_dicom_is_inverse(const ost_dicom_values *v);
/* OST_U8, OST_U16 or OST_F32. */
ost_dtype ost_dicom_dtype(const ost_dicom_values *v);
/* Writes one frame: rows * columns values, three times as many of color. */
ost_rc ost_dicom_fill(ost_dicom_values *v, uint32_t frame, void *out,
                      ost_err *err);

/* The ost_rc of a status. */
ost_rc ost_dicom_fail(const ost_dicom *d, ost_dicom_status status,
                      ost_err *err);

#endif
