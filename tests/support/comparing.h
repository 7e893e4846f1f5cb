/* tests/support/comparing.h - steps of the stage `compare`, and their documents
 */
#ifndef OST_TESTS_SUPPORT_COMPARING_H
#define OST_TESTS_SUPPORT_COMPARING_H

#include "tests/support/judging.h"

extern const ost_stage ost_stage_compare;

enum { ROWS = 8 };

/* The items of `eight` with other scores: right but for i2, i4. */
static inline void other_scores(case_row rows[ROWS])
{
    static const double score[ROWS] = {
        0.35, 0.6, 0.7, 0.3, 0.1, 0.2, 0.9, 0.8
    };

    memcpy(rows, eight, ROWS * sizeof(rows[0]));
    for (size_t i = 0; i < ROWS; i++)
        rows[i].score_b = score[i];
}

static inline ost_step_input arm(fixture *f, const char *name,
                                 const case_row *rows, size_t n)
{
    ost_step_input in =
        at_port("predictions", put_predictions(f->batch, "{}", rows, n));

    in.row = name;
    commit(f->batch);
    return in;
}

static inline json_t *compare(fixture *f, const char *with,
                              const ost_step_input *in, size_t n)
{
    ost_done_msg done =
        run_stage(f->batch, &ost_stage_compare, with, in, n, &f->arena);

    return document_of(f->batch, &done, &f->arena);
}

static inline void fails(fixture *f, const char *with, const ost_step_input *in,
                         size_t n, const char *message)
{
    ost_done_msg done =
        run_stage(f->batch, &ost_stage_compare, with, in, n, &f->arena);

    assert_int_not_equal(done.rc, OST_OK);
    assert_string_equal(done.error, message);
}

static inline void two_arms(fixture *f, ost_step_input in[2])
{
    case_row rows[ROWS];

    other_scores(rows);
    in[0] = arm(f, "old", eight, ROWS);
    in[1] = arm(f, "new", rows, ROWS);
}

static inline bool text_is(const json_t *doc, const char *path,
                           const char *want)
{
    const char *text = json_string_value(at(doc, path));

    return text && strcmp(text, want) == 0;
}

#endif
