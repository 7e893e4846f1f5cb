/* store/bundle_export.c - a run with all that it reaches into a .tar.zst */
#include "base/alloc.h"
#include "base/fs.h"
#include "store/bundle.h"
#include "store/libarchive.h"
#include "store/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

typedef struct exporter {
    ost_store *store;
    const ost_libarchive *lib;
    struct archive *archive;
    struct archive_entry *entry;
    const char *path;
    ost_reach *reach;
    ost_bundle_result *result;
} exporter;

static ost_rc archive_fail(exporter *x, ost_err *err)
{
    const char *text = x->lib->archive_error_string(x->archive);

    return ost_fail(err, OST_EIO, "cannot write '%s': %s", x->path,
                    text ? text : "unknown error");
}

static ost_rc add(exporter *x, const char *name, const void *data, size_t size,
                  ost_err *err)
{
    const ost_libarchive *lib = x->lib;

    lib->archive_entry_clear(x->entry);
    lib->archive_entry_set_pathname(x->entry, name);
    lib->archive_entry_set_filetype(x->entry, S_IFREG);
    lib->archive_entry_set_perm(x->entry, 0644);
    lib->archive_entry_set_mtime(x->entry, 0, 0);
    lib->archive_entry_set_size(x->entry, (la_int64_t)size);
    if (lib->archive_write_header(x->archive, x->entry) != ARCHIVE_OK ||
        lib->archive_write_data(x->archive, data, size) != (la_ssize_t)size)
        return archive_fail(x, err);
    return OST_OK;
}

static ost_rc add_blob(exporter *x, const ost_digest *d, ost_err *err)
{
    char hex[OST_DIGEST_HEX], name[80];
    ost_blob blob;
    ost_rc rc = ost_store_blob(x->store, d, true, &blob, err);

    if (rc)
        return rc;
    ost_digest_hex(d, hex);
    snprintf(name, sizeof(name), "blobs/%.2s/%s", hex, hex + 2);
    rc = add(x, name, blob.data, blob.size, err);
    x->result->blobs++;
    x->result->bytes += blob.size;
    ost_blob_release(&blob);
    return rc;
}

static ost_rc add_record(exporter *x, const char *folder, ost_table table,
                         const void *key, size_t nkey, const char *word,
                         ost_err *err)
{
    char *name = ost_xprintf("%s/%s", folder, word);
    ost_buf value = { 0 };
    ost_rc rc = ost_store_get(x->store, table, key, nkey, &value, err);

    if (rc == OST_ENOTFOUND)
        ost_fail(err, rc, "%s is not in the store any more", name);
    if (!rc)
        rc = add(x, name, value.data, value.len, err);
    ost_buf_release(&value);
    ost_free(name);
    return rc;
}

/* Sorted, so that the same run gives the same bytes. */
static ost_digest *sorted(const ost_digest *list, size_t n)
{
    ost_digest *copy = ost_xalloc((n + 1) * sizeof(*copy));

    if (n) {
        memcpy(copy, list, n * sizeof(*copy));
        qsort(copy, n, sizeof(*copy), ost_digest_compare);
    }
    return copy;
}

static ost_rc add_members(exporter *x, ost_err *err)
{
    const char *run = x->result->run;
    char *head = ost_xprintf("osteon bundle format %d\nrun %s\n",
                             (int)OST_BUNDLE_FORMAT, run);
    size_t n_blobs, n_nodes;
    const ost_digest *met = ost_reach_blobs(x->reach, &n_blobs);
    ost_digest *blobs = sorted(met, n_blobs);
    ost_digest *nodes;
    char hex[OST_DIGEST_HEX];
    ost_rc rc = add(x, "osteon-bundle", head, strlen(head), err);

    ost_free(head);
    for (size_t i = 0; i < n_blobs && !rc; i++)
        rc = add_blob(x, &blobs[i], err);
    met = ost_reach_nodes(x->reach, &n_nodes);
    nodes = sorted(met, n_nodes);
    for (size_t i = 0; i < n_nodes && !rc; i++)
        rc = add_record(x, "nodes", OST_TABLE_NODES, nodes[i].b,
                        OST_DIGEST_SIZE, ost_digest_hex(&nodes[i], hex), err);
    if (!rc)
        rc = add_record(x, "runs", OST_TABLE_RUNS, run, strlen(run), run, err);
    x->result->nodes = n_nodes;
    ost_free(blobs);
    ost_free(nodes);
    return rc;
}

