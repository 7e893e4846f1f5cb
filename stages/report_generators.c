/* stages/report_generators.c - what generators made while they learned, and
 * what of it is nearest to what they learned from
 *
 * Of the grids of a training (stage `train_gan`: one picture for each time that
 * it sampled) as many are shown as `examples` says, the first and the last
 * among them, in the order of the attribute `step`.  A wide one is cut to its
 * first columns, the same of all, so that single images stay large enough to be
 * looked at.
 *
 * Nearest pairs are those that `evaluate_images` lists.  Both pictures are
 * looked up by id, at the ports `generated` and `training`, or `real`.
 */
#include "base/alloc.h"
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"
#include "stages/report_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { GRID_COLUMNS = 8, GRID_SIDE = 1024 };

/* --- grids --------------------------------------------------------------- */

typedef struct {
    const ost_item *item;
    double step;
} sampling;

static double number_of(const ost_item *item, const char *name)
{
    const ost_attr *a = ost_item_attr(item, name);

    return a && a->kind == OST_ATTR_NUMBER ? a->number : 0.0;
}

static int by_step(const void *a, const void *b)
{
    const sampling *x = a, *y = b;

    if (x->step != y->step)
        return x->step < y->step ? -1 : 1;
    return ost_id_compare(x->item->id, y->item->id);
}

static ost_rc add_grid(ost_report_gathering *g, const sampling *s, json_t *all,
                       ost_err *err)
{
    json_t *entry = json_pack("{s:s, s:f}", "id", s->item->id, "step", s->step);
    double columns = number_of(s->item, "columns");
    double share = columns > GRID_COLUMNS ? GRID_COLUMNS / columns : 1.0;
    ost_rc rc = ost_report_add_part(g, s->item, share, GRID_SIDE, "picture",
                                    entry, err);

    json_array_append_new(all, entry);
    return rc;
}

/* The grids of one training. */
static ost_rc add_grids(ost_report_gathering *g, const ost_input *in,
                        json_t *out, ost_err *err)
{
    size_t most = (size_t)g->params->examples;
    json_t *entry = ost_report_entry(in), *steps = json_array();
    const ost_item *items;
    sampling *all = NULL;
    size_t n;
    ost_rc rc = ost_ctx_items(g->ctx, in, &items, &n, err);

    if (!rc && n > 0) {
        all = ost_xalloc(n * sizeof(*all));
        for (size_t i = 0; i < n; i++)
            all[i] = (sampling){ &items[i], number_of(&items[i], "step") };
        qsort(all, n, sizeof(*all), by_step);
    }
    most = !rc && n < most ? n : most;
    for (size_t k = 0; k < most && !rc; k++) {
        size_t at = most > 1 ? k * (n - 1) / (most - 1) : n - 1;

        rc = add_grid(g, &all[at], steps, err);
    }
    json_object_set_new(entry, "steps", steps);
    json_object_set_new(entry, "n_steps", json_integer(rc ? 0 : (json_int_t)n));
    json_array_append_new(out, entry);
    ost_free(all);
    return rc;
}

ost_rc ost_report_gather_grids(ost_report_gathering *g, ost_err *err)
{
    size_t n = ost_ctx_input_count(g->ctx, "grids");
    json_t *all;
    ost_rc rc = OST_OK;

    if (n == 0)
        return OST_OK;
    all = json_array();
    json_object_set_new(g->doc, "grids", all);
    for (size_t i = 0; i < n && !rc; i++)
        rc = add_grids(g, ost_ctx_input(g->ctx, "grids", i), all, err);
    return rc;
}

/* --- neighbors ----------------------------------------------------------- */

/* Where pictures are: id -> index. */
typedef struct {
    ost_map index;
    OST_VEC(const ost_item *) items;
} album;

