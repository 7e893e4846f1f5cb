/* engine/librsvg.h - librsvg and cairo, opened on use
 *
 * Only pictures of figures need them, and they bring three dozen libraries
 * along.  The few functions are declared here, as librsvg 2.46 and cairo 1.10
 * have had them since, so that a build needs no headers of theirs.
 */
#ifndef OST_ENGINE_LIBRSVG_H
#define OST_ENGINE_LIBRSVG_H

#include "base/err.h"

typedef struct ost_rsvg_rectangle {
    double x, y, width, height;
} ost_rsvg_rectangle;

/* cairo's cairo_write_func_t: returns 0 when it went well. */
typedef int (*ost_cairo_write)(void *user, const unsigned char *data,
                               unsigned size);

enum { OST_CAIRO_RGB24 = 1 };

/* result, name, parameters.  How to add a function: one row. */
#define OST_LIBRSVG_MAP(XX)                                            \
    XX(void *, rsvg_handle_new_from_data,                              \
       (const unsigned char *data, unsigned long size, void **error))  \
    XX(int, rsvg_handle_render_document,                               \
       (void *handle, void *cr, const ost_rsvg_rectangle *viewport,    \
        void **error))                                                 \
    XX(void, g_object_unref, (void *object))                           \
    XX(void, g_error_free, (void *error))                              \
    XX(void *, cairo_image_surface_create, (int format, int w, int h)) \
    XX(void *, cairo_create, (void *surface))                          \
    XX(int, cairo_status, (void *cr))                                  \
    XX(void, cairo_destroy, (void *cr))                                \
    XX(void, cairo_surface_destroy, (void *surface))                   \
    XX(int, cairo_surface_write_to_png_stream,                         \
       (void *surface, ost_cairo_write write, void *user))

typedef struct ost_librsvg {
#define XX(result, name, parameters) result(*name) parameters;
    OST_LIBRSVG_MAP(XX)
#undef XX
} ost_librsvg;

/* The functions, for as long as the process lives; OST_EUNSUPPORTED names the
 * package when the library is not there. */
ost_rc ost_librsvg_open(const ost_librsvg **lib, ost_err *err);

#endif
