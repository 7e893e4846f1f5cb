#!/usr/bin/env python3
"""The published methods under workflows/papers/: each folder's workflow is valid
with every preset and can be planned, and runs from end to end with a tiny
setting; every arm trains, is evaluated, compared, and stands beside the numbers
of the paper."""
import csv
import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
# Networks compute on the CPU, whatever the machine has.
os.environ["CUDA_VISIBLE_DEVICES"] = ""
SHARED = pathlib.Path(os.environ.get("OSTEON_SHARED", "missing"))
sys.path.insert(0, os.path.join(os.environ["OSTEON_SOURCE"], "tests", "support"))
from pictures import read_gray_png  # noqa: E402

PAPERS = pathlib.Path(os.environ["OSTEON_SOURCE"]) / "workflows" / "papers"

# Values that make a run take seconds; what is compared stays as it is.
TINY = {
    "femur_alexnet": {
        "patients": 12, "slice": [92, 140], "size": 64, "folds": 2, "rounds": 2,
        "copies": 1, "updates": 2, "batch": 4,
    },
    "lesion_patches": {
        "patients": 60, "other_patients": 9, "picture": [48, 32], "lesions": 0.5, "contrast": 2,
        "bones": [{"name": "humerus", "copies": 1}, {"name": "tibia", "copies": 1},
                  {"name": "femur", "copies": 1}],
        "patch": 16, "unit_generator": {"widths": [4, 6, 8], "blocks": 1},
        "unit_discriminator": {"own": [4, 6], "shared": [8]}, "unit_steps": 3,
        "sample_every": 2, "samples": 2, "size": 32, "epochs": 1, "batch": 8,
        "bootstrap": 200, "thresholds": [0.3, 0.5],
        "drn": {"stages": [{"id": 1, "of": "convolution", "width": 4, "blocks": 1, "stride": 2,
                            "dilation": 1, "residual": True, "project": False}]},
    },
    "necrosis_timeseries": {
        "patients": 16, "series": 8, "bones": 4, "picture": [16, 16], "size": [16, 16],
        "rounds": 2, "folds": 2, "epochs": 1, "extractor_epochs": 1, "strata": [80],
        "canny_low": 20, "canny_high": 60,
        "pix2pix_generator": {"depth": 4, "widths": [4, 4, 4, 4]},
        "pix2pix_discriminator": {"depth": 1, "widths": [4, 4]}, "pix2pix_epochs": 1,
        "cycle_generator": {"widths": [4, 4, 4], "blocks": 1},
        "cycle_discriminator": {"depth": 1, "widths": [4, 4], "norm": "instance"},
        "cycle_epochs": 1,
        "dcgan_generator": {"first": 8, "widths": [4]},
        "dcgan_discriminator": {"first": 4, "widths": [8]}, "dcgan_epochs": 1,
        "dcgan_count": 4,
        "series_generator": {"hidden": 4, "noise": 8, "head": 4},
        "series_discriminator": {"hidden": 4}, "series_epochs": 1,
    },
    "scan_burden": {
        "patients": 20, "scan": [64, 16], "size": [64, 64], "tile": 16,
        "step": {"rows": 8, "cols": 16}, "classifier_epochs": 4, "unet_epochs": 2,
        "ways": [{"name": "stepwise", "epochs": 2}, {"name": "direct", "epochs": 1}],
        "locator_params": {"widths": [4, 8, 16]}, "locator_epochs": 2, "contrast": 2,
    },
    "scan_metastasis": {
        "patients": 16, "scan": [64, 16], "size": [64, 32], "epochs": 1, "batch": 8,
        "d1_counts": {"ADMet": 4, "nADMet": 4, "NoMet": 4},
        "d2_counts": {"ADMet": 9, "nADMet": 8, "NoMet": 20},
        "d3_counts": {"ADMet": 6, "nADMet": 6, "NoMet": 10},
    },
}
# The axis of the arms, and the arms that are compared, the baseline first;
# scan_burden has checks of its own.
AXIS = {"femur_alexnet": "network", "necrosis_timeseries": "arm", "scan_metastasis": "arm"}
COMPARED = {
    "femur_alexnet": ["googlenet", "alexnet_bn"],
    "necrosis_timeseries": ["real", "cyclegan", "dcgan", "convlstm"],
    "scan_metastasis": ["inRAC", "outRAC", "plain", "attention", "residual",
                        "classifier-18", "classifier-34", "inception-v1", "vgg-11"],
}
# Rows that the paper prints, a column for each number, and how many of them
# have a row of the run beneath.
PRINTED = {
    "femur_alexnet": (2, [
        ["AlexNet-BN", "98.34 %", "97.26 %", "95.74 %", "96.37 %", "0.848"],
        ["GoogLeNet", "96.58 %", "96.27 %", "92.58 %", "93.69 %", "0.688"]]),
    "necrosis_timeseries": (5, [
        ["80 %, real", "0.948", "0.983", "0.445", "0.613"],
        ["80 %, CycleGAN", "0.943", "0.961", "0.457", "0.619"],
        ["80 %, DCGAN", "0.921", "0.941", "0.583", "0.720"],
        ["80 %, Conv-LSTM-GAN", "0.916", "0.948", "0.796", "0.865"],
        ["90 %, Conv-LSTM-GAN", "0.877", "0.868", "0.782", "0.823"]]),
    "scan_metastasis": (13, [
        ["inRAC", "0.7782", "0.7799", "0.7823", "0.7764"],
        ["outRAC", "0.6725", "0.7233", "0.6831", "0.6723"],
        ["inRAC on D1", "0.6150", "0.6324", "0.6227", "0.6058"],
        ["inRAC on D2", "0.6968", "0.7001", "0.7024", "0.6930"],
        ["neither", "0.6937", "0.7032", "0.7000", "0.6940"],
        ["attention only", "0.7042", "0.7416", "0.7047", "0.7031"],
        ["residual only", "0.7500", "0.7614", "0.7532", "0.7497"],
        ["Inception-v1", "0.5387", "0.6003", "0.5490", "0.5415"],
        ["VGG-11", "0.7324", "0.7309", "0.7333", "0.7309"],
        ["inRAC, two classes", "0.8310", "0.8696", "0.8696", "0.8696"]]),
}


