#!/usr/bin/env python3
"""Makes draw_references.txt: what philox.py draws, for test_draws.c.

Lines: KIND A B C = VALUE..., numbers of 64 bits in hexadecimal, real ones as
their bits: "u64 KEY STREAM 0", "f64 KEY STREAM 0", "normal KEY STREAM 0", first
numbers of a stream; "draw KEY STEP PASS".
"""
import struct

import environment

environment.enter()

import philox

STREAMS = [(0, 0), (1, 2), (0x0123456789ABCDEF, 0xFEDCBA9876543210),
           (2 ** 64 - 1, 2 ** 64 - 1)]
COUNT = 12


def bits(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def line(kind, names, values):
    words = [f"{v:x}" for v in values]
    return " ".join([kind, *(f"{n:x}" for n in names), "=", *words])


def main():
    lines = []
    for key, stream in STREAMS:
        for kind in "u64", "f64", "normal":
            rng = philox.Rng(key, stream)
            values = [getattr(rng, kind)() for _ in range(COUNT)]
            if kind != "u64":
                values = [bits(v) for v in values]
            lines.append(line(kind, (key, stream, 0), values))
    for key, step, number in (7, 0, 0), (7, 0, 1), (7, 1, 0), (2**63, 2000, 63):
        lines.append(line("draw", (key, step, number),
                          [philox.gan_draw(key, step, number)]))
    file = environment.HERE / "draw_references.txt"
    file.write_text("\n".join(lines) + "\n")


main()
