/* engine/document.c - the files of a workflow, and the paths that they name
 *
 * A path in a document is relative to it and stays below its folder; lib:NAME
 * names a file of the shipped library.  Nothing else can be reached.
 */
#include "base/fs.h"
#include "base/text.h"
#include "engine/library.h"
#include "engine/workflow_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

static void add_file(ost_workflow *wf, const char *path, const void *data,
                     size_t size)
{
    ost_wf_file file = { ost_xstrdup(path), ost_digest_of(data, size) };

    ost_vec_push(&wf->files, file);
}

/* An absolute path without links; NULL when nothing is there. */
static char *real_path(const char *path)
{
    char *found = realpath(path, NULL);
    char *copy = found ? ost_xstrdup(found) : NULL;

    ost_free(found);
    return copy;
}

static const ost_document *find_open(const ost_workflow *wf, const char *real)
{
    for (size_t i = 0; i < wf->documents.len; i++)
        if (strcmp(wf->documents.data[i].p->real, real) == 0)
            return wf->documents.data[i].p;
    return NULL;
}

void ost_document_free(ost_document *doc)
{
    if (!doc)
        return;
    ost_json_free(doc->json);
    ost_free(doc->path);
    ost_free(doc->real);
    ost_free(doc->dir);
    ost_free(doc);
}

/* Duplicate names are faults of any document. */
static void report_duplicates(ost_workflow *wf, const ost_document *doc)
{
    for (size_t i = 0; i < ost_json_duplicates(doc->json); i++) {
        ost_json_pos pos;
        const char *pointer = ost_json_duplicate(doc->json, i, &pos);
        const char *name = strrchr(pointer, '/');

        ost_fault_at(wf, doc, pos.offset, pointer, "duplicate key '%s'",
                     name ? name + 1 : "");
    }
}

ost_rc ost_document_add(ost_workflow *wf, const char *path, ost_buf *text,
                        const ost_document **out, ost_err *err)
{
    ost_document *doc = ost_xalloc(sizeof(*doc));
    char *folder;
    ost_rc rc;

    doc->path = ost_xstrdup(path);
    doc->real = real_path(path);
    if (!doc->real)
        doc->real = ost_xstrdup(path);
    folder = ost_path_dir(path);
    doc->dir = real_path(folder);
    ost_free(folder);
    if (!doc->dir)
        doc->dir = ost_path_dir(doc->real);
    add_file(wf, path, ost_buf_str(text), text->len);
    rc = ost_json_index(path, text, &doc->json, err);
    if (rc) {
        ost_document_free(doc);
        return OST_EWORKFLOW;
    }
    ost_vec_push(&wf->documents, (ost_document_ptr){ doc });
    report_duplicates(wf, doc);
    *out = doc;
    return OST_OK;
}

ost_rc ost_document_open(ost_workflow *wf, const char *path,
                         const ost_document **out, ost_err *err)
{
    char *real = real_path(path);
    ost_buf text = { 0 };
    ost_rc rc;

    *out = real ? find_open(wf, real) : NULL;
    ost_free(real);
    if (*out)
        return OST_OK;
    rc = ost_fs_read(path, OST_DOCUMENT_LIMIT, &text, err);
    if (rc) {
        ost_buf_release(&text);
        return OST_EWORKFLOW;
    }
    return ost_document_add(wf, path, &text, out, err);
}

static ost_rc resolve_beside(const ost_document *doc, const char *name,
                             char **shown, char **real, ost_err *err)
{
    char *dir = ost_path_dir(doc->path);
    size_t n = strlen(doc->dir);
    ost_rc rc = OST_OK;

    *shown =
        strcmp(dir, ".") == 0 ? ost_xstrdup(name) : ost_path_join(dir, name);
    ost_free(dir);
    if (!ost_path_is_plain(name))
        return ost_fail(err, OST_EWORKFLOW,
                        "path '%s' may not leave the file's folder (it is "
                        "relative, without '..')",
                        name);
    *real = real_path(*shown);
    if (!*real)
        rc = ost_fail_errno(err, OST_EWORKFLOW, errno, "path '%s'", name);
    else if (strcmp(doc->dir, "/") != 0 &&
             (strncmp(*real, doc->dir, n) != 0 || (*real)[n] != '/'))
        rc = ost_fail(err, OST_EWORKFLOW,
                      "path '%s' is a link that leads out of the file's "
                      "folder",
                      name);
    return rc;
}

ost_rc ost_document_resolve(ost_workflow *wf, const ost_document *doc,
                            const char *name, const char *folder, char **shown,
                            char **real, ost_err *err)
{
    ost_rc rc;

    *shown = *real = NULL;
    if (ost_starts_with(name, "lib:")) {
        rc = ost_library_find(wf->lib_dir, name + 4, folder, shown, err);
        *real = rc ? NULL : real_path(*shown);
    } else {
        rc = resolve_beside(doc, name, shown, real, err);
    }
    if (rc) {
        ost_free(*shown);
        ost_free(*real);
        *shown = *real = NULL;
    }
    return rc;
}

static const ost_wf_content *
find_content(const ost_workflow *wf, const ost_document *doc, const char *name)
{
    for (size_t i = 0; i < wf->contents.len; i++)
        if (wf->contents.data[i].doc == doc &&
            strcmp(wf->contents.data[i].name, name) == 0)
            return &wf->contents.data[i];
    return NULL;
}

/* Two documents may name one file. */
static bool is_counted(const ost_workflow *wf, const char *real)
{
    for (size_t i = 0; i < wf->contents.len; i++)
        if (strcmp(wf->contents.data[i].real, real) == 0)
            return true;
    return false;
}

ost_rc ost_document_content(ost_workflow *wf, const ost_document *doc,
                            const char *name, const char *folder,
                            const ost_buf **data, ost_err *err)
{
    const ost_wf_content *known = find_content(wf, doc, name);
    ost_wf_content content = { .doc = doc };
    char *shown;
    ost_rc rc;

    if (known) {
        *data = &known->data;
        return OST_OK;
    }
    rc =
        ost_document_resolve(wf, doc, name, folder, &shown, &content.real, err);
    if (rc)
        return rc;
    rc = ost_fs_read(content.real, OST_FILE_PARAM_LIMIT, &content.data, err);
    if (rc) {
        ost_buf_release(&content.data);
        ost_free(content.real);
    } else {
        if (!is_counted(wf, content.real))
            add_file(wf, shown, content.data.data, content.data.len);
        content.name = ost_xstrdup(name);
        ost_vec_push(&wf->contents, content);
        *data = &wf->contents.data[wf->contents.len - 1].data;
    }
    ost_free(shown);
    return rc;
}
