/* tests/unit/test_cuda_cost.c - estimates count the launches that there are
 *
 * `osteon model --device` says by arithmetic how many kernels a pass launches
 * (kernels/cost.h), for a device that only plans (kernels/plan_backend.h).
 * What the CUDA backend launches is counted by the stand-in, for all shipped
 * networks, as parity/network_references.txt has them; and so is the memory
 * that it plans.
 */
/* links: stages kernels base */
/* on: cuda */
#include "kernels/cost.h"
#include "kernels/optimizer.h"
#include "kernels/plan_backend.h"
#include "tests/support/backend_case.h"
#include "tests/support/device_counts.h"
#include "tests/support/network_case.h"

#include "base/banned.h"

/* How far an estimate may be from what is counted: launches, and a part of
 * all. */
static const double allowed = 2.0;
static const double share = 0.1;
/* A part of the memory: what single layers keep (places of maxima, sums) is not
 * estimated. */
static const double memory_share = 0.15;

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

/* What arithmetic says of the same network. */
static ost_layer_cost estimate(const network_case *c, size_t *memory)
{
    const ost_ceilings *device = ost_ceilings_at(0);
    ost_network *n = network_shipped(c->file, c->params);
    ost_backend *plan = ost_plan_backend();
    ost_weights *w = ost_weights_new(plan);
    ost_net *net = NULL;
    ost_layer_cost sum = { 0 };
    ost_err err = { 0 };

    if (ost_network_build(n, w, c->ndim, c->shape, OST_NET_TRAIN | OST_NET_PLAN,
                          &net, &err))
        fail_msg("%s: %s", c->name, err.text);
    for (int i = 0; i < ost_net_layers(net); i++)
        ost_layer_cost_add(&sum, net, i, device, OST_UNITS_F32);
    *memory = ost_net_memory(net);
    ost_net_free(net);
    ost_weights_free(w);
    ost_network_free(n);
    ost_backend_close(plan);
    return sum;
}

static bool is_near(const network_case *c, const char *pass, double counted,
                    int said)
{
    double apart = counted > said ? counted - said : said - counted;
    bool near = apart <= allowed + share * counted;

    if (!near)
        print_message("%s, %s: %d launches are estimated, %.0f are counted\n",
                      c->name, pass, said, counted);
    return near;
}

static bool is_memory_near(const network_case *c, double planned, double said)
{
    bool near = said > planned * (1.0 - memory_share) &&
                said < planned * (1.0 + memory_share);

    if (!near)
        print_message("%s: %.0f bytes are estimated, %.0f are planned\n",
                      c->name, said, planned);
    return near;
}

static bool check_case(const network_case *c)
{
    ost_network *n = network_shipped(c->file, c->params);
    ost_weights *w = ost_weights_new(backend);
    size_t memory = 0;
    ost_layer_cost sum = estimate(c, &memory);
    ost_net *net = NULL;
    ost_err err = { 0 };
    bool near;
    told t;

    if (ost_network_build(n, w, c->ndim, c->shape, OST_NET_TRAIN, &net, &err))
        fail_msg("%s: %s", c->name, err.text);
    step(net, w, &t);
    step(net, w, &t);
    near = is_memory_near(c, (double)ost_net_memory(net), (double)memory);
    near &= is_near(c, "forward", launches(&t.forward), sum.forward.launches);
    near &=
        is_near(c, "backward", launches(&t.backward),
                sum.again.launches + sum.data.launches + sum.weights.launches);
    ost_net_free(net);
    ost_weights_free(w);
    ost_network_free(n);
    return near;
}

static void estimates_count_what_is_launched(void **state)
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
        fail_msg("%d of %d estimates are wrong", wrong, cases);
    network_case_release(&c);
    (free)(line);
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimates_count_what_is_launched),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
