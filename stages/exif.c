/* stages/exif.c - how a picture is to be turned before it is looked at
 *
 *     offset  bytes  what
 *          0      4  "II*\0" (little endian) or "MM\0*" (big endian)
 *          4      4  where the list of tags begins
 *     at + 0      2  number of tags
 *     at + 2     12  each: tag (2), type (2), count (4), value (4)
 *
 * Orientation is tag 0x0112, one short; 1 to 8.
 */
#include "stages/exif.h"

#include "base/alloc.h"

#include <string.h>

#include "base/banned.h"

enum { TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3, ENTRY = 12, HEADER = 8 };

static uint32_t number_at(const unsigned char *p, size_t bytes, bool big)
{
    uint32_t v = 0;

    for (size_t i = 0; i < bytes; i++)
        v |= (uint32_t)p[i] << 8 * (big ? bytes - 1 - i : i);
    return v;
}

int ost_exif_orientation(const void *data, size_t size)
{
    const unsigned char *p = data;
    uint32_t at, n, value;
    bool big;

    if (size < HEADER ||
        (memcmp(p, "II*\0", 4) != 0 && memcmp(p, "MM\0*", 4) != 0))
        return 1;
    big = p[0] == 'M';
    at = number_at(p + 4, 4, big);
    if (at > size - 2)
        return 1;
    n = number_at(p + at, 2, big);
    p += at + 2;
    size -= at + 2;
    for (; n > 0 && size >= ENTRY; n--, p += ENTRY, size -= ENTRY) {
        if (number_at(p, 2, big) != TAG_ORIENTATION)
            continue;
        value = number_at(p + 8, 2, big);
        return number_at(p + 2, 2, big) == TYPE_SHORT && value >= 1 &&
                       value <= 8
                   ? (int)value
                   : 1;
    }
    return 1;
}

/* Where pixel (y, x) of the turned picture comes from. */
static size_t source_of(const ost_picture *p, int orientation, int64_t y,
                        int64_t x)
{
    int64_t sy = orientation >= 5 ? x : y;
    int64_t sx = orientation >= 5 ? y : x;

    if (orientation == 3 || orientation == 4 || orientation == 6 ||
        orientation == 7)
        sy = p->height - 1 - sy;
    if (orientation == 2 || orientation == 3 || orientation == 7 ||
        orientation == 8)
        sx = p->width - 1 - sx;
    return (size_t)(sy * p->width + sx);
}

ost_rc ost_picture_orient(ost_picture *p, int orientation, ost_err *err)
{
    size_t bytes = ost_dtype_size(p->dtype) * (size_t)p->channels;
    ost_picture out;
    char *to;
    ost_rc rc;

    if (orientation < 2 || orientation > 8)
        return OST_OK;
    rc = ost_picture_init(&out, p->dtype,
                          (uint64_t)(orientation >= 5 ? p->width : p->height),
                          (uint64_t)(orientation >= 5 ? p->height : p->width),
                          p->channels, UINT64_MAX, err);
    if (rc)
        return rc;
    to = out.data;
    for (int64_t y = 0; y < out.height; y++)
        for (int64_t x = 0; x < out.width; x++, to += bytes)
            memcpy(to,
                   (const char *)p->data +
                       source_of(p, orientation, y, x) * bytes,
                   bytes);
    ost_picture_release(p);
    *p = out;
    return OST_OK;
}
