/* tests/unit/test_json.c - positions, duplicates and syntax errors */
/* links: base */
#include "base/fs.h"
#include "base/json.h"
#include "tests/support/check.h"

#include <string.h>

#include "base/banned.h"

static ost_json_doc *parse(const char *text)
{
    ost_err err = { 0 };
    ost_json_doc *doc;
    ost_rc rc = ost_json_parse("w.json", text, strlen(text), &doc, &err);

    if (rc)
        fail_msg("%s", err.text);
    return doc;
}

static void check_place(const ost_json_doc *doc, const char *pointer, bool key,
                        int line, int column, const char *begins)
{
    ost_json_pos pos = ost_json_locate(doc, pointer, key);

    assert_int_equal(pos.line, line);
    assert_int_equal(pos.column, column);
    assert_memory_equal(ost_json_text(doc, NULL) + pos.offset, begins,
                        strlen(begins));
}

static const char workflow[] = "{\n"
                               "  \"name\": \"x\",\n"
                               "\t\"nodes\": { \"a b\": [1, [true, null]],\n"
                               "    \"m~/n\": {\"\": -0.5e3}\n"
                               "  }\n"
                               "}\n";

static void values_and_names_know_where_they_stand(void **state)
{
    ost_json_doc *doc = parse(workflow);

    (void)state;
    check_place(doc, "", false, 1, 1, "{");
    check_place(doc, "/name", false, 2, 11, "\"x\"");
    check_place(doc, "/name", true, 2, 3, "\"name\"");
    check_place(doc, "/nodes", false, 3, 11, "{ \"a b\"");
    check_place(doc, "/nodes/a b/0", false, 3, 21, "1,");
    check_place(doc, "/nodes/a b/1/1", false, 3, 31, "null");
    check_place(doc, "/nodes/m~0~1n/", false, 4, 18, "-0.5e3");
    check_place(doc, "/nodes/m~0~1n/", true, 4, 14, "\"\": -0.5");
    ost_json_free(doc);
}

static void the_key_of_what_has_none_is_the_value(void **state)
{
    ost_json_doc *doc = parse(workflow);

    (void)state;
    check_place(doc, "", true, 1, 1, "{");
    check_place(doc, "/nodes/a b/1", true, 3, 24, "[true");
    ost_json_free(doc);
}

static void a_pointer_to_nowhere_gives_the_nearest_ancestor(void **state)
{
    ost_json_doc *doc = parse(workflow);

    (void)state;
    check_place(doc, "/nodes/none/deep/er", false, 3, 11, "{ \"a b\"");
    check_place(doc, "/nodes/a b/7", false, 3, 20, "[1, ");
    check_place(doc, "/nodes/a b/01", false, 3, 20, "[1, ");
    check_place(doc, "/name/x", false, 2, 11, "\"x\"");
    check_place(doc, "nonsense", false, 1, 1, "{");
    ost_json_free(doc);
}

static void columns_count_code_points(void **state)
{
    ost_json_doc *doc = parse("{\"\xc3\xa9\xe2\x82\xac\": 1}");

    (void)state;
    check_place(doc, "/\xc3\xa9\xe2\x82\xac", false, 1, 8, "1");
    ost_json_free(doc);
}

static void names_with_escapes_are_found_by_what_they_mean(void **state)
{
    ost_json_doc *doc = parse("{\"\\u00e9\\n\\ud83e\\uddb4\\u20ac\": 5}");

    (void)state;
    check_place(doc, "/\xc3\xa9\n\xf0\x9f\xa6\xb4\xe2\x82\xac", false, 1, 32,
                "5");
    assert_int_equal(
        json_integer_value(json_object_get(
            ost_json_root(doc), "\xc3\xa9\n\xf0\x9f\xa6\xb4\xe2\x82\xac")),
        5);
    ost_json_free(doc);
}

static void the_values_are_those_of_the_text(void **state)
{
    ost_json_doc *doc = parse(workflow);
    json_t *nodes = json_object_get(ost_json_root(doc), "nodes");
    size_t size;

    (void)state;
    assert_string_equal(ost_json_name(doc), "w.json");
    assert_string_equal(ost_json_text(doc, &size), workflow);
    assert_int_equal(size, sizeof(workflow) - 1);
    assert_true(json_real_value(json_object_get(json_object_get(nodes, "m~/n"),
                                                "")) == -500.0);
    ost_json_free(doc);
    ost_json_free(NULL);
}

