/* stages/step_backend.c - the backend that steps compute on
 *
 * A process has one, opened by the first step that asks for it and kept warm
 * for the next: a GPU's libraries take a second to come up.  It is opened anew
 * when a step is to compute in another class, with another number of threads
 * (CPU) or within another limit of memory (GPU).
 */
#include "base/text.h"
#include "kernels/backend.h"
#include "stages/context.h"
#include "stages/tuning_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

typedef struct wanted {
    char numeric[32];
    int threads;     /* of a CPU */
    uint64_t memory; /* of a GPU, 0: what it has */
} wanted;

/* Guarded by the critical section ost_step_backend. */
static ost_backend *open_backend;
static wanted opened_as;

const char *ost_step_computes(const ost_step_msg *msg)
{
    return msg->computes && *msg->computes ? msg->computes : msg->numeric;
}

bool ost_step_on_gpu(const ost_step_msg *msg)
{
    return !ost_starts_with(ost_step_computes(msg), "cpu") &&
           *ost_step_computes(msg);
}

static wanted wanted_by(const ost_step_msg *msg)
{
    wanted w = { 0 };

    snprintf(w.numeric, sizeof(w.numeric), "%s", ost_step_computes(msg));
    if (ost_step_on_gpu(msg))
        w.memory = msg->memory;
    else
        w.threads = (int)msg->threads;
    return w;
}

/* The memory pool of a GPU reads its limit when it is opened. */
static void limit_memory(const wanted *w)
{
    char text[32];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)w->memory);
    if (w->memory)
        setenv("OSTEON_GPU_MEMORY", text, 1);
    else if (opened_as.memory)
        unsetenv("OSTEON_GPU_MEMORY");
}

static ost_rc reopen(const wanted *w, ost_err *err)
{
    static bool registered;
    ost_rc rc;

    ost_backend_close(open_backend);
    open_backend = NULL;
    limit_memory(w);
    ost_tuning_files();
    rc = ost_backend_open(w->numeric, w->threads, &open_backend, err);
    if (rc)
        open_backend = NULL;
    opened_as = *w;
    /* Last of all, and so before what the libraries do at an exit. */
    if (!registered)
        registered = atexit(ost_step_backend_close) == 0;
    return rc;
}

ost_rc ost_ctx_backend(ost_stage_ctx *ctx, ost_backend **backend, ost_err *err)
{
    wanted w = wanted_by(ctx->step->msg);
    ost_rc rc = OST_OK;

#pragma omp critical(ost_step_backend)
    {
        if (!open_backend || strcmp(w.numeric, opened_as.numeric) != 0 ||
            w.threads != opened_as.threads || w.memory != opened_as.memory)
            rc = reopen(&w, err);
        *backend = open_backend;
    }
    return rc;
}

ost_rc ost_step_open_images(step_state *step, ost_err *err)
{
    ost_stage_ctx ctx = { .step = step };
    ost_backend *gpu = NULL;
    ost_rc rc = OST_OK;

    if (!(step->stage->flags & OST_STAGE_FLOAT) && ost_ctx_on_gpu(&ctx))
        rc = ost_ctx_backend(&ctx, &gpu, err);
    step->images = gpu;
    return rc;
}

const ost_backend *ost_ctx_images(const ost_stage_ctx *ctx)
{
    return ctx->step->images ? ctx->step->images : ost_backend_images();
}

const char *ost_step_libraries(const ost_step_msg *msg)
{
    if (!ost_step_on_gpu(msg) || !open_backend || !open_backend->libraries)
        return "";
    return open_backend->libraries;
}

void ost_step_backend_abandon(void)
{
    open_backend = NULL;
}

void ost_step_backend_close(void)
{
    ost_backend_close(open_backend);
    open_backend = NULL;
}
