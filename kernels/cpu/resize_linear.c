/* kernels/cpu/resize_linear.c - linear resizing of u8, in OpenCV's fixed point
 *
 * Weights have 11 bits.  A row is first weighed along x, and of each sum the 15
 * highest of its 19 bits are kept, in 16; two such rows give a row of the
 * result.  Along x, eight outputs are made at once of the 16 input pixels
 * around them, where they lie so close; the processor picks them in one
 * instruction.  Otherwise pixels are fetched pair by pair.  The half of an
 * image is the mean of four pixels, which is the same numbers.
 */
#include "kernels/cpu/resize_linear.h"

#include "base/alloc.h"
#include "kernels/cpu/wide.h"
#include "kernels/pixel.h"

#include <endian.h>
#include <string.h>

#include "base/banned.h"

enum { GROUP = 8, REACH = 16, CHUNK = 256, BLOCK = 32 };

typedef uint8_t bytes __attribute__((vector_size(BLOCK)));
typedef uint16_t words __attribute__((vector_size(2 * BLOCK)));

/* Eight outputs: which of the REACH pixels from `at` on they take. */
typedef struct group {
    int16_t weight[2 * GROUP];
    uint8_t pick[2 * GROUP];
    int32_t at;
} group;

typedef struct linear {
    const ost_image *in;
    const ost_image *out;
    const ost_linear_axis *down;
    int32_t *at;   /* of each output column: its left pixel */
    int16_t *left; /* weights of that and of the next */
    int16_t *right;
    group *groups;   /* NULL where they do not reach */
    int16_t *sum[2]; /* rows weighed along x: even ones and odd ones */
    uint8_t *plain;  /* a row of the image without gaps, and REACH more */
    uint8_t *row;    /* a row of the result, likewise */
    void *memory;
} linear;

/* What OpenCV's saturating cast to short does with a weight. */
static int16_t fixed_weight(float w)
{
    return (int16_t)ost_px_rint(w * 2048.0f);
}

/* ---- along a row ---- */

OST_WIDE_BODY(weigh_pairs,
              (const linear *l, const uint8_t *row, int64_t n, int16_t *sum))
{
    for (int64_t x = 0; x < n; x += CHUNK) {
        int64_t count = n - x < CHUNK ? n - x : CHUNK;
        const int16_t *left = l->left + x, *right = l->right + x;
        int16_t *to = sum + x;
        uint16_t pair[CHUNK];

        for (int64_t i = 0; i < count; i++) {
            memcpy(&pair[i], row + l->at[x + i], sizeof(pair[i]));
            pair[i] = le16toh(pair[i]);
        }
        OST_APART
        for (int64_t i = 0; i < count; i++)
            to[i] = (int16_t)(((pair[i] & 255) * left[i] +
                               (pair[i] >> 8) * right[i]) >>
                              4);
    }
}
OST_WIDE(weigh_pairs,
         (const linear *l, const uint8_t *row, int64_t n, int16_t *sum),
         (l, row, n, sum))

#ifdef __x86_64__
typedef char sixteen __attribute__((vector_size(16)));
typedef uint8_t sixteen_bytes __attribute__((vector_size(16)));
typedef short pairs __attribute__((vector_size(32)));
typedef int eight __attribute__((vector_size(32)));
typedef short eight_sums __attribute__((vector_size(16)));

__attribute__((target("avx2"))) static void
weigh_groups(const linear *l, const uint8_t *row, int64_t n, int16_t *sum)
{
    const group *g = l->groups;

    for (int64_t x = 0; x < n; x += GROUP, g++) {
        sixteen pixels, pick;
        pairs wide, weight;
        eight_sums short_sums;
        eight sums;

        memcpy(&pixels, row + g->at, sizeof(pixels));
        memcpy(&pick, g->pick, sizeof(pick));
        memcpy(&weight, g->weight, sizeof(weight));
        pixels = __builtin_ia32_pshufb128(pixels, pick);
        wide = __builtin_convertvector((sixteen_bytes)pixels, pairs);
        sums = __builtin_ia32_pmaddwd256(wide, weight) >> 4;
        short_sums = __builtin_convertvector(sums, eight_sums);
        memcpy(sum + x, &short_sums, sizeof(short_sums));
    }
}
#else
#define weigh_groups weigh_pairs
#endif

