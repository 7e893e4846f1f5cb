/* tests/support/network_case.h - shipped networks with computed numbers
 *
 * The numbers of a network's weights and input are computed from names, as
 * parity/network_cases.py describes; the cases stand in
 * parity/network_references.txt (parity/make_network_references.py).
 */
#ifndef OST_TESTS_SUPPORT_NETWORK_CASE_H
#define OST_TESTS_SUPPORT_NETWORK_CASE_H

#include "base/alloc.h"
#include "base/fs.h"
#include "base/text.h"
#include "kernels/network.h"
#include "stages/network.h"
#include "tests/support/backend_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- numbers ----------------------------------------------------------- */

static inline uint64_t stream_seed(const char *name)
{
    uint64_t h = 14695981039346656037u;

    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 1099511628211u;
    return h;
}

static inline uint64_t stream_hash(uint64_t seed, uint64_t i)
{
    uint64_t x = seed + (i + 1) * 0x9E3779B97F4A7C15u;

    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

/* p[i] = offset + scale * u, for the numbers u of a stream. */
static inline void stream_fill(const char *name, double offset, double scale,
                               int64_t count, float *p)
{
    uint64_t seed = stream_seed(name);

    for (int64_t i = 0; i < count; i++) {
        double u =
            (double)(stream_hash(seed, (uint64_t)i) >> 40) / 8388608.0 - 1.0;

        p[i] = (float)(offset + u * scale);
    }
}

static inline bool has_suffix(const ost_weight *w, const char *suffix)
{
    return strcmp(strrchr(w->name, '.'), suffix) == 0;
}

/* Whether a weight with one side is that of a batch norm. */
static inline bool of_norm(const ost_weights *all, const ost_weight *w)
{
    char *name = ost_xprintf("%.*s.weight",
                             (int)(strrchr(w->name, '.') - w->name), w->name);
    const ost_weight *scale = ost_weights_find(all, name);

    ost_free(name);
    return scale && scale->ndim == 1;
}

static inline void stream_weight(const ost_weights *all, const ost_weight *w,
                                 float *p)
{
    int64_t count = ost_weight_count(w);

    if (w->ndim > 1) {
        stream_fill(w->name, 0.0, sqrt(6.0 / (double)(count / w->shape[0])),
                    count, p);
    } else if (has_suffix(w, ".running_mean")) {
        memset(p, 0, (size_t)count * sizeof(*p));
    } else if (has_suffix(w, ".running_var")) {
        for (int64_t i = 0; i < count; i++)
            p[i] = 1.0f;
    } else if (!of_norm(all, w)) {
        stream_fill(w->name, 0.0, 0.25, count, p);
    } else if (has_suffix(w, ".weight")) {
        stream_fill(w->name, 1.0, 0.125, count, p);
    } else {
        stream_fill(w->name, 2.0, 0.25, count, p);
        for (int64_t i = 1; i < count; i += 2)
            p[i] = -p[i];
    }
}

/* --- networks ---------------------------------------------------------- */

typedef struct network_case {
    char *name;
    char *file;
    char *params;
    char *stream; /* of the input */
    int ndim;
    int64_t shape[OST_MAX_DIMS];
} network_case;

static inline void network_case_release(network_case *c)
{
    ost_free(c->stream);
    ost_free(c->params);
    ost_free(c->file);
    ost_free(c->name);
    memset(c, 0, sizeof(*c));
}

static inline FILE *network_references(void)
{
    char *path = ost_path_join(getenv("OSTEON_SOURCE"),
                               "tests/parity/network_references.txt");
    FILE *f = fopen(path, "r");

    if (!f)
        fail_msg("%s: cannot open it", path);
    ost_free(path);
    return f;
}

/* Takes a line "case", "file", "params", "stream" or "input" (without its end)
 * in; false for any other. */
static inline bool network_case_line(network_case *c, char *line)
{
    char *text = strchr(line, ' ');

    if (ost_starts_with(line, "case ")) {
        network_case_release(c);
        c->name = ost_xstrdup(text + 1);
    } else if (ost_starts_with(line, "file ")) {
        c->file = ost_xstrdup(text + 1);
    } else if (ost_starts_with(line, "params ")) {
        c->params = ost_xstrdup(text + 1);
    } else if (ost_starts_with(line, "stream ")) {
        c->stream = ost_xstrdup(text + 1);
    } else if (ost_starts_with(line, "input ")) {
        while (*text)
            c->shape[c->ndim++] = strtoll(text, &text, 10);
    } else {
        return false;
    }
    return true;
}

/* Reads workflows/models/FILE.json with params; caller frees the network. */
static inline ost_rc network_read(const char *file, const char *params,
                                  ost_network **n, ost_err *err)
{
    char *relative = ost_xprintf("workflows/models/%s.json", file);
    char *path = ost_path_join(getenv("OSTEON_SOURCE"), relative);
    json_t *values = json_loads(params, 0, NULL);
    ost_buf text = { 0 };
    ost_rc rc;

    assert_non_null(values);
    rc = ost_fs_read(path, 1 << 20, &text, err);
    if (!rc)
        rc = ost_network_read(relative, ost_buf_str(&text), text.len, values,
                              NULL, n, err);
    ost_buf_release(&text);
    json_decref(values);
    ost_free(path);
    ost_free(relative);
    return rc;
}

/* The same, of which nothing is wrong. */
static inline ost_network *network_shipped(const char *file, const char *params)
{
    ost_network *n = NULL;
    ost_err err = { 0 };

    assert_ok(network_read(file, params, &n, &err), &err);
    return n;
}

static inline void network_fill_weights(ost_weights *w)
{
    ost_err err = { 0 };

    for (size_t i = 0; i < w->len; i++) {
        ost_weight *weight = w->data[i];
        float *p = ost_xalloc((size_t)ost_weight_count(weight) * sizeof(*p));

        stream_weight(w, weight, p);
        if (ost_weights_set(w, weight, OST_PART_DATA, p, &err))
            fail_msg("%s", err.text);
        ost_free(p);
    }
}

/* Numbers of a stream from -1 to 1 for a tensor of the device. */
static inline void device_stream(ost_backend *backend, const char *stream,
                                 const ost_tensor *to)
{
    int64_t count = ost_tensor_count(to);
    float *v = ost_xalloc((size_t)count * sizeof(*v));

    stream_fill(stream, 0.0, 1.0, count, v);
    device_fill(backend, to, v);
    ost_free(v);
}

/* One training pass of the case's network, forward and backward; caller frees
 * the network and the weights, which hold the gradients. */
static inline ost_net *network_pass(const network_case *c, ost_backend *backend,
                                    ost_weights **weights)
{
    ost_network *n = network_shipped(c->file, c->params);
    ost_net *net = NULL;
    ost_err err = { 0 };
    ost_tensor t;

    *weights = ost_weights_new(backend);
    if (ost_network_build(n, *weights, c->ndim, c->shape, OST_NET_TRAIN, &net,
                          &err))
        fail_msg("%s: %s", c->name, err.text);
    network_fill_weights(*weights);
    t = ost_net_input(net);
    device_stream(backend, c->stream, &t);
    if (ost_net_forward(net, 0, &err))
        fail_msg("%s: %s", c->name, err.text);
    t = ost_net_output_grad(net);
    device_stream(backend, "loss", &t);
    if (ost_net_backward(net, &err))
        fail_msg("%s: %s", c->name, err.text);
    ost_network_free(n);
    return net;
}

#endif
