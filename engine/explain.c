/* engine/explain.c - why a step is to run
 *
 * The components of a step's key are compared with those of its nearest
 * earlier key: the one of its recent keys with the fewest differences, the
 * latest of equals.  An input that changed is followed to the step that made
 * it, and so on, down to a parameter or a source.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "engine/components.h"
#include "engine/leak_path.h"
#include "engine/plan.h"
#include "engine/recent.h"

#include <string.h>

#include "base/banned.h"

enum { MAX_CHAIN = 64, VALUE_SHOWN = 60 };

/* --- the nearest earlier run ---------------------------------------------- */

typedef struct earlier {
    ost_arena arena;
    ost_node_record record;
    ost_recent_key key;
    size_t n_recent;
    bool found;
    bool same; /* a recent key is the step's own */
} earlier;

static bool load_record(const ost_plan *plan, const ost_key *key,
                        ost_arena *arena, ost_node_record *record)
{
    ost_buf text = { 0 };
    bool ok = !ost_store_get(plan->store, OST_TABLE_NODES, key->b,
                             sizeof(key->b), &text, NULL) &&
              !ost_node_record_decode(text.data, text.len, arena, record, NULL);

    ost_buf_release(&text);
    return ok;
}

static void count_one(void *user, const ost_component *before,
                      const ost_component *after)
{
    (void)before;
    (void)after;
    ++*(size_t *)user;
}

static bool has_output(const ost_node_record *record, const ost_digest *wanted)
{
    for (size_t i = 0; i < record->n_outputs; i++) {
        if (ost_digest_equal(&record->outputs[i].artifact, wanted))
            return true;
    }
    return false;
}

/* Looks for the nearest earlier key; with `output`, for the one that gave that
 * artifact. */
static void find_earlier(const ost_plan *plan, uint32_t step,
                         const char *components, const ost_digest *output,
                         earlier *e)
{
    const ost_step *s = &plan->steps[step];
    ost_recent_key recent[OST_RECENT];
    size_t best = SIZE_MAX;
    ost_buf name = { 0 };

    *e = (earlier){ 0 };
    ost_plan_step_name(plan, step, &name);
    if (plan->remembered)
        e->n_recent = ost_recent_get(plan->store, ost_workflow_name(plan->wf),
                                     ost_buf_str(&name), recent);
    for (size_t i = 0; i < e->n_recent; i++) {
        ost_node_record record;
        size_t differences = 0;

        if (ost_digest_equal(&recent[i].key, &s->key)) {
            e->same = true;
            continue;
        }
        if (!load_record(plan, &recent[i].key, &e->arena, &record))
            continue;
        ost_components_diff(record.components, components, count_one,
                            &differences);
        if (output && has_output(&record, output))
            differences = 0;
        if (differences >= best)
            continue;
        best = differences;
        e->record = record;
        e->key = recent[i];
        e->found = true;
    }
    ost_buf_release(&name);
}

/* --- sources -------------------------------------------------------------- */

static bool same_bytes(const ost_item *a, const ost_item *b)
{
    const ost_field *x = ost_item_field(a, "bytes");
    const ost_field *y = ost_item_field(b, "bytes");

    return x && y && ost_digest_equal(&x->blob, &y->blob);
}

static void count_files(ost_buf *out, size_t n, const char *what)
{
    if (n == 0)
        return;
    if (out->len > 0)
        ost_buf_adds(out, ", ");
    if (out->len == 0)
        ost_buf_addf(out, "%zu file%s %s", n, n == 1 ? "" : "s", what);
    else
        ost_buf_addf(out, "%zu %s", n, what);
}

