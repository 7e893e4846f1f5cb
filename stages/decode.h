/* stages/decode.h - foreign pictures to arrays
 *
 * PNG through libpng, JPEG through libjpeg-turbo; DICOM has a header of its
 * own.  All decoders work on bytes in memory, recognize by content and never
 * by name, and ask for memory only after the size of the picture was compared
 * with a limit.  Truncated or damaged data is refused, never filled up.
 *
 * Color becomes gray by the weights of ITU-R BT.601, in integers:
 * (19595 R + 38470 G + 7471 B + 32768) / 65536; a JPEG in YCbCr gives its Y.
 * An alpha channel is dropped, a palette resolved, 1, 2 and 4 bit gray spread
 * over 0..255.  16 bit stays 16 bit.
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
    OST_FORMAT_ARCHIVE, /* zip, tar, or a compressed tar */
} ost_format;

/* What the first bytes say. */
ost_format ost_format_of(const void *data, size_t size);

typedef struct ost_decode_limits {
    uint64_t max_pixels; /* of one file: height * width * frames */
    bool color;          /* keep three channels where there are three */
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
/* Three channels to one, in place. */
void ost_picture_to_gray(ost_picture *p);

/* Release with ost_picture_release().  OST_EINPUT says what is wrong with the
 * data, OST_EUNSUPPORTED what is sound but not for us. */
ost_rc ost_png_decode(const void *data, size_t size,
                      const ost_decode_limits *limits, ost_picture *p,
                      ost_err *err);
ost_rc ost_jpeg_decode(const void *data, size_t size,
                       const ost_decode_limits *limits, ost_picture *p,
                       ost_err *err);

#endif
