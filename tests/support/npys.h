/* tests/support/npys.h - NumPy files from a text and bytes */
#ifndef OST_TESTS_SUPPORT_NPYS_H
#define OST_TESTS_SUPPORT_NPYS_H

#include "base/buf.h"

#include <stddef.h>
#include <string.h>

/* `head` is the dictionary, as NumPy writes it. */
static inline void make_npy(ost_buf *out, const char *head, const void *data,
                            size_t size)
{
    size_t n = strlen(head);

    ost_buf_reset(out);
    ost_buf_add(out, "\x93NUMPY\x01\x00", 8);
    ost_buf_u8(out, (uint8_t)n);
    ost_buf_u8(out, (uint8_t)(n >> 8));
    ost_buf_add(out, head, n);
    ost_buf_add(out, data, size);
}

#endif