def osteon(*words):
    done = subprocess.run([BIN, *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"osteon {' '.join(map(str, words))}:\n{done.stdout}{done.stderr}")
    return done.stdout


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got} instead of {wanted}")


def run_tiny(name, file, values, *more, store="store"):
    out = pathlib.Path("out") / name
    shutil.rmtree(out, ignore_errors=True)
    pathlib.Path(f"{name}.json").write_text(json.dumps(values))
    osteon("run", file, "--params", f"{name}.json", "--store", store, "--out", out,
           "--quiet", *more)
    return out


def check_arms(name, document, out):
    """Every arm has numbers of some items."""
    axis = AXIS[name]
    metrics = json.loads((out / "metrics.json").read_text())
    wanted = [arm["name"] for arm in document["params"][axis + "s"]["value"]]
    expect(f"{name}: arms", sorted(m["axes"][axis] for m in metrics), sorted(wanted))
    for m in metrics:
        if not m["metrics"]["pooled"]["n_items"]:
            sys.exit(f"{name}: nothing was judged in '{m['axes'][axis]}'")


def check_leaks(name, metrics):
    leaks = metrics["leakage"]
    expect(f"{name}: leaks", [leaks[k] for k in ("mode", "n_leaked", "n_unknown")],
           ["error", 0, 0])


def check_comparison(name, out):
    """The right arms were held against the baseline, by the same items."""
    found = json.loads((out / "comparison.json").read_text())
    names = COMPARED[name]
    check_leaks(name, found)
    expect(f"{name}: compared", [arm["name"] for arm in found["arms"]], names)
    expect(f"{name}: baseline", (found["kind"], found["baseline"]), ("comparison", names[0]))
    expect(f"{name}: common", (found["n_common"], found["missing"]), (found["n_items"], []))
    expect(f"{name}: pairs", sorted({(t["a"], t["b"]) for t in found["tests"]}),
           sorted((a, names[0]) for a in names[1:]))
    expect(f"{name}: paired", {t["paired"] for t in found["tests"]}, {True})
    for metrics in json.loads((out / "metrics.json").read_text()):
        check_leaks(name, metrics["metrics"])
    return found


def table_rows(page):
    for row in re.findall(r"<tr>(.*?)</tr>", page, re.S):
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)
        yield [html.unescape(re.sub(r"<[^>]*>", "", cell)).strip() for cell in cells]


