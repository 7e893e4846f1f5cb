/* stages/decode_dicom.h - what is in a DICOM file
 *
 * A thin layer over DCMTK (all transfer syntaxes but JPEG 2000) and OpenJPEG
 * (JPEG 2000), which C and C++ both can read:
 *
 *     decode_dicom.cc   a file in memory, and what its header says of pixels
 *     dicom_pixels.cc   stored values
 *     dicom_facts.cc    rescale, spacing, view, who and when
 *     dicom_tables.cc   look-up tables and windows
 *     dicom_privacy.cc  what of the header tells who somebody is
 *
 * Nothing is converted here: stored values come out, and beside them what says
 * how they are meant.  Files without preamble or file meta group are read too,
 * with a warning.  A ost_dicom may be used by one thread at a time, different
 * ones by different threads.
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

enum { OST_DICOM_VALUE = 128, OST_DICOM_ERROR = 200, OST_DICOM_UID = 72 };

/* `words` holds frames * rows * columns * samples little-endian words of
 * `bits` (8, 16 or 32) bits: frame by frame, row by row, samples interleaved;
 * 1-bit data is one byte per pixel.  Of each word, bits high_bit and
 * bits_stored - 1 below it are the value.  With `is_float` the words are
 * floating-point numbers of 32 or 64 bits. */
typedef struct ost_dicom {
    uint32_t rows;
    uint32_t columns;
    uint32_t frames;
    uint32_t samples; /* per pixel: 1 or 3 */
    uint32_t bits;
    uint32_t bits_stored;
    uint32_t high_bit;
    bool is_signed;
    bool is_float;
    bool has_padding; /* stored values of padding_low..padding_high are none */
    int64_t padding_low;
    int64_t padding_high;
    char photometric[24];                /* "MONOCHROME1", "RGB", "YBR_FULL" */
    char transfer_syntax[OST_DICOM_UID]; /* as stored */
    unsigned char *words;
    size_t size; /* bytes of `words` */
    char error[OST_DICOM_ERROR];
    char warnings[2 * OST_DICOM_ERROR]; /* "", or some, separated by "; " */
    struct ost_dicom_file *file;        /* the data set, or NULL */
} ost_dicom;

/* Reads the data set of a file in memory, which must stay until `d` is
 * released; only `transfer_syntax` is known then.  `d->error` says what is
 * wrong when the status is not OK.  Release whatever the status. */
ost_dicom_status ost_dicom_open(const void *data, size_t size, ost_dicom *d);
/* Reads the pixels of an open file: nothing larger than `max_pixels` (rows *
 * columns * frames). */
ost_dicom_status ost_dicom_decode(ost_dicom *d, uint64_t max_pixels);
/* One after the other. */
ost_dicom_status ost_dicom_read(const void *data, size_t size,
                                uint64_t max_pixels, ost_dicom *d);
void ost_dicom_release(ost_dicom *d);

/* --- what the header says (of an open file) ------------------------------ */

/* The first value of an attribute ("Modality") as text (UTF-8, '?' for what is
 * no character or controls a terminal), "" when there is none. */
void ost_dicom_value(const ost_dicom *d, const char *keyword,
                     char value[OST_DICOM_VALUE]);
/* 1: an attribute that may be asked for; 0: no such keyword; -1: one that
 * tells who the patient is, whose values stay in the file. */
int ost_dicom_keyword(const char *keyword);

/* Who and when.  This is for telling files of one patient, study and series
 * from those of others, and for nothing that leaves the process.  Texts are ""
 * when the file says nothing. */
typedef struct ost_dicom_identity {
    char patient[OST_DICOM_VALUE];
    char issuer[OST_DICOM_VALUE];
    char study[OST_DICOM_UID];
    char series[OST_DICOM_UID];
    bool has_instance;
    double instance;
    bool has_day;
    int64_t day; /* of the acquisition (else the study), since 1970-01-01 */
    bool has_seconds;
    double seconds; /* since midnight */
} ost_dicom_identity;
void ost_dicom_identify(const ost_dicom *d, ost_dicom_identity *who);

/* What a frame (from 0) says of itself, or its file of it. */
typedef struct ost_dicom_frame {
    bool has_rescale;
    double slope; /* 1 and 0 when the file gives none */
    double intercept;
    double spacing_y; /* millimeters per pixel; 0: not known */
    double spacing_x;
    const char *spacing_kind;   /* "pixel", "imager", "nominal", or NULL */
    char view[OST_DICOM_VALUE]; /* "anterior", "posterior", or what the file
                                   says in lower case; "" when nothing */
} ost_dicom_frame;
void ost_dicom_frame_of(const ost_dicom *d, uint32_t frame, ost_dicom_frame *f);

/* --- tables --------------------------------------------------------------- */

/* Value first + i becomes v[i], those outside the nearest end. */
typedef struct ost_dicom_lut {
    uint32_t n; /* 0: there is no table */
    int32_t first;
    uint32_t bits; /* of an entry, 1..16 */
    uint16_t *v;
} ost_dicom_lut;
void ost_dicom_lut_release(ost_dicom_lut *lut);

/* The Modality LUT; n = 0 when the file has none.  Release it. */
ost_dicom_status ost_dicom_modality_lut(ost_dicom *d, ost_dicom_lut *lut);
/* The palette, red, green, blue, plain or in segments.  Release each. */
ost_dicom_status ost_dicom_palette(ost_dicom *d, ost_dicom_lut rgb[3]);

typedef enum ost_dicom_window_kind {
    OST_DICOM_LINEAR,
    OST_DICOM_LINEAR_EXACT,
    OST_DICOM_SIGMOID,
} ost_dicom_window_kind;

/* One of the ways to show a frame: a window, or a table (lut.n > 0). */
typedef struct ost_dicom_view {
    uint32_t n_views; /* how many there are: windows, then VOI tables */
    ost_dicom_window_kind kind;
    double center;
    double width;
    ost_dicom_lut lut;
} ost_dicom_view;
/* View `index` of a frame; nothing but n_views is set when there is none of
 * that number.  Release its table. */
ost_dicom_status ost_dicom_view_of(ost_dicom *d, uint32_t frame, uint32_t index,
                                   ost_dicom_view *view);

/* --- privacy -------------------------------------------------------------- */

typedef struct ost_dicom_privacy {
    const char *burned_in;  /* "yes", "no", or "not stated" */
    uint32_t private_tags;  /* at all depths */
    uint32_t overlays;      /* planes of graphics */
    char identifying[1024]; /* keywords of what would tell who it is, by space;
                               "..." at the end when there are more */
} ost_dicom_privacy;
/* Names what is there and is not kept, never a value. */
void ost_dicom_privacy_of(const ost_dicom *d, ost_dicom_privacy *p);

/* --- DICOMDIR ------------------------------------------------------------- */

/* Calls `add` with each path that a DICOMDIR refers to ('/' separated, as
 * written), in its order.  OST_DICOM_UNSUPPORTED when it is none. */
typedef void (*ost_dicomdir_add)(void *user, const char *path);
ost_dicom_status ost_dicomdir_read(ost_dicom *d, ost_dicomdir_add add,
                                   void *user);

#ifdef __cplusplus
}
#endif

#endif
