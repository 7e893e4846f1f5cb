/* engine/leak_path.c - how a group came to what judged it
 *
 * From an item that is exposed to the group, the next step upstream is the one
 * that made it.  What exposed it there is, in this order: what it was made
 * from (the item of the same name, or a parent), a model, any other item.  A
 * model was exposed by items of the group itself - then the leak is found, and
 * what remains is where those came from - or by a model or items that were
 * exposed before.
 */
#include "engine/leak_path.h"

#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"
#include "store/artifact.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { DEEPEST = 256 };

/* A place on the way; the last one comes first. */
typedef struct {
    ost_feed feed;
    bool learned; /* a model, from items of the group itself */
} place;

/* An item that was met; texts live in the tracer's arena. */
typedef struct {
    const char *id;
    const char *group;
    const char *parent; /* the first, or NULL */
} sighting;

typedef struct {
    const ost_plan *plan;
    ost_batch *batch;
    ost_arena arena;
    const char *group; /* that is followed */
    ost_map holds;     /* digest of a set -> whether it holds the group */
    OST_VEC(place) way;
    OST_VEC(ost_feed) feeds; /* of the step that is looked at */
    /* the set that was decoded last */
    ost_arena set_arena;
    ost_digest set;
    const char *const *names;
    size_t n_names;
    ost_rc rc;
    ost_err *err;
} tracer;

/* --- sets of groups ---------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool set_holds(tracer *t, const ost_digest *set, const char *group)
{
    if (t->rc || ost_digest_is_zero(set))
        return false;
    if (!ost_digest_equal(set, &t->set)) {
        ost_arena_reset(&t->set_arena);
        t->set = *set;
        t->rc = ost_groups_get(t->batch, set, &t->set_arena, &t->names,
                               &t->n_names, t->err);
        if (t->rc)
            return false;
    }
    return bsearch(&group, t->names, t->n_names, sizeof(*t->names), by_name);
}

/* Whether a set holds the group that is followed; remembered. */
static bool exposed(tracer *t, const ost_digest *set)
{
    uint64_t known;

    if (ost_digest_is_zero(set))
        return false;
    if (!ost_map_get(&t->holds, set->b, sizeof(set->b), &known)) {
        known = set_holds(t, set, t->group);
        ost_map_put(&t->holds, set->b, sizeof(set->b), known);
    }
    return known;
}

/* --- artifacts and their items ----------------------------------------- */

static bool get_artifact(tracer *t, const ost_feed *feed, ost_arena *arena,
                         ost_artifact *a)
{
    const ost_digest *d = ost_plan_feed_digest(t->plan, feed);

    if (t->rc || ost_digest_is_zero(d))
        return false;
    t->rc = ost_artifact_get(t->batch, d, arena, a, t->err);
    return !t->rc;
}

typedef enum {
    FITS_NOT,
    FITS,
    FITS_BEST, /* no need to look further */
} fit;

typedef fit (*item_test)(tracer *t, const ost_item *item, const sighting *of);

static sighting seen(tracer *t, const ost_item *item)
{
    return (sighting){
        .id = ost_arena_strdup(&t->arena, item->id),
        .group = ost_arena_strdup(&t->arena, item->group),
        .parent = item->n_parents
                      ? ost_arena_strdup(&t->arena, item->parents[0])
                      : NULL,
    };
}

static fit test_page(tracer *t, const ost_item *items, size_t n, item_test test,
                     const sighting *of, fit best, sighting *found)
{
    for (size_t i = 0; i < n && best < FITS_BEST && !t->rc; i++) {
        fit f = test(t, &items[i], of);

        if (f <= best)
            continue;
        best = f;
        *found = seen(t, &items[i]);
    }
    return best;
}

