/* stages/concat.c - several datasets as one
 *
 * An id that two of them have is an error that names both, unless `prefix` is
 * set: ids become "NAME/ID" then, NAME being the row's name in the workflow or
 * the values of the axes by which instances differ.  A parent that is in the
 * same dataset is called by its new name too; one that is not names an item
 * elsewhere and stays.  Groups stay as they are, so that a patient who is in
 * two of them remains one patient.
 *
 * `source` writes that name into an attribute of each item.  Fields that not
 * all items have are noted.
 */
#include "base/buf.h"
#include "base/vec.h"
#include "stages/matching.h"

#include <string.h>

#include "base/banned.h"

typedef struct {
    bool prefix;
    const char *source;
} concat_params;

static const ost_param params[] = {
    OST_PARAM(concat_params, prefix, BOOL,
              "put the name of its dataset before each id, and before parents "
              "that are in it",
              .dflt = "false"),
    OST_PARAM(concat_params, source, STR,
              "attribute that is to say which dataset an item is of; unset: "
              "none",
              .dflt = "null"),
    OST_END,
};

/* How many items have a field. */
typedef struct {
    const char *name;
    size_t n;
} field_count;

typedef struct {
    ost_stage_ctx *ctx;
    const concat_params *p;
    const char **names; /* of the inputs */
    ost_map ids;        /* -> input */
    ost_map own;        /* ids of the input at hand, before the prefix */
    ost_map by_name;    /* -> index into fields */
    OST_VEC(field_count) fields;
    size_t n;
} joining;

/* The row's name, the axis values ("fold=0,arm=a"), or the position. */
static const char *input_name(ost_stage_ctx *ctx, size_t i)
{
    const ost_input *in = ost_ctx_input(ctx, "in", i);
    ost_buf text = { 0 };
    const char *name;

    if (in->row)
        return in->row;
    for (size_t a = 0; a < in->n_axes; a++)
        ost_buf_addf(&text, "%s%s=%s", a ? "," : "", in->axes[2 * a],
                     in->axes[2 * a + 1]);
    if (in->n_axes == 0)
        ost_buf_addf(&text, "%zu", i);
    name = ost_arena_strdup(ost_ctx_arena(ctx), ost_buf_str(&text));
    ost_buf_release(&text);
    return name;
}

static void count_fields(joining *j, const ost_item *item)
{
    for (size_t k = 0; k < item->n_fields; k++) {
        const char *name = item->fields[k].name;
        uint64_t at = j->fields.len;

        if (!ost_map_get(&j->by_name, name, strlen(name), &at)) {
            ost_map_put(&j->by_name, name, strlen(name), at);
            ost_vec_push(&j->fields, (field_count){ name, 0 });
        }
        j->fields.data[at].n++;
    }
}

static const char *prefixed(joining *j, size_t input, const char *id)
{
    return ost_arena_printf(ost_ctx_arena(j->ctx), "%s/%s", j->names[input],
                            id);
}

static void rename_item(joining *j, size_t input, ost_item *out)
{
    const char **parents = OST_ARENA_ARRAY(ost_ctx_arena(j->ctx), const char *,
                                           out->n_parents + 1);

    for (size_t i = 0; i < out->n_parents; i++) {
        const char *id = out->parents[i];

        parents[i] = ost_map_get(&j->own, id, strlen(id), NULL)
                         ? prefixed(j, input, id)
                         : id;
    }
    out->id = prefixed(j, input, out->id);
    out->parents = parents;
}

static ost_rc add(joining *j, size_t input, const ost_item *in, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(j->ctx);
    const char *name = j->names[input];
    ost_item *out = ost_derive(j->ctx, in, -1);
    uint64_t other;

    if (j->p->prefix)
        rename_item(j, input, out);
    if (ost_map_get(&j->ids, out->id, strlen(out->id), &other))
        return ost_fail(
            err, OST_EINPUT,
            "item '%s' is in dataset '%s' and in dataset '%s'%s", out->id,
            input_name(j->ctx, (size_t)other), name,
            j->p->prefix ? "" : " (prefix: true keeps both, by other names)");
    ost_map_put(&j->ids, out->id, strlen(out->id), input);
    if (j->p->source)
        ost_item_set_text(arena, out, j->p->source, name);
    count_fields(j, out);
    j->n++;
    return ost_emit(j->ctx, "out", out, err);
}

static ost_rc add_input(joining *j, size_t input, ost_err *err)
{
    const ost_item *items = NULL;
    size_t n = 0;
    ost_rc rc = ost_ctx_items(j->ctx, ost_ctx_input(j->ctx, "in", input),
                              &items, &n, err);

    for (size_t i = 0; j->p->prefix && i < n && !rc; i++)
        ost_map_put(&j->own, items[i].id, strlen(items[i].id), i);
    for (size_t i = 0; i < n && !rc; i++)
        rc = add(j, input, &items[i], err);
    ost_map_release(&j->own);
    return rc;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    joining j = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    size_t inputs = ost_ctx_input_count(ctx, "in");
    ost_rc rc = OST_OK;

    j.names = OST_ARENA_ARRAY(ost_ctx_arena(ctx), const char *, inputs + 1);
    for (size_t i = 0; i < inputs; i++)
        j.names[i] = input_name(ctx, i);
    for (size_t i = 0; i < inputs && !rc; i++)
        rc = add_input(&j, i, err);
    for (size_t k = 0; k < j.fields.len && !rc; k++)
        if (j.fields.data[k].n < j.n)
            ost_note(ctx, "field '%s' is in %zu of %zu items only",
                     j.fields.data[k].name, j.fields.data[k].n, j.n);
    ost_map_release(&j.ids);
    ost_map_release(&j.by_name);
    ost_vec_release(&j.fields);
    return rc;
}

const ost_stage ost_stage_concat = {
    .name = "concat",
    .version = 2, /* bump when any output byte can change */
    .summary = "Put several datasets together.",
    .flags = OST_STAGE_KEEPS,
    .param_size = sizeof(concat_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "the datasets", true, false }),
    .outputs =
        OST_PORTS({ "out", OST_DATASET, "all their items", false, false }),
    .run = run,
};
