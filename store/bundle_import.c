/* store/bundle_import.c - a run out of a .tar.zst, believed in nothing
 *
 * Blobs come first and go to the store as they are verified: unreferenced
 * until the last commit, which brings the records.  Before that, a walk over
 * the new records makes sure that they lead to nothing that is missing.
 */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "store/bundle.h"
#include "store/libarchive.h"
#include "store/reach.h"
#include "store/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

enum {
    RECORD_LIMIT = 1 << 30, /* bytes of a record */
    COMMIT_BYTES = 8 << 20, /* of small blobs, per transaction */
    HEAD_LIMIT = 4096,
};

typedef struct importer {
    ost_store *store;
    const ost_libarchive *lib;
    struct archive *archive;
    const char *path;
    ost_batch *blobs;
    ost_batch *records;
    OST_VEC(ost_key) nodes;
    ost_arena arena;
    bool has_head;
    bool has_run;
    ost_bundle_result *result;
} importer;

static ost_rc archive_fail(importer *x, ost_err *err)
{
    const char *text = x->lib->archive_error_string(x->archive);

    return ost_fail(err, OST_EINPUT, "'%s' is damaged: %s", x->path,
                    text ? text : "not an archive");
}

/* The whole content of the current member; caller frees with ost_free(). */
static ost_rc read_member(importer *x, struct archive_entry *e, uint64_t limit,
                          unsigned char **data, size_t *size, ost_err *err)
{
    la_int64_t n = x->lib->archive_entry_size(e);
    size_t done = 0;

    if (n < 0 || (uint64_t)n > limit)
        return ost_fail(err, OST_EINPUT, "'%s': member '%s' is too large",
                        x->path, x->lib->archive_entry_pathname(e));
    *size = (size_t)n;
    *data = ost_try_alloc(*size + 1, 1);
    if (!*data)
        return ost_fail(err, OST_ENOMEM, "no memory for %zu bytes", *size);
    while (done < *size) {
        la_ssize_t got =
            x->lib->archive_read_data(x->archive, *data + done, *size - done);

        if (got <= 0) {
            ost_free(*data);
            *data = NULL;
            return archive_fail(x, err);
        }
        done += (size_t)got;
    }
    return OST_OK;
}

/* --- members ----------------------------------------------------------------
 */

static ost_rc take_head(importer *x, const unsigned char *data, ost_err *err)
{
    static const char intro[] = "osteon bundle format ";
    const char *text = (const char *)data;
    char *end = NULL;
    long format = 0;

    if (ost_starts_with(text, intro))
        format = strtol(text + sizeof(intro) - 1, &end, 10);
    if (format < 1 || sscanf(end, "\nrun %127[^\n]", x->result->run) != 1)
        return ost_fail(err, OST_EINPUT, "'%s' is not an osteon bundle",
                        x->path);
    if (format > OST_BUNDLE_FORMAT)
        return ost_fail(err, OST_EVERSION,
                        "'%s' was written by a newer osteon (bundle format "
                        "%ld, this one knows %d)",
                        x->path, format, (int)OST_BUNDLE_FORMAT);
    x->has_head = true;
    return OST_OK;
}

/* "ab/cdef..." */
static bool parse_blob_name(const char *name, ost_digest *d)
{
    char hex[OST_DIGEST_HEX];

    if (strlen(name) != OST_DIGEST_HEX || name[2] != '/')
        return false;
    snprintf(hex, sizeof(hex), "%.2s%s", name, name + 3);
    return ost_digest_parse(d, hex);
}

static ost_rc take_blob(importer *x, const ost_digest *d,
                        const unsigned char *data, size_t size, ost_err *err)
{
    char hex[OST_DIGEST_HEX];
    ost_digest found = ost_digest_of(data, size);
    ost_rc rc;

    if (!ost_digest_equal(&found, d))
        return ost_fail(err, OST_EINPUT,
                        "'%s' is damaged: blob %s has other bytes", x->path,
                        ost_digest_hex(d, hex));
    x->result->blobs++;
    x->result->bytes += size;
    x->result->known += ost_store_has_blob(x->store, d);
    rc = ost_batch_put_blob(x->blobs, data, size, &found, err);
    if (!rc && ost_batch_bytes(x->blobs) > COMMIT_BYTES)
        rc = ost_store_commit(x->store, x->blobs, err);
    return rc;
}

static ost_rc take_node(importer *x, const char *hex, const unsigned char *data,
                        size_t size, ost_err *err)
{
    ost_node_record node;
    ost_key key, found;

    if (!ost_digest_parse(&key, hex) ||
        ost_node_record_decode(data, size, &x->arena, &node, NULL))
        return ost_fail(err, OST_EINPUT, "'%s' is damaged: node '%.100s'",
                        x->path, hex);
    found = ost_digest_of(node.components, strlen(node.components));
    if (!ost_digest_equal(&found, &key))
        return ost_fail(err, OST_EINPUT,
                        "'%s' is damaged: node %s is not what its key says",
                        x->path, hex);
    x->result->nodes++;
    if (ost_store_has(x->store, OST_TABLE_NODES, key.b, OST_DIGEST_SIZE))
        return OST_OK; /* ours has been used already */
    ost_vec_push(&x->nodes, key);
    ost_batch_put(x->records, OST_TABLE_NODES, key.b, OST_DIGEST_SIZE, data,
                  size);
    return OST_OK;
}

