#!/usr/bin/env python3
"""What had learned from a patient does not judge that patient unseen.

Small studies that leak in every way people know, and the same ones mended.
"""
import copy
import csv
import json
import os
import pathlib
import shutil
import struct
import sys
import zlib

SOURCE = pathlib.Path(os.environ["OSTEON_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests" / "support"))
import runs  # noqa: E402
from pictures import chunk, png, read_gray_png  # noqa: E402
from runs import check  # noqa: E402

STORE = "store"
DRAWER = {"network": "lib:unet", "target": "mask.edge", "loss": "dice",
          "network_params": {"widths": [4, 8, 8, 8], "bottom": 8},
          "epochs": 1}
CLASSIFIER = {"network": "lib:small_cnn", "epochs": 1, "batch": 8}


def study(**changes):
    """Two folds by patient; `changes` replace nodes, None takes one out."""
    nodes = {
        "phantom": {"stage": "phantom",
                    "with": {"patients": 8, "size": [32, 32]}},
        "images": {"stage": "ingest", "in": "phantom"},
        "edges": {"stage": "canny", "in": "images",
                  "with": {"low": 20, "high": 60, "sigma": 1,
                           "to": "mask.edge"}},
        "folds": {"stage": "split", "per": ["fold"], "in": "edges",
                  "with": {"method": "kfold", "folds": 2, "fold": "${fold}"}},
        "model": {"stage": "train", "per": ["fold"], "in": "folds.train",
                  "with": CLASSIFIER},
        "scores": {"stage": "predict", "per": ["fold"],
                   "in": {"model": "model", "data": "folds.test"}},
        "metrics": {"stage": "evaluate", "in": "scores",
                    "with": {"leakage": "${leakage}"}},
    }
    nodes.update(copy.deepcopy(changes))
    return {"osteon": 1, "name": "leaks", "seed": 7,
            "params": {"leakage": "error"},
            "presets": {"as_published": {"leakage": "warn"}, "strict": {}},
            "axes": {"fold": {"range": 2}},
            "nodes": {name: node for name, node in nodes.items() if node},
            "outputs": {"metrics": "metrics", "predictions": "scores"}}


def run(name, document, *words, status=0):
    path = runs.write(f"{name}.json", document)
    return runs.osteon("run", path, "--store", STORE, *words, status=status)


def foretold(name, document):
    """What `validate` warns of, a line each."""
    path = runs.write(f"{name}.json", document)
    done = runs.osteon("validate", path)
    return [line for line in done.stderr.splitlines() if "warning" in line]


def passes(name, document):
    out = f"out-{name}"
    check(not foretold(name, document), f"{name}: a false alarm")
    run(name, document, "--out", out)
    leakage = json.loads(
        (pathlib.Path(out) / "metrics.json").read_text())["leakage"]
    check(leakage["n_leaked"] == 0 and leakage["n_unknown"] == 0 and
          leakage["n_checked"] > 0, f"{name}: {leakage}")


def caught(name, document, *ways):
    """Refused, with every one of `ways` in the words that say how."""
    done = run(name, document, status=1)
    check("metrics: failed: leakage: " in done.stderr, f"{name}: {done.stderr}")
    for way in ways:
        check(way in done.stderr, f"{name}: '{way}' is not in {done.stderr}")
    return done.stderr


# --- generators and filters ---------------------------------------------------

def drawn(per_fold):
    """A network that draws masks makes what the classifier learns from."""
    fold = {"per": ["fold"]} if per_fold else {}
    return study(
        drawer={"stage": "train", **fold, "with": DRAWER,
                "in": "folds.train" if per_fold else "edges"},
        drawn={"stage": "segment", "per": ["fold"],
               "in": {"model": "drawer", "data": "folds.train"}},
        more={"stage": "augment", "per": ["fold"], "in": "drawn",
              "with": {"copies": 1}},
        model={"stage": "train", "per": ["fold"], "in": "more",
               "with": CLASSIFIER})


