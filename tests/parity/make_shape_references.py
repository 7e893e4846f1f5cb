#!/usr/bin/env python3
"""Makes shape_references.json: shapes as Pillow and pycocotools draw them.

    tests/parity/make_shape_references.py > tests/parity/shape_references.json

Needs NumPy and Pillow 9.4 (Debian: python3-numpy, python3-pil), whose
ImageDraw is what LabelMe draws with, and pycocotools for the outlines of COCO
(not in Debian; without it the outlines that are there are kept).  Masks are
hexadecimal, row by row, eight pixels to a byte, highest bit first.

    tests/parity/make_shape_references.py --compare PROGRAM N SEED

draws N random shapes and compares them with what PROGRAM prints for the same
lines on its input: kind, width, height, line width, radius, points.
"""
import json
import math
import pathlib
import random
import subprocess
import sys

import numpy
from PIL import Image, ImageDraw

HERE = pathlib.Path(__file__).resolve().parent
COUNT = {"polygon": 250, "rectangle": 40, "circle": 80, "line": 100}
OUTLINES = 120


def packed(mask):
    return numpy.packbits(mask != 0, axis=None).tobytes().hex()


def points(draw, width, height, n):
    """n points in or around a picture, whole numbers now and then."""
    reach = draw.choice([0, 0.2, 1])
    found = [(draw.uniform(-width * reach, width * (1 + reach)),
              draw.uniform(-height * reach, height * (1 + reach)))
             for _ in range(n)]
    if draw.random() < 0.4:
        found = [(float(int(x)), float(int(y))) for x, y in found]
    return found


def twist(draw, xy):
    """Closed outlines, doubled points and level edges."""
    if draw.random() < 0.2:
        xy.append(xy[0])
    if draw.random() < 0.2:
        i = draw.randrange(len(xy))
        xy.insert(i, xy[i])
    if draw.random() < 0.3:
        i = draw.randrange(len(xy))
        xy[i] = (xy[i][0], xy[i - 1][1])


def shape(draw, kind, longest):
    width, height = draw.randint(1, longest), draw.randint(1, longest)
    image = Image.new("L", (width, height))
    canvas = ImageDraw.Draw(image)
    case = {"kind": kind, "width": width, "height": height}
    if kind == "polygon":
        xy = points(draw, width, height, draw.choice([3, 3, 4, 5, 8, 20]))
        twist(draw, xy)
        canvas.polygon(xy, outline=1, fill=1)
    elif kind == "rectangle":
        xy = points(draw, width, height, 2)
        canvas.rectangle(xy, outline=1, fill=1)
    elif kind == "circle":
        xy = points(draw, width, height, 1)
        (x, y), r = xy[0], draw.choice([0, 0.3, 0.5, 1, 2.5, 5, width / 3])
        case["radius"] = r
        canvas.ellipse([x - r, y - r, x + r, y + r], outline=1, fill=1)
    else:
        xy = points(draw, width, height, draw.choice([2, 2, 3, 5]))
        case["line"] = draw.choice([2, 3, 5, 10, 10])
        canvas.line(xy=xy, fill=1, width=case["line"])
    case["points"] = xy
    case["mask"] = packed(numpy.array(image))
    return case


def outlines(draw):
    try:
        import pycocotools.mask as coco
    except ImportError:
        return [c for c in json.loads(
            (HERE / "shape_references.json").read_text())["shapes"]
            if c["kind"] == "outline"]
    cases = []
    for _ in range(OUTLINES):
        width, height = draw.randint(1, 30), draw.randint(1, 30)
        xy = points(draw, width, height, draw.choice([3, 4, 5, 8, 20]))
        runs = coco.frPyObjects([[v for p in xy for v in p]], height, width)
        cases.append({"kind": "outline", "width": width, "height": height,
                      "points": xy, "mask": packed(coco.decode(runs)[:, :, 0]),
                      "runs": runs[0]["counts"].decode()})
    return cases


def compare(program, count, seed):
    draw = random.Random(seed)
    cases = [shape(draw, draw.choice(list(COUNT)), 60) for _ in range(count)]
    lines = []
    for c in cases:
        xy = " ".join(f"{x!r} {y!r}" for x, y in c["points"])
        lines.append(f"{c['kind']} {c['width']} {c['height']} "
                     f"{c.get('line', 0)} {float(c.get('radius', 0))!r} "
                     f"{len(c['points'])} {xy}\n")
    out = subprocess.run([program], input="".join(lines), text=True,
                         capture_output=True, check=True).stdout.split("\n")
    wrong = [i for i, c in enumerate(cases) if out[i] != c["mask"]]
    for i in wrong[:5]:
        print(lines[i], end="")
    print(f"{len(wrong)} of {count} shapes differ")
    return 1 if wrong else 0


def main():
    if len(sys.argv) == 5 and sys.argv[1] == "--compare":
        return compare(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    draw = random.Random(20260502)
    cases = [shape(draw, kind, 30)
             for kind, n in COUNT.items() for _ in range(n)]
    lines = ",\n".join(json.dumps(c) for c in cases + outlines(draw))
    print('{"shapes": [\n' + lines + "\n]}")
    return 0


if not math.isclose(float(".".join(Image.__version__.split(".")[:2])), 9.4):
    sys.exit(f"Pillow {Image.__version__}, not 9.4")
sys.exit(main())
