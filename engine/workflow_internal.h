/* engine/workflow_internal.h - what the files behind engine/workflow.h share
 *
 * A load goes through these phases; each adds its faults to one list:
 *
 *     document.c     files are read and indexed
 *     parse.c        a file becomes a scope: its params, inputs, axes, nodes;
 *                    a node with `use` becomes a scope inside (subworkflow.c)
 *     bind.c         what the command line and the site bring to the top scope
 *     reference.c    "in" becomes links to nodes and sources
 *     expand.c       order, axes and instances of the nodes
 *     validate.c     parameters against the tables of the stages
 *     named_output.c the outputs, their gates
 *
 * Only engine/ files that implement workflow.h, and their tests, include this.
 */
#ifndef OST_ENGINE_WORKFLOW_INTERNAL_H
#define OST_ENGINE_WORKFLOW_INTERNAL_H

#include "base/arena.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/map.h"
#include "base/vec.h"
#include "engine/format.h"
#include "engine/workflow.h"
#include "store/key.h"

enum {
    OST_NODE_AXES = 16,           /* axes of one node */
    OST_USE_DEPTH = 32,           /* sub-workflows inside one another */
    OST_SCOPES = 20 * 1000,       /* sub-workflows in all */
    OST_NODES = 1000 * 1000,      /* nodes in all */
    OST_FAULTS_KEPT = 1000,       /* in one report */
    OST_STEPS = 10 * 1000 * 1000, /* in all */
    OST_AXIS_SIZE = 1000 * 1000,  /* of one axis */
    OST_FILE_PARAM_LIMIT = 16 << 20,
    OST_DOCUMENT_LIMIT = 256 << 20,
};
#define OST_NONE UINT32_MAX

/* --- documents ----------------------------------------------------------- */

/* A JSON file.  `dir` is the folder that its paths stay below. */
typedef struct ost_document {
    char *path; /* as messages show it */
    char *real; /* absolute, links resolved */
    char *dir;
    ost_json_doc *json;
} ost_document;

/* A file whose content counts. */
typedef struct ost_wf_file {
    char *path;
    ost_digest digest;
} ost_wf_file;

/* The content of a file that a parameter names. */
typedef struct ost_wf_content {
    const ost_document *doc; /* that names it */
    char *name;              /* as written */
    char *real;
    ost_buf data;
} ost_wf_content;

/* --- faults -------------------------------------------------------------- */

typedef struct ost_fault_item {
    const ost_document *doc; /* NULL: of the command line */
    size_t offset;
    char *pointer;
    char *message;
    uint32_t rank; /* of the document, in the report */
} ost_fault_item;

/* --- scopes -------------------------------------------------------------- */

typedef struct ost_scope ost_scope;

/* A parameter, or "seed".  `outer`: the scope in which `value` is still to be
 * evaluated; NULL for a plain value. */
typedef struct ost_scope_param {
    const char *name;
    json_t *value;
    const ost_scope *outer;
} ost_scope_param;

/* An axis as a scope sees it. */
typedef struct ost_scope_axis {
    const char *name;
    uint32_t axis;        /* of the workflow */
    const json_t *values; /* NULL: the numbers 0, 1, ... */
    bool given;           /* by the "per" of the node that uses this file */
    bool hidden;          /* ... of the node that uses that one: has no name */
} ost_scope_axis;

#define OST_LINK_SOURCE (1u << 31)

/* One reference of a port, or of an output.  It leads to all instances of a
 * node that agree with the reader's axis values, the pins and the condition.
 */
typedef struct ost_link {
    const char *row; /* or NULL */
    uint32_t target; /* a node, or a source and OST_LINK_SOURCE; OST_NONE when
                        it was cut out of a cycle */
    uint32_t cond;   /* index + 1, 0: none */
    uint32_t pins;   /* index + 1, 0: none */
    uint16_t port;   /* of the reader */
    uint16_t out;    /* of the target */
} ost_link;
typedef OST_VEC(ost_link) ost_links;

/* [axis=value], a list linked by `next` (index + 1).  Axis and value are
 * looked up (ost_pins_settle) when the axes of the target are known. */
typedef struct ost_pin {
    uint32_t axis; /* OST_NONE: not yet, or not found */
    uint32_t value;
    uint32_t next;
    uint32_t entry; /* of the reference */
    const ost_document *doc;
    const char *name;
    const char *text;
} ost_pin;

