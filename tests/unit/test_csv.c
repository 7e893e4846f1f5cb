/* tests/unit/test_csv.c - comma-separated values */
/* links: base */
#include "base/csv.h"
#include "base/rng.h"
#include "tests/support/check.h"

#include <string.h>

#include "base/banned.h"

static ost_rc parse(const char *text, ost_arena *arena, ost_csv *csv,
                    ost_err *err)
{
    return ost_csv_parse("t.csv", text, strlen(text), arena, csv, err);
}

static void refuses(const char *text, const char *message)
{
    ost_arena arena = { 0 };
    ost_err err = { 0 };
    ost_csv csv;

    assert_int_equal(parse(text, &arena, &csv, &err), OST_EINPUT);
    assert_string_equal(err.text, message);
    ost_arena_release(&arena);
}

static void plain_table(void **state)
{
    ost_arena arena = { 0 };
    ost_err err = { 0 };
    ost_csv csv;

    (void)state;
    assert_int_equal(parse("id,label\na,x\n\nb,\n", &arena, &csv, &err), 0);
    assert_int_equal(csv.n_columns, 2);
    assert_int_equal(csv.n_rows, 2);
    assert_string_equal(csv.header[1], "label");
    assert_string_equal(csv.rows[0].cells[0], "a");
    assert_string_equal(csv.rows[1].cells[1], "");
    assert_int_equal(csv.rows[1].line, 4);
    assert_int_equal(ost_csv_column(&csv, "label"), 1);
    assert_int_equal(ost_csv_column(&csv, "Label"), -1);
    ost_arena_release(&arena);
}

static void quotes_and_line_ends(void **state)
{
    ost_arena arena = { 0 };
    ost_err err = { 0 };
    ost_csv csv;

    (void)state;
    assert_int_equal(parse("\xef\xbb\xbf"
                           "a,\"b\"\"c\"\r\n\"1\r\n2\",\"x,y\"\r\nz,\"\"",
                           &arena, &csv, &err),
                     0);
    assert_string_equal(csv.header[0], "a");
    assert_string_equal(csv.header[1], "b\"c");
    assert_int_equal(csv.n_rows, 2);
    assert_string_equal(csv.rows[0].cells[0], "1\r\n2");
    assert_string_equal(csv.rows[0].cells[1], "x,y");
    assert_string_equal(csv.rows[1].cells[0], "z");
    assert_string_equal(csv.rows[1].cells[1], "");
    assert_int_equal(csv.rows[1].line, 4);
    ost_arena_release(&arena);
}

static void other_separators(void **state)
{
    ost_arena arena = { 0 };
    ost_err err = { 0 };
    ost_csv csv;

    (void)state;
    assert_int_equal(parse("a;b\n1,5;2\n", &arena, &csv, &err), 0);
    assert_string_equal(csv.rows[0].cells[0], "1,5");
    assert_int_equal(parse("a\tb\n1\t2\n", &arena, &csv, &err), 0);
    assert_string_equal(csv.rows[0].cells[1], "2");
    assert_int_equal(parse("a,b;c\n1,2\n", &arena, &csv, &err), 0);
    assert_string_equal(csv.header[1], "b;c");
    ost_arena_release(&arena);
}

static void faults_name_the_line(void **state)
{
    (void)state;
    refuses("", "t.csv:1: table has no header");
    refuses("a,a\n", "t.csv:1: column 'a' is there twice");
    refuses("a,\n", "t.csv:1: column 2 has no name");
    refuses("a,b\n1,2\n3\n", "t.csv:3: 1 cells where the header has 2");
    refuses("a\n1\n\"2\n3\n", "t.csv:3: quote is never closed");
    refuses("a\n\"1\"2\n", "t.csv:2: text behind a closing quote");
    refuses("a\n1\n\xff\n", "t.csv:3: text is not valid UTF-8");
}

static void nul_is_refused(void **state)
{
    ost_arena arena = { 0 };
    ost_err err = { 0 };
    ost_csv csv;

    (void)state;
    assert_int_equal(ost_csv_parse("t.csv", "a\n1\0", 4, &arena, &csv, &err),
                     OST_EINPUT);
    ost_arena_release(&arena);
}

/* What is written is read back, whatever the cells hold. */
static void round_trip(void **state)
{
    static const char alphabet[] = "ab,;\t\"\r\n x";
    ost_rng rng = ost_rng_of(7, 1);

    (void)state;
    for (int round = 0; round < 200; round++) {
        char cells[3][2][9];
        ost_arena arena = { 0 };
        ost_buf text = { 0 };
        ost_err err = { 0 };
        ost_csv csv;

        ost_buf_adds(&text, "one,two\n");
        for (int r = 0; r < 3; r++) {
            for (int c = 0; c < 2; c++) {
                int n = 1 + (int)ost_rng_below(&rng, 7);

                cells[r][c][0] = 'k';
                for (int i = 1; i < n; i++)
                    cells[r][c][i] =
                        alphabet[ost_rng_below(&rng, sizeof(alphabet) - 1)];
                cells[r][c][n] = '\0';
                ost_csv_add(&text, cells[r][c]);
                ost_buf_addc(&text, c ? '\n' : ',');
            }
        }
        assert_int_equal(ost_csv_parse("t", ost_buf_str(&text), text.len,
                                       &arena, &csv, &err),
                         0);
        assert_int_equal(csv.n_rows, 3);
        for (int r = 0; r < 3; r++) {
            for (int c = 0; c < 2; c++)
                assert_string_equal(csv.rows[r].cells[c], cells[r][c]);
        }
        ost_buf_release(&text);
        ost_arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_table),
        cmocka_unit_test(quotes_and_line_ends),
        cmocka_unit_test(other_separators),
        cmocka_unit_test(faults_name_the_line),
        cmocka_unit_test(nul_is_refused),
        cmocka_unit_test(round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
