/* tests/property/test_winograd.c - Winograd convolutions of any shape
 *
 * Outputs and gradients are those of a plain convolution in double precision to
 * 1e-5 of the largest, the same bytes for any number of threads, for vectors of
 * any width, for any batch around an item (outputs), and in both channel
 * blocks.
 */
/* links: base kernels */
#include "base/alloc.h"
#include "kernels/cpu/wide.h"
#include "kernels/cpu/winograd.h"
#include "kernels/network.h"
#include "tests/support/seed.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { CASES = 16, EIGHT = 8, OUTPUTS = 4 };

/* A layer and what has to come out, in double precision. */
typedef struct layer {
    /* Depth first; a flat layer has a kernel of depth 1 and one slice. */
    int64_t n, in, out, kernel[3], side[3], padding[3], result[3];
    int64_t stride;
    bool transposed;
    bool bias;
    int64_t count[OUTPUTS]; /* y, dx, dw, db */
    double *want[OUTPUTS];
    float *got[OUTPUTS];
    float *x;
    float *w;
    float *b;
    float *dy;
} layer;

static const char *const outputs[OUTPUTS] = { "y", "dx", "dw", "db" };

static float *numbers(ost_rng *r, int64_t n, double low)
{
    float *v = ost_xalloc((size_t)n * sizeof(float));

    for (int64_t i = 0; i < n; i++)
        v[i] = (float)ost_rng_range(r, low, 1.0);
    return v;
}

static int64_t taps_of(const layer *l)
{
    return l->kernel[0] * l->kernel[1] * l->kernel[2];
}

static void draw(ost_rng *r, layer *l)
{
    memset(l, 0, sizeof(*l));
    l->n = 1 + (int64_t)ost_rng_below(r, 3);
    l->in = 32 + 16 * (int64_t)ost_rng_below(r, 2);
    l->out = 32 + 16 * (int64_t)ost_rng_below(r, 2);
    l->kernel[1] = l->kernel[2] = 3 + (int64_t)ost_rng_below(r, 3);
    l->kernel[0] = ost_rng_below(r, 3) || l->kernel[1] == 4 ? 1 : 3;
    l->stride = l->kernel[1] == 4 ? 1 + (int64_t)ost_rng_below(r, 2) : 1;
    l->transposed = l->kernel[1] == 4 && ost_rng_below(r, 2);
    for (int i = 0; i < 3; i++) {
        int64_t step = i ? l->stride : 1;

        l->side[i] = 12 + (int64_t)ost_rng_below(r, 16);
        if (l->kernel[1] == 4 && ost_rng_below(r, 2))
            l->side[i] = 5 + (int64_t)ost_rng_below(r, 4);
        if (i == 0)
            l->side[i] = l->kernel[0] == 1 ? 1 : 3;
        l->padding[i] = (int64_t)ost_rng_below(r, (uint32_t)l->kernel[i]);
        l->result[i] =
            (l->side[i] + 2 * l->padding[i] - l->kernel[i]) / step + 1;
        if (l->transposed)
            l->result[i] =
                (l->side[i] - 1) * step - 2 * l->padding[i] + l->kernel[i];
    }
    l->bias = ost_rng_below(r, 2);
    l->count[0] = l->n * l->out * l->result[0] * l->result[1] * l->result[2];
    l->count[1] = l->n * l->in * l->side[0] * l->side[1] * l->side[2];
    l->count[2] = l->out * l->in * taps_of(l);
    l->count[3] = l->out;
    l->x = numbers(r, l->count[1], ost_rng_below(r, 2) ? -1.0 : 0.0);
    l->w = numbers(r, l->count[2], -1.0);
    l->b = numbers(r, l->out, -1.0);
    l->dy = numbers(r, l->count[0], -1.0);
    for (int i = 0; i < OUTPUTS; i++) {
        l->want[i] = ost_xalloc((size_t)l->count[i] * sizeof(double));
        l->got[i] = ost_xalloc((size_t)l->count[i] * sizeof(float));
    }
}

