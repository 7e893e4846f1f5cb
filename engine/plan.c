/* engine/plan.c - the steps in order, with their keys and verdicts */
#include "engine/plan.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/recent.h"
#include "stages/params.h"

#include <string.h>

#include "base/banned.h"

static const char *const verdict_names[] = { "cached", "run", "maybe" };

const char *ost_verdict_name(ost_verdict v)
{
    return verdict_names[v];
}

void ost_plan_free(ost_plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->change_texts.len; i++)
        ost_free(plan->change_texts.data[i]);
    ost_vec_release(&plan->change_texts);
    ost_map_release(&plan->changes);
    ost_vec_release(&plan->nodes);
    ost_free(plan->steps);
    ost_free(plan->digests);
    ost_free(plan->node_of);
    ost_placing_release(&plan->placing);
    ost_arena_release(&plan->arena);
    ost_free(plan);
}

ost_rc ost_plan_scan(const ost_workflow *wf, ost_batch *batch,
                     const ost_scan_options *options, ost_source_state *states,
                     ost_err *err)
{
    for (size_t i = 0; i < ost_workflow_source_count(wf); i++) {
        ost_rc rc = ost_source_scan(batch, ost_workflow_source(wf, i), options,
                                    &states[i], err);

        if (rc)
            return rc;
    }
    return OST_OK;
}

/* --- small look-ups ------------------------------------------------------- */

const ost_plan_node *ost_plan_node_of(const ost_plan *plan, uint32_t step)
{
    return &plan->nodes.data[plan->steps[step].node];
}

ost_digest *ost_plan_outputs(const ost_plan *plan, uint32_t step)
{
    return &plan->digests[plan->steps[step].outputs];
}

uint32_t ost_plan_step_at(const ost_plan *plan, uint32_t node,
                          uint32_t instance)
{
    uint32_t at = plan->node_of[node];

    if (at == UINT32_MAX)
        OST_BUG(); /* a live node reads one that is not */
    return plan->nodes.data[at].first_step + instance;
}

void ost_plan_step_name(const ost_plan *plan, uint32_t step, ost_buf *out)
{
    const ost_plan_node *n = ost_plan_node_of(plan, step);
    const ost_feed *feed;
    ost_buf name = { 0 };

    if (!n->exported) {
        ost_step_name(plan->wf, (uint32_t)n->index, plan->steps[step].instance,
                      out);
        return;
    }
    feed = &n->exported->feeds[plan->steps[step].instance];
    ost_buf_adds(out, n->node->name);
    if (feed->source < 0) {
        ost_step_name(plan->wf, feed->node, feed->instance, &name);
        if (strchr(ost_buf_str(&name), '['))
            ost_buf_adds(out, strchr(ost_buf_str(&name), '['));
    }
    ost_buf_release(&name);
}

void ost_plan_feeds(const ost_plan *plan, uint32_t step, ost_feed_visit visit,
                    void *user)
{
    const ost_plan_node *n = ost_plan_node_of(plan, step);
    uint32_t instance = plan->steps[step].instance;
    ost_feed feed;

    if (!n->exported) {
        ost_instance_feeds(plan->wf, (uint32_t)n->index, instance, visit, user);
        return;
    }
    feed = n->exported->feeds[instance];
    feed.port = 0;
    feed.row = NULL;
    visit(user, &feed);
}

const ost_digest *ost_plan_feed_digest(const ost_plan *plan,
                                       const ost_feed *feed)
{
    uint32_t step;

    if (feed->source >= 0)
        return &plan->sources[feed->source].artifact;
    step = ost_plan_step_at(plan, feed->node, feed->instance);
    return &plan->digests[plan->steps[step].outputs + feed->out];
}

typedef struct known_visit {
    const ost_plan *plan;
    bool known;
} known_visit;

static void visit_known(void *user, const ost_feed *feed)
{
    known_visit *v = user;

    v->known =
        v->known && !ost_digest_is_zero(ost_plan_feed_digest(v->plan, feed));
}

bool ost_plan_inputs_known(const ost_plan *plan, uint32_t step)
{
    known_visit v = { plan, true };

    ost_plan_feeds(plan, step, visit_known, &v);
    return v.known;
}

/* --- nodes ---------------------------------------------------------------- */

