/* engine/parse.c - a document becomes a scope with its nodes */
#include "base/text.h"
#include "engine/workflow_internal.h"
#include "stages/devices.h"

#include <string.h>

#include "base/banned.h"

ost_scope *ost_scope_new(ost_workflow *wf, ost_scope *outer,
                         const ost_document *doc)
{
    ost_scope *scope = ost_xalloc(sizeof(*scope));

    scope->outer = outer;
    scope->doc = doc;
    scope->prefix = "";
    scope->full_name = "";
    scope->per_entry = OST_NONE;
    scope->depth = outer ? outer->depth + 1 : 0;
    ost_vec_push(&wf->scopes, (ost_scope_ptr){ scope });
    return scope;
}

void ost_scope_free(ost_scope *scope)
{
    for (size_t i = 0; i < scope->params.len; i++)
        json_decref(scope->params.data[i].value);
    for (size_t i = 0; i < scope->axes.len; i++)
        if (!scope->axes.data[i].given)
            json_decref((json_t *)scope->axes.data[i].values);
    for (size_t i = 0; i < scope->inputs.len; i++)
        ost_vec_release(&scope->inputs.data[i].links);
    for (size_t i = 0; i < scope->outputs.len; i++)
        ost_vec_release(&scope->outputs.data[i].links);
    ost_vec_release(&scope->params);
    ost_vec_release(&scope->axes);
    ost_vec_release(&scope->inputs);
    ost_vec_release(&scope->outputs);
    ost_free(scope);
}

/* --- inputs and outputs -------------------------------------------------- */

static void parse_type(ost_workflow *wf, const ost_document *doc,
                       uint32_t entry, ost_artifact_type *type)
{
    OST_VEC(const char *) names = { 0 };
    const char *word;

    if (!ost_entry_is(wf, doc, entry, "\"", "the name of a type"))
        return;
    word = ost_entry_text(wf, doc, entry);
    *type = ost_artifact_type_of(word);
    if (*type != OST_ANY || strcmp(word, "any") == 0)
        return;
#define XX(name, value, text) ost_vec_push(&names, text);
    OST_ARTIFACT_MAP(XX)
#undef XX
    ost_wf_fault(wf, doc, entry, false, "unknown type '%s'%s", word,
                 ost_suggest(wf, word, names.data, names.len));
    ost_vec_release(&names);
}

static void parse_input(ost_workflow *wf, ost_scope *scope, uint32_t entry)
{
    const ost_document *doc = scope->doc;
    ost_scope_input in = { .type = OST_DATASET,
                           .entry = entry,
                           .outer_spec = OST_NONE,
                           .preset = OST_NONE,
                           .pin = OST_NONE };
    uint32_t e[OST_INPUT_KEYS];

    in.name = ost_entry_key(wf, doc, entry);
    ost_entry_check_name(wf, doc, entry, in.name, "an input");
    if (ost_entry_is(wf, doc, entry, "{", "an object")) {
        ost_entry_members(wf, doc, entry, ost_input_keys, "key of an input", e);
        if (e[OST_INPUT_TYPE] != OST_NONE)
            parse_type(wf, doc, e[OST_INPUT_TYPE], &in.type);
        in.preset = e[OST_INPUT_DEFAULT];
        in.pin = e[OST_INPUT_SHA256];
        if (e[OST_INPUT_HELP] != OST_NONE)
            ost_entry_is(wf, doc, e[OST_INPUT_HELP], "\"", "a text");
    }
    ost_vec_push(&scope->inputs, in);
}

/* Only declares: references are resolved when all nodes are known. */
static void parse_output(ost_workflow *wf, ost_scope *scope, uint32_t entry)
{
    const ost_document *doc = scope->doc;
    ost_scope_output out = { .entry = entry, .ref = entry, .gate = OST_NONE };

    out.name = ost_entry_key(wf, doc, entry);
    ost_entry_check_name(wf, doc, entry, out.name, "an output");
    if (ost_json_kind(doc->json, entry) == '{' &&
        ost_entry_member(doc, entry, "case") == OST_NONE) {
        uint32_t e[OST_OUTPUT_KEYS];

        ost_entry_members(wf, doc, entry, ost_output_keys, "key of an output",
                          e);
        out.ref = e[OST_OUTPUT_FROM];
        out.gate = e[OST_OUTPUT_GATE];
        if (out.ref == OST_NONE)
            ost_wf_fault(wf, doc, entry, false, "output '%s' has no \"from\"",
                         out.name);
    }
    ost_vec_push(&scope->outputs, out);
}

