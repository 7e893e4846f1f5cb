/* tests/gpu/bench_networks.c - times of networks, layers and losses, on demand
 *
 *     bench_networks CLASS
 *
 * opens the backend of a numeric class ("cuda", "cpu", ...) and answers each
 * line that it reads, an object in JSON, with one:
 *
 *     { "document": a network, or "file": its path, "params": {...},
 *       "shape": [N, C, ...], "what": ..., "repeats": R }
 *
 * what "layer": forward, and forward and backward, to the input as well:
 *     { "forward": [R milliseconds], "both": [R] }
 * "infer": a pass of inference { "forward": [R] }; "train": forward, loss,
 * backward and an update of SGD with momentum { "step": [R] }.  Both with
 * "memory", the bytes of activations, gradients and workspace.
 *
 *     { "loss": "softmax_cross_entropy", "shape": [N, K, ...], "repeats": R }
 *
 * is the loss and its gradient: { "both": [R] };
 *
 *     { "update": "adam" or "sgd", "shape": [COUNT], "repeats": R }
 *
 * an update of so many weights: { "step": [R] }.  Each time is that of TURNS
 * runs that are told without waiting, divided by them, after WARM runs.  What
 * fails is answered with { "error": ... }.
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

#include "base/banned.h"

enum { FILE_LIMIT = 1 << 20, LINE = 1 << 20, WARM = 3, TURNS = 4 };

typedef struct bench {
    ost_backend *backend;
    ost_network *network;
    ost_weights *weights;
    ost_net *net;
    ost_tensor output; /* of what a loss compares */
    float *grad;
    float *target;
    int32_t *classes;
    const char *kind; /* of a loss */
    ost_update update;
    void *taken[4]; /* memory of the device to release */
    int n_taken;
    uint64_t draw;
} bench;

typedef ost_rc (*turn_fn)(bench *b, ost_err *err);

/* --- what is timed -------------------------------------------------------- */

static ost_rc forward(bench *b, ost_err *err)
{
    return ost_net_forward(b->net, b->draw++, err);
}

static ost_rc both(bench *b, ost_err *err)
{
    ost_rc rc = forward(b, err);

    return rc ? rc : ost_net_backward(b->net, err);
}

typedef ost_rc (*value_fn)(const ost_value_loss *l, ost_err *err);

static value_fn value_loss(const bench *b)
{
    const struct {
        const char *name;
        value_fn fn;
    } all[] = {
        { "dice", b->backend->dice },
        { "focal", b->backend->focal },
        { "l1", b->backend->l1 },
        { "l2", b->backend->l2 },
    };

    for (size_t i = 0; b->kind && i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(b->kind, all[i].name) == 0)
            return all[i].fn;
    return b->backend->sigmoid_cross_entropy;
}

static ost_rc loss(bench *b, ost_err *err)
{
    ost_class_loss one = { .logits = b->output,
                           .classes = b->classes,
                           .grad = b->grad };
    ost_value_loss many = { .output = b->output,
                            .target = b->target,
                            .gamma = 2.0,
                            .smoothing = 1.0,
                            .grad = b->grad };

    if (b->classes)
        return b->backend->softmax_cross_entropy(&one, err);
    return value_loss(b)(&many, err);
}

static ost_rc update(bench *b, ost_err *err)
{
    b->update.step++;
    if (b->update.with.kind == OST_SGD)
        return b->backend->sgd(&b->update, 1, err);
    return b->backend->adam(&b->update, 1, err);
}

static ost_rc step(bench *b, ost_err *err)
{
    static const ost_optimizer sgd = { .kind = OST_SGD,
                                       .rate = 1e-4,
                                       .momentum = 0.9 };
    ost_rc rc = forward(b, err);

    if (!rc)
        rc = loss(b, err);
    if (!rc)
        rc = ost_net_backward(b->net, err);
    if (!rc)
        rc = ost_optimizer_step(&sgd, b->weights, err);
    return rc;
}

/* Milliseconds of one of TURNS runs, told at once. */
static ost_rc time_turns(bench *b, turn_fn turn, double *ms, ost_err *err)
{
    double start = ost_now();
    ost_rc rc = OST_OK;

    for (int i = 0; i < TURNS && !rc; i++)
        rc = turn(b, err);
    if (!rc)
        rc = b->backend->finish(b->backend, err);
    *ms = (ost_now() - start) * 1e3 / TURNS;
    return rc;
}

