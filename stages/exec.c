/* stages/exec.c - runs a program on files
 *
 * The program starts in an empty folder of its own.  What it gets stands in
 * in/ (see stages/exec.h), what it declares as outputs is collected when it
 * ends with status 0; the rest is thrown away.  Its environment is PATH, HOME
 * and TMPDIR (that folder), LANG, and what `env` says.  `version` is there to
 * be raised when the program itself changes: the key knows its name alone.
 *
 * A step that uses this stage is refused unless `--allow exec` was given.
 */
#include "stages/exec.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/proc.h"
#include "base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

enum { TAIL = 1200, LOOK_MS = 100 };

typedef struct {
    ost_str_list command;
    bool shell;
    ost_str_list outputs;
    const char *standard_output;
    ost_file script;
    const json_t *env;
    const json_t *version;
} exec_params;

static const ost_param params[] = {
    OST_PARAM(exec_params, command, STR_LIST,
              "program and arguments; with `shell`, one command line",
              .required = true, .min_len = 1, .max_len = 4096),
    OST_PARAM(exec_params, shell, BOOL, "run the command line by /bin/sh",
              .dflt = "false"),
    OST_PARAM(exec_params, outputs, STR_LIST,
              "files and folders that the program makes, to be kept",
              .dflt = "[]"),
    OST_PARAM(exec_params, standard_output, STR,
              "file for what the program prints, an output too",
              .dflt = "null"),
    OST_PARAM(exec_params, script, FILE,
              "file that is put beside the program under its own name, ready "
              "to run",
              .dflt = "null"),
    OST_PARAM(exec_params, env, OBJECT, "further environment variables",
              .dflt = "{}"),
    OST_PARAM(exec_params, version, JSON,
              "anything; change it when the program has changed",
              .dflt = "null"),
    OST_END,
};

static ost_rc check_output(const char *path, ost_err *err)
{
    if (ost_path_is_plain(path))
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "output '%s' is not a path below the program's folder",
                    path);
}

static ost_rc check(const void *params_of, ost_err *err)
{
    const exec_params *p = params_of;
    const char *name;
    json_t *value;
    ost_rc rc = OST_OK;

    if (p->shell && p->command.n != 1)
        return ost_fail(err, OST_EINPUT,
                        "param 'command': with 'shell' there is one command "
                        "line, not %zu words",
                        p->command.n);
    for (size_t i = 0; i < p->outputs.n && !rc; i++)
        rc = check_output(p->outputs.v[i], err);
    if (!rc && p->standard_output)
        rc = check_output(p->standard_output, err);
    if (rc)
        return rc;
    json_object_foreach((json_t *)(uintptr_t)p->env, name, value)
    {
        if (!*name || strchr(name, '=') || !json_is_string(value))
            return ost_fail(err, OST_EINPUT,
                            "param 'env': '%s' must be a name with a text",
                            name);
    }
    return OST_OK;
}

/* --- the program -------------------------------------------------------- */

typedef struct {
    ost_stage_ctx *ctx;
    const exec_params *p;
    const char *folder;
    OST_VEC(const char *) argv;
    OST_VEC(const char *) env;
    int out;     /* file for its standard output, or -1 */
    int said[2]; /* pipe: what it prints */
    pid_t pid;
    int pidfd;
    ost_buf tail; /* the end of what it printed */
    int status;
} program;

static void set_command(program *x)
{
    if (x->p->shell) {
        ost_vec_push(&x->argv, "/bin/sh");
        ost_vec_push(&x->argv, "-c");
    }
    for (size_t i = 0; i < x->p->command.n; i++)
        ost_vec_push(&x->argv, x->p->command.v[i]);
    ost_vec_push(&x->argv, NULL);
}

static void set_environment(program *x)
{
    ost_arena *arena = ost_ctx_arena(x->ctx);
    const char *path = getenv("PATH"), *name;
    json_t *value;

    ost_vec_push(&x->env, ost_arena_printf(arena, "PATH=%s",
                                           path ? path : "/usr/bin:/bin"));
    ost_vec_push(&x->env, ost_arena_printf(arena, "HOME=%s", x->folder));
    ost_vec_push(&x->env, ost_arena_printf(arena, "TMPDIR=%s", x->folder));
    ost_vec_push(&x->env, "LANG=C.UTF-8");
    json_object_foreach((json_t *)(uintptr_t)x->p->env, name, value)
    {
        ost_vec_push(&x->env, ost_arena_printf(arena, "%s=%s", name,
                                               json_string_value(value)));
    }
    ost_vec_push(&x->env, NULL);
}

/* `command` can name it as "./NAME". */
static ost_rc write_script(const program *x, ost_err *err)
{
    const ost_file *script = &x->p->script;
    char *path;
    ost_rc rc;

    if (!script->name)
        return OST_OK;
    path = ost_path_join(x->folder, ost_path_base(script->name));
    rc = ost_fs_write_atomic(path, script->data, script->size, false, err);
    if (!rc && chmod(path, 0755) != 0)
        rc = ost_fail_errno(err, OST_EIO, errno, "cannot write '%s'", path);
    ost_free(path);
    return rc;
}

static ost_rc open_files(program *x, ost_err *err)
{
    char *path, *parent;
    ost_rc rc;

    if (pipe2(x->said, O_CLOEXEC) != 0)
        return ost_fail_errno(err, OST_EIO, errno, "cannot make a pipe");
    if (!x->p->standard_output)
        return OST_OK;
    path = ost_path_join(x->folder, x->p->standard_output);
    parent = ost_path_dir(path);
    rc = ost_fs_mkdirs(parent, err);
    if (!rc) {
        x->out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (x->out < 0)
            rc = ost_fail_errno(err, OST_EIO, errno, "cannot write '%s'", path);
    }
    ost_free(parent);
    ost_free(path);
    return rc;
}

