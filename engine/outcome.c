/* engine/outcome.c - what stands under "outputs" after a run */
#include "engine/outcome.h"

#include "base/clock.h"
#include "engine/gate.h"

#include <string.h>

#include "base/banned.h"

/* --- making --------------------------------------------------------------- */

static void add_axes(const ost_plan *plan, const ost_feed *feed,
                     ost_arena *arena, ost_outcome_part *part)
{
    const ost_node *node;

    if (feed->source >= 0)
        return;
    node = ost_workflow_node(plan->wf, feed->node);
    part->axes =
        OST_ARENA_ARRAY(arena, const char *, 2 * (size_t)node->n_axes + 1);
    part->n_axes = node->n_axes;
    for (size_t i = 0; i < node->n_axes; i++) {
        const ost_axis *axis = ost_workflow_axis(plan->wf, node->axes[i]);
        int64_t value = ost_instance_axis_value(plan->wf, feed->node,
                                                feed->instance, node->axes[i]);

        part->axes[2 * i] = ost_arena_strdup(arena, axis->name);
        part->axes[2 * i + 1] = ost_arena_strdup(arena, axis->values[value]);
    }
}

/* The files that an implicit export made of part `i`, or zero. */
static ost_digest exported(const ost_plan *plan, const ost_wf_output *out,
                           size_t i)
{
    const ost_digest none = { { 0 } };

    for (size_t k = 0; k < plan->nodes.len; k++) {
        const ost_plan_node *n = &plan->nodes.data[k];

        if (n->exported == out)
            return *ost_plan_outputs(plan, n->first_step + (uint32_t)i);
    }
    return none;
}

/* False when a part is not known: not computed, or not asked for. */
static bool make_output(const ost_plan *plan, const ost_wf_output *out,
                        ost_arena *arena, ost_outcome_output *o)
{
    o->name = ost_arena_strdup(arena, out->name);
    o->parts = OST_ARENA_ARRAY(arena, ost_outcome_part, out->n_feeds);
    o->n_parts = out->n_feeds;
    for (size_t i = 0; i < out->n_feeds; i++) {
        const ost_feed *feed = &out->feeds[i];
        ost_outcome_part *part = &o->parts[i];

        part->artifact = *ost_plan_feed_digest(plan, feed);
        if (ost_digest_is_zero(&part->artifact))
            return false;
        part->exported = exported(plan, out, i);
        part->root =
            feed->source < 0
                ? ""
                : ost_arena_strdup(arena, plan->sources[feed->source].root);
        add_axes(plan, feed, arena, part);
    }
    return true;
}

static ost_rc judge_gates(const ost_plan *plan, ost_batch *batch,
                          ost_arena *arena, ost_outcome *o, ost_err *err)
{
    OST_VEC(ost_gate_result) gates = { 0 };
    ost_rc rc = OST_OK;
    size_t at = 0;

    for (size_t i = 0; i < ost_workflow_output_count(plan->wf) && !rc; i++) {
        const ost_wf_output *out = ost_workflow_output(plan->wf, i);

        if (at == o->n_outputs || strcmp(o->outputs[at].name, out->name) != 0)
            continue;
        for (size_t g = 0; g < out->n_gates && !rc; g++) {
            for (size_t p = 0; p < o->outputs[at].n_parts && !rc; p++) {
                ost_gate_result result;

                rc = ost_gate_judge(batch, out->name, &out->gates[g],
                                    &o->outputs[at].parts[p].artifact, arena,
                                    &result, err);
                ost_vec_push(&gates, result);
            }
        }
        at++;
    }
    o->n_gates = gates.len;
    o->gates =
        ost_arena_copy(arena, gates.data, gates.len * sizeof(*gates.data));
    ost_vec_release(&gates);
    return rc;
}

ost_rc ost_outcome_make(const ost_plan *plan, ost_batch *batch, const char *run,
                        ost_arena *arena, ost_outcome *o, ost_err *err)
{
    size_t n = ost_workflow_output_count(plan->wf);

    *o = (ost_outcome){ .run = ost_arena_strdup(arena, run),
                        .workflow = ost_arena_strdup(
                            arena, ost_workflow_name(plan->wf)),
                        .wall_ns = ost_wall_ns(),
                        .steps = plan->n_steps - plan->n_out };
    o->outputs = OST_ARENA_ARRAY(arena, ost_outcome_output, n);
    for (size_t i = 0; i < n; i++)
        o->n_outputs += make_output(plan, ost_workflow_output(plan->wf, i),
                                    arena, &o->outputs[o->n_outputs]);
    return judge_gates(plan, batch, arena, o, err);
}

bool ost_outcome_passed(const ost_outcome *o)
{
    for (size_t i = 0; i < o->n_gates; i++) {
        if (!o->gates[i].passed)
            return false;
    }
    return true;
}

ost_rc ost_outcome_judge(const ost_plan *plan, ost_batch *batch, ost_err *err)
{
    ost_arena arena = { 0 };
    ost_outcome outcome;
    ost_rc rc = ost_outcome_make(plan, batch, "", &arena, &outcome, err);

    if (!rc && !ost_outcome_passed(&outcome))
        rc = ost_fail(err, OST_EGATE, "a metric gate failed");
    ost_arena_release(&arena);
    return rc;
}

