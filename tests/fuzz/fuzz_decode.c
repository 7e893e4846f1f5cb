/* tests/fuzz/fuzz_decode.c - any bytes as a picture
 *
 * The decoder that the first bytes ask for must return, within its limit of
 * pixels, and every value that it gives is read.
 */
/* links: base stages */
#include "base/alloc.h"
#include "stages/decode.h"
#include "stages/dicom_values.h"
#include "tests/fuzz/fuzzed.h"

#include <string.h>

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

static void try_values(ost_dicom *d, ost_dicom_meaning meaning)
{
    ost_dicom_values v = { .d = d, .meaning = meaning, .bits = 16 };
    size_t n = (size_t)d->rows * d->columns * (ost_dicom_is_color(d) ? 3 : 1);
    void *out = ost_xalloc(n * ost_dtype_size(ost_dicom_dtype(&v)));
    ost_err err = { 0 };
    ost_rc rc = ost_dicom_values_init(&v, &err);

    for (uint32_t k = 0; k < d->frames && k < 8 && !rc; k++)
        rc = ost_dicom_fill(&v, k, out, &err);
    if (rc && !err.text[0])
        OST_BUG();
    ost_dicom_values_release(&v);
    ost_free(out);
}

static void count_path(void *user, const char *path)
{
    *(size_t *)user += strlen(path);
}

/* What the header says, whatever the pixels are. */
static void try_header(ost_dicom *d)
{
    char text[OST_DICOM_VALUE];
    ost_dicom_privacy privacy;
    ost_dicom_identity who;
    ost_dicom_frame frame;
    size_t n = 0;

    ost_dicom_value(d, "SOPInstanceUID", text);
    ost_dicom_identify(d, &who);
    ost_dicom_privacy_of(d, &privacy);
    ost_dicom_frame_of(d, 1, &frame);
    (void)ost_dicomdir_read(d, count_path, &n);
}

static void try_dicom(const uint8_t *data, size_t size)
{
    ost_dicom d;

    if (ost_dicom_open(data, size, &d) == OST_DICOM_OK)
        try_header(&d);
    ost_dicom_release(&d);
    if (ost_dicom_read(data, size, MAX_PIXELS, &d)) {
        if (!d.error[0])
            OST_BUG();
    } else {
        const volatile unsigned char *v = d.words;
        size_t n = (size_t)d.frames * d.rows * d.columns * d.samples;

        if (n * (d.bits / 8) != d.size)
            OST_BUG();
        for (size_t i = 0; i < d.size; i++)
            (void)v[i];
        try_values(&d, OST_DICOM_STORED);
        try_values(&d, OST_DICOM_RESCALED);
        try_values(&d, OST_DICOM_DISPLAYED);
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
