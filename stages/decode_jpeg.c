/* stages/decode_jpeg.c - JPEG to arrays, through libjpeg-turbo
 *
 * Baseline and progressive, 8 bit, gray and color.  The slow integer DCT is
 * used, whose results are the same on every machine.  What libjpeg merely
 * warns of (data that ends early, damaged codes) is refused here.
 */
#include "base/alloc.h"
#include "stages/decode.h"

#include <setjmp.h>
#include <string.h>

/* jpeglib.h needs what stdio.h declares. */
/* clang-format off */
#include <stdio.h>
#include <jpeglib.h>
#include <jerror.h>
/* clang-format on */

#include "base/banned.h"

enum {
    /* A progressive file of a few bytes can ask for any number of passes over
     * the whole picture; honest ones have ten or so. */
    MAX_SCANS = 200,
};

typedef struct {
    struct jpeg_error_mgr manager; /* first: libjpeg knows only this */
    jmp_buf jump;
    char message[JMSG_LENGTH_MAX];
} jpeg_errors;

typedef struct {
    struct jpeg_decompress_struct jpeg;
    jpeg_errors errors;
    struct jpeg_progress_mgr progress;
    const ost_decode_limits *limits;
    ost_picture picture;
    ost_rc rc;
    ost_err *err;
} jpeg_reader;

static void jpeg_failed(j_common_ptr c)
{
    jpeg_errors *e = (jpeg_errors *)c->err;

    c->err->format_message(c, e->message);
    longjmp(e->jump, 1);
}

static void jpeg_said(j_common_ptr c, int level)
{
    int code = c->err->msg_code;

    if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_JFIF_MAJOR &&
        code != JWRN_ADOBE_XFORM)
        jpeg_failed(c);
}

static void count_scans(j_common_ptr c)
{
    if (c->is_decompressor &&
        ((j_decompress_ptr)c)->input_scan_number > MAX_SCANS) {
        jpeg_errors *e = (jpeg_errors *)c->err;

        (void)snprintf(e->message, sizeof(e->message), "more than %d scans",
                       MAX_SCANS);
        longjmp(e->jump, 1);
    }
}

/* Returns with r->rc set, or normally when the picture is complete; libjpeg
 * jumps out of it when something is wrong with the data. */
static void read_picture(jpeg_reader *r, const void *data, size_t size)
{
    struct jpeg_decompress_struct *c = &r->jpeg;
    size_t row_bytes;
    bool color;

    jpeg_mem_src(c, data, size);
    (void)jpeg_read_header(c, TRUE);
    if (c->num_components != 1 && c->num_components != 3) {
        r->rc = ost_fail(r->err, OST_EUNSUPPORTED,
                         "JPEG with %d color components is not supported",
                         c->num_components);
        return;
    }
    color = r->limits->color && c->num_components == 3;
    c->out_color_space = color ? JCS_RGB : JCS_GRAYSCALE;
    c->dct_method = JDCT_ISLOW;
    r->rc =
        ost_picture_init(&r->picture, OST_U8, c->image_height, c->image_width,
                         color ? 3 : 1, r->limits->max_pixels, r->err);
    if (r->rc)
        return;
    (void)jpeg_start_decompress(c);
    row_bytes = (size_t)c->output_width * (size_t)c->output_components;
    while (c->output_scanline < c->output_height) {
        JSAMPROW row =
            (JSAMPROW)r->picture.data + row_bytes * c->output_scanline;

        (void)jpeg_read_scanlines(c, &row, 1);
    }
    (void)jpeg_finish_decompress(c);
}

ost_rc ost_jpeg_decode(const void *data, size_t size,
                       const ost_decode_limits *limits, ost_picture *p,
                       ost_err *err)
{
    jpeg_reader r = { .limits = limits, .err = err };

    *p = (ost_picture){ 0 };
    r.jpeg.err = jpeg_std_error(&r.errors.manager);
    r.errors.manager.error_exit = jpeg_failed;
    r.errors.manager.emit_message = jpeg_said;
    if (setjmp(r.errors.jump) == 0) {
        jpeg_create_decompress(&r.jpeg);
        r.progress.progress_monitor = count_scans;
        r.jpeg.progress = &r.progress;
        read_picture(&r, data, size);
    } else {
        r.rc = ost_fail(err, OST_EINPUT, "damaged JPEG: %s", r.errors.message);
    }
    jpeg_destroy_decompress(&r.jpeg);
    if (r.rc) {
        ost_picture_release(&r.picture);
        return r.rc;
    }
    *p = r.picture;
    return OST_OK;
}
