/* store/lease.c - who computes a key, and who uses the store
 *
 * Both are open-file-description locks on bytes of the file `leases`, which
 * stays empty.  The kernel drops them when the description is closed, so a
 * dead owner leaves nothing behind.  Locks of one description never conflict
 * with each other: within a process, its caller keeps count.
 */
#include "base/clock.h"
#include "store/store.h"
#include "store/store_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "base/banned.h"

/* Keys use the bytes below 2^62; this one is far behind them. */
#define USE_BYTE ((off_t)1 << 62)

static int lock_byte(const ost_store *s, off_t byte, short type)
{
    struct flock lock = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
    };
    int rc;

    do {
        rc = fcntl(s->lease_fd, F_OFD_SETLK, &lock);
    } while (rc < 0 && errno == EINTR);
    return rc;
}

static off_t byte_of(const ost_key *key)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++)
        v = v << 8 | key->b[i];
    return (off_t)(v >> 2);
}

ost_rc ost_lease_take(ost_store *s, const ost_key *key, ost_lease_state *state,
                      ost_err *err)
{
    if (s->flags & OST_STORE_READONLY)
        return ost_fail(err, OST_ESTORE,
                        "store '%s' was opened for reading only", s->path);
    if (lock_byte(s, byte_of(key), F_WRLCK) == 0) {
        *state = OST_LEASE_TAKEN;
        return OST_OK;
    }
    if (errno == EAGAIN || errno == EACCES) {
        *state = OST_LEASE_BUSY;
        return OST_OK;
    }
    return ost_fail_errno(err, OST_ESTORE, errno, "cannot lock '%s/leases'",
                          s->path);
}

void ost_lease_drop(ost_store *s, const ost_key *key)
{
    if (s->lease_fd >= 0)
        lock_byte(s, byte_of(key), F_UNLCK);
}

ost_rc ost_store_use(ost_store *s, bool alone, double wait_seconds,
                     ost_err *err)
{
    static const struct timespec nap = { .tv_nsec = 20000000L };
    double end = ost_now() + wait_seconds;

    if (s->lease_fd < 0 && !alone)
        return OST_OK; /* nobody can write there: see open_folders() */
    while (lock_byte(s, USE_BYTE, alone ? F_WRLCK : F_RDLCK) < 0) {
        if (errno != EAGAIN && errno != EACCES)
            return ost_fail_errno(err, OST_ESTORE, errno,
                                  "cannot lock '%s/leases'", s->path);
        if (ost_now() >= end)
            return ost_fail(err, OST_ESTORE,
                            alone ? "store '%s' is in use by a run; this needs "
                                    "it alone, try again when the run is over"
                                  : "store '%s' is in use by 'osteon store gc' "
                                    "or 'fsck'; try again when that is over",
                            s->path);
        nanosleep(&nap, NULL);
    }
    return OST_OK;
}

void ost_store_unuse(ost_store *s)
{
    if (s->lease_fd >= 0)
        lock_byte(s, USE_BYTE, F_UNLCK);
}
