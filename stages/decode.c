/* stages/decode.c - what all decoders share */
#include "stages/decode.h"

#include "base/alloc.h"
#include "kernels/pixel.h"
#include "stages/gunzip.h"
#include "stages/nifti_header.h"

#include <string.h>

#include "base/banned.h"

static bool is_capital(unsigned char c)
{
    return c >= 'A' && c <= 'Z';
}

/* A data set without preamble begins with an element of group 0002 or 0008,
 * whose low element numbers are few.  Files are about where a stray byte stands
 * before it. */
static bool is_bare_dicom(const unsigned char *p, size_t size)
{
    unsigned group, element;

    if (size < 8)
        return false;
    if (p[0] != 0 && p[0] != 8 && p[0] != 2 && p[1] == 8 && p[2] == 0 &&
        p[3] <= 0x18 && p[4] == 0)
        return is_capital(p[5]) && is_capital(p[6]);
    if (p[0] == 0) {
        group = (unsigned)p[0] << 8 | p[1];
        element = (unsigned)p[2] << 8 | p[3];
    } else {
        group = (unsigned)p[1] << 8 | p[0];
        element = (unsigned)p[3] << 8 | p[2];
    }
    return (group == 0x0008 && element <= 0x0060) ||
           (group == 0x0002 && element <= 0x0010);
}

static bool is_tar(const unsigned char *p, size_t size)
{
    return size >= 512 && memcmp(p + 257, "ustar", 5) == 0;
}

/* A volume that gzip packed is no archive. */
static bool is_nifti(const unsigned char *p, size_t size)
{
    unsigned char start[OST_NIFTI_HEAD];

    if (size >= 3 && memcmp(p, "\x1f\x8b\x08", 3) == 0)
        return ost_nifti_is(start,
                            ost_gunzip_head(p, size, start, sizeof(start)));
    return ost_nifti_is(p, size);
}

ost_format ost_format_of(const void *data, size_t size)
{
    static const struct {
        const char *magic;
        size_t n;
        ost_format format;
    } rows[] = {
        { "\x89PNG\r\n\x1a\n", 8, OST_FORMAT_PNG },
        { "\xff\xd8\xff", 3, OST_FORMAT_JPEG },
        { "II*\0", 4, OST_FORMAT_TIFF },
        { "MM\0*", 4, OST_FORMAT_TIFF },
        { "II+\0", 4, OST_FORMAT_TIFF },
        { "MM\0+", 4, OST_FORMAT_TIFF },
        { "\x93NUMPY", 6, OST_FORMAT_NPY },
        { "PK\x03\x04", 4, OST_FORMAT_ARCHIVE },
        { "PK\x05\x06", 4, OST_FORMAT_ARCHIVE },
        { "\x1f\x8b\x08", 3, OST_FORMAT_ARCHIVE },
        { "\x28\xb5\x2f\xfd", 4, OST_FORMAT_ARCHIVE },
        { "\xfd\x37zXZ\0", 6, OST_FORMAT_ARCHIVE },
        { "BZh", 3, OST_FORMAT_ARCHIVE },
    };
    const unsigned char *p = data;

    /* First, as its preamble may begin with the header of a TIFF file. */
    if (size >= 132 && memcmp(p + 128, "DICM", 4) == 0)
        return OST_FORMAT_DICOM;
    if (is_nifti(p, size))
        return OST_FORMAT_NIFTI;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (size >= rows[i].n && memcmp(p, rows[i].magic, rows[i].n) == 0)
            return rows[i].format;
    if (is_tar(p, size))
        return OST_FORMAT_ARCHIVE;
    return is_bare_dicom(p, size) ? OST_FORMAT_DICOM : OST_FORMAT_UNKNOWN;
}

void ost_picture_release(ost_picture *p)
{
    ost_free(p->data);
    *p = (ost_picture){ 0 };
}

ost_rc ost_picture_init(ost_picture *p, ost_dtype dtype, uint64_t height,
                        uint64_t width, int channels, uint64_t max_pixels,
                        ost_err *err)
{
    *p = (ost_picture){ .dtype = dtype,
                        .height = (int64_t)height,
                        .width = (int64_t)width,
                        .channels = channels };
    if (height == 0 || width == 0)
        return ost_fail(err, OST_EINPUT, "empty picture (%llu x %llu)",
                        (unsigned long long)width, (unsigned long long)height);
    if (height > max_pixels || width > max_pixels / height)
        return ost_fail(err, OST_EINPUT,
                        "%llu x %llu pixels are more than max_pixels (%llu)",
                        (unsigned long long)width, (unsigned long long)height,
                        (unsigned long long)max_pixels);
    p->data =
        ost_try_alloc(height * width, ost_dtype_size(dtype) * (size_t)channels);
    if (!p->data)
        return ost_fail(err, OST_ENOMEM, "no memory for %llu x %llu pixels",
                        (unsigned long long)width, (unsigned long long)height);
    return OST_OK;
}

void ost_picture_to_gray(ost_picture *p)
{
    int64_t n = p->height * p->width;

    if (p->channels == 1)
        return;
    if (p->dtype == OST_U16) {
        uint16_t *v = p->data;

        for (int64_t i = 0; i < n; i++)
            v[i] = (uint16_t)ost_px_luma(v[3 * i], v[3 * i + 1], v[3 * i + 2]);
    } else if (p->dtype == OST_F32) {
        float *v = p->data;

        for (int64_t i = 0; i < n; i++)
            v[i] = ost_px_luma_f32(v[3 * i], v[3 * i + 1], v[3 * i + 2]);
    } else {
        uint8_t *v = p->data;

        for (int64_t i = 0; i < n; i++)
            v[i] = (uint8_t)ost_px_luma(v[3 * i], v[3 * i + 1], v[3 * i + 2]);
    }
    p->channels = 1;
}
