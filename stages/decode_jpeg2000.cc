/* stages/decode_jpeg2000.cc - one frame of JPEG 2000, through OpenJPEG */
#include "stages/decode_jpeg2000.h"

#include <cstdio>
#include <cstring>
#include <openjpeg.h>

namespace
{

struct memory_stream {
    const unsigned char *p;
    size_t size;
    size_t at;
};

OPJ_SIZE_T stream_read(void *out, OPJ_SIZE_T n, void *user)
{
    memory_stream *m = static_cast<memory_stream *>(user);
    size_t take = m->size - m->at < n ? m->size - m->at : n;

    if (take == 0)
        return static_cast<OPJ_SIZE_T>(-1);
    memcpy(out, m->p + m->at, take);
    m->at += take;
    return take;
}

OPJ_OFF_T stream_skip(OPJ_OFF_T n, void *user)
{
    memory_stream *m = static_cast<memory_stream *>(user);

    if (n < 0 || static_cast<size_t>(n) > m->size - m->at)
        n = static_cast<OPJ_OFF_T>(m->size - m->at);
    m->at += static_cast<size_t>(n);
    return n;
}

OPJ_BOOL stream_seek(OPJ_OFF_T n, void *user)
{
    memory_stream *m = static_cast<memory_stream *>(user);

    if (n < 0 || static_cast<size_t>(n) > m->size)
        return OPJ_FALSE;
    m->at = static_cast<size_t>(n);
    return OPJ_TRUE;
}

/* Gives back what OpenJPEG made, on every way out. */
struct codestream {
    opj_codec_t *codec = nullptr;
    opj_stream_t *stream = nullptr;
    opj_image_t *image = nullptr;
    codestream() = default;
    codestream(const codestream &) = delete;
    codestream &operator=(const codestream &) = delete;
    ~codestream()
    {
        if (image)
            opj_image_destroy(image);
        if (stream)
            opj_stream_destroy(stream);
        if (codec)
            opj_destroy_codec(codec);
    }
};

/* A frame on its way, and the failure that ends it. */
struct decoding {
    const ost_jpeg2000 *expected;
    char *error;
    ost_dicom_status status;
    bool fail(ost_dicom_status why, const char *words)
    {
        status = why;
        (void)snprintf(error, OST_DICOM_ERROR, "%s", words);
        return false;
    }
};

bool check_components(const opj_image_t *image, decoding *d)
{
    const ost_jpeg2000 *e = d->expected;

    if (image->numcomps != e->samples)
        return d->fail(OST_DICOM_DAMAGED,
                       "JPEG 2000 with another number of components");
    for (uint32_t i = 0; i < image->numcomps; i++) {
        const opj_image_comp_t *c = &image->comps[i];

        if (c->w == e->columns && c->h == e->rows && c->prec <= e->bits)
            continue;
        d->status = OST_DICOM_DAMAGED;
        (void)snprintf(d->error, OST_DICOM_ERROR,
                       "JPEG 2000 of %u x %u pixels and %u bits in a picture "
                       "of %u x %u and %u",
                       c->w, c->h, c->prec, e->columns, e->rows, e->bits);
        return false;
    }
    return true;
}

bool open_codestream(codestream *c, memory_stream *m, decoding *d)
{
    opj_dparameters_t parameters;
    bool raw = m->size > 1 && m->p[0] == 0xff && m->p[1] == 0x4f;

    c->codec = opj_create_decompress(raw ? OPJ_CODEC_J2K : OPJ_CODEC_JP2);
    c->stream = opj_stream_create(1 << 16, OPJ_TRUE);
    if (!c->codec || !c->stream)
        return d->fail(OST_DICOM_NO_MEMORY, "no memory for OpenJPEG");
    opj_set_default_decoder_parameters(&parameters);
    opj_stream_set_user_data(c->stream, m, nullptr);
    opj_stream_set_user_data_length(c->stream, m->size);
    opj_stream_set_read_function(c->stream, stream_read);
    opj_stream_set_skip_function(c->stream, stream_skip);
    opj_stream_set_seek_function(c->stream, stream_seek);
    if (!opj_setup_decoder(c->codec, &parameters) ||
        !opj_decoder_set_strict_mode(c->codec, OPJ_TRUE) ||
        !opj_read_header(c->stream, c->codec, &c->image))
        return d->fail(OST_DICOM_DAMAGED, "damaged JPEG 2000 header");
    return check_components(c->image, d);
}

bool copy_words(const opj_image_t *image, decoding *d, unsigned char *words)
{
    const ost_jpeg2000 *e = d->expected;
    size_t n = size_t{ e->rows } * e->columns, word = e->bits / 8;

    for (uint32_t s = 0; s < e->samples; s++) {
        const OPJ_INT32 *values = image->comps[s].data;

        if (!values)
            return d->fail(OST_DICOM_DAMAGED, "JPEG 2000 without values");
        for (size_t i = 0; i < n; i++)
            for (size_t b = 0; b < word; b++)
                words[(i * e->samples + s) * word + b] =
                    static_cast<unsigned char>(
                        static_cast<uint32_t>(values[i]) >> 8 * b);
    }
    return true;
}

} // namespace

ost_dicom_status ost_jpeg2000_decode(const unsigned char *data, size_t size,
                                     const ost_jpeg2000 *expected,
                                     unsigned char *words,
                                     char error[OST_DICOM_ERROR])
{
    decoding d = { expected, error, OST_DICOM_OK };
    memory_stream m = { data, size, 0 };
    codestream c;

    if (!open_codestream(&c, &m, &d))
        return d.status;
    if (!opj_decode(c.codec, c.stream, c.image))
        (void)d.fail(OST_DICOM_DAMAGED, "damaged JPEG 2000 data");
    else if (check_components(c.image, &d))
        (void)copy_words(c.image, &d, words);
    return d.status;
}