static ost_rc start(program *x, ost_err *err)
{
    ost_proc_spec spec = {
        .cwd = x->folder, .stdin_fd = -1, .passed_fd = -1, .env_alone = true
    };
    ost_rc rc;

    set_command(x);
    set_environment(x);
    rc = write_script(x, err);
    if (!rc)
        rc = open_files(x, err);
    if (rc)
        return rc;
    spec.argv = x->argv.data;
    spec.env = x->env.data;
    spec.stdout_fd = x->out >= 0 ? x->out : x->said[1];
    spec.stderr_fd = x->said[1];
    rc = ost_proc_spawn(&spec, &x->pid, err);
    close(x->said[1]);
    x->said[1] = -1;
    if (rc)
        return rc;
    x->pidfd = pidfd_open(x->pid, 0);
    if (x->pidfd < 0)
        return ost_fail_errno(err, OST_EIO, errno, "cannot watch the program");
    return OST_OK;
}

/* The worker's own log is all that is left when a program takes the worker
 * with it, or never ends. */
static void copy_to_log(const char *text, size_t n)
{
    while (n > 0) {
        ssize_t done = write(STDERR_FILENO, text, n);

        if (done <= 0)
            return;
        text += done;
        n -= (size_t)done;
    }
}

/* Reads what it printed; false at the end. */
static bool listen(program *x)
{
    char piece[4096];
    ssize_t n = read(x->said[0], piece, sizeof(piece));

    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n == 0)
        return false;
    copy_to_log(piece, (size_t)n);
    ost_buf_add(&x->tail, piece, (size_t)n);
    if (x->tail.len > 16 * TAIL) {
        memmove(x->tail.data, x->tail.data + x->tail.len - TAIL, TAIL);
        x->tail.len = TAIL;
        x->tail.data[TAIL] = '\0';
    }
    return true;
}

static void reap(program *x)
{
    while (waitpid(x->pid, &x->status, 0) < 0 && errno == EINTR)
        ;
    x->pid = 0;
}

/* What is still in the pipe; a program that it left behind may keep the other
 * end open, and is not waited for. */
static void drain(program *x)
{
    struct pollfd p = { .fd = x->said[0], .events = POLLIN };

    while (poll(&p, 1, 0) == 1 && listen(x))
        ;
}

static ost_rc watch(program *x, ost_err *err)
{
    struct pollfd p[2] = { { .fd = x->pidfd, .events = POLLIN },
                           { .fd = x->said[0], .events = POLLIN } };

    for (;;) {
        int n = poll(p, 2, LOOK_MS);

        if (n < 0 && errno != EINTR)
            return ost_fail_errno(err, OST_EIO, errno,
                                  "cannot watch the program");
        if (ost_ctx_stop(x->ctx))
            return ost_fail(err, OST_EINTERRUPTED, "interrupted");
        if (n > 0 && p[1].revents && !listen(x))
            p[1].fd = -1;
        if (n > 0 && p[0].revents)
            break;
    }
    reap(x);
    drain(x);
    return OST_OK;
}

static void finish(program *x)
{
    if (x->pid > 0) {
        kill(x->pid, SIGKILL);
        reap(x);
    }
    if (x->pidfd >= 0)
        close(x->pidfd);
    if (x->out >= 0)
        close(x->out);
    for (int i = 0; i < 2; i++)
        if (x->said[i] >= 0)
            close(x->said[i]);
    ost_vec_release(&x->argv);
    ost_vec_release(&x->env);
    ost_buf_release(&x->tail);
}

/* Its last words, from the beginning of a line. */
static ost_rc fail_status(program *x, ost_err *err)
{
    const char *text = ost_buf_str(&x->tail);
    char status[64];

    while (x->tail.len > 0 && x->tail.data[x->tail.len - 1] == '\n')
        x->tail.data[--x->tail.len] = '\0';
    if (x->tail.len > TAIL) {
        text += x->tail.len - TAIL;
        text = strchr(text, '\n') ? strchr(text, '\n') + 1 : text;
    }
    return ost_fail(err, OST_EFAIL, "command '%s': %s%s%s", x->p->command.v[0],
                    ost_proc_status_text(status, x->status), *text ? ": " : "",
                    text);
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    program x = { .ctx = ctx,
                  .p = ost_ctx_params(ctx),
                  .out = -1,
                  .said = { -1, -1 },
                  .pidfd = -1 };
    ost_rc rc = OST_OK;

    x.folder = ost_ctx_temp_dir(ctx, err);
    if (!x.folder)
        return OST_EIO;
    if (ost_ctx_input_count(ctx, "in") > 0)
        rc = ost_exec_write_inputs(ctx, x.folder, err);
    if (!rc)
        rc = start(&x, err);
    if (!rc)
        rc = watch(&x, err);
    if (!rc && x.status != 0)
        rc = fail_status(&x, err);
    finish(&x);
    if (!rc)
        rc = ost_exec_collect(ctx, x.folder, &x.p->outputs, err);
    if (!rc && x.p->standard_output) {
        const ost_str_list printed = { 1, &x.p->standard_output };

        rc = ost_exec_collect(ctx, x.folder, &printed, err);
    }
    return rc;
}

const ost_stage ost_stage_exec = {
    .name = "exec",
    .version = 2,
    .summary = "Run a program on files and keep what it makes.",
    .flags = OST_STAGE_EXEC,
    .param_size = sizeof(exec_params),
    .params = params,
    .inputs = OST_PORTS(
        { "in", OST_ANY, "what the program finds in in/", true, true }),
    .outputs = OST_PORTS({ "out", OST_FILES, "its outputs", false, false }),
    .check = check,
    .run = run,
};
