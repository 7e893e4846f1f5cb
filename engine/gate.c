/* engine/gate.c - a bound that a metric has to keep */
#include "engine/gate.h"

#include "base/text.h"
#include "store/artifact.h"

#include <jansson.h>
#include <string.h>

#include "base/banned.h"

/* The member (or element) that the first word of a path names. */
static const json_t *step_down(const json_t *at, const char *word, size_t n)
{
    char name[256];
    int64_t index;

    if (n >= sizeof(name))
        return NULL;
    memcpy(name, word, n);
    name[n] = '\0';
    if (json_is_object(at))
        return json_object_get(at, name);
    if (json_is_array(at) && ost_parse_i64(name, &index) && index >= 0)
        return json_array_get(at, (size_t)index);
    return NULL;
}

static const json_t *find(const json_t *root, const char *path)
{
    const json_t *at = root;

    while (at && *path) {
        size_t n = strcspn(path, ".");

        at = step_down(at, path, n);
        path += n + (path[n] == '.');
    }
    return at;
}

static bool holds(double value, const char *op, double bound)
{
    if (strcmp(op, ">=") == 0)
        return value >= bound;
    if (strcmp(op, ">") == 0)
        return value > bound;
    if (strcmp(op, "<=") == 0)
        return value <= bound;
    if (strcmp(op, "<") == 0)
        return value < bound;
    return !(value < bound) && !(value > bound);
}

static void judge(const json_t *document, const ost_gate *gate,
                  ost_arena *arena, ost_gate_result *result)
{
    const json_t *at = find(document, gate->path);
    const char *reason = NULL;

    if (json_is_object(at)) {
        reason = json_string_value(json_object_get(at, "reason"));
        at = json_object_get(at, "value");
    }
    if (json_is_number(at)) {
        double value = json_number_value(at);

        result->found = ost_arena_printf(arena, "is %g", value);
        result->passed = holds(value, gate->op, gate->bound);
    } else if (reason) {
        result->found = ost_arena_printf(arena, "undefined: %s", reason);
    } else {
        result->found = at ? "is not a number" : "is not there";
    }
}

ost_rc ost_gate_judge(ost_batch *batch, const char *output,
                      const ost_gate *gate, const ost_digest *artifact,
                      ost_arena *arena, ost_gate_result *result, ost_err *err)
{
    json_t *document = NULL;
    ost_artifact a;
    ost_rc rc;

    *result = (ost_gate_result){ .output = ost_arena_strdup(arena, output),
                                 .path = ost_arena_strdup(arena, gate->path),
                                 .op = ost_arena_strdup(arena, gate->op),
                                 .bound = gate->bound,
                                 .found = "is not there" };
    rc = ost_artifact_get(batch, artifact, arena, &a, err);
    if (rc)
        return rc;
    document = json_loads(a.meta, 0, NULL);
    if (!document)
        return ost_fail(err, OST_ECORRUPT,
                        "output '%s': its document is not JSON", output);
    judge(document, gate, arena, result);
    json_decref(document);
    return OST_OK;
}
