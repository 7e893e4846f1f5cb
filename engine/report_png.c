/* engine/report_png.c - a figure as pixels, by librsvg */
#include "engine/report_png.h"

#include "engine/librsvg.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { MOST_SIDE = 16384 };

static int add_bytes(void *user, const unsigned char *data, unsigned size)
{
    ost_buf_add(user, data, size);
    return 0;
}

/* The figure's own width or height, from its first element. */
static double side_of(const ost_buf *svg, const char *name)
{
    const char *at = strstr(ost_buf_str(svg), name);

    return at ? strtod(at + strlen(name), NULL) : 0;
}

ost_rc ost_report_png(const ost_buf *svg, double scale, ost_buf *png,
                      ost_err *err)
{
    ost_rsvg_rectangle view = { .width = ceil(scale * side_of(svg, "width=\"")),
                                .height =
                                    ceil(scale * side_of(svg, "height=\"")) };
    void *handle = NULL, *surface = NULL, *cr = NULL, *error = NULL;
    const ost_librsvg *lib;
    bool done = false;
    ost_rc rc;

    rc = ost_librsvg_open(&lib, err);
    if (rc)
        return rc;
    if (!(view.width >= 1 && view.width <= MOST_SIDE && view.height >= 1 &&
          view.height <= MOST_SIDE))
        return ost_fail(err, OST_EINPUT,
                        "a figure of %.0f x %.0f pixels is no picture",
                        view.width, view.height);
    handle = lib->rsvg_handle_new_from_data(svg->data, svg->len, &error);
    surface = lib->cairo_image_surface_create(OST_CAIRO_RGB24, (int)view.width,
                                              (int)view.height);
    cr = lib->cairo_create(surface);
    done = handle && lib->cairo_status(cr) == 0 &&
           lib->rsvg_handle_render_document(handle, cr, &view, &error) &&
           lib->cairo_surface_write_to_png_stream(surface, add_bytes, png) == 0;
    if (!done)
        rc = ost_fail(err, OST_EINPUT, "the figure cannot be drawn");
    lib->cairo_destroy(cr);
    lib->cairo_surface_destroy(surface);
    if (handle)
        lib->g_object_unref(handle);
    if (error)
        lib->g_error_free(error);
    return rc;
}
