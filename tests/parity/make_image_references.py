#!/usr/bin/env python3
"""Makes image_references.json: what OpenCV computes for small images.

    tests/parity/make_image_references.py > tests/parity/image_references.json

Needs OpenCV (Debian: python3-opencv).  Images, edges and resized images are
hexadecimal, row by row; edges are packed eight pixels to a byte, highest bit
first.  With OSTEON_SHARED in the environment the edges of real images are
added, by digest: the images themselves stay where they are.
"""
import csv
import hashlib
import json
import os
import pathlib
import sys

import cv2
import numpy

SETS = ["01_classify_mednist", "02_classify_nih_cxr", "03_timeseries_cxr",
        "04_classify_mri_brain"]
THRESHOLDS = {3: (100, 200), 5: (800, 1600), 7: (9000, 18000)}
random = numpy.random.default_rng(20240501)


def picture(kind, height, width, channels=1):
    """Noise, smoothed noise, two levels, or a disc on a slope."""
    shape = (height, width, channels) if channels > 1 else (height, width)
    image = random.integers(0, 256, shape).astype(numpy.uint8)
    if kind == 1:
        image = cv2.GaussianBlur(image, (0, 0), 1.5).reshape(shape)
    elif kind == 2:
        image = (image > 127).astype(numpy.uint8) * 255
    elif kind == 3:
        y, x = numpy.mgrid[:height, :width]
        disc = (x - width / 2) ** 2 + (y - height / 3) ** 2 < height * width / 9
        image = (image // 16 + 2 * x % 100 + 120 * disc).astype(numpy.uint8)
    return image


def hexed(array):
    return numpy.ascontiguousarray(array).tobytes().hex()


def edges(image, aperture, l2, low, high):
    return cv2.Canny(image, low, high, apertureSize=aperture, L2gradient=l2)


def canny_case(i):
    height, width = (int(v) for v in random.integers(1, 34, 2))
    channels = 3 if i % 8 == 7 else 1
    kind = 3 if channels == 1 and i % 4 == 3 else i % 3
    image = picture(kind, height, width, channels)
    aperture, l2 = 3 + 2 * (i % 3), bool(i // 3 % 2)
    factor = THRESHOLDS[aperture][0] / 100
    low, high = (round(float(v) * factor, 1) for v in random.uniform(-20, 300, 2))
    found = edges(image, aperture, l2, low, high)
    return {"height": height, "width": width, "channels": channels,
            "aperture": aperture, "l2": l2, "low": low, "high": high,
            "image": hexed(image), "edges": hexed(numpy.packbits(found > 0))}


def resize_case(i):
    height, width, to_height, to_width = (int(v) for v in random.integers(1, 24, 4))
    channels = 3 if i % 5 == 4 else 1
    image = picture(i % 3, height, width, channels)
    size = (to_width, to_height)
    return {"height": height, "width": width, "channels": channels,
            "to_height": to_height, "to_width": to_width, "image": hexed(image),
            "linear": hexed(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)),
            "nearest": hexed(cv2.resize(image, size,
                                        interpolation=cv2.INTER_NEAREST))}


def real_cases(shared):
    cases = []
    for name in SETS:
        folder = pathlib.Path("data") / name
        with open(shared / folder / "manifest.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows[::len(rows) // 4][:4]:
            path = folder / row["path"]
            image = cv2.imread(str(shared / path), cv2.IMREAD_GRAYSCALE)
            for aperture, (low, high) in THRESHOLDS.items():
                for l2 in (False, True):
                    found = edges(image, aperture, l2, low, high)
                    cases.append({
                        "path": str(path), "aperture": aperture, "l2": l2,
                        "low": low, "high": high,
                        "pixels": hashlib.sha256(image.tobytes()).hexdigest(),
                        "edges": hashlib.sha256(found.tobytes()).hexdigest()})
    return cases


def main():
    shared = os.environ.get("OSTEON_SHARED")
    groups = {"canny": [canny_case(i) for i in range(48)],
              "resize": [resize_case(i) for i in range(40)],
              "real": real_cases(pathlib.Path(shared)) if shared else []}
    print("{")
    print(f'"opencv": "{cv2.__version__}",')
    for i, (name, cases) in enumerate(groups.items()):
        lines = ",\n".join(json.dumps(c) for c in cases)
        print(f'"{name}": [\n{lines}\n]' + ("," if i < 2 else ""))
    print("}")


sys.exit(main())
