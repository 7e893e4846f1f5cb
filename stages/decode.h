/* stages/decode.h - foreign pictures to arrays
 *
 * PNG through libpng, JPEG through libjpeg-turbo, TIFF through libtiff, NIfTI
 * and NumPy files by parsers of our own; DICOM has a header of its own.  All
 * decoders work on bytes in memory, recognize by content and never by name, and
 * ask for memory only after the size of the picture was compared with a limit.
 * Truncated or damaged data is refused, never filled up.
 *
 * Color becomes gray by the weights of ITU-R BT.601, in integers:
 * (19595 R + 38470 G + 7471 B + 32768) / 65536; a JPEG in YCbCr gives its Y.
 * An alpha channel is dropped, a palette resolved, 1, 2 and 4 bit gray spread
 * over 0..255.  16 bit stays 16 bit; signed values and those of more bits
 * become f32.
 */
#ifndef OST_STAGES_DECODE_H
#define OST_STAGES_DECODE_H

#include "base/dtype.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ost_format {
    OST_FORMAT_UNKNOWN = 0,
    OST_FORMAT_PNG,
    OST_FORMAT_JPEG,
    OST_FORMAT_DICOM,
    OST_FORMAT_TIFF,
    OST_FORMAT_NIFTI, /* packed by gzip, too */
    OST_FORMAT_NPY,
    OST_FORMAT_ARCHIVE, /* zip, tar, or a compressed tar */
} ost_format;

/* What the first bytes say. */
ost_format ost_format_of(const void *data, size_t size);

typedef struct ost_decode_limits {
    uint64_t max_pixels; /* of one file: height * width * frames */
    bool color;          /* keep three channels where there are three */
    bool orient;         /* turn the picture as the file says (EXIF, TIFF) */
    bool numbers; /* PNG: palette and gray of few bits as they are stored */
} ost_decode_limits;

/* One picture: (height, width), or (height, width, 3), row by row. */
typedef struct ost_picture {
    ost_dtype dtype; /* OST_U8, OST_U16 or OST_F32 */
    int64_t height;
    int64_t width;
    int channels; /* 1 or 3 */
    void *data;
} ost_picture;

/* A zeroed picture may be released. */
void ost_picture_release(ost_picture *p);
/* Shape, dtype and memory of a new picture; OST_EINPUT names a size beyond
 * `max_pixels` or an empty one, OST_ENOMEM when there is no memory. */
ost_rc ost_picture_init(ost_picture *p, ost_dtype dtype, uint64_t height,
                        uint64_t width, int channels, uint64_t max_pixels,
                        ost_err *err);
/* Three channels to one, in place; f32 by the same weights. */
void ost_picture_to_gray(ost_picture *p);

/* Release with ost_picture_release().  OST_EINPUT says what is wrong with the
 * data, OST_EUNSUPPORTED what is sound but not for us. */
ost_rc ost_png_decode(const void *data, size_t size,
                      const ost_decode_limits *limits, ost_picture *p,
                      ost_err *err);
ost_rc ost_jpeg_decode(const void *data, size_t size,
                       const ost_decode_limits *limits, ost_picture *p,
                       ost_err *err);

/* --- files of several pictures ------------------------------------------ */

/* One picture of a file, and what is known of it. */
typedef struct ost_frame {
    ost_picture picture;
    int64_t index; /* from 0, of `count` pages or slices */
    int64_t count;
    int64_t timepoint;       /* from 0, of `timepoints` where there are any */
    int64_t timepoints;      /* 0: the file knows no time */
    double seconds;          /* of the time point; NaN: not known */
    double spacing_y;        /* mm per pixel; 0: not known */
    double spacing_x;        /* likewise */
    const char *photometric; /* where high is not bright, or NULL */
} ost_frame;

/* Takes the pictures of a file one after another. */
typedef struct ost_frame_sink {
    /* The frame is borrowed for the call; a failure ends the decoding. */
    ost_rc (*frame)(void *user, const ost_frame *f, ost_err *err);
    /* Something about the file that people should know. */
    void (*told)(void *user, const char *text);
    void *user;
} ost_frame_sink;

/* Pages of a TIFF or BigTIFF, without reduced copies of others and
 * transparency masks.  8 and 16 bit stay what they are, also as palettes,
 * MINISWHITE is turned around (where values are unsigned), CMYK, YCbCr and
 * CIELab become RGB.  What libtiff warns of is told, or, when it concerns
 * the pixels, refused. */
ost_rc ost_tiff_decode(const void *data, size_t size,
                       const ost_decode_limits *limits,
                       const ost_frame_sink *sink, ost_err *err);

/* Which slices of a volume: across the axis that varies slowest in the file
 * (as they were acquired, as a rule), or the planes of a name, all of them
 * turned as people look at them by the file's orientation; or across voxel axis
 * 0, 1 or 2, as they are stored: rows along the higher of the other axes. */
enum {
    OST_SLICES_ACQUIRED,
    OST_SLICES_AXIAL,
    OST_SLICES_CORONAL,
    OST_SLICES_SAGITTAL,
    OST_SLICES_0,
    OST_SLICES_1,
    OST_SLICES_2,
};

typedef struct ost_nifti_options {
    int axis;     /* OST_SLICES_... */
    bool rescale; /* times slope, plus intercept: f32 */
} ost_nifti_options;

/* Slices of a NIfTI-1 or NIfTI-2 file of up to four dimensions, packed by gzip
 * or not: time point by time point. */
ost_rc ost_nifti_decode(const void *data, size_t size,
                        const ost_decode_limits *limits,
                        const ost_nifti_options *options,
                        const ost_frame_sink *sink, ost_err *err);

/* What an array of three dimensions is: (H, W, C) when the last has a size of
 * 1, 3 or 4, else (N, H, W); or always one of them. */
enum { OST_ARRAYS_AUTO, OST_ARRAYS_CHANNELS, OST_ARRAYS_STACK };

/* The pictures of a NumPy array: (H, W), (H, W, C), (N, H, W) or (N, H, W,
 * C). */
ost_rc ost_npy_decode(const void *data, size_t size,
                      const ost_decode_limits *limits, int arrays,
                      const ost_frame_sink *sink, ost_err *err);

#endif