static ost_rc take_run(importer *x, const char *id, const unsigned char *data,
                       size_t size, ost_err *err)
{
    ost_run_record run;

    if (strcmp(id, x->result->run) != 0 ||
        ost_run_record_decode(data, size, &x->arena, &run, NULL) ||
        strcmp(run.id, id) != 0)
        return ost_fail(err, OST_EINPUT, "'%s' is damaged: run '%.100s'",
                        x->path, id);
    x->has_run = true;
    ost_batch_put(x->records, OST_TABLE_RUNS, id, strlen(id), data, size);
    return OST_OK;
}

static ost_rc take_member(importer *x, struct archive_entry *e, ost_err *err)
{
    const char *name = x->lib->archive_entry_pathname(e);
    unsigned char *data = NULL;
    ost_digest d = { { 0 } };
    size_t size = 0;
    bool head, blob, node, run;
    ost_rc rc;

    if (!name)
        return ost_fail(err, OST_EINPUT, "'%s' has a member without a name",
                        x->path);
    head = strcmp(name, "osteon-bundle") == 0;
    blob = ost_starts_with(name, "blobs/") && parse_blob_name(name + 6, &d);
    node = ost_starts_with(name, "nodes/");
    run = ost_starts_with(name, "runs/");
    if (x->lib->archive_entry_filetype(e) != S_IFREG ||
        !ost_path_is_plain(name) || !(head || blob || node || run))
        return ost_fail(err, OST_EINPUT,
                        "'%s': unexpected member '%.200s', nothing is imported",
                        x->path, name);
    if (head == x->has_head) /* first, and once */
        return ost_fail(err, OST_EINPUT, "'%s' is not an osteon bundle",
                        x->path);
    rc = read_member(x, e,
                     head   ? HEAD_LIMIT
                     : blob ? UINT64_MAX
                            : RECORD_LIMIT,
                     &data, &size, err);
    if (!rc && head)
        rc = take_head(x, data, err);
    else if (!rc && blob)
        rc = take_blob(x, &d, data, size, err);
    else if (!rc && node)
        rc = take_node(x, name + strlen("nodes/"), data, size, err);
    else if (!rc)
        rc = take_run(x, name + strlen("runs/"), data, size, err);
    ost_free(data);
    return rc;
}

/* --- the whole ---------------------------------------------------------------
 */

static ost_rc read_archive(importer *x, ost_err *err)
{
    struct archive_entry *e;
    int code;
    ost_rc rc = OST_OK;

    x->archive = x->lib->archive_read_new();
    if (!x->archive)
        return ost_fail(err, OST_ENOMEM, "no memory to read '%s'", x->path);
    x->lib->archive_read_support_filter_zstd(x->archive);
    x->lib->archive_read_support_format_tar(x->archive);
    if (x->lib->archive_read_open_filename(x->archive, x->path, 1 << 16) !=
        ARCHIVE_OK)
        return archive_fail(x, err);
    while (!rc) {
        code = x->lib->archive_read_next_header(x->archive, &e);
        if (code == ARCHIVE_EOF)
            break;
        rc = code == ARCHIVE_OK ? take_member(x, e, err) : archive_fail(x, err);
    }
    if (!rc && (!x->has_head || !x->has_run))
        rc = ost_fail(err, OST_EINPUT, "'%s' ends early: it has no run",
                      x->path);
    return rc;
}

/* The artifacts of every node must be whole before the node is. */
static ost_rc check_nodes(importer *x, ost_err *err)
{
    ost_reach *reach = ost_reach_new(x->store, NULL);
    const ost_reach_fault *faults;
    char hex[OST_DIGEST_HEX];
    size_t n;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < x->nodes.len && !rc; i++) {
        ost_buf text = { 0 };
        ost_node_record node;

        rc = ost_batch_get(x->records, OST_TABLE_NODES, x->nodes.data[i].b,
                           OST_DIGEST_SIZE, &text, err);
        if (!rc)
            rc = ost_node_record_decode(text.data, text.len, &x->arena, &node,
                                        err);
        for (size_t k = 0; !rc && k < node.n_outputs; k++)
            rc =
                ost_reach_artifact(reach, &node.outputs[k].artifact, NULL, err);
        ost_buf_release(&text);
    }
    faults = ost_reach_faults(reach, &n);
    if (!rc && n)
        rc = ost_fail(err, OST_EINPUT, "'%s' lacks %s (blob %s)", x->path,
                      faults[0].what, ost_digest_hex(&faults[0].digest, hex));
    ost_reach_free(reach);
    return rc;
}

static ost_rc import(importer *x, ost_err *err)
{
    ost_rc rc = read_archive(x, err);

    if (!rc)
        rc = ost_store_commit(x->store, x->blobs, err);
    if (!rc)
        rc = check_nodes(x, err);
    if (!rc)
        rc = ost_store_commit(x->store, x->records, err);
    return rc;
}

ost_rc ost_bundle_import(ost_store *s, const char *path,
                         ost_bundle_result *result, ost_err *err)
{
    importer x = { .store = s, .path = path, .result = result };
    ost_rc rc;

    *result = (ost_bundle_result){ 0 };
    if (access(path, R_OK) < 0)
        return ost_fail(err, OST_ENOTFOUND, "cannot read '%s'", path);
    rc = ost_libarchive_open(&x.lib, err);
    if (rc)
        return rc;
    rc = ost_store_use(s, false, 60, err);
    if (rc)
        return rc;
    x.blobs = ost_batch_new(s);
    x.records = ost_batch_new(s);
    rc = import(&x, err);
    if (x.archive)
        x.lib->archive_read_free(x.archive);
    ost_batch_free(x.blobs);
    ost_batch_free(x.records);
    ost_vec_release(&x.nodes);
    ost_arena_release(&x.arena);
    ost_store_unuse(s);
    return rc;
}