static void duplicate_names_are_found_at_every_level(void **state)
{
    ost_json_doc *doc = parse("{\"a\": 1, \"n\": [{\"x\": 1,\n\"x\": 2}],\n"
                              " \"\\u0061\": 3, \"b\": {\"a\": 1}}");
    ost_json_pos pos;

    (void)state;
    assert_int_equal(ost_json_duplicates(doc), 2);
    assert_string_equal(ost_json_duplicate(doc, 0, &pos), "/n/0/x");
    assert_int_equal(pos.line, 2);
    assert_int_equal(pos.column, 1);
    assert_string_equal(ost_json_duplicate(doc, 1, &pos), "/a");
    assert_int_equal(pos.line, 3);
    assert_int_equal(pos.column, 2);
    check_place(doc, "/a", false, 3, 12, "3");
    assert_int_equal(
        json_integer_value(json_object_get(ost_json_root(doc), "a")), 3);
    ost_json_free(doc);
}

static void duplicates_in_large_objects_are_found_too(void **state)
{
    ost_buf text = { 0 };
    ost_json_doc *doc;
    ost_json_pos pos;

    (void)state;
    ost_buf_adds(&text, "{");
    for (int i = 0; i < 300; i++)
        ost_buf_addf(&text, "\"k%d\": %d,\n", i % 299, i);
    ost_buf_adds(&text, "\"last/~\": 1, \"last/~\": 2}");
    doc = parse(ost_buf_str(&text));
    assert_int_equal(ost_json_duplicates(doc), 2);
    assert_string_equal(ost_json_duplicate(doc, 0, &pos), "/k0");
    assert_int_equal(pos.line, 300);
    assert_string_equal(ost_json_duplicate(doc, 1, NULL), "/last~1~0");
    ost_json_free(doc);
    ost_buf_release(&text);
}

static void of_very_many_duplicates_the_first_hundred_are_kept(void **state)
{
    ost_buf text = { 0 };
    ost_json_doc *doc;

    (void)state;
    ost_buf_adds(&text, "{\"a\":0");
    for (int i = 0; i < 100000; i++)
        ost_buf_adds(&text, ",\"a\":1");
    ost_buf_adds(&text, "}");
    doc = parse(ost_buf_str(&text));
    assert_int_equal(ost_json_duplicates(doc), 100);
    ost_json_free(doc);
    ost_buf_release(&text);
}

static void add_nested(ost_buf *text, int levels)
{
    for (int i = 0; i < levels; i++)
        ost_buf_adds(text, i % 2 ? "{\"a\":" : "[");
    ost_buf_adds(text, "1");
    for (int i = levels - 1; i >= 0; i--)
        ost_buf_adds(text, i % 2 ? "}" : "]");
}

static void nesting_is_allowed_up_to_512_levels(void **state)
{
    ost_buf text = { 0 };
    ost_err err = { 0 };
    ost_json_doc *doc;

    (void)state;
    add_nested(&text, 512);
    doc = parse(ost_buf_str(&text));
    ost_json_free(doc);
    ost_buf_reset(&text);
    add_nested(&text, 513);
    assert_int_equal(
        ost_json_parse("d", ost_buf_str(&text), text.len, &doc, &err),
        OST_EINPUT);
    assert_non_null(strstr(err.text, "nested deeper than 512 levels"));
    ost_buf_reset(&text);
    for (int i = 0; i < 1000000; i++)
        ost_buf_addc(&text, '[');
    assert_int_equal(
        ost_json_parse("d", ost_buf_str(&text), text.len, &doc, &err),
        OST_EINPUT);
    ost_buf_release(&text);
}

static void check_refused(const char *text, size_t size, const char *want)
{
    ost_err err = { 0 };
    ost_json_doc *doc;

    assert_int_equal(ost_json_parse("w", text, size, &doc, &err), OST_EINPUT);
    assert_null(doc);
    assert_int_equal(err.rc, OST_EINPUT);
    if (strncmp(err.text, want, strlen(want)) != 0)
        fail_msg("'%s' instead of '%s'", err.text, want);
}

