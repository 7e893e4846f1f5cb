/* stages/generator.c - a trained generator, ready to be run
 *
 * A way (kernels/gan.h) leads from what comes in to an image, through one
 * network or through two.  Images are made one at a time, so that what an item
 * becomes does not depend on its neighbors, not even where batch norms use the
 * statistics of their batch.
 */
#include "stages/generator.h"

#include "base/json.h"
#include "base/rng.h"
#include "stages/model.h"
#include "stages/safetensors.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* --- what the metadata says ---------------------------------------------- */

static ost_rc malformed(const char *what, ost_err *err)
{
    return ost_fail(err, OST_EINPUT, "the model's '%s' is malformed", what);
}

static ost_rc find_objective(const json_t *meta,
                             const ost_objective **objective, ost_err *err)
{
    const char *kind = json_string_value(json_object_get(meta, "kind"));
    const char *name = json_string_value(json_object_get(meta, "objective"));

    if (kind && strcmp(kind, "discriminator") == 0)
        return ost_fail(err, OST_EINPUT,
                        "the model is a discriminator, which makes no images "
                        "('train_gan' has them at output 'generator')");
    if (!kind || strcmp(kind, "generator") != 0)
        return ost_fail(err, OST_EINPUT,
                        "the model is no generator ('train_gan' makes one)");
    *objective = name ? ost_objective_find(name) : NULL;
    if (!*objective)
        return ost_fail(err, OST_EINPUT,
                        "the model's objective '%s' is not known",
                        name ? name : "");
    return OST_OK;
}

static ost_rc find_way(const ost_objective *o, const char *name,
                       const ost_gan_way **way, ost_err *err)
{
    ost_buf ways = { 0 };
    ost_rc rc = OST_OK;

    *way = o->ways;
    if (!name)
        return OST_OK;
    for (const ost_gan_way *w = o->ways; w->name; w++) {
        if (strcmp(w->name, name) == 0) {
            *way = w;
            goto out;
        }
        ost_buf_addf(&ways, "%s'%s'", w == o->ways ? "" : ", ", w->name);
    }
    rc = ost_fail(err, OST_EINPUT,
                  "a generator of objective '%s' has no way '%s'; it has %s",
                  o->name, name, ost_buf_str(&ways));
out:
    ost_buf_release(&ways);
    return rc;
}

static ost_rc read_networks(ost_generator *g, const ost_objective *objective,
                            ost_err *err)
{
    const char *name = json_string_value(json_object_get(g->meta, "network"));
    ost_buf text = { 0 };
    ost_rc rc;

    ost_json_canonical(&text, json_object_get(g->meta, "architecture"));
    rc = ost_side_networks_read(
        objective, OST_GENERATOR, name ? name : "network", ost_buf_str(&text),
        text.len, json_object_get(g->meta, "params"), &g->networks, err);
    ost_buf_release(&text);
    return rc;
}

static ost_rc read_picture(const json_t *meta, const char *what,
                           ost_generator_picture *p, ost_err *err)
{
    p->field = json_string_value(json_object_get(meta, "field"));
    p->channels = json_integer_value(json_object_get(meta, "channels"));
    p->frames = json_integer_value(json_object_get(meta, "frames"));
    p->height = json_integer_value(json_object_get(meta, "height"));
    p->width = json_integer_value(json_object_get(meta, "width"));
    if (!p->field || p->channels < 1 || p->channels > OST_PICTURE_CHANNELS ||
        p->frames < 0 || (p->frames && p->channels > 1) || p->height < 1 ||
        p->height > INT32_MAX || p->width < 1 || p->width > INT32_MAX)
        return malformed(what, err);
    return OST_OK;
}

static ost_rc read_latent(ost_generator *g, ost_err *err)
{
    const json_t *latent = json_object_get(g->meta, "latent");
    size_t n = json_array_size(latent);

    if (n < 1 || n >= OST_MAX_DIMS)
        return malformed("latent", err);
    g->latent_ndim = (int)n;
    for (size_t i = 0; i < n; i++) {
        g->latent[i] = json_integer_value(json_array_get(latent, i));
        if (g->latent[i] < 1 || g->latent[i] > INT32_MAX)
            return malformed("latent", err);
    }
    return OST_OK;
}

