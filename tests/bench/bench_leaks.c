/* tests/bench/bench_leaks.c - what the look for leaks costs
 *
 *     bench_leaks ITEMS PATIENTS FOLDS TIMES
 *
 * Predictions of FOLDS models, each of which had learned from the patients of
 * the other folds.  Once patients come in the order of ids, as they do where an
 * id begins with one, and once in any order.  For each a line of JSON: median
 * seconds of the look alone, of `evaluate` without it at its cheapest
 * (intervals by formulas, no bootstrap), and the share of the look in both
 * together.
 */
/* links: stages store base */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/rng.h"
#include "stages/context.h"
#include "stages/leaks.h"
#include "stages/params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static double look_seconds;

/* The look alone, on items that are decoded already. */
static ost_rc look(ost_stage_ctx *ctx, ost_err *err)
{
    ost_leak_check c = { .ctx = ctx, .axis = "fold" };
    json_t *leakage = NULL;
    const ost_item *items;
    ost_rc rc = OST_OK;
    size_t n;

    for (size_t k = 0; k < ost_ctx_input_count(ctx, "predictions"); k++)
        rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "predictions", k), &items,
                           &n, err);
    look_seconds = ost_now();
    for (size_t k = 0; k < ost_ctx_input_count(ctx, "predictions") && !rc;
         k++) {
        const ost_input *in = ost_ctx_input(ctx, "predictions", k);

        rc = ost_ctx_items(ctx, in, &items, &n, err);
        for (size_t i = 0; i < n && !rc; i++)
            ost_leaks_add(&c, &items[i], in->axes[1]);
    }
    if (!rc)
        rc = ost_leaks_finish(&c, &leakage, err);
    look_seconds = ost_now() - look_seconds;
    if (!rc)
        rc = ost_emit_meta(ctx, "out", leakage, err);
    ost_leaks_release(&c);
    json_decref(leakage);
    return rc;
}

static const ost_param no_params[] = { OST_END };
static const ost_stage stage_look = {
    .name = "look",
    .params = no_params,
    .inputs =
        OST_PORTS({ "predictions", OST_PREDICTIONS, "judged", true, false }),
    .outputs = OST_PORTS({ "out", OST_METRICS, "the find", false, false }),
    .run = look,
};

extern const ost_stage ost_stage_evaluate;
const ost_stage *const ost_stages[] = { &ost_stage_evaluate, &stage_look,
                                        NULL };

enum { MOST_TIMES = 101 };

typedef struct {
    size_t items, patients, folds, times;
    ost_batch *batch;
    ost_arena arena;
    ost_step_input *inputs;
} bench;

static void must(ost_rc rc, const ost_err *err)
{
    if (!rc)
        return;
    fprintf(stderr, "bench_leaks: %s\n", err->text);
    exit(1);
}

static const char *patient(bench *b, size_t i)
{
    return ost_arena_printf(&b->arena, "patient-%07zu", i);
}

/* The groups that the model of a fold learned from. */
static ost_digest learned(bench *b, size_t fold)
{
    const char **names = OST_ARENA_ARRAY(&b->arena, const char *, b->patients);
    ost_err err = { 0 };
    ost_digest d;
    size_t n = 0;

    for (size_t i = 0; i < b->patients; i++)
        if (i % b->folds != fold)
            names[n++] = patient(b, i);
    must(ost_groups_put(b->batch, names, n, &d, &err), &err);
    return d;
}

