/* tests/parity/dump_network.c - every number of one pass, for comparison
 *
 *     dump_network CASE FOLDER
 *
 * runs a case of network_references.txt, forward and backward, and writes to an
 * existing folder the file "output" and one for each learned weight, called as
 * it is, with its gradient: plain floats.  compare_networks.py reads them.
 */
/* links: stages kernels base */
#include "tests/support/network_case.h"

#include "base/banned.h"

static bool find_case(const char *name, network_case *c)
{
    FILE *f = network_references();
    char *line = NULL;
    size_t cap = 0;
    bool found = false;

    while (!found && getline(&line, &cap, f) > 0) {
        line[strcspn(line, "\n")] = '\0';
        found = !network_case_line(c, line) && c->name &&
                strcmp(c->name, name) == 0;
    }
    (free)(line);
    fclose(f);
    return found;
}

static void write_numbers(const char *folder, const char *name, const float *p,
                          int64_t count)
{
    char *path = ost_path_join(folder, name);
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(p, sizeof(*p), (size_t)count, f) != (size_t)count ||
        fclose(f))
        fail_msg("%s: cannot write it", path);
    ost_free(path);
}

static void write_gradients(const char *folder, ost_weights *w)
{
    ost_err err = { 0 };

    for (size_t i = 0; i < w->len; i++) {
        const ost_weight *weight = w->data[i];
        int64_t count = ost_weight_count(weight);
        float *p;

        if (!weight->learned)
            continue;
        p = ost_xalloc((size_t)count * sizeof(*p));
        assert_ok(ost_weights_get(w, weight, OST_PART_GRAD, p, &err), &err);
        write_numbers(folder, weight->name, p, count);
        ost_free(p);
    }
}

int main(int argc, char **argv)
{
    network_case c = { 0 };
    ost_backend *backend = NULL;
    ost_weights *w = NULL;
    ost_net *net;
    ost_tensor y;
    ost_err err = { 0 };

    if (argc != 3 || !find_case(argv[1], &c)) {
        fprintf(stderr, "usage: dump_network CASE FOLDER\n");
        return 2;
    }
    assert_ok(ost_backend_open("cpu", 0, &backend, &err), &err);
    net = network_pass(&c, backend, &w);
    y = ost_net_output(net);
    write_numbers(argv[2], "output", y.data, ost_tensor_count(&y));
    write_gradients(argv[2], w);
    ost_net_free(net);
    ost_weights_free(w);
    ost_backend_close(backend);
    network_case_release(&c);
    return 0;
}
