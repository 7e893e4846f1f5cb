/* tests/unit/test_segment.c - masks that a trained network draws */
/* links: stages kernels store base */
/* on: cpu cuda */
#include "stages/run_lengths.h"
#include "tests/support/backend_case.h"
#include "tests/support/squares.h"

#include "base/banned.h"

extern const ost_stage ost_stage_segment;
extern const ost_stage ost_stage_train;
const ost_stage *const ost_stages[] = { &ost_stage_segment, &ost_stage_train,
                                        NULL };

/* Halves the sides and doubles them again: sides must be even. */
static const char pooling_network[] =
    "{\"osteon_model\": 1, \"name\": \"tiny\", \"scores\": \"sigmoid\",\n"
    "\"layers\": [{\"op\": \"conv2d\", \"name\": \"fine\", \"out\": 8, "
    "\"kernel\": 3, \"padding\": 1},\n"
    "{\"op\": \"batch_norm\"}, {\"op\": \"relu\", \"name\": \"level\"},\n"
    "{\"op\": \"max_pool2d\", \"kernel\": 2},\n"
    "{\"op\": \"conv_transpose2d\", \"name\": \"up\", \"out\": 8, "
    "\"kernel\": 2, \"stride\": 2},\n"
    "{\"op\": \"concat\", \"in\": [\"level\", \"up\"]},\n"
    "{\"op\": \"conv2d\", \"out\": 1, \"kernel\": 1}]}";

static ost_digest learned(step_fixture *f, const char *network)
{
    ost_step_input in = step_input_of("in", items_of(f, 0, 64, NULL));
    ost_done_msg done;

    f->numeric = backend_case_numeric();
    f->file = network;
    done = run_stage(f, "train",
                     "{\"network\": \"n\", \"epochs\": 12, \"batch\": 8, "
                     "\"learning_rate\": 0.02, \"target\": \"mask.square\"}",
                     &in, 1);
    return output_digest(&done, "model");
}

static ost_done_msg draw(step_fixture *f, const char *with, ost_digest model,
                         ost_digest data)
{
    ost_step_input in[] = { step_input_of("model", model),
                            step_input_of("data", data) };

    return run_stage(f, "segment", with, in, 2);
}

static const char *mask_network(step_fixture *f)
{
    return with_scores(f, MASK_NETWORK, "sigmoid");
}

static double dice(step_fixture *f, const ost_item *items, size_t n)
{
    size_t both = 0, sum = 0;

    for (size_t i = 0; i < n; i++) {
        const unsigned char *a = field_bytes(f, &items[i], "mask.square", NULL);
        const unsigned char *b = field_bytes(f, &items[i], "drawn", NULL);

        for (int k = 0; k < SIDE * SIDE; k++) {
            assert_true(b[k] == 0 || b[k] == 255);
            both += a[k] && b[k];
            sum += (size_t)(a[k] != 0) + (size_t)(b[k] != 0);
        }
    }
    return 2.0 * (double)both / (double)sum;
}

static void masks_are_near_the_truth(void **state)
{
    step_fixture *f = *state;
    const char *networks[] = { mask_network(f), pooling_network };

    for (int i = 0; i < 2; i++) {
        const ost_item *items;
        ost_done_msg done;
        size_t n;

        done = draw(f, "{\"to\": \"drawn\"}", learned(f, networks[i]),
                    items_of(f, 1000, 24, NULL));
        items = output_items(f, &done, "out", &n);
        assert_int_equal(n, 24);
        assert_true(dice(f, items, n) > 0.9);
    }
}

static void the_mask_is_called_as_it_was_learned(void **state)
{
    step_fixture *f = *state;
    const ost_field *field;
    const ost_item *items;
    ost_done_msg done;
    size_t n;

    done = draw(f, "{\"value\": 1}", learned(f, mask_network(f)),
                items_of(f, 1000, 2, NULL));
    items = output_items(f, &done, "out", &n);
    field = ost_item_field(&items[1], "mask.square");
    assert_int_equal(items[1].n_fields, 2);
    assert_int_equal(field->dtype, OST_U8);
    for (int k = 0; k < SIDE * SIDE; k++)
        assert_in_range(field_bytes(f, &items[1], "mask.square", NULL)[k], 0,
                        1);
}

