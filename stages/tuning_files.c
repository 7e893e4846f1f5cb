/* stages/tuning_files.c - measured choices of algorithms, in the user's cache
 */
#include "stages/tuning_files.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/text.h"
#include "kernels/tuning.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

enum { FILE_MAX = 16 << 20 };

/* Caller frees; NULL when there is no place for it. */
static char *path_of(const char *name)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");

    if (cache && *cache == '/')
        return ost_xprintf("%s/osteon/tuning/%s", cache, name);
    if (home && *home == '/')
        return ost_xprintf("%s/.cache/osteon/tuning/%s", home, name);
    return NULL;
}

static ost_rc load(const char *name, ost_buf *text, ost_err *err)
{
    char *path = path_of(name);
    ost_rc rc = OST_OK;

    if (path && access(path, F_OK) == 0)
        rc = ost_fs_read(path, FILE_MAX, text, err);
    ost_free(path);
    return rc;
}

static ost_rc save(const char *name, const char *text, ost_err *err)
{
    char *path = path_of(name);
    char *folder;
    ost_rc rc;

    if (!path)
        return ost_fail(err, OST_EFAIL,
                        "neither XDG_CACHE_HOME nor HOME is the path of a "
                        "folder");
    folder = ost_path_dir(path);
    rc = ost_fs_mkdirs(folder, err);
    if (!rc)
        rc = ost_fs_write_atomic(path, text, strlen(text), false, err);
    ost_free(folder);
    ost_free(path);
    return rc;
}

void ost_tuning_files(void)
{
    static const ost_tuning_keeper files = { .load = load, .save = save };

    ost_tuning_keep_by(&files);
}
