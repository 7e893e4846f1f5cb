/* stages/tiff_samples.h - the samples of a TIFF page to the values of a picture
 *
 * A page is stored in blocks (strips or tiles); a block has rows of samples of
 * 1 to 64 bits, those of a pixel together or in planes of their own.
 */
#ifndef OST_STAGES_TIFF_SAMPLES_H
#define OST_STAGES_TIFF_SAMPLES_H

#include "stages/decode.h"

/* The tags that say how samples are stored. */
typedef struct ost_tiff_layout {
    uint32_t width;
    uint32_t height;
    uint16_t bits;
    uint16_t samples; /* per pixel, alpha and others included */
    uint16_t format;
    uint16_t photometric;
    bool separate;    /* a plane per sample */
    uint16_t *map[3]; /* of a palette: 1 << bits entries each */
} ost_tiff_layout;

/* Rows of samples as libtiff unpacks them, in the machine's byte order. */
typedef struct ost_tiff_block {
    const void *data;
    size_t row_bytes;
    uint32_t top; /* where it lies in the picture */
    uint32_t left;
    uint32_t rows; /* that lie in the picture */
    uint32_t columns;
    uint16_t plane;
} ost_tiff_block;

/* Gray, RGB or palette samples that we can read. */
bool ost_tiff_is_known(const ost_tiff_layout *l);
bool ost_tiff_is_unsigned(const ost_tiff_layout *l);
/* What such a page becomes: u8 up to 8 bits and for palettes, u16 up to 16,
 * f32 for signed, floating and wider samples. */
ost_dtype ost_tiff_dtype(const ost_tiff_layout *l);
int ost_tiff_channels(const ost_tiff_layout *l);
/* Planes that are to be read. */
uint16_t ost_tiff_planes(const ost_tiff_layout *l);

/* Writes what a block holds into the picture. */
void ost_tiff_put(const ost_tiff_layout *l, const ost_tiff_block *b,
                  ost_picture *p);

#endif
