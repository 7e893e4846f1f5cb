/* tests/unit/test_gan_samples.c - what is seen of a training, and its end */
/* links: stages kernels store base */
/* on: cpu cuda */
#include "tests/support/gan_trainings.h"

#include <math.h>
#include <stdlib.h>

#include "base/banned.h"

const ost_stage *const ost_stages[] = { &ost_stage_train_gan, NULL };

static double number(const ost_item *item, const char *name)
{
    assert_non_null(ost_item_attr(item, name));
    return ost_item_attr(item, name)->number;
}

static void samples_and_grids_come_at_each_sampling(void **state)
{
    static const char with[] = "{" SIDES ", \"steps\": 9, \"samples\": 3, "
                               "\"sample_every\": 4}";
    fixture *f = *state;
    ost_done_msg done = train_on(f, with, 1, pictures(f, 0, 10));
    size_t n_samples, n_grids, n_groups;
    ost_item *samples = items_at(f, &done, 2, &n_samples);
    ost_item *grids = items_at(f, &done, 3, &n_grids);
    const char *const *groups;
    ost_err err = { 0 };

    /* after updates 4, 8 and 9 */
    assert_int_equal(n_samples, 9);
    assert_int_equal(n_grids, 3);
    for (size_t i = 0; i < n_samples; i++) {
        const ost_field *image = ost_item_field(&samples[i], "image");

        assert_int_equal(image->ndim, 2);
        assert_int_equal(image->shape[0], SIDE);
        assert_int_equal(image->shape[1], SIDE / 2);
        assert_int_equal(samples[i].n_parents, 1);
        assert_string_equal(samples[i].group, samples[i].parents[0]);
        assert_int_equal(samples[i].n_labels, 1);
        assert_string_equal(ost_item_attr(&samples[i], "kind")->text,
                            "generated");
        /* A sample knows all patients of the training, its own as well. */
        assert_ok(ost_groups_get(f->batch, &samples[i].exposure, &f->arena,
                                 &groups, &n_groups, &err),
                  &err);
        assert_int_equal(n_groups, 10);
    }
    for (size_t i = 0; i < n_grids; i++) {
        const double steps[] = { 4.0, 8.0, 9.0 };
        const ost_field *image = ost_item_field(&grids[i], "image");

        /* condition, image and target below each other */
        assert_int_equal(image->shape[0], 3 * SIDE);
        assert_int_equal(image->shape[1], 3 * SIDE / 2);
        assert_true(number(&grids[i], "step") == steps[i]);
        assert_true(number(&grids[i], "columns") == 3.0);
        assert_ok(ost_groups_get(f->batch, &grids[i].exposure, &f->arena,
                                 &groups, &n_groups, &err),
                  &err);
        assert_int_equal(n_groups, 10);
    }
}

static void looking_changes_nothing(void **state)
{
    fixture *f = *state;
    ost_digest data = pictures(f, 0, 8);
    ost_done_msg often = train_on(f,
                                  "{" SIDES ", \"steps\": 9, \"samples\": 3, "
                                  "\"sample_every\": 1}",
                                  1, data);
    ost_done_msg never =
        train_on(f, "{" SIDES ", \"steps\": 9, \"samples\": 0}", 1, data);
    ost_digest a = weights_of(f, &often);
    ost_digest b = weights_of(f, &never);
    size_t n;

    assert_memory_equal(&a, &b, sizeof(a));
    items_at(f, &never, 2, &n);
    assert_int_equal(n, 0);
}

/* Equal values have a deviation of 0, and the ratio is that of deviations. */
static void spread_is_that_of_real_images_where_they_are_made(void **state)
{
    fixture *f = *state;
    ost_done_msg done = train_on(f,
                                 "{" SIDES ", \"steps\": 2, \"samples\": 4, "
                                 "\"sample_every\": 1}",
                                 1, pictures(f, 0, 4));
    json_t *meta = meta_of(f, must(&done), 0);
    json_t *list = json_object_get(meta, "samplings");
    size_t n;
    ost_item *samples = items_at(f, &done, 2, &n);
    double sums[2] = { 0.0, 0.0 };
    ost_err err = { 0 };

    assert_int_equal(json_array_size(list), 2);
    for (int k = 0; k < 2; k++) /* what was made after update 1; real */
        for (int i = 0; i < SIDE * SIDE / 2; i++) {
            double v[4], mean = 0.0, squares = 0.0;

            for (int j = 0; j < 4; j++) {
                unsigned char p[SIDE * SIDE];
                ost_blob blob = { 0 };

                paint(p, j % 3, (uint64_t)j);
                v[j] = p[i / (SIDE / 2) * SIDE + SIDE / 2 + i % (SIDE / 2)];
                if (k == 0) {
                    const ost_field *image =
                        ost_item_field(&samples[2 * j], "image");

                    assert_true(number(&samples[2 * j], "step") == 1.0);
                    assert_ok(
                        ost_batch_blob(f->batch, &image->blob, &blob, &err),
                        &err);
                    v[j] = ((const unsigned char *)blob.data)[i];
                    ost_blob_release(&blob);
                }
                mean += v[j] / 4.0;
            }
            for (int j = 0; j < 4; j++)
                squares += (v[j] - mean) * (v[j] - mean) / 4.0;
            sums[k] += sqrt(squares);
        }
    assert_true(fabs(json_number_value(
                         json_object_get(json_array_get(list, 0), "spread")) -
                     sums[0] / sums[1]) < 1e-9);
    json_decref(meta);
}

