/* tests/unit/test_workflow_faults.c - what is said about wrong documents
 *
 * Each tests/golden/workflow_faults/NAME.json is loaded as "w.json"; NAME.txt
 * is the report.  OSTEON_UPDATE=1 writes the reports anew.
 */
/* links: engine stage_desc store base */
#include "base/text.h"
#include "tests/support/small_stages.h"
#include "tests/support/workflow.h"

#include <dirent.h>
#include <stdlib.h>

#include "base/banned.h"

static char *folder(void)
{
    const char *source = getenv("OSTEON_SOURCE");

    return ost_path_join(source ? source : ".", "tests/golden/workflow_faults");
}

static void read_text(const char *path, ost_buf *text)
{
    ost_err err = { 0 };

    if (ost_fs_read(path, 1 << 20, text, &err))
        fail_msg("%s", err.text);
}

static ost_buf report_of(const char *path)
{
    ost_buf text = { 0 }, report = { 0 };
    ost_bindings none = { 0 };
    ost_workflow *wf;
    ost_err err = { 0 };
    ost_rc rc;

    read_text(path, &text);
    rc = ost_workflow_load_text("w.json", &text, &none, &wf, &report, &err);
    assert_int_equal(rc, OST_EWORKFLOW);
    assert_null(wf);
    return report;
}

static void says_what_is_wrong(void **state)
{
    const char *name = *state;
    char *dir = folder();
    char *json = ost_xprintf("%s/%s.json", dir, name);
    char *txt = ost_xprintf("%s/%s.txt", dir, name);
    ost_buf report = report_of(json), expected = { 0 };
    ost_err err = { 0 };

    if (getenv("OSTEON_UPDATE"))
        assert_int_equal(
            ost_fs_write_atomic(txt, report.data, report.len, false, &err),
            OST_OK);
    read_text(txt, &expected);
    assert_string_equal(ost_buf_str(&report), ost_buf_str(&expected));
    ost_buf_release(&report);
    ost_buf_release(&expected);
    ost_free(dir);
    ost_free(json);
    ost_free(txt);
}

static int is_case(const struct dirent *d)
{
    return ost_ends_with(d->d_name, ".json");
}

int main(void)
{
    char *dir = folder();
    struct dirent **files;
    int n = scandir(dir, &files, is_case, alphasort);
    struct CMUnitTest *tests;
    int failed;

    if (n <= 0)
        return 1;
    tests = ost_xalloc((size_t)n * sizeof(*tests));
    for (int i = 0; i < n; i++) {
        char *name =
            ost_xstrndup(files[i]->d_name, strlen(files[i]->d_name) - 5);

        tests[i] = (struct CMUnitTest){ .name = name,
                                        .test_func = says_what_is_wrong,
                                        .initial_state = name };
    }
    failed = _cmocka_run_group_tests("workflow_faults", tests, (size_t)n, NULL,
                                     NULL);
    for (int i = 0; i < n; i++) {
        ost_free((char *)tests[i].initial_state);
        ost_free(files[i]);
    }
    ost_free(files);
    ost_free(tests);
    ost_free(dir);
    return failed;
}
