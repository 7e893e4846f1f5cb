#!/usr/bin/env python3
"""Makes mask_references.json: what OpenCV computes of masks and levels.

    tests/parity/make_mask_references.py > tests/parity/mask_references.json

Needs OpenCV (Debian: python3-opencv).  Images are hexadecimal, row by row;
masks are packed eight pixels to a byte, highest bit first.  With OSTEON_SHARED
in the environment the masks of real images are added, by digest: the images
themselves stay where they are.
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
SHAPES = {"rect": cv2.MORPH_RECT, "ellipse": cv2.MORPH_ELLIPSE,
          "cross": cv2.MORPH_CROSS}
CHANGES = {"erode": cv2.MORPH_ERODE, "dilate": cv2.MORPH_DILATE,
           "open": cv2.MORPH_OPEN, "close": cv2.MORPH_CLOSE,
           "gradient": cv2.MORPH_GRADIENT, "tophat": cv2.MORPH_TOPHAT,
           "blackhat": cv2.MORPH_BLACKHAT}
random = numpy.random.default_rng(20240601)


def hexed(array):
    return numpy.ascontiguousarray(array).tobytes().hex()


def packed(mask):
    return hexed(numpy.packbits(mask > 0))


def digest(array):
    return hashlib.sha256(numpy.ascontiguousarray(array).tobytes()).hexdigest()


def blobs(height, width, share, smooth):
    noise = random.random((height, width)).astype(numpy.float32)
    if smooth:
        noise = cv2.GaussianBlur(noise, (0, 0), smooth)
    return (noise > numpy.quantile(noise, 1 - share)).astype(numpy.uint8) * 255


def components(mask, connectivity):
    """Wu's algorithm numbers in raster order of first pixels."""
    count, labels, stats, centers = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask, connectivity, cv2.CV_32S, cv2.CCL_WU)
    return labels, [
        [int(v) for v in stats[i]] + [float(v) for v in centers[i]]
        for i in range(1, count)]


def components_case(i):
    height, width = (int(v) for v in random.integers(1, 40, 2))
    if i % 5 == 4:
        width = int(random.integers(60, 200))
    mask = blobs(height, width, float(random.uniform(0.1, 0.8)), i % 3 * 0.8)
    connectivity = 8 if i % 2 == 0 else 4
    labels, found = components(mask, connectivity)
    return {"height": height, "width": width, "connectivity": connectivity,
            "mask": packed(mask), "components": found,
            "labels": digest(labels.astype("<i4"))}


def otsu(image):
    return float(cv2.threshold(image, 0, 255, cv2.THRESH_OTSU)[0])


def otsu_case(i):
    height, width = (int(v) for v in random.integers(1, 24, 2))
    deep = i % 2 == 1
    most = 65536 if deep else 256
    kind = i % 6 // 2
    if kind == 0:
        image = random.integers(0, most, (height, width))
    elif kind == 1:  # few levels: many thresholds are equally good
        image = random.choice(random.integers(0, most, 3), (height, width))
    else:
        two = random.normal(0.3, 0.08, (height, width))
        far = random.random((height, width)) < 0.3
        image = numpy.clip(two + 0.4 * far, 0, 1) * (most - 1)
    image = image.astype("<u2" if deep else "u1")
    return {"height": height, "width": width, "bytes": 2 if deep else 1,
            "image": hexed(image), "level": otsu(image)}


def morphology_case(i):
    height, width = (int(v) for v in random.integers(1, 30, 2))
    kinds = ["mask", "u8", "u16"]
    kind = kinds[i % 3]
    if kind == "mask":
        image = blobs(height, width, 0.5, 1.0)
    else:
        most, of = (256, "u1") if kind == "u8" else (65536, "<u2")
        image = random.integers(0, most, (height, width)).astype(of)
    shape = list(SHAPES)[i // 3 % 3]
    change = list(CHANGES)[i % 7]
    size = int(random.choice([1, 3, 3, 5, 7, 11, 17]))
    iterations = int(random.choice([1, 1, 2, 3]))
    kernel = cv2.getStructuringElement(SHAPES[shape], (size, size))
    made = cv2.morphologyEx(image, CHANGES[change], kernel,
                            iterations=iterations)
    return {"height": height, "width": width, "bytes": image.itemsize,
            "shape": shape, "change": change, "size": size,
            "iterations": iterations, "image": hexed(image),
            "made": hexed(made)}


def real_case(path, image):
    """The steps before a region is cut out, each after the other."""
    level = otsu(image)
    mask = (image > level).astype(numpy.uint8) * 255
    labels, found = components(mask, 8)
    largest = max(range(len(found)), key=lambda k: (found[k][4], -k)) + 1
    kept = (labels == largest).astype(numpy.uint8) * 255
    box = numpy.ones((3, 3), numpy.uint8)
    closed = cv2.morphologyEx(cv2.morphologyEx(kept, cv2.MORPH_OPEN, box),
                              cv2.MORPH_CLOSE, box)
    padded = cv2.copyMakeBorder(closed, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(padded, None, (0, 0), 77, flags=4)
    filled = numpy.where(padded[1:-1, 1:-1] == 77, 0, 255).astype(numpy.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    return {"path": str(path), "pixels": digest(image), "level": level,
            "components": len(found), "labels": digest(labels.astype("<i4")),
            "labels_4": digest(components(mask, 4)[0].astype("<i4")),
            "filled": digest(filled),
            "tophat": digest(cv2.morphologyEx(image, cv2.MORPH_TOPHAT, disc)),
            "eroded": digest(cv2.erode(image, numpy.ones((15, 15), numpy.uint8)))}


def real_cases(shared):
    cases = []
    for name in SETS:
        folder = pathlib.Path("data") / name
        with open(shared / folder / "manifest.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows[::len(rows) // 6][:6]:
            path = folder / row["path"]
            image = cv2.imread(str(shared / path), cv2.IMREAD_GRAYSCALE)
            cases.append(real_case(path, image))
    return cases


def main():
    shared = os.environ.get("OSTEON_SHARED")
    groups = {"components": [components_case(i) for i in range(40)],
              "otsu": [otsu_case(i) for i in range(60)],
              "morphology": [morphology_case(i) for i in range(126)],
              "real": real_cases(pathlib.Path(shared)) if shared else []}
    print("{")
    print(f'"opencv": "{cv2.__version__}",')
    for i, (name, cases) in enumerate(groups.items()):
        lines = ",\n".join(json.dumps(c) for c in cases)
        print(f'"{name}": [\n{lines}\n]' + ("," if i < len(groups) - 1 else ""))
    print("}")


sys.exit(main())
