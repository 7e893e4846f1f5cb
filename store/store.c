/* store/store.c - opening a store, and reading its tables */
#include "store/store.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/log.h"
#include "store/store_impl.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/banned.h"

/* The map is address space, not memory or disk; it is fixed when the
 * environment is opened, since growing it under other processes is unsafe. */
#define MAP_SIZE       ((size_t)64 << 30)
#define MAP_SIZE_LEAST ((size_t)1 << 30)

enum { MAX_READERS = 512 };

static const char *const table_names[] = {
#define XX(name, word, help) word,
    OST_TABLE_MAP(XX)
#undef XX
};

/* Stores that are open in this process.  LMDB's locks belong to the process,
 * so a second environment on the same file would break those of the first. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static ost_store *open_stores;

/* A write that came to its end early is EIO to LMDB. */
static bool is_full(const ost_store *s)
{
    const uint64_t next_to_nothing = 64 * 1024;
    struct statvfs fs;

    return fstatvfs(s->dir_fd, &fs) == 0 &&
           (uint64_t)fs.f_bavail * fs.f_frsize < next_to_nothing;
}

ost_rc ost_lmdb_fail(const ost_store *s, ost_err *err, int code,
                     const char *what)
{
    if (code == EIO && is_full(s))
        code = ENOSPC;
    switch (code) {
    case MDB_MAP_FULL:
        return ost_fail(err, OST_ENOSPC,
                        "store '%s': the index is full; free some of it with "
                        "'osteon store gc'",
                        s->path);
    case MDB_VERSION_MISMATCH:
        return ost_fail(err, OST_EVERSION,
                        "store '%s': the index was written by another version "
                        "of LMDB; use another --store",
                        s->path);
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_PANIC:
        return ost_fail(err, OST_ECORRUPT,
                        "store '%s': the index is damaged (%s: %s); move the "
                        "store away, or remove it, and run again",
                        s->path, what, mdb_strerror(code));
    case MDB_READERS_FULL:
        return ost_fail(err, OST_ESTORE,
                        "store '%s': more than %d readers at once", s->path,
                        (int)MAX_READERS);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ost_fail(err, OST_ENOSPC,
                        "store '%s': the disk is full (%s: %s); free space, "
                        "or run 'osteon store gc'",
                        s->path, what, mdb_strerror(code));
    case EROFS:
    case EACCES:
        return ost_fail(err, OST_ESTORE,
                        "store '%s' cannot be written (%s: %s); name another "
                        "with --store or OSTEON_STORE",
                        s->path, what, mdb_strerror(code));
    default:
        return ost_fail(err, OST_ESTORE, "store '%s': %s: %s", s->path, what,
                        mdb_strerror(code));
    }
}

MDB_val ost_table_key(const void *key, size_t n,
                      unsigned char room[OST_KEY_ROOM])
{
    MDB_val k = { n, NULL };

    assert(n > 0);
    if (n > OST_KEY_ROOM) {
        ost_digest d = ost_digest_of(key, n);

        memcpy(room, key, OST_KEY_ROOM - OST_DIGEST_SIZE);
        memcpy(room + OST_KEY_ROOM - OST_DIGEST_SIZE, d.b, OST_DIGEST_SIZE);
        k.mv_size = OST_KEY_ROOM;
    } else {
        memcpy(room, key, n);
    }
    k.mv_data = room;
    return k;
}

/* --- opening ------------------------------------------------------------- */

static ost_rc open_map(ost_store *s, unsigned flags, ost_err *err)
{
    const char *size_text = getenv("OSTEON_TEST_MAP_SIZE");
    size_t size = size_text ? strtoull(size_text, NULL, 10) : MAP_SIZE;
    char *file = ost_path_join(s->path, "index.lmdb");
    int code;

    for (;;) {
        code = mdb_env_create(&s->env);
        if (code)
            break;
        mdb_env_set_mapsize(s->env, size);
        mdb_env_set_maxreaders(s->env, MAX_READERS);
        mdb_env_set_maxdbs(s->env, OST_TABLES);
        code = mdb_env_open(s->env, file, flags, 0666);
        if (code == 0)
            break;
        mdb_env_close(s->env);
        s->env = NULL;
        if (code != ENOMEM || size <= MAP_SIZE_LEAST)
            break;
        size /= 2; /* a limit on address space */
    }
    ost_free(file);
    if (code)
        return ost_lmdb_fail(s, err, code, "opening index.lmdb");
    mdb_reader_check(s->env, NULL);
    return OST_OK;
}

