/* tests/support/generators.h - models of generators, made by hand for tests */
#ifndef OST_TESTS_SUPPORT_GENERATORS_H
#define OST_TESTS_SUPPORT_GENERATORS_H

#include "stages/generator.h"
#include "stages/model.h"
#include "stages/safetensors.h"
#include "tests/support/step.h"

#include <string.h>

/* A model that may be wrong; texts have ' in place of ". */
typedef struct generator_case {
    const char *objective;
    const char *network; /* the file */
    const char *meta;    /* all but network and params */
    int ndim;            /* of a batch of one, as the first network eats it */
    int64_t shape[OST_MAX_DIMS];
    uint64_t key; /* of its weights */
} generator_case;

static inline char *unquoted(step_fixture *f, const char *text)
{
    char *copy = ost_arena_strdup(&f->arena, text);

    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    return copy;
}

/* The weights of all networks of the side, those of a way's later ones for what
 * comes out of the first. */
static inline void write_weights(const ost_side_networks *nets,
                                 const generator_case *c, ost_buf *out)
{
    ost_backend *backend;
    ost_weights *w;
    ost_err err = { 0 };

    assert_ok(ost_backend_open("cpu", 1, &backend, &err), &err);
    w = ost_weights_new(backend);
    for (const ost_gan_way *way = nets->objective->ways; way->name; way++) {
        int64_t shape[OST_MAX_DIMS];
        int ndim = c->ndim;

        memcpy(shape, c->shape, sizeof(shape));
        for (int i = 0; i < way->n_roles; i++) {
            ost_net *net = NULL;
            ost_tensor y;

            assert_ok(ost_net_new(w, &nets->specs[way->roles[i]][0], ndim,
                                  shape, 0, &net, NULL, &err),
                      &err);
            y = ost_net_output(net);
            ndim = y.ndim;
            memcpy(shape, y.shape, sizeof(shape));
            ost_net_free(net);
        }
    }
    assert_ok(ost_weights_init(w, c->key, &err), &err);
    assert_ok(ost_safetensors_write(w, out, &err), &err);
    ost_weights_free(w);
    ost_backend_close(backend);
}

/* The model, exposed to `groups` (ends with NULL). */
static inline ost_digest generator_model(step_fixture *f,
                                         const generator_case *c,
                                         const char *const *groups)
{
    const char *text = unquoted(f, c->network);
    json_t *meta = json_loads(unquoted(f, c->meta), 0, NULL);
    ost_artifact a = { .type = OST_MODEL };
    ost_ref ref = { .name = OST_MODEL_WEIGHTS };
    ost_buf weights = { 0 }, canonical = { 0 };
    ost_side_networks nets;
    ost_err err = { 0 };
    ost_digest d;
    size_t n = 0;

    assert_non_null(meta);
    assert_ok(ost_side_networks_read(ost_objective_find(c->objective),
                                     OST_GENERATOR, "g.json", text,
                                     strlen(text), NULL, &nets, &err),
              &err);
    write_weights(&nets, c, &weights);
    json_object_set_new(meta, "network", json_string("g"));
    json_object_set_new(meta, "architecture", json_loads(text, 0, NULL));
    json_object_set_new(meta, "params", ost_side_networks_params(&nets));
    ost_json_canonical(&canonical, meta);
    a.meta = ost_buf_str(&canonical);
    ref.size = weights.len;
    assert_ok(ost_batch_put_blob(f->batch, weights.data, weights.len,
                                 &ref.digest, &err),
              &err);
    a.refs = &ref;
    a.n_refs = 1;
    while (groups && groups[n])
        n++;
    assert_ok(ost_groups_put(f->batch, groups, n, &a.exposure, &err), &err);
    assert_ok(ost_artifact_put(f->batch, &a, &d, &err), &err);
    commit(f->batch);
    ost_side_networks_release(&nets);
    ost_buf_release(&canonical);
    ost_buf_release(&weights);
    json_decref(meta);
    return d;
}

#endif
