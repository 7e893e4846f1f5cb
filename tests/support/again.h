/* tests/support/again.h - a test program that runs itself once more
 *
 * LMDB and the kernel's locks tell processes apart, so what happens between
 * two of them is tested with a second process: this program, with a word that
 * says what it is to do.  It prints a line when it is ready.
 */
#ifndef OST_TESTS_SUPPORT_AGAIN_H
#define OST_TESTS_SUPPORT_AGAIN_H

#include "base/proc.h"
#include "tests/support/check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct again {
    pid_t pid;
    int out; /* what it prints */
} again;

/* Starts this program with the arguments `word`, `arg`. */
static inline again again_start(const char *word, const char *arg)
{
    const char *argv[] = { "/proc/self/exe", word, arg, NULL };
    ost_proc_spec spec = {
        .argv = argv, .stdin_fd = -1, .stderr_fd = -1, .passed_fd = -1
    };
    ost_err err = { 0 };
    again a = { 0 };
    char self[4096];
    int ends[2];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    assert_true(n > 0);
    self[n] = '\0';
    argv[0] = self;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    spec.stdout_fd = ends[1];
    if (ost_proc_spawn(&spec, &a.pid, &err))
        fail_msg("%s", err.text);
    close(ends[1]);
    a.out = ends[0];
    return a;
}

/* Waits until it has printed something; false when it ended without. */
static inline bool again_ready(const again *a)
{
    char c;

    return read(a->out, &c, 1) == 1;
}

/* Waits for its end; with a signal, after sending that. */
static inline int again_end(const again *a, int sig)
{
    int status = 0;

    if (sig)
        kill(a->pid, sig);
    assert_int_equal(waitpid(a->pid, &status, 0), a->pid);
    close(a->out);
    return status;
}

/* In the second process: says "ready", and waits for the end. */
static inline void again_say_ready(void)
{
    if (write(STDOUT_FILENO, "r\n", 2) != 2)
        _exit(9);
}

#endif
