/* tests/unit/test_ingest_npz.c - the arrays of .npz files to fields and items
 */
/* links: stages store base */
#include "stages/stage.h"
#include "tests/support/archives.h"
#include "tests/support/npys.h"
#include "tests/support/step.h"

#include "base/banned.h"

extern const ost_stage ost_stage_ingest;
const ost_stage *const ost_stages[] = { &ost_stage_ingest, NULL };

typedef struct {
    const char *name;
    const char *head;
    const char *data;
    size_t size;
} array;

static const array image = {
    "image.npy", "{'descr':'u1','fortran_order':False,'shape':(2,3)}",
    "\1\2\3\4\5\6", 6
};
static const array mask = {
    "mask.lesion.npy", "{'descr':'<i2','fortran_order':False,'shape':(2,3)}",
    "\0\0\1\0\2\0\0\0\0\0\377\0", 12
};
static const array boxes = {
    "boxes.npy", "{'descr':'u1','fortran_order':True,'shape':(2,4)}",
    "\0\1\2\3\4\5\6\7", 8
};
static const array other = {
    "other.npy", "{'descr':'u1','fortran_order':False,'shape':(1,1)}", "\7", 1
};

static void pack(ost_buf *out, const array *const *arrays, size_t n)
{
    archive_builder b = begin_archive(out, "zip");
    ost_buf file = { 0 };

    for (size_t i = 0; i < n; i++) {
        make_npy(&file, arrays[i]->head, arrays[i]->data, arrays[i]->size);
        add_member(&b, arrays[i]->name, AE_IFREG, file.data, file.len);
    }
    end_archive(&b);
    ost_buf_release(&file);
}

static ost_step_input one_file(step_fixture *f, const char *path,
                               const ost_buf *file)
{
    files_builder b = { .f = f };

    add_file(&b, path, file->data, file->len);
    return finish_files(&b);
}

static void named_arrays_become_fields_of_one_item(void **state)
{
    const array *const arrays[] = { &image, &mask, &boxes, &other };
    const float edges[8] = { 0, 2, 4, 6, 1, 3, 5, 7 };
    step_fixture *f = *state;
    const ost_item *items;
    ost_buf file = { 0 };
    ost_done_msg done;
    ost_step_input in;
    size_t n;

    pack(&file, arrays, 4);
    in = one_file(f, "a/scan.npz", &file);
    done = run_stage(f, "ingest", "{}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 1);
    assert_string_equal(items[0].id, "a/scan");
    assert_int_equal(items[0].n_fields, 3);
    assert_memory_equal(field_bytes(f, items, "image", NULL), image.data, 6);
    assert_memory_equal(field_bytes(f, items, "mask.lesion", NULL),
                        "\0\1\2\0\0\377", 6);
    assert_memory_equal(field_bytes(f, items, "boxes", NULL), edges,
                        sizeof(edges));
    assert_non_null(
        strstr(done.notes, "'a/scan.npz': array 'other' is left out"));
    ost_buf_release(&file);
}

static void other_arrays_become_items_of_one_group(void **state)
{
    const array *const arrays[] = { &other, &boxes };
    step_fixture *f = *state;
    const ost_item *items, *item;
    ost_buf file = { 0 };
    ost_done_msg done;
    ost_step_input in;
    size_t n;

    pack(&file, arrays, 2);
    in = one_file(f, "a/scan.npz", &file);
    done = run_stage(f, "ingest", "{}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 2);
    item = item_named(items, n, "a/scan/boxes");
    assert_string_equal(item->group, "a/scan");
    assert_int_equal(item->fields[0].shape[1], 4);
    item_named(items, n, "a/scan/other");
    ost_buf_release(&file);
}

/* A folder within makes it an archive like any other. */
static void files_in_folders_are_no_arrays(void **state)
{
    const array deep = { "sick/a.npy", image.head, image.data, image.size };
    const array also = { "well/b.npy", image.head, image.data, image.size };
    const array *const arrays[] = { &deep, &also };
    step_fixture *f = *state;
    const ost_item *items;
    ost_buf file = { 0 };
    ost_done_msg done;
    ost_step_input in;
    size_t n;

    pack(&file, arrays, 2);
    in = one_file(f, "set.zip", &file);
    done = run_stage(f, "ingest", "{}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 2);
    assert_string_equal(ost_item_label(item_named(items, n, "sick/a")), "sick");
    ost_buf_release(&file);
}

static void archives_of_such_files_are_read(void **state)
{
    const array *const arrays[] = { &image, &mask };
    step_fixture *f = *state;
    ost_buf file = { 0 }, outer = { 0 };
    const ost_item *items;
    archive_builder b;
    ost_done_msg done;
    ost_step_input in;
    size_t n;

    pack(&file, arrays, 2);
    b = begin_archive(&outer, "tar.gzip");
    add_member(&b, "x/1.npz", AE_IFREG, file.data, file.len);
    add_member(&b, "x/2.npz", AE_IFREG, file.data, file.len);
    end_archive(&b);
    in = one_file(f, "set.tgz", &outer);
    done = run_stage(f, "ingest", "{}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 2);
    assert_int_equal(item_named(items, n, "x/2")->n_fields, 2);
    ost_buf_release(&file);
    ost_buf_release(&outer);
}

static void arrays_that_do_not_fit_their_name_are_refused(void **state)
{
    static const struct {
        const char *name, *head, *data;
        size_t size;
        const char *error;
    } rows[] = {
        { "mask.npy", "{'descr':'<i2','fortran_order':False,'shape':(1,1)}",
          "\0\1", 2, "array 'mask': 256 in it is no class from 0 to 255" },
        { "mask.npy", "{'descr':'u1','fortran_order':False,'shape':(2,)}",
          "\0\1", 2, "array 'mask': its shape is none of" },
        { "boxes.npy", "{'descr':'u1','fortran_order':False,'shape':(1,2)}",
          "\0\1", 2, "array 'boxes': its shape is none of" },
        { "frames.npy", "{'descr':'u1','fortran_order':False,'shape':(1,2)}",
          "\0\1", 2, "array 'frames': its shape is none of" },
        { "mask.npy", "{'descr':'u1','fortran_order':False,'shape':(2,2)}",
          "\0\1", 2, "array 'mask': damaged NumPy file: it ends early" },
        { "image.npy", "{'descr':'u1','fortran_order':False,'shape':(1,2)}",
          "\0\1", 2, "member 'image.npy' is refused: it is there twice" },
    };
    step_fixture *f = *state;
    ost_buf file = { 0 };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const array bad = { rows[i].name, rows[i].head, rows[i].data,
                            rows[i].size };
        const array *const arrays[] = { &image, &bad };
        ost_done_msg done;
        ost_step_input in;

        ost_buf_reset(&file);
        pack(&file, arrays, 2);
        in = one_file(f, "scan.npz", &file);
        done = run_stage(f, "ingest", "{}", &in, 1);
        assert_int_equal(done.rc, OST_EINPUT);
        if (!strstr(done.error, rows[i].error))
            fail_msg("'%s' instead of '%s'", done.error, rows[i].error);
    }
    ost_buf_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(named_arrays_become_fields_of_one_item),
        step_test(other_arrays_become_items_of_one_group),
        step_test(files_in_folders_are_no_arrays),
        step_test(archives_of_such_files_are_read),
        step_test(arrays_that_do_not_fit_their_name_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
