/* cli/main.c - the osteon command */
#include "base/fs.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/text.h"
#include "cli/parse_options.h"
#include "stages/devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

static int print(void (*make)(ost_buf *))
{
    ost_buf text = { 0 };

    make(&text);
    fputs(ost_buf_str(&text), stdout);
    ost_buf_release(&text);
    return 0;
}

static int complain(const ost_err *err)
{
    fprintf(stderr, "osteon: %s\n", err->text);
    return ost_rc_exit_status(err->rc);
}

/* The libraries that do the work are the worker's. */
static int print_libraries(void)
{
    char *self = ost_proc_self_dir();
    char *worker = ost_path_join(self, "osteon-worker");
    const char *argv[] = { worker, "--versions", NULL };
    ost_proc_spec spec = { .argv = argv,
                           .stdin_fd = -1,
                           .stdout_fd = -1,
                           .stderr_fd = -1,
                           .passed_fd = -1 };
    ost_err err = { 0 };
    int status = 0;
    pid_t pid;
    ost_rc rc;

    fflush(stdout);
    rc = ost_proc_spawn(&spec, &pid, &err);
    if (!rc && waitpid(pid, &status, 0) != pid)
        rc = ost_fail(&err, OST_EFAIL, "the worker got lost");
    ost_free(worker);
    ost_free(self);
    if (rc)
        return complain(&err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void print_cuda(void)
{
    ost_buf text = { 0 }, why = { 0 };
    ost_gpus gpus;

    if (ost_gpu_built(&why)) {
        ost_gpus_find(&gpus);
        if (gpus.reason)
            ost_buf_addf(&text, "built, not used here: %s", gpus.reason);
        else
            ost_buf_addf(&text, "%zu of %zu devices can be used, driver %s",
                         ost_gpus_usable(&gpus), gpus.list.len, gpus.driver);
        ost_gpus_release(&gpus);
    } else {
        ost_buf_addf(&text, "none: %s", ost_buf_str(&why));
    }
    printf("CUDA %s: %s\n", ost_gpu_standin() ? "stand-in" : "backend",
           ost_buf_str(&text));
    ost_buf_release(&text);
    ost_buf_release(&why);
}

static int print_version(bool verbose)
{
    printf("osteon %s\n", OSTEON_VERSION);
    if (!verbose)
        return 0;
    printf("CPU backend: %s, %d cores\n", ost_cpu_numeric_class(),
           ost_proc_cores());
    print_cuda();
    return print_libraries();
}

static int unknown_command(const char *word)
{
    const char *names[64];
    const char *near;
    size_t n = 0;

    for (const ost_command *const *c = ost_commands; *c; c++)
        names[n++] = (*c)->name;
    near = ost_nearest(word, names, n);
    if (near)
        fprintf(stderr, "osteon: unknown command '%s' (did you mean '%s'?)\n",
                word, near);
    else
        fprintf(stderr, "osteon: unknown command '%s' (see 'osteon --help')\n",
                word);
    return ost_rc_exit_status(OST_EUSAGE);
}

static int run_command(const ost_command *command, int argc, char **argv)
{
    ost_err err = { 0 };
    ost_buf text = { 0 };
    int status = 0;
    ost_cli cli;
    bool help;
    ost_rc rc;

    rc = ost_cli_parse(&cli, command, argc, argv, &help, &err);
    if (!rc && help) {
        ost_help_command(&text, command);
        fputs(ost_buf_str(&text), stdout);
        ost_buf_release(&text);
    } else if (!rc) {
        rc = command->run(&cli, &err);
        status = cli.exit_status;
    }
    if (rc)
        status = complain(&err);
    ost_cli_release(&cli);
    return status;
}

/* What could not be written must not look like success. */
static int finish(int status)
{
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "osteon: cannot write to stdout\n");
        return status ? status : 1;
    }
    return status;
}

int main(int argc, char **argv)
{
    const ost_command *command;
    ost_err err = { 0 };
    const char *word = argc > 1 ? argv[1] : "--help";

    if (getenv("OSTEON_DEBUG") && ost_log_enable(getenv("OSTEON_DEBUG"), &err))
        return complain(&err);
    if (strcmp(word, "--version") == 0)
        return finish(
            print_version(argc > 2 && strcmp(argv[2], "--verbose") == 0));
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
        (strcmp(word, "help") == 0 && argc == 2))
        return finish(print(ost_help_all));
    if (strcmp(word, "help") == 0 && ost_command_find(argv[2])) {
        char word_help[] = "--help";
        char *help[] = { word_help };

        return finish(run_command(ost_command_find(argv[2]), 1, help));
    }
    command = ost_command_find(word);
    if (!command)
        return unknown_command(word);
    return finish(run_command(command, argc - 2, argv + 2));
}
