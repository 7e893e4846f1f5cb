/* tests/bench/bench_convolution.c - milliseconds of single convolutions
 *
 *     bench_convolution THREADS REPEATS < SHAPES
 *
 * Each line of SHAPES is a name and thirteen numbers: items, channels, depth
 * (0: two-dimensional), height, width, output channels, kernel depth, height
 * and width, stride, padding, groups, and 1 if the gradient of the input is
 * wanted.  One line of JSON for each: median milliseconds forward, of the
 * gradient of the weights and of that of the input, and the same in 10^9
 * floating point operations a second, counted as a direct convolution has them.
 * bench_convolution.py names the shapes and takes PyTorch beside it.
 */
/* links: base kernels */
#include "base/clock.h"
#include "kernels/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { MAX_REPEATS = 200, NUMBERS = 13 };

typedef struct shape {
    char name[64];
    int64_t n, c, side[3], out, kernel[3], stride, padding, groups, data;
} shape;

typedef struct timing {
    double forward;
    double backward;
    double flops;
} timing;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof(*v), ascending);
    return v[n / 2];
}

static void fill(float *v, int64_t count)
{
    uint32_t r = 1;

    for (int64_t i = 0; i < count; i++) {
        r = r * 1664525u + 1013904223u;
        v[i] = (float)(r >> 8) * 0x1p-23f - 1.0f;
    }
}

static int64_t count_of(const ost_tensor *t)
{
    int64_t n = 1;

    for (int i = 0; i < t->ndim; i++)
        n *= t->shape[i];
    return n;
}

/* Milliseconds of a network of this one layer, built with `flags`. */
static int measure(ost_backend *backend, const shape *s, unsigned flags,
                   int repeats, timing *t, ost_err *err)
{
    bool flat = s->side[0] == 0;
    int64_t in[5] = { s->n, s->c };
    ost_net_attr attrs[] = {
        { .name = "out", .count = 1, .v = { (double)s->out } },
        { .name = "kernel", .count = flat ? 2 : 3 },
        { .name = "stride", .count = 1, .v = { (double)s->stride } },
        { .name = "padding", .count = 1, .v = { (double)s->padding } },
        { .name = "bias", .count = 1 },
        { .name = "groups", .count = 1, .v = { (double)s->groups } },
    };
    ost_layer_spec layer = { .kind = flat ? "conv2d" : "conv3d",
                             .n_inputs = 1,
                             .inputs = { OST_NET_INPUT },
                             .attrs = attrs,
                             .n_attrs = s->groups > 1 ? 6 : 5 };
    ost_net_spec spec = { &layer, 1, 0 };
    ost_weights *weights = ost_weights_new(backend);
    double forward[MAX_REPEATS];
    double backward[MAX_REPEATS];
    ost_net *net = NULL;
    ost_tensor x;
    ost_tensor dy;
    ost_rc rc;

    for (int i = flat; i < 3; i++) {
        in[2 + i - flat] = s->side[i];
        attrs[1].v[i - flat] = (double)s->kernel[i];
    }
    rc = ost_net_new(weights, &spec, flat ? 4 : 5, in, flags, &net, NULL, err);
    if (!rc)
        rc = ost_weights_init(weights, 1, err);
    if (rc)
        goto out;
    x = ost_net_input(net);
    dy = ost_net_output_grad(net);
    fill(x.data, count_of(&x));
    fill(dy.data, count_of(&dy));
    for (int i = -1; !rc && i < repeats; i++) {
        double start = ost_now();
        double middle;

        rc = ost_net_forward(net, 1, err);
        middle = ost_now();
        if (!rc)
            rc = ost_net_backward(net, err);
        if (i >= 0) {
            forward[i] = (middle - start) * 1e3;
            backward[i] = (ost_now() - middle) * 1e3;
        }
    }
    t->forward = median(forward, repeats);
    t->backward = median(backward, repeats);
    t->flops = 0.0;
    for (int i = 0; i < ost_net_layers(net); i++) {
        const ost_layer *l = ost_net_layer(net, i);

        t->flops += l->kind->flops ? l->kind->flops(l) : 0.0;
    }
out:
    ost_net_free(net);
    ost_weights_free(weights);
    return (int)rc;
}

static int report(ost_backend *backend, const shape *s, int repeats,
                  ost_err *err)
{
    timing with = { 0 };
    timing without = { 0 };
    double data;

    if (measure(backend, s, OST_NET_TRAIN, repeats, &without, err))
        return 1;
    with = without;
    if (s->data && measure(backend, s, OST_NET_TRAIN | OST_NET_INPUT_GRAD,
                           repeats, &with, err))
        return 1;
    data = with.backward - without.backward;
    printf("{\"shape\":\"%s\",\"forward_ms\":%.3f,\"weights_ms\":%.3f,"
           "\"data_ms\":%.3f,\"forward_gflops\":%.1f,\"weights_gflops\":%.1f,"
           "\"data_gflops\":%.1f}\n",
           s->name, with.forward, without.backward, data,
           with.flops / with.forward / 1e6, with.flops / without.backward / 1e6,
           s->data ? with.flops / data / 1e6 : 0.0);
    return 0;
}

static bool read_shape(char *line, shape *s)
{
    int64_t v[NUMBERS];
    char *rest = NULL;
    char *word = strtok_r(line, " \n", &rest);

    if (!word || strlen(word) >= sizeof(s->name))
        return false;
    memcpy(s->name, word, strlen(word) + 1);
    for (int i = 0; i < NUMBERS; i++) {
        word = strtok_r(NULL, " \n", &rest);
        if (!word)
            return false;
        v[i] = strtoll(word, NULL, 10);
    }
    memcpy(&s->n, v, sizeof(v));
    return true;
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 2;
    int repeats = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 5;
    ost_backend *backend = NULL;
    ost_err err = { 0 };
    char line[256];
    shape s;
    int rc = 0;

    if (repeats < 1 || repeats > MAX_REPEATS)
        return 2;
    rc = ost_backend_open("cpu", threads, &backend, &err) != 0;
    while (!rc && fgets(line, sizeof(line), stdin))
        rc = !read_shape(line, &s) || report(backend, &s, repeats, &err);
    if (rc)
        fprintf(stderr, "bench_convolution: %s\n", err.text);
    if (backend)
        ost_backend_close(backend);
    return rc;
}
