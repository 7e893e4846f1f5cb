/* tests/parity/test_networks.c - the shipped networks beside PyTorch's
 *
 * network_references.txt holds what make_network_references.py wrote: for each
 * network the output and every gradient of one training pass in double
 * precision, sampled, and the counts of parameters.  All numbers of a tensor
 * enter two sums with signs of chance, so that a wrong one among those that
 * are not sampled shows there.
 */
/* links: stages kernels base */
/* on: cpu cuda */
#include "tests/support/network_case.h"
#include "tests/support/sampled_tensor.h"

#include <glob.h>

#include "base/banned.h"

enum { LINE = 4096 };

static ost_backend *backend;

static int open_backend(void **state)
{
    (void)state;
    backend = backend_case_open(0);
    return 0;
}

static int close_backend(void **state)
{
    (void)state;
    ost_backend_close(backend);
    return 0;
}

/* "tensor NAME COUNT SCALE : NUMBER..." */
static void check_tensor(const network_case *c, ost_net *net, ost_weights *w,
                         char *line)
{
    char *rest = NULL;
    const char *name = (strtok_r(line, " ", &rest), strtok_r(NULL, " ", &rest));
    bool output = strcmp(name, "output") == 0;
    ost_tensor y = ost_net_output(net);
    int64_t count = ost_tensor_count(&y);
    float *v =
        output ? device_numbers(backend, &y) : gradient_of(w, name, &count);

    if (!v)
        fail_msg("%s: there is no weight '%s'", c->name, name);
    compare_tensor(c->name, w, name, v, count, rest);
    ost_free(v);
}

static void networks_compute_what_pytorch_computes(void **state)
{
    FILE *f = network_references();
    network_case c = { 0 };
    ost_weights *w = NULL;
    ost_net *net = NULL;
    char *line = NULL;
    size_t cap = 0;
    int tensors = 0;

    (void)state;
    while (getline(&line, &cap, f) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (network_case_line(&c, line)) {
            tensors = -1; /* the output is none */
        } else if (ost_starts_with(line, "tensor ")) {
            if (!net)
                net = network_pass(&c, backend, &w);
            check_tensor(&c, net, w, line);
            tensors++;
        } else if (strcmp(line, "end") == 0) {
            assert_int_equal(tensors, learned_weights(w));
            ost_net_free(net);
            ost_weights_free(w);
            net = NULL;
        }
    }
    network_case_release(&c);
    (free)(line);
    fclose(f);
}

/* Parameters of a shipped network at its own size (64x64 when the file says
 * nothing) with other channels. */