def filtered(per_fold):
    """A first classifier says which images the second one learns from."""
    fold = {"per": ["fold"]} if per_fold else {}
    return study(
        first={"stage": "train", **fold, "with": CLASSIFIER,
               "in": "folds.train" if per_fold else "images"},
        judged={"stage": "predict", "per": ["fold"],
                "in": {"model": "first", "data": "folds.train"}},
        good={"stage": "filter", "per": ["fold"],
              "in": {"in": "folds.train", "predictions": "judged"},
              "with": {"threshold": 0}},
        model={"stage": "train", "per": ["fold"], "in": "good",
               "with": CLASSIFIER})


GAME = {"objective": "pix2pix", "condition": "contour", "epochs": 1,
        "batch": 4, "generator": "networks/generator.json",
        "discriminator": "networks/discriminator.json"}


def generated(per_fold, filtered=None):
    """Images that a generator makes of contours are learned from as well;
    `filtered`: those that a classifier of the fold, or of all, calls lesions.
    """
    fold = {"per": ["fold"]}
    nodes = {
        "edges": {"stage": "canny", "in": "images",
                  "with": {"to": "contour"}},
        "gan": {"stage": "train_gan", **(fold if per_fold else {}),
                "in": "folds.train" if per_fold else "edges", "with": GAME},
        "made": {"stage": "generate", **fold, "with": {"label": "lesion"},
                 "in": {"model": "gan.generator", "data": "folds.train"}},
        "both": {"stage": "concat", **fold, "in": ["folds.train", "made"]},
        "model": {"stage": "train", **fold, "in": "both", "with": CLASSIFIER},
    }
    if filtered:
        every = filtered == "every"
        nodes["first"] = {"stage": "train", **({} if every else fold),
                          "in": "images" if every else "folds.train",
                          "with": CLASSIFIER}
        nodes["judged"] = {"stage": "predict", **fold,
                           "in": {"model": "first", "data": "made"}}
        nodes["good"] = {"stage": "filter", **fold, "with": {"threshold": 0},
                         "in": {"in": "made", "predictions": "judged"}}
        nodes["both"]["in"] = ["folds.train", "good"]
    return study(**nodes)


def test_generators():
    passes("generated-per-fold", generated(True))
    passes("filtered-images-per-fold", generated(True, "fold"))
    message = caught(
        "generated", generated(False), "(fold 0: ", "fold 1: ",
        "phantom -> images -> edges -> gan.generator (learned from it) -> "
        "made[fold=1] -> both[fold=1] -> model[fold=1] -> scores[fold=1]")
    check(message.count("group 'P") == 2, message)
    caught("filtered-images", generated(True, "every"),
           "phantom -> images -> first (learned from it) -> judged[fold=0] -> "
           "good[fold=0] -> both[fold=0] -> model[fold=0] -> scores[fold=0]")


