/* stages/decode_dicom.h - stored pixel values and attributes of DICOM files
 *
 * A thin layer over DCMTK (all transfer syntaxes but JPEG 2000) and OpenJPEG
 * (JPEG 2000), which C and C++ both can read.  No color conversion, no rescale,
 * no window: what comes out are the stored values.  Files without preamble or
 * file meta group are read too.
 */
#ifndef OST_STAGES_DECODE_DICOM_H
#define OST_STAGES_DECODE_DICOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ost_dicom_status {
    OST_DICOM_OK = 0,
    OST_DICOM_DAMAGED,     /* not DICOM, truncated, contradicts itself */
    OST_DICOM_UNSUPPORTED, /* sound, but not for us */
    OST_DICOM_NO_PICTURE,  /* sound, without pixel data */
    OST_DICOM_TOO_LARGE,
    OST_DICOM_NO_MEMORY,
} ost_dicom_status;

enum { OST_DICOM_VALUE = 128, OST_DICOM_ERROR = 200 };

/* `words` holds frames * rows * columns * samples little-endian words of
 * `bits` (8, 16 or 32) bits: frame by frame, row by row, samples interleaved;
 * 1-bit data is one byte per pixel.  Of each word, bits high_bit and
 * bits_stored - 1 below it are the value. */
typedef struct ost_dicom {
    uint32_t rows;
    uint32_t columns;
    uint32_t frames;
    uint32_t samples; /* per pixel: 1 or 3 */
    uint32_t bits;
    uint32_t bits_stored;
    uint32_t high_bit;
    bool is_signed;
    bool has_rescale;
    double slope; /* 1 and 0 when the file gives none */
    double intercept;
    char photometric[24];     /* "MONOCHROME1", "RGB", "YBR_FULL" */
    char transfer_syntax[72]; /* as stored: a UID */
    unsigned char *words;
    size_t size; /* bytes of `words` */
    char error[OST_DICOM_ERROR];
} ost_dicom;

/* Reads a file in memory.  Nothing larger than `max_pixels` (rows * columns *
 * frames) is decoded.  For each of `n` attribute keywords ("Modality") the
 * first value as text goes to `values`, "" when it is not there.  `d->error`
 * says what is wrong when the status is not OK.  May be called by several
 * threads.  Release with ost_dicom_release(), whatever the status. */
ost_dicom_status ost_dicom_read(const void *data, size_t size,
                                uint64_t max_pixels,
                                const char *const *keywords, size_t n,
                                char (*values)[OST_DICOM_VALUE], ost_dicom *d);
void ost_dicom_release(ost_dicom *d);

/* 1: an attribute that may be asked for; 0: no such keyword; -1: one that
 * names or describes the patient, whose values stay in the file. */
int ost_dicom_keyword(const char *keyword);

#ifdef __cplusplus
}
#endif

#endif
