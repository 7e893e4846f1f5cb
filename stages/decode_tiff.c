/* stages/decode_tiff.c - TIFF to arrays, through libtiff
 *
 * Strips and tiles of gray, RGB and palette samples are read as they are
 * stored; what libtiff has to convert (CMYK, YCbCr, CIELab) comes as 8-bit RGB
 * from its own converter.  The file is memory, so that libtiff can ask for no
 * more of it than there is.
 */
#include "base/alloc.h"
#include "stages/decode.h"
#include "stages/exif.h"
#include "stages/tiff_samples.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tiffio.h>

#include "base/banned.h"

enum {
    MAX_PAGES = 1 << 16,
    /* Beside the pixels: tables of strips, colors, the decoders' own. */
    SPARE_BYTES = 64 << 20,
    BYTES_PER_PIXEL = 16,
    TEXT = 200,
};

typedef struct {
    const unsigned char *data;
    toff_t size;
    toff_t at;
    TIFF *tiff;
    const ost_decode_limits *limits;
    const ost_frame_sink *sink;
    ost_err *err;
    char error[TEXT];   /* the first one of libtiff, or "" */
    char warning[TEXT]; /* likewise */
    bool in_pixels;     /* warnings are errors */
    uint64_t pages;     /* that are pictures */
    uint64_t pixels;    /* of them together */
} tiff_reader;

/* --- the file as memory, and what libtiff says -------------------------- */

static tmsize_t read_bytes(thandle_t h, void *out, tmsize_t n)
{
    tiff_reader *r = h;

    if (r->at >= r->size || n <= 0)
        return 0;
    if ((toff_t)n > r->size - r->at)
        n = (tmsize_t)(r->size - r->at);
    memcpy(out, r->data + r->at, (size_t)n);
    r->at += (toff_t)n;
    return n;
}

static tmsize_t write_bytes(thandle_t h, void *data, tmsize_t n)
{
    (void)h;
    (void)data;
    (void)n;
    return 0;
}

static toff_t seek_to(thandle_t h, toff_t at, int whence)
{
    tiff_reader *r = h;

    if (whence == SEEK_CUR)
        at += r->at;
    else if (whence == SEEK_END)
        at += r->size;
    r->at = at;
    return at;
}

static int close_nothing(thandle_t h)
{
    (void)h;
    return 0;
}

static toff_t size_of(thandle_t h)
{
    const tiff_reader *r = h;

    return r->size;
}

static int map_bytes(thandle_t h, void **base, toff_t *size)
{
    const tiff_reader *r = h;

    *base = (void *)(uintptr_t)r->data;
    *size = r->size;
    return 1;
}

static void unmap_bytes(thandle_t h, void *base, toff_t size)
{
    (void)h;
    (void)base;
    (void)size;
}

__attribute__((format(printf, 3, 0))) static void
keep_first(char *text, const char *module, const char *fmt, va_list ap)
{
    size_t n = 0;

    if (*text)
        return;
    if (module && *module && strcmp(module, "memory") != 0)
        n = (size_t)snprintf(text, TEXT, "%.60s: ", module);
    (void)vsnprintf(text + n, TEXT - n, fmt, ap);
}

__attribute__((format(printf, 4, 0))) static int
on_error(TIFF *t, void *user, const char *module, const char *fmt, va_list ap)
{
    tiff_reader *r = user;

    (void)t;
    keep_first(r->error, module, fmt, ap);
    return 1;
}

/* Private tags are everywhere and mean nothing; old LZW is read all right. */
static bool is_harmless(const char *fmt)
{
    return strncmp(fmt, "Unknown field", 13) == 0 ||
           strncmp(fmt, "Old-style LZW", 13) == 0;
}

/* Pages that follow each other in a circle. */
static bool is_loop(const char *module)
{
    return module && strcmp(module, "_TIFFCheckDirNumberAndOffset") == 0;
}

__attribute__((format(printf, 4, 0))) static int
on_warning(TIFF *t, void *user, const char *module, const char *fmt, va_list ap)
{
    tiff_reader *r = user;

    (void)t;
    if (!is_harmless(fmt))
        keep_first(r->in_pixels || is_loop(module) ? r->error : r->warning,
                   module, fmt, ap);
    return 1;
}

static ost_rc damaged(tiff_reader *r)
{
    return ost_fail(r->err, OST_EINPUT, "damaged TIFF: %s",
                    r->error[0] ? r->error : "it cannot be read");
}

