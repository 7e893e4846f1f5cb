/* tests/unit/test_pieces.c - pieces of a batch or of an item make the same */
/* links: base kernels */
#include "base/alloc.h"
#include "base/rng.h"
#include "tests/support/check.h"
#include "tests/support/net_spec.h"

#include <math.h>
#include <stdio.h>

#include "base/banned.h"

/* The first `used` items get numbers, the others stay 0. */
static void fill(ost_tensor t, int used, uint64_t key)
{
    ost_rng r = ost_rng_of(key, 0);

    for (int64_t i = 0; i < ost_tensor_count(&t) / t.shape[0] * used; i++)
        ((float *)t.data)[i] = (float)ost_rng_normal(&r);
}

/* The gradient of the weights of a convolution of `items` items, of which
 * `used` are not 0, whose partial gradients are large. */
static float *gradient(int threads, int items, int used, int64_t *count)
{
    int64_t shape[] = { items, 16, 12, 12 };
    ost_backend *backend;
    ost_weights *w;
    ost_net *net;
    net_spec s = { 0 };
    ost_net_spec spec;
    float *grad;

    assert_int_equal(ost_backend_open("cpu", threads, &backend, NULL), OST_OK);
    w = ost_weights_new(backend);
    net_conv(&s, OST_NET_INPUT, 160, 5, 2, true);
    spec = net_done(&s);
    assert_int_equal(
        ost_net_new(w, &spec, 4, shape, OST_NET_TRAIN, &net, NULL, NULL),
        OST_OK);
    assert_int_equal(ost_weights_init(w, 3, NULL), OST_OK);
    fill(ost_net_input(net), used, 1);
    assert_int_equal(ost_net_forward(net, 0, NULL), OST_OK);
    fill(ost_net_output_grad(net), used, 2);
    assert_int_equal(ost_net_backward(net, NULL), OST_OK);
    *count = ost_weight_count(w->data[0]) + ost_weight_count(w->data[1]);
    grad = ost_xalloc((size_t)*count * sizeof(*grad));
    assert_int_equal(ost_weights_get(w, w->data[0], OST_PART_GRAD, grad, NULL),
                     OST_OK);
    assert_int_equal(ost_weights_get(w, w->data[1], OST_PART_GRAD,
                                     grad + ost_weight_count(w->data[0]), NULL),
                     OST_OK);
    ost_net_free(net);
    ost_weights_free(w);
    ost_backend_close(backend);
    return grad;
}

/* With 16 threads all pieces are one wave. */
static void waves_of_any_length_add_up_to_the_same(void **state)
{
    static const int threads[] = { 1, 2, 3, 4, 8 };

    (void)state;
    for (int items = 9; items <= 16; items++) {
        int64_t count;
        float *whole = gradient(16, items, items, &count);

        for (int i = 0; i < 5; i++) {
            float *waves = gradient(threads[i], items, items, &count);

            if (memcmp(waves, whole, (size_t)count * sizeof(*waves)))
                fail_msg("%d items, %d threads: another gradient", items,
                         threads[i]);
            ost_free(waves);
        }
        ost_free(whole);
    }
}

/* A single item is divided by output channels, two items are not: the second
 * one adds nothing here.  Another primitive may round otherwise. */
static void slices_of_an_item_are_the_whole(void **state)
{
    int64_t count;
    float *whole = gradient(2, 2, 1, &count);
    float *slices = gradient(1, 1, 1, &count);
    float largest = 0.0f;

    (void)state;
    for (int64_t i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(whole[i]));
    for (int64_t i = 0; i < count; i++)
        if (!(fabsf(slices[i] - whole[i]) <= 1e-6f * largest))
            fail_msg("number %lld is %g instead of %g", (long long)i,
                     (double)slices[i], (double)whole[i]);
    for (int threads = 2; threads <= 8; threads++) {
        float *more = gradient(threads, 1, 1, &count);

        if (memcmp(more, slices, (size_t)count * sizeof(*more)))
            fail_msg("%d threads: another gradient", threads);
        ost_free(more);
    }
    ost_free(slices);
    ost_free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waves_of_any_length_add_up_to_the_same),
        cmocka_unit_test(slices_of_an_item_are_the_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
