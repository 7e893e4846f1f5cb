/* stages/network_find.c - a layer of a network by its name */
#include "base/alloc.h"
#include "base/text.h"
#include "stages/network_impl.h"

#include <string.h>

#include "base/banned.h"

/* The layer whose value enters the last dense layer. */
static ost_rc find_features(const ost_network *n, int *layer, ost_err *err)
{
    for (int i = n->spec.n_layers - 1; i >= 0; i--) {
        const ost_layer_spec *l = &n->spec.layers[i];

        if (strcmp(l->kind, "dense") != 0)
            continue;
        if (l->inputs[0] < 0)
            break;
        *layer = l->inputs[0];
        return OST_OK;
    }
    return ost_fail(err, OST_EINPUT,
                    "network '%s' has no dense layer behind others, which "
                    "would say what its features are: name a layer",
                    n->name);
}

ost_rc ost_network_find_layer(const ost_network *n, const char *name,
                              int *layer, ost_err *err)
{
    const char **names;
    const char *near;
    ost_rc rc;

    if (!name)
        return find_features(n, layer, err);
    for (int i = 0; i < n->spec.n_layers; i++)
        if (n->spec.layers[i].name &&
            strcmp(n->spec.layers[i].name, name) == 0) {
            *layer = i;
            return OST_OK;
        }
    names = ost_xalloc(((size_t)n->spec.n_layers + 1) * sizeof(*names));
    for (int i = 0; i < n->spec.n_layers; i++)
        names[i] = n->spec.layers[i].name ? n->spec.layers[i].name : "";
    near = ost_nearest(name, names, (size_t)n->spec.n_layers);
    rc = ost_fail(err, OST_EINPUT, "network '%s' has no layer '%s' (%s%s%s)",
                  n->name, name,
                  near ? "did you mean '" : "'osteon model' lists them",
                  near ? near : "", near ? "'?" : "");
    ost_free(names);
    return rc;
}
