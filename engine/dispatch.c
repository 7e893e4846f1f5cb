/* engine/dispatch.c - worker processes, and the bytes between them and us */
#include "engine/dispatch.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

enum { READ_SIZE = 256 * 1024, LOG_TAIL = 1200 };

char *ost_worker_program(void)
{
    const char *asked = getenv("OSTEON_WORKER");
    char *dir, *path;

    if (asked && *asked)
        return ost_xstrdup(asked);
    dir = ost_proc_self_dir();
    path = ost_path_join(dir, "osteon-worker");
    ost_free(dir);
    return path;
}

ost_rc ost_worker_start(ost_worker *w, const char *program, const char *store,
                        const char *gpu, ost_err *err)
{
    const char *argv[] = { program, "--store", store, NULL };
    /* OpenMP threads that spin while they wait take the cores from workers and
     * programs beside them: many times slower on a busy machine. */
    const char *env[] = { "OMP_WAIT_POLICY=passive", NULL, NULL };
    char *visible = NULL;
    ost_proc_spec spec = { .argv = argv,
                           .env = env,
                           .stdin_fd = -1,
                           .stdout_fd = -1,
                           .stderr_fd = -1,
                           .own_group = true };
    int pair[2];
    ost_rc rc;

    if (gpu)
        env[1] = visible = ost_xprintf("CUDA_VISIBLE_DEVICES=%s", gpu);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        rc = ost_fail_errno(err, OST_EFAIL, errno,
                            "cannot make a socket for a worker");
        goto out;
    }
    w->log_fd = -1;
    if (!getenv("OSTEON_DEBUG"))
        w->log_fd = memfd_create("osteon-worker", MFD_CLOEXEC);
    if (w->log_fd >= 0) {
        fcntl(w->log_fd, F_SETFL, O_APPEND);
        spec.stderr_fd = w->log_fd;
        spec.stdout_fd = w->log_fd;
    }
    spec.passed_fd = pair[1];
    rc = ost_proc_spawn(&spec, &w->pid, err);
    close(pair[1]);
    w->fd = pair[0];
    if (rc) {
        w->pid = 0;
        ost_worker_end(w, false, NULL);
    } else {
        fcntl(w->fd, F_SETFL, O_NONBLOCK);
    }
out:
    ost_free(visible);
    return rc;
}

bool ost_worker_has_output(const ost_worker *w)
{
    return w->sent < w->out.len;
}

bool ost_worker_flush(ost_worker *w)
{
    while (w->sent < w->out.len) {
        ssize_t n = send(w->fd, w->out.data + w->sent, w->out.len - w->sent,
                         MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        w->sent += (size_t)n;
    }
    ost_buf_reset(&w->out);
    w->sent = 0;
    return true;
}

bool ost_worker_receive(ost_worker *w)
{
    ssize_t n;

    if (w->taken > 0 && w->taken == w->in.len) {
        ost_buf_reset(&w->in);
        w->taken = 0;
    } else if (w->taken > READ_SIZE) {
        memmove(w->in.data, w->in.data + w->taken, w->in.len - w->taken);
        w->in.len -= w->taken;
        w->taken = 0;
    }
    ost_buf_reserve(&w->in, READ_SIZE);
    do
        n = recv(w->fd, w->in.data + w->in.len, READ_SIZE, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK;
    w->in.len += (size_t)n;
    return n > 0;
}

int ost_worker_next(ost_worker *w, ost_msg *kind, const unsigned char **body,
                    size_t *size)
{
    return w->in.len ? ost_msg_next(&w->in, &w->taken, kind, body, size) : 0;
}

/* What was said about steps that are done is of no use to the next. */
static void clear_log(const ost_worker *w)
{
    if (w->log_fd >= 0 && lseek(w->log_fd, 0, SEEK_END) > 0 &&
        ftruncate(w->log_fd, 0) != 0)
        OST_BUG();
}

void ost_worker_push(ost_worker *w, uint32_t step)
{
    if (w->n_queued == OST_PIPELINE)
        OST_BUG();
    if (w->n_queued == 0) {
        w->head_since = ost_now();
        clear_log(w);
    }
    w->queue[(w->first + w->n_queued) % OST_PIPELINE] = step;
    w->n_queued++;
}

uint32_t ost_worker_head(const ost_worker *w)
{
    if (w->n_queued == 0)
        OST_BUG();
    return w->queue[w->first];
}

void ost_worker_pop(ost_worker *w)
{
    w->first = (w->first + 1) % OST_PIPELINE;
    w->n_queued--;
    w->head_since = ost_now();
    if (w->n_queued > 0)
        return;
    w->expected = 0;
    w->open_ended = false;
    w->threads = 0;
    w->memory = 0;
}

void ost_worker_add_log(const ost_worker *w, ost_buf *out)
{
    char text[LOG_TAIL + 1];
    const char *from = text;
    off_t size = w->log_fd >= 0 ? lseek(w->log_fd, 0, SEEK_END) : 0;
    ssize_t n;

    if (size <= 0)
        return;
    n = pread(w->log_fd, text, LOG_TAIL, size > LOG_TAIL ? size - LOG_TAIL : 0);
    while (n > 0 && text[n - 1] == '\n')
        n--;
    if (n <= 0)
        return;
    text[n] = '\0';
    if (size > LOG_TAIL && strchr(text, '\n'))
        from = strchr(text, '\n') + 1;
    ost_buf_adds(out, "; its log ends with:\n");
    ost_buf_adds(out, from);
}

void ost_worker_end(ost_worker *w, bool kill_it, ost_buf *why)
{
    char words[64];
    int status = 0;

    if (w->fd > 0)
        close(w->fd);
    if (w->pid > 0) {
        siginfo_t info;

        if (kill_it)
            kill(-w->pid, SIGKILL);
        /* The group has its number for as long as nobody has taken the status:
         * what programs of steps have left behind goes with their worker. */
        while (waitid(P_PID, (id_t)w->pid, &info, WEXITED | WNOWAIT) < 0 &&
               errno == EINTR)
            continue;
        kill(-w->pid, SIGKILL);
        while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
            continue;
        if (why)
            ost_buf_addf(why, "%s", ost_proc_status_text(words, status));
    }
    if (why)
        ost_worker_add_log(w, why);
    if (w->log_fd > 0)
        close(w->log_fd);
    ost_buf_release(&w->in);
    ost_buf_release(&w->out);
    *w = (ost_worker){ 0 };
}
