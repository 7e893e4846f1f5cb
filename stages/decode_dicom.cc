/* stages/decode_dicom.cc - the layer over DCMTK
 *
 * Every function here is called from C and lets no exception out.  Stored
 * values are asked for with EDC_never, so that DCMTK converts no colors.
 */
#include "stages/decode_dicom.h"

#include "stages/decode_jpeg2000.h"

extern "C" {
#include "base/alloc.h"
}

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <new>
#include <openjpeg.h>
#include <vector>

namespace
{

/* A failure that is on its way out. */
struct refusal {
    ost_dicom_status status;
};

[[noreturn]] void refuse(ost_dicom *d, ost_dicom_status status, const char *fmt,
                         ...) __attribute__((format(printf, 3, 4)));

[[noreturn]] void refuse(ost_dicom *d, ost_dicom_status status, const char *fmt,
                         ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(d->error, sizeof(d->error), fmt, ap);
    va_end(ap);
    throw refusal{ status };
}

void register_codecs()
{
    static const bool once = [] {
        OFLog::configure(OFLogger::OFF_LOG_LEVEL);
        DcmRLEDecoderRegistration::registerCodecs();
        DJDecoderRegistration::registerCodecs(EDC_never);
        DJLSDecoderRegistration::registerCodecs();
        return true;
    }();

    (void)once;
}

void copy_text(char *out, size_t room, const OFString &text)
{
    size_t n = text.size() < room - 1 ? text.size() : room - 1;

    memcpy(out, text.c_str(), n);
    out[n] = 0;
}

uint32_t read_u16(DcmDataset *set, const DcmTagKey &key, uint32_t missing)
{
    Uint16 v = 0;

    return set->findAndGetUint16(key, v).good() ? v : missing;
}

/* --- one file in memory ------------------------------------------------- */

/* A value that is read when it is asked for, where it stands. */
class value_source : public DcmInputStreamFactory
{
  public:
    value_source(const unsigned char *p, size_t size) : p_(p), size_(size)
    {
    }
    DcmInputStream *create() const override
    {
        DcmInputBufferStream *in = new DcmInputBufferStream;

        in->setBuffer(p_, static_cast<offile_off_t>(size_));
        in->setEos();
        return in;
    }
    DcmInputStreamFactory *clone() const override
    {
        return new value_source(p_, size_);
    }
    DcmInputStreamFactoryType ident() const override
    {
        return DFT_DcmInputFileStreamFactory;
    }

  private:
    const unsigned char *p_;
    size_t size_;
};

/* The whole file.  A long value is skipped at first, which shows whether it is
 * there; otherwise DCMTK would take memory of any length that a damaged file
 * claims. */
class memory_input : public DcmInputBufferStream
{
  public:
    memory_input(const void *data, size_t size)
        : p_(static_cast<const unsigned char *>(data)), size_(size),
          filtered_(false)
    {
        setBuffer(data, static_cast<offile_off_t>(size));
        setEos();
    }
    DcmInputStreamFactory *newFactory() const override
    {
        size_t at = static_cast<size_t>(tell());

        return filtered_ ? nullptr : new value_source(p_ + at, size_ - at);
    }
    OFCondition installCompressionFilter(E_StreamCompression type) override
    {
        filtered_ = true;
        return DcmInputBufferStream::installCompressionFilter(type);
    }

