/* base/proc.h - child processes, always by posix_spawn, never by fork */
#ifndef OST_BASE_PROC_H
#define OST_BASE_PROC_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/* What a child gets.  `argv` ends with NULL and argv[0] is a path (or is
 * looked up in PATH when it has no slash); `env` NULL means ours, otherwise
 * NULL-terminated "NAME=value" strings added to ours, or with `env_alone` in
 * place of ours.  A descriptor of -1 means /dev/null for stdin and "ours" for
 * stdout and stderr.  `passed_fd` (or -1) becomes descriptor 3; every other
 * descriptor is closed on exec.  `own_group` puts the child at the head of its
 * own process group. */
typedef struct ost_proc_spec {
    const char *const *argv;
    const char *const *env;
    const char *cwd; /* NULL: ours */
    int stdin_fd;
    int stdout_fd;
    int stderr_fd;
    int passed_fd;
    bool own_group;
    bool env_alone;
} ost_proc_spec;

ost_rc ost_proc_spawn(const ost_proc_spec *spec, pid_t *pid, ost_err *err);

/* The folder of the running executable, found through /proc/self/exe.
 * Caller frees with ost_free(). */
char *ost_proc_self_dir(void);

/* Start time of a process in clock ticks since boot (0 when it is gone or is a
 * zombie), and the boot id ("unknown" without one): together they name a
 * process for good. */
unsigned long long ost_proc_start_time(pid_t pid);
const char *ost_proc_boot_id(void);

/* Cores that this process may use: its affinity mask, and the CPU quota of its
 * control group rounded up.  At least 1. */
int ost_proc_cores(void);

/* "killed by signal 11 (Segmentation fault)", "exit status 3"; `status` as
 * from waitpid(); `out` has room for 64 characters. */
const char *ost_proc_status_text(char out[64], int status);

#endif
