/* stages/gan_model.c - what a training of two sides begins with, and gives
 *
 * The metadata of both models: stages/generator.h.
 */
#include "base/alloc.h"
#include "base/vec.h"
#include "stages/gan_training.h"
#include "stages/model.h"
#include "stages/model_transfer.h"
#include "stages/safetensors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* --- out ----------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

typedef OST_VEC(const char *) words;

static void sort_out(words *w)
{
    size_t kept = 0;

    if (w->len > 1)
        qsort(w->data, w->len, sizeof(*w->data), by_name);
    for (size_t i = 0; i < w->len; i++)
        if (i == 0 || strcmp(w->data[i], w->data[kept - 1]) != 0)
            w->data[kept++] = w->data[i];
    w->len = kept;
}

static json_t *classes_of(const ost_gan_pictures *p)
{
    json_t *list = json_array();
    words w = { 0 };

    for (int s = 0; s < p->n_sets; s++)
        for (size_t i = 0; i < p->sets[s].n; i++)
            for (size_t k = 0; k < p->sets[s].items[i].n_labels; k++)
                ost_vec_push(&w, p->sets[s].items[i].labels[k]);
    sort_out(&w);
    for (size_t i = 0; i < w.len; i++)
        json_array_append_new(list, json_string(w.data[i]));
    ost_vec_release(&w);
    return list;
}

static size_t count_groups(const ost_gan_pictures *p)
{
    words w = { 0 };
    size_t n;

    for (int s = 0; s < p->n_sets; s++)
        for (size_t i = 0; i < p->sets[s].n; i++)
            ost_vec_push(&w, p->sets[s].items[i].group);
    sort_out(&w);
    n = w.len;
    ost_vec_release(&w);
    return n;
}

static json_t *inputs_of(const ost_gan_training *t)
{
    const ost_gan_pictures *p = t->spec->pictures;
    bool series = p->kind == OST_GAN_SERIES;
    json_t *list = json_array();

    for (int i = 0; i < p->n_sets && p->kind != OST_GAN_IMAGES; i++) {
        ost_picture_set set = p->sets[i];

        /* The image of a pair is no input. */
        if (i > 0 && p->kind == OST_GAN_PAIRS)
            break;
        if (series)
            set.frames = t->spec->gan.given;
        json_array_append_new(list, ost_picture_set_meta(&set, p->fields[i]));
    }
    return list;
}

static json_t *image_of(const ost_gan_training *t)
{
    const ost_gan_pictures *p = t->spec->pictures;
    ost_tensor image = t->spec->gan.objective->image(t->gan);
    int last = p->kind == OST_GAN_PAIRS ? 1 : 0;
    ost_picture_set set = {
        .channels = image.shape[1],
        .frames = image.ndim == 5 ? image.shape[2] : 0,
        .height = image.shape[image.ndim - 2],
        .width = image.shape[image.ndim - 1],
    };

    return ost_picture_set_meta(&set, p->fields[last]);
}

static json_t *latent_of(const ost_gan_spec *spec)
{
    json_t *list = json_array();

    for (int i = 0; i < spec->latent_ndim; i++)
        json_array_append_new(list, json_integer(spec->latent[i]));
    return list;
}

static int64_t count_learned(const ost_weights *w)
{
    int64_t learned = 0;

    for (size_t i = 0; i < w->len; i++)
        if (w->data[i]->learned)
            learned += ost_weight_count(w->data[i]);
    return learned;
}

/* The parameters of the step but the networks', which the models have anyway.
 */
static json_t *recipe(ost_stage_ctx *ctx)
{
    static const char *const left_out[] = { "generator", "generator_params",
                                            "discriminator",
                                            "discriminator_params", NULL };
    json_t *all = json_copy((json_t *)(uintptr_t)ost_ctx_with(ctx));

    for (int i = 0; left_out[i]; i++)
        json_object_del(all, left_out[i]);
    return all;
}

