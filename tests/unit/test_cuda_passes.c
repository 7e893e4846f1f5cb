/* tests/unit/test_cuda_passes.c - passes that are recorded compute the same
 *
 * A training is told to the device call by call, and once more with passes that
 * are recorded and repeated: the same bytes come out, and the device is told
 * far less.
 */
/* links: stages kernels base */
/* on: cuda checked */
#include "base/rng.h"
#include "kernels/loss.h"
#include "kernels/optimizer.h"
#include "tests/support/backend_case.h"
#include "tests/support/device_counts.h"
#include "tests/support/network_case.h"

#include "base/banned.h"

enum { STEPS = 6, ITEMS = 6, SIDE = 32, CLASSES = 3 };

/* A training of two parts for each update, of different sizes. */
typedef struct training {
    ost_backend *backend;
    ost_network *network;
    ost_weights *weights;
    ost_net *nets[2];
    double loss[STEPS];
} training;

static void open_training(training *t, bool recorded)
{
    ost_err err = { 0 };

    setenv("OSTEON_CUDA_GRAPHS", recorded ? "1" : "0", 1);
    *t = (training){ .backend = backend_case_open(1) };
    t->network = network_shipped("small_cnn", "{\"classes\": 3}");
    t->weights = ost_weights_new(t->backend);
    for (int i = 0; i < 2; i++)
        assert_ok(
            ost_network_build(t->network, t->weights, 4,
                              (int64_t[]){ ITEMS - i, 1, SIDE, SIDE },
                              OST_NET_TRAIN | OST_NET_ADD_GRAD | OST_NET_SHARE,
                              &t->nets[i], &err),
            &err);
    assert_ok(ost_weights_init(t->weights, 3, &err), &err);
}

static void close_training(training *t)
{
    ost_net_free(t->nets[1]);
    ost_net_free(t->nets[0]);
    ost_weights_free(t->weights);
    ost_network_free(t->network);
    ost_backend_close(t->backend);
}

/* Forward, loss and backward of one part. */
static void run_part(training *t, int part, int step, double *loss)
{
    ost_net *net = t->nets[part];
    int32_t classes[ITEMS];
    ost_tensor x;
    ost_class_loss l = { .logits = ost_net_output(net),
                         .total = 2 * ITEMS - 1,
                         .grad = ost_net_output_grad(net).data,
                         .loss = loss };
    ost_err err = { 0 };

    assert_ok(ost_net_host_input(net, &x, &err), &err);
    stream_fill("x", (double)step * 0.01, 1.0, ost_tensor_count(&x), x.data);
    for (int i = 0; i < ITEMS; i++)
        classes[i] = (i + part) % CLASSES;
    assert_ok(ost_net_forward(net, (uint64_t)(2 * step + part), &err), &err);
    l.classes = device_lent(t->backend, classes, sizeof(classes));
    assert_ok(t->backend->softmax_cross_entropy(&l, &err), &err);
    assert_ok(ost_net_backward(net, &err), &err);
}

static void run_step(training *t, int step)
{
    static const ost_optimizer adam = { .kind = OST_ADAM,
                                        .rate = 1e-3,
                                        .beta1 = 0.9,
                                        .beta2 = 0.999,
                                        .epsilon = 1e-8 };
    double loss[2];
    ost_err err = { 0 };

    ost_weights_clear_grad(t->weights);
    for (int part = 0; part < 2; part++)
        run_part(t, part, step, &loss[part]);
    assert_ok(ost_optimizer_step(&adam, t->weights, &err), &err);
    device_finish(t->backend);
    t->loss[step] = loss[0] + loss[1];
}

/* All numbers of all weights; caller frees. */
static float *all_weights(const training *t, size_t *count)
{
    float *all = NULL;
    ost_err err = { 0 };

    *count = 0;
    for (size_t i = 0; i < t->weights->len; i++) {
        const ost_weight *w = t->weights->data[i];
        size_t n = (size_t)ost_weight_count(w);

        all = ost_xrealloc(all, (*count + n) * sizeof(*all));
        assert_ok(
            ost_weights_get(t->weights, w, OST_PART_DATA, all + *count, &err),
            &err);
        *count += n;
    }
    return all;
}

/* What came of a training. */
typedef struct outcome {
    float *weights;
    size_t count;
    double loss[STEPS];
    uint64_t graph_launches;
} outcome;

