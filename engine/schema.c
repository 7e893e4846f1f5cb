/* engine/schema.c - the JSON Schema of workflow files */
#include "base/json.h"
#include "engine/format.h"
#include "stages/params.h"
#include "stages/stage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static json_t *parse(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

    if (!value)
        OST_BUG(); /* a row of a table is no JSON */
    return value;
}

/* An object of exactly the keys of a table, and of comments. */
static json_t *object_of(const ost_format_key *keys)
{
    json_t *properties = json_object();

    for (; keys->name; keys++) {
        json_t *value = parse(keys->schema);

        json_object_set_new(value, "description", json_string(keys->help));
        json_object_set_new(properties, keys->name, value);
    }
    return json_pack("{s:s, s:o, s:{s:{}}, s:b}", "type", "object",
                     "properties", properties, "patternProperties",
                     "^\\$comment", "additionalProperties", 0);
}

/* --- parameters of stages
 * ----------------------------------------------------- */

static void set_bounds(json_t *schema, const ost_param *p)
{
    bool whole = p->kind == OST_PARAM_I64 || p->kind == OST_PARAM_I64_LIST;

    if (!(p->min < p->max))
        return;
    if (isfinite(p->min))
        json_object_set_new(schema, "minimum",
                            whole ? json_integer((json_int_t)p->min)
                                  : json_real(p->min));
    if (isfinite(p->max))
        json_object_set_new(schema, "maximum",
                            whole ? json_integer((json_int_t)p->max)
                                  : json_real(p->max));
}

static json_t *choices_of(const ost_param *p)
{
    json_t *words = json_array();

    for (const char *c = p->choices; c && *c;) {
        size_t n = strcspn(c, "|");

        json_array_append_new(words, p->kind == OST_PARAM_CHOICE
                                         ? json_stringn(c, n)
                                         : json_integer(atoll(c)));
        c += n + (c[n] == '|');
    }
    return json_pack("{s:o}", "enum", words);
}

static json_t *list_of(const ost_param *p, const char *type)
{
    json_t *item = json_pack("{s:s}", "type", type);
    json_t *schema;

    set_bounds(item, p);
    schema = json_pack("{s:s, s:{s:[o, {s:s}]}}", "type", "array", "items",
                       "anyOf", item, "$ref", "#/$defs/value");
    if (p->max_len > 0) {
        json_object_set_new(schema, "minItems",
                            json_integer((json_int_t)p->min_len));
        json_object_set_new(schema, "maxItems",
                            json_integer((json_int_t)p->max_len));
    }
    return schema;
}

static json_t *value_of(const ost_param *p)
{
    switch (p->kind) {
    case OST_PARAM_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case OST_PARAM_I64:
        return p->choices ? choices_of(p)
                          : json_pack("{s:s}", "type", "integer");
    case OST_PARAM_F64:
        return json_pack("{s:s}", "type", "number");
    case OST_PARAM_STR:
    case OST_PARAM_FILE:
        return json_pack("{s:s}", "type", "string");
    case OST_PARAM_CHOICE:
        return choices_of(p);
    case OST_PARAM_I64_LIST:
        return list_of(p, "integer");
    case OST_PARAM_F64_LIST:
        return list_of(p, "number");
    case OST_PARAM_STR_LIST:
        return list_of(p, "string");
    case OST_PARAM_JSON:
        return json_object();
    case OST_PARAM_OBJECT:
        return json_pack("{s:s}", "type", "object");
    }
    OST_BUG();
}

/* A value of its kind, or a text with ${}. */
static json_t *param_schema(const ost_param *p)
{
    json_t *value = value_of(p), *either = json_array(), *schema;

    if (p->kind == OST_PARAM_I64 || p->kind == OST_PARAM_F64)
        set_bounds(value, p);
    json_array_append_new(either, value);
    json_array_append_new(either, json_pack("{s:s}", "$ref", "#/$defs/value"));
    if (!p->required && (!p->dflt || strcmp(p->dflt, "null") == 0))
        json_array_append_new(either, json_pack("{s:s}", "type", "null"));
    schema = json_pack("{s:s, s:o}", "description", p->help, "anyOf", either);
    if (p->dflt)
        json_object_set_new(schema, "default", parse(p->dflt));
    return schema;
}

