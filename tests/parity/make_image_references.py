#!/usr/bin/env python3
"""Makes image_references.json: what OpenCV computes for small images.

    tests/parity/make_image_references.py > tests/parity/image_references.json

Needs OpenCV (Debian: python3-opencv).  Images, edges and resized images are
hexadecimal, row by row; edges are packed eight pixels to a byte, highest bit
first.  With OSTEON_SHARED in the environment what is exact of real images is
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
METHODS = {"linear": cv2.INTER_LINEAR, "nearest": cv2.INTER_NEAREST,
           "area": cv2.INTER_AREA, "cubic": cv2.INTER_CUBIC}
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


def digest(array):
    return hashlib.sha256(numpy.ascontiguousarray(array).tobytes()).hexdigest()


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
            **{name: hexed(cv2.resize(image, size, interpolation=method))
               for name, method in METHODS.items()}}


def clahe(image, limit, rows, columns):
    return cv2.createCLAHE(limit, (columns, rows)).apply(image)


def clahe_case(i):
    height, width = (int(v) for v in random.integers(1, 40, 2))
    rows, columns = (int(v) for v in random.integers(1, 9, 2))
    limit = float(random.choice([0, 0.5, 2, 4, 40]))
    image = picture(i % 3, height, width)
    deep = i % 5 == 4
    if deep:
        image = image.astype("<u2") * 257 + random.integers(
            0, 256, image.shape).astype("<u2")
        image = image.astype("<u2")
    return {"height": height, "width": width, "bytes": image.itemsize,
            "limit": limit, "rows": rows, "columns": columns,
            "image": hexed(image), "equalized": hexed(
                clahe(image, limit, rows, columns))}


def real_size_case(path, image):
    """What is exact, by digest."""
    small, large = (61, 47), (image.shape[1] + 37, image.shape[0] + 21)
    found = {"smaller": cv2.resize(image, small),
             "larger": cv2.resize(image, large),
             "nearest": cv2.resize(image, small,
                                   interpolation=cv2.INTER_NEAREST),
             "equalized": clahe(image, 2, 8, 8)}
    return {"path": str(path), "pixels": digest(image),
            **{name: digest(made) for name, made in found.items()}}


def real_images(shared):
    for name in SETS:
        folder = pathlib.Path("data") / name
        with open(shared / folder / "manifest.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows[::len(rows) // 4][:4]:
            path = folder / row["path"]
            yield path, cv2.imread(str(shared / path), cv2.IMREAD_GRAYSCALE)


def real_cases(shared):
    cases = []
    for path, image in real_images(shared):
        for aperture, (low, high) in THRESHOLDS.items():
            for l2 in (False, True):
                found = edges(image, aperture, l2, low, high)
                cases.append({
                    "path": str(path), "aperture": aperture, "l2": l2,
                    "low": low, "high": high,
                    "pixels": digest(image),
                    "edges": digest(found)})
    return cases


def main():
    shared = os.environ.get("OSTEON_SHARED")
    shared = shared and pathlib.Path(shared)
    groups = {"canny": [canny_case(i) for i in range(48)],
              "resize": [resize_case(i) for i in range(40)],
              "real": real_cases(shared) if shared else [],
              "clahe": [clahe_case(i) for i in range(40)],
              "real_sizes": [real_size_case(*of) for of in real_images(shared)]
                            if shared else []}
    print("{")
    print(f'"opencv": "{cv2.__version__}",')
    for i, (name, cases) in enumerate(groups.items()):
        lines = ",\n".join(json.dumps(c) for c in cases)
        print(f'"{name}": [\n{lines}\n]' + ("," if i < len(groups) - 1 else ""))
    print("}")


sys.exit(main())
