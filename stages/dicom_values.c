/* stages/dicom_values.c - stored values of a DICOM file as values of an image
 */
#include "stages/dicom_values.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

ost_rc ost_dicom_fail(const ost_dicom *d, ost_dicom_status status, ost_err *err)
{
    static const ost_rc codes[] = {
        [OST_DICOM_OK] = OST_OK,
        [OST_DICOM_DAMAGED] = OST_EINPUT,
        [OST_DICOM_UNSUPPORTED] = OST_EUNSUPPORTED,
        [OST_DICOM_NO_PICTURE] = OST_EINPUT,
        [OST_DICOM_TOO_LARGE] = OST_EINPUT,
        [OST_DICOM_NO_MEMORY] = OST_ENOMEM,
    };

    return ost_fail(err, codes[status], "%sDICOM: %s",
                    status == OST_DICOM_DAMAGED ? "damaged " : "", d->error);
}

/* --- one value ------------------------------------------------------------ */

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

static double float_value(const ost_dicom *d, size_t i)
{
    double wide;
    float narrow;

    if (d->bits == 64) {
        memcpy(&wide, d->words + i * sizeof(wide), sizeof(wide));
        return wide;
    }
    memcpy(&narrow, d->words + i * sizeof(narrow), sizeof(narrow));
    return (double)narrow;
}

/* The smallest and the largest value that fit, added up. */
static int64_t mirror(const ost_dicom *d)
{
    return d->is_signed ? -1 : (INT64_C(1) << d->bits_stored) - 1;
}

static uint16_t look_up(const ost_dicom_lut *lut, int64_t v)
{
    int64_t i = v - lut->first;

    return lut->v[i < 0 ? 0 : i >= lut->n ? lut->n - 1 : i];
}

static bool is_inverse(const ost_dicom *d)
{
    return strcmp(d->photometric, "MONOCHROME1") == 0;
}

bool ost_dicom_is_inverse(const ost_dicom_values *v)
{
    return is_inverse(v->d) && !v->turn && v->meaning != OST_DICOM_DISPLAYED;
}

/* Value `i` of the whole file behind the modality transformation. */
static double modality_value(const ost_dicom_values *v,
                             const ost_dicom_frame *f, size_t i)
{
    const ost_dicom *d = v->d;
    int64_t stored;

    if (d->is_float)
        return float_value(d, i) * f->slope + f->intercept;
    stored = stored_value(d, i);
    if (v->turn && is_inverse(d) && v->meaning == OST_DICOM_RESCALED)
        stored = mirror(d) - stored;
    if (v->modality.n)
        return look_up(&v->modality, stored);
    return (double)stored * f->slope + f->intercept;
}

/* --- display ---------------------------------------------------------------
 */

/* e^x from additions and multiplications alone, so that it is the same number
 * on every machine. */
static double plain_exp(double x)
{
    double k, r, sum = 1, term = 1;

    if (x > 700 || x < -700)
        return x > 0 ? 1e304 : 0;
    k = floor(x / 0.69314718055994531 + 0.5);
    r = x - k * 0.69314718055994531;
    for (int i = 1; i < 20; i++) {
        term *= r / i;
        sum += term;
    }
    return ldexp(sum, (int)k);
}

/* Where a window puts a value: 0 (dark) to 1. */
static double windowed(const ost_dicom_view *w, double x)
{
    double center = w->center, width = w->width, y;

    if (w->kind == OST_DICOM_SIGMOID)
        return 1 / (1 + plain_exp(-4 * (x - center) / width));
    if (w->kind == OST_DICOM_LINEAR) {
        center -= 0.5;
        width -= 1;
    }
    if (!(x > center - width / 2))
        return 0;
    if (x > center + width / 2)
        return 1;
    y = (x - center) / width + 0.5;
    return y < 0 ? 0 : y > 1 ? 1 : y;
}

