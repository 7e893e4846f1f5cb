/* stages/phantom_outline.c - outlines of a mask as a person would draw them
 *
 * A border is followed clockwise from pixel to pixel (Moore neighbors), from
 * the first pixel of a component until it is left again as it was at first.
 */
#include "stages/phantom_outline.h"

#include "kernels/connected.h"

#include <stdbool.h>

#include "base/banned.h"

/* The neighbors clockwise, from the right one on; y points down. */
static const int step_x[8] = { 1, 1, 0, -1, -1, -1, 0, 1 };
static const int step_y[8] = { 0, 1, 1, 1, 0, -1, -1, -1 };

typedef struct border {
    const uint8_t *mask;
    int64_t h;
    int64_t w;
    int64_t x; /* where we are */
    int64_t y;
    int came; /* the direction in which we came here */
} border;

static bool inside(const border *b, int64_t x, int64_t y)
{
    return x >= 0 && y >= 0 && x < b->w && y < b->h && b->mask[y * b->w + x];
}

/* The direction of the next pixel of the border; -1 when there is none. */
static int look(const border *b)
{
    for (int k = 0; k < 8; k++) {
        int d = (b->came + 5 + k) % 8;

        if (inside(b, b->x + step_x[d], b->y + step_y[d]))
            return d;
    }
    return -1;
}

static void add_point(json_t *points, const border *b)
{
    json_array_append_new(points,
                          json_pack("[ff]", (double)b->x, (double)b->y));
}

static json_t *follow(border b)
{
    json_t *points = json_array();
    const int64_t x = b.x, y = b.y;
    int first = look(&b), d = first;

    add_point(points, &b);
    for (; d >= 0;) {
        b.x += step_x[d];
        b.y += step_y[d];
        b.came = d;
        d = look(&b);
        if (b.x == x && b.y == y && d == first)
            break;
        if (d != b.came)
            add_point(points, &b);
    }
    /* A polygon has three corners, even that of a pixel or of a line. */
    while (json_array_size(points) < 3)
        json_array_append(points, json_array_get(points, 0));
    return points;
}

ost_rc ost_outline_add(json_t *shapes, const char *label, const uint8_t *mask,
                       int64_t h, int64_t w, ost_err *err)
{
    const int64_t shape[] = { h, w };
    ost_tensor t = ost_tensor_of((void *)(uintptr_t)mask, OST_U8, 2, shape);
    ost_components found = { 0 };
    ost_rc rc = ost_cpu_components(&t, 0, &found, err);
    int32_t next = 1;

    for (int64_t y = 0; y < h && !rc; y++)
        for (int64_t i = found.row[y]; i < found.row[y + 1]; i++) {
            border b = { mask, h, w, found.runs[i].begin, y, 0 };

            /* Components are numbered by their first pixels. */
            if (found.runs[i].component != next)
                continue;
            next++;
            json_array_append_new(
                shapes, json_pack("{s:s, s:o, s:n, s:s, s:{}}", "label", label,
                                  "points", follow(b), "group_id", "shape_type",
                                  "polygon", "flags"));
        }
    ost_components_release(&found);
    return rc;
}
