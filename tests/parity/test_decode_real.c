/* tests/parity/test_decode_real.c - real files against the digests that other
 * decoders gave for them
 *
 * The tables beside the files say the SHA-256 of the pixels (PNG, JPEG) or of
 * the stored words (DICOM), and for lossy DICOM files minimum, maximum and sum.
 */
/* links: base store stages */
#include "base/alloc.h"
#include "base/csv.h"
#include "base/fs.h"
#include "base/text.h"
#include "stages/decode.h"
#include "stages/decode_dicom.h"
#include "store/key.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

enum { LIMIT = 64 << 20 };

static const char *shared;

/* A table of the sample data; the text lives as long as the arena. */
static void read_table(const char *folder, ost_arena *arena, ost_csv *csv)
{
    char *path = ost_xprintf("%s/data/%s/manifest.csv", shared, folder);
    ost_buf text = { 0 };
    ost_err err = { 0 };

    if (ost_fs_read(path, LIMIT, &text, &err) ||
        ost_csv_parse(path, ost_buf_str(&text), text.len, arena, csv, &err))
        fail_msg("%s", err.text);
    ost_buf_release(&text);
    ost_free(path);
}

static const char *cell(const ost_csv *csv, size_t row, const char *column)
{
    int c = ost_csv_column(csv, column);

    assert_true(c >= 0);
    return csv->rows[row].cells[c];
}

static void read_file(const char *folder, const char *name, ost_buf *file)
{
    char *path = ost_xprintf("%s/data/%s/%s", shared, folder, name);
    ost_err err = { 0 };

    ost_buf_reset(file);
    if (ost_fs_read(path, LIMIT, file, &err))
        fail_msg("%s", err.text);
    ost_free(path);
}

static void check_pictures(const char *folder)
{
    const ost_decode_limits limits = { .max_pixels = 100 << 20 };
    ost_arena arena = { 0 };
    ost_buf file = { 0 };
    ost_csv csv;

    read_table(folder, &arena, &csv);
    assert_true(csv.n_rows > 100);
    for (size_t i = 0; i < csv.n_rows; i++) {
        char hex[OST_DIGEST_HEX];
        ost_err err = { 0 };
        ost_digest digest;
        ost_picture p;
        ost_rc rc;

        read_file(folder, cell(&csv, i, "path"), &file);
        rc = ost_format_of(file.data, file.len) == OST_FORMAT_PNG
                 ? ost_png_decode(file.data, file.len, &limits, &p, &err)
                 : ost_jpeg_decode(file.data, file.len, &limits, &p, &err);
        if (rc)
            fail_msg("%s: %s", cell(&csv, i, "path"), err.text);
        digest = ost_digest_of(p.data, (size_t)(p.height * p.width));
        assert_string_equal(ost_digest_hex(&digest, hex),
                            cell(&csv, i, "pixel_sha256"));
        ost_picture_release(&p);
    }
    ost_buf_release(&file);
    ost_arena_release(&arena);
}

static void pngs_and_jpegs_have_the_known_pixels(void **state)
{
    (void)state;
    check_pictures("01_classify_mednist");
    check_pictures("02_classify_nih_cxr");
    check_pictures("03_timeseries_cxr");
    check_pictures("04_classify_mri_brain");
}

/* Word `i` as the signed or unsigned number that all its bits are. */
static int64_t word(const ost_dicom *d, size_t i)
{
    uint32_t v = 0;

    memcpy(&v, d->words + i * (d->bits / 8), d->bits / 8);
    if (d->is_signed && v >> (d->bits - 1))
        return (int64_t)v - (INT64_C(1) << d->bits);
    return v;
}

static void check_range(const ost_dicom *d, const ost_csv *csv, size_t row)
{
    int64_t low = INT64_MAX, high = INT64_MIN, sum = 0, want;
    size_t n = d->size / (d->bits / 8);

    for (size_t i = 0; i < n; i++) {
        int64_t v = word(d, i);

        low = v < low ? v : low;
        high = v > high ? v : high;
        sum += v;
    }
    assert_true(ost_parse_i64(cell(csv, row, "stored_min"), &want));
    assert_true(llabs(low - want) <= 2);
    assert_true(ost_parse_i64(cell(csv, row, "stored_max"), &want));
    assert_true(llabs(high - want) <= 2);
    assert_true(ost_parse_i64(cell(csv, row, "stored_sum"), &want));
    assert_true(llabs(sum - want) <= (int64_t)n);
}

