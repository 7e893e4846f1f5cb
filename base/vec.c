/* base/vec.c - growing arrays of one type */
#include "base/vec.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CAP = 8 };

void *ost_vec_grow(void *data, size_t *cap, size_t need, size_t elem_size)
{
    size_t wanted = *cap ? *cap : FIRST_CAP;

    if (need <= *cap)
        return data;
    if (need > PTRDIFF_MAX / elem_size / 2) {
        fputs("osteon: out of memory\n", stderr);
        abort();
    }
    while (wanted < need)
        wanted += wanted / 2;
    *cap = wanted;
    return ost_xrealloc(data, wanted * elem_size);
}
