/* stages/ingest_dicom.c - the bytes of one DICOM file to items
 *
 * Unsigned values of at most 16 bits stay u8 or u16, all others become f32
 * (exact up to 24 bits); bits above the stored ones are cut off, so that
 * overlays in them do no harm.  A file of several frames gives an item "id#k"
 * per frame, in the group of the file.
 */
#include "base/text.h"
#include "stages/decode.h"
#include "stages/decode_dicom.h"
#include "stages/ingest.h"

#include <string.h>

#include "base/banned.h"

/* Stored value `i`, without the bits that are not stored. */
static int64_t stored_value(const ost_dicom *d, size_t i)
{
    unsigned shift = d->high_bit + 1 - d->bits_stored;
    uint64_t v = 0;

    memcpy(&v, d->words + i * (d->bits / 8), d->bits / 8);
    v = v >> shift & ((UINT64_C(1) << d->bits_stored) - 1);
    if (d->is_signed && v >> (d->bits_stored - 1))
        return (int64_t)v - (INT64_C(1) << d->bits_stored);
    return (int64_t)v;
}

/* The smallest and the largest value that fit, added up. */
static int64_t mirror(const ost_dicom *d)
{
    return d->is_signed ? -1 : (INT64_C(1) << d->bits_stored) - 1;
}

static ost_dtype value_dtype(const ost_dicom *d, const ost_ingest_params *p)
{
    if (d->is_signed || d->bits_stored > 16 ||
        p->dicom_values == OST_DICOM_RESCALED)
        return OST_F32;
    return d->bits_stored > 8 ? OST_U16 : OST_U8;
}

static bool is_inverse(const ost_dicom *d)
{
    return strcmp(d->photometric, "MONOCHROME1") == 0;
}

static void fill_gray(const ost_dicom *d, size_t first,
                      const ost_ingest_params *p, ost_tensor *t)
{
    bool turn = p->dicom_invert && is_inverse(d);
    bool rescale = p->dicom_values == OST_DICOM_RESCALED;
    size_t n = (size_t)d->rows * d->columns;

    for (size_t i = 0; i < n; i++) {
        int64_t v = stored_value(d, first + i);

        v = turn ? mirror(d) - v : v;
        if (t->dtype == OST_U8)
            ((uint8_t *)t->data)[i] = (uint8_t)v;
        else if (t->dtype == OST_U16)
            ((uint16_t *)t->data)[i] = (uint16_t)v;
        else
            ((float *)t->data)[i] =
                (float)(rescale ? (double)v * d->slope + d->intercept
                                : (double)v);
    }
}

/* 8-bit YCbCr of full range to RGB, as JFIF does it, in integers. */
static void ycc_to_rgb(uint8_t *v)
{
    int y = v[0] * 65536 + 32768, cb = v[1] - 128, cr = v[2] - 128;
    int rgb[3] = { y + 91881 * cr, y - 22554 * cb - 46802 * cr,
                   y + 116130 * cb };

    for (int i = 0; i < 3; i++)
        v[i] = (uint8_t)(rgb[i] < 0            ? 0
                         : rgb[i] >= 256 << 16 ? 255
                                               : rgb[i] >> 16);
}

/* Three samples per pixel, which are unsigned and of 8 or 16 bits. */
static ost_rc fill_color(const ost_dicom *d, size_t first, ost_picture *c)
{
    bool ycc = strncmp(d->photometric, "YBR_FULL", 8) == 0;
    size_t n = (size_t)d->rows * d->columns * 3;

    for (size_t i = 0; i < n; i++) {
        int64_t v = stored_value(d, first + i);

        if (c->dtype == OST_U8)
            ((uint8_t *)c->data)[i] = (uint8_t)v;
        else
            ((uint16_t *)c->data)[i] = (uint16_t)v;
    }
    for (size_t i = 0; ycc && c->dtype == OST_U8 && i < n; i += 3)
        ycc_to_rgb((uint8_t *)c->data + i);
    return OST_OK;
}

static ost_rc emit_color_frame(ost_stage_ctx *ctx, const ost_item *in,
                               const ost_layout_file *file, const ost_dicom *d,
                               size_t first, ost_err *err)
{
    const ost_ingest_params *p = ost_ctx_params(ctx);
    ost_picture c = { 0 };
    ost_rc rc;

    if (d->is_signed || d->bits > 16 ||
        (strcmp(d->photometric, "RGB") != 0 &&
         strncmp(d->photometric, "YBR_FULL", 8) != 0))
        return ost_fail(err, OST_EUNSUPPORTED,
                        "DICOM: %s of %u bits is not supported", d->photometric,
                        d->bits);
    rc = ost_picture_init(&c, d->bits == 16 ? OST_U16 : OST_U8, d->rows,
                          d->columns, 3, (uint64_t)p->max_pixels, err);
    if (!rc)
        rc = fill_color(d, first, &c);
    if (!rc && p->color == OST_COLOR_GRAY)
        ost_picture_to_gray(&c);
    if (!rc)
        rc = ost_ingest_emit(ctx, in, file, &c, err);
    ost_picture_release(&c);
    return rc;
}

