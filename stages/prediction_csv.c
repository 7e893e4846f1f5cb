/* stages/prediction_csv.c - predictions as a table for other programs */
#include "stages/prediction_csv.h"

#include "base/csv.h"
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

typedef OST_VEC(const char *) attr_names;

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of the attributes with a prefix, sorted. */
static void find_names(const ost_item *items, size_t n, const char *prefix,
                       attr_names *names)
{
    ost_map seen = { 0 };

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < items[i].n_attrs; k++) {
            const char *name = items[i].attrs[k].name;

            if (ost_starts_with(name, prefix) &&
                ost_map_put(&seen, name, strlen(name), 0))
                ost_vec_push(names, name);
        }
    if (names->len)
        qsort(names->data, names->len, sizeof(*names->data), by_name);
    ost_map_release(&seen);
}

/* Axes of the input that the items do not say themselves join them. */
static void find_axes(ost_arena *arena, const ost_input *in,
                      const ost_item *items, size_t n, attr_names *axes)
{
    find_names(items, n, "axis.", axes);
    for (size_t a = 0; a < in->n_axes; a++) {
        const char *name = ost_arena_printf(arena, "axis.%s", in->axes[2 * a]);
        bool known = false;

        for (size_t i = 0; i < axes->len; i++)
            known |= strcmp(axes->data[i], name) == 0;
        if (!known)
            ost_vec_push(axes, name);
    }
    for (size_t i = 1; i < axes->len; i++)
        if (strcmp(axes->data[i], "axis.fold") == 0) {
            memmove(axes->data + 1, axes->data, i * sizeof(*axes->data));
            axes->data[0] = "axis.fold";
        }
}

static void add_attr(ost_buf *out, const ost_input *in, const ost_item *item,
                     const char *name)
{
    const ost_attr *a = ost_item_attr(item, name);

    if (a && a->kind == OST_ATTR_TEXT)
        ost_csv_add(out, a->text);
    else if (a)
        ost_buf_addf(out, "%.9g", a->number);
    for (size_t i = 0; !a && i < in->n_axes; i++)
        if (ost_starts_with(name, "axis.") &&
            strcmp(name + 5, in->axes[2 * i]) == 0)
            ost_csv_add(out, in->axes[2 * i + 1]);
}

static void add_header(ost_buf *out, const attr_names *axes,
                       const attr_names *scores)
{
    ost_buf name = { 0 };

    ost_buf_adds(out, "id,group");
    for (size_t i = 0; i < axes->len; i++) {
        ost_buf_addc(out, ',');
        ost_csv_add(out, axes->data[i] + strlen("axis."));
    }
    ost_buf_adds(out, ",label,predicted");
    for (size_t i = 0; i < scores->len; i++) {
        ost_buf_reset(&name);
        ost_buf_addf(&name, "score_%s", scores->data[i] + strlen("score."));
        ost_buf_addc(out, ',');
        ost_csv_add(out, ost_buf_str(&name));
    }
    ost_buf_addc(out, '\n');
    ost_buf_release(&name);
}

ost_rc ost_prediction_csv(ost_stage_ctx *ctx, const ost_input *in, ost_buf *out,
                          ost_err *err)
{
    attr_names axes = { 0 }, scores = { 0 };
    ost_buf labels = { 0 };
    const ost_item *items;
    size_t n;
    ost_rc rc;

    rc = ost_ctx_items(ctx, in, &items, &n, err);
    if (rc)
        return rc;
    find_axes(ost_ctx_arena(ctx), in, items, n, &axes);
    find_names(items, n, "score.", &scores);
    add_header(out, &axes, &scores);
    for (size_t i = 0; i < n; i++) {
        ost_csv_add(out, items[i].id);
        ost_buf_addc(out, ',');
        ost_csv_add(out, items[i].group);
        for (size_t k = 0; k < axes.len; k++) {
            ost_buf_addc(out, ',');
            add_attr(out, in, &items[i], axes.data[k]);
        }
        ost_buf_addc(out, ',');
        ost_buf_reset(&labels);
        ost_item_add_labels(&labels, &items[i]);
        ost_csv_add(out, ost_buf_str(&labels));
        ost_buf_addc(out, ',');
        add_attr(out, in, &items[i], "predicted");
        for (size_t k = 0; k < scores.len; k++) {
            ost_buf_addc(out, ',');
            add_attr(out, in, &items[i], scores.data[k]);
        }
        ost_buf_addc(out, '\n');
    }
    ost_buf_release(&labels);
    ost_vec_release(&axes);
    ost_vec_release(&scores);
    return OST_OK;
}
