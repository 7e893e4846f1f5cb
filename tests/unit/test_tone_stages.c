/* tests/unit/test_tone_stages.c - stages that change gray levels or channels */
/* links: stages store base kernels */
#include "kernels/tone.h"
#include "tests/support/image_stages.h"
#include "tests/support/seed.h"

#include <math.h>

#include "base/banned.h"

extern const ost_stage ost_stage_gray, ost_stage_invert, ost_stage_normalize;
extern const ost_stage ost_stage_pair, ost_stage_photometric, ost_stage_unpair;
extern const ost_stage ost_stage_window;
const ost_stage *const ost_stages[] = {
    &ost_stage_gray,        &ost_stage_invert,
    &ost_stage_normalize,   &ost_stage_pair,
    &ost_stage_photometric, &ost_stage_unpair,
    &ost_stage_window,      NULL
};

/* One row of pixels as `image`. */
static ost_item row_item(fixture *f, ost_dtype dtype, int64_t n,
                         const void *data)
{
    ost_item item = new_item("a", "p", "x", &f->arena);

    add_field(f, &item, "image", dtype, 2, (int64_t[]){ 1, n }, data);
    return item;
}

/* ---- window ---- */

static void windows_are_dicom_s(void **state)
{
    fixture *f = *state;
    uint16_t v[2100];
    ost_item item;
    const uint8_t *got;

    for (int i = 0; i < 2100; i++)
        v[i] = (uint16_t)i;
    item = row_item(f, OST_U16, 2100, v);
    got = bytes_of(f,
                   apply_to_one(f, &ost_stage_window,
                                "{'center':1040.5,'width':400}", &item)
                       .items,
                   "image");
    for (int i = 0; i < 2100; i++) {
        double x = i, c = 1040.5, w = 400, y;

        if (x <= c - 0.5 - (w - 1) / 2)
            y = 0;
        else if (x > c - 0.5 + (w - 1) / 2)
            y = 255;
        else
            y = ((x - (c - 0.5)) / (w - 1) + 0.5) * 255;
        assert_true(fabs(got[i] - y) <= 0.5 + 1e-4);
    }
    got = bytes_of(f,
                   apply_to_one(f, &ost_stage_window,
                                "{'center':1000,'width':200,"
                                "'function':'linear_exact'}",
                                &item)
                       .items,
                   "image");
    assert_int_equal(got[900], 0);
    assert_int_equal(got[901], 1);
    assert_int_equal(got[1000], 128);
    assert_int_equal(got[1100], 255);
}

static void a_window_without_width_is_a_step(void **state)
{
    fixture *f = *state;
    const uint8_t v[5] = { 0, 99, 100, 101, 255 };
    ost_item item = row_item(f, OST_U8, 5, v);
    static const char *const withs[] = { "{'center':100.5,'width':1}",
                                         "{'levels':[100,100]}" };

    for (int i = 0; i < 2; i++) {
        const uint8_t *got = bytes_of(
            f, apply_to_one(f, &ost_stage_window, withs[i], &item).items,
            "image");

        assert_memory_equal(got, ((uint8_t[]){ 0, 0, 0, 255, 255 }), 5);
    }
}

static void levels_become_any_range_and_type(void **state)
{
    fixture *f = *state;
    const float v[5] = { -INFINITY, 1, 2, 5, NAN };
    ost_item item = row_item(f, OST_F32, 5, v);
    const uint16_t *deep;
    const float *real;

    deep = bytes_of(f,
                    apply_to_one(f, &ost_stage_window,
                                 "{'levels':[1,3],'type':'u16','to':'shown'}",
                                 &item)
                        .items,
                    "shown");
    assert_memory_equal(deep, ((uint16_t[]){ 0, 0, 32768, 65535, 0 }), 10);
    real = bytes_of(f,
                    apply_to_one(f, &ost_stage_window,
                                 "{'levels':[1,3],'type':'f32','range':[1,-1]}",
                                 &item)
                        .items,
                    "image");
    assert_true(real[0] == 1 && real[1] == 1 && real[2] == 0 && real[3] == -1);
    assert_true(isnan(real[4]));
}

/* ---- invert ---- */

