/* base/dtype.c - names and sizes of element types */
#include "base/dtype.h"

#include <string.h>

static const struct {
    const char *name;
    size_t size;
} types[] = {
    [OST_U8] = { "u8", 1 },   [OST_U16] = { "u16", 2 },
    [OST_F32] = { "f32", 4 }, [OST_I32] = { "i32", 4 },
    [OST_I16] = { "i16", 2 }, [OST_F64] = { "f64", 8 },
};

enum { TYPES = sizeof(types) / sizeof(types[0]) };

size_t ost_dtype_size(ost_dtype t)
{
    return (size_t)t < TYPES ? types[t].size : 0;
}

const char *ost_dtype_name(ost_dtype t)
{
    return (size_t)t < TYPES ? types[t].name : NULL;
}

ost_dtype ost_dtype_of(const char *name)
{
    for (size_t i = 1; i < TYPES; i++)
        if (strcmp(types[i].name, name) == 0)
            return (ost_dtype)i;
    return (ost_dtype)0;
}