def test_what_is_made():
    """Made images are of the patient whose contour they were made of, and know
    the patients that the generator has learned from."""
    document = generated(True)
    document["outputs"] = {"made": "made", "metrics": "metrics"}
    run("made", document, "--out", "out-made")
    for fold in range(2):
        with open(f"out-made/made/fold={fold}/items.csv",
                  encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        check(rows and all(
            row["id"] == row["parents"] + "#0" and row["label"] == "lesion" and
            row["kind"] == "generated" and row["group"] in row["id"]
            for row in rows), f"{rows[:2]}")


def judged_images(per_fold, extractor):
    """Leaked of checked real images by judge, over both folds."""
    fold = {"per": ["fold"]}
    document = generated(per_fold)
    document["nodes"].update({
        "extractor": {"stage": "train", "in": extractor, "with": CLASSIFIER,
                      **(fold if "folds" in extractor else {})},
        "f_made": {"stage": "features", **fold,
                   "in": {"model": "extractor", "data": "made"}},
        "f_real": {"stage": "features", **fold,
                   "in": {"model": "extractor", "data": "folds.test"}},
        "quality": {"stage": "evaluate_images", **fold,
                    "in": {"generated": "f_made", "real": "f_real"}}})
    for node in ("both", "model", "scores", "metrics"):
        del document["nodes"][node]
    del document["params"], document["presets"]
    document["outputs"] = {"quality": "quality"}
    name = f"judged-{per_fold}-{extractor}"
    run(name, document, "--out", f"out-{name}")
    found = {}
    for row in json.loads(pathlib.Path(f"out-{name}/quality.json").read_text()):
        check(row["metrics"]["extractor"].startswith("small_cnn "), f"{row}")
        for part in row["metrics"]["leakage"]["parts"]:
            n = found.setdefault(part["judge"], [0, 0])
            n[0] += part["n_leaked"]
            n[1] += part["n_checked"]
    return found


def test_judges_of_images():
    n = judged_images(True, "folds.train")
    check(n["extractor"] == [0, n["generator"][1]] and
          n["generator"][0] == 0 and n["generator"][1] > 20, f"{n}")
    n = judged_images(False, "folds.train")
    check(n["extractor"][0] == 0 and n["generator"][0] == n["generator"][1],
          f"{n}")
    n = judged_images(True, "images")
    check(n["extractor"][0] == n["extractor"][1] and "generator" not in n,
          f"{n}")


def sampled(per_fold):
    """What a generator made while it learned is learned from as well."""
    document = generated(per_fold)
    nodes = document["nodes"]
    del nodes["made"]
    nodes["both"]["in"] = ["folds.train", "gan.samples"]
    return document


def test_samples():
    """Samples of a training know its patients, and are of them."""
    passes("sampled-per-fold", sampled(True))
    caught("sampled", sampled(False),
           "edges -> gan.samples (learned from it) -> both[fold=0] -> "
           "model[fold=0] (learned from it) -> scores[fold=0]")
    found = foretold("sampled", sampled(False))
    check(found == [WARNED.format("gan", "edges")], f"{found}")
    document = sampled(True)
    document["nodes"]["both"]["in"] = "folds.test"
    document["nodes"]["scores"]["in"]["data"] = "gan.samples"
    message = caught("judged-samples", document,
                     "folds.train[fold=0] -> gan.samples[fold=0] (learned from "
                     "it) -> scores[fold=0]")
    check("let it learn from others" in message, message)


def test_drawn_masks():
    passes("drawn-per-fold", drawn(True))
    message = caught(
        "drawn", drawn(False), "(fold 0: ", "fold 1: ",
        "phantom -> images -> edges -> drawer (learned from it) -> "
        "drawn[fold=1] -> more[fold=1] -> model[fold=1] -> scores[fold=1]")
    check(message.count("group 'P") == 2, message)


def test_filters():
    passes("filtered-per-fold", filtered(True))
    caught("filtered", filtered(False),
           "phantom -> images -> first (learned from it) -> judged[fold=0] -> "
           "good[fold=0] -> model[fold=0] -> scores[fold=0]")


def test_what_is_judged():
    """A network that saw everyone prepares the test images alone."""
    document = study(
        drawer={"stage": "train", "in": "edges", "with": DRAWER},
        drawn={"stage": "segment", "in": {"model": "drawer", "data": "edges"}},
        folds={"stage": "split", "per": ["fold"], "in": "drawn",
               "with": {"method": "kfold", "folds": 2, "fold": "${fold}"}})
    caught("prepared", document,
           "edges -> drawer (learned from it) -> drawn -> folds.test[fold=0] "
           "-> scores[fold=0]")


def test_fine_tuning():
    """What a network begins with counts as well."""
    document = study(
        first={"stage": "train", "in": "images", "with": CLASSIFIER},
        model={"stage": "train", "per": ["fold"], "with": CLASSIFIER,
               "in": {"in": "folds.train", "init": "first"}})
    caught("tuned", document, "images -> first (learned from it) -> "
           "model[fold=0] -> scores[fold=0]")


# --- before anything runs -----------------------------------------------------

WARNED = ("warning: metrics: leakage: '{}' learns from '{}', which holds the "
          "patients of 'folds.test[fold=0]' that 'metrics' judges: let it "
          "learn from 'folds.train' (with \"per\": [\"fold\"])")


def test_forecasts():
    for name, document, words in (
            ("drawn", drawn(False), ("drawer", "edges")),
            ("generated", generated(False), ("gan", "edges")),
            ("filtered", filtered(False), ("first", "images"))):
        warning = WARNED.format(*words)
        found = foretold(name, document)
        check(found == [warning], f"{name}: {found}")
        done = runs.osteon("plan", f"{name}.json", "--store", "unused")
        check(warning in done.stderr, done.stderr)
        done = runs.osteon("plan", f"{name}.json", "--store", "unused",
                           "--json")
        steps = {step["step"]: step for step in json.loads(done.stdout)}
        told = steps["metrics"].get("warnings", [])
        check([f"warning: metrics: {t}" for t in told] == [warning],
              done.stdout)
        check(all("warnings" not in step for name, step in steps.items()
                  if name != "metrics"), done.stdout)
        done = run(name, document, status=1)
        check(warning in done.stderr, done.stderr)
    found = foretold("everyone", study(
        folds=None, model={"stage": "train", "in": "images",
                           "with": CLASSIFIER},
        scores={"stage": "predict", "in": {"model": "model",
                                           "data": "images"}}))
    check(found == ["warning: metrics: leakage: 'model' learns from 'images', "
                    "which holds the patients that 'metrics' judges: let it "
                    "learn from others"], f"{found}")
    found = foretold("chosen", study(
        model={"stage": "train", "per": ["fold"], "with": CLASSIFIER,
               "in": {"in": "folds.train", "validation": "folds.test"}}))
    check(len(found) == 1 and "'model' learns from 'folds.test'" in found[0],
          f"{found}")


def test_no_false_alarms():
    """Where stages choose, nobody can know; nor is a site another one."""
    train = {"stage": "train", "with": CLASSIFIER}
    chosen = study(
        folds=None,
        here={"stage": "select", "in": "images",
              "with": {"where": {"site": ["A"]}}},
        there={"stage": "select", "in": "images",
               "with": {"where": {"site": ["B"]}}},
        model={**train, "in": "here"},
        scores={"stage": "predict", "in": {"model": "model",
                                           "data": "there"}})
    restricted = study(
        others={"stage": "restrict", "per": ["fold"],
                "in": {"in": "images", "to": "folds.test"},
                "with": {"by": "group", "exclude": True}},
        model={**train, "per": ["fold"], "in": "others"})
    bound = study(phantom=None, images={"stage": "ingest", "in": "$here"})
    bound["inputs"] = {"here": {"type": "dataset"},
                       "there": {"type": "dataset"}}
    bound["nodes"]["foreign"] = {"stage": "ingest", "in": "$there"}
    bound["nodes"]["first"] = {**train, "in": "foreign"}
    bound["nodes"]["model"]["in"] = {"in": "folds.train", "init": "first"}
    against = study(
        drawer={"stage": "train", "in": "edges", "with": DRAWER},
        drawn={"stage": "segment", "in": {"model": "drawer", "data": "edges"}},
        distinct={"stage": "dedupe",
                  "in": {"in": "images", "against": "drawn"}},
        folds={"stage": "split", "per": ["fold"], "in": "distinct",
               "with": {"method": "kfold", "folds": 2, "fold": "${fold}"}})
    for name, document in (("chosen", chosen), ("restricted", restricted),
                           ("against", against)):
        found = foretold(name, document)
        check(not found, f"{name}: {found}")
    path = runs.write("bound.json", bound)
    done = runs.osteon("validate", path, "--bind", "here=.", "--bind",
                       "there=..")
    check("warning" not in done.stderr, done.stderr)


# --- parts of one patient -----------------------------------------------------

def split_parts(group, **nodes):
    """Parts of images, divided with or without a look at the patient."""
    return study(
        edges=None,
        folds={"stage": "split", "per": ["fold"], "in": "parts",
               "with": {"method": "kfold", "folds": 2, "fold": "${fold}",
                        "group": group}}, **nodes)


PARTS = {
    "tiles": {"parts": {"stage": "tile", "in": "images",
                        "with": {"size": 16}}},
    "frames": {"series": {"stage": "sequence", "in": "images",
                          "with": {"length": 2}},
               "parts": {"stage": "frames", "in": "series"}},
    "pairs": {"contours": {"stage": "canny", "in": "images",
                           "with": {"to": "contour"}},
              "pairs": {"stage": "pair", "in": "contours"},
              "parts": {"stage": "unpair", "in": "pairs"}},
    "views": {"phantom": {"stage": "phantom",
                          "with": {"kind": "scan", "patients": 8,
                                   "size": [96, 24], "images": [2, 3],
                                   "shares": [1, 0, 1]}},
              "parts": {"stage": "aggregate_views", "in": "images",
                        "with": {"type": "u16"}}},
}


def test_parts():
    for name, nodes in PARTS.items():
        passes(f"{name}-by-patient", split_parts(True, **nodes))
        caught(name, split_parts(False, **nodes),
               "parts -> folds.train[fold=0] -> model[fold=0] (learned from "
               "it) -> scores[fold=0]")


# --- the same picture under two names -----------------------------------------

def gray_png(rows):
    packed = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    return (b"\x89PNG\r\n\x1a\n" +
            chunk(b"IHDR", struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8,
                                       0, 0, 0, 0)) +
            chunk(b"IDAT", packed) + chunk(b"IEND", b""))