static void probabilities_stand_beside(void **state)
{
    step_fixture *f = *state;
    ost_digest model = learned(f, mask_network(f));
    const ost_item *items;
    ost_done_msg done;
    size_t n, marked = 0;

    done = draw(f,
                "{\"to\": \"drawn\", \"probability\": \"p\", \"threshold\": "
                "0.25}",
                model, items_of(f, 1000, 3, NULL));
    items = output_items(f, &done, "out", &n);
    for (size_t i = 0; i < n; i++) {
        const float *p =
            (const float *)(const void *)field_bytes(f, &items[i], "p", NULL);
        const unsigned char *drawn = field_bytes(f, &items[i], "drawn", NULL);

        for (int k = 0; k < SIDE * SIDE; k++) {
            assert_true(p[k] >= 0 && p[k] <= 1);
            assert_int_equal(drawn[k] != 0, (double)p[k] >= 0.25);
            marked += drawn[k] != 0;
        }
    }
    assert_true(marked > 0);
}

/* Alone, in sevens and in thirty-twos, at one to three threads, in a fresh
 * store each time, so that nothing is remembered. */
static void neighbors_and_threads_change_no_mask(void **state)
{
    static const int sizes[] = { 1, 7, 32 };
    step_fixture *f = *state;
    float first[SIDE * SIDE];

    for (int i = 0; i < 3; i++) {
        const ost_item *items;
        const void *p;
        ost_done_msg done;
        size_t n;

        ost_batch_free(f->batch);
        ost_store_close(f->store);
        f->store = new_store(ost_arena_printf(&f->arena, "store%d", i));
        f->batch = ost_batch_new(f->store);
        f->threads = (uint32_t)i + 1;
        done = draw(f, "{\"probability\": \"p\"}", learned(f, pooling_network),
                    items_of(f, 1001, sizes[i], NULL));
        items = output_items(f, &done, "out", &n);
        p = field_bytes(f, item_named(items, n, "p1001"), "p", NULL);
        if (i == 0)
            memcpy(first, p, sizeof(first));
        assert_memory_equal(p, first, sizeof(first));
    }
}

static void masks_are_remembered(void **state)
{
    step_fixture *f = *state;
    ost_digest model = learned(f, mask_network(f));
    ost_digest data = items_of(f, 1000, 20, NULL), first, again;
    ost_done_msg done;

    done = draw(f, "{}", model, items_of(f, 1000, 15, NULL));
    assert_int_equal(done.computed, 15);
    done = draw(f, "{}", model, data);
    assert_int_equal(done.computed, 5);
    assert_int_equal(done.remembered, 15);
    first = output_digest(&done, "out");
    done = draw(f, "{}", model, data);
    assert_int_equal(done.computed, 0);
    again = output_digest(&done, "out");
    assert_true(ost_digest_equal(&first, &again));
}

/* Cuts the picture to 16 x 13, as a view. */
static void narrow(step_fixture *f, ost_item *item)
{
    ost_field image = *ost_item_field(item, "image");

    image.shape[1] = 13;
    ost_item_set_field(&f->arena, item, &image);
}

