/* stages/choose.c - of several candidates, the one with the best metric
 *
 * Candidates are the instances of an axis that the node lacks, or named rows.
 * `metrics` says how good each is; models, datasets and predictions are lined
 * up with them by the axes that both have.  The chosen one comes out as it
 * came; `choice` keeps the table of all.  Of datasets that the stage `filter`
 * made it says how many items each of them kept and dropped.
 *
 * Candidates that are as good, or within `tolerance` of the best, are told
 * apart by their order: with the simplest first, the simplest wins.  An
 * undefined metric is no candidate's, and counted.
 *
 * The patients on whom the metrics were measured had a say: whatever comes out
 * is exposed to them, so that a choice made on test patients is found when the
 * chosen one is tested on these.
 */
#include "base/text.h"
#include "stages/evaluation.h"
#include "stages/matching.h"
#include "stages/stage.h"

#include <string.h>

#include "base/banned.h"

enum { MAX, MIN };
enum { FIRST, LAST };

typedef struct {
    const char *metric;
    int goal;
    double tolerance;
    int ties;
} choose_params;

static const ost_param params[] = {
    OST_PARAM(choose_params, metric, STR,
              "which number decides: names of members with dots between them",
              .dflt = "\"pooled.auc\""),
    OST_PARAM(choose_params, goal, CHOICE, "the best is the largest, or least",
              .dflt = "\"max\"", .choices = "max|min"),
    OST_PARAM(choose_params, tolerance, F64,
              "candidates that are at most so much worse are as good",
              .dflt = "0", .min = 0, .max = INFINITY),
    OST_PARAM(choose_params, ties, CHOICE,
              "which of those that are as good, in the order of the axis",
              .dflt = "\"first\"", .choices = "first|last"),
    OST_END,
};

static const char *const ports[] = { "models", "datasets", "predictions" };
static const char *const results[] = { "model", "dataset", "predictions" };
enum { PORTS = 3 };

typedef struct {
    const ost_input *in;
    double value; /* NaN: undefined */
    const char *reason;
    int64_t n;            /* items that it was measured on; < 0: not known */
    const json_t *filter; /* what `filter` says of its dataset, or NULL */
} candidate;

typedef struct {
    ost_stage_ctx *ctx;
    const choose_params *p;
    candidate *all;
    size_t n, undefined, chosen;
} choosing;

/* "epochs=2, fold=0", for messages. */
static const char *name_of(choosing *c, const ost_input *in)
{
    ost_arena *arena = ost_ctx_arena(c->ctx);
    const char *name = in->row ? in->row : "";

    for (size_t a = 0; a < in->n_axes; a++)
        name = ost_arena_printf(arena, "%s%s%s=%s", name, *name ? ", " : "",
                                in->axes[2 * a], in->axes[2 * a + 1]);
    return *name ? name : "the only one";
}

/* --- metrics ------------------------------------------------------------ */

static const json_t *member(const json_t *v, const char *name)
{
    int64_t at;

    if (json_is_array(v) && ost_parse_i64(name, &at) && at >= 0)
        return json_array_get(v, (size_t)at);
    return json_object_get(v, name);
}

static ost_rc no_member(choosing *c, const ost_input *in, const json_t *v,
                        const char *name, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(c->ctx);
    const char **names =
        OST_ARENA_ARRAY(arena, const char *, json_object_size(v) + 1);
    const char *key;
    json_t *ignored;
    size_t n = 0;

    json_object_foreach((json_t *)(uintptr_t)v, key, ignored) names[n++] = key;
    return ost_fail(err, OST_EINPUT,
                    "param 'metric': the metrics of candidate '%s' have no "
                    "'%s' of '%s'%s",
                    name_of(c, in), name, c->p->metric,
                    ost_did_you_mean(arena, name, names, n));
}

static ost_rc read_metric(choosing *c, candidate *k, ost_err *err)
{
    char *path = ost_arena_strdup(ost_ctx_arena(c->ctx), c->p->metric);
    const json_t *v, *n = NULL;
    ost_rc rc;

    rc = ost_ctx_meta(c->ctx, k->in, &v, err);
    if (rc)
        return rc;
    k->n = -1;
    for (char *name = path, *rest; name; name = rest) {
        const json_t *next;

        rest = strchr(name, '.');
        if (rest)
            *rest++ = '\0';
        next = member(v, name);
        if (!next)
            return no_member(c, k->in, v, name, err);
        n = json_object_get(v, "n_items") ? json_object_get(v, "n_items") : n;
        v = next;
    }
    n = json_object_get(v, "n") ? json_object_get(v, "n") : n;
    k->n = json_is_integer(n) ? json_integer_value(n) : -1;
    k->value = NAN;
    if (json_is_object(v)) {
        const char *reason = json_string_value(json_object_get(v, "reason"));

        k->reason = reason ? reason : "no number";
        v = json_object_get(v, "value");
    }
    if (json_is_number(v))
        k->value = json_number_value(v);
    else if (!k->reason)
        return ost_fail(err, OST_EINPUT,
                        "param 'metric': '%s' of candidate '%s' is no number",
                        c->p->metric, name_of(c, k->in));
    return OST_OK;
}

