/* base/clock.h - time, for durations and for people; never for results */
#ifndef OST_BASE_CLOCK_H
#define OST_BASE_CLOCK_H

#include <stdint.h>

/* Seconds and nanoseconds of a clock that never jumps. */
double ost_now(void);
uint64_t ost_now_ns(void);
/* Wall clock, nanoseconds since 1970. */
uint64_t ost_wall_ns(void);
/* "2026-03-01T12:00:00Z"; `out` has room for 32 characters. */
const char *ost_wall_text(char out[32], uint64_t wall_ns);

#endif