static double shown(const ost_dicom_values *v, const ost_dicom_view *w,
                    double x)
{
    double y;

    if (w->lut.n)
        y = look_up(&w->lut, isnan(x) ? w->lut.first
                             : fabs(x) > 1e9
                                 ? (x > 0 ? 1000000000 : -1000000000)
                                 : (int64_t)floor(x + 0.5)) /
            (double)((1u << w->lut.bits) - 1);
    else if (w->n_views)
        y = windowed(w, x);
    else
        y = v->high > v->low ? (x - v->low) / (v->high - v->low) : 0;
    y = y > 0 ? (y < 1 ? y : 1) : 0;
    return is_inverse(v->d) ? 1 - y : y;
}

static bool is_padding(const ost_dicom *d, size_t i)
{
    int64_t stored;

    if (!d->has_padding || d->is_float)
        return false;
    stored = stored_value(d, i);
    return stored >= d->padding_low && stored <= d->padding_high;
}

/* The range of the whole file, so that its frames stay comparable. */
static void find_range(ost_dicom_values *v)
{
    const ost_dicom *d = v->d;
    size_t n = (size_t)d->rows * d->columns;
    ost_dicom_frame f;

    if (v->has_range)
        return;
    v->has_range = true;
    ost_dicom_frame_of(d, 0, &f);
    if (!d->is_float && !d->is_signed && d->bits_stored <= 8 &&
        !v->modality.n && !f.has_rescale) {
        v->high = (double)mirror(d);
        return;
    }
    v->low = (double)INFINITY;
    v->high = -(double)INFINITY;
    for (uint32_t k = 0; k < d->frames; k++) {
        ost_dicom_frame_of(d, k, &f);
        for (size_t i = k * n; i < (k + 1) * n; i++) {
            double x = modality_value(v, &f, i);

            if (!isfinite(x) || is_padding(d, i))
                continue;
            v->low = x < v->low ? x : v->low;
            v->high = x > v->high ? x : v->high;
        }
    }
}

static ost_rc find_view(ost_dicom_values *v, uint32_t frame,
                        ost_dicom_view *view, ost_err *err)
{
    ost_dicom_status status = ost_dicom_view_of(v->d, frame, v->window, view);

    if (status)
        return ost_dicom_fail(v->d, status, err);
    if (view->n_views && v->window >= view->n_views)
        return ost_fail(err, OST_EINPUT,
                        "DICOM: there is no window %u: the file has %u, "
                        "counted from 0",
                        v->window, view->n_views);
    return OST_OK;
}

static void put_shown(const ost_dicom_values *v, double y, void *out, size_t i)
{
    double most = v->bits == 16 ? 65535 : 255;
    double value = floor(y * most + 0.5);

    if (v->bits == 16)
        ((uint16_t *)out)[i] = (uint16_t)value;
    else
        ((uint8_t *)out)[i] = (uint8_t)value;
}

/* Every stored value is shown once and looked up from then on. */
static void fill_from_table(const ost_dicom_values *v, const ost_dicom_view *w,
                            const ost_dicom_frame *f, size_t first, void *out)
{
    ost_dicom one = *v->d;
    ost_dicom_values single = *v;
    uint32_t mask = (1u << one.bits_stored) - 1;
    uint16_t *table = ost_xalloc((mask + 1) * sizeof(*table));
    size_t n = (size_t)one.rows * one.columns;
    uint32_t word;

    single.d = &one;
    one.words = (unsigned char *)&word;
    one.bits = 32;
    one.high_bit = one.bits_stored - 1;
    for (word = 0; word <= mask; word++) {
        double y = shown(v, w, modality_value(&single, f, 0));

        if (v->bits == 16)
            put_shown(v, y, table, word);
        else
            put_shown(v, y, (uint8_t *)table, word);
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t at = (uint32_t)stored_value(v->d, first + i) & mask;

        if (v->bits == 16)
            ((uint16_t *)out)[i] = table[at];
        else
            ((uint8_t *)out)[i] = ((uint8_t *)table)[at];
    }
    ost_free(table);
}

