/* stages/dicom_pixels.cc - stored values: through DCMTK, JPEG 2000 through
 * OpenJPEG
 *
 * Values are asked for with EDC_never, so that DCMTK converts no colors.
 */
#include "stages/decode_dicom_impl.h"
#include "stages/decode_jpeg2000.h"

extern "C" {
#include "base/alloc.h"
}

#include <cstring>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <vector>

namespace dicom
{
namespace
{

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
                  (strcmp(d->photometric, "YBR_FULL_422") == 0 ||
                   strcmp(d->photometric, "YBR_PARTIAL_422") == 0) &&
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
        copy_readable(d->photometric, sizeof(d->photometric), set, text);
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

uint32_t read_be32(const unsigned char *p)
{
    return static_cast<uint32_t>(p[0]) << 24 |
           static_cast<uint32_t>(p[1]) << 16 |
           static_cast<uint32_t>(p[2]) << 8 | p[3];
}

void write_be32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = static_cast<unsigned char>(v >> (24 - 8 * i));
}

/* A codestream begins with
 *     0 SOC, 2 SIZ, 4 length, 6 capabilities, 8 width, 12 height,
 *     16 and 20 offsets, 24 and 28 width and height of a tile
 * Where it claims a picture larger than DICOM knows, of one tile that is as
 * large as the header says, the size is damaged and the header is right. */
void mend_size(std::vector<unsigned char> &code, ost_dicom *d)
{
    enum { SIZ_BYTES = 40, LARGEST = 65535 };
    unsigned char *p = code.data();
    uint32_t width, height;

    if (code.size() < SIZ_BYTES || p[0] != 0xff || p[1] != 0x4f)
        return;
    width = read_be32(p + 8);
    height = read_be32(p + 12);
    if ((width <= LARGEST && height <= LARGEST) || read_be32(p + 16) != 0 ||
        read_be32(p + 20) != 0 || read_be32(p + 24) != d->columns ||
        read_be32(p + 28) != d->rows)
        return;
    warn(d,
         "the JPEG 2000 data claims %u x %u pixels: the header's %u x %u "
         "are read",
         width, height, d->columns, d->rows);
    p[6] = p[7] = 0;
    write_be32(p + 8, d->columns);
    write_be32(p + 12, d->rows);
}

void decode_frame(std::vector<unsigned char> &code, uint32_t frame,
                  ost_dicom *d)
{
    const ost_jpeg2000 expected = { d->rows, d->columns, d->samples, d->bits };
    ost_dicom_status status;

    mend_size(code, d);
    status =
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

/* --- floating-point numbers ----------------------------------------------- */

void copy_floats(ost_dicom *d, const void *values, unsigned long count)
{
    size_t need = d->size / (d->bits / 8);

    if (!values || count < need)
        refuse(d, OST_DICOM_DAMAGED,
               "pixel data ends early: %lu of %zu numbers are there", count,
               need);
    memcpy(d->words, values, d->size);
}

void decode_floats(DcmDataset *set, ost_dicom *d)
{
    const Float64 *doubles = nullptr;
    const Float32 *floats = nullptr;
    unsigned long count = 0;

    take_memory(d);
    if (d->bits == 32) {
        (void)set->findAndGetFloat32Array(DCM_FloatPixelData, floats, &count);
        copy_floats(d, floats, count);
    } else {
        (void)set->findAndGetFloat64Array(DCM_DoubleFloatPixelData, doubles,
                                          &count);
        copy_floats(d, doubles, count);
    }
}

} // namespace

void decode_pixels(DcmDataset *set, ost_dicom *d)
{
    E_TransferSyntax syntax = set->getOriginalXfer();

    if (d->is_float)
        decode_floats(set, d);
    else if (syntax == EXS_JPEG2000LosslessOnly || syntax == EXS_JPEG2000)
        decode_jpeg2000(set, d);
    else
        decode_plain(set, d);
    if (d->bits == 1)
        d->bits = 8;
}

} // namespace dicom
