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
