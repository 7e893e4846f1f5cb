/* tests/unit/test_dedupe.c - the same picture once */
/* links: stages store base */
#include "stages/near_hashes.h"
#include "stages/picture_hash.h"
#include "stages/stage.h"
#include "tests/support/item_sets.h"

#include "base/banned.h"

extern const ost_stage ost_stage_dedupe;
const ost_stage *const ost_stages[] = { &ost_stage_dedupe, NULL };

enum { SIDE = 72, BLOBS = 12 };

/* A smooth picture that `seed` decides: blobs of light. */
static void paint(unsigned seed, double gain, double offset, uint8_t *out)
{
    ost_rng r = ost_rng_of(seed, 1);
    double x[BLOBS], y[BLOBS], bright[BLOBS];

    for (int k = 0; k < BLOBS; k++) {
        x[k] = ost_rng_range(&r, 0, SIDE);
        y[k] = ost_rng_range(&r, 0, SIDE);
        bright[k] = ost_rng_range(&r, 10, 50);
    }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            double sum = 20;

            for (int k = 0; k < BLOBS; k++)
                sum +=
                    bright[k] /
                    (1 +
                     ((i - y[k]) * (i - y[k]) + (j - x[k]) * (j - x[k])) / 40);
            out[i * SIDE + j] = (uint8_t)(gain * sum + offset);
        }
}

static ost_tensor tensor_of(void *data, ost_dtype dtype, int64_t h, int64_t w)
{
    return ost_tensor_of(data, dtype, 2, (int64_t[]){ h, w });
}

static void equal_pictures_have_one_digest(void **state)
{
    uint8_t wide[4 * 10], copy[4 * 5];
    ost_tensor view = tensor_of(wide + 3, OST_U8, 4, 5), whole;
    ost_digest a, b;

    (void)state;
    fill_bytes(wide, sizeof(wide), 3);
    view.stride[0] = 10;
    for (int y = 0; y < 4; y++)
        memcpy(copy + 5 * y, wide + 3 + 10 * y, 5);
    whole = tensor_of(copy, OST_U8, 4, 5);
    a = ost_picture_digest(&view);
    b = ost_picture_digest(&whole);
    assert_true(ost_digest_equal(&a, &b));
    whole = tensor_of(copy, OST_U8, 5, 4);
    b = ost_picture_digest(&whole);
    assert_false(ost_digest_equal(&a, &b));
    view.stride[1] = 2;
    view.shape[1] = 3;
    a = ost_picture_digest(&view);
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 3; x++)
            copy[3 * y + x] = wide[3 + 10 * y + 2 * x];
    whole = tensor_of(copy, OST_U8, 4, 3);
    b = ost_picture_digest(&whole);
    assert_true(ost_digest_equal(&a, &b));
}

static void hashes_see_through_light_and_size(void **state)
{
    uint8_t p[SIDE * SIDE], q[SIDE * SIDE], big[4 * SIDE * SIDE];
    uint16_t deep[SIDE * SIDE];
    float real[SIDE * SIDE];
    ost_tensor t = tensor_of(p, OST_U8, SIDE, SIDE), u;

    (void)state;
    for (unsigned seed = 0; seed < 20; seed++) {
        uint64_t d, h;

        paint(seed, 1, 0, p);
        paint(seed, 0.7, 10, q);
        d = ost_picture_dhash(&t, false);
        h = ost_picture_phash(&t, false);
        u = tensor_of(q, OST_U8, SIDE, SIDE);
        assert_in_range(ost_hash_distance(d, ost_picture_dhash(&u, false)), 0,
                        4);
        assert_in_range(ost_hash_distance(h, ost_picture_phash(&u, false)), 0,
                        4);
        for (int i = 0; i < 4 * SIDE * SIDE; i++)
            big[i] = p[i / (4 * SIDE) * SIDE + i % (2 * SIDE) / 2];
        u = tensor_of(big, OST_U8, 2 * SIDE, 2 * SIDE);
        assert_true(ost_picture_dhash(&u, false) == d);
        for (int i = 0; i < SIDE * SIDE; i++) {
            deep[i] = (uint16_t)(256 * p[i]);
            real[i] = (float)p[i] / 255.0f;
        }
        u = tensor_of(deep, OST_U16, SIDE, SIDE);
        assert_true(ost_picture_dhash(&u, false) == d);
        assert_true(ost_picture_phash(&u, false) == h);
        u = tensor_of(real, OST_F32, SIDE, SIDE);
        assert_in_range(ost_hash_distance(h, ost_picture_phash(&u, false)), 0,
                        2);
    }
}