static ost_rc reach(exporter *x, ost_err *err)
{
    char hex[OST_DIGEST_HEX];
    const ost_reach_fault *faults;
    size_t n;
    ost_rc rc = ost_reach_run(x->reach, x->result->run, err);

    if (rc)
        return rc;
    faults = ost_reach_faults(x->reach, &n);
    if (n == 0)
        return OST_OK;
    return ost_fail(err, OST_ECORRUPT,
                    "run '%s' is not whole: %s (blob %s) is missing or damaged",
                    x->result->run, faults[0].what,
                    ost_digest_hex(&faults[0].digest, hex));
}

static ost_rc write_archive(exporter *x, int fd, ost_err *err)
{
    const ost_libarchive *lib = x->lib;
    ost_rc rc = OST_OK;

    x->archive = lib->archive_write_new();
    x->entry = lib->archive_entry_new();
    if (!x->archive || !x->entry)
        rc = ost_fail(err, OST_ENOMEM, "no memory to write '%s'", x->path);
    else if (lib->archive_write_add_filter_zstd(x->archive) != ARCHIVE_OK ||
             lib->archive_write_set_format_pax_restricted(x->archive) !=
                 ARCHIVE_OK ||
             lib->archive_write_open_fd(x->archive, fd) != ARCHIVE_OK)
        rc = archive_fail(x, err);
    if (!rc)
        rc = add_members(x, err);
    if (!rc && lib->archive_write_close(x->archive) != ARCHIVE_OK)
        rc = archive_fail(x, err);
    if (x->archive)
        lib->archive_write_free(x->archive);
    if (x->entry)
        lib->archive_entry_free(x->entry);
    return rc;
}

static ost_rc write_file(exporter *x, ost_err *err)
{
    char *tmp = ost_xprintf("%s.part", x->path);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    ost_rc rc;

    if (fd < 0) {
        rc = ost_fail_errno(err, OST_EIO, errno, "cannot write '%s'", x->path);
        ost_free(tmp);
        return rc;
    }
    rc = write_archive(x, fd, err);
    if (!rc && fsync(fd) < 0)
        rc = ost_fail_errno(err, OST_EIO, errno, "cannot write '%s'", x->path);
    close(fd);
    if (!rc && rename(tmp, x->path) < 0)
        rc = ost_fail_errno(err, OST_EIO, errno, "cannot write '%s'", x->path);
    if (rc)
        unlink(tmp);
    ost_free(tmp);
    return rc;
}

ost_rc ost_bundle_export(ost_store *s, const char *run, const char *path,
                         ost_bundle_result *result, ost_err *err)
{
    exporter x = { .store = s, .path = path, .result = result };
    ost_rc rc;

    *result = (ost_bundle_result){ 0 };
    if (strlen(run) >= sizeof(result->run) || strchr(run, '/'))
        return ost_fail(err, OST_ENOTFOUND, "there is no run '%.100s'", run);
    snprintf(result->run, sizeof(result->run), "%s", run);
    rc = ost_libarchive_open(&x.lib, err);
    if (rc)
        return rc;
    rc = ost_store_use(s, false, 60, err);
    if (rc)
        return rc;
    x.reach = ost_reach_new(s, NULL);
    rc = reach(&x, err);
    if (!rc)
        rc = write_file(&x, err);
    ost_reach_free(x.reach);
    ost_store_unuse(s);
    return rc;
}