/* Reading a page behind the end of the file would kill the process.  LMDB may
 * leave the last few pages unwritten when they are free, and those are added;
 * when more is missing, the file was cut. */
static ost_rc check_length(ost_store *s, ost_err *err)
{
    enum { SLACK_PAGES = 256 };
    MDB_envinfo info;
    MDB_stat stat;
    struct stat st;
    mdb_filehandle_t fd;
    int code = mdb_env_info(s->env, &info);
    off_t end;

    if (!code)
        code = mdb_env_stat(s->env, &stat);
    if (!code)
        code = mdb_env_get_fd(s->env, &fd);
    if (!code && fstat(fd, &st) < 0)
        code = errno;
    if (code)
        return ost_lmdb_fail(s, err, code, "measuring index.lmdb");
    end = (off_t)(info.me_last_pgno + 1) * stat.ms_psize;
    if (st.st_size >= end)
        return OST_OK;
    if (end - st.st_size > (off_t)SLACK_PAGES * stat.ms_psize)
        return ost_lmdb_fail(s, err, MDB_CORRUPTED, "index.lmdb was cut");
    if (!(s->flags & OST_STORE_READONLY) &&
        fallocate(fd, 0, st.st_size, end - st.st_size) < 0)
        return ost_lmdb_fail(s, err, errno, "extending index.lmdb");
    return OST_OK;
}

/* Opens every table; MDB_NOTFOUND when one is missing and may not be made. */
static int open_tables(ost_store *s, bool create)
{
    MDB_txn *txn;
    int code = mdb_txn_begin(s->env, NULL, create ? 0 : MDB_RDONLY, &txn);

    for (int t = 0; !code && t < OST_TABLES; t++)
        code = mdb_dbi_open(txn, table_names[t], create ? MDB_CREATE : 0,
                            &s->tables[t]);
    if (!code && create) {
        static const char format[] = "format";
        MDB_val k = { sizeof(format) - 1, (void *)(uintptr_t)format };
        MDB_val v = { 1, (void *)(uintptr_t) "1" };

        code = mdb_put(txn, s->tables[OST_TABLE_META], &k, &v, 0);
    }
    if (code) {
        if (txn)
            mdb_txn_abort(txn);
        return code;
    }
    return mdb_txn_commit(txn);
}

static ost_rc open_index(ost_store *s, bool fresh, ost_err *err)
{
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS;
    int code;
    ost_rc rc;

    if (s->flags & OST_STORE_READONLY)
        flags |= MDB_RDONLY;
    rc = open_map(s, flags, err);
    if (!rc)
        rc = check_length(s, err);
    if (rc)
        return rc;
    code = open_tables(s, fresh);
    if (code == MDB_NOTFOUND)
        return ost_fail(err, OST_ECORRUPT,
                        "store '%s': the index has lost its tables; move the "
                        "store away, or remove it, and run again",
                        s->path);
    return code ? ost_lmdb_fail(s, err, code, "opening the tables") : OST_OK;
}

static ost_rc open_folder(ost_store *s, const char *name, int *fd, ost_err *err)
{
    *fd = openat(s->dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd >= 0)
        return OST_OK;
    return ost_fail_errno(err, errno == ENOENT ? OST_ECORRUPT : OST_ESTORE,
                          errno, "cannot open '%s/%s'", s->path, name);
}

static ost_rc open_folders(ost_store *s, ost_err *err)
{
    bool readonly = s->flags & OST_STORE_READONLY;
    ost_rc rc = open_folder(s, "objects", &s->objects_fd, err);

    if (!rc)
        rc = open_folder(s, "tmp", &s->tmp_fd, err);
    if (rc)
        return rc;
    s->lease_fd =
        openat(s->dir_fd, "leases",
               (readonly ? O_RDONLY : O_RDWR | O_CREAT) | O_CLOEXEC, 0666);
    if (s->lease_fd < 0 && !readonly)
        return ost_fail_errno(err, OST_ESTORE, errno, "cannot open '%s/leases'",
                              s->path);
    return OST_OK;
}

