/* stages/run_lengths.c - masks in few bytes */
#include "stages/run_lengths.h"

#include <string.h>

#include "base/banned.h"

void ost_run_lengths_encode(const uint8_t *mask, size_t n, ost_buf *out)
{
    bool inside = false;
    size_t from = 0;

    for (size_t i = 0; i <= n; i++) {
        if (i < n && (mask[i] != 0) == inside)
            continue;
        ost_buf_varint(out, i - from);
        from = i;
        inside = !inside;
    }
}

bool ost_run_lengths_decode(const void *data, size_t size, uint8_t value,
                            uint8_t *mask, size_t n)
{
    ost_reader r = ost_reader_of(data, size);
    bool inside = false;
    size_t at = 0;

    while (ost_read_left(&r) > 0) {
        uint64_t length = ost_read_varint(&r);

        if (r.bad || length > n - at)
            return false;
        if (length)
            memset(mask + at, inside ? value : 0, (size_t)length);
        at += (size_t)length;
        inside = !inside;
    }
    return !r.bad && at == n;
}
