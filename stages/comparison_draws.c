/* stages/comparison_draws.c - tests that swap what two arms said of a patient
 *
 * If both arms are as good as each other, it does not matter which of them said
 * what of a patient.  Scores are replaced by their mid-ranks within the arm
 * first, since two arms need not have the same scale (Bandos, Rockette and Gur
 * 2005).
 */
#include "stages/comparison.h"

#include <string.h>

#include "base/banned.h"

/* Both arms' columns, and room for swapped ones. */
typedef struct {
    const ost_contest *t;
    double *rank[2];
    uint8_t *said[2];
    double *score[2];
} swapping;

static double swapped(const uint8_t *swap, void *user)
{
    const swapping *s = user;
    const ost_contest *t = s->t;
    double value[2];

    for (size_t i = 0; i < t->n[0]; i++) {
        size_t to = swap[t->group[i]] ? 1 : 0;

        for (size_t k = 0; k < 2; k++) {
            s->said[k ^ to][i] = t->judged[k].said[i];
            if (s->rank[k])
                s->score[k ^ to][i] = s->rank[k][i];
        }
    }
    for (size_t k = 0; k < 2; k++) {
        ost_judged j = { t->n[0], t->judged[0].hit, s->said[k], s->score[k] };

        value[k] = ost_comparison_value(t->metric, &j);
    }
    return value[0] - value[1];
}

ost_rc ost_contest_permute(ost_contest *t, ost_err *err)
{
    swapping s = { .t = t };
    ost_rng rng = ost_ctx_rng(t->c->ctx, NULL, t->number);
    uint64_t key = ost_rng_u64(&rng);
    bool exact;

    (void)err;
    for (size_t k = 0; k < 2; k++) {
        s.said[k] = OST_ARENA_ARRAY(t->arena, uint8_t, t->n[0]);
        if (!t->metric->scored)
            continue;
        s.rank[k] = OST_ARENA_ARRAY(t->arena, double, t->n[0]);
        s.score[k] = OST_ARENA_ARRAY(t->arena, double, t->n[0]);
        ost_mid_ranks(t->judged[k].score, t->n[0], s.rank[k]);
    }
    t->result = ost_permutation_test(
        t->n_groups, swapped, &s, (uint64_t)t->c->params->draws, key, &exact);
    t->reason = "undefined in one of the arms";
    json_object_set_new(t->out, "exact", json_boolean(exact));
    if (!exact)
        json_object_set_new(t->out, "draws", json_integer(t->c->params->draws));
    json_object_set_new(t->out, "n_swapped",
                        json_integer((json_int_t)t->n_groups));
    return OST_OK;
}
