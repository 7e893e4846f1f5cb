/* stages/encode_dicom.c - planar scans as DICOM files
 *
 * An element is a tag (2 + 2 bytes), a value representation (2 letters), a
 * length (2 bytes; of OB, OW and SQ 2 of padding and 4), and a value of even
 * length.  Elements stand in the order of their tags.
 */
#include "stages/encode_dicom.h"

#include <stdbool.h>
#include <string.h>

#include "base/banned.h"

#define NM_STORAGE "1.2.840.10008.5.1.4.1.1.20"

static void add_u16(ost_buf *out, unsigned v)
{
    ost_buf_addc(out, (char)(v & 255));
    ost_buf_addc(out, (char)(v >> 8 & 255));
}

static void add_u32(ost_buf *out, size_t v)
{
    add_u16(out, (unsigned)(v & 65535));
    add_u16(out, (unsigned)(v >> 16 & 65535));
}

static void add_tag(ost_buf *out, unsigned group, unsigned element)
{
    add_u16(out, group);
    add_u16(out, element);
}

static void add_short(ost_buf *out, unsigned group, unsigned element,
                      const char *vr, const void *value, size_t size)
{
    add_tag(out, group, element);
    ost_buf_adds(out, vr);
    add_u16(out, (unsigned)size);
    ost_buf_add(out, value, size);
}

static void add_long(ost_buf *out, unsigned group, unsigned element,
                     const char *vr, const void *value, size_t size)
{
    add_tag(out, group, element);
    ost_buf_adds(out, vr);
    add_u16(out, 0);
    add_u32(out, size);
    ost_buf_add(out, value, size);
}

/* Text is filled up with a space, a UID with a zero. */
static void add_text(ost_buf *out, unsigned group, unsigned element,
                     const char *vr, const char *text)
{
    size_t n = strlen(text);

    add_tag(out, group, element);
    ost_buf_adds(out, vr);
    add_u16(out, (unsigned)(n + n % 2));
    ost_buf_add(out, text, n);
    if (n % 2)
        ost_buf_addc(out, strcmp(vr, "UI") == 0 ? '\0' : ' ');
}

static void add_number(ost_buf *out, unsigned group, unsigned element,
                       const char *vr, unsigned long long v)
{
    ost_buf text = { 0 };

    ost_buf_addf(&text, "%llu", v);
    add_text(out, group, element, vr, ost_buf_str(&text));
    ost_buf_release(&text);
}

static void add_us(ost_buf *out, unsigned group, unsigned element, unsigned v)
{
    const unsigned char bytes[] = { (unsigned char)(v & 255),
                                    (unsigned char)(v >> 8 & 255) };

    add_short(out, group, element, "US", bytes, sizeof(bytes));
}

/* 1, 2, ... or 1, 1, ...: the window or the detector of each frame. */
static void add_vector(ost_buf *out, unsigned group, unsigned element,
                       unsigned frames, unsigned step)
{
    ost_buf values = { 0 };

    for (unsigned i = 0; i < frames; i++)
        add_u16(&values, 1 + i * step);
    add_short(out, group, element, "US", values.data, values.len);
    ost_buf_release(&values);
}

/* A date from days after 2020-01-01. */
static void add_date(ost_buf *out, unsigned group, unsigned element,
                     int64_t day)
{
    static const int month_of[] = { 31, 28, 31, 30, 31, 30,
                                    31, 31, 30, 31, 30, 31 };
    int year = 2020, month = 0;
    ost_buf text = { 0 };

    for (;; month = (month + 1) % 12, year += month == 0) {
        int leap =
            month == 1 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

        if (day < month_of[month] + leap)
            break;
        day -= month_of[month] + leap;
    }
    ost_buf_addf(&text, "%04d%02d%02d", year, month + 1, (int)day + 1);
    add_text(out, group, element, "DA", ost_buf_str(&text));
    ost_buf_release(&text);
}

static void add_item(ost_buf *out, const ost_buf *content)
{
    add_tag(out, 0xfffe, 0xe000);
    add_u32(out, content->len);
    ost_buf_add(out, content->data, content->len);
}

/* What each detector looks at, as a coded concept. */
static void add_detectors(ost_buf *out, const ost_dicom_scan *s)
{
    ost_buf items = { 0 };

    for (unsigned i = 0; i < s->frames; i++) {
        bool front = strcmp(s->views[i], "anterior") == 0;
        ost_buf code = { 0 }, codes = { 0 }, item = { 0 };

        add_text(&code, 0x0008, 0x0100, "SH", front ? "R-10206" : "R-10214");
        add_text(&code, 0x0008, 0x0102, "SH", "SRT");
        add_text(&code, 0x0008, 0x0104, "LO", s->views[i]);
        add_item(&codes, &code);
        add_long(&item, 0x0054, 0x0220, "SQ", codes.data, codes.len);
        add_item(&items, &item);
        ost_buf_release(&code);
        ost_buf_release(&codes);
        ost_buf_release(&item);
    }
    add_long(out, 0x0054, 0x0022, "SQ", items.data, items.len);
    ost_buf_release(&items);
}

