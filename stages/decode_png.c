/* stages/decode_png.c - PNG to arrays, through libpng */
#include "base/alloc.h"
#include "stages/decode.h"
#include "stages/exif.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* Everything that must survive a longjmp out of libpng. */
typedef struct {
    png_structp png;
    png_infop info;
    const unsigned char *data;
    size_t size;
    size_t at;
    const ost_decode_limits *limits;
    ost_picture picture;
    png_bytepp rows;
    int orientation;
    ost_rc rc; /* of a failure that is already in `err` */
    ost_err *err;
    char message[200];
} png_reader;

static void png_failed(png_structp png, png_const_charp message)
{
    png_reader *r = png_get_error_ptr(png);

    (void)snprintf(r->message, sizeof(r->message), "%s", message);
    longjmp(png_jmpbuf(png), 1);
}

static void png_warned(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void read_bytes(png_structp png, png_bytep out, size_t n)
{
    png_reader *r = png_get_io_ptr(png);

    if (n > r->size - r->at)
        png_error(png, "data ends early");
    memcpy(out, r->data + r->at, n);
    r->at += n;
}

/* Asks libpng for 8 or 16 bit gray or RGB without alpha. */
static void set_transforms(png_reader *r, int color_type, int depth)
{
    if (r->limits->numbers)
        png_set_packing(r->png);
    else if (color_type == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(r->png);
    else if (color_type == PNG_COLOR_TYPE_GRAY && depth < 8)
        png_set_expand_gray_1_2_4_to_8(r->png);
    if (depth == 16)
        png_set_swap(r->png);
    png_set_strip_alpha(r->png);
    (void)png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
}

/* EXIF may stand before the pixels or behind them. */
static int orientation_of(png_reader *r)
{
    png_uint_32 size = 0;
    png_bytep exif = NULL;

    if (png_get_eXIf_1(r->png, r->info, &size, &exif) == 0 || !exif)
        return 1;
    return ost_exif_orientation(exif, size);
}

/* Returns with r->rc set, or normally when the picture is complete; libpng
 * jumps out of it when something is wrong with the data. */
static void read_picture(png_reader *r)
{
    png_uint_32 width, height;
    int depth, color_type, channels;
    size_t row_bytes;

    png_set_read_fn(r->png, r, read_bytes);
    png_set_user_limits(r->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_read_info(r->png, r->info);
    png_get_IHDR(r->png, r->info, &width, &height, &depth, &color_type, NULL,
                 NULL, NULL);
    channels = color_type & PNG_COLOR_MASK_COLOR ? 3 : 1;
    if (color_type == PNG_COLOR_TYPE_PALETTE && r->limits->numbers)
        channels = 1;
    r->rc =
        ost_picture_init(&r->picture, depth == 16 ? OST_U16 : OST_U8, height,
                         width, channels, r->limits->max_pixels, r->err);
    if (r->rc)
        return;
    set_transforms(r, color_type, depth);
    row_bytes = width * ost_dtype_size(r->picture.dtype) * (size_t)channels;
    if (png_get_rowbytes(r->png, r->info) != row_bytes)
        png_error(r->png, "unexpected row size");
    r->rows = ost_try_alloc(height, sizeof(*r->rows));
    if (!r->rows) {
        r->rc = ost_fail(r->err, OST_ENOMEM, "no memory for %u rows", height);
        return;
    }
    for (png_uint_32 y = 0; y < height; y++)
        r->rows[y] = (png_bytep)r->picture.data + y * row_bytes;
    png_read_image(r->png, r->rows);
    png_read_end(r->png, r->info);
    r->orientation = orientation_of(r);
}

ost_rc ost_png_decode(const void *data, size_t size,
                      const ost_decode_limits *limits, ost_picture *p,
                      ost_err *err)
{
    png_reader r = { .data = data, .size = size, .limits = limits, .err = err };
    ost_rc rc;

    *p = (ost_picture){ 0 };
    r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, png_failed,
                                   png_warned);
    if (!r.png)
        return ost_fail(err, OST_ENOMEM, "no memory for libpng");
    r.info = png_create_info_struct(r.png);
    if (!r.info)
        r.rc = ost_fail(err, OST_ENOMEM, "no memory for libpng");
    else if (setjmp(png_jmpbuf(r.png)) == 0)
        read_picture(&r);
    else
        r.rc = ost_fail(err, OST_EINPUT, "damaged PNG: %s", r.message);
    rc = r.rc;
    png_destroy_read_struct(&r.png, &r.info, NULL);
    ost_free(r.rows);
    if (!rc && !limits->color)
        ost_picture_to_gray(&r.picture);
    if (!rc && limits->orient)
        rc = ost_picture_orient(&r.picture, r.orientation, err);
    if (rc) {
        ost_picture_release(&r.picture);
        return rc;
    }
    *p = r.picture;
    return OST_OK;
}
