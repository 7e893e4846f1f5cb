/* stages/model_transfer.c - what one network learned, given to another */
#include "stages/model_transfer.h"

#include "base/alloc.h"
#include "stages/model.h"

#include <string.h>

#include "base/banned.h"

enum { NAMED = 3 }; /* skipped weights that a line for people names */

typedef enum fate { SKIP, LOAD, AVERAGE } fate;

/* Only the sides of one channel's kernel and the outputs are the same, and
 * there is one channel here. */
static bool is_one_channel_of(const ost_weight *from, const ost_weight *to)
{
    if (from->ndim != to->ndim || to->ndim < 3 || to->shape[1] != 1 ||
        from->shape[0] != to->shape[0])
        return false;
    for (int i = 2; i < to->ndim; i++)
        if (from->shape[i] != to->shape[i])
            return false;
    return true;
}

static fate fate_of(const ost_weight *from, const ost_weight *to)
{
    bool same = from->ndim == to->ndim;

    for (int i = 0; same && i < to->ndim; i++)
        same = from->shape[i] == to->shape[i];
    if (same)
        return LOAD;
    return is_one_channel_of(from, to) ? AVERAGE : SKIP;
}

/* In place: (out, channels, kernel) becomes (out, 1, kernel). */
static void average_channels(const ost_weight *from, float *plain)
{
    int64_t channels = from->shape[1];
    int64_t area = 1;

    for (int i = 2; i < from->ndim; i++)
        area *= from->shape[i];
    for (int64_t o = 0; o < from->shape[0]; o++)
        for (int64_t k = 0; k < area; k++) {
            double sum = 0.0;

            for (int64_t c = 0; c < channels; c++)
                sum += (double)plain[(o * channels + c) * area + k];
            plain[o * area + k] = (float)(sum / (double)channels);
        }
}

static ost_rc copy_weight(ost_weights *from, const ost_weight *source,
                          ost_weights *to, ost_weight *target, fate how,
                          ost_err *err)
{
    float *plain =
        ost_try_alloc((size_t)ost_weight_count(source), sizeof(*plain));
    ost_rc rc;

    if (!plain)
        return ost_fail(err, OST_ENOMEM, "no memory for weight '%s'",
                        source->name);
    rc = ost_weights_get(from, source, OST_PART_DATA, plain, err);
    if (!rc && how == AVERAGE)
        average_channels(source, plain);
    if (!rc)
        rc = ost_weights_set(to, target, OST_PART_DATA, plain, err);
    ost_free(plain);
    return rc;
}

static void add_shape(ost_buf *out, const ost_weight *w)
{
    char text[96];

    ost_buf_adds(out, ost_shape_text(text, w->ndim, w->shape));
}

static void skip(json_t *report, const ost_weight *from, const ost_weight *to)
{
    ost_buf reason = { 0 };

    if (to) {
        add_shape(&reason, from);
        ost_buf_adds(&reason, " does not fit ");
        add_shape(&reason, to);
    } else {
        ost_buf_adds(&reason, "the network has no such weight");
    }
    json_array_append_new(json_object_get(report, "skipped"),
                          json_pack("{s:s,s:s}", "name", from->name, "reason",
                                    ost_buf_str(&reason)));
    ost_buf_release(&reason);
}

static bool has_name(const json_t *list, const char *name)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        if (strcmp(json_string_value(entry), name) == 0)
            return true;
    }
    return false;
}

ost_rc ost_weights_transfer(ost_weights *from, ost_weights *to, json_t **report,
                            ost_err *err)
{
    json_t *loaded = json_array();
    json_t *averaged = json_array();
    json_t *left = json_array();
    json_t *made = json_pack("{s:o,s:o,s:[],s:o}", "loaded", loaded, "averaged",
                             averaged, "skipped", "new", left);
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < from->len && !rc; i++) {
        const ost_weight *source = from->data[i];
        ost_weight *target = ost_weights_find(to, source->name);
        fate how = target ? fate_of(source, target) : SKIP;

        if (how == SKIP) {
            skip(made, source, target);
            continue;
        }
        rc = copy_weight(from, source, to, target, how, err);
        json_array_append_new(how == LOAD ? loaded : averaged,
                              json_string(source->name));
    }
    for (size_t i = 0; i < to->len; i++)
        if (!has_name(loaded, to->data[i]->name) &&
            !has_name(averaged, to->data[i]->name))
            json_array_append_new(left, json_string(to->data[i]->name));
    if (!rc && json_array_size(loaded) + json_array_size(averaged) == 0)
        rc = ost_fail(err, OST_EINPUT,
                      "no weight of the model fits the network: the first is "
                      "'%s' there and '%s' here",
                      from->len ? from->data[0]->name : "",
                      to->len ? to->data[0]->name : "");
    if (rc) {
        json_decref(made);
        return rc;
    }
    *report = made;
    return OST_OK;
}

ost_rc ost_model_copy_weights(ost_stage_ctx *ctx, const ost_input *in,
                              ost_weights *to, json_t **report, ost_err *err)
{
    ost_model model = { 0 };
    ost_rc rc = ost_model_open(ctx, in, to->backend, &model, err);

    if (!rc)
        rc = ost_weights_transfer(model.weights, to, report, err);
    ost_model_release(&model);
    return rc;
}

static size_t length(const json_t *report, const char *list)
{
    return json_array_size(json_object_get(report, list));
}

void ost_transfer_text(const json_t *report, ost_buf *out)
{
    const json_t *skipped = json_object_get(report, "skipped");
    size_t n = json_array_size(skipped);

    ost_buf_addf(out, "%zu weights loaded", length(report, "loaded"));
    if (length(report, "averaged"))
        ost_buf_addf(out, ", %zu averaged", length(report, "averaged"));
    if (n)
        ost_buf_addf(out, ", %zu skipped (", n);
    for (size_t i = 0; i < n && i < NAMED; i++) {
        const json_t *e = json_array_get(skipped, i);

        ost_buf_addf(out, "%s%s: %s", i ? ", " : "",
                     json_string_value(json_object_get(e, "name")),
                     json_string_value(json_object_get(e, "reason")));
    }
    if (n)
        ost_buf_adds(out, n > NAMED ? ", ...)" : ")");
    if (length(report, "new"))
        ost_buf_addf(out, ", %zu new", length(report, "new"));
}