static ost_rc open_album(ost_report_gathering *g, const char *port, album *al,
                         ost_err *err)
{
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < ost_ctx_input_count(g->ctx, port) && !rc; i++) {
        const ost_item *items;
        size_t n;

        rc = ost_ctx_items(g->ctx, ost_ctx_input(g->ctx, port, i), &items, &n,
                           err);
        for (size_t k = 0; k < n && !rc; k++)
            if (ost_map_put(&al->index, items[k].id, strlen(items[k].id),
                            al->items.len))
                ost_vec_push(&al->items, &items[k]);
    }
    return rc;
}

static void release_album(album *al)
{
    ost_vec_release(&al->items);
    ost_map_release(&al->index);
}

static const ost_item *look_up(const album *al, const json_t *pair,
                               const char *member)
{
    const char *id = json_string_value(json_object_get(pair, member));
    uint64_t at;

    return id && ost_map_get(&al->index, id, strlen(id), &at)
               ? al->items.data[at]
               : NULL;
}

static ost_rc add_side(ost_report_gathering *g, const ost_item *item,
                       const char *member, json_t *pair, ost_err *err)
{
    json_t *side = json_pack("{s:s}", "id", item->id);

    json_object_set_new(pair, member, side);
    return ost_report_add_picture(g, item, g->params->field, "picture", side,
                                  err);
}

/* The pairs of one metrics document whose pictures are both there. */
static ost_rc add_pairs(ost_report_gathering *g, const json_t *metrics,
                        const album *made, const album *learned, json_t *out,
                        ost_err *err)
{
    static const char *const spaces[] = { "features", "pixels" };
    const json_t *copies =
        json_object_get(json_object_get(metrics, "document"), "memorization");
    size_t taken = 0;
    ost_rc rc = OST_OK;

    for (size_t s = 0; s < 2 && taken == 0; s++) {
        const json_t *pairs =
            json_object_get(json_object_get(copies, spaces[s]), "nearest");

        for (size_t i = 0; i < json_array_size(pairs) && !rc &&
                           taken < (size_t)g->params->examples;
             i++) {
            const json_t *pair = json_array_get(pairs, i);
            const ost_item *a = look_up(made, pair, "generated");
            const ost_item *b = look_up(learned, pair, "learned");
            json_t *entry;

            if (!a || !b)
                continue;
            entry = json_pack("{s:O, s:s}", "distance",
                              json_object_get(pair, "distance"), "space",
                              spaces[s]);
            json_array_append_new(out, entry);
            taken++;
            rc = add_side(g, a, "generated", entry, err);
            if (!rc)
                rc = add_side(g, b, "learned", entry, err);
        }
    }
    return rc;
}

/* The axis `step` of a metrics document; -1: it has none. */
static double step_of(const json_t *metrics, size_t i)
{
    const json_t *axes = json_object_get(json_array_get(metrics, i), "axes");
    const char *text = json_string_value(json_object_get(axes, "step"));
    double step;

    return text && ost_parse_f64(text, &step) ? step : -1.0;
}

/* Of a training that was judged as it went on the end is shown first. */
static double last_step(const json_t *metrics)
{
    double last = -1.0;

    for (size_t i = 0; i < json_array_size(metrics); i++)
        last = fmax(last, step_of(metrics, i));
    return last;
}

ost_rc ost_report_gather_neighbors(ost_report_gathering *g, ost_err *err)
{
    const json_t *metrics = json_object_get(g->doc, "metrics");
    double last = last_step(metrics);
    album made = { 0 }, learned = { 0 };
    json_t *all = json_array();
    ost_rc rc = open_album(g, "generated", &made, err);

    if (!rc)
        rc = open_album(g, "training", &learned, err);
    if (!rc)
        rc = open_album(g, "real", &learned, err);
    for (int others = 0; others < 2; others++)
        for (size_t k = 0; k < json_array_size(metrics) && !rc; k++)
            if (json_array_size(all) == 0 &&
                (step_of(metrics, k) != last) == others)
                rc = add_pairs(g, json_array_get(metrics, k), &made, &learned,
                               all, err);
    if (json_array_size(all) > 0)
        json_object_set(g->doc, "neighbors", all);
    json_decref(all);
    release_album(&made);
    release_album(&learned);
    return rc;
}