static void inversion_is_about_the_range_the_maximum_or_a_number(void **state)
{
    fixture *f = *state;
    const uint8_t v[4] = { 0, 10, 200, 255 };
    const uint16_t deep[3] = { 0, 500, 40000 };
    const float real[3] = { 0.25f, -1, NAN };
    ost_item item = row_item(f, OST_U8, 4, v);
    const void *got;

    got = bytes_of(f, apply_to_one(f, &ost_stage_invert, "{}", &item).items,
                   "image");
    assert_memory_equal(got, ((uint8_t[]){ 255, 245, 55, 0 }), 4);
    got = bytes_of(
        f, apply_to_one(f, &ost_stage_invert, "{'about':200}", &item).items,
        "image");
    assert_memory_equal(got, ((uint8_t[]){ 200, 190, 0, 0 }), 4);
    item = row_item(f, OST_U16, 3, deep);
    got = bytes_of(
        f, apply_to_one(f, &ost_stage_invert, "{'about':'max'}", &item).items,
        "image");
    assert_memory_equal(got, ((uint16_t[]){ 40000, 39500, 0 }), 6);
    got = bytes_of(f, apply_to_one(f, &ost_stage_invert, "{}", &item).items,
                   "image");
    assert_memory_equal(got, ((uint16_t[]){ 65535, 65035, 25535 }), 6);
    item = row_item(f, OST_F32, 3, real);
    got = bytes_of(f, apply_to_one(f, &ost_stage_invert, "{}", &item).items,
                   "image");
    assert_true(((const float *)got)[0] == 0.75f);
    assert_true(((const float *)got)[1] == 2.0f);
    assert_true(isnan(((const float *)got)[2]));
}

/* ---- gray ---- */

static void colors_become_their_luma(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    unsigned char color[H * W * 3];
    const uint8_t *got;
    result r;

    fill_bytes(color, sizeof(color), 8);
    memset(color, 255, 3);
    add_field(f, &item, "image", OST_U8, 3, (int64_t[]){ H, W, 3 }, color);
    r = apply_to_one(f, &ost_stage_gray, "{}", &item);
    assert_int_equal(ost_item_field(&r.items[0], "image")->ndim, 2);
    got = bytes_of(f, &r.items[0], "image");
    assert_int_equal(got[0], 255);
    for (int i = 0; i < H * W; i++) {
        double want = 0.299 * color[3 * i] + 0.587 * color[3 * i + 1] +
                      0.114 * color[3 * i + 2];

        assert_true(fabs(got[i] - want) <= 0.51);
    }
    r = apply_to_one(f, &ost_stage_gray, "{'channel':2,'channels':3}", &item);
    assert_int_equal(ost_item_field(&r.items[0], "image")->shape[2], 3);
    got = bytes_of(f, &r.items[0], "image");
    for (int i = 0; i < 3 * H * W; i++)
        assert_int_equal(got[i], color[i / 3 * 3 + 2]);
}

static void luma_is_the_same_in_all_types(void **state)
{
    fixture *f = *state;
    ost_item deep = new_item("a", "p", "x", &f->arena), real = deep;
    const uint16_t v[6] = { 65535, 65535, 65535, 10, 20, 30 };
    const float w[6] = { 1, 1, 1, 0.5f, 0, 0 };
    const uint16_t *got;
    const float *f32;

    add_field(f, &deep, "image", OST_U16, 3, (int64_t[]){ 1, 2, 3 }, v);
    got = bytes_of(f, apply_to_one(f, &ost_stage_gray, "{}", &deep).items,
                   "image");
    assert_int_equal(got[0], 65535);
    assert_int_equal(got[1], 18);
    add_field(f, &real, "image", OST_F32, 3, (int64_t[]){ 1, 2, 3 }, w);
    f32 = bytes_of(f, apply_to_one(f, &ost_stage_gray, "{}", &real).items,
                   "image");
    assert_true(f32[0] == 1 && fabsf(f32[1] - 0.1495f) < 1e-5f);
}

