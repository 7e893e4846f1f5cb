/* store/objects.c - a walk over the object files of a store */
#include "store/objects.h"

#include "base/alloc.h"
#include "store/store_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

static int is_name(const struct dirent *e)
{
    return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

/* Sorted names of a folder below objects/; how many, or -1. */
static int list(const ost_store *s, const char *folder, struct dirent ***names)
{
    return scandirat(s->objects_fd, folder, names, is_name, alphasort);
}

static void free_names(struct dirent **names, int n)
{
    for (int i = 0; i < n; i++)
        ost_free(names[i]);
    ost_free(names);
}

static bool digest_of_name(const char *folder, const char *file, ost_digest *d)
{
    char hex[OST_DIGEST_HEX];

    if (strlen(folder) != 2 || strlen(file) != OST_DIGEST_HEX - 3)
        return false;
    snprintf(hex, sizeof(hex), "%s%s", folder, file);
    return ost_digest_parse(d, hex);
}

static ost_rc visit_file(ost_store *s, const char *folder, const char *file,
                         ost_object_visit visit, void *user, ost_err *err)
{
    char *name = ost_xprintf("%s/%s", folder, file);
    struct stat st;
    ost_digest d;
    ost_rc rc = OST_OK;

    if (fstatat(s->objects_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        rc = visit(user, name, digest_of_name(folder, file, &d) ? &d : NULL,
                   (uint64_t)st.st_size, err);
    ost_free(name);
    return rc;
}

ost_rc ost_objects_each(ost_store *s, ost_object_visit visit, void *user,
                        ost_err *err)
{
    struct dirent **folders, **files;
    int n = list(s, ".", &folders);
    ost_rc rc = OST_OK;

    if (n < 0)
        return ost_fail_errno(err, OST_ESTORE, errno,
                              "cannot read '%s/objects'", s->path);
    for (int i = 0; i < n && !rc; i++) {
        const char *folder = folders[i]->d_name;
        int m = list(s, folder, &files);

        if (m < 0) {
            rc = ost_fail_errno(err, OST_ESTORE, errno,
                                "cannot read '%s/objects/%s'", s->path, folder);
            break;
        }
        for (int k = 0; k < m && !rc; k++)
            rc = visit_file(s, folder, files[k]->d_name, visit, user, err);
        free_names(files, m);
    }
    free_names(folders, n);
    return rc;
}
