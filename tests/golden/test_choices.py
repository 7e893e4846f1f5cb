#!/usr/bin/env python3
"""A choice made on validation patients passes; one made on the patients that
it is tested on is refused, per fold and over all folds.
"""
import copy
import json
import os
import pathlib
import sys

SOURCE = pathlib.Path(os.environ["OSTEON_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests" / "support"))
import runs  # noqa: E402
from runs import check  # noqa: E402

CHOSEN = {
    "osteon": 1,
    "name": "chosen",
    "seed": 7,
    "axes": {"fold": {"range": 2}, "epochs": {"values": [1, 3]}},
    "nodes": {
        "phantom": {"stage": "phantom",
                    "with": {"patients": 24, "size": [32, 32]}},
        "images": {"stage": "ingest", "in": "phantom"},
        "folds": {"stage": "split", "per": ["fold"], "in": "images",
                  "with": {"method": "kfold", "folds": 2, "fold": "${fold}",
                           "validation": 0.4}},
        "train": {"stage": "train", "per": ["fold", "epochs"],
                  "in": "folds.train",
                  "with": {"network": "lib:small_cnn", "epochs": "${epochs}",
                           "batch": 8}},
        "try": {"stage": "predict", "per": ["fold", "epochs"],
                "in": {"model": "train", "data": "folds.validation"}},
        "quality": {"stage": "evaluate", "per": ["fold", "epochs"],
                    "in": "try"},
        "best": {"stage": "choose", "per": ["fold"],
                 "in": {"metrics": "quality", "models": "train"}},
        "predict": {"stage": "predict", "per": ["fold"],
                    "in": {"model": "best.model", "data": "folds.test"}},
        "metrics": {"stage": "evaluate", "in": "predict"},
    },
    "outputs": {"metrics": "metrics", "choice": "best.choice"},
}


def run(name, document, status):
    return runs.osteon("run", runs.write(f"{name}.json", document), "--store",
                       "store", "--out", name, "--quiet", status=status)


def main():
    run("validation", CHOSEN, 0)
    choices = json.loads(pathlib.Path("validation/choice.json").read_text())
    for fold, choice in enumerate(choices):
        rows = choice["metrics"]["candidates"]
        check(choice["axes"] == {"fold": str(fold)}, "folds are mixed")
        check([r["epochs"] for r in rows] == ["1", "3"], "candidates are lost")
        best = max(rows, key=lambda r: r["value"])
        check(best["chosen"] and choice["metrics"]["chosen"]["value"] ==
              best["value"], "not the best is chosen")

    tested = copy.deepcopy(CHOSEN)
    tested["nodes"]["try"]["in"]["data"] = "folds.test"
    error = run("test", tested, 1).stderr
    check("metrics: failed: leakage" in error and "P0" in error, error)

    foretold = runs.osteon("validate", "test.json").stderr
    check("'quality' decides what 'metrics' judges" in foretold, foretold)
    foretold = runs.osteon("validate", "validation.json").stderr
    check("leakage" not in foretold, foretold)

    # The validation patients of one fold are test patients of the other.
    once = copy.deepcopy(CHOSEN)
    once["nodes"]["quality"] = {"stage": "evaluate", "per": ["epochs"],
                                "in": "try"}
    error = run("once", once, 1).stderr
    check("metrics: failed: leakage" in error, error)
    print("choices on validation patients pass, the others are refused")


main()
