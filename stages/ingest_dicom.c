/* stages/ingest_dicom.c - the bytes of one DICOM file to items
 *
 * As stored, unsigned values of at most 16 bits stay u8 or u16, all others
 * become f32 (exact up to 24 bits); bits above the stored ones are cut off, so
 * that overlays in them do no harm.  A file of several frames gives an item
 * "id#k" per frame, in the group of the file.
 */
#include "base/text.h"
#include "stages/decode.h"
#include "stages/dicom_values.h"
#include "stages/ingest_series.h"

#include <string.h>

#include "base/banned.h"

/* --- attributes ----------------------------------------------------------- */

void ost_ingest_add_text(ost_stage_ctx *ctx, ost_item *item, const char *name,
                         const char *text)
{
    if (!ost_item_attr(item, name))
        ost_item_set_text(ost_ctx_arena(ctx), item, name, text);
}

void ost_ingest_add_number(ost_stage_ctx *ctx, ost_item *item, const char *name,
                           double number)
{
    if (!ost_item_attr(item, name))
        ost_item_set_number(ost_ctx_arena(ctx), item, name, number);
}

static void add_asked(ost_stage_ctx *ctx, const ost_dicom *d, ost_item *item)
{
    const ost_ingest_params *p = ost_ctx_params(ctx);
    ost_arena *arena = ost_ctx_arena(ctx);

    for (size_t i = 0; i < p->attributes.n; i++) {
        char text[OST_DICOM_VALUE];
        double number;

        ost_dicom_value(d, p->attributes.v[i], text);
        if (ost_parse_f64(text, &number))
            ost_item_set_number(arena, item, p->attributes.v[i], number);
        else if (text[0])
            ost_item_set_text(arena, item, p->attributes.v[i], text);
    }
}

static void add_frame(ost_stage_ctx *ctx, const ost_dicom *d, uint32_t frame,
                      ost_item *item)
{
    const ost_ingest_params *p = ost_ctx_params(ctx);
    ost_dicom_frame f;

    ost_dicom_frame_of(d, frame, &f);
    if (f.spacing_kind) {
        ost_ingest_add_number(ctx, item, "spacing.y", f.spacing_y);
        ost_ingest_add_number(ctx, item, "spacing.x", f.spacing_x);
        ost_ingest_add_text(ctx, item, "spacing.kind", f.spacing_kind);
    }
    if (f.view[0])
        ost_ingest_add_text(ctx, item, "view", f.view);
    else if (frame < p->views.n)
        ost_ingest_add_text(ctx, item, "view", p->views.v[frame]);
    if (d->frames > 1)
        ost_item_set_number(ost_ctx_arena(ctx), item, "frame", frame);
}

/* The layout's file with what the DICOM file says of a frame. */
static void describe(ost_stage_ctx *ctx, const ost_layout_file *file,
                     const ost_dicom_values *v, uint32_t frame,
                     ost_layout_file *out)
{
    ost_arena *arena = ost_ctx_arena(ctx);
    ost_item holder = { .attrs = file->attrs, .n_attrs = file->n_attrs };

    *out = *file;
    add_asked(ctx, v->d, &holder);
    add_frame(ctx, v->d, frame, &holder);
    if (ost_dicom_is_inverse(v))
        ost_item_set_text(arena, &holder, "photometric", v->d->photometric);
    if (v->d->frames > 1) {
        out->group = file->group ? file->group : file->id;
        out->parent = file->id;
        out->id = ost_arena_printf(arena, "%s#%u", file->id, frame);
    }
    out->attrs = holder.attrs;
    out->n_attrs = holder.n_attrs;
}

/* --- frames --------------------------------------------------------------- */

/* A color frame as `color` wants it. */
static ost_rc emit_color(ost_stage_ctx *ctx, const ost_item *in,
                         const ost_layout_file *file, ost_dicom_values *v,
                         uint32_t frame, ost_err *err)
{
    const ost_ingest_params *p = ost_ctx_params(ctx);
    ost_picture c = { 0 };
    ost_rc rc;

    rc = ost_picture_init(&c, ost_dicom_dtype(v), v->d->rows, v->d->columns, 3,
                          (uint64_t)p->max_pixels, err);
    if (!rc)
        rc = ost_dicom_fill(v, frame, c.data, err);
    if (!rc && p->color == OST_COLOR_GRAY)
        ost_picture_to_gray(&c);
    if (!rc)
        rc = ost_ingest_emit(ctx, in, file, &c, err);
    ost_picture_release(&c);
    return rc;
}

static ost_rc emit_gray(ost_stage_ctx *ctx, const ost_item *in,
                        const ost_layout_file *file, ost_dicom_values *v,
                        uint32_t frame, ost_err *err)
{
    ost_item *item = ost_ingest_item(ctx, in, file);
    ost_tensor t;
    ost_rc rc;

    rc = ost_ingest_image(ctx, item, ost_dicom_dtype(v), v->d->rows,
                          v->d->columns, 1, &t, err);
    if (!rc)
        rc = ost_dicom_fill(v, frame, t.data, err);
    return rc ? rc : ost_ingest_finish(ctx, file, item, err);
}

static ost_rc emit_frames(ost_stage_ctx *ctx, const ost_item *in,
                          const ost_layout_file *file, ost_dicom *d,
                          ost_err *err)
{
    const ost_ingest_params *p = ost_ctx_params(ctx);
    ost_dicom_values v = { .d = d,
                           .meaning = (ost_dicom_meaning)p->dicom_values,
                           .turn = p->dicom_invert,
                           .window = (uint32_t)p->dicom_window,
                           .bits = (uint32_t)p->dicom_bits };
    ost_rc rc = ost_dicom_values_init(&v, err);

    for (uint32_t k = 0; k < d->frames && !rc; k++) {
        ost_layout_file one;

        describe(ctx, file, &v, k, &one);
        rc = ost_dicom_is_color(d) ? emit_color(ctx, in, &one, &v, k, err)
                                   : emit_gray(ctx, in, &one, &v, k, err);
        if (!rc && d->frames > 1)
            rc = ost_spill(ctx, err);
    }
    ost_dicom_values_release(&v);
    return rc;
}

/* The file with its patient, study and series. */
static ost_layout_file identify(ost_stage_ctx *ctx, const ost_layout_file *file,
                                const ost_dicom *d)
{
    ost_item holder = { .attrs = file->attrs, .n_attrs = file->n_attrs };
    ost_layout_file out = *file;
    const char *patient = ost_series_describe(ctx, d, &holder);

    if (!out.group)
        out.group = patient;
    out.attrs = holder.attrs;
    out.n_attrs = holder.n_attrs;
    return out;
}

ost_rc ost_ingest_dicom(ost_stage_ctx *ctx, const ost_item *in,
                        const ost_layout_file *file, const void *data,
                        size_t size, ost_err *err)
{
    const ost_ingest_params *p = ost_ctx_params(ctx);
    ost_dicom_status status;
    ost_layout_file known;
    ost_dicom d;
    ost_rc rc;

    status = ost_dicom_read(data, size, (uint64_t)p->max_pixels, &d);
    if (status) {
        rc = ost_dicom_fail(&d, status, err);
        goto out;
    }
    known = identify(ctx, file, &d);
    rc = emit_frames(ctx, in, &known, &d, err);
    if (!rc)
        rc = ost_ingest_report(ctx, in, &known, &d, NULL, err);
    if (!rc && d.warnings[0])
        ost_note(ctx, "'%s': %s", file->path, d.warnings);
out:
    ost_dicom_release(&d);
    return rc;
}