static outcome train(bool recorded)
{
    cudasim_counts before;
    cudasim_counts counts;
    training t;
    outcome o;

    open_training(&t, recorded);
    before = device_counts();
    for (int i = 0; i < STEPS; i++)
        run_step(&t, i);
    counts = device_counts_since(before);
    o.graph_launches = counts.graph_launches;
    o.weights = all_weights(&t, &o.count);
    memcpy(o.loss, t.loss, sizeof(t.loss));
    close_training(&t);
    return o;
}

static void same_outcome(const outcome *a, const outcome *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->loss, b->loss, sizeof(a->loss));
    assert_memory_equal(a->weights, b->weights, a->count * sizeof(float));
}

static void recorded_passes_compute_the_same(void **state)
{
    outcome told = train(false);
    outcome recorded = train(true);

    (void)state;
    same_outcome(&told, &recorded);
    assert_int_equal(told.graph_launches, 0);
    ost_free(recorded.weights);
    ost_free(told.weights);
}

/* Where a recording fails the device is told call by call, the other network's
 * passes are recorded none the less, and the numbers are the same. */
static void a_recording_that_fails_changes_nothing(void **state)
{
    static const char *const faults[] = { "capture:1", "instantiate:2" };
    outcome fine = train(true);

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        outcome failed;

        setenv("OSTEON_CUDASIM_FAIL", faults[i], 1);
        failed = train(true);
        unsetenv("OSTEON_CUDASIM_FAIL");
        same_outcome(&fine, &failed);
        assert_in_range(failed.graph_launches, 1, fine.graph_launches - 1);
        ost_free(failed.weights);
    }
    ost_free(fine.weights);
}

/* What fails under a library is the device's failure, whose process has to be
 * replaced; here nothing was lost, and the next pass is fine. */
static void a_library_that_fails_is_a_failed_device(void **state)
{
    static const struct {
        const char *fault;
        const char *told;
    } libraries[] = { { "cudnn:1", "cuDNN cannot convolve" },
                      { "cublas:1", "cuBLAS cannot multiply" } };

    (void)state;
    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
        training t;
        ost_err err = { 0 };
        ost_rc rc;

        open_training(&t, false);
        setenv("OSTEON_CUDASIM_FAIL", libraries[i].fault, 1);
        rc = ost_net_forward(t.nets[0], 0, &err);
        unsetenv("OSTEON_CUDASIM_FAIL");
        assert_int_equal(rc, OST_EDEVICE);
        assert_non_null(strstr(err.text, libraries[i].told));
        assert_ok(ost_net_forward(t.nets[0], 0, &err), &err);
        close_training(&t);
    }
}

/* Forward and backward of each part: four; whatever else the device is told
 * (draws, losses, the update) does not grow with the layers. */
static void a_step_is_a_handful_of_launches(void **state)
{
    cudasim_counts before;
    cudasim_counts step;
    training t;

    (void)state;
    open_training(&t, true);
    for (int i = 0; i < 3; i++)
        run_step(&t, i);
    before = device_counts();
    run_step(&t, 3);
    step = device_counts_since(before);
    assert_int_equal(step.graph_launches, 4);
    assert_in_range(step.launches + step.library_calls, 1, 12);
    assert_true(step.graph_nodes > 4 * step.launches);
    close_training(&t);
}

/* Nothing is allocated and nobody waits, but for the losses at the end of the
 * step. */
static void a_step_waits_once(void **state)
{
    cudasim_counts before;
    cudasim_counts step;
    training t;

    (void)state;
    open_training(&t, true);
    for (int i = 0; i < 3; i++)
        run_step(&t, i);
    before = device_counts();
    for (int i = 3; i < STEPS; i++)
        run_step(&t, i);
    step = device_counts_since(before);
    assert_int_equal(step.allocations, 0);
    /* Once for each step, and for memory of the host that is filled anew. */
    assert_in_range(step.host_waits, STEPS - 3, 3 * (STEPS - 3));
    close_training(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_passes_compute_the_same),
        cmocka_unit_test(a_recording_that_fails_changes_nothing),
        cmocka_unit_test(a_library_that_fails_is_a_failed_device),
        cmocka_unit_test(a_step_is_a_handful_of_launches),
        cmocka_unit_test(a_step_waits_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