static bool open_tiff(tiff_reader *r)
{
    TIFFOpenOptions *o = TIFFOpenOptionsAlloc();
    uint64_t most = r->limits->max_pixels < (UINT64_C(1) << 40)
                        ? r->limits->max_pixels
                        : UINT64_C(1) << 40;

    if (!o)
        return false;
    TIFFOpenOptionsSetErrorHandlerExtR(o, on_error, r);
    TIFFOpenOptionsSetWarningHandlerExtR(o, on_warning, r);
    TIFFOpenOptionsSetMaxSingleMemAlloc(
        o, (tmsize_t)(most * BYTES_PER_PIXEL + SPARE_BYTES));
    r->tiff =
        TIFFClientOpenExt("memory", "r", r, read_bytes, write_bytes, seek_to,
                          close_nothing, size_of, map_bytes, unmap_bytes, o);
    TIFFOpenOptionsFree(o);
    return r->tiff != NULL;
}

/* --- one page ----------------------------------------------------------- */

static uint16_t tag16(TIFF *t, uint32_t tag)
{
    uint16_t v = 0;

    (void)TIFFGetFieldDefaulted(t, tag, &v);
    return v;
}

/* Copies of a page for quick looks, and masks of transparency. */
static bool is_auxiliary(TIFF *t)
{
    uint32_t type = 0;

    (void)TIFFGetFieldDefaulted(t, TIFFTAG_SUBFILETYPE, &type);
    return type & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK);
}

static bool is_converted(const ost_tiff_layout *l)
{
    switch (l->photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
    case PHOTOMETRIC_RGB:
    case PHOTOMETRIC_PALETTE:
        return false;
    default:
        return true;
    }
}

