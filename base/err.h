/* base/err.h - how every failure in osteon is reported
 *
 * A function that can fail returns an ost_rc and takes an `ost_err *` as its
 * last argument.  Whoever detects the failure writes the message, once, with
 * ost_fail(); everyone above passes the code on and may put a place in front
 * with ost_err_at().  Messages are lower case, without a full stop, what went
 * wrong first, names in single quotes.  A name may hold anything: what is no
 * UTF-8 and control characters other than tabs and line ends become \xNN, so
 * that a message does nothing to a terminal and is text in an event.
 *
 * How to add a code: one row in OST_RC_MAP.
 */
#ifndef OST_BASE_ERR_H
#define OST_BASE_ERR_H

#include <stdarg.h>
#include <stddef.h>

/* name, value, process exit status (see DESIGN.md), words */
#define OST_RC_MAP(XX)                                  \
    XX(OK, 0, 0, "success")                             \
    XX(EFAIL, -1, 1, "failed")                          \
    XX(EINPUT, -2, 1, "bad input data")                 \
    XX(EIO, -3, 1, "input/output error")                \
    XX(ENOMEM, -4, 1, "out of memory")                  \
    XX(ENOTFOUND, -5, 1, "not found")                   \
    XX(EUNSUPPORTED, -6, 1, "not supported")            \
    XX(ECHANGED, -7, 1, "changed while in use")         \
    XX(ETIMEOUT, -8, 1, "timed out")                    \
    XX(ECRASH, -9, 1, "worker process died")            \
    XX(EPROTO, -10, 1, "protocol error")                \
    XX(EDENIED, -11, 2, "not allowed")                  \
    XX(EUSAGE, -12, 2, "wrong command line")            \
    XX(EWORKFLOW, -13, 2, "wrong workflow")             \
    XX(EGATE, -14, 3, "metric gate failed")             \
    XX(ESTORE, -15, 4, "store unreachable")             \
    XX(ECORRUPT, -16, 4, "store damaged")               \
    XX(EVERSION, -17, 4, "store version not supported") \
    XX(ENOSPC, -18, 4, "no space left")                 \
    XX(EINTERRUPTED, -19, 130, "interrupted")           \
    XX(EDEVICE, -20, 1, "the GPU failed")

typedef enum ost_rc {
#define XX(name, value, status, words) OST_##name = (value),
    OST_RC_MAP(XX)
#undef XX
} ost_rc;

enum { OST_ERR_TEXT = 2048 };

/* A failure: code and message.  The caller owns it; `{0}` is a valid start. */
typedef struct ost_err {
    ost_rc rc;
    char text[OST_ERR_TEXT];
} ost_err;

/* Writes the message and the code into `err` (which may be NULL) and returns
 * `rc`, so that `return ost_fail(err, OST_EINPUT, "...")` reads well. */
ost_rc ost_fail(ost_err *err, ost_rc rc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Like ost_fail(), with ": " and the words of the system error `errnum`
 * appended; ENOSPC and EDQUOT turn any code into OST_ENOSPC. */
ost_rc ost_fail_errno(ost_err *err, ost_rc rc, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts "place: " in front of the message that is already there. */
void ost_err_at(ost_err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Words and exit status of a code; never NULL. */
const char *ost_rc_words(ost_rc rc);
const char *ost_rc_name(ost_rc rc);
int ost_rc_exit_status(ost_rc rc);

/* An impossible case: prints file and line and aborts, in all builds. */
#define OST_BUG() ost_bug(__FILE__, __LINE__)
void ost_bug(const char *file, int line) __attribute__((noreturn));

#endif