static void only_three_channels_are_colors(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    unsigned char two[2 * H * W] = { 0 };

    add_field(f, &item, "image", OST_U8, 3, (int64_t[]){ H, W, 2 }, two);
    refuses(f, &ost_stage_gray, "{}", &item, 1,
            "item 'a': field 'image': 2 channels are no colors ('channel' "
            "takes one)");
    refuses(f, &ost_stage_gray, "{'channel':2}", &item, 1,
            "item 'a': field 'image': there is no channel 2 (the last one is "
            "1)");
    add_field(f, &item, "frames", OST_U8, 3, (int64_t[]){ 2, H, W }, two);
    refuses(f, &ost_stage_gray, "{'field':'frames'}", &item, 1,
            "item 'a': field 'frames' holds frames, which are gray");
}

/* ---- pair and unpair ---- */

static const ost_dtype dtypes[] = { OST_U8, OST_U16, OST_F32 };

/* Parts of the same size and type, which unpair has to give back. */
static void round_trip(fixture *f, ost_rng *r)
{
    ost_item item = new_item("a", "p", "x", &f->arena);
    static const char *const names[] = { "contour", "image", "third" };
    ost_dtype dtype = dtypes[ost_rng_below(r, 3)];
    int64_t shape[3] = { (int64_t)ost_rng_below(r, 9),
                         (int64_t)ost_rng_below(r, 9),
                         1 + (int64_t)ost_rng_below(r, 3) };
    bool side = ost_rng_below(r, 2);
    size_t size =
        (size_t)(shape[0] * shape[1] * shape[2]) * ost_dtype_size(dtype);
    unsigned char data[3][9 * 9 * 3 * 4];
    char with[200];
    result once, back;

    for (int i = 0; i < 3; i++) {
        fill_bytes(data[i], sizeof(data[i]), (unsigned)ost_rng_u32(r));
        add_field(f, &item, names[i], dtype, shape[2] > 1 ? 3 : 2, shape,
                  data[i]);
    }
    (void)snprintf(with, sizeof(with),
                   "{'fields':['contour','image','third'],'layout':'%s'}",
                   side ? "side" : "channels");
    once = apply_to_one(f, &ost_stage_pair, with, &item);
    assert_int_equal(once.items[0].n_fields, 1);
    back = apply_to_one(f, &ost_stage_unpair, with, &once.items[0]);
    assert_int_equal(back.items[0].n_fields, 3);
    /* Again and again the same item: views have no place in a blob's bytes. */
    once = apply_to_one(f, &ost_stage_pair, with, &back.items[0]);
    back = apply_to_one(f, &ost_stage_unpair,
                        side ? "{'fields':['contour','image','third'],"
                               "'keep':true}"
                             : with,
                        &once.items[0]);
    for (int i = 0; i < 3; i++) {
        const ost_field *field = ost_item_field(&back.items[0], names[i]);
        const unsigned char *blob;
        ost_blob b;
        ost_err err = { 0 };
        size_t at = 0, step = ost_dtype_size(dtype);

        assert_int_equal(field->shape[0], shape[0]);
        assert_int_equal(field->shape[1], shape[1]);
        assert_ok(ost_batch_blob(f->batch, &field->blob, &b, &err), &err);
        blob = b.data;
        for (int64_t y = 0; y < shape[0]; y++)
            for (int64_t x = 0; x < shape[1]; x++)
                for (int64_t c = 0; c < shape[2]; c++, at += step) {
                    int64_t from = (int64_t)field->offset +
                                   y * field->stride[0] + x * field->stride[1];

                    from += shape[2] > 1 ? c * field->stride[2] : 0;
                    assert_memory_equal(blob + (size_t)from * step,
                                        data[i] + at, step);
                }
        assert_int_equal(at, size);
        ost_blob_release(&b);
    }
}

static void what_was_paired_comes_apart_unchanged(void **state)
{
    for (uint64_t i = 0; i < 120; i++) {
        ost_rng r = ost_rng_of(i, 77);

        round_trip(*state, &r);
    }
}

