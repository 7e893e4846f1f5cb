/* tests/unit/test_artifact.c - artifacts are what was put under their digest
 */
/* links: base store */
#include "store/artifact.h"
#include "tests/support/store.h"

#include "base/banned.h"

static void words_and_types_belong_together(void **state)
{
    (void)state;
    assert_string_equal(ost_artifact_type_name(OST_MODEL), "model");
    assert_int_equal(ost_artifact_type_of("predictions"), OST_PREDICTIONS);
    assert_int_equal(ost_artifact_type_of("nonsense"), OST_ANY);
    assert_string_equal(ost_artifact_type_name((ost_artifact_type)99),
                        "unknown");
    assert_true(ost_artifact_has_items(OST_FILES));
    assert_false(ost_artifact_has_items(OST_METRICS));
}

static ost_artifact a_model(ost_ref refs[2])
{
    refs[0] = (ost_ref){ .name = "weights", .size = 1000 };
    refs[0].digest = ost_digest_of("w", 1);
    refs[1] = (ost_ref){ .name = "network", .size = 20 };
    refs[1].digest = ost_digest_of("n", 1);
    return (ost_artifact){ .type = OST_MODEL,
                           .meta = "{\"classes\":[\"a\",\"b\"]}",
                           .exposure = ost_digest_of("e", 1),
                           .refs = refs,
                           .n_refs = 2 };
}

static void an_artifact_reads_back(void **state)
{
    ost_store *s = new_store("s");
    ost_batch *b = ost_batch_new(s);
    ost_arena arena = { 0 };
    ost_ref refs[2];
    ost_artifact a = a_model(refs), back;
    ost_digest d, again;
    ost_err err = { 0 };

    (void)state;
    assert_ok(ost_artifact_put(b, &a, &d, &err), &err);
    assert_ok(ost_artifact_put(b, &a, &again, &err), &err);
    assert_true(ost_digest_equal(&d, &again));
    assert_int_equal(ost_batch_count(b), 1);
    for (int pass = 0; pass < 2; pass++) {
        assert_ok(ost_artifact_get(b, &d, &arena, &back, &err), &err);
        assert_int_equal(back.type, OST_MODEL);
        assert_string_equal(back.meta, a.meta);
        assert_true(ost_digest_equal(&back.exposure, &a.exposure));
        assert_int_equal(back.n_refs, 2);
        assert_string_equal(back.refs[0].name, "weights");
        assert_int_equal(back.refs[0].size, 1000);
        assert_true(ost_digest_equal(&back.refs[1].digest, &refs[1].digest));
        commit(b);
    }
    ost_arena_release(&arena);
    ost_batch_free(b);
    ost_store_close(s);
}

static void what_is_no_artifact_is_damage(void **state)
{
    ost_store *s = new_store("other");
    ost_batch *b = ost_batch_new(s);
    ost_arena arena = { 0 };
    ost_artifact back;
    ost_digest d;
    ost_err err = { 0 };

    (void)state;
    assert_ok(ost_batch_put_blob(b, "junk", 4, &d, &err), &err);
    assert_int_equal(ost_artifact_get(b, &d, &arena, &back, &err),
                     OST_ECORRUPT);
    assert_non_null(strstr(err.text, "not an artifact"));
    d.b[0] ^= 1;
    assert_int_equal(ost_artifact_get(b, &d, &arena, &back, &err),
                     OST_ECORRUPT);
    ost_arena_release(&arena);
    ost_batch_free(b);
    ost_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_types_belong_together),
        cmocka_unit_test(an_artifact_reads_back),
        cmocka_unit_test(what_is_no_artifact_is_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
