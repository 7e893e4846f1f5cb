/* kernels/cpu/morphology.c - erosion, dilation and what is made of them
 *
 * Rows of a shape get no wider away from its center, so that the shape is the
 * union of a few centered rectangles, and the largest value under it is the
 * largest of those under the rectangles.  Under a rectangle it is found along
 * rows and then along columns, in windows of 1, 2, 4, ... pixels made of two of
 * half the size, so that the time hardly depends on the size of the shape.  The
 * smallest value is the largest one of the negative.
 *
 * u8 is worked on as such, and under small shapes row by row (morph_rows.c);
 * u16 and f32 as float, which holds both.
 */
#include "kernels/morphology.h"

#include "base/alloc.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/morph_rows.h"
#include "kernels/cpu/wide.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { RECT_REACH = 15 };

/* What there is for each type of plane. */
typedef struct pixels {
    size_t size;
    /* to[i] = the larger of a[i] and b[i] */
    void (*larger)(void *to, const void *a, const void *b, int64_t n);
    /* to[i] = the larger of to[i] and from[i] */
    void (*raise)(void *to, const void *from, int64_t n);
    void (*lowest)(void *to, int64_t n);
    void (*negate)(void *to, int64_t n);
    /* to[i] -= from[i], or from[i] - to[i] */
    void (*subtract)(void *to, const void *from, int64_t n);
    void (*subtract_from)(void *to, const void *from, int64_t n);
} pixels;