static ost_rc time_all(bench *b, turn_fn turn, int repeats, const char *name,
                       json_t *answer, ost_err *err)
{
    json_t *times = json_array();
    double ms = 0.0;
    ost_rc rc = OST_OK;

    for (int i = 0; i < WARM && !rc; i++)
        rc = turn(b, err);
    for (int i = 0; i < repeats && !rc; i++) {
        rc = time_turns(b, turn, &ms, err);
        json_array_append_new(times, json_real(ms));
    }
    json_object_set_new(answer, name, times);
    return rc;
}

/* --- what it is done to --------------------------------------------------- */

static ost_rc take(bench *b, size_t bytes, const void *from, void **memory,
                   ost_err *err)
{
    void *m = b->backend->alloc(b->backend, bytes, "numbers to measure with");

    if (!m)
        return ost_backend_no_memory(b->backend, err,
                                     "numbers to measure with");
    b->taken[b->n_taken++] = *memory = m;
    return b->backend->write(b->backend, m, from, bytes, err);
}

/* Numbers from 0 up to 1. */
static float *numbers(int64_t count)
{
    float *v = ost_xalloc((size_t)count * sizeof(*v));
    uint32_t r = 1;

    for (int64_t i = 0; i < count; i++) {
        r = r * 1664525u + 1013904223u;
        v[i] = (float)(r >> 8) * 0x1p-24f;
    }
    return v;
}

static ost_rc fill(bench *b, const ost_tensor *t, ost_err *err)
{
    int64_t count = ost_tensor_count(t);
    float *v = numbers(count);
    ost_rc rc = b->backend->write(b->backend, t->data, v,
                                  (size_t)count * sizeof(*v), err);

    ost_free(v);
    return rc;
}

/* Classes for one answer per item or position, else numbers. */
static ost_rc set_target(bench *b, bool classes, ost_err *err)
{
    int64_t count = ost_tensor_count(&b->output);
    int64_t k = b->output.shape[1];
    float *v = numbers(count);
    int32_t *c = (int32_t *)v;
    void *memory = NULL;
    ost_rc rc;

    if (classes)
        for (int64_t i = 0; i < count / k; i++)
            c[i] = (int32_t)(i % k);
    rc = take(b, (size_t)count * sizeof(*v), v, &memory, err);
    if (classes)
        b->classes = memory;
    else
        b->target = memory;
    ost_free(v);
    return rc;
}

static int shape_of(const json_t *request, int64_t *shape)
{
    const json_t *sides = json_object_get(request, "shape");
    const json_t *side;
    size_t i;
    int n = 0;

    json_array_foreach(sides, i, side)
    {
        if (n < OST_MAX_DIMS)
            shape[n++] = json_integer_value(side);
    }
    return n;
}

static ost_rc read_network(bench *b, const json_t *request, ost_err *err)
{
    const char *file = json_string_value(json_object_get(request, "file"));
    const json_t *document = json_object_get(request, "document");
    ost_buf text = { 0 };
    ost_rc rc = OST_OK;

    if (file) {
        rc = ost_fs_read(file, FILE_LIMIT, &text, err);
    } else {
        char *dumped = json_dumps(document, 0);

        ost_buf_adds(&text, dumped ? dumped : "");
        ost_free(dumped);
    }
    if (!rc)
        rc = ost_network_read(file ? file : "document", ost_buf_str(&text),
                              text.len, json_object_get(request, "params"),
                              NULL, &b->network, err);
    ost_buf_release(&text);
    return rc;
}

static ost_rc build(bench *b, const json_t *request, unsigned flags,
                    ost_err *err)
{
    int64_t shape[OST_MAX_DIMS];
    int n = shape_of(request, shape);
    ost_tensor t;
    ost_rc rc = read_network(b, request, err);

    if (rc)
        return rc;
    b->weights = ost_weights_new(b->backend);
    rc = ost_network_build(b->network, b->weights, n, shape, flags, &b->net,
                           err);
    if (!rc)
        rc = ost_weights_init(b->weights, 1, err);
    if (rc)
        return rc;
    t = ost_net_input(b->net);
    rc = fill(b, &t, err);
    b->output = ost_net_output(b->net);
    t = ost_net_output_grad(b->net);
    b->grad = t.data;
    if (!rc && b->grad)
        rc = fill(b, &t, err);
    return rc;
}

/* --- requests ------------------------------------------------------------- */

