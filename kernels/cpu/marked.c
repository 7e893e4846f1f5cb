/* kernels/cpu/marked.c - the rectangle around what is marked */
#include "kernels/areas.h"
#include "kernels/cpu/rows.h"
#include "kernels/pixel.h"

#include "base/banned.h"

static bool is_marked(const ost_image *image, int64_t y, int64_t x)
{
    for (int64_t c = 0; c < image->c; c++) {
        const void *at = ost_image_at(image, y, x, c);

        if (image->dtype == OST_U8    ? *(const uint8_t *)at != 0
            : image->dtype == OST_U16 ? *(const uint16_t *)at != 0
                                      : ost_px_is_set(*(const float *)at))
            return true;
    }
    return false;
}

ost_rc ost_cpu_marked(const ost_tensor *image, ost_rect *rect, ost_err *err)
{
    int64_t top = INT64_MAX, bottom = -1, left = INT64_MAX, right = -1;
    ost_image in;
    ost_rc rc;

    *rect = (ost_rect){ 0 };
    rc = ost_image_of(image, "image", &in, err);
    if (rc || ost_image_is_empty(&in))
        return rc;
    for (int64_t y = 0; y < in.h; y++) {
        int64_t first = 0, last = in.w - 1;

        while (first < in.w && !is_marked(&in, y, first))
            first++;
        if (first == in.w)
            continue;
        while (!is_marked(&in, y, last))
            last--;
        top = top < y ? top : y;
        bottom = y;
        left = left < first ? left : first;
        right = right > last ? right : last;
    }
    if (bottom >= 0)
        *rect = (ost_rect){ top, left, bottom - top + 1, right - left + 1 };
    return OST_OK;
}