#define FADING                                                     \
    SIDES ", \"steps\": %d, \"samples\": 4, \"sample_every\": 1, " \
          "\"learning_rate\": 0.1, \"loss\": \"hinge\""

/* Spreads of a training whose images become the same. */
static size_t fading(fixture *f, ost_digest data, double *spread, size_t most)
{
    ost_done_msg done = train_on(
        f, ost_arena_printf(&f->arena, "{" FADING "}", (int)most), 1, data);
    json_t *meta = meta_of(f, must(&done), 0);
    const json_t *list = json_object_get(meta, "samplings");

    for (size_t i = 0; i < most; i++)
        spread[i] = json_number_value(
            json_object_get(json_array_get(list, i), "spread"));
    json_decref(meta);
    return most;
}

/* What is handed on then is what a shorter training gives. */
static void a_collapsed_training_ends_where_it_was_good(void **state)
{
    enum { MOST = 20 };
    fixture *f = *state;
    ost_digest data = pictures(f, 0, 8);
    double spread[MOST];
    double limit;
    size_t n = fading(f, data, spread, MOST);
    size_t low = 0, end = 0, good = 0;
    ost_done_msg first, done;
    const char *keep;
    json_t *meta;
    json_t *diverged;
    ost_digest kept, shorter;

    limit = 0.5 * (spread[1] + spread[n - 1]);
    for (size_t i = 0; i < n && low < 3; i++) {
        low = spread[i] < limit ? low + 1 : 0;
        end = i + 1;
        good = low ? good : i + 1;
    }
    assert_int_equal(low, 3);
    assert_true(good > 0);
    done =
        train_on(f,
                 ost_arena_printf(&f->arena, "{" FADING ", \"collapse\": %g}",
                                  MOST, limit),
                 1, data);
    keep = ost_arena_printf(&f->arena,
                            "{" FADING ", \"collapse\": %g, "
                            "\"on_divergence\": \"keep\"}",
                            MOST, limit);
    first = train_on(f, keep, 1, data);
    meta = meta_of(f, must(&first), 0);
    diverged = json_object_get(meta, "diverged");
    assert_int_equal(json_integer_value(json_object_get(diverged, "step")),
                     end);
    assert_int_equal(json_integer_value(json_object_get(diverged, "kept")),
                     good);
    assert_non_null(strstr(first.notes, "the training collapsed: in the last "
                                        "3 samplings, up to update "));
    json_decref(meta);
    kept = weights_of(f, &first);
    done = train_on(f, ost_arena_printf(&f->arena, "{" FADING "}", (int)good),
                    1, data);
    shorter = weights_of(f, &done);
    assert_memory_equal(&kept, &shorter, sizeof(kept));
    /* A step that failed has left the same, to be had without training. */
    done =
        train_on(f,
                 ost_arena_printf(&f->arena, "{" FADING ", \"collapse\": %g}",
                                  MOST, limit),
                 1, data);
    assert_int_equal(done.rc, OST_EFAIL);
    assert_non_null(
        strstr(done.error,
               ost_arena_printf(&f->arena,
                                "'keep' hands on the models of update %zu, "
                                "the last sampling that was good, without "
                                "training again)",
                                good)));
    f->stop_after = 0;
    done = train_on(f, keep, 1, data);
    same_outputs(&first, &done);
    assert_string_equal(done.notes, first.notes);
}

static void a_training_that_diverges_says_where(void **state)
{
    fixture *f = *state;
    ost_done_msg done =
        train_on(f, "{" SIDES ", \"steps\": 50, \"learning_rate\": 1e30}", 1,
                 pictures(f, 0, 6));

    assert_int_equal(done.rc, OST_EFAIL);
    assert_string_equal(
        done.error,
        "the training diverged: in update 1 the loss 'g_gan' is not finite, "
        "and no sampling was good before (a lower 'learning_rate' or "
        "'discriminator_learning_rate', 'clip_norm' or another 'loss' may "
        "help; a smaller 'sample_every' looks earlier)");
    done = train_on(f, "{" SIDES ", \"terms\": {\"l1\": 1e300}}", 1,
                    pictures(f, 0, 6));
    assert_int_equal(done.rc, OST_EFAIL);
    assert_non_null(strstr(done.error, "the training diverged: in update 1 "
                                       "gradients are not finite, and no "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(samples_and_grids_come_at_each_sampling,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(looking_changes_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            spread_is_that_of_real_images_where_they_are_made, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_collapsed_training_ends_where_it_was_good, setup, teardown),
        cmocka_unit_test_setup_teardown(a_training_that_diverges_says_where,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
