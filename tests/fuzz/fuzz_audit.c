/* tests/fuzz/fuzz_audit.c - any text as an equation of an audit
 *
 * What is a value equals itself.
 */
/* links: base stages */
#include "base/alloc.h"
#include "base/text.h"
#include "stages/audit.h"
#include "tests/fuzz/fuzzed.h"

#include <string.h>

#include "base/banned.h"

static const ost_audit_about about = { "fuzzed", NULL };

static void judge(ost_audit *a, const char *text, ost_err *err)
{
    json_t *claim = json_pack("{s:s}", "holds", text);

    (void)ost_audit_equations(a, claim, about, "counts", "claim 1", err);
    json_decref(claim);
}

static bool latest_is_consistent(const ost_audit *a)
{
    const json_t *last =
        json_array_get(a->verdicts, json_array_size(a->verdicts) - 1);
    const char *verdict = json_string_value(json_object_get(last, "verdict"));

    return verdict && strcmp(verdict, "consistent") == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ost_arena arena = { 0 };
    ost_audit a = { .arena = &arena };
    char *text = ost_xstrndup((const char *)data, size);
    ost_err err = { 0 };
    ost_ratio v;

    a.verdicts = json_array();
    if (ost_utf8_valid(text, strlen(text))) {
        judge(&a, text, &err);
        if (strlen(text) < 100 &&
            ost_audit_value(text, "claim 1", &v, &err) == OST_OK) {
            judge(&a, ost_arena_printf(&arena, "%s = %s", text, text), &err);
            if (!latest_is_consistent(&a))
                OST_BUG();
        }
    }
    json_decref(a.verdicts);
    ost_arena_release(&arena);
    ost_free(text);
    return 0;
}