/* ---- between two rows ---- */

OST_WIDE_BODY(weigh_rows,
              (int64_t n, const int16_t *upper, const int16_t *lower, int16_t a,
               int16_t b, uint8_t *out))
{
    OST_APART
    for (int64_t x = 0; x < n; x++) {
        int16_t v = (int16_t)((a * upper[x] >> 16) + (b * lower[x] >> 16));

        out[x] = (uint8_t)((v + 2) >> 2);
    }
}
OST_WIDE(weigh_rows,
         (int64_t n, const int16_t *upper, const int16_t *lower, int16_t a,
          int16_t b, uint8_t *out),
         (n, upper, lower, a, b, out))

/* ---- half the size ---- */

OST_WIDE_BODY(halve, (const ost_image *in, const ost_image *out))
{
    for (int64_t y = 0; y < out->h; y++) {
        const uint8_t *upper = in->data + 2 * y * in->step_y;
        const uint8_t *lower = upper + in->step_y;
        uint8_t *to = out->data + y * out->step_y;
        int64_t x = 0;

        for (; x + BLOCK <= out->w; x += BLOCK) {
            words u, l;
            bytes v;

            memcpy(&u, upper + 2 * x, sizeof(u));
            memcpy(&l, lower + 2 * x, sizeof(l));
            u = ((u & 255) + (u >> 8) + (l & 255) + (l >> 8) + 2) >> 2;
            v = __builtin_convertvector(u, bytes);
            memcpy(to + x, &v, sizeof(v));
        }
        for (; x < out->w; x++)
            to[x] = (uint8_t)((upper[2 * x] + upper[2 * x + 1] + lower[2 * x] +
                               lower[2 * x + 1] + 2) >>
                              2);
    }
}
OST_WIDE(halve, (const ost_image *in, const ost_image *out), (in, out))

bool ost_resize_half_u8(const ost_image *in, const ost_image *out)
{
    if (in->dtype != OST_U8 || in->h != 2 * out->h || in->w != 2 * out->w ||
        in->c != 1 || in->step_x != 1 || out->step_x != 1)
        return false;
    halve(in, out);
    return true;
}

/* ---- the whole ---- */

/* Rows may be read REACH bytes from any of their pixels' places on. */
static bool is_plain(const linear *l)
{
    return l->in->step_x == 1 && l->in->w >= REACH;
}

static const uint8_t *input_row(const linear *l, int64_t y, int64_t c)
{
    const uint8_t *p = ost_image_at(l->in, y, 0, c);

    if (is_plain(l))
        return p;
    for (int64_t x = 0; x < l->in->w; x++)
        l->plain[x] = p[x * l->in->step_x];
    l->plain[l->in->w] = l->plain[l->in->w - 1];
    return l->plain;
}

/* The last pixel is reached as the right one of a pair; a row of one pixel has
 * it twice. */
static void fill_columns(const linear *l, const ost_linear_axis *along)
{
    int64_t last = l->in->w > 1 ? l->in->w - 2 : 0;

    for (int64_t x = 0; x < l->out->w; x++) {
        l->at[x] = (int32_t)along->first[x];
        l->left[x] = fixed_weight(along->weight[2 * x]);
        l->right[x] = fixed_weight(along->weight[2 * x + 1]);
        if (along->first[x] > last) {
            l->at[x] = (int32_t)last;
            l->right[x] = l->left[x];
            l->left[x] = 0;
        }
    }
}

