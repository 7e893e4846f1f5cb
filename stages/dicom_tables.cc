/* stages/dicom_tables.cc - look-up tables and windows of a DICOM file
 *
 * A table is described by three numbers (entries, with 0 for 65536; the value
 * of the first one; bits of an entry) and follows as words, as bytes two to a
 * word, or, of a palette, in segments:
 *     0 n v...     n entries
 *     1 n v        n entries on a line from the last one to v
 *     2 n lo hi    n segments again that stand at byte hi * 65536 + lo
 */
#include "stages/decode_dicom_impl.h"

extern "C" {
#include "base/alloc.h"
}

#include <cstring>
#include <vector>

namespace dicom
{
namespace
{

typedef std::vector<uint16_t> words;

bool read_descriptor(DcmItem *set, const DcmTagKey &key, bool is_signed,
                     ost_dicom_lut *lut)
{
    uint32_t v[3];

    for (unsigned long i = 0; i < 3; i++) {
        Uint16 u = 0;
        Sint16 s = 0;

        if (set->findAndGetUint16(key, u, i).bad()) {
            if (set->findAndGetSint16(key, s, i).bad())
                return false;
            u = static_cast<Uint16>(s);
        }
        v[i] = u;
    }
    lut->n = v[0] ? v[0] : 65536;
    lut->first =
        is_signed ? static_cast<Sint16>(v[1]) : static_cast<int32_t>(v[1]);
    lut->bits = v[2];
    return true;
}

words read_words(DcmItem *set, const DcmTagKey &key)
{
    const Uint16 *u = nullptr;
    const Sint16 *s = nullptr;
    unsigned long count = 0;

    if (set->findAndGetUint16Array(key, u, &count).good() && u)
        return words(u, u + count);
    if (set->findAndGetSint16Array(key, s, &count).good() && s)
        return words(s, s + count);
    return words();
}

/* The bytes of words, which hold two each. */
words spread_bytes(const words &packed)
{
    words out;

    out.reserve(packed.size() * 2);
    for (uint16_t w : packed) {
        out.push_back(w & 0xff);
        out.push_back(w >> 8);
    }
    return out;
}

void keep(ost_dicom *d, const words &v, ost_dicom_lut *lut)
{
    lut->v = static_cast<uint16_t *>(ost_try_alloc(lut->n, sizeof(*lut->v)));
    if (!lut->v)
        refuse(d, OST_DICOM_NO_MEMORY, "no memory for a table");
    memcpy(lut->v, v.data(), lut->n * sizeof(*lut->v));
}

void read_table(ost_dicom *d, DcmItem *set, const DcmTagKey &descriptor,
                const DcmTagKey &data, bool is_signed, const char *name,
                ost_dicom_lut *lut)
{
    words v = read_words(set, data);

    if (!read_descriptor(set, descriptor, is_signed, lut))
        refuse(d, OST_DICOM_DAMAGED, "the %s has no description", name);
    if (lut->bits <= 8 && v.size() < lut->n && v.size() >= (lut->n + 1) / 2)
        v = spread_bytes(v);
    if (lut->bits < 1 || lut->bits > 16 || v.size() < lut->n)
        refuse(d, OST_DICOM_DAMAGED, "the %s has %zu of %u entries of %u bits",
               name, v.size(), lut->n, lut->bits);
    keep(d, v, lut);
}

/* --- segments --------------------------------------------------------------
 */

struct unfolding {
    const words *in;
    uint32_t bits;
    uint32_t n; /* entries wanted */
    words out;
    size_t at;
};

bool add_line(unfolding *u, uint32_t n, uint32_t end)
{
    int64_t from, rise;

    if (u->out.empty())
        return false;
    from = u->out.back();
    rise = static_cast<int64_t>(end) - from;
    for (int64_t i = 1; i <= n; i++) {
        /* Rounded to the nearest, without negative divisions. */
        int64_t v = (2 * (from * n + rise * i) + n) / (2 * int64_t{ n });

        u->out.push_back(static_cast<uint16_t>(v));
    }
    return true;
}

/* Unfolds `segments` of them (all when 0); `nested` in a repetition. */
bool unfold(unfolding *u, uint32_t segments, bool nested)
{
    const words &in = *u->in;
    uint32_t left = segments ? segments : UINT32_MAX;

    while (left-- > 0 && u->at + 3 <= in.size() && u->out.size() < u->n) {
        uint16_t code = in[u->at], n = in[u->at + 1];

        if (code == 0 && u->at + 2 + n <= in.size()) {
            for (size_t i = 0; i < n; i++)
                u->out.push_back(in[u->at + 2 + i]);
            u->at += size_t{ 2 } + n;
        } else if (code == 1) {
            if (!add_line(u, n, in[u->at + 2]))
                return false;
            u->at += 3;
        } else if (code == 2 && !nested && n > 0 && u->at + 4 <= in.size()) {
            size_t back = u->at + 4;

            u->at = u->bits <= 8
                        ? in[u->at + 2] | size_t{ in[u->at + 3] } << 8
                        : (in[u->at + 2] | size_t{ in[u->at + 3] } << 16) / 2;
            if (!unfold(u, n, true))
                return false;
            u->at = back;
        } else {
            return false;
        }
    }
    return true;
}

void read_segments(ost_dicom *d, DcmItem *set, const DcmTagKey &descriptor,
                   const DcmTagKey &data, ost_dicom_lut *lut)
{
    words in = read_words(set, data);
    unfolding u = {};

    if (!read_descriptor(set, descriptor, d->is_signed, lut))
        refuse(d, OST_DICOM_DAMAGED, "the palette has no description");
    if (lut->bits <= 8)
        in = spread_bytes(in);
    u.in = &in;
    u.bits = lut->bits;
    u.n = lut->n;
    if (lut->bits < 1 || lut->bits > 16 || !unfold(&u, 0, false) ||
        u.out.size() < lut->n)
        refuse(d, OST_DICOM_DAMAGED,
               "the palette's segments give %zu of %u entries", u.out.size(),
               lut->n);
    keep(d, u.out, lut);
}

void read_palette(ost_dicom *d, ost_dicom_lut rgb[3])
{
    static const DcmTagKey descriptors[] = {
        DCM_RedPaletteColorLookupTableDescriptor,
        DCM_GreenPaletteColorLookupTableDescriptor,
        DCM_BluePaletteColorLookupTableDescriptor,
    };
    static const DcmTagKey plain[] = {
        DCM_RedPaletteColorLookupTableData,
        DCM_GreenPaletteColorLookupTableData,
        DCM_BluePaletteColorLookupTableData,
    };
    static const DcmTagKey segmented[] = {
        DCM_SegmentedRedPaletteColorLookupTableData,
        DCM_SegmentedGreenPaletteColorLookupTableData,
        DCM_SegmentedBluePaletteColorLookupTableData,
    };
    DcmDataset *set = data_set(d);

    for (int i = 0; i < 3; i++)
        if (set->tagExistsWithValue(plain[i]))
            read_table(d, set, descriptors[i], plain[i], d->is_signed,
                       "palette", &rgb[i]);
        else
            read_segments(d, set, descriptors[i], segmented[i], &rgb[i]);
}

/* --- windows ---------------------------------------------------------------
 */

ost_dicom_window_kind kind_of(DcmItem *set)
{
    OFString text = read_text(set, DCM_VOILUTFunction, 0);

    if (text == "SIGMOID")
        return OST_DICOM_SIGMOID;
    return text == "LINEAR_EXACT" ? OST_DICOM_LINEAR_EXACT : OST_DICOM_LINEAR;
}

/* The windows that can be used: those with a width. */
uint32_t read_windows(DcmItem *set, uint32_t index, ost_dicom_view *view)
{
    double center, width;
    uint32_t n = 0;

    for (unsigned long i = 0;
         read_number(set, DCM_WindowCenter, i, &center, nullptr) &&
         read_number(set, DCM_WindowWidth, i, &width, nullptr);
         i++) {
        if (!(width > 0))
            continue;
        if (n++ != index)
            continue;
        view->center = center;
        view->width = width;
        view->kind = kind_of(set);
        if (view->kind == OST_DICOM_LINEAR && width < 1)
            view->kind = OST_DICOM_LINEAR_EXACT;
    }
    return n;
}

void read_view(ost_dicom *d, uint32_t frame, uint32_t index,
               ost_dicom_view *view)
{
    DcmDataset *set = data_set(d);
    DcmItem *group = group_of(set, frame, DCM_FrameVOILUTSequence);
    bool maps_signed = d->is_signed;
    ost_dicom_frame f;
    DcmItem *table;
    uint32_t n;

    if (!group)
        group = set;
    n = read_windows(group, index, view);
    for (signed long i = 0;
         (table = item_of(group, DCM_VOILUTSequence, i)) != nullptr; i++, n++) {
        if (n != index)
            continue;
        /* What a table maps is signed where the values before it may be. */
        ost_dicom_frame_of(d, frame, &f);
        maps_signed = d->is_signed || (f.has_rescale && f.intercept < 0);
        read_table(d, table, DCM_LUTDescriptor, DCM_LUTData, maps_signed,
                   "VOI LUT", &view->lut);
    }
    view->n_views = n;
}

} // namespace
} // namespace dicom

void ost_dicom_lut_release(ost_dicom_lut *lut)
{
    ost_free(lut->v);
    *lut = ost_dicom_lut{};
}

ost_dicom_status ost_dicom_modality_lut(ost_dicom *d, ost_dicom_lut *lut)
{
    *lut = ost_dicom_lut{};
    return dicom::guarded(d, [&] {
        DcmItem *table =
            dicom::item_of(dicom::data_set(d), DCM_ModalityLUTSequence, 0);

        if (table)
            dicom::read_table(d, table, DCM_LUTDescriptor, DCM_LUTData,
                              d->is_signed, "modality LUT", lut);
    });
}

ost_dicom_status ost_dicom_palette(ost_dicom *d, ost_dicom_lut rgb[3])
{
    for (int i = 0; i < 3; i++)
        rgb[i] = ost_dicom_lut{};
    return dicom::guarded(d, [&] { dicom::read_palette(d, rgb); });
}

ost_dicom_status ost_dicom_view_of(ost_dicom *d, uint32_t frame, uint32_t index,
                                   ost_dicom_view *view)
{
    *view = ost_dicom_view{};
    return dicom::guarded(d, [&] { dicom::read_view(d, frame, index, view); });
}
