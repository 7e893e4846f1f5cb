/* stages/dicom_privacy.cc - what of a header tells who somebody is
 *
 * Identifying are all names of people (VR PN), the patient group (0010), and
 * what the basic confidentiality profile of PS3.15 (Annex E) removes or
 * replaces of the attributes that images usually have.
 */
#include "stages/decode_dicom_impl.h"

#include <cstring>

namespace dicom
{

bool is_identifying(const DcmTag &tag)
{
    static const DcmTagKey keys[] = {
        DCM_AccessionNumber,
        DCM_AcquisitionDate,
        DCM_AcquisitionDateTime,
        DCM_AdmissionID,
        DCM_AdmittingDiagnosesDescription,
        DCM_ContentDate,
        DCM_CurrentPatientLocation,
        DCM_DeviceSerialNumber,
        DCM_FrameOfReferenceUID,
        DCM_ImageComments,
        DCM_InstanceCreationDate,
        DCM_InstitutionAddress,
        DCM_InstitutionalDepartmentName,
        DCM_InstitutionName,
        DCM_PerformedProcedureStepID,
        DCM_PerformedProcedureStepStartDate,
        DCM_PatientState,
        DCM_ReferringPhysicianAddress,
        DCM_ReferringPhysicianTelephoneNumbers,
        DCM_RequestAttributesSequence,
        DCM_RequestingService,
        DCM_SeriesDate,
        DCM_SeriesInstanceUID,
        DCM_SOPInstanceUID,
        DCM_StationName,
        DCM_StudyDate,
        DCM_StudyID,
        DCM_StudyInstanceUID,
    };

    if (tag.getGroup() == 0x0010 || tag.getEVR() == EVR_PN)
        return true;
    for (const DcmTagKey &key : keys)
        if (tag == key)
            return true;
    return false;
}

namespace
{

/* Adds a keyword; false when there is no more room. */
bool add_keyword(char *out, size_t room, const char *name)
{
    static const char more[] = " ...";
    size_t n = strlen(out), k = strlen(name);

    if (n + 1 + k + sizeof(more) > room) {
        memcpy(out + n, more, sizeof(more));
        return false;
    }
    if (n > 0)
        out[n++] = ' ';
    memcpy(out + n, name, k + 1);
    return true;
}

void name_identifying(DcmDataset *set, ost_dicom_privacy *p)
{
    DcmObject *next = nullptr;
    bool room = true;

    while (room && (next = set->nextInContainer(next)) != nullptr) {
        DcmTag tag = next->getTag();

        if (next->getLength() > 0 && !tag.isPrivate() && !tag.isGroupLength() &&
            is_identifying(tag))
            room = add_keyword(p->identifying, sizeof(p->identifying),
                               tag.getTagName());
    }
}

void count_private(DcmDataset *set, ost_dicom_privacy *p)
{
    DcmStack stack;

    while (set->nextObject(stack, OFTrue).good()) {
        const DcmTag &tag = stack.top()->getTag();

        if (tag.isPrivate() && !tag.isGroupLength() &&
            !tag.isPrivateReservation())
            p->private_tags++;
    }
}

void read_privacy(DcmDataset *set, ost_dicom_privacy *p)
{
    OFString flag = read_text(set, DCM_BurnedInAnnotation, 0);

    if (flag == "YES" || flag == "NO")
        p->burned_in = flag == "YES" ? "yes" : "no";
    count_private(set, p);
    for (Uint16 group = 0x6000; group < 0x6020; group += 2)
        p->overlays += set->tagExists(DcmTagKey(group, 0x3000));
    name_identifying(set, p);
}

/* "DIR", "IMAGE1" of a referenced file as DIR/IMAGE1. */
OFString referenced_path(DcmItem *record)
{
    DcmElement *e = nullptr;
    OFString path;

    if (record->findAndGetElement(DCM_ReferencedFileID, e).bad() || !e)
        return path;
    for (unsigned long i = 0; i < e->getVM(); i++) {
        OFString part = read_text(record, DCM_ReferencedFileID, i);

        path += (i ? "/" : "") + part;
    }
    return path;
}

} // namespace
} // namespace dicom

void ost_dicom_privacy_of(const ost_dicom *d, ost_dicom_privacy *p)
{
    ost_dicom scratch{};

    *p = ost_dicom_privacy{};
    p->burned_in = "not stated";
    (void)dicom::guarded(&scratch,
                         [&] { dicom::read_privacy(dicom::data_set(d), p); });
}

ost_dicom_status ost_dicomdir_read(ost_dicom *d, ost_dicomdir_add add,
                                   void *user)
{
    return dicom::guarded(d, [&] {
        DcmDataset *set = dicom::data_set(d);
        DcmSequenceOfItems *records = nullptr;
        DcmObject *record = nullptr;

        if (set->findAndGetSequence(DCM_DirectoryRecordSequence, records)
                .bad() ||
            !records)
            dicom::refuse(d, OST_DICOM_UNSUPPORTED, "no directory records");
        while ((record = records->nextInContainer(record)) != nullptr) {
            OFString path =
                dicom::referenced_path(static_cast<DcmItem *>(record));

            if (!path.empty())
                add(user, path.c_str());
        }
    });
}
