/* stages/gan_samples_out.c - samples as items and as pictures to look at */
#include "base/alloc.h"
#include "base/fs.h"
#include "stages/encode.h"
#include "stages/gan_samples.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* The class of all items of a set, NULL when they have several or none. */
static const char *only_label(const ost_picture_set *set)
{
    const char *label = set->n ? ost_item_label(&set->items[0]) : NULL;

    for (size_t i = 1; i < set->n && label; i++) {
        const char *other = ost_item_label(&set->items[i]);

        if (!other || strcmp(other, label) != 0)
            return NULL;
    }
    return label;
}

/* An item with no field yet. */
static ost_item *new_sample(ost_stage_ctx *ctx, const ost_gan_samples *s,
                            size_t i, int64_t step)
{
    ost_arena *arena = ost_ctx_arena(ctx);
    const ost_gan_pictures *p = s->pictures;
    bool own = p->kind == OST_GAN_PAIRS || p->kind == OST_GAN_SERIES;
    const char *label = own ? NULL : only_label(s->real);
    ost_item *item;

    if (s->index) {
        const ost_item *from =
            &p->sets[s->generator.way->input].items[s->index[i]];

        item = ost_derive(ctx, from, step);
        for (size_t k = 0; k < from->n_fields; k++)
            ost_item_remove_field(arena, item, from->fields[k].name);
    } else {
        char *id =
            ost_arena_printf(arena, "drawn-%04zu#%lld", i, (long long)step);

        item = ost_new_item(ctx, id, NULL);
    }
    if (label)
        ost_item_set_label(arena, item, label);
    ost_item_set_text(arena, item, "kind", "generated");
    ost_item_set_number(arena, item, "step", (double)step);
    return item;
}

/* Planes become a field: (H, W), (H, W, C) or (T, H, W). */
static ost_rc add_field(ost_stage_ctx *ctx, const ost_gan_samples *s,
                        ost_item *item, const uint8_t *planes, ost_err *err)
{
    const ost_generator_picture *p = &s->generator.image;
    int64_t area = p->height * p->width;
    bool planar = p->frames || p->channels == 1;
    int64_t series[] = { p->frames, p->height, p->width };
    int64_t picture[] = { p->height, p->width, p->channels };
    int ndim = !p->frames && p->channels == 1 ? 2 : 3;
    ost_tensor t;
    ost_rc rc = ost_new_field(ctx, item, p->field, OST_U8, ndim,
                              p->frames ? series : picture, &t, err);
    uint8_t *to = t.data;

    if (rc)
        return rc;
    if (planar)
        memcpy(to, planes, s->numbers);
    else
        for (int64_t k = 0; k < area; k++)
            for (int64_t c = 0; c < p->channels; c++)
                *to++ = planes[c * area + k];
    return OST_OK;
}

static ost_rc emit_images(ost_stage_ctx *ctx, const ost_gan_samples *s,
                          int64_t step, ost_err *err)
{
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < s->n && !rc; i++) {
        ost_item *item = new_sample(ctx, s, i, step);

        rc = add_field(ctx, s, item, s->bytes + i * s->numbers, err);
        if (!rc)
            rc = ost_emit(ctx, "samples", item, err);
    }
    return rc;
}

static ost_rc emit_grid(ost_stage_ctx *ctx, const ost_gan_samples *s,
                        int64_t step, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(ctx);
    char *id = ost_arena_printf(arena, "step-%08lld", (long long)step);
    ost_item *item = ost_new_item(ctx, id, NULL);
    int64_t shape[3];
    int ndim = ost_gan_grid_shape(s, shape);
    ost_tensor t;
    ost_rc rc = ost_new_field(ctx, item, "image", OST_U8, ndim, shape, &t, err);

    if (rc)
        return rc;
    ost_gan_grid(s, &t);
    ost_item_set_number(arena, item, "step", (double)step);
    ost_item_set_number(arena, item, "columns", (double)s->n);
    return ost_emit(ctx, "grids", item, err);
}

ost_rc ost_gan_samples_emit(ost_stage_ctx *ctx, const ost_gan_samples *s,
                            ost_err *err)
{
    int64_t step = s->list.data[s->list.len - 1].step;
    ost_rc rc = emit_images(ctx, s, step, err);

    if (!rc)
        rc = emit_grid(ctx, s, step, err);
    return rc ? rc : ost_flush(ctx, err);
}

const char *ost_gan_samples_show(ost_stage_ctx *ctx, const ost_gan_samples *s)
{
    const ost_gan_sampling *made = &s->list.data[s->list.len - 1];
    const char *dir = ost_ctx_temp_dir(ctx, NULL);
    int64_t shape[3];
    int ndim = ost_gan_grid_shape(s, shape);
    ost_tensor t = ost_tensor_of(NULL, OST_U8, ndim, shape);
    ost_buf png = { 0 };
    char *path;
    ost_rc rc;

    t.data = dir ? ost_try_alloc((size_t)ost_tensor_count(&t), 1) : NULL;
    if (!t.data)
        return NULL;
    ost_gan_grid(s, &t);
    path = ost_arena_printf(ost_ctx_arena(ctx), "%s/step-%08lld.png", dir,
                            (long long)made->step);
    rc = ost_png_encode(&t, &png, NULL);
    if (!rc)
        rc = ost_fs_write_atomic(path, png.data, png.len, false, NULL);
    ost_buf_release(&png);
    ost_free(t.data);
    return rc ? NULL : path;
}