static int64_t parameters_of(const char *file, const char *params,
                             int64_t channels)
{
    ost_network *n = network_shipped(file, params);
    ost_weights *w = ost_weights_new(backend);
    int64_t item[OST_MAX_DIMS];
    int64_t shape[OST_MAX_DIMS + 1] = { 1, 1, 64, 64 };
    int sides = ost_network_input(n, item);
    ost_net *net = NULL;
    int64_t count = 0;
    ost_err err = { 0 };

    memcpy(shape + 1, item, (size_t)sides * sizeof(*item));
    shape[1] = channels;
    if (ost_network_build(n, w, sides ? sides + 1 : 4, shape, OST_NET_PLAN,
                          &net, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < w->len; i++)
        if (w->data[i]->learned)
            count += ost_weight_count(w->data[i]);
    ost_net_free(net);
    ost_weights_free(w);
    ost_network_free(n);
    return count;
}

static void counts_are_those_of_pytorch(void **state)
{
    FILE *f = network_references();
    char *line = NULL;
    size_t cap = 0;

    (void)state;
    while (getline(&line, &cap, f) > 0) {
        char *rest = NULL;
        const char *file;
        int64_t channels;
        int64_t wanted;
        int64_t count;

        if (!ost_starts_with(line, "count "))
            continue;
        file = (strtok_r(line, " ", &rest), strtok_r(NULL, " ", &rest));
        channels = strtoll(rest, &rest, 10);
        wanted = strtoll(rest, &rest, 10);
        count = parameters_of(file, rest, channels);
        if (count != wanted)
            fail_msg("%s with %lld channels and %s has %lld parameters, must "
                     "have %lld",
                     file, (long long)channels, rest, (long long)count,
                     (long long)wanted);
    }
    (free)(line);
    fclose(f);
}

/* What the descriptions of the methods give, each checked by hand. */
static void counts_are_those_of_the_methods(void **state)
{
    static const struct {
        const char *file;
        int64_t channels;
        int64_t count;
        const char *params;
    } rows[] = {
        { "alexnet_bn", 1, 58267010, "{\"classes\": 2}" },
        { "alexnet_bn", 3, 58290242, "{\"classes\": 2}" },
        { "cnn3d", 1, 268494786, "{\"classes\": 2}" },
        { "drn", 1, 15879697, "{\"classes\": 1}" },
        { "drn", 3, 16393752, "{\"classes\": 1000}" },
        { "drn", 3, 21126584, "{\"classes\": 1000, \"variant\": \"c_26\"}" },
        { "googlenet", 1, 5970355, "{\"classes\": 3}" },
        { "googlenet", 3, 5975602, "{\"classes\": 2}" },
        { "patch_gan", 2, 2764609, "{}" },
        { "patch_gan", 3, 2764737, "{\"norm\": \"instance\"}" },
        { "ra_conv", 1, 11171779, "{\"depth\": 18, \"attention\": \"none\"}" },
        { "ra_conv", 1, 11261659, "{\"depth\": 18}" },
        { "ra_conv", 1, 15009219, "{\"attention\": \"none\"}" },
        { "ra_conv", 1, 15127075, "{}" },
        { "ra_conv", 1, 21279939, "{\"depth\": 34, \"attention\": \"none\"}" },
        { "ra_conv", 1, 21442735, "{\"depth\": 34, \"attention\": \"out\"}" },
        { "resnet34_scan", 1, 21250722, "{}" },
        { "resnet_generator", 3, 11378179, "{\"channels\": 3}" },
        { "site_report", 2, 19589714, "{}" },
        { "unet256", 1, 54407809, "{}" },
        { "unet256", 3, 54413955, "{\"channels\": 3}" },
        { "unet_residual", 1, 7841, "{}" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (parameters_of(rows[i].file, rows[i].params, rows[i].channels) !=
            rows[i].count)
            fail_msg("%s %s", rows[i].file, rows[i].params);
}

/* Whether the references have a line that begins so. */
static bool has_line(const char *start)
{
    FILE *f = network_references();
    char *line = NULL;
    size_t cap = 0;
    bool found = false;

    while (!found && getline(&line, &cap, f) > 0) {
        line[strcspn(line, "\n")] = ' ';
        found = ost_starts_with(line, start);
    }
    (free)(line);
    fclose(f);
    return found;
}

static void every_shipped_network_is_compared(void **state)
{
    char *pattern =
        ost_path_join(getenv("OSTEON_SOURCE"), "workflows/models/*.json");
    glob_t files;

    (void)state;
    assert_int_equal(glob(pattern, 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        const char *base = strrchr(files.gl_pathv[i], '/') + 1;
        int len = (int)(strchr(base, '.') - base);
        char *line = ost_xprintf("file %.*s ", len, base);
        char *count = ost_xprintf("count %.*s ", len, base);

        if (!has_line(line) || !has_line(count))
            fail_msg("network_references.txt has nothing on %s", base);
        ost_free(count);
        ost_free(line);
    }
    globfree(&files);
    ost_free(pattern);
}

static void params_without_meaning_are_refused(void **state)
{
    static const struct {
        const char *file;
        const char *params;
        const char *message;
    } rows[] = {
        { "ra_conv", "{\"attention\": \"both\"}",
          "no case for 'both': there are 'in', 'out', 'none'" },
        { "ra_conv", "{\"residual\": \"no\"}",
          "no case for 'no': there are 'true', 'false'" },
        { "ra_conv", "{\"depth\": 50}",
          "no case for '50': there are '18', '26', '34'" },
        { "drn", "{\"variant\": \"d_38\"}",
          "no case for 'd_38': there are 'd_22', 'c_26'" },
        { "googlenet", "{\"norm\": \"layer\"}",
          "no case for 'layer': there are 'none', 'batch'" },
        { "googlenet", "{\"k5\": 7}", "no case for '7': there are '5', '3'" },
        { "patch_gan", "{\"depth\": 5}",
          "no case for '5': there are '1', '2', '3', '4'" },
        { "unet256", "{\"depth\": 9}",
          "no case for '9': there are '3', '4', '5', '6', '7', '8'" },
        { "unet256", "{\"depth\": 4, \"widths\": [8, 16, 32]}",
          "'widths.3': the list has 3 elements, from 0" },
        { "unet", "{\"norm\": \"group\"}",
          "no case for 'group': there are 'none', 'batch'" },
        { "alexnet", "{\"widths\": [96, 256]}",
          "'widths.2': the list has 2 elements, from 0" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_network *n = NULL;
        ost_err err = { 0 };

        assert_int_equal(network_read(rows[i].file, rows[i].params, &n, &err),
                         OST_EINPUT);
        if (!strstr(err.text, rows[i].message))
            fail_msg("%s", err.text);
        assert_null(n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shipped_network_is_compared),
        cmocka_unit_test(networks_compute_what_pytorch_computes),
        cmocka_unit_test(counts_are_those_of_pytorch),
        cmocka_unit_test(counts_are_those_of_the_methods),
        cmocka_unit_test(params_without_meaning_are_refused),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
