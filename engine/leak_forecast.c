/* engine/leak_forecast.c - leaks that the workflow alone gives away */
#include "engine/leak_forecast.h"

#include "base/map.h"
#include "base/vec.h"
#include "store/artifact.h"

#include <string.h>

#include "base/banned.h"

enum { MOST_VISITS = 2000000 }; /* of artifacts; then nothing more is said */

typedef OST_VEC(ost_feed) feed_list;

typedef struct {
    const ost_workflow *wf;
    ost_forecast_visit visit;
    void *user;
    uint32_t judge;
    uint32_t judge_instance;
    feed_list line; /* what is judged, and what holds it; nearest first */
    ost_map in_line;
    feed_list upstream; /* everything that may have exposed it */
    ost_map seen;
    ost_map told; /* nodes of models that were told of, of the judge */
    size_t visits;
} forecast;

/* An artifact of the workflow, as a key. */
typedef struct {
    int32_t source;
    uint32_t node, instance, out;
} artifact_key;

static artifact_key key_of(const ost_feed *f)
{
    if (f->source >= 0)
        return (artifact_key){ .source = f->source };
    return (artifact_key){ -1, f->node, f->instance, f->out };
}

/* Appends an artifact that is new. */
static void add(ost_map *known, feed_list *list, const ost_feed *feed)
{
    artifact_key key = key_of(feed);

    if (ost_map_put(known, &key, sizeof(key), list->len))
        ost_vec_push(list, *feed);
}

static const ost_stage *maker(const forecast *f, const ost_feed *feed)
{
    return feed->source >= 0 ? NULL
                             : ost_workflow_node(f->wf, feed->node)->stage;
}

static ost_artifact_type type_of(const forecast *f, const ost_feed *feed)
{
    const ost_stage *stage = maker(f, feed);

    return stage ? stage->outputs[feed->out].type
                 : ost_workflow_source(f->wf, (size_t)feed->source)->type;
}

/* --- what an artifact is made of --------------------------------------- */

/* The port whose items the outputs are made of, or are. */
static int item_port(const ost_stage *stage)
{
    for (int i = 0; stage->inputs[i].name; i++)
        if (ost_artifact_has_items(stage->inputs[i].type))
            return i;
    return -1;
}

static bool learns(const ost_stage *stage)
{
    bool model = false;

    for (const ost_port *p = stage->outputs; p->name; p++)
        model |= p->type == OST_MODEL;
    return model;
}

/* Visits the feeds of the step that made an artifact. */
typedef struct {
    forecast *f;
    const ost_stage *stage;
    ost_map *known;
    feed_list *list;
    bool exposing; /* not the items alone, but all that exposes them */
} making;

static void visit_maker(void *user, const ost_feed *feed)
{
    making *m = user;
    const ost_port *port = &m->stage->inputs[feed->port];
    ost_artifact_type type = type_of(m->f, feed);
    bool first = (int)feed->port == item_port(m->stage);

    m->f->visits++;
    if (!m->exposing && !first)
        return;
    if (type == OST_METRICS && m->exposing) {
        add(m->known, m->list, feed); /* what they decide is exposed */
        return;
    }
    if (type != OST_MODEL && !ost_artifact_has_items(type))
        return;
    /* What may be left out of a stage that is no model decides nothing. */
    if (type != OST_MODEL && !first && port->optional &&
        port->type != OST_ANY && !learns(m->stage))
        return;
    add(m->known, m->list, feed);
}

static void add_makers(forecast *f, const ost_feed *feed, ost_map *known,
                       feed_list *list, bool exposing)
{
    making m = { f, maker(f, feed), known, list, exposing };

    if (m.stage)
        ost_instance_feeds(f->wf, feed->node, feed->instance, visit_maker, &m);
}

/* Everything that the list's first artifact is made of. */
static void close_over(forecast *f, ost_map *known, feed_list *list,
                       bool exposing)
{
    for (size_t i = 0; i < list->len && f->visits < MOST_VISITS; i++) {
        ost_feed feed = list->data[i];

        add_makers(f, &feed, known, list, exposing);
    }
}

/* --- models that know too much ----------------------------------------- */

