/* store/store_impl.h - what the files of store/ share; no one else includes it
 *
 * Two variables of the environment serve the tests: OSTEON_TEST_FSTYPE pretends
 * that the store lies on a file system of that magic number (hexadecimal),
 * OSTEON_TEST_MAP_SIZE is the size of the index's map in bytes.
 */
#ifndef OST_STORE_STORE_IMPL_H
#define OST_STORE_STORE_IMPL_H

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "store/store.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

/* A read transaction that nobody uses. */
typedef struct idle_reader {
    MDB_txn *txn;
} idle_reader;

struct ost_store {
    char *path;
    unsigned flags;
    dev_t dev; /* of the directory: a process opens a store once */
    ino_t ino;
    int dir_fd;
    int objects_fd;
    int tmp_fd;
    int lease_fd; /* -1 in a read-only store without a lease file */
    MDB_env *env;
    MDB_dbi tables[OST_TABLES];
    pthread_mutex_t lock;      /* guards `idle` and `verified` */
    OST_VEC(idle_reader) idle; /* reset, to be renewed */
    ost_map verified;          /* object files hashed by this process */
    atomic_uint tmp_count;
    bool enrolled; /* among the open stores of this process */
    ost_store *next;
};

/* --- store.c ------------------------------------------------------------ */

/* A key as LMDB takes it: those that are too long end in their digest.
 * `room` has LMDB's 511 bytes. */
enum { OST_KEY_ROOM = 511 };
MDB_val ost_table_key(const void *key, size_t n,
                      unsigned char room[OST_KEY_ROOM]);
/* Words for what LMDB returned, with the store's path and what to do. */
ost_rc ost_lmdb_fail(const ost_store *s, ost_err *err, int code,
                     const char *what);
/* Read transactions come from a pool, since making one is dear. */
ost_rc ost_read_begin(ost_store *s, MDB_txn **txn, ost_err *err);
void ost_read_end(ost_store *s, MDB_txn *txn);

/* --- place.c: the directory --------------------------------------------- */

/* OST_ESTORE for a file system that LMDB must not be used on. */
ost_rc ost_place_check_fs(const char *path, int fd, ost_err *err);
/* Reads the version file: OST_ENOTFOUND without message when there is none. */
ost_rc ost_place_check_version(const char *path, int dir_fd, ost_err *err);
/* OST_ESTORE when the directory holds what is not a store's. */
ost_rc ost_place_check_empty(const char *path, ost_err *err);
ost_rc ost_place_make(const char *path, int dir_fd, ost_err *err);
ost_rc ost_place_write_version(const char *path, ost_err *err);
/* Prefix of the names in tmp/ that this process makes: "NAMESPACE.PID.". */
void ost_tmp_prefix(char out[64]);
/* Removes the files in tmp/ whose process is gone; with `all` every file; with
 * `dry_run` none.  Adds to the counts, which may be NULL. */
void ost_tmp_sweep(ost_store *s, bool all, bool dry_run, uint64_t *files,
                   uint64_t *bytes);

/* --- blob.c -------------------------------------------------------------- */

/* "ab/cdef..." */
enum { OST_OBJECT_NAME = 66 };
void ost_object_name(const ost_digest *digest, char out[OST_OBJECT_NAME]);
/* Size of an object file, or -1. */
int64_t ost_object_size(const ost_store *s, const ost_digest *digest);
/* Writes an object file that is not there, or not whole. */
ost_rc ost_object_write(ost_store *s, const ost_digest *digest,
                        const void *data, size_t size, ost_err *err);

/* --- batch.c ------------------------------------------------------------- */

typedef struct ost_batch_record {
    ost_table table;
    bool removes;
    size_t nkey;
    size_t size;
    const unsigned char *key; /* in the batch's arena, like the value */
    const unsigned char *value;
} ost_batch_record;

/* Unions of groups that were asked for: items of one dataset ask for the same
 * few again and again. */
enum { OST_UNITED = 64 };
typedef struct ost_united {
    ost_digest x;
    ost_digest y;
    ost_digest result;
} ost_united;

struct ost_batch {
    ost_store *store;
    pthread_mutex_t lock; /* guards all of the below */
    OST_VEC(ost_batch_record) records;
    ost_map index; /* table byte and key -> records[] */
    ost_arena arena;
    ost_buf scratch;
    size_t bytes;
    bool wrote_files; /* object files that the commit has to sync */
    ost_united united[OST_UNITED];
};

bool ost_batch_has_blob(ost_batch *b, const ost_digest *digest);

#endif