static ost_rc add_node(ost_plan *plan, ost_plan_node n, ost_err *err)
{
    ost_rc rc;

    n.first_step = (uint32_t)plan->n_steps;
    n.n_outputs = (uint32_t)ost_port_count(n.node->stage->outputs);
    rc = ost_place_node(&plan->placing, n.node, &n.place, err);
    if (rc)
        return rc;
    if (plan->n_steps + n.node->instances > UINT32_MAX / 2)
        return ost_fail(err, OST_EWORKFLOW, "more than %u steps",
                        UINT32_MAX / 2);
    plan->n_steps += n.node->instances;
    if (n.index >= 0)
        plan->node_of[n.index] = (uint32_t)plan->nodes.len;
    ost_vec_push(&plan->nodes, n);
    return OST_OK;
}

static const ost_stage *exporting_stage(void)
{
    for (const ost_stage *const *s = ost_stages; *s; s++) {
        if ((*s)->flags & OST_STAGE_EXPORTS)
            return *s;
    }
    return NULL;
}

static bool is_dataset(const ost_workflow *wf, const ost_wf_output *out)
{
    const ost_feed *f = out->feeds;

    return out->n_feeds > 0 && f->source < 0 &&
           ost_workflow_node(wf, f->node)->stage->outputs[f->out].type ==
               OST_DATASET;
}

/* The implicit export of one dataset output: a node of our own, its parameters
 * at their defaults. */
static ost_rc add_export(ost_plan *plan, const ost_stage *stage,
                         const ost_wf_output *out, ost_err *err)
{
    ost_node *node = OST_ARENA_NEW(&plan->arena, ost_node);
    ost_plan_node n = { .node = node, .exported = out, .index = -1 };
    ost_buf text = { 0 };
    json_t *full = NULL;
    ost_rc rc;

    rc = ost_params_complete(stage, NULL, NULL, NULL, &full, err);
    if (rc)
        return rc;
    *node = (ost_node){
        .name = ost_arena_printf(&plan->arena, "export:%s", out->name),
        .pointer = "/outputs",
        .stage = stage,
        .instances = (uint32_t)out->n_feeds,
        .params_fixed = true,
        .seed_fixed = true,
    };
    ost_json_canonical(&text, full);
    n.params_json = ost_arena_strdup(&plan->arena, ost_buf_str(&text));
    ost_buf_reset(&text);
    ost_params_key(stage, full, &text);
    n.prefix = ost_arena_strdup(&plan->arena, ost_buf_str(&text));
    n.seed = "null";
    json_decref(full);
    ost_buf_release(&text);
    return add_node(plan, n, err);
}

static ost_rc add_nodes(ost_plan *plan, const ost_plan_options *o, ost_err *err)
{
    const uint32_t *order = ost_workflow_order(plan->wf);
    size_t count = ost_workflow_node_count(plan->wf);
    const ost_stage *exporter = exporting_stage();
    ost_rc rc = OST_OK;

    plan->node_of = ost_xalloc((count + 1) * sizeof(*plan->node_of));
    memset(plan->node_of, 0xff, count * sizeof(*plan->node_of));
    for (size_t i = 0; i < count && !rc; i++) {
        ost_plan_node n = { .node = ost_workflow_node(plan->wf, order[i]),
                            .index = order[i] };

        if (ost_workflow_node_is_live(plan->wf, order[i]))
            rc = add_node(plan, n, err);
    }
    for (size_t i = 0; o->exports && exporter && !rc &&
                       i < ost_workflow_output_count(plan->wf);
         i++) {
        const ost_wf_output *out = ost_workflow_output(plan->wf, i);

        if (is_dataset(plan->wf, out))
            rc = add_export(plan, exporter, out, err);
    }
    return rc;
}

/* --- key components ------------------------------------------------------- */

static void add_identity(const ost_stage *stage, ost_buf *out)
{
    ost_key_text(out, "stage", stage->name);
    ost_buf_addf(out, "version=%u\n", stage->version);
}