/* The first best item that stands at a feed, else the first that fits. */
static fit find_item(tracer *t, const ost_feed *feed, item_test test,
                     const sighting *of, sighting *found)
{
    ost_arena arena = { 0 }, pages = { 0 };
    fit best = FITS_NOT;
    ost_artifact a;
    ost_item *items;
    size_t n;

    if (get_artifact(t, feed, &arena, &a) && ost_artifact_has_items(a.type)) {
        for (size_t p = 0; p < a.n_refs && best < FITS_BEST && !t->rc; p++) {
            t->rc =
                ost_dataset_page(t->batch, &a, p, &pages, &items, &n, t->err);
            if (!t->rc)
                best = test_page(t, items, n, test, of, best, found);
            ost_arena_reset(&pages);
        }
    }
    ost_arena_release(&pages);
    ost_arena_release(&arena);
    return t->rc ? FITS_NOT : best;
}

/* Whether `of` was made from `item`, or is it in another artifact. */
static bool related(const ost_item *item, const sighting *of)
{
    size_t n = strlen(item->id);

    return strcmp(item->id, of->id) == 0 ||
           (of->parent && strcmp(item->id, of->parent) == 0) ||
           (strncmp(item->id, of->id, n) == 0 && of->id[n] == '#');
}

static fit is_leaked(tracer *t, const ost_item *item, const sighting *of)
{
    (void)of;
    return set_holds(t, &item->exposure, item->group) ? FITS_BEST : FITS_NOT;
}

static fit is_exposed(tracer *t, const ost_item *item, const sighting *of)
{
    if (!exposed(t, &item->exposure))
        return FITS_NOT;
    return !of || related(item, of) ? FITS_BEST : FITS;
}

static fit is_of_group(tracer *t, const ost_item *item, const sighting *of)
{
    if (strcmp(item->group, t->group) != 0)
        return FITS_NOT;
    return !of || related(item, of) ? FITS_BEST : FITS;
}

/* --- one step upstream ------------------------------------------------- */

static void add_feed(void *user, const ost_feed *feed)
{
    tracer *t = user;

    ost_vec_push(&t->feeds, *feed);
}

static ost_artifact_type type_of(const tracer *t, const ost_feed *feed)
{
    const ost_node *node;

    if (feed->source >= 0)
        return ost_workflow_source(t->plan->wf, (size_t)feed->source)->type;
    node = ost_workflow_node(t->plan->wf, feed->node);
    return node->stage->outputs[feed->out].type;
}

/* A feed with an item that fits at least so well: in *at, the item in *found.
 */
static bool via_items(tracer *t, bool datasets_only, item_test test, fit least,
                      const sighting *of, ost_feed *at, sighting *found)
{
    for (size_t i = 0; i < t->feeds.len; i++) {
        const ost_feed *feed = &t->feeds.data[i];

        if (datasets_only && type_of(t, feed) != OST_DATASET)
            continue;
        if (find_item(t, feed, test, of, found) >= least) {
            *at = *feed;
            return true;
        }
    }
    return false;
}

static bool via_model(tracer *t, ost_feed *at)
{
    bool found = false;

    for (size_t i = 0; i < t->feeds.len && !found; i++) {
        ost_arena arena = { 0 };
        ost_artifact a;

        if (type_of(t, &t->feeds.data[i]) != OST_MODEL)
            continue;
        found = get_artifact(t, &t->feeds.data[i], &arena, &a) &&
                exposed(t, &a.exposure);
        if (found)
            *at = t->feeds.data[i];
        ost_arena_release(&arena);
    }
    return found;
}

/* From an item that is exposed to what exposed it. */
static bool from_item(tracer *t, ost_feed *at, sighting *item)
{
    sighting found;

    if (via_items(t, false, is_exposed, FITS_BEST, item, at, &found)) {
        *item = found;
        return true;
    }
    if (via_model(t, at))
        return true;
    if (!via_items(t, false, is_exposed, FITS, item, at, &found))
        return false;
    *item = found;
    return true;
}

/* From a model to what it learned from. */
static bool from_model(tracer *t, ost_feed *at, sighting *item)
{
    if (via_items(t, true, is_of_group, FITS, NULL, at, item)) {
        t->way.data[t->way.len - 1].learned = true;
        return true;
    }
    return via_model(t, at) ||
           via_items(t, false, is_exposed, FITS, NULL, at, item);
}

