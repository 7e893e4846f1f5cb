/* tests/gpu/bench_images.c - times of all operators on images
 *
 *     bench_images CLASS SIDE REPEATS
 *
 * opens the backend of a numeric class and prints for each operator a line
 *
 *     { "operator": NAME, "ms": [REPEATS milliseconds], "sum": DIGEST }
 *
 * of an image of SIDE x SIDE in u8 (gray: three channels), results in memory
 * of the host.  DIGEST is of the result's bytes: the same on every device.
 */
/* links: base kernels */
#include "base/alloc.h"
#include "base/clock.h"
#include "kernels/backend.h"
#include "kernels/connected.h"
#include "kernels/merge.h"
#include "kernels/morphology.h"
#include "kernels/remap.h"
#include "kernels/threshold.h"
#include "kernels/tone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { WARM = 2, SIDE_MAX = 16384 };

/* What operators read and write. */
typedef struct scene {
    ost_backend *backend;
    ost_tensor image; /* (H, W) u8, smooth with some noise */
    ost_tensor color; /* (H, W, 3) u8 */
    ost_tensor mask;  /* (H, W) u8: 0 or 1 */
    ost_tensor map;   /* (H, W, 2) f32 */
    ost_tensor out;   /* (H, W) u8 */
    ost_tensor half;  /* (H / 2, W / 2) u8 */
    double numbers[8];
} scene;

typedef ost_rc (*operator_fn)(scene *s, ost_err *err);

#define RUN(name, ...)                               \
    static ost_rc run_##name(scene *s, ost_err *err) \
    {                                                \
        return s->backend->name(__VA_ARGS__, err);   \
    }

RUN(blank, &s->image, &s->mask, 7.0, &s->out)
RUN(blend, &s->image, 2, &s->out)
RUN(blur, &s->image, 2.0, 0, &s->out)
RUN(canny, &s->image, &(ost_canny_spec){ 60.0, 120.0, 3, false }, &s->out)
RUN(clahe, &s->image, &(ost_clahe_spec){ 2.0, 8, 8 }, &s->out)
RUN(copy, &s->image, &s->out)
RUN(gamma, &s->image, &(ost_gamma_spec){ 0.0, 255.0, 1.5 }, &s->out)
RUN(gray, &s->color, &s->out)
RUN(mark, &s->image, &s->out)
RUN(morphology, &s->image,
    &(ost_morph_spec){ OST_MORPH_OPEN, OST_MORPH_ELLIPSE, 5, 1 }, &s->out)
RUN(noise, &s->image, 10.0, 3, &s->out)
RUN(otsu, &s->image, NULL, &s->numbers[0])
RUN(pad, &s->image, &(ost_pad_spec){ -9, -9, OST_PAD_REFLECT, 0.0 }, &s->out)
RUN(percentiles, &s->image, ((const double[]){ 1.0, 50.0, 99.0 }), 3,
    s->numbers)
RUN(ramp, &s->image, &(ost_ramp_spec){ 20.0, 0.0, 1.2, 0.0, 255.0 }, &s->out)
RUN(remap, &s->image,
    &(ost_remap_spec){ &s->map, false, OST_BORDER_EDGE, 0.0f }, &s->out)
RUN(rescale, &s->image, 0.5, 3.0, &s->out)
RUN(resize, &s->image, OST_RESIZE_AREA, &s->half)
RUN(threshold, &s->image, &(ost_threshold_spec){ 100.0, false, 255, 0 },
    &s->out)
RUN(warp, &s->image,
    &(ost_warp_spec){
        { { 0.99, 0.1, 3.0, -0.1, 0.99, 9.0 } }, false, OST_BORDER_EDGE, 0.0f },
    &s->out)

static ost_rc run_components(scene *s, ost_err *err)
{
    ost_components c = { 0 };
    ost_rc rc = s->backend->components(&s->mask, 0, &c, err);

    s->numbers[0] = c.count;
    s->numbers[1] = rc || !c.count ? 0.0 : (double)c.all[c.count - 1].area;
    ost_components_release(&c);
    return rc;
}

static ost_rc run_levels(scene *s, ost_err *err)
{
    ost_levels l = { 0 };
    ost_rc rc = s->backend->levels(&s->image, &l, err);

    s->numbers[0] = l.mean;
    s->numbers[1] = l.std;
    return rc;
}

static ost_rc run_marked(scene *s, ost_err *err)
{
    ost_rect r = { 0 };
    ost_rc rc = s->backend->marked(&s->mask, &r, err);

    s->numbers[0] = (double)(r.top + r.left);
    s->numbers[1] = (double)(r.height + r.width);
    return rc;
}

static ost_rc run_marked_count(scene *s, ost_err *err)
{
    int64_t count = 0;
    ost_rc rc = s->backend->marked_count(&s->mask, &count, err);

    s->numbers[0] = (double)count;
    return rc;
}

static ost_rc run_marked_sum(scene *s, ost_err *err)
{
    ost_sum sum = { 0 };
    ost_rc rc = s->backend->marked_sum(&s->mask, &s->image, &sum, err);

    s->numbers[0] = sum.sum;
    s->numbers[1] = (double)sum.count;
    return rc;
}

/* Two pictures that overlap by half. */
static ost_rc run_merge(scene *s, ost_err *err)
{
    int64_t rows = s->image.shape[0];
    ost_tensor three =
        ost_tensor_of(s->image.data, OST_U8, 2,
                      (const int64_t[]){ rows * 3 / 4, s->image.shape[1] });
    const ost_merge_part parts[] = { { three, 0, 0 },
                                     { three, rows - rows * 3 / 4, 0 } };
    ost_merge merge = { .parts = parts, .n = 2, .method = OST_MERGE_WEIGHTED };
    ost_merge_gap gap = { 0 };

    return s->backend->merge(&merge, &s->out, &gap, err);
}