static void other_sizes_are_filled_up(void **state)
{
    step_fixture *f = *state;
    ost_digest model = learned(f, pooling_network);
    ost_digest data = items_of(f, 1000, 5, narrow);
    const ost_item *items;
    const ost_field *mask;
    ost_done_msg done;
    size_t n;

    done = draw(f, "{}", model, data);
    assert_int_equal(done.rc, OST_EINPUT);
    assert_string_equal(done.error,
                        "item 'p1001' is 16 x 13, the model learned 16 x 16 "
                        "('resize' makes them alike, multiple: 16 lets the "
                        "network judge other sizes)");
    done = draw(f, "{\"multiple\": 1}", model, data);
    assert_int_equal(done.rc, OST_EINPUT);
    assert_non_null(strstr(done.error, "pictures of 16 x 13: "));
    done = draw(f, "{\"multiple\": 2}", model, data);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 5);
    mask = ost_item_field(&items[1], "mask.square");
    assert_int_equal(mask->shape[0], 16);
    assert_int_equal(mask->shape[1], 13);
    mask = ost_item_field(&items[2], "mask.square");
    assert_int_equal(mask->shape[1], 16);
}

static void deepen(step_fixture *f, ost_item *item)
{
    ost_field image = *ost_item_field(item, "image");

    image.ndim = 3;
    image.shape[1] = 8;
    image.shape[2] = 2;
    image.stride[1] = 2;
    image.stride[2] = 1;
    ost_item_set_field(&f->arena, item, &image);
}

static void strip(step_fixture *f, ost_item *item)
{
    ost_item_remove_field(&f->arena, item, "image");
}

static void what_cannot_be_judged_is_named(void **state)
{
    step_fixture *f = *state;
    ost_digest model = learned(f, mask_network(f));
    ost_step_input in;
    ost_done_msg done;

    done = draw(f, "{}", model, items_of(f, 1000, 3, deepen));
    assert_string_equal(done.error, "item 'p1001' has 2 channels, the model "
                                    "learned 1 channels");
    done = draw(f, "{}", model, items_of(f, 1000, 3, strip));
    assert_string_equal(done.error,
                        "item 'p1001' has no picture in field 'image'");
    in = step_input_of("in", items_of(f, 0, 8, NULL));
    f->file = with_scores(f, ROW_NETWORK, "softmax");
    done = run_stage(f, "train",
                     "{\"network\": \"n\", \"epochs\": 1, \"target\": "
                     "\"attribute.found\"}",
                     &in, 1);
    done = draw(f, "{}", output_digest(&done, "model"),
                items_of(f, 1000, 3, NULL));
    assert_string_equal(done.error, "the model says 'attribute.found' of an "
                                    "item and marks no pixels: 'predict' is "
                                    "for that");
}

static void masks_are_written_as_runs(void **state)
{
    static const struct {
        uint8_t mask[5];
        size_t n;
        const char *runs;
        size_t size;
    } rows[] = {
        { { 0 }, 0, "\0", 1 },
        { { 0, 0, 3, 7, 0 }, 5, "\2\2\1", 3 },
        { { 1, 0, 0, 0, 1 }, 5, "\0\1\3\1", 4 },
        { { 1, 1, 1, 1, 1 }, 5, "\0\5", 2 },
    };
    uint8_t mask[5];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_buf runs = { 0 };

        ost_run_lengths_encode(rows[i].mask, rows[i].n, &runs);
        assert_int_equal(runs.len, rows[i].size);
        assert_memory_equal(runs.data, rows[i].runs, runs.len);
        assert_true(
            ost_run_lengths_decode(runs.data, runs.len, 9, mask, rows[i].n));
        for (size_t k = 0; k < rows[i].n; k++)
            assert_int_equal(mask[k], rows[i].mask[k] ? 9 : 0);
        ost_buf_release(&runs);
    }
    assert_false(ost_run_lengths_decode("\2\2\2", 3, 9, mask, 5));
    assert_false(ost_run_lengths_decode("\2\2", 2, 9, mask, 5));
    assert_false(ost_run_lengths_decode("\2\x83", 2, 9, mask, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(masks_are_near_the_truth),
        step_test(the_mask_is_called_as_it_was_learned),
        step_test(probabilities_stand_beside),
        step_test(neighbors_and_threads_change_no_mask),
        step_test(masks_are_remembered),
        step_test(other_sizes_are_filled_up),
        step_test(what_cannot_be_judged_is_named),
        cmocka_unit_test(masks_are_written_as_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