static void add_meta(ost_buf *out, const ost_dicom_scan *s)
{
    static const unsigned char version[] = { 0, 1 };
    unsigned char length[4];
    ost_buf meta = { 0 };

    add_long(&meta, 0x0002, 0x0001, "OB", version, sizeof(version));
    add_text(&meta, 0x0002, 0x0002, "UI", NM_STORAGE);
    add_text(&meta, 0x0002, 0x0003, "UI", s->instance_uid);
    add_text(&meta, 0x0002, 0x0010, "UI", "1.2.840.10008.1.2.1");
    add_text(&meta, 0x0002, 0x0012, "UI", "2.25.7301168473611005");
    for (int i = 0; i < 4; i++)
        length[i] = (unsigned char)(meta.len >> 8 * i & 255);
    add_short(out, 0x0002, 0x0000, "UL", length, sizeof(length));
    ost_buf_add(out, meta.data, meta.len);
    ost_buf_release(&meta);
}

static unsigned long long count_all(const ost_dicom_scan *s)
{
    size_t n = (size_t)s->rows * s->columns * s->frames;
    unsigned long long sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += s->pixels[i];
    return sum;
}

static void add_study(ost_buf *out, const ost_dicom_scan *s)
{
    add_text(out, 0x0008, 0x0008, "CS",
             "ORIGINAL\\PRIMARY\\WHOLE BODY\\EMISSION");
    add_text(out, 0x0008, 0x0016, "UI", NM_STORAGE);
    add_text(out, 0x0008, 0x0018, "UI", s->instance_uid);
    add_date(out, 0x0008, 0x0020, s->day);
    add_text(out, 0x0008, 0x0030, "TM", "090000");
    add_text(out, 0x0008, 0x0060, "CS", "NM");
    add_text(out, 0x0008, 0x0070, "LO", "osteon phantom");
    add_text(out, 0x0008, 0x1030, "LO", "Whole Body Bone");
    add_text(out, 0x0008, 0x103e, "LO",
             s->frames > 1 ? "anterior and posterior" : s->views[0]);
    add_text(out, 0x0010, 0x0010, "PN", s->patient);
    add_text(out, 0x0010, 0x0020, "LO", s->patient);
    add_text(out, 0x0010, 0x0030, "DA", "");
    add_text(out, 0x0010, 0x0040, "CS", "");
    add_text(out, 0x0018, 0x0015, "CS", "WHOLEBODY");
    add_number(out, 0x0018, 0x0070, "IS", count_all(s));
    add_text(out, 0x0020, 0x000d, "UI", s->study_uid);
    add_text(out, 0x0020, 0x000e, "UI", s->series_uid);
    add_text(out, 0x0020, 0x0010, "SH", s->study);
    add_number(out, 0x0020, 0x0011, "IS", 1);
    add_number(out, 0x0020, 0x0013, "IS", s->instance);
}

void ost_dicom_encode(const ost_dicom_scan *s, ost_buf *out)
{
    static const unsigned char pointers[] = {
        0x54, 0, 0x10, 0, 0x54, 0, 0x20, 0
    };
    size_t n = (size_t)s->rows * s->columns * s->frames;
    ost_buf spacing = { 0 };

    for (int i = 0; i < 128; i++)
        ost_buf_addc(out, '\0');
    ost_buf_adds(out, "DICM");
    add_meta(out, s);
    add_study(out, s);
    add_us(out, 0x0028, 0x0002, 1);
    add_text(out, 0x0028, 0x0004, "CS", "MONOCHROME2");
    add_number(out, 0x0028, 0x0008, "IS", s->frames);
    add_short(out, 0x0028, 0x0009, "AT", pointers, sizeof(pointers));
    add_us(out, 0x0028, 0x0010, s->rows);
    add_us(out, 0x0028, 0x0011, s->columns);
    ost_buf_addf(&spacing, "%.4f\\%.4f", s->spacing, s->spacing);
    add_text(out, 0x0028, 0x0030, "DS", ost_buf_str(&spacing));
    add_us(out, 0x0028, 0x0100, 16);
    add_us(out, 0x0028, 0x0101, 16);
    add_us(out, 0x0028, 0x0102, 15);
    add_us(out, 0x0028, 0x0103, 0);
    add_vector(out, 0x0054, 0x0010, s->frames, 0);
    add_us(out, 0x0054, 0x0011, 1);
    add_vector(out, 0x0054, 0x0020, s->frames, 1);
    add_us(out, 0x0054, 0x0021, s->frames);
    add_detectors(out, s);
    add_tag(out, 0x7fe0, 0x0010);
    ost_buf_adds(out, "OW");
    add_u16(out, 0);
    add_u32(out, 2 * n);
    for (size_t i = 0; i < n; i++)
        add_u16(out, s->pixels[i]);
    ost_buf_release(&spacing);
}
