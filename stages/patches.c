/* stages/patches.c - squares of random size, around what is marked or free
 *
 * `around`: for each box, and each component of a mask, `copies` squares whose
 * side is a drawn multiple of the longer side of the box, and which lie at
 * random so that they hold the box; of masks of frames, what any of them marks
 * counts.  `free`: for each image, `copies` squares
 * whose sides are those of the patches at the port `like`, drawn anew, or drawn
 * between two numbers; they lie anywhere where the mean of the image is above
 * its Otsu threshold (each such place as likely as any other).
 *
 * Patches are views, clipped to the image; their masks and boxes follow.  An
 * item has the attributes patch.y, patch.x, patch.height, patch.width (where it
 * lies), patch.side (as drawn), parent.height and parent.width; `blend` puts it
 * back.  Images without a box, or without a place, give none.
 */
#include "base/alloc.h"
#include "base/vec.h"
#include "kernels/connected.h"
#include "kernels/threshold.h"
#include "stages/geometry.h"

#include <fnmatch.h>
#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { PLACE_AROUND, PLACE_FREE };

typedef struct patches_params {
    int place;
    ost_str_list around;
    int64_t copies;
    ost_f64_list scale;
    ost_f64_list sides;
    const char *field;
} patches_params;

static const ost_param params[] = {
    OST_PARAM(patches_params, place, CHOICE,
              "around what is marked, or anywhere where the image is bright",
              .dflt = "\"around\"", .choices = "around|free"),
    OST_PARAM(patches_params, around, STR_LIST,
              "'boxes', and masks, whose components are boxes; * as wildcard",
              .dflt = "[\"boxes\"]", .min_len = 1, .max_len = 64),
    OST_PARAM(patches_params, copies, I64,
              "patches for each box, or for each image", .dflt = "1", .min = 1,
              .max = 10000),
    OST_PARAM(patches_params, scale, F64_LIST,
              "around: least and largest side, as multiples of the box's "
              "longer side",
              .dflt = "[1.2, 2.5]", .min = 1, .max = 1000, .min_len = 2,
              .max_len = 2),
    OST_PARAM(patches_params, sides, F64_LIST,
              "free: least and largest side in pixels, where no patches at "
              "'like' say it",
              .dflt = "[]", .min = 1, .max = 65536, .min_len = 0, .max_len = 2),
    OST_PARAM(patches_params, field, STR, "free: the image that is looked at",
              .dflt = "\"image\""),
    OST_END,
};

static ost_rc check(const void *with, ost_err *err)
{
    const patches_params *p = with;

    if (p->scale.v[0] > p->scale.v[1])
        return ost_fail(err, OST_EWORKFLOW, "'scale' is not in order");
    if (p->sides.n == 1)
        return ost_fail(err, OST_EWORKFLOW,
                        "'sides' needs two numbers: least and largest");
    if (p->sides.n == 2 && p->sides.v[0] > p->sides.v[1])
        return ost_fail(err, OST_EWORKFLOW, "'sides' is not in order");
    return OST_OK;
}

/* ---- sides of free patches ---- */

typedef OST_VEC(double) side_vec;

/* The sides of the patches at the port `like`. */
static ost_rc read_sides(ost_stage_ctx *ctx, side_vec *sides, ost_err *err)
{
    const ost_input *in = ost_ctx_input(ctx, "like", 0);
    const ost_item *items;
    size_t n;
    ost_rc rc;

    if (!in)
        return OST_OK;
    rc = ost_ctx_items(ctx, in, &items, &n, err);
    for (size_t i = 0; i < n && !rc; i++) {
        const ost_attr *a = ost_item_attr(&items[i], "patch.side");

        if (!a || a->kind != OST_ATTR_NUMBER)
            rc = ost_fail(err, OST_EINPUT,
                          "item '%s' at 'like' is no patch: it has no "
                          "attribute 'patch.side'",
                          items[i].id);
        else
            ost_vec_push(sides, a->number);
    }
    if (!rc && n == 0)
        rc = ost_fail(err, OST_EINPUT, "there are no patches at 'like'");
    return rc;
}

static int64_t draw_side(const patches_params *p, const side_vec *sides,
                         ost_rng *r)
{
    double side;

    if (sides->len)
        side = sides->data[ost_rng_below(r, sides->len)];
    else
        side = ost_rng_range(r, p->sides.v[0], p->sides.v[1]);
    return side < 1.0 ? 1 : side > 65536.0 ? 65536 : (int64_t)(side + 0.5);
}

