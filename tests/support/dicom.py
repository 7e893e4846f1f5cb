"""Small DICOM files for the tests that drive the command."""
import struct

EXPLICIT = "1.2.840.10008.1.2.1"


def element(group, number, vr, value):
    """One element in explicit VR, little endian."""
    if isinstance(value, str):
        value = value.encode()
    if len(value) % 2:
        value += b"\0" if vr in ("UI", "OB") else b" "
    head = struct.pack("<HH2s", group, number, vr.encode())
    if vr in ("OB", "OW", "SQ"):
        return head + struct.pack("<HI", 0, len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def dicom_file(person, patient, study, rows=4, columns=4,
               photometric="MONOCHROME2"):
    """A gray picture of a patient, with a name in a private tag as well."""
    pixels = bytes(i % 251 for i in range(2 * rows * columns))
    us = lambda number, value: element(0x28, number, "US",
                                       struct.pack("<H", value))
    return b"".join([
        bytes(128), b"DICM",
        element(2, 0x10, "UI", EXPLICIT),
        element(8, 0x60, "CS", "OT"),
        element(9, 0x10, "LO", "MAKER"),
        element(9, 0x1001, "LO", person),
        element(0x10, 0x10, "PN", person),
        element(0x10, 0x20, "LO", patient),
        element(0x20, 0x0d, "UI", study),
        element(0x20, 0x0e, "UI", study + ".1"),
        us(2, 1), element(0x28, 4, "CS", photometric),
        us(0x10, rows), us(0x11, columns), us(0x100, 16), us(0x101, 16),
        us(0x102, 15), us(0x103, 0),
        element(0x7fe0, 0x10, "OW", pixels),
    ])
