/* tests/property/test_patch_properties.c - any picture cut and blended
 *
 * Pictures of random sizes and types, each a view into something larger, with
 * random boxes: where patches lie, what they show, and what of a source is
 * still there when patches of other pixels have been blended into it.
 */
/* links: stages store base kernels */
#include "kernels/areas.h"
#include "stages/planes.h"
#include "tests/support/image_stages.h"
#include "tests/support/seed.h"

#include <math.h>

#include "base/banned.h"

extern const ost_stage ost_stage_blend, ost_stage_patches;
const ost_stage *const ost_stages[] = { &ost_stage_blend, &ost_stage_patches,
                                        NULL };

enum { CASES = 60, PICTURES = 20, MOST_BOXES = 3, COPIES = 3, MOST_SIDE = 40 };
enum { BLENDS = 4000, ROOM = 24 };

static fixture *shared;

static int64_t below(ost_rng *r, int64_t n)
{
    return (int64_t)ost_rng_below(r, (uint64_t)n);
}

static void fill(ost_rng *r, ost_dtype dtype, int64_t n, void *to)
{
    for (int64_t i = 0; i < n; i++) {
        uint64_t v = ost_rng_u64(r);

        if (dtype == OST_U8)
            ((uint8_t *)to)[i] = (uint8_t)v;
        else if (dtype == OST_U16)
            ((uint16_t *)to)[i] = (uint16_t)v;
        else
            ((float *)to)[i] = (float)((double)(int64_t)v * 1e-15);
    }
}

static ost_dtype draw_type(ost_rng *r)
{
    static const ost_dtype types[] = { OST_U8, OST_U16, OST_F32 };

    return types[below(r, 3)];
}

/* ---- the kernel ---- */

static double value_at(const ost_tensor *t, int64_t y, int64_t x, int64_t c)
{
    int64_t at = y * t->stride[0] + x * t->stride[1] + c * t->stride[2];

    return t->dtype == OST_U8    ? (double)((const uint8_t *)t->data)[at]
           : t->dtype == OST_U16 ? (double)((const uint16_t *)t->data)[at]
                                 : (double)((const float *)t->data)[at];
}

/* A place of `h` x `w` x `c` in a room of ROOM x ROOM x 4, with gaps. */
static ost_tensor draw_place(ost_rng *r, ost_dtype dtype, void *room, int64_t h,
                             int64_t w, int64_t c)
{
    ost_tensor t = ost_tensor_of(room, dtype, 3, (int64_t[]){ h, w, c });
    int64_t step_y = 1 + below(r, (ROOM - 1) / h);
    int64_t step_x = 1 + below(r, (ROOM - 1) / w);
    int64_t skip = below(r, ROOM - (h - 1) * step_y) * ROOM * 4 +
                   below(r, ROOM - (w - 1) * step_x) * 4 + below(r, 5 - c);

    t.data = (unsigned char *)room + skip * (int64_t)ost_dtype_size(dtype);
    t.stride[0] = step_y * ROOM * 4;
    t.stride[1] = step_x * 4;
    t.stride[2] = 1;
    return t;
}

static double weight(int64_t k, int64_t count, int n)
{
    double i = count > 1 ? 2.0 * (double)k / (double)(count - 1) - 1.0 : 1.0;

    return cos(pow(fabs(i), n) * 1.5707963267948966);
}

/* Whether one value is what the formula says, rounded. */
static bool is_mixed(double is, double from, double to, double alpha,
                     ost_dtype dtype)
{
    double want = alpha * from + (1.0 - alpha) * to;
    double slack = 1e-9 * (fabs(from) + fabs(to) + 1.0) +
                   (dtype == OST_F32 ? 1.2e-7 * fabs(want) : 0.5);

    return fabs(is - want) <= slack;
}