static void put_fold(bench *b, size_t fold, bool shuffled)
{
    ost_item *items = ost_xalloc((b->items + 1) * sizeof(*items));
    const char **axes = OST_ARENA_ARRAY(&b->arena, const char *, 2);
    ost_digest exposure = learned(b, fold), d;
    ost_rng r = ost_rng_of(7, fold);
    ost_err err = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < b->items; i++) {
        size_t who = i * b->patients / b->items;
        double score = ost_rng_range(&r, 0, 1);

        if (who % b->folds != fold)
            continue;
        items[n] = (ost_item){ .group = patient(b, who), .exposure = exposure };
        items[n].id =
            ost_arena_printf(&b->arena, "%016llx-%zu",
                             shuffled ? (unsigned long long)ost_rng_u64(&r)
                                      : (unsigned long long)i,
                             i);
        ost_item_set_label(&b->arena, &items[n],
                           ost_rng_range(&r, 0, 1) < score ? "b" : "a");
        ost_item_set_number(&b->arena, &items[n], "score.a", 1 - score);
        ost_item_set_number(&b->arena, &items[n], "score.b", score);
        n++;
    }
    must(ost_dataset_put(b->batch, OST_PREDICTIONS,
                         "{\"classes\":[\"a\",\"b\"]}", items, n, &d, &err),
         &err);
    axes[0] = "fold";
    axes[1] = ost_arena_printf(&b->arena, "%zu", fold);
    b->inputs[fold] = (ost_step_input){ .port = "predictions",
                                        .row = "",
                                        .root = "",
                                        .artifact = d,
                                        .axes = axes,
                                        .n_axes = 1 };
    must(ost_store_commit(ost_batch_store(b->batch), b->batch, &err), &err);
    ost_free(items);
}

static double judge(bench *b, const ost_stage *stage, const char *with)
{
    json_t *given = json_loads(with, 0, NULL), *full = NULL;
    ost_step_msg msg = { .name = stage->name,
                         .stage = stage->name,
                         .seed = "7",
                         .numeric = "",
                         .threads = 1,
                         .inputs = b->inputs,
                         .n_inputs = (uint32_t)b->folds };
    ost_arena arena = { 0 };
    ost_buf params = { 0 };
    ost_done_msg done;
    ost_err err = { 0 };
    double start;

    must(ost_params_complete(stage, given, NULL, NULL, &full, &err), &err);
    ost_json_canonical(&params, full);
    msg.params = ost_buf_str(&params);
    start = ost_now();
    ost_step_execute(b->batch, &msg, NULL, &arena, &done);
    start = ost_now() - start;
    if (done.rc) {
        fprintf(stderr, "bench_leaks: %s\n", done.error);
        exit(1);
    }
    ost_arena_release(&arena);
    ost_buf_release(&params);
    json_decref(given);
    json_decref(full);
    return start;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof(*v), by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static void measure(bench *b, bool shuffled)
{
    static const char with[] = "{\"leakage\":\"off\",\"interval\":\"formula\"}";
    double look[MOST_TIMES], rest[MOST_TIMES], a, c;

    for (size_t f = 0; f < b->folds; f++)
        put_fold(b, f, shuffled);
    judge(b, &stage_look, "{}");
    for (size_t i = 0; i < b->times; i++) {
        rest[i] = judge(b, &ost_stage_evaluate, with);
        judge(b, &stage_look, "{}");
        look[i] = look_seconds;
    }
    a = median(rest, b->times);
    c = median(look, b->times);
    printf("{\"items\":%zu,\"patients\":%zu,\"folds\":%zu,\"order\":\"%s\","
           "\"look_seconds\":%.4f,\"evaluate_seconds\":%.3f,\"share\":%.4f}\n",
           b->items, b->patients, b->folds, shuffled ? "any" : "of ids", c, a,
           c / (a + c));
}

static void run(bench *b, const char *folder, bool shuffled)
{
    ost_store *store;
    ost_err err = { 0 };

    must(ost_store_open(folder, OST_STORE_CREATE, &store, &err), &err);
    b->batch = ost_batch_new(store);
    b->inputs = OST_ARENA_ARRAY(&b->arena, ost_step_input, b->folds);
    measure(b, shuffled);
    ost_batch_free(b->batch);
    ost_store_close(store);
    ost_arena_release(&b->arena);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/bench_leaks-XXXXXX";
    bench b = { 0 };

    if (argc != 5) {
        fprintf(stderr, "bench_leaks ITEMS PATIENTS FOLDS TIMES\n");
        return 2;
    }
    b.items = strtoul(argv[1], NULL, 10);
    b.patients = strtoul(argv[2], NULL, 10);
    b.folds = strtoul(argv[3], NULL, 10);
    b.times = strtoul(argv[4], NULL, 10);
    if (!mkdtemp(folder) || !b.items || !b.patients || !b.folds || !b.times ||
        b.times > MOST_TIMES)
        return 2;
    run(&b, folder, false);
    ost_fs_remove_tree(folder, NULL);
    run(&b, folder, true);
    ost_fs_remove_tree(folder, NULL);
    return 0;
}
