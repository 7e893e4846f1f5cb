/* tests/unit/test_numeric_classes.c - every numeric class learns
 *
 * A small network learns in each class of a device to tell vertical stripes
 * from horizontal ones, from losses that are weighted as 2^-40: in 16 bits
 * alone nothing would be left of their gradients.
 */
/* links: stages kernels base */
/* on: cpu cuda */
#include "base/rng.h"
#include "base/text.h"
#include "kernels/loss.h"
#include "kernels/optimizer.h"
#include "tests/support/backend_case.h"
#include "tests/support/network_text.h"

#include <math.h>

#include "base/banned.h"

enum { ITEMS = 16, SIDE = 12, STEPS = 24, CLASSES = 5 };

static const char *const classes[CLASSES] = { "f32", "f32-tuned", "tf32",
                                              "bf16", "f16" };
/* How far the losses may be from those of the CPU. */
static const double apart[CLASSES] = { 1e-3, 1e-3, 2e-2, 0.1, 2e-2 };

/* Those that treat gradients each in another way. */
static const char *const kinds[] = { "f32", "bf16", "f16" };

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static const char layers[] =
    "'layers': [\n"
    "{'op': 'conv2d', 'out': 6, 'kernel': 3, 'padding': 1},\n"
    "{'op': 'leaky_relu'},\n"
    "{'op': 'conv2d', 'out': 8, 'kernel': 3, 'stride': 2, 'bias': false},\n"
    "{'op': 'batch_norm'}, {'op': 'leaky_relu'},\n"
    "{'op': 'conv_transpose2d', 'out': 4, 'kernel': 2, 'stride': 2},\n"
    "{'op': 'tanh'}, {'op': 'flatten'},\n"
    "{'op': 'dense', 'out': 8}, {'op': 'leaky_relu'}, {'op': 'dense', 'out': "
    "2}]";

typedef struct school {
    ost_backend *backend;
    ost_network *network;
    ost_weights *weights;
    ost_net *net;
} school;

static void open_school(school *s, const char *class)
{
    char *numeric =
        ost_xprintf("%s-%s", getenv("OSTEON_CUDASIM") ? "sim" : "cuda", class);
    ost_err err = { 0 };

    if (ost_backend_open(strcmp(class, "cpu") == 0 ? "cpu" : numeric, 1,
                         &s->backend, &err))
        fail_msg("%s", err.text);
    s->network = network_of(layers, NULL);
    s->weights = ost_weights_new(s->backend);
    assert_ok(ost_network_build(s->network, s->weights, 4,
                                (int64_t[]){ ITEMS, 1, SIDE, SIDE },
                                OST_NET_TRAIN, &s->net, &err),
              &err);
    assert_ok(ost_weights_init(s->weights, 7, &err), &err);
    ost_free(numeric);
}

static void close_school(school *s)
{
    ost_net_free(s->net);
    ost_weights_free(s->weights);
    ost_network_free(s->network);
    ost_backend_close(s->backend);
}

/* Stripes of a period and phase that are drawn, in noise. */
static void draw(ost_rng *rng, float *image, int32_t class)
{
    double phase = ost_rng_range(rng, 0.0, 0.8);
    double turn = ost_rng_range(rng, 0.9, 1.6);

    for (int i = 0; i < SIDE * SIDE; i++) {
        int along = class ? i % SIDE : i / SIDE;

        image[i] =
            (float)(sin(along * turn + phase) + 0.2 * ost_rng_normal(rng));
    }
}

/* One update; the loss without its weight. */
static double learn(school *s, uint64_t step, double weight)
{
    const ost_optimizer adam = { .kind = OST_ADAM,
                                 .rate = 5e-3,
                                 .beta1 = 0.9,
                                 .beta2 = 0.999,
                                 .epsilon = 1e-8 * weight };
    ost_rng rng = ost_rng_of(3, step);
    float images[ITEMS * SIDE * SIDE];
    int32_t class[ITEMS];
    double loss;
    ost_tensor in = ost_net_input(s->net);
    ost_tensor grad = ost_net_output_grad(s->net);
    ost_err err = { 0 };

    for (int i = 0; i < ITEMS; i++) {
        class[i] = (int32_t)ost_rng_below(&rng, 2);
        draw(&rng, images + i * SIDE * SIDE, class[i]);
    }
    device_fill(s->backend, &in, images);
    assert_ok(ost_net_forward(s->net, step, &err), &err);
    assert_ok(s->backend->softmax_cross_entropy(
                  &(ost_class_loss){
                      .logits = ost_net_output(s->net),
                      .classes = device_lent(s->backend, class, sizeof(class)),
                      .total = ITEMS / weight,
                      .grad = grad.data,
                      .loss = &loss },
                  &err),
              &err);
    assert_ok(ost_net_backward(s->net, &err), &err);
    assert_ok(ost_optimizer_step(&adam, s->weights, &err), &err);
    device_finish(s->backend);
    return loss / weight;
}

