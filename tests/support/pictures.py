"""PNG files made with the standard library alone, for tests."""
import random
import struct
import zlib


def chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data +
            struct.pack(">I", zlib.crc32(kind + data)))


def png(seed, size=32, level=6, shape=None):
    """A gray 8-bit picture of blocks and noise; another seed, other pixels.
    `shape` claims another height and width than there is."""
    rng = random.Random(seed)
    blocks = [[rng.randrange(256) for _ in range(4)] for _ in range(4)]
    rows = b"".join(
        b"\0" + bytes(min(255, blocks[y * 4 // size][x * 4 // size] // 2 +
                          rng.randrange(8)) for x in range(size))
        for y in range(size))
    height, width = shape or (size, size)
    return (b"\x89PNG\r\n\x1a\n" +
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0,
                                       0)) +
            chunk(b"IDAT", zlib.compress(rows, level)) + chunk(b"IEND", b""))


def gray_png(rows):
    """A gray 8-bit picture of these rows."""
    return (b"\x89PNG\r\n\x1a\n" +
            chunk(b"IHDR", struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8,
                                       0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(b"".join(
                b"\0" + bytes(row) for row in rows))) + chunk(b"IEND", b""))


def unfiltered(kind, row, above):
    """A row of one-byte pixels as it was before PNG's filter."""
    out = bytearray()
    for i, v in enumerate(row):
        a = out[i - 1] if i else 0
        b, c = above[i], above[i - 1] if i else 0
        p = a + b - c
        near = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))
        out.append((v + (0, a, b, (a + b) // 2, near[2])[kind]) % 256)
    return bytes(out)


def read_gray_png(data):
    """The rows of a gray 8-bit PNG file that is not interlaced."""
    at, packed = 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, height, depth, color = struct.unpack(">IIBB", body[:10])
            if (depth, color) != (8, 0):
                raise ValueError("not a gray 8-bit PNG")
        elif kind == b"IDAT":
            packed += body
        at += size + 12
    raw, rows = zlib.decompress(packed), []
    for y in range(height):
        line = raw[y * (width + 1):(y + 1) * (width + 1)]
        rows.append(unfiltered(line[0], line[1:],
                               rows[-1] if rows else bytes(width)))
    return rows
