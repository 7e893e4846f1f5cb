/* store/stat.c - how much of what is in a store */
#include "store/stat.h"

#include "store/objects.h"
#include "store/store_impl.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static const struct {
    const char *word;
    const char *help;
} tables[] = {
#define XX(name, word, help) { word, help },
    OST_TABLE_MAP(XX)
#undef XX
};

const char *ost_table_name(ost_table table)
{
    return tables[table].word;
}

const char *ost_table_help(ost_table table)
{
    return tables[table].help;
}

/* Files of a folder that has no folders; one that is not there has none. */
static void count_folder(const ost_store *s, const char *name,
                         ost_stat_count *count)
{
    int fd = openat(s->dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;
    struct stat st;

    if (!d) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((e = readdir(d))) {
        if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISREG(st.st_mode))
            continue;
        count->count++;
        count->bytes += (uint64_t)st.st_size;
    }
    closedir(d);
}

static ost_rc count_object(void *user, const char *name, const ost_digest *d,
                           uint64_t size, ost_err *err)
{
    ost_stat_count *count = user;

    (void)name;
    (void)d;
    (void)err;
    count->count++;
    count->bytes += size;
    return OST_OK;
}

/* Pages that a transaction freed and none uses yet: each record of LMDB's own
 * first table is a list of them, its length in front. */
static uint64_t free_pages(MDB_txn *txn)
{
    MDB_cursor *cursor;
    MDB_val k, v;
    uint64_t n = 0;

    if (mdb_cursor_open(txn, 0, &cursor))
        return 0;
    while (mdb_cursor_get(cursor, &k, &v, MDB_NEXT) == 0)
        n += *(const size_t *)v.mv_data;
    mdb_cursor_close(cursor);
    return n;
}

static ost_rc measure_index(ost_store *s, ost_store_stat *stat, ost_err *err)
{
    MDB_txn *txn;
    struct stat st;
    int code = 0;
    ost_rc rc = ost_read_begin(s, &txn, err);

    if (rc)
        return rc;
    for (int t = 0; t < OST_TABLES && !code; t++) {
        MDB_stat m;

        code = mdb_stat(txn, s->tables[t], &m);
        if (code)
            break;
        stat->tables[t].count = m.ms_entries;
        stat->tables[t].bytes =
            (m.ms_branch_pages + m.ms_leaf_pages + m.ms_overflow_pages) *
            m.ms_psize;
    }
    stat->index.count = free_pages(txn);
    ost_read_end(s, txn);
    if (fstatat(s->dir_fd, "index.lmdb", &st, 0) == 0)
        stat->index.bytes = (uint64_t)st.st_size;
    return code ? ost_lmdb_fail(s, err, code, "measuring the index") : OST_OK;
}

ost_rc ost_store_measure(ost_store *s, ost_store_stat *stat, ost_err *err)
{
    ost_rc rc;

    *stat = (ost_store_stat){ 0 };
    rc = measure_index(s, stat, err);
    if (!rc)
        rc = ost_objects_each(s, count_object, &stat->objects, err);
    count_folder(s, "tmp", &stat->leftovers);
    count_folder(s, "downloads", &stat->downloads);
    count_folder(s, "quarantine", &stat->quarantine);
    return rc;
}
