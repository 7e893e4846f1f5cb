/* tests/support/net_spec.h - network descriptions made by code */
#ifndef OST_TESTS_SUPPORT_NET_SPEC_H
#define OST_TESTS_SUPPORT_NET_SPEC_H

#include "kernels/network.h"

#include <assert.h>
#include <string.h>

enum { NET_SPEC_LAYERS = 256, NET_SPEC_ATTRS = 6 };

typedef struct net_spec {
    ost_layer_spec layers[NET_SPEC_LAYERS];
    ost_net_attr attrs[NET_SPEC_LAYERS][NET_SPEC_ATTRS];
    int n;
} net_spec;

/* A layer of inputs a and b (b -2: only a); its attributes come with
 * net_attr().  Returns its index. */
static inline int net_layer(net_spec *s, const char *kind, int a, int b)
{
    ost_layer_spec *l = &s->layers[s->n];

    assert(s->n < NET_SPEC_LAYERS);
    *l = (ost_layer_spec){ .kind = kind,
                           .n_inputs = b < -1 ? 1 : 2,
                           .inputs = { a, b },
                           .attrs = s->attrs[s->n] };
    return s->n++;
}

/* Gives the last layer an attribute. */
static inline void net_attr(net_spec *s, const char *name, double v)
{
    ost_layer_spec *l = &s->layers[s->n - 1];

    assert(l->n_attrs < NET_SPEC_ATTRS);
    s->attrs[s->n - 1][l->n_attrs++] =
        (ost_net_attr){ .name = name, .count = 1, .v = { v } };
}

/* The next layer, of the last one. */
static inline int net_next(net_spec *s, const char *kind)
{
    return net_layer(s, kind, s->n - 1, -2);
}

static inline int net_conv(net_spec *s, int from, int out, int kernel,
                           int stride, bool bias)
{
    int at = net_layer(s, "conv2d", from, -2);

    net_attr(s, "out", out);
    net_attr(s, "kernel", kernel);
    net_attr(s, "stride", stride);
    net_attr(s, "padding", kernel / 2);
    net_attr(s, "bias", bias);
    return at;
}

/* He, Zhang, Ren and Sun, CVPR 2016: `blocks` basic blocks in each of `stages`
 * stages, the first with `width` channels, with a stem before and a dense layer
 * for `classes` classes behind. */
static inline void net_resnet(net_spec *s, const int *blocks, int stages,
                              int width, int classes)
{
    int from;

    net_conv(s, OST_NET_INPUT, width, 7, 2, false);
    net_next(s, "batch_norm");
    net_next(s, "relu");
    from = net_next(s, "max_pool2d");
    net_attr(s, "kernel", 3);
    net_attr(s, "stride", 2);
    net_attr(s, "padding", 1);
    for (int i = 0; i < stages; i++)
        for (int k = 0; k < blocks[i]; k++) {
            int stride = i > 0 && k == 0 ? 2 : 1;
            int left;

            net_conv(s, from, width << i, 3, stride, false);
            net_next(s, "batch_norm");
            net_conv(s, net_next(s, "relu"), width << i, 3, 1, false);
            left = net_next(s, "batch_norm");
            if (stride == 2) {
                net_conv(s, from, width << i, 1, 2, false);
                from = net_next(s, "batch_norm");
            }
            net_layer(s, "add", left, from);
            from = net_next(s, "relu");
        }
    net_next(s, "global_avg_pool");
    net_next(s, "dense");
    net_attr(s, "out", classes);
}

static inline ost_net_spec net_done(const net_spec *s)
{
    return (ost_net_spec){ s->layers, s->n, s->n - 1 };
}

#endif
