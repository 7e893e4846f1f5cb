/* tests/bench/bench_train_step.c - training steps of a network file, on demand
 *
 *     bench_train_step FILE PARAMS SHAPE THREADS [profile]
 *
 * builds the network of FILE with the JSON object PARAMS for inputs of SHAPE
 * ("8x1x256x256") and makes one step (forward, loss, backward, update with SGD
 * and momentum) for each line that it reads.  Each answer is a line of JSON:
 * milliseconds by the wall and of processor time.  The end of the input is
 * answered with megabytes (weights, gradients, state of the optimizer,
 * everything else) and floating point operations of a step, backward counted as
 * two forwards.  With `profile` the processor time of each layer comes too.
 *
 * bench_train_step.py asks it and PyTorch in turn.
 */
/* links: base kernels stages */
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
#include <time.h>

#include "base/banned.h"

enum { MAX_LAYERS = 512, FILE_LIMIT = 1 << 20 };

typedef ost_rc (*layer_fn)(ost_layer *layer, const ost_pass *pass,
                           ost_err *err);

/* What stands behind the clocks of profile. */
static struct {
    layer_fn forward[MAX_LAYERS];
    layer_fn backward[MAX_LAYERS];
    double taken[MAX_LAYERS][2];
} timed;

typedef struct bench {
    ost_backend *backend;
    ost_network *file;
    ost_weights *weights;
    ost_net *net;
    int32_t *classes;
    float *target;
    int step;
} bench;

