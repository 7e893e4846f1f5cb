/* tests/unit/test_report_hostile.c - reports from documents that are wrong
 *
 * A store may come from another site.  Each member of a document that has
 * everything is left out or replaced by what it should not be; page, tables
 * and figures are written all the same.
 */
/* links: engine store base */
#include "base/json.h"
#include "engine/report.h"
#include "store/artifact.h"
#include "tests/support/store.h"

#include <stdlib.h>

#include "base/banned.h"

enum { LIMIT = 1 << 20 };

static const char *const wrong[] = { "null",
                                     "-1",
                                     "1e308",
                                     "\"<b>\\\\ & [\\u0001%\"",
                                     "[]",
                                     "{}",
                                     "[[], {\"a\": [1e-300]}, null]",
                                     "9223372036854775807" };

enum { WRONG = sizeof(wrong) / sizeof(wrong[0]) };

typedef struct hostility {
    ost_store *store;
    ost_batch *batch;
    json_t *doc;
    json_t *values[WRONG];
    size_t n;
} hostility;

static void check_page(const char *page)
{
    static const char *const never[] = { "<b>\\", "\"nan", ">nan", "-nan",
                                         "\x01" };

    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        const char *at = strstr(page, never[i]);

        if (at)
            fail_msg("'%s' is on the page: %.*s", never[i], 200,
                     at - page > 100 ? at - 100 : page);
    }
    assert_non_null(strstr(page, "</html>"));
}

static void write_all(hostility *h)
{
    static const ost_report_format formats[] = { OST_REPORT_HTML,
                                                 OST_REPORT_LATEX,
                                                 OST_REPORT_FIGURES };
    char *meta = json_dumps(h->doc, JSON_COMPACT);
    ost_artifact a = { .type = OST_REPORT, .meta = meta };
    ost_batch *batch = h->batch;
    ost_err err = { 0 };
    ost_digest d;

    assert_ok(ost_artifact_put(batch, &a, &d, &err), &err);
    for (size_t k = 0; k < sizeof(formats) / sizeof(formats[0]); k++) {
        ost_report_format f = formats[k];
        ost_report_files files = { 0 };

        assert_ok(ost_report_write(batch, &d, NULL, f, &files, &err), &err);
        for (size_t i = 0; i < files.len; i++)
            assert_null(strchr(files.data[i].name, '/'));
        if (f == OST_REPORT_HTML)
            check_page(ost_buf_str(&files.data[0].content));
        ost_report_files_release(&files);
    }
    free(meta);
    h->n++;
}

/* Puts wrong values at `parent`'s member, or element, and writes: two of all
 * as a rule, others each time. */
static void spoil(hostility *h, json_t *parent, const char *name, size_t index)
{
    json_t *was =
        name ? json_object_get(parent, name) : json_array_get(parent, index);

    json_incref(was);
    for (size_t k = 0; k < 2; k++) {
        json_t *v = h->values[h->n % WRONG];

        if (name)
            json_object_set(parent, name, v);
        else
            json_array_set(parent, index, v);
        write_all(h);
    }
    if (name) {
        json_object_del(parent, name);
        write_all(h);
        json_object_set(parent, name, was);
    } else {
        json_array_set(parent, index, was);
    }
    json_decref(was);
}

static void spoil_all(hostility *h, json_t *v)
{
    size_t n = json_array_size(v);
    const char **names;
    const char *name;
    json_t *member;

    for (size_t i = 0; i < n; i++) {
        spoil(h, v, NULL, i);
        spoil_all(h, json_array_get(v, i));
    }
    n = json_object_size(v);
    if (n == 0)
        return;
    names = ost_xalloc(n * sizeof(*names));
    n = 0;
    json_object_foreach(v, name, member)
    {
        names[n++] = ost_xstrdup(name);
    }
    for (size_t i = 0; i < n; i++) {
        spoil(h, v, names[i], 0);
        spoil_all(h, json_object_get(v, names[i]));
        ost_free((void *)(uintptr_t)names[i]);
    }
    ost_free(names);
}

static void nothing_in_a_document_breaks_a_report(void **state)
{
    const char *source = getenv("OSTEON_SOURCE");
    hostility h = { .store = new_store("store") };
    ost_json_doc *doc = NULL;
    ost_err err = { 0 };
    char path[512];

    (void)state;
    snprintf(path, sizeof(path), "%s/tests/golden/report/document.json",
             source ? source : ".");
    assert_ok(ost_json_load(path, LIMIT, &doc, &err), &err);
    h.doc = json_deep_copy(ost_json_root(doc));
    for (size_t k = 0; k < WRONG; k++)
        h.values[k] = json_loads(wrong[k], JSON_DECODE_ANY, NULL);
    h.batch = ost_batch_new(h.store);
    write_all(&h);
    spoil_all(&h, h.doc);
    assert_true(h.n > 1500);
    for (size_t k = 0; k < WRONG; k++)
        json_decref(h.values[k]);
    json_decref(h.doc);
    ost_json_free(doc);
    ost_batch_free(h.batch);
    ost_store_close(h.store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_in_a_document_breaks_a_report),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
