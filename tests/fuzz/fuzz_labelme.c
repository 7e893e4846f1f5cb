/* tests/fuzz/fuzz_labelme.c - any bytes as an annotation of LabelMe
 *
 * What is accepted can be drawn, or says why not; nothing is drawn outside of
 * what the canvas notes.
 */
/* links: stages kernels store base */
#include "base/alloc.h"
#include "stages/labelme.h"
#include "stages/stage.h"
#include "tests/fuzz/fuzzed.h"

#include <string.h>

#include "base/banned.h"

enum { H = 40, W = 50 };

const ost_stage *const ost_stages[] = { NULL };

static void draw(const ost_shape *s)
{
    const ost_drawing how = { .line_width = 10,
                              .point_size = 5,
                              .max_pixels = 1 << 16 };
    static uint8_t mask[H * W];
    ost_canvas c = { .mask =
                         ost_tensor_of(mask, OST_U8, 2, (int64_t[]){ H, W }),
                     .value = 1 };
    ost_err err = { 0 };
    ost_rc rc;

    memset(mask, 0, sizeof(mask));
    rc = ost_shape_draw(s, &how, &c, &err);
    if (rc && !err.text[0])
        OST_BUG();
    for (int i = 0; i < H * W; i++) {
        int64_t y = i / W - c.drawn.top, x = i % W - c.drawn.left;

        if (mask[i] &&
            (y < 0 || x < 0 || y >= c.drawn.height || x >= c.drawn.width))
            OST_BUG();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ost_arena arena = { 0 };
    ost_labelme file;
    ost_err err = { 0 };
    ost_rc rc;

    rc = ost_labelme_parse("x.json", data, size, OST_LABELME_IMAGE, &arena,
                           &file, &err);
    if (rc && rc != OST_ENOTFOUND && !err.text[0])
        OST_BUG();
    for (size_t i = 0; !rc && i < file.annotation.n; i++) {
        const ost_shape *s = &file.annotation.shapes[i];

        if (s->object >= file.annotation.n_objects || !*s->label)
            OST_BUG();
        draw(s);
    }
    ost_arena_release(&arena);
    return 0;
}
