/* tests/unit/test_tuning.c - measured choices, kept in the user's cache */
/* links: base kernels stages */
/* on: cpu cuda checked */
#include "base/buf.h"
#include "base/fs.h"
#include "base/text.h"
#include "kernels/tuning.h"
#include "stages/tuning_files.h"
#include "tests/support/product_case.h"

#include "base/banned.h"

/* --- somebody who keeps them ---------------------------------------------- */

static struct {
    char text[4096];
    int loads;
    int saves;
    ost_rc fails;
} shelf;

static ost_rc load(const char *name, ost_buf *text, ost_err *err)
{
    (void)err;
    assert_true(*name);
    shelf.loads++;
    ost_buf_adds(text, shelf.text);
    return OST_OK;
}

static ost_rc save(const char *name, const char *text, ost_err *err)
{
    assert_true(*name);
    shelf.saves++;
    if (shelf.fails)
        return ost_fail(err, shelf.fails, "the shelf is full");
    snprintf(shelf.text, sizeof(shelf.text), "%s", text);
    return OST_OK;
}

static void empty_shelf(const char *text)
{
    static const ost_tuning_keeper keeper = { load, save };

    memset(&shelf, 0, sizeof(shelf));
    snprintf(shelf.text, sizeof(shelf.text), "%s", text);
    ost_tuning_keep_by(&keeper);
}

static void choices_are_kept_by_name(void **state)
{
    (void)state;
    empty_shelf("");
    ost_tuning_open("device-1");
    assert_int_equal(ost_tuning_find("product 1 x 2"), -1);
    ost_tuning_keep("product 1 x 2", 3);
    ost_tuning_keep("product 1 x 22", 0);
    ost_tuning_keep("product 1 x 2", 4);
    assert_string_equal(shelf.text, "osteon tuning 1\n4 product 1 x 2\n"
                                    "0 product 1 x 22\n");
    assert_int_equal(ost_tuning_find("product 1 x 2"), 4);
    ost_tuning_close();
    assert_int_equal(ost_tuning_find("product 1 x 2"), -1);
    ost_tuning_open("device-1");
    assert_int_equal(ost_tuning_find("product 1 x 22"), 0);
    ost_tuning_close();
}

static void what_others_kept_meanwhile_stays(void **state)
{
    (void)state;
    empty_shelf("osteon tuning 1\n1 a\n");
    ost_tuning_open("device");
    snprintf(shelf.text, sizeof(shelf.text), "osteon tuning 1\n1 a\n2 b\n");
    ost_tuning_keep("c", 3);
    assert_string_equal(shelf.text, "osteon tuning 1\n1 a\n3 c\n2 b\n");
    ost_tuning_close();
}

static void damage_is_measured_again(void **state)
{
    static const char *const damaged[] = {
        "osteon tuning 2\n1 a\n", "1 a\n",
        "osteon tuning 1\n1\n",   "osteon tuning 1\n-1 b\n",
        "osteon tuning 1\nb 1\n", "osteon tuning 1\n1 b",
        "osteon tuning 1\n 1 ",   "osteon tuning 1\n99999 b\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        empty_shelf(damaged[i]);
        ost_tuning_open("device");
        assert_int_equal(ost_tuning_find("b"), -1);
        ost_tuning_keep("b", 7);
        assert_string_equal(shelf.text, "osteon tuning 1\n7 b\n");
        ost_tuning_close();
    }
}

static void what_cannot_be_kept_lasts_until_it_is_closed(void **state)
{
    (void)state;
    empty_shelf("");
    shelf.fails = OST_EFAIL;
    ost_tuning_open("device");
    ost_tuning_keep("a", 1);
    assert_int_equal(ost_tuning_find("a"), 1);
    assert_string_equal(shelf.text, "");
    ost_tuning_close();
}

