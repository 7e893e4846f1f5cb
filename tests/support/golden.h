/* tests/support/golden.h - numbers that reference libraries computed
 *
 * Files of tests/parity/: an undefined number is null or "nan" there, an
 * infinite one "inf".
 */
#ifndef OST_TESTS_SUPPORT_GOLDEN_H
#define OST_TESTS_SUPPORT_GOLDEN_H

#include "base/json.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* tests/parity/`name`.json, parsed.  Caller frees. */
static inline ost_json_doc *golden_load(const char *name)
{
    const char *source = getenv("OSTEON_SOURCE");
    ost_json_doc *doc = NULL;
    ost_err err = { 0 };
    char path[1024];

    assert_non_null(source);
    snprintf(path, sizeof(path), "%s/tests/parity/%s.json", source, name);
    if (ost_json_load(path, 4 << 20, &doc, &err))
        fail_msg("%s", err.text);
    return doc;
}

static inline double golden_number(const json_t *v)
{
    assert_non_null(v);
    if (json_is_string(v))
        return strcmp(json_string_value(v), "inf") == 0 ? (double)INFINITY
                                                        : (double)NAN;
    return json_is_null(v) ? (double)NAN : json_number_value(v);
}

/* `got` is the number `want`, give or take `slack`; both may be NaN. */
static inline void golden_near(const char *what, const json_t *want, double got,
                               double slack)
{
    double w = golden_number(want);

    if (isnan(w) ? !isnan(got) : !(w == got || fabs(w - got) <= slack))
        fail_msg("%s: wanted %.17g, got %.17g", what, w, got);
}

/* `got` are the numbers `want`, exactly or within `slack`. */
static inline void golden_all_near(const char *what, const json_t *want,
                                   const double *got, size_t n, double slack)
{
    if (json_array_size(want) != n)
        fail_msg("%s: wanted %zu numbers, got %zu", what, json_array_size(want),
                 n);
    for (size_t i = 0; i < n; i++)
        golden_near(what, json_array_get(want, i), got[i], slack);
}

#endif
