/* stages/stage.h - what a stage is, and all that it may touch
 *
 * A stage is one file: parameters, ports, one function, one descriptor.  The
 * framework fills the parameters, checks the types, opens the inputs, stores
 * the outputs, remembers each item of a map stage, and frees everything.
 *
 * How to add a stage: stages/x.c with `const ost_stage ost_stage_x`, one line
 * STAGE(x) in stages/stage_list.def, a golden case in tests/golden/x/.
 */
#ifndef OST_STAGES_STAGE_H
#define OST_STAGES_STAGE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/rng.h"
#include "kernels/tensor.h"
#include "store/artifact.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- parameters -------------------------------------------------------- */

/* kind, C type of the struct member, words for people */
typedef enum ost_param_kind {
    OST_PARAM_BOOL = 1, /* bool */
    OST_PARAM_I64,      /* int64_t */
    OST_PARAM_F64,      /* double; whole numbers welcome */
    OST_PARAM_STR,      /* const char * */
    OST_PARAM_CHOICE,   /* int: index into the choices */
    OST_PARAM_I64_LIST, /* ost_i64_list */
    OST_PARAM_F64_LIST, /* ost_f64_list */
    OST_PARAM_STR_LIST, /* ost_str_list */
    OST_PARAM_JSON,     /* const json_t *: any value */
    OST_PARAM_OBJECT,   /* const json_t *: an object */
    OST_PARAM_FILE,     /* ost_file: a path in the document, its content here */
} ost_param_kind;

typedef struct ost_i64_list {
    size_t n;
    const int64_t *v;
} ost_i64_list;
typedef struct ost_f64_list {
    size_t n;
    const double *v;
} ost_f64_list;
typedef struct ost_str_list {
    size_t n;
    const char *const *v;
} ost_str_list;
/* The content of a file that the document names; only the content is keyed. */
typedef struct ost_file {
    const char *name; /* as written, for messages */
    const char *data;
    size_t size;
} ost_file;

/* One setting.  `dflt` is JSON text ("100", "[64, 64]", "\"linear\"", "null"
 * for unset: zero, NULL or an empty list).  Numbers and list elements lie in
 * min..max when min < max.  A list has min_len..max_len elements when
 * max_len > 0.  `choices` are words separated by '|', or the only values of an
 * integer ("3|5|7"). */
typedef struct ost_param {
    const char *name;
    ost_param_kind kind;
    size_t offset;
    const char *help;
    bool required;
    const char *dflt;
    double min;
    double max;
    size_t min_len;
    size_t max_len;
    const char *choices;
} ost_param;

#define OST_PARAM(struct_type, member, kind_word, help_text, ...)     \
    {                                                                 \
        .name = #member, .kind = OST_PARAM_##kind_word,               \
        .offset = offsetof(struct_type, member), .help = (help_text), \
        __VA_ARGS__                                                   \
    }
#define OST_END      \
    {                \
        .name = NULL \
    }

/* --- ports ------------------------------------------------------------- */

/* `many`: takes any number of artifacts (else exactly one); `optional`: may be
 * left unbound.  A port's first row is the default one. */
typedef struct ost_port {
    const char *name;
    ost_artifact_type type;
    const char *help;
    bool many;
    bool optional;
} ost_port;

#define OST_PORTS(...) ((const ost_port[]){ __VA_ARGS__, { .name = NULL } })
#define OST_NO_PORTS   ((const ost_port[]){ { .name = NULL } })

/* --- the descriptor ---------------------------------------------------- */

typedef struct ost_stage_ctx ost_stage_ctx;
typedef struct ost_backend ost_backend; /* kernels/backend.h */

enum ost_stage_flags {
    OST_STAGE_FLOAT = 1u << 0,   /* results depend on the numeric class */
    OST_STAGE_DRAWS = 1u << 1,   /* draws random numbers: the seed is keyed */
    OST_STAGE_EXEC = 1u << 2,    /* runs foreign programs: needs --allow exec */
    OST_STAGE_FOREIGN = 1u << 3, /* decodes foreign formats: memory limit */
    OST_STAGE_SERIAL = 1u << 4,  /* .map calls one after another, in order */
    OST_STAGE_EXPORTS = 1u << 5, /* dataset -> files, used by `run --out` */
    OST_STAGE_GPU = 1u << 6,     /* can use a GPU */
    OST_STAGE_CHECKS = 1u << 7,  /* has .check; set in the command's tables,
                                    which lack the functions */
    OST_STAGE_SECRET = 1u << 8,  /* makes pseudonyms: the secret is keyed */
    OST_STAGE_KEEPS = 1u << 9,   /* chooses no groups: those that come in at the
                                    first port of items go out */
    OST_STAGE_LEARNS = 1u << 10, /* its items come of what it learned: they are
                                    exposed to the groups of all datasets that
                                    come in, as a model is */
};

