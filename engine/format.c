/* engine/format.c - the keys of the workflow format, as tables */
#include "engine/format.h"

#include <stddef.h>

#include "base/banned.h"

#define TEXT      "{\"type\":\"string\"}"
#define ANY       "{}"
#define DEF(name) "{\"$ref\":\"#/$defs/" name "\"}"
#define NAMED(name)                                \
    "{\"type\":\"object\",\"patternProperties\":{" \
    "\"^\\\\$comment\":{}},\"additionalProperties\":" DEF(name) "}"

const ost_format_key ost_top_keys[] = {
    [OST_TOP_OSTEON] = { "osteon", "version of the format", "{\"const\":1}" },
    [OST_TOP_NAME] = { "name", "name of the workflow", TEXT },
    [OST_TOP_SEED] = { "seed", "what randomness starts from, by default 0",
                       ANY },
    [OST_TOP_NUMERICS] = { "numerics",
                           "how networks compute: f32 (default), f32-tuned, "
                           "tf32, bf16, f16 on GPUs, portable on CPUs",
                           "{\"enum\":[\"f32\",\"f32-tuned\",\"tf32\","
                           "\"bf16\",\"f16\",\"portable\"]}" },
    [OST_TOP_PARAMS] = { "params", "parameters with their values",
                         NAMED("param") },
    [OST_TOP_PRESETS] = { "presets", "named sets of parameter values",
                          "{\"type\":\"object\",\"additionalProperties\":"
                          "{\"type\":\"object\"}}" },
    [OST_TOP_INPUTS] = { "inputs", "what comes from outside", NAMED("input") },
    [OST_TOP_AXES] = { "axes", "what nodes fan out over", NAMED("axis") },
    [OST_TOP_NODES] = { "nodes", "the uses of stages", NAMED("node") },
    [OST_TOP_OUTPUTS] = { "outputs", "what the workflow is run for",
                          NAMED("output") },
    [OST_TOP_KEYS] = { NULL, NULL, NULL },
};

const ost_format_key ost_node_words[] = {
    [OST_WORD_STAGE] = { "stage", "the stage that the node uses",
                         DEF("stage") },
    [OST_WORD_USE] = { "use", "a workflow file to be inlined, or lib:NAME",
                       TEXT },
    [OST_WORD_IN] = { "in", "what the node reads", DEF("in") },
    [OST_WORD_WITH] = { "with", "parameters of the stage",
                        "{\"type\":\"object\"}" },
    [OST_WORD_PER] = { "per", "axes that the node fans out over",
                       "{\"oneOf\":[{\"type\":\"array\",\"items\":" TEXT
                       "}," DEF("value") "]}" },
    [OST_WORD_SEED] = { "seed", "instead of the workflow's seed", ANY },
    [OST_WORD_NEEDS] = { "needs", "threads, memory, GPU", DEF("needs") },
    [OST_WORD_RETRIES] = { "retries", "attempts after a failed one",
                           "{\"type\":\"integer\",\"minimum\":0,"
                           "\"maximum\":100}" },
    [OST_WORD_TIMEOUT] = { "timeout", "seconds that a step may take",
                           "{\"type\":\"number\",\"exclusiveMinimum\":0}" },
    [OST_WORD_TITLE] = { "title", "name of the node for people", TEXT },
    [OST_WORDS] = { NULL, NULL, NULL },
};

const ost_format_key ost_need_keys[] = {
    [OST_NEED_THREADS] = { "threads", "threads that a step is given",
                           "{\"type\":\"integer\",\"minimum\":1,"
                           "\"maximum\":4096}" },
    [OST_NEED_MEMORY] = { "memory", "memory that a step takes: bytes, \"2 GB\"",
                          "{\"type\":[\"string\",\"number\"]}" },
    [OST_NEED_GPU] = { "gpu", "whether a step runs on a GPU",
                       "{\"enum\":[\"no\",\"prefer\",\"require\"]}" },
    [OST_NEEDS] = { NULL, NULL, NULL },
};

const ost_format_key ost_param_keys[] = {
    [OST_PARAM_VALUE] = { "value", "the value", ANY },
    [OST_PARAM_HELP] = { "help", "what it means", TEXT },
    [OST_PARAM_KEYS] = { NULL, NULL, NULL },
};

const ost_format_key ost_input_keys[] = {
    [OST_INPUT_TYPE] = { "type", "type of artifact, by default dataset",
                         DEF("type") },
    [OST_INPUT_DEFAULT] = { "default",
                            "a path, or the node that is read when nothing "
                            "is bound",
                            DEF("default") },
    [OST_INPUT_SHA256] = { "sha256", "digest of what the default URL gives",
                           DEF("sha256") },
    [OST_INPUT_HELP] = { "help", "what it is", TEXT },
    [OST_INPUT_KEYS] = { NULL, NULL, NULL },
};

const ost_format_key ost_place_keys[] = {
    [OST_PLACE_PATH] = { "path", "a folder, archive or CSV manifest", TEXT },
    [OST_PLACE_URL] = { "url", "address of an archive", TEXT },
    [OST_PLACE_SHA256] = { "sha256", "digest of the archive", DEF("sha256") },
    [OST_PLACE_KEYS] = { NULL, NULL, NULL },
};

const ost_format_key ost_default_keys[] = {
    [OST_DEFAULT_NODE] = { "node", "the node that is read", TEXT },
    [OST_DEFAULT_KEYS] = { NULL, NULL, NULL },
};

const ost_format_key ost_axis_keys[] = {
    [OST_AXIS_RANGE] = { "range", "n: the values 0 to n - 1",
                         "{\"oneOf\":[{\"type\":\"integer\",\"minimum\":1}"
                         "," DEF("value") "]}" },
    [OST_AXIS_VALUES] = { "values",
                          "texts, numbers, or objects with a \"name\"",
                          "{\"oneOf\":[{\"type\":\"array\",\"minItems\":1}"
                          "," DEF("value") "]}" },
    [OST_AXIS_HELP] = { "help", "what it stands for", TEXT },
    [OST_AXIS_KEYS] = { NULL, NULL, NULL },
};

const ost_format_key ost_output_keys[] = {
    [OST_OUTPUT_FROM] = { "from", "what it is", DEF("reference") },
    [OST_OUTPUT_GATE] = { "gate", "metrics and what they are held to",
                          "{\"type\":\"object\",\"additionalProperties\":{"
                          "\"type\":\"string\",\"pattern\":"
                          "\"^ *(>=|<=|==|>|<) *[-+0-9.eE]+$\"}}" },
    [OST_OUTPUT_KEYS] = { NULL, NULL, NULL },
};

const ost_format_key ost_profile_keys[] = {
    [OST_PROFILE_PARAMS] = { "params", "parameters with their values",
                             "{\"type\":\"object\"}" },
    [OST_PROFILE_INPUTS] = { "inputs", "what the inputs are at this site",
                             "{\"type\":\"object\"}" },
    [OST_PROFILE_SECRET] = { "secret",
                             "file with the site's secret, which pseudonyms "
                             "of patients are made with",
                             TEXT },
    [OST_PROFILE_HELP] = { "help", "what the profile is for", TEXT },
    [OST_PROFILE_KEYS] = { NULL, NULL, NULL },
};
