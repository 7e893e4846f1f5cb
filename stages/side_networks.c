/* stages/side_networks.c - one file, read for every network of a side
 *
 * A side has several networks where an objective works on two domains, where
 * encoders and decoders are parts of it, or where discriminators look at an
 * image in several resolutions.  They differ in three params alone, which are
 * not for people to give: `domain`, `part` and `scale`.
 */
#include "base/alloc.h"
#include "stages/generator.h"

#include <string.h>

#include "base/banned.h"

static const char *const given_by_roles[] = { "domain", "part", "scale" };

enum { GIVEN = sizeof(given_by_roles) / sizeof(given_by_roles[0]) };

static ost_rc check_values(const char *file, const json_t *values, ost_err *err)
{
    for (int i = 0; i < GIVEN; i++)
        if (json_object_get(values, given_by_roles[i]))
            return ost_fail(err, OST_EINPUT,
                            "%s: the param '%s' is given by the objective, for "
                            "each network anew",
                            file, given_by_roles[i]);
    return OST_OK;
}

/* What a role says of the params. */
static json_t *role_params(const ost_gan_role *role, int scale)
{
    json_t *params = json_object();

    if (role->domain)
        json_object_set_new(params, "domain", json_string(role->domain));
    if (role->part)
        json_object_set_new(params, "part", json_string(role->part));
    if (role->scaled)
        json_object_set_new(params, "scale", json_integer(scale));
    return params;
}

/* How many networks a scaled role has. */
static ost_rc count_scales(const ost_network *n, const char *file, int *count,
                           ost_err *err)
{
    const json_t *v = json_object_get(ost_network_values(n), "scales");
    json_int_t scales = v ? json_integer_value(v) : 1;

    if (scales < 1 || scales > OST_GAN_SCALES)
        return ost_fail(err, OST_EINPUT,
                        "%s: the param 'scales' must be 1 to %d", file,
                        (int)OST_GAN_SCALES);
    *count = (int)scales;
    return OST_OK;
}

/* The description with the names that weights have in the side. */
static ost_net_spec named_spec(const ost_side_networks *nets, int role,
                               int scale, int scales)
{
    ost_net_spec spec = *ost_network_spec(nets->nets[role][scale]);
    const char *name = nets->objective->roles[role].name;
    ost_layer_spec *layers =
        ost_xalloc((size_t)(spec.n_layers + 1) * sizeof(*layers));
    char *prefix = nets->named  ? ost_xprintf("%s", "")
                   : scales > 1 ? ost_xprintf("%s.%d.", name, scale)
                                : ost_xprintf("%s.", name);

    for (int i = 0; i < spec.n_layers; i++) {
        layers[i] = spec.layers[i];
        layers[i].name = layers[i].name
                             ? ost_xprintf("%s%s", prefix, layers[i].name)
                             : ost_xprintf("%s%d", prefix, i);
    }
    ost_free(prefix);
    spec.layers = layers;
    return spec;
}

static ost_rc read_role(ost_side_networks *nets, int role, const char *file,
                        const char *text, size_t size, const json_t *values,
                        ost_err *err)
{
    const ost_gan_role *r = &nets->objective->roles[role];
    ost_rc rc = OST_OK;
    int scales = 1;

    for (int s = 0; s < scales && !rc; s++) {
        json_t *extra = role_params(r, s);
        ost_network **n = &nets->nets[role][s];

        rc = ost_network_read(file, text, size, values, extra, n, err);
        json_decref(extra);
        if (!rc && s == 0 && r->scaled)
            rc = count_scales(*n, file, &scales, err);
    }
    if (!rc)
        nets->named =
            json_object_get(ost_network_values(nets->nets[role][0]), "domain");
    for (int s = 0; s < scales && !rc; s++)
        nets->specs[role][s] = named_spec(nets, role, s, scales);
    return rc;
}

ost_rc ost_side_networks_read(const ost_objective *objective, ost_gan_side side,
                              const char *file, const char *text, size_t size,
                              const json_t *values, ost_side_networks *nets,
                              ost_err *err)
{
    ost_rc rc = check_values(file, values, err);

    *nets = (ost_side_networks){ .objective = objective, .side = side };
    for (int i = 0; objective->roles[i].name && !rc; i++)
        if (objective->roles[i].side == side)
            rc = read_role(nets, i, file, text, size, values, err);
    if (rc)
        ost_side_networks_release(nets);
    return rc;
}

static void free_spec(ost_net_spec *spec)
{
    for (int i = 0; i < spec->n_layers; i++)
        ost_free((char *)(uintptr_t)spec->layers[i].name);
    ost_free((ost_layer_spec *)(uintptr_t)spec->layers);
}

void ost_side_networks_release(ost_side_networks *nets)
{
    for (int i = 0; i < OST_GAN_ROLES; i++)
        for (int s = 0; s < OST_GAN_SCALES; s++) {
            free_spec(&nets->specs[i][s]);
            ost_network_free(nets->nets[i][s]);
        }
    *nets = (ost_side_networks){ 0 };
}

const ost_network *ost_side_networks_first(const ost_side_networks *nets)
{
    for (int i = 0; i < OST_GAN_ROLES; i++)
        if (nets->nets[i][0])
            return nets->nets[i][0];
    OST_BUG(); /* an objective has roles on both sides */
}

json_t *ost_side_networks_params(const ost_side_networks *nets)
{
    const ost_network *first = ost_side_networks_first(nets);
    json_t *params = json_copy((json_t *)(uintptr_t)ost_network_values(first));

    for (int i = 0; i < GIVEN; i++)
        json_object_del(params, given_by_roles[i]);
    return params;
}

ost_normalization ost_generator_norm(int64_t channels)
{
    ost_normalization norm = { .channels = channels };

    for (int64_t c = 0; c < channels; c++)
        norm.mean[c] = norm.std[c] = 127.5;
    return norm;
}

void ost_generator_bytes(const float *x, size_t count, uint8_t *out)
{
    for (size_t i = 0; i < count; i++) {
        float v = (x[i] + 1.0f) * 127.5f + 0.5f;

        /* What is not a number is black. */
        out[i] = v >= 255.5f ? 255 : v > 0.0f ? (uint8_t)v : 0;
    }
}