static bool compare_files(const ost_plan *plan, const ost_digest *before,
                          const ost_digest *after, ost_buf *out)
{
    size_t i = 0, k = 0, n[2] = { 0 }, added = 0, changed = 0, removed = 0;
    ost_item *items[2] = { NULL, NULL };
    ost_arena arena = { 0 };
    const ost_digest *digests[2] = { before, after };
    bool ok = plan->batch != NULL;

    for (int t = 0; t < 2 && ok; t++) {
        ost_artifact a;

        ok =
            !ost_artifact_get(plan->batch, digests[t], &arena, &a, NULL) &&
            !ost_dataset_items(plan->batch, &a, &arena, &items[t], &n[t], NULL);
    }
    while (ok && (i < n[0] || k < n[1])) {
        int order = i == n[0] ? 1
                    : k == n[1]
                        ? -1
                        : ost_id_compare(items[0][i].id, items[1][k].id);

        added += order > 0;
        removed += order < 0;
        changed += order == 0 && !same_bytes(&items[0][i], &items[1][k]);
        i += order <= 0;
        k += order >= 0;
    }
    count_files(out, added, "new");
    count_files(out, changed, "changed");
    count_files(out, removed, "gone");
    ost_arena_release(&arena);
    return ok && out->len > 0;
}

/* "source xrays: 1 file new, 2 changed"; compared once per source and state. */
static void add_source(ost_plan *plan, int32_t source, const ost_digest *before,
                       ost_buf *out)
{
    struct {
        ost_digest before;
        int32_t source;
    } name = { *before, source };
    ost_buf words = { 0 };
    uint64_t at;

    ost_buf_addf(out, "source %s",
                 ost_workflow_source(plan->wf, (size_t)source)->name);
    if (!ost_map_get(&plan->changes, &name, sizeof(name), &at)) {
        at = plan->change_texts.len;
        ost_map_put(&plan->changes, &name, sizeof(name), at);
        compare_files(plan, before, &plan->sources[source].artifact, &words);
        ost_vec_push(&plan->change_texts, ost_xstrdup(ost_buf_str(&words)));
        ost_buf_release(&words);
    }
    if (*plan->change_texts.data[at])
        ost_buf_addf(out, ": %s", plan->change_texts.data[at]);
}

/* --- one difference ------------------------------------------------------- */

typedef struct difference {
    ost_component before;
    ost_component after;
    bool has_before;
    bool has_after;
} difference;

typedef OST_VEC(difference) differences;

/* The side that is there; the later one if both are. */
static const ost_component *shown(const difference *d)
{
    return d->has_after ? &d->after : &d->before;
}

static bool is_input(const ost_component *c)
{
    return c->name_size > 3 && memcmp(c->name, "in.", 3) == 0;
}

static bool is_named(const ost_component *c, const char *name)
{
    return c->name_size == strlen(name) &&
           memcmp(c->name, name, c->name_size) == 0;
}

/* "low: 100 -> 80"; long values are cut. */
static void add_value(ost_buf *out, const ost_component *c, bool is_there)
{
    if (!is_there)
        ost_buf_adds(out, "nothing");
    else if (c->value_size > VALUE_SHOWN)
        ost_buf_addf(out, "%.*s...", VALUE_SHOWN - 3, c->value);
    else
        ost_buf_add(out, c->value, c->value_size);
}

static void add_change(ost_buf *out, const difference *d)
{
    add_value(out, &d->before, d->has_before);
    ost_buf_adds(out, " -> ");
    add_value(out, &d->after, d->has_after);
}

static void add_param(ost_buf *out, const ost_stage *stage, const difference *d)
{
    const ost_component *c = shown(d);
    char name[128];
    size_t n = c->name_size - strlen("param.");
    const ost_param *p;

    if (n >= sizeof(name))
        n = sizeof(name) - 1;
    memcpy(name, c->name + strlen("param."), n);
    name[n] = '\0';
    p = ost_param_find(stage, name);
    ost_buf_addf(out, "param %s", name);
    if (p && p->kind == OST_PARAM_FILE) {
        ost_buf_adds(out, ": another content");
        return;
    }
    ost_buf_adds(out, ": ");
    add_change(out, d);
}

