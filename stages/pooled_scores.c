/* stages/pooled_scores.c - one score of several */
#include "stages/pooled_scores.h"

#include <string.h>

#include "base/banned.h"

static ost_rc number_of(const ost_item *item, const char *attr, double *number,
                        ost_err *err)
{
    const ost_attr *a = ost_item_attr(item, attr);

    if (!a || a->kind != OST_ATTR_NUMBER || !isfinite(a->number))
        return ost_fail(err, OST_EINPUT, "item '%s' has no finite number '%s'",
                        item->id, attr);
    *number = a->number;
    return OST_OK;
}

static bool has_word(const char *words, const char *word)
{
    size_t n = strlen(word);

    for (const char *w = words; *w; w += strcspn(w, "|"), w += *w == '|')
        if (strcspn(w, "|") == n && strncmp(w, word, n) == 0)
            return true;
    return false;
}

/* Of an item that does not say what is predicted: has the class the highest
 * score, or the label one above 0.5? */
static ost_rc score_votes_for(const ost_pooling *p, const ost_item *item,
                              const char *class, bool *vote, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(p->ctx);
    const char *best = NULL;
    double most = -(double)INFINITY, x = 0.0;
    ost_rc rc = OST_OK;

    for (size_t k = 0; k < p->classes.len && !rc; k++) {
        const char *c = p->classes.data[k];

        if (p->kind == OST_POOL_LABELS && strcmp(c, class) != 0)
            continue;
        rc = number_of(item, ost_arena_printf(arena, "score.%s", c), &x, err);
        if (!rc && x > most) {
            best = c;
            most = x;
        }
    }
    if (!rc)
        *vote = p->kind == OST_POOL_LABELS ? most > 0.5
                                           : best && strcmp(best, class) == 0;
    return rc;
}

/* Is the item predicted as this class (this label)? */
static ost_rc votes_for(const ost_pooling *p, const ost_item *item,
                        const char *class, bool *vote, ost_err *err)
{
    const ost_attr *a = ost_item_attr(item, "predicted");

    if (!a || a->kind != OST_ATTR_TEXT)
        return score_votes_for(p, item, class, vote, err);
    *vote = p->kind == OST_POOL_LABELS ? has_word(a->text, class)
                                       : strcmp(a->text, class) == 0;
    return OST_OK;
}

static ost_rc pool_one(const ost_pooling *p, const ost_pool_bucket *b,
                       const char *attr, const char *class, double *pooled,
                       ost_err *err)
{
    double sum = 0.0, most = -(double)INFINITY;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < b->items.len && !rc; i++) {
        const ost_item *item = &b->items.data[i];
        double x = 0.0;
        bool vote = false;

        if (p->p->how == OST_POOL_VOTE)
            rc = votes_for(p, item, class, &vote, err);
        else
            rc = number_of(item, attr, &x, err);
        sum += p->p->how == OST_POOL_VOTE ? vote : x;
        most = x > most ? x : most;
    }
    *pooled = p->p->how == OST_POOL_MAX ? most : sum / (double)b->items.len;
    return rc;
}

/* The highest scores of classes that exclude each other add up to 1 again. */
static void settle_highest(const ost_pooling *p, double *score)
{
    size_t n = p->classes.len;
    double sum = 0.0;

    if (p->kind != OST_POOL_CLASSES || p->p->how != OST_POOL_MAX)
        return;
    if (p->positive != SIZE_MAX) {
        score[1 - p->positive] = 1.0 - score[p->positive];
        return;
    }
    for (size_t k = 0; k < n; k++)
        sum += score[k];
    for (size_t k = 0; k < n; k++)
        score[k] = sum > 0.0 ? score[k] / sum : 1.0 / (double)n;
}

static ost_rc pool_classes(ost_pooling *p, const ost_pool_bucket *b,
                           ost_item *out, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(p->ctx);
    size_t n = p->classes.len, best = 0;
    double *score = OST_ARENA_ARRAY(arena, double, n + 1);
    ost_buf labels = { 0 };
    ost_rc rc = OST_OK;

    for (size_t k = 0; k < n && !rc; k++)
        rc = pool_one(p, b,
                      ost_arena_printf(arena, "score.%s", p->classes.data[k]),
                      p->classes.data[k], &score[k], err);
    if (rc)
        return rc;
    settle_highest(p, score);
    for (size_t k = 0; k < n; k++) {
        ost_item_set_number(
            arena, out, ost_arena_printf(arena, "score.%s", p->classes.data[k]),
            score[k]);
        if (score[k] > score[best])
            best = k;
        if (score[k] > 0.5)
            ost_buf_addf(&labels, "%s%s", labels.len ? "|" : "",
                         p->classes.data[k]);
    }
    if (n)
        ost_item_set_text(arena, out, "predicted",
                          p->kind == OST_POOL_LABELS ? ost_buf_str(&labels)
                                                     : p->classes.data[best]);
    ost_buf_release(&labels);
    return OST_OK;
}

static ost_rc pool_number(ost_pooling *p, const ost_pool_bucket *b,
                          ost_item *out, ost_err *err)
{
    double number;
    ost_rc rc;

    if (p->p->how == OST_POOL_VOTE)
        return ost_fail(err, OST_EINPUT,
                        "numbers cannot be voted on (how: mean or max)");
    rc = pool_one(p, b, "predicted", NULL, &number, err);
    if (!rc)
        ost_item_set_number(ost_ctx_arena(p->ctx), out, "predicted", number);
    return rc;
}

ost_rc ost_pool_scores(ost_pooling *p, const ost_pool_bucket *b, ost_item *out,
                       ost_err *err)
{
    return p->kind == OST_POOL_NUMBER ? pool_number(p, b, out, err)
                                      : pool_classes(p, b, out, err);
}
