/* kernels/pixel_noise.h - random numbers of places, for C and CUDA compilers */
#ifndef OST_KERNELS_PIXEL_NOISE_H
#define OST_KERNELS_PIXEL_NOISE_H

#include "kernels/pixel.h"

OST_PIXEL uint32_t ost_px_hash(uint32_t v)
{
    v = (v ^ (v >> 16)) * 0x7FEB352Du;
    v = (v ^ (v >> 15)) * 0x846CA68Bu;
    return v ^ (v >> 16);
}

/* Close to standard normal, within +-4.9: the sum of eight even numbers of 16
 * bits, whose variance is 8 / 12. */
OST_PIXEL float ost_px_normal(uint64_t place, uint32_t seed)
{
    uint32_t h = ost_px_hash((uint32_t)place ^ seed);
    uint32_t sum = 0;
    int k;

    h = ost_px_hash(h ^ (uint32_t)(place >> 32) ^ 0x9E3779B9u);
    for (k = 0; k < 4; k++) {
        h = ost_px_hash(h + 0x632BE5ABu);
        sum += (h & 0xFFFFu) + (h >> 16);
    }
    return ((float)sum - 262140.0f) * (1.22474487f / 65536.0f);
}

#endif