static void hashes_tell_pictures_apart(void **state)
{
    uint64_t d[30], h[30];
    uint8_t p[SIDE * SIDE];
    ost_tensor t = tensor_of(p, OST_U8, SIDE, SIDE);

    (void)state;
    for (unsigned seed = 0; seed < 30; seed++) {
        paint(seed, 1, 0, p);
        d[seed] = ost_picture_dhash(&t, false);
        h[seed] = ost_picture_phash(&t, false);
        for (unsigned k = 0; k < seed; k++) {
            assert_true(ost_hash_distance(d[k], d[seed]) > 4);
            assert_true(ost_hash_distance(h[k], h[seed]) > 4);
        }
    }
}

/* Every pixel counts once, also where there are fewer than areas. */
static void small_pictures_have_hashes(void **state)
{
    uint8_t p[3] = { 9, 3, 200 };
    ost_tensor t = tensor_of(p, OST_U8, 1, 1);

    (void)state;
    assert_true(ost_picture_dhash(&t, false) == 0);
    t = tensor_of(p, OST_U8, 1, 3);
    assert_true(ost_picture_dhash(&t, false) == 0x2020202020202020);
    t = tensor_of(p, OST_U8, 0, 3);
    assert_true(ost_picture_dhash(&t, false) == 0);
    assert_true(ost_picture_phash(&t, false) == 0);
}

/* The index finds what a look at all of them finds. */
static void near_hashes_are_found(void **state)
{
    ost_rng r = ost_rng_of(5, 5);

    (void)state;
    for (int most = 0; most <= OST_NEAR_MOST; most++) {
        ost_near_hashes n;
        int found = 0;

        ost_near_hashes_init(&n);
        for (int i = 0; i < 300; i++)
            ost_near_hashes_add(&n, ost_rng_u64(&r) & 0x0f0f00ff00ff0f0f);
        for (int i = 0; i < 100; i++) {
            uint64_t h = n.hashes.data[ost_rng_below(&r, 300)];
            uint32_t best = UINT32_MAX, at;
            int least = most + 1, distance;

            for (uint64_t k = ost_rng_below(&r, 20); k > 0; k--)
                h ^= UINT64_C(1) << ost_rng_below(&r, 64);
            for (uint32_t k = 0; k < 300; k++)
                if (ost_hash_distance(h, n.hashes.data[k]) < least) {
                    best = k;
                    least = ost_hash_distance(h, n.hashes.data[k]);
                }
            at = ost_near_hashes_find(&n, h, most, &distance);
            assert_int_equal(at, best);
            if (best != UINT32_MAX)
                assert_int_equal(distance, least);
            found += best != UINT32_MAX;
        }
        assert_true(found > 0);
        ost_near_hashes_release(&n);
    }
}

/* --- the stage -------------------------------------------------------------
 */

static void add(item_set *s, const char *id, const char *group,
                const char *label, unsigned seed, double gain)
{
    uint8_t p[SIDE * SIDE];

    paint(seed, gain, 0, p);
    set_field(s, set_item(s, id, group, label), "image", OST_U8, 2,
              (int64_t[]){ SIDE, SIDE }, p);
}

static ost_step_input pictures(step_fixture *f)
{
    item_set s = { .f = f };

    add(&s, "a", "p1", "x", 1, 1);
    add(&s, "b", "p1", "x", 2, 1);
    add(&s, "c", "p2", "y", 1, 1);
    add(&s, "d", "p3", "x", 2, 0.9);
    add(&s, "e", "p3", "x", 3, 1);
    return finish_set(&s, "in");
}

static json_t *listing(step_fixture *f, const ost_done_msg *done)
{
    json_t *doc =
        json_loads(output_artifact(f, done, "duplicates").meta, 0, NULL);

    assert_non_null(doc);
    return doc;
}

static json_int_t number(const json_t *doc, const char *name)
{
    assert_true(json_is_integer(json_object_get(doc, name)));
    return json_integer_value(json_object_get(doc, name));
}

