/* engine/format.h - the keys of the workflow format, as tables
 *
 * The loader accepts exactly these keys; the JSON Schema for editors is
 * printed from the same rows.
 *
 * How to add a key: one row in format.c, and its place in the enumeration of
 * the table.
 */
#ifndef OST_ENGINE_FORMAT_H
#define OST_ENGINE_FORMAT_H

#include "base/buf.h"

/* A key of an object: its meaning, and the JSON Schema of its value.  Tables
 * end with a row without name. */
typedef struct ost_format_key {
    const char *name;
    const char *help;
    const char *schema;
} ost_format_key;

enum {
    OST_TOP_OSTEON,
    OST_TOP_NAME,
    OST_TOP_SEED,
    OST_TOP_NUMERICS,
    OST_TOP_PARAMS,
    OST_TOP_PRESETS,
    OST_TOP_INPUTS,
    OST_TOP_AXES,
    OST_TOP_NODES,
    OST_TOP_OUTPUTS,
    OST_TOP_KEYS
};
extern const ost_format_key ost_top_keys[];

/* The words of a node. */
enum {
    OST_WORD_STAGE,
    OST_WORD_USE,
    OST_WORD_IN,
    OST_WORD_WITH,
    OST_WORD_PER,
    OST_WORD_SEED,
    OST_WORD_NEEDS,
    OST_WORD_RETRIES,
    OST_WORD_TIMEOUT,
    OST_WORD_TITLE,
    OST_WORDS
};
extern const ost_format_key ost_node_words[];

enum { OST_NEED_THREADS, OST_NEED_MEMORY, OST_NEED_GPU, OST_NEEDS };
extern const ost_format_key ost_need_keys[];

enum { OST_PARAM_VALUE, OST_PARAM_HELP, OST_PARAM_KEYS };
extern const ost_format_key ost_param_keys[];

enum {
    OST_INPUT_TYPE,
    OST_INPUT_DEFAULT,
    OST_INPUT_SHA256,
    OST_INPUT_HELP,
    OST_INPUT_KEYS
};
extern const ost_format_key ost_input_keys[];

/* Of a default that is no text: a place, or a node. */
enum { OST_PLACE_PATH, OST_PLACE_URL, OST_PLACE_SHA256, OST_PLACE_KEYS };
extern const ost_format_key ost_place_keys[];
enum { OST_DEFAULT_NODE, OST_DEFAULT_KEYS };
extern const ost_format_key ost_default_keys[];

enum { OST_AXIS_RANGE, OST_AXIS_VALUES, OST_AXIS_HELP, OST_AXIS_KEYS };
extern const ost_format_key ost_axis_keys[];

enum { OST_OUTPUT_FROM, OST_OUTPUT_GATE, OST_OUTPUT_KEYS };
extern const ost_format_key ost_output_keys[];

/* Of a site profile, which is a file of its own. */
enum {
    OST_PROFILE_PARAMS,
    OST_PROFILE_INPUTS,
    OST_PROFILE_SECRET,
    OST_PROFILE_HELP,
    OST_PROFILE_KEYS
};
extern const ost_format_key ost_profile_keys[];

/* Appends the JSON Schema (2020-12) of workflow files, stages included. */
void ost_format_schema(ost_buf *out);

#endif