/* The artifact of the line of which all groups are in `data`; -1: none. */
static int64_t in_line(forecast *f, const ost_feed *data)
{
    ost_map known = { 0 };
    feed_list list = { 0 };
    int64_t found = -1;

    add(&known, &list, data);
    for (size_t i = 0; i < list.len && found < 0; i++) {
        ost_feed feed = list.data[i];
        artifact_key key = key_of(&feed);
        const ost_stage *stage = maker(f, &feed);
        uint64_t at;

        if (ost_map_get(&f->in_line, &key, sizeof(key), &at))
            found = (int64_t)at;
        else if (stage && (stage->flags & OST_STAGE_KEEPS))
            add_makers(f, &feed, &known, &list, false);
    }
    ost_map_release(&known);
    ost_vec_release(&list);
    return found;
}

/* Where the line leaves items out on the way from `from`, to other outputs:
 * what the model could learn from. */
static bool find_division(const forecast *f, size_t from, ost_feed *held,
                          ost_feed *rest)
{
    for (size_t i = 0; i < from; i++) {
        const ost_feed *feed = &f->line.data[i];
        const ost_stage *stage = maker(f, feed);

        if (!stage || (stage->flags & (OST_STAGE_KEEPS | OST_STAGE_LEARNS)))
            continue;
        for (uint32_t p = 0; stage->outputs[p].name; p++) {
            if (p == feed->out || stage->outputs[p].type != OST_DATASET)
                continue;
            *held = *rest = *feed;
            rest->out = p;
            return true;
        }
    }
    return false;
}

/* The axes that a model needs in order to read `rest`: (with "per": ["fold"]).
 */
static void add_axes(const forecast *f, const ost_node *model,
                     const ost_feed *rest, ost_buf *out)
{
    const ost_node *node = ost_workflow_node(f->wf, rest->node);
    size_t n = 0;

    for (uint32_t i = 0; i < node->n_axes; i++) {
        bool has = false;

        for (uint32_t k = 0; k < model->n_axes; k++)
            has |= model->axes[k] == node->axes[i];
        if (has)
            continue;
        ost_buf_addf(out, "%s\"%s\"", n++ ? ", " : " (with \"per\": [",
                     ost_workflow_axis(f->wf, node->axes[i])->name);
    }
    ost_buf_adds(out, n ? "])" : "");
}

static void tell(forecast *f, const ost_feed *model, const ost_feed *data,
                 size_t at)
{
    const ost_node *judge = ost_workflow_node(f->wf, f->judge);
    const ost_node *node = ost_workflow_node(f->wf, model->node);
    ost_feed held, rest;
    ost_buf text = { 0 };

    if (!ost_map_put(&f->told, &model->node, sizeof(model->node), 0))
        return;
    ost_buf_addf(&text, "'%s' learns from '", node->name);
    ost_feed_name(f->wf, data, false, &text);
    if (find_division(f, at, &held, &rest)) {
        ost_buf_adds(&text, "', which holds the patients of '");
        ost_feed_name(f->wf, &held, true, &text);
        ost_buf_addf(&text, "' that '%s' judges: let it learn from '",
                     judge->name);
        ost_feed_name(f->wf, &rest, false, &text);
        ost_buf_addc(&text, '\'');
        add_axes(f, node, &rest, &text);
    } else {
        ost_buf_addf(&text,
                     "', which holds the patients that '%s' judges: let it "
                     "learn from others",
                     judge->name);
    }
    f->visit(f->user, f->judge, f->judge_instance, ost_buf_str(&text));
    ost_buf_release(&text);
}

static void visit_learner(void *user, const ost_feed *data)
{
    making *m = user;
    ost_feed model = m->list->data[0];
    int64_t at;

    if (type_of(m->f, data) != OST_DATASET)
        return;
    at = in_line(m->f, data);
    if (at >= 0)
        tell(m->f, &model, data, (size_t)at);
}

