/* tests/bench/bench_memory.c - what a network keeps in memory, and when
 *
 *     bench_memory FILE PARAMS STEPS N C SIDE...
 *
 * FILE is a network as JSON, PARAMS its params as JSON ("{}": as they are), the
 * rest the shape of a batch.  For each way of building it (for training; for
 * training with OST_NET_KEEP; for inference) one line of JSON: bytes of
 * activations, gradients and scratch, at which tick most of it is in use, by
 * what, and the milliseconds of a step (median of STEPS; 0 for none; the ways
 * take turns).  With OSTEON_DEBUG set to "spans" the pieces in use at that tick
 * follow, largest first.  bench_memory.py takes PyTorch beside it.
 */
/* links: stages kernels base */
#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "kernels/loss.h"
#include "kernels/optimizer.h"
#include "stages/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { WAYS = 3, MAX_STEPS = 200, WHATS = 4 };

static const struct {
    const char *name;
    unsigned flags;
} ways[WAYS] = {
    { "train", OST_NET_TRAIN },
    { "train, all kept", OST_NET_TRAIN | OST_NET_KEEP },
    { "infer", 0 },
};

static const char *const whats[WHATS] = { "value", "value again", "gradient",
                                          "layer" };

typedef struct subject {
    ost_network *network;
    ost_weights *weights;
    ost_net *net[WAYS];
    double seconds[WAYS][MAX_STEPS];
} subject;

/* In the first or the second part of a tick. */
static bool lives_at(const ost_net_span *s, int tick, int part)
{
    int half = 2 * tick + part - 1;

    return 2 * s->from + (s->part == 2) <= half &&
           half <= 2 * s->to + (s->part != 1);
}

/* Bytes in use at a tick, of one kind or of all (NULL). */
static size_t in_use(const ost_net *net, int tick, int part, const char *what)
{
    size_t bytes = 0;

    for (int i = 0; i < ost_net_spans(net); i++) {
        ost_net_span s = ost_net_span_at(net, i);

        if (lives_at(&s, tick, part) && (!what || strcmp(s.what, what) == 0))
            bytes += s.bytes;
    }
    return bytes;
}

static int fullest_tick(const ost_net *net, int *part)
{
    int best = 0;

    *part = 1;
    for (int t = 1; t <= 2 * ost_net_layers(net); t++)
        for (int k = 1; k <= 2; k++)
            if (in_use(net, t, k, NULL) > in_use(net, best, *part, NULL)) {
                best = t;
                *part = k;
            }
    return best;
}

static int larger_first(const void *a, const void *b)
{
    const ost_net_span *x = a;
    const ost_net_span *y = b;

    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->from < y->from ? -1 : x->from > y->from;
}