static bool better(const choosing *c, double a, double b)
{
    return c->p->goal == MAX ? a > b : a < b;
}

static ost_rc choose_best(choosing *c, ost_err *err)
{
    double best = NAN;

    for (size_t i = 0; i < c->n; i++) {
        double v = c->all[i].value;

        if (isnan(v))
            c->undefined++;
        else if (isnan(best) || better(c, v, best))
            best = v;
    }
    if (isnan(best))
        return ost_fail(err, OST_EINPUT,
                        "'%s' is undefined for all %zu candidates; the first, "
                        "'%s': %s",
                        c->p->metric, c->n, name_of(c, c->all[0].in),
                        c->all[0].reason);
    for (size_t i = c->n; i-- > 0;) {
        size_t at = c->p->ties == FIRST ? i : c->n - 1 - i;

        /* The last that fits in this direction is the one. */
        if (!isnan(c->all[at].value) &&
            fabs(c->all[at].value - best) <= c->p->tolerance)
            c->chosen = at;
    }
    return OST_OK;
}

/* --- candidates --------------------------------------------------------- */

static const char *axis_of(const ost_input *in, const char *name)
{
    for (size_t a = 0; a < in->n_axes; a++)
        if (strcmp(in->axes[2 * a], name) == 0)
            return in->axes[2 * a + 1];
    return NULL;
}

/* Whether they agree in all axes that both have, the row's name included. */
static bool lines_up(const ost_input *a, const ost_input *b)
{
    if (a->row && b->row && strcmp(a->row, b->row) != 0)
        return false;
    for (size_t i = 0; i < a->n_axes; i++) {
        const char *value = axis_of(b, a->axes[2 * i]);

        if (value && strcmp(value, a->axes[2 * i + 1]) != 0)
            return false;
    }
    return true;
}

/* The one input of a port that belongs to a candidate. */
static ost_rc partner(choosing *c, const char *port, size_t at,
                      const ost_input **found, ost_err *err)
{
    const ost_input *in = c->all[at].in;
    size_t n = ost_ctx_input_count(c->ctx, port), matches = 0;

    for (size_t i = 0; i < n; i++) {
        const ost_input *other = ost_ctx_input(c->ctx, port, i);

        if (lines_up(in, other)) {
            *found = other;
            matches++;
        }
    }
    if (matches == 1)
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "candidate '%s': %zu of %zu artifacts at port '%s' belong "
                    "to it, where one should (axes and rows line up by name)",
                    name_of(c, in), matches, n, port);
}

static ost_rc emit_chosen(choosing *c, int port, ost_err *err)
{
    const ost_input *found = NULL, *chosen = NULL;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < c->n && !rc; i++) {
        rc = partner(c, ports[port], i, &found, err);
        if (i == c->chosen)
            chosen = found;
    }
    return rc ? rc : ost_emit_input(c->ctx, results[port], chosen, err);
}

/* How many items a filter kept and dropped for each of them. */
static ost_rc read_filters(choosing *c, ost_err *err)
{
    const ost_input *found = NULL;
    const json_t *meta = NULL;
    ost_rc rc = OST_OK;

    if (ost_ctx_input_count(c->ctx, "datasets") == 0)
        return OST_OK;
    for (size_t i = 0; i < c->n && !rc; i++) {
        rc = partner(c, "datasets", i, &found, err);
        if (!rc)
            rc = ost_ctx_meta(c->ctx, found, &meta, err);
        if (!rc && json_is_object(json_object_get(meta, "filter")))
            c->all[i].filter = json_object_get(meta, "filter");
    }
    return rc;
}

/* A model port has to give something. */
static ost_rc emit_none(choosing *c, ost_err *err)
{
    json_t *meta = json_pack("{s:n, s:s}", "network", "reason",
                             "no models were among the candidates");
    ost_rc rc = ost_emit_meta(c->ctx, "model", meta, err);

    json_decref(meta);
    return rc;
}

/* --- the table ---------------------------------------------------------- */

