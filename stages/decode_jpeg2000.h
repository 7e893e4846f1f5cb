/* stages/decode_jpeg2000.h - one frame of JPEG 2000 to stored words
 *
 * For decode_dicom.cc; like it, without exceptions across its boundary.
 */
#ifndef OST_STAGES_DECODE_JPEG2000_H
#define OST_STAGES_DECODE_JPEG2000_H

#include "stages/decode_dicom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the DICOM header says about the frame. */
typedef struct ost_jpeg2000 {
    uint32_t rows;
    uint32_t columns;
    uint32_t samples;
    uint32_t bits; /* of a word: 8, 16 or 32 */
} ost_jpeg2000;

/* Writes rows * columns * samples little-endian words.  `error` says what is
 * wrong; a picture of another size than expected is not decoded. */
ost_dicom_status ost_jpeg2000_decode(const unsigned char *data, size_t size,
                                     const ost_jpeg2000 *expected,
                                     unsigned char *words,
                                     char error[OST_DICOM_ERROR]);

#ifdef __cplusplus
}
#endif

#endif
