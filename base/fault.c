/* base/fault.c - calls that fail on demand, for tests */
#include "base/fault.h"

#include "base/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_POINTS = 16, MAX_NAME = 48 };

typedef struct {
    char name[MAX_NAME];
    uint64_t at;
    bool onward;
    atomic_uint_fast64_t passes;
} fault_point;

enum { UNREAD, OFF, ON };

static atomic_int state = UNREAD;
static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;
/* Written under `reading` before `state` becomes ON, then only counted. */
static fault_point points[MAX_POINTS];
static size_t point_count;

/* Reads "name:n" or "name:n+"; what has another form names no point. */
static bool read_point(const char *text, size_t n, fault_point *p)
{
    const char *colon = memchr(text, ':', n);
    char number[24];
    size_t digits;
    int64_t at;

    if (!colon || colon == text || (size_t)(colon - text) >= MAX_NAME)
        return false;
    digits = n - (size_t)(colon - text) - 1;
    p->onward = digits > 0 && colon[digits] == '+';
    digits -= p->onward;
    if (digits >= sizeof(number))
        return false;
    memcpy(number, colon + 1, digits);
    number[digits] = '\0';
    if (!ost_parse_i64(number, &at) || at < 1)
        return false;
    memset(p->name, 0, sizeof(p->name));
    memcpy(p->name, text, (size_t)(colon - text));
    p->at = (uint64_t)at;
    atomic_store(&p->passes, 0);
    return true;
}

static void read_environment(void)
{
    const char *text = getenv("OSTEON_FAULT");

    point_count = 0;
    while (text && *text && point_count < MAX_POINTS) {
        size_t n = strcspn(text, ",");

        if (read_point(text, n, &points[point_count]))
            point_count++;
        text += n + (text[n] == ',');
    }
    atomic_store(&state, point_count ? ON : OFF);
}

void ost_fault_reload(void)
{
    pthread_mutex_lock(&reading);
    read_environment();
    pthread_mutex_unlock(&reading);
}

bool ost_fault(const char *point)
{
    int now = atomic_load_explicit(&state, memory_order_acquire);
    bool fails = false;

    if (now == OFF)
        return false;
    if (now == UNREAD) {
        pthread_mutex_lock(&reading);
        if (atomic_load(&state) == UNREAD)
            read_environment();
        pthread_mutex_unlock(&reading);
    }
    for (size_t i = 0; i < point_count; i++) {
        fault_point *p = &points[i];
        uint64_t pass;

        if (strcmp(p->name, point) != 0)
            continue;
        pass = atomic_fetch_add(&p->passes, 1) + 1;
        fails |= p->onward ? pass >= p->at : pass == p->at;
    }
    return fails;
}