#define DEFINE_PIXELS(type, name, low, negative)                            \
    OST_WIDE_BODY(name##_larger,                                            \
                  (void *to, const void *a, const void *b, int64_t n))      \
    {                                                                       \
        type *restrict t = to;                                              \
        const type *restrict p = a, *restrict q = b;                        \
                                                                            \
        for (int64_t i = 0; i < n; i++)                                     \
            t[i] = p[i] > q[i] ? p[i] : q[i];                               \
    }                                                                       \
    OST_WIDE(name##_larger,                                                 \
             (void *to, const void *a, const void *b, int64_t n),           \
             (to, a, b, n))                                                 \
    OST_WIDE_BODY(name##_raise, (void *to, const void *from, int64_t n))    \
    {                                                                       \
        type *restrict t = to;                                              \
        const type *restrict p = from;                                      \
                                                                            \
        for (int64_t i = 0; i < n; i++)                                     \
            t[i] = p[i] > t[i] ? p[i] : t[i];                               \
    }                                                                       \
    OST_WIDE(name##_raise, (void *to, const void *from, int64_t n),         \
             (to, from, n))                                                 \
    static void name##_lowest(void *to, int64_t n)                          \
    {                                                                       \
        type *t = to;                                                       \
                                                                            \
        for (int64_t i = 0; i < n; i++)                                     \
            t[i] = (low);                                                   \
    }                                                                       \
    static void name##_negate(void *to, int64_t n)                          \
    {                                                                       \
        type *t = to;                                                       \
                                                                            \
        for (int64_t i = 0; i < n; i++)                                     \
            t[i] = (type)((negative)-t[i]);                                 \
    }                                                                       \
    static void name##_subtract(void *to, const void *from, int64_t n)      \
    {                                                                       \
        type *restrict t = to;                                              \
        const type *restrict p = from;                                      \
                                                                            \
        for (int64_t i = 0; i < n; i++)                                     \
            t[i] = (type)(t[i] - p[i]);                                     \
    }                                                                       \
    static void name##_subtract_from(void *to, const void *from, int64_t n) \
    {                                                                       \
        type *restrict t = to;                                              \
        const type *restrict p = from;                                      \
                                                                            \
        for (int64_t i = 0; i < n; i++)                                     \
            t[i] = (type)(p[i] - t[i]);                                     \
    }                                                                       \
    static const pixels name = { sizeof(type),        name##_larger,        \
                                 name##_raise,        name##_lowest,        \
                                 name##_negate,       name##_subtract,      \
                                 name##_subtract_from };

DEFINE_PIXELS(uint8_t, bytes, 0, 255)
DEFINE_PIXELS(float, floats, -INFINITY, 0.0f)

typedef struct morphing {
    ost_image in;
    ost_image out;
    const pixels *k;
    ost_morph_rects shape;
    size_t row_size;      /* bytes of a row of a plane */
    unsigned char *now;   /* h rows */
    unsigned char *next;  /* h rows */
    unsigned char *other; /* h rows, of a gradient */
    unsigned char *work;  /* as many rows as the shape reaches above, h, and as
                             many again */
    unsigned char *line;  /* two rows with as many columns on both sides */
    size_t line_size;
    float *row;
    void *memory;
} morphing;

/* ---- shapes ---- */

/* Half the width of the row `dy` rows from the center, as OpenCV has it. */
static int64_t half_width(ost_morph_shape shape, int64_t r, int64_t dy)
{
    if (shape == OST_MORPH_RECT || r == 0)
        return r;
    if (shape == OST_MORPH_CROSS)
        return dy == 0 ? r : 0;
    return (int64_t)rint(
        (double)r * sqrt((double)(r * r - dy * dy) * (1.0 / (double)(r * r))));
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* One rectangle for each width, as tall as the rows that are so wide; no side
 * needs to reach farther than the image.  Repeating a rectangle makes a larger
 * one. */
void ost_morph_cut(const ost_image *in, const ost_morph_spec *spec,
                   ost_morph_rects *m)
{
    int64_t r = spec->size / 2, times = 1;

    m->n = 0;
    m->iterations = spec->iterations;
    if (spec->shape == OST_MORPH_RECT) {
        times = spec->iterations;
        m->iterations = 1;
    }
    for (int64_t dy = r; dy >= 0; dy--) {
        int64_t x = half_width(spec->shape, r, dy);
        int64_t before = m->n ? m->rect[m->n - 1].x : -1;

        if (x * times > before)
            m->rect[m->n++] = (ost_morph_rect){ x * times, dy * times };
    }
    for (int i = 0; i < m->n; i++) {
        m->rect[i].x = smaller(m->rect[i].x, in->w - 1);
        m->rect[i].y = smaller(m->rect[i].y, in->h - 1);
    }
}

/* The shape as columns, where it is small enough for rows to be faster. */
static bool find_columns(const morphing *m, ost_morph_columns *columns)
{
    int64_t last = m->shape.rect[m->shape.n - 1].x;

    if (m->k != &bytes ||
        last > (m->shape.n == 1 ? RECT_REACH : OST_MORPH_REACH))
        return false;
    columns->reach = last;
    for (int i = m->shape.n - 1; i >= 0; i--)
        for (int64_t d = 0; d <= m->shape.rect[i].x; d++)
            columns->tall[d] = m->shape.rect[i].y;
    return true;
}

/* ---- the largest value under a rectangle ---- */

static unsigned char *row_of(const morphing *m, unsigned char *plane, int64_t y)
{
    return plane + y * (int64_t)m->row_size;
}

/* The largest values of windows of 2 * x + 1 columns around each pixel. */
static void widen_row(const morphing *m, const unsigned char *from, int64_t x,
                      unsigned char *to)
{
    int64_t w = m->in.w, n = w + 2 * x, have = 1, want = 2 * x + 1;
    unsigned char *a = m->line, *b = m->line + m->line_size;
    size_t size = m->k->size;

    m->k->lowest(a, x);
    memcpy(a + (size_t)x * size, from, m->row_size);
    m->k->lowest(a + (size_t)(x + w) * size, x);
    for (; 2 * have <= want; have *= 2) {
        unsigned char *swapped = a;

        n -= have;
        m->k->larger(b, a, a + (size_t)have * size, n);
        a = b;
        b = swapped;
    }
    m->k->larger(to, a, a + (size_t)(want - have) * size, w);
}

/* Raises the plane `to` to the largest values of `from` under a rectangle. */
static void raise_by_rect(const morphing *m, unsigned char *from,
                          ost_morph_rect r, unsigned char *to)
{
    int64_t h = m->in.h, w = m->in.w, n = h + 2 * r.y, have = 1;
    int64_t want = 2 * r.y + 1;

    for (int64_t y = 0; y < n; y++)
        if (y < r.y || y >= h + r.y)
            m->k->lowest(row_of(m, m->work, y), w);
        else
            widen_row(m, row_of(m, from, y - r.y), r.x, row_of(m, m->work, y));
    for (; 2 * have <= want; have *= 2) {
        n -= have;
        for (int64_t y = 0; y < n; y++)
            m->k->raise(row_of(m, m->work, y), row_of(m, m->work, y + have), w);
    }
    for (int64_t y = 0; y < h; y++) {
        m->k->raise(row_of(m, to, y), row_of(m, m->work, y), w);
        m->k->raise(row_of(m, to, y), row_of(m, m->work, y + want - have), w);
    }
}

static void dilate(morphing *m)
{
    int64_t count = m->in.h * m->in.w;

    for (int i = 0; i < m->shape.iterations; i++) {
        unsigned char *swapped = m->now;

        m->k->lowest(m->next, count);
        for (int k = 0; k < m->shape.n; k++)
            raise_by_rect(m, m->now, m->shape.rect[k], m->next);
        m->now = m->next;
        m->next = swapped;
    }
}

static void erode(morphing *m)
{
    int64_t count = m->in.h * m->in.w;

    m->k->negate(m->now, count);
    dilate(m);
    m->k->negate(m->now, count);
}

/* ---- a channel in, a channel out ---- */

static void load_channel(const morphing *m, int64_t c, bool lowest,
                         unsigned char *plane)
{
    for (int64_t y = 0; y < m->in.h; y++) {
        unsigned char *to = row_of(m, plane, y);

        if (m->k == &bytes) {
            const uint8_t *p = ost_image_at(&m->in, y, 0, c);

            if (m->in.step_x == 1)
                memcpy(to, p, m->row_size);
            for (int64_t x = 0; m->in.step_x != 1 && x < m->in.w; x++)
                to[x] = p[x * m->in.step_x];
            continue;
        }
        ost_row_get(&m->in, y, c, m->row);
        for (int64_t x = 0; x < m->in.w; x++)
            ((float *)(void *)to)[x] =
                !isnan(m->row[x]) ? m->row[x] : (lowest ? -INFINITY : INFINITY);
    }
}

static void store_channel(const morphing *m, int64_t c)
{
    for (int64_t y = 0; y < m->in.h; y++) {
        const unsigned char *from = row_of(m, m->now, y);

        if (m->k == &bytes) {
            uint8_t *p = ost_image_at(&m->out, y, 0, c);

            if (m->out.step_x == 1)
                memcpy(p, from, m->row_size);
            for (int64_t x = 0; m->out.step_x != 1 && x < m->in.w; x++)
                p[x * m->out.step_x] = from[x];
        } else {
            ost_row_put(&m->out, y, c, (const float *)(const void *)from);
        }
    }
}

static void change_channel(morphing *m, ost_morph_change change, int64_t c)
{
    int64_t count = m->in.h * m->in.w;
    unsigned char *swapped;

    load_channel(m, c,
                 change == OST_MORPH_DILATE || change == OST_MORPH_CLOSE ||
                     change == OST_MORPH_BLACKHAT,
                 m->now);
    switch (change) {
    case OST_MORPH_DILATE:
        dilate(m);
        break;
    case OST_MORPH_ERODE:
        erode(m);
        break;
    case OST_MORPH_OPEN:
    case OST_MORPH_TOPHAT:
        erode(m);
        dilate(m);
        break;
    case OST_MORPH_CLOSE:
    case OST_MORPH_BLACKHAT:
        dilate(m);
        erode(m);
        break;
    case OST_MORPH_GRADIENT:
        erode(m);
        swapped = m->other;
        m->other = m->now;
        m->now = swapped;
        load_channel(m, c, true, m->now);
        dilate(m);
        m->k->subtract(m->now, m->other, count);
        break;
    }
    if (change == OST_MORPH_TOPHAT || change == OST_MORPH_BLACKHAT) {
        load_channel(m, c, true, m->next);
        if (change == OST_MORPH_TOPHAT)
            m->k->subtract_from(m->now, m->next, count);
        else
            m->k->subtract(m->now, m->next, count);
    }
    store_channel(m, c);
}

/* ---- the whole ---- */

static ost_rc take_memory(morphing *m, ost_morph_change change, ost_err *err)
{
    size_t h = (size_t)m->in.h, w = (size_t)m->in.w, size = m->k->size;
    size_t over = 0, beside = 0, planes = change == OST_MORPH_GRADIENT ? 3 : 2;
    unsigned char *p;

    for (int i = 0; i < m->shape.n; i++) {
        over = (size_t)m->shape.rect[i].y > over ? (size_t)m->shape.rect[i].y
                                                 : over;
        beside = (size_t)m->shape.rect[i].x > beside
                     ? (size_t)m->shape.rect[i].x
                     : beside;
    }
    m->row_size = w * size;
    m->line_size = (w + 2 * beside) * size;
    m->row = ost_try_alloc(w, sizeof(*m->row));
    m->memory = ost_try_alloc_aligned(
        (planes * h + h + 2 * over) * w + 2 * (w + 2 * beside), size);
    if (!m->memory || !m->row)
        return ost_fail(err, OST_ENOMEM,
                        "morphology: no memory for %lld x %lld",
                        (long long)m->in.h, (long long)m->in.w);
    p = m->memory;
    m->now = p;
    m->next = m->now + h * m->row_size;
    m->other = m->next + h * m->row_size;
    m->work = p + planes * h * m->row_size;
    m->line = m->work + (h + 2 * over) * m->row_size;
    return OST_OK;
}

ost_rc ost_morph_check(const ost_tensor *image, const ost_morph_spec *spec,
                       const ost_tensor *out, ost_image *in, ost_image *to,
                       ost_err *err)
{
    ost_rc rc = ost_image_of(image, "image", in, err);

    if (!rc)
        rc = ost_image_of(out, "changed image", to, err);
    if (!rc)
        rc = ost_image_alike(in, to, err);
    if (rc)
        return rc;
    if (spec->size < 1 || spec->size > OST_MORPH_MOST || spec->size % 2 == 0)
        return ost_fail(err, OST_EINPUT,
                        "morphology: size %d is not odd or not in 1..%d",
                        spec->size, OST_MORPH_MOST);
    if (spec->iterations < 1 || spec->iterations > OST_MORPH_MOST)
        return ost_fail(err, OST_EINPUT,
                        "morphology: %d iterations are not in 1..%d",
                        spec->iterations, OST_MORPH_MOST);
    if (in->h != to->h || in->w != to->w)
        return ost_fail(err, OST_EINPUT, "morphology: sizes differ");
    return OST_OK;
}

ost_rc ost_cpu_morphology(const ost_tensor *image, const ost_morph_spec *spec,
                          ost_tensor *out, ost_err *err)
{
    morphing m = { 0 };
    ost_morph_columns columns = { 0 };
    ost_rc rc = ost_morph_check(image, spec, out, &m.in, &m.out, err);

    if (rc || ost_image_is_empty(&m.in))
        return rc;
    m.k = m.in.dtype == OST_U8 ? &bytes : &floats;
    ost_morph_cut(&m.in, spec, &m.shape);
    if (find_columns(&m, &columns)) {
        for (int64_t c = 0; c < m.in.c && !rc; c++)
            rc = ost_morph_rows(&m.in, &m.out, c, &columns, spec->change,
                                m.shape.iterations, err);
        return rc;
    }
    rc = take_memory(&m, spec->change, err);
    for (int64_t c = 0; c < m.in.c && !rc; c++)
        change_channel(&m, spec->change, c);
    ost_free(m.memory);
    ost_free(m.row);
    return rc;
}