/* Each image is told the sides of its patches. */
static ost_rc prepare(ost_stage_ctx *ctx, ost_err *err)
{
    const patches_params *p = ost_ctx_params(ctx);
    const ost_item *items;
    side_vec sides = { 0 };
    ost_buf text = { 0 };
    size_t n;
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);
    if (!rc && p->place == PLACE_FREE)
        rc = read_sides(ctx, &sides, err);
    if (!rc && p->place == PLACE_FREE && !sides.len && !p->sides.n)
        rc = ost_fail(err, OST_EINPUT,
                      "neither 'sides' nor patches at 'like' say how large "
                      "free patches are");
    for (size_t i = 0; i < n && !rc; i++) {
        ost_rng r = ost_ctx_rng(ctx, &items[i], 0);

        ost_buf_reset(&text);
        ost_buf_adds(&text, "[");
        for (int64_t k = 0; k < p->copies && p->place == PLACE_FREE; k++)
            ost_buf_addf(&text, "%s%lld", k ? "," : "",
                         (long long)draw_side(p, &sides, &r));
        ost_buf_adds(&text, "]");
        ost_ctx_direct(ctx, i, ost_buf_str(&text));
    }
    ost_buf_release(&text);
    ost_vec_release(&sides);
    return rc;
}

/* ---- one patch ---- */

typedef struct cutting {
    ost_stage_ctx *ctx;
    const ost_item *in;
    ost_rect frame;
    int64_t number; /* of the next patch */
} cutting;

static ost_rc emit_patch(cutting *c, const ost_rect *square, ost_err *err)
{
    ost_cut cut = { .rect = ost_rect_clip(square, &c->frame) };
    ost_item *out = ost_derive(c->ctx, c->in, c->number++);
    const struct {
        const char *name;
        int64_t value;
    } rows[] = {
        { "patch.y", cut.rect.top },
        { "patch.x", cut.rect.left },
        { "patch.height", cut.rect.height },
        { "patch.width", cut.rect.width },
        { "patch.side", square->height },
        { "parent.height", c->frame.height },
        { "parent.width", c->frame.width },
    };
    ost_rc rc = ost_geometry_cut(c->ctx, c->in, &cut, out, err);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ost_item_set_number(ost_ctx_arena(c->ctx), out, rows[i].name,
                            (double)rows[i].value);
    return rc ? rc : ost_emit(c->ctx, "out", out, err);
}

/* ---- around boxes ---- */

/* A whole number in first .. last. */
static int64_t draw_between(ost_rng *r, int64_t first, int64_t last)
{
    return first + (int64_t)ost_rng_below(r, (uint64_t)(last - first) + 1);
}

static ost_rc cut_around(cutting *c, const ost_rect *box, ost_err *err)
{
    const patches_params *p = ost_ctx_params(c->ctx);
    int64_t longer = box->height > box->width ? box->height : box->width;
    ost_rc rc = OST_OK;

    for (int64_t k = 0; k < p->copies && !rc; k++) {
        ost_rng r = ost_ctx_rng(c->ctx, c->in, (uint64_t)c->number + 1);
        double u = ost_rng_range(&r, p->scale.v[0], p->scale.v[1]);
        ost_rect square;

        square.height = (int64_t)(u * (double)longer + 0.5);
        square.width = square.height;
        square.top =
            draw_between(&r, box->top + box->height - square.height, box->top);
        square.left =
            draw_between(&r, box->left + box->width - square.width, box->left);
        rc = emit_patch(c, &square, err);
    }
    return rc;
}

static int64_t edge(double v, int64_t n)
{
    return v > 0.0 ? v < (double)n ? (int64_t)v : n : 0;
}

static ost_rc cut_around_boxes(cutting *c, ost_err *err)
{
    int64_t h = c->frame.height, w = c->frame.width;
    ost_tensor t;
    ost_rc rc = ost_item_tensor(c->ctx, c->in, "boxes", &t, err);

    for (int64_t i = 0; !rc && i < t.shape[0]; i++) {
        const float *v = (const float *)t.data + i * t.stride[0];
        ost_rect box = { .top = edge(floor((double)v[t.stride[1]]), h),
                         .left = edge(floor((double)v[0]), w) };

        box.height = edge(ceil((double)v[3 * t.stride[1]]), h) - box.top;
        box.width = edge(ceil((double)v[2 * t.stride[1]]), w) - box.left;
        if (!ost_rect_is_empty(&box))
            rc = cut_around(c, &box, err);
    }
    return rc;
}

static ost_rc cut_around_mask(cutting *c, const char *name, ost_err *err)
{
    ost_components found = { 0 };
    ost_tensor t;
    ost_rc rc = ost_open_mask(c->ctx, c->in, name, &t, err);

    if (!rc)
        rc = ost_cpu_components(&t, 0, &found, err);
    for (int32_t i = 0; i < found.count && !rc; i++) {
        const ost_component *o = &found.all[i];
        ost_rect box = { o->top, o->left, o->bottom - o->top,
                         o->right - o->left };

        rc = cut_around(c, &box, err);
    }
    ost_components_release(&found);
    return rc;
}

static ost_rc cut_all(cutting *c, ost_err *err)
{
    const patches_params *p = ost_ctx_params(c->ctx);
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < c->in->n_fields && !rc; i++) {
        const ost_field *f = &c->in->fields[i];
        ost_plane_kind kind = ost_plane_kind_of(f);
        bool wanted = false;

        for (size_t k = 0; k < p->around.n; k++)
            wanted = wanted || fnmatch(p->around.v[k], f->name, 0) == 0;
        if (wanted && kind == OST_PLANE_BOXES)
            rc = cut_around_boxes(c, err);
        else if (wanted && ost_plane_is_mask(kind))
            rc = cut_around_mask(c, f->name, err);
    }
    return rc;
}

