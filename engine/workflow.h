/* engine/workflow.h - the parsed, validated, inlined document
 *
 * Immutable once loaded.  Nodes of sub-workflows are inlined (named
 * "outer/inner"), parameters are bound, axes are lists.  What depends on an
 * axis value is computed per instance by the functions below.
 *
 * An instance of a node is a number below ost_node_instances(): mixed radix
 * over the node's own axes, the first axis slowest.
 */
#ifndef OST_ENGINE_WORKFLOW_H
#define OST_ENGINE_WORKFLOW_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "stages/stage.h"
#include "store/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ost_workflow ost_workflow;

/* What the command line brings.  Strings are borrowed during the load. */
typedef struct ost_setting {
    const char *name;
    const char *value;
} ost_setting;

typedef struct ost_bindings {
    const ost_setting *binds; /* --bind INPUT=PATH or URL */
    size_t n_binds;
    const ost_setting *sets; /* --set NAME=VALUE */
    size_t n_sets;
    const char *const *presets; /* --preset, in order */
    size_t n_presets;
    const char *const *params; /* --params files, in order */
    size_t n_params;
    const char *profile; /* --profile file, or NULL */
    const char *seed;    /* --seed text, or NULL */
    const char *lib_dir; /* where lib:NAME is found: the workflows/ folder */
} ost_bindings;

typedef struct ost_axis {
    const char *name;
    const char *const *values; /* texts: "0", "femur", an object's "name" */
    size_t n;
} ost_axis;

typedef enum ost_gpu_need {
    OST_GPU_UNSAID,
    OST_GPU_NO,
    OST_GPU_PREFER,
    OST_GPU_REQUIRE
} ost_gpu_need;

typedef struct ost_node {
    const char *name;    /* "folds", "eval/train" */
    const char *title;   /* or NULL */
    const char *pointer; /* JSON pointer in its document, for messages */
    const ost_stage *stage;
    const uint32_t *axes; /* indices into the workflow's axes, in `per` order */
    uint32_t n_axes;
    uint32_t instances;
    bool params_fixed; /* parameters do not depend on the instance */
    bool seed_fixed;
    uint32_t threads; /* needs.threads, 0: any */
    uint64_t memory;  /* needs.memory in bytes, 0: unknown */
    ost_gpu_need gpu;
    uint32_t retries;
    double timeout; /* seconds, 0: none */
} ost_node;

typedef enum ost_source_kind {
    OST_SOURCE_PATH, /* a folder, an archive or a CSV manifest */
    OST_SOURCE_URL,
} ost_source_kind;

/* An input of the workflow that is bound to something outside.  An input whose
 * default is a node never becomes a source: its references lead to the node. */
typedef struct ost_source {
    const char *name; /* the input's */
    ost_artifact_type type;
    ost_source_kind kind;
    const char *where;  /* absolute path, or URL */
    const char *sha256; /* hex pin, or NULL */
    bool from_document; /* named by the document: a URL needs --allow net */
} ost_source;

/* One artifact that an instance reads. */
typedef struct ost_feed {
    uint32_t port;     /* index into the stage's inputs */
    const char *row;   /* or NULL */
    int32_t source;    /* index of a source, or -1: */
    uint32_t node;     /* ... then this node's */
    uint32_t instance; /* ... instance */
    uint32_t out;      /* ... output port */
} ost_feed;

typedef struct ost_gate {
    const char *path; /* "pooled.auc" */
    const char *op;   /* ">=", ">", "<=", "<", "==" */
    double bound;
} ost_gate;

/* A name under "outputs": every instance of a port, in axis order (fewer when
 * pinned). */
typedef struct ost_wf_output {
    const char *name;
    const ost_feed *feeds;
    size_t n_feeds;
    const ost_gate *gates;
    size_t n_gates;
} ost_wf_output;

/* Loads, binds, inlines and validates.  Every fault of the document, and of
 * each file that it uses, is appended to `report` as "file:line:column:
 * pointer: message" with the source line and a caret; then the result is
 * OST_EWORKFLOW (or OST_EUSAGE for a wrong binding) with a short summary.  A
 * document that cannot be read is OST_EUSAGE and leaves the report empty. */
ost_rc ost_workflow_load(const char *path, const ost_bindings *bindings,
                         ost_workflow **wf, ost_buf *report, ost_err *err);
