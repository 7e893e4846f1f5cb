/* base/path.c - the text of paths, without looking at the disk */
#include "base/alloc.h"
#include "base/fs.h"

#include <string.h>

char *ost_path_join(const char *a, const char *b)
{
    size_t n = strlen(a);

    if (b[0] == '/' || n == 0)
        return ost_xstrdup(b);
    return ost_xprintf(a[n - 1] == '/' ? "%s%s" : "%s/%s", a, b);
}

char *ost_path_dir(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return ost_xstrdup(".");
    while (slash > path && slash[-1] == '/')
        slash--;
    return slash == path ? ost_xstrdup("/")
                         : ost_xstrndup(path, (size_t)(slash - path));
}

const char *ost_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

bool ost_path_is_plain(const char *path)
{
    for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
        if (*p < 0x20 || *p == 0x7f || *p == '\\')
            return false;
    }
    for (;;) {
        size_t n = strcspn(path, "/");

        if (n == 0 || (n <= 2 && strspn(path, ".") >= n))
            return false;
        if (path[n] == '\0')
            return true;
        path += n + 1;
    }
}