static void parts_have_to_fit(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    unsigned char pixels[4 * 5 * 4] = { 0 };
    result r;

    add_field(f, &item, "image", OST_U8, 3, (int64_t[]){ 4, 5, 4 }, pixels);
    refuses(f, &ost_stage_unpair, "{}", &item, 1,
            "item 'a': field 'image': 5 columns are not 2 parts of the same "
            "width");
    refuses(f, &ost_stage_unpair,
            "{'layout':'channels','fields':['a','b','c']}", &item, 1,
            "item 'a': field 'image': 4 channels do not make 3 parts of the "
            "same number");
    refuses(f, &ost_stage_unpair, "{'layout':'channels','counts':[1,2]}", &item,
            1,
            "item 'a': field 'image': 4 channels do not make 2 parts of "
            "'counts' channels");
    r = apply_to_one(f, &ost_stage_unpair,
                     "{'layout':'channels','counts':[1,3]}", &item);
    assert_int_equal(ost_item_field(&r.items[0], "contour")->ndim, 2);
    assert_int_equal(ost_item_field(&r.items[0], "image")->shape[2], 3);
}

/* ---- photometric ---- */

static double toned(double v, double a, double b)
{
    v = a * (v - 128) + 128 + b;
    return fmin(fmax(v, 0), 255);
}

static void each_variant_is_an_item(void **state)
{
    static const double variants[7][2] = { { 1, 0 },   { 0.9, 0 }, { 1.1, 0 },
                                           { 1, -20 }, { 1, 20 },  { 0.9, -20 },
                                           { 1.1, 20 } };
    fixture *f = *state;
    uint8_t v[256];
    ost_item item;
    result r;

    for (int i = 0; i < 256; i++)
        v[i] = (uint8_t)i;
    item = row_item(f, OST_U8, 256, v);
    add_field(f, &item, "mask", OST_U8, 2, (int64_t[]){ 1, 256 }, v);
    r = apply(f, &ost_stage_photometric, "{}", dataset(f, &item, 1));
    assert_int_equal(r.n, 7);
    for (int k = 0; k < 7; k++) {
        const uint8_t *got = bytes_of(f, &r.items[k], "image");
        double a = variants[k][0], b = variants[k][1];

        assert_true(number_of(&r.items[k], "photometric.variant") == k);
        assert_true(number_of(&r.items[k], "photometric.contrast") == a);
        assert_true(number_of(&r.items[k], "photometric.brightness") == b);
        assert_string_equal(r.items[k].parents[0], "a");
        assert_memory_equal(bytes_of(f, &r.items[k], "mask"), v, 256);
        for (int i = 0; i < 256; i++)
            assert_true(fabs(got[i] - toned(i, a, b)) <= 0.5 + 1e-4);
    }
}

static void other_types_count_levels_in_255_steps(void **state)
{
    fixture *f = *state;
    const uint16_t deep[3] = { 0, 128 * 257, 200 * 257 };
    const float real[3] = { -1, 0, 0.5f };
    ost_item item = row_item(f, OST_U16, 3, deep);
    const uint16_t *d;
    const float *v;
    result r;

    r = apply_to_one(f, &ost_stage_photometric,
                     "{'identity':false,'variants':[[2,-10]]}", &item);
    d = bytes_of(f, &r.items[0], "image");
    assert_memory_equal(d, ((uint16_t[]){ 0, 118 * 257, 65535 }), 6);
    assert_string_equal(r.items[0].id, "a#1");
    item = row_item(f, OST_F32, 3, real);
    r = apply_to_one(f, &ost_stage_photometric,
                     "{'identity':false,'variants':[[2,0]],'range':[-1,1]}",
                     &item);
    v = bytes_of(f, &r.items[0], "image");
    assert_true(v[0] == -1 && fabsf(v[1] + 1 / 255.0f) < 1e-6f);
    assert_true(fabsf(v[2] - (1 - 1 / 255.0f)) < 1e-6f);
}

static void frames_are_toned_too(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    unsigned char frames[3 * H * W];
    const uint8_t *got;
    result r;

    memset(frames, 100, sizeof(frames));
    add_field(f, &item, "frames", OST_U8, 3, (int64_t[]){ 3, H, W }, frames);
    r = apply(f, &ost_stage_photometric, "{'variants':[[1,7]]}",
              dataset(f, &item, 1));
    assert_int_equal(r.n, 2);
    got = bytes_of(f, &r.items[1], "frames");
    for (int i = 0; i < 3 * H * W; i++)
        assert_int_equal(got[i], 107);
    refuses(f, &ost_stage_photometric, "{'fields':['x']}", &item, 1,
            "item 'a': there is none of the 'fields'");
}