static void equal_pictures_are_kept_once(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = pictures(f);
    ost_done_msg done = run_stage(f, "dedupe", "{}", &in, 1);
    json_t *doc = listing(f, &done), *pair;

    assert_string_equal(ids_at(f, &done, "out"), "a b d e");
    assert_string_equal(done.notes,
                        "1 of 5 items are dropped: 1 are the same as another, "
                        "1 of them with another label, 1 of another group, 0 "
                        "the same as one of 'against'\n");
    assert_int_equal(number(doc, "n_items"), 5);
    assert_int_equal(number(doc, "n_dropped"), 1);
    assert_int_equal(number(doc, "n_other_label"), 1);
    pair = json_array_get(json_object_get(doc, "pairs"), 0);
    assert_string_equal(json_string_value(json_object_get(pair, "item")), "c");
    assert_string_equal(json_string_value(json_object_get(pair, "same_as")),
                        "a");
    assert_string_equal(
        json_string_value(json_object_get(pair, "same_as_label")), "x");
    json_decref(doc);
}

static void similar_pictures_are_found_by_hash(void **state)
{
    static const char *const methods[] = { "dhash", "phash" };
    step_fixture *f = *state;
    ost_step_input in = pictures(f);

    for (int i = 0; i < 2; i++) {
        ost_done_msg done = run_stage(
            f, "dedupe",
            ost_arena_printf(&f->arena, "{\"method\":\"%s\"}", methods[i]), &in,
            1);
        json_t *doc = listing(f, &done);

        assert_string_equal(ids_at(f, &done, "out"), "a b e");
        assert_int_equal(number(doc, "n_pairs"), 2);
        json_decref(doc);
    }
}

static void conflicts_are_settled(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = pictures(f);
    ost_done_msg done;

    done = run_stage(f, "dedupe", "{\"conflicts\":\"drop\"}", &in, 1);
    assert_string_equal(ids_at(f, &done, "out"), "b d e");
    done = run_stage(f, "dedupe", "{\"conflicts\":\"error\"}", &in, 1);
    assert_fails(&done, "items 'a' and 'c' are the same picture and have "
                        "different labels (conflicts: keep or drop)");
}

static void others_come_first(void **state)
{
    step_fixture *f = *state;
    item_set s = { .f = f };
    ost_step_input in[2] = { pictures(f), { 0 } };
    ost_done_msg done;
    json_t *doc;

    add(&s, "z", "p9", "x", 3, 1);
    in[1] = finish_set(&s, "against");
    done = run_stage(f, "dedupe", "{}", in, 2);
    assert_string_equal(ids_at(f, &done, "out"), "a b d");
    doc = listing(f, &done);
    assert_int_equal(number(doc, "n_against"), 1);
    assert_int_equal(number(doc, "n_items"), 5);
    json_decref(doc);
}

static void hashes_are_remembered(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = pictures(f);
    ost_done_msg done;
    ost_digest first, again;

    done = run_stage(f, "dedupe", "{\"method\":\"dhash\"}", &in, 1);
    assert_int_equal(done.computed, 5);
    first = output_digest(&done, "duplicates");
    f->threads = 3;
    done = run_stage(f, "dedupe", "{\"method\":\"dhash\"}", &in, 1);
    assert_int_equal(done.computed, 0);
    assert_int_equal(done.remembered, 5);
    again = output_digest(&done, "duplicates");
    assert_true(ost_digest_equal(&first, &again));
}

static void an_item_without_a_picture_is_named(void **state)
{
    step_fixture *f = *state;
    item_set s = { .f = f };
    ost_step_input in;
    ost_done_msg done;

    set_item(&s, "a", "p", NULL);
    in = finish_set(&s, "in");
    done = run_stage(f, "dedupe", "{}", &in, 1);
    assert_fails(&done, "item 'a' has no picture in field 'image'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_pictures_have_one_digest),
        cmocka_unit_test(hashes_see_through_light_and_size),
        cmocka_unit_test(hashes_tell_pictures_apart),
        cmocka_unit_test(small_pictures_have_hashes),
        cmocka_unit_test(near_hashes_are_found),
        step_test(equal_pictures_are_kept_once),
        step_test(similar_pictures_are_found_by_hash),
        step_test(conflicts_are_settled),
        step_test(others_come_first),
        step_test(hashes_are_remembered),
        step_test(an_item_without_a_picture_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