static ost_rc emit_gray_frame(ost_stage_ctx *ctx, const ost_item *in,
                              const ost_layout_file *file, const ost_dicom *d,
                              size_t first, ost_err *err)
{
    const ost_ingest_params *p = ost_ctx_params(ctx);
    ost_item *item = ost_ingest_item(ctx, in, file);
    ost_tensor t;
    ost_rc rc;

    if (is_inverse(d) && !p->dicom_invert)
        ost_item_set_text(ost_ctx_arena(ctx), item, "photometric",
                          d->photometric);
    rc = ost_ingest_image(ctx, item, value_dtype(d, p), d->rows, d->columns, 1,
                          &t, err);
    if (rc)
        return rc;
    fill_gray(d, first, p, &t);
    return ost_emit(ctx, "out", item, err);
}

/* The layout's file with the DICOM attributes and the frame's number. */
static void describe(ost_stage_ctx *ctx, const ost_layout_file *file,
                     const ost_dicom *d, char (*values)[OST_DICOM_VALUE],
                     uint32_t frame, ost_layout_file *out)
{
    const ost_ingest_params *p = ost_ctx_params(ctx);
    ost_arena *arena = ost_ctx_arena(ctx);
    ost_item holder = { .attrs = file->attrs, .n_attrs = file->n_attrs };

    *out = *file;
    for (size_t i = 0; i < p->attributes.n; i++) {
        double number;

        if (ost_parse_f64(values[i], &number))
            ost_item_set_number(arena, &holder, p->attributes.v[i], number);
        else if (values[i][0])
            ost_item_set_text(arena, &holder, p->attributes.v[i], values[i]);
    }
    if (d->frames > 1) {
        ost_item_set_number(arena, &holder, "frame", frame);
        out->group = file->group ? file->group : file->id;
        out->parent = file->id;
        out->id = ost_arena_printf(arena, "%s#%u", file->id, frame);
    }
    out->attrs = holder.attrs;
    out->n_attrs = holder.n_attrs;
}

static ost_rc emit_frames(ost_stage_ctx *ctx, const ost_item *in,
                          const ost_layout_file *file, const ost_dicom *d,
                          char (*values)[OST_DICOM_VALUE], ost_err *err)
{
    size_t step = (size_t)d->rows * d->columns * d->samples;
    ost_rc rc = OST_OK;

    if (strcmp(d->photometric, "PALETTE COLOR") == 0)
        ost_note(ctx,
                 "'%s': the values are indices into a palette that is "
                 "not applied",
                 file->path);
    for (uint32_t k = 0; k < d->frames && !rc; k++) {
        ost_layout_file one;

        describe(ctx, file, d, values, k, &one);
        rc = d->samples == 3 ? emit_color_frame(ctx, in, &one, d, k * step, err)
                             : emit_gray_frame(ctx, in, &one, d, k * step, err);
    }
    return rc;
}

ost_rc ost_ingest_dicom(ost_stage_ctx *ctx, const ost_item *in,
                        const ost_layout_file *file, const void *data,
                        size_t size, ost_err *err)
{
    static const ost_rc codes[] = {
        [OST_DICOM_OK] = OST_OK,
        [OST_DICOM_DAMAGED] = OST_EINPUT,
        [OST_DICOM_UNSUPPORTED] = OST_EUNSUPPORTED,
        [OST_DICOM_NO_PICTURE] = OST_EINPUT,
        [OST_DICOM_TOO_LARGE] = OST_EINPUT,
        [OST_DICOM_NO_MEMORY] = OST_ENOMEM,
    };
    const ost_ingest_params *p = ost_ctx_params(ctx);
    char(*values)[OST_DICOM_VALUE] = ost_arena_alloc(
        ost_ctx_arena(ctx), (p->attributes.n + 1) * OST_DICOM_VALUE);
    ost_dicom_status status;
    ost_dicom d;
    ost_rc rc;

    status = ost_dicom_read(data, size, (uint64_t)p->max_pixels,
                            p->attributes.v, p->attributes.n, values, &d);
    if (status)
        rc = ost_fail(err, codes[status], "%sDICOM: %s",
                      status == OST_DICOM_DAMAGED ? "damaged " : "", d.error);
    else
        rc = emit_frames(ctx, in, file, &d, values, err);
    ost_dicom_release(&d);
    return rc;
}