typedef struct chain {
    ost_plan *plan;
    ost_buf *out;
    int depth;
} chain;

static void add_cause(chain *c, uint32_t step, const ost_digest *before);

typedef struct input_search {
    const ost_plan *plan;
    const ost_component *wanted;
    ost_feed feed;
    bool found;
} input_search;

static void visit_search(void *user, const char *name, const ost_feed *feed)
{
    input_search *s = user;

    if (!s->found && is_named(s->wanted, name)) {
        s->feed = *feed;
        s->found = true;
    }
}

static bool input_named(const ost_plan *plan, uint32_t step,
                        const ost_component *name, ost_feed *feed)
{
    input_search s = { .wanted = name };

    ost_plan_inputs(plan, step, visit_search, &s);
    *feed = s.feed;
    return s.found;
}

/* "ingest <- source xrays: 1 file new": where a changed input comes from. */
static void add_origin(chain *c, const ost_feed *feed, const ost_digest *before)
{
    uint32_t step;

    if (c->depth++ >= MAX_CHAIN) {
        ost_buf_adds(c->out, "...");
        return;
    }
    if (feed->source >= 0) {
        add_source(c->plan, feed->source, before, c->out);
        return;
    }
    step = ost_plan_step_at(c->plan, feed->node, feed->instance);
    ost_plan_step_name(c->plan, step, c->out);
    add_cause(c, step, before);
}

/* "in.images[0]" is "images" where the port has one artifact. */
static void add_input_name(const chain *c, const ost_component *name)
{
    size_t n = name->name_size - 3;
    const char *p = name->name + 3;

    if (n > 3 && memcmp(p + n - 3, "[0]", 3) == 0)
        n -= 3;
    ost_buf_add(c->out, p, n);
}

/* The digest that an input had; zero when it is none. */
static ost_digest old_digest(const difference *d)
{
    const ost_component *c = &d->before;
    char hex[OST_DIGEST_HEX] = { 0 };
    ost_digest old = { { 0 } };

    if (d->has_before && c->value_size == sizeof(hex) - 1)
        memcpy(hex, c->value, c->value_size);
    ost_digest_parse(&old, hex);
    return old;
}

static void add_input(chain *c, uint32_t step, const difference *d)
{
    ost_digest old = old_digest(d);
    ost_feed feed;

    ost_buf_adds(c->out, "input ");
    add_input_name(c, shown(d));
    if (!d->has_before || !d->has_after) {
        ost_buf_adds(c->out, d->has_before ? " is gone" : " is new");
        return;
    }
    ost_buf_adds(c->out, " changed");
    if (!input_named(c->plan, step, &d->after, &feed))
        return;
    ost_buf_adds(c->out, " (via ");
    add_origin(c, &feed, &old);
    ost_buf_addc(c->out, ')');
}

static void add_difference(chain *c, uint32_t step, const difference *d)
{
    const ost_component *any = shown(d);

    if (is_input(any)) {
        add_input(c, step, d);
    } else if (any->name_size > 6 && memcmp(any->name, "param.", 6) == 0) {
        add_param(c->out, ost_plan_node_of(c->plan, step)->node->stage, d);
    } else {
        if (is_named(any, "version"))
            ost_buf_adds(c->out, "stage version ");
        else if (is_named(any, "numeric"))
            ost_buf_adds(c->out, "numeric class ");
        else
            ost_buf_addf(c->out, "%.*s ", (int)any->name_size, any->name);
        add_change(c->out, d);
    }
}

/* --- all of them ---------------------------------------------------------- */

static void collect(void *user, const ost_component *before,
                    const ost_component *after)
{
    differences *list = user;
    difference d = { .has_before = before != NULL, .has_after = after != NULL };

    if (before)
        d.before = *before;
    if (after)
        d.after = *after;
    ost_vec_push(list, d);
}