static void learn_all(const char *class, double weight, double *losses)
{
    school s;

    open_school(&s, class);
    for (int i = 0; i < STEPS; i++)
        losses[i] = learn(&s, (uint64_t)i, weight);
    close_school(&s);
}

static double mean(const double *v, int from, int to)
{
    double sum = 0.0;

    for (int i = from; i < to; i++)
        sum += v[i];
    return sum / (to - from);
}

static void every_class_learns(void **state)
{
    double cpu[STEPS];

    (void)state;
    learn_all("cpu", 1.0, cpu);
    assert_true(mean(cpu, STEPS - 6, STEPS) < 0.6 * mean(cpu, 0, 6));
    for (int c = 0; c < CLASSES && !backend_case_is_cpu(); c++) {
        double got[STEPS];

        learn_all(classes[c], 1.0, got);
        for (int i = 0; i < STEPS; i++)
            if (!(fabs(got[i] - cpu[i]) <= apart[c]))
                fail_msg("%s: loss %d is %.6g, %.6g on the CPU", classes[c], i,
                         got[i], cpu[i]);
    }
}

static void small_losses_are_learned_as_well(void **state)
{
    const double weight = ldexp(1.0, -40);

    (void)state;
    for (int c = 0; c < KINDS; c++) {
        const char *class = backend_case_is_cpu() ? "cpu" : kinds[c];
        double whole[STEPS];
        double small[STEPS];

        learn_all(class, 1.0, whole);
        learn_all(class, weight, small);
        for (int i = 0; i < STEPS; i++)
            if (!(fabs(small[i] - whole[i]) <= 1e-3))
                fail_msg("%s: loss %d is %.6g, %.6g if it is weighted less",
                         class, i, whole[i], small[i]);
    }
}

/* A checkpoint is the weights and the optimizer's state, in every class. */
static void resuming_gives_the_same_bits(void **state)
{
    static const ost_weight_part parts[] = { OST_PART_DATA, OST_PART_STATE0,
                                             OST_PART_STATE1 };

    (void)state;
    for (int c = 0; c < KINDS; c++) {
        const char *class = backend_case_is_cpu() ? "cpu" : kinds[c];
        double whole[STEPS];
        float *kept[64][3];
        int64_t step;
        size_t n;
        school s;
        ost_err err = { 0 };

        learn_all(class, 1.0, whole);
        open_school(&s, class);
        for (int i = 0; i < STEPS / 2; i++)
            learn(&s, (uint64_t)i, 1.0);
        step = s.weights->step;
        n = s.weights->len;
        assert_true(n < 64);
        for (size_t i = 0; i < n; i++)
            for (int p = 0; p < 3; p++) {
                const ost_weight *w = s.weights->data[i];

                kept[i][p] =
                    ost_xalloc((size_t)ost_weight_count(w) * sizeof(float));
                assert_ok(
                    ost_weights_get(s.weights, w, parts[p], kept[i][p], &err),
                    &err);
            }
        close_school(&s);
        open_school(&s, class);
        s.weights->step = step;
        for (size_t i = 0; i < n; i++)
            for (int p = 0; p < 3; p++) {
                ost_weight *w = s.weights->data[i];

                if (p == 0 || w->learned)
                    assert_ok(ost_weights_set(s.weights, w, parts[p],
                                              kept[i][p], &err),
                              &err);
                ost_free(kept[i][p]);
            }
        for (int i = STEPS / 2; i < STEPS; i++)
            if (learn(&s, (uint64_t)i, 1.0) != whole[i])
                fail_msg("%s: loss %d is another one after resuming", class, i);
        close_school(&s);
    }
}

static int small_workspace(void **state)
{
    (void)state;
    return setenv("OSTEON_TEST_CUDA_WORKSPACE", "4194304", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_class_learns),
        cmocka_unit_test(small_losses_are_learned_as_well),
        cmocka_unit_test(resuming_gives_the_same_bits),
    };

    return cmocka_run_group_tests(tests, small_workspace, NULL);
}