static json_t *training_meta(const ost_gan_training *t)
{
    const ost_gan_pictures *p = t->spec->pictures;
    char digest[OST_DIGEST_HEX];
    json_t *meta = json_pack(
        "{s:I,s:I,s:s,s:I,s:o}", "items", (json_int_t)p->sets[0].n, "groups",
        (json_int_t)count_groups(p), "digest",
        ost_digest_hex(&ost_ctx_input(t->ctx, "in", 0)->digest, digest),
        "updates", (json_int_t)t->updates, "recipe", recipe(t->ctx));

    if (p->kind == OST_GAN_DOMAINS) {
        json_object_set_new(meta, "items_b",
                            json_integer((json_int_t)p->sets[1].n));
        json_object_set_new(
            meta, "digest_b",
            json_string(ost_digest_hex(&ost_ctx_input(t->ctx, "b", 0)->digest,
                                       digest)));
    }
    return meta;
}

static json_t *samplings_of(const ost_gan_training *t)
{
    json_t *list = json_array();

    for (size_t i = 0; i < t->samples.list.len; i++) {
        const ost_gan_sampling *s = &t->samples.list.data[i];

        json_array_append_new(
            list, json_pack("{s:I,s:o}", "step", (json_int_t)s->step, "spread",
                            isfinite(s->spread) ? json_real(s->spread)
                                                : json_null()));
    }
    return list;
}

static json_t *side_meta(const ost_gan_training *t, ost_gan_side side)
{
    const ost_side_networks *nets = &t->spec->networks[side];
    const ost_network *first = ost_side_networks_first(nets);
    const ost_gan_spec *spec = &t->spec->gan;
    json_t *meta = json_pack(
        "{s:s,s:s,s:s,s:O,s:o,s:o,s:o,s:o,s:o,s:I}", "kind",
        side == OST_GENERATOR ? "generator" : "discriminator", "objective",
        spec->objective->name, "network", ost_network_name(first),
        "architecture", ost_network_document(first), "params",
        ost_side_networks_params(nets), "input", inputs_of(t), "image",
        image_of(t), "latent", latent_of(spec), "classes",
        classes_of(t->spec->pictures), "n_weights",
        (json_int_t)count_learned(t->gan->weights[side]));

    json_object_set_new(meta, "training", training_meta(t));
    json_object_set(meta, "history", t->history);
    json_object_set_new(meta, "samplings", samplings_of(t));
    if (t->reason)
        json_object_set_new(meta, "diverged",
                            json_pack("{s:s,s:I,s:I}", "reason", t->reason,
                                      "step", (json_int_t)t->updates, "kept",
                                      (json_int_t)t->good.step));
    if (t->init && side == OST_GENERATOR)
        json_object_set(meta, "init", t->init);
    return meta;
}

static ost_rc emit_side(ost_gan_training *t, ost_gan_side side,
                        const char *port, ost_err *err)
{
    json_t *meta = side_meta(t, side);
    ost_buf bytes = { 0 };
    ost_rc rc = ost_emit_meta(t->ctx, port, meta, err);

    if (!rc)
        rc = ost_safetensors_write(t->gan->weights[side], &bytes, err);
    if (!rc)
        rc = ost_emit_blob(t->ctx, port, OST_MODEL_WEIGHTS, bytes.data,
                           bytes.len, err);
    ost_buf_release(&bytes);
    json_decref(meta);
    return rc;
}

/* The averages take the place of the weights that they follow. */
static ost_rc settle_average(ost_gan_training *t, ost_err *err)
{
    ost_weights *w = t->gan->weights[OST_GENERATOR];
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < w->len && t->average && !rc; i++) {
        float *plain =
            ost_try_alloc((size_t)ost_weight_count(w->data[i]), sizeof(*plain));

        if (!plain)
            return ost_fail(err, OST_ENOMEM, "no memory for weight '%s'",
                            w->data[i]->name);
        rc = ost_average_get(t->average, i, plain, err);
        if (!rc)
            rc = ost_weights_set(w, w->data[i], OST_PART_DATA, plain, err);
        ost_free(plain);
    }
    return rc;
}