typedef struct ost_stage {
    const char *name;
    uint32_t version; /* bump when any output byte can change */
    const char *summary;
    unsigned flags;
    size_t param_size;
    const ost_param *params; /* ends with OST_END; sorted as people read them */
    const ost_port *inputs;
    const ost_port *outputs;

    /* What .map reads of an item, separated by spaces; it enters the item's
     * memo key: field names with `*` as wildcard ("image", "mask.*"), "@p" for
     * the value (or values) of string parameter p, "attr:NAME", "label",
     * "group", "id".  NULL: every field and nothing else. */
    const char *reads;

    /* Input ports, separated by spaces, whose items are judged: none of them
     * may be exposed to its own group (see leaks.h), unless the parameter
     * `leakage` is "off".  The metrics that come out are exposed to the groups
     * of all of them.  NULL: none. */
    const char *judges;

    /* Refuses a combination of parameters before anything runs. */
    ost_rc (*check)(const void *params, ost_err *err);

    /* A map stage works item by item on its first input port and is remembered
     * per item; items of its other dataset ports are joined (ctx_joined).
     * `prepare`, if any, sees all items first and may give each a directive. */
    ost_rc (*prepare)(ost_stage_ctx *ctx, ost_err *err);
    ost_rc (*map)(ost_stage_ctx *ctx, const ost_item *in, ost_err *err);

    /* A gather stage makes something of several items of its first input port.
     * `bucket` says where an item belongs: a name that lives in the arena of
     * ctx, or NULL for an item that is left out.  `gather` is called once for
     * each bucket with its items in id order, in parallel over buckets, and is
     * remembered per bucket under everything that is encoded of its items
     * (fields, id, group, labels, attributes, lineage, exposure), their
     * directives, and the joined items, which are joined to the first item.
     * What it emits is exposed to all that its items are exposed to.
     * `prepare`, if any, runs before; it drops items as for .map. */
    ost_rc (*bucket)(ost_stage_ctx *ctx, const ost_item *in, const char **name,
                     ost_err *err);
    ost_rc (*gather)(ost_stage_ctx *ctx, const ost_item *const *items, size_t n,
                     ost_err *err);

    /* What a map or gather stage has to say when all is done: sees the items at
     * its outputs (ctx_made) and may add notes. */
    ost_rc (*conclude)(ost_stage_ctx *ctx, ost_err *err);

    /* Every other stage sees whole artifacts. */
    ost_rc (*run)(ost_stage_ctx *ctx, ost_err *err);
} ost_stage;

/* All stages, ended by NULL; the command has them without functions. */
extern const ost_stage *const ost_stages[];
/* NULL when there is none. */
const ost_stage *ost_stage_find(const char *name);
/* Index of a port in a list, or -1. */
int ost_port_find(const ost_port *ports, const char *name);
size_t ost_port_count(const ost_port *ports);
const ost_param *ost_param_find(const ost_stage *stage, const char *name);
/* True when the items at an input port are judged. */
bool ost_stage_judges(const ost_stage *stage, const char *port);

/* --- what a running stage may use -------------------------------------- */

/* One artifact that stands at an input port. */
typedef struct ost_input {
    ost_artifact artifact;
    ost_digest digest;
    const char *row;         /* name of the row, or NULL */
    const char *const *axes; /* "fold", "0", "bone", "femur": name, value */
    size_t n_axes;           /* pairs */
    const char *root;        /* folder of outside files, or NULL */
} ost_input;

/* Parameters of the step, the stage's own struct. */
const void *ost_ctx_params(const ost_stage_ctx *ctx);
/* The same as the complete object of JSON; borrowed likewise. */
const json_t *ost_ctx_with(const ost_stage_ctx *ctx);
/* Memory borrowed until the item (map), the bucket (gather) or the step (run)
 * is finished. */
ost_arena *ost_ctx_arena(ost_stage_ctx *ctx);
/* Threads that the step may use; results must not depend on it. */
int ost_ctx_threads(const ost_stage_ctx *ctx);
/* The backend that the step is to compute on: the CPU, or the GPU of the
 * worker.  One for the process, opened when it is first asked for and kept
 * between steps; borrowed, and everything that the step has on it is released
 * before the step ends. */
ost_rc ost_ctx_backend(ost_stage_ctx *ctx, ost_backend **backend, ost_err *err);
/* True when that is a GPU. */
bool ost_ctx_on_gpu(const ost_stage_ctx *ctx);
/* The operators on images to use, slots `canny`, `resize` and their like: those
 * of the GPU in a step of an exact stage that computes on one, the CPU's
 * otherwise.  They make the same bytes, and any thread may call them. */
