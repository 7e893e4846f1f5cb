#!/usr/bin/env python3
"""Steps on real images, from the folder to the exported files, beside OpenCV.

Edges, thresholds, masks, equalized and linearly resized images are the same;
areas and cubic curves are within one gray level.  Needs OpenCV (Debian:
python3-opencv) and the sample data; skipped where one of them is missing.
"""
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys

try:
    import cv2
    import numpy
except ImportError:
    debian = "/usr/bin/python3"
    if os.path.exists(debian) and "OSTEON_OTHER_PYTHON" not in os.environ:
        os.environ["OSTEON_OTHER_PYTHON"] = "1"
        os.execv(debian, [debian, *sys.argv])
    print("no OpenCV for Python (python3-opencv)")
    sys.exit(77)

BIN = pathlib.Path(os.environ["OSTEON_BIN"])
SHARED = pathlib.Path(os.environ["OSTEON_SHARED"]) / "data"
SETS = {"01_classify_mednist": 6, "02_classify_nih_cxr": 3,
        "03_timeseries_cxr": 3, "04_classify_mri_brain": 3}

STEPS = {
    "edges": {"stage": "canny", "with": {"low": 60, "high": 150}},
    "edges5": {"stage": "canny",
               "with": {"low": 900, "high": 1900, "aperture": 5, "l2": True}},
    "linear": {"stage": "resize", "with": {"size": [200, 190],
                                           "method": "linear"}},
    "nearest": {"stage": "resize", "with": {"size": [101, 190],
                                            "method": "nearest"}},
    "area": {"stage": "resize", "with": {"size": [61, 50], "method": "area"}},
    "half": {"stage": "resize", "with": {"size": [32, 32], "method": "area"}},
    "cubic": {"stage": "resize", "with": {"size": [77, 300],
                                          "method": "bicubic"}},
    "clahe": {"stage": "normalize", "with": {"method": "clahe", "type": "u8",
                                             "clip_limit": 3,
                                             "tiles": [5, 7]}},
    "closed": {"stage": "morphology",
               "with": {"steps": ["close"], "shape": "ellipse", "size": 11,
                        "field": "image"}},
    "binary": {"stage": "threshold", "with": {"method": "otsu",
                                              "to": "image"}},
    "region": {"stage": "morphology", "in": "binary",
               "with": {"steps": ["largest", "open", "close", "fill_holes"],
                        "field": "image"}},
}


def largest(mask):
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask, 8, cv2.CV_32S, cv2.CCL_WU)
    best = 1 + max(range(len(stats) - 1),
                   key=lambda k: (stats[k + 1][cv2.CC_STAT_AREA], -k))
    return (labels == best).astype(numpy.uint8) * 255


def filled(mask):
    around = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(around, None, (0, 0), 77, flags=4)
    return numpy.where(around[1:-1, 1:-1] == 77, 0, 255).astype(numpy.uint8)


def expected(image):
    """By step: what OpenCV makes, and by how many levels we may differ."""
    square = numpy.ones((3, 3), numpy.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11))
    binary = cv2.threshold(image, 0, 255, cv2.THRESH_OTSU)[1]
    region = cv2.morphologyEx(largest(binary), cv2.MORPH_OPEN, square)
    region = filled(cv2.morphologyEx(region, cv2.MORPH_CLOSE, square))

    def sized(height, width, method):
        return cv2.resize(image, (width, height), interpolation=method)

    return {
        "edges": (cv2.Canny(image, 60, 150), 0),
        "edges5": (cv2.Canny(image, 900, 1900, apertureSize=5,
                             L2gradient=True), 0),
        "linear": (sized(200, 190, cv2.INTER_LINEAR), 0),
        "nearest": (sized(101, 190, cv2.INTER_NEAREST), 0),
        "area": (sized(61, 50, cv2.INTER_AREA), 1),
        "half": (sized(32, 32, cv2.INTER_AREA), 1),
        "cubic": (sized(77, 300, cv2.INTER_CUBIC), 1),
        "clahe": (cv2.createCLAHE(3, (7, 5)).apply(image), 0),
        "closed": (cv2.morphologyEx(image, cv2.MORPH_CLOSE, disc), 0),
        "binary": (binary, 0),
        "region": (region, 0),
    }


def gather(folder):
    """Some images of each set."""
    for name, count in SETS.items():
        with open(SHARED / name / "manifest.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        step = len(rows) // count
        for i, row in enumerate(rows[step // 2::step][:count]):
            path = SHARED / name / row["path"]
            shutil.copy(path, folder / f"{name}_{i}{path.suffix}")


def run(folder):
    nodes = {"images": {"stage": "ingest", "in": "$files"}}
    nodes.update({k: {"in": "images", **v} for k, v in STEPS.items()})
    document = {"osteon": 1, "name": "steps", "seed": 1,
                "inputs": {"files": {"type": "files"}}, "nodes": nodes,
                "outputs": {k: k for k in nodes}}
    pathlib.Path("steps.json").write_text(json.dumps(document))
    done = subprocess.run(
        [BIN / "osteon", "run", "steps.json", "--bind", f"files={folder}",
         "--store", "store", "--out", "out", "--quiet"],
        capture_output=True, text=True)
    if done.returncode:
        sys.exit("osteon run: " + done.stderr)


def read(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def main():
    if not SHARED.is_dir():
        print(f"no {SHARED}")
        return 77
    folder = pathlib.Path("images")
    folder.mkdir(exist_ok=True)
    gather(folder)
    run(folder)
    faults, worst = [], {}
    sources = sorted(pathlib.Path("out/images").rglob("*.png"))
    if len(sources) != sum(SETS.values()):
        faults.append(f"{len(sources)} images were exported")
    for source in sources:
        name = source.relative_to("out/images")
        for step, (want, slack) in expected(read(source)).items():
            got = read(pathlib.Path("out") / step / name)
            if got is None or got.shape != want.shape:
                faults.append(f"{step}: {name}: another size")
                continue
            apart = int(numpy.abs(got.astype(int) - want.astype(int)).max())
            worst[step] = max(worst.get(step, 0), apart)
            if apart > slack:
                faults.append(f"{step}: {name}: {apart} levels apart")
    print(f"{len(sources)} images; levels apart at most: {worst}")
    print("\n".join(faults))
    return 1 if faults else 0


sys.exit(main())
