/* engine/leftovers.c - what killed runs left in the folder of `--out` */
#include "base/alloc.h"
#include "base/fs.h"
#include "base/text.h"
#include "engine/outputs.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* The process in "NAME.PID.tmp" or "NAME.PID-N.tmp", 0 for other names. */
static long process_of(const char *name)
{
    const char *end = name + strlen(name) - strlen(".tmp");
    const char *p = end;
    char *after;
    long pid;

    if (!ost_ends_with(name, ".tmp"))
        return 0;
    while (p > name && p[-1] != '.')
        p--;
    if (p == name || *p < '1' || *p > '9')
        return 0;
    errno = 0;
    pid = strtol(p, &after, 10);
    if (after < end && *after == '-')
        after += 1 + strspn(after + 1, "0123456789");
    return after == end && !errno ? pid : 0;
}

static bool is_gone(long pid)
{
    return (pid_t)pid != pid || (kill((pid_t)pid, 0) != 0 && errno == ESRCH);
}

/* ".NAME." is how folders begin, "NAME." how files do. */
static bool belongs_to(const char *entry, const char *name)
{
    size_t n = strlen(name);

    entry += *entry == '.';
    return strncmp(entry, name, n) == 0 && (n == 0 || entry[n] == '.');
}

void ost_outputs_sweep(const char *dir, const char *name)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    while (d && (e = readdir(d)) != NULL) {
        long pid = process_of(e->d_name);
        char *path;

        if (pid == 0 || !belongs_to(e->d_name, name) || !is_gone(pid))
            continue;
        path = ost_path_join(dir, e->d_name);
        ost_fs_remove_tree(path, NULL);
        ost_free(path);
    }
    if (d)
        closedir(d);
}
