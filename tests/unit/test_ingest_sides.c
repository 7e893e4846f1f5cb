/* tests/unit/test_ingest_sides.c - annotations, masks and boxes of images */
/* links: stages store base */
#include "stages/stage.h"
#include "tests/support/archives.h"
#include "tests/support/pictures.h"
#include "tests/support/step.h"

#include "base/banned.h"

extern const ost_stage ost_stage_export, ost_stage_ingest;
const ost_stage *const ost_stages[] = { &ost_stage_export, &ost_stage_ingest,
                                        NULL };

enum { H = 8, W = 10 };

/* A W x H PNG of zeros. */
static void make_image(ost_buf *file)
{
    unsigned char pixels[H * W] = { 0 };

    make_png(file, W, H, 8, PNG_COLOR_TYPE_GRAY, 0, pixels, W);
}

static void add_image(files_builder *b, const char *path)
{
    ost_buf file = { 0 };

    make_image(&file);
    add_file(b, path, file.data, file.len);
    ost_buf_release(&file);
}

/* A file of LabelMe with these shapes. */
static const char *labelme(step_fixture *f, const char *image,
                           const char *shapes)
{
    return ost_arena_printf(&f->arena,
                            "{\"version\": \"5.0.1\", \"flags\": {},\n"
                            " \"shapes\": [%s],\n \"imagePath\": \"%s\",\n"
                            " \"imageData\": null, \"imageHeight\": %d,"
                            " \"imageWidth\": %d}",
                            shapes, image, H, W);
}

#define RECTANGLE(label, group)                             \
    "{\"label\": \"" label "\", \"group_id\": " group       \
    ", \"points\": [[1.5, 2.2], [4.9, 5]], \"shape_type\":" \
    " \"rectangle\"}"
#define TRIANGLE(label, group)                        \
    "{\"label\": \"" label "\", \"group_id\": " group \
    ", \"points\": [[6, 1], [8, 1], [8, 3]]}"

static const ost_item *ingest(step_fixture *f, files_builder *b,
                              const char *with, size_t n)
{
    ost_step_input in = finish_files(b);
    ost_done_msg done = run_stage(f, "ingest", with, &in, 1);
    size_t found;
    const ost_item *items = output_items(f, &done, "out", &found);

    assert_int_equal(found, n);
    return items;
}

static void fails(step_fixture *f, files_builder *b, const char *with,
                  const char *message)
{
    ost_step_input in = finish_files(b);
    ost_done_msg done = run_stage(f, "ingest", with, &in, 1);

    assert_int_equal(done.rc, OST_EINPUT);
    assert_string_equal(done.error, message);
}

/* How many pixels of a mask are marked, and that they are where the rectangle
 * or the triangle is. */
static void expect_mask(step_fixture *f, const ost_item *item, const char *name,
                        bool rectangle, bool triangle)
{
    const unsigned char *m = field_bytes(f, item, name, NULL);

    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            bool in_rectangle = x >= 1 && x <= 4 && y >= 2 && y <= 5;
            bool in_triangle = x >= 5 + y && x <= 8 && y >= 1 && y <= 3;

            assert_int_equal(m[y * W + x], (rectangle && in_rectangle) ||
                                               (triangle && in_triangle));
        }
}

static const float *boxes(step_fixture *f, const ost_item *item, int64_t n)
{
    const ost_field *field = ost_item_field(item, "boxes");

    assert_non_null(field);
    assert_int_equal(field->shape[0], n);
    return (const float *)(const void *)field_bytes(f, item, "boxes", NULL);
}

static void expect_box(const float *box, float x0, float y0, float x1, float y1)
{
    assert_true(box[0] == x0 && box[1] == y0 && box[2] == x1 && box[3] == y1);
}

static void labelme_beside_an_image_gives_masks_and_boxes(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    const uint16_t *labels;
    const int32_t *groups;
    const ost_item *item;
    const float *box;

    add_image(&b, "set/a.png");
    add_text(&b, "set/a.json",
             labelme(f, "a.png",
                     RECTANGLE("bone", "null") "," TRIANGLE("left/lung", "7")));
    item = ingest(f, &b, "{}", 1);
    assert_string_equal(item->id, "set/a");
    expect_mask(f, item, "mask.bone", true, false);
    expect_mask(f, item, "mask.left_lung", false, true);
    box = boxes(f, item, 2);
    expect_box(box, 1, 2, 5, 6);
    expect_box(box + 4, 6, 1, 9, 4);
    labels = (const void *)field_bytes(f, item, "boxes.label", NULL);
    groups = (const void *)field_bytes(f, item, "boxes.group", NULL);
    assert_true(labels[0] == 0 && labels[1] == 1);
    assert_true(groups[0] == -1 && groups[1] == 7);
    assert_string_equal(ost_item_attr(item, "boxes.labels")->text,
                        "bone|left/lung");
}