#define ROW(name)         \
    {                     \
#name, run_##name \
    }

static const struct {
    const char *name;
    operator_fn run;
} operators[] = {
    ROW(blank),        ROW(blend),      ROW(blur),    ROW(canny),
    ROW(clahe),        ROW(components), ROW(copy),    ROW(gamma),
    ROW(gray),         ROW(levels),     ROW(mark),    ROW(marked),
    ROW(marked_count), ROW(marked_sum), ROW(merge),   ROW(morphology),
    ROW(noise),        ROW(otsu),       ROW(pad),     ROW(percentiles),
    ROW(ramp),         ROW(remap),      ROW(rescale), ROW(resize),
    ROW(threshold),    ROW(warp),
};

static ost_tensor made(ost_dtype type, int64_t side, int64_t channels)
{
    const int64_t shape[] = { side, side, channels };
    ost_tensor t = ost_tensor_of(NULL, type, channels > 1 ? 3 : 2, shape);

    t.data = ost_xalloc((size_t)ost_tensor_count(&t) *
                        (type == OST_F32 ? sizeof(float) : 1));
    return t;
}

static void fill_bytes(ost_tensor *t)
{
    int64_t across = ost_tensor_count(t) / t->shape[0];
    uint8_t *v = t->data;
    uint32_t r = 1;

    for (int64_t i = 0; i < ost_tensor_count(t); i++) {
        r = r * 1664525u + 1013904223u;
        v[i] =
            (uint8_t)((i / across * 3 + i % across * 2) / 16 % 200 + (r >> 28));
    }
}

static void make_scene(scene *s, int64_t side)
{
    float *map;

    s->image = made(OST_U8, side, 1);
    s->color = made(OST_U8, side, 3);
    s->mask = made(OST_U8, side, 1);
    s->map = made(OST_F32, side, 2);
    s->out = made(OST_U8, side, 1);
    s->half = made(OST_U8, side / 2, 1);
    fill_bytes(&s->image);
    fill_bytes(&s->color);
    map = s->map.data;
    for (int64_t i = 0; i < side * side; i++) {
        ((uint8_t *)s->mask.data)[i] = i / 64 % 3 == 0;
        map[2 * i] = (float)(i % side) * 0.97f + 2.25f;
        map[2 * i + 1] = (float)(i / side) * 0.98f + 1.5f;
    }
}

static void free_scene(scene *s)
{
    ost_free(s->image.data);
    ost_free(s->color.data);
    ost_free(s->mask.data);
    ost_free(s->map.data);
    ost_free(s->out.data);
    ost_free(s->half.data);
}

/* FNV-1a of all that an operator may have written. */
static uint64_t digest(const scene *s)
{
    const ost_tensor *written[] = { &s->out, &s->half };
    const uint8_t *p = (const uint8_t *)s->numbers;
    uint64_t h = 14695981039346656037u;

    for (size_t i = 0; i < sizeof(s->numbers); i++)
        h = (h ^ p[i]) * 1099511628211u;
    for (int k = 0; k < 2; k++) {
        p = written[k]->data;
        for (int64_t i = 0; i < ost_tensor_count(written[k]); i++)
            h = (h ^ p[i]) * 1099511628211u;
    }
    return h;
}

static void clear(scene *s)
{
    memset(s->numbers, 0, sizeof(s->numbers));
    memset(s->out.data, 0, (size_t)ost_tensor_count(&s->out));
    memset(s->half.data, 0, (size_t)ost_tensor_count(&s->half));
}

/* The digest is that of the first run on cleared memory. */
static ost_rc time_operator(scene *s, size_t i, int repeats, ost_err *err)
{
    uint64_t first;
    ost_rc rc;

    clear(s);
    rc = operators[i].run(s, err);
    first = digest(s);
    for (int k = 1; k < WARM && !rc; k++)
        rc = operators[i].run(s, err);
    printf("{\"operator\":\"%s\",\"ms\":[", operators[i].name);
    for (int k = 0; k < repeats && !rc; k++) {
        double start = ost_now();

        rc = operators[i].run(s, err);
        printf("%s%.6f", k ? "," : "", (ost_now() - start) * 1e3);
    }
    printf("],\"sum\":\"%016llx\"", (unsigned long long)first);
    if (rc)
        printf(",\"error\":true");
    printf("}\n");
    fflush(stdout);
    if (rc)
        fprintf(stderr, "bench_images: %s: %s\n", operators[i].name, err->text);
    return rc;
}

int main(int argc, char **argv)
{
    int64_t side = argc == 4 ? strtoll(argv[2], NULL, 10) : 0;
    scene s = { 0 };
    ost_err err = { 0 };
    int failed = 0;

    if (side < 16 || side > SIDE_MAX) {
        fprintf(stderr, "usage: bench_images CLASS SIDE REPEATS\n");
        return 2;
    }
    if (ost_backend_open(argv[1], 0, &s.backend, &err)) {
        fprintf(stderr, "bench_images: %s\n", err.text);
        return 1;
    }
    make_scene(&s, side);
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        failed |= time_operator(&s, i, (int)strtol(argv[3], NULL, 10), &err) !=
                  OST_OK;
    free_scene(&s);
    ost_backend_close(s.backend);
    return failed;
}
