/* kernels/cuda/picture_device.h - pixels of pictures, for kernels
 *
 * Values are read as float, which holds all of u8 and u16, and written as the
 * CPU backend writes them.  Only .cu files read this.
 */
#ifndef OST_KERNELS_CUDA_PICTURE_DEVICE_H
#define OST_KERNELS_CUDA_PICTURE_DEVICE_H

#include "kernels/cuda/device.h"
#include "kernels/cuda/picture.h"
#include "kernels/pixel.h"

namespace ost
{

static __device__ inline float value_at(const ost_cuda_picture &p, int64_t i)
{
    if (p.dtype == OST_U8)
        return static_cast<float>(static_cast<const uint8_t *>(p.data)[i]);
    if (p.dtype == OST_U16)
        return static_cast<float>(static_cast<const uint16_t *>(p.data)[i]);
    return static_cast<const float *>(p.data)[i];
}

/* Integers rounded half to even and saturated. */
static __device__ inline void put_value(const ost_cuda_picture &p, int64_t i,
                                        float v)
{
    if (p.dtype == OST_U8)
        static_cast<uint8_t *>(p.data)[i] = ost_px_u8(v);
    else if (p.dtype == OST_U16)
        static_cast<uint16_t *>(p.data)[i] = ost_px_u16(v);
    else
        static_cast<float *>(p.data)[i] = v;
}

/* The bits of a value, and the reverse: what is only moved keeps them. */
static __device__ inline uint32_t bits_at(const ost_cuda_picture &p, int64_t i)
{
    if (p.dtype == OST_U8)
        return static_cast<const uint8_t *>(p.data)[i];
    if (p.dtype == OST_U16)
        return static_cast<const uint16_t *>(p.data)[i];
    return static_cast<const uint32_t *>(p.data)[i];
}

static __device__ inline void put_bits(const ost_cuda_picture &p, int64_t i,
                                       uint32_t bits)
{
    if (p.dtype == OST_U8)
        static_cast<uint8_t *>(p.data)[i] = static_cast<uint8_t>(bits);
    else if (p.dtype == OST_U16)
        static_cast<uint16_t *>(p.data)[i] = static_cast<uint16_t>(bits);
    else
        static_cast<uint32_t *>(p.data)[i] = bits;
}

/* Not 0; NaN is not. */
static __device__ inline bool is_set_at(const ost_cuda_picture &p, int64_t i)
{
    return ost_px_is_set(value_at(p, i));
}

/* True when a channel of pixel `i` is set. */
static __device__ inline bool is_marked_at(const ost_cuda_picture &p, int64_t i)
{
    for (int64_t k = 0; k < p.c; k++)
        if (is_set_at(p, i * p.c + k))
            return true;
    return false;
}

static __device__ inline bool is_finite(float v)
{
    return (ost_px_bits(v) & 0x7f800000) != 0x7f800000;
}

static inline int64_t pixels_of(const ost_cuda_picture *p)
{
    return p->h * p->w;
}

static inline int64_t values_of(const ost_cuda_picture *p)
{
    return p->h * p->w * p->c;
}

} /* namespace ost */

#endif
