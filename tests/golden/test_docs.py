#!/usr/bin/env python3
"""Every complete workflow of docs/*.md runs as it stands there.

Inputs without a default are bound to small files that are made here.  A second
run finds everything done, and what comes out is what the page says.
"""
import csv
import json
import os
import pathlib
import re
import sys

SOURCE = pathlib.Path(os.environ["OSTEON_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests" / "support"))
import runs  # noqa: E402
from dicom import dicom_file  # noqa: E402
from pictures import png, read_gray_png  # noqa: E402
from runs import check  # noqa: E402

# The pages that are here to show one; another page may, too.
PAGES = {"annotations", "audit", "augmentation", "burden", "comparisons",
         "datasets", "dicom", "evaluation", "formats", "generated",
         "generators", "image_steps", "leaks", "phantoms", "regions", "reports",
         "segmentation", "splits", "tiles"}


def workflows():
    """Page and document of each, in fences or indented."""
    for page in sorted((SOURCE / "docs").glob("*.md")):
        text = page.read_text()
        blocks = re.findall(r"^( {4})?(\{\n.*?^)(?(1) {4})\}$", text,
                            re.M | re.S)
        for _, inside in blocks:
            if '"osteon"' in inside:
                yield page.stem, json.loads(inside + "}")


# --- data to bind ------------------------------------------------------------

def make_folder(name, files):
    folder = pathlib.Path("data") / name
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def lungs():
    """Pictures with a LabelMe file each; one shows no lung."""
    def marked(name, label):
        return json.dumps({
            "version": "5.0.1", "flags": {}, "imagePath": name,
            "imageHeight": 64, "imageWidth": 64, "imageData": None,
            "shapes": [{"label": label, "shape_type": "polygon",
                        "points": [[10, 8], [30, 8], [30, 50], [10, 50]],
                        "group_id": None, "flags": {}}]}).encode()
    labels = {"a": "lung", "b": "lung", "c": "heart"}
    return make_folder("lungs", {
        f"{name}{suffix}": data for seed, (name, label) in enumerate(
            labels.items())
        for suffix, data in ((".png", png(seed, 64)),
                             (".json", marked(f"{name}.png", label)))})


def discs():
    return make_folder("discs", {
        f"{patient}/{k}": dicom_file(f"Name^{patient}", patient, f"1.2.{k}")
        for patient in ("P1", "P2") for k in (1, 2)})


def reads(reader):
    table = (SOURCE / f"tests/golden/compare/{reader}.csv").read_bytes()
    return make_folder(f"reads/{reader}", {f"{reader}.csv": table})


def findings():
    """What a program says of the labels of 40 patients."""
    lines = ["id,label,predicted,score_bone,score_lung,sex,age"]
    for i in range(40):
        has = [i % 3 == 0, i % 4 == 0]
        score = [(50 * h + 7 * i % 43) / 100 for h in has]
        words = ["|".join(w for w, x in zip(("bone", "lung"), of) if x)
                 for of in (has, [s > 0.5 for s in score])]
        lines.append(f"{i},{words[0]},{words[1]},{score[0]},{score[1]},"
                     f"{'fm'[i % 2]},{30 + i}")
    return make_folder("findings", {
        "findings.csv": "\n".join(lines).encode() + b"\n"})


# Names of the inputs, and what makes each.
BINDINGS = {
    "several-labels": {"findings": findings},
    "lungs": {"xrays": lungs},
    "scans": {"scans": discs},
    "read": {"scans": lambda: SOURCE / "tests/golden/formats/files"},
    "readers": {reader: lambda reader=reader: reads(reader)
                for reader in ("junior", "senior", "network")},
}


# --- what has to come out ----------------------------------------------------

def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def flood(mask, marked, corners):
    """Pixel sets that hang together, of what is marked or is not."""
    height, width = len(mask), len(mask[0])
    left = {(y, x) for y in range(height) for x in range(width)
            if bool(mask[y][x]) == marked}
    sets = []
    while left:
        open_, found = [left.pop()], set()
        while open_:
            y, x = open_.pop()
            found.add((y, x))
            for v in (-1, 0, 1):
                for u in (-1, 0, 1):
                    near = (y + v, x + u)
                    if near in left and (corners or not v or not u):
                        left.remove(near)
                        open_.append(near)
        sets.append(found)
    return sets


def check_region(out, path):
    """One component without holes, and the picture is cut to it."""
    mask = read_gray_png(path.read_bytes())
    height, width = len(mask), len(mask[0])
    check({v for row in mask for v in row} == {0, 255}, f"{path}: not a mask")
    check(len(flood(mask, True, True)) == 1, f"{path}: not one component")
    for hole in flood(mask, False, False):
        check(any(y in (0, height - 1) or x in (0, width - 1)
                  for y, x in hole), f"{path}: a hole is left")
    cut = read_gray_png((out / "images" / path.relative_to(
        out / "regions")).read_bytes())
    for rim in (cut[0], cut[-1], [r[0] for r in cut], [r[-1] for r in cut]):
        check(len(rim) == 224 and any(rim), f"{path}: not cut to the region")


