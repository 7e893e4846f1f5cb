/* stages/temp_dir.c - a private folder for a step
 *
 * To make and to remove a folder costs a tenth of starting a program, so one
 * that a step left empty serves the next step of the same process.
 */
#include "base/alloc.h"
#include "base/fs.h"
#include "stages/context.h"

#include <dirent.h>
#include <errno.h>
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

static char *make_folder(ost_err *err)
{
    static bool registered;
    const char *base = getenv("TMPDIR");
    char *dir = ost_xprintf("%s/osteon-XXXXXX", base && *base ? base : "/tmp");

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