/* Parameters and the like say more than inputs: the first of them, else the
 * first input. */
static const difference *most_telling(const differences *list)
{
    for (size_t i = 0; i < list->len; i++) {
        const difference *d = &list->data[i];

        if (!is_input(shown(d)))
            return d;
    }
    return list->len ? &list->data[0] : NULL;
}

static void visit_unknown(void *user, const ost_feed *feed)
{
    input_search *s = user;

    if (s->found)
        return;
    s->feed = *feed;
    s->found = ost_digest_is_zero(ost_plan_feed_digest(s->plan, feed));
}

/* The first input that is not known yet. */
static bool unknown_input(const ost_plan *plan, uint32_t step, ost_feed *feed)
{
    input_search s = { .plan = plan };

    ost_plan_feeds(plan, step, visit_unknown, &s);
    *feed = s.feed;
    return s.found;
}

/* Behind the name of a step: what changed there, or where it comes from. */
static void add_cause(chain *c, uint32_t step, const ost_digest *before)
{
    const ost_digest none = { { 0 } };
    differences list = { 0 };
    ost_buf components = { 0 };
    const difference *d;
    ost_feed feed;
    earlier e;

    if (ost_plan_components(c->plan, step, &components, NULL, NULL, NULL))
        goto out;
    find_earlier(c->plan, step, ost_buf_str(&components),
                 ost_digest_is_zero(before) ? NULL : before, &e);
    if (e.found)
        ost_components_diff(e.record.components, ost_buf_str(&components),
                            collect, &list);
    d = most_telling(&list);
    if (d && is_input(shown(d)) && d->has_before && d->has_after &&
        input_named(c->plan, step, &d->after, &feed)) {
        ost_digest old = old_digest(d);

        ost_buf_adds(c->out, " <- ");
        add_origin(c, &feed, &old);
    } else if (d) {
        ost_buf_adds(c->out, ": ");
        add_difference(c, step, d);
    } else if (unknown_input(c->plan, step, &feed)) {
        ost_buf_adds(c->out, " <- ");
        add_origin(c, &feed, &none);
    } else if (c->plan->steps[step].verdict == OST_VERDICT_RUN) {
        ost_buf_adds(c->out, c->plan->steps[step].flags & OST_STEP_FORCED
                                 ? ": forced"
                             : e.n_recent ? ": to be computed again"
                                          : ": first run");
    }
    ost_arena_release(&e.arena);
out:
    ost_vec_release(&list);
    ost_buf_release(&components);
}

/* Why a step whose inputs are known has no output, apart from differences. */
static const char *plain_reason(const ost_step *s, const earlier *e)
{
    if (s->flags & OST_STEP_FORCED)
        return "forced";
    if (s->flags & OST_STEP_MISSING)
        return "output is missing from the store";
    if (e->same)
        return "output was removed by gc";
    if (e->n_recent == 0)
        return "first run";
    return e->found ? NULL : "the records of earlier runs are gone";
}

static void add_waits(ost_plan *plan, uint32_t step, ost_buf *out)
{
    ost_feed feed;

    ost_buf_adds(out, "waits for ");
    if (unknown_input(plan, step, &feed))
        ost_plan_step_name(
            plan, ost_plan_step_at(plan, feed.node, feed.instance), out);
}

void ost_plan_reason(ost_plan *plan, uint32_t step, ost_buf *out)
{
    const ost_step *s = &plan->steps[step];
    chain c = { .plan = plan, .out = out };
    ost_buf components = { 0 };
    differences list = { 0 };
    const char *plain;
    earlier e = { 0 };

    if (s->verdict == OST_VERDICT_CACHED) {
        ost_buf_adds(out, "nothing changed");
        return;
    }
    if (s->verdict == OST_VERDICT_MAYBE) {
        add_waits(plan, step, out);
        return;
    }
    if (plan->remembered &&
        !ost_plan_components(plan, step, &components, NULL, NULL, NULL))
        find_earlier(plan, step, ost_buf_str(&components), NULL, &e);
    plain = plain_reason(s, &e);
    if (plain) {
        ost_buf_adds(out, plain);
    } else {
        ost_components_diff(e.record.components, ost_buf_str(&components),
                            collect, &list);
        if (list.len > 0)
            add_difference(&c, step, most_telling(&list));
        if (list.len > 1)
            ost_buf_addf(out, " (and %zu more)", list.len - 1);
    }
    ost_vec_release(&list);
    ost_buf_release(&components);
    ost_arena_release(&e.arena);
}

