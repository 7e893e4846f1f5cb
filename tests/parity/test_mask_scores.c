/* tests/parity/test_mask_scores.c - masks side by side as SciPy and NumPy see
 * them
 *
 * mask_score_references.json holds what make_mask_score_references.py wrote.
 */
/* links: stages kernels store base */
#include "base/json.h"
#include "kernels/surfaces.h"
#include "stages/mask_scores.h"
#include "stages/stage.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { MOST = 512 };

const ost_stage *const ost_stages[] = { NULL };

static ost_json_doc *drawn;

typedef struct {
    ost_grid grid;
    ost_mask_spec spec;
    uint8_t a[MOST];
    uint8_t b[MOST];
    uint8_t outline[MOST];
} masks;

static double number(const json_t *of, const char *name)
{
    const json_t *v = json_object_get(of, name);

    assert_non_null(v);
    return json_is_null(v) ? (double)NAN : json_number_value(v);
}

static int hex(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void unpack(const json_t *of, const char *name, size_t n, uint8_t *out)
{
    const char *text = json_string_value(json_object_get(of, name));

    assert_non_null(text);
    assert_int_equal(strlen(text), (n + 7) / 8 * 2);
    for (size_t i = 0; i < n; i++)
        out[i] = hex(text[i / 4]) >> (3 - i % 4) & 1;
}

static double member(const json_t *of, const char *name, size_t i)
{
    return json_number_value(json_array_get(json_object_get(of, name), i));
}

static void read_masks(const json_t *of, masks *m)
{
    size_t n;

    m->grid = (ost_grid){ (int64_t)member(of, "size", 0),
                          (int64_t)member(of, "size", 1),
                          member(of, "spacing", 0), member(of, "spacing", 1) };
    m->spec = (ost_mask_spec){ .spacing_y = m->grid.spacing_y,
                               .spacing_x = m->grid.spacing_x,
                               .tolerance = number(of, "tolerance"),
                               .least = 1 };
    n = (size_t)(m->grid.height * m->grid.width);
    assert_true(n <= MOST);
    unpack(of, "a", n, m->a);
    unpack(of, "b", n, m->b);
    unpack(of, "outline", n, m->outline);
}

static void near(double v, const json_t *of, const char *name)
{
    double want = number(of, name);

    if (isnan(v) && isnan(want))
        return;
    if (!(fabs(v - want) <= 1e-12 * fmax(1, fabs(want))))
        fail_msg("%s: wanted %.17g, got %.17g: %s", name, want, v,
                 json_dumps(of, JSON_COMPACT));
}

static void test_scores(void **state)
{
    const json_t *of;
    size_t i;

    (void)state;
    assert_true(json_array_size(ost_json_root(drawn)) > 100);
    json_array_foreach(ost_json_root(drawn), i, of)
    {
        ost_mask_scores s;
        ost_err err = { 0 };
        int64_t shape[2];
        ost_tensor a, b;
        masks m;

        read_masks(of, &m);
        shape[0] = m.grid.height;
        shape[1] = m.grid.width;
        a = ost_tensor_of(m.a, OST_U8, 2, shape);
        b = ost_tensor_of(m.b, OST_U8, 2, shape);
        assert_ok(ost_mask_scores_of(&a, &b, &m.spec, &s, &err), &err);
        near(s.dice, of, "dice");
        near(s.iou, of, "iou");
        near(s.hd95, of, "hd95");
        near(s.hd, of, "hd");
        near(s.surface_dice, of, "surface_dice");
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(s.lesions[k], (int64_t)member(of, "lesions", k));
            assert_int_equal(s.met[k], (int64_t)member(of, "met", k));
        }
    }
}

static void test_outlines_and_distances(void **state)
{
    const json_t *of;
    size_t i, compared = 0;

    (void)state;
    json_array_foreach(ost_json_root(drawn), i, of)
    {
        const json_t *want = json_object_get(of, "distances");
        uint8_t outline[MOST];
        double squared[MOST];
        size_t n;
        masks m;

        read_masks(of, &m);
        n = (size_t)(m.grid.height * m.grid.width);
        ost_mask_outline(&m.grid, m.a, outline);
        assert_memory_equal(outline, m.outline, n);
        if (!want)
            continue;
        compared++;
        ost_distance_squared(&m.grid, m.a, squared);
        assert_int_equal(json_array_size(want), n);
        for (size_t k = 0; k < n; k++)
            assert_true(fabs(sqrt(squared[k]) -
                             json_number_value(json_array_get(want, k))) <
                        1e-12);
    }
    assert_true(compared >= 5);
}

static int open_drawn(void **state)
{
    const char *source = getenv("OSTEON_SOURCE");
    ost_err err = { 0 };
    char path[1024];

    (void)state;
    assert_non_null(source);
    snprintf(path, sizeof(path), "%s/tests/parity/mask_score_references.json",
             source);
    assert_ok(ost_json_load(path, 1 << 20, &drawn, &err), &err);
    return 0;
}

static int close_drawn(void **state)
{
    (void)state;
    ost_json_free(drawn);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_outlines_and_distances),
    };

    return cmocka_run_group_tests(tests, open_drawn, close_drawn);
}