static const char *compare_places(const ost_tensor *patch,
                                  const ost_tensor *before,
                                  const ost_tensor *after, int n)
{
    int64_t h = patch->shape[0], w = patch->shape[1];

    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++)
            for (int64_t c = 0; c < patch->shape[2]; c++) {
                double from = value_at(patch, y, x, c);
                double to = value_at(before, y, x, c);
                double is = value_at(after, y, x, c);
                bool border = y == 0 || x == 0 || y == h - 1 || x == w - 1;

                if (border && is != to)
                    return "a border pixel is not that of the source";
                if (2 * y == h - 1 && 2 * x == w - 1 && !border && is != from)
                    return "the middle is not that of the patch";
                if (!is_mixed(is, from, to, weight(y, h, n) * weight(x, w, n),
                              patch->dtype))
                    return "a pixel is not what the formula says";
            }
    return NULL;
}

/* Nothing but the place itself is written to. */
static bool is_kept(const ost_tensor *place, const void *before,
                    const void *after, void *again)
{
    size_t size = ost_dtype_size(place->dtype);
    size_t all = ROOM * ROOM * 4 * size;
    const unsigned char *old = before;
    size_t start = (size_t)((const unsigned char *)place->data -
                            (const unsigned char *)after);

    memcpy(again, after, all);
    for (int64_t y = 0; y < place->shape[0]; y++)
        for (int64_t x = 0; x < place->shape[1]; x++)
            for (int64_t c = 0; c < place->shape[2]; c++) {
                size_t at = start + size * (size_t)(y * place->stride[0] +
                                                    x * place->stride[1] + c);

                memcpy((unsigned char *)again + at, old + at, size);
            }
    return memcmp(again, before, all) == 0;
}

static const char *one_blend(ost_rng *r)
{
    static float from[ROOM * ROOM * 4], before[ROOM * ROOM * 4];
    static float after[ROOM * ROOM * 4], again[ROOM * ROOM * 4];
    static const int exponents[] = { 1, 2, 3, 4, 8, 64 };
    ost_dtype dtype = draw_type(r);
    int64_t h = 1 + below(r, 11), w = 1 + below(r, 11), c = 1 + below(r, 4);
    int n = exponents[below(r, 6)];
    ost_tensor patch = draw_place(r, dtype, from, h, w, c);
    ost_tensor to = draw_place(r, dtype, after, h, w, c), old = to;
    const char *wrong;

    fill(r, dtype, ROOM * ROOM * 4, from);
    fill(r, dtype, ROOM * ROOM * 4, before);
    memcpy(after, before, sizeof(after));
    old.data = (unsigned char *)before +
               ((unsigned char *)to.data - (unsigned char *)after);
    if (ost_cpu_blend(&patch, n, &to, NULL))
        return "a blend failed";
    wrong = compare_places(&patch, &old, &to, n);
    if (!wrong && !is_kept(&to, before, after, again))
        wrong = "something beside the place was written to";
    return wrong;
}

static void blends_are_what_the_formula_says(void **state)
{
    (void)state;
    assert_int_equal(each_seed(BLENDS, one_blend), 0);
}

/* ---- the stages ---- */

/* A picture, as a view into a larger one. */
static void add_view(fixture *f, ost_rng *r, ost_item *item, const char *name,
                     ost_dtype dtype, int ndim, const int64_t *shape)
{
    int64_t top = below(r, 4), left = below(r, 4);
    int64_t large[3] = { shape[0] + top + below(r, 4),
                         shape[1] + left + below(r, 4), 3 };
    int64_t n = large[0] * large[1] * (ndim == 3 ? 3 : 1);
    void *data = ost_arena_alloc(&f->arena, 4 * (size_t)n);
    ost_field view;

    fill(r, dtype, n, data);
    add_field(f, item, name, dtype, ndim, large, data);
    view = ost_plane_view(ost_item_field(item, name), top, left, shape[0],
                          shape[1]);
    ost_item_set_field(&f->arena, item, &view);
}

/* Boxes with at least a part of a pixel inside; some reach outside. */
static void draw_boxes(ost_rng *r, int64_t h, int64_t w, float *boxes,
                       int64_t n)
{
    for (int64_t k = 0; k < n; k++, boxes += 4) {
        double x = ost_rng_range(r, -2, (double)w - 0.25);
        double y = ost_rng_range(r, -2, (double)h - 0.25);
        double least_x = x < 0 ? -x : 0, least_y = y < 0 ? -y : 0;

        boxes[0] = (float)x;
        boxes[1] = (float)y;
        boxes[2] =
            (float)(x + least_x + ost_rng_range(r, 0.1, (double)w / 2 + 1));
        boxes[3] =
            (float)(y + least_y + ost_rng_range(r, 0.1, (double)h / 2 + 1));
    }
}

