/* tests/fuzz/fuzz_json.c - any bytes as a JSON document
 *
 * The scan accepts nothing that jansson refuses and refuses what it should;
 * every pointer of a document leads somewhere in it; the canonical form is a
 * fixed point.
 */
/* links: base */
#include "base/json.h"
#include "tests/fuzz/fuzzed.h"

#include <string.h>

#include "base/banned.h"

/* Asks for the place of every value, and of a name that is not there. */
static void visit(const ost_json_doc *doc, const json_t *v, ost_buf *pointer,
                  int *budget)
{
    size_t len = pointer->len, size, index;
    ost_json_pos pos = ost_json_locate(doc, ost_buf_str(pointer), true);
    const char *name;
    json_t *child;

    ost_json_text(doc, &size);
    if (pos.offset >= size || pos.line < 1 || pos.column < 1)
        OST_BUG();
    if (--*budget < 0)
        return;
    json_object_foreach((json_t *)(uintptr_t)v, name, child)
    {
        ost_json_add_pointer(pointer, name);
        visit(doc, child, pointer, budget);
        pointer->len = len;
        pointer->data[len] = 0;
    }
    json_array_foreach(v, index, child)
    {
        ost_buf_addf(pointer, "/%zu", index);
        visit(doc, child, pointer, budget);
        pointer->len = len;
        pointer->data[len] = 0;
    }
}

static void check_fixed_point(const ost_json_doc *doc)
{
    ost_buf first = { 0 }, second = { 0 };
    ost_json_doc *again;

    ost_json_canonical(&first, ost_json_root(doc));
    if (ost_json_parse("again", ost_buf_str(&first), first.len, &again, NULL))
        OST_BUG();
    ost_json_canonical(&second, ost_json_root(again));
    if (first.len != second.len ||
        memcmp(first.data, second.data, first.len) != 0)
        OST_BUG();
    ost_json_free(again);
    ost_buf_release(&first);
    ost_buf_release(&second);
}

static void use(const ost_json_doc *doc)
{
    ost_buf pointer = { 0 }, report = { 0 };
    int budget = 200;

    ost_buf_reserve(&pointer, 1);
    visit(doc, ost_json_root(doc), &pointer, &budget);
    for (size_t i = 0; i < ost_json_duplicates(doc) && i < 100; i++) {
        ost_json_pos pos;

        ost_json_add_report(&report, doc, ost_json_duplicate(doc, i, &pos),
                            true, "duplicate");
    }
    ost_json_add_report(&report, doc, "/none", false, "nothing");
    check_fixed_point(doc);
    ost_buf_release(&pointer);
    ost_buf_release(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    ost_err err = { 0 };
    ost_json_doc *doc;
    ost_rc rc = ost_json_parse("fuzz", text, size, &doc, &err);
    json_t *other = json_loadb(text, size, 0, NULL);

    if (rc && err.text[0] == '\0')
        OST_BUG();
    /* We are stricter in depth, and jansson overlooks a NUL after a number. */
    if (!rc && !other)
        OST_BUG();
    if (rc && other && !strstr(err.text, "nested deeper") &&
        !memchr(text, '\0', size))
        OST_BUG();
    json_decref(other);
    if (!rc)
        use(doc);
    ost_json_free(doc);
    return 0;
}
