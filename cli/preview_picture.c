/* cli/preview_picture.c - the fields of an item to colors */
#include "base/alloc.h"
#include "base/text.h"
#include "cli/preview.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum {
    SAMPLES = 1 << 20, /* values that percentiles are taken of */
    MAX_NAMES = 64,
    OVERLAY = 45, /* percent of a mask's color */
};

/* Classes of masks, in turn. */
static const uint8_t palette[][3] = {
    { 255, 64, 64 },   { 64, 200, 255 }, { 255, 200, 0 },  { 80, 220, 100 },
    { 220, 110, 255 }, { 255, 140, 60 }, { 60, 220, 200 }, { 255, 130, 190 },
};
static const uint8_t box_color[3] = { 255, 230, 0 };

/* A plane of a field with its bytes in memory. */
typedef struct {
    ost_field f;
    ost_blob blob;
    int row; /* dimension of the rows */
    int64_t channels;
    double low;   /* becomes 0 */
    double high;  /* becomes 255 */
    bool inverse; /* high is dark */
} plane;

void ost_preview_release(ost_preview *p)
{
    ost_free(p->rgb);
    *p = (ost_preview){ 0 };
}

/* --- fields ------------------------------------------------------------- */

static bool is_mask(const ost_field *f)
{
    return strcmp(f->name, "mask") == 0 || ost_starts_with(f->name, "mask.");
}

static bool is_boxes(const ost_field *f)
{
    return strcmp(f->name, "boxes") == 0 && f->ndim == 2 && f->shape[1] == 4 &&
           f->dtype == OST_F32;
}

/* Frames, or their masks. */
static bool is_frames(const ost_field *f)
{
    return f->ndim == 3 && (strcmp(f->name, "frames") == 0 || is_mask(f));
}

static bool is_picture(const ost_field *f)
{
    return (f->ndim == 2 || f->ndim == 3) &&
           (f->dtype == OST_U8 || f->dtype == OST_U16 || f->dtype == OST_F32) &&
           !is_boxes(f);
}

/* "image", else the first that is neither mask nor boxes, else NULL. */
static const ost_field *find_lead(const ost_item *item)
{
    const ost_field *f = ost_item_field(item, "image");

    if (f && is_picture(f))
        return f;
    for (size_t i = 0; i < item->n_fields; i++)
        if (is_picture(&item->fields[i]) && !is_mask(&item->fields[i]))
            return &item->fields[i];
    return NULL;
}

/* Views may not reach beyond their blob, whatever the item says. */
static bool lies_inside(const ost_field *f, size_t bytes)
{
    uint64_t size = ost_dtype_size(f->dtype), last = f->offset;

    if (size == 0 || last > bytes)
        return false;
    for (int d = 0; d < f->ndim; d++) {
        uint64_t steps = (uint64_t)f->shape[d] - 1;

        if (f->shape[d] < 1 || f->stride[d] < 0 ||
            (steps && (uint64_t)f->stride[d] > bytes / steps))
            return false;
        last += steps * (uint64_t)f->stride[d];
    }
    return last < bytes / size;
}

static ost_rc open_plane(ost_store *s, const ost_field *f, int64_t frame,
                         plane *p, ost_err *err)
{
    ost_rc rc;

    *p = (plane){ .f = *f, .high = 255 };
    rc = ost_store_blob(s, &f->blob, true, &p->blob, err);
    if (rc)
        return rc;
    if (!lies_inside(f, p->blob.size))
        return ost_fail(err, OST_ECORRUPT, "field '%s' is empty or damaged",
                        f->name);
    if (is_frames(f)) {
        if (frame >= f->shape[0])
            return ost_fail(err, OST_EUSAGE,
                            "frame %" PRId64 " of %" PRId64
                            " (they count from 0)",
                            frame, f->shape[0]);
        p->f.offset += (uint64_t)(frame * f->stride[0]);
        p->row = 1;
    }
    p->channels = f->ndim == 3 && !is_frames(f) ? f->shape[2] : 1;
    return OST_OK;
}

static double value_at(const plane *p, int64_t y, int64_t x, int64_t c)
{
    const ost_field *f = &p->f;
    uint64_t at = f->offset +
                  (uint64_t)(y * f->stride[p->row] + x * f->stride[p->row + 1]);
    const unsigned char *v;
    uint16_t half;
    float real;

    if (p->channels > 1)
        at += (uint64_t)(c * f->stride[2]);
    v = p->blob.data + at * ost_dtype_size(f->dtype);
    switch (f->dtype) {
    case OST_U8:
        return *v;
    case OST_U16:
        memcpy(&half, v, sizeof(half));
        return half;
    case OST_F32:
    case OST_I32:
    case OST_I16:
    case OST_F64:
        break;
    }
    memcpy(&real, v, sizeof(real));
    return (double)real;
}