/* A branch of a `case` whose choice hangs on an axis value; `outer` (index
 * + 1) has to hold as well. */
typedef struct ost_cond {
    const ost_scope *scope;
    json_t *choice; /* "${arm}" */
    const char *word;
    uint32_t outer;
    uint32_t reader; /* the node whose own "in" has it, or OST_NONE */
} ost_cond;

typedef enum ost_resolve_state {
    OST_NEW,
    OST_BUSY, /* being resolved: meeting it again is a cycle */
    OST_DONE,
} ost_resolve_state;

typedef struct ost_scope_input {
    const char *name;
    ost_artifact_type type;
    uint32_t entry;      /* in the scope's document */
    uint32_t outer_spec; /* what `use` binds it to, in the outer document */
    uint32_t preset;     /* "default" */
    uint32_t pin;        /* "sha256" */
    bool is_source;      /* bound: `links` has the source */
    bool is_astray;      /* bound to what is not there, which was said */
    ost_resolve_state state;
    ost_links links;
} ost_scope_input;

typedef struct ost_scope_output {
    const char *name;
    uint32_t entry;
    uint32_t ref;  /* the reference's entry, or OST_NONE */
    uint32_t gate; /* or OST_NONE */
    ost_resolve_state state;
    ost_links links;
} ost_scope_output;

/* A document in use: the workflow itself, or one sub-workflow.  `doc` is NULL
 * when the file could not be used: what hangs on it is not judged. */
struct ost_scope {
    ost_scope *outer; /* NULL at the top */
    const ost_document *doc;
    const char *prefix;    /* "" or "eval/" */
    const char *full_name; /* "" or "eval" */
    uint32_t use_entry;    /* the node in the outer document, */
    uint32_t per_entry;    /* its "per", */
    uint32_t with_entry;   /* "with", */
    uint32_t in_entry;     /* "in" */
    uint32_t seed_entry;   /* and "seed", each may be OST_NONE */
    uint32_t depth;
    OST_VEC(ost_scope_param) params;
    OST_VEC(ost_scope_axis) axes; /* the given ones first */
    uint32_t n_outer_given; /* of which the outer scope was given so many */
    uint32_t n_given;
    OST_VEC(ost_scope_input) inputs;
    OST_VEC(ost_scope_output) outputs;
    uint32_t given_read; /* bit per given axis: some node reads it */
    uint32_t nodes_entry;
    bool unsound; /* was given values that are wrong */
};

/* --- nodes ----------------------------------------------------------------*/

/* What a node is beyond its public part; kept small. */
typedef struct ost_node_part {
    ost_scope *scope;
    uint32_t entry;      /* gone when the load is over */
    uint32_t with;       /* offset of the object, OST_NONE: none */
    uint32_t seed;       /* offset of the value, OST_NONE: the scope's */
    uint32_t first_link; /* up to the first of the next node */
} ost_node_part;

enum ost_node_marks {
    OST_MARK_LIVE = 1u << 0,
    OST_MARK_TEMPLATE = 1u << 1,   /* "with" has ${} */
    OST_MARK_BAD_WITH = 1u << 2,   /* and what they are is not known */
    OST_MARK_DEFAULT = 1u << 3,    /* the default of an input */
    OST_MARK_READ = 1u << 4,       /* by a node or output that takes part */
    OST_MARK_READ_ASIDE = 1u << 5, /* by one that stands aside */
    OST_MARK_BAD_IN = 1u << 6,     /* something it reads is wrong */
};

/* A set of axes in the order of their insertion. */
typedef struct ost_axis_set {
    uint32_t n;
    bool full; /* there were more */
    uint32_t axis[OST_NODE_AXES];
} ost_axis_set;

/* Elements of vectors. */
typedef struct ost_document_ptr {
    ost_document *p;
} ost_document_ptr;
typedef struct ost_scope_ptr {
    ost_scope *p;
} ost_scope_ptr;

typedef struct ost_params_cache ost_params_cache;

