/* stages/dicom_facts.cc - rescale, spacing and view of a frame; who and when
 *
 * A view comes from the first of: the view code of the frame's detector (or of
 * the file), the view position, the word ANTERIOR or POSTERIOR (ANT, POST) in
 * the file's descriptions, and the angle at which a detector starts (0 degrees
 * is behind the patient, 180 before).
 */
#include "stages/decode_dicom_impl.h"

#include <cctype>
#include <cmath>
#include <cstring>

namespace dicom
{
namespace
{

/* --- one frame ------------------------------------------------------------ */

void read_rescale(DcmItem *set, uint32_t frame, ost_dicom_frame *f)
{
    DcmItem *group = group_of(set, frame, DCM_PixelValueTransformationSequence);

    if (!group)
        group = set;
    f->has_rescale =
        read_number(group, DCM_RescaleSlope, 0, &f->slope, nullptr);
    if (!f->has_rescale)
        f->slope = 1;
    if (!read_number(group, DCM_RescaleIntercept, 0, &f->intercept, nullptr))
        f->intercept = 0;
}

bool read_pair(DcmItem *set, const DcmTagKey &key, const char *kind,
               ost_dicom_frame *f)
{
    double y, x;

    if (!set || !read_number(set, key, 0, &y, nullptr) ||
        !read_number(set, key, 1, &x, nullptr) || !(y > 0) || !(x > 0))
        return false;
    f->spacing_y = y;
    f->spacing_x = x;
    f->spacing_kind = kind;
    return true;
}

void read_spacing(DcmItem *set, uint32_t frame, ost_dicom_frame *f)
{
    if (read_pair(group_of(set, frame, DCM_PixelMeasuresSequence),
                  DCM_PixelSpacing, "pixel", f) ||
        read_pair(set, DCM_PixelSpacing, "pixel", f) ||
        read_pair(set, DCM_ImagerPixelSpacing, "imager", f))
        return;
    (void)read_pair(set, DCM_NominalScannedPixelSpacing, "nominal", f);
}

/* --- views ---------------------------------------------------------------- */

/* True when `word` stands in a text in capitals, with no letter beside it. */
bool has_word(const OFString &text, const char *word)
{
    size_t n = strlen(word), at = text.find(word);

    for (; at != OFString_npos; at = text.find(word, at + 1)) {
        bool before = at > 0 && isalpha(text[at - 1]);
        bool behind = at + n < text.size() && isalpha(text[at + n]);

        if (!before && !behind)
            return true;
    }
    return false;
}

OFString capitals(const OFString &text)
{
    OFString out = text;

    for (size_t i = 0; i < out.size(); i++)
        out[i] = static_cast<char>(toupper(static_cast<unsigned char>(out[i])));
    return out;
}

/* "anterior", "posterior", or null when the text says neither, or both. */
const char *side_of(const OFString &text)
{
    OFString words = capitals(text);
    bool front = has_word(words, "ANTERIOR") || has_word(words, "ANT");
    bool back = has_word(words, "POSTERIOR") || has_word(words, "POST");

    if (front == back)
        return nullptr;
    return front ? "anterior" : "posterior";
}

void set_view(ost_dicom_frame *f, DcmItem *set, const OFString &text)
{
    const char *side = side_of(text);
    size_t i;

    copy_readable(f->view, sizeof(f->view), set, side ? OFString(side) : text);
    for (i = 0; f->view[i]; i++)
        f->view[i] =
            static_cast<char>(tolower(static_cast<unsigned char>(f->view[i])));
}

/* The item of the frame's detector, counted from 1 in the detector vector. */
DcmItem *detector_of(DcmItem *set, uint32_t frame, unsigned *number)
{
    Uint16 detector = 0;

    if (set->findAndGetUint16(DCM_DetectorVector, detector, frame).bad() ||
        detector == 0)
        return nullptr;
    *number = detector;
    return item_of(set, DCM_DetectorInformationSequence, detector - 1);
}

OFString code_meaning(DcmItem *set)
{
    DcmItem *code = item_of(set, DCM_ViewCodeSequence, 0);

    return code ? read_text(code, DCM_CodeMeaning, 0) : OFString();
}

/* From the words of a file that shows one side only. */
const char *described_side(DcmItem *set)
{
    static const DcmTagKey keys[] = { DCM_ImageID, DCM_SeriesDescription,
                                      DCM_ImageComments, DCM_ProtocolName };
    const char *side = nullptr;

    for (unsigned long i = 2; i < 8 && !side; i++)
        side = side_of(read_text(set, DCM_ImageType, i));
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && !side; i++)
        side = side_of(read_text(set, keys[i], 0));
    return side;
}

const char *angle_side(DcmItem *detector)
{
    double angle;

    if (!detector || !read_number(detector, DCM_StartAngle, 0, &angle, nullptr))
        return nullptr;
    angle = fmod(fmod(angle, 360) + 360, 360);
    if (angle < 45 || angle > 315)
        return "posterior";
    return angle > 135 && angle < 225 ? "anterior" : nullptr;
}

void read_view(DcmItem *set, uint32_t frame, uint32_t frames,
               ost_dicom_frame *f)
{
    unsigned number = 0;
    DcmItem *detector = detector_of(set, frame, &number);
    OFString text = detector ? code_meaning(detector) : OFString();
    const char *side = nullptr;

    if (text.empty())
        text = code_meaning(set);
    if (text.empty())
        text = read_text(set, DCM_ViewPosition, 0);
    if (!text.empty()) {
        set_view(f, set, text);
        return;
    }
    if (frames == 1)
        side = described_side(set);
    if (!side)
        side = angle_side(detector);
    if (side)
        set_view(f, set, side);
}

/* --- who and when ----------------------------------------------------------
 */

/* Days since 1970-01-01 of YYYYMMDD (or YYYY.MM.DD), whatever follows. */
bool read_day(DcmItem *set, const DcmTagKey &key, int64_t *day)
{
    OFString text = read_text(set, key, 0);
    int64_t v = 0, y, m, d;
    int digits = 0;

    for (size_t i = 0; i < text.size() && digits < 8; i++)
        if (isdigit(static_cast<unsigned char>(text[i]))) {
            v = v * 10 + (text[i] - '0');
            digits++;
        } else if (text[i] != '.') {
            break;
        }
    if (digits < 8)
        return false;
    y = v / 10000;
    m = v / 100 % 100;
    d = v % 100;
    if (y < 1 || m < 1 || m > 12 || d < 1 || d > 31)
        return false;
    /* Years that begin in March, so that leap days come last. */
    y -= m <= 2;
    *day = 365 * y + y / 4 - y / 100 + y / 400 +
           (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1 - 719468;
    return true;
}

/* Seconds of HHMMSS.FFFFFF, cut anywhere behind HH, or HH:MM:SS. */
bool read_seconds(DcmItem *set, const DcmTagKey &key, double *seconds)
{
    OFString text = read_text(set, key, 0);
    double scale[3] = { 3600, 60, 1 }, sum = 0, tenth = 0.1;
    int digits = 0;
    size_t i = 0;

    for (; i < text.size() && digits < 6; i++) {
        if (text[i] == ':')
            continue;
        if (!isdigit(static_cast<unsigned char>(text[i])))
            break;
        sum += (text[i] - '0') * (digits % 2 ? 1 : 10) * scale[digits / 2];
        digits++;
    }
    for (i += 1; digits == 6 && i < text.size() &&
                 isdigit(static_cast<unsigned char>(text[i]));
         i++, tenth /= 10)
        sum += (text[i] - '0') * tenth;
    *seconds = sum;
    return digits >= 2;
}

void identify(DcmItem *set, ost_dicom_identity *w)
{
    static const DcmTagKey dates[] = { DCM_AcquisitionDate, DCM_SeriesDate,
                                       DCM_ContentDate, DCM_StudyDate };
    static const DcmTagKey times[] = { DCM_AcquisitionTime, DCM_SeriesTime,
                                       DCM_ContentTime, DCM_StudyTime };

    copy_text(w->patient, sizeof(w->patient), read_text(set, DCM_PatientID, 0));
    copy_text(w->issuer, sizeof(w->issuer),
              read_text(set, DCM_IssuerOfPatientID, 0));
    copy_text(w->study, sizeof(w->study),
              read_text(set, DCM_StudyInstanceUID, 0));
    copy_text(w->series, sizeof(w->series),
              read_text(set, DCM_SeriesInstanceUID, 0));
    w->has_instance =
        read_number(set, DCM_InstanceNumber, 0, &w->instance, nullptr);
    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]) && !w->has_day;
         i++) {
        w->has_day = read_day(set, dates[i], &w->day);
        if (w->has_day)
            w->has_seconds = read_seconds(set, times[i], &w->seconds);
    }
}

} // namespace
} // namespace dicom