def folder(name, copy_of_first, copies=("e1",)):
    """Two images of each of six patients; `copies` are made of 'a0'."""
    where = pathlib.Path(name)
    where.mkdir()
    lines = ["path,label,group"]
    for at, patient in enumerate("abcdef"):
        for k, label in enumerate(("no", "yes")):
            pixels = read_gray_png(png(10 * at + k))
            if f"{patient}{k}" in copies:
                pixels = copy_of_first(read_gray_png(png(0)))
            (where / f"{patient}{k}.png").write_bytes(gray_png(pixels))
            lines.append(f"{patient}{k}.png,{label},{patient}")
    (where / "manifest.csv").write_text("\n".join(lines) + "\n")
    return where


def with_pictures(name, *copies):
    """A study on such a folder, a fold for each patient."""
    folder(name, *copies)
    document = study(
        phantom=None, edges=None, images={"stage": "ingest", "in": "$images"},
        folds={"stage": "split", "per": ["fold"], "in": "images",
               "with": {"method": "kfold", "folds": 6, "fold": "${fold}"}},
        metrics={"stage": "evaluate",
                 "in": {"predictions": "scores", "images": "images"},
                 "with": {"leakage": "${leakage}"}})
    document["axes"] = {"fold": {"range": 6}}
    document["inputs"] = {"images": {"type": "dataset", "default": name}}
    return document