static ost_item draw_item(fixture *f, ost_rng *r, int number)
{
    ost_item item = new_item(ost_arena_printf(&f->arena, "i%02d", number), "p",
                             "x", &f->arena);
    int64_t shape[2] = { 1 + below(r, MOST_SIDE), 1 + below(r, MOST_SIDE) };
    int64_t n = 1 + below(r, MOST_BOXES);
    float boxes[4 * MOST_BOXES];

    add_view(f, r, &item, "image", draw_type(r), below(r, 3) ? 2 : 3, shape);
    if (below(r, 2))
        add_view(f, r, &item, "mask.m", OST_U8, 2, shape);
    draw_boxes(r, shape[0], shape[1], boxes, n);
    add_field(f, &item, "boxes", OST_F32, 2, (int64_t[]){ n, 4 }, boxes);
    return item;
}

static ost_rect place_of(const ost_item *patch)
{
    return (ost_rect){ (int64_t)number_of(patch, "patch.y"),
                       (int64_t)number_of(patch, "patch.x"),
                       (int64_t)number_of(patch, "patch.height"),
                       (int64_t)number_of(patch, "patch.width") };
}

static double clip(double v, int64_t most)
{
    return v < 0 ? 0 : v > (double)most ? (double)most : v;
}

/* Where a patch lies, measured by the box it was cut around. */
static const char *check_place(const ost_item *patch, const float *box,
                               const int64_t *shape)
{
    ost_rect p = place_of(patch);
    double side = number_of(patch, "patch.side");
    double top = clip(floor((double)box[1]), shape[0]);
    double left = clip(floor((double)box[0]), shape[1]);
    double bottom = clip(ceil((double)box[3]), shape[0]);
    double right = clip(ceil((double)box[2]), shape[1]);
    double longer = fmax(bottom - top, right - left);

    if (p.top < 0 || p.left < 0 || p.height < 1 || p.width < 1 ||
        p.top + p.height > shape[0] || p.left + p.width > shape[1])
        return "a patch is not in its picture";
    if ((double)p.top > top || (double)p.left > left ||
        (double)(p.top + p.height) < bottom ||
        (double)(p.left + p.width) < right)
        return "a patch does not hold its box";
    if (side < floor(1.2 * longer + 0.5) || side > floor(2.5 * longer + 0.5))
        return "a side is not 1.2 to 2.5 times that of the box";
    if ((double)p.height > side || (double)p.width > side)
        return "a patch is larger than its side";
    if (((double)p.height < side && p.top > 0 && p.top + p.height < shape[0]) ||
        ((double)p.width < side && p.left > 0 && p.left + p.width < shape[1]))
        return "a patch is cut where its picture goes on";
    return NULL;
}

static size_t pixel_size(const ost_field *f)
{
    return ost_dtype_size(f->dtype) * (size_t)(f->ndim == 3 ? 3 : 1);
}

/* A field of the patch shows what its parent shows there. */
static bool is_part(fixture *f, const ost_item *patch, const ost_item *parent,
                    const char *name)
{
    const ost_field *field = ost_item_field(parent, name);
    size_t size = pixel_size(field), width = (size_t)field->shape[1];
    const unsigned char *small = pixels_of(f, patch, name);
    const unsigned char *large = pixels_of(f, parent, name);
    ost_rect p = place_of(patch);

    for (int64_t y = 0; y < p.height; y++)
        if (memcmp(small + (size_t)(y * p.width) * size,
                   large +
                       ((size_t)(p.top + y) * width + (size_t)p.left) * size,
                   (size_t)p.width * size) != 0)
            return false;
    return ost_digest_equal(&field->blob, &ost_item_field(patch, name)->blob);
}

static const ost_item *parent_of(const ost_item *patch, const ost_item *items)
{
    for (int i = 0; i < PICTURES; i++)
        if (strcmp(items[i].id, patch->parents[0]) == 0)
            return &items[i];
    return NULL;
}