void ost_dicom_frame_of(const ost_dicom *d, uint32_t frame, ost_dicom_frame *f)
{
    ost_dicom scratch{};

    *f = ost_dicom_frame{};
    f->slope = 1;
    (void)dicom::guarded(&scratch, [&] {
        DcmDataset *set = dicom::data_set(d);

        dicom::read_rescale(set, frame, f);
        dicom::read_spacing(set, frame, f);
        dicom::read_view(set, frame, d->frames, f);
    });
}

void ost_dicom_identify(const ost_dicom *d, ost_dicom_identity *who)
{
    ost_dicom scratch{};

    *who = ost_dicom_identity{};
    (void)dicom::guarded(&scratch,
                         [&] { dicom::identify(dicom::data_set(d), who); });
}

void ost_dicom_value(const ost_dicom *d, const char *keyword,
                     char value[OST_DICOM_VALUE])
{
    ost_dicom scratch{};

    value[0] = 0;
    (void)dicom::guarded(&scratch, [&] {
        DcmDataset *set = dicom::data_set(d);
        DcmTag tag;

        if (DcmTag::findTagFromName(keyword, tag).good())
            dicom::copy_readable(value, OST_DICOM_VALUE, set,
                                 dicom::read_text(set, tag, 0));
    });
}

int ost_dicom_keyword(const char *keyword)
{
    DcmTag tag;

    try {
        dicom::register_codecs();
        /* Numbers ("0029,1010") would be found too. */
        if (strchr(keyword, ',') || DcmTag::findTagFromName(keyword, tag).bad())
            return 0;
    } catch (...) {
        return 0;
    }
    if (tag == DCM_PatientSex || tag == DCM_PatientAge ||
        tag == DCM_PatientSize || tag == DCM_PatientWeight)
        return 1;
    return dicom::is_identifying(tag) ? -1 : 1;
}