/* Seconds that this process has computed, on all cores. */
static double processor(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static ost_rc timed_forward(ost_layer *layer, const ost_pass *pass,
                            ost_err *err)
{
    double start = processor();
    ost_rc rc = timed.forward[layer->serial](layer, pass, err);

    timed.taken[layer->serial][0] += processor() - start;
    return rc;
}

static ost_rc timed_backward(ost_layer *layer, const ost_pass *pass,
                             ost_err *err)
{
    double start = processor();
    ost_rc rc = timed.backward[layer->serial](layer, pass, err);

    timed.taken[layer->serial][1] += processor() - start;
    return rc;
}

/* Puts clocks between the network and its layers. */
static void time_layers(ost_net *net)
{
    for (int i = 0; i < ost_net_layers(net) && i < MAX_LAYERS; i++) {
        ost_layer *l = (ost_layer *)(uintptr_t)ost_net_layer(net, i);

        timed.forward[i] = l->forward;
        timed.backward[i] = l->backward;
        l->forward = timed_forward;
        l->backward = timed_backward;
    }
}

static void print_layers(const bench *b)
{
    for (int i = 0; i < ost_net_layers(b->net) && i < MAX_LAYERS; i++) {
        const ost_layer *l = ost_net_layer(b->net, i);
        char shape[96];

        printf("{\"layer\":\"%s\",\"op\":\"%s\",\"out\":\"%s\",\"forward_ms\":"
               "%.3f,\"backward_ms\":%.3f}\n",
               l->name, l->kind->name,
               ost_shape_text(shape, l->out->ndim, l->out->shape),
               timed.taken[i][0] / b->step * 1e3,
               timed.taken[i][1] / b->step * 1e3);
    }
}

static void fill(float *v, int64_t count)
{
    uint32_t r = 1;

    for (int64_t i = 0; i < count; i++) {
        r = r * 1664525u + 1013904223u;
        v[i] = (float)(r >> 8) * 0x1p-24f;
    }
}

static ost_rc build(bench *b, char **argv, ost_err *err)
{
    int64_t shape[OST_MAX_DIMS];
    ost_buf text = { 0 };
    json_t *values = json_loads(argv[2], 0, NULL);
    char *p = argv[3];
    int ndim = 0;
    ost_tensor t;
    ost_rc rc;

    do
        shape[ndim++] = strtoll(p, &p, 10);
    while (*p++ == 'x' && ndim < OST_MAX_DIMS);
    rc = ost_backend_open("cpu", (int)strtol(argv[4], NULL, 10), &b->backend,
                          err);
    if (!rc)
        rc = ost_fs_read(argv[1], FILE_LIMIT, &text, err);
    if (!rc)
        rc = ost_network_read(argv[1], ost_buf_str(&text), text.len, values,
                              NULL, &b->file, err);
    if (rc)
        goto out;
    b->weights = ost_weights_new(b->backend);
    rc = ost_network_build(b->file, b->weights, ndim, shape, OST_NET_TRAIN,
                           &b->net, err);
    if (!rc)
        rc = ost_weights_init(b->weights, 1, err);
    if (rc)
        goto out;
    t = ost_net_input(b->net);
    fill(t.data, ost_tensor_count(&t));
    t = ost_net_output(b->net);
    b->target = ost_xalloc((size_t)ost_tensor_count(&t) * sizeof(float));
    fill(b->target, ost_tensor_count(&t));
    b->classes = ost_xalloc((size_t)shape[0] * sizeof(*b->classes));
    for (int64_t i = 0; i < shape[0]; i++)
        b->classes[i] = (int32_t)(i % t.shape[1]);
out:
    ost_buf_release(&text);
    json_decref(values);
    return rc;
}

/* Classes for networks of one answer per item, else numbers per position. */
static ost_rc loss(bench *b, ost_err *err)
{
    ost_class_loss one = { .logits = ost_net_output(b->net),
                           .classes = b->classes,
                           .grad = ost_net_output_grad(b->net).data };
    ost_value_loss many = { .output = one.logits,
                            .target = b->target,
                            .grad = one.grad };

    if (one.logits.ndim == 2)
        return b->backend->softmax_cross_entropy(&one, err);
    return b->backend->sigmoid_cross_entropy(&many, err);
}

static ost_rc step(bench *b, ost_err *err)
{
    static const ost_optimizer sgd = { .kind = OST_SGD,
                                       .rate = 1e-4,
                                       .momentum = 0.9 };
    ost_rc rc = ost_net_forward(b->net, (uint64_t)b->step++, err);

    if (!rc)
        rc = loss(b, err);
    if (!rc)
        rc = ost_net_backward(b->net, err);
    if (!rc)
        rc = ost_optimizer_step(&sgd, b->weights, err);
    return rc;
}

static ost_rc answer(bench *b, ost_err *err)
{
    double start = ost_now();
    double used = processor();
    ost_rc rc = step(b, err);

    printf("{\"ms\":%.3f,\"cpu_ms\":%.3f}\n", (ost_now() - start) * 1e3,
           (processor() - used) * 1e3);
    fflush(stdout);
    return rc;
}

static void summary(const bench *b)
{
    double weights = 0.0;
    double learned = 0.0;
    double flops = 0.0;

    for (size_t i = 0; i < b->weights->len; i++) {
        const ost_weight *w = b->weights->data[i];
        double mb = (double)ost_weight_count(w) * sizeof(float) * 1e-6;

        weights += mb;
        learned += w->learned ? mb : 0.0;
    }
    for (int i = 0; i < ost_net_layers(b->net); i++) {
        const ost_layer *l = ost_net_layer(b->net, i);

        flops += l->kind->flops ? 3.0 * l->kind->flops(l) : 0.0;
    }
    printf("{\"weights_mb\":%.1f,\"gradients_mb\":%.1f,\"optimizer_mb\":%.1f,"
           "\"rest_mb\":%.1f,\"gflop\":%.2f}\n",
           weights, learned, learned, (double)ost_net_memory(b->net) * 1e-6,
           flops * 1e-9);
}

int main(int argc, char **argv)
{
    bool profile = argc > 5 && strcmp(argv[5], "profile") == 0;
    bench b = { 0 };
    ost_err err = { 0 };
    char line[64];
    ost_rc rc;

    if (argc < 5) {
        fprintf(stderr, "usage: bench_train_step FILE PARAMS SHAPE THREADS "
                        "[profile]\n");
        return 2;
    }
    rc = build(&b, argv, &err);
    if (!rc && profile)
        time_layers(b.net);
    while (!rc && fgets(line, sizeof(line), stdin))
        rc = answer(&b, &err);
    if (rc)
        fprintf(stderr, "bench_train_step: %s\n", err.text);
    else
        summary(&b);
    if (!rc && profile)
        print_layers(&b);
    ost_net_free(b.net);
    ost_weights_free(b.weights);
    ost_network_free(b.file);
    if (b.backend)
        ost_backend_close(b.backend);
    ost_free(b.classes);
    ost_free(b.target);
    return rc ? 1 : 0;
}
