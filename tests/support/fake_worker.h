/* tests/support/fake_worker.h - a worker that only pretends, for tests of the
 * engine
 *
 * The test program starts itself again as its worker: main() calls
 * fake_worker() when its first argument is "--store".  A step of stage `make`
 * does what its parameter `word` says:
 *
 *   x       the outputs' bytes come from parameters and inputs
 *   crash   dies of SIGABRT         fail   answers with an error
 *   hang    waits for a STOP        babble sends a message that is none
 *   once    fails when no file "once" is there, and makes one
 *   touch   appends to the file "files/a", then works
 *   lost    its GPU fails            shaky  ... when no file "once" is there
 *   bad0    ... when it is the first one
 *   meet    waits until another worker with a GPU is at the same word
 *
 * Each computed step appends its name to the file "computed", and to "where"
 * the GPU of its worker, the class it is to compute in, and its memory, or
 * "lost".
 */
#ifndef OST_TESTS_SUPPORT_FAKE_WORKER_H
#define OST_TESTS_SUPPORT_FAKE_WORKER_H

#include "base/alloc.h"
#include "base/fs.h"
#include "stages/protocol.h"
#include "stages/stage.h"
#include "store/artifact.h"
#include "store/store.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FAKE_FD = 3 };

static inline void append_line(const char *path, const char *line)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    char *text = ost_xprintf("%s\n", line);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        abort();
    close(fd);
    ost_free(text);
}

static inline bool word_is(const ost_step_msg *m, const char *word)
{
    char *member = ost_xprintf("\"word\":\"%s\"", word);
    bool is = strstr(m->params, member) != NULL;

    ost_free(member);
    return is;
}

/* What has come over the socket, and how much of it was worked on. */
typedef struct fake_inbox {
    ost_buf bytes;
    size_t at;
} fake_inbox;

static inline bool fake_receive(fake_inbox *in)
{
    ssize_t n;

    ost_buf_reserve(&in->bytes, 1 << 16);
    n = recv(FAKE_FD, in->bytes.data + in->bytes.len, 1 << 16, 0);
    if (n > 0)
        in->bytes.len += (size_t)n;
    return n > 0;
}

/* Waits until a STOP comes, or the engine goes. */
static inline void wait_for_stop(fake_inbox *in)
{
    const unsigned char *body;
    size_t at = in->at, size;
    ost_msg kind;

    for (;;) {
        while (ost_msg_next(&in->bytes, &at, &kind, &body, &size) > 0) {
            if (kind == OST_MSG_STOP)
                return;
        }
        if (!fake_receive(in))
            return;
    }
}

static inline const char *fake_gpu(void)
{
    const char *uuid = getenv("CUDA_VISIBLE_DEVICES");

    return uuid ? uuid : "none";
}

/* The GPU fails, for good: so does the process. */
static inline void lose_gpu(const ost_step_msg *m, ost_done_msg *done)
{
    char *line = ost_xprintf("%s %s lost", m->name, fake_gpu());

    append_line("where", line);
    ost_free(line);
    fprintf(stderr, "%s has fallen off the bus in %s\n", fake_gpu(), m->name);
    done->rc = OST_EDEVICE;
    done->error = "the device cannot multiply";
}

/* At most ten seconds. */
static inline void meet(ost_done_msg *done)
{
    static const char *const others[] = { "at.GPU-0000aaaa",
                                          "at.GPU-1111bbbb" };
    char *mine = ost_xprintf("at.%s", fake_gpu());

    append_line(mine, "here");
    for (int i = 0; i < 1000; i++) {
        if (access(others[0], F_OK) == 0 && access(others[1], F_OK) == 0)
            break;
        usleep(10000);
        if (i == 999) {
            done->rc = OST_EFAIL;
            done->error = "nobody came";
        }
    }
    ost_free(mine);
}

static inline void behave_on_gpu(const ost_step_msg *m, ost_done_msg *done)
{
    if (word_is(m, "lost") ||
        (word_is(m, "shaky") && access("once", F_OK) != 0) ||
        (word_is(m, "bad0") && strncmp(fake_gpu(), "GPU-0000", 8) == 0))
        lose_gpu(m, done);
    if (word_is(m, "shaky"))
        append_line("once", "was here");
    if (word_is(m, "meet"))
        meet(done);
}

/* False when the step fails. */
static inline bool behave(fake_inbox *in, const ost_step_msg *m,
                          ost_done_msg *done)
{
    if (word_is(m, "crash")) {
        fprintf(stderr, "about to crash in %s\n", m->name);
        raise(SIGABRT);
    }
    if (word_is(m, "babble")) {
        const unsigned char nonsense[5] = { 1, 0, 0, 0, 99 };

        if (write(FAKE_FD, nonsense, sizeof(nonsense)) < 0)
            abort();
        wait_for_stop(in);
    }
    if (word_is(m, "hang")) {
        wait_for_stop(in);
        done->rc = OST_EINTERRUPTED;
        done->error = "interrupted";
    }
    if (word_is(m, "fail") ||
        (word_is(m, "once") && access("once", F_OK) != 0)) {
        append_line("once", "was here");
        done->rc = OST_EINPUT;
        done->error = "image 'x.png' is upside down";
    }
    behave_on_gpu(m, done);
    if (word_is(m, "touch"))
        append_line("files/a", "more");
    return done->rc == OST_OK;
}

