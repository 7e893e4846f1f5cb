/* stages/decode_dicom_impl.h - what the files of the layer over DCMTK share
 *
 * C++ only.  Within the layer failures travel as exceptions; each function
 * that C calls runs its body through guarded(), which lets none out.
 */
#ifndef OST_STAGES_DECODE_DICOM_IMPL_H
#define OST_STAGES_DECODE_DICOM_IMPL_H

#include "stages/decode_dicom.h"

#include <cstdio>
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <new>

struct ost_dicom_file {
    DcmFileFormat format;
};

namespace dicom
{

/* A failure that is on its way out; its words are in the ost_dicom. */
struct refusal {
    ost_dicom_status status;
};

[[noreturn]] void refuse(ost_dicom *d, ost_dicom_status status, const char *fmt,
                         ...) __attribute__((format(printf, 3, 4)));
/* Adds to d->warnings, as long as there is room. */
void warn(ost_dicom *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

void register_codecs();

/* Copies what fits, without spaces around it. */
void copy_text(char *out, size_t room, const OFString &text);
/* Copies what fits of a text of the file as UTF-8 without control characters,
 * from the character set that the file names. */
void copy_readable(char *out, size_t room, DcmItem *set, const OFString &text);
/* Whether the attribute tells who somebody is (dicom_privacy.cc). */
bool is_identifying(const DcmTag &tag);

inline DcmDataset *data_set(const ost_dicom *d)
{
    return d->file ? d->file->format.getDataset() : nullptr;
}

/* Value `i` of an attribute; false when it is missing or no number.  What
 * follows the number in a text is told to `warned` (may be null). */
bool read_number(DcmItem *set, const DcmTagKey &key, unsigned long i,
                 double *value, ost_dicom *warned);
uint32_t read_u16(DcmItem *set, const DcmTagKey &key, uint32_t missing);
/* Value `i` as text without spaces around it, "" when it is missing. */
OFString read_text(DcmItem *set, const DcmTagKey &key, unsigned long i);
/* Item `i` of a sequence, or null. */
DcmItem *item_of(DcmItem *set, const DcmTagKey &sequence, signed long i);
/* What the functional groups say of a frame: the first item of `sequence` in
 * its own groups, else in the shared ones, else null. */
DcmItem *group_of(DcmItem *set, uint32_t frame, const DcmTagKey &sequence);

/* The pixels of a file whose header was read. */
void decode_pixels(DcmDataset *set, ost_dicom *d);

template <typename Body> ost_dicom_status guarded(ost_dicom *d, Body body)
{
    try {
        body();
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

} // namespace dicom

#endif
