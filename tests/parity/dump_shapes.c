/* tests/parity/dump_shapes.c - shapes from lines of text to masks
 *
 * For make_shape_references.py --compare: a line is kind, width, height, line
 * width, radius, number of points, points; what comes out is the mask, eight
 * pixels to a byte, in hexadecimal.
 */
/* links: kernels base */
#include "base/alloc.h"
#include "base/text.h"
#include "kernels/shapes.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

int main(void)
{
    char kind[16];
    int width, height, line;
    double radius;
    size_t n;

    while (scanf("%15s %d %d %d %lf %zu", kind, &width, &height, &line, &radius,
                 &n) == 6) {
        size_t pixels = (size_t)(width * height);
        ost_point *p = ost_xalloc((n + 1) * sizeof(*p));
        uint8_t *mask = ost_xalloc(pixels), *bits = ost_xalloc(pixels / 8 + 1);
        char *text = ost_xalloc(pixels / 4 + 3);
        ost_canvas c = { .mask = ost_tensor_of(mask, OST_U8, 2,
                                               (int64_t[]){ height, width }),
                         .value = 1 };
        ost_err err = { 0 };
        ost_rc rc;

        for (size_t i = 0; i < n; i++)
            if (scanf("%lf %lf", &p[i].x, &p[i].y) != 2)
                return 1;
        rc = strcmp(kind, "polygon") == 0 ? ost_draw_polygon(&c, p, n, &err)
             : strcmp(kind, "rectangle") == 0
                 ? ost_draw_rectangle(&c, p[0], p[1], &err)
             : strcmp(kind, "circle") == 0
                 ? ost_draw_circle(&c, p[0], radius, &err)
                 : ost_draw_line(&c, p, n, line, &err);
        for (size_t i = 0; i < pixels; i++)
            bits[i / 8] |= (uint8_t)(mask[i] << (7 - i % 8));
        ost_hex(text, bits, (pixels + 7) / 8);
        printf("%s\n", rc ? err.text : text);
        ost_free(p);
        ost_free(mask);
        ost_free(bits);
        ost_free(text);
    }
    return 0;
}
