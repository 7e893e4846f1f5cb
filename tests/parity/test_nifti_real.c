/* tests/parity/test_nifti_real.c - a real series as NIfTI and as the DICOM
 * files that it was converted from: the same sum over all values */
/* links: base store stages */
#include "base/alloc.h"
#include "base/fs.h"
#include "stages/decode.h"
#include "stages/decode_dicom.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

enum { LIMIT = 64 << 20, SLICES = 70 };

static const char *shared;

static void read_file(const char *name, ost_buf *file)
{
    char *path = ost_xprintf("%s/data/07_nifti/%s", shared, name);
    ost_err err = { 0 };

    ost_buf_reset(file);
    if (ost_fs_read(path, LIMIT, file, &err))
        fail_msg("%s", err.text);
    ost_free(path);
}

static double dicom_sum(const char *name)
{
    ost_buf file = { 0 };
    double sum = 0;
    ost_dicom d;

    read_file(name, &file);
    assert_int_equal(ost_dicom_read(file.data, file.len, LIMIT, &d),
                     OST_DICOM_OK);
    assert_int_equal(d.bits, 16);
    for (size_t i = 0; i < d.size; i += 2) {
        uint16_t v;

        memcpy(&v, d.words + i, sizeof(v));
        sum += v;
    }
    ost_dicom_release(&d);
    ost_buf_release(&file);
    return sum;
}

typedef struct {
    double sum;
    int64_t slices;
} total;

static ost_rc add_slice(void *user, const ost_frame *f, ost_err *err)
{
    const ost_picture *p = &f->picture;
    total *t = user;

    (void)err;
    assert_int_equal(p->dtype, OST_F32);
    for (int64_t i = 0; i < p->height * p->width; i++)
        t->sum += (double)((const float *)p->data)[i];
    t->slices++;
    return OST_OK;
}

static void nothing_is_told(void *user, const char *text)
{
    (void)user;
    fail_msg("%s", text);
}

static void voxels_add_up_to_what_dicom_pixels_do(void **state)
{
    const ost_decode_limits limits = { .max_pixels = LIMIT };
    const double want = dicom_sum("ax_asc_35sl_6_source0.dcm") +
                        dicom_sum("ax_asc_35sl_6_source1.dcm");
    ost_buf file = { 0 };
    ost_err err = { 0 };

    (void)state;
    read_file("ax_asc_35sl_6.nii", &file);
    for (int axis = OST_SLICES_ACQUIRED; axis <= OST_SLICES_2; axis++) {
        const ost_nifti_options options = { .axis = axis };
        total t = { 0 };
        const ost_frame_sink sink = { .frame = add_slice,
                                      .told = nothing_is_told,
                                      .user = &t };

        assert_ok(ost_nifti_decode(file.data, file.len, &limits, &options,
                                   &sink, &err),
                  &err);
        assert_true(t.sum == want);
        if (axis == OST_SLICES_ACQUIRED || axis == OST_SLICES_AXIAL)
            assert_int_equal(t.slices, SLICES);
    }
    ost_buf_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(voxels_add_up_to_what_dicom_pixels_do),
    };
    char *path;

    shared = getenv("OSTEON_SHARED");
    path = ost_xprintf("%s/data/07_nifti/ax_asc_35sl_6.nii",
                       shared ? shared : ".");
    if (access(path, R_OK) != 0) {
        printf("skipped: there is no %s\n", path);
        ost_free(path);
        return 77;
    }
    ost_free(path);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
