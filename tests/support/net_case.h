/* tests/support/net_case.h - small networks from parity/operator_fixtures.txt
 *
 * The file's format is described in parity/make_operator_fixtures.py.
 */
#ifndef OST_TESTS_SUPPORT_NET_CASE_H
#define OST_TESTS_SUPPORT_NET_CASE_H

#include "base/alloc.h"
#include "base/fs.h"
#include "kernels/network.h"
#include "kernels/optimizer.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASE_TENSORS = 64, CASE_LAYERS = 24 };

typedef struct case_tensor {
    char *name;
    int ndim;
    int64_t shape[OST_MAX_DIMS];
    int64_t count;
    float *v;
} case_tensor;

typedef struct net_case {
    char *name;
    bool train;
    int n_layers;
    ost_layer_spec layers[CASE_LAYERS];
    ost_net_attr attrs[CASE_LAYERS][OST_LAYER_ATTRS];
    int n_tensors;
    case_tensor tensors[CASE_TENSORS];
    bool has_steps;
    ost_optimizer optimizer;
    int steps;
} net_case;

static inline void case_layer(net_case *c, char *text)
{
    ost_layer_spec *l = &c->layers[c->n_layers];
    ost_net_attr *attr = c->attrs[c->n_layers];
    char *rest = NULL;
    char *word = strtok_r(text, " \n", &rest);

    l->kind = ost_xstrdup(word);
    l->attrs = attr;
    l->n_inputs = 1;
    l->inputs[0] = c->n_layers - 1;
    while ((word = strtok_r(NULL, " \n", &rest))) {
        char *value = strchr(word, '=') + 1;
        double v[8];
        int n = 0;

        for (char *p = value; n < 8; p++) {
            v[n++] = strtod(p, &p);
            if (*p != ',')
                break;
        }
        if (strncmp(word, "in=", 3) == 0) {
            l->n_inputs = n;
            for (int i = 0; i < n; i++)
                l->inputs[i] = (int)v[i];
            continue;
        }
        attr->name = ost_xstrndup(word, (size_t)(value - 1 - word));
        attr->count = n;
        memcpy(attr->v, v, sizeof(attr->v));
        attr++;
        l->n_attrs++;
    }
    c->n_layers++;
}

static inline void case_tensor_line(net_case *c, char *text)
{
    case_tensor *t = &c->tensors[c->n_tensors++];
    char *rest = NULL;
    char *p;

    t->name = ost_xstrdup(strtok_r(text, " ", &rest));
    t->count = 1;
    for (p = rest; *p != ':';) {
        t->shape[t->ndim] = strtoll(p, &p, 10);
        t->count *= t->shape[t->ndim++];
        while (*p == ' ')
            p++;
    }
    t->v = ost_xalloc((size_t)t->count * sizeof(float));
    p++;
    for (int64_t i = 0; i < t->count; i++)
        t->v[i] = strtof(p, &p);
}

static inline void case_steps(net_case *c, const char *text)
{
    char kind[16];

    c->has_steps = true;
    c->optimizer.beta1 = 0.9;
    c->optimizer.beta2 = 0.999;
    c->optimizer.epsilon = 1e-8;
    assert_int_equal(sscanf(text, "%15s %lf %lf %lf %d", kind,
                            &c->optimizer.rate, &c->optimizer.momentum,
                            &c->optimizer.weight_decay, &c->steps),
                     5);
    c->optimizer.kind = strcmp(kind, "adam") == 0 ? OST_ADAM : OST_SGD;
}

/* Reads the next case; false at the end of the file. */
static inline bool case_read(FILE *f, net_case *c)
{
    char *line = NULL;
    size_t cap = 0;
    bool found = false;

    memset(c, 0, sizeof(*c));
    while (getline(&line, &cap, f) > 0) {
        char *text = strchr(line, ' ');

        if (strncmp(line, "end", 3) == 0) {
            found = true;
            break;
        }
        text++;
        if (strncmp(line, "case ", 5) == 0)
            c->name = ost_xstrndup(text, strlen(text) - 1);
        else if (strncmp(line, "mode ", 5) == 0)
            c->train = strncmp(text, "train", 5) == 0;
        else if (strncmp(line, "layer ", 6) == 0)
            case_layer(c, text);
        else if (strncmp(line, "steps ", 6) == 0)
            case_steps(c, text);
        else
            case_tensor_line(c, text);
    }
    (free)(line);
    return found;
}

static inline void case_release(net_case *c)
{
    for (int i = 0; i < c->n_layers; i++) {
        for (int k = 0; k < c->layers[i].n_attrs; k++)
            ost_free((void *)(uintptr_t)c->attrs[i][k].name);
        ost_free((void *)(uintptr_t)c->layers[i].kind);
    }
    for (int i = 0; i < c->n_tensors; i++) {
        ost_free(c->tensors[i].name);
        ost_free(c->tensors[i].v);
    }
    ost_free(c->name);
}

static inline const case_tensor *case_find(const net_case *c, const char *name)
{
    for (int i = 0; i < c->n_tensors; i++)
        if (strcmp(c->tensors[i].name, name) == 0)
            return &c->tensors[i];
    return NULL;
}

static inline FILE *case_open(void)
{
    char *path = ost_path_join(getenv("OSTEON_SOURCE"),
                               "tests/parity/operator_fixtures.txt");
    FILE *f = fopen(path, "r");

    assert_non_null(f);
    ost_free(path);
    return f;
}

#endif