/* Calls `parse` for each member that is no comment. */
static void each_member(ost_workflow *wf, ost_scope *scope, uint32_t object,
                        void (*parse)(ost_workflow *, ost_scope *, uint32_t))
{
    const ost_document *doc = scope->doc;

    if (object == OST_NONE || !ost_entry_is(wf, doc, object, "{", "an object"))
        return;
    for (uint32_t c = object + 1; c < ost_json_end(doc->json, object);
         c = ost_json_end(doc->json, c))
        if (!ost_entry_is_comment(doc, c))
            parse(wf, scope, c);
}

/* --- nodes --------------------------------------------------------------- */

static const ost_stage *find_stage(ost_workflow *wf, const ost_document *doc,
                                   uint32_t entry)
{
    OST_VEC(const char *) names = { 0 };
    const ost_stage *stage = NULL;
    char *word;

    if (!ost_entry_is(wf, doc, entry, "\"", "the name of a stage"))
        return NULL;
    word = ost_entry_copy(doc, entry, false);
    stage = ost_stage_find(word);
    if (stage)
        goto out;
    for (const ost_stage *const *s = ost_stages; *s; s++)
        ost_vec_push(&names, (*s)->name);
    ost_wf_fault(wf, doc, entry, false, "unknown stage '%s'%s", word,
                 ost_suggest(wf, word, names.data, names.len));
    ost_vec_release(&names);
out:
    ost_free(word);
    return stage;
}

static void add_stage_node(ost_workflow *wf, ost_scope *scope, uint32_t entry,
                           const char *name, const uint32_t words[OST_WORDS])
{
    static const char nodes[] = "/nodes/";
    const ost_document *doc = scope->doc;
    ost_node node = { .instances = 1,
                      .params_fixed = true,
                      .seed_fixed = true };
    ost_node_part part = {
        .scope = scope, .entry = entry, .with = OST_NONE, .seed = OST_NONE
    };
    size_t n = strlen(name) + 1;
    char *pointer = ost_arena_alloc(&wf->arena, sizeof(nodes) + n);

    memcpy(pointer, nodes, sizeof(nodes));
    memcpy(pointer + sizeof(nodes) - 1, name, n);
    node.pointer = pointer;
    node.name = *scope->prefix
                    ? ost_arena_printf(&wf->arena, "%s%s", scope->prefix, name)
                    : pointer + sizeof(nodes) - 1;
    node.stage = find_stage(wf, doc, words[OST_WORD_STAGE]);
    if (words[OST_WORD_WITH] != OST_NONE)
        part.with =
            (uint32_t)ost_json_offset(doc->json, words[OST_WORD_WITH], false);
    if (words[OST_WORD_SEED] != OST_NONE)
        part.seed =
            (uint32_t)ost_json_offset(doc->json, words[OST_WORD_SEED], false);
    ost_words_parse(wf, doc, words, &node);
    ost_vec_push(&wf->nodes, node);
    ost_vec_push(&wf->parts, part);
    ost_vec_push(&wf->marks, 0);
    ost_name_add(wf, (uint32_t)wf->nodes.len - 1);
}

static void parse_node(ost_workflow *wf, ost_scope *scope, uint32_t entry)
{
    const ost_document *doc = scope->doc;
    uint32_t words[OST_WORDS];
    bool stage, use;
    char *name;

    if (!ost_entry_is(wf, doc, entry, "{", "an object") ||
        wf->nodes.len >= OST_NODES)
        return;
    name = ost_entry_copy(doc, entry, true);
    ost_entry_check_name(wf, doc, entry, name, "a node");
    ost_entry_members(wf, doc, entry, ost_node_words, "engine word", words);
    stage = words[OST_WORD_STAGE] != OST_NONE;
    use = words[OST_WORD_USE] != OST_NONE;
    if (stage == use)
        ost_wf_fault(wf, doc, entry, true,
                     stage ? "a node has either \"stage\" or \"use\", not both"
                           : "a node needs \"stage\" or \"use\"");
    else if (stage)
        add_stage_node(wf, scope, entry, name, words);
    else
        ost_use_parse(wf, scope, entry, name, words);
    ost_free(name);
}

