/* tests/fuzz/fuzz_coco.c - any bytes as annotations of COCO, and as runs
 *
 * A file that is accepted can be read again picture by picture; compressed runs
 * that are accepted are drawn when they are those of the canvas.
 */
/* links: stages kernels store base */
#include "base/alloc.h"
#include "kernels/runs.h"
#include "stages/coco.h"
#include "stages/stage.h"
#include "tests/fuzz/fuzzed.h"

#include <string.h>

#include "base/banned.h"

enum { H = 30, W = 40, MOST_RUNS = 1000 };

const ost_stage *const ost_stages[] = { NULL };

static uint8_t mask[H * W];

static ost_canvas canvas(void)
{
    memset(mask, 0, sizeof(mask));
    return (ost_canvas){
        .mask = ost_tensor_of(mask, OST_U8, 2, (int64_t[]){ H, W }), .value = 1
    };
}

static void read_runs(const uint8_t *data, size_t size)
{
    uint32_t runs[MOST_RUNS];
    size_t n = ost_runs_read((const char *)data, size, runs, MOST_RUNS);
    ost_canvas c = canvas();

    if (n != SIZE_MAX && n > MOST_RUNS)
        OST_BUG();
    if (n != SIZE_MAX)
        (void)ost_draw_runs(&c, runs, n, NULL);
}

static void read_picture(const ost_coco_picture *p)
{
    const ost_drawing how = { .line_width = 10,
                              .point_size = 5,
                              .max_pixels = 1 << 16 };
    ost_arena arena = { 0 };
    ost_annotation a;
    ost_err err = { 0 };

    /* What the file was checked for needs no second look. */
    if (ost_coco_read(p->marks, &arena, &a, &err))
        OST_BUG();
    for (size_t i = 0; i < a.n; i++) {
        ost_canvas c = canvas();

        if (a.shapes[i].object >= a.n_objects)
            OST_BUG();
        if (ost_shape_draw(&a.shapes[i], &how, &c, &err) && !err.text[0])
            OST_BUG();
    }
    ost_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ost_arena arena = { 0 };
    ost_coco_picture *pictures;
    ost_err err = { 0 };
    size_t n = 0;
    ost_rc rc;

    read_runs(data, size);
    rc = ost_coco_split("x.json", data, size, &arena, &pictures, &n, &err);
    if (rc && rc != OST_ENOTFOUND && !err.text[0])
        OST_BUG();
    for (size_t i = 0; !rc && i < n; i++)
        read_picture(&pictures[i]);
    ost_arena_release(&arena);
    return 0;
}
