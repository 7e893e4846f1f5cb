/* tests/support/image_case.h - drawn images, in memory of any arrangement
 *
 * The same values twice: packed, and as a view with gaps, with rows or columns
 * backwards, or turned.  What lies around a view is checked to stay as it was.
 */
#ifndef OST_TESTS_SUPPORT_IMAGE_CASE_H
#define OST_TESTS_SUPPORT_IMAGE_CASE_H

#include "base/rng.h"
#include "kernels/image.h"

#include <math.h>
#include <string.h>

enum {
    IMAGE_SIDE = 72,
    IMAGE_BYTES = (IMAGE_SIDE + 2) * (IMAGE_SIDE + 2) * 5 * 4,
    IMAGE_AROUND = 0xA7,
};

typedef struct image_case {
    ost_tensor packed;
    ost_tensor view;
    _Alignas(64) unsigned char packed_data[IMAGE_BYTES];
    _Alignas(64) unsigned char view_data[IMAGE_BYTES];
    unsigned char kept[IMAGE_BYTES]; /* around the view */
} image_case;

static inline int64_t image_case_side(ost_rng *r)
{
    static const int64_t special[] = { 0, 1, 1, 2, 3, 31, 32, 33, 64, 65 };

    return ost_rng_below(r, 4) == 0
               ? special[ost_rng_below(r, 10)]
               : 1 + (int64_t)ost_rng_below(r, IMAGE_SIDE - 1);
}

static inline unsigned char *image_case_at(const ost_tensor *t, int64_t y,
                                           int64_t x, int64_t c)
{
    int64_t i = y * t->stride[0] + x * t->stride[1] +
                (t->ndim == 3 ? c * t->stride[2] : 0);

    return (unsigned char *)t->data + i * (int64_t)ost_dtype_size(t->dtype);
}

static inline int64_t image_case_channels(const ost_tensor *t)
{
    return t->ndim == 3 ? t->shape[2] : 1;
}

/* Rows, columns and channels lie in any order, some backwards, with gaps. */
static inline void image_case_arrange(ost_rng *r, image_case *i)
{
    const ost_tensor *p = &i->packed;
    int order[3] = { 0, 1, 2 };
    int64_t step = 1, first = 0;
    size_t size = ost_dtype_size(p->dtype);

    i->view = *p;
    if (ost_rng_below(r, 3) == 0)
        for (int d = p->ndim - 1; d > 0; d--) {
            int k = (int)ost_rng_below(r, (uint64_t)d + 1), swapped = order[d];

            order[d] = order[k];
            order[k] = swapped;
        }
    for (int d = p->ndim - 1; d >= 0; d--) {
        int k = order[d];

        i->view.stride[k] = step;
        step *= p->shape[k] + (d == 1 ? (int64_t)ost_rng_below(r, 3) : 0);
        if (p->shape[k] > 0 && ost_rng_below(r, 5) == 0) {
            first += (p->shape[k] - 1) * i->view.stride[k];
            i->view.stride[k] = -i->view.stride[k];
        }
    }
    i->view.data = i->view_data + (size_t)first * size;
    memset(i->view_data, IMAGE_AROUND, sizeof(i->view_data));
}

/* Copies the packed values into the view, and remembers what is around. */
static inline void image_case_spread(image_case *i)
{
    const ost_tensor *p = &i->packed;
    size_t size = ost_dtype_size(p->dtype);

    for (int64_t y = 0; y < p->shape[0]; y++)
        for (int64_t x = 0; x < p->shape[1]; x++)
            for (int64_t c = 0; c < image_case_channels(p); c++)
                memcpy(image_case_at(&i->view, y, x, c),
                       image_case_at(p, y, x, c), size);
    memcpy(i->kept, i->view_data, sizeof(i->kept));
}

/* Whether the view has the packed values and nothing around it has changed. */
static inline bool image_case_agrees(const image_case *i)
{
    static _Thread_local unsigned char around[IMAGE_BYTES];
    const ost_tensor *p = &i->packed;
    size_t size = ost_dtype_size(p->dtype);
    ost_tensor kept = i->view;

    memcpy(around, i->view_data, sizeof(around));
    kept.data = around + ((const unsigned char *)i->view.data - i->view_data);
    for (int64_t y = 0; y < p->shape[0]; y++)
        for (int64_t x = 0; x < p->shape[1]; x++)
            for (int64_t c = 0; c < image_case_channels(p); c++) {
                unsigned char *at = image_case_at(&i->view, y, x, c);
                ptrdiff_t place = at - i->view_data;

                if (memcmp(at, image_case_at(p, y, x, c), size) != 0)
                    return false;
                memcpy(image_case_at(&kept, y, x, c), i->kept + place, size);
            }
    return memcmp(around, i->kept, sizeof(around)) == 0;
}

static inline float image_case_float(ost_rng *r, uint64_t kind)
{
    static const float odd[] = { NAN,    INFINITY, -INFINITY, 0.0f,    -0.0f,
                                 1e-42f, 3e38f,    -3e38f,    65536.0f };

    if (kind == 0 && ost_rng_below(r, 20) == 0)
        return odd[ost_rng_below(r, 9)];
    if (kind == 1)
        return (float)ost_rng_below(r, 3) - 1.0f;
    if (kind == 2)
        return ost_rng_below(r, 3) == 0 ? -0.0f : 0.0f;
    return (float)ost_rng_range(r, -300.0, 70000.0);
}

/* A value of noise, of few levels, or of a slope. */
static inline uint32_t image_case_level(ost_rng *r, uint64_t kind, int64_t y,
                                        int64_t x)
{
    if (kind == 0)
        return ost_rng_u32(r);
    if (kind == 1)
        return ost_rng_below(r, 4) == 0 ? 200 : 0;
    if (kind == 2)
        return ((uint32_t)(y / 7 + x / 5) % 2) * 180 +
               (uint32_t)ost_rng_below(r, 9);
    return (uint32_t)(3 * y + 2 * x) + (uint32_t)ost_rng_below(r, 2);
}

static inline void image_case_fill(ost_rng *r, image_case *i)
{
    const ost_tensor *p = &i->packed;
    uint64_t kind = ost_rng_below(r, 4);

    for (int64_t y = 0; y < p->shape[0]; y++)
        for (int64_t x = 0; x < p->shape[1]; x++)
            for (int64_t c = 0; c < image_case_channels(p); c++) {
                void *at = image_case_at(p, y, x, c);

                if (p->dtype == OST_F32)
                    *(float *)at = image_case_float(r, kind);
                else if (p->dtype == OST_U16)
                    *(uint16_t *)at = (uint16_t)image_case_level(r, kind, y, x);
                else
                    *(uint8_t *)at = (uint8_t)image_case_level(r, kind, y, x);
            }
    image_case_spread(i);
}

/* A drawn image of that shape. */
static inline void image_case_make(ost_rng *r, ost_dtype dtype, int64_t h,
                                   int64_t w, int64_t c, image_case *i)
{
    i->packed = ost_tensor_of(i->packed_data, dtype, c == 1 ? 2 : 3,
                              (int64_t[]){ h, w, c });
    image_case_arrange(r, i);
    image_case_fill(r, i);
}

static inline ost_dtype image_case_dtype(ost_rng *r)
{
    static const ost_dtype dtypes[] = { OST_U8, OST_U16, OST_F32 };

    return dtypes[ost_rng_below(r, 3)];
}

#endif
