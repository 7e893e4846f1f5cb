/* cli/model_kinds.c - what layers there are, from the tables of kernels/ */
#include "cli/model_tree.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text ? text : "";
}

void ost_model_kinds(const json_t *kinds, ost_buf *out)
{
    const json_t *kind;
    int width = 0;
    size_t i;

    json_array_foreach(kinds, i, kind)
    {
        int n = (int)strlen(text_of(kind, "name"));

        width = n > width ? n : width;
    }
    json_array_foreach(kinds, i, kind)
    {
        ost_buf_addf(out, "%-*s  %s\n", width, text_of(kind, "name"),
                     text_of(kind, "summary"));
    }
}

static void add_range(ost_buf *out, const json_t *a)
{
    const json_t *words = json_object_get(a, "words");
    const json_t *word;
    size_t i;

    if (words) {
        json_array_foreach(words, i, word)
        {
            ost_buf_addf(out, "%s%s", i ? "|" : "", json_string_value(word));
        }
        return;
    }
    ost_buf_adds(out, text_of(a, "type"));
    if (json_object_get(a, "min"))
        ost_buf_addf(out, ", %.9g to %.9g",
                     json_number_value(json_object_get(a, "min")),
                     json_number_value(json_object_get(a, "max")));
}

static void add_default(ost_buf *out, const json_t *a)
{
    const json_t *dflt = json_object_get(a, "default");
    const json_t *min = json_object_get(a, "min");

    if (json_is_true(json_object_get(a, "required")))
        ost_buf_adds(out, "; required");
    else if (json_is_boolean(dflt))
        ost_buf_addf(out, "; default %s",
                     json_is_true(dflt) ? "true" : "false");
    else if (json_is_string(dflt))
        ost_buf_addf(out, "; default %s", json_string_value(dflt));
    else if (min && json_number_value(dflt) < json_number_value(min))
        ost_buf_adds(out, "; optional");
    else
        ost_buf_addf(out, "; default %g", json_number_value(dflt));
}

static void add_inputs(ost_buf *out, const json_t *kind)
{
    const json_t *inputs = json_object_get(kind, "inputs");
    int least = (int)json_integer_value(json_array_get(inputs, 0));
    int most = (int)json_integer_value(json_array_get(inputs, 1));

    if (least == most)
        ost_buf_addf(out, "Inputs: %d\n", least);
    else
        ost_buf_addf(out, "Inputs: %d to %d\n", least, most);
}

bool ost_model_kind(const json_t *kinds, const char *name, ost_buf *out)
{
    const json_t *kind = NULL;
    const json_t *a;
    size_t i;

    json_array_foreach(kinds, i, kind)
    {
        if (strcmp(text_of(kind, "name"), name) == 0)
            break;
    }
    if (i == json_array_size(kinds))
        return false;
    ost_buf_addf(out, "%s - %s\n\n", name, text_of(kind, "summary"));
    add_inputs(out, kind);
    if (json_array_size(json_object_get(kind, "attributes")))
        ost_buf_adds(out, "\nAttributes:\n");
    json_array_foreach(json_object_get(kind, "attributes"), i, a)
    {
        ost_buf_addf(out, "  %s: ", text_of(a, "name"));
        add_range(out, a);
        add_default(out, a);
        ost_buf_addf(out, "\n      %s\n", text_of(a, "help"));
    }
    return true;
}
