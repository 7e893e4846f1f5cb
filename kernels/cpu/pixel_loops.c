/* kernels/cpu/pixel_loops.c - the bodies of kernels/per_pixel.def in loops */
#include "kernels/cpu/pixel_loops.h"

#include "base/alloc.h"
#include "kernels/cpu/wide.h"

#include <string.h>

#include "base/banned.h"

#define PER_PIXEL(name, args, from, to)                                     \
    OST_WIDE_BODY(loop_##name,                                              \
                  (const ost_px_type_##from *in, int64_t n,                 \
                   const ost_px_args_##args *given, ost_px_type_##to *out)) \
    {                                                                       \
        const ost_px_args_##args a = *given;                                \
                                                                            \
        OST_APART                                                           \
        for (int64_t x = 0; x < n; x++)                                     \
            out[x] = ost_px_##name(in[x], &a);                              \
    }                                                                       \
    OST_WIDE(loop_##name,                                                   \
             (const ost_px_type_##from *in, int64_t n,                      \
              const ost_px_args_##args *given, ost_px_type_##to *out),      \
             (in, n, given, out))                                           \
    static void run_##name(const void *in, int64_t n, const void *given,    \
                           void *out)                                       \
    {                                                                       \
        loop_##name(in, n, given, out);                                     \
    }
#include "kernels/per_pixel.def"

static const struct {
    const char *name;
    ost_pixel_loop loop;
} loops[] = {
#define PER_PIXEL(name, args, from, to) { #name, run_##name },
#include "kernels/per_pixel.def"
};

ost_pixel_loop ost_pixel_loop_of(const char *body, ost_dtype from, ost_dtype to)
{
    const char *parts[] = { body, ost_dtype_name(from), ost_dtype_name(to) };

    for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
        const char *rest = loops[i].name;
        size_t k = 0;

        for (; k < 3 && parts[k]; k++) {
            size_t n = strlen(parts[k]);

            if (strncmp(rest, parts[k], n) != 0 ||
                rest[n] != (k < 2 ? '_' : '\0'))
                break;
            rest += n + 1;
        }
        if (k == 3)
            return loops[i].loop;
    }
    return NULL;
}

/* One channel of a row; `gathered` holds one row of pixels of any type. */
static void do_row(const ost_image *in, const ost_image *out, int64_t y,
                   int64_t c, ost_pixel_loop loop, const void *args,
                   unsigned char *gathered)
{
    unsigned char *made = gathered + (size_t)in->w * sizeof(float);
    const unsigned char *from = ost_image_at(in, y, 0, c);
    unsigned char *to = ost_image_at(out, y, 0, c);

    if (in->step_x != 1) {
        for (int64_t x = 0; x < in->w; x++)
            memcpy(gathered + (size_t)x * in->size,
                   from + x * in->step_x * (int64_t)in->size, in->size);
        from = gathered;
    }
    loop(from, in->w, args, out->step_x == 1 ? to : made);
    for (int64_t x = 0; out->step_x != 1 && x < out->w; x++)
        memcpy(to + x * out->step_x * (int64_t)out->size,
               made + (size_t)x * out->size, out->size);
}

ost_rc ost_each_pixel(const ost_image *in, const ost_image *out,
                      const char *body, const void *args, ost_err *err)
{
    ost_pixel_loop loop = ost_pixel_loop_of(body, in->dtype, out->dtype);
    ost_image from = *in, to = *out;
    unsigned char *rows = NULL;

    if (!loop)
        return ost_fail(err, OST_EINPUT, "no '%s' from %s to %s", body,
                        ost_dtype_name(in->dtype), ost_dtype_name(out->dtype));
    if (ost_image_is_empty(in))
        return OST_OK;
    if (from.step_c == to.step_c && from.step_x == to.step_x) {
        ost_image_flatten(&from);
        ost_image_flatten(&to);
    }
    if (from.step_x != 1 || to.step_x != 1) {
        rows = ost_try_alloc((size_t)from.w, 2 * sizeof(float));
        if (!rows)
            return ost_fail(err, OST_ENOMEM, "%s: no memory for a row", body);
    }
    for (int64_t c = 0; c < from.c; c++)
        for (int64_t y = 0; y < from.h; y++)
            do_row(&from, &to, y, c, loop, args, rows);
    ost_free(rows);
    return OST_OK;
}
