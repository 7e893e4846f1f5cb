/* kernels/cpu/marked_count.c - how many pixels are not 0 */
#include "kernels/areas.h"
#include "kernels/cpu/rows.h"

#include "base/banned.h"

#define COUNT_ROW(name, type)                                   \
    static int64_t name(const type *v, int64_t n, int64_t step) \
    {                                                           \
        int64_t count = 0;                                      \
                                                                \
        for (int64_t i = 0; i < n; i++)                         \
            count += v[i * step] != 0;                          \
        return count;                                           \
    }

COUNT_ROW(count_u8_far, uint8_t)
COUNT_ROW(count_u16, uint16_t)
COUNT_ROW(count_f32, float)

/* Neighbors, in pieces whose counts fit into 16 bits. */
static int64_t count_u8(const uint8_t *v, int64_t n)
{
    int64_t count = 0;

    while (n > 0) {
        int64_t piece = n < 32768 ? n : 32768;
        uint16_t part = 0;

        for (int64_t i = 0; i < piece; i++)
            part = (uint16_t)(part + (v[i] != 0));
        count += part;
        v += piece;
        n -= piece;
    }
    return count;
}

static int64_t count_row(const ost_image *in, int64_t y, int64_t c)
{
    const void *row = ost_image_at(in, y, 0, c);

    if (in->dtype == OST_F32)
        return count_f32(row, in->w, in->step_x);
    if (in->dtype == OST_U16)
        return count_u16(row, in->w, in->step_x);
    return in->step_x == 1 ? count_u8(row, in->w)
                           : count_u8_far(row, in->w, in->step_x);
}

/* A pixel of several channels counts once. */
static int64_t count_mixed_row(const ost_image *in, int64_t y)
{
    int64_t count = 0;

    for (int64_t x = 0; x < in->w; x++) {
        bool marked = false;

        for (int64_t c = 0; c < in->c && !marked; c++) {
            ost_image one = *in;

            one.data = ost_image_at(in, 0, x, 0);
            one.w = 1;
            marked = count_row(&one, y, c) > 0;
        }
        count += marked;
    }
    return count;
}

ost_rc ost_cpu_marked_count(const ost_tensor *image, int64_t *count,
                            ost_err *err)
{
    ost_image in;
    ost_rc rc = ost_image_of(image, "image", &in, err);

    *count = 0;
    if (rc || ost_image_is_empty(&in))
        return rc;
    for (int64_t y = 0; y < in.h; y++)
        *count += in.c == 1 ? count_row(&in, y, 0) : count_mixed_row(&in, y);
    return OST_OK;
}
