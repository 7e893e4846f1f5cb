/* tests/fuzz/fuzz_npy.c - any bytes as a NumPy array
 *
 * The length chooses the layout.  Every value that comes is read, and every
 * element is where the strides say.
 */
/* links: base stages */
#include "stages/decode.h"
#include "stages/npy_header.h"
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
    *pixels += p->height * p->width;
    if (n == 0 || *pixels > MAX_PIXELS)
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
    const ost_decode_limits limits = { .max_pixels = MAX_PIXELS,
                                       .color = size & 1 };
    int64_t pixels = 0, last[OST_MAX_DIMS];
    const ost_frame_sink sink = { .frame = use_frame,
                                  .told = use_words,
                                  .user = &pixels };
    ost_err err = { 0 };
    ost_npy a;
    ost_rc rc = ost_npy_open(data, size, &a, &err);

    if (rc ? !err.text[0] : a.count * a.type.size > size)
        OST_BUG();
    if (!rc && a.count) {
        for (int d = 0; d < a.ndim; d++)
            last[d] = a.shape[d] - 1;
        if (ost_npy_at(&a, last) + a.type.size != data + size)
            OST_BUG();
    }
    err.text[0] = '\0';
    rc = ost_npy_decode(data, size, &limits, (int)(size % 3), &sink, &err);
    if (rc ? !err.text[0] : pixels == 0)
        OST_BUG();
    return 0;
}