struct ost_workflow {
    ost_arena arena;
    char *name;
    char *lib_dir;
    char *seed;
    const char *numerics; /* or NULL */
    char *params_text;
    OST_VEC(ost_document_ptr) documents; /* the workflow first */
    OST_VEC(ost_wf_file) files;
    OST_VEC(ost_wf_content) contents;
    OST_VEC(ost_scope_ptr) scopes; /* the top first */
    OST_VEC(ost_axis) axes;
    OST_VEC(ost_source) sources;
    OST_VEC(ost_node) nodes;
    OST_VEC(ost_node_part) parts; /* one more than nodes at the end */
    OST_VEC(unsigned char) marks;
    ost_links links;
    OST_VEC(ost_pin) pins;
    OST_VEC(ost_cond) conds;
    OST_VEC(ost_wf_output) outputs;
    uint32_t *order;
    uint32_t *name_slots; /* hash table of what ost_name_find() gives */
    uint32_t n_name_slots;
    uint32_t n_names;
    const ost_document *profile; /* or NULL */
    ost_secret secret;
    char *secret_path; /* or NULL */
    uint32_t depth;    /* of references through files */
    uint32_t reader;   /* the node whose "in" is read, or OST_NONE */
    uint32_t n_links;  /* made so far */
    size_t n_axis_values;
    uint64_t n_steps;
    uint32_t n_unknown; /* references to what has a fault that was said */
    OST_VEC(ost_fault_item) faults;
    size_t n_faults; /* including those not kept */
    bool usage;      /* a fault of the command line */
    ost_params_cache *cache;
    ost_buf suggestion;
};

/* --- document.c: files --------------------------------------------------- */

/* Reads and indexes a JSON file; one that was read before is given again.  The
 * workflow owns it. */
ost_rc ost_document_open(ost_workflow *wf, const char *path,
                         const ost_document **out, ost_err *err);
/* The same for a text that is already there; moves it in. */
ost_rc ost_document_add(ost_workflow *wf, const char *path, ost_buf *text,
                        const ost_document **out, ost_err *err);
/* Where a document's path or lib:NAME leads: `*shown` for messages, `*real`
 * absolute; caller frees both.  `folder` (or NULL) is a folder below lib_dir
 * that is searched too. */
ost_rc ost_document_resolve(ost_workflow *wf, const ost_document *doc,
                            const char *name, const char *folder, char **shown,
                            char **real, ost_err *err);
/* The content of a file that a document names, read once; borrowed until the
 * next call. */
ost_rc ost_document_content(ost_workflow *wf, const ost_document *doc,
                            const char *name, const char *folder,
                            const ost_buf **data, ost_err *err);
void ost_document_free(ost_document *doc);

/* --- faults.c ------------------------------------------------------------ */