def duplicates(name, document, *words):
    done = run(name, document, "--out", f"out-{name}", *words)
    return done.stderr, json.loads(pathlib.Path(
        f"out-{name}/metrics.json").read_text())["leakage"]["duplicates"]


def test_identical_pictures():
    document = with_pictures("identical", lambda rows: rows)
    done = run("identical", document, status=1)
    check("leakage: 2 of 12 items show the very picture that what judged them "
          "had learned from under another group: 'a0' of 'a' is 'e1' of 'e', "
          "'e1' of 'e' is 'a0' of 'a'; give them one group" in done.stderr,
          done.stderr)
    notes, found = duplicates("identical", document, "--set", "leakage=warn")
    check("note: metrics: leakage: 2 of 12 items show the very" in notes, notes)
    fold = found["pairs"][0].pop("fold")
    check(0 <= fold < 6 and found["n_identical"] == 2 and
          found["n_near"] == 0 and found["n_pictures"] == 12 and
          found["n_judged"] == 12 and
          found["pairs"][0] == {"item": "a0", "group": "a", "same_as": "e1",
                                "same_as_group": "e", "distance": 0,
                                "identical": True}, f"{found}")


def test_near_pictures():
    def brighter(rows):
        return [bytes(min(255, v * 9 // 8 + 5) for v in row) for row in rows]

    document = with_pictures("near", brighter)
    notes, found = duplicates("near", document)
    check("note: metrics: leakage: 2 of 12 items show nearly a picture" in notes
          and found["n_identical"] == 0 and found["n_near"] == 2 and
          [(p["item"], p["same_as"]) for p in found["pairs"]] ==
          [("a0", "e1"), ("e1", "a0")] and
          0 <= found["pairs"][0]["distance"] <= 12, f"{notes} {found}")
    document["nodes"]["metrics"]["with"]["duplicates"] = "error"
    done = run("near", document, status=1)
    check("'a0' of 'a' is near 'e1' of 'e'" in done.stderr, done.stderr)
    document["nodes"]["metrics"]["with"]["duplicates"] = "off"
    notes, found = duplicates("near", document)
    check("nearly" not in notes and found["n_near"] == 2, notes)


def test_other_pictures():
    """Neither what shows nothing nor other pictures of a kind are copies."""
    def black(rows):
        return [bytes(len(row)) for row in rows]

    for name, *copies in (("flat", black, ("c0", "e1")),
                          ("other", lambda rows: read_gray_png(png(99)))):
        notes, found = duplicates(name, with_pictures(name, *copies))
        check("leakage" not in notes and not found["pairs"] and
              found["n_judged"] == 12, f"{notes} {found}")
    document = study(metrics={
        "stage": "evaluate", "in": {"predictions": "scores",
                                    "images": "images"}})
    notes, found = duplicates("phantoms", document)
    check(not found["pairs"] and found["n_without"] == 0, f"{found}")


def test_one_patient():
    """Copies within a patient are no leak; of pooled predictions all pictures
    of the patient are looked at."""
    document = with_pictures("pooled", lambda rows: rows)
    document["nodes"]["patients"] = {
        "stage": "pool", "per": ["fold"], "in": "scores",
        "with": {"label": "any"}}
    document["nodes"]["metrics"]["in"]["predictions"] = "patients"
    done = run("pooled", document, status=1)
    check("2 of 6 items show the very picture" in done.stderr, done.stderr)
    manifest = pathlib.Path("pooled/manifest.csv")
    manifest.write_text(manifest.read_text().replace("e1.png,yes,e",
                                                     "e1.png,yes,a"))
    notes, found = duplicates("pooled", document)
    check(not found["pairs"], f"{found}")


# --- where it is told ---------------------------------------------------------

def test_presets():
    document = generated(False)
    run("presets", document, "--preset", "strict", status=1)
    done = run("presets", document, "--preset", "as_published", "--out", "told",
               "--events", "events")
    leakage = json.loads(pathlib.Path("told/metrics.json").read_text())[
        "leakage"]
    check(leakage["mode"] == "warn" and leakage["n_groups"] == 8 and
          leakage["groups"][0] == "P1" and leakage["by"] == "fold" and
          [p["fold"] for p in leakage["parts"]] == [0, 1], f"{leakage}")
    way = "gan.generator (learned from it) -> made[fold=0]"
    check(f"note: metrics: leakage: {leakage['n_leaked']} of" in done.stderr and
          way in done.stderr, done.stderr)
    event = [e for e in runs.events(pathlib.Path("events").read_text())
             if e.get("step") == "metrics" and e["event"] == "step_finished"]
    check(way in event[0]["message"], f"{event}")
    started = runs.events(pathlib.Path("events").read_text())[0]
    done = runs.osteon("store", "show", started["run"], "--store", STORE)
    check(way in done.stdout, done.stdout)
    for words in ([], ["--preset", "as_published"]):
        done = runs.osteon("explain", "presets.json", "metrics", "--store",
                           STORE, *words)
        check("  leakage: group 'P" in done.stdout and way in done.stdout,
              done.stdout)
    done = runs.osteon("explain", "presets.json", "scores", "--store", STORE)
    check("leakage" not in done.stdout, done.stdout)


def test_off():
    done = run("off", drawn(False), "--set", "leakage=off")
    check("leakage" not in done.stderr, done.stderr)


shutil.copytree(SOURCE / "tests/golden/generate", "networks")
for test in list(globals()):
    if test.startswith("test_"):
        globals()[test]()
