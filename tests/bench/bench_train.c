/* tests/bench/bench_train.c - milliseconds of a training step of a small CNN
 *
 *     bench_train [ITEMS SIDE THREADS STEPS]
 *
 * One line of JSON: median and best step (forward, loss, backward, update) of
 * the network of workflows/models/small_cnn.json, memory for activations, and
 * floating point operations a second, backward counted as two forwards.
 * bench_train.py takes PyTorch beside it.
 */
/* links: base kernels */
#include "base/alloc.h"
#include "base/clock.h"
#include "kernels/loss.h"
#include "kernels/network.h"
#include "kernels/optimizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { MAX_LAYERS = 32, MAX_STEPS = 1000 };

typedef struct model {
    ost_layer_spec layers[MAX_LAYERS];
    ost_net_attr attrs[MAX_LAYERS][4];
    int count;
} model;

static void add(model *m, const char *kind, int n, const ost_net_attr *attrs)
{
    ost_layer_spec *l = &m->layers[m->count];

    if (n)
        memcpy(m->attrs[m->count], attrs, (size_t)n * sizeof(*attrs));
    *l = (ost_layer_spec){ .kind = kind,
                           .n_inputs = 1,
                           .inputs = { m->count - 1 },
                           .attrs = m->attrs[m->count],
                           .n_attrs = n };
    m->count++;
}

static ost_net_attr number(const char *name, double v)
{
    return (ost_net_attr){ .name = name, .count = 1, .v = { v } };
}

static void small_cnn(model *m)
{
    static const int width[] = { 8, 16, 32, 32 };

    for (int i = 0; i < 4; i++) {
        ost_net_attr conv[] = { number("out", width[i]), number("kernel", 3),
                                number("padding", 1), number("bias", 0) };
        ost_net_attr pool = number("kernel", 2);

        add(m, "conv2d", 4, conv);
        add(m, "batch_norm", 0, NULL);
        add(m, "relu", 0, NULL);
        add(m, "max_pool2d", 1, &pool);
    }
    add(m, "global_max_pool", 0, NULL);
    add(m, "dropout", 1, (ost_net_attr[]){ number("p", 0.1) });
    add(m, "dense", 1, (ost_net_attr[]){ number("out", 2) });
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static int step(ost_net *net, ost_weights *w, const int32_t *classes, int i,
                ost_err *err)
{
    static const ost_optimizer adam = { .kind = OST_ADAM,
                                        .rate = 1e-3,
                                        .beta1 = 0.9,
                                        .beta2 = 0.999,
                                        .epsilon = 1e-8 };
    ost_class_loss loss = { .classes = classes };

    if (ost_net_forward(net, (uint64_t)i, err))
        return 1;
    loss.logits = ost_net_output(net);
    loss.grad = ost_net_output_grad(net).data;
    return w->backend->softmax_cross_entropy(&loss, err) ||
           ost_net_backward(net, err) || ost_optimizer_step(&adam, w, err);
}

static double flops(const ost_net *net)
{
    double sum = 0.0;

    for (int i = 0; i < ost_net_layers(net); i++) {
        const ost_layer *l = ost_net_layer(net, i);

        if (l->kind->flops)
            sum += 3.0 * l->kind->flops(l);
    }
    return sum;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 16;
    int side = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 64;
    int threads = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 2;
    int steps = argc > 4 ? (int)strtol(argv[4], NULL, 10) : 100;
    double seconds[MAX_STEPS];
    int32_t classes[1024];
    ost_backend *backend = NULL;
    ost_weights *weights = NULL;
    ost_net *net = NULL;
    ost_err err = { 0 };
    model m = { 0 };
    ost_net_spec spec = { .layers = m.layers };
    double start = ost_now();
    double built;
    float *x;
    int rc = 1;

    small_cnn(&m);
    spec.n_layers = m.count;
    spec.output = m.count - 1;
    if (n < 1 || n > 1024 || steps < 1 || steps > MAX_STEPS)
        return 2;
    if (ost_backend_open("cpu", threads, &backend, &err))
        goto out;
    weights = ost_weights_new(backend);
    if (ost_net_new(weights, &spec, 4, (int64_t[]){ n, 2, side, side },
                    OST_NET_TRAIN, &net, NULL, &err) ||
        ost_weights_init(weights, 1, &err))
        goto out;
    x = ost_net_input(net).data;
    for (int64_t i = 0; i < (int64_t)n * 2 * side * side; i++)
        x[i] = (float)(i * 7919 % 1000) * 0.001f - 0.5f;
    for (int i = 0; i < n; i++)
        classes[i] = i % 2;
    built = ost_now() - start;
    for (int i = 0; i < steps; i++) {
        start = ost_now();
        if (step(net, weights, classes, i, &err))
            goto out;
        seconds[i] = ost_now() - start;
    }
    qsort(seconds, (size_t)steps, sizeof(*seconds), ascending);
    printf("{\"bench\":\"train_small_cnn\",\"items\":%d,\"side\":%d,"
           "\"threads\":%d,\"build_ms\":%.2f,\"median_ms\":%.3f,"
           "\"best_ms\":%.3f,\"memory_mb\":%.1f,\"gflops\":%.1f}\n",
           n, side, threads, built * 1e3, seconds[steps / 2] * 1e3,
           seconds[0] * 1e3, (double)ost_net_memory(net) / 1e6,
           flops(net) / seconds[steps / 2] / 1e9);
    rc = 0;
out:
    if (rc)
        fprintf(stderr, "bench_train: %s\n", err.text);
    ost_net_free(net);
    ost_weights_free(weights);
    ost_backend_close(backend);
    return rc;
}