static void drop(layer *l)
{
    for (int i = 0; i < OUTPUTS; i++) {
        ost_free(l->want[i]);
        ost_free(l->got[i]);
    }
    ost_free(l->x);
    ost_free(l->w);
    ost_free(l->b);
    ost_free(l->dy);
}

/* One tap of one channel pair of one item: a row of products.  Rows are those
 * of what the convolution makes; a transposed layer is one that goes from its
 * output to its input. */
static void tap_row(layer *l, int64_t n, int64_t o, int64_t c, int64_t tap,
                    int64_t row)
{
    const int64_t *small = l->transposed ? l->side : l->result;
    const int64_t *large = l->transposed ? l->result : l->side;
    int64_t z =
        row / small[1] + tap / (l->kernel[1] * l->kernel[2]) - l->padding[0];
    int64_t y = l->stride * (row % small[1]) +
                tap / l->kernel[2] % l->kernel[1] - l->padding[1];
    int64_t shift = tap % l->kernel[2] - l->padding[2];
    int64_t pair = l->transposed ? c * l->out + o : o * l->in + c;
    int64_t weight = pair * taps_of(l) + tap;
    int64_t from = n * l->in + c;
    int64_t to = n * l->out + o;
    int64_t few = l->transposed ? from : to;
    int64_t many = l->transposed ? to : from;

    if (z < 0 || z >= large[0] || y < 0 || y >= large[1])
        return;
    few = (few * small[0] * small[1] + row) * small[2];
    many = ((many * large[0] + z) * large[1] + y) * large[2];
    for (int64_t x = 0; x < small[2]; x++) {
        int64_t at = l->stride * x + shift;
        int64_t in = l->transposed ? few + x : many + at;
        int64_t out = l->transposed ? many + at : few + x;

        if (at < 0 || at >= large[2])
            continue;
        l->want[0][out] += (double)l->w[weight] * (double)l->x[in];
        l->want[1][in] += (double)l->w[weight] * (double)l->dy[out];
        l->want[2][weight] += (double)l->x[in] * (double)l->dy[out];
    }
}

static void compute(layer *l)
{
    const int64_t *small = l->transposed ? l->side : l->result;
    int64_t rows = small[0] * small[1];
    int64_t area = l->result[0] * l->result[1] * l->result[2];
    int64_t taps = taps_of(l);

    for (int64_t i = 0; i < l->n * l->out; i++)
        for (int64_t k = 0; k < area; k++) {
            l->want[0][i * area + k] = l->bias ? (double)l->b[i % l->out] : 0;
            l->want[3][i % l->out] += (double)l->dy[i * area + k];
        }
    for (int64_t i = 0; i < l->n * l->out * l->in; i++)
        for (int64_t t = 0; t < taps * rows; t++)
            tap_row(l, i / l->in / l->out, i / l->in % l->out, i % l->in,
                    t % taps, t / taps);
}