/* ---- free ---- */

/* Sums of an image over rectangles: `sum` is (h + 1, w + 1), the sums of all
 * that lies above and left of a pixel. */
typedef struct summed {
    int64_t h;
    int64_t w;
    double level; /* Otsu's threshold */
    double *sum;
} summed;

static double pixel_of(const ost_tensor *t, int64_t y, int64_t x)
{
    int64_t at = y * t->stride[0] + x * t->stride[1];

    return t->dtype == OST_U8    ? (double)((const uint8_t *)t->data)[at]
           : t->dtype == OST_U16 ? (double)((const uint16_t *)t->data)[at]
                                 : (double)((const float *)t->data)[at];
}

static ost_rc sum_up(ost_stage_ctx *ctx, const ost_item *in, summed *s,
                     ost_err *err)
{
    const patches_params *p = ost_ctx_params(ctx);
    ost_plane_kind kind;
    ost_tensor t;
    ost_rc rc = ost_open_plane(ctx, in, p->field, &kind, &t, err);

    if (!rc && t.ndim != 2)
        rc = ost_fail(err, OST_EINPUT, "field '%s' is not a gray image",
                      p->field);
    if (!rc)
        rc = ost_cpu_otsu(&t, NULL, &s->level, err);
    if (rc)
        return rc;
    s->h = t.shape[0];
    s->w = t.shape[1];
    s->sum =
        ost_try_alloc((size_t)s->h + 1, ((size_t)s->w + 1) * sizeof(*s->sum));
    if (!s->sum)
        return ost_fail(err, OST_ENOMEM, "no memory for sums of the image");
    for (int64_t y = 0; y < s->h; y++) {
        double *row = s->sum + (y + 1) * (s->w + 1);
        double so_far = 0;

        for (int64_t x = 0; x < s->w; x++) {
            so_far += pixel_of(&t, y, x);
            row[x + 1] = row[x - s->w] + so_far;
        }
    }
    return OST_OK;
}

/* Whether the mean of the square is above the threshold. */
static bool is_bright(const summed *s, int64_t side, int64_t y, int64_t x)
{
    const double *top = s->sum + y * (s->w + 1) + x;
    const double *bottom = top + side * (s->w + 1);

    return bottom[side] - bottom[0] - top[side] + top[0] >
           s->level * (double)side * (double)side;
}

/* The bright place of number `wanted`, or how many there are when it is
 * beyond. */
static uint64_t find_place(const summed *s, int64_t side, uint64_t wanted,
                           ost_rect *square)
{
    uint64_t n = 0;

    for (int64_t y = 0; y + side <= s->h; y++)
        for (int64_t x = 0; x + side <= s->w; x++)
            if (is_bright(s, side, y, x) && n++ == wanted) {
                *square = (ost_rect){ y, x, side, side };
                return n;
            }
    return n;
}

static ost_rc cut_free(cutting *c, const json_t *sides, ost_err *err)
{
    summed s = { 0 };
    const json_t *v;
    size_t k, none = 0;
    ost_rc rc = sum_up(c->ctx, c->in, &s, err);

    json_array_foreach(sides, k, v)
    {
        ost_rng r = ost_ctx_rng(c->ctx, c->in, k + 1);
        int64_t side = json_integer_value(v);
        ost_rect square;
        uint64_t places;

        side = side < s.h ? side : s.h;
        side = side < s.w ? side : s.w;
        if (rc || side == 0)
            break;
        places = find_place(&s, side, UINT64_MAX, &square);
        if (places == 0) {
            none++;
            continue;
        }
        (void)find_place(&s, side, ost_rng_below(&r, places), &square);
        rc = emit_patch(c, &square, err);
    }
    if (none)
        ost_note(c->ctx, "'%s': no place for %zu of %zu patches is bright",
                 c->in->id, none, json_array_size(sides));
    ost_free(s.sum);
    return rc;
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const patches_params *p = ost_ctx_params(ctx);
    cutting c = { .ctx = ctx, .in = in };
    json_t *sides;
    ost_rc rc;

    rc = ost_geometry_frame(in, &c.frame, err);
    if (rc)
        return rc;
    if (p->place == PLACE_AROUND)
        return cut_all(&c, err);
    sides = json_loads(ost_ctx_directive(ctx), 0, NULL);
    rc = cut_free(&c, sides, err);
    json_decref(sides);
    return rc;
}

const ost_stage ost_stage_patches = {
    .name = "patches",
    .version = 2, /* bump when any output byte can change */
    .summary = "Cuts squares of random size, around marks or free.",
    .flags = OST_STAGE_DRAWS,
    .param_size = sizeof(patches_params),
    .params = params,
    .inputs =
        OST_PORTS({ "in", OST_DATASET, "images", false, false },
                  { "like", OST_DATASET,
                    "patches whose sizes free ones shall have", false, true }),
    .outputs = OST_PORTS({ "out", OST_DATASET, "the patches", false, false }),
    .check = check,
    .prepare = prepare,
    .map = map,
};