static bool fill_groups(const linear *l)
{
    int64_t n = l->out->w;
    int32_t most = is_plain(l) ? (int32_t)(l->in->w - REACH) : INT32_MAX;

    for (int64_t x = 0; x < n; x++) {
        group *g = &l->groups[x / GROUP];
        int32_t i = (int32_t)(x % GROUP), beyond;

        if (i == 0) {
            memset(g, 0, sizeof(*g));
            g->at = l->at[x] < most ? l->at[x] : most;
        }
        beyond = l->at[x] - g->at;
        if (beyond + 1 >= REACH)
            return false;
        g->pick[2 * i] = (uint8_t)beyond;
        g->pick[2 * i + 1] = (uint8_t)(beyond + 1);
        g->weight[2 * i] = l->left[x];
        g->weight[2 * i + 1] = l->right[x];
    }
    return true;
}

static ost_rc take_memory(linear *l, ost_err *err)
{
    size_t n = ((size_t)l->out->w + GROUP) / GROUP * GROUP;
    size_t w = (size_t)l->in->w + REACH;
    unsigned char *p;

    l->memory =
        ost_try_alloc_aligned(n * (sizeof(*l->at) + 4 * sizeof(*l->left) + 1) +
                                  n / GROUP * sizeof(group) + w,
                              1);
    if (!l->memory)
        return ost_fail(err, OST_ENOMEM, "resize: no memory for rows");
    p = l->memory;
    l->groups = (group *)p;
    p += n / GROUP * sizeof(group);
    l->at = (int32_t *)p;
    p += n * sizeof(*l->at);
    l->left = (int16_t *)p;
    l->right = l->left + n;
    l->sum[0] = l->right + n;
    l->sum[1] = l->sum[0] + n;
    l->row = (uint8_t *)(l->sum[1] + n);
    l->plain = l->row + n;
    memset(l->plain, 0, w);
    return OST_OK;
}

static const int16_t *sum_of(const linear *l, int64_t y, int64_t c,
                             int64_t kept[2])
{
    int16_t *sum = l->sum[y & 1];

    if (kept[y & 1] != y) {
        const uint8_t *row = input_row(l, y, c);

        if (l->groups)
            weigh_groups(l, row, l->out->w, sum);
        else
            weigh_pairs(l, row, l->out->w, sum);
    }
    kept[y & 1] = y;
    return sum;
}

static void resize_channel(const linear *l, int64_t c)
{
    const ost_image *out = l->out;
    int64_t kept[2] = { -1, -1 }, last = l->in->h - 1;

    for (int64_t y = 0; y < out->h; y++) {
        int64_t first = l->down->first[y];
        const float *weight = l->down->weight + 2 * y;
        uint8_t *to = ost_image_at(out, y, 0, c);
        const int16_t *upper, *lower;

        upper = sum_of(l, ost_px_clamp(first, 0, last), c, kept);
        lower = sum_of(l, ost_px_clamp(first + 1, 0, last), c, kept);
        weigh_rows(out->w, upper, lower, fixed_weight(weight[0]),
                   fixed_weight(weight[1]), out->step_x == 1 ? to : l->row);
        for (int64_t x = 0; out->step_x != 1 && x < out->w; x++)
            to[x * out->step_x] = l->row[x];
    }
}

ost_rc ost_resize_linear_u8(const ost_image *in, const ost_image *out,
                            const ost_linear_axis *down,
                            const ost_linear_axis *along, ost_err *err)
{
    linear l = { .in = in, .out = out, .down = down };
    ost_rc rc;

    rc = take_memory(&l, err);
    if (rc)
        return rc;
    fill_columns(&l, along);
    if (ost_cpu_width() == OST_WIDTH_ANY || !fill_groups(&l))
        l.groups = NULL;
    for (int64_t c = 0; c < in->c; c++)
        resize_channel(&l, c);
    ost_free(l.memory);
    return OST_OK;
}
