/* engine/faults.c - everything that is wrong with a workflow, in one report */
#include "base/text.h"
#include "engine/workflow_internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

bool ost_faults_full(const ost_workflow *wf)
{
    return wf->faults.len >= OST_FAULTS_KEPT;
}

/* A file that is used twice has each of its faults once. */
static bool is_known(const ost_workflow *wf, const ost_fault_item *f)
{
    for (size_t i = wf->faults.len; i-- > 0;) {
        const ost_fault_item *g = &wf->faults.data[i];

        if (f->doc == g->doc && f->offset == g->offset &&
            strcmp(f->message, g->message) == 0 &&
            strcmp(f->pointer, g->pointer) == 0)
            return true;
    }
    return false;
}

/* Takes pointer and message. */
static void add(ost_workflow *wf, const ost_document *doc, size_t offset,
                char *pointer, char *message)
{
    ost_fault_item f = { doc, offset, pointer, message, 0 };

    if (!ost_faults_full(wf) && is_known(wf, &f)) {
        ost_free(pointer);
        ost_free(message);
        return;
    }
    wf->n_faults++;
    if (ost_faults_full(wf)) {
        ost_free(pointer);
        ost_free(message);
        return;
    }
    ost_vec_push(&wf->faults, f);
}

__attribute__((format(printf, 1, 0))) static char *format(const char *fmt,
                                                          va_list ap)
{
    ost_buf text = { 0 };

    ost_buf_addv(&text, fmt, ap);
    return (char *)ost_buf_detach(&text, NULL);
}

static char *path_of(const ost_document *doc, uint32_t entry, const char *below)
{
    ost_buf pointer = { 0 };

    ost_json_add_path(&pointer, doc->json, entry);
    ost_buf_adds(&pointer, below);
    return (char *)ost_buf_detach(&pointer, NULL);
}

void ost_wf_fault(ost_workflow *wf, const ost_document *doc, uint32_t entry,
                  bool key, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add(wf, doc, ost_json_offset(doc->json, entry, key),
        path_of(doc, entry, ""), format(fmt, ap));
    va_end(ap);
}

void ost_fault_at(ost_workflow *wf, const ost_document *doc, size_t offset,
                  const char *pointer, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add(wf, doc, offset, ost_xstrdup(pointer), format(fmt, ap));
    va_end(ap);
}

void ost_fault_below(ost_workflow *wf, const ost_document *doc, uint32_t entry,
                     const char *pointer, bool key, const char *message)
{
    char *whole = path_of(doc, entry, pointer);
    size_t offset = ost_json_locate(doc->json, whole, key).offset;

    add(wf, doc, offset, whole, ost_xstrdup(message));
}

void ost_fault_usage(ost_workflow *wf, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    wf->usage = true;
    add(wf, NULL, wf->faults.len, ost_xstrdup(""), format(fmt, ap));
    va_end(ap);
}

const char *ost_suggest(ost_workflow *wf, const char *word,
                        const char *const *names, size_t n)
{
    const char *near;

    ost_buf_reset(&wf->suggestion);
    near = ost_faults_full(wf) ? NULL : ost_nearest(word, names, n);
    if (near)
        ost_buf_addf(&wf->suggestion, " (did you mean '%s'?)", near);
    return ost_buf_str(&wf->suggestion);
}

/* The command line first, then the files in the order in which they were
 * opened, then the order of their text. */
static int compare(const void *a, const void *b)
{
    const ost_fault_item *x = a, *y = b;

    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return strcmp(x->message, y->message);
}

static uint32_t rank_of(const ost_workflow *wf, const ost_document *doc)
{
    for (size_t i = 0; i < wf->documents.len; i++)
        if (wf->documents.data[i].p == doc)
            return (uint32_t)i + 1;
    return 0;
}

/* Goes on counting lines where the fault before this one stood. */
static void advance(const char *text, size_t offset, ost_json_pos *pos)
{
    for (; pos->offset < offset; pos->offset++) {
        if (text[pos->offset] == '\n') {
            pos->line++;
            pos->column = 1;
        } else if (((unsigned char)text[pos->offset] & 0xc0) != 0x80) {
            pos->column++;
        }
    }
}

void ost_faults_report(ost_workflow *wf, ost_buf *report)
{
    const ost_document *doc = NULL;
    ost_json_pos pos = { 0 };

    for (size_t i = 0; i < wf->faults.len; i++)
        wf->faults.data[i].rank = rank_of(wf, wf->faults.data[i].doc);
    if (wf->faults.len)
        qsort(wf->faults.data, wf->faults.len, sizeof(*wf->faults.data),
              compare);
    for (size_t i = 0; i < wf->faults.len; i++) {
        const ost_fault_item *f = &wf->faults.data[i];

        if (!f->doc) {
            ost_buf_addf(report, "%s\n", f->message);
            continue;
        }
        if (f->doc != doc)
            pos = (ost_json_pos){ .line = 1, .column = 1 };
        doc = f->doc;
        advance(ost_json_text(doc->json, NULL), f->offset, &pos);
        ost_buf_addf(report, "%s:%d:%d: %s%s%s\n", doc->path, pos.line,
                     pos.column, f->pointer, *f->pointer ? ": " : "",
                     f->message);
        ost_json_add_snippet(report, doc->json, f->offset);
        ost_buf_addc(report, '\n');
    }
    if (wf->n_faults > wf->faults.len)
        ost_buf_addf(report, "... and %zu more\n",
                     wf->n_faults - wf->faults.len);
}

void ost_faults_release(ost_workflow *wf)
{
    for (size_t i = 0; i < wf->faults.len; i++) {
        ost_free(wf->faults.data[i].pointer);
        ost_free(wf->faults.data[i].message);
    }
    ost_vec_release(&wf->faults);
}