  private:
    const unsigned char *p_;
    size_t size_;
    bool filtered_;
};

void load(DcmFileFormat &file, const void *data, size_t size, ost_dicom *d)
{
    memory_input in(data, size);
    OFCondition c;

    file.transferInit();
    c = file.read(in, EXS_Unknown, EGL_noChange, DCM_MaxReadLength);
    file.transferEnd();
    if (c == EC_StreamNotifyClient || c == EC_InvalidStream)
        refuse(d, OST_DICOM_DAMAGED, "the data ends within a value");
    if (c.bad() && c != EC_EndOfStream)
        refuse(d, OST_DICOM_DAMAGED, "%s", c.text());
    if (file.getDataset()->isEmpty())
        refuse(d, OST_DICOM_DAMAGED, "no data set");
}

void read_header(DcmDataset *set, uint64_t max_pixels, ost_dicom *d)
{
    OFString text;
    Sint32 frames = 1;

    d->rows = read_u16(set, DCM_Rows, 0);
    d->columns = read_u16(set, DCM_Columns, 0);
    d->samples = read_u16(set, DCM_SamplesPerPixel, 1);
    d->bits = read_u16(set, DCM_BitsAllocated, 0);
    d->bits_stored = read_u16(set, DCM_BitsStored, d->bits);
    d->high_bit = read_u16(set, DCM_HighBit, d->bits_stored - 1);
    d->is_signed = read_u16(set, DCM_PixelRepresentation, 0) == 1;
    if (set->findAndGetSint32(DCM_NumberOfFrames, frames).bad())
        frames = 1;
    d->slope = 1;
    d->has_rescale = set->findAndGetFloat64(DCM_RescaleSlope, d->slope).good();
    if (set->findAndGetFloat64(DCM_RescaleIntercept, d->intercept).bad())
        d->intercept = 0;
    if (set->findAndGetOFString(DCM_PhotometricInterpretation, text).good())
        copy_text(d->photometric, sizeof(d->photometric), text);
    if (d->rows == 0 || d->columns == 0 || frames < 1)
        refuse(d, OST_DICOM_DAMAGED, "pixel data of %u x %u pixels, %d frames",
               d->columns, d->rows, static_cast<int>(frames));
    d->frames = static_cast<uint32_t>(frames);
    if (d->samples != 1 && d->samples != 3)
        refuse(d, OST_DICOM_UNSUPPORTED, "%u samples per pixel", d->samples);
    if (d->bits != 1 && d->bits != 8 && d->bits != 16 && d->bits != 32)
        refuse(d, OST_DICOM_UNSUPPORTED, "%u bits allocated", d->bits);
    if (d->bits_stored == 0 || d->bits_stored > d->bits ||
        d->high_bit >= d->bits || d->high_bit + 1 < d->bits_stored)
        refuse(d, OST_DICOM_DAMAGED, "%u bits stored below bit %u of %u",
               d->bits_stored, d->high_bit, d->bits);
    if (uint64_t{ d->rows } * d->columns > max_pixels / d->frames)
        refuse(d, OST_DICOM_TOO_LARGE,
               "%u x %u pixels in %u frames are more than max_pixels (%llu)",
               d->columns, d->rows, d->frames,
               static_cast<unsigned long long>(max_pixels));
}

void take_memory(ost_dicom *d)
{
    size_t word = d->bits <= 8 ? 1 : d->bits / 8;

    d->size = size_t{ d->rows } * d->columns * d->frames * d->samples * word;
    d->words = static_cast<unsigned char *>(ost_try_alloc(1, d->size));
    if (!d->words)
        refuse(d, OST_DICOM_NO_MEMORY, "no memory for %zu bytes", d->size);
}

/* --- what DCMTK decodes ------------------------------------------------- */

/* Plane after plane (RRR GGG BBB) to pixel after pixel. */
void interleave(ost_dicom *d)
{
    size_t word = d->bits / 8, pixels = size_t{ d->rows } * d->columns;
    std::vector<unsigned char> frame(pixels * d->samples * word);

    for (uint32_t f = 0; f < d->frames; f++) {
        unsigned char *at = d->words + f * frame.size();

        memcpy(frame.data(), at, frame.size());
        for (size_t s = 0; s < d->samples; s++)
            for (size_t i = 0; i < pixels; i++)
                memcpy(at + (i * d->samples + s) * word,
                       frame.data() + (s * pixels + i) * word, word);
    }
}

/* Two pixels share a pair of color differences: Y0 Y1 Cb Cr. */
void spread_422(const unsigned char *in, ost_dicom *d)
{
    size_t pairs = d->size / 6;

    for (size_t i = 0; i < pairs; i++) {
        const unsigned char *p = in + 4 * i;
        const unsigned char pixels[6] = { p[0], p[2], p[3], p[1], p[2], p[3] };

        memcpy(d->words + 6 * i, pixels, sizeof(pixels));
    }
}

/* The decoded element; `have` bytes of it. */
const unsigned char *pixel_bytes(DcmDataset *set, ost_dicom *d, size_t *have)
{
    DcmElement *e = nullptr;
    Uint16 *words = nullptr;
    Uint8 *bytes = nullptr;

    if (set->findAndGetElement(DCM_PixelData, e).bad() || !e)
        refuse(d, OST_DICOM_NO_PICTURE, "no pixel data");
    *have = e->getLength();
    if (e->getUint16Array(words).good() && words)
        return reinterpret_cast<const unsigned char *>(words);
    if (e->getUint8Array(bytes).good() && bytes)
        return bytes;
    refuse(d, OST_DICOM_DAMAGED, "no pixel values");
}

void decode_plain(DcmDataset *set, ost_dicom *d)
{
    bool shared = d->samples == 3 && d->bits == 8 &&
                  strcmp(d->photometric, "YBR_FULL_422") == 0 &&
                  !DcmXfer(set->getOriginalXfer()).isEncapsulated();
    OFCondition c =
        set->chooseRepresentation(EXS_LittleEndianExplicit, nullptr);
    const unsigned char *bytes;
    size_t need, have = 0;
    OFString text;

    if (c.bad())
        refuse(d, OST_DICOM_DAMAGED, "cannot decode the pixel data: %s",
               c.text());
    if (set->findAndGetOFString(DCM_PhotometricInterpretation, text).good())
        copy_text(d->photometric, sizeof(d->photometric), text);
    bytes = pixel_bytes(set, d, &have);
    take_memory(d);
    need = d->bits == 1 ? (d->size + 7) / 8
           : shared     ? d->size / 3 * 2
                        : d->size;
    if (have < need)
        refuse(d, OST_DICOM_DAMAGED,
               "pixel data ends early: %zu of %zu bytes are there", have, need);
    if (d->bits == 1)
        for (size_t i = 0; i < d->size; i++)
            d->words[i] = bytes[i / 8] >> i % 8 & 1;
    else if (shared)
        spread_422(bytes, d);
    else
        memcpy(d->words, bytes, d->size);
    if (!shared && d->samples > 1 && d->bits > 1 &&
        read_u16(set, DCM_PlanarConfiguration, 0) == 1)
        interleave(d);
}

/* --- JPEG 2000 ---------------------------------------------------------- */

void decode_frame(const std::vector<unsigned char> &code, uint32_t frame,
                  ost_dicom *d)
{
    const ost_jpeg2000 expected = { d->rows, d->columns, d->samples, d->bits };
    ost_dicom_status status =
        ost_jpeg2000_decode(code.data(), code.size(), &expected,
                            d->words + frame * (d->size / d->frames), d->error);

    if (status)
        throw refusal{ status };
}

bool begins_codestream(const Uint8 *p, size_t n)
{
    static const unsigned char soc[] = { 0xff, 0x4f, 0xff, 0x51 };
    static const unsigned char box[] = { 0, 0, 0, 12, 'j', 'P', ' ', ' ' };

    return (n >= sizeof(soc) && memcmp(p, soc, sizeof(soc)) == 0) ||
           (n >= sizeof(box) && memcmp(p, box, sizeof(box)) == 0);
}

void decode_jpeg2000(DcmDataset *set, ost_dicom *d)
{
    const DcmRepresentationParameter *parameter = nullptr;
    E_TransferSyntax syntax = set->getOriginalXfer();
    DcmPixelSequence *sequence = nullptr;
    std::vector<unsigned char> code;
    DcmElement *e = nullptr;
    DcmPixelData *pixels;
    uint32_t frame = 0;

    if (set->findAndGetElement(DCM_PixelData, e).bad() || !e)
        refuse(d, OST_DICOM_NO_PICTURE, "no pixel data");
    pixels = dynamic_cast<DcmPixelData *>(e);
    if (d->bits == 1 || !pixels ||
        pixels->getEncapsulatedRepresentation(syntax, parameter, sequence)
            .bad() ||
        !sequence)
        refuse(d, OST_DICOM_DAMAGED, "no JPEG 2000 fragments");
    take_memory(d);
    for (unsigned long i = 1; i < sequence->card(); i++) {
        DcmPixelItem *item = nullptr;
        Uint8 *bytes = nullptr;

        if (sequence->getItem(item, i).bad() ||
            item->getUint8Array(bytes).bad() || !bytes)
            refuse(d, OST_DICOM_DAMAGED, "fragment %lu cannot be read", i);
        if (!code.empty() && begins_codestream(bytes, item->getLength()) &&
            frame + 1 < d->frames) {
            decode_frame(code, frame, d);
            frame++;
            code.clear();
        }
        code.insert(code.end(), bytes, bytes + item->getLength());
    }
    if (code.empty() || frame + 1 != d->frames)
        refuse(d, OST_DICOM_DAMAGED, "%u of %u frames are there",
               code.empty() ? frame : frame + 1, d->frames);
    decode_frame(code, frame, d);
    if (strcmp(d->photometric, "YBR_RCT") == 0 ||
        strcmp(d->photometric, "YBR_ICT") == 0)
        copy_text(d->photometric, sizeof(d->photometric), "RGB");
}

/* --- all of it ---------------------------------------------------------- */

void read_attributes(DcmDataset *set, const char *const *keywords, size_t n,
                     char (*values)[OST_DICOM_VALUE])
{
    for (size_t i = 0; i < n; i++) {
        DcmTag tag;
        OFString text;

        values[i][0] = 0;
        if (DcmTag::findTagFromName(keywords[i], tag).good() &&
            set->findAndGetOFString(tag, text).good())
            copy_text(values[i], OST_DICOM_VALUE, text);
    }
}

void read_all(const void *data, size_t size, uint64_t max_pixels,
              const char *const *keywords, size_t n,
              char (*values)[OST_DICOM_VALUE], ost_dicom *d)
{
    DcmFileFormat file;
    DcmDataset *set = file.getDataset();
    E_TransferSyntax syntax;

    register_codecs();
    load(file, data, size, d);
    set = file.getDataset();
    syntax = set->getOriginalXfer();
    copy_text(d->transfer_syntax, sizeof(d->transfer_syntax),
              DcmXfer(syntax).getXferID());
    if (!set->tagExists(DCM_PixelData))
        refuse(d, OST_DICOM_NO_PICTURE, "no pixel data");
    read_header(set, max_pixels, d);
    read_attributes(set, keywords, n, values);
    if (syntax == EXS_JPEG2000LosslessOnly || syntax == EXS_JPEG2000)
        decode_jpeg2000(set, d);
    else
        decode_plain(set, d);
    if (d->bits == 1)
        d->bits = 8;
}

} // namespace

