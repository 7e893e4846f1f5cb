/* tests/property/test_mask_properties.c - what masks and shapes always do */
/* links: base kernels */
/* on: cpu cuda */
#include "base/alloc.h"
#include "kernels/connected.h"
#include "kernels/morphology.h"
#include "kernels/threshold.h"
#include "tests/support/image_ops.h"
#include "tests/support/seed.h"

#include <string.h>

#include "base/banned.h"

enum { SIDE = 70, PIXELS = SIDE * SIDE };

static uint8_t mask[PIXELS], first[PIXELS], second[PIXELS], third[PIXELS];
static int32_t labels[PIXELS], naive[PIXELS], stack[PIXELS];
static int64_t h, w;

static ost_tensor over(void *data, ost_dtype dtype)
{
    return ost_tensor_of(data, dtype, 2, (int64_t[]){ h, w });
}

static int64_t side(ost_rng *r)
{
    static const int64_t special[] = { 0, 1, 1, 2, 63, 64, 65 };

    return ost_rng_below(r, 4) == 0 ? special[ost_rng_below(r, 7)]
                                    : 1 + (int64_t)ost_rng_below(r, SIDE);
}

/* Noise of any density, or boxes that were drawn over each other. */
static void draw_mask(ost_rng *r)
{
    uint64_t density = 1 + ost_rng_below(r, 99);

    h = side(r);
    w = side(r);
    for (int64_t i = 0; i < h * w; i++)
        mask[i] = ost_rng_below(r, 100) < density ? 7 : 0;
    if (h == 0 || w == 0 || ost_rng_below(r, 2))
        return;
    memset(mask, 0, sizeof(mask));
    for (int k = 0; k < 12; k++) {
        int64_t y0 = (int64_t)ost_rng_below(r, (uint64_t)h);
        int64_t x0 = (int64_t)ost_rng_below(r, (uint64_t)w);
        int64_t y1 = y0 + (int64_t)ost_rng_below(r, 20);
        int64_t x1 = x0 + (int64_t)ost_rng_below(r, 20);
        uint8_t v = k % 3 == 2 ? 0 : (uint8_t)(k + 1);

        for (int64_t y = y0; y < y1 && y < h; y++)
            for (int64_t x = x0; x < x1 && x < w; x++)
                mask[y * w + x] = v;
    }
}

/* ---- components ---- */

/* Labels what is (or is not) zero by flooding, pixel after pixel. */
static int32_t flood(bool zeros, bool sides)
{
    int32_t count = 0;

    memset(naive, 0, sizeof(naive));
    for (int64_t start = 0; start < h * w; start++) {
        int64_t n = 0;

        if ((mask[start] == 0) != zeros || naive[start])
            continue;
        naive[start] = ++count;
        stack[n++] = (int32_t)start;
        while (n > 0) {
            int64_t at = stack[--n], y = at / w, x = at % w;

            for (int k = 0; k < 9; k++) {
                int64_t v = y + k / 3 - 1, u = x + k % 3 - 1;

                if (v < 0 || u < 0 || v >= h || u >= w || (sides && k % 2 == 0))
                    continue;
                if ((mask[v * w + u] == 0) != zeros || naive[v * w + u])
                    continue;
                naive[v * w + u] = count;
                stack[n++] = (int32_t)(v * w + u);
            }
        }
    }
    return count;
}

static bool is_measured(const ost_component *k, int32_t number)
{
    int64_t area = 0, sum_x = 0, sum_y = 0;
    int64_t left = w, top = h, right = 0, bottom = 0;

    for (int64_t i = 0; i < h * w; i++) {
        int64_t y = i / w, x = i % w;

        if (naive[i] != number)
            continue;
        area++;
        sum_x += x;
        sum_y += y;
        left = x < left ? x : left;
        right = x >= right ? x + 1 : right;
        top = y < top ? y : top;
        bottom = y >= bottom ? y + 1 : bottom;
    }
    return k->area == area && k->left == left && k->right == right &&
           k->top == top && k->bottom == bottom &&
           k->center_x == (double)sum_x / (double)area &&
           k->center_y == (double)sum_y / (double)area;
}

