/* tests/fuzz/fuzz_decode.c - any bytes as a picture
 *
 * The decoder that the first bytes ask for must return, within its limit of
 * pixels, and every value that it gives is read.
 */
/* links: base stages */
#include "stages/decode.h"
#include "stages/decode_dicom.h"
#include "tests/fuzz/fuzzed.h"

#include "base/banned.h"

enum { MAX_PIXELS = 1 << 20 };

static void use_picture(const ost_picture *p)
{
    size_t n = (size_t)(p->height * p->width) * (size_t)p->channels *
               ost_dtype_size(p->dtype);
    const volatile unsigned char *v = p->data;

    if (p->height * p->width > MAX_PIXELS || n == 0)
        OST_BUG();
    for (size_t i = 0; i < n; i++)
        (void)v[i];
}

static ost_rc use_frame(void *user, const ost_frame *f, ost_err *err)
{
    int64_t *n = user;

    (void)err;
    if (f->index < 0 || f->index >= f->count)
        OST_BUG();
    use_picture(&f->picture);
    (*n)++;
    return OST_OK;
}

static void use_words(void *user, const char *text)
{
    (void)user;
    if (!text[0])
        OST_BUG();
}

static ost_rc try_tiff(const uint8_t *data, size_t size,
                       const ost_decode_limits *limits, ost_err *err)
{
    int64_t n = 0;
    const ost_frame_sink sink = { .frame = use_frame,
                                  .told = use_words,
                                  .user = &n };
    ost_rc rc = ost_tiff_decode(data, size, limits, &sink, err);

    if (!rc && n == 0)
        OST_BUG();
    return rc;
}

static void try_dicom(const uint8_t *data, size_t size)
{
    const char *const keywords[] = { "Modality", "SOPInstanceUID" };
    char values[2][OST_DICOM_VALUE];
    ost_dicom d;

    if (ost_dicom_read(data, size, MAX_PIXELS, keywords, 2, values, &d)) {
        if (!d.error[0])
            OST_BUG();
    } else {
        const volatile unsigned char *v = d.words;
        size_t n = (size_t)d.frames * d.rows * d.columns * d.samples;

        if (n * (d.bits / 8) != d.size)
            OST_BUG();
        for (size_t i = 0; i < d.size; i++)
            (void)v[i];
    }
    ost_dicom_release(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ost_decode_limits limits = { .max_pixels = MAX_PIXELS,
                                 .color = size & 1,
                                 .orient = size & 2 };
    ost_format format = ost_format_of(data, size);
    ost_picture p = { 0 };
    ost_err err = { 0 };
    ost_rc rc = OST_OK;

    if (format == OST_FORMAT_PNG)
        rc = ost_png_decode(data, size, &limits, &p, &err);
    else if (format == OST_FORMAT_JPEG)
        rc = ost_jpeg_decode(data, size, &limits, &p, &err);
    else if (format == OST_FORMAT_TIFF)
        rc = try_tiff(data, size, &limits, &err);
    else if (format == OST_FORMAT_DICOM)
        try_dicom(data, size);
    if (rc && !err.text[0])
        OST_BUG();
    if (p.data)
        use_picture(&p);
    ost_picture_release(&p);
    return 0;
}
