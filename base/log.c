/* base/log.c - chatter, on stderr only */
#include "base/log.h"

#include "base/buf.h"
#include "base/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const words[] = {
#define XX(name, word, help) word,
    OST_LOG_MAP(XX)
#undef XX
};

static const char *const helps[] = {
#define XX(name, word, help) help,
    OST_LOG_MAP(XX)
#undef XX
};

static atomic_uint enabled;
static pthread_once_t environment_once = PTHREAD_ONCE_INIT;

/* One write per line, so that lines of several processes do not mix. */
__attribute__((format(printf, 2, 0))) static void
write_line(const char *head, const char *fmt, va_list ap)
{
    ost_buf line = { 0 };
    size_t done = 0;

    ost_buf_adds(&line, head);
    ost_buf_addv(&line, fmt, ap);
    ost_buf_addc(&line, '\n');
    while (done < line.len) {
        ssize_t n = write(STDERR_FILENO, line.data + done, line.len - done);

        if (n <= 0)
            break;
        done += (size_t)n;
    }
    ost_buf_release(&line);
}

static ost_rc enable_word(const char *word, ost_err *err)
{
    const char *near;

    if (strcmp(word, "list") == 0) {
        for (size_t i = 0; i < OST_LOG_TOPICS; i++)
            fprintf(stderr, "%-10s %s\n", words[i], helps[i]);
        return OST_OK;
    }
    for (unsigned i = 0; i < OST_LOG_TOPICS; i++) {
        if (strcmp(word, words[i]) == 0) {
            atomic_fetch_or(&enabled, 1u << i);
            return OST_OK;
        }
    }
    near = ost_nearest(word, words, OST_LOG_TOPICS);
    if (near)
        return ost_fail(err, OST_EUSAGE,
                        "unknown debug topic '%s' (did you mean '%s'?)", word,
                        near);
    return ost_fail(err, OST_EUSAGE,
                    "unknown debug topic '%s' ('list' shows them)", word);
}

ost_rc ost_log_enable(const char *topics, ost_err *err)
{
    while (*topics) {
        size_t n = strcspn(topics, ",");
        char word[64];
        ost_rc rc;

        if (n >= sizeof(word))
            return ost_fail(err, OST_EUSAGE, "debug topic is too long");
        memcpy(word, topics, n);
        word[n] = '\0';
        rc = n ? enable_word(word, err) : OST_OK;
        if (rc)
            return rc;
        topics += n + (topics[n] == ',');
    }
    return OST_OK;
}

static void read_environment(void)
{
    const char *topics = getenv("OSTEON_DEBUG");
    ost_err err = { 0 };

    if (topics && ost_log_enable(topics, &err))
        ost_warn("OSTEON_DEBUG: %s", err.text);
}

int ost_log_on(ost_log_topic topic)
{
    pthread_once(&environment_once, read_environment);
    return (atomic_load_explicit(&enabled, memory_order_relaxed) >> topic) & 1;
}

void ost_log_write(ost_log_topic topic, const char *fmt, ...)
{
    char head[64];
    va_list ap;

    snprintf(head, sizeof(head), "osteon: %s: ", words[topic]);
    va_start(ap, fmt);
    write_line(head, fmt, ap);
    va_end(ap);
}

void ost_warn(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    write_line("osteon: warning: ", fmt, ap);
    va_end(ap);
}