/* Which of its parent's patches it is. */
static int64_t number_behind(const char *id)
{
    int64_t number = -1;

    assert_true(ost_parse_i64(strchr(id, '#') + 1, &number));
    return number;
}

static const char *check_patch(fixture *f, const ost_item *patch,
                               const ost_item *items)
{
    const ost_item *parent = parent_of(patch, items);
    int64_t number = number_behind(patch->id);
    const float *boxes = bytes_of(f, parent, "boxes");

    if (!is_part(f, patch, parent, "image") ||
        (ost_item_field(parent, "mask.m") &&
         !is_part(f, patch, parent, "mask.m")))
        return "a patch does not show its part of the picture";
    return check_place(patch, boxes + 4 * (number / COPIES),
                       ost_item_field(parent, "image")->shape);
}

static bool all_same(fixture *f, const ost_item *a, const ost_item *b,
                     const ost_rect *but)
{
    const ost_field *field = ost_item_field(b, "image");
    size_t size = pixel_size(field);
    const unsigned char *x = pixels_of(f, a, "image");
    const unsigned char *y = pixels_of(f, b, "image");

    for (int64_t i = 0; i < field->shape[0]; i++)
        for (int64_t k = 0; k < field->shape[1]; k++) {
            size_t at = (size_t)(i * field->shape[1] + k) * size;
            bool inside = but && i > but->top && k > but->left &&
                          i < but->top + but->height - 1 &&
                          k < but->left + but->width - 1;

            if (!inside && memcmp(x + at, y + at, size) != 0)
                return false;
        }
    return true;
}

/* Patches as they are give the source again; others leave its border. */
static const char *check_blend(fixture *f, ost_rng *r, const result *patches,
                               const ost_item *items, ost_digest source)
{
    ost_item *others = ost_arena_copy(&f->arena, patches->items,
                                      patches->n * sizeof(*patches->items));
    result same, changed;

    same = apply_both(f, &ost_stage_blend, "{}", patches->digest, "source",
                      source);
    for (size_t i = 0; i < patches->n; i++) {
        const ost_field *image = ost_item_field(&others[i], "image");

        add_view(f, r, &others[i], "image", image->dtype, image->ndim,
                 (int64_t[]){ 1 + below(r, 30), 1 + below(r, 30) });
    }
    changed = apply_both(f, &ost_stage_blend, below(r, 2) ? "{}" : "{'n':1}",
                         dataset(f, others, patches->n), "source", source);
    if (same.n != patches->n || changed.n != patches->n)
        return "a patch got lost";
    for (size_t i = 0; i < patches->n; i++) {
        const ost_item *parent = parent_of(&patches->items[i], items);
        ost_rect place = place_of(&patches->items[i]);

        if (!all_same(f, &same.items[i], parent, NULL))
            return "an unchanged patch changed its source";
        if (!all_same(f, &changed.items[i], parent, &place))
            return "a patch changed what is around its inside";
    }
    return NULL;
}

static const char *some_pictures(ost_rng *r)
{
    fixture *f = shared;
    ost_item items[PICTURES];
    const char *wrong = NULL;
    ost_digest source;
    result patches;
    size_t boxes = 0;

    for (int i = 0; i < PICTURES; i++) {
        items[i] = draw_item(f, r, i);
        boxes += (size_t)ost_item_field(&items[i], "boxes")->shape[0];
    }
    source = dataset(f, items, PICTURES);
    patches = apply(f, &ost_stage_patches, "{'copies':3}", source);
    if (patches.n != COPIES * boxes)
        wrong = "not as many patches as boxes ask for";
    for (size_t i = 0; i < patches.n && !wrong; i++)
        wrong = check_patch(f, &patches.items[i], items);
    if (!wrong)
        wrong = check_blend(f, r, &patches, items, source);
    ost_arena_reset(&f->arena);
    return wrong;
}

static void patches_are_where_they_should_be(void **state)
{
    shared = *state;
    assert_int_equal(each_seed(CASES, some_pictures), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blends_are_what_the_formula_says),
        cmocka_unit_test_setup_teardown(patches_are_where_they_should_be, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