static ost_rc fill_displayed(ost_dicom_values *v, uint32_t frame, void *out,
                             ost_err *err)
{
    const ost_dicom *d = v->d;
    size_t n = (size_t)d->rows * d->columns, first = frame * n;
    ost_dicom_frame f;
    ost_dicom_view view;
    ost_rc rc = find_view(v, frame, &view, err);

    if (!rc) {
        ost_dicom_frame_of(d, frame, &f);
        if (!view.n_views)
            find_range(v);
        if (!d->is_float && d->bits_stored <= 16)
            fill_from_table(v, &view, &f, first, out);
        else
            for (size_t i = 0; i < n; i++)
                put_shown(v, shown(v, &view, modality_value(v, &f, first + i)),
                          out, i);
    }
    ost_dicom_lut_release(&view.lut);
    return rc;
}

/* --- gray ------------------------------------------------------------------
 */

static void fill_stored(const ost_dicom_values *v, size_t first, void *out)
{
    const ost_dicom *d = v->d;
    ost_dtype dtype = ost_dicom_dtype(v);
    size_t n = (size_t)d->rows * d->columns;
    bool turn = v->turn && is_inverse(d);

    for (size_t i = 0; i < n; i++) {
        int64_t value;

        if (d->is_float) {
            ((float *)out)[i] = (float)float_value(d, first + i);
            continue;
        }
        value = stored_value(d, first + i);
        value = turn ? mirror(d) - value : value;
        if (dtype == OST_U8)
            ((uint8_t *)out)[i] = (uint8_t)value;
        else if (dtype == OST_U16)
            ((uint16_t *)out)[i] = (uint16_t)value;
        else
            ((float *)out)[i] = (float)value;
    }
}

static void fill_rescaled(const ost_dicom_values *v, uint32_t frame, void *out)
{
    size_t n = (size_t)v->d->rows * v->d->columns, first = frame * n;
    ost_dicom_frame f;

    ost_dicom_frame_of(v->d, frame, &f);
    for (size_t i = 0; i < n; i++)
        ((float *)out)[i] = (float)modality_value(v, &f, first + i);
}

/* --- color -----------------------------------------------------------------
 */

static bool is_palette(const ost_dicom *d)
{
    return strcmp(d->photometric, "PALETTE COLOR") == 0;
}

bool ost_dicom_is_color(const ost_dicom *d)
{
    return d->samples == 3 || is_palette(d);
}

