#!/usr/bin/env python3
"""Figures of a report: no text over another, colors apart, as stored.

What they show is made by report/make_figures.py: long names, twelve folds, ten
classes.  Texts are measured with the widths of DejaVu Sans, the
widest of the fonts that figures ask for.  Stored pictures
(report/pictures/*.png) are gray and half as large as what 'osteon report
--figures' writes; OSTEON_UPDATE=1 writes them anew.  Fonts and libraries differ
between machines, so pictures are compared by the mean of small blocks; the SVG
that they are made from is compared letter by letter (report/figures.txt holds
digests).
"""
import hashlib
import itertools
import math
import os
import pathlib
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
import zlib

SOURCE = pathlib.Path(os.environ["OSTEON_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests" / "support"))
from pictures import chunk  # noqa: E402

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
CASE = SOURCE / "tests/golden/report"
UPDATE = os.environ.get("OSTEON_UPDATE")
SVG = "{http://www.w3.org/2000/svg}"
STORED = ["flow", "ten-confusion", "two-calibration", "two-precision-recall",
          "two-roc", "two-subgroups"]

# Of the printable ASCII, in hundredths of the size.
WIDTHS = """32 40 46 84 64 95 78 27 39 39 50 84 32 36 32 34 64 64 64 64 64 64 64
64 64 64 34 34 84 84 84 53 100 68 69 70 77 63 58 77 75 29 29 66 56 86 75 79 60 79
69 63 61 73 68 99 69 61 69 39 34 39 84 50 50 61 63 55 63 62 35 63 63 28 28 58 28
97 63 61 63 63 41 52 39 63 59 82 59 59 52 64 34 64 84"""
WIDTHS = [int(w) for w in WIDTHS.split()]

faults = []


def osteon(*args):
    done = subprocess.run([BIN, *args], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"osteon {args[0]}: {done.stderr}")


# --- texts -------------------------------------------------------------------

def text_width(text, size):
    return sum(WIDTHS[ord(c) - 32] if 32 <= ord(c) < 127 else 84
               for c in text) * size / 100


def moved(matrix, transform):
    """A matrix behind the translations and rotations of an attribute."""
    for name, numbers in re.findall(r"(\w+)\(([^)]*)\)", transform or ""):
        v = [float(x) for x in numbers.replace(",", " ").split()]
        if name == "translate":
            step = (1, 0, 0, 1, v[0], v[1] if len(v) > 1 else 0)
        else:
            c, s = math.cos(math.radians(v[0])), math.sin(math.radians(v[0]))
            step = (c, s, -s, c, 0, 0)
        a, b, c, d, e, f = matrix
        matrix = (a * step[0] + c * step[1], b * step[0] + d * step[1],
                  a * step[2] + c * step[3], b * step[2] + d * step[3],
                  a * step[4] + c * step[5] + e, b * step[4] + d * step[5] + f)
    return matrix


def texts(element, matrix=(1, 0, 0, 1, 0, 0)):
    """Text and corners of each <text>: its letters without their descent."""
    matrix = moved(matrix, element.get("transform"))
    if element.tag == SVG + "text":
        classes = element.get("class", "").split()
        size = 15 if "big" in classes else \
            11 if {"tick", "sub"} & set(classes) else 12
        text = "".join(element.itertext())
        width = text_width(text, size)
        x, y = float(element.get("x", 0)), float(element.get("y", 0))
        x -= width / 2 if "mid" in classes else width if "end" in classes else 0
        a, b, c, d, e, f = matrix
        yield text, [(a * u + c * v + e, b * u + d * v + f) for u, v in
                     ((x, y), (x + width, y), (x + width, y - 0.72 * size),
                      (x, y - 0.72 * size))]
    for child in element:
        yield from texts(child, matrix)


def apart(p, q):
    """Whether a line parts two convex shapes."""
    for shape in (p, q):
        for (x0, y0), (x1, y1) in zip(shape, shape[1:] + shape[:1]):
            nx, ny = y1 - y0, x0 - x1
            at = [[x * nx + y * ny for x, y in s] for s in (p, q)]
            if max(at[0]) <= min(at[1]) + 1e-6 or \
                    max(at[1]) <= min(at[0]) + 1e-6:
                return True
    return False


def check_texts(path):
    root = ET.parse(path).getroot()
    width, height = (float(root.get(side)) for side in ("width", "height"))
    found = list(texts(root))
    if not found:
        faults.append(f"{path.name}: no text at all")
    for (one, p), (other, q) in itertools.combinations(found, 2):
        if not apart(p, q):
            faults.append(f"{path.name}: '{one}' lies over '{other}'")
    for text, corners in found:
        for x, y in corners:
            if not (-1 <= x <= width + 1 and -1 <= y <= height + 1):
                faults.append(f"{path.name}: '{text}' leaves the figure")
                break


# --- colors ------------------------------------------------------------------

# Machado, Oliveira and Fernandes 2009: without cones for long, medium, short.
CONES = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no long": ((.152286, 1.052583, -.204868), (.114503, .786281, .099216),
                (-.003882, -.048116, 1.051998)),
    "no medium": ((.367322, .860646, -.227968), (.280085, .672501, .047413),
                  (-.011820, .042940, .968881)),
    "no short": ((1.255528, -.076749, -.178779), (-.078411, .930809, .147602),
                 (.004733, .691367, .303900)),
}


def linear(color):
    for k in (1, 3, 5):
        c = int(color[k:k + 2], 16) / 255
        yield c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4


