/* tests/property/test_json_round_trip.c - print(parse(x)) = x, for any x */
/* links: base */
#include "base/alloc.h"
#include "base/json.h"
#include "tests/support/check.h"
#include "tests/support/seed.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

static double any_real(ost_rng *r)
{
    uint64_t bits = ost_rng_u64(r);
    double v;

    switch (ost_rng_below(r, 4)) {
    case 0:
        return (double)(int64_t)ost_rng_below(r, 2000) - 1000;
    case 1:
        return (double)(int64_t)ost_rng_below(r, 200000) / 1000 - 100;
    default:
        memcpy(&v, &bits, sizeof(v));
        return isfinite(v) ? v : 0.5;
    }
}

static void any_text(ost_rng *r, ost_buf *out)
{
    static const char *const pieces[] = {
        "a",
        "b",
        "/",
        "~",
        "\"",
        "\\",
        "\n",
        "\x01",
        "\xc3\xa9",
        "\xe2\x82\xac",
        " ",
        "\x7f",
        "\xf0\x9f\xa6\xb4",
    };
    uint64_t n = ost_rng_below(r, 6);

    ost_buf_reset(out);
    for (uint64_t i = 0; i < n; i++)
        ost_buf_adds(
            out, pieces[ost_rng_below(r, sizeof(pieces) / sizeof(pieces[0]))]);
}

static json_t *any_value(ost_rng *r, int depth)
{
    uint64_t n = ost_rng_below(r, 12);
    ost_buf text = { 0 };
    json_t *v;

    switch (ost_rng_below(r, depth > 0 ? 8 : 6)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(n & 1);
    case 2:
        return json_integer((json_int_t)ost_rng_u64(r));
    case 3:
    case 4:
        return json_real(any_real(r));
    case 5:
        any_text(r, &text);
        v = json_string(ost_buf_str(&text));
        break;
    case 6:
        v = json_array();
        for (uint64_t i = 0; i < n; i++)
            json_array_append_new(v, any_value(r, depth - 1));
        break;
    default:
        v = json_object();
        for (uint64_t i = 0; i < n; i++) {
            any_text(r, &text);
            json_object_set_new(v, ost_buf_str(&text), any_value(r, depth - 1));
        }
    }
    ost_buf_release(&text);
    return v;
}

static json_t *any_document(ost_rng *r)
{
    json_t *array = json_array();

    json_array_append_new(array, any_value(r, 4));
    return array;
}

static const char *canonical_text_reads_back(ost_rng *r)
{
    json_t *value = any_document(r);
    ost_buf first = { 0 }, second = { 0 };
    ost_json_doc *doc = NULL;
    const char *wrong = NULL;

    ost_json_canonical(&first, value);
    if (ost_json_parse("x", ost_buf_str(&first), first.len, &doc, NULL)) {
        wrong = "the canonical text does not parse";
        goto out;
    }
    ost_json_canonical(&second, ost_json_root(doc));
    if (first.len != second.len ||
        memcmp(first.data, second.data, first.len) != 0)
        wrong = "print(parse(x)) differs from x";
    else if (ost_json_duplicates(doc) != 0)
        wrong = "duplicates where there are none";
out:
    ost_json_free(doc);
    ost_buf_release(&first);
    ost_buf_release(&second);
    json_decref(value);
    return wrong;
}

static const char *spacing_and_order_do_not_change_it(ost_rng *r)
{
    json_t *value = any_document(r);
    char *loose =
        json_dumps(value, JSON_INDENT(3) | JSON_SORT_KEYS | JSON_ENSURE_ASCII |
                              JSON_REAL_PRECISION(17));
    ost_buf first = { 0 }, second = { 0 };
    ost_json_doc *doc = NULL;
    const char *wrong = NULL;

    ost_json_canonical(&first, value);
    if (ost_json_parse("x", loose, strlen(loose), &doc, NULL)) {
        wrong = "jansson's text does not parse";
        goto out;
    }
    ost_json_canonical(&second, ost_json_root(doc));
    if (strcmp(ost_buf_str(&first), ost_buf_str(&second)) != 0)
        wrong = "another spelling has another canonical form";
out:
    ost_json_free(doc);
    ost_buf_release(&first);
    ost_buf_release(&second);
    json_decref(value);
    ost_free(loose);
    return wrong;
}

static const char *a_real_reads_back_as_itself(ost_rng *r)
{
    double v = any_real(r), back;
    ost_buf b = { 0 };
    const char *wrong = NULL;

    ost_json_add_real(&b, v);
    if (!ost_parse_f64(ost_buf_str(&b), &back) || back != v)
        wrong = "a real does not read back";
    ost_buf_release(&b);
    return wrong;
}

/* Walks the value and asks for the place of everything in it. */
static const char *check_places(const ost_json_doc *doc, const json_t *v,
                                ost_buf *pointer)
{
    static const char first[] = "{[\"--tfn";
    ost_json_pos pos = ost_json_locate(doc, ost_buf_str(pointer), false);
    char c = ost_json_text(doc, NULL)[pos.offset];
    size_t len = pointer->len;
    const char *wrong = NULL, *name;
    size_t index;
    json_t *child;

    if (json_is_number(v) ? !(c == '-' || (c >= '0' && c <= '9'))
                          : c != first[json_typeof(v)])
        return "a pointer leads to the wrong place";
    json_object_foreach((json_t *)(uintptr_t)v, name, child)
    {
        ost_json_add_pointer(pointer, name);
        if (!wrong)
            wrong = check_places(doc, child, pointer);
        pointer->len = len;
        pointer->data[len] = 0;
    }
    json_array_foreach(v, index, child)
    {
        ost_buf_addf(pointer, "/%zu", index);
        if (!wrong)
            wrong = check_places(doc, child, pointer);
        pointer->len = len;
        pointer->data[len] = 0;
    }
    return wrong;
}

static const char *every_pointer_leads_to_its_value(ost_rng *r)
{
    json_t *value = any_document(r);
    char *text = json_dumps(value, JSON_INDENT(1));
    ost_buf pointer = { 0 };
    ost_json_doc *doc = NULL;
    const char *wrong = "jansson's text does not parse";

    ost_buf_reserve(&pointer, 1);
    if (!ost_json_parse("x", text, strlen(text), &doc, NULL))
        wrong = check_places(doc, ost_json_root(doc), &pointer);
    ost_json_free(doc);
    ost_buf_release(&pointer);
    json_decref(value);
    ost_free(text);
    return wrong;
}

static void the_canonical_form_is_a_fixed_point(void **state)
{
    (void)state;
    assert_int_equal(each_seed(2000, canonical_text_reads_back), 0);
}

static void one_value_has_one_canonical_form(void **state)
{
    (void)state;
    assert_int_equal(each_seed(2000, spacing_and_order_do_not_change_it), 0);
}

static void reals_survive(void **state)
{
    (void)state;
    assert_int_equal(each_seed(100000, a_real_reads_back_as_itself), 0);
}

static void positions_are_right(void **state)
{
    (void)state;
    assert_int_equal(each_seed(300, every_pointer_leads_to_its_value), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_canonical_form_is_a_fixed_point),
        cmocka_unit_test(one_value_has_one_canonical_form),
        cmocka_unit_test(reals_survive),
        cmocka_unit_test(positions_are_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
