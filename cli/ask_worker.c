/* cli/ask_worker.c - a question that only the worker can answer */
#include "cli/ask_worker.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/proc.h"
#include "engine/dispatch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

enum { READ_SIZE = 64 * 1024 };

static void read_all(int fd, ost_buf *out)
{
    ssize_t n;

    do {
        ost_buf_reserve(out, READ_SIZE);
        n = read(fd, out->data + out->len, READ_SIZE);
        if (n > 0)
            out->len += (size_t)n;
    } while (n > 0 || (n < 0 && errno == EINTR));
}

/* What the program printed; an exit status other than 0 is a failure. */
static ost_rc capture(const char *const *argv, ost_buf *out, ost_err *err)
{
    static const char *const env[] = { "OMP_WAIT_POLICY=passive", NULL };
    int ends[2];
    ost_proc_spec spec = { .argv = argv,
                           .env = env,
                           .stdin_fd = -1,
                           .stderr_fd = -1,
                           .passed_fd = -1 };
    char text[64];
    int status = 0;
    pid_t pid;
    ost_rc rc;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return ost_fail_errno(err, OST_EFAIL, errno, "cannot make a pipe");
    spec.stdout_fd = ends[1];
    rc = ost_proc_spawn(&spec, &pid, err);
    close(ends[1]);
    if (!rc) {
        read_all(ends[0], out);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        if (status != 0)
            rc = ost_fail(err, OST_ECRASH, "the worker ended: %s",
                          ost_proc_status_text(text, status));
    }
    close(ends[0]);
    return rc;
}

static ost_rc take_answer(const ost_buf *text, json_t **result, ost_err *err)
{
    json_t *answer = json_loadb((const char *)text->data, text->len, 0, NULL);
    const char *error = json_string_value(json_object_get(answer, "error"));
    ost_rc rc = OST_OK;

    *result = json_incref(json_object_get(answer, "result"));
    if (error)
        rc = ost_fail(err,
                      (ost_rc)json_integer_value(json_object_get(answer, "rc")),
                      "%s", error);
    else if (!*result)
        rc = ost_fail(err, OST_EPROTO, "the worker's answer makes no sense");
    json_decref(answer);
    return rc;
}

ost_rc ost_ask_worker(const char *option, const json_t *request,
                      json_t **result, ost_err *err)
{
    char *program = ost_worker_program();
    char *text = json_dumps(request, JSON_COMPACT);
    const char *argv[] = { program, option, text, NULL };
    ost_buf out = { 0 };
    ost_rc rc = capture(argv, &out, err);

    if (!rc)
        rc = take_answer(&out, result, err);
    ost_buf_release(&out);
    ost_free(text);
    ost_free(program);
    return rc;
}