def lab(rgb):
    x = (.4124 * rgb[0] + .3576 * rgb[1] + .1805 * rgb[2]) / .9505
    y = .2126 * rgb[0] + .7152 * rgb[1] + .0722 * rgb[2]
    z = (.0193 * rgb[0] + .1192 * rgb[1] + .9505 * rgb[2]) / 1.089
    f = [v ** (1 / 3) if v > .008856 else 7.787 * v + 16 / 116
         for v in (x, y, z)]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def luminance(color):
    r, g, b = linear(color)
    return .2126 * r + .7152 * g + .0722 * b


def check_colors():
    header = (SOURCE / "engine/report_color.h").read_text()
    rows = re.findall(r'XX\((\w+), "(#\w+)", "(#\w+)"\)', header)
    for theme in (1, 2):
        colors = {row[0]: row[theme] for row in rows}
        page = luminance(colors["paper"])
        lines = {n: c for n, c in colors.items() if re.fullmatch(r"s\d", n)}
        for name, least in [("ink", 7), ("soft", 4.5), ("accent", 4.5),
                            ("alarm", 4.5)] + [(n, 3) for n in lines]:
            own = luminance(colors[name])
            contrast = (max(own, page) + .05) / (min(own, page) + .05)
            if contrast < least:
                faults.append(f"color {name} of theme {theme}: contrast "
                              f"{contrast:.2f} below {least}")
        for who, m in CONES.items():
            seen = {n: lab([min(1, max(0, sum(a * b for a, b in
                                              zip(row, linear(c)))))
                            for row in m]) for n, c in lines.items()}
            for one, other in itertools.combinations(sorted(seen), 2):
                far = math.dist(seen[one], seen[other])
                if far < 15:
                    faults.append(f"colors {one} and {other} of theme {theme} "
                                  f"are {far:.1f} apart, cones: {who}")


# --- pictures ----------------------------------------------------------------

def read_rgb(path):
    """Width, height and gray rows of an 8-bit PNG with three channels."""
    data = path.read_bytes()
    at, packed = 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IHDR":
            width, height = struct.unpack(">II", data[at + 8:at + 16])
            channels = {0: 1, 2: 3, 6: 4}[data[at + 17]]
        elif kind == b"IDAT":
            packed += data[at + 8:at + 8 + size]
        at += 12 + size
    raw, rows = zlib.decompress(packed), []
    stride = width * channels
    above = bytearray(stride)
    for y in range(height):
        start = y * (stride + 1)
        row = bytearray(raw[start + 1:start + 1 + stride])
        unfilter(raw[start], row, above, channels)
        above = row
        rows.append(row if channels == 1 else
                    [(row[x] + row[x + 1] + row[x + 2]) // 3
                     for x in range(0, stride, channels)])
    return width, height, rows


def unfilter(kind, row, above, n):
    for i in range(len(row)):
        left = row[i - n] if i >= n else 0
        corner = above[i - n] if i >= n else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = above[i]
        elif kind == 3:
            guess = (left + above[i]) // 2
        elif kind == 4:
            p = left + above[i] - corner
            a, b, c = abs(p - left), abs(p - above[i]), abs(p - corner)
            guess = left if a <= b and a <= c else above[i] if b <= c else corner
        else:
            return
        row[i] = (row[i] + guess) & 255


def write_gray(width, height, rows):
    return (b"\x89PNG\r\n\x1a\n" +
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0,
                                       0)) +
            chunk(b"IDAT", zlib.compress(b"".join(b"\0" + r for r in rows),
                                         9)) + chunk(b"IEND", b""))


def halved(width, height, rows):
    return width // 2, height // 2, [
        bytes((rows[y][x] + rows[y][x + 1] + rows[y + 1][x]
               + rows[y + 1][x + 1]) // 4 for x in range(0, width - 1, 2))
        for y in range(0, height - 1, 2)]


def blocks(width, height, rows, side=16):
    return [sum(sum(rows[y][x:x + side]) for y in range(top, top + side))
            / side ** 2
            for top in range(0, height - side + 1, side)
            for x in range(0, width - side + 1, side)]


def check_picture(name):
    stored = CASE / "pictures" / f"{name}.png"
    picture = halved(*read_rgb(pathlib.Path("figures") / f"{name}.png"))
    if UPDATE:
        stored.parent.mkdir(exist_ok=True)
        stored.write_bytes(write_gray(*picture))
    before = read_rgb(stored)
    if before[:2] != picture[:2]:
        faults.append(f"{name}.png: {picture[:2]} pixels, not {before[:2]}")
        return
    differ = [abs(a - b) for a, b in zip(blocks(*before), blocks(*picture))]
    # A stored picture without one of its curves differs in far more blocks.
    far = sum(d > 20 for d in differ) / len(differ)
    if far > 0.03 or sum(differ) / len(differ) > 3:
        faults.append(f"{name}.png: {100 * far:.1f} % of it looks different")


def check_digests(svgs):
    """The SVG itself is the same on every machine, where it tells no times."""
    svgs = [p for p in svgs if p.stem != "workflow"]
    lines = "".join(f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n"
                    for p in svgs)
    stored = CASE / "figures.txt"
    if UPDATE:
        stored.write_text(lines)
    for line in set(lines.splitlines()) - set(stored.read_text().splitlines()):
        faults.append(f"{line.split()[1]}: not as stored")


def main():
    subprocess.run([sys.executable, CASE / "make_figures.py"], check=True)
    osteon("run", "figures.json", "--store", "store", "--quiet")
    osteon("report", "--store", "store", "--figures", "figures")
    svgs = sorted(pathlib.Path("figures").glob("*.svg"))
    for path in svgs:
        check_texts(path)
    check_colors()
    check_digests(svgs)
    if list(pathlib.Path("figures").glob("*.png")):
        for name in STORED:
            check_picture(name)
    else:
        print("no librsvg: pictures were not compared")
    print("\n".join(faults))
    return 1 if faults else 0


sys.exit(main())
