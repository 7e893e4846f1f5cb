/* stages/evaluation_certain.c - intervals of what never, or always, went wrong
 *
 * A rate of 0 or 1 comes out of every replicate as itself, so drawing says
 * nothing of how sure it is.  Units (groups, or items where these are drawn)
 * are independent, and all of them agree: Clopper and Pearson's interval of as
 * many out of as many units bounds the share of units with a case that went the
 * other way, and with it the share of such cases.  Other numbers that no
 * replicate changes have no interval.
 */
#include "stages/evaluation_bootstrap.h"

#include <string.h>

#include "base/banned.h"

/* Whether case `i` counts in the denominator of a rate of class `k`. */
static bool counts_in(const ost_block *b, const char *rate, uint32_t k,
                      size_t i)
{
    if (strcmp(rate, "recall") == 0)
        return b->truth[i] == k;
    if (strcmp(rate, "specificity") == 0)
        return b->truth[i] != k;
    if (strcmp(rate, "precision") == 0)
        return b->predicted[i] == k;
    if (strcmp(rate, "npv") == 0)
        return b->predicted[i] != k;
    return true;
}

static bool is_rate(const char *name)
{
    static const char *const rates[] = { "accuracy", "recall", "specificity",
                                         "precision", "npv" };

    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
        if (strcmp(name, rates[i]) == 0)
            return true;
    return false;
}

static uint64_t count_units(const ost_block *b, const char *rate, uint32_t k)
{
    bool groups = ost_drawing_of(b->e).clusters;
    bool *seen = OST_ARENA_ARRAY(b->arena, bool, b->e->cases->n_groups);
    uint64_t n = 0;

    for (size_t i = 0; i < b->n; i++) {
        if (!counts_in(b, rate, k, i))
            continue;
        n += !groups || !seen[b->group[i]];
        seen[b->group[i]] = true;
    }
    return n;
}

json_t *ost_certain_interval(const ost_block *b, const char *name, uint32_t k,
                             double value)
{
    double level = b->e->params->level;
    ost_interval i;
    uint64_t n;

    if (!is_rate(name) || (value != 0 && value != 1) ||
        (k == OST_NO_CLASS && strcmp(name, "accuracy") != 0))
        return NULL;
    n = count_units(b, name, k);
    i = ost_clopper_pearson_interval(value > 0 ? n : 0, n, level);
    if (!isfinite(i.lo))
        return NULL;
    return json_pack("{s:o, s:o, s:f, s:s, s:I}", "lo",
                     ost_rounded_or(i.lo, ""), "hi", ost_rounded_or(i.hi, ""),
                     "level", level, "method",
                     ost_drawing_of(b->e).clusters ? "clopper_pearson_groups"
                                                   : "clopper_pearson",
                     "n_units", (json_int_t)n);
}