static json_t *describe(const candidate *k)
{
    static const char *const counts[] = { "threshold", "kept", "dropped",
                                          "without_prediction" };
    json_t *out = json_object();

    if (k->in->row)
        json_object_set_new(out, "row", json_string(k->in->row));
    for (size_t a = 0; a < k->in->n_axes; a++)
        json_object_set_new(out, k->in->axes[2 * a],
                            json_string(k->in->axes[2 * a + 1]));
    for (size_t i = 0; k->filter && i < sizeof(counts) / sizeof(counts[0]); i++)
        if (json_object_get(k->filter, counts[i]))
            json_object_set(out, counts[i],
                            json_object_get(k->filter, counts[i]));
    json_object_set_new(out, "value", ost_number_or(k->value, k->reason));
    json_object_set_new(out, "n", k->n < 0 ? json_null() : json_integer(k->n));
    return out;
}

static const char *why(choosing *c)
{
    const char *rule = c->p->goal == MAX ? "largest" : "least";
    ost_arena *arena = ost_ctx_arena(c->ctx);
    size_t as_good = 0, better_ones = 0;
    double value = c->all[c->chosen].value;

    for (size_t i = 0; i < c->n; i++) {
        as_good += i != c->chosen && !isnan(c->all[i].value) &&
                   !better(c, c->all[i].value, value) &&
                   !better(c, value, c->all[i].value);
        better_ones +=
            !isnan(c->all[i].value) && better(c, c->all[i].value, value);
    }
    if (better_ones)
        return ost_arena_printf(
            arena, "the %s within %g of the %s '%s' of %zu candidates",
            c->p->ties == FIRST ? "first" : "last", c->p->tolerance, rule,
            c->p->metric, c->n);
    return ost_arena_printf(arena, "the %s '%s' of %zu candidates%s", rule,
                            c->p->metric, c->n,
                            !as_good              ? ""
                            : c->p->ties == FIRST ? ", the first of several"
                                                  : ", the last of several");
}

static ost_rc emit_choice(choosing *c, ost_err *err)
{
    const json_t *with = ost_ctx_with(c->ctx);
    json_t *all = json_array(), *out;
    ost_rc rc;

    for (size_t i = 0; i < c->n; i++) {
        json_t *row = describe(&c->all[i]);

        json_object_set_new(row, "chosen", json_boolean(i == c->chosen));
        json_array_append_new(all, row);
    }
    out = json_pack(
        "{s:s, s:s, s:O, s:O, s:O, s:I, s:I, s:o, s:s, s:o}", "kind", "choice",
        "metric", c->p->metric, "goal", json_object_get(with, "goal"),
        "tolerance", json_object_get(with, "tolerance"), "ties",
        json_object_get(with, "ties"), "n_candidates", (json_int_t)c->n,
        "n_undefined", (json_int_t)c->undefined, "chosen",
        describe(&c->all[c->chosen]), "reason", why(c), "candidates", all);
    rc = ost_emit_meta(c->ctx, "choice", out, err);
    json_decref(out);
    return rc;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    choosing c = { .ctx = ctx,
                   .p = ost_ctx_params(ctx),
                   .n = ost_ctx_input_count(ctx, "metrics") };
    ost_rc rc = OST_OK;

    if (c.n == 0)
        return ost_fail(err, OST_EINPUT, "there are no candidates");
    c.all = OST_ARENA_ARRAY(ost_ctx_arena(ctx), candidate, c.n);
    for (size_t i = 0; i < c.n && !rc; i++) {
        c.all[i].in = ost_ctx_input(ctx, "metrics", i);
        rc = read_metric(&c, &c.all[i], err);
    }
    if (!rc)
        rc = choose_best(&c, err);
    if (!rc)
        rc = read_filters(&c, err);
    for (int p = 0; p < PORTS && !rc; p++)
        if (ost_ctx_input_count(ctx, ports[p]))
            rc = emit_chosen(&c, p, err);
    if (!rc && !ost_ctx_input_count(ctx, "models"))
        rc = emit_none(&c, err);
    if (!rc)
        rc = emit_choice(&c, err);
    if (!rc && c.undefined)
        ost_note(ctx, "'%s' is undefined for %zu of %zu candidates",
                 c.p->metric, c.undefined, c.n);
    return rc;
}

const ost_stage ost_stage_choose = {
    .name = "choose",
    .version = 2, /* bump when any output byte can change */
    .summary = "Of candidates, keep the one with the best metric.",
    .param_size = sizeof(choose_params),
    .params = params,
    .inputs = OST_PORTS(
        { "metrics", OST_METRICS, "how good each candidate is", true, false },
        { "models", OST_MODEL, "the candidates", true, true },
        { "datasets", OST_DATASET, "the candidates", true, true },
        { "predictions", OST_PREDICTIONS, "the candidates", true, true }),
    .outputs = OST_PORTS(
        { "model", OST_MODEL, "the chosen model", false, false },
        { "dataset", OST_DATASET, "the chosen dataset", false, false },
        { "predictions", OST_PREDICTIONS, "the chosen predictions", false,
          false },
        { "choice", OST_METRICS, "all candidates, and why this one", false,
          false }),
    .run = run,
};
