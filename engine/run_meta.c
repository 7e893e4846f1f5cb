/* engine/run_meta.c - what a run's record says beside its steps */
#include "engine/run_meta.h"

#include "base/fs.h"
#include "base/map.h"
#include "stages/devices.h"

#include <string.h>

#include "base/banned.h"

enum { GRAPH_NODES = 500, GRAPH_INSTANCES = 16 };

static void add_string(ost_buf *out, const char *s)
{
    ost_buf_add_json(out, s, strlen(s));
}

/* A URL without what may be secret: user, password, query. */
static void add_place(ost_buf *out, const char *where)
{
    const char *host = strstr(where, "://");
    ost_buf text = { 0 };
    size_t n;

    if (!host) {
        add_string(out, where);
        return;
    }
    host += 3;
    ost_buf_add(&text, where, (size_t)(host - where));
    n = strcspn(host, "/?#");
    if (memchr(host, '@', n))
        host = (const char *)memrchr(host, '@', n) + 1;
    ost_buf_add(&text, host, strcspn(host, "?#"));
    if (strchr(host, '#'))
        ost_buf_adds(&text, strchr(host, '#'));
    add_string(out, ost_buf_str(&text));
    ost_buf_release(&text);
}

static void add_bindings(const ost_bindings *b, ost_buf *out)
{
    ost_buf_adds(out, ",\"bindings\":{");
    for (size_t i = 0; i < b->n_binds; i++) {
        ost_buf_adds(out, i ? "," : "");
        add_string(out, b->binds[i].name);
        ost_buf_addc(out, ':');
        add_place(out, b->binds[i].value);
    }
    ost_buf_adds(out, "},\"presets\":[");
    for (size_t i = 0; i < b->n_presets; i++) {
        ost_buf_adds(out, i ? "," : "");
        add_string(out, b->presets[i]);
    }
    ost_buf_addc(out, ']');
}

static void add_sources(const ost_plan *plan, ost_buf *out)
{
    char hex[OST_DIGEST_HEX];

    ost_buf_adds(out, ",\"sources\":{");
    for (size_t i = 0; i < ost_workflow_source_count(plan->wf); i++) {
        const ost_source_state *s = &plan->sources[i];

        ost_buf_adds(out, i ? "," : "");
        add_string(out, ost_workflow_source(plan->wf, i)->name);
        ost_buf_addf(out, ":{\"files\":%llu,\"bytes\":%llu,\"digest\":\"%s\"}",
                     (unsigned long long)s->files, (unsigned long long)s->bytes,
                     ost_digest_hex(&s->artifact, hex));
    }
    ost_buf_addc(out, '}');
}

static void add_files(const ost_workflow *wf, ost_buf *out)
{
    char hex[OST_DIGEST_HEX];

    ost_buf_adds(out, ",\"files\":[");
    for (size_t i = 0; i < ost_workflow_file_count(wf); i++) {
        ost_digest d;
        const char *path = ost_workflow_file(wf, i, &d);

        ost_buf_adds(out, i ? ",{\"name\":" : "{\"name\":");
        add_string(out, ost_path_base(path));
        ost_buf_addf(out, ",\"sha256\":\"%s\"}", ost_digest_hex(&d, hex));
    }
    ost_buf_addc(out, ']');
}

typedef struct graph_visit {
    const ost_plan *plan;
    ost_map seen;
    ost_buf *out;
} graph_visit;

static void visit_edge(void *user, const ost_feed *feed)
{
    graph_visit *v = user;
    bool source = feed->source >= 0;
    uint64_t id = source ? (uint64_t)feed->source << 32 : feed->node;

    if (!ost_map_put(&v->seen, &id, sizeof(id), 0))
        return;
    if (v->seen.len > 1)
        ost_buf_addc(v->out, ',');
    if (source) {
        ost_buf name = { 0 };

        ost_buf_addf(
            &name, "$%s",
            ost_workflow_source(v->plan->wf, (size_t)feed->source)->name);
        add_string(v->out, ost_buf_str(&name));
        ost_buf_release(&name);
    } else {
        add_string(v->out, ost_workflow_node(v->plan->wf, feed->node)->name);
    }
}

static void add_graph_node(const ost_plan *plan, const ost_plan_node *n,
                           ost_buf *out)
{
    graph_visit v = { .plan = plan, .out = out };

    ost_buf_adds(out, "{\"name\":");
    add_string(out, n->node->name);
    ost_buf_adds(out, ",\"stage\":");
    add_string(out, n->node->stage->name);
    ost_buf_addf(out, ",\"instances\":%u,\"in\":[", n->node->instances);
    for (uint32_t k = 0; k < n->node->instances && k < GRAPH_INSTANCES; k++)
        ost_plan_feeds(plan, n->first_step + k, visit_edge, &v);
    ost_buf_adds(out, "]}");
    ost_map_release(&v.seen);
}

static void add_graph(const ost_plan *plan, ost_buf *out)
{
    size_t n_sources = ost_workflow_source_count(plan->wf);
    bool first = true;

    if (plan->nodes.len > GRAPH_NODES)
        return;
    ost_buf_adds(out, ",\"graph\":{\"nodes\":[");
    for (size_t i = 0; i < n_sources; i++) {
        ost_buf_adds(out, i ? ",{\"name\":" : "{\"name\":");
        ost_buf_adds(out, "\"$");
        ost_buf_adds(out, ost_workflow_source(plan->wf, i)->name);
        ost_buf_adds(out, "\",\"stage\":\"input\",\"instances\":1,\"in\":[]}");
        first = false;
    }
    for (size_t i = 0; i < plan->nodes.len; i++) {
        if (plan->nodes.data[i].exported)
            continue;
        if (!first)
            ost_buf_addc(out, ',');
        first = false;
        add_graph_node(plan, &plan->nodes.data[i], out);
    }
    ost_buf_adds(out, "]}");
}

/* The classes that the plan's nodes compute in, each once: "cuda-f32,
 * cpu-f32-avx2". */
static void add_classes(const ost_plan *plan, ost_buf *out)
{
    const char *cpu = ost_numerics_cpu(plan->placing.numerics);
    const char *gpu = NULL;
    ost_buf text = { 0 };

    for (size_t i = 0; i < plan->nodes.len && !gpu; i++) {
        if (plan->nodes.data[i].place.gpu)
            gpu = plan->nodes.data[i].place.computes;
    }
    ost_buf_addf(&text, "%s%s%s", gpu ? gpu : "", gpu ? ", " : "", cpu);
    ost_buf_adds(out, ",\"numeric\":");
    add_string(out, ost_buf_str(&text));
    ost_buf_release(&text);
}

void ost_run_meta(const ost_plan *plan, const ost_bindings *bindings,
                  const char *backend, const char *version, ost_buf *out)
{
    const ost_workflow *wf = plan->wf;
    const char *title = ost_workflow_name(wf);

    ost_buf_adds(out, "{\"osteon\":");
    add_string(out, version);
    ost_buf_adds(out, ",\"workflow\":");
    add_string(out, title);
    ost_buf_adds(out, ",\"backend\":");
    add_string(out, backend);
    add_classes(plan, out);
    ost_buf_addf(out, ",\"seed\":%s,\"params\":%s", ost_workflow_seed(wf),
                 ost_workflow_params(wf));
    add_bindings(bindings, out);
    add_sources(plan, out);
    add_files(wf, out);
    add_graph(plan, out);
    ost_buf_addc(out, '}');
}