static const char *components_are_those_of_a_flood(ost_rng *r)
{
    bool sides = ost_rng_below(r, 2), zeros = ost_rng_below(r, 2);
    unsigned flags = (sides ? OST_COMPONENTS_SIDES : 0u) |
                     (zeros ? OST_COMPONENTS_ZEROS : 0u);
    ost_components found;
    const char *wrong = NULL;
    ost_tensor t, l;

    draw_mask(r);
    t = over(mask, OST_U8);
    l = over(labels, OST_I32);
    if (images()->components(&t, flags, &found, NULL))
        return "no components";
    if (found.count != flood(zeros, sides))
        wrong = "another number of components";
    else if (ost_components_label(&found, &l, NULL) ||
             memcmp(labels, naive, (size_t)(h * w) * sizeof(*labels)) != 0)
        wrong = "other labels";
    for (int32_t i = 0; i < found.count && !wrong; i++)
        if (!is_measured(&found.all[i], i + 1))
            wrong = "a component was measured wrongly";
    ost_components_release(&found);
    return wrong;
}

/* Any type and any strides are the same mask. */
static const char *components_follow_types_and_strides(ost_rng *r)
{
    static float wide[2 * PIXELS];
    static uint16_t deep[PIXELS];
    ost_components plain, found[2];
    const char *wrong = NULL;
    ost_tensor t[3];

    draw_mask(r);
    for (int64_t i = 0; i < h * w; i++) {
        wide[2 * i] = mask[i] ? 0.25f : 0.0f;
        wide[2 * i + 1] = 1.0f;
        deep[i] = mask[i] ? 256 : 0;
    }
    t[0] = over(mask, OST_U8);
    t[1] = over(wide, OST_F32);
    t[1].stride[0] *= 2;
    t[1].stride[1] *= 2;
    t[2] = over(deep, OST_U16);
    if (images()->components(&t[0], 0, &plain, NULL))
        return "no components";
    for (int k = 0; k < 2; k++) {
        if (images()->components(&t[k + 1], 0, &found[k], NULL))
            return "no components";
        if (found[k].count != plain.count || found[k].row[h] != plain.row[h] ||
            (plain.row[h] > 0 &&
             memcmp(found[k].runs, plain.runs,
                    (size_t)plain.row[h] * sizeof(ost_run)) != 0))
            wrong = "another type has other components";
        ost_components_release(&found[k]);
    }
    ost_components_release(&plain);
    return wrong;
}

/* What a flood from outside does not reach is filled. */
static const char *holes_are_what_the_outside_does_not_reach(ost_rng *r)
{
    ost_components found;
    bool *holes;
    ost_tensor t;

    draw_mask(r);
    t = over(mask, OST_U8);
    if (images()->components(&t, OST_COMPONENTS_SIDES | OST_COMPONENTS_ZEROS,
                             &found, NULL))
        return "no components";
    flood(true, true);
    memset(first, 0, sizeof(first));
    for (int64_t i = 0; i < h * w; i++)
        if (i < w || i >= (h - 1) * w || i % w == 0 || i % w == w - 1)
            first[naive[i]] = 1;
    holes = ost_xalloc((size_t)found.count + 1);
    for (int32_t i = 0; i < found.count; i++)
        holes[i] = !ost_components_at_border(&found, i + 1);
    memcpy(second, mask, sizeof(mask));
    if (ost_components_fill(&found, holes, &t, NULL))
        return "nothing was filled";
    ost_free(holes);
    ost_components_release(&found);
    for (int64_t i = 0; i < h * w; i++) {
        bool hole = naive[i] && !first[naive[i]];

        if (hole ? mask[i] == 0 : mask[i] != second[i])
            return hole ? "a hole is left" : "more than a hole was filled";
    }
    return NULL;
}

/* ---- morphology ---- */

static ost_morph_spec draw_spec(ost_rng *r)
{
    return (ost_morph_spec){
        .shape = (ost_morph_shape)ost_rng_below(r, 3),
        .size = 1 + 2 * (int)ost_rng_below(r, ost_rng_below(r, 4) ? 5 : 40),
        .iterations = 1 + (int)ost_rng_below(r, 3),
    };
}

