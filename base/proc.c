/* base/proc.c - child processes, always by posix_spawn, never by fork */
#include "base/proc.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_CLOSED = 4, CHILD_FDS = 4 };

typedef OST_VEC(char *) strings;

/* True when "NAME=..." and "NAME=..." name the same variable. */
static bool same_variable(const char *a, const char *b)
{
    size_t n = strcspn(a, "=");

    return strncmp(a, b, n) == 0 && b[n] == '=';
}

/* Our environment, unless it is not wanted, with the given variables added or
 * replaced. */
static void merge_environment(const char *const *added, bool alone,
                              strings *out)
{
    for (char **e = environ; e && *e && !alone; e++) {
        bool replaced = false;

        for (const char *const *a = added; *a; a++)
            replaced |= same_variable(*a, *e);
        if (!replaced)
            ost_vec_push(out, *e);
    }
    for (const char *const *a = added; *a; a++)
        ost_vec_push(out, (char *)(uintptr_t)*a);
    ost_vec_push(out, NULL);
}

/* Descriptors 0 to 3 of the child.  A source that is itself one of them could
 * be overwritten before its turn, so it is first copied out of the way; the
 * copies are left in `moved` for the caller to close. */
static int place_descriptors(posix_spawn_file_actions_t *actions,
                             const ost_proc_spec *spec, int moved[CHILD_FDS])
{
    const int wanted[CHILD_FDS] = { spec->stdin_fd, spec->stdout_fd,
                                    spec->stderr_fd, spec->passed_fd };
    int errnum = 0;

    if (spec->stdin_fd < 0)
        errnum = posix_spawn_file_actions_addopen(actions, 0, "/dev/null",
                                                  O_RDONLY, 0);
    for (int i = 0; i < CHILD_FDS && !errnum; i++) {
        int fd = wanted[i];

        if (fd >= 0 && fd < CHILD_FDS && fd != i) {
            fd = moved[i] = fcntl(fd, F_DUPFD_CLOEXEC, CHILD_FDS);
            if (fd < 0)
                return errno;
        }
        if (fd >= 0)
            errnum = posix_spawn_file_actions_adddup2(actions, fd, i);
    }
    if (!errnum)
        errnum = posix_spawn_file_actions_addclosefrom_np(
            actions, spec->passed_fd < 0 ? FIRST_CLOSED - 1 : FIRST_CLOSED);
    return errnum;
}

/* The child starts with no signal blocked, and with those that we ignore for
 * our own purposes back at their defaults. */
static int set_attributes(posix_spawnattr_t *attr, const ost_proc_spec *spec)
{
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    sigset_t none, ours;
    int errnum;

    sigemptyset(&none);
    sigemptyset(&ours);
    sigaddset(&ours, SIGPIPE);
    sigaddset(&ours, SIGCHLD);
    if (spec->own_group)
        flags |= POSIX_SPAWN_SETPGROUP;
    errnum = posix_spawnattr_setsigmask(attr, &none);
    if (!errnum)
        errnum = posix_spawnattr_setsigdefault(attr, &ours);
    if (!errnum)
        errnum = posix_spawnattr_setpgroup(attr, 0);
    if (!errnum)
        errnum = posix_spawnattr_setflags(attr, flags);
    return errnum;
}

static int spawn(const ost_proc_spec *spec, pid_t *pid,
                 posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr,
                 int moved[CHILD_FDS])
{
    char *const *argv = (char *const *)(uintptr_t)spec->argv;
    strings env = { 0 };
    int errnum = place_descriptors(actions, spec, moved);

    if (!errnum && spec->cwd)
        errnum = posix_spawn_file_actions_addchdir_np(actions, spec->cwd);
    if (!errnum)
        errnum = set_attributes(attr, spec);
    if (errnum)
        return errnum;
    if (spec->env)
        merge_environment(spec->env, spec->env_alone, &env);
    errnum = posix_spawnp(pid, argv[0], actions, attr, argv,
                          spec->env ? env.data : environ);
    ost_vec_release(&env);
    return errnum;
}

ost_rc ost_proc_spawn(const ost_proc_spec *spec, pid_t *pid, ost_err *err)
{
    int moved[CHILD_FDS] = { -1, -1, -1, -1 };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int errnum;

    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attr);
    errnum = spawn(spec, pid, &actions, &attr, moved);
    for (int i = 0; i < CHILD_FDS; i++) {
        if (moved[i] >= 0)
            close(moved[i]);
    }
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    if (!errnum)
        return OST_OK;
    return ost_fail_errno(err, errnum == ENOENT ? OST_ENOTFOUND : OST_EFAIL,
                          errnum, "cannot start '%s'%s%s%s", spec->argv[0],
                          spec->cwd ? " in '" : "", spec->cwd ? spec->cwd : "",
                          spec->cwd ? "'" : "");
}

char *ost_proc_self_dir(void)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

    path[n > 0 ? n : 0] = '\0';
    return ost_path_dir(path);
}

unsigned long long ost_proc_start_time(pid_t pid)
{
    enum { STATE = 3, START = 22 }; /* fields of proc(5), counted from 1 */
    unsigned long long start = 0;
    ost_buf text = { 0 };
    char path[64];
    char *p, *rest = NULL;

    snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
    if (ost_fs_read(path, 4096, &text, NULL))
        goto out;
    /* The name in parentheses may hold anything, also spaces and ")". */
    p = strrchr((char *)text.data, ')');
    if (!p)
        goto out;
    p = strtok_r(p + 1, " ", &rest);
    if (!p || *p == 'Z' || *p == 'X')
        goto out;
    for (int field = STATE; p && field < START; field++)
        p = strtok_r(NULL, " ", &rest);
    if (p)
        start = strtoull(p, NULL, 10);
out:
    ost_buf_release(&text);
    return start;
}

static char boot_id[64] = "unknown";
static pthread_once_t boot_id_once = PTHREAD_ONCE_INIT;

static void read_boot_id(void)
{
    ost_buf text = { 0 };

    if (!ost_fs_read("/proc/sys/kernel/random/boot_id", 4096, &text, NULL)) {
        size_t n = strcspn((const char *)text.data, "\n");

        if (n > 0 && n < sizeof(boot_id)) {
            memcpy(boot_id, text.data, n);
            boot_id[n] = '\0';
        }
    }
    ost_buf_release(&text);
}

const char *ost_proc_boot_id(void)
{
    pthread_once(&boot_id_once, read_boot_id);
    return boot_id;
}

/* The quota of our control group in whole cores, or `limit` without one. */
static int quota_cores(int limit)
{
    unsigned long long quota = 0, period = 0, cores;
    ost_buf text = { 0 };
    char *rest;

    /* "50000 100000", or "max 100000" */
    if (!ost_fs_read("/sys/fs/cgroup/cpu.max", 4096, &text, NULL)) {
        quota = strtoull((const char *)text.data, &rest, 10);
        period = strtoull(rest, NULL, 10);
    }
    if (quota > 0 && period > 0) {
        cores = (quota + period - 1) / period;
        if (cores < (unsigned long long)limit)
            limit = (int)cores;
    }
    ost_buf_release(&text);
    return limit;
}

int ost_proc_cores(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    return quota_cores(CPU_COUNT(&set));
}

const char *ost_proc_status_text(char out[64], int status)
{
    if (WIFSIGNALED(status)) {
        const char *words = sigdescr_np(WTERMSIG(status));

        snprintf(out, 64, "killed by signal %d (%s)", WTERMSIG(status),
                 words ? words : "unknown");
    } else {
        snprintf(out, 64, "exit status %d", WEXITSTATUS(status));
    }
    return out;
}