def check_regions(out):
    masks = sorted((out / "regions").rglob("*.mask.region.png"))
    check(len(masks) == 3, f"{len(masks)} masks instead of 3")
    for path in masks:
        check_region(out, path)
    for row in rows_of(out / "images/items.csv"):
        check(0 < float(row["threshold"]) < 255, f"{row['id']}: no threshold")


def check_filter(out):
    """The patients of both halves are judged, each once."""
    rows = rows_of(out / "patients.csv")
    check(len(rows) == 12 and {r["fold"] for r in rows} == {"0", "1"},
          "not 12 patients of two halves")
    check(len({r["id"] for r in rows}) == 12, "a patient is judged twice")
    metrics = json.loads((out / "metrics.json").read_text())
    check(metrics["pooled"]["n_items"] == 12, "not 12 items are pooled")


def check_study(out):
    """Each fold has its threshold, each hospital its numbers."""
    metrics = json.loads((out / "metrics.json").read_text())
    check(set(metrics["threshold_from"]["per"]) == {"0", "1", "2"},
          "not a threshold for each of three folds")
    check({g["value"] for g in metrics["subgroups"]
           if g["attribute"] == "site"} == {"A", "B", "C"}, "not three sites")
    check(metrics["leakage"]["n_unknown"] == 0, "exposure is unknown")


def check_labels(out):
    metrics = json.loads((out / "metrics.json").read_text())
    check([one["label"] for one in metrics["labels"]] == ["bone", "lung"],
          "not two labels")
    check([g["value"] for g in metrics["subgroups"]] ==
          ["f", "m", "below 40", "40 to below 60", "60 and above"],
          "not by sex and age")


def check_lungs(out):
    ids = {row["id"] for row in rows_of(out / "lungs/items.csv")}
    check(ids == {"a", "b"}, f"pictures with a lung: {ids}")


def check_discs(out):
    rows = rows_of(out / "small/items.csv")
    check(len(rows) == 4 and len({r["group"] for r in rows}) == 2,
          "not four pictures of two patients")


def check_readers(out):
    """Three of the 18 p-values that were printed."""
    def p(document, a, b):
        metrics = json.loads((out / f"{document}.json").read_text())
        return [round(t["p"], 3) for t in metrics["tests"]
                if (t["a"], t["b"]) == (a, b)]
    check(p("published", "network", "senior") == [0.697, 0.34, 0.805],
          "not the printed p-values")
    check(len(p("paired", "senior", "network")) == 3, "no paired tests")


def check_two_networks(out):
    metrics = json.loads((out / "metrics.json").read_text())
    check([a["name"] for a in metrics["arms"]] == ["short", "long"],
          "not two arms")
    check(metrics["n_common"] == metrics["n_items"] > 0, "not the same items")


def check_masks(out):
    metrics = json.loads((out / "metrics.json").read_text())
    check(0.3 < metrics["pooled"]["dice"] < 1, "no Dice to speak of")
    check(metrics["unit"] == "mm" and len(metrics["items"])
          == metrics["pooled"]["n_items"], "not all pictures")


def leakage(out):
    return json.loads((out / "metrics.json").read_text())["leakage"]


def check_leaking(out):
    check(leakage(out)["n_groups"] == 8, "no leak where there is one")


def check_mended(out):
    found = leakage(out)
    check(found["n_checked"] > 0 and found["n_leaked"] == 0 and
          found["duplicates"]["n_judged"] == found["n_checked"] and
          not found["duplicates"]["pairs"], "a leak that was mended")


CHECKS = {"leaking": check_leaking, "mended": check_mended,
          "mri-regions": check_regions, "score-filter": check_filter,
          "lungs": check_lungs, "readers": check_readers,
          "two-networks": check_two_networks, "evaluated-study": check_study,
          "several-labels": check_labels, "bright-spots": check_masks}


# --- runs --------------------------------------------------------------------

def run(page, document):
    name = f"{page}-{document['name']}"
    words = ["run", runs.write(f"{name}.json", document), "--store", "store",
             "--out", name, "--quiet", "--events", "-"]
    unbound = {key for key, value in document.get("inputs", {}).items()
               if "default" not in value}
    if unbound:
        makers = BINDINGS[document["name"]]
        check(unbound == set(makers), f"{name}: inputs {unbound}")
        for key, make in makers.items():
            words += ["--bind", f"{key}={make()}"]
    first = runs.totals(runs.osteon(*words).stdout)
    check(first["ran"] > 0, f"{name}: the first run computed nothing")
    again = runs.totals(runs.osteon(*words).stdout)
    check(again["ran"] == 0 and again["computed"] == 0,
          f"{name}: the second run computed something")
    out = pathlib.Path(name)
    for output in document["outputs"]:
        check(list(out.glob(f"{output}*")), f"{name}: no output '{output}'")
    return out


def main():
    pages = set()
    for count, (page, document) in enumerate(workflows(), 1):
        out = run(page, document)
        pages.add(page)
        if page == "dicom":
            check_discs(out)
        elif document["name"] in CHECKS:
            CHECKS[document["name"]](out)
    check(PAGES <= pages, f"no workflow in {PAGES - pages}")
    print(f"{count} workflows of {len(pages)} pages")


main()