/* ---- normalize by tiles ---- */

static void tiles_are_evened_out_in_any_type(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena), real = item;
    ost_clahe_spec spec = { .clip_limit = 3, .rows = 2, .columns = 4 };
    uint8_t even[H * W];
    float pixels[H * W] = { 0 };
    const uint8_t *got;
    const float *v;
    ost_tensor in, out;
    result r;

    add_image(f, &item, "image", 1);
    in = ost_tensor_of(bytes_of(f, &item, "image"), OST_U8, 2,
                       (int64_t[]){ H, W });
    out = ost_tensor_of(even, OST_U8, 2, (int64_t[]){ H, W });
    assert_int_equal(ost_cpu_clahe(&in, &spec, &out, NULL), OST_OK);
    r = apply_to_one(f, &ost_stage_normalize,
                     "{'method':'clahe','clip_limit':3,'tiles':[2,4],"
                     "'type':'u8'}",
                     &item);
    got = bytes_of(f, &r.items[0], "image");
    assert_memory_equal(got, even, sizeof(even));
    r = apply_to_one(f, &ost_stage_normalize,
                     "{'method':'clahe','clip_limit':3,'tiles':[2,4],"
                     "'range':[-1,1]}",
                     &item);
    v = bytes_of(f, &r.items[0], "image");
    for (int i = 0; i < H * W; i++)
        assert_true(fabsf(v[i] - ((float)even[i] / 127.5f - 1)) < 1e-5f);
    add_field(f, &real, "image", OST_F32, 2, (int64_t[]){ H, W }, pixels);
    refuses(f, &ost_stage_normalize, "{'method':'clahe'}", &real, 1,
            "item 'a': field 'image': f32 has no gray levels to count "
            "(\"type\": \"u16\" of another 'normalize' makes them)");
}

/* ---- parameters ---- */

static void wrong_combinations_are_refused(void **state)
{
    (void)state;
    refuses_params(&ost_stage_window, "{}",
                   "'center' and 'width', or 'levels', are missing");
    refuses_params(&ost_stage_window, "{\"width\":9,\"levels\":[1,2]}",
                   "'width' and 'levels' say the same thing twice");
    refuses_params(&ost_stage_window, "{\"width\":0.5}",
                   "'width' (0.5) is below 1");
    refuses_params(&ost_stage_window, "{\"levels\":[2,1]}",
                   "'levels' needs two numbers in ascending order");
    refuses_params(&ost_stage_window, "{\"levels\":[1,2],\"range\":[1]}",
                   "'range' needs two numbers");
    refuses_params(&ost_stage_invert, "{\"about\":\"mean\"}",
                   "'about' is neither \"full\" nor \"max\" nor a number");
    refuses_params(&ost_stage_gray, "{\"channel\":-1}",
                   "'channel' is not a whole number from 0 on");
    refuses_params(&ost_stage_unpair, "{\"fields\":[\"a\",\"a\"]}",
                   "'fields' names 'a' twice");
    refuses_params(&ost_stage_unpair, "{\"counts\":[1,1]}",
                   "'counts' goes with \"layout\": \"channels\" alone");
    refuses_params(&ost_stage_unpair,
                   "{\"layout\":\"channels\",\"counts\":[1]}",
                   "'counts' has 1 numbers for 2 fields");
    refuses_params(&ost_stage_photometric, "{\"variants\":[[1,0],[2]]}",
                   "'variants' element 1 is not a contrast and a brightness "
                   "([1.1, -20])");
    refuses_params(&ost_stage_photometric, "{\"variants\":3}",
                   "'variants' is not a list of up to 1000 pairs");
    refuses_params(&ost_stage_photometric,
                   "{\"variants\":[],\"identity\":false}",
                   "'variants' is not a list of up to 1000 pairs");
    refuses_params(&ost_stage_photometric, "{\"range\":[1,1]}",
                   "'range' needs two numbers in ascending order");
    refuses_params(&ost_stage_window, "{\"center\":3,\"levels\":[0,1]}",
                   "'center' and 'levels' say the same thing twice");
    refuses_params(&ost_stage_normalize,
                   "{\"method\":\"clahe\",\"scope\":\"dataset\"}",
                   "tiles have levels of their own, not those of the dataset "
                   "(\"scope\": \"item\")");
}