/* Runs the first `n` items. */
static const char *run(layer *l, int64_t n, int threads)
{
    int flat = l->kernel[0] == 1;
    ost_net_attr attrs[] = {
        { .name = "out", .count = 1, .v = { (double)l->out } },
        { .name = "kernel", .count = 3 - flat },
        { .name = "padding", .count = 3 - flat },
        { .name = "bias", .count = 1, .v = { (double)l->bias } },
        { .name = "stride", .count = 1, .v = { (double)l->stride } },
    };
    const char *kind = l->transposed ? "conv_transpose2d" : "conv2d";
    ost_layer_spec spec = { .kind = flat ? kind : "conv3d",
                            .name = "c",
                            .n_inputs = 1,
                            .inputs = { OST_NET_INPUT },
                            .attrs = attrs,
                            .n_attrs = 5 };
    ost_net_spec net_spec = { &spec, 1, 0 };
    int64_t shape[5] = { n, l->in };
    ost_backend *b = NULL;
    ost_weights *weights = NULL;
    ost_net *net = NULL;
    ost_err err = { 0 };
    const char *wrong = "a call fails";
    ost_weight *w;

    for (int i = flat; i < 3; i++) {
        attrs[1].v[i - flat] = (double)l->kernel[i];
        attrs[2].v[i - flat] = (double)l->padding[i];
        shape[2 + i - flat] = l->side[i];
    }
    if (ost_backend_open("cpu", threads, &b, &err))
        return wrong;
    weights = ost_weights_new(b);
    if (ost_net_new(weights, &net_spec, 5 - flat, shape,
                    OST_NET_TRAIN | OST_NET_INPUT_GRAD, &net, NULL, &err))
        goto out;
    wrong = "another way is taken";
    for (int i = 0; i < ost_net_layers(net); i++) {
        const ost_layer *made = ost_net_layer(net, i);

        if (made->index == 0 &&
            (!made->code[0] || (!strstr(made->code[0], "winograd") &&
                                !strstr(made->code[0], "tiles"))))
            goto out;
    }
    wrong = "a call fails";
    w = ost_weights_find(weights, "c.weight");
    if (ost_weights_set(weights, w, OST_PART_DATA, l->w, &err))
        goto out;
    memcpy(ost_net_input(net).data, l->x,
           (size_t)(l->count[1] / l->n * n) * sizeof(float));
    if (l->bias && ost_weights_set(weights, ost_weights_find(weights, "c.bias"),
                                   OST_PART_DATA, l->b, &err))
        goto out;
    if (ost_net_forward(net, 1, &err))
        goto out;
    memcpy(l->got[0], ost_net_output(net).data,
           (size_t)(l->count[0] / l->n * n) * sizeof(float));
    memcpy(ost_net_output_grad(net).data, l->dy,
           (size_t)(l->count[0] / l->n * n) * sizeof(float));
    if (ost_net_backward(net, &err) ||
        ost_weights_get(weights, w, OST_PART_GRAD, l->got[2], &err))
        goto out;
    memcpy(l->got[1], ost_net_input_grad(net).data,
           (size_t)(l->count[1] / l->n * n) * sizeof(float));
    if (l->bias && ost_weights_get(weights, ost_weights_find(weights, "c.bias"),
                                   OST_PART_GRAD, l->got[3], &err))
        goto out;
    wrong = NULL;
out:
    ost_net_free(net);
    ost_weights_free(weights);
    ost_backend_close(b);
    return wrong;
}

static const char *compare(const layer *l)
{
    static char text[128];

    for (int i = 0; i < OUTPUTS - !l->bias; i++) {
        double largest = 0.0;
        double worst = 0.0;

        for (int64_t k = 0; k < l->count[i]; k++) {
            double d = fabs((double)l->got[i][k] - l->want[i][k]);

            worst = d <= worst ? worst : d;
            largest = fmax(largest, fabs(l->want[i][k]));
        }
        if (worst <= 1e-5 * largest)
            continue;
        snprintf(text, sizeof(text), "%s is wrong by %.3g of %.3g", outputs[i],
                 worst, largest);
        return text;
    }
    return NULL;
}

static uint64_t digest(const layer *l, int64_t outputs_of, int count)
{
    uint64_t h = 14695981039346656037u;

    for (int i = 0; i < count; i++)
        for (int64_t k = 0; k < l->count[i] / l->n * outputs_of; k++) {
            uint32_t bits;

            memcpy(&bits, &l->got[i][k], sizeof(bits));
            h = (h ^ bits) * 1099511628211u;
        }
    return h;
}

