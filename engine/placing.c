/* engine/placing.c - where nodes compute, on the CPU or a GPU, in which class
 */
#include "engine/placing.h"

#include "base/text.h"

#include <string.h>

#include "base/banned.h"

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

ost_rc ost_placing_check(const ost_placing *p, ost_err *err)
{
    ost_rc rc;

    if (!is(p->backend, "auto") && !is(p->backend, "cpu") &&
        !is(p->backend, "cuda"))
        return ost_fail(err, OST_EUSAGE,
                        "unknown backend '%s' (choose auto, cpu or cuda)",
                        p->backend);
    rc = ost_numerics_check(p->numerics, err);
    if (rc)
        return rc;
    if (is(p->backend, "cuda") && ost_numerics_portable(p->numerics))
        return ost_fail(err, OST_EUSAGE,
                        "numerics 'portable' are the CPU's: no '--backend "
                        "cuda' beside them");
    return p->words ? ost_gpus_check_words(p->words, err) : OST_OK;
}

void ost_placing_release(ost_placing *p)
{
    ost_gpus_release(&p->gpus);
    *p = (ost_placing){ 0 };
}

static ost_rc look(ost_placing *p, ost_err *err)
{
    if (p->looked)
        return OST_OK;
    p->looked = true;
    ost_gpus_find(&p->gpus);
    return ost_gpus_choose(&p->gpus, p->words, err);
}

/* Why the node cannot be computed on a GPU, or NULL. */
static ost_rc find_obstacle(ost_placing *p, const ost_node *node,
                            const char **why, ost_err *err)
{
    char needs[32], has[32];
    ost_rc rc;

    *why = NULL;
    if (ost_numerics_portable(p->numerics)) {
        *why = "numerics 'portable' are the CPU's";
        return OST_OK;
    }
    if (is(p->backend, "cpu")) {
        *why = "'--backend cpu' was asked for";
        return OST_OK;
    }
    rc = look(p, err);
    if (rc)
        return rc;
    if (p->gpus.reason)
        *why = p->gpus.reason;
    else if (ost_gpus_usable(&p->gpus) == 0)
        *why = "no GPU is left to use";
    else if (node->memory > ost_gpus_largest(&p->gpus))
        *why = ost_arena_printf(
            &p->gpus.arena, "it needs %s, the largest GPU has %s",
            ost_human_bytes(needs, node->memory),
            ost_human_bytes(has, ost_gpus_largest(&p->gpus)));
    return OST_OK;
}

static bool wants_gpu(const ost_placing *p, const ost_node *node)
{
    if (!(node->stage->flags & OST_STAGE_GPU) || node->gpu == OST_GPU_NO)
        return false;
    return node->gpu != OST_GPU_UNSAID || is(p->backend, "cuda");
}

/* Exact stages give the same bytes everywhere: only what the stand-in computes
 * is not taken on trust. */
static void set_gpu(ost_placing *p, const ost_node *node, ost_place *place)
{
    place->gpu = true;
    place->computes = ost_numerics_gpu(p->numerics, &p->gpus.arena);
    if (node->stage->flags & OST_STAGE_FLOAT)
        place->numeric = place->computes;
    else
        place->numeric =
            ost_gpu_standin()
                ? ost_numerics_gpu(OST_NUMERICS_DEFAULT, &p->gpus.arena)
                : "";
}

ost_rc ost_place_node(ost_placing *p, const ost_node *node, ost_place *place,
                      ost_err *err)
{
    const char *why = NULL;
    ost_rc rc;

    *place =
        (ost_place){ .computes = ost_numerics_cpu(p->numerics), .numeric = "" };
    if (node->stage->flags & OST_STAGE_FLOAT)
        place->numeric = place->computes;
    if (!wants_gpu(p, node))
        return OST_OK;
    rc = find_obstacle(p, node, &why, err);
    if (rc)
        return rc;
    if (!why)
        set_gpu(p, node, place);
    else if (node->gpu == OST_GPU_REQUIRE)
        return ost_fail(err, OST_EUNSUPPORTED, "node '%s' requires a GPU: %s",
                        node->name, why);
    else if (is(p->backend, "cuda"))
        return ost_fail(err, OST_EUNSUPPORTED,
                        "node '%s' is to run with '--backend cuda': %s (use "
                        "'--backend auto' or 'cpu')",
                        node->name, why);
    else if (!is(p->backend, "cpu"))
        place->why = why;
    return OST_OK;
}

void ost_gpus_mark(const ost_gpus *gpus, ost_buf *out)
{
    ost_buf_adds(out, ost_gpu_standin() ? "sim" : "cuda");
    if (gpus->reason)
        ost_buf_addf(out, ":%s", gpus->reason);
    for (size_t i = 0; i < gpus->list.len && !gpus->reason; i++) {
        const ost_gpu *gpu = &gpus->list.data[i];

        if (!gpu->unusable)
            ost_buf_addf(out, ":%llu", (unsigned long long)gpu->memory);
    }
}
