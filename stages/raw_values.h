/* stages/raw_values.h - arrays of any number type to those that items have
 *
 * u8 and u16 stay, truth values become 0 and 1 (u8), everything else becomes
 * f32, which holds whole numbers up to 2^24 exactly.
 */
#ifndef OST_STAGES_RAW_VALUES_H
#define OST_STAGES_RAW_VALUES_H

#include "base/dtype.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a number lies in a file: 'b' truth, 'u' unsigned, 'i' signed (of 1, 2, 4
 * or 8 bytes), 'f' IEEE 754 (of 2, 4 or 8). */
typedef struct ost_raw_type {
    char kind;
    uint8_t size;
    bool big; /* endian */
} ost_raw_type;

bool ost_raw_is_known(const ost_raw_type *t);
ost_dtype ost_raw_dtype(const ost_raw_type *t);

/* One number. */
double ost_raw_number(const ost_raw_type *t, const unsigned char *from);

/* Converts `n` numbers, `step` bytes apart (negative: backward), to the type
 * of ost_raw_dtype().  False when one was rounded. */
bool ost_raw_convert(const ost_raw_type *t, const unsigned char *from,
                     ptrdiff_t step, size_t n, void *to);
/* The same to f32, times `slope`, plus `intercept`. */
void ost_raw_rescale(const ost_raw_type *t, const unsigned char *from,
                     ptrdiff_t step, size_t n, double slope, double intercept,
                     float *to);

#endif
