/* kernels/cuda/histogram_kernels.h - how often which value is there
 *
 * Counts are whole numbers, so that the order in which threads add to them does
 * not matter.
 *
 * Each function launches on `stream` and returns the cudaError_t of that; it
 * does not wait.  C and C++ can both read this.
 */
#ifndef OST_KERNELS_CUDA_HISTOGRAM_KERNELS_H
#define OST_KERNELS_CUDA_HISTOGRAM_KERNELS_H

#include "kernels/cuda/picture.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { OST_CUDA_LEVELS = 65536 };

/* Adds to bins[v] for every value v of a u8 or u16 picture, where `region`
 * (NULL: everywhere) is not 0; one channel has the region. */
int ost_cuda_count_levels(const ost_cuda_picture *in,
                          const ost_cuda_picture *region, unsigned *bins,
                          void *stream);

/* Floats that are finite, in their order as whole numbers: ost_cuda_key() and
 * the reverse.  -0 comes right before 0. */
static inline uint32_t ost_cuda_key_of_bits(uint32_t bits)
{
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static inline uint32_t ost_cuda_bits_of_key(uint32_t key)
{
    return key & 0x80000000u ? key & 0x7fffffffu : ~key;
}

/* Adds to bins[key >> 16] of the finite values of an f32 picture. */
int ost_cuda_count_high(const ost_cuda_picture *in, unsigned *bins,
                        void *stream);
/* Adds to bins[slots[key >> 16] * 65536 + (key & 65535)] where the slot is not
 * negative. */
int ost_cuda_count_low(const ost_cuda_picture *in, const int32_t *slots,
                       unsigned *bins, void *stream);

/* What is found about finite values of an f32 picture in a region, as keys. */
typedef struct ost_cuda_extremes {
    unsigned least;         /* begins as UINT32_MAX */
    unsigned most;          /* begins as 0 */
    unsigned negative_zero; /* begins as 0; 1 when -0 is there */
    unsigned below;         /* of ost_cuda_find_below(): begins as 0 */
} ost_cuda_extremes;

int ost_cuda_find_extremes(const ost_cuda_picture *in,
                           const ost_cuda_picture *region,
                           ost_cuda_extremes *found, void *stream);
/* Counts the finite values in 65536 bins of one width. */
int ost_cuda_count_bins(const ost_cuda_picture *in,
                        const ost_cuda_picture *region, float least, float most,
                        unsigned *bins, void *stream);
/* The largest value in the bins up to `last`. */
int ost_cuda_find_below(const ost_cuda_picture *in,
                        const ost_cuda_picture *region, float least, float most,
                        int last, ost_cuda_extremes *found, void *stream);

/* Contrast limited equalization, see kernels/cpu/clahe.c. */
typedef struct ost_cuda_tiles {
    int levels;
    int rows;
    int columns;
    int64_t tile_h;
    int64_t tile_w;
    int clip; /* 0: none */
} ost_cuda_tiles;

/* `counts` and `tables` have room for levels of all tiles; one channel. */
int ost_cuda_equalize(const ost_cuda_picture *in, int64_t channel,
                      const ost_cuda_tiles *tiles, int *counts,
                      uint16_t *tables, const ost_cuda_picture *out,
                      void *stream);

#ifdef __cplusplus
}
#endif

#endif