static void parts_of_a_group_are_one_object(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    const ost_item *item;

    add_image(&b, "a.png");
    add_text(&b, "a.json",
             labelme(f, "a.png",
                     RECTANGLE("x", "3") "," TRIANGLE("y", "3") "," TRIANGLE(
                         "x", "3") "," TRIANGLE("x", "null")));
    item = ingest(f, &b, "{}", 1);
    expect_mask(f, item, "mask.x", true, true);
    expect_box(boxes(f, item, 3), 1, 1, 9, 6);
    expect_box(boxes(f, item, 3) + 4, 6, 1, 9, 4);
}

static void wanted_labels_always_have_a_mask(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    const ost_item *item;

    add_image(&b, "a.png");
    add_image(&b, "b.png");
    add_text(
        &b, "a.json",
        labelme(f, "a.png", RECTANGLE("x", "null") "," TRIANGLE("y", "null")));
    item = ingest(f, &b, "{\"mask_labels\":[\"z\",\"y\"]}", 2);
    assert_null(ost_item_field(item, "mask.x"));
    expect_mask(f, item, "mask.y", false, true);
    expect_mask(f, item, "mask.z", false, false);
    assert_int_equal(*(const uint16_t *)(const void *)field_bytes(
                         f, item, "boxes.label", NULL),
                     1);
    assert_int_equal(boxes(f, item, 1)[0], 6);
    assert_null(ost_item_field(&item[1], "boxes"));
}

static void an_annotation_finds_its_image_or_holds_it(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    /* A 2 x 1 PNG of 8 bits, base64. */
    const char *inside =
        "{\"shapes\": [{\"label\": \"x\", \"points\": [[1, 0]],"
        " \"shape_type\": \"point\"}], \"imagePath\": \"gone.png\","
        " \"imageData\": \"iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAAAAADRSSBWAAAAC0"
        "lEQVR4nGNgZAIAAAcABHZJ4ygAAAAASUVORK5CYII=\"}";
    const ost_item *items;

    add_image(&b, "pictures/a.png");
    add_text(&b, "notes/other.json",
             labelme(f, "..\\\\pictures\\\\a.png", RECTANGLE("x", "null")));
    add_text(&b, "notes/whole.json", inside);
    add_text(&b, "notes/settings.json", "{\"size\": 3}");
    items = ingest(f, &b, "{\"labels\":\"none\"}", 2);
    expect_mask(f, item_named(items, 2, "pictures/a"), "mask.x", true, false);
    items = item_named(items, 2, "notes/whole");
    assert_int_equal(ost_item_field(items, "image")->shape[1], 2);
    assert_int_equal(ost_item_field(items, "mask.x")->shape[1], 2);
    expect_box(boxes(f, items, 1), 0, 0, 2, 1);
}

static void wrong_annotations_are_named_with_their_place(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };

    add_image(&b, "a.png");
    add_text(&b, "a.json",
             "{\"shapes\": [\n  {\"label\": \"x\", \"points\": "
             "[[1, 2], [3]]}]}");
    fails(f, &b, "{}",
          "item 'a.png': a.json:2:37: /shapes/0/points/1: a point is two "
          "numbers");
    add_image(&b, "a.png");
    add_text(&b, "a.json",
             "{\"shapes\": [{\"label\": \"x\", \"points\": "
             "[[1, 2], [3, 4]]}]}");
    fails(f, &b, "{}",
          "item 'a.png': a.json:1:38: /shapes/0/points: a polygon of 2 points");
    add_image(&b, "a.png");
    add_text(&b, "a.json",
             "{\"shapes\": [], \"imageHeight\": 4, "
             "\"imageWidth\": 4}");
    fails(f, &b, "{}",
          "item 'a.png': 'a.json': the annotation is of a picture of 4 x 4, "
          "and this one is 8 x 10");
    add_image(&b, "a.png");
    add_text(&b, "b.json", labelme(f, "c.png", ""));
    fails(f, &b, "{}", "b.json: there is no picture 'c.png', and none inside");
    add_image(&b, "a.png");
    add_text(&b, "a.json", "{\"shapes\": [");
    fails(f, &b, "{\"on_error\":\"skip\",\"annotations\":\"b.json\"}",
          "param 'annotations': there is no file 'b.json'");
}