static ost_rc read_classes(ost_generator *g, ost_err *err)
{
    const json_t *list = json_object_get(g->meta, "classes");

    g->n_classes = json_array_size(list);
    g->classes =
        OST_ARENA_ARRAY(ost_ctx_arena(g->ctx), const char *, g->n_classes + 1);
    for (size_t i = 0; i < g->n_classes; i++) {
        g->classes[i] = json_string_value(json_array_get(list, i));
        if (!g->classes[i])
            return malformed("classes", err);
    }
    return OST_OK;
}

static ost_rc read_sides(ost_generator *g, ost_err *err)
{
    const json_t *inputs = json_object_get(g->meta, "input");
    ost_rc rc = read_picture(json_object_get(g->meta, "image"), "image",
                             &g->image, err);

    if (rc)
        return rc;
    if (ost_generator_draws(g))
        return read_latent(g, err);
    return read_picture(json_array_get(inputs, (size_t)g->way->input), "input",
                        &g->input, err);
}

ost_rc ost_generator_open(ost_stage_ctx *ctx, const ost_input *in,
                          const char *way, ost_backend *backend,
                          ost_generator *generator, ost_err *err)
{
    const ost_objective *objective;
    ost_rc rc;

    *generator = (ost_generator){ .ctx = ctx, .model = in, .backend = backend };
    rc = ost_ctx_meta(ctx, in, &generator->meta, err);
    if (!rc)
        rc = find_objective(generator->meta, &objective, err);
    if (!rc)
        rc = find_way(objective, way, &generator->way, err);
    if (!rc)
        generator->live = ost_generator_lives(objective);
    if (!rc)
        rc = read_networks(generator, objective, err);
    if (!rc)
        rc = read_sides(generator, err);
    if (!rc)
        rc = read_classes(generator, err);
    if (rc)
        ost_generator_release(generator);
    return rc;
}

void ost_generator_release(ost_generator *generator)
{
    for (int i = 0; i < OST_GAN_CHAIN; i++)
        ost_net_free(generator->nets[i]);
    ost_weights_free(generator->weights);
    ost_side_networks_release(&generator->networks);
    *generator = (ost_generator){ 0 };
}

bool ost_generator_lives(const ost_objective *objective)
{
    return objective->data == OST_GAN_PAIRS;
}

bool ost_generator_draws(const ost_generator *generator)
{
    return generator->way->input < 0;
}

/* --- networks ------------------------------------------------------------ */

static int sides_of(const ost_generator_picture *p, int64_t shape[OST_MAX_DIMS])
{
    ost_picture_set set = { .channels = p->channels,
                            .frames = p->frames,
                            .height = p->height,
                            .width = p->width };

    return ost_picture_set_shape(&set, 1, shape);
}

/* What the way's first network eats. */
static int first_shape(const ost_generator *g, int64_t shape[OST_MAX_DIMS])
{
    if (!ost_generator_draws(g))
        return sides_of(&g->input, shape);
    shape[0] = 1;
    memcpy(shape + 1, g->latent, (size_t)g->latent_ndim * sizeof(*shape));
    return g->latent_ndim + 1;
}

/* The frames of a series may be the channels of what comes out: these are the
 * same numbers. */
static ost_rc check_image(const ost_generator *g, ost_err *err)
{
    ost_tensor made = ost_net_output(g->nets[g->way->n_roles - 1]);
    int64_t want[OST_MAX_DIMS];
    int ndim = sides_of(&g->image, want);
    bool flat = made.ndim == 4 && ndim == 5 && want[1] == 1;
    char a[96], b[96];

    if ((made.ndim == ndim || flat) &&
        memcmp(made.shape + flat, want + 2 * flat,
               (size_t)(made.ndim - flat) * sizeof(*want)) == 0)
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "the model's network makes %s, its images are %s",
                    ost_shape_text(a, made.ndim, made.shape),
                    ost_shape_text(b, ndim, want));
}

/* One network behind the other; their weights are there then, without
 * numbers. */