/* From an item of the group to what it was made from. */
static bool from_group(tracer *t, ost_feed *at, sighting *item)
{
    sighting found;

    if (via_items(t, false, is_of_group, FITS, item, at, &found)) {
        *item = found;
        return true;
    }
    if (t->feeds.len != 1)
        return false;
    *at = t->feeds.data[0]; /* files, whose groups are not known yet */
    return true;
}

/* Whether groups that came in are behind it: models, and items of stages that
 * learn. */
static bool has_learned(const tracer *t, const ost_feed *at)
{
    const ost_node *node;

    if (at->source >= 0)
        return false;
    node = ost_workflow_node(t->plan->wf, at->node);
    return type_of(t, at) == OST_MODEL ||
           (node->stage->flags & OST_STAGE_LEARNS) != 0;
}

static void follow(tracer *t, ost_feed at, sighting item)
{
    bool of_group = false, more = true;

    t->way.len = 0;
    while (more && !t->rc && t->way.len < DEEPEST) {
        bool model = has_learned(t, &at);

        ost_vec_push(&t->way, (place){ .feed = at });
        if (at.source >= 0)
            break;
        t->feeds.len = 0;
        ost_instance_feeds(t->plan->wf, at.node, at.instance, add_feed, t);
        if (model)
            more = from_model(t, &at, &item);
        else if (of_group)
            more = from_group(t, &at, &item);
        else
            more = from_item(t, &at, &item);
        of_group |= t->way.data[t->way.len - 1].learned;
    }
}

/* --- in words ---------------------------------------------------------- */

/* Names come from data: nothing in them commands a terminal. */
static void add_name(ost_buf *out, const char *name)
{
    size_t room = 4 * strlen(name) + 1;

    ost_buf_reserve(out, room);
    out->len += ost_utf8_shown((char *)out->data + out->len, room, name, "");
}

static void add_place(const tracer *t, const ost_feed *feed, ost_buf *out)
{
    ost_buf name = { 0 };

    ost_feed_name(t->plan->wf, feed, true, &name);
    add_name(out, ost_buf_str(&name));
    ost_buf_release(&name);
}

static void add_line(const tracer *t, const sighting *item, ost_buf *out)
{
    ost_buf_adds(out, "group '");
    add_name(out, item->group);
    ost_buf_adds(out, "' (item '");
    add_name(out, item->id);
    ost_buf_adds(out, "') reached ");
    add_place(t, &t->way.data[0].feed, out);
    ost_buf_adds(out, ": ");
    for (size_t i = t->way.len; i-- > 0;) {
        add_place(t, &t->way.data[i].feed, out);
        if (t->way.data[i].learned)
            ost_buf_adds(out, " (learned from it)");
        if (i > 0)
            ost_buf_adds(out, " -> ");
    }
}

ost_rc ost_leak_paths(const ost_plan *plan, ost_batch *batch, uint32_t step,
                      size_t most, ost_buf *out, ost_err *err)
{
    const ost_stage *stage = ost_plan_node_of(plan, step)->node->stage;
    tracer t = { .plan = plan, .batch = batch, .err = err };
    OST_VEC(ost_feed) inputs = { 0 };
    size_t told = 0;
    sighting item;

    if (!stage->judges)
        return OST_OK;
    ost_plan_feeds(plan, step, add_feed, &t);
    for (size_t i = 0; i < t.feeds.len; i++)
        if (ost_stage_judges(stage, stage->inputs[t.feeds.data[i].port].name))
            ost_vec_push(&inputs, t.feeds.data[i]);
    for (size_t i = 0; i < inputs.len && told < most && !t.rc; i++) {
        if (!find_item(&t, &inputs.data[i], is_leaked, NULL, &item))
            continue;
        t.group = item.group;
        follow(&t, inputs.data[i], item);
        ost_map_release(&t.holds);
        if (t.rc)
            break;
        ost_buf_adds(out, told++ ? "\n" : "");
        add_line(&t, &item, out);
    }
    ost_vec_release(&inputs);
    ost_vec_release(&t.feeds);
    ost_vec_release(&t.way);
    ost_map_release(&t.holds);
    ost_arena_release(&t.set_arena);
    ost_arena_release(&t.arena);
    return t.rc;
}