/* --- the whole ----------------------------------------------------------- */

/* That of a sub-workflow is for when it is run by itself. */
static void parse_numerics(ost_workflow *wf, ost_scope *scope, uint32_t entry)
{
    const char *word;
    size_t n = 0;

    if (!ost_entry_is(wf, scope->doc, entry, "\"", "a text"))
        return;
    word = ost_entry_text(wf, scope->doc, entry);
    while (ost_numerics[n])
        n++;
    if (ost_numerics_check(word, NULL))
        ost_wf_fault(wf, scope->doc, entry, false,
                     "\"numerics\" is one of " OST_NUMERICS_WORDS
                     ", not '%s'%s",
                     word, ost_suggest(wf, word, ost_numerics, n));
    else if (!scope->outer)
        wf->numerics = word;
}

static void parse_head(ost_workflow *wf, ost_scope *scope,
                       const uint32_t keys[OST_TOP_KEYS])
{
    const ost_document *doc = scope->doc;
    json_t *version = NULL;

    if (keys[OST_TOP_OSTEON] == OST_NONE)
        ost_wf_fault(wf, doc, 0, false,
                     "no workflow: it begins with { \"osteon\": 1, ...");
    else
        version = ost_entry_build(doc, keys[OST_TOP_OSTEON]);
    if (version &&
        (!json_is_integer(version) || json_integer_value(version) != 1))
        ost_wf_fault(wf, doc, keys[OST_TOP_OSTEON], false,
                     "this version of osteon reads workflow format 1 only");
    json_decref(version);
    if (keys[OST_TOP_NAME] == OST_NONE)
        ost_wf_fault(wf, doc, 0, false, "the workflow has no \"name\"");
    else if (ost_entry_is(wf, doc, keys[OST_TOP_NAME], "\"", "a text") &&
             !scope->outer)
        wf->name = ost_xstrdup(ost_entry_text(wf, doc, keys[OST_TOP_NAME]));
    if (keys[OST_TOP_NUMERICS] != OST_NONE)
        parse_numerics(wf, scope, keys[OST_TOP_NUMERICS]);
    if (keys[OST_TOP_NODES] == OST_NONE)
        ost_wf_fault(wf, doc, 0, false, "the workflow has no \"nodes\"");
}

void ost_scope_parse(ost_workflow *wf, ost_scope *scope,
                     const ost_bindings *bindings)
{
    const ost_document *doc = scope->doc;
    uint32_t keys[OST_TOP_KEYS];

    if (!ost_entry_is(wf, doc, 0, "{", "a workflow: an object"))
        return;
    ost_entry_members(wf, doc, 0, ost_top_keys, "key", keys);
    parse_head(wf, scope, keys);
    scope->nodes_entry = keys[OST_TOP_NODES];
    if (scope->nodes_entry != OST_NONE &&
        ost_json_kind(doc->json, scope->nodes_entry) != '{')
        scope->nodes_entry = OST_NONE;
    ost_bind_params(wf, scope, keys[OST_TOP_SEED], keys[OST_TOP_PARAMS],
                    keys[OST_TOP_PRESETS], bindings);
    each_member(wf, scope, keys[OST_TOP_INPUTS], parse_input);
    if (keys[OST_TOP_AXES] != OST_NONE)
        ost_axes_parse(wf, scope, keys[OST_TOP_AXES]);
    each_member(wf, scope, keys[OST_TOP_NODES], parse_node);
    each_member(wf, scope, keys[OST_TOP_OUTPUTS], parse_output);
    ost_bind_inputs(wf, scope, bindings);
}