ost_rc ost_gan_emit(ost_gan_training *t, ost_err *err)
{
    ost_rc rc = settle_average(t, err);

    if (!rc)
        rc = emit_side(t, OST_GENERATOR, "generator", err);
    if (!rc)
        rc = emit_side(t, OST_DISCRIMINATOR, "discriminator", err);
    return rc;
}

/* --- in ------------------------------------------------------------------ */

static bool same_shape(const ost_weight *w, const ost_stored_tensor *t)
{
    bool same = w->ndim == t->ndim;

    for (int i = 0; i < w->ndim && same; i++)
        same = w->shape[i] == t->shape[i];
    return same;
}

static void add_skipped(json_t *list, const ost_weight *w,
                        const ost_stored_tensor *t)
{
    char have[96];
    char want[96];
    char *reason = w ? ost_xprintf("%s does not fit %s",
                                   ost_shape_text(have, t->ndim, t->shape),
                                   ost_shape_text(want, w->ndim, w->shape))
                     : ost_xprintf("the network has no such weight");

    json_array_append_new(
        list, json_pack("{s:s,s:s}", "name", t->name, "reason", reason));
    ost_free(reason);
}

/* Weights go by name; what has no place is told, not refused. */
static ost_rc fill_by_name(ost_weights *w, const ost_safetensors *file,
                           json_t **report, ost_err *err)
{
    json_t *loaded = json_array();
    json_t *skipped = json_array();
    json_t *left = json_array();
    ost_rc rc = OST_OK;

    *report = json_pack("{s:o,s:[],s:o,s:o}", "loaded", loaded, "averaged",
                        "skipped", skipped, "new", left);
    for (size_t i = 0; i < ost_safetensors_count(file) && !rc; i++) {
        const ost_stored_tensor *t = ost_safetensors_at(file, i);
        ost_weight *to = ost_weights_find(w, t->name);

        if (!to || !same_shape(to, t)) {
            add_skipped(skipped, to, t);
            continue;
        }
        rc = ost_safetensors_fill(w, to, t, err);
        json_array_append_new(loaded, json_string(t->name));
    }
    for (size_t i = 0; i < w->len; i++) {
        const ost_stored_tensor *t =
            ost_safetensors_find(file, w->data[i]->name);

        if (!t || !same_shape(w->data[i], t))
            json_array_append_new(left, json_string(w->data[i]->name));
    }
    if (!rc && json_array_size(loaded) == 0)
        rc = ost_fail(err, OST_EINPUT,
                      "no weight of the model fits the generator: the first "
                      "is '%s' there and '%s' here",
                      ost_safetensors_count(file)
                          ? ost_safetensors_at(file, 0)->name
                          : "",
                      w->len ? w->data[0]->name : "");
    return rc;
}

ost_rc ost_gan_begin_with(ost_gan_training *t, ost_err *err)
{
    ost_safetensors *file = NULL;
    ost_buf text = { 0 };
    const void *data;
    size_t size;
    ost_rc rc = ost_ctx_blob(t->ctx, t->spec->init, OST_MODEL_WEIGHTS, &data,
                             &size, err);

    if (!rc)
        rc = ost_safetensors_open(data, size, &file, err);
    if (!rc)
        rc = fill_by_name(t->gan->weights[OST_GENERATOR], file, &t->init, err);
    if (rc) {
        ost_err_at(err, "port 'init'");
    } else {
        ost_transfer_text(t->init, &text);
        ost_note(t->ctx, "init: %s", ost_buf_str(&text));
    }
    ost_buf_release(&text);
    ost_safetensors_close(file);
    return rc;
}