static ost_rc time_network(bench *b, const json_t *request, json_t *answer,
                           ost_err *err)
{
    const char *what = json_string_value(json_object_get(request, "what"));
    int repeats = (int)json_integer_value(json_object_get(request, "repeats"));
    bool train = strcmp(what, "train") == 0;
    bool layer = strcmp(what, "layer") == 0;
    ost_rc rc = build(b, request,
                      layer   ? OST_NET_TRAIN | OST_NET_INPUT_GRAD
                      : train ? OST_NET_TRAIN
                              : 0,
                      err);

    if (!rc && train)
        rc = set_target(b, b->output.ndim == 2, err);
    if (!rc && train)
        rc = time_all(b, step, repeats, "step", answer, err);
    if (!rc && !train)
        rc = time_all(b, forward, repeats, "forward", answer, err);
    if (!rc && layer)
        rc = time_all(b, both, repeats, "both", answer, err);
    if (!rc)
        json_object_set_new(answer, "memory",
                            json_integer((json_int_t)ost_net_memory(b->net)));
    return rc;
}

/* `n` arrays of as many numbers as the request's shape has. */
static ost_rc take_arrays(bench *b, const json_t *request, int n, ost_err *err)
{
    int64_t shape[OST_MAX_DIMS];
    int ndim = shape_of(request, shape);
    int64_t count = 1;
    void *memory;
    float *v;
    ost_rc rc = OST_OK;

    for (int i = 0; i < ndim; i++)
        count *= shape[i];
    v = numbers(count);
    for (int i = 0; i < n && !rc; i++)
        rc = take(b, (size_t)count * sizeof(*v), v, &memory, err);
    b->output = ost_tensor_of(b->taken[0], OST_F32, ndim, shape);
    ost_free(v);
    return rc;
}

static ost_rc time_loss(bench *b, const json_t *request, json_t *answer,
                        ost_err *err)
{
    int repeats = (int)json_integer_value(json_object_get(request, "repeats"));
    ost_rc rc = take_arrays(b, request, 2, err);

    b->kind = json_string_value(json_object_get(request, "loss"));
    b->grad = b->taken[1];
    if (!rc)
        rc = set_target(b, strcmp(b->kind, "softmax_cross_entropy") == 0, err);
    if (!rc)
        rc = time_all(b, loss, repeats, "both", answer, err);
    return rc;
}

static ost_rc time_update(bench *b, const json_t *request, json_t *answer,
                          ost_err *err)
{
    const char *kind = json_string_value(json_object_get(request, "update"));
    int repeats = (int)json_integer_value(json_object_get(request, "repeats"));
    ost_rc rc = take_arrays(b, request, 4, err);

    b->update = (ost_update){
        .count = ost_tensor_count(&b->output),
        .data = b->taken[0],
        .grad = b->taken[1],
        .state = { b->taken[2], b->taken[3] },
        .with = { .kind = strcmp(kind, "adam") == 0 ? OST_ADAM : OST_SGD,
                  .rate = 1e-4,
                  .momentum = 0.9,
                  .beta1 = 0.9,
                  .beta2 = 0.999,
                  .epsilon = 1e-8 },
        .shrink = 1.0,
    };
    return rc ? rc : time_all(b, update, repeats, "step", answer, err);
}

static void answer_line(ost_backend *backend, const char *line)
{
    bench b = { .backend = backend };
    json_t *request = json_loads(line, 0, NULL);
    json_t *answer = json_object();
    ost_err err = { 0 };
    char *text;
    ost_rc rc;

    if (json_object_get(request, "loss"))
        rc = time_loss(&b, request, answer, &err);
    else if (json_object_get(request, "update"))
        rc = time_update(&b, request, answer, &err);
    else if (json_object_get(request, "what"))
        rc = time_network(&b, request, answer, &err);
    else
        rc = ost_fail(&err, OST_EUSAGE, "malformed request");
    if (rc)
        json_object_set_new(answer, "error", json_string(err.text));
    text = json_dumps(answer, JSON_COMPACT | JSON_REAL_PRECISION(9));
    puts(text);
    fflush(stdout);
    ost_free(text);
    ost_net_free(b.net);
    ost_weights_free(b.weights);
    ost_network_free(b.network);
    for (int i = 0; i < b.n_taken; i++)
        backend->release(backend, b.taken[i]);
    json_decref(answer);
    json_decref(request);
}

int main(int argc, char **argv)
{
    ost_backend *backend = NULL;
    ost_err err = { 0 };
    char *line;

    if (argc != 2) {
        fprintf(stderr, "usage: bench_networks CLASS\n");
        return 2;
    }
    if (ost_backend_open(argv[1], 0, &backend, &err)) {
        fprintf(stderr, "bench_networks: %s\n", err.text);
        return 1;
    }
    line = ost_xalloc(LINE);
    while (fgets(line, LINE, stdin))
        answer_line(backend, line);
    ost_free(line);
    ost_backend_close(backend);
    return 0;
}