static void check_dicom(const ost_csv *csv, size_t i, const ost_buf *file)
{
    const char *want = cell(csv, i, "stored_words_sha256");
    char hex[OST_DIGEST_HEX];
    ost_digest digest;
    ost_dicom d;

    if (ost_dicom_read(file->data, file->len, LIMIT, &d))
        fail_msg("%s: %s", cell(csv, i, "path"), d.error);
    assert_string_equal(d.transfer_syntax, cell(csv, i, "transfer_syntax_uid"));
    digest = ost_digest_of(d.words, d.size);
    if (*want)
        assert_string_equal(ost_digest_hex(&digest, hex), want);
    else
        check_range(&d, csv, i);
    ost_dicom_release(&d);
}

/* What becomes of the odd files: the status, what is said about them, and the
 * file with the same stored words. */
static const struct {
    const char *path;
    ost_dicom_status status;
    const char *says;
    const char *same_as;
} odd[] = {
    { "odd/JPEG2000-embedded-sequence-delimiter.dcm", OST_DICOM_OK,
      "the JPEG 2000 data claims 3722445056 x 1024 pixels: the header's "
      "256 x 1024 are read",
      "files/NM1_J2KI.dcm" },
    { "odd/MR_truncated.dcm", OST_DICOM_DAMAGED,
      "pixel data ends early: 8130 of 8192 bytes are there", NULL },
    { "odd/UN_sequence.dcm", OST_DICOM_NO_PICTURE, "no pixel data", NULL },
    { "odd/badVR.dcm", OST_DICOM_OK,
      "'1A' of NumberOfFrames is no number: 1 "
      "is read",
      NULL },
    { "odd/no_meta.dcm", OST_DICOM_OK,
      "a stray byte before the data set; no file meta group: the encoding is "
      "guessed",
      "files/CT_small.dcm" },
    { "odd/reportsi.dcm", OST_DICOM_NO_PICTURE, "no pixel data", NULL },
    { "odd/rtstruct.dcm", OST_DICOM_NO_PICTURE, "no pixel data", NULL },
};

static void check_same_words(const ost_dicom *d, const char *path)
{
    ost_buf file = { 0 };
    ost_dicom other;

    read_file("06_dicom", path, &file);
    assert_int_equal(ost_dicom_read(file.data, file.len, LIMIT, &other),
                     OST_DICOM_OK);
    assert_int_equal(d->size, other.size);
    assert_memory_equal(d->words, other.words, d->size);
    ost_dicom_release(&other);
    ost_buf_release(&file);
}

static void check_odd(const char *path, const ost_buf *file)
{
    size_t i = 0;
    ost_dicom d;

    while (strcmp(odd[i].path, path) != 0)
        if (++i == sizeof(odd) / sizeof(odd[0]))
            fail_msg("%s is not known", path);
    assert_int_equal(ost_format_of(file->data, file->len), OST_FORMAT_DICOM);
    assert_int_equal(ost_dicom_read(file->data, file->len, LIMIT, &d),
                     odd[i].status);
    assert_string_equal(d.error[0] ? d.error : d.warnings, odd[i].says);
    if (odd[i].same_as)
        check_same_words(&d, odd[i].same_as);
    ost_dicom_release(&d);
}

static void dicom_files_have_the_known_stored_words(void **state)
{
    ost_arena arena = { 0 };
    ost_buf file = { 0 };
    ost_csv csv;

    (void)state;
    read_table("06_dicom", &arena, &csv);
    assert_int_equal(csv.n_rows, 84);
    for (size_t i = 0; i < csv.n_rows; i++) {
        const char *path = cell(&csv, i, "path");

        read_file("06_dicom", path, &file);
        if (strcmp(cell(&csv, i, "expect"), "decode") == 0)
            check_dicom(&csv, i, &file);
        else
            check_odd(path, &file);
    }
    ost_buf_release(&file);
    ost_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pngs_and_jpegs_have_the_known_pixels),
        cmocka_unit_test(dicom_files_have_the_known_stored_words),
    };
    char *probe;
    int missing;

    shared = getenv("OSTEON_SHARED");
    probe = ost_path_join(shared ? shared : ".", "data/06_dicom/manifest.csv");
    missing = !shared || access(probe, R_OK) != 0;
    ost_free(probe);
    if (missing)
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