/* Outputs whose bytes parameters and inputs decide. */
static inline void make_outputs(const ost_step_msg *m, ost_batch *batch,
                                ost_arena *arena, ost_done_msg *done)
{
    const ost_stage *stage = ost_stage_find(m->stage);
    size_t n = ost_port_count(stage->outputs);
    ost_done_output *outputs = OST_ARENA_ARRAY(arena, ost_done_output, n);
    ost_buf meta = { 0 };
    ost_err err = { 0 };

    for (size_t i = 0; i < n; i++) {
        char hex[OST_DIGEST_HEX];
        ost_artifact a = { .type = stage->outputs[i].type };

        ost_buf_reset(&meta);
        ost_buf_addf(&meta, "{\"in\":\"");
        for (uint32_t k = 0; k < m->n_inputs; k++) {
            ost_buf_addf(&meta, "%.8s",
                         ost_digest_hex(&m->inputs[k].artifact, hex));
            for (uint32_t x = 0; x < m->inputs[k].n_axes; x++)
                ost_buf_addf(&meta, " %s=%s", m->inputs[k].axes[2 * x],
                             m->inputs[k].axes[2 * x + 1]);
        }
        ost_buf_addf(&meta, "\",\"port\":%zu,\"value\":1,\"with\":%s}", i,
                     m->params);
        a.meta = ost_buf_str(&meta);
        if (ost_artifact_put(batch, &a, &outputs[i].artifact, &err))
            abort();
        outputs[i].port = stage->outputs[i].name;
        outputs[i].type = (uint8_t)stage->outputs[i].type;
    }
    done->outputs = outputs;
    done->n_outputs = (uint32_t)n;
    ost_buf_release(&meta);
}

/* Of an item that was done before its step failed. */
static const ost_key fake_memo = { { 7 } };

static inline void tell_where(const ost_step_msg *m)
{
    char *line = ost_xprintf("%s %s %s %llu", m->name, fake_gpu(), m->computes,
                             (unsigned long long)m->memory);

    append_line("where", line);
    ost_free(line);
}

/* False when the worker is of no use any more. */
static inline bool fake_step(fake_inbox *in, ost_batch *batch,
                             const unsigned char *body, size_t size,
                             ost_buf *out)
{
    ost_done_msg done = { .error = "", .notes = "", .seconds = 1e-5 };
    ost_arena arena = { 0 };
    ost_buf encoded = { 0 };
    ost_step_msg m;

    if (!ost_step_msg_decode(body, size, &arena, &m))
        abort();
    done.tag = m.tag;
    if (behave(in, &m, &done)) {
        append_line("computed", m.name);
        tell_where(&m);
        done.libraries = *m.computes == 's' ? "cuFake 1.2" : "";
        make_outputs(&m, batch, &arena, &done);
        done.computed = 1;
    } else {
        ost_batch_put_memo(batch, &fake_memo, NULL, 0, "item", 4);
    }
    ost_batch_encode(batch, &encoded);
    ost_batch_clear(batch);
    done.batch = encoded.data;
    done.batch_size = encoded.len;
    ost_done_msg_encode(out, &done);
    ost_buf_release(&encoded);
    ost_arena_release(&arena);
    return done.rc != OST_EDEVICE;
}

/* Refuses a size of 13. */
static inline void fake_check(const unsigned char *body, size_t size,
                              ost_buf *out)
{
    ost_done_msg done = { .error = "", .notes = "" };
    const char *stage, *params;
    ost_arena arena = { 0 };

    if (!ost_check_msg_decode(body, size, &arena, &done.tag, &stage, &params))
        abort();
    if (strstr(params, "\"size\":13")) {
        done.rc = OST_EWORKFLOW;
        done.error = "size 13 brings bad luck";
    }
    ost_checked_msg_encode(out, &done);
    ost_arena_release(&arena);
}

static inline void send_all(ost_buf *out)
{
    size_t sent = 0;

    while (sent < out->len) {
        ssize_t n =
            send(FAKE_FD, out->data + sent, out->len - sent, MSG_NOSIGNAL);

        if (n < 0)
            _exit(1);
        sent += (size_t)n;
    }
    ost_buf_reset(out);
}

static inline int fake_worker(const char *path)
{
    ost_store *store = NULL;
    fake_inbox in = { .at = 0 };
    ost_buf message = { 0 }, out = { 0 };
    const unsigned char *body;
    ost_err err = { 0 };
    bool usable = true;
    ost_batch *batch;
    ost_msg kind;
    size_t size;

    if (ost_store_open(path, 0, &store, &err))
        return 1;
    batch = ost_batch_new(store);
    do {
        while (in.bytes.len && usable &&
               ost_msg_next(&in.bytes, &in.at, &kind, &body, &size) > 0) {
            ost_buf_reset(&message);
            ost_buf_add(&message, body, size);
            if (kind == OST_MSG_STEP)
                usable = fake_step(&in, batch, message.data, size, &out);
            else if (kind == OST_MSG_CHECK)
                fake_check(message.data, size, &out);
        }
        send_all(&out);
    } while (usable && fake_receive(&in));
    ost_batch_free(batch);
    ost_store_close(store);
    ost_buf_release(&in.bytes);
    ost_buf_release(&message);
    ost_buf_release(&out);
    return 0;
}

#endif
