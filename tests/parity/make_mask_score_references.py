#!/usr/bin/env python3
"""Makes mask_score_references.json: masks side by side, by SciPy and NumPy.

    tests/parity/make_mask_score_references.py \\
        > tests/parity/mask_score_references.json

Needs NumPy and SciPy (Debian: python3-numpy, python3-scipy).  Outlines are what
binary_erosion with a cross takes away (MONAI's get_mask_edges, MedPy's
__surface_distances), distances come from distance_transform_edt.  The Hausdorff
distances are MONAI's: the larger of the two directed percentiles.  The surface
Dice counts outline pixels, as MONAI's does.  Masks are hexadecimal, row by row,
eight pixels to a byte, highest bit first.
"""
import json

import numpy as np
from scipy import ndimage

CASES = 150
WITH_DISTANCES = 12


def blobs(rng, height, width):
    kind = rng.integers(0, 5)
    if kind == 0:
        return rng.random((height, width)) < rng.choice([0.02, 0.3, 0.8])
    mask = np.zeros((height, width), bool)
    for _ in range(kind if kind < 4 else 0):
        y, x = rng.integers(0, height), rng.integers(0, width)
        r = rng.integers(1, 5)
        mask[max(0, y - r):y + r, max(0, x - r):x + r] = True
    return mask


def outline(mask):
    return mask ^ ndimage.binary_erosion(mask)


def distances(start, to, spacing):
    if not to.any():
        return np.full(int(start.sum()), np.inf)
    return ndimage.distance_transform_edt(~to, sampling=spacing)[start]


def finite(v):
    return float(v) if np.isfinite(v) else None


def lesions(mask, other):
    labels, n = ndimage.label(mask, np.ones((3, 3)))
    return n, sum(bool(other[labels == i].any()) for i in range(1, n + 1))


def scores(a, b, spacing, tolerance):
    ea, eb = outline(a), outline(b)
    forth, back = distances(ea, eb, spacing), distances(eb, ea, spacing)
    size, both = int(a.sum() + b.sum()), int((a & b).sum())
    hd = {}
    for name, q in (("hd95", 95), ("hd", 100)):
        if len(forth) and len(back):
            hd[name] = finite(max(np.percentile(forth, q),
                                  np.percentile(back, q)))
        else:
            hd[name] = None
    near = int((forth <= tolerance).sum() + (back <= tolerance).sum())
    na, meta = lesions(a, b)
    nb, metb = lesions(b, a)
    return {"dice": 2 * both / size if size else None,
            "iou": both / (size - both) if size else None, **hd,
            "surface_dice": near / (len(forth) + len(back)) if size else None,
            "lesions": [na, nb], "met": [meta, metb]}


def packed(mask):
    return np.packbits(mask).tobytes().hex()


def case(rng, with_distances):
    height, width = (int(v) for v in rng.integers(1, 22, 2))
    spacing = [float(v) for v in
               (rng.choice([[1, 1], [0.5, 2.25], [1.7, 0.3]]))]
    tolerance = float(rng.choice([0, 1, 2.5]))
    a, b = blobs(rng, height, width), blobs(rng, height, width)
    if rng.random() < 0.4:
        b = a ^ (rng.random((height, width)) < 0.05)
    out = {"size": [height, width], "spacing": spacing,
           "tolerance": tolerance, "a": packed(a), "b": packed(b),
           "outline": packed(outline(a)), **scores(a, b, spacing, tolerance)}
    if with_distances and a.any():
        out["distances"] = [float(v) for v in ndimage.distance_transform_edt(
            ~a, sampling=spacing).ravel()]
    return out


def main():
    rng = np.random.default_rng(4)
    rows = [case(rng, i < WITH_DISTANCES) for i in range(CASES)]
    print("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]")


main()