const ost_backend *ost_ctx_images(const ost_stage_ctx *ctx);
/* A private folder on disk, removed after the step.  Borrowed. */
const char *ost_ctx_temp_dir(ost_stage_ctx *ctx, ost_err *err);

/* Inputs, by port name; at most `count` - 1 as index. */
size_t ost_ctx_input_count(const ost_stage_ctx *ctx, const char *port);
const ost_input *ost_ctx_input(const ost_stage_ctx *ctx, const char *port,
                               size_t index);
/* The items of an input in id order, decoded once and borrowed until the step
 * is finished. */
ost_rc ost_ctx_items(ost_stage_ctx *ctx, const ost_input *in,
                     const ost_item **items, size_t *n, ost_err *err);
/* The metadata of an input; borrowed until the step is finished. */
ost_rc ost_ctx_meta(ost_stage_ctx *ctx, const ost_input *in,
                    const json_t **meta, ost_err *err);
/* A named blob of an input (a model's weights); borrowed likewise. */
ost_rc ost_ctx_blob(ost_stage_ctx *ctx, const ost_input *in, const char *name,
                    const void **data, size_t *size, ost_err *err);

/* The groups of an exposure (the digest of a set, see store/artifact.h),
 * sorted; in `arena`. */
ost_rc ost_ctx_groups(ost_stage_ctx *ctx, const ost_digest *exposure,
                      ost_arena *arena, const char *const **groups, size_t *n,
                      ost_err *err);

/* A field as a tensor on stored bytes (look, don't touch); borrowed until the
 * item (map), bucket (gather) or step (run) is finished.  A missing field is
 * OST_EINPUT. */
ost_rc ost_item_tensor(ost_stage_ctx *ctx, const ost_item *item,
                       const char *field, ost_tensor *t, ost_err *err);
/* The bytes of a member of `files`, wherever they are: in the store or in the
 * outside folder of `in`.  What changed since planning is OST_ECHANGED. */
ost_rc ost_item_bytes(ost_stage_ctx *ctx, const ost_input *in,
                      const ost_item *item, const void **data, size_t *size,
                      ost_err *err);
/* Gives back what the two calls above lent so far: for a .run that goes through
 * more items than it should hold on to. */
void ost_ctx_return(ost_stage_ctx *ctx);

/* In .prepare: gives item `index` of the first input a directive (any text, a
 * JSON object as a rule) that enters its memo key; NULL drops the item. */
void ost_ctx_direct(ost_stage_ctx *ctx, size_t index, const char *directive);
/* In .map, .bucket: the item's directive, or NULL; in .gather: the first
 * item's. */
const char *ost_ctx_directive(const ost_stage_ctx *ctx);
/* In .map, .gather: the joined item of another dataset port, NULL when there is
 * none. */
const ost_item *ost_ctx_joined(const ost_stage_ctx *ctx, const char *port);

/* True when a stage that declares OST_STAGE_SECRET can make pseudonyms. */
bool ost_ctx_has_secret(const ost_stage_ctx *ctx);
/* The pseudonym of a name under the site's secret (see store/secret.h), in the
 * arena of ctx. */
const char *ost_ctx_pseudonym(ost_stage_ctx *ctx, const char *kind,
                              const char *of, const char *name);

/* Random stream `n` of the step (item NULL) or of an item.  In .map an item's
 * stream comes from what the stage reads of it; in .gather the first item's
 * comes from all that is encoded of the bucket's items. */
ost_rng ost_ctx_rng(const ost_stage_ctx *ctx, const ost_item *item, uint64_t n);

/* --- outputs ----------------------------------------------------------- */

/* A new item made from `in` (fields, labels, group, attributes and exposure
 * are carried over).  `copy` < 0: it keeps the id and the parents; otherwise
 * its id is "in.id#copy" and its parent is `in`. */
ost_item *ost_derive(ost_stage_ctx *ctx, const ost_item *in, int64_t copy);
/* An item that is made from no single other one (`group` NULL: its id).  It is
 * exposed to whatever any input of the step is exposed to. */
ost_item *ost_new_item(ost_stage_ctx *ctx, const char *id, const char *group);
/* Gives `item` a field with memory of its own: `t` is contiguous, zeroed and
 * to be written before the function returns.  A new field of that name frees
 * the memory of an earlier one. */
ost_rc ost_new_field(ost_stage_ctx *ctx, ost_item *item, const char *name,
                     ost_dtype dtype, int ndim, const int64_t *shape,
                     ost_tensor *t, ost_err *err);
/* Exposes an item of ost_derive() to what `other` is exposed to as well: for a
 * .run in which another item decided that this one is there, or what it holds.
 */
