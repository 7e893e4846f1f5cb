#!/usr/bin/env python3
"""All 84 sample DICOM files through `osteon run`, against what other decoders
gave: stored values by digest, lossy ones by how far they are from their
lossless sister, odd files by what is said about them.  Skipped where the sample
data is missing."""
import array
import csv
import hashlib
import os
import pathlib
import re
import shutil
import sys

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
from runs import osteon, write

DATA = pathlib.Path(os.environ.get("OSTEON_SHARED", "")) / "data/06_dicom"
if not (DATA / "manifest.csv").exists():
    print(f"no sample data at '{DATA}'")
    sys.exit(77)

NO_PIXELS = "DICOM: no pixel data"
ODD = {
    "JPEG2000-embedded-sequence-delimiter": "the JPEG 2000 data claims",
    "MR_truncated": "pixel data ends early: 8130 of 8192 bytes are there",
    "UN_sequence": NO_PIXELS,
    "badVR": "'1A' of NumberOfFrames is no number: 1 is read",
    "no_meta": "no file meta group",
    "reportsi": NO_PIXELS,
    "rtstruct": NO_PIXELS,
}
# Upper bits of the words are no part of the values: graphics, or a number that
# does not fit.
CUT = {"MR-SIEMENS-DICOM-WithOverlays": (0, 4095),
       "mlut_18_modality_lut": (-2048, 2047)}
CODES = {"u8": "B", "u16": "H", "f32": "f"}
faults = []


def check(path, condition, words):
    if not condition:
        faults.append(f"{path}: {words}")


def frame(item):
    """The values of an item, and their type."""
    text = osteon("show", "latest:images", "--item", item, "--store",
                  "store").stdout
    dtype, digest = re.search(r"field +image (\w+)\(.*\) at 0 of (\w+)",
                              text).groups()
    osteon("store", "get", digest, "--output", "blob", "--store", "store")
    values = array.array(CODES[dtype])
    values.frombytes(pathlib.Path("blob").read_bytes())
    return values


def stored_words(row, values):
    """The values as words of the width and sign that the file has."""
    signed = row["pixel_representation"] == "1"
    code = {"1": "B", "8": "bB"[not signed], "16": "hH"[not signed],
            "32": "iI"[not signed]}[row["bits_allocated"]]
    return array.array(code, map(int, values))


def check_values(row, values, lossless):
    path, words = row["path"], stored_words(row, values)
    if row["stored_words_sha256"]:
        found = hashlib.sha256(words.tobytes()).hexdigest()
        check(path, found == row["stored_words_sha256"], "other stored words")
        return
    check(path, abs(min(words) - int(row["stored_min"])) <= 2, "minimum")
    check(path, abs(max(words) - int(row["stored_max"])) <= 2, "maximum")
    check(path, abs(sum(words) - int(row["stored_sum"])) <= len(words), "sum")
    if row["lossless_reference"] in lossless:
        other = lossless[row["lossless_reference"]]
        worst = max(map(lambda a, b: abs(a - b), words, other))
        check(path, worst <= int(row["max_abs_diff_to_reference"]) + 1,
              f"differs by {worst}, not by {row['max_abs_diff_to_reference']}")


def check_odd(name, notes, report):
    row = report[f"odd/{name}"]
    says = row["error"] or row["warnings"]
    check(name, ODD[name] in says, f"says '{says}'")
    check(name, f"odd/{name}.dcm': {says}" in notes, "no note")


write("w.json", {
    "osteon": 1, "name": "dicom",
    "inputs": {"scans": {"type": "dataset"}},
    "nodes": {"images": {"stage": "ingest", "in": "$scans",
                         "with": {"manifest": "none", "labels": "none",
                                  "color": "keep", "on_error": "skip"}}},
    "outputs": {"report": "images.report"},
})
shutil.rmtree("store", ignore_errors=True)
notes = osteon("run", "w.json", "--bind", f"scans={DATA}", "--store", "store",
               "--out", "out").stderr
with open("out/report/items.csv", newline="") as table:
    report = {row["id"]: row for row in csv.DictReader(table)}
with open(DATA / "manifest.csv", newline="") as table:
    rows = list(csv.DictReader(table))
check("manifest", len(rows) == len(report) == 84, f"{len(report)} files")
lossless = {}
for row in sorted(rows, key=lambda r: not r["stored_words_sha256"]):
    name = row["path"].removesuffix(".dcm")
    if row["expect"] != "decode":
        check_odd(name.removeprefix("odd/"), notes, report)
        continue
    check(name, report[name]["status"] == "read" and
          report[name]["transfer_syntax"] == row["transfer_syntax_uid"],
          f"report {report[name]}")
    frames = int(row["frames"])
    check(name, report[name]["frames"] == row["frames"], "frames")
    values = [v for k in range(frames)
              for v in frame(f"{name}#{k}" if frames > 1 else name)]
    if row["photometric"] in ("PALETTE COLOR", "YBR_FULL", "YBR_FULL_422"):
        check(name, len(values) == 3 * int(row["rows"]) * int(row["cols"]),
              "no color")
    elif name.removeprefix("files/") in CUT:
        low, high = CUT[name.removeprefix("files/")]
        check(name, low <= min(values) and max(values) <= high,
              "values of more than 12 bits")
    else:
        check_values(row, values, lossless)
        if row["stored_words_sha256"]:
            lossless[name.removeprefix("files/") + ".dcm"] = \
                stored_words(row, values)
for text in faults:
    print(text)
print(f"{len(rows)} files")
sys.exit(1 if faults else 0)
