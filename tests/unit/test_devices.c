/* tests/unit/test_devices.c - the GPUs of a machine, and numeric classes */
/* links: stage_desc store base */
#include "base/fs.h"
#include "stages/devices.h"
#include "tests/support/fake_gpus.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

static ost_gpus list(void)
{
    ost_gpus gpus;

    ost_gpus_find(&gpus);
    return gpus;
}

static void check_text(const ost_gpus *gpus, const char *part)
{
    ost_buf text = { 0 };

    ost_gpus_text(gpus, &text);
    if (!strstr(ost_buf_str(&text), part))
        fail_msg("no '%s' in:\n%s", part, ost_buf_str(&text));
    ost_buf_release(&text);
}

static void a_machine_without_a_backend_says_so(void **state)
{
    ost_gpus gpus = list();

    (void)state;
    assert_int_equal(ost_gpus_usable(&gpus), 0);
    assert_non_null(strstr(gpus.reason, "this build has no CUDA backend"));
    ost_gpus_release(&gpus);
}

static void a_machine_without_a_driver_says_so(void **state)
{
    ost_gpus gpus;

    (void)state;
    assert_ok(ost_fs_mkdirs("half", NULL), &(ost_err){ 0 });
    assert_ok(
        ost_fs_write_atomic("half/libosteon_cudasim.so", "", 0, false, NULL),
        &(ost_err){ 0 });
    setenv("OSTEON_CUDASIM", "./half", 1);
    gpus = list();
    assert_string_equal(gpus.reason,
                        "no CUDA device (./half/libcudasim.so not found)");
    ost_gpus_release(&gpus);
    have_gpus(TWO_GPUS);
    setenv("FAKE_INIT", "9", 1);
    gpus = list();
    assert_non_null(strstr(gpus.reason, "libcudasim.so: Driver Not Loaded"));
    assert_int_equal(gpus.list.len, 0);
    ost_gpus_release(&gpus);
}

static void every_gpu_is_listed(void **state)
{
    ost_gpus gpus;

    (void)state;
    have_gpus(TWO_GPUS " gpu=HIDDEN-FROM-US,80,80,90 gpu=GPU-2222,16,16,61");
    gpus = list();
    assert_null(gpus.reason);
    assert_int_equal(gpus.list.len, 3);
    assert_int_equal(ost_gpus_usable(&gpus), 2);
    assert_string_equal(gpus.list.data[0].uuid, "GPU-0000aaaa");
    assert_string_equal(gpus.list.data[0].name, "Fake 80GB");
    assert_true(gpus.list.data[0].memory == 80000000000);
    assert_true(gpus.list.data[0].free == 70000000000);
    assert_int_equal(gpus.list.data[0].major, 9);
    assert_int_equal(gpus.list.data[1].index, 1);
    assert_string_equal(gpus.list.data[2].unusable,
                        "too old: compute capability 6.1, below 7.5");
    assert_true(ost_gpus_largest(&gpus) == 80000000000);
    check_text(&gpus, "stand-in 1  Fake 40GB  39 GB of 40 GB free\n"
                      "  GPU-1111bbbb  capability 8.0\n");
    ost_gpus_release(&gpus);
}

static void slices_stand_for_their_gpu(void **state)
{
    ost_buf text = { 0 };
    ost_gpus gpus;

    (void)state;
    have_gpus("gpu=GPU-0,80,10,90 mig=MIG-a,40,39 mig=MIG-b,20,20 "
              "gpu=GPU-1,24,24,89 gpu=GPU-2,80,80,0");
    gpus = list();
    assert_int_equal(gpus.list.len, 4);
    assert_string_equal(gpus.list.data[0].uuid, "MIG-a");
    assert_int_equal(gpus.list.data[0].slice, 0);
    assert_int_equal(gpus.list.data[0].major, 9);
    assert_string_equal(gpus.list.data[1].uuid, "MIG-b");
    assert_string_equal(gpus.list.data[2].uuid, "GPU-1");
    assert_int_equal(gpus.list.data[2].slice, -1);
    assert_non_null(strstr(gpus.list.data[3].unusable, "has no slices"));
    assert_int_equal(ost_gpus_usable(&gpus), 3);
    ost_gpu_label(&gpus.list.data[1], &text);
    assert_string_equal(ost_buf_str(&text), "stand-in 0.1");
    ost_buf_release(&text);
    ost_gpus_release(&gpus);
}

static void who_uses_a_gpu_is_told(void **state)
{
    char words[128];
    ost_buf text = { 0 };
    ost_gpus gpus;

    (void)state;
    snprintf(words, sizeof(words), "gpu=GPU-0,80,10,90 pid=%d,60 pid=%d,0",
             (int)getpid(), 1 << 30);
    have_gpus(words);
    gpus = list();
    assert_int_equal(gpus.list.data[0].n_users, 2);
    ost_gpu_users_text(&gpus.list.data[0], &text);
    snprintf(words, sizeof(words), "test_devices (pid %d, 60 GB), ? (pid %d)",
             (int)getpid(), 1 << 30);
    assert_string_equal(ost_buf_str(&text), words);
    ost_buf_release(&text);
    ost_gpus_release(&gpus);
}

static void an_old_driver_is_of_no_use(void **state)
{
    ost_gpus gpus;

    (void)state;
    have_gpus(TWO_GPUS);
    setenv("FAKE_CUDA", "12040", 1);
    gpus = list();
    assert_string_equal(gpus.reason, "the driver 580.65 is for CUDA 12.4, this "
                                     "needs one for 13.0");
    assert_int_equal(ost_gpus_usable(&gpus), 0);
    assert_int_equal(gpus.list.len, 2);
    ost_gpus_release(&gpus);
}

