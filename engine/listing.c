/* engine/listing.c - the files of a source, as a walk or a manifest finds them
 *
 * Names are read first, folder by folder; then the files are looked at, which
 * takes most of the time, on several cores.
 */
#include "engine/listing.h"

#include "base/alloc.h"
#include "base/csv.h"
#include "base/fs.h"
#include "base/map.h"
#include "base/proc.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/banned.h"

enum { MAX_DEPTH = 64, MAX_THREADS = 4, FILES_PER_THREAD = 1000 };
#define MANIFEST_LIMIT ((size_t)1 << 30)

void ost_listing_release(ost_listing *l)
{
    ost_vec_release(&l->files);
    ost_free(l->root);
    ost_free(l->manifest);
    ost_arena_release(&l->arena);
    *l = (ost_listing){ 0 };
}

static uint64_t nanoseconds(struct timespec t)
{
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void ost_listed_stat(ost_listed *e, const struct stat *st)
{
    e->size = (uint64_t)st->st_size;
    e->mtime_ns = nanoseconds(st->st_mtim);
    e->ctime_ns = nanoseconds(st->st_ctim);
    e->inode = st->st_ino;
}

bool ost_listed_same(const ost_listed *a, const ost_listed *b)
{
    return a->size == b->size && a->mtime_ns == b->mtime_ns &&
           a->ctime_ns == b->ctime_ns && a->inode == b->inode;
}

ost_digest ost_listing_fingerprint(const ost_listing *l)
{
    ost_buf text = { 0 };
    ost_digest d;

    ost_buf_string(&text, l->manifest);
    for (size_t i = 0; i < l->files.len; i++) {
        const ost_listed *e = &l->files.data[i];

        ost_buf_string(&text, e->path);
        ost_buf_u64(&text, e->size);
        ost_buf_u64(&text, e->mtime_ns);
        ost_buf_u64(&text, e->ctime_ns);
        ost_buf_u64(&text, e->inode);
    }
    d = ost_digest_of(text.data, text.len);
    ost_buf_release(&text);
    return d;
}

/* --- stat ----------------------------------------------------------------- */

/* A range of files that one thread looks at. */
typedef struct look {
    const ost_listing *listing;
    int fd; /* of the root */
    size_t from;
    size_t to;
    size_t failed; /* the first that could not be looked at, or `to` */
    int errnum;
} look;

static void *look_at_files(void *arg)
{
    look *k = arg;

    k->failed = k->to;
    for (size_t i = k->from; i < k->to; i++) {
        ost_listed *e = &k->listing->files.data[i];
        struct stat st;

        if (fstatat(k->fd, e->path, &st, 0) != 0) {
            k->failed = i;
            k->errnum = errno;
            break;
        }
        ost_listed_stat(e, &st);
    }
    return NULL;
}

/* Looks at every file, on several cores when there are many. */
static ost_rc look_at_all(ost_listing *l, int fd, ost_err *err)
{
    size_t n = l->files.len;
    size_t parts = n / FILES_PER_THREAD < 1 ? 1 : n / FILES_PER_THREAD;
    pthread_t threads[MAX_THREADS];
    bool started[MAX_THREADS] = { false };
    look looks[MAX_THREADS];

    if (parts > 1 && parts > (size_t)ost_proc_cores())
        parts = (size_t)ost_proc_cores();
    if (parts > MAX_THREADS)
        parts = MAX_THREADS;
    for (size_t i = 0; i < parts; i++) {
        looks[i] = (look){ .listing = l,
                           .fd = fd,
                           .from = n * i / parts,
                           .to = n * (i + 1) / parts };
        started[i] = i > 0 && pthread_create(&threads[i], NULL, look_at_files,
                                             &looks[i]) == 0;
    }
    for (size_t i = 0; i < parts; i++) {
        if (!started[i])
            look_at_files(&looks[i]);
    }
    for (size_t i = 0; i < parts; i++) {
        if (started[i])
            pthread_join(threads[i], NULL);
    }
    for (size_t i = 0; i < parts; i++) {
        if (looks[i].failed < looks[i].to)
            return ost_fail_errno(err, OST_EIO, looks[i].errnum,
                                  "cannot look at '%s/%s'", l->root,
                                  l->files.data[looks[i].failed].path);
    }
    return OST_OK;
}

static ost_rc add_file(ost_listing *l, const char *path, ost_err *err)
{
    ost_listed e = { .path = path };
    char shown[512];

    ost_utf8_shown(shown, sizeof(shown), path, "");
    if (!ost_path_is_plain(path) || !ost_utf8_valid(path, strlen(path)))
        return ost_fail(err, OST_EINPUT,
                        "file name '%s' in '%s' cannot be an item id: it has a "
                        "backslash, a control character or invalid UTF-8",
                        shown, l->root);
    ost_vec_push(&l->files, e);
    return OST_OK;
}

/* --- folders -------------------------------------------------------------- */

typedef struct folder {
    dev_t dev;
    ino_t ino;
} folder;

typedef struct walk {
    ost_listing *listing;
    folder above[MAX_DEPTH]; /* from the root to where we are */
} walk;

/* What a folder holds: relative paths, those of folders with a '/' behind, so
 * that their order is that of the files below them. */
typedef OST_VEC(const char *) name_list;

static ost_rc walk_folder(walk *w, const char *path, int fd, int depth,
                          ost_err *err);

static ost_rc enter_folder(walk *w, int parent, const char *path, int depth,
                           ost_err *err)
{
    const char *root = w->listing->root;
    char *name = ost_xstrndup(path, strlen(path) - 1);
    struct stat st = { 0 };
    int fd = -1;
    ost_rc rc = OST_OK;

    if (depth + 1 == MAX_DEPTH)
        rc = ost_fail(err, OST_EINPUT, "folder '%s/%s' is nested too deep",
                      root, name);
    else
        fd = openat(parent, ost_path_base(name),
                    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!rc && (fd < 0 || fstat(fd, &st) != 0))
        rc = ost_fail_errno(err, OST_EIO, errno, "cannot open '%s/%s'", root,
                            name);
    for (int i = 0; i <= depth && !rc; i++) {
        if (w->above[i].dev == st.st_dev && w->above[i].ino == st.st_ino)
            rc = ost_fail(err, OST_EINPUT,
                          "folder '%s/%s' leads back to itself", root, name);
    }
    ost_free(name);
    if (rc) {
        if (fd >= 0)
            close(fd);
        return rc;
    }
    w->above[depth + 1] = (folder){ st.st_dev, st.st_ino };
    return walk_folder(w, path, fd, depth + 1, err);
}

/* The path of an entry; a '/' behind it says that it is a folder.  NULL for
 * what is neither file nor folder. */
static const char *path_of(ost_arena *arena, const char *dir, int fd,
                           const struct dirent *d, int *errnum)
{
    unsigned char type = d->d_type;
    struct stat st;
    char *path, *end;

    if (type != DT_DIR && type != DT_REG) {
        if (fstatat(fd, d->d_name, &st, 0) != 0) {
            *errnum = errno;
            return NULL;
        }
        type = S_ISDIR(st.st_mode)   ? DT_DIR
               : S_ISREG(st.st_mode) ? DT_REG
                                     : DT_UNKNOWN;
    }
    if (type == DT_UNKNOWN)
        return NULL;
    path = ost_arena_alloc(arena, strlen(dir) + strlen(d->d_name) + 2);
    end = stpcpy(stpcpy(path, dir), d->d_name);
    if (type == DT_DIR)
        *end = '/';
    return path;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static ost_rc read_names(walk *w, const char *path, DIR *dir, int fd,
                         name_list *list, ost_err *err)
{
    struct dirent *d;

    errno = 0;
    while ((d = readdir(dir))) {
        int errnum = 0;
        const char *name;

        if (d->d_name[0] == '.')
            continue;
        name = path_of(&w->listing->arena, path, fd, d, &errnum);
        if (errnum)
            return ost_fail_errno(err, OST_EIO, errnum,
                                  "cannot look at '%s/%s%s'", w->listing->root,
                                  path, d->d_name);
        if (name)
            ost_vec_push(list, name);
        errno = 0;
    }
    if (errno)
        return ost_fail_errno(err, OST_EIO, errno, "cannot read '%s/%s'",
                              w->listing->root, path);
    if (list->len > 1)
        qsort(list->data, list->len, sizeof(*list->data), by_name);
    return OST_OK;
}

/* Takes the descriptor. */
static ost_rc walk_folder(walk *w, const char *path, int fd, int depth,
                          ost_err *err)
{
    DIR *dir = fdopendir(fd);
    name_list list = { 0 };
    ost_rc rc;

    if (!dir) {
        close(fd);
        return ost_fail_errno(err, OST_EIO, errno, "cannot read '%s/%s'",
                              w->listing->root, path);
    }
    rc = read_names(w, path, dir, fd, &list, err);
    for (size_t i = 0; i < list.len && !rc; i++) {
        const char *name = list.data[i];

        if (name[strlen(name) - 1] == '/')
            rc = enter_folder(w, fd, name, depth, err);
        else
            rc = add_file(w->listing, name, err);
    }
    ost_vec_release(&list);
    closedir(dir);
    return rc;
}

static ost_rc list_folder(ost_listing *l, const struct stat *st, ost_err *err)
{
    walk w = { .listing = l };
    ost_rc rc;
    int fd = open(l->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int again = fd < 0 ? -1 : dup(fd);

    if (fd < 0 || again < 0) {
        rc = ost_fail_errno(err, OST_EIO, errno, "cannot open '%s'", l->root);
    } else {
        w.above[0] = (folder){ st->st_dev, st->st_ino };
        rc = walk_folder(&w, "", again, 0, err);
        if (!rc)
            rc = look_at_all(l, fd, err);
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

/* --- manifests ---------------------------------------------------------- */

static bool is_file_below(const char *root, const char *name)
{
    char *path = ost_path_join(root, name);
    struct stat st;
    bool yes =
        ost_path_is_plain(name) && stat(path, &st) == 0 && S_ISREG(st.st_mode);

    ost_free(path);
    return yes;
}

/* The column that names files, or -1 for a table of something else. */
static int file_column(const ost_csv *csv, const char *root)
{
    static const char *const names[] = { "path", "file", "filename", "image",
                                         "image_path" };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        int column = ost_csv_column(csv, names[i]);

        if (column >= 0)
            return column;
    }
    for (size_t i = 0; i < csv->n_columns && csv->n_rows > 0; i++) {
        if (is_file_below(root, csv->rows[0].cells[i]))
            return (int)i;
    }
    return -1;
}

/* The real place of a member must be below that of the manifest's folder. */
static ost_rc check_member(const ost_listing *l, const char *real_root,
                           const char *name, int line, struct stat *st,
                           ost_err *err)
{
    size_t n = strlen(real_root);
    ost_rc rc = OST_OK;
    char *path, *real;

    if (!ost_path_is_plain(name))
        return ost_fail(err, OST_EINPUT,
                        "%s:%d: '%s' is not a path below the manifest's folder",
                        l->manifest, line, name);
    path = ost_path_join(l->root, name);
    real = realpath(path, NULL);
    if (!real || stat(real, st) != 0)
        rc = ost_fail_errno(err, OST_EINPUT, errno, "%s:%d: file '%s'",
                            l->manifest, line, name);
    else if (strncmp(real, real_root, n) != 0 ||
             (n > 1 && real[n] != '/' && real[n] != '\0'))
        rc = ost_fail(err, OST_EINPUT,
                      "%s:%d: '%s' leads out of the manifest's folder",
                      l->manifest, line, name);
    else if (!S_ISREG(st->st_mode))
        rc = ost_fail(err, OST_EINPUT, "%s:%d: '%s' is not a file", l->manifest,
                      line, name);
    free(real);
    ost_free(path);
    return rc;
}

static ost_rc add_known(ost_listing *l, const char *name, const struct stat *st,
                        ost_err *err)
{
    ost_rc rc = add_file(l, ost_arena_strdup(&l->arena, name), err);

    if (!rc)
        ost_listed_stat(&l->files.data[l->files.len - 1], st);
    return rc;
}

/* The name in a cell. */
static const char *cell_name(const ost_csv *csv, size_t row, size_t column)
{
    const char *name = csv->rows[row].cells[column];

    while (name[0] == '.' && name[1] == '/')
        name += 2;
    return name;
}

/* Whether the first cell of a column that is not empty names a file: masks and
 * annotations that lie beside the images. */
static bool names_files(const ost_listing *l, const ost_csv *csv, size_t column)
{
    for (size_t i = 0; i < csv->n_rows; i++)
        if (*csv->rows[i].cells[column])
            return is_file_below(l->root, cell_name(csv, i, column));
    return false;
}

/* All files that a column names; those that have to be there are errors when
 * they are not. */
static ost_rc list_column(ost_listing *l, const ost_csv *csv, size_t column,
                          bool required, const char *real_root, ost_map *seen,
                          ost_err *err)
{
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < csv->n_rows && !rc; i++) {
        const char *name = cell_name(csv, i, column);
        struct stat st = { 0 };

        if (!required && (!*name || !is_file_below(l->root, name)))
            continue;
        rc = check_member(l, real_root, name, csv->rows[i].line, &st, err);
        if (!rc && ost_map_put(seen, name, strlen(name), i))
            rc = add_known(l, name, &st, err);
    }
    return rc;
}

static ost_rc list_members(ost_listing *l, const ost_csv *csv, int column,
                           ost_err *err)
{
    char *real_root = realpath(l->root, NULL);
    ost_map seen = { 0 };
    ost_rc rc;

    if (!real_root)
        return ost_fail_errno(err, OST_EIO, errno, "cannot find '%s'", l->root);
    ost_map_put(&seen, l->manifest, strlen(l->manifest), 0);
    rc = list_column(l, csv, (size_t)column, true, real_root, &seen, err);
    for (size_t i = 0; i < csv->n_columns && !rc; i++)
        if (i != (size_t)column && names_files(l, csv, i))
            rc = list_column(l, csv, i, false, real_root, &seen, err);
    ost_map_release(&seen);
    free(real_root);
    return rc;
}

static ost_rc list_manifest(ost_listing *l, const char *where, ost_err *err)
{
    ost_arena arena = { 0 };
    ost_buf text = { 0 };
    ost_csv csv;
    int column = -1;
    ost_rc rc;

    rc = ost_fs_read(where, MANIFEST_LIMIT, &text, err);
    if (rc)
        goto out;
    l->manifest = ost_xstrdup(ost_path_base(where));
    rc = ost_csv_parse(l->manifest, ost_buf_str(&text), text.len, &arena, &csv,
                       err);
    if (rc)
        goto out;
    column = file_column(&csv, l->root);
    if (column >= 0)
        rc = list_members(l, &csv, column, err);
out:
    if (column < 0) {
        ost_free(l->manifest);
        l->manifest = NULL;
    }
    ost_buf_release(&text);
    ost_arena_release(&arena);
    return rc;
}

static bool is_csv(const char *where)
{
    size_t n = strlen(where);

    return n > 4 && strcasecmp(where + n - 4, ".csv") == 0;
}

/* --- either -------------------------------------------------------------- */

static int by_path(const void *a, const void *b)
{
    return strcmp(((const ost_listed *)a)->path, ((const ost_listed *)b)->path);
}

ost_rc ost_listing_make(ost_listing *l, const char *where, ost_err *err)
{
    struct stat st;
    ost_rc rc;

    *l = (ost_listing){ 0 };
    if (stat(where, &st) != 0)
        return ost_fail_errno(err, OST_EINPUT, errno, "cannot find '%s'",
                              where);
    if (S_ISDIR(st.st_mode)) {
        l->root = ost_xstrdup(where);
        rc = list_folder(l, &st, err);
    } else if (S_ISREG(st.st_mode)) {
        l->root = ost_path_dir(where);
        rc = add_known(l, ost_path_base(where), &st, err);
        if (!rc && is_csv(where))
            rc = list_manifest(l, where, err);
    } else {
        rc = ost_fail(err, OST_EINPUT, "'%s' is neither a file nor a folder",
                      where);
    }
    if (!rc && l->manifest && l->files.len > 1)
        qsort(l->files.data, l->files.len, sizeof(*l->files.data), by_path);
    return rc;
}
