/* tests/bench/bench_gan_step.c - steps of a generative game, on demand
 *
 *     bench_gan_step CASE THREADS [profile]
 *
 * CASE is a JSON object: the `objective`, files of the `generator` and the
 * `discriminator` (with values for their params in `generator_params` and
 * `discriminator_params`), the shapes of the batch in `in`, perhaps the shape
 * of a drawn input in `latent` and the frames that are `given` of series.  The
 * program builds all of it and makes one
 * step (both sides, each with an update by Adam) for each line that it reads.
 * Each answer is a line of JSON: milliseconds by the wall and of processor
 * time.  The end of the input is answered with megabytes (weights, gradients,
 * state of the optimizers, everything else), floating point operations of a
 * forward pass of each network, and the losses of the last step.  With
 * `profile` the processor time of each layer comes too.
 *
 * bench_gan_step.py asks it and PyTorch in turn.
 */
/* links: base kernels stages */
#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "kernels/gan.h"
#include "stages/generator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

enum { MAX_NETS = 32, MAX_LAYERS = 512, FILE_LIMIT = 1 << 20 };

typedef ost_rc (*layer_fn)(ost_layer *layer, const ost_pass *pass,
                           ost_err *err);

/* What stands behind the clocks of profile. */
typedef struct timed_layer {
    layer_fn run[2]; /* forward, backward */
    double taken[2];
    int calls[2];
} timed_layer;

static struct {
    const ost_net *net[MAX_NETS];
    timed_layer layer[MAX_NETS][MAX_LAYERS];
} timed;

typedef struct bench {
    ost_backend *backend;
    ost_side_networks sides[OST_GAN_SIDES];
    ost_gan_spec spec;
    ost_gan *gan;
} bench;