static void bad_annotations_are_skipped_when_asked(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    const ost_item *items;

    add_image(&b, "a.png");
    add_image(&b, "b.png");
    add_text(&b, "a.json", "{\"shapes\": 3}");
    add_text(&b, "c.json", labelme(f, "d.png", ""));
    items = ingest(f, &b, "{\"on_error\":\"skip\"}", 1);
    assert_string_equal(items->id, "b");
    add_image(&b, "a.png");
    add_text(&b, "a.json", "{\"shapes\": 3}");
    items = ingest(f, &b, "{\"annotations\":\"none\"}", 1);
    assert_int_equal(items->n_fields, 1);
}

/* Pixels of 4 bits with a palette, as masks often are. */
static void add_mask(files_builder *b, const char *path)
{
    unsigned char rows[H * 5] = { 0 };
    ost_buf file = { 0 };

    rows[0] = 0x32;
    rows[1] = 0x10;
    make_png(&file, W, H, 4, PNG_COLOR_TYPE_PALETTE, 0, rows, 5);
    add_file(b, path, file.data, file.len);
    ost_buf_release(&file);
}

static void expect_numbers(step_fixture *f, const ost_item *item,
                           const char *field)
{
    const unsigned char *m = field_bytes(f, item, field, NULL);

    assert_true(m[0] == 3 && m[1] == 2 && m[2] == 1 && m[3] == 0);
}

static void masks_come_from_folders_as_the_numbers_in_them(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    const ost_item *items;

    add_image(&b, "set/images/x/1.png");
    add_image(&b, "set/images/y/1.png");
    add_image(&b, "set/images/y/2.png");
    add_mask(&b, "set/lungs/y/1.png");
    add_mask(&b, "set/ribs/2.png");
    items = ingest(f, &b,
                   "{\"masks\":{\"lung\":\"set/lungs\",\"rib\":\"ribs/\"},"
                   "\"labels\":\"none\"}",
                   3);
    expect_numbers(f, item_named(items, 3, "set/images/y/1"), "mask.lung");
    expect_numbers(f, item_named(items, 3, "set/images/y/2"), "mask.rib");
    assert_int_equal(item_named(items, 3, "set/images/x/1")->n_fields, 1);
    add_image(&b, "a.png");
    fails(f, &b, "{\"masks\":\"ribs\"}",
          "param 'masks': there is nothing in a folder 'ribs'");
}

static void masks_have_the_size_of_their_image(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    unsigned char pixels[6] = { 0 };
    ost_buf file = { 0 };

    make_png(&file, 3, 2, 8, PNG_COLOR_TYPE_GRAY, 0, pixels, 3);
    add_image(&b, "a/1.png");
    add_file(&b, "m/1.png", file.data, file.len);
    fails(f, &b, "{\"masks\":\"m\"}",
          "item 'a/1.png': 'm/1.png' (field 'mask'): it is 2 x 3 and the "
          "picture 8 x 10");
    ost_buf_release(&file);
}

static void manifests_name_masks_annotations_and_boxes(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    const ost_item *items;

    add_image(&b, "set/1.png");
    add_image(&b, "set/2.png");
    add_mask(&b, "set/m1.png");
    add_text(&b, "set/n.json", labelme(f, "z.png", RECTANGLE("x", "null")));
    add_text(&b, "set/manifest.csv",
             "path,mask,notes,left,top,right,bottom,age\n"
             "1.png,m1.png,,1.5,2,30,7,41\n"
             "2.png,,n.json,,,,,\n");
    items = ingest(f, &b,
                   "{\"columns\":{\"annotation\":\"notes\",\"boxes\":[\"left\","
                   "\"top\",\"right\",\"bottom\"]},\"annotations\":\"none\"}",
                   2);
    expect_numbers(f, items, "mask");
    expect_box(boxes(f, items, 1), 1.5f, 2, 10, 7);
    assert_true(ost_item_attr(items, "age")->number == 41);
    assert_null(ost_item_attr(items, "left"));
    assert_null(ost_item_attr(items, "notes"));
    expect_mask(f, &items[1], "mask.x", true, false);
    boxes(f, &items[1], 0);
    add_image(&b, "1.png");
    add_mask(&b, "m.png");
    add_text(&b, "manifest.csv", "path,mask\n1.png,m.png\n1.png,n.png\n");
    fails(f, &b, "{}", "manifest.csv:3: file '1.png' is listed twice");
    add_image(&b, "1.png");
    add_image(&b, "2.png");
    add_mask(&b, "m.png");
    add_text(&b, "manifest.csv", "path,mask\n1.png,m.png\n2.png,n.png\n");
    fails(f, &b, "{}",
          "manifest.csv:3: there is no file 'n.png' (column 'mask')");
    add_image(&b, "1.png");
    add_text(&b, "manifest.csv", "path,a,b,c,d\n1.png,1,2,3,x\n");
    fails(f, &b, "{\"columns\":{\"boxes\":[\"a\",\"b\",\"c\",\"d\"]}}",
          "manifest.csv:2: 'x' is no number (column 'd')");
    add_image(&b, "1.png");
    add_text(&b, "manifest.csv", "path,a,b,c,d\n1.png,20,2,30,8\n");
    fails(f, &b, "{\"columns\":{\"boxes\":[\"a\",\"b\",\"c\",\"d\"]}}",
          "item '1.png': the box 20, 2, 30, 8 is not in the picture (8 x 10)");
}

