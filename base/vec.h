/* base/vec.h - growing arrays of one type
 *
 *     OST_VEC(ost_step) steps = {0};
 *     ost_vec_push(&steps, step);
 *     for (size_t i = 0; i < steps.len; i++) use(&steps.data[i]);
 *     ost_vec_release(&steps);
 */
#ifndef OST_BASE_VEC_H
#define OST_BASE_VEC_H

#include "base/alloc.h"

#include <stddef.h>

#define OST_VEC(type) \
    struct {          \
        type *data;   \
        size_t len;   \
        size_t cap;   \
    }

/* `data` with room for at least `need` elements; aborts on exhaustion. */
void *ost_vec_grow(void *data, size_t *cap, size_t need, size_t elem_size);

#define ost_vec_reserve(v, need) \
    ((v)->data = ost_vec_grow((v)->data, &(v)->cap, (need), sizeof(*(v)->data)))
#define ost_vec_push(v, ...) \
    (ost_vec_reserve((v), (v)->len + 1), (v)->data[(v)->len++] = (__VA_ARGS__))
#define ost_vec_release(v) \
    (ost_free((v)->data), (v)->data = NULL, (v)->len = (v)->cap = 0)

#endif