static bool morph(uint8_t *from, ost_morph_change change, ost_morph_spec spec,
                  uint8_t *to)
{
    ost_tensor a = over(from, OST_U8), b = over(to, OST_U8);

    spec.change = change;
    return images()->morphology(&a, &spec, &b, NULL) == OST_OK;
}

static bool equal(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, (size_t)(h * w)) == 0;
}

static void draw_gray(ost_rng *r)
{
    draw_mask(r);
    for (int64_t i = 0; i < h * w; i++)
        mask[i] = (uint8_t)ost_rng_u32(r);
}

static const char *opening_and_closing_again_change_nothing(ost_rng *r)
{
    ost_morph_spec spec = draw_spec(r);

    draw_gray(r);
    for (int k = OST_MORPH_OPEN; k <= OST_MORPH_CLOSE; k++) {
        ost_morph_change change = (ost_morph_change)k;

        if (!morph(mask, change, spec, first) ||
            !morph(first, change, spec, second))
            return "a change failed";
        if (!equal(first, second))
            return "a second opening or closing changed something";
        for (int64_t i = 0; i < h * w; i++)
            if (change == OST_MORPH_OPEN ? first[i] > mask[i]
                                         : first[i] < mask[i])
                return "an opening grew or a closing shrank";
    }
    return NULL;
}

static const char *negatives_swap_erosion_and_dilation(ost_rng *r)
{
    ost_morph_spec spec = draw_spec(r);
    ost_morph_change change = (ost_morph_change)(2 * ost_rng_below(r, 2));
    ost_morph_change other = (ost_morph_change)(change + 1);

    draw_gray(r);
    if (!morph(mask, change, spec, first))
        return "a change failed";
    for (int64_t i = 0; i < h * w; i++)
        second[i] = (uint8_t)(255 - mask[i]);
    if (!morph(second, other, spec, third))
        return "a change failed";
    for (int64_t i = 0; i < h * w; i++)
        if (third[i] + first[i] != 255)
            return "the negative was not changed the other way";
    return NULL;
}

/* Under a square the largest value is found pixel by pixel. */
static const char *squares_see_the_largest_value(ost_rng *r)
{
    ost_morph_spec spec = draw_spec(r);
    int64_t reach;

    spec.shape = OST_MORPH_RECT;
    spec.size = 1 + 2 * (int)ost_rng_below(r, 5);
    reach = spec.size / 2 * spec.iterations;
    draw_gray(r);
    if (!morph(mask, OST_MORPH_DILATE, spec, first))
        return "a change failed";
    for (int64_t i = 0; i < h * w; i++) {
        uint8_t most = 0;

        for (int64_t y = i / w - reach; y <= i / w + reach; y++)
            for (int64_t x = i % w - reach; x <= i % w + reach; x++)
                if (y >= 0 && x >= 0 && y < h && x < w &&
                    mask[y * w + x] > most)
                    most = mask[y * w + x];
        if (first[i] != most)
            return "a dilated pixel is not the largest around it";
    }
    return NULL;
}

/* u16 and f32 take another way than u8. */
static const char *types_are_changed_alike(ost_rng *r)
{
    static uint16_t deep[PIXELS];
    static float real[PIXELS];
    ost_morph_spec spec = draw_spec(r);
    ost_tensor d, f;

    draw_gray(r);
    spec.change = (ost_morph_change)ost_rng_below(r, 7);
    d = over(deep, OST_U16);
    f = over(real, OST_F32);
    for (int64_t i = 0; i < h * w; i++) {
        deep[i] = (uint16_t)(257 * mask[i]);
        real[i] = (float)mask[i] - 100.0f;
    }
    if (!morph(mask, spec.change, spec, first) ||
        images()->morphology(&d, &spec, &d, NULL) ||
        images()->morphology(&f, &spec, &f, NULL))
        return "a change failed";
    for (int64_t i = 0; i < h * w; i++) {
        float shift = spec.change < OST_MORPH_GRADIENT ? 100.0f : 0.0f;

        if (deep[i] != 257 * first[i] || real[i] + shift != (float)first[i])
            return "another type was changed otherwise";
    }
    return NULL;
}

