/* kernels/per_pixel.h - the bodies that kernels/per_pixel.def lists
 *
 * Like those of kernels/pixel.h, whose rules they follow; each takes a pixel
 * and what is the same for all pixels.
 */
#ifndef OST_KERNELS_PER_PIXEL_H
#define OST_KERNELS_PER_PIXEL_H

#include "kernels/pixel.h"

typedef uint8_t ost_px_type_u8;
typedef uint16_t ost_px_type_u16;
typedef float ost_px_type_f32;

/* v * scale + offset: another range or type, or the negative. */
typedef struct ost_px_args_line {
    float scale;
    float offset;
} ost_px_args_line;

/* Windows: what ost_px_ramp() takes. */
typedef struct ost_px_args_ramp {
    float low;
    float to_low;
    float gain;
    float least;
    float most;
} ost_px_args_ramp;

/* The smallest marked value, in the type of the pixels. */
typedef struct ost_px_args_mark {
    float least_f32;
    uint16_t least_u16;
    uint8_t least_u8;
    uint8_t inside;
    uint8_t outside;
} ost_px_args_mark;

OST_PIXEL float ost_px_f32(float v)
{
    return v;
}

/* Computed in single precision whatever the types are. */
#define OST_PX_LEVELS(from, to)                                              \
    OST_PIXEL ost_px_type_##to ost_px_line_##from##_##to(                    \
        ost_px_type_##from v, const ost_px_args_line *a)                     \
    {                                                                        \
        return ost_px_##to((float)v * a->scale + a->offset);                 \
    }                                                                        \
    OST_PIXEL ost_px_type_##to ost_px_ramp_##from##_##to(                    \
        ost_px_type_##from v, const ost_px_args_ramp *a)                     \
    {                                                                        \
        return ost_px_##to(ost_px_ramp((float)v, a->low, a->to_low, a->gain, \
                                       a->least, a->most));                  \
    }
OST_PX_LEVELS(u8, u8)
OST_PX_LEVELS(u8, u16)
OST_PX_LEVELS(u8, f32)
OST_PX_LEVELS(u16, u8)
OST_PX_LEVELS(u16, u16)
OST_PX_LEVELS(u16, f32)
OST_PX_LEVELS(f32, u8)
OST_PX_LEVELS(f32, u16)
OST_PX_LEVELS(f32, f32)
#undef OST_PX_LEVELS

#define OST_PX_THRESHOLD(from)                                                \
    OST_PIXEL uint8_t ost_px_threshold_##from##_u8(ost_px_type_##from v,      \
                                                   const ost_px_args_mark *a) \
    {                                                                         \
        return ost_px_mark_##from(v, a->least_##from, a->inside, a->outside); \
    }
OST_PX_THRESHOLD(u8)
OST_PX_THRESHOLD(u16)
OST_PX_THRESHOLD(f32)
#undef OST_PX_THRESHOLD

#endif