static ost_rc open_directory(ost_store *s, const char *path, ost_err *err)
{
    char *real;
    struct stat st;
    ost_rc rc;

    if (s->flags & OST_STORE_CREATE) {
        rc = ost_fs_mkdirs(path, err);
        if (rc == OST_EIO && err)
            err->rc = OST_ESTORE;
        if (rc)
            return rc == OST_EIO ? OST_ESTORE : rc;
    }
    real = realpath(path, NULL);
    s->path = ost_xstrdup(real ? real : path);
    free(real);
    s->dir_fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir_fd < 0 && errno == ENOENT)
        return ost_fail(err, OST_ENOTFOUND, "there is no store at '%s'", path);
    if (s->dir_fd < 0 || fstat(s->dir_fd, &st) < 0)
        return ost_fail_errno(err, OST_ESTORE, errno, "cannot open store '%s'",
                              path);
    s->dev = st.st_dev;
    s->ino = st.st_ino;
    if (!(s->flags & OST_STORE_READONLY) &&
        faccessat(s->dir_fd, ".", W_OK, AT_EACCESS) < 0)
        return ost_fail_errno(err, OST_ESTORE, errno,
                              "store '%s' cannot be written; name another with "
                              "--store or OSTEON_STORE",
                              s->path);
    return ost_place_check_fs(s->path, s->dir_fd, err);
}

/* Enters the store among the open ones. */
static ost_rc enroll(ost_store *s, ost_err *err)
{
    ost_rc rc = OST_OK;

    pthread_mutex_lock(&open_lock);
    for (ost_store *o = open_stores; o; o = o->next) {
        if (o->dev == s->dev && o->ino == s->ino)
            rc =
                ost_fail(err, OST_ESTORE,
                         "store '%s' is open in this process already", s->path);
    }
    if (!rc) {
        s->next = open_stores;
        open_stores = s;
        s->enrolled = true;
    }
    pthread_mutex_unlock(&open_lock);
    return rc;
}

static void withdraw(ost_store *s)
{
    pthread_mutex_lock(&open_lock);
    for (ost_store **p = &open_stores; *p; p = &(*p)->next) {
        if (*p == s) {
            *p = s->next;
            break;
        }
    }
    pthread_mutex_unlock(&open_lock);
}

static ost_rc open_parts(ost_store *s, const char *path, ost_err *err)
{
    bool fresh;
    ost_rc rc = open_directory(s, path, err);

    if (!rc)
        rc = enroll(s, err);
    if (rc)
        return rc;
    rc = ost_place_check_version(s->path, s->dir_fd, err);
    fresh = rc == OST_ENOTFOUND;
    if (fresh && !(s->flags & OST_STORE_CREATE))
        return ost_fail(err, OST_ENOTFOUND, "there is no store at '%s'", path);
    if (fresh) {
        rc = ost_place_check_empty(s->path, err);
        if (!rc)
            rc = ost_place_make(s->path, s->dir_fd, err);
    }
    if (!rc)
        rc = open_folders(s, err);
    if (!rc)
        rc = open_index(s, fresh, err);
    /* Last: a store without a version is one that is still being made. */
    if (!rc && fresh)
        rc = ost_place_write_version(s->path, err);
    return rc;
}

ost_rc ost_store_open(const char *path, unsigned flags, ost_store **store,
                      ost_err *err)
{
    ost_store *s = ost_xalloc(sizeof(*s));
    ost_rc rc;

    *store = NULL;
    s->flags = flags;
    s->dir_fd = s->objects_fd = s->tmp_fd = s->lease_fd = -1;
    pthread_mutex_init(&s->lock, NULL);
    rc = open_parts(s, path, err);
    if (rc) {
        ost_store_close(s);
        return rc;
    }
    if (!(flags & OST_STORE_READONLY))
        ost_tmp_sweep(s, false, false, NULL, NULL);
    ost_log(STORE, "opened '%s'", s->path);
    *store = s;
    return OST_OK;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void ost_store_close(ost_store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->idle.len; i++)
        mdb_txn_abort(s->idle.data[i].txn);
    ost_vec_release(&s->idle);
    if (s->env)
        mdb_env_close(s->env);
    close_fd(s->dir_fd);
    close_fd(s->objects_fd);
    close_fd(s->tmp_fd);
    close_fd(s->lease_fd);
    if (s->enrolled)
        withdraw(s);
    ost_map_release(&s->verified);
    pthread_mutex_destroy(&s->lock);
    ost_free(s->path);
    ost_free(s);
}