/* ---- levels ---- */

/* Otsu's level parts at least as well as every other one. */
static const char *no_level_parts_better_than_otsu_s(ost_rng *r)
{
    ost_tensor t;
    double level, best = 0, got = 0;

    draw_gray(r);
    t = over(mask, OST_U8);
    if (images()->otsu(&t, NULL, &level, NULL))
        return "no level";
    for (int i = 0; i < 256; i++) {
        double n[2] = { 0 }, sum[2] = { 0 }, apart;

        for (int64_t k = 0; k < h * w; k++) {
            n[mask[k] > i]++;
            sum[mask[k] > i] += mask[k];
        }
        if (n[0] == 0 || n[1] == 0)
            continue;
        apart = sum[0] / n[0] - sum[1] / n[1];
        apart = n[0] * n[1] * apart * apart;
        best = apart > best ? apart : best;
        got = i == (int)level ? apart : got;
    }
    return got >= best * (1 - 1e-9) ? NULL : "another level parts better";
}

/* A region is the image cut to it, whatever lies outside. */
static const char *a_region_is_all_that_counts(ost_rng *r)
{
    ost_tensor t, region, part;
    double level, want;
    int64_t rows;

    draw_gray(r);
    if (h == 0 || w == 0)
        return NULL;
    rows = 1 + (int64_t)ost_rng_below(r, (uint64_t)h);
    for (int64_t i = 0; i < h * w; i++)
        first[i] = i < rows * w;
    t = over(mask, OST_U8);
    region = over(first, OST_U8);
    part = t;
    part.shape[0] = rows;
    if (images()->otsu(&t, &region, &level, NULL) ||
        images()->otsu(&part, NULL, &want, NULL))
        return "no level";
    return level == want ? NULL : "pixels outside of the region count";
}

static const char *thresholds_mark_what_they_say(ost_rng *r)
{
    ost_threshold_spec spec = {
        .least = ost_rng_below(r, 2) ? ost_rng_range(r, -9, 270)
                                     : (double)ost_rng_below(r, 256),
        .above = ost_rng_below(r, 2),
        .inside = (uint8_t)ost_rng_u32(r),
        .outside = (uint8_t)ost_rng_u32(r),
    };
    static float real[PIXELS];
    static uint16_t deep[PIXELS];
    ost_tensor in[3], out;

    draw_gray(r);
    in[0] = over(mask, OST_U8);
    in[1] = over(deep, OST_U16);
    in[2] = over(real, OST_F32);
    out = over(first, OST_U8);
    for (int64_t i = 0; i < h * w; i++) {
        deep[i] = mask[i];
        real[i] = mask[i];
    }
    for (int k = 0; k < 3; k++) {
        if (images()->threshold(&in[k], &spec, &out, NULL))
            return "no mask";
        for (int64_t i = 0; i < h * w; i++) {
            bool is = spec.above ? mask[i] > spec.least : mask[i] >= spec.least;

            if (first[i] != (is ? spec.inside : spec.outside))
                return "a pixel was marked wrongly";
        }
    }
    return NULL;
}

/* The stand-in for a device takes its time. */
static int64_t cases(int64_t of_cpu)
{
    return backend_case_is_cpu() ? of_cpu : of_cpu / 25;
}

int main(void)
{
    int failed = each_seed(cases(3000), components_are_those_of_a_flood);

    failed += each_seed(cases(500), components_follow_types_and_strides);
    failed += each_seed(cases(2000), holes_are_what_the_outside_does_not_reach);
    failed += each_seed(cases(1000), opening_and_closing_again_change_nothing);
    failed += each_seed(cases(1000), negatives_swap_erosion_and_dilation);
    failed += each_seed(cases(500), squares_see_the_largest_value);
    failed += each_seed(cases(500), types_are_changed_alike);
    failed += each_seed(cases(300), no_level_parts_better_than_otsu_s);
    failed += each_seed(cases(300), a_region_is_all_that_counts);
    failed += each_seed(cases(500), thresholds_mark_what_they_say);
    return failed != 0;
}