/* Components up to the inputs, parameters and seed, of one instance. */
static ost_rc compose(const ost_plan *plan, const ost_plan_node *n,
                      uint32_t instance, ost_buf *components, ost_buf *params,
                      ost_buf *seed, ost_err *err)
{
    const ost_stage *stage = n->node->stage;
    const ost_secret *secret = ost_workflow_secret(plan->wf, NULL);
    char mark[OST_SECRET_MARK];
    ost_buf text = { 0 };
    ost_rc rc = OST_OK;

    add_identity(stage, components);
    if (n->exported)
        ost_buf_adds(components, n->prefix);
    else
        rc = ost_instance_params(plan->wf, (uint32_t)n->index, instance, params,
                                 components, err);
    if (!rc && !n->exported)
        rc = ost_instance_seed(plan->wf, (uint32_t)n->index, instance, &text,
                               err);
    if (rc)
        goto out;
    if (stage->flags & OST_STAGE_DRAWS)
        ost_key_text(components, "seed", ost_buf_str(&text));
    if ((stage->flags & OST_STAGE_SECRET) && secret->known)
        ost_key_text(components, "secret", ost_secret_mark(secret, mark));
    if (*n->place.numeric)
        ost_key_text(components, "numeric", n->place.numeric);
    if (seed)
        ost_buf_adds(seed, ost_buf_str(&text));
out:
    ost_buf_release(&text);
    return rc;
}

/* Composes once what is the same for all instances of a node. */
static ost_rc prepare_node(ost_plan *plan, ost_plan_node *n, ost_err *err)
{
    ost_buf components = { 0 }, params = { 0 }, seed = { 0 };
    ost_rc rc = OST_OK;

    if (!n->node->params_fixed || !n->node->seed_fixed ||
        n->node->instances == 0)
        return OST_OK;
    rc = compose(plan, n, 0, &components, &params, &seed, err);
    if (!rc) {
        n->prefix = ost_arena_strdup(&plan->arena, ost_buf_str(&components));
        if (!n->exported) {
            n->params_json =
                ost_arena_strdup(&plan->arena, ost_buf_str(&params));
            n->seed = ost_arena_strdup(&plan->arena, ost_buf_str(&seed));
        }
    }
    ost_buf_release(&components);
    ost_buf_release(&params);
    ost_buf_release(&seed);
    return rc;
}

typedef struct input_walk {
    const ost_plan *plan;
    const ost_plan_node *node;
    ost_input_visit visit;
    void *user;
    ost_buf name;
    uint32_t port;
    uint32_t index; /* within the port */
} input_walk;

static bool has_axis(const ost_node *node, uint32_t axis)
{
    for (uint32_t i = 0; i < node->n_axes; i++) {
        if (node->axes[i] == axis)
            return true;
    }
    return false;
}

/* A component is one line, whatever a row or an axis value is called. */
static void add_word(ost_buf *out, const char *word)
{
    for (; *word; word++) {
        if (*word == '\n')
            ost_buf_adds(out, "\\n");
        else
            ost_buf_addc(out, *word);
    }
}

/* The axes over which the reader gathers: they reach the stage. */
static void add_axes(const input_walk *v, const ost_feed *feed, ost_buf *out)
{
    const ost_workflow *wf = v->plan->wf;
    const ost_node *from = ost_workflow_node(wf, feed->node);

    for (uint32_t i = 0; i < from->n_axes; i++) {
        const ost_axis *axis = ost_workflow_axis(wf, from->axes[i]);
        int64_t value;

        if (v->node->exported || has_axis(v->node->node, from->axes[i]))
            continue;
        value = ost_instance_axis_value(wf, feed->node, feed->instance,
                                        from->axes[i]);
        ost_buf_addf(out, ";%s=", axis->name);
        add_word(out, axis->values[value]);
    }
}

static void walk_input(void *user, const ost_feed *feed)
{
    input_walk *v = user;

    if (feed->port != v->port) {
        v->port = feed->port;
        v->index = 0;
    }
    ost_buf_reset(&v->name);
    ost_buf_addf(&v->name, "in.%s[%u",
                 v->node->node->stage->inputs[feed->port].name, v->index++);
    if (feed->row) {
        ost_buf_addc(&v->name, ':');
        add_word(&v->name, feed->row);
    }
    if (feed->source < 0)
        add_axes(v, feed, &v->name);
    ost_buf_addc(&v->name, ']');
    v->visit(v->user, ost_buf_str(&v->name), feed);
}

void ost_plan_inputs(const ost_plan *plan, uint32_t step, ost_input_visit visit,
                     void *user)
{
    input_walk v = { .plan = plan,
                     .node = ost_plan_node_of(plan, step),
                     .visit = visit,
                     .user = user,
                     .port = UINT32_MAX };

    ost_plan_feeds(plan, step, walk_input, &v);
    ost_buf_release(&v.name);
}

