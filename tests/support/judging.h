/* tests/support/judging.h - steps of the stage `evaluate`, and their documents
 */
#ifndef OST_TESTS_SUPPORT_JUDGING_H
#define OST_TESTS_SUPPORT_JUDGING_H

#include "base/text.h"
#include "tests/support/fixture.h"
#include "tests/support/predictions.h"

#include <math.h>

extern const ost_stage ost_stage_evaluate;

/* The metrics of some inputs; the test fails when the step does. */
static inline json_t *judge(fixture *f, const char *with,
                            const ost_step_input *in, size_t n)
{
    ost_done_msg done =
        run_stage(f->batch, &ost_stage_evaluate, with, in, n, &f->arena);

    return document_of(f->batch, &done, &f->arena);
}

static inline json_t *judge_rows(fixture *f, const char *with,
                                 const case_row *rows, size_t n)
{
    ost_step_input in =
        at_port("predictions", put_predictions(f->batch, "{}", rows, n));

    return judge(f, with, &in, 1);
}

static inline void refuses(fixture *f, const char *with, ost_digest predictions,
                           const char *message)
{
    ost_step_input in = at_port("predictions", predictions);
    ost_done_msg done =
        run_stage(f->batch, &ost_stage_evaluate, with, &in, 1, &f->arena);

    assert_int_not_equal(done.rc, OST_OK);
    assert_string_equal(done.error, message);
}

/* The value at a path such as "pooled.confusion.0.1". */
static inline const json_t *at(const json_t *doc, const char *path)
{
    char word[64];

    while (doc && *path) {
        size_t n = strcspn(path, ".");
        int64_t index;

        assert_true(n < sizeof(word));
        memcpy(word, path, n);
        word[n] = 0;
        if (json_is_array(doc) && ost_parse_i64(word, &index))
            doc = json_array_get(doc, (size_t)index);
        else
            doc = json_object_get(doc, word);
        path += path[n] ? n + 1 : n;
    }
    return doc;
}

static inline double number(const json_t *doc, const char *path)
{
    const json_t *v = at(doc, path);

    if (!json_is_number(v))
        fail_msg("%s is no number", path);
    return json_number_value(v);
}

static inline void near(const json_t *doc, const char *path, double want)
{
    double v = number(doc, path);

    if (fabs(v - want) > 1e-12)
        fail_msg("%s: wanted %.17g, got %.17g", path, want, v);
}

static inline void undefined(const json_t *doc, const char *path,
                             const char *reason)
{
    const json_t *v = at(doc, path);

    assert_true(json_is_object(v));
    assert_true(json_is_null(json_object_get(v, "value")));
    assert_string_equal(json_string_value(json_object_get(v, "reason")),
                        reason);
}

static const case_row eight[] = {
    { "i1", "p1", "a", 0.1, "0" },  { "i2", "p1", "a", 0.4, "0" },
    { "i3", "p2", "b", 0.35, "0" }, { "i4", "p2", "b", 0.8, "0" },
    { "i5", "p3", "a", 0.2, "1" },  { "i6", "p4", "a", 0.3, "1" },
    { "i7", "p5", "b", 0.7, "1" },  { "i8", "p6", "b", 0.9, "1" },
};

#endif
