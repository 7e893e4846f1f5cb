/* stages/network_impl.h - the inside of ost_network while it is read */
#ifndef OST_STAGES_NETWORK_IMPL_H
#define OST_STAGES_NETWORK_IMPL_H

#include "base/arena.h"
#include "base/json.h"
#include "base/vec.h"
#include "stages/network.h"

#include <stdbool.h>

typedef struct network_layer_name {
    const char *name;
    int layer;
} network_layer_name;

/* A group while it is read: one pass of it. */
typedef struct network_scope {
    const struct network_scope *parent;
    const char *prefix; /* of weight names: "" or "path." */
    const char *as;     /* bound name, or NULL */
    const json_t *element;
    int entry; /* what entered the pass */
    int depth;
    OST_VEC(network_layer_name) names;
} network_scope;

struct ost_network {
    ost_json_doc *doc;
    ost_arena arena;
    const char *name;
    json_t *values;
    OST_VEC(ost_layer_spec) layers;
    OST_VEC(const char *) pointers; /* of each layer in the document */
    ost_net_spec spec;
};

/* Reports a fault at a place of the document (with `key`, at the name of the
 * member); returns OST_EINPUT. */
ost_rc ost_network_fault(const ost_network *n, const char *pointer, bool key,
                         ost_err *err, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* "pointer/name", borrowed from the network's arena. */
const char *ost_network_child(ost_network *n, const char *pointer,
                              const char *name);

/* A value with all "${...}" replaced, also inside of arrays; caller decrefs. */
ost_rc ost_network_expand(ost_network *n, const network_scope *s,
                          const json_t *v, const char *pointer, json_t **out,
                          ost_err *err);

#endif