static void add_unknown_inputs(ost_plan *plan, uint32_t step, ost_buf *out)
{
    const ost_digest none = { { 0 } };
    chain c = { .plan = plan, .out = out };
    ost_feed feed;

    if (!unknown_input(plan, step, &feed))
        return;
    ost_buf_adds(out, "  an input must be computed first: ");
    add_origin(&c, &feed, &none);
    ost_buf_addc(out, '\n');
}

/* Of what could be on a GPU, or was to be. */
static void add_place(const ost_place *place, ost_buf *out)
{
    if (place->gpu)
        ost_buf_addf(out, "  computes in %s, on %s\n", place->computes,
                     ost_gpu_standin() ? "a CPU stand-in for CUDA" : "a GPU");
    else if (place->why)
        ost_buf_addf(out, "  computes in %s, on the CPU: %s\n", place->computes,
                     place->why);
}

/* How groups came to what judges them, when what it reads is there. */
static ost_rc add_leaks(ost_plan *plan, uint32_t step, ost_buf *out,
                        ost_err *err)
{
    ost_buf text = { 0 };
    ost_rc rc = ost_leak_paths(plan, plan->batch, step, 8, &text, err);
    const char *line = ost_buf_str(&text);

    while (!rc && *line) {
        size_t n = strcspn(line, "\n");

        ost_buf_addf(out, "  leakage: %.*s\n", (int)n, line);
        line += n + (line[n] == '\n');
    }
    ost_buf_release(&text);
    return rc;
}

ost_rc ost_plan_explain(ost_plan *plan, uint32_t step, ost_buf *out,
                        ost_err *err)
{
    const ost_step *s = &plan->steps[step];
    chain c = { .plan = plan, .out = out };
    ost_buf components = { 0 };
    differences list = { 0 };
    const char *plain;
    char time[32];
    earlier e;
    ost_rc rc;

    rc = ost_plan_components(plan, step, &components, NULL, NULL, err);
    if (rc)
        goto out;
    find_earlier(plan, step, ost_buf_str(&components), NULL, &e);
    ost_plan_step_name(plan, step, out);
    ost_buf_addf(out, ": %s\n", ost_verdict_name(s->verdict));
    plain = plain_reason(s, &e);
    if (s->verdict == OST_VERDICT_RUN && plain)
        ost_buf_addf(out, "  %s\n", plain);
    if (e.found)
        ost_components_diff(e.record.components, ost_buf_str(&components),
                            collect, &list);
    if (e.found && list.len > 0)
        ost_buf_addf(out, "  compared with the run of %s:\n",
                     ost_wall_text(time, e.key.wall_ns));
    for (size_t i = 0; i < list.len; i++) {
        ost_buf_adds(out, "  ");
        c.depth = 0;
        add_difference(&c, step, &list.data[i]);
        ost_buf_addc(out, '\n');
    }
    add_unknown_inputs(plan, step, out);
    add_place(&ost_plan_node_of(plan, step)->place, out);
    rc = add_leaks(plan, step, out, err);
    if (s->verdict == OST_VERDICT_CACHED && !e.found)
        ost_buf_adds(out, "  nothing changed since its only run\n");
    ost_arena_release(&e.arena);
out:
    ost_vec_release(&list);
    ost_buf_release(&components);
    return rc;
}
