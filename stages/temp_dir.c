/* stages/temp_dir.c - a private folder for a step
 *
 * To make and to remove a folder costs a tenth of starting a program, so one
 * that a step left empty serves the next step of the same process.  Those of
 * workers that were killed are removed by the next worker that needs one.
 */
#include "base/alloc.h"
#include "base/fs.h"
#include "stages/context.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

enum { FOLDER_MODE = 0700 };

/* Empty and waiting for a step, or NULL.  Steps follow one another. */
static char *spare;

static void remove_spare(void)
{
    if (spare)
        rmdir(spare);
    ost_free(spare);
    spare = NULL;
}

/* Process ids mean something within one namespace only. */
static uintmax_t pid_namespace(void)
{
    struct stat st;

    return stat("/proc/self/ns/pid", &st) == 0 ? (uintmax_t)st.st_ino : 0;
}

/* True for the folder of a process of this namespace that is gone. */
static bool is_left_over(const char *name, uintmax_t namespace)
{
    uintmax_t ns;
    int pid;

    return sscanf(name, "osteon-%" SCNuMAX "-%d-", &ns, &pid) == 2 &&
           ns == namespace && pid > 0 && kill(pid, 0) != 0 && errno == ESRCH;
}

static void sweep(const char *base, uintmax_t namespace)
{
    DIR *d = opendir(base);
    struct dirent *e;
    struct stat st;

    while (d && (e = readdir(d)) != NULL) {
        char *path;

        if (!is_left_over(e->d_name, namespace) ||
            fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
            continue;
        path = ost_path_join(base, e->d_name);
        ost_fs_remove_tree(path, NULL);
        ost_free(path);
    }
    if (d)
        closedir(d);
}

static char *make_folder(ost_err *err)
{
    static bool registered;
    const char *asked = getenv("TMPDIR");
    const char *base = asked && *asked ? asked : "/tmp";
    uintmax_t namespace = pid_namespace();
    char *dir =
        ost_xprintf("%s/osteon-%ju-%d-XXXXXX", base, namespace, (int)getpid());

    if (!registered)
        sweep(base, namespace);
    if (!mkdtemp(dir)) {
        ost_fail_errno(err, OST_EIO, errno,
                       "cannot make a temporary folder '%s'", dir);
        ost_free(dir);
        return NULL;
    }
    if (!registered)
        registered = atexit(remove_spare) == 0;
    return dir;
}

const char *ost_ctx_temp_dir(ost_stage_ctx *ctx, ost_err *err)
{
    if (!ctx->step->temp_dir) {
        ctx->step->temp_dir = spare ? spare : make_folder(err);
        spare = NULL;
    }
    return ctx->step->temp_dir;
}

/* True for a folder with nothing in it that is as it was made. */
static bool is_untouched(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *e;
    bool empty = true;
    struct stat st;

    if (!dir)
        return false;
    while (empty && (e = readdir(dir)))
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    empty = empty && fstat(dirfd(dir), &st) == 0 &&
            (st.st_mode & 07777) == FOLDER_MODE;
    closedir(dir);
    return empty;
}

void ost_temp_dir_done(char *dir)
{
    if (!dir)
        return;
    if (!spare && is_untouched(dir)) {
        spare = dir;
        return;
    }
    ost_fs_remove_tree(dir, NULL);
    ost_free(dir);
}
