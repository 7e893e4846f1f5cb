"""What nvcc has put into a library: GPU code by architecture, and what each kernel takes.

A library's section .nv_fatbin holds blocks, one for each source: a header (u32 0xba55ed50, u16 version, u16 its own size,
u64 size of what follows) and entries.  An entry is u16 kind (1: PTX, 2: an ELF file), u16 version, u32 its header's size,
u64 size of its content; at 16: u32 compressed size (0: not compressed), at 28: u32 architecture, 90 for sm_90.  PTX is
compressed, ELF files are not.

An ELF file has for each kernel K the sections .text.K, .nv.shared.K, .nv.constant0.K and .nv.info.K.  The sections .nv.info
are lists of attributes: u8 format, u8 attribute, u16 size or value, and in format 4 as many bytes.
"""
import struct

FATBIN_MAGIC = 0xba55ed50
PTX, ELF = 1, 2
# Attributes, and what their bytes are.
FRAME_SIZE = 0x11      # u32 symbol, u32 bytes
MIN_STACK_SIZE = 0x12  # u32 symbol, u32 bytes
MAX_THREADS = 0x05     # u32 x, y, z
REG_COUNT = 0x2f       # u32 symbol, u32 registers


def text_at(data, at):
    return data[at:data.index(b"\0", at)].decode()


def sections(data):
    """name -> (offset, size, type, link, info) of a 64-bit ELF file; those without bytes too."""
    assert data[:5] == b"\x7fELF\x02", "not a 64-bit ELF file"
    start, = struct.unpack_from("<Q", data, 40)
    size, count, names = struct.unpack_from("<HHH", data, 58)
    rows = [struct.unpack_from("<IIQQQQIIQQ", data, start + i * size)
            for i in range(count)]
    base = rows[names][4]
    return {text_at(data, base + row[0]): (row[4], row[5], row[1], row[6], row[7])
            for row in rows}


def entries(library):
    """(kind, architecture, content, whether compressed) of all GPU code."""
    found = sections(library).get(".nv_fatbin")
    if not found:
        return
    at, end = found[0], found[0] + found[1]
    while at < end:
        magic, _, header, size = struct.unpack_from("<IHHQ", library, at)
        if magic != FATBIN_MAGIC:
            at += 8  # blocks begin at multiples of it
            continue
        entry, at = at + header, at + header + size
        while entry < at:
            kind, _, header, size = struct.unpack_from("<HHIQ", library, entry)
            packed, = struct.unpack_from("<I", library, entry + 16)
            arch, = struct.unpack_from("<I", library, entry + 28)
            content = library[entry + header:entry + header + size]
            yield kind, arch, content, packed != 0
            entry += header + size


def attributes(data, section):
    at, end = section[0], section[0] + section[1]
    while at < end:
        form, name, value = struct.unpack_from("<BBH", data, at)
        at += 4
        size = value if form == 4 else 0
        yield name, data[at:at + size]
        at += size


def symbols(data, found):
    """Names by index."""
    at, size, _, _, _ = found[".symtab"]
    strings = found[".strtab"][0]
    return [text_at(data, strings + struct.unpack_from("<I", data, i)[0])
            for i in range(at, at + size, 24)]


def kernels(data):
    """mangled name -> {registers, stack, shared, constant, threads} of an ELF file of GPU code."""
    found = sections(data)
    names = symbols(data, found)
    known = {}
    for name in found:
        if name.startswith(".text."):
            kernel = name[len(".text."):]
            shared = found.get(f".nv.shared.{kernel}", (0, 0))
            constant = found.get(f".nv.constant0.{kernel}", (0, 0))
            known[kernel] = {"registers": 0, "stack": 0, "shared": shared[1],
                             "constant": constant[1], "threads": 0}
    for name, section in found.items():
        if not name.startswith(".nv.info"):
            continue
        own = name[len(".nv.info."):]
        for attribute, value in attributes(data, section):
            if attribute == MAX_THREADS and own in known:
                x, y, z = struct.unpack("<III", value)
                known[own]["threads"] = x * y * z
            if attribute not in (REG_COUNT, FRAME_SIZE, MIN_STACK_SIZE):
                continue
            symbol, number = struct.unpack("<II", value)
            kernel = known.get(names[symbol])
            if not kernel:
                continue
            what = "registers" if attribute == REG_COUNT else "stack"
            kernel[what] = max(kernel[what], number)
    return known