ost_rc ost_expose(ost_stage_ctx *ctx, ost_item *item, const ost_item *other,
                  ost_err *err);
/* Hands an item of ost_derive() or ost_new_item() to an output port.  The item
 * and its new fields are stored when the hook returns OST_OK; in .run,
 * ost_flush() stores them now. */
ost_rc ost_emit(ost_stage_ctx *ctx, const char *port, ost_item *item,
                ost_err *err);
ost_rc ost_flush(ost_stage_ctx *ctx, ost_err *err);
/* In .map, .gather: stores the bytes of new fields now, so that one call which
 * gives many items does not hold all of them in memory. */
ost_rc ost_spill(ost_stage_ctx *ctx, ost_err *err);
/* ost_derive + ost_new_field of t's shape + ost_emit on the first port: the
 * one call of a stage that gives one item for one item. */
ost_rc ost_emit_like(ost_stage_ctx *ctx, const ost_item *in, ost_item **out,
                     const char *field, ost_dtype dtype,
                     const ost_tensor *shape_of, ost_tensor *t, ost_err *err);

/* The JSON text of an output: the document itself for metrics and reports,
 * what is known about it for the others.  Borrows `meta`. */
ost_rc ost_emit_meta(ost_stage_ctx *ctx, const char *port, const json_t *meta,
                     ost_err *err);
/* Adds a named blob to an output (weights, a picture). */
ost_rc ost_emit_blob(ost_stage_ctx *ctx, const char *port, const char *name,
                     const void *data, size_t size, ost_err *err);
/* Hands an input on as it came (metadata, items, blobs).  It is exposed to what
 * it was exposed to, and to the models and metrics among the inputs. */
ost_rc ost_emit_input(ost_stage_ctx *ctx, const char *port, const ost_input *in,
                      ost_err *err);
/* Adds a file to an output of type files: an item with field `bytes`. */
ost_rc ost_emit_file(ost_stage_ctx *ctx, const char *port, const char *path,
                     const void *data, size_t size, ost_err *err);

/* In .conclude: the items at an output port, borrowed. */
const ost_item *ost_ctx_made(ost_stage_ctx *ctx, const char *port, size_t *n);

/* --- while it runs ----------------------------------------------------- */

/* Tells the watchers; `extra` (may be NULL) is an object of numbers such as
 * epoch, loss, accuracy.  Cheap: sent at most every 100 ms. */
void ost_progress(ost_stage_ctx *ctx, uint64_t done, uint64_t total,
                  const json_t *extra);
/* The same, sent whatever was sent just before: for what comes rarely and that
 * people wait for. */
void ost_announce(ost_stage_ctx *ctx, uint64_t done, uint64_t total,
                  const json_t *extra);
/* A warning that is kept with the node and shown in summaries and reports. */
void ost_note(ost_stage_ctx *ctx, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* True when the step should stop early (interrupt): return OST_EINTERRUPTED. */
bool ost_ctx_stop(const ost_stage_ctx *ctx);

/* Results that a .run stage remembers by itself: `name` is a text that, with
 * stage, version and numeric class, decides the bytes.  OST_ENOTFOUND without
 * a message when there is none. */
ost_rc ost_memo_get(ost_stage_ctx *ctx, const char *name, ost_buf *value,
                    ost_err *err);
void ost_memo_put(ost_stage_ctx *ctx, const char *name, const void *value,
                  size_t size);
/* The same of what is large: it becomes a blob. */
ost_rc ost_memo_get_large(ost_stage_ctx *ctx, const char *name, ost_buf *value,
                          ost_err *err);
ost_rc ost_memo_put_large(ost_stage_ctx *ctx, const char *name,
                          const void *value, size_t size, ost_err *err);
/* Counts items for the summary of a .run stage. */
void ost_count_items(ost_stage_ctx *ctx, uint64_t computed,
                     uint64_t remembered);
/* Counts items that were judged by what had learned from their group: people
 * are told how it came to that. */
void ost_count_leaks(ost_stage_ctx *ctx, uint64_t items);

/* The state of a long computation, durable at once, found again by a later
 * attempt at the same step.  OST_ENOTFOUND (no message) when there is none. */
ost_rc ost_checkpoint_save(ost_stage_ctx *ctx, const void *data, size_t size,
                           ost_err *err);
ost_rc ost_checkpoint_load(ost_stage_ctx *ctx, ost_buf *data, ost_err *err);

/* Runs body(user, i) for i in 0..n-1 on the threads of the step.  The first
 * failure by index wins.  Not to be nested. */
typedef ost_rc (*ost_parallel_body)(void *user, size_t i, ost_err *err);
ost_rc ost_parallel(ost_stage_ctx *ctx, size_t n, ost_parallel_body body,
                    void *user, ost_err *err);

#endif
