#!/usr/bin/env python3
"""Writes figures.json, a workflow whose report has figures that are hard to
draw: long names, twelve folds, ten classes.

The numbers are given and not computed, so that the figures are the same
everywhere and change only when their drawing does.
"""
import json

SITES = ["Krankenhaus Sankt Augustin-Niederpleis am Rhein", "Berg", "Tal",
         "A hospital by the river with a name that does not end"]
CLASSES = ["osteosarcoma, conventional, central, high grade",
           "giant cell tumor of bone", "osteochondroma", "simple bone cyst",
           "aneurysmal bone cyst of unknown dignity", "fibrous dysplasia",
           "Ewing sarcoma", "normal", "chondroblastoma", "x"]
GRID = [i / 16 for i in range(17)]


def curve(bend):
    """A curve above the diagonal, the more so the larger `bend`."""
    return {"fpr": GRID, "tpr": [round(1 - (1 - x) ** bend, 4) for x in GRID],
            "threshold": ["inf"] + [round(1 - x, 4) for x in GRID[1:]]}


def recall(bend):
    return {"recall": GRID[::-1],
            "precision": [round(1 - 0.6 * x ** bend, 4) for x in GRID[::-1]],
            "threshold": [round(1 - x, 4) for x in GRID[:-1]]}


def block(bend, n, **more):
    area = round(bend / (bend + 1), 4)
    return {"n_items": n, "n_groups": n // 2, "n_positive": n // 3,
            "auc": area, "average_precision": round(area * 0.93, 4),
            "accuracy": 0.75, "recall": 0.625, "specificity": 0.875,
            "precision": 0.7, "f1": 0.66, "roc": curve(bend),
            "pr": recall(bend),
            "intervals": {"auc": {"lo": round(area - 0.11, 4),
                                  "hi": round(min(1, area + 0.09), 4),
                                  "level": 0.95, "method": "delong"}}, **more}


def two():
    folds = [block(2 + k % 5, 30, fold=k) for k in range(12)]
    bins = [{"lower": k / 10, "upper": (k + 1) / 10, "n": (k * 7) % 23,
             "score": k / 10 + 0.05,
             "observed": round((k / 10 + 0.05) ** 1.3, 4)} for k in range(10)]
    return {
        "kind": "predictions", "classes": ["normal", "lesion"],
        "positive": "lesion", "threshold": 0.5, "by": "fold", "folds": folds,
        "pooled": block(3.3, 360, confusion=[[210, 30], [45, 75]],
                        brier=0.1875, calibration={"bins": bins, "ece": 0.043,
                                                   "mce": 0.1}),
        "summary": {"auc": {"mean": 0.79, "std": 0.05, "n": 12, "skipped": 0}},
        "mean_roc": {"fpr": GRID, "tpr": curve(3.4)["tpr"],
                     "lower": curve(2.4)["tpr"], "upper": curve(5)["tpr"],
                     "auc": 0.784, "auc_std": 0.047},
        "subgroups": [block(2 + k, 90, attribute="site", value=site)
                      for k, site in enumerate(SITES)]
        + [block(3, 180, attribute="age", value=value)
           for value in ("below 40", "40 and above")],
        "warnings": [],
    }


def ten():
    confusion = [[400 if i == k else (i * 3 + k * 5) % 11 * 10 + i % 3
                  for k in range(10)] for i in range(10)]
    per_class = [dict(block(3 + k % 4, 60), **{"class": name})
                 for k, name in enumerate(CLASSES)]
    return {
        "kind": "predictions", "classes": CLASSES, "positive": None,
        "threshold": None, "by": "fold", "folds": [], "summary": {},
        "pooled": {"n_items": 600, "n_groups": 300, "auc": 0.8,
                   "accuracy": 0.7, "confusion": confusion,
                   "per_class": per_class, "intervals": {}},
        "warnings": [],
    }


WORKFLOW = {
    "osteon": 1,
    "name": "report-figures",
    "seed": 7,
    "nodes": {
        "binary": {"stage": "value", "with": {"data": two()}},
        "many": {"stage": "value", "with": {"data": ten()}},
        "films": {"stage": "phantom", "with": {
            "kind": "xray", "patients": 9, "size": [24, 24],
            "images": [1, 2]}},
        "images": {"stage": "ingest", "in": "films"},
        "first": {"stage": "select", "in": "images",
                  "with": {"groups": ["P[1-7]"]}},
        "train": {"stage": "select", "in": "first",
                  "with": {"groups": ["P[1-4]"]}},
        "test": {"stage": "select", "in": "first",
                 "with": {"groups": ["P[56]"]}},
        "report": {
            "stage": "report",
            "in": {
                "metrics": {"two": "binary", "ten": "many"},
                "generated": "test", "real": "train",
                "flow": {"films that were read, all of them": "images",
                         "good enough": "first", "training": "train",
                         "test": "test"},
            },
            "with": {
                "title": "Names & numbers <of> every length",
                "statement": "Everything on this page was made up.",
                "excluded": {"good enough": "the reason that a very long "
                                            "sentence gives"},
                "side": 24, "examples": 3,
            },
        },
    },
    "outputs": {"report": "report"},
}

with open("figures.json", "w") as file:
    json.dump(WORKFLOW, file, indent=1)