static void print_spans(const ost_net *net, int tick, int part)
{
    int n = ost_net_spans(net);
    ost_net_span *s = ost_xalloc((size_t)n * sizeof(*s) + 1);

    for (int i = 0; i < n; i++)
        s[i] = ost_net_span_at(net, i);
    qsort(s, (size_t)n, sizeof(*s), larger_first);
    for (int i = 0; i < n; i++)
        if (lives_at(&s[i], tick, part) && s[i].bytes >= 100000)
            printf("%10.2f MB  %5d..%-5d %-12s %s (%s)\n",
                   (double)s[i].bytes / 1e6, s[i].from, s[i].to, s[i].what,
                   s[i].layer ? s[i].layer->name : "input",
                   s[i].layer ? s[i].layer->kind->name : "");
    ost_free(s);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void print_way(subject *s, int way, int steps)
{
    const ost_net *net = s->net[way];
    const char *debug = getenv("OSTEON_DEBUG");
    int part;
    int tick = fullest_tick(net, &part);

    if (steps)
        qsort(s->seconds[way], (size_t)steps, sizeof(double), ascending);
    printf("{\"bench\":\"memory\",\"way\":\"%s\",\"memory_mb\":%.1f,"
           "\"in_use_mb\":%.1f,\"step_ms\":%.2f,\"layers\":%d,"
           "\"tick\":%d",
           ways[way].name, (double)ost_net_memory(net) / 1e6,
           (double)in_use(net, tick, part, NULL) / 1e6,
           steps ? s->seconds[way][steps / 2] * 1e3 : 0.0, ost_net_layers(net),
           tick);
    for (int i = 0; i < WHATS; i++)
        printf(",\"%s_mb\":%.1f", whats[i],
               (double)in_use(net, tick, part, whats[i]) / 1e6);
    printf("}\n");
    if (debug && strcmp(debug, "spans") == 0)
        print_spans(net, tick, part);
}

static ost_rc step(ost_net *net, ost_weights *w, bool train, int i,
                   ost_err *err)
{
    static const ost_optimizer sgd = { .kind = OST_SGD,
                                       .rate = 1e-4,
                                       .momentum = 0.9 };
    ost_rc rc = ost_net_forward(net, (uint64_t)i, err);
    ost_tensor y;

    if (rc || !train)
        return rc;
    /* The gradient of half the sum of squares. */
    y = ost_net_output(net);
    memcpy(ost_net_output_grad(net).data, y.data,
           (size_t)ost_tensor_count(&y) * sizeof(float));
    rc = ost_net_backward(net, err);
    return rc ? rc : ost_optimizer_step(&sgd, w, err);
}

static ost_rc measure(subject *s, int steps, ost_err *err)
{
    ost_rc rc = OST_OK;

    for (int i = -1; !rc && i < steps; i++)
        for (int k = 0; !rc && k < WAYS; k++) {
            double start = ost_now();

            rc = step(s->net[k], s->weights, ways[k].flags, i, err);
            if (i >= 0)
                s->seconds[k][i] = ost_now() - start;
        }
    return rc;
}

static ost_rc build(subject *s, const char *path, const char *params, int ndim,
                    const int64_t *shape, ost_err *err)
{
    json_t *values = json_loads(params, 0, NULL);
    ost_buf text = { 0 };
    ost_rc rc = ost_fs_read(path, 1 << 20, &text, err);

    if (!rc)
        rc = ost_network_read(path, ost_buf_str(&text), text.len, values, NULL,
                              &s->network, err);
    for (int k = 0; !rc && k < WAYS; k++)
        rc = ost_network_build(s->network, s->weights, ndim, shape,
                               ways[k].flags, &s->net[k], err);
    if (!rc)
        rc = ost_weights_init(s->weights, 1, err);
    for (int k = 0; !rc && k < WAYS; k++) {
        ost_tensor x = ost_net_input(s->net[k]);

        for (int64_t i = 0; i < ost_tensor_count(&x); i++)
            ((float *)x.data)[i] = (float)(i * 7919 % 1000) * 0.001f - 0.5f;
    }
    ost_buf_release(&text);
    json_decref(values);
    return rc;
}

int main(int argc, char **argv)
{
    int steps = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 0;
    int ndim = argc - 4;
    int64_t shape[OST_MAX_DIMS];
    ost_backend *backend = NULL;
    ost_err err = { 0 };
    subject s = { 0 };
    ost_rc rc;

    if (ndim < 2 || ndim > OST_MAX_DIMS || steps < 0 || steps > MAX_STEPS) {
        fprintf(stderr, "usage: bench_memory FILE PARAMS STEPS N C SIDE...\n");
        return 2;
    }
    for (int i = 0; i < ndim; i++)
        shape[i] = strtol(argv[4 + i], NULL, 10);
    rc = ost_backend_open("cpu", 2, &backend, &err);
    if (!rc) {
        s.weights = ost_weights_new(backend);
        rc = build(&s, argv[1], argv[2], ndim, shape, &err);
    }
    if (!rc)
        rc = measure(&s, steps, &err);
    for (int k = 0; !rc && k < WAYS; k++)
        print_way(&s, k, steps);
    if (rc)
        fprintf(stderr, "bench_memory: %s\n", err.text);
    for (int k = 0; k < WAYS; k++)
        ost_net_free(s.net[k]);
    ost_weights_free(s.weights);
    ost_network_free(s.network);
    ost_backend_close(backend);
    return rc != OST_OK;
}
