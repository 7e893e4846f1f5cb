/* kernels/cuda/label_kernels.h - what hangs together in a mask
 *
 * Union-find over pixels: links go from a pixel to one of a smaller number and
 * are tightened by atomic minima, so that in whichever order threads come, the
 * root of a component is its first pixel in raster order.
 *
 * V. Oliveira, R. Lotufo, "A Study on Connected Components Labeling algorithms
 * using GPUs", SIBGRAPI 2010; D. Playne, K. Hawick, "A New Algorithm for
 * Parallel Connected-Component Labelling on GPUs", IEEE TPDS 29(6), 2018.
 *
 * Each function launches on `stream` and returns the cudaError_t of that; it
 * does not wait.  C and C++ can both read this.
 */
#ifndef OST_KERNELS_CUDA_LABEL_KERNELS_H
#define OST_KERNELS_CUDA_LABEL_KERNELS_H

#include "kernels/cuda/picture.h"

#ifdef __cplusplus
extern "C" {
#endif

/* labels[i] becomes the number of the first pixel of its component, -1 where
 * the mask (one channel) is 0, or with `zeros` where it is not.  `sides`: four
 * neighbors instead of eight. */
int ost_cuda_label(const ost_cuda_picture *mask, int sides, int zeros,
                   int32_t *labels, void *stream);

/* A run of pixels, as kernels/connected.h has it. */
typedef struct ost_cuda_run {
    int32_t begin;
    int32_t end;
    int32_t component;
} ost_cuda_run;

/* A component; sums of columns and rows in place of the center. */
typedef struct ost_cuda_component {
    unsigned long long area;
    unsigned long long sum_x;
    unsigned long long sum_y;
    int32_t left;
    int32_t top;
    int32_t right; /* past the last */
    int32_t bottom;
} ost_cuda_component;

/* Counts runs and components of each row, and adds up what is before it:
 * runs[y] and roots[y] for y in 0 .. h. */
int ost_cuda_count_runs(const int32_t *labels, int64_t h, int64_t w,
                        int64_t *runs, int64_t *roots, void *stream);

/* Makes runs and components of the labels; `number` has room for one number a
 * pixel, `all` for each component, both of the device. */
int ost_cuda_make_runs(const int32_t *labels, int64_t h, int64_t w,
                       const int64_t *runs, const int64_t *roots,
                       int32_t *number, ost_cuda_run *made, int64_t n_runs,
                       ost_cuda_component *all, int64_t n_all, void *stream);

#ifdef __cplusplus
}
#endif

#endif
