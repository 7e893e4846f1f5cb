/* stages/worker.c - the worker process: steps in, artifacts out
 *
 * One loop over the socket that the engine passed as descriptor 3.  The
 * process ends when the socket closes, and is killed when the engine dies.
 */
#include "base/clock.h"
#include "base/log.h"
#include "kernels/backend.h"
#include "stages/context.h"
#include "stages/describe.h"
#include "stages/network_describe.h"
#include "stages/params.h"
#include "stages/protocol.h"
#include "store/store.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

enum { ENGINE_FD = 3, READ_SIZE = 256 * 1024, REPLY_SIZE = 1 << 20 };

/* Answers to tiny steps travel together, but none waits longer than this for
 * company: the engine is to send more before the queue runs dry. */
#define REPLY_SECONDS 0.001

typedef struct worker {
    ost_store *store;
    ost_batch *batch;
    ost_arena arena;
    ost_buf in;
    size_t taken; /* bytes of `in` that were worked on */
    ost_buf out;
    uint64_t tag;
    double last_look;
    double flushed_at;
    bool stop;
    bool closed;
} worker;

static void flush_out(worker *w)
{
    size_t sent = 0;

    while (sent < w->out.len && !w->closed) {
        ssize_t n = send(ENGINE_FD, w->out.data + sent, w->out.len - sent,
                         MSG_NOSIGNAL);

        if (n > 0)
            sent += (size_t)n;
        else if (n < 0 && errno != EINTR)
            w->closed = true;
    }
    ost_buf_reset(&w->out);
    w->flushed_at = ost_now();
}

/* Reads what has arrived; waits for it unless `look` says only to look. */
static void receive(worker *w, bool look)
{
    ssize_t n;

    if (w->taken == w->in.len) {
        ost_buf_reset(&w->in);
        w->taken = 0;
    }
    ost_buf_reserve(&w->in, READ_SIZE);
    do
        n = recv(ENGINE_FD, w->in.data + w->in.len, READ_SIZE,
                 look ? MSG_DONTWAIT : 0);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        w->in.len += (size_t)n;
    else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
        w->closed = true;
}

static void on_progress(void *user, uint64_t done, uint64_t total,
                        const char *extra)
{
    worker *w = user;
    ost_progress_msg m = { w->tag, done, total, extra };

    ost_progress_msg_encode(&w->out, &m);
    flush_out(w);
}

static void on_commit(void *user, ost_batch *batch)
{
    worker *w = user;
    ost_buf encoded = { 0 };

    ost_batch_encode(batch, &encoded);
    ost_batch_clear(batch);
    ost_plain_msg_encode(&w->out, OST_MSG_COMMIT, encoded.data, encoded.len);
    ost_buf_release(&encoded);
    flush_out(w);
}

/* Is a STOP among what has arrived, or the engine gone? */
static bool on_stop(void *user)
{
    worker *w = user;
    double now = ost_now();
    const unsigned char *body;
    size_t at;
    size_t size;
    ost_msg kind;

    if (w->stop || w->closed || now - w->last_look < 0.05)
        return w->stop || w->closed;
    w->last_look = now;
    receive(w, true); /* which may move what was received */
    at = w->taken;
    while (ost_msg_next(&w->in, &at, &kind, &body, &size) == 1)
        if (kind == OST_MSG_STOP)
            w->stop = true;
    return w->stop || w->closed;
}

static void answer_step(worker *w, const unsigned char *body, size_t size)
{
    step_link link = { on_progress, on_commit, on_stop, w };
    ost_step_msg msg;
    ost_done_msg done;

    if (!ost_step_msg_decode(body, size, &w->arena, &msg)) {
        fprintf(stderr, "osteon-worker: malformed step message\n");
        w->closed = true;
        return;
    }
    w->tag = msg.tag;
    ost_log(WORKER, "step %s", msg.name);
    if (w->stop) {
        done = (ost_done_msg){ .tag = msg.tag,
                               .rc = OST_EINTERRUPTED,
                               .error = "interrupted",
                               .notes = "" };
    } else {
        ost_step_execute(w->batch, &msg, &link, &w->arena, &done);
    }
    ost_done_msg_encode(&w->out, &done);
    if (done.rc != OST_EDEVICE)
        return;
    /* Nothing that this process does on its GPU succeeds from here on: the
     * engine takes another one. */
    flush_out(w);
    w->closed = true;
    ost_step_backend_abandon();
}