static void files_stand_in_the_users_cache(void **state)
{
    ost_buf text = { 0 };
    ost_err err = { 0 };
    char *folder = ost_path_join(getenv("PWD"), "cache");
    char *path = ost_path_join(folder, "osteon/tuning/some-device");

    (void)state;
    assert_int_equal(setenv("XDG_CACHE_HOME", folder, 1), 0);
    ost_tuning_files();
    ost_tuning_open("some-device");
    ost_tuning_keep("a", 1);
    ost_tuning_close();
    assert_ok(ost_fs_read(path, 1000, &text, &err), &err);
    assert_string_equal(ost_buf_str(&text), "osteon tuning 1\n1 a\n");
    ost_tuning_open("some-device");
    assert_int_equal(ost_tuning_find("a"), 1);
    ost_tuning_close();
    ost_buf_release(&text);
    ost_free(path);
    ost_free(folder);
}

/* --- a device that measures ----------------------------------------------- */

/* Skips where it is the CPU that is looked at. */
static void run_tuned(const char *name, char code[512])
{
    ost_backend *b = NULL;
    ost_err err = { 0 };
    const char *class =
        getenv("OSTEON_CUDASIM") ? "sim-f32-tuned" : "cuda-f32-tuned";

    if (backend_case_is_cpu())
        skip();
    assert_ok(ost_backend_open(class, 0, &b, &err), &err);
    for (int i = 0; i < PRODUCT_CASES; i++)
        if (strcmp(product_cases[i].name, name) == 0) {
            product_parts p = product_run(b, &product_cases[i], 1.0, 1);

            snprintf(code, 512, "%s", p.code);
            ost_vec_release(&p.v);
        }
    ost_backend_close(b);
}

static void a_shape_is_measured_once(void **state)
{
    char first[512];
    char second[512];
    int saves;

    (void)state;
    empty_shelf("");
    run_tuned("uneven", first);
    assert_true(ost_starts_with(shelf.text, "osteon tuning 1\n"));
    assert_non_null(strstr(shelf.text, " convolution down f32 sides 2 items 4 "
                                       "channels 4 to 6 groups 2 size "
                                       "1x11x10 kernel 1x5x2 "));
    assert_non_null(strstr(shelf.text, " convolution up "));
    assert_non_null(strstr(shelf.text, " convolution filter "));
    assert_int_equal(shelf.saves, 3);
    saves = shelf.saves;
    run_tuned("uneven", second);
    assert_int_equal(shelf.saves, saves);
    assert_string_equal(first, second);
    run_tuned("dense", second);
    assert_int_equal(shelf.saves, saves + 12);
}

/* Gives the choice under the key that has `part` another number. */
static void change(const char *part, char number)
{
    char *at = strstr(shelf.text, part);

    assert_non_null(at);
    assert_int_equal(at[-2], '\n');
    at[-1] = number;
}

static void what_is_kept_is_taken(void **state)
{
    char code[512];

    (void)state;
    empty_shelf("");
    run_tuned("relu", code);
    change(" convolution down f32 sides 2 items 3 channels 4", '0');
    run_tuned("relu", code);
    assert_true(ost_starts_with(code, "cudnn forward implicit_gemm / "));
}

static void what_may_not_be_taken_is_measured_again(void **state)
{
    char right[512];
    char code[512];

    (void)state;
    empty_shelf("");
    run_tuned("uneven", right);
    change(" convolution up", '0');     /* adds in any order */
    change(" convolution down", '9');   /* is none */
    change(" convolution filter", '6'); /* not for this shape */
    run_tuned("uneven", code);
    assert_string_equal(code, right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_are_kept_by_name),
        cmocka_unit_test(what_others_kept_meanwhile_stays),
        cmocka_unit_test(damage_is_measured_again),
        cmocka_unit_test(what_cannot_be_kept_lasts_until_it_is_closed),
        cmocka_unit_test(files_stand_in_the_users_cache),
        cmocka_unit_test(a_shape_is_measured_once),
        cmocka_unit_test(what_is_kept_is_taken),
        cmocka_unit_test(what_may_not_be_taken_is_measured_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