static uint8_t clip(int v)
{
    v >>= 16;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* 8-bit YCbCr to RGB, in integers: of full range as JFIF does it, of partial
 * range (Y 16..235) as ITU-R BT.601. */
static void ycc_to_rgb(uint8_t *v, bool partial)
{
    int y = v[0], cb = v[1] - 128, cr = v[2] - 128;

    if (partial) {
        y = (y - 16) * 76309 + 32768;
        v[0] = clip(y + 104597 * cr);
        v[1] = clip(y - 25675 * cb - 53279 * cr);
        v[2] = clip(y + 132201 * cb);
    } else {
        y = y * 65536 + 32768;
        v[0] = clip(y + 91881 * cr);
        v[1] = clip(y - 22554 * cb - 46802 * cr);
        v[2] = clip(y + 116130 * cb);
    }
}

static void fill_samples(const ost_dicom *d, size_t first, void *out)
{
    bool partial = strncmp(d->photometric, "YBR_PARTIAL", 11) == 0;
    bool ycc = partial || strncmp(d->photometric, "YBR_FULL", 8) == 0;
    size_t n = (size_t)d->rows * d->columns * 3;

    for (size_t i = 0; i < n; i++) {
        int64_t value = stored_value(d, first + i);

        if (d->bits == 8)
            ((uint8_t *)out)[i] = (uint8_t)value;
        else
            ((uint16_t *)out)[i] = (uint16_t)value;
    }
    for (size_t i = 0; ycc && d->bits == 8 && i < n; i += 3)
        ycc_to_rgb((uint8_t *)out + i, partial);
}

/* Entries of 16 bits give their upper byte, unless none uses it. */
static void narrow_palette(ost_dicom_lut rgb[3])
{
    uint16_t all = 0;

    for (int c = 0; c < 3; c++)
        for (uint32_t i = 0; i < rgb[c].n; i++)
            all |= rgb[c].v[i];
    for (int c = 0; c < 3 && all > 255; c++)
        for (uint32_t i = 0; i < rgb[c].n; i++)
            rgb[c].v[i] >>= 8;
}

static void fill_palette(const ost_dicom_values *v, size_t first, uint8_t *out)
{
    size_t n = (size_t)v->d->rows * v->d->columns;

    for (size_t i = 0; i < n; i++) {
        int64_t value = stored_value(v->d, first + i);

        for (int c = 0; c < 3; c++)
            out[3 * i + (size_t)c] = (uint8_t)look_up(&v->palette[c], value);
    }
}

static ost_rc check_color(const ost_dicom *d, ost_err *err)
{
    bool fits = !d->is_float && !d->is_signed;

    if (is_palette(d))
        fits = !d->is_float && d->samples == 1 && d->bits <= 16;
    else if (strncmp(d->photometric, "YBR_", 4) == 0)
        fits = fits && d->bits == 8 &&
               (strncmp(d->photometric, "YBR_FULL", 8) == 0 ||
                strncmp(d->photometric, "YBR_PARTIAL", 11) == 0);
    else
        fits = fits && d->bits <= 16 && strcmp(d->photometric, "RGB") == 0;
    if (fits)
        return OST_OK;
    return ost_fail(err, OST_EUNSUPPORTED,
                    "DICOM: %s of %u %sbits is not supported", d->photometric,
                    d->bits, d->is_signed ? "signed " : "");
}

/* --- all -------------------------------------------------------------------
 */

ost_dtype ost_dicom_dtype(const ost_dicom_values *v)
{
    const ost_dicom *d = v->d;

    if (ost_dicom_is_color(d))
        return d->bits == 16 && !is_palette(d) ? OST_U16 : OST_U8;
    if (v->meaning == OST_DICOM_DISPLAYED)
        return v->bits == 16 ? OST_U16 : OST_U8;
    if (d->is_float || d->is_signed || d->bits_stored > 16 ||
        v->meaning == OST_DICOM_RESCALED)
        return OST_F32;
    return d->bits_stored > 8 ? OST_U16 : OST_U8;
}

static ost_rc init_color(ost_dicom_values *v, ost_err *err)
{
    ost_dicom_status status;
    ost_rc rc = check_color(v->d, err);

    if (rc || !is_palette(v->d))
        return rc;
    status = ost_dicom_palette(v->d, v->palette);
    if (status)
        return ost_dicom_fail(v->d, status, err);
    narrow_palette(v->palette);
    return OST_OK;
}

ost_rc ost_dicom_values_init(ost_dicom_values *v, ost_err *err)
{
    ost_dicom_status status;
    ost_rc rc = OST_OK;

    if (ost_dicom_is_color(v->d))
        return init_color(v, err);
    if (v->meaning == OST_DICOM_STORED)
        return OST_OK;
    status = ost_dicom_modality_lut(v->d, &v->modality);
    if (status)
        return ost_dicom_fail(v->d, status, err);
    for (uint32_t k = 0;
         k < v->d->frames && v->meaning == OST_DICOM_DISPLAYED && !rc; k++) {
        ost_dicom_view view;

        rc = find_view(v, k, &view, err);
        ost_dicom_lut_release(&view.lut);
    }
    return rc;
}

void ost_dicom_values_release(ost_dicom_values *v)
{
    ost_dicom_lut_release(&v->modality);
    for (int c = 0; c < 3; c++)
        ost_dicom_lut_release(&v->palette[c]);
}

ost_rc ost_dicom_fill(ost_dicom_values *v, uint32_t frame, void *out,
                      ost_err *err)
{
    const ost_dicom *d = v->d;
    size_t first = (size_t)frame * d->rows * d->columns;

    if (is_palette(d))
        fill_palette(v, first, out);
    else if (ost_dicom_is_color(d))
        fill_samples(d, first * 3, out);
    else if (v->meaning == OST_DICOM_DISPLAYED)
        return fill_displayed(v, frame, out, err);
    else if (v->meaning == OST_DICOM_RESCALED)
        fill_rescaled(v, frame, out);
    else
        fill_stored(v, first, out);
    return OST_OK;
}