def check_overview(name, out):
    """The paper's rows are as printed; each has one of this run, without a gap.

    What is 0 or 1 in every replicate has no interval: networks that learned for
    seconds may call nothing positive."""
    page = (out / "overview.html").read_text()
    n_rows, printed = PRINTED[name]
    rows = list(table_rows(page))
    paper = [[row[0].removeprefix("paper: "), *row[1:]] for row in rows
             if row and row[0].startswith("paper: ")]
    ours = [row for row in rows if row and row[0].startswith("this run: ")]
    expect(f"{name}: rows", (len(paper), len(ours)), (n_rows, n_rows))
    expect(f"{name}: rows that lack", [row for row in printed if row not in paper], [])
    expect(f"{name}: order", [row[0].removeprefix("this run: ") for row in ours],
           [row[0] for row in paper])
    number = re.compile(r"\d+\.\d+(\s%)?\s\d+\.\d+.\d+\.\d+(\s%)?")
    bound = re.compile(r"[01]\.0+|(0|100)\.0+\s%")
    for row, of in zip(ours, paper):
        expect(f"{name}: {row[0]}: cells", len(row), len(of))
        for cell in row[1:]:
            if not number.fullmatch(cell) and not bound.fullmatch(cell):
                sys.exit(f"{name}: {row[0]}: '{cell}' is no number with an interval")
    expect(f"{name}: statement", "are phantoms" in page, True)
    for report in (out / "report").glob("*.html"):
        expect(f"{report}: statement", "are phantoms" in report.read_text(), True)


def check_one_division(file):
    """Of 300 / 200 there are no folds: the t test says so, the others hold."""
    out = run_tiny("femur_alexnet", file, {**TINY["femur_alexnet"], "method": "holdout",
                                           "rounds": 1, "test_share": 0.5})
    tests = {(t["test"], t["metric"]): t for t in check_comparison("femur_alexnet", out)["tests"]}
    expect("p over one fold", tests["corrected_t", "auc"]["p"],
           {"value": None, "reason": "fewer than two folds"})
    expect("p of areas", isinstance(tests["permutation", "auc"]["p"], (int, float)), True)


