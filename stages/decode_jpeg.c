/* stages/decode_jpeg.c - JPEG to arrays, through libjpeg-turbo
 *
 * Baseline and progressive, 8 bit, gray, color and CMYK (or YCCK), which
 * becomes RGB as if inks were ideal: R = (255 - C) (255 - K) / 255.  Programs
 * of Adobe, which say so by a marker, store CMYK turned around.  The slow
 * integer DCT is used, whose results are the same on every machine.  What
 * libjpeg merely warns of (data that ends early, damaged codes) is refused
 * here.
 */
#include "base/alloc.h"
#include "stages/decode.h"
#include "stages/exif.h"

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
    APP1 = JPEG_APP0 + 1, /* where EXIF is */
    EXIF_BYTES = 65533,
    EXIF_MAGIC = 6, /* "Exif\0\0" */
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
    JSAMPROW inks; /* a row of CMYK, or NULL */
    int orientation;
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

static int orientation_of(const struct jpeg_decompress_struct *c)
{
    for (jpeg_saved_marker_ptr m = c->marker_list; m; m = m->next)
        if (m->marker == APP1 && m->data_length > EXIF_MAGIC &&
            memcmp(m->data, "Exif\0\0", EXIF_MAGIC) == 0)
            return ost_exif_orientation(m->data + EXIF_MAGIC,
                                        m->data_length - EXIF_MAGIC);
    return 1;
}

/* Four samples of ink to three of light. */
static void put_inks(const jpeg_reader *r, const JSAMPLE *inks, uint8_t *out)
{
    const int turn = r->jpeg.saw_Adobe_marker ? 0 : 255;
    size_t n = r->jpeg.output_width;

    for (size_t x = 0; x < n; x++) {
        int k = inks[4 * x + 3] ^ turn;

        for (size_t c = 0; c < 3; c++)
            out[3 * x + c] =
                (uint8_t)(((inks[4 * x + c] ^ turn) * k + 127) / 255);
    }
}

static void read_rows(jpeg_reader *r)
{
    struct jpeg_decompress_struct *c = &r->jpeg;
    size_t row_bytes = (size_t)r->picture.width * (size_t)r->picture.channels;

    while (c->output_scanline < c->output_height) {
        uint8_t *out =
            (uint8_t *)r->picture.data + row_bytes * c->output_scanline;
        JSAMPROW row = r->inks ? r->inks : out;

        (void)jpeg_read_scanlines(c, &row, 1);
        if (r->inks)
            put_inks(r, r->inks, out);
    }
}

/* Returns with r->rc set, or normally when the picture is complete; libjpeg
 * jumps out of it when something is wrong with the data. */
static void read_picture(jpeg_reader *r, const void *data, size_t size)
{
    struct jpeg_decompress_struct *c = &r->jpeg;
    bool inks, color;

    jpeg_mem_src(c, data, size);
    jpeg_save_markers(c, APP1, r->limits->orient ? EXIF_BYTES : 0);
    (void)jpeg_read_header(c, TRUE);
    if (c->num_components == 2 || c->num_components > 4) {
        r->rc = ost_fail(r->err, OST_EUNSUPPORTED,
                         "JPEG with %d color components is not supported",
                         c->num_components);
        return;
    }
    r->orientation = orientation_of(c);
    inks = c->num_components == 4;
    color = inks || (r->limits->color && c->num_components == 3);
    c->out_color_space = inks ? JCS_CMYK : color ? JCS_RGB : JCS_GRAYSCALE;
    c->dct_method = JDCT_ISLOW;
    r->rc =
        ost_picture_init(&r->picture, OST_U8, c->image_height, c->image_width,
                         color ? 3 : 1, r->limits->max_pixels, r->err);
    if (r->rc)
        return;
    if (inks) {
        r->inks = ost_try_alloc(c->image_width, 4);
        if (!r->inks) {
            r->rc = ost_fail(r->err, OST_ENOMEM, "no memory for a row");
            return;
        }
    }
    (void)jpeg_start_decompress(c);
    read_rows(r);
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
        bool unknown = r.errors.manager.msg_code == JERR_BAD_PRECISION ||
                       r.errors.manager.msg_code == JERR_SOF_UNSUPPORTED ||
                       r.errors.manager.msg_code == JERR_ARITH_NOTIMPL;

        r.rc =
            ost_fail(err, unknown ? OST_EUNSUPPORTED : OST_EINPUT, "%sJPEG: %s",
                     unknown ? "" : "damaged ", r.errors.message);
    }
    jpeg_destroy_decompress(&r.jpeg);
    ost_free(r.inks);
    if (!r.rc && !limits->color)
        ost_picture_to_gray(&r.picture);
    if (!r.rc && limits->orient)
        r.rc = ost_picture_orient(&r.picture, r.orientation, err);
    if (r.rc) {
        ost_picture_release(&r.picture);
        return r.rc;
    }
    *p = r.picture;
    return OST_OK;
}