/* Seconds that this process has computed, on all cores. */
static double processor(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static timed_layer *timed_of(const ost_layer *layer)
{
    int i = 0;

    while (timed.net[i] != layer->net)
        i++;
    return &timed.layer[i][layer->serial];
}

static ost_rc run_timed(ost_layer *layer, int way, const ost_pass *pass,
                        ost_err *err)
{
    timed_layer *t = timed_of(layer);
    double start = processor();
    ost_rc rc = t->run[way](layer, pass, err);

    t->taken[way] += processor() - start;
    t->calls[way]++;
    return rc;
}

static ost_rc timed_forward(ost_layer *layer, const ost_pass *pass,
                            ost_err *err)
{
    return run_timed(layer, 0, pass, err);
}

static ost_rc timed_backward(ost_layer *layer, const ost_pass *pass,
                             ost_err *err)
{
    return run_timed(layer, 1, pass, err);
}

/* Puts clocks between the networks and their layers. */
static void time_layers(const ost_gan *gan)
{
    const ost_net *net;

    for (int n = 0; n < MAX_NETS && (net = ost_gan_net_at(gan, n)); n++) {
        timed.net[n] = net;
        for (int i = 0; i < ost_net_layers(net) && i < MAX_LAYERS; i++) {
            ost_layer *l = (ost_layer *)(uintptr_t)ost_net_layer(net, i);

            timed.layer[n][i].run[0] = l->forward;
            timed.layer[n][i].run[1] = l->backward;
            l->forward = timed_forward;
            l->backward = timed_backward;
        }
    }
}

static void print_layers(const ost_gan *gan)
{
    const ost_net *net;
    double steps = (double)gan->step;

    for (int n = 0; n < MAX_NETS && (net = ost_gan_net_at(gan, n)); n++)
        for (int i = 0; i < ost_net_layers(net) && i < MAX_LAYERS; i++) {
            const ost_layer *l = ost_net_layer(net, i);
            const timed_layer *t = &timed.layer[n][i];
            char shape[96];

            printf("{\"net\":%d,\"layer\":\"%s\",\"op\":\"%s\",\"out\":\"%s\","
                   "\"forward_ms\":%.3f,\"forwards\":%.1f,\"backward_ms\":%.3f,"
                   "\"backwards\":%.1f}\n",
                   n, l->name, l->kind->name,
                   ost_shape_text(shape, l->out->ndim, l->out->shape),
                   t->taken[0] / steps * 1e3, t->calls[0] / steps,
                   t->taken[1] / steps * 1e3, t->calls[1] / steps);
        }
}

static void fill(float *v, int64_t count)
{
    uint32_t r = 1;

    for (int64_t i = 0; i < count; i++) {
        r = r * 1664525u + 1013904223u;
        v[i] = (float)(r >> 8) * 0x1p-23f - 1.0f;
    }
}

static int shape_of(const json_t *list, int64_t shape[OST_MAX_DIMS])
{
    int n = (int)json_array_size(list);

    for (int i = 0; i < n && i < OST_MAX_DIMS; i++)
        shape[i] = json_integer_value(json_array_get(list, (size_t)i));
    return n;
}

static ost_rc read_side(bench *b, const json_t *given, ost_gan_side side,
                        ost_err *err)
{
    bool makes = side == OST_GENERATOR;
    const char *path = json_string_value(
        json_object_get(given, makes ? "generator" : "discriminator"));
    const json_t *values = json_object_get(
        given, makes ? "generator_params" : "discriminator_params");
    ost_side_networks *nets = &b->sides[side];
    ost_buf text = { 0 };
    ost_rc rc = ost_fs_read(path, FILE_LIMIT, &text, err);

    if (!rc)
        rc = ost_side_networks_read(b->spec.objective, side, path,
                                    ost_buf_str(&text), text.len, values, nets,
                                    err);
    for (int r = 0; !rc && r < OST_GAN_ROLES; r++)
        for (int k = 0; nets->nets[r][0] && k < OST_GAN_SCALES; k++) {
            b->spec.nets[r][k] = nets->nets[r][k] ? &nets->specs[r][k] : NULL;
            b->spec.named[r] = true;
        }
    ost_buf_release(&text);
    return rc;
}

static ost_rc build(bench *b, const json_t *given, int threads, ost_err *err)
{
    const char *name = json_string_value(json_object_get(given, "objective"));
    const json_t *in = json_object_get(given, "in");
    ost_gan_spec *s = &b->spec;
    ost_rc rc = ost_backend_open("cpu", threads, &b->backend, err);

    s->objective = ost_objective_find(name ? name : "");
    if (!rc && !s->objective)
        rc = ost_fail(err, OST_EINPUT, "there is no such objective");
    for (int i = 0; !rc && i < OST_GAN_SIDES; i++)
        rc = read_side(b, given, i, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < json_array_size(in); i++)
        s->ndim[i] = shape_of(json_array_get(in, i), s->shape[i]);
    s->latent_ndim = shape_of(json_object_get(given, "latent"), s->latent);
    s->given = json_integer_value(json_object_get(given, "given"));
    for (int i = 0; s->objective->terms[i].name; i++)
        s->weight[i] = s->objective->terms[i].weight;
    s->loss = s->objective->loss;
    s->key = 1;
    rc = ost_gan_new(s, b->backend, &b->gan, err);
    for (int i = 0; !rc && i < OST_GAN_SIDES; i++)
        rc = ost_weights_init(b->gan->weights[i], 1, err);
    for (int i = 0; !rc && i < OST_GAN_INPUTS && s->ndim[i]; i++) {
        ost_tensor t = ost_tensor_of(NULL, OST_F32, s->ndim[i], s->shape[i]);
        float *to;

        rc = ost_gan_host_input(b->gan, i, &to, err);
        if (!rc)
            fill(to, ost_tensor_count(&t));
    }
    return rc;
}

static ost_rc answer(bench *b, ost_err *err)
{
    static const ost_optimizer adam = { .kind = OST_ADAM,
                                        .rate = 2e-4,
                                        .beta1 = 0.5,
                                        .beta2 = 0.999,
                                        .epsilon = 1e-8 };
    const ost_optimizer opt[OST_GAN_SIDES] = { adam, adam };
    double start = ost_now();
    double used = processor();
    ost_rc rc = ost_gan_step(b->gan, opt, err);

    if (!rc)
        rc = ost_gan_finish(b->gan, err);

    printf("{\"ms\":%.3f,\"cpu_ms\":%.3f}\n", (ost_now() - start) * 1e3,
           (processor() - used) * 1e3);
    fflush(stdout);
    return rc;
}

static void summary(const bench *b)
{
    const ost_net *net;
    double weights = 0.0;
    double learned = 0.0;
    double flops = 0.0;

    for (int s = 0; s < OST_GAN_SIDES; s++)
        for (size_t i = 0; i < b->gan->weights[s]->len; i++) {
            const ost_weight *w = b->gan->weights[s]->data[i];
            double mb = (double)ost_weight_count(w) * sizeof(float) * 1e-6;

            weights += mb;
            learned += w->learned ? mb : 0.0;
        }
    for (int n = 0; (net = ost_gan_net_at(b->gan, n)); n++)
        for (int i = 0; i < ost_net_layers(net); i++) {
            const ost_layer *l = ost_net_layer(net, i);

            flops += l->kind->flops ? l->kind->flops(l) : 0.0;
        }
    printf("{\"weights_mb\":%.1f,\"gradients_mb\":%.1f,\"optimizer_mb\":%.1f,"
           "\"rest_mb\":%.1f,\"gflop\":%.2f,\"losses\":[",
           weights, learned, 2.0 * learned,
           (double)ost_gan_memory(b->gan) * 1e-6, flops * 1e-9);
    for (int i = 0; b->spec.objective->losses[i]; i++)
        printf("%s%.6g", i ? "," : "", b->gan->loss[i]);
    printf("]}\n");
}

static void release(bench *b)
{
    ost_gan_free(b->gan);
    for (int i = 0; i < OST_GAN_SIDES; i++)
        ost_side_networks_release(&b->sides[i]);
    if (b->backend)
        ost_backend_close(b->backend);
}

int main(int argc, char **argv)
{
    bool profile = argc > 3 && strcmp(argv[3], "profile") == 0;
    bench b = { 0 };
    ost_err err = { 0 };
    char line[64];
    json_t *given;
    ost_rc rc;

    if (argc < 3) {
        fprintf(stderr, "usage: bench_gan_step CASE THREADS [profile]\n");
        return 2;
    }
    given = json_loads(argv[1], 0, NULL);
    rc = build(&b, given, (int)strtol(argv[2], NULL, 10), &err);
    if (!rc && profile)
        time_layers(b.gan);
    while (!rc && fgets(line, sizeof(line), stdin))
        rc = answer(&b, &err);
    if (rc)
        fprintf(stderr, "bench_gan_step: %s\n", err.text);
    else
        summary(&b);
    if (!rc && profile)
        print_layers(b.gan);
    release(&b);
    json_decref(given);
    return rc ? 1 : 0;
}