static json_t *with_schema(const ost_stage *stage)
{
    json_t *properties = json_object(), *required = json_array(), *schema;

    for (const ost_param *p = stage->params; p && p->name; p++) {
        json_object_set_new(properties, p->name, param_schema(p));
        if (p->required)
            json_array_append_new(required, json_string(p->name));
    }
    schema = json_pack("{s:s, s:o, s:{s:{}}, s:b}", "type", "object",
                       "properties", properties, "patternProperties",
                       "^\\$comment", "additionalProperties", 0);
    if (json_array_size(required))
        json_object_set(schema, "required", required);
    json_decref(required);
    return schema;
}

/* --- the parts ---------------------------------------------------------------
 */

static json_t *stage_names(void)
{
    json_t *each = json_array();

    for (const ost_stage *const *s = ost_stages; *s; s++)
        json_array_append_new(each, json_pack("{s:s, s:s}", "const", (*s)->name,
                                              "description", (*s)->summary));
    return json_pack("{s:o}", "oneOf", each);
}

/* The stage decides what "with" may hold. */
static json_t *node_schema(void)
{
    json_t *node = object_of(ost_node_words), *rules = json_array();

    for (const ost_stage *const *s = ost_stages; *s; s++)
        json_array_append_new(rules,
                              json_pack("{s:{s:{s:{s:s}}, s:[s]}, s:{s:{s:o}}}",
                                        "if", "properties", "stage", "const",
                                        (*s)->name, "required", "stage", "then",
                                        "properties", "with", with_schema(*s)));
    json_object_set_new(node, "allOf", rules);
    json_object_set_new(node, "oneOf",
                        parse("[{\"required\":[\"stage\"]},"
                              "{\"required\":[\"use\"]}]"));
    return node;
}

static json_t *type_names(void)
{
    json_t *names = json_array();

#define XX(name, value, word) json_array_append_new(names, json_string(word));
    OST_ARTIFACT_MAP(XX)
#undef XX
    return json_pack("{s:o}", "enum", names);
}

static json_t *either(const char *first, json_t *second)
{
    return json_pack("{s:[o, o]}", "anyOf", parse(first), second);
}

static json_t *definitions(void)
{
    static const char reference[] = "{\"$ref\":\"#/$defs/reference\"}";
    static const char input_default[] =
        "{\"anyOf\":[{\"type\":\"string\"},{\"$ref\":\"#/$defs/place\"}]}";
    static const char reference_or_case[] =
        "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"object\","
        "\"required\":[\"case\"]}]}";
    static const char in[] =
        "{\"anyOf\":[{\"$ref\":\"#/$defs/reference\"},{\"type\":\"array\","
        "\"items\":{\"$ref\":\"#/$defs/reference\"}},{\"type\":\"object\"}]}";
    json_t *defs = json_object();

    json_object_set_new(defs, "value",
                        parse("{\"type\":\"string\",\"pattern\":\"[$][{]\"}"));
    json_object_set_new(
        defs, "sha256",
        parse("{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{64}$\"}"));
    json_object_set_new(defs, "reference", parse(reference_or_case));
    json_object_set_new(defs, "in", parse(in));
    json_object_set_new(defs, "type", type_names());
    json_object_set_new(defs, "stage", stage_names());
    json_object_set_new(defs, "node", node_schema());
    json_object_set_new(defs, "needs", object_of(ost_need_keys));
    json_object_set_new(defs, "input", object_of(ost_input_keys));
    json_object_set_new(defs, "place", object_of(ost_place_keys));
    json_object_set_new(defs, "default",
                        either(input_default, object_of(ost_default_keys)));
    json_object_set_new(defs, "axis", object_of(ost_axis_keys));
    json_object_set_new(defs, "output",
                        either(reference, object_of(ost_output_keys)));
    json_object_set_new(
        defs, "param",
        either("{\"type\":[\"string\",\"number\",\"boolean\",\"array\","
               "\"null\"]}",
               object_of(ost_param_keys)));
    return defs;
}

void ost_format_schema(ost_buf *out)
{
    json_t *schema = json_object(), *top = object_of(ost_top_keys);
    char *text;

    json_object_set_new(
        schema, "$schema",
        json_string("https://json-schema.org/draft/2020-12/schema"));
    json_object_set_new(schema, "title", json_string("osteon workflow"));
    json_object_update(schema, top);
    json_object_set_new(schema, "required",
                        parse("[\"osteon\",\"name\",\"nodes\"]"));
    json_object_set_new(schema, "$defs", definitions());
    text = json_dumps(schema, JSON_INDENT(2));
    ost_buf_adds(out, text);
    ost_buf_addc(out, '\n');
    ost_free(text);
    json_decref(top);
    json_decref(schema);
}