/* The step fails with that somewhere in its message. */
static void refuses_with(fixture *f, const ost_stage *stage, const char *with,
                         const ost_item *item, const char *message)
{
    ost_step_input in = at_port("in", dataset(f, item, 1));
    ost_done_msg done = run_stage(f->batch, stage, with, &in, 1, &f->arena);

    assert_int_equal(done.rc, OST_EINPUT);
    if (!strstr(done.error, message))
        fail_msg("'%s' instead of '%s'", done.error, message);
}

/* Frames under another name would be taken for a color image. */
static void fields_keep_what_their_name_says(void **state)
{
    static const char stack[] =
        "frames cannot be called 'x', only 'frames' or as a mask";
    static const char frames[] = "this image cannot be called 'frames'";
    static const char boxes[] = "this image cannot be called 'boxes'";
    static const struct {
        const ost_stage *stage;
        const char *with, *error;
    } rows[] = {
        { &ost_stage_window, "{'field':'frames','to':'x','levels':[0,9]}",
          stack },
        { &ost_stage_window, "{'to':'frames','levels':[0,9]}", frames },
        { &ost_stage_invert, "{'field':'frames','to':'x'}", stack },
        { &ost_stage_invert, "{'to':'boxes'}", boxes },
        { &ost_stage_normalize, "{'field':'frames','to':'x'}", stack },
        { &ost_stage_normalize, "{'to':'boxes'}", boxes },
        { &ost_stage_gray, "{'to':'frames'}", frames },
        { &ost_stage_gray, "{'to':'mask','channels':3}",
          "this image cannot be called 'mask'" },
        { &ost_stage_pair, "{'fields':['image','image'],'to':'boxes'}", boxes },
        { &ost_stage_unpair, "{'field':'frames','fields':['x','y']}", stack },
        { &ost_stage_unpair, "{'fields':['frames','y']}", frames },
        { &ost_stage_unpair, "{'fields':['boxes'],'layout':'channels'}",
          boxes },
    };
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    unsigned char pixels[2 * H * W] = { 1 };

    add_field(f, &item, "image", OST_U8, 2, (int64_t[]){ H, W }, pixels);
    add_field(f, &item, "frames", OST_U8, 3, (int64_t[]){ 2, H, W }, pixels);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        refuses_with(f, rows[i].stage, rows[i].with, &item, rows[i].error);
}

/* What no number of the type can be is its nearest one. */
static void a_range_beyond_the_type_ends_where_it_does(void **state)
{
    static const struct {
        const char *with;
        unsigned level;
    } rows[] = {
        { "{'method':'percentile','type':'u8','range':[300,400]}", 255 },
        { "{'method':'percentile','type':'u8','range':[-9,-3]}", 0 },
        { "{'method':'percentile','type':'u16','range':[7e4,8e4]}", 65535 },
    };
    fixture *f = *state;
    const unsigned char v[4] = { 7, 8, 9, 10 };
    ost_item item = row_item(f, OST_U8, 4, v);

    for (size_t i = 0; i < 3; i++) {
        result r = apply_to_one(f, &ost_stage_normalize, rows[i].with, &item);
        const void *got = bytes_of(f, r.items, "image");

        for (int k = 0; k < 4; k++)
            assert_int_equal(i == 2 ? ((const uint16_t *)got)[k]
                                    : ((const uint8_t *)got)[k],
                             rows[i].level);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(windows_are_dicom_s),
        TEST(a_window_without_width_is_a_step),
        TEST(levels_become_any_range_and_type),
        TEST(inversion_is_about_the_range_the_maximum_or_a_number),
        TEST(colors_become_their_luma),
        TEST(luma_is_the_same_in_all_types),
        TEST(only_three_channels_are_colors),
        TEST(what_was_paired_comes_apart_unchanged),
        TEST(parts_have_to_fit),
        TEST(each_variant_is_an_item),
        TEST(other_types_count_levels_in_255_steps),
        TEST(frames_are_toned_too),
        TEST(tiles_are_evened_out_in_any_type),
        TEST(fields_keep_what_their_name_says),
        TEST(a_range_beyond_the_type_ends_where_it_does),
        TEST(wrong_combinations_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