void ost_outcome_gates(const ost_outcome *o, ost_buf *out)
{
    for (size_t i = 0; i < o->n_gates; i++) {
        const ost_gate_result *g = &o->gates[i];

        ost_buf_addf(out, "%-6s  %s: %s %s %g (%s)\n",
                     g->passed ? "passed" : "FAILED", g->output, g->path, g->op,
                     g->bound, g->found);
    }
}

bool ost_outcome_present(const ost_outcome *o, ost_store *store)
{
    for (size_t i = 0; i < o->n_outputs; i++) {
        for (size_t k = 0; k < o->outputs[i].n_parts; k++) {
            const ost_outcome_part *p = &o->outputs[i].parts[k];

            if (!ost_store_has_blob(store, &p->artifact) ||
                (!ost_digest_is_zero(&p->exported) &&
                 !ost_store_has_blob(store, &p->exported)))
                return false;
        }
    }
    return true;
}

/* --- as bytes ------------------------------------------------------------- */

static void encode_part(ost_buf *out, const ost_outcome_part *p)
{
    ost_buf_varint(out, p->n_axes);
    for (size_t i = 0; i < 2 * (size_t)p->n_axes; i++)
        ost_buf_string(out, p->axes[i]);
    ost_buf_add(out, p->artifact.b, sizeof(p->artifact.b));
    ost_buf_add(out, p->exported.b, sizeof(p->exported.b));
    ost_buf_string(out, p->root);
}

void ost_outcome_encode(ost_buf *out, const ost_outcome *o)
{
    ost_buf_string(out, o->run);
    ost_buf_string(out, o->workflow);
    ost_buf_u64(out, o->wall_ns);
    ost_buf_varint(out, o->steps);
    ost_buf_varint(out, o->n_outputs);
    for (size_t i = 0; i < o->n_outputs; i++) {
        ost_buf_string(out, o->outputs[i].name);
        ost_buf_varint(out, o->outputs[i].n_parts);
        for (size_t k = 0; k < o->outputs[i].n_parts; k++)
            encode_part(out, &o->outputs[i].parts[k]);
    }
    ost_buf_varint(out, o->n_gates);
    for (size_t i = 0; i < o->n_gates; i++) {
        const ost_gate_result *g = &o->gates[i];

        ost_buf_string(out, g->output);
        ost_buf_string(out, g->path);
        ost_buf_string(out, g->op);
        ost_buf_f64(out, g->bound);
        ost_buf_string(out, g->found);
        ost_buf_u8(out, g->passed);
    }
}

static const char *text(ost_reader *r, ost_arena *arena)
{
    size_t n;
    const unsigned char *p = ost_read_bytes(r, &n);

    return r->bad ? "" : ost_arena_strndup(arena, (const char *)p, n);
}

/* A count of things that take at least `least` bytes each. */
static size_t count(ost_reader *r, size_t least)
{
    uint64_t n = ost_read_varint(r);

    if (n > ost_read_left(r) / least)
        r->bad = true;
    return r->bad ? 0 : (size_t)n;
}

static ost_digest digest(ost_reader *r)
{
    const void *p = ost_read_raw(r, OST_DIGEST_SIZE);
    ost_digest d = { { 0 } };

    if (p)
        memcpy(d.b, p, sizeof(d.b));
    return d;
}

static void decode_part(ost_reader *r, ost_arena *arena, ost_outcome_part *p)
{
    p->n_axes = (uint32_t)count(r, 2);
    p->axes = OST_ARENA_ARRAY(arena, const char *, 2 * (size_t)p->n_axes + 1);
    for (size_t i = 0; i < 2 * (size_t)p->n_axes; i++)
        p->axes[i] = text(r, arena);
    p->artifact = digest(r);
    p->exported = digest(r);
    p->root = text(r, arena);
}

bool ost_outcome_decode(ost_reader *r, ost_arena *arena, ost_outcome *o)
{
    *o = (ost_outcome){ 0 };
    o->run = text(r, arena);
    o->workflow = text(r, arena);
    o->wall_ns = ost_read_u64(r);
    o->steps = ost_read_varint(r);
    o->n_outputs = count(r, 2);
    o->outputs = OST_ARENA_ARRAY(arena, ost_outcome_output, o->n_outputs);
    for (size_t i = 0; i < o->n_outputs; i++) {
        ost_outcome_output *out = &o->outputs[i];

        out->name = text(r, arena);
        out->n_parts = count(r, (size_t)2 * OST_DIGEST_SIZE);
        out->parts = OST_ARENA_ARRAY(arena, ost_outcome_part, out->n_parts);
        for (size_t k = 0; k < out->n_parts; k++)
            decode_part(r, arena, &out->parts[k]);
    }
    o->n_gates = count(r, 13);
    o->gates = OST_ARENA_ARRAY(arena, ost_gate_result, o->n_gates);
    for (size_t i = 0; i < o->n_gates; i++) {
        ost_gate_result *g = &o->gates[i];

        g->output = text(r, arena);
        g->path = text(r, arena);
        g->op = text(r, arena);
        g->bound = ost_read_f64(r);
        g->found = text(r, arena);
        g->passed = ost_read_u8(r) != 0;
    }
    return !r->bad;
}
