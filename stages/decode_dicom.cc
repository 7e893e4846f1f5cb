/* stages/decode_dicom.cc - a DICOM file in memory, and what its header says of
 * the pixels */
#include "stages/decode_dicom_impl.h"

extern "C" {
#include "base/alloc.h"
#include "base/text.h"
}

#include <cstdarg>
#include <cstring>
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmdata/dcspchrs.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>

namespace dicom
{

/* Values of a file may hold anything; messages are plain text. */
static void make_plain(char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

void refuse(ost_dicom *d, ost_dicom_status status, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(d->error, sizeof(d->error), fmt, ap);
    va_end(ap);
    make_plain(d->error);
    throw refusal{ status };
}

void warn(ost_dicom *d, const char *fmt, ...)
{
    size_t n = strlen(d->warnings);
    va_list ap;

    if (n > 0 && n + 2 < sizeof(d->warnings)) {
        memcpy(d->warnings + n, "; ", 3);
        n += 2;
    }
    va_start(ap, fmt);
    (void)vsnprintf(d->warnings + n, sizeof(d->warnings) - n, fmt, ap);
    va_end(ap);
    make_plain(d->warnings + n);
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
    size_t from = 0, n = text.size();

    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\0'))
        n--;
    while (from < n && text[from] == ' ')
        from++;
    n = n - from < room - 1 ? n - from : room - 1;
    memcpy(out, text.c_str() + from, n);
    out[n] = 0;
}

/* --- values of attributes ------------------------------------------------- */

uint32_t read_u16(DcmItem *set, const DcmTagKey &key, uint32_t missing)
{
    Uint16 v = 0;

    return set->findAndGetUint16(key, v).good() ? v : missing;
}

OFString read_text(DcmItem *set, const DcmTagKey &key, unsigned long i)
{
    char trimmed[OST_DICOM_VALUE];
    OFString text;

    if (set->findAndGetOFString(key, text, i).bad())
        return OFString();
    copy_text(trimmed, sizeof(trimmed), text);
    return OFString(trimmed);
}

/* At most `room` - 1 bytes of whole characters; what is none, and what moves
 * the cursor of a terminal, becomes a question mark. */
static void copy_characters(char *out, size_t room, const OFString &text)
{
    size_t n = 0;

    for (size_t i = 0, k; i < text.size(); i += k) {
        const char *c = text.c_str() + i;
        bool good;

        k = ost_utf8_len(c, text.size() - i);
        good = k > 1 ? !(*c == '\xc2' && c[1] < '\xa0')
                     : k == 1 && *c >= ' ' && *c != '\x7f';
        k = k ? k : 1;
        if (n + (good ? k : 1) >= room)
            break;
        if (good)
            memcpy(out + n, c, k);
        else
            out[n] = '?';
        n += good ? k : 1;
    }
    out[n] = 0;
}

void copy_readable(char *out, size_t room, DcmItem *set, const OFString &text)
{
    DcmSpecificCharacterSet from;
    OFString converted;
    bool plain = true;

    for (size_t i = 0; i < text.size() && plain; i++)
        plain = text[i] >= ' ' && text[i] <= '~';
    if (plain || from.selectCharacterSet(*set, "ISO_IR 192").bad() ||
        from.convertString(text, converted).bad())
        converted = text;
    copy_characters(out, room, converted);
}

/* The beginning of a decimal text that is a number. */
size_t number_length(const OFString &text)
{
    static const char digits[] = "0123456789";
    size_t n = text.size(), i = 0, from;

    if (i < n && (text[i] == '+' || text[i] == '-'))
        i++;
    from = i;
    while (i < n && (strchr(digits, text[i]) || text[i] == '.') && text[i])
        i++;
    if (i == from)
        return 0;
    if (i + 1 < n && (text[i] == 'e' || text[i] == 'E')) {
        size_t k = i + 1;

        if (text[k] == '+' || text[k] == '-')
            k++;
        if (k < n && text[k] && strchr(digits, text[k]))
            for (i = k; i < n && text[i] && strchr(digits, text[i]);)
                i++;
    }
    return i;
}

bool read_number(DcmItem *set, const DcmTagKey &key, unsigned long i,
                 double *value, ost_dicom *warned)
{
    OFString text = read_text(set, key, i);
    size_t n = number_length(text);
    OFBool good = OFFalse;
    double v;

    if (n == 0)
        return false;
    v = OFStandard::atof(text.substr(0, n).c_str(), &good);
    if (!good || !(v >= -1e300 && v <= 1e300))
        return false;
    if (n != text.size() && warned)
        warn(warned, "'%s' of %s is no number: %g is read", text.c_str(),
             DcmTag(key).getTagName(), v);
    *value = v;
    return true;
}

DcmItem *item_of(DcmItem *set, const DcmTagKey &sequence, signed long i)
{
    DcmItem *item = nullptr;

    if (!set || set->findAndGetSequenceItem(sequence, item, i).bad())
        return nullptr;
    return item;
}

DcmItem *group_of(DcmItem *set, uint32_t frame, const DcmTagKey &sequence)
{
    DcmItem *own = item_of(set, DCM_PerFrameFunctionalGroupsSequence,
                           static_cast<signed long>(frame));
    DcmItem *found = item_of(own, sequence, 0);

    if (found)
        return found;
    return item_of(item_of(set, DCM_SharedFunctionalGroupsSequence, 0),
                   sequence, 0);
}

namespace
{

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
    bool filtered() const
    {
        return filtered_;
    }

  private:
    const unsigned char *p_;
    size_t size_;
    bool filtered_;
};

bool has_meta(const unsigned char *p, size_t size)
{
    return size >= 132 && memcmp(p + 128, "DICM", 4) == 0;
}

/* What DCMTK left out because it is cut off: the value of the last element, if
 * that is the pixel data.  It stands behind the only header of that length. */
void refuse_cut_off(DcmDataset *set, const unsigned char *p, size_t size,
                    ost_dicom *d)
{
    static const unsigned char tags[2][4] = { { 0xe0, 0x7f, 0x10, 0 },
                                              { 0x7f, 0xe0, 0, 0x10 } };
    E_TransferSyntax syntax = set->getOriginalXfer();
    int big = DcmXfer(syntax).isBigEndian() ? 1 : 0;
    size_t header = DcmXfer(syntax).isExplicitVR() ? 12 : 8;
    DcmElement *e = nullptr;
    uint32_t want;

    if (set->findAndGetElement(DCM_PixelData, e).bad() || !e)
        return;
    want = e->getLengthField();
    for (size_t i = 0; i + header <= size; i++) {
        const unsigned char *n = p + i + header - 4;
        uint32_t length = 0;

        if (memcmp(p + i, tags[big], 4) != 0)
            continue;
        for (int b = 0; b < 4; b++)
            length |= static_cast<uint32_t>(n[b]) << (big ? 24 - 8 * b : 8 * b);
        if (length == want && size - i - header < want)
            refuse(d, OST_DICOM_DAMAGED,
                   "pixel data ends early: %zu of %u bytes are there",
                   size - i - header, want);
    }
}

void load(ost_dicom *d, const unsigned char *data, size_t size)
{
    DcmFileFormat &file = d->file->format;
    bool meta = has_meta(data, size);
    OFCondition c;

    /* A stray byte before a bare data set, whose first element is of group
     * 0008 and has a length that a first element has. */
    if (!meta && size > 9 && data[1] == 8 && data[2] == 0 && data[4] == 0 &&
        data[0] != 8 && data[0] != 2 && data[0] != 0) {
        warn(d, "a stray byte before the data set");
        data++;
        size--;
    }
    if (!meta)
        warn(d, "no file meta group: the encoding is guessed");
    memory_input in(data, size);
    file.transferInit();
    c = file.read(in, EXS_Unknown, EGL_noChange, DCM_MaxReadLength);
    file.transferEnd();
    if (c == EC_StreamNotifyClient || c == EC_InvalidStream) {
        if (!in.filtered())
            refuse_cut_off(file.getDataset(), data, size, d);
        refuse(d, OST_DICOM_DAMAGED, "the data ends within a value");
    }
    if (c.bad() && c != EC_EndOfStream)
        refuse(d, OST_DICOM_DAMAGED, "%s", c.text());
    if (file.getDataset()->isEmpty() && file.getMetaInfo()->isEmpty())
        refuse(d, OST_DICOM_DAMAGED, "no data set");
}

/* --- what the pixels are ---------------------------------------------------
 */

void find_pixels(DcmDataset *set, ost_dicom *d)
{
    bool doubles = set->tagExists(DCM_DoubleFloatPixelData);

    d->is_float = !set->tagExists(DCM_PixelData) &&
                  (doubles || set->tagExists(DCM_FloatPixelData));
    if (!d->is_float && !set->tagExists(DCM_PixelData))
        refuse(d, OST_DICOM_NO_PICTURE, "no pixel data");
    d->bits =
        d->is_float ? doubles ? 64 : 32 : read_u16(set, DCM_BitsAllocated, 0);
}

void read_shape(DcmDataset *set, uint64_t max_pixels, ost_dicom *d)
{
    double frames = 1;

    d->rows = read_u16(set, DCM_Rows, 0);
    d->columns = read_u16(set, DCM_Columns, 0);
    d->samples = read_u16(set, DCM_SamplesPerPixel, 1);
    if (set->tagExistsWithValue(DCM_NumberOfFrames) &&
        !read_number(set, DCM_NumberOfFrames, 0, &frames, d))
        frames = 1;
    if (d->rows == 0 || d->columns == 0 || frames < 1 || frames > 2e9)
        refuse(d, OST_DICOM_DAMAGED, "pixel data of %u x %u pixels, %g frames",
               d->columns, d->rows, frames);
    d->frames = static_cast<uint32_t>(frames);
    if (d->samples != 1 && d->samples != 3)
        refuse(d, OST_DICOM_UNSUPPORTED, "%u samples per pixel", d->samples);
    if (uint64_t{ d->rows } * d->columns > max_pixels / d->frames)
        refuse(d, OST_DICOM_TOO_LARGE,
               "%u x %u pixels in %u frames are more than max_pixels (%llu)",
               d->columns, d->rows, d->frames,
               static_cast<unsigned long long>(max_pixels));
}

void read_bits(DcmDataset *set, ost_dicom *d)
{
    d->bits_stored = read_u16(set, DCM_BitsStored, d->bits);
    d->high_bit = read_u16(set, DCM_HighBit, d->bits_stored - 1);
    d->is_signed = read_u16(set, DCM_PixelRepresentation, 0) == 1;
    if (d->is_float) {
        d->bits_stored = d->bits;
        d->high_bit = d->bits - 1;
        return;
    }
    if (d->bits != 1 && d->bits != 8 && d->bits != 16 && d->bits != 32)
        refuse(d, OST_DICOM_UNSUPPORTED, "%u bits allocated", d->bits);
    if (d->bits_stored == 0 || d->bits_stored > d->bits ||
        d->high_bit >= d->bits || d->high_bit + 1 < d->bits_stored)
        refuse(d, OST_DICOM_DAMAGED, "%u bits stored below bit %u of %u",
               d->bits_stored, d->high_bit, d->bits);
}

/* A value of the kind that the pixels are. */
bool read_pixel_value(DcmDataset *set, const DcmTagKey &key, const ost_dicom *d,
                      int64_t *value)
{
    Uint16 u = 0;
    Sint16 s = 0;

    if (set->findAndGetUint16(key, u).good()) {
        *value = d->is_signed ? static_cast<Sint16>(u) : u;
        return true;
    }
    if (set->findAndGetSint16(key, s).bad())
        return false;
    *value = d->is_signed ? s : static_cast<Uint16>(s);
    return true;
}

void read_padding(DcmDataset *set, ost_dicom *d)
{
    int64_t other;

    d->has_padding =
        read_pixel_value(set, DCM_PixelPaddingValue, d, &d->padding_low);
    d->padding_high = d->padding_low;
    if (!d->has_padding ||
        !read_pixel_value(set, DCM_PixelPaddingRangeLimit, d, &other))
        return;
    if (other < d->padding_low)
        d->padding_low = other;
    else
        d->padding_high = other;
}

void read_header(DcmDataset *set, uint64_t max_pixels, ost_dicom *d)
{
    find_pixels(set, d);
    read_bits(set, d);
    read_shape(set, max_pixels, d);
    read_padding(set, d);
    copy_readable(d->photometric, sizeof(d->photometric), set,
                  read_text(set, DCM_PhotometricInterpretation, 0));
}

} // namespace
} // namespace dicom

ost_dicom_status ost_dicom_open(const void *data, size_t size, ost_dicom *d)
{
    *d = ost_dicom{};
    return dicom::guarded(d, [&] {
        dicom::register_codecs();
        d->file = new ost_dicom_file;
        dicom::load(d, static_cast<const unsigned char *>(data), size);
        dicom::copy_text(
            d->transfer_syntax, sizeof(d->transfer_syntax),
            DcmXfer(dicom::data_set(d)->getOriginalXfer()).getXferID());
    });
}

ost_dicom_status ost_dicom_decode(ost_dicom *d, uint64_t max_pixels)
{
    return dicom::guarded(d, [&] {
        dicom::read_header(dicom::data_set(d), max_pixels, d);
        dicom::decode_pixels(dicom::data_set(d), d);
    });
}

ost_dicom_status ost_dicom_read(const void *data, size_t size,
                                uint64_t max_pixels, ost_dicom *d)
{
    ost_dicom_status status = ost_dicom_open(data, size, d);

    return status ? status : ost_dicom_decode(d, max_pixels);
}

void ost_dicom_release(ost_dicom *d)
{
    ost_free(d->words);
    d->words = nullptr;
    d->size = 0;
    delete d->file;
    d->file = nullptr;
}