static ost_rc check_stage(worker *w, const char *name, const char *params,
                          ost_err *err)
{
    const ost_stage *stage = ost_stage_find(name);
    json_t *full = json_loads(params, 0, NULL);
    const void *filled;
    ost_rc rc;

    if (!stage || !full)
        rc = ost_fail(err, OST_EPROTO, "malformed check of stage '%s'", name);
    else
        rc = ost_params_fill(stage, full, &w->arena, &filled, err);
    if (!rc && stage->check)
        rc = stage->check(filled, err);
    json_decref(full);
    return rc;
}

static void answer_check(worker *w, const unsigned char *body, size_t size)
{
    ost_done_msg done = { .error = "", .notes = "" };
    const char *stage;
    const char *params;
    ost_err err = { 0 };

    if (!ost_check_msg_decode(body, size, &w->arena, &done.tag, &stage,
                              &params)) {
        w->closed = true;
        return;
    }
    done.rc = check_stage(w, stage, params, &err);
    done.error = err.text;
    ost_checked_msg_encode(&w->out, &done);
}

static void answer(worker *w, ost_msg kind, const unsigned char *body,
                   size_t size)
{
    if (kind == OST_MSG_STEP)
        answer_step(w, body, size);
    else if (kind == OST_MSG_CHECK)
        answer_check(w, body, size);
    else if (kind == OST_MSG_STOP)
        w->stop = true;
    ost_arena_reset(&w->arena);
}

static void serve(worker *w)
{
    ost_buf message = { 0 };
    const unsigned char *body;
    size_t size;
    ost_msg kind;
    int found;

    while (!w->closed) {
        found = ost_msg_next(&w->in, &w->taken, &kind, &body, &size);
        if (found < 0)
            break;
        if (found == 0) {
            flush_out(w);
            receive(w, false);
            continue;
        }
        /* Looking for a STOP may move the input buffer: work on a copy. */
        ost_buf_reset(&message);
        ost_buf_add(&message, body, size);
        answer(w, kind, message.data, size);
        if (w->out.len > REPLY_SIZE ||
            (w->out.len > 0 && ost_now() - w->flushed_at > REPLY_SECONDS))
            flush_out(w);
    }
    ost_buf_release(&message);
}

static int print_and_end(void (*describe)(ost_buf *))
{
    ost_buf text = { 0 };

    describe(&text);
    fputs(ost_buf_str(&text), stdout);
    ost_buf_release(&text);
    return fflush(stdout) ? 1 : 0;
}

static int answer_model(const char *request)
{
    ost_buf text = { 0 };

    ost_network_answer(request, &text);
    fputs(ost_buf_str(&text), stdout);
    ost_buf_release(&text);
    return fflush(stdout) ? 1 : 0;
}

/* Opens the backend of a numeric class, to say whether that works here: the
 * class, and what it computes with. */
static int try_backend(const char *numeric_class)
{
    ost_backend *backend = NULL;
    ost_err err = { 0 };
    ost_rc rc = ost_backend_open(numeric_class, 0, &backend, &err);

    if (rc) {
        fprintf(stderr, "osteon-worker: %s\n", err.text);
        return ost_rc_exit_status(rc);
    }
    puts(backend->numeric_class);
    if (backend->libraries)
        puts(backend->libraries);
    ost_backend_close(backend);
    return 0;
}

static int work(const char *store)
{
    worker w = { 0 };
    ost_err err = { 0 };
    ost_rc rc;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_IGN); /* the engine decides what an interrupt means */
    rc = ost_store_open(store, 0, &w.store, &err);
    if (rc) {
        fprintf(stderr, "osteon-worker: %s\n", err.text);
        return ost_rc_exit_status(rc);
    }
    w.batch = ost_batch_new(w.store);
    serve(&w);
    ost_step_backend_close();
    ost_batch_free(w.batch);
    ost_store_close(w.store);
    ost_arena_release(&w.arena);
    ost_buf_release(&w.in);
    ost_buf_release(&w.out);
    return 0;
}

int main(int argc, char **argv)
{
    ost_err err = { 0 };

    if (ost_log_enable(getenv("OSTEON_DEBUG") ? getenv("OSTEON_DEBUG") : "",
                       &err))
        fprintf(stderr, "osteon-worker: %s\n", err.text);
    if (argc == 2 && strcmp(argv[1], "--describe-c") == 0)
        return print_and_end(ost_describe_c);
    if (argc == 2 && strcmp(argv[1], "--versions") == 0)
        return print_and_end(ost_describe_versions);
    if (argc == 3 && strcmp(argv[1], "--model") == 0)
        return answer_model(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--backend") == 0)
        return try_backend(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--store") == 0)
        return work(argv[2]);
    fprintf(stderr, "osteon-worker is started by osteon\n");
    return 2;
}
