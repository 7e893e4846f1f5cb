/* tests/support/net_case.h - small networks from parity/operators/
 *
 * The format of the files is described in parity/operator_cases.py.
 */
#ifndef OST_TESTS_SUPPORT_NET_CASE_H
#define OST_TESTS_SUPPORT_NET_CASE_H

#include "base/alloc.h"
#include "base/fs.h"
#include "base/vec.h"
#include "kernels/network.h"
#include "kernels/optimizer.h"
#include "tests/support/check.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASE_LAYERS = 64 };

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
    bool infer; /* both may be set */
    int n_layers;
    ost_layer_spec layers[CASE_LAYERS];
    OST_VEC(case_tensor) tensors;
    bool has_steps;
    ost_optimizer optimizer;
    int steps;
} net_case;

typedef OST_VEC(net_case *) net_cases;

/* Numbers with commas between; returns how many. */
static inline int case_numbers(const char *text, int room, double *v)
{
    char *p = NULL;
    int n = 0;

    do {
        assert_true(n < room);
        v[n++] = strtod(text, &p);
        assert_ptr_not_equal(p, text);
        text = p + 1;
    } while (*p == ',');
    return n;
}

static inline void case_attribute(ost_layer_spec *l, ost_net_attr *attr,
                                  char *word)
{
    char *value = strchr(word, '=');
    double inputs[OST_LAYER_INPUTS];

    assert_non_null(value);
    *value++ = 0;
    if (strcmp(word, "in") == 0) {
        l->n_inputs = case_numbers(value, OST_LAYER_INPUTS, inputs);
        for (int i = 0; i < l->n_inputs; i++)
            l->inputs[i] = (int)inputs[i];
        return;
    }
    if (strcmp(word, "name") == 0) {
        l->name = ost_xstrdup(value);
        return;
    }
    if (strcmp(word, "shared") == 0) {
        l->shared = strtod(value, NULL) != 0.0;
        return;
    }
    attr->name = ost_xstrdup(word);
    if (isalpha((unsigned char)*value))
        attr->text = ost_xstrdup(value);
    else
        attr->count = case_numbers(value, OST_NET_ATTR_VALUES, attr->v);
    l->n_attrs++;
}

static inline void case_layer(net_case *c, char *text)
{
    ost_layer_spec *l = &c->layers[c->n_layers];
    ost_net_attr *attrs = ost_xalloc(OST_LAYER_ATTRS * sizeof(*attrs));
    char *rest = NULL;
    char *word = strtok_r(text, " \n", &rest);

    assert_true(c->n_layers < CASE_LAYERS);
    l->kind = ost_xstrdup(word);
    l->attrs = attrs;
    l->n_inputs = 1;
    l->inputs[0] = c->n_layers - 1;
    while ((word = strtok_r(NULL, " \n", &rest))) {
        assert_true(l->n_attrs < OST_LAYER_ATTRS);
        case_attribute(l, &attrs[l->n_attrs], word);
    }
    c->n_layers++;
}

static inline void case_tensor_line(net_case *c, char *text)
{
    case_tensor t = { .count = 1 };
    char *rest = NULL;
    char *p;

    t.name = ost_xstrdup(strtok_r(text, " ", &rest));
    for (p = rest; *p != ':';) {
        t.shape[t.ndim] = strtoll(p, &p, 10);
        t.count *= t.shape[t.ndim++];
        while (*p == ' ')
            p++;
    }
    t.v = ost_xalloc((size_t)t.count * sizeof(float));
    p++;
    for (int64_t i = 0; i < t.count; i++)
        t.v[i] = strtof(p, &p);
    ost_vec_push(&c->tensors, t);
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

static inline void case_line(net_case *c, const char *word, char *text)
{
    if (strcmp(word, "case") == 0) {
        c->name = ost_xstrndup(text, strcspn(text, "\n"));
    } else if (strcmp(word, "mode") == 0) {
        c->train = strncmp(text, "infer", 5) != 0;
        c->infer = strncmp(text, "train", 5) != 0;
    } else if (strcmp(word, "layer") == 0) {
        case_layer(c, text);
    } else if (strcmp(word, "steps") == 0) {
        case_steps(c, text);
    } else if (strcmp(word, "tensor") == 0) {
        case_tensor_line(c, text);
    } else {
        fail_msg("unknown line '%s'", word);
    }
}

/* The next case, to be freed with case_free(); NULL at the end of the file. */
static inline net_case *case_read(FILE *f)
{
    net_case *c = ost_xalloc(sizeof(*c));
    char *line = NULL;
    size_t cap = 0;
    bool found = false;

    while (!found && getline(&line, &cap, f) > 0) {
        char *text = strchr(line, ' ');

        found = strncmp(line, "end", 3) == 0;
        if (found)
            continue;
        assert_non_null(text);
        *text = 0;
        case_line(c, line, text + 1);
    }
    (free)(line);
    if (found)
        return c;
    ost_free(c);
    return NULL;
}

static inline void case_free(net_case *c)
{
    for (int i = 0; i < c->n_layers; i++) {
        const ost_layer_spec *l = &c->layers[i];

        for (int k = 0; k < l->n_attrs; k++) {
            ost_free((void *)(uintptr_t)l->attrs[k].name);
            ost_free((void *)(uintptr_t)l->attrs[k].text);
        }
        ost_free((void *)(uintptr_t)l->attrs);
        ost_free((void *)(uintptr_t)l->name);
        ost_free((void *)(uintptr_t)l->kind);
    }
    for (size_t i = 0; i < c->tensors.len; i++) {
        ost_free(c->tensors.data[i].name);
        ost_free(c->tensors.data[i].v);
    }
    ost_vec_release(&c->tensors);
    ost_free(c->name);
    ost_free(c);
}

static inline const case_tensor *case_find(const net_case *c, const char *name)
{
    for (size_t i = 0; i < c->tensors.len; i++)
        if (strcmp(c->tensors.data[i].name, name) == 0)
            return &c->tensors.data[i];
    return NULL;
}

static inline int case_is_text(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);

    return n > 4 && strcmp(entry->d_name + n - 4, ".txt") == 0;
}

/* Reads all files of the folder, in the order of their names.  Caller frees
 * with cases_release(). */
static inline void cases_read(net_cases *cases)
{
    char *folder =
        ost_path_join(getenv("OSTEON_SOURCE"), "tests/parity/operators");
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, case_is_text, alphasort);

    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        char *path = ost_path_join(folder, entries[i]->d_name);
        FILE *f = fopen(path, "r");
        net_case *c;

        assert_non_null(f);
        while ((c = case_read(f)))
            ost_vec_push(cases, c);
        fclose(f);
        ost_free(path);
        (free)(entries[i]);
    }
    (free)(entries);
    ost_free(folder);
}

static inline void cases_release(net_cases *cases)
{
    for (size_t i = 0; i < cases->len; i++)
        case_free(cases->data[i]);
    ost_vec_release(cases);
}

#endif
