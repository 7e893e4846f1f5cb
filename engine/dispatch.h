/* engine/dispatch.h - worker processes, and the bytes between them and us
 *
 * A worker is spawned when it is needed and lives as long as the run.  It has
 * a queue of steps that were sent to it, of which it works on the first.
 */
#ifndef OST_ENGINE_DISPATCH_H
#define OST_ENGINE_DISPATCH_H

#include "base/buf.h"
#include "base/err.h"
#include "stages/protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { OST_PIPELINE = 64 };

typedef struct ost_worker {
    pid_t pid; /* 0: not running */
    int fd;
    int log_fd; /* what it writes to stderr, -1 when that is ours */
    ost_buf out;
    size_t sent; /* bytes of `out` */
    ost_buf in;
    size_t taken;                 /* bytes of `in` */
    uint32_t queue[OST_PIPELINE]; /* a ring of steps */
    uint32_t first;
    uint32_t n_queued;
    double head_since; /* when the first of the queue became the first */
    double expected;   /* seconds that the queue may take together */
    bool open_ended;   /* a step of the queue takes long, or who knows */
    uint32_t threads;  /* given to its steps */
    uint64_t memory;   /* asked for by its steps */
    bool poisoned;     /* its GPU failed: to be replaced */
} ost_worker;

/* The program: $OSTEON_WORKER, or osteon-worker beside this executable.
 * Caller frees with ost_free(). */
char *ost_worker_program(void);

/* Spawns.  `gpu` is the UUID of the GPU that it is to have, or NULL for a
 * worker of the CPU.  The worker's stderr goes to a file in memory, except with
 * OSTEON_DEBUG set, when it goes to ours. */
ost_rc ost_worker_start(ost_worker *w, const char *program, const char *store,
                        const char *gpu, ost_err *err);
/* Sends as much of `out` as the socket takes; false when it is broken. */
bool ost_worker_flush(ost_worker *w);
/* Receives what has come; false at the end of the stream. */
bool ost_worker_receive(ost_worker *w);
/* The next whole message, see ost_msg_next(). */
int ost_worker_next(ost_worker *w, ost_msg *kind, const unsigned char **body,
                    size_t *size);
bool ost_worker_has_output(const ost_worker *w);

void ost_worker_push(ost_worker *w, uint32_t step);
uint32_t ost_worker_head(const ost_worker *w);
void ost_worker_pop(ost_worker *w);

/* Appends the last lines of what it has said since its queue was empty. */
void ost_worker_add_log(const ost_worker *w, ost_buf *out);

/* Ends the process (it sees its socket close; with `kill` at once) and waits
 * for it.  Appends to `why` (may be NULL) how it ended and the last lines of
 * its log.  The struct is empty afterwards. */
void ost_worker_end(ost_worker *w, bool kill, ost_buf *why);

#endif
