/* cli/preview_blocks.c - a picture as letters on a terminal */
#include "cli/preview.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { CODE = 32 };

static const uint8_t *pixel(const ost_preview *p, int64_t y, int64_t x)
{
    return p->rgb + (y * p->width + x) * 3;
}

static int distance(const uint8_t *a, int r, int g, int b)
{
    return (a[0] - r) * (a[0] - r) + (a[1] - g) * (a[1] - g) +
           (a[2] - b) * (a[2] - b);
}

/* The nearest of the cube of 6 x 6 x 6 colors and the 24 grays. */
static int nearest_of_256(const uint8_t *c)
{
    static const int steps[] = { 0, 95, 135, 175, 215, 255 };
    int at[3], gray, cube, level = (c[0] + c[1] + c[2]) / 3;

    for (int i = 0; i < 3; i++)
        at[i] = c[i] < 48 ? 0 : c[i] < 115 ? 1 : (c[i] - 35) / 40;
    cube = distance(c, steps[at[0]], steps[at[1]], steps[at[2]]);
    gray = level < 8 ? 0 : level > 238 ? 23 : (level - 3) / 10;
    if (distance(c, 8 + 10 * gray, 8 + 10 * gray, 8 + 10 * gray) < cube)
        return 232 + gray;
    return 16 + 36 * at[0] + 6 * at[1] + at[2];
}

/* `layer` 38 is for letters, 48 for what is behind them. */
static void color_code(char code[CODE], int layer, const uint8_t *c,
                       ost_preview_colors colors)
{
    if (colors == OST_COLORS_ALL)
        (void)snprintf(code, CODE, "\033[%d;2;%d;%d;%dm", layer, c[0], c[1],
                       c[2]);
    else
        (void)snprintf(code, CODE, "\033[%d;5;%dm", layer, nearest_of_256(c));
}

static void add_letters(const ost_preview *p, int64_t y, ost_buf *out)
{
    static const char ramp[] = " .:-=+*#%@";

    for (int64_t x = 0; x < p->width; x++) {
        const uint8_t *a = pixel(p, y, x);
        const uint8_t *b = y + 1 < p->height ? pixel(p, y + 1, x) : a;
        int sum = 0;

        for (int c = 0; c < 3; c++)
            sum += a[c] + b[c];
        ost_buf_addc(out, ramp[sum * 9 / (6 * 255)]);
    }
}

static void add_blocks(const ost_preview *p, int64_t y,
                       ost_preview_colors colors, ost_buf *out)
{
    char above[CODE] = "", below[CODE] = "", code[CODE];

    for (int64_t x = 0; x < p->width; x++) {
        color_code(code, 38, pixel(p, y, x), colors);
        if (strcmp(code, above) != 0)
            ost_buf_adds(out, memcpy(above, code, CODE));
        if (y + 1 < p->height) {
            color_code(code, 48, pixel(p, y + 1, x), colors);
            if (strcmp(code, below) != 0)
                ost_buf_adds(out, memcpy(below, code, CODE));
        }
        ost_buf_adds(out, "\u2580");
    }
    ost_buf_adds(out, "\033[0m");
}

void ost_preview_blocks(const ost_preview *p, ost_preview_colors colors,
                        ost_buf *out)
{
    for (int64_t y = 0; y < p->height; y += 2) {
        if (colors == OST_COLORS_NONE)
            add_letters(p, y, out);
        else
            add_blocks(p, y, colors, out);
        ost_buf_addc(out, '\n');
    }
}
