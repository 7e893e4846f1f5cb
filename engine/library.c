/* engine/library.c - the shipped workflows and networks, by name */
#include "engine/library.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

typedef struct name_list {
    OST_VEC(const char *) names;
    ost_arena arena;
} name_list;

/* The files of a folder that end in .json, without it. */
static void add_names(name_list *list, const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *d;

    while (dir && (d = readdir(dir))) {
        size_t n = strlen(d->d_name);

        if (ost_ends_with(d->d_name, ".json"))
            ost_vec_push(&list->names,
                         ost_arena_strndup(&list->arena, d->d_name, n - 5));
    }
    if (dir)
        closedir(dir);
}

static ost_rc lacks(const char *lib_dir, const char *name, const char *folder,
                    ost_err *err)
{
    name_list list = { 0 };
    const char *near;

    add_names(&list, lib_dir);
    if (folder) {
        char *below = ost_path_join(lib_dir, folder);

        add_names(&list, below);
        ost_free(below);
    }
    near = ost_nearest(name, list.names.data, list.names.len);
    if (near)
        ost_fail(err, OST_EWORKFLOW,
                 "the library has no '%s' (did you mean '%s'?)", name, near);
    else
        ost_fail(err, OST_EWORKFLOW, "the library has no '%s'", name);
    ost_vec_release(&list.names);
    ost_arena_release(&list.arena);
    return OST_EWORKFLOW;
}

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* `name` or `name`.json in a folder, or NULL. */
static char *file_in(const char *folder, const char *name)
{
    char *path = ost_path_join(folder, name);

    if (!is_file(path)) {
        ost_free(path);
        path = ost_xprintf("%s/%s.json", folder, name);
    }
    if (is_file(path))
        return path;
    ost_free(path);
    return NULL;
}

ost_rc ost_library_find(const char *lib_dir, const char *name,
                        const char *folder, char **path, ost_err *err)
{
    if (!lib_dir)
        return ost_fail(err, OST_EWORKFLOW,
                        "'lib:%s': the library folder is not known", name);
    if (!ost_path_is_plain(name))
        return ost_fail(err, OST_EWORKFLOW, "'lib:%s' is no name of a file",
                        name);
    *path = file_in(lib_dir, name);
    if (!*path && folder) {
        char *below = ost_path_join(lib_dir, folder);

        *path = file_in(below, name);
        ost_free(below);
    }
    return *path ? OST_OK : lacks(lib_dir, name, folder, err);
}