typedef struct component_visit {
    const ost_plan *plan;
    ost_buf *out;
} component_visit;

static void visit_component(void *user, const char *name, const ost_feed *feed)
{
    component_visit *v = user;

    ost_key_digest(v->out, name, ost_plan_feed_digest(v->plan, feed));
}

ost_rc ost_plan_components(const ost_plan *plan, uint32_t step,
                           ost_buf *components, ost_buf *params, ost_buf *seed,
                           ost_err *err)
{
    const ost_plan_node *n = ost_plan_node_of(plan, step);
    component_visit v = { plan, components };
    ost_rc rc;

    if (n->prefix) {
        ost_buf_adds(components, n->prefix);
        if (params)
            ost_buf_adds(params, n->params_json);
        if (seed)
            ost_buf_adds(seed, n->seed);
    } else {
        rc = compose(plan, n, plan->steps[step].instance, components, params,
                     seed, err);
        if (rc)
            return rc;
    }
    ost_plan_inputs(plan, step, visit_component, &v);
    return OST_OK;
}

bool ost_plan_probe(ost_plan *plan, uint32_t step)
{
    const ost_plan_node *n = ost_plan_node_of(plan, step);
    ost_step *s = &plan->steps[step];
    bool found = ost_record_outputs(plan->store, &s->key, n->node->stage,
                                    ost_plan_outputs(plan, step));

    if (!found &&
        ost_store_has(plan->store, OST_TABLE_NODES, s->key.b, sizeof(s->key.b)))
        s->flags |= OST_STEP_MISSING;
    return found;
}

/* --- targets -------------------------------------------------------------- */

static ost_rc no_such_node(const ost_plan *plan, const char *word,
                           const char *name, ost_err *err)
{
    OST_VEC(const char *) names = { 0 };
    const char *near;

    for (size_t i = 0; i < plan->nodes.len; i++)
        ost_vec_push(&names, plan->nodes.data[i].node->name);
    near = ost_nearest(name, names.data, names.len);
    ost_vec_release(&names);
    return ost_fail(err, OST_EUSAGE, "%s: no node '%s'%s%s%s", word, name,
                    near ? " (did you mean '" : "", near ? near : "",
                    near ? "'?)" : "");
}

/* Calls set() for each step that a name stands for: a node's name for all of
 * its instances, a step's name for one. */
static ost_rc mark(ost_plan *plan, const char *word, const char *name,
                   unsigned set, unsigned clear, ost_err *err)
{
    size_t length = strcspn(name, "[");
    ost_buf text = { 0 };
    bool found = false;

    for (size_t i = 0; i < plan->nodes.len; i++) {
        const ost_plan_node *n = &plan->nodes.data[i];

        if (strlen(n->node->name) != length ||
            strncmp(n->node->name, name, length) != 0)
            continue;
        for (uint32_t k = 0; k < n->node->instances; k++) {
            ost_step *s = &plan->steps[n->first_step + k];

            ost_buf_reset(&text);
            if (name[length])
                ost_plan_step_name(plan, n->first_step + k, &text);
            if (name[length] && strcmp(ost_buf_str(&text), name) != 0)
                continue;
            s->flags = (uint8_t)((s->flags | set) & ~clear);
            found = true;
        }
    }
    ost_buf_release(&text);
    return found ? OST_OK : no_such_node(plan, word, name, err);
}

static void visit_needed(void *user, const ost_feed *feed)
{
    ost_plan *plan = user;

    if (feed->source < 0)
        plan->steps[ost_plan_step_at(plan, feed->node, feed->instance)].flags &=
            (uint8_t)~OST_STEP_OUT;
}

/* The datasets among the outputs that the targets bring along are written. */
static void keep_exports(ost_plan *plan)
{
    for (size_t i = 0; i < plan->nodes.len; i++) {
        const ost_plan_node *n = &plan->nodes.data[i];

        for (uint32_t k = 0; n->exported && k < n->node->instances; k++) {
            const ost_feed *feed = &n->exported->feeds[k];
            ost_step *s = &plan->steps[n->first_step + k];

            if (feed->source >= 0 || !(s->flags & OST_STEP_OUT) ||
                (plan->steps[ost_plan_step_at(plan, feed->node, feed->instance)]
                     .flags &
                 OST_STEP_OUT))
                continue;
            s->flags &= (uint8_t)~OST_STEP_OUT;
            plan->n_out--;
        }
    }
}