ost_dicom_status ost_dicom_read(const void *data, size_t size,
                                uint64_t max_pixels,
                                const char *const *keywords, size_t n,
                                char (*values)[OST_DICOM_VALUE], ost_dicom *d)
{
    *d = ost_dicom{};
    try {
        read_all(data, size, max_pixels, keywords, n, values, d);
        return OST_DICOM_OK;
    } catch (const refusal &r) {
        return r.status;
    } catch (const std::bad_alloc &) {
        (void)snprintf(d->error, sizeof(d->error), "no memory");
        return OST_DICOM_NO_MEMORY;
    } catch (...) {
        (void)snprintf(d->error, sizeof(d->error), "the decoder gave up");
        return OST_DICOM_DAMAGED;
    }
}

void ost_dicom_release(ost_dicom *d)
{
    ost_free(d->words);
    d->words = nullptr;
    d->size = 0;
}

int ost_dicom_keyword(const char *keyword)
{
    DcmTag tag;

    try {
        register_codecs();
        if (DcmTag::findTagFromName(keyword, tag).bad())
            return 0;
    } catch (...) {
        return 0;
    }
    if (tag == DCM_PatientSex || tag == DCM_PatientAge ||
        tag == DCM_PatientSize || tag == DCM_PatientWeight)
        return 1;
    if (tag.getGroup() == 0x0010 || tag.getEVR() == EVR_PN ||
        tag == DCM_AccessionNumber)
        return -1;
    return 1;
}
