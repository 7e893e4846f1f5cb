/* tests/fuzz/fuzz_network.c - any bytes as a network
 *
 * What is accepted is a list of layers that read earlier ones; what is refused
 * is refused with a place.
 */
/* links: stages kernels store base */
#include "stages/network.h"
#include "stages/stage.h"
#include "tests/fuzz/fuzzed.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

const ost_stage *const ost_stages[] = { NULL };

static void check_layer(const ost_layer_spec *l, int index)
{
    if (!l->kind || !l->name || l->n_inputs < 0 ||
        l->n_inputs > OST_LAYER_INPUTS || !(l->l2 >= 0.0) || isinf(l->l2))
        OST_BUG();
    for (int i = 0; i < l->n_inputs; i++)
        if (l->inputs[i] < OST_NET_INPUT || l->inputs[i] >= index)
            OST_BUG();
    for (int i = 0; i < l->n_attrs; i++)
        if (!l->attrs[i].text &&
            (l->attrs[i].count < 1 || l->attrs[i].count > OST_NET_ATTR_VALUES))
            OST_BUG();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ost_network *n = NULL;
    const ost_net_spec *spec;
    ost_err err = { 0 };

    if (ost_network_read("fuzz", (const char *)data, size, NULL, NULL, &n,
                         &err)) {
        if (strncmp(err.text, "fuzz:", 5) != 0 || n)
            OST_BUG();
        return 0;
    }
    spec = ost_network_spec(n);
    if (spec->n_layers < 1 || spec->output < 0 ||
        spec->output >= spec->n_layers)
        OST_BUG();
    for (int i = 0; i < spec->n_layers; i++)
        check_layer(&spec->layers[i], i);
    ost_network_free(n);
    return 0;
}