static const char coco[] =
    "{\"images\": [{\"id\": 5, \"file_name\": \"1.png\", \"height\": 8,"
    " \"width\": 10}, {\"id\": 6, \"file_name\": \"gone.png\"}],\n"
    "\"categories\": [{\"id\": 1, \"name\": \"lung\"},"
    " {\"id\": 2, \"name\": \"rib\"}],\n"
    "\"annotations\": [\n"
    "{\"id\": 11, \"image_id\": 5, \"category_id\": 1, \"iscrowd\": 0,"
    " \"segmentation\": [[1, 2, 5, 2, 5, 6, 1, 6], [7, 1, 9, 1, 9, 2, 7, 2]],"
    " \"bbox\": [1, 2, 8.5, 4]},\n"
    "{\"id\": 12, \"image_id\": 5, \"category_id\": 2, \"iscrowd\": 1,"
    " \"segmentation\": {\"size\": [8, 10], \"counts\": [9, 3, 68]}},\n"
    "{\"id\": 13, \"image_id\": 5, \"category_id\": 2,"
    " \"bbox\": [2, 3, 4, 2]}]}";

static void coco_describes_many_images(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    const unsigned char *m, *crowd;
    const ost_item *item;
    const float *box;

    add_image(&b, "train/1.png");
    add_image(&b, "train/2.png");
    add_text(&b, "annotations/all.json", coco);
    item = ingest(f, &b, "{\"labels\":\"none\"}", 2);
    m = field_bytes(f, item, "mask.lung", NULL);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            assert_int_equal(m[y * W + x],
                             (x >= 1 && x < 5 && y >= 2 && y < 6) ||
                                 (x >= 7 && x < 9 && y == 1));
    /* Nine pixels column by column are the first column and one more. */
    m = field_bytes(f, item, "mask.rib", NULL);
    for (int i = 0; i < H * W; i++)
        assert_int_equal(m[i], i % W == 1 && i / W >= 1 && i / W <= 3);
    box = boxes(f, item, 3);
    expect_box(box, 1, 2, 9.5f, 6);
    expect_box(box + 4, 1, 1, 2, 4);
    expect_box(box + 8, 2, 3, 6, 5);
    crowd = field_bytes(f, item, "boxes.crowd", NULL);
    assert_true(!crowd[0] && crowd[1] && !crowd[2]);
    assert_string_equal(ost_item_attr(item, "boxes.labels")->text, "lung|rib");
    assert_int_equal(item[1].n_fields, 1);
}

static void wrong_coco_is_named_with_its_place(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    char *wrong = ost_arena_strdup(&f->arena, coco);

    *strstr(wrong, "68]") = '7';
    add_image(&b, "1.png");
    add_text(&b, "all.json", wrong);
    fails(
        f, &b, "{}",
        "all.json:5:103: /annotations/1/segmentation/counts: the runs are not "
        "of as many pixels as 'size' says");
    add_image(&b, "1.png");
    add_text(&b, "all.json",
             "{\"images\": [], \"categories\": [],"
             " \"annotations\": [{\"category_id\": 3, \"image_id\": 1}]}");
    fails(f, &b, "{}",
          "all.json:1:66: /annotations/0/category_id: there is no such "
          "category");
}