static void syntax_errors_name_the_first_wrong_place(void **state)
{
    static const char *const rows[][2] = {
        { "", "w:1:1: expected '{' or '['" },
        { " \n 5", "w:2:2: expected '{' or '['" },
        { "\xef\xbb\xbf{}", "w:1:1: expected '{' or '['" },
        { "{} x", "w:1:4: text after the end" },
        { "{", "w:1:2: text ends too early" },
        { "[1", "w:1:3: text ends too early" },
        { "[1,", "w:1:4: text ends too early" },
        { "{\"a\"", "w:1:5: text ends too early" },
        { "{\"a\":", "w:1:6: text ends too early" },
        { "{\"a\":1,", "w:1:8: text ends too early" },
        { "{\"a\":1,}", "w:1:7: comma after the last entry" },
        { "[1, ]", "w:1:3: comma after the last entry" },
        { "[1 2]", "w:1:4: expected ',' or ']'" },
        { "{\"a\":1 \"b\":2}", "w:1:8: expected ',' or '}'" },
        { "{a: 1}", "w:1:2: expected a member name in double quotes" },
        { "{\"a\" 1}", "w:1:6: expected ':'" },
        { "{\"a\": }", "w:1:7: expected a value" },
        { "[nul]", "w:1:2: expected a value" },
        { "[trueish]", "w:1:6: expected ',' or ']'" },
        { "['a']", "w:1:2: strings are written in double quotes" },
        { "[ // no\n 1]", "w:1:3: comments are not allowed" },
        { "[\"abc\n\"]", "w:1:2: string without end" },
        { "[\"abc", "w:1:2: string without end" },
        { "[\"a\tb\"]", "w:1:4: control character in a string" },
        { "[\"a\\x\"]", "w:1:4: invalid escape" },
        { "[\"\\u12g4\"]", "w:1:3: invalid \\u escape" },
        { "[\"\\u12", "w:1:3: invalid \\u escape" },
        { "[\"\\ud800\"]", "w:1:3: invalid \\u escape" },
        { "[\"\\ud800\\u0041\"]", "w:1:3: invalid \\u escape" },
        { "[\"\\udc00\"]", "w:1:3: invalid \\u escape" },
        { "[\"\\u0000\"]", "w:1:3: NUL character in a string" },
        { "[\"\xff\"]", "w:1:3: invalid UTF-8" },
        { "[\"\xc0\xaf\"]", "w:1:3: invalid UTF-8" },
        { "[\"\xed\xa0\x80\"]", "w:1:3: invalid UTF-8" },
        { "[\"\xf4\x90\x80\x80\"]", "w:1:3: invalid UTF-8" },
        { "[\"\xe2\x82\"]", "w:1:3: invalid UTF-8" },
        { "[01]", "w:1:2: malformed number" },
        { "[-]", "w:1:2: malformed number" },
        { "[+1]", "w:1:2: expected a value" },
        { "[.5]", "w:1:2: expected a value" },
        { "[1.]", "w:1:2: malformed number" },
        { "[1e]", "w:1:2: malformed number" },
        { "[NaN]", "w:1:2: expected a value" },
        { "[9223372036854775808]", "w:1:2: integer out of range" },
        { "[1e400]", "w:1:2: number out of range" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_refused(rows[i][0], strlen(rows[i][0]), rows[i][1]);
    check_refused("[\"a\0b\"]", 7, "w:1:4: NUL character in a string");
    check_refused("[\0]", 3, "w:1:2: NUL character");
    check_refused("[1]\0", 4, "w:1:4: text after the end");
}

static void the_largest_numbers_are_accepted(void **state)
{
    ost_json_doc *doc = parse("[9223372036854775807, -9223372036854775808, "
                              "1.7976931348623157e308, 1e-400]");
    json_t *root = ost_json_root(doc);

    (void)state;
    assert_true(json_integer_value(json_array_get(root, 0)) == INT64_MAX);
    assert_true(json_integer_value(json_array_get(root, 1)) == INT64_MIN);
    assert_true(json_real_value(json_array_get(root, 3)) == 0);
    ost_json_free(doc);
}

static void a_syntax_error_shows_its_line_with_a_caret(void **state)
{
    (void)state;
    check_refused("{\n\t\"a\": tru,\r\n}", 15,
                  "w:2:7: expected a value\n\t\"a\": tru,\n\t     ^");
    check_refused("[\"\xc3\xa9\x1b\"]", 7,
                  "w:1:4: control character in a string\n"
                  "[\"\xc3\xa9?\"]\n   ^");
    check_refused("", 0, "w:1:1: expected '{' or '['\n\n^");
}

static void of_a_long_line_only_the_neighborhood_is_shown(void **state)
{
    ost_buf text = { 0 };
    ost_err err = { 0 };
    ost_json_doc *doc;
    const char *line, *caret;

    (void)state;
    ost_buf_adds(&text, "[");
    for (int i = 0; i < 1000; i++)
        ost_buf_adds(&text, "\"\xc3\xa9\",");
    ost_buf_adds(&text, "?");
    for (int i = 0; i < 1000; i++)
        ost_buf_adds(&text, ",\"\xc3\xa9\"");
    ost_json_parse("w", ost_buf_str(&text), text.len, &doc, &err);
    line = strchr(err.text, '\n') + 1;
    caret = strchr(line, '\n') + 1;
    assert_memory_equal(err.text, "w:1:4002: expected a value\n...", 30);
    assert_true(strlen(line) < 250);
    /* Before the caret there is one character of the line for each space. */
    assert_int_equal(strcspn(caret, "^"), strspn(caret, " "));
    {
        size_t columns = strcspn(caret, "^");
        const char *p = line;

        for (size_t i = 0; i < columns; i++) {
            p++;
            while (((unsigned char)*p & 0xc0) == 0x80)
                p++;
        }
        assert_int_equal(*p, '?');
    }
    ost_buf_release(&text);
}

static void a_report_has_place_pointer_message_line_and_caret(void **state)
{
    ost_json_doc *doc = parse("{\"nodes\":\n  {\"mask\": {\"valeu\": 1}}}");
    ost_buf out = { 0 };

    (void)state;
    ost_json_add_report(&out, doc, "/nodes/mask/valeu", true,
                        "unknown param 'valeu'");
    assert_string_equal(ost_buf_str(&out), "w.json:2:13: /nodes/mask/valeu: "
                                           "unknown param 'valeu'\n"
                                           "  {\"mask\": {\"valeu\": 1}}}\n"
                                           "            ^\n");
    ost_buf_reset(&out);
    ost_json_add_report(&out, doc, "", false, "no \"osteon\"");
    assert_string_equal(ost_buf_str(&out), "w.json:1:1: no \"osteon\"\n"
                                           "{\"nodes\":\n"
                                           "^\n");
    ost_buf_release(&out);
    ost_json_free(doc);
}

static void files_are_loaded_up_to_a_limit(void **state)
{
    ost_err err = { 0 };
    ost_json_doc *doc;

    (void)state;
    assert_int_equal(
        ost_fs_write_atomic("a.json", "{\"a\": 1}", 8, false, &err), OST_OK);
    assert_int_equal(ost_json_load("a.json", 8, &doc, &err), OST_OK);
    assert_string_equal(ost_json_name(doc), "a.json");
    ost_json_free(doc);
    assert_int_equal(ost_json_load("a.json", 7, &doc, &err), OST_EINPUT);
    assert_null(doc);
    assert_int_equal(ost_json_load("none.json", 7, &doc, &err), OST_ENOTFOUND);
    assert_null(doc);
}

static ost_json_doc *index_of(const char *text)
{
    ost_err err = { 0 };
    ost_json_doc *doc;
    ost_buf b = { 0 };

    ost_buf_adds(&b, text);
    if (ost_json_index("w.json", &b, &doc, &err))
        fail_msg("%s", err.text);
    assert_null(b.data);
    return doc;
}

static void an_index_is_walked_in_the_order_of_the_text(void **state)
{
    ost_json_doc *doc =
        index_of("{\"a\": [1, -2, {}],\n \"\\u0062\": \"x\\ny\"}");
    ost_buf scratch = { 0 }, path = { 0 };
    static const char kinds[] = "{[00{\"";
    const char *p;
    size_t n;

    (void)state;
    assert_null(ost_json_root(doc));
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(ost_json_kind(doc, i), kinds[i]);
    assert_int_equal(ost_json_end(doc, 0), 6);
    assert_int_equal(ost_json_end(doc, 1), 5);
    assert_int_equal(ost_json_offset(doc, 1, true), 1);
    assert_int_equal(ost_json_offset(doc, 1, false), 6);
    assert_int_equal(ost_json_offset(doc, 2, true), 7);
    p = ost_json_member(doc, 5, &scratch, &n);
    assert_int_equal(n, 1);
    assert_memory_equal(p, "b", 1);
    p = ost_json_string(doc, 5, &scratch, &n);
    assert_int_equal(n, 3);
    assert_memory_equal(p, "x\ny", 3);
    ost_json_add_path(&path, doc, 4);
    assert_string_equal(ost_buf_str(&path), "/a/2");
    ost_buf_release(&path);
    ost_buf_release(&scratch);
    ost_json_free(doc);
}

static void a_value_is_built_from_its_place(void **state)
{
    ost_json_doc *doc = index_of("{\"a\": [1, true], \"b\": -7}");
    json_t *a = ost_json_build(doc, ost_json_offset(doc, 1, false));
    json_t *b = ost_json_build(doc, ost_json_offset(doc, 4, false));

    (void)state;
    assert_int_equal(json_array_size(a), 2);
    assert_int_equal(json_integer_value(b), -7);
    json_decref(a);
    json_decref(b);
    ost_json_drop_index(doc);
    a = ost_json_build(doc, 6);
    assert_true(json_is_array(a));
    json_decref(a);
    ost_json_free(doc);
}

static void an_index_takes_the_text_also_when_it_fails(void **state)
{
    ost_err err = { 0 };
    ost_json_doc *doc;
    ost_buf b = { 0 };

    (void)state;
    ost_buf_adds(&b, "[1,");
    assert_int_equal(ost_json_index("w", &b, &doc, &err), OST_EINPUT);
    assert_null(doc);
    assert_null(b.data);
    assert_memory_equal(err.text, "w:1:4: text ends too early", 26);
}

static void pointers_are_escaped(void **state)
{
    ost_buf b = { 0 };

    (void)state;
    ost_json_add_pointer(&b, "nodes");
    ost_json_add_pointer(&b, "a/b~c");
    ost_json_add_pointer(&b, "");
    assert_string_equal(ost_buf_str(&b), "/nodes/a~1b~0c/");
    ost_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_names_know_where_they_stand),
        cmocka_unit_test(the_key_of_what_has_none_is_the_value),
        cmocka_unit_test(a_pointer_to_nowhere_gives_the_nearest_ancestor),
        cmocka_unit_test(columns_count_code_points),
        cmocka_unit_test(names_with_escapes_are_found_by_what_they_mean),
        cmocka_unit_test(the_values_are_those_of_the_text),
        cmocka_unit_test(duplicate_names_are_found_at_every_level),
        cmocka_unit_test(duplicates_in_large_objects_are_found_too),
        cmocka_unit_test(of_very_many_duplicates_the_first_hundred_are_kept),
        cmocka_unit_test(nesting_is_allowed_up_to_512_levels),
        cmocka_unit_test(syntax_errors_name_the_first_wrong_place),
        cmocka_unit_test(the_largest_numbers_are_accepted),
        cmocka_unit_test(a_syntax_error_shows_its_line_with_a_caret),
        cmocka_unit_test(of_a_long_line_only_the_neighborhood_is_shown),
        cmocka_unit_test(a_report_has_place_pointer_message_line_and_caret),
        cmocka_unit_test(files_are_loaded_up_to_a_limit),
        cmocka_unit_test(an_index_is_walked_in_the_order_of_the_text),
        cmocka_unit_test(a_value_is_built_from_its_place),
        cmocka_unit_test(an_index_takes_the_text_also_when_it_fails),
        cmocka_unit_test(pointers_are_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
