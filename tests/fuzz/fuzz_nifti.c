/* tests/fuzz/fuzz_nifti.c - any bytes as a NIfTI volume, packed or not
 *
 * The first byte chooses the slices.  Every value that comes is read.
 */
/* links: base stages */
#include "stages/decode.h"
#include "tests/fuzz/fuzzed.h"

#include "base/banned.h"

enum { MAX_PIXELS = 1 << 16 };

static ost_rc use_frame(void *user, const ost_frame *f, ost_err *err)
{
    const ost_picture *p = &f->picture;
    size_t n = (size_t)(p->height * p->width) * (size_t)p->channels *
               ost_dtype_size(p->dtype);
    const volatile unsigned char *v = p->data;
    int64_t *pixels = user;

    (void)err;
    if (f->index < 0 || f->index >= f->count || n == 0)
        OST_BUG();
    *pixels += p->height * p->width;
    if (*pixels > MAX_PIXELS)
        OST_BUG();
    for (size_t i = 0; i < n; i++)
        (void)v[i];
    return OST_OK;
}

static void use_words(void *user, const char *text)
{
    (void)user;
    if (!text[0])
        OST_BUG();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ost_decode_limits limits = { .max_pixels = MAX_PIXELS };
    ost_nifti_options options = { 0 };
    int64_t pixels = 0;
    const ost_frame_sink sink = { .frame = use_frame,
                                  .told = use_words,
                                  .user = &pixels };
    ost_err err = { 0 };
    ost_rc rc;

    if (size == 0)
        return 0;
    options.axis = data[0] % (OST_SLICES_2 + 1);
    options.rescale = data[0] & 64;
    limits.color = data[0] & 128;
    rc = ost_nifti_decode(data + 1, size - 1, &limits, &options, &sink, &err);
    if (rc ? !err.text[0] : pixels == 0)
        OST_BUG();
    return 0;
}
