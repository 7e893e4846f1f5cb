/* stages/step.c - one step from its message to its outputs */
#include "base/clock.h"
#include "base/fault.h"
#include "base/fs.h"
#include "stages/context.h"
#include "stages/params.h"

#include <omp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/banned.h"

enum { RELIEVE_BYTES = 8 << 20, RELIEVE_RECORDS = 20000 };

void ost_step_relieve(step_state *step)
{
    if (!step->link || !step->link->commit)
        return;
    if (ost_batch_bytes(step->batch) < RELIEVE_BYTES &&
        ost_batch_count(step->batch) < RELIEVE_RECORDS)
        return;
    step->link->commit(step->link->user, step->batch);
}

/* Collects the distinct exposures of an input's items, and their groups. */
static ost_rc gather_exposure(ost_stage_ctx *ctx, step_input *in, bool groups,
                              ost_digest *exposure, ost_err *err)
{
    ost_artifact_type type = in->pub.artifact.type;
    bool judged = ctx->step->stage->judges != NULL;
    bool named =
        groups && (type == OST_DATASET || (type == OST_PREDICTIONS && judged));
    ost_batch *batch = ctx->step->batch;
    OST_VEC(const char *) names = { 0 };
    ost_digest last = { { 0 } };
    const ost_item *items;
    ost_digest set;
    size_t n;
    ost_rc rc;

    rc = ost_ctx_items(ctx, &in->pub, &items, &n, err);
    for (size_t i = 0; i < n && !rc; i++) {
        if (named)
            ost_vec_push(&names, items[i].group);
        if (ost_digest_equal(&items[i].exposure, &last))
            continue;
        last = items[i].exposure;
        rc = ost_groups_unite(batch, exposure, &last, exposure, err);
    }
    if (!rc && names.len) {
        rc = ost_groups_put(batch, names.data, names.len, &set, err);
        if (!rc)
            rc = ost_groups_unite(batch, exposure, &set, exposure, err);
    }
    ost_vec_release(&names);
    return rc;
}

ost_rc ost_step_exposure(ost_stage_ctx *ctx, bool groups, ost_digest *exposure,
                         ost_err *err)
{
    step_state *step = ctx->step;
    ost_rc rc = OST_OK;

    *exposure = step->model_exposure;
    for (size_t i = 0; i < step->inputs.len && !rc; i++)
        if (ost_artifact_has_items(step->inputs.data[i].pub.artifact.type))
            rc = gather_exposure(ctx, &step->inputs.data[i], groups, exposure,
                                 err);
    return rc;
}

static ost_rc open_input(step_state *step, const ost_step_input *m,
                         ost_err *err)
{
    step_input in = { 0 };
    int port = ost_port_find(step->stage->inputs, m->port);
    ost_rc rc;

    if (port < 0)
        return ost_fail(err, OST_EPROTO, "stage '%s' has no input '%s'",
                        step->stage->name, m->port);
    in.port = (uint32_t)port;
    in.pub.digest = m->artifact;
    in.pub.row = *m->row ? m->row : NULL;
    in.pub.axes = m->axes;
    in.pub.n_axes = m->n_axes;
    in.pub.root = *m->root ? m->root : NULL;
    rc = ost_artifact_get(step->batch, &m->artifact, &step->arena,
                          &in.pub.artifact, err);
    if (rc)
        return rc;
    if (!ost_digest_is_zero(&in.pub.artifact.exposure)) {
        rc = ost_groups_unite(step->batch, &step->model_exposure,
                              &in.pub.artifact.exposure, &step->model_exposure,
                              err);
        if (rc)
            return rc;
    }
    ost_vec_push(&step->inputs, in);
    return OST_OK;
}

static ost_rc open_step(step_state *step, ost_err *err)
{
    const ost_step_msg *msg = step->msg;
    ost_buf seed = { 0 };
    ost_digest d;
    ost_rc rc;

    step->stage = ost_stage_find(msg->stage);
    if (!step->stage)
        return ost_fail(err, OST_EPROTO, "unknown stage '%s'", msg->stage);
    if ((step->stage->flags & OST_STAGE_EXEC) && !msg->exec_allowed)
        return ost_fail(err, OST_EDENIED,
                        "stage '%s' runs programs: allow it with "
                        "'--allow exec'",
                        msg->stage);
    step->full = json_loads(msg->params, 0, NULL);
    if (!step->full)
        return ost_fail(err, OST_EPROTO, "malformed parameters");
    rc = ost_params_fill(step->stage, step->full, &step->arena, &step->params,
                         err);
    for (uint32_t i = 0; i < msg->n_inputs && !rc; i++)
        rc = open_input(step, &msg->inputs[i], err);
    if (rc)
        return rc;
    step->n_outputs = ost_port_count(step->stage->outputs);
    step->outputs =
        OST_ARENA_ARRAY(&step->arena, step_output, step->n_outputs + 1);
    ost_buf_string(&seed, msg->seed);
    ost_buf_string(&seed, step->stage->name);
    d = ost_digest_of(seed.data, seed.len);
    memcpy(&step->rng_key, d.b, sizeof(step->rng_key));
    ost_buf_release(&seed);
    return ost_step_open_images(step, err);
}

/* What an output without items is exposed to. */
static ost_rc output_exposure(ost_stage_ctx *ctx, size_t port,
                              ost_digest *exposure, ost_err *err)
{
    step_state *step = ctx->step;
    ost_artifact_type type = step->stage->outputs[port].type;
    bool judged = step->stage->judges != NULL;

    if (step->outputs[port].passed) /* its own is among those of the inputs */
        *exposure = step->model_exposure;
    else if (type == OST_MODEL || (type == OST_METRICS && judged))
        return ost_step_exposure(ctx, true, exposure, err);
    return OST_OK;
}

