/* tests/unit/test_cuda_launches.c - how much a GPU is told for a step
 *
 * Small networks on a GPU take as long as it takes to tell it what to do, so
 * that each layer must not be many launches: of kernels, of cuDNN and of
 * cuBLAS.  Recorded passes are one launch each; here they are told call by
 * call, as in the first steps.  The cases are all shipped networks, as
 * parity/network_references.txt has them; layers are those of the description,
 * and those that a kind is made of.  The stand-in only counts.
 */
/* links: stages kernels base */
/* on: cuda */
#include "kernels/optimizer.h"
#include "tests/support/backend_case.h"
#include "tests/support/device_counts.h"
#include "tests/support/network_case.h"

#include "base/banned.h"

/* Launches of a layer in one direction, over all layers of a network and both
 * directions. */
static const double most = 1.2;

static ost_backend *backend;

static int open_backend(void **state)
{
    (void)state;
    setenv("OSTEON_CUDA_GRAPHS", "0", 1);
    setenv("OSTEON_CUDASIM_WORK", "0", 1);
    backend = backend_case_open(1);
    return 0;
}

static int close_backend(void **state)
{
    (void)state;
    ost_backend_close(backend);
    return 0;
}

static double launches(const cudasim_counts *c)
{
    return (double)(c->launches + c->library_calls);
}

/* Of a step after the first, in which libraries settle. */
typedef struct told {
    cudasim_counts forward;
    cudasim_counts backward;
    cudasim_counts update;
} told;

static void step(ost_net *net, ost_weights *w, told *t)
{
    static const ost_optimizer adam = { .kind = OST_ADAM,
                                        .rate = 1e-4,
                                        .beta1 = 0.9,
                                        .beta2 = 0.999,
                                        .epsilon = 1e-8 };
    cudasim_counts before = device_counts();
    ost_err err = { 0 };

    assert_ok(ost_net_forward(net, 0, &err), &err);
    t->forward = device_counts_since(before);
    before = device_counts();
    assert_ok(ost_net_backward(net, &err), &err);
    t->backward = device_counts_since(before);
    before = device_counts();
    assert_ok(ost_optimizer_step(&adam, w, &err), &err);
    t->update = device_counts_since(before);
    device_finish(backend);
}

static bool expect_few(const network_case *c, int layers, const told *t)
{
    double forward = launches(&t->forward);
    double backward = launches(&t->backward);
    double each = (forward + backward) / (2.0 * layers);
    bool few = each <= most && launches(&t->update) <= 4.0;

    print_message("%-32s %4d layers  forward %4.0f  backward %4.0f  each %.2f  "
                  "copies %2.0f %2.0f  update %2.0f%s\n",
                  c->name, layers, forward, backward, each,
                  (double)t->forward.copies, (double)t->backward.copies,
                  launches(&t->update), few ? "" : "  too many");
    return few;
}

static bool check_case(const network_case *c)
{
    ost_network *n = network_shipped(c->file, c->params);
    ost_weights *w = ost_weights_new(backend);
    ost_net *net = NULL;
    ost_err err = { 0 };
    told t;
    bool few;

    if (ost_network_build(n, w, c->ndim, c->shape, OST_NET_TRAIN, &net, &err))
        fail_msg("%s: %s", c->name, err.text);
    step(net, w, &t);
    step(net, w, &t);
    few = expect_few(c, ost_net_layers(net), &t);
    ost_net_free(net);
    ost_weights_free(w);
    ost_network_free(n);
    return few;
}

static void a_layer_is_hardly_more_than_a_launch(void **state)
{
    FILE *f = network_references();
    network_case c = { 0 };
    char *line = NULL;
    size_t cap = 0;
    int cases = 0;
    int wrong = 0;

    (void)state;
    while (getline(&line, &cap, f) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (network_case_line(&c, line) || strcmp(line, "end") != 0)
            continue;
        wrong += !check_case(&c);
        cases++;
    }
    assert_true(cases > 30);
    if (wrong)
        fail_msg("%d of %d networks tell the device too much", wrong, cases);
    network_case_release(&c);
    (free)(line);
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_layer_is_hardly_more_than_a_launch),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