void ost_workflow_free(ost_workflow *wf);

/* All borrowed until ost_workflow_free(). */
const char *ost_workflow_name(const ost_workflow *wf);
const char *ost_workflow_path(const ost_workflow *wf);
/* Paths of every file that was read to load it (the document first: network
 * files, sub-workflows, profiles, parameter files), with their content
 * digests: the whole-plan memo depends on them. */
size_t ost_workflow_file_count(const ost_workflow *wf);
const char *ost_workflow_file(const ost_workflow *wf, size_t i,
                              ost_digest *digest);
/* Final parameter values, as canonical JSON (for reports and run records). */
const char *ost_workflow_params(const ost_workflow *wf);
/* The seed that counts: --seed, else the document's, else 0. */
const char *ost_workflow_seed(const ost_workflow *wf);
/* The document's "numerics", or NULL. */
const char *ost_workflow_numerics(const ost_workflow *wf);

/* The site's secret (`known` tells whether there is one) and its file, "" when
 * none was named; `path` may be NULL. */
const ost_secret *ost_workflow_secret(const ost_workflow *wf,
                                      const char **path);

size_t ost_workflow_node_count(const ost_workflow *wf);
const ost_node *ost_workflow_node(const ost_workflow *wf, size_t i);
/* Appends what turned out wrong with a node after the load, in the form of the
 * load's own report; with `with` it is about the node's parameters. */
void ost_workflow_report(const ost_workflow *wf, uint32_t node, bool with,
                         const char *message, ost_buf *report);
/* -1 when there is none. */
int64_t ost_workflow_find_node(const ost_workflow *wf, const char *name);
size_t ost_workflow_axis_count(const ost_workflow *wf);
const ost_axis *ost_workflow_axis(const ost_workflow *wf, size_t i);
size_t ost_workflow_source_count(const ost_workflow *wf);
const ost_source *ost_workflow_source(const ost_workflow *wf, size_t i);
size_t ost_workflow_output_count(const ost_workflow *wf);
const ost_wf_output *ost_workflow_output(const ost_workflow *wf, size_t i);
/* True when the node takes part: planned by default, or because an output or a
 * default of an unbound input leads to it (a default node of a bound input is
 * left out, with what only it needs). */
bool ost_workflow_node_is_live(const ost_workflow *wf, size_t node);
/* Nodes in an order in which every node stands behind those that it reads. */
const uint32_t *ost_workflow_order(const ost_workflow *wf);

/* Appends "train" or "train[fold=2,arm=real]". */
void ost_step_name(const ost_workflow *wf, uint32_t node, uint32_t instance,
                   ost_buf *out);
/* Appends the reference that leads to what a feed reads: "$images", "model",
 * "folds.train"; with `instance`, "folds.train[fold=2]". */
void ost_feed_name(const ost_workflow *wf, const ost_feed *feed, bool instance,
                   ost_buf *out);
/* The index of the value of axis `axis` in an instance, -1 when the node does
 * not have that axis. */
int64_t ost_instance_axis_value(const ost_workflow *wf, uint32_t node,
                                uint32_t instance, uint32_t axis);
/* Complete parameters (stages/params.h) of an instance: canonical JSON text
 * that is sent to a worker, and the key components.  Either may be NULL.
 * When node->params_fixed the result is the same for each instance. */
ost_rc ost_instance_params(const ost_workflow *wf, uint32_t node,
                           uint32_t instance, ost_buf *json,
                           ost_buf *components, ost_err *err);
/* The seed word of an instance, canonical JSON, appended. */
ost_rc ost_instance_seed(const ost_workflow *wf, uint32_t node,
                         uint32_t instance, ost_buf *json, ost_err *err);
/* What an instance reads, in the order of ports, rows and axis values.  Calls
 * `visit` for each; nothing is allocated. */
typedef void (*ost_feed_visit)(void *user, const ost_feed *feed);
void ost_instance_feeds(const ost_workflow *wf, uint32_t node,
                        uint32_t instance, ost_feed_visit visit, void *user);
/* The same for a node as a whole: once for each of its references (each branch
 * of a case), with instance 0. */
void ost_node_feeds(const ost_workflow *wf, uint32_t node, ost_feed_visit visit,
                    void *user);

#endif
