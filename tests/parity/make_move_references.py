#!/usr/bin/env python3
"""Makes move_references.json: small images moved and blurred by OpenCV.

    tests/parity/make_move_references.py > tests/parity/move_references.json

Needs OpenCV (Debian: python3-opencv).  Images are hexadecimal, row by row.
With OSTEON_SHARED in the environment real images are added, by digest: the
images themselves stay where they are.
"""
import hashlib
import json
import os
import pathlib
import sys

import cv2
import numpy

REAL = ["01_classify_mednist", "02_classify_nih_cxr", "04_classify_mri_brain"]
BORDERS = {"constant": cv2.BORDER_CONSTANT, "edge": cv2.BORDER_REPLICATE}
METHODS = {"linear": cv2.INTER_LINEAR, "nearest": cv2.INTER_NEAREST}
random = numpy.random.default_rng(20240502)


def picture(kind, height, width, channels=1):
    """Noise, smoothed noise, or two levels."""
    shape = (height, width, channels) if channels > 1 else (height, width)
    image = random.integers(0, 256, shape).astype(numpy.uint8)
    if kind == 1:
        image = cv2.GaussianBlur(image, (0, 0), 1.5).reshape(shape)
    return (image > 127).astype(numpy.uint8) * 255 if kind == 2 else image


def hexed(array):
    return numpy.ascontiguousarray(array).tobytes().hex()


def digest(array):
    return hashlib.sha256(numpy.ascontiguousarray(array).tobytes()).hexdigest()


def typed(image, i):
    """The image as u8, u16 or f32, each as large as its type allows."""
    if i % 3 == 1:
        return image.astype(numpy.uint16) * 257 - image // 2
    return image.astype(numpy.float32) / 32 - 4 if i % 3 == 2 else image


def warp_case(i):
    """Turned, scaled, sheared, shifted; quarter turns; images of a pixel."""
    side = 2 if i % 7 == 6 else 70 if i % 7 == 5 else 16
    height, width, to_height, to_width = (
        int(v) for v in random.integers(1, side, 4))
    channels = 3 if i % 5 == 4 else 1
    image = picture(i % 3, height, width, channels)
    image = typed(image, i // 2 if side < 70 else 0)
    angle = numpy.deg2rad(random.uniform(-180, 180))
    if i % 8 == 7:
        angle = numpy.deg2rad(90 * (i // 8 % 4))
    zoom = random.uniform(0.6, 1.6)
    c, s = (round(float(v) / zoom, 12) for v in (numpy.cos(angle),
                                                  numpy.sin(angle)))
    x, y = (round(float(v), 6) for v in random.uniform(-0.2, 1, 2) * side)
    shear = float(round(random.uniform(-0.2, 0.2), 3)) if i % 3 == 0 else 0.0
    matrix = numpy.array([[c, -s + shear, x], [s, c, y]])
    border, fill = list(BORDERS)[i % 2], float(random.integers(0, 256))
    case = {"height": height, "width": width, "channels": channels,
            "to_height": to_height, "to_width": to_width, "map":
            matrix.ravel().tolist(), "border": border, "fill": fill,
            "type": image.dtype.name, "image": hexed(image)}
    for name, method in METHODS.items():
        case[name] = hexed(cv2.warpAffine(
            image, matrix, (to_width, to_height),
            flags=method | cv2.WARP_INVERSE_MAP, borderMode=BORDERS[border],
            borderValue=(fill,) * 4))
    return case


def blur_case(i):
    height, width = (int(v) for v in random.integers(1, 40 if i % 4 == 1 else 9, 2))
    channels = 3 if i % 5 == 4 else 1
    image = picture(i % 3, height, width, channels)
    if i % 4 == 3:
        image = typed(image, 1)
    size = 0 if i % 2 else int(2 * random.integers(1, 8) + 1)
    sigma = round(float(random.uniform(0.2, 5)), 3)
    if i == 0:
        size, sigma = 5, 1.4
    blurred = cv2.GaussianBlur(image, (size, size), sigma,
                               borderType=cv2.BORDER_REPLICATE)
    return {"height": height, "width": width, "channels": channels,
            "type": image.dtype.name, "sigma": sigma, "size": size,
            "image": hexed(image), "blurred": hexed(blurred)}


def real_cases(shared):
    """Turned about the middle, and blurred as the detector of edges wants."""
    for name in REAL:
        folder = shared / "data" / name
        paths = sorted(p for p in folder.rglob("*")
                       if p.suffix.lower() in (".png", ".jpg", ".jpeg"))
        for i, path in enumerate(paths[::len(paths) // 4][:4]):
            image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            height, width = image.shape
            angle = (7, 90, -33.5, 180)[i]
            c, s = (round(float(f(numpy.deg2rad(angle))), 12)
                    for f in (numpy.cos, numpy.sin))
            x, y = (width - 1) / 2, (height - 1) / 2
            matrix = numpy.array([[c, -s, x - c * x + s * y],
                                  [s, c, y - s * x - c * y]])
            yield {"path": str(path.relative_to(shared)),
                   "pixels": digest(image), "map": matrix.ravel().tolist(),
                   "moved": digest(cv2.warpAffine(
                       image, matrix, (width, height),
                       flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)),
                   "blurred": digest(cv2.GaussianBlur(
                       image, (5, 5), 1.4, borderType=cv2.BORDER_REPLICATE))}


def main():
    shared = os.environ.get("OSTEON_SHARED")
    groups = {"warp": [warp_case(i) for i in range(60)],
              "blur": [blur_case(i) for i in range(40)],
              "real": list(real_cases(pathlib.Path(shared))) if shared else []}
    print("{")
    print(f'"opencv": "{cv2.__version__}",')
    for i, (name, cases) in enumerate(groups.items()):
        lines = ",\n".join(json.dumps(c) for c in cases)
        print(f'"{name}": [\n{lines}\n]' + ("," if i < len(groups) - 1 else ""))
    print("}")


sys.exit(main())