/* Adds a fault at a value of a document (with `key`, at its member name). */
void ost_wf_fault(ost_workflow *wf, const ost_document *doc, uint32_t entry,
                  bool key, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* The same with a JSON pointer below the value; the nearest there counts. */
void ost_fault_below(ost_workflow *wf, const ost_document *doc, uint32_t entry,
                     const char *pointer, bool key, const char *message);
/* The same for an offset whose pointer is known. */
void ost_fault_at(ost_workflow *wf, const ost_document *doc, size_t offset,
                  const char *pointer, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* A fault of the command line. */
void ost_fault_usage(ost_workflow *wf, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* " (did you mean 'x'?)" or "", borrowed until the next call. */
const char *ost_suggest(ost_workflow *wf, const char *word,
                        const char *const *names, size_t n);
/* Appends all faults, in the order of the files and their text. */
void ost_faults_report(ost_workflow *wf, ost_buf *report);
void ost_faults_release(ost_workflow *wf);
bool ost_faults_full(const ost_workflow *wf);

/* --- reading documents: entry.c ------------------------------------------ */

/* The member `name` of an object, or OST_NONE. */
uint32_t ost_entry_member(const ost_document *doc, uint32_t object,
                          const char *name);
/* A string value or (with `key`) a member name; caller frees. */
char *ost_entry_copy(const ost_document *doc, uint32_t entry, bool key);
/* The same, in the workflow's arena. */
const char *ost_entry_text(ost_workflow *wf, const ost_document *doc,
                           uint32_t entry);
const char *ost_entry_key(ost_workflow *wf, const ost_document *doc,
                          uint32_t entry);
bool ost_entry_is_comment(const ost_document *doc, uint32_t entry);
/* True when the value is of a kind ("{", "[", "\"0"); else adds the fault
 * "expected WORDS". */
bool ost_entry_is(ost_workflow *wf, const ost_document *doc, uint32_t entry,
                  const char *kinds, const char *words);
/* Looks for the members of a table in an object and puts what they are, or
 * OST_NONE, into `entries`; adds a fault for every other member, "unknown WHAT
 * 'x'". */
void ost_entry_members(ost_workflow *wf, const ost_document *doc,
                       uint32_t object, const ost_format_key *keys,
                       const char *what, uint32_t *entries);
/* True for a name made of letters, digits, '_' and '-'; else adds a fault. */
bool ost_entry_check_name(ost_workflow *wf, const ost_document *doc,
                          uint32_t entry, const char *name, const char *what);
/* Counts children; steps over comments when `object`. */
uint32_t ost_entry_count(const ost_document *doc, uint32_t entry);
json_t *ost_entry_build(const ost_document *doc, uint32_t entry);

/* --- value.c: ${name} ---------------------------------------------------- */

/* The axis values that a step has: parallel arrays. */
typedef struct ost_assignment {
    const uint32_t *axes;
    const uint32_t *digits;
    uint32_t n;
} ost_assignment;

/* True when the text has a `${`. */
bool ost_text_has_refs(const char *text, size_t n);
/* Adds faults for what is wrong with the ${} below an entry, and the axes that
 * they read to `reads`.  False when something is wrong. */
bool ost_value_check(ost_workflow *wf, const ost_scope *scope, uint32_t entry,
                     ost_axis_set *reads, bool *has_refs);
/* The axes that a value reads. */
void ost_value_reads(const ost_scope *scope, const json_t *value,
                     ost_axis_set *reads);
/* The value with every ${} replaced; caller decrefs.  Expects a checked value
 * and an assignment of all axes that it reads. */
json_t *ost_value_eval(const ost_workflow *wf, const ost_scope *scope,
                       json_t *value, const ost_assignment *a);
/* The same for an entry that reads no axis: NULL (after a fault) when it is
 * wrong or reads one. */
json_t *ost_value_fixed(ost_workflow *wf, const ost_scope *scope,
                        uint32_t entry, const char *what);
/* Appends a scalar (or an object's "name") as text; false for others. */
bool ost_value_text(const json_t *value, ost_buf *out);
const ost_scope_param *ost_scope_param_find(const ost_scope *scope,
                                            const char *name);
const ost_scope_axis *ost_scope_axis_find(const ost_scope *scope,
                                          const char *name);
void ost_axis_set_add(ost_axis_set *set, uint32_t axis);
bool ost_axis_set_has(const ost_axis_set *set, uint32_t axis);

/* --- parse.c, subworkflow.c, axis.c, word.c ------------------------------ */

/* Fills a scope from its document: everything but links. */
void ost_scope_parse(ost_workflow *wf, ost_scope *scope,
                     const ost_bindings *bindings);
ost_scope *ost_scope_new(ost_workflow *wf, ost_scope *outer,
                         const ost_document *doc);
void ost_scope_free(ost_scope *scope);
/* Inlines the file that a node uses. */
void ost_use_parse(ost_workflow *wf, ost_scope *outer, uint32_t entry,
                   const char *name, const uint32_t words[OST_WORDS]);
void ost_axes_parse(ost_workflow *wf, ost_scope *scope, uint32_t entry);
/* The axes that "per" names, as indices of the workflow's. */
void ost_per_parse(ost_workflow *wf, const ost_scope *scope, uint32_t entry,
                   ost_axis_set *axes);
/* retries, timeout, needs, title. */
void ost_words_parse(ost_workflow *wf, const ost_document *doc,
                     const uint32_t words[OST_WORDS], ost_node *node);

/* --- bind.c, input.c ----------------------------------------------------- */

/* The final values of a scope's parameters (the first of them is "seed").  At
 * the top the command line and the site have a say, in a used file the "with"
 * of the node that uses it. */
void ost_bind_params(ost_workflow *wf, ost_scope *scope, uint32_t seed,
                     uint32_t params, uint32_t presets, const ost_bindings *b);
/* What the inputs of a scope are bound to, unless it is a node. */
void ost_bind_inputs(ost_workflow *wf, ost_scope *scope, const ost_bindings *b);

/* --- site_secret.c ------------------------------------------------------- */

/* Reads the secret that the site profile or the environment names, if any. */
void ost_bind_secret(ost_workflow *wf);

/* --- reference.c, case.c, port.c ----------------------------------------- */

/* Links of every node, input and output. */
void ost_links_resolve(ost_workflow *wf);
/* Links of the inputs and outputs of one scope. */
void ost_scope_resolve(ost_workflow *wf, ost_scope *scope);
/* Appends the links of a reference. */
void ost_reference_resolve(ost_workflow *wf, ost_scope *scope, uint32_t entry,
                           ost_links *links);
/* The same for an object with "case". */
void ost_case_resolve(ost_workflow *wf, ost_scope *scope, uint32_t entry,
                      ost_links *links);
/* Sees each reference of a spec: its entry, and its links from `first` on. */
typedef struct ost_spec_check {
    void (*see)(void *user, uint32_t entry, ost_links *links, size_t first);
    void *user;
} ost_spec_check;
/* A reference, an array of them or an object of named ones; `check` or NULL.
 */
void ost_spec_resolve(ost_workflow *wf, ost_scope *scope, uint32_t entry,
                      ost_links *links, const ost_spec_check *check);
ost_artifact_type ost_link_type(const ost_workflow *wf, const ost_link *link);
/* "a dataset", "files": for messages. */
const char *ost_type_words(ost_artifact_type type);
/* Whether a used file is given all axes that something reads which its node
 * hands to it, at an entry of the outer document; faults when not. */
bool ost_given_check(ost_workflow *wf, const ost_scope *scope, uint32_t entry,
                     const ost_axis_set *reads);
/* Which of a used file's inputs its node's "in" names. */
void ost_use_bind(ost_workflow *wf, ost_scope *scope);

/* --- expand.c, live.c ---------------------------------------------------- */

/* Fills `order`; links that close a cycle become faults and are cut. */
void ost_order_nodes(ost_workflow *wf);
void ost_expand_axes(ost_workflow *wf);
/* Looks up the pins of a link. */
void ost_pins_settle(ost_workflow *wf, ost_link *link);
/* Axes of a link: its target's and its condition's without the pinned. */
void ost_link_axes(const ost_workflow *wf, const ost_link *link,
                   ost_axis_set *axes);
/* Calls `visit` for each instance that a link leads to, under the reader's
 * axis values. */
void ost_link_visit(const ost_workflow *wf, const ost_link *link,
                    const ost_assignment *reader, ost_feed_visit visit,
                    void *user);
void ost_instance_digits(const ost_workflow *wf, uint32_t node,
                         uint32_t instance, uint32_t digits[OST_NODE_AXES]);
void ost_mark_live(ost_workflow *wf);

/* --- validate.c, instance.c, named_output.c, gate_syntax.c --------------- */

ost_params_cache *ost_params_cache_new(void);
void ost_params_cache_free(ost_params_cache *cache);
void ost_params_validate(ost_workflow *wf);
/* The "with" object of a node as it is written; caller decrefs; NULL when
 * there is none. */
json_t *ost_node_with(const ost_workflow *wf, uint32_t node);
/* Complete parameters for a `with` whose ${} are replaced. */
ost_rc ost_node_complete(ost_workflow *wf, uint32_t node, const json_t *written,
                         const json_t *with, json_t **full, ost_err *err);
/* The outputs of the workflow itself. */
void ost_outputs_resolve(ost_workflow *wf);
/* The gates of an output; checks those of used files too, which do not count.
 */
void ost_gates_parse(ost_workflow *wf, const ost_document *doc, uint32_t entry,
                     ost_wf_output *out);

/* --- workflow.c ---------------------------------------------------------- */

/* ost_workflow_load() for a text that is already there. */
ost_rc ost_workflow_load_text(const char *path, ost_buf *text,
                              const ost_bindings *bindings, ost_workflow **out,
                              ost_buf *report, ost_err *err);
/* What has that whole name: a node's index, a scope's index and
 * OST_NAME_SCOPE, or OST_NONE. */
#define OST_NAME_SCOPE (1u << 31)
uint32_t ost_name_find(const ost_workflow *wf, const char *name, size_t n);
void ost_name_add(ost_workflow *wf, uint32_t what);
/* Makes room for `n` names. */
void ost_name_reserve(ost_workflow *wf, uint32_t n);
/* The same for a name as a scope sees it. */
uint32_t ost_name_find_in(const ost_workflow *wf, const ost_scope *scope,
                          const char *name, size_t n);

#endif
