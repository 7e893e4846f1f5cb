/* tests/property/test_tile_stitch.c - tiles of any picture make that picture
 * again */
/* links: stages store base kernels */
#include "tests/support/seed.h"
#include "tests/support/step.h"

#include "base/banned.h"

extern const ost_stage ost_stage_stitch, ost_stage_tile;
const ost_stage *const ost_stages[] = { &ost_stage_stitch, &ost_stage_tile,
                                        NULL };

enum { ITEMS = 60, MOST = 41 };

static step_fixture fixture;

/* Values of any kind, of floats also infinite ones and negative zeros. */
static void fill(ost_rng *r, ost_dtype dtype, size_t n, unsigned char *data,
                 bool mask)
{
    static const float odd[] = { -0.0f, INFINITY, -INFINITY, 1e-42f, 3.4e38f };

    for (size_t i = 0; i < n; i++) {
        uint64_t v = ost_rng_u64(r);
        float f = (float)(ost_rng_f64(r) * 2e6 - 1e6);

        if (mask)
            v = v % 3 ? 0 : v % 256;
        if (v % 16 == 0)
            f = odd[v / 16 % 5];
        if (dtype == OST_U8)
            data[i] = (unsigned char)v;
        else if (dtype == OST_U16)
            ((uint16_t *)(void *)data)[i] = (uint16_t)v;
        else
            ((float *)(void *)data)[i] = f;
    }
}

static void add_picture(ost_rng *r, ost_item *item, const char *name,
                        ost_dtype dtype, int ndim, const int64_t *shape)
{
    ost_tensor t = ost_tensor_of(NULL, dtype, ndim, shape);
    ost_field f = { .name = name, .dtype = dtype, .ndim = ndim };
    size_t n = (size_t)ost_tensor_count(&t);
    unsigned char *data = OST_ARENA_ARRAY(&fixture.arena, unsigned char, 4 * n);
    ost_err err = { 0 };

    fill(r, dtype, n, data, name[0] == 'm');
    memcpy(f.shape, t.shape, sizeof(f.shape));
    memcpy(f.stride, t.stride, sizeof(f.stride));
    assert_ok(ost_batch_put_blob(fixture.batch, data, n * ost_dtype_size(dtype),
                                 &f.blob, &err),
              &err);
    ost_item_set_field(&fixture.arena, item, &f);
}

/* Pictures of random sizes, from rows x cols on. */
static ost_digest some_pictures(ost_rng *r, int64_t rows, int64_t cols)
{
    static const ost_dtype types[] = { OST_U8, OST_U16, OST_F32 };
    ost_item items[ITEMS] = { 0 };
    ost_err err = { 0 };
    ost_digest d;

    for (int i = 0; i < ITEMS; i++) {
        int64_t h = rows + (int64_t)ost_rng_below(r, MOST);
        int64_t w = cols + (int64_t)ost_rng_below(r, MOST);
        bool color = ost_rng_below(r, 3) == 0;

        items[i].id = ost_arena_printf(&fixture.arena, "i%02d", i);
        items[i].group = "p";
        add_picture(r, &items[i], "image", types[ost_rng_below(r, 3)],
                    color ? 3 : 2, (int64_t[]){ h, w, 3 });
        if (ost_rng_below(r, 2))
            add_picture(r, &items[i], "mask.a", OST_U8, 2, (int64_t[]){ h, w });
        if (ost_rng_below(r, 4) == 0)
            add_picture(r, &items[i], "frames", types[ost_rng_below(r, 3)], 3,
                        (int64_t[]){ 2, h, w });
    }
    assert_ok(ost_dataset_put(fixture.batch, OST_DATASET, "{}", items, ITEMS,
                              &d, &err),
              &err);
    commit(fixture.batch);
    return d;
}

static ost_done_msg run(const char *stage, const char *with, ost_digest data)
{
    ost_step_input in = step_input_of("in", data);
    ost_done_msg done = run_stage(&fixture, stage, with, &in, 1);

    if (done.rc)
        fail_msg("%s %s: %s", stage, with, done.error);
    return done;
}

static const ost_item *items_of(ost_digest d, size_t *n)
{
    ost_artifact a;
    ost_item *items;
    ost_err err = { 0 };

    assert_ok(ost_artifact_get(fixture.batch, &d, &fixture.arena, &a, &err),
              &err);
    assert_ok(
        ost_dataset_items(fixture.batch, &a, &fixture.arena, &items, n, &err),
        &err);
    return items;
}

static const char *compare(const ost_item *a, const ost_item *b)
{
    if (strcmp(a->id, b->id) != 0 || a->n_fields != b->n_fields)
        return "an item is not what it was";
    for (size_t k = 0; k < a->n_fields; k++)
        if (!ost_digest_equal(&a->fields[k].blob, &b->fields[k].blob))
            return "a picture is not what it was";
    return NULL;
}

static const char *stitching_inverts_tiling(ost_rng *r)
{
    static const char *const methods[] = { "mean", "max", "weighted", "vote" };
    int64_t rows = 1 + (int64_t)ost_rng_below(r, 20);
    int64_t cols = 1 + (int64_t)ost_rng_below(r, 20);
    bool pad = ost_rng_below(r, 2) != 0;
    ost_digest data = some_pictures(r, pad ? 1 : rows, pad ? 1 : cols);
    const char *tile = ost_arena_printf(
        &fixture.arena,
        "{\"size\":[%lld,%lld],\"step\":{\"rows\":%lld,\"cols\":%lld},"
        "\"edge\":\"%s\"}",
        (long long)rows, (long long)cols,
        (long long)(rows - (int64_t)ost_rng_below(r, (uint64_t)(rows + 1) / 2)),
        (long long)(cols - (int64_t)ost_rng_below(r, (uint64_t)(cols + 1) / 2)),
        pad ? "pad" : "shift");
    const char *stitch = ost_arena_printf(
        &fixture.arena, "{\"method\":\"%s\",\"masks\":\"%s\"}",
        methods[ost_rng_below(r, 4)], ost_rng_below(r, 2) ? "vote" : "any");
    const char *wrong = NULL;
    const ost_item *before, *after;
    ost_done_msg done;
    size_t n, m;

    done = run("tile", tile, data);
    done = run("stitch", stitch, output_digest(&done, "out"));
    before = items_of(data, &n);
    after = items_of(output_digest(&done, "out"), &m);
    if (n != m)
        wrong = "pictures got lost";
    for (size_t i = 0; i < n && !wrong; i++)
        wrong = compare(&before[i], &after[i]);
    if (wrong)
        print_error("%s, %s\n", tile, stitch);
    ost_arena_reset(&fixture.arena);
    return wrong;
}

static void tiles_make_the_picture_again(void **state)
{
    (void)state;
    assert_int_equal(each_seed(40, stitching_inverts_tiling), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_make_the_picture_again),
    };
    int failed;

    fixture.store = new_store("store");
    fixture.batch = ost_batch_new(fixture.store);
    fixture.threads = 2;
    fixture.seed = "7";
    fixture.numeric = "";
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    ost_batch_free(fixture.batch);
    ost_store_close(fixture.store);
    ost_arena_release(&fixture.arena);
    return failed;
}
