/* store/blob.c - bytes named by their hash
 *
 * Small blobs are rows of the table of blobs, larger ones read-only files.  A
 * file is written to tmp/ and renamed, so that it is there whole or not at
 * all.  Only after a power cut may one be there that was never synced: it is
 * then shorter than it should be, no committed record refers to it, and the
 * next writer of that blob replaces it.
 */
#include "base/alloc.h"
#include "base/fault.h"
#include "base/fs.h"
#include "store/store.h"
#include "store/store_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

void ost_object_name(const ost_digest *digest, char out[OST_OBJECT_NAME])
{
    char hex[OST_DIGEST_HEX];

    ost_digest_hex(digest, hex);
    snprintf(out, OST_OBJECT_NAME, "%.2s/%.62s", hex, hex + 2);
}

char *ost_store_object_path(const ost_store *s, const ost_digest *digest)
{
    char name[OST_OBJECT_NAME];

    ost_object_name(digest, name);
    return ost_xprintf("%s/objects/%s", s->path, name);
}

int64_t ost_object_size(const ost_store *s, const ost_digest *digest)
{
    char name[OST_OBJECT_NAME];
    struct stat st;

    ost_object_name(digest, name);
    if (fstatat(s->objects_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISREG(st.st_mode))
        return -1;
    return (int64_t)st.st_size;
}

/* --- reading ------------------------------------------------------------- */

static ost_rc missing(const ost_store *s, const ost_digest *digest,
                      ost_err *err)
{
    char hex[OST_DIGEST_HEX];

    return ost_fail(err, OST_ECORRUPT, "store '%s': blob %s is missing",
                    s->path, ost_digest_hex(digest, hex));
}

static ost_rc read_small(ost_store *s, const ost_digest *digest, ost_blob *blob,
                         ost_err *err)
{
    MDB_val k = { OST_DIGEST_SIZE, (void *)(uintptr_t)digest->b };
    MDB_val v;
    MDB_txn *txn;
    int code;
    ost_rc rc = ost_read_begin(s, &txn, err);

    if (rc)
        return rc;
    code = mdb_get(txn, s->tables[OST_TABLE_BLOBS], &k, &v);
    if (code == 0) {
        unsigned char *copy = ost_try_alloc(v.mv_size + 1, 1);

        if (copy) {
            memcpy(copy, v.mv_data, v.mv_size);
            *blob = (ost_blob){ copy, v.mv_size, false };
        } else {
            rc = ost_fail(err, OST_ENOMEM, "no memory for a blob of %zu bytes",
                          v.mv_size);
        }
    }
    ost_read_end(s, txn);
    if (code == MDB_NOTFOUND)
        return OST_ENOTFOUND;
    return code ? ost_lmdb_fail(s, err, code, "reading a blob") : rc;
}

static ost_rc map_object(ost_store *s, const ost_digest *digest, ost_blob *blob,
                         ost_err *err)
{
    char name[OST_OBJECT_NAME];
    struct stat st;
    void *data;
    int fd;

    ost_object_name(digest, name);
    fd = openat(s->objects_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return missing(s, digest, err);
    if (fd < 0 || fstat(fd, &st) < 0) {
        ost_fail_errno(err, OST_ESTORE, errno, "cannot read '%s/objects/%s'",
                       s->path, name);
        if (fd >= 0)
            close(fd);
        return OST_ESTORE;
    }
    if (st.st_size == 0) { /* never written like this: see above */
        close(fd);
        return missing(s, digest, err);
    }
    data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (data == MAP_FAILED)
        return ost_fail_errno(err, OST_ENOMEM, errno,
                              "cannot map '%s/objects/%s'", s->path, name);
    *blob = (ost_blob){ data, (size_t)st.st_size, true };
    return OST_OK;
}

/* Hashes the bytes; an object file once only in a process, for tiles share
 * the blob of their parent. */
static bool is_whole(ost_store *s, const ost_digest *digest,
                     const ost_blob *blob)
{
    ost_digest found;
    bool known = false;

    if (blob->mapped) {
        pthread_mutex_lock(&s->lock);
        known = ost_map_get(&s->verified, digest->b, OST_DIGEST_SIZE, NULL);
        pthread_mutex_unlock(&s->lock);
    }
    if (known)
        return true;
    found = ost_digest_of(blob->data, blob->size);
    if (!ost_digest_equal(&found, digest))
        return false;
    if (blob->mapped) {
        pthread_mutex_lock(&s->lock);
        ost_map_put(&s->verified, digest->b, OST_DIGEST_SIZE, 1);
        pthread_mutex_unlock(&s->lock);
    }
    return true;
}

ost_rc ost_store_blob(ost_store *s, const ost_digest *digest, bool verify,
                      ost_blob *blob, ost_err *err)
{
    char hex[OST_DIGEST_HEX];
    ost_rc rc;

    *blob = (ost_blob){ 0 };
    if (ost_fault("store.get"))
        return ost_fail_errno(err, OST_ESTORE, EIO, "store '%s'", s->path);
    rc = read_small(s, digest, blob, err);
    if (rc == OST_ENOTFOUND)
        rc = map_object(s, digest, blob, err);
    if (rc || !verify || is_whole(s, digest, blob))
        return rc;
    ost_blob_release(blob);
    return ost_fail(err, OST_ECORRUPT,
                    "store '%s': blob %s is damaged; 'osteon store fsck "
                    "--repair' removes it, so that it is computed again",
                    s->path, ost_digest_hex(digest, hex));
}

bool ost_store_has_blob(ost_store *s, const ost_digest *digest)
{
    return ost_store_has(s, OST_TABLE_BLOBS, digest->b, OST_DIGEST_SIZE) ||
           ost_object_size(s, digest) > 0;
}

ost_rc ost_store_blob_size(ost_store *s, const ost_digest *digest,
                           uint64_t *size, ost_err *err)
{
    MDB_val k = { OST_DIGEST_SIZE, (void *)(uintptr_t)digest->b };
    MDB_val v;
    MDB_txn *txn;
    int64_t file;
    int code;
    ost_rc rc = ost_read_begin(s, &txn, err);

    if (rc)
        return rc;
    code = mdb_get(txn, s->tables[OST_TABLE_BLOBS], &k, &v);
    if (code == 0)
        *size = v.mv_size;
    ost_read_end(s, txn);
    if (code == 0)
        return OST_OK;
    if (code != MDB_NOTFOUND)
        return ost_lmdb_fail(s, err, code, "reading the index");
    file = ost_object_size(s, digest);
    if (file <= 0)
        return OST_ENOTFOUND;
    *size = (uint64_t)file;
    return OST_OK;
}

void ost_blob_release(ost_blob *blob)
{
    if (blob->mapped)
        munmap((void *)(uintptr_t)blob->data, blob->size);
    else
        ost_free((void *)(uintptr_t)blob->data);
    *blob = (ost_blob){ 0 };
}

/* --- writing ------------------------------------------------------------- */

static int write_all(int fd, const unsigned char *p, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, p, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

/* Makes a new file in tmp/; its name in `name`. */
static int open_tmp(ost_store *s, char name[96])
{
    char prefix[64];
    int fd;

    ost_tmp_prefix(prefix);
    do {
        snprintf(name, 96, "%s%u", prefix, atomic_fetch_add(&s->tmp_count, 1));
        fd = openat(s->tmp_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                    0444);
    } while (fd < 0 && errno == EEXIST);
    return fd;
}

/* Moves a finished file to its place.  An existing one stays, since others
 * may have it mapped, unless it is not whole. */
static int place_object(ost_store *s, const char *tmp, const char *name,
                        size_t size)
{
    unsigned flags = RENAME_NOREPLACE;
    struct stat st;

    if (fstatat(s->objects_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        (size_t)st.st_size != size)
        flags = 0;
    if (ost_fault("blob.rename")) {
        errno = EIO;
        return -1;
    }
    if (renameat2(s->tmp_fd, tmp, s->objects_fd, name, flags) == 0)
        return 0;
    if (errno == ENOENT) { /* the first of its folder */
        char folder[3] = { name[0], name[1], '\0' };

        if (mkdirat(s->objects_fd, folder, 0777) < 0 && errno != EEXIST)
            return -1;
        if (renameat2(s->tmp_fd, tmp, s->objects_fd, name, flags) == 0)
            return 0;
    }
    if (errno == EEXIST)
        return unlinkat(s->tmp_fd, tmp, 0);
    if (errno == EINVAL) /* a file system that cannot refuse to replace */
        return renameat(s->tmp_fd, tmp, s->objects_fd, name);
    return -1;
}

ost_rc ost_object_write(ost_store *s, const ost_digest *digest,
                        const void *data, size_t size, ost_err *err)
{
    char name[OST_OBJECT_NAME];
    char tmp[96];
    int saved;
    int fd = open_tmp(s, tmp);

    ost_object_name(digest, name);
    if (fd < 0)
        return ost_fail_errno(err, OST_ESTORE, errno, "cannot make '%s/tmp/%s'",
                              s->path, tmp);
    if (ost_fault("blob.write")) {
        errno = ENOSPC;
        goto fail;
    }
    if (write_all(fd, data, size) < 0)
        goto fail;
    /* The disk may begin, so that the commit has less to wait for. */
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    saved = close(fd);
    fd = -1;
    if (saved < 0 || place_object(s, tmp, name, size) < 0)
        goto fail;
    return OST_OK;

fail:
    saved = errno == EFBIG ? ENOSPC : errno;
    if (fd >= 0)
        close(fd);
    unlinkat(s->tmp_fd, tmp, 0);
    return ost_fail_errno(err, OST_ESTORE, saved,
                          "store '%s': cannot write a blob of %zu bytes",
                          s->path, size);
}
