/* tests/property/test_two_views.c - shifts between views are undone
 *
 * A body of random size and counts is seen from the front and, elsewhere in a
 * picture of another size, mirrored from behind.
 */
/* links: stages store base kernels */
#include "stages/view_alignment.h"
#include "tests/support/image_stages.h"
#include "tests/support/seed.h"

#include "base/banned.h"

enum { CASES = 20, EXAMS = 150, MAPS = 5000, SIDE = 30 };

extern const ost_stage ost_stage_aggregate_views;
const ost_stage *const ost_stages[] = { &ost_stage_aggregate_views, NULL };

static fixture *shared;

static int64_t below(ost_rng *r, int64_t n)
{
    return (int64_t)ost_rng_below(r, (uint64_t)n);
}

/* A picture with a body in it, and where that stands. */
typedef struct scene {
    int64_t h;
    int64_t w;
    ost_rect at; /* as it is stored */
    uint16_t v[SIDE * SIDE];
} scene;

/* Puts the body at a random place; the corners hold counts, so that its
 * rectangle is all of it. */
static void draw_scene(ost_rng *r, const uint16_t *body, int64_t h, int64_t w,
                       bool mirror, scene *s)
{
    memset(s, 0, sizeof(*s));
    s->h = h + below(r, SIDE - h + 1);
    s->w = w + below(r, SIDE - w + 1);
    s->at = (ost_rect){ below(r, s->h - h + 1), below(r, s->w - w + 1), h, w };
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++)
            s->v[(s->at.top + y) * s->w + s->at.left + x] =
                body[y * w + (mirror ? w - 1 - x : x)];
}

static void draw_body(ost_rng *r, int64_t h, int64_t w, uint16_t *body)
{
    for (int64_t i = 0; i < h * w; i++)
        body[i] = (uint16_t)(3000 + below(r, 62000));
}

static ost_item new_view(fixture *f, int exam, const char *view, const scene *s)
{
    ost_item item = { .id = ost_arena_printf(&f->arena, "%03d_%s", exam, view),
                      .group = "p" };

    ost_item_set_number(&f->arena, &item, "study", exam);
    ost_item_set_text(&f->arena, &item, "view", view);
    add_field(f, &item, "image", OST_U16, 2, (int64_t[]){ s->h, s->w }, s->v);
    return item;
}

static double count_all(const scene *s)
{
    double sum = 0;

    for (int64_t i = 0; i < s->h * s->w; i++)
        sum += (double)s->v[i];
    return sum;
}

static const char *check_exam(fixture *f, const ost_item *item,
                              const scene *front, const scene *back)
{
    const float *v = bytes_of(f, item, "image");
    double after = 0;

    for (int64_t i = 0; i < front->h * front->w; i++) {
        if (v[i] != 2.0f * (float)front->v[i])
            return "a pixel is not the sum of both views";
        after += (double)v[i];
    }
    return after == count_all(front) + count_all(back) ? NULL
                                                       : "counts were lost";
}

/* Twice the body where it is in front, nothing elsewhere: so an image and its
 * mirrored copy give 2 I, shifts are undone, and no count is lost. */
static const char *a_body_seen_twice_is_doubled(ost_rng *r)
{
    static scene front[EXAMS], back[EXAMS];
    static uint16_t body[SIDE * SIDE];
    const char *wrong = NULL;
    ost_item items[2 * EXAMS];
    fixture *f = shared;
    result out;

    for (int i = 0; i < EXAMS; i++) {
        int64_t h = 1 + below(r, SIDE), w = 1 + below(r, SIDE);

        draw_body(r, h, w, body);
        draw_scene(r, body, h, w, false, &front[i]);
        draw_scene(r, body, h, w, true, &back[i]);
        items[2 * i] = new_view(f, i, "anterior", &front[i]);
        items[2 * i + 1] = new_view(f, i, "posterior", &back[i]);
    }
    out = apply(f, &ost_stage_aggregate_views,
                below(r, 2) ? "{'theta':0.05,'pixels':1}"
                            : "{'theta':0.05,'pixels':1,'align':'scale'}",
                dataset(f, items, 2 * EXAMS));
    if (out.n != EXAMS)
        return "there is not one image for each exam";
    for (int i = 0; i < EXAMS && !wrong; i++)
        wrong = check_exam(f, &out.items[i], &front[i], &back[i]);
    return wrong;
}

/* A rectangle goes onto the other one, by its center or by its sides. */
static const char *rectangles_fit(ost_rng *r)
{
    ost_rect front = { below(r, 99), below(r, 99), 1 + below(r, 99),
                       1 + below(r, 99) };
    ost_rect back = { below(r, 99), below(r, 99), 1 + below(r, 99),
                      1 + below(r, 99) };
    int64_t wide = back.left + back.width + below(r, 50);
    ost_affine m = ost_view_map(OST_VIEW_ALIGN_SCALE, &front, &back, wide);
    double left = m.m[0] * ((double)front.left - 0.5) + m.m[2] + 0.5;
    double top = m.m[4] * ((double)front.top - 0.5) + m.m[5] + 0.5;
    double cx, cy;

    /* The left side in front is the right side behind. */
    if (fabs(left - (double)(back.left + back.width)) > 1e-9 ||
        fabs(top - (double)back.top) > 1e-9)
        return "the sides do not fit";
    m = ost_view_map(OST_VIEW_ALIGN_TRANSLATE, &front, &back, wide);
    cx = m.m[2] - ((double)front.left + ((double)front.width - 1.0) / 2.0);
    cy = m.m[5] + ((double)front.top + ((double)front.height - 1.0) / 2.0);
    if (m.m[0] != -1.0 || m.m[4] != 1.0 || m.m[2] != floor(m.m[2]) ||
        m.m[5] != floor(m.m[5]))
        return "a shift is not of whole pixels";
    if (fabs(cx - ((double)back.left + ((double)back.width - 1.0) / 2.0)) >
            0.5 ||
        fabs(cy - ((double)back.top + ((double)back.height - 1.0) / 2.0)) > 0.5)
        return "the centers do not fit";
    return NULL;
}

static void views_fit(void **state)
{
    shared = *state;
    assert_int_equal(each_seed(MAPS, rectangles_fit), 0);
    assert_int_equal(each_seed(CASES, a_body_seen_twice_is_doubled), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(views_fit, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
