/* base/clock.c - time, for durations and for people */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t read_clock(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t ost_now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double ost_now(void)
{
    return (double)ost_now_ns() * 1e-9;
}

uint64_t ost_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

const char *ost_wall_text(char out[32], uint64_t wall_ns)
{
    time_t seconds = (time_t)(wall_ns / 1000000000u);
    struct tm tm = { 0 };

    gmtime_r(&seconds, &tm);
    if (strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        out[0] = '\0';
    return out;
}