/* Metrics upstream decide: they are not measured on what is judged. */
static void visit_measured(void *user, const ost_feed *data)
{
    making *m = user;
    ost_feed metrics = m->list->data[0];
    const ost_port *port = &m->stage->inputs[data->port];
    ost_buf text = { 0 };

    if (!ost_stage_judges(m->stage, port->name) || in_line(m->f, data) < 0 ||
        !ost_map_put(&m->f->told, &metrics.node, sizeof(metrics.node), 0))
        return;
    ost_buf_addf(&text, "'%s' decides what '%s' judges, and is measured on '",
                 ost_workflow_node(m->f->wf, metrics.node)->name,
                 ost_workflow_node(m->f->wf, m->f->judge)->name);
    ost_feed_name(m->f->wf, data, false, &text);
    ost_buf_adds(&text, "', which holds the same patients: let it be measured "
                        "on validation patients");
    m->f->visit(m->f->user, m->f->judge, m->f->judge_instance,
                ost_buf_str(&text));
    ost_buf_release(&text);
}

/* Something that is judged. */
static void look_at(forecast *f, const ost_feed *judged)
{
    f->line.len = f->upstream.len = 0;
    ost_map_release(&f->in_line);
    ost_map_release(&f->seen);
    add(&f->in_line, &f->line, judged);
    close_over(f, &f->in_line, &f->line, false);
    add(&f->seen, &f->upstream, judged);
    close_over(f, &f->seen, &f->upstream, true);
    for (size_t i = 0; i < f->upstream.len && f->visits < MOST_VISITS; i++) {
        ost_feed feed = f->upstream.data[i];
        feed_list made = { &feed, 1, 1 };
        making m = { .f = f, .stage = maker(f, &feed), .list = &made };

        if (!m.stage)
            continue;
        if (type_of(f, &feed) == OST_MODEL ||
            (m.stage->flags & OST_STAGE_LEARNS))
            ost_instance_feeds(f->wf, feed.node, feed.instance, visit_learner,
                               &m);
        else if (type_of(f, &feed) == OST_METRICS)
            ost_instance_feeds(f->wf, feed.node, feed.instance, visit_measured,
                               &m);
    }
}

/* Whether a step that judges wants to know. */
static bool is_on(const forecast *f, uint32_t node, uint32_t instance)
{
    ost_buf text = { 0 };
    json_t *params = NULL;
    const char *word;
    bool on;

    if (!ost_instance_params(f->wf, node, instance, &text, NULL, NULL))
        params = json_loadb((const char *)text.data, text.len, 0, NULL);
    word = json_string_value(json_object_get(params, "leakage"));
    on = !word || strcmp(word, "off") != 0;
    json_decref(params);
    ost_buf_release(&text);
    return on;
}

static void add_judged(void *user, const ost_feed *feed)
{
    feed_list *list = user;

    ost_vec_push(list, *feed);
}

static void look_at_node(forecast *f, uint32_t node)
{
    const ost_node *n = ost_workflow_node(f->wf, node);
    feed_list feeds = { 0 };

    f->judge = node;
    for (uint32_t i = 0; i < n->instances && f->visits < MOST_VISITS; i++) {
        if (!is_on(f, node, i))
            continue;
        f->judge_instance = i;
        feeds.len = 0;
        ost_instance_feeds(f->wf, node, i, add_judged, &feeds);
        for (size_t k = 0; k < feeds.len && f->visits < MOST_VISITS; k++) {
            const ost_port *port = &n->stage->inputs[feeds.data[k].port];

            if (ost_stage_judges(n->stage, port->name))
                look_at(f, &feeds.data[k]);
        }
    }
    ost_map_release(&f->told);
    ost_vec_release(&feeds);
}

void ost_leak_forecast(const ost_workflow *wf, ost_forecast_visit visit,
                       void *user)
{
    const uint32_t *order = ost_workflow_order(wf);
    forecast f = { .wf = wf, .visit = visit, .user = user };

    for (size_t i = 0; i < ost_workflow_node_count(wf); i++)
        if (ost_workflow_node(wf, order[i])->stage->judges &&
            ost_workflow_node_is_live(wf, order[i]))
            look_at_node(&f, order[i]);
    ost_map_release(&f.in_line);
    ost_map_release(&f.seen);
    ost_vec_release(&f.line);
    ost_vec_release(&f.upstream);
}