/* --- the window --------------------------------------------------------- */

static int compare_floats(const void *a, const void *b)
{
    float x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

/* Sets low and high to the 0.5 and 99.5 percentiles of finite values, of
 * evenly chosen ones when there are many. */
static void find_window(plane *p)
{
    int64_t height = p->f.shape[p->row], width = p->f.shape[p->row + 1];
    int64_t n = height * width, step = n / SAMPLES + 1;
    float *values = ost_xalloc((size_t)(n / step + 1) * sizeof(*values));
    size_t count = 0;

    for (int64_t i = 0; i < n; i += step) {
        double v = value_at(p, i / width, i % width, 0);

        if (isfinite(v))
            values[count++] = (float)v;
    }
    if (count == 0)
        values[count++] = 0;
    qsort(values, count, sizeof(*values), compare_floats);
    p->low = (double)values[(count - 1) * 5 / 1000];
    p->high = (double)values[(count - 1) - (count - 1) * 5 / 1000];
    if (!(p->high > p->low))
        p->high = p->low + 1;
    ost_free(values);
}

static uint8_t shade(const plane *p, double v)
{
    double s = (v - p->low) / (p->high - p->low) * 255;

    s = p->inverse ? 255 - s : s;
    return (uint8_t)(fmin(fmax(s, 0), 255) + 0.5);
}

/* --- drawing ------------------------------------------------------------ */

/* What pixel `i` of `n` covers of `size`. */
static void covered(int64_t i, int64_t n, int64_t size, int64_t *from,
                    int64_t *to)
{
    *from = i * size / n;
    *to = ((i + 1) * size + n - 1) / n;
}

static double mean_at(const plane *p, const ost_preview *out, int64_t y,
                      int64_t x, int64_t c)
{
    int64_t y0, y1, x0, x1;
    double sum = 0, n = 0;

    covered(y, out->height, p->f.shape[p->row], &y0, &y1);
    covered(x, out->width, p->f.shape[p->row + 1], &x0, &x1);
    for (int64_t i = y0; i < y1; i++) {
        for (int64_t k = x0; k < x1; k++) {
            double v = value_at(p, i, k, c);

            if (!isfinite(v))
                continue;
            sum += v;
            n += 1;
        }
    }
    return n > 0 ? sum / n : p->low;
}

static void draw_image(const plane *p, ost_preview *out)
{
    uint8_t *to = out->rgb;

    for (int64_t y = 0; y < out->height; y++) {
        for (int64_t x = 0; x < out->width; x++, to += 3) {
            if (p->channels == 3) {
                for (int64_t c = 0; c < 3; c++)
                    to[c] = shade(p, mean_at(p, out, y, x, c));
            } else {
                memset(to, shade(p, mean_at(p, out, y, x, 0)), 3);
            }
        }
    }
}

/* The class that most of a pixel belongs to would take long to find: the
 * largest one in it is shown. */
static int64_t class_at(const plane *p, const ost_preview *out, int64_t y,
                        int64_t x)
{
    int64_t y0, y1, x0, x1, class = 0;

    covered(y, out->height, p->f.shape[p->row], &y0, &y1);
    covered(x, out->width, p->f.shape[p->row + 1], &x0, &x1);
    for (int64_t i = y0; i < y1; i++) {
        for (int64_t k = x0; k < x1; k++) {
            double v = value_at(p, i, k, 0);

            if (v > (double)class)
                class = v >= 1 ? (int64_t)v : 1;
        }
    }
    return class;
}

static void draw_mask(const plane *p, size_t first_color, ost_preview *out)
{
    uint8_t *to = out->rgb;

    for (int64_t y = 0; y < out->height; y++) {
        for (int64_t x = 0; x < out->width; x++, to += 3) {
            int64_t class = class_at(p, out, y, x);
            const uint8_t *color;

            if (class == 0)
                continue;
            if (class == 255)
                class = 1; /* as 8-bit masks are often written */
            color = palette[(first_color + (size_t) class - 1) %
                            (sizeof(palette) / sizeof(palette[0]))];
            for (int c = 0; c < 3; c++)
                to[c] = (uint8_t)((to[c] * (100 - OVERLAY) +
                                   color[c] * OVERLAY + 50) /
                                  100);
        }
    }
}

static void draw_dot(ost_preview *out, int64_t y, int64_t x)
{
    if (y >= 0 && y < out->height && x >= 0 && x < out->width)
        memcpy(out->rgb + (y * out->width + x) * 3, box_color, 3);
}

static int64_t scaled(double edge, int64_t n, int64_t size)
{
    double v = floor(edge * (double)n / (double)size);

    return (int64_t)fmin(fmax(v, -1), (double)n);
}

/* Edges of pixels: x1 and y1 lie behind the last one. */
static void draw_box(const float box[4], int64_t height, int64_t width,
                     ost_preview *out)
{
    int64_t x0 = scaled((double)box[0], out->width, width);
    int64_t y0 = scaled((double)box[1], out->height, height);
    int64_t x1 = scaled(ceil((double)box[2]) - 1, out->width, width);
    int64_t y1 = scaled(ceil((double)box[3]) - 1, out->height, height);

    for (int64_t x = x0; x <= x1; x++) {
        draw_dot(out, y0, x);
        draw_dot(out, y1, x);
    }
    for (int64_t y = y0; y <= y1; y++) {
        draw_dot(out, y, x0);
        draw_dot(out, y, x1);
    }
}

static ost_rc draw_boxes(ost_store *s, const ost_field *f, int64_t height,
                         int64_t width, ost_preview *out, ost_err *err)
{
    plane p = { .f = *f };
    ost_rc rc;

    if (f->shape[0] == 0)
        return OST_OK;
    rc = ost_store_blob(s, &f->blob, true, &p.blob, err);
    if (!rc && !lies_inside(f, p.blob.size))
        rc = ost_fail(err, OST_ECORRUPT, "field '%s' is damaged", f->name);
    for (int64_t i = 0; i < f->shape[0] && !rc; i++) {
        float box[4];
        bool sound = true;

        for (int64_t k = 0; k < 4; k++) {
            box[k] = (float)value_at(&p, i, k, 0);
            sound = sound && isfinite(box[k]);
        }
        if (sound)
            draw_box(box, height, width, out);
    }
    ost_blob_release(&p.blob);
    return rc;
}

/* --- the whole ---------------------------------------------------------- */

static ost_rc find_wished(const ost_item *item, const char *name,
                          const ost_field **field, ost_err *err)
{
    const char *names[MAX_NAMES];
    const char *near;
    size_t n = 0;

    *field = ost_item_field(item, name);
    if (*field && (is_picture(*field) || is_boxes(*field)))
        return OST_OK;
    if (*field)
        return ost_fail(err, OST_EINPUT, "field '%s' is no picture", name);
    for (size_t i = 0; i < item->n_fields && n < MAX_NAMES; i++)
        names[n++] = item->fields[i].name;
    near = ost_nearest(name, names, n);
    return ost_fail(err, OST_ENOTFOUND, "item '%s' has no field '%s'%s%s%s",
                    item->id, name, near ? " (did you mean '" : "",
                    near ? near : "", near ? "'?)" : "");
}

/* The size that the picture is brought to. */
static void fit(int64_t height, int64_t width, const ost_preview_wish *wish,
                ost_preview *out)
{
    out->height = height;
    out->width = width;
    if (wish->max_width > 0 && out->width > wish->max_width) {
        out->height = height * wish->max_width / width;
        out->width = wish->max_width;
    }
    if (wish->max_height > 0 && out->height > wish->max_height) {
        out->width = width * wish->max_height / height;
        out->height = wish->max_height;
    }
    out->height += out->height == 0;
    out->width += out->width == 0;
}

static void say_image(const plane *p, const ost_preview_wish *wish,
                      ost_buf *words)
{
    const ost_field *f = &p->f;

    ost_buf_addf(words, "%s %s %" PRId64 " x %" PRId64, f->name,
                 ost_dtype_name(f->dtype), f->shape[p->row],
                 f->shape[p->row + 1]);
    if (is_frames(f))
        ost_buf_addf(words, ", frame %" PRId64 " of %" PRId64, wish->frame,
                     f->shape[0]);
    if (p->channels > 1 && p->channels != 3)
        ost_buf_addf(words, ", channel 0 of %" PRId64, p->channels);
    if (f->dtype != OST_U8)
        ost_buf_addf(words,
                     ", %.6g .. %.6g (0.5 and 99.5 percentile) shown "
                     "from %s",
                     p->low, p->high,
                     p->inverse ? "white to black" : "black to white");
    else if (p->inverse)
        ost_buf_adds(words, ", shown turned around");
}

/* Lays a mask over the picture when it fits it; of masks of frames, that of
 * the frame. */
static ost_rc add_mask(ost_store *s, const ost_field *f, int64_t frame,
                       size_t color, int64_t height, int64_t width,
                       ost_preview *out, ost_buf *words, ost_err *err)
{
    int row = is_frames(f) ? 1 : 0;
    plane p;
    ost_rc rc;

    if ((is_frames(f) && frame >= f->shape[0]) || f->shape[row] != height ||
        f->shape[row + 1] != width) {
        ost_buf_addf(words, "; %s has another size", f->name);
        return OST_OK;
    }
    rc = open_plane(s, f, frame, &p, err);
    if (!rc) {
        draw_mask(&p, color, out);
        ost_buf_addf(words, "; %s", f->name);
    }
    ost_blob_release(&p.blob);
    return rc;
}

static ost_rc add_layers(ost_store *s, const ost_item *item,
                         const ost_field *only, int64_t frame, int64_t height,
                         int64_t width, ost_preview *out, ost_buf *words,
                         ost_err *err)
{
    ost_rc rc = OST_OK;
    size_t color = 0;

    for (size_t i = 0; i < item->n_fields && !rc; i++) {
        const ost_field *f = &item->fields[i];

        if (is_mask(f) && is_picture(f) && (!only || only == f))
            rc = add_mask(s, f, frame, color++, height, width, out, words, err);
    }
    for (size_t i = 0; i < item->n_fields && !rc; i++) {
        const ost_field *f = &item->fields[i];

        if (!is_boxes(f) || (only && only != f))
            continue;
        rc = draw_boxes(s, f, height, width, out, err);
        ost_buf_addf(words, "; %" PRId64 " boxes", f->shape[0]);
    }
    return rc;
}

/* What is drawn: an image (or nothing but the size of a mask), and layers. */
typedef struct {
    const ost_field *base;
    bool blank;            /* the base is a mask */
    bool layers;           /* masks and boxes are laid over it */
    const ost_field *only; /* this one alone, or NULL */
} drawing;

static ost_rc choose(const ost_item *item, const char *name, drawing *d,
                     ost_err *err)
{
    const ost_field *wished = NULL;
    ost_rc rc = OST_OK;

    if (name)
        rc = find_wished(item, name, &wished, err);
    if (rc)
        return rc;
    *d = (drawing){ .base = find_lead(item), .layers = true };
    if (wished && (is_mask(wished) || is_boxes(wished)))
        d->only = wished;
    else if (wished)
        *d = (drawing){ .base = wished };
    if (!d->base && d->only && is_mask(d->only))
        d->base = d->only;
    for (size_t i = 0; i < item->n_fields && !d->base && !d->only; i++)
        if (is_mask(&item->fields[i]) && is_picture(&item->fields[i]))
            d->base = &item->fields[i];
    if (!d->base)
        return ost_fail(err, OST_EINPUT, "item '%s' has no picture", item->id);
    d->blank = is_mask(d->base);
    return OST_OK;
}

static ost_rc draw_all(ost_store *s, const ost_item *item, const drawing *d,
                       plane *p, const ost_preview_wish *wish, ost_preview *out,
                       ost_buf *words, ost_err *err)
{
    int64_t height = p->f.shape[p->row], width = p->f.shape[p->row + 1];

    fit(height, width, wish, out);
    out->rgb = ost_try_alloc((size_t)out->height * (size_t)out->width, 3);
    if (!out->rgb)
        return ost_fail(err, OST_ENOMEM, "no memory for the preview");
    if (d->blank) {
        ost_buf_adds(words, "no image");
    } else {
        if (p->f.dtype != OST_U8)
            find_window(p);
        p->inverse = p->channels != 3 && ost_item_is_inverse(item, p->f.name);
        draw_image(p, out);
        say_image(p, wish, words);
    }
    if (!d->layers)
        return OST_OK;
    return add_layers(s, item, d->only, wish->frame, height, width, out, words,
                      err);
}

ost_rc ost_preview_make(ost_store *s, const ost_item *item,
                        const ost_preview_wish *wish, ost_preview *out,
                        ost_buf *words, ost_err *err)
{
    plane p = { 0 };
    drawing d;
    ost_rc rc;

    *out = (ost_preview){ 0 };
    rc = choose(item, wish->field, &d, err);
    if (rc)
        return rc;
    rc = open_plane(s, d.base, wish->frame, &p, err);
    if (!rc)
        rc = draw_all(s, item, &d, &p, wish, out, words, err);
    ost_blob_release(&p.blob);
    if (rc)
        ost_preview_release(out);
    return rc;
}