static ost_rc store_output(ost_stage_ctx *ctx, size_t port,
                           ost_done_output *done, ost_err *err)
{
    step_state *step = ctx->step;
    step_output *out = &step->outputs[port];
    const ost_port *p = &step->stage->outputs[port];
    ost_artifact a = { .type = p->type };
    ost_rc rc = OST_OK;

    done->port = p->name;
    done->type = (uint8_t)p->type;
    a.meta = out->meta ? out->meta : "{}";
    if (ost_artifact_has_items(p->type)) {
        done->items = out->items.n;
        return ost_writer_put(&out->items, step->batch, p->type, a.meta,
                              &done->artifact, err);
    }
    if (!out->meta)
        return ost_fail(err, OST_EFAIL, "stage '%s' gave no output '%s'",
                        step->stage->name, p->name);
    rc = output_exposure(ctx, port, &a.exposure, err);
    if (rc)
        return rc;
    a.refs = out->refs.data;
    a.n_refs = out->refs.len;
    return ost_artifact_put(step->batch, &a, &done->artifact, err);
}

static ost_rc store_outputs(ost_stage_ctx *ctx, ost_arena *arena,
                            ost_done_msg *done, ost_err *err)
{
    step_state *step = ctx->step;
    ost_done_output *outs =
        OST_ARENA_ARRAY(arena, ost_done_output, step->n_outputs + 1);
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < step->n_outputs && !rc; i++)
        rc = store_output(ctx, i, &outs[i], err);
    done->outputs = outs;
    done->n_outputs = (uint32_t)step->n_outputs;
    return rc;
}

/* Decoders of foreign formats get no more memory than this; the soft limit is
 * lifted again behind them. */
static void limit_memory(bool on)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    const uint64_t foreign_memory = UINT64_C(4) << 30;
    struct rlimit r;
    unsigned long long pages = 0;
    FILE *f;

    if (getrlimit(RLIMIT_AS, &r))
        return;
    r.rlim_cur = r.rlim_max;
    if (on) {
        f = fopen("/proc/self/statm", "r");
        if (f && fscanf(f, "%llu", &pages) == 1)
            r.rlim_cur = pages * (rlim_t)sysconf(_SC_PAGESIZE) + foreign_memory;
        if (f)
            fclose(f);
    }
    if (r.rlim_max != RLIM_INFINITY && r.rlim_cur > r.rlim_max)
        r.rlim_cur = r.rlim_max;
    setrlimit(RLIMIT_AS, &r);
#else
    (void)on;
#endif
}

static ost_rc call_stage(ost_stage_ctx *ctx, ost_err *err)
{
    const ost_stage *stage = ctx->step->stage;
    bool foreign = (stage->flags & OST_STAGE_FOREIGN) != 0;
    ost_rc rc;

    if (ost_fault("worker.crash"))
        raise(SIGSEGV);
    omp_set_num_threads(ost_ctx_threads(ctx));
    if (foreign)
        limit_memory(true);
    if (stage->map) {
        rc = ost_map_run(ctx, err);
    } else if (stage->gather) {
        rc = ost_gather_run(ctx, err);
    } else {
        rc = stage->run(ctx, err);
        if (!rc)
            rc = ost_flush(ctx, err);
    }
    if (!rc && stage->conclude)
        rc = stage->conclude(ctx, err);
    if (foreign)
        limit_memory(false);
    return rc;
}

static void release_step(step_state *step)
{
    for (size_t i = 0; i < step->inputs.len; i++) {
        json_decref(step->inputs.data[i].meta);
        ost_map_release(&step->inputs.data[i].index);
    }
    for (size_t i = 0; i < step->n_outputs; i++) {
        ost_writer_release(&step->outputs[i].items);
        ost_vec_release(&step->outputs[i].refs);
    }
    for (size_t i = 0; i < step->blobs.len; i++)
        ost_blob_release(&step->blobs.data[i]);
    ost_temp_dir_done(step->temp_dir);
    ost_vec_release(&step->inputs);
    ost_vec_release(&step->blobs);
    ost_buf_release(&step->notes);
    json_decref(step->full);
    ost_arena_release(&step->arena);
}

void ost_step_execute(ost_batch *batch, const ost_step_msg *msg,
                      const step_link *link, ost_arena *arena,
                      ost_done_msg *done)
{
    step_state step = { .msg = msg, .batch = batch, .link = link };
    ost_stage_ctx ctx = { .step = &step };
    double start = ost_now();
    ost_buf encoded = { 0 };
    ost_err err = { 0 };
    ost_rc rc;

    ctx.arena = &step.arena;
    *done = (ost_done_msg){ .tag = msg->tag };
    rc = open_step(&step, &err);
    if (!rc)
        rc = call_stage(&ctx, &err);
    if (!rc)
        rc = store_outputs(&ctx, arena, done, &err);
    if (rc) {
        /* Memos of finished items stay; outputs that never came do not. */
        done->outputs = NULL;
        done->n_outputs = 0;
    }
    ost_buf_add(&step.notes, ctx.notes.data, ctx.notes.len);
    done->rc = rc;
    done->error = ost_arena_strdup(arena, rc ? err.text : "");
    done->notes = ost_arena_strdup(arena, ost_buf_str(&step.notes));
    done->libraries = ost_step_libraries(msg);
    done->seconds = ost_now() - start;
    done->computed = step.computed;
    done->remembered = step.remembered;
    done->leaked = step.leaked;
    ost_batch_encode(batch, &encoded);
    ost_batch_clear(batch);
    done->batch = ost_arena_copy(arena, encoded.data, encoded.len);
    done->batch_size = encoded.len;
    ost_buf_release(&encoded);
    ost_item_ctx_release(&ctx);
    release_step(&step);
}
