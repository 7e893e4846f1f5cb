/* base/log.h - chatter, on stderr only
 *
 * Topics are one list; each is off until `-d topic,...` or OSTEON_DEBUG turns
 * it on; warnings are always shown.  Logging never changes behavior.
 *
 * How to add a topic: one row in OST_LOG_MAP.
 */
#ifndef OST_BASE_LOG_H
#define OST_BASE_LOG_H

#include "base/err.h"

#define OST_LOG_MAP(XX)                                           \
    XX(PLAN, "plan", "how the workflow became steps")             \
    XX(EXPLAIN, "explain", "why each step is a hit or a miss")    \
    XX(STORE, "store", "transactions, blobs, leases")             \
    XX(WORKER, "worker", "messages to and from worker processes") \
    XX(STATS, "stats", "where the time went")

typedef enum ost_log_topic {
#define XX(name, word, help) OST_LOG_##name,
    OST_LOG_MAP(XX)
#undef XX
        OST_LOG_TOPICS
} ost_log_topic;

/* Turns on a comma-separated list of topics; "list" prints them to stderr. */
ost_rc ost_log_enable(const char *topics, ost_err *err);
int ost_log_on(ost_log_topic topic);
void ost_log_write(ost_log_topic topic, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
#define ost_log(topic, ...)                                                    \
    (ost_log_on(OST_LOG_##topic) ? ost_log_write(OST_LOG_##topic, __VA_ARGS__) \
                                 : (void)0)

/* "osteon: warning: ..." on stderr, always. */
void ost_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
