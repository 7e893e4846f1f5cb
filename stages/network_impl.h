/* stages/network_impl.h - the inside of ost_network while it is read
 *
 *     network.c             the document, its params, its description
 *     network_values.c      "${name}", cases, where faults are
 *     network_references.c  from names to layers
 *     network_entries.c     lists of layers and groups: names, "when"
 *     network_layers.c      one layer: inputs, attributes
 *     network_groups.c      groups: passes, what is carried and shared
 */
#ifndef OST_STAGES_NETWORK_IMPL_H
#define OST_STAGES_NETWORK_IMPL_H

#include "base/arena.h"
#include "base/json.h"
#include "base/vec.h"
#include "stages/network.h"

#include <stdbool.h>

enum {
    NETWORK_LAYERS = 20000,        /* at most; passes of groups too */
    NETWORK_DEPTH = 16,            /* of groups, and of params in params */
    NETWORK_NOTHING = -2,          /* a value that is not there (yet) */
    NETWORK_INPUT = OST_NET_INPUT, /* the network's input */
};

/* What a name means: a value (the layer that makes it, INPUT or NOTHING) and,
 * for a group, the names inside, pass by pass. */
typedef struct network_name {
    const char *name;
    int value;
    bool loose; /* may be given again: carried, or of what is not there */
    bool group;
    bool repeated;
    const struct network_pass *passes;
    size_t n_passes;
} network_name;

typedef struct network_pass {
    int value;
    const network_name *names;
    size_t n_names;
} network_pass;

/* One pass of a group while it is read, or the whole network. */
typedef struct network_scope {
    const struct network_scope *parent;
    const char *prefix; /* of weight names: "" or "path." */
    const char *as;     /* bound name, or NULL */
    const json_t *element;
    int entry;    /* what entered the pass */
    int previous; /* what stands before the next entry */
    int depth;
    bool shared; /* its weights are those of an earlier pass */
    OST_VEC(network_name) names;
} network_scope;

/* An entry of a list of layers. */
typedef struct network_entry {
    const json_t *json;
    const char *pointer;
    size_t place; /* in its list */
} network_entry;

/* Params that are being expanded, innermost first. */
typedef struct network_chain {
    const struct network_chain *up;
    const char *name;
} network_chain;

struct ost_network {
    ost_json_doc *doc;
    ost_arena arena;
    const char *name;
    json_t *values;   /* params as they were given */
    json_t *resolved; /* those that were used, expanded */
    const network_chain *chain;
    size_t passes; /* of all groups */
    ost_scores_kind scores;
    int input_sides;
    int64_t input[OST_MAX_DIMS];
    OST_VEC(ost_layer_spec) layers;
    OST_VEC(const char *) pointers; /* of each layer in the document */
    ost_net_spec spec;
};

/* --- network_values.c -------------------------------------------------- */

/* Reports a fault at a place of the document (with `key`, at the name of the
 * member); returns OST_EINPUT. */
ost_rc ost_network_fault(const ost_network *n, const char *pointer, bool key,
                         ost_err *err, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* The same with " (did you mean 'x'?)" when one of `names` is near `word`. */
ost_rc ost_network_unknown(const ost_network *n, const char *pointer, bool key,
                           const char *word, const char *const *names,
                           size_t count, ost_err *err, const char *fmt, ...)
    __attribute__((format(printf, 8, 9)));
/* Fails when a member of an object is none of `words` (which end with NULL) and
 * no comment; `place` names the object, e.g. " in a group". */
ost_rc ost_network_check_words(ost_network *n, const json_t *object,
                               const char *pointer, const char *const *words,
                               const char *place, ost_err *err);

/* "pointer/name", borrowed from the network's arena. */
const char *ost_network_child(ost_network *n, const char *pointer,
                              const char *name);

/* A value with all "${...}" replaced and all cases decided, inside of lists and
 * objects too; caller decrefs.  It must not be changed. */
ost_rc ost_network_expand(ost_network *n, const network_scope *s,
                          const json_t *v, const char *pointer, json_t **out,
                          ost_err *err);
/* What "name" or "name.member" means; caller decrefs. */
ost_rc ost_network_value(ost_network *n, const network_scope *s,
                         const char *path, const char *pointer, json_t **out,
                         ost_err *err);

/* --- network_references.c ---------------------------------------------- */

/* Appends the values that reference `text` means to `values`, which has room
 * for `cap`; raises *count. */
ost_rc ost_network_refer(ost_network *n, const network_scope *s,
                         const char *text, const char *pointer, int *values,
                         int cap, int *count, ost_err *err);
/* The same for what "in" may hold: a reference, a list of them; null for
 * nothing.  Of values that are not there nothing is appended. */
ost_rc ost_network_refer_all(ost_network *n, const network_scope *s,
                             const json_t *in, const char *pointer, int *values,
                             int cap, int *count, ost_err *err);
/* The one value that a reference or null means. */
ost_rc ost_network_refer_one(ost_network *n, const network_scope *s,
                             const json_t *in, const char *pointer, int *value,
                             ost_err *err);
/* The last of `s` itself with this name; NULL when there is none. */
const network_name *ost_network_own_name(const network_scope *s,
                                         const char *name);

/* --- network_entries.c ------------------------------------------------- */

ost_rc ost_network_read_entries(ost_network *n, network_scope *s,
                                const json_t *list, const char *pointer,
                                ost_err *err);
/* The name of an entry as written, or its place as text (*given false). */
ost_rc ost_network_entry_name(ost_network *n, const network_scope *s,
                              const network_entry *e, const char **name,
                              bool *given, ost_err *err);

/* A name may be given once in a pass, but for names of what is not there. */
ost_rc ost_network_check_name(const ost_network *n, const network_scope *s,
                              const char *name, const char *pointer,
                              ost_err *err);

/* --- network_layers.c, network_groups.c -------------------------------- */

ost_rc ost_network_read_layer(ost_network *n, network_scope *s,
                              const network_entry *e, ost_err *err);
ost_rc ost_network_read_group(ost_network *n, network_scope *s,
                              const network_entry *e, ost_err *err);
/* Of a group that is not there: its carried names keep their first meaning. */
ost_rc ost_network_skip_group(ost_network *n, network_scope *s,
                              const network_entry *e, ost_err *err);
/* Whether a group names each pass by itself: its name has its own "as". */
bool ost_network_names_passes(const json_t *group);

#endif