/* What is remembered of an image ends with its annotation. */
static void a_changed_annotation_changes_the_item(void **state)
{
    step_fixture *f = *state;
    const ost_item *item;

    for (int i = 0; i < 2; i++) {
        files_builder b = { .f = f };

        add_image(&b, "a.png");
        add_text(&b, "a.json",
                 labelme(f, "a.png",
                         i ? TRIANGLE("x", "null") : RECTANGLE("x", "null")));
        item = ingest(f, &b, "{}", 1);
        expect_mask(f, item, "mask.x", i == 0, i == 1);
    }
}

static void archives_hold_annotations_and_masks_too(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    const char *json = labelme(f, "a.png", RECTANGLE("x", "null"));
    ost_buf image = { 0 }, mask = { 0 }, zip = { 0 };
    unsigned char rows[H * 5] = { 0 };
    archive_builder a = begin_archive(&zip, "zip");
    const ost_item *item;

    make_image(&image);
    rows[0] = 0x32;
    rows[1] = 0x10;
    make_png(&mask, W, H, 4, PNG_COLOR_TYPE_PALETTE, 0, rows, 5);
    add_member(&a, "set/images/a.png", AE_IFREG, image.data, image.len);
    add_member(&a, "set/images/a.json", AE_IFREG, json, strlen(json));
    add_member(&a, "set/ribs/a.png", AE_IFREG, mask.data, mask.len);
    end_archive(&a);
    add_file(&b, "all.zip", zip.data, zip.len);
    item = ingest(f, &b,
                  "{\"labels\":\"none\",\"masks\":{\"rib\":\"set/ribs\"}}", 1);
    assert_string_equal(item->id, "set/images/a");
    expect_mask(f, item, "mask.x", true, false);
    expect_numbers(f, item, "mask.rib");
    ost_buf_release(&image);
    ost_buf_release(&mask);
    ost_buf_release(&zip);
}

static void same_field(step_fixture *f, const ost_item *a, const ost_item *b,
                       const char *name)
{
    const ost_field *x = ost_item_field(a, name), *y = ost_item_field(b, name);
    size_t n, m;
    const unsigned char *p = field_bytes(f, a, name, &n);

    assert_non_null(y);
    assert_int_equal(x->dtype, y->dtype);
    assert_int_equal(x->ndim, y->ndim);
    for (int d = 0; d < x->ndim; d++)
        assert_int_equal(x->shape[d], y->shape[d]);
    assert_memory_equal(p, field_bytes(f, b, name, &m), n);
    assert_int_equal(n, m);
}

static void what_is_exported_comes_back(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    const ost_item *before, *after;
    ost_step_input in;
    ost_done_msg done;
    size_t n;

    add_image(&b, "set/a.png");
    add_image(&b, "set/b.png");
    add_mask(&b, "contours/b.png");
    add_text(
        &b, "set/a.json",
        labelme(f, "a.png", RECTANGLE("x", "2") "," TRIANGLE("y", "null")));
    in = finish_files(&b);
    done = run_stage(f, "ingest",
                     "{\"masks\":{\"b c\":\"contours\"},\"labels\":\"none\"}",
                     &in, 1);
    before = output_items(f, &done, "out", &n);
    assert_int_equal(n, 2);
    in = step_input_of("in", output_digest(&done, "out"));
    done = run_stage(f, "export", "{}", &in, 1);
    in = step_input_of("in", output_digest(&done, "out"));
    done = run_stage(f, "ingest", "{}", &in, 1);
    after = output_items(f, &done, "out", &n);
    assert_int_equal(n, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(before[i].id, after[i].id);
        assert_int_equal(before[i].n_fields, after[i].n_fields);
        for (size_t k = 0; k < before[i].n_fields; k++)
            same_field(f, &before[i], &after[i], before[i].fields[k].name);
        assert_int_equal(before[i].n_attrs, after[i].n_attrs);
    }
    assert_string_equal(ost_item_attr(after, "boxes.labels")->text, "x|y");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(labelme_beside_an_image_gives_masks_and_boxes),
        step_test(parts_of_a_group_are_one_object),
        step_test(wanted_labels_always_have_a_mask),
        step_test(an_annotation_finds_its_image_or_holds_it),
        step_test(wrong_annotations_are_named_with_their_place),
        step_test(bad_annotations_are_skipped_when_asked),
        step_test(masks_come_from_folders_as_the_numbers_in_them),
        step_test(masks_have_the_size_of_their_image),
        step_test(manifests_name_masks_annotations_and_boxes),
        step_test(coco_describes_many_images),
        step_test(wrong_coco_is_named_with_its_place),
        step_test(a_changed_annotation_changes_the_item),
        step_test(archives_hold_annotations_and_masks_too),
        step_test(what_is_exported_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
