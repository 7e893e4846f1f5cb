/* tests/unit/test_phantom.c - studies that are made up */
/* links: stages store base kernels */
#include "tests/support/image_stages.h"

#include "base/banned.h"

extern const ost_stage ost_stage_phantom;
const ost_stage *const ost_stages[] = { &ost_stage_phantom, NULL };

static result phantom(fixture *f, const char *with)
{
    ost_done_msg done =
        run_stage(f->batch, &ost_stage_phantom, with, NULL, 0, &f->arena);
    ost_artifact a;
    ost_item *items;
    ost_err err = { 0 };
    result r;

    if (done.rc)
        fail_msg("%s", done.error);
    r.digest = done.outputs[0].artifact;
    assert_ok(ost_artifact_get(f->batch, &r.digest, &f->arena, &a, &err), &err);
    assert_int_equal(a.type, OST_FILES);
    assert_ok(ost_dataset_items(f->batch, &a, &f->arena, &items, &r.n, &err),
              &err);
    r.items = items;
    return r;
}

static size_t count_of(const char *text, const char *word)
{
    size_t n = 0;

    while ((text = strstr(text, word))) {
        n++;
        text += strlen(word);
    }
    return n;
}

static const char *manifest_of(fixture *f, const result *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->items[i].id, "manifest.csv") == 0) {
            const char *text = bytes_of(f, &r->items[i], "bytes");
            size_t size =
                (size_t)ost_item_field(&r->items[i], "bytes")->shape[0];

            return ost_arena_strndup(&f->arena, text, size);
        }
    fail_msg("%s", "there is no manifest");
    return NULL;
}

static void a_phantom_is_images_and_a_manifest(void **state)
{
    fixture *f = *state;
    result r = phantom(f, "{'patients':10,'size':[24,32],'images':[3,3],"
                          "'lesions':0.4}");
    const char *csv = manifest_of(f, &r);
    size_t ill;

    assert_int_equal(r.n, 31);
    assert_int_equal(strncmp(csv, "path,label,patient_id,view,day,site\n", 36),
                     0);
    assert_int_equal(count_of(csv, "\n"), 31);
    assert_int_equal(count_of(csv, "images/P"), 30);
    assert_non_null(strstr(csv, "\nimages/P10_3.png,"));
    ill = count_of(csv, ",lesion,");
    assert_int_equal(ill + count_of(csv, ",normal,"), 30);
    assert_true(ill >= 4 && ill <= 12); /* four patients, one to three each */
    for (size_t i = 0; i < r.n; i++)
        if (r.items[i].id[0] == 'i')
            assert_memory_equal(bytes_of(f, &r.items[i], "bytes"),
                                "\x89PNG\r\n\x1a\n", 8);
}

static void a_phantom_is_the_same_again(void **state)
{
    fixture *f = *state;
    const char *with = "{'patients':5,'size':[32,32]}";
    result a = phantom(f, with), b = phantom(f, with);
    result c = phantom(f, "{'patients':5,'size':[32,32],'contrast':1.5}");

    assert_memory_equal(&a.digest, &b.digest, sizeof(a.digest));
    assert_memory_not_equal(&a.digest, &c.digest, sizeof(a.digest));
}

static void a_phantom_without_lesions_is_all_normal(void **state)
{
    fixture *f = *state;
    result r = phantom(f, "{'patients':6,'size':[8,8],'lesions':0,"
                          "'labels':['ok','a, b']}");

    assert_int_equal(count_of(manifest_of(f, &r), ",ok,"), r.n - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_phantom_is_images_and_a_manifest),
        TEST(a_phantom_is_the_same_again),
        TEST(a_phantom_without_lesions_is_all_normal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