def check_scans(file, out):
    """Two other exams are judged by all twelve arms, single views by two of
    them; views that change as mirror images go through too, and a single arm
    is compared with none."""
    expect("judged", len((out / "judged.csv").read_text().splitlines()) - 1, 10 * 2 + 2 * 4)
    arm = {"name": "one", "data": "D3", "classes": "3", "network": "lib:ra_conv",
           "params": {"depth": 18}}
    out = run_tiny("scan_metastasis", file, {
        **TINY["scan_metastasis"], "order": "mirrored", **lone(arm), "method": "kfold",
        "folds": 2, "rounds": 2,
        "test_where": {"augment.rotate": {"present": False}}})
    with open(out / "predictions.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    found = json.loads((out / "comparison.json").read_text())
    expect("one arm", ([a["name"] for a in found["arms"]], found["tests"]), (["one"], []))
    folds = {}
    for row in rows:
        folds.setdefault(row["group"], set()).add(row["fold"])
    expect("patients in two folds", [g for g, f in folds.items() if len(f) > 1], [])
    expect("copies that count", [r["id"] for r in rows if "#" in r["id"]], [])
    judge_real_scan(file, arm)


def lone(arm):
    return {"arms": [arm], "compared": [arm["name"]], "baseline": arm["name"]}


def fails(message, *words):
    done = subprocess.run([BIN, *map(str, words)], capture_output=True, text=True)
    if not done.returncode or message not in done.stderr:
        sys.exit(f"osteon {' '.join(map(str, words))}: {message} was expected\n{done.stderr}")


def rows_of(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def index_of(scans, row, frame):
    """The burden index of a frame, from what is on disk."""
    image, lesion, bladder = (read_gray_png((scans / row[name]).read_bytes())
                              for name in ("path", "mask.found", "mask.found_bladder"))
    width = len(image[0]) // 4
    inside = found = 0
    for y, line in enumerate(image):
        for x in range(frame * width, (frame + 1) * width):
            if not bladder[y][x]:
                inside += line[x]
                found += line[x] if lesion[y][x] else 0
    return 5 * found / (4 * found + inside) if inside else 0


def check_report(text, row, predicted):
    """Nothing is said that was not measured."""
    lines = text.splitlines()
    expect("patient", [f"Patient: {row['group']}" in lines, "Tracer" in text], [True, False])
    told = re.search(r"index: anterior (\S+), posterior (\S+); in the second window "
                     r"anterior\s(\S+), posterior (\S+); mean (\S+)\.\n", text)
    positive = "lesion" in predicted.split("|")
    expect("impression", "No evidence of bone metastases" in text, not positive)
    expect("index told", told is not None, positive and float(row["mask.found.area"]) > 0)
    expect("other uptake", "No other abnormal uptake" in text, told is not None)
    if told:
        names = [f"burden.frame{k}" for k in (1, 2, 3, 4)] + ["burden"]
        expect("indexes", list(told.groups()), [f"{float(row[n]):.4f}" for n in names])
    return positive


def check_dice(m, scans):
    """The Dice of all pixels together is that of the pictures on disk."""
    both = marked = 0
    for row in rows_of(scans / "items.csv"):
        found, true = (read_gray_png((scans / row[name]).read_bytes())
                       for name in ("mask.found", "mask.lesion"))
        for a, b in zip(sum(map(list, found), []), sum(map(list, true), [])):
            both += bool(a and b)
            marked += bool(a) + bool(b)
    told = m["metrics"]["pooled"]["dice_variants"]["pooled"]["value"]
    if abs(told - 2 * both / marked) > 1e-12:
        sys.exit(f"Dice: {told} instead of {2 * both / marked}")


def check_burden(file, out):
    """28 tiles of a scan; burdens and reports that agree with the pictures."""
    predictions = {row["id"]: row for row in rows_of(out / "predictions.csv")}
    tiles = json.loads((out / "tile_metrics.json").read_text())
    expect("tiles", tiles["pooled"]["n_items"], 28 * len(predictions))
    expect("leaks", [tiles["leakage"][name] for name in ("n_checked", "n_leaked")],
           [28 * len(predictions), 0])
    kinds = set()
    for way in ("stepwise", "direct"):
        scans = out / "scans" / f"way={way}"
        rows = rows_of(scans / "items.csv")
        expect("scans", sorted(row["id"] for row in rows), sorted(predictions))
        for row in rows:
            found = read_gray_png((scans / row["mask.found"]).read_bytes())
            expect("size", (len(found), len(found[0])), (64, 64))
            frames = [float(row[f"burden.frame{k}"]) for k in (1, 2, 3, 4)]
            for k in range(4):
                if abs(frames[k] - index_of(scans, row, k)) > 1e-12:
                    sys.exit(f"{row['id']}: frame {k + 1} has another index: {frames[k]}")
            expect("mean", float(row["burden"]), sum(frames) / 4)
            text = (out / "reports" / f"way={way}" / f"{row['id']}.txt").read_text()
            kinds.add(check_report(text, row, predictions[row["id"]]["predicted"]))
    expect("kinds of reports", kinds, {True, False})
    for m in json.loads((out / "mask_metrics.json").read_text()):
        check_dice(m, out / "scans" / f"way={m['axes']['way']}")
    for m in json.loads((out / "report_metrics.json").read_text()):
        expect("reports", m["metrics"]["pooled"]["n_items"], len(predictions))
    page = (out / "report.html").read_text()
    expect("the paper's numbers", [t in page for t in ("92.59 % (50/54)", "phantoms")], [True, True])
    check_burden_again(file)


def check_burden_again(file):
    """Another language costs the reports alone; the seconds add up; another
    step gives 49 tiles."""
    tiny = {**TINY["scan_burden"], "template": "report.de.txt"}
    out = run_tiny("scan_burden", file, tiny, "--events", "events.jsonl")
    ran = [e for e in map(json.loads, open("events.jsonl"))
           if e["event"] == "step_finished" and e["verdict"] == "ran"]
    expect("steps of another language", {e["node"] for e in ran},
           {"found/reports", "told/reports"})
    texts = [p.read_text() for p in out.glob("reports/*/*/*.txt")]
    expect("German", [("Beurteilung" in t, "Impression" in t) for t in texts],
           [(True, False)] * len(texts))
    expect("other patients", len(list(out.glob("new_reports/*/*.txt"))), 4)
    run_tiny("scan_burden", file, TINY["scan_burden"], "--events", "events.jsonl",
             store="fresh")
    told = subprocess.run([file.parent / "seconds.py", "events.jsonl"], text=True,
                          capture_output=True)
    expect("seconds", "per patient" in told.stdout, True)
    pathlib.Path("wide.json").write_text(json.dumps({**TINY["scan_burden"], "step": 8}))
    fails("49 tiles come of it", "run", file, "--params", "wide.json", "--store", "store",
          "--quiet")


def leaked(out):
    """Leaked items of each arm."""
    return {m["axes"]["arm"]: (m["metrics"]["leakage"]["mode"],
                               m["metrics"]["leakage"]["n_leaked"] > 0)
            for m in json.loads((out / "metrics.json").read_text())}


def check_series(file, out):
    """Four contours give eight virtual patients in each fold and at each
    threshold; their second image is the first; generators that saw the test
    patients are a leak, which warns or stops."""
    tiny = TINY["necrosis_timeseries"]
    virtual = [rows_of(p) for p in sorted((out / "virtual").glob("**/items.csv"))]
    expect("virtual patients", [len(rows) for rows in virtual], [8] * 4)
    expect("their classes", [sorted(row["label"] for row in rows) for rows in virtual],
           [["above"] * 4 + ["below"] * 4] * 4)
    folder = next((out / "series").glob("**/items.csv")).parent
    for row in rows_of(folder / "items.csv"):
        data = (folder / row["field.frames"]).read_bytes()[-4 * 16 * 16:]
        frames = [data[i:i + 256] for i in range(0, len(data), 256)]
        expect("second frame", frames[0] == frames[1], True)
        expect("frames that are not black", [max(f) > 0 for f in frames], [True] * 4)
    expect("grids", [bool(list((out / f"{gan}_grids").glob("**/*.png")))
                     for gan in ("pix2pix", "series", "cyclegan", "dcgan")], [True] * 4)
    expect("measured", sorted((m["axes"]["gan"], m["axes"]["class"]) for m in
                              json.loads((out / "image_metrics.json").read_text())),
           sorted((g, c) for g in ("convlstm", "cyclegan", "dcgan")
                  for c in ("below", "above")))
    published = ["--preset", "as_published"]
    out = run_tiny("necrosis_timeseries", file, tiny, *published)
    arms = leaked(out)
    expect("clean arm", arms.pop("real"), ("warn", False))
    expect("arms of generators that saw everybody", set(arms.values()), {("warn", True)})
    pathlib.Path("tiny.json").write_text(json.dumps(tiny))
    fails("had learned from their group", "run", file, "--params", "tiny.json", *published,
          "--set", "leakage=error", "--store", "store", "--quiet")
    check_claim(file.parent / "claim.json")
    out = run_tiny("necrosis_timeseries", file, {**tiny, "test_series": "real"}, "--preset",
                   "strict")
    expect("leaks of real series", {v for v in leaked(out).values()}, {("error", False)})


def check_claim(file):
    """Both ways to use generated series are held against none, over all folds
    of all repeats."""
    tiny = {k: v for k, v in TINY["necrosis_timeseries"].items()
            if k in ("picture", "size", "bones", "canny_low", "canny_high") or
            k.startswith(("pix2pix_gen", "pix2pix_dis", "series_gen", "series_dis"))}
    out = run_tiny("claim", file, {
        **tiny, "patients": 24, "few": 2, "folds": 2, "thresholds": [0, 0.5], "steps": 2,
        "pix2pix_steps": 2, "series_steps": 2, "batch": 4})
    found = json.loads((out / "comparison.json").read_text())
    expect("claim: leaks", found["leakage"]["n_leaked"], 0)
    expect("claim: items", found["n_items"], 2 * 24)
    expect("claim: tests", sorted({(t["a"], t["b"]) for t in found["tests"]}),
           [("all generated", "few"), ("filtered", "few")])
    expect("claim: folds", {t["n_folds"] for t in found["tests"]
                            if t["test"] == "corrected_t"}, {4})
    expect("claim: choices", len(json.loads((out / "choices.json").read_text())), 4)


def check_lesions(file, out):
    """Every arm of every bone; t and what was kept; a test patient among the
    sources is refused, and left out by default; the networks of 2018."""
    tiny = TINY["lesion_patches"]
    bones = [b["name"] for b in tiny["bones"]]
    arms = ["baseline", "augmented", "transfer"]
    metrics = json.loads((out / "metrics.json").read_text())
    expect("arms", sorted((m["axes"]["bone"], m["axes"]["arm"]) for m in metrics),
           sorted((b, a) for b in bones for a in arms))
    for m in metrics:
        check_leaks("lesion_patches", m["metrics"])
    for c in json.loads((out / "comparison.json").read_text()):
        found = c["metrics"]
        expect("pairs", {(t["a"], t["b"]) for t in found["tests"]},
               {("augmented", "baseline"), ("transfer", "baseline"), ("transfer", "augmented")})
        expect("paired", {t["paired"] for t in found["tests"]}, {True})
    for c in json.loads((out / "choices.json").read_text()):
        for row in c["metrics"]["candidates"]:
            expect("threshold", float(row["t"]), row["threshold"])
            expect("kept and dropped", row["kept"] + row["dropped"], 3)
    rows = [r for r in table_rows((out / "overview.html").read_text()) if r]
    expect("the paper's rows", [r for r in PRINTED_LESIONS if r not in rows], [])
    ours = [r for r in rows if r[0].startswith("this run: ")]
    expect("rows", [len(r) for r in ours], [4] * 8)
    expect("statement", "are phantoms" in (out / "overview.html").read_text(), True)
    study = {**tiny, "sources_from": "study"}
    run_tiny("lesion_patches", file, study)
    pathlib.Path("kept.json").write_text(json.dumps({**study, "test_among_sources": "keep"}))
    fails("were judged by a model that had learned from their group", "run", file, "--params",
          "kept.json", "--store", "store", "--quiet")
    run_tiny("lesion_patches", file, {**tiny, "unit_discriminator": {"widths": [4, 6], "scales": 2}},
             "--preset", "unit-2018")
    claim = file.parent / "claim.json"
    osteon("validate", claim)
    osteon("run", claim, "--preset", "tiny", "--store", "store", "--out", "out/lesion_claim",
           "--quiet")
    found = json.loads(pathlib.Path("out/lesion_claim/comparison.json").read_text())
    check_leaks("lesion claim", found)
    expect("claim", {t["test"] for t in found["tests"]}, {"corrected_t", "permutation"})


PRINTED_LESIONS = [
    ["paper: humerus, baseline", "0", "0", "0.876 (0.817–0.926)"],
    ["paper: humerus, augmented", "0.9", "401", "0.924 (0.889–0.955)"],
    ["paper: tibia, baseline", "0", "0", "0.618 (0.532–0.705)"],
    ["paper: tibia, augmented", "0.9", "124", "0.640 (0.547–0.732)"],
    ["paper: tibia, transfer", "0.9", "1264", "0.698 (0.610–0.785)"],
    ["paper: femur, baseline", "0", "0", "0.533 (0.441–0.627)"],
    ["paper: femur, transfer", "0.95", "1342", "0.682 (0.594–0.764)"],
]


def judge_real_scan(file, arm):
    """A bone scan in one view goes through reading, aggregation and a model."""
    scan = SHARED / "data/06_dicom/files/NM1_UNC.dcm"
    if not scan.exists():
        print(f"no real scan is judged: there is no {scan}")
        return
    out = run_tiny("scan_metastasis", file, {**TINY["scan_metastasis"], **lone(arm)},
                   "--bind", f"unseen={scan}")
    with open(out / "judged.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    expect("real scans", [r["id"] for r in rows], ["NM1_UNC"])
    scores = [float(v) for k, v in rows[0].items() if k.startswith("score_")]
    expect("scores", (len(scores), abs(sum(scores) - 1) < 1e-4), (3, True))


for folder in sorted(PAPERS.iterdir()):
    name, file = folder.name, folder / "workflow.json"
    if name not in TINY:
        sys.exit(f"no tiny setting for '{name}'")
    if not (folder / "README.md").exists():
        sys.exit(f"'{name}' has no README.md")
    document = json.loads(file.read_text())
    expect(f"{name}: presets", {"small", "full"} - document["presets"].keys(), set())
    for preset in document["presets"]:
        osteon("validate", file, "--preset", preset)
        osteon("plan", file, "--preset", preset, "--store", "planned")
    out = run_tiny(name, file, TINY[name])
    if name in AXIS:
        check_arms(name, document, out)
        check_comparison(name, out)
        check_overview(name, out)
    if name == "femur_alexnet":
        check_one_division(file)
    if name == "lesion_patches":
        check_lesions(file, out)
    if name == "necrosis_timeseries":
        check_series(file, out)
    if name == "scan_burden":
        check_burden(file, out)
    if name == "scan_metastasis":
        check_scans(file, out)
    print(f"{name}: looked at")