static ost_rc choose_steps(ost_plan *plan, const ost_plan_options *o,
                           ost_err *err)
{
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < o->n_forced && !rc; i++)
        rc = mark(plan, "--force", o->forced[i], OST_STEP_FORCED, 0, err);
    if (rc || o->n_targets == 0)
        return rc;
    for (size_t i = 0; i < plan->n_steps; i++)
        plan->steps[i].flags |= OST_STEP_OUT;
    for (size_t i = 0; i < o->n_targets && !rc; i++)
        rc = mark(plan, "--target", o->targets[i], 0, OST_STEP_OUT, err);
    for (size_t i = plan->n_steps; i-- > 0 && !rc;) {
        if (plan->steps[i].flags & OST_STEP_OUT)
            plan->n_out++;
        else
            ost_plan_feeds(plan, (uint32_t)i, visit_needed, plan);
    }
    keep_exports(plan);
    return rc;
}

/* --- building ------------------------------------------------------------- */

static void number_steps(ost_plan *plan)
{
    size_t outputs = 0;

    plan->steps = ost_xalloc((plan->n_steps + 1) * sizeof(*plan->steps));
    for (size_t i = 0; i < plan->nodes.len; i++) {
        const ost_plan_node *n = &plan->nodes.data[i];

        for (uint32_t k = 0; k < n->node->instances; k++) {
            plan->steps[n->first_step + k] = (ost_step){
                .node = (uint32_t)i,
                .instance = k,
                .outputs = (uint32_t)outputs,
                .verdict = OST_VERDICT_RUN,
            };
            outputs += n->n_outputs;
        }
    }
    plan->digests = ost_xalloc((outputs + 1) * sizeof(*plan->digests));
}

static ost_rc judge(ost_plan *plan, uint32_t step, ost_buf *scratch,
                    ost_err *err)
{
    ost_step *s = &plan->steps[step];
    ost_rc rc;

    if (!ost_plan_inputs_known(plan, step)) {
        s->verdict = OST_VERDICT_MAYBE;
        return OST_OK;
    }
    ost_buf_reset(scratch);
    rc = ost_plan_components(plan, step, scratch, NULL, NULL, err);
    if (rc)
        return rc;
    s->key = ost_key_of(scratch);
    if (!(s->flags & OST_STEP_FORCED) && ost_plan_probe(plan, step))
        s->verdict = OST_VERDICT_CACHED;
    return OST_OK;
}

/* What is said on the command line counts before the document. */
static void set_words(ost_plan *plan, const ost_plan_options *o)
{
    const char *numerics = ost_workflow_numerics(plan->wf);

    if (o->numerics)
        numerics = o->numerics;
    plan->placing = (ost_placing){
        .backend = o->backend ? o->backend : "auto",
        .numerics = numerics ? numerics : OST_NUMERICS_DEFAULT,
        .words = o->gpus,
    };
}

ost_rc ost_plan_build(const ost_workflow *wf, ost_store *store,
                      const ost_plan_options *options, ost_plan **out,
                      ost_err *err)
{
    ost_plan *plan = ost_xalloc(sizeof(*plan));
    ost_buf scratch = { 0 };
    ost_rc rc;

    *out = plan;
    plan->wf = wf;
    plan->store = store;
    plan->sources = options->sources;
    plan->batch = options->batch;
    plan->remembered = ost_recent_any(store, ost_workflow_name(wf));
    set_words(plan, options);
    rc = ost_placing_check(&plan->placing, err);
    if (!rc)
        rc = add_nodes(plan, options, err);
    if (rc)
        return rc;
    number_steps(plan);
    rc = choose_steps(plan, options, err);
    for (size_t i = 0; i < plan->nodes.len && !rc; i++)
        rc = prepare_node(plan, &plan->nodes.data[i], err);
    for (size_t i = 0; i < plan->n_steps && !rc; i++) {
        if (!(plan->steps[i].flags & OST_STEP_OUT))
            rc = judge(plan, (uint32_t)i, &scratch, err);
    }
    ost_buf_release(&scratch);
    return rc;
}