static void no_device_is_a_reason(void **state)
{
    ost_gpus gpus;

    (void)state;
    have_gpus("");
    gpus = list();
    assert_string_equal(gpus.reason, "no CUDA device");
    ost_gpus_release(&gpus);
    have_gpus("gpu=GPU-0,16,16,61");
    gpus = list();
    assert_string_equal(
        gpus.reason, "Fake 16GB: too old: compute capability 6.1, below 7.5");
    ost_gpus_release(&gpus);
}

static void what_is_invisible_is_not_used(void **state)
{
    static const char *const words[] = { "1", "GPU-1111", "7,1,MIG-x" };
    ost_gpus gpus;

    (void)state;
    have_gpus(TWO_GPUS);
    for (size_t i = 0; i < 3; i++) {
        setenv("CUDA_VISIBLE_DEVICES", words[i], 1);
        gpus = list();
        assert_int_equal(ost_gpus_usable(&gpus), 1);
        assert_string_equal(gpus.list.data[0].unusable,
                            "left out by CUDA_VISIBLE_DEVICES");
        assert_null(gpus.list.data[1].unusable);
        ost_gpus_release(&gpus);
    }
    setenv("CUDA_VISIBLE_DEVICES", "", 1);
    gpus = list();
    assert_non_null(strstr(gpus.reason, "none of 2 GPUs can be used"));
    ost_gpus_release(&gpus);
}

/* The usable GPUs by their numbers, such as "0,2". */
static void check_choice(const char *words, const char *numbers)
{
    ost_gpus gpus = list();
    ost_buf text = { 0 };
    ost_err err = { 0 };

    assert_ok(ost_gpus_choose(&gpus, words, &err), &err);
    for (size_t i = 0; i < gpus.list.len; i++) {
        if (!gpus.list.data[i].unusable)
            ost_buf_addf(&text, "%s%zu", text.len ? "," : "", i);
    }
    assert_string_equal(ost_buf_str(&text), numbers);
    ost_buf_release(&text);
    ost_gpus_release(&gpus);
}

static void check_refusal(const char *words, const char *message)
{
    ost_gpus gpus = list();
    ost_err err = { 0 };

    assert_int_equal(ost_gpus_choose(&gpus, words, &err), OST_EUSAGE);
    assert_string_equal(err.text, message);
    ost_gpus_release(&gpus);
}

static void gpus_are_chosen_by_words(void **state)
{
    ost_err err = { 0 };
    ost_gpus gpus;

    (void)state;
    have_gpus(TWO_GPUS " gpu=GPU-1111cccc,80,75,90 gpu=GPU-2,16,16,61");
    check_choice(NULL, "0,1,2");
    check_choice("1", "2"); /* with the most free memory */
    check_choice("2", "0,2");
    check_choice("GPU-1111b", "1");
    check_choice("GPU-1111cccc,GPU-0", "0,2");
    check_choice("none", "");
    check_refusal("4", "--gpus 4: only 3 can be used");
    check_refusal("0", "--gpus 0: a number of GPUs from 1 to 1024, or 'none'");
    check_refusal("", "--gpus wants UUIDs, a number, or 'none'");
    check_refusal("nnoe", "--gpus: no GPU 'nnoe', did you mean 'none'? "
                          "('osteon devices' lists them)");
    check_refusal("GPU-0000aaab",
                  "--gpus: no GPU 'GPU-0000aaab', did you mean 'GPU-0000aaaa'? "
                  "('osteon devices' lists them)");
    check_refusal(
        "GPU-1111",
        "--gpus: 'GPU-1111' may be 'GPU-1111bbbb' and 'GPU-1111cccc'");
    check_refusal("GPU-2", "--gpus: 'GPU-2' cannot be used: too old: compute "
                           "capability 6.1, below 7.5");
    gpus = list();
    assert_ok(ost_gpus_choose(&gpus, "none", &err), &err);
    assert_string_equal(gpus.reason, "'--gpus none' leaves none");
    ost_gpus_release(&gpus);
}

static void classes_tell_a_stand_in_from_a_gpu(void **state)
{
    ost_arena arena = { 0 };
    ost_err err = { 0 };

    (void)state;
    assert_string_equal(ost_numerics_gpu("f32", &arena), "cuda-f32");
    assert_string_equal(ost_numerics_gpu("bf16", &arena), "cuda-bf16");
    have_gpus(TWO_GPUS);
    assert_string_equal(ost_numerics_gpu("f32", &arena), "sim-f32");
    assert_string_equal(ost_numerics_cpu("portable"), "cpu-f32-portable");
    assert_string_equal(ost_numerics_cpu("tf32"), ost_cpu_numeric_class());
    for (size_t i = 0; ost_numerics[i]; i++)
        assert_ok(ost_numerics_check(ost_numerics[i], &err), &err);
    assert_int_equal(ost_numerics_check("bf61", &err), OST_EUSAGE);
    assert_non_null(strstr(err.text, "did you mean 'bf16'?"));
    ost_arena_release(&arena);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, have_no_gpus)
    const struct CMUnitTest tests[] = {
        TEST(a_machine_without_a_backend_says_so),
        TEST(a_machine_without_a_driver_says_so),
        TEST(every_gpu_is_listed),
        TEST(slices_stand_for_their_gpu),
        TEST(who_uses_a_gpu_is_told),
        TEST(an_old_driver_is_of_no_use),
        TEST(no_device_is_a_reason),
        TEST(what_is_invisible_is_not_used),
        TEST(gpus_are_chosen_by_words),
        TEST(classes_tell_a_stand_in_from_a_gpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