const char *ost_store_path(const ost_store *s)
{
    return s->path;
}

/* --- reading ------------------------------------------------------------- */

ost_rc ost_read_begin(ost_store *s, MDB_txn **txn, ost_err *err)
{
    int code;

    *txn = NULL;
    pthread_mutex_lock(&s->lock);
    if (s->idle.len)
        *txn = s->idle.data[--s->idle.len].txn;
    pthread_mutex_unlock(&s->lock);
    code = *txn ? mdb_txn_renew(*txn)
                : mdb_txn_begin(s->env, NULL, MDB_RDONLY, txn);
    if (!code)
        return OST_OK;
    if (*txn)
        mdb_txn_abort(*txn);
    *txn = NULL;
    return ost_lmdb_fail(s, err, code, "reading the index");
}

void ost_read_end(ost_store *s, MDB_txn *txn)
{
    mdb_txn_reset(txn);
    pthread_mutex_lock(&s->lock);
    ost_vec_push(&s->idle, (idle_reader){ txn });
    pthread_mutex_unlock(&s->lock);
}

ost_rc ost_store_get(ost_store *s, ost_table table, const void *key, size_t n,
                     ost_buf *out, ost_err *err)
{
    unsigned char room[OST_KEY_ROOM];
    MDB_val k = ost_table_key(key, n, room);
    MDB_val v;
    MDB_txn *txn;
    int code;
    ost_rc rc;

    if (ost_fault("store.get"))
        return ost_fail_errno(err, OST_ESTORE, EIO, "store '%s'", s->path);
    rc = ost_read_begin(s, &txn, err);
    if (rc)
        return rc;
    code = mdb_get(txn, s->tables[table], &k, &v);
    if (code == 0)
        ost_buf_add(out, v.mv_data, v.mv_size);
    ost_read_end(s, txn);
    if (code == MDB_NOTFOUND)
        return OST_ENOTFOUND;
    return code ? ost_lmdb_fail(s, err, code, "reading the index") : OST_OK;
}

bool ost_store_has(ost_store *s, ost_table table, const void *key, size_t n)
{
    unsigned char room[OST_KEY_ROOM];
    MDB_val k = ost_table_key(key, n, room);
    MDB_val v;
    MDB_txn *txn;
    int code;

    if (ost_read_begin(s, &txn, NULL))
        return false;
    code = mdb_get(txn, s->tables[table], &k, &v);
    ost_read_end(s, txn);
    return code == 0;
}

static bool has_prefix(const MDB_val *k, const void *prefix, size_t n)
{
    return k->mv_size >= n && (n == 0 || memcmp(k->mv_data, prefix, n) == 0);
}

ost_rc ost_store_each(ost_store *s, ost_table table, const void *prefix,
                      size_t nprefix, ost_visit visit, void *user, ost_err *err)
{
    MDB_val k = { nprefix, (void *)(uintptr_t)prefix };
    MDB_val v;
    MDB_cursor *cursor = NULL;
    MDB_txn *txn;
    int code;
    ost_rc rc = ost_read_begin(s, &txn, err);

    if (rc)
        return rc;
    code = mdb_cursor_open(txn, s->tables[table], &cursor);
    if (!code)
        code =
            mdb_cursor_get(cursor, &k, &v, nprefix ? MDB_SET_RANGE : MDB_FIRST);
    while (!rc && !code && has_prefix(&k, prefix, nprefix)) {
        rc = visit(user, k.mv_data, k.mv_size, v.mv_data, v.mv_size, err);
        if (!rc)
            code = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
    }
    if (cursor)
        mdb_cursor_close(cursor);
    ost_read_end(s, txn);
    if (!rc && code && code != MDB_NOTFOUND)
        rc = ost_lmdb_fail(s, err, code, "reading the index");
    return rc;
}