static const char *shapes_agree(ost_rng *r)
{
    static const int threads[] = { 1, 3, 4, 8 };
    const char *wrong;
    uint64_t all;
    uint64_t first;
    layer l;

    draw(r, &l);
    compute(&l);
    wrong = run(&l, l.n, 2);
    if (!wrong)
        wrong = compare(&l);
    all = digest(&l, l.n, OUTPUTS - !l.bias);
    first = digest(&l, 1, 2);
    for (size_t i = 0; !wrong && i < sizeof(threads) / sizeof(*threads); i++) {
        wrong = run(&l, l.n, threads[i]);
        if (!wrong && digest(&l, l.n, OUTPUTS - !l.bias) != all)
            wrong = "threads change the bytes";
    }
    ost_cpu_width_at_most(OST_WIDTH_AVX2);
    if (!wrong)
        wrong = run(&l, l.n, 2);
    ost_cpu_width_at_most(OST_WIDTH_AVX512);
    if (!wrong && digest(&l, l.n, OUTPUTS - !l.bias) != all)
        wrong = "the width of vectors changes the bytes";
    if (!wrong)
        wrong = run(&l, 1, 2);
    if (!wrong && digest(&l, 1, 2) != first)
        wrong = "items beside it change an item's bytes";
    drop(&l);
    return wrong;
}

/* From channel block 8 to 16. */
static void widen(const float *v, const ost_wino_value *shape, float *to)
{
    int64_t area = shape->side[0] * shape->side[1];

    for (int64_t i = 0; i < shape->items * shape->eights; i++)
        for (int64_t k = 0; k < area; k++)
            memcpy(to + (i / 2 * area + k) * 2 * EIGHT + i % 2 * EIGHT,
                   v + (i * area + k) * EIGHT, EIGHT * sizeof(*v));
}

/* y and dg are the same numbers in blocks of 8 and of 16. */
static const char *blocks_agree(ost_rng *r)
{
    ost_wino_window window = {
        .depth = 1, .side = 3, .stride = 1, .padding = { 0, 1, 1 }, .block = 8
    };
    ost_wino_value in = { 2, 4, 1, { 21, 18 }, EIGHT };
    ost_wino_value out = { 2, 6, 1, { 21, 18 }, EIGHT };
    int64_t xs = in.items * in.eights * in.side[0] * in.side[1] * EIGHT;
    int64_t ys = out.items * out.eights * out.side[0] * out.side[1] * EIGHT;
    int64_t ws = in.eights * out.eights * EIGHT * EIGHT * 9;
    float *x = numbers(r, xs, -1.0);
    float *dy = numbers(r, ys, -1.0);
    float *w = numbers(r, ws, -1.0);
    float *made[2][3];
    const char *wrong = NULL;

    for (int i = 0; i < 2; i++) {
        ost_wino_pass go;
        ost_wino_pass back;
        float *memory;

        in.block = out.block = (i + 1) * EIGHT;
        go = ost_wino_pass_of(&in, &out, &window, false);
        back = ost_wino_gradient_of(&in, &out, &window);
        memory = ost_xalloc(
            (size_t)(go.shared + 16 * go.own + back.shared + 16 * back.own) *
            sizeof(float));
        made[i][0] = ost_xalloc((size_t)ys * sizeof(float));
        made[i][1] = ost_xalloc((size_t)ws * sizeof(float));
        made[i][2] = ost_xalloc((size_t)(xs + ys) * sizeof(float));
        memcpy(made[i][2], x, (size_t)xs * sizeof(float));
        memcpy(made[i][2] + xs, dy, (size_t)ys * sizeof(float));
        if (i) {
            widen(x, &in, made[i][2]);
            widen(dy, &out, made[i][2] + xs);
        }
        ost_wino_convolve(&go, made[i][2], w, NULL, made[i][0], memory);
        ost_wino_correlation(&back, made[i][2], made[i][2] + xs, false,
                             made[i][1], memory);
        ost_free(memory);
    }
    widen(made[0][0], &out, made[0][2]);
    if (memcmp(made[0][2], made[1][0], (size_t)ys * sizeof(float)) != 0)
        wrong = "blocks of 16 give other outputs";
    if (memcmp(made[0][1], made[1][1], (size_t)ws * sizeof(float)) != 0)
        wrong = "blocks of 16 give other gradients";
    for (int i = 0; i < 6; i++)
        ost_free(made[i / 3][i % 3]);
    ost_free(x);
    ost_free(dy);
    ost_free(w);
    return wrong;
}

int main(void)
{
    return each_seed(CASES, shapes_agree) + each_seed(2, blocks_agree) ? 1 : 0;
}