static void read_layout(tiff_reader *r, ost_tiff_layout *l)
{
    TIFF *t = r->tiff;

    *l = (ost_tiff_layout){ 0 };
    (void)TIFFGetField(t, TIFFTAG_IMAGEWIDTH, &l->width);
    (void)TIFFGetField(t, TIFFTAG_IMAGELENGTH, &l->height);
    l->bits = tag16(t, TIFFTAG_BITSPERSAMPLE);
    l->samples = tag16(t, TIFFTAG_SAMPLESPERPIXEL);
    l->format = tag16(t, TIFFTAG_SAMPLEFORMAT);
    l->separate = tag16(t, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE;
    /* Without the tag it is gray, as libtiff's own converter takes it. */
    if (!TIFFGetField(t, TIFFTAG_PHOTOMETRIC, &l->photometric))
        l->photometric =
            l->samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
    if (tag16(t, TIFFTAG_COMPRESSION) == COMPRESSION_JPEG &&
        l->photometric == PHOTOMETRIC_YCBCR && !l->separate) {
        (void)TIFFSetField(t, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        l->photometric = PHOTOMETRIC_RGB;
    }
    if (l->photometric == PHOTOMETRIC_PALETTE && l->bits <= 16)
        (void)TIFFGetField(t, TIFFTAG_COLORMAP, &l->map[0], &l->map[1],
                           &l->map[2]);
}

/* What libtiff converts: rows of 0xAABBGGRR. */
static ost_rc read_converted(tiff_reader *r, ost_picture *p)
{
    size_t n = (size_t)(p->height * p->width);
    uint32_t *raster = ost_try_alloc(n, sizeof(*raster));
    uint8_t *out = p->data;
    char why[1024] = "";
    TIFFRGBAImage image;
    ost_rc rc = OST_OK;
    bool begun = false;

    if (!raster)
        return ost_fail(r->err, OST_ENOMEM, "no memory for %zu pixels", n);
    if (!TIFFRGBAImageOK(r->tiff, why)) {
        rc = ost_fail(r->err, OST_EUNSUPPORTED, "TIFF: %s", why);
        goto out;
    }
    begun = TIFFRGBAImageBegin(&image, r->tiff, 1, why) == 1;
    if (!begun) {
        rc = ost_fail(r->err, OST_EINPUT, "damaged TIFF: %s", why);
        goto out;
    }
    image.req_orientation = image.orientation; /* rows as they are stored */
    if (!TIFFRGBAImageGet(&image, raster, (uint32_t)p->width,
                          (uint32_t)p->height) ||
        r->error[0])
        rc = damaged(r);
    for (size_t i = 0; i < n && !rc; i++) {
        out[3 * i] = (uint8_t)TIFFGetR(raster[i]);
        out[3 * i + 1] = (uint8_t)TIFFGetG(raster[i]);
        out[3 * i + 2] = (uint8_t)TIFFGetB(raster[i]);
    }
out:
    if (begun)
        TIFFRGBAImageEnd(&image);
    ost_free(raster);
    return rc;
}

static ost_rc read_strips(tiff_reader *r, const ost_tiff_layout *l,
                          ost_picture *p, void *buffer, tmsize_t size)
{
    uint32_t step = 0;

    (void)TIFFGetFieldDefaulted(r->tiff, TIFFTAG_ROWSPERSTRIP, &step);
    if (step == 0 || step > l->height)
        step = l->height;
    for (uint16_t plane = 0; plane < ost_tiff_planes(l); plane++) {
        for (uint32_t y = 0; y < l->height; y += step) {
            uint32_t rows = step < l->height - y ? step : l->height - y;
            tmsize_t want = TIFFVStripSize(r->tiff, rows);
            ost_tiff_block b = { .data = buffer,
                                 .row_bytes = (size_t)TIFFScanlineSize(r->tiff),
                                 .top = y,
                                 .rows = rows,
                                 .columns = l->width,
                                 .plane = plane };

            if (want <= 0 || want > size ||
                TIFFReadEncodedStrip(r->tiff,
                                     TIFFComputeStrip(r->tiff, y, plane),
                                     buffer, want) != want ||
                r->error[0])
                return damaged(r);
            ost_tiff_put(l, &b, p);
        }
    }
    return OST_OK;
}

static ost_rc read_tiles(tiff_reader *r, const ost_tiff_layout *l,
                         ost_picture *p, void *buffer, tmsize_t size)
{
    uint32_t th = 0, tw = 0;

    (void)TIFFGetField(r->tiff, TIFFTAG_TILELENGTH, &th);
    (void)TIFFGetField(r->tiff, TIFFTAG_TILEWIDTH, &tw);
    if (th == 0 || tw == 0)
        return damaged(r);
    for (uint16_t plane = 0; plane < ost_tiff_planes(l); plane++) {
        for (uint64_t y = 0; y < l->height; y += th) {
            for (uint64_t x = 0; x < l->width; x += tw) {
                ost_tiff_block b = {
                    .data = buffer,
                    .row_bytes = (size_t)TIFFTileRowSize(r->tiff),
                    .top = (uint32_t)y,
                    .left = (uint32_t)x,
                    .rows = th < l->height - y ? th : l->height - (uint32_t)y,
                    .columns = tw < l->width - x ? tw : l->width - (uint32_t)x,
                    .plane = plane
                };

                if (TIFFReadEncodedTile(
                        r->tiff,
                        TIFFComputeTile(r->tiff, b.left, b.top, 0, plane),
                        buffer, size) != size ||
                    r->error[0])
                    return damaged(r);
                ost_tiff_put(l, &b, p);
            }
        }
    }
    return OST_OK;
}

static ost_rc read_stored(tiff_reader *r, const ost_tiff_layout *l,
                          ost_picture *p)
{
    bool tiled = TIFFIsTiled(r->tiff);
    tmsize_t size =
        tiled ? TIFFTileSize(r->tiff) : TIFFVStripSize(r->tiff, l->height);
    uint64_t most =
        (uint64_t)l->width * l->height * l->samples * 8 + SPARE_BYTES;
    uint32_t step = 0;
    void *buffer;
    ost_rc rc;

    if (!tiled && TIFFGetField(r->tiff, TIFFTAG_ROWSPERSTRIP, &step) &&
        step < l->height)
        size = TIFFVStripSize(r->tiff, step);
    if (size <= 0)
        return damaged(r);
    if ((uint64_t)size > most)
        return ost_fail(r->err, OST_EINPUT,
                        "damaged TIFF: a tile is larger than the picture");
    buffer = ost_try_alloc((size_t)size, 1);
    if (!buffer)
        return ost_fail(r->err, OST_ENOMEM, "no memory for %lld bytes",
                        (long long)size);
    rc = tiled ? read_tiles(r, l, p, buffer, size)
               : read_strips(r, l, p, buffer, size);
    ost_free(buffer);
    return rc;
}

static ost_rc read_page(tiff_reader *r, ost_frame *f)
{
    ost_tiff_layout l;
    bool converted;
    ost_rc rc;

    read_layout(r, &l);
    converted = is_converted(&l);
    if (!converted && !ost_tiff_is_known(&l))
        return ost_fail(r->err, OST_EUNSUPPORTED,
                        "TIFF: %u samples of %u bits (format %u, photometric "
                        "%u) are not supported",
                        l.samples, l.bits, l.format, l.photometric);
    rc = ost_picture_init(
        &f->picture, converted ? OST_U8 : ost_tiff_dtype(&l), l.height, l.width,
        converted ? 3 : ost_tiff_channels(&l), r->limits->max_pixels, r->err);
    if (rc)
        return rc;
    if (l.photometric == PHOTOMETRIC_MINISWHITE && !ost_tiff_is_unsigned(&l))
        f->photometric = "MINISWHITE";
    r->in_pixels = true;
    rc = converted ? read_converted(r, &f->picture)
                   : read_stored(r, &l, &f->picture);
    r->in_pixels = false;
    return rc;
}

static ost_rc give_page(tiff_reader *r, int64_t index)
{
    ost_frame f = { .index = index,
                    .count = (int64_t)r->pages,
                    .seconds = (double)NAN };
    ost_rc rc = read_page(r, &f);

    if (rc && r->pages > 1)
        ost_err_at(r->err, "page %lld", (long long)index);
    if (!rc && !r->limits->color)
        ost_picture_to_gray(&f.picture);
    if (!rc && r->limits->orient)
        rc = ost_picture_orient(&f.picture, tag16(r->tiff, TIFFTAG_ORIENTATION),
                                r->err);
    if (!rc)
        rc = r->sink->frame(r->sink->user, &f, r->err);
    ost_picture_release(&f.picture);
    return rc;
}

/* --- all pages ---------------------------------------------------------- */

static uint64_t number_at(const tiff_reader *r, uint64_t at, int bytes)
{
    uint64_t v = 0;

    for (int i = 0; i < bytes; i++)
        v |= (uint64_t)r->data[at + (uint64_t)i]
             << 8 * (r->data[0] == 'M' ? bytes - 1 - i : i);
    return v;
}

/* libtiff takes a file that ends just before the pointer to the next page for
 * complete. */
static bool ends_early(const tiff_reader *r)
{
    bool big = TIFFIsBigTIFF(r->tiff);
    uint64_t at = TIFFCurrentDirOffset(r->tiff);
    uint64_t left = at < r->size ? r->size - at : 0;
    uint64_t head = big ? 8 : 2, entry = big ? 20 : 12, tail = big ? 8 : 4;

    return left < head + tail ||
           (left - head - tail) / entry < number_at(r, at, (int)head);
}

/* Goes through the headers of all pages, so that nothing is decoded of a file
 * that is too large or damaged behind. */
static ost_rc count_pages(tiff_reader *r)
{
    uint64_t n = 0;

    do {
        uint32_t width = 0, height = 0;

        if (++n > MAX_PAGES)
            return ost_fail(r->err, OST_EINPUT, "a TIFF of more than %d pages",
                            MAX_PAGES);
        if (ends_early(r))
            return ost_fail(r->err, OST_EINPUT, "damaged TIFF: it ends early");
        if (is_auxiliary(r->tiff))
            continue;
        (void)TIFFGetField(r->tiff, TIFFTAG_IMAGEWIDTH, &width);
        (void)TIFFGetField(r->tiff, TIFFTAG_IMAGELENGTH, &height);
        r->pages++;
        r->pixels += (uint64_t)width * height;
        if (r->pixels > r->limits->max_pixels)
            return ost_fail(r->err, OST_EINPUT,
                            "%u x %u pixels%s are more than max_pixels (%llu)",
                            width, height,
                            r->pages > 1 ? " and those before" : "",
                            (unsigned long long)r->limits->max_pixels);
    } while (TIFFReadDirectory(r->tiff));
    if (r->error[0])
        return damaged(r);
    if (r->pages == 0)
        return ost_fail(r->err, OST_EINPUT,
                        "a TIFF of nothing but reduced pictures and masks");
    return OST_OK;
}

ost_rc ost_tiff_decode(const void *data, size_t size,
                       const ost_decode_limits *limits,
                       const ost_frame_sink *sink, ost_err *err)
{
    tiff_reader r = {
        .data = data, .size = size, .limits = limits, .sink = sink, .err = err
    };
    int64_t index = 0;
    ost_rc rc;

    if (!open_tiff(&r))
        return damaged(&r);
    rc = count_pages(&r);
    if (!rc && r.warning[0])
        sink->told(sink->user, r.warning);
    if (!rc && !TIFFSetDirectory(r.tiff, 0))
        rc = damaged(&r);
    while (!rc && index < (int64_t)r.pages) {
        if (!is_auxiliary(r.tiff))
            rc = give_page(&r, index++);
        if (!rc && index < (int64_t)r.pages && !TIFFReadDirectory(r.tiff))
            rc = damaged(&r);
    }
    TIFFClose(r.tiff);
    return rc;
}
