/* stages/encode_png.c - arrays to PNG, through libpng
 *
 * One filter and one level for all, so that equal pixels are equal bytes.
 */
#include "base/alloc.h"
#include "stages/encode.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { LEVEL = 4 };

typedef struct {
    png_structp png;
    png_infop info;
    const ost_tensor *t;
    ost_buf *out;
    unsigned char *row;
    ost_rc rc;
    char message[200];
} png_writer;

bool ost_png_can(const ost_tensor *t)
{
    return (t->dtype == OST_U8 || t->dtype == OST_U16) &&
           (t->ndim == 2 || (t->ndim == 3 && t->shape[2] == 3)) &&
           t->shape[0] > 0 && t->shape[1] > 0 && t->shape[0] <= INT32_MAX &&
           t->shape[1] <= INT32_MAX;
}

/* Colors with opacity: written for pictures that lie on others. */
static bool has_opacity(const ost_tensor *t)
{
    ost_tensor colors = *t;

    if (t->ndim != 3 || t->shape[2] != 4)
        return false;
    colors.shape[2] = 3;
    return ost_png_can(&colors);
}

static int color_type(const ost_tensor *t)
{
    if (t->ndim == 2)
        return PNG_COLOR_TYPE_GRAY;
    return t->shape[2] == 4 ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB;
}

static void png_failed(png_structp png, png_const_charp message)
{
    png_writer *w = png_get_error_ptr(png);

    (void)snprintf(w->message, sizeof(w->message), "%s", message);
    longjmp(png_jmpbuf(png), 1);
}

static void png_warned(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void write_bytes(png_structp png, png_bytep data, size_t n)
{
    png_writer *w = png_get_io_ptr(png);

    ost_buf_add(w->out, data, n);
}

static void flush_nothing(png_structp png)
{
    (void)png;
}

/* Row `y` in network byte order. */
static void pack_row(const ost_tensor *t, int64_t y, unsigned char *row)
{
    int64_t channels = t->ndim == 3 ? t->shape[2] : 1;
    int64_t step = t->ndim == 3 ? t->stride[2] : 0;

    for (int64_t x = 0; x < t->shape[1]; x++)
        for (int64_t c = 0; c < channels; c++) {
            int64_t at = y * t->stride[0] + x * t->stride[1] + c * step;

            if (t->dtype == OST_U16) {
                unsigned v = ((const uint16_t *)t->data)[at];

                *row++ = (unsigned char)(v >> 8);
                *row++ = (unsigned char)v;
            } else {
                *row++ = ((const unsigned char *)t->data)[at];
            }
        }
}

static void write_picture(png_writer *w)
{
    const ost_tensor *t = w->t;

    png_set_write_fn(w->png, w, write_bytes, flush_nothing);
    png_set_compression_level(w->png, LEVEL);
    png_set_filter(w->png, 0, PNG_FILTER_SUB);
    png_set_IHDR(w->png, w->info, (png_uint_32)t->shape[1],
                 (png_uint_32)t->shape[0], t->dtype == OST_U16 ? 16 : 8,
                 color_type(t), PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(w->png, w->info);
    for (int64_t y = 0; y < t->shape[0]; y++) {
        pack_row(t, y, w->row);
        png_write_row(w->png, w->row);
    }
    png_write_end(w->png, NULL);
}

ost_rc ost_png_encode(const ost_tensor *t, ost_buf *out, ost_err *err)
{
    png_writer w = { .t = t, .out = out };

    if (!ost_png_can(t) && !has_opacity(t))
        return ost_fail(err, OST_EUNSUPPORTED,
                        "a PNG holds u8 or u16 of shape (H, W), (H, W, 3) or "
                        "(H, W, 4)");
    w.row = ost_try_alloc((size_t)t->shape[1], 8);
    w.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &w, png_failed,
                                    png_warned);
    if (w.png)
        w.info = png_create_info_struct(w.png);
    if (!w.row || !w.info)
        w.rc = ost_fail(err, OST_ENOMEM, "no memory for libpng");
    else if (setjmp(png_jmpbuf(w.png)) == 0)
        write_picture(&w);
    else
        w.rc = ost_fail(err, OST_EFAIL, "cannot write PNG: %s", w.message);
    png_destroy_write_struct(&w.png, &w.info);
    ost_free(w.row);
    return w.rc;
}
