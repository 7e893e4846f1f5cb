/* tests/unit/test_cuda_launches.c - how much a GPU is told for a step
 *
 * Small networks on a GPU take as long as it takes to tell it what to do, so
 * that a layer must not be many launches: of kernels, of cuDNN and of cuBLAS.
 * From the third step on passes are recorded, and a step is a handful of
 * launches.  Before that it is told call by call; a convolution with a bias and
 * no activation that cuDNN takes along is one launch forward and three
 * backward. The cases are all shipped networks, as
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
 * directions: of all networks together, of any of them call by call, and of a
 * step with recorded passes, which is no more than `handful` either. */
static const double most_of_all = 1.2;
static const double most_of_one = 1.35;
static const double most_recorded = 1.2;
enum { HANDFUL = 8 };

static ost_backend *backend;

static int open_backend(void **state)
{
    (void)state;
    setenv("OSTEON_CUDA_GRAPHS", "1", 1);
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
    return (double)(c->launches + c->library_calls + c->graph_launches);
}

/* What a step tells. */
typedef struct told {
    double forward;
    double backward;
    double update;
} told;

static void step(ost_net *net, ost_weights *w, told *t)
{
    static const ost_optimizer adam = { .kind = OST_ADAM,
                                        .rate = 1e-4,
                                        .beta1 = 0.9,
                                        .beta2 = 0.999,
                                        .epsilon = 1e-8 };
    cudasim_counts before = device_counts();
    cudasim_counts now;
    ost_err err = { 0 };

    assert_ok(ost_net_forward(net, 0, &err), &err);
    now = device_counts_since(before);
    t->forward = launches(&now);
    before = device_counts();
    assert_ok(ost_net_backward(net, &err), &err);
    now = device_counts_since(before);
    t->backward = launches(&now);
    before = device_counts();
    assert_ok(ost_optimizer_step(&adam, w, &err), &err);
    now = device_counts_since(before);
    t->update = launches(&now);
    device_finish(backend);
}

/* Over all networks. */
typedef struct sums {
    double layers;
    double launches;
    int cases;
    int wrong;
} sums;

static void expect_few(const network_case *c, double layers, const told *first,
                       const told *later, sums *all)
{
    double each = (first->forward + first->backward) / (2.0 * layers);
    double whole = later->forward + later->backward + later->update;
    bool few = each <= most_of_one && first->update <= 4.0 &&
               whole <= HANDFUL && whole <= most_recorded * 2.0 * layers;

    print_message("%-32s %3.0f layers: %3.0f forward, %3.0f backward, %.2f "
                  "each; %.0f of the update; then %.0f in all%s\n",
                  c->name, layers, first->forward, first->backward, each,
                  first->update, whole, few ? "" : ": too many");
    all->layers += layers;
    all->launches += first->forward + first->backward;
    all->wrong += !few;
    all->cases++;
}

static void check_case(const network_case *c, sums *all)
{
    ost_network *n = network_shipped(c->file, c->params);
    ost_weights *w = ost_weights_new(backend);
    ost_net *net = NULL;
    ost_err err = { 0 };
    told first;
    told later;

    if (ost_network_build(n, w, c->ndim, c->shape, OST_NET_TRAIN, &net, &err))
        fail_msg("%s: %s", c->name, err.text);
    step(net, w, &first);
    for (int i = 0; i < 3; i++)
        step(net, w, &later);
    expect_few(c, ost_net_layers(net), &first, &later, all);
    ost_net_free(net);
    ost_weights_free(w);
    ost_network_free(n);
}

static void a_layer_is_hardly_more_than_a_launch(void **state)
{
    FILE *f = network_references();
    network_case c = { 0 };
    char *line = NULL;
    size_t cap = 0;
    sums all = { 0 };
    double each;

    (void)state;
    while (getline(&line, &cap, f) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (network_case_line(&c, line) || strcmp(line, "end") != 0)
            continue;
        check_case(&c, &all);
    }
    each = all.launches / (2.0 * all.layers);
    print_message("%d networks, %.2f launches of a layer and direction\n",
                  all.cases, each);
    assert_true(all.cases > 30);
    if (all.wrong || each > most_of_all)
        fail_msg("%d networks tell the device too much", all.wrong);
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
