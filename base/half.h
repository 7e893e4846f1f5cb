/* base/half.h - numbers of 16 bits (IEEE 754 binary16) */
#ifndef OST_BASE_HALF_H
#define OST_BASE_HALF_H

#include <stdint.h>

/* The same number; every one of them is a float. */
float ost_half_to_float(uint16_t half);

#endif