static ost_rc build_nets(ost_generator *g, ost_err *err)
{
    int64_t shape[OST_MAX_DIMS] = { 0 };
    int ndim = first_shape(g, shape);

    for (int i = 0; i < g->way->n_roles; i++) {
        int role = g->way->roles[i];
        ost_tensor made;
        ost_rc rc =
            ost_net_new(g->weights, &g->networks.specs[role][0], ndim, shape,
                        g->live ? OST_NET_LIVE : 0, &g->nets[i], NULL, err);

        if (rc) {
            ost_err_at(err, "%s", g->networks.objective->roles[role].name);
            return rc;
        }
        made = ost_net_output(g->nets[i]);
        ndim = made.ndim;
        memcpy(shape, made.shape, sizeof(shape));
    }
    return check_image(g, err);
}

/* The side may have weights that this way has no use for. */
static ost_rc read_weights(ost_generator *g, ost_err *err)
{
    ost_safetensors *file = NULL;
    const void *data;
    size_t size;
    ost_rc rc =
        ost_ctx_blob(g->ctx, g->model, OST_MODEL_WEIGHTS, &data, &size, err);

    if (!rc)
        rc = ost_safetensors_open(data, size, &file, err);
    for (size_t i = 0; i < g->weights->len && !rc; i++) {
        ost_weight *w = g->weights->data[i];
        const ost_stored_tensor *t = ost_safetensors_find(file, w->name);

        if (t)
            rc = ost_safetensors_fill(g->weights, w, t, err);
        else
            rc = ost_fail(err, OST_EINPUT, "the model has no weight '%s'",
                          w->name);
    }
    ost_safetensors_close(file);
    return rc;
}

ost_rc ost_generator_build(ost_generator *generator, ost_err *err)
{
    generator->weights = ost_weights_new(generator->backend);
    return build_nets(generator, err);
}

static ost_rc build(ost_generator *g, ost_err *err)
{
    ost_rc rc = ost_generator_build(g, err);

    return rc ? rc : read_weights(g, err);
}

/* --- images -------------------------------------------------------------- */

/* Numbers of one stream of those that `draw` names: those of each network, and
 * what a way that draws begins with. */
static ost_rng stream_of(uint64_t draw, int stream)
{
    return ost_rng_of(draw, (uint64_t)stream);
}

static ost_rc begin(ost_generator *g, const ost_tensor *picture, uint64_t draw,
                    ost_err *err)
{
    static const uint32_t first = 0;
    ost_normalization norm = ost_generator_norm(g->input.channels);
    ost_tensor x;
    ost_rc rc = ost_net_host_input(g->nets[0], &x, err);
    ost_picture_set set = { .n = 1,
                            .tensors = (ost_tensor *)(uintptr_t)picture,
                            .channels = g->input.channels,
                            .frames = g->input.frames,
                            .height = g->input.height,
                            .width = g->input.width };
    ost_rng rng = stream_of(draw, OST_GAN_CHAIN);

    if (rc)
        return rc;
    if (picture)
        return ost_picture_set_load(g->ctx, &set, &norm, &first, 1, x.data,
                                    err);
    for (int64_t i = 0; i < ost_tensor_count(&x); i++)
        ((float *)x.data)[i] = (float)ost_rng_normal(&rng);
    return OST_OK;
}

ost_rc ost_generator_run(ost_generator *generator, const ost_tensor *picture,
                         uint64_t draw, ost_tensor *image, ost_err *err)
{
    ost_generator *g = generator;
    ost_rc rc = g->weights ? OST_OK : build(g, err);

    if (!rc)
        rc = begin(g, picture, draw, err);
    for (int i = 0; i < g->way->n_roles && !rc; i++) {
        ost_rng rng = stream_of(draw, i);

        if (i > 0) {
            ost_tensor from = ost_net_output(g->nets[i - 1]);

            rc = g->backend->move(ost_net_input(g->nets[i]).data, from.data,
                                  ost_tensor_count(&from), err);
        }
        if (!rc)
            rc = ost_net_forward(g->nets[i], ost_rng_u64(&rng), err);
    }
    return rc ? rc
              : ost_net_host_output(g->nets[g->way->n_roles - 1], image, err);
}
