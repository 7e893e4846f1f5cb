#!/usr/bin/env python3
"""Canny on one thread, ours beside OpenCV's, by turns in the same run.

    bench_canny.py BENCH_CANNY [IMAGE...]

BENCH_CANNY is the program that bench_canny.c makes.  Without images, smooth
random ones of several sizes are taken.  One JSON line a case: seconds per
image of both (median of the rounds), their ratio, and whether the edges are
the same.  A ratio of 1 or less is what is wanted.
"""
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import cv2
import numpy

ROUNDS = 31
THRESHOLDS = {3: (100, 200), 5: (800, 1600), 7: (9000, 18000)}


def images(paths):
    for path in paths:
        yield pathlib.Path(path).name, cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    random = numpy.random.default_rng(1)
    for side in () if paths else (128, 512, 1024, 2048):
        noise = random.integers(0, 256, (side, side)).astype(numpy.uint8)
        smooth = cv2.GaussianBlur(noise, (0, 0), 3).astype(float)
        image = numpy.clip((smooth - 127) * 8 + 127, 0, 255)
        yield f"smooth {side}", image.astype(numpy.uint8)


def compare(program, name, image, aperture, l2, folder):
    low, high = THRESHOLDS[aperture]
    pixels = pathlib.Path(folder) / "pixels"
    pixels.write_bytes(image.tobytes())
    ours = subprocess.Popen(
        [program, pixels, *map(str, image.shape), str(aperture), str(int(l2)),
         str(low), str(high)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    calls = max(1, 2_000_000 // image.size)
    edges = numpy.empty_like(image)
    mine, peer = [], []
    for _ in range(ROUNDS):
        ours.stdin.write(f"{calls}\n")
        ours.stdin.flush()
        mine.append(float(ours.stdout.readline()) / calls)
        start = time.perf_counter()
        for _ in range(calls):
            cv2.Canny(image, low, high, edges, aperture, l2)
        peer.append((time.perf_counter() - start) / calls)
    ours.stdin.close()
    ours.wait()
    same = pathlib.Path(f"{pixels}.edges").read_bytes() == edges.tobytes()
    mine, peer = statistics.median(mine), statistics.median(peer)
    return {"bench": "canny", "image": name, "height": image.shape[0],
            "width": image.shape[1], "aperture": aperture, "l2": l2,
            "seconds": mine, "opencv_seconds": peer, "ratio": mine / peer,
            "same_edges": same}


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    cv2.setNumThreads(1)
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        for name, image in images(sys.argv[2:]):
            for aperture in THRESHOLDS:
                for l2 in (False, True):
                    row = compare(sys.argv[1], name, image, aperture, l2, folder)
                    ratios.append(row["ratio"])
                    print(json.dumps(row), flush=True)
    print(json.dumps({"bench": "canny", "opencv": cv2.__version__,
                      "median_ratio": statistics.median(ratios),
                      "worst_ratio": max(ratios)}))


main()
