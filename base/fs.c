/* base/fs.c - files and folders */
#include "base/fs.h"

#include "base/alloc.h"
#include "base/fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static ost_rc open_to_read(const char *path, int *fd, struct stat *st,
                           ost_err *err)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return ost_fail_errno(err, errno == ENOENT ? OST_ENOTFOUND : OST_EIO,
                              errno, "cannot open '%s'", path);
    if (fstat(*fd, st) == 0 && !S_ISDIR(st->st_mode))
        return OST_OK;
    ost_fail_errno(err, OST_EIO, S_ISDIR(st->st_mode) ? EISDIR : errno,
                   "cannot read '%s'", path);
    close(*fd);
    *fd = -1;
    return OST_EIO;
}

ost_rc ost_fs_read(const char *path, size_t limit, ost_buf *out, ost_err *err)
{
    size_t start = out->len;
    struct stat st = { 0 };
    ssize_t n = 0;
    int fd;
    ost_rc rc = open_to_read(path, &fd, &st, err);

    if (rc)
        return rc;
    /* The size is a hint only: pipes have none, and files grow. */
    ost_buf_reserve(out, st.st_size > 0 && (size_t)st.st_size <= limit
                             ? (size_t)st.st_size
                             : 4096);
    for (;;) {
        ost_buf_reserve(out, 4096);
        n = read(fd, out->data + out->len, out->cap - out->len - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        out->len += (size_t)n;
        out->data[out->len] = 0;
        if (out->len - start > limit)
            break;
    }
    if (n < 0)
        rc = ost_fail_errno(err, OST_EIO, errno, "cannot read '%s'", path);
    else if (n > 0)
        rc = ost_fail(err, OST_EINPUT, "'%s' is larger than %zu bytes", path,
                      limit);
    close(fd);
    return rc;
}

/* A new file beside `path`; caller frees *temporary with ost_free(). */
static int create_beside(const char *path, char **temporary)
{
    static atomic_uint counter;

    for (int tries = 0; tries < 1000; tries++) {
        unsigned n = atomic_fetch_add(&counter, 1);
        char *name = ost_xprintf("%s.%ld-%u.tmp", path, (long)getpid(), n);
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

        if (fd >= 0) {
            *temporary = name;
            return fd;
        }
        ost_free(name);
        if (errno != EEXIST)
            return -1;
    }
    return -1;
}

static int write_all(int fd, const unsigned char *p, size_t size)
{
    if (ost_fault("fs.write"))
        return ENOSPC;
    while (size > 0) {
        ssize_t n = write(fd, p, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

/* Makes a rename durable; file systems that cannot sync folders are fine. */
static void sync_folder_of(const char *path)
{
    char *dir = ost_path_dir(path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    ost_free(dir);
}

ost_rc ost_fs_write_atomic(const char *path, const void *data, size_t size,
                           bool sync, ost_err *err)
{
    char *temporary = NULL;
    int fd = create_beside(path, &temporary), errnum;
    ost_rc rc = OST_OK;

    if (fd < 0)
        return ost_fail_errno(err, OST_EIO, errno, "cannot create '%s'", path);
    errnum = write_all(fd, data, size);
    if (!errnum && sync && fsync(fd) != 0)
        errnum = errno;
    if (close(fd) != 0 && !errnum)
        errnum = errno;
    if (!errnum && ost_fault("fs.rename"))
        errnum = EIO;
    if (!errnum && rename(temporary, path) != 0)
        errnum = errno;
    if (errnum) {
        rc = ost_fail_errno(err, OST_EIO, errnum, "cannot write '%s'", path);
        unlink(temporary);
    } else if (sync) {
        sync_folder_of(path);
    }
    ost_free(temporary);
    return rc;
}

static int make_folder(const char *path)
{
    struct stat st;

    if (mkdir(path, 0777) == 0)
        return 0;
    if (errno == EEXIST && stat(path, &st) == 0)
        return S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
    return errno;
}

ost_rc ost_fs_mkdirs(const char *path, ost_err *err)
{
    char *copy = ost_xstrdup(path);
    int errnum = make_folder(copy);

    if (errnum == ENOENT) {
        for (char *p = copy + 1; *copy && *p; p++) {
            if (*p != '/')
                continue;
            *p = '\0';
            errnum = make_folder(copy);
            *p = '/';
            if (errnum)
                break;
        }
        if (!errnum)
            errnum = make_folder(copy);
    }
    ost_free(copy);
    return errnum ? ost_fail_errno(err, OST_EIO, errnum,
                                   "cannot make folder '%s'", path)
                  : OST_OK;
}

/* Empties the folder `name` in `parent`; returns 0 or an error number. */
static int remove_content(int parent, const char *name)
{
    int fd =
        openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int errnum = 0;
    struct dirent *e;
    DIR *dir;

    if (fd < 0)
        return errno;
    dir = fdopendir(fd);
    if (!dir) {
        errnum = errno;
        close(fd);
        return errnum;
    }
    while (!errnum && (e = readdir(dir)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (unlinkat(fd, e->d_name, 0) == 0 || errno == ENOENT)
            continue;
        errnum = errno;
        if (errnum == EISDIR || errnum == EPERM)
            errnum = remove_content(fd, e->d_name);
        if (!errnum && unlinkat(fd, e->d_name, AT_REMOVEDIR) != 0)
            errnum = errno;
    }
    closedir(dir);
    return errnum;
}

ost_rc ost_fs_remove_tree(const char *path, ost_err *err)
{
    int errnum = 0;

    if (unlink(path) == 0 || errno == ENOENT)
        return OST_OK;
    errnum = errno;
    if (errnum == EISDIR || errnum == EPERM)
        errnum = remove_content(AT_FDCWD, path);
    if (!errnum && rmdir(path) != 0 && errno != ENOENT)
        errnum = errno;
    return errnum ? ost_fail_errno(err, OST_EIO, errnum, "cannot remove '%s'",
                                   path)
                  : OST_OK;
}

ost_rc ost_fs_map(const char *path, const void **data, size_t *size,
                  ost_err *err)
{
    struct stat st = { 0 };
    void *p;
    int fd;
    ost_rc rc = open_to_read(path, &fd, &st, err);

    *data = NULL;
    *size = 0;
    if (rc || st.st_size == 0)
        goto out;
    p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) {
        rc = ost_fail_errno(err, OST_EIO, errno, "cannot map '%s'", path);
        goto out;
    }
    *data = p;
    *size = (size_t)st.st_size;
out:
    if (fd >= 0)
        close(fd);
    return rc;
}

void ost_fs_unmap(const void *data, size_t size)
{
    if (data)
        munmap((void *)(uintptr_t)data, size);
}
