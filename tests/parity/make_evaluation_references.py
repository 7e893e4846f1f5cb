#!/usr/bin/env python3
"""Writes evaluation_references.json: tables and what is true of them.

Needs numpy and scikit-learn.  Each case is a table of predictions, the params
of the stage `evaluate` for it, and numbers by their place in the document.
"""
import json
import pathlib

import numpy as np
from sklearn import calibration, metrics, preprocessing

HERE = pathlib.Path(__file__).parent
NAMES = ["accuracy", "balanced_accuracy", "precision", "recall", "specificity",
         "npv", "f1", "mcc", "kappa", "auc", "average_precision", "brier"]


def rates(y, called):
    """Numbers of two classes by what is called positive."""
    tn, fp, fn, tp = metrics.confusion_matrix(y, called, labels=[0, 1]).ravel()
    return {
        "accuracy": metrics.accuracy_score(y, called),
        "balanced_accuracy": np.mean([x for x in (
            tp / (tp + fn) if tp + fn else None,
            tn / (tn + fp) if tn + fp else None) if x is not None]),
        "precision": metrics.precision_score(y, called, zero_division=0),
        "recall": metrics.recall_score(y, called, zero_division=0),
        "specificity": tn / (tn + fp) if tn + fp else 0,
        "npv": tn / (tn + fn) if tn + fn else 0,
        "f1": metrics.f1_score(y, called, zero_division=0),
        "mcc": metrics.matthews_corrcoef(y, called),
        "kappa": metrics.cohen_kappa_score(y, called),
    }


def areas(y, score):
    two = 0 < sum(y) < len(y)
    return {
        "auc": metrics.roc_auc_score(y, score) if two else np.nan,
        "average_precision":
            metrics.average_precision_score(y, score) if sum(y) else np.nan,
        "brier": metrics.brier_score_loss(y, score),
        "log_loss": metrics.log_loss(y, score, labels=[0, 1]),
    }


def calibrated(y, score, bins):
    """The bins that are not empty, and their mean and greatest distance."""
    true, told = calibration.calibration_curve(y, score, n_bins=bins)
    edges = np.linspace(0, 1, bins + 1)
    n = np.bincount(np.searchsorted(edges[1:-1], score), minlength=bins)
    out = {"calibration.ece": sum(n[n > 0] * abs(true - told)) / len(y),
           "calibration.mce": max(abs(true - told))}
    for at, i in enumerate(np.flatnonzero(n)):
        out[f"calibration.bins.{i}.n"] = n[i]
        out[f"calibration.bins.{i}.observed"] = true[at]
        out[f"calibration.bins.{i}.score"] = told[at]
    return out


def curves(y, score):
    fpr, tpr, _ = metrics.roc_curve(y, score)
    out = {}
    for i in range(len(fpr)):
        out[f"roc.fpr.{i}"] = fpr[i]
        out[f"roc.tpr.{i}"] = tpr[i]
    precision, recall, threshold = metrics.precision_recall_curve(y, score)
    for i in range(len(recall)):
        out[f"pr.recall.{i}"] = recall[i]
        out[f"pr.precision.{i}"] = precision[i]
        if i < len(threshold):
            out[f"pr.threshold.{i}"] = threshold[i]
    return out


def points(y, score, rate=0.9):
    """Cuts of all points; of equal ones the highest."""
    fpr, tpr, cut = metrics.roc_curve(y, score, drop_intermediate=False)
    out = {}
    best = np.argmax(np.round(tpr - fpr, 12))
    out["youden.j"] = (tpr - fpr)[best]
    out["youden.sensitivity"] = tpr[best]
    fine = 1 - fpr >= rate - 1e-12
    out["sensitivity_at_specificity.1.sensitivity"] = max(tpr[fine])
    fine = tpr >= rate - 1e-12
    out["specificity_at_sensitivity.1.specificity"] = max(1 - fpr[fine])
    cost = 0.2 * 5 * (1 - tpr) + 0.8 * 1 * fpr
    out["cost.expected_cost"] = min(cost)
    return {f"operating_points.{k}": v for k, v in out.items()}


def at(place, numbers):
    return {f"{place}.{k}": float(v) for k, v in numbers.items()
            if not np.isnan(v)}


def interval(place, values):
    v = np.asarray(values)
    v = v[~np.isnan(v)]
    lo, hi = np.quantile(v, [0.025, 0.975])
    return {f"{place}.lo": lo, f"{place}.hi": hi,
            f"{place}.replicates": len(v)}


def table(rows, header):
    return "\n".join([",".join(header)] +
                     [",".join(map(str, r)) for r in rows]) + "\n"


def two_classes(r, n, decimals, replicates=0):
    y = (r.rand(n) < 0.4).astype(int)
    score = np.clip(np.round(r.normal(0.35 + 0.3 * y, 0.22), decimals), 0, 1)
    called = (score >= 0.5).astype(int)
    want = {**at("pooled", rates(y, called)), **at("pooled", areas(y, score)),
            **at("pooled", calibrated(y, score, 7)),
            **at("pooled", curves(y, score)), **at("pooled", points(y, score))}
    want["pooled.partial_auc"] = metrics.roc_auc_score(y, score, max_fpr=0.3)
    given = {"threshold": 0.5, "bins": 7, "max_fpr": 0.3, "bootstrap": 0,
             "costs": {"fp": 1, "fn": 5, "prevalence": 0.2}}
    if replicates:
        given.update(bootstrap=replicates, like="numpy", random_state=11,
                     interval="bootstrap")
        draws = np.random.RandomState(11)
        found = []
        for _ in range(replicates):
            i = draws.randint(0, n, n)
            found.append({**rates(y[i], called[i]), **areas(y[i], score[i])})
        for name in NAMES:
            want.update(interval(f"pooled.intervals.{name}",
                                 [f[name] for f in found]))
    rows = [(f"i{i:03}", "ny"[y[i]], score[i]) for i in range(n)]
    return {"kind": "label", "with": given, "want": want,
            "table": table(rows, ["id", "label", "score"])}


def grouped(r, n, groups, replicates):
    """Whole groups are drawn; the headline numbers of each resample."""
    of = np.sort(r.randint(0, groups, n))
    of = np.unique(of, return_inverse=True)[1]
    y = ((r.rand(groups) < 0.5)[of] ^ (r.rand(n) < 0.2)).astype(int)
    score = np.clip(np.round(r.normal(0.35 + 0.3 * y, 0.2), 1), 0, 1)
    called = (score >= 0.5).astype(int)
    draws = np.random.RandomState(5)
    units, found = of.max() + 1, []
    for _ in range(replicates):
        i = np.concatenate([np.flatnonzero(of == g)
                            for g in draws.randint(0, units, units)])
        found.append({**rates(y[i], called[i]), **areas(y[i], score[i])})
    want = {"interval_method.bootstrap.n_units": units,
            "pooled.n_groups": units}
    for name in NAMES:
        want.update(interval(f"pooled.intervals.{name}",
                             [f[name] for f in found]))
    rows = [(f"i{i:03}", f"g{of[i]:02}", "ny"[y[i]], score[i])
            for i in range(n)]
    return {"kind": "label", "want": want,
            "with": {"threshold": 0.5, "bootstrap": replicates,
                     "like": "numpy", "random_state": 5},
            "table": table(rows, ["id", "group", "label", "score"])}


def more_classes(r, n, classes):
    names = [f"k{k}" for k in range(classes)]
    y = r.randint(0, classes, n)
    p = r.dirichlet(np.ones(classes), n) + 0.5 * np.eye(classes)[y]
    p = np.round(p / p.sum(1, keepdims=True), 6)
    p[:, 0] = np.round(1 - p[:, 1:].sum(1), 6)
    called = p.argmax(1)
    want = {
        "pooled.accuracy": metrics.accuracy_score(y, called),
        "pooled.balanced_accuracy":
            metrics.balanced_accuracy_score(y, called),
        "pooled.mcc": metrics.matthews_corrcoef(y, called),
        "pooled.kappa": metrics.cohen_kappa_score(y, called),
        "pooled.log_loss": metrics.log_loss(y, p, labels=range(classes)),
        "pooled.brier": np.mean(((p - np.eye(classes)[y]) ** 2).sum(1)),
    }
    for average, place in (("macro", ""), ("weighted", "weighted."),
                           ("micro", "micro.")):
        a, b, c, _ = metrics.precision_recall_fscore_support(
            y, called, average=average, zero_division=0)
        want[f"pooled.{place}precision"] = a
        want[f"pooled.{place}recall"] = b
        want[f"pooled.{place}f1"] = c
    one = preprocessing.label_binarize(y, classes=range(classes))
    for average, place in (("macro", ""), ("weighted", "_weighted"),
                           ("micro", "_micro")):
        want[f"pooled.auc{place}"] = metrics.roc_auc_score(
            y, p, multi_class="ovr", average=average)
        want[f"pooled.average_precision{place}"] = \
            metrics.average_precision_score(one, p, average=average)
    for average, place in (("macro", ""), ("weighted", "_weighted")):
        want[f"pooled.auc_ovo{place}"] = metrics.roc_auc_score(
            y, p, multi_class="ovo", average=average)
    for k in range(classes):
        place = f"pooled.per_class.{k}"
        want.update(at(place, areas(one[:, k], p[:, k])))
        want.update(at(place, {
            n: v for n, v in rates(one[:, k], (called == k) * 1).items()
            if n in ("precision", "recall", "specificity", "npv", "f1")}))
    rows = [(f"i{i:03}", names[y[i]], *p[i]) for i in range(n)]
    return {"kind": "label", "with": {"bootstrap": 0}, "want": want,
            "table": table(rows, ["id", "label"] +
                           [f"score_{k}" for k in names])}


def more_labels(r, n, labels):
    names = [f"l{k}" for k in range(labels)]
    y = (r.rand(n, labels) < 0.35).astype(int)
    p = np.clip(np.round(r.normal(0.35 + 0.3 * y, 0.2), 2), 0.01, 0.99)
    called = (p > 0.5).astype(int)
    want = {"pooled.subset_accuracy": metrics.accuracy_score(y, called),
            "pooled.hamming_loss": metrics.hamming_loss(y, called)}
    for average in ("macro", "weighted", "micro"):
        a, b, c, _ = metrics.precision_recall_fscore_support(
            y, called, average=average, zero_division=0)
        want[f"{average}.precision"] = a
        want[f"{average}.recall"] = b
        want[f"{average}.f1"] = c
        want[f"{average}.auc"] = metrics.roc_auc_score(y, p, average=average)
        want[f"{average}.average_precision"] = \
            metrics.average_precision_score(y, p, average=average)
    for k in range(labels):
        want.update(at(f"labels.{k}", areas(y[:, k], p[:, k])))
        want.update(at(f"labels.{k}", rates(y[:, k], called[:, k])))
    words = ["|".join(names[k] for k in np.flatnonzero(row)) for row in y]
    says = ["|".join(names[k] for k in np.flatnonzero(row)) for row in called]
    rows = [(f"i{i:03}", words[i], says[i], *p[i]) for i in range(n)]
    return {"kind": "labels", "with": {"bootstrap": 0}, "want": want,
            "table": table(rows, ["id", "label", "predicted"] +
                           [f"score_{k}" for k in names])}


def numbers(r, n, replicates):
    y = np.round(r.normal(50, 12, n), 2)
    p = np.round(y + r.normal(1, 6, n), 2)

    def found(i):
        return {"mean_absolute_error": metrics.mean_absolute_error(y[i], p[i]),
                "rmse": metrics.mean_squared_error(y[i], p[i], squared=False),
                "bias": np.mean(p[i] - y[i]),
                "r2": metrics.r2_score(y[i], p[i]),
                "pearson_r": np.corrcoef(y[i], p[i])[0, 1]}

    want = at("pooled", found(np.arange(n)))
    draws = np.random.RandomState(3)
    all_of = [found(draws.randint(0, n, n)) for _ in range(replicates)]
    for name in all_of[0]:
        want.update(interval(f"pooled.intervals.{name}",
                             [f[name] for f in all_of]))
    rows = [(f"i{i:03}", y[i], p[i]) for i in range(n)]
    return {"kind": "number", "want": want,
            "with": {"bootstrap": replicates, "like": "numpy",
                     "random_state": 3, "interval": "bootstrap"},
            "table": table(rows, ["id", "label", "predicted"])}


def main():
    r = np.random.RandomState(20)
    cases = [two_classes(r, n, d) for n, d in
             ((30, 1), (60, 2), (45, 1), (200, 3), (12, 1))]
    cases += [two_classes(r, 40, 1, 120), two_classes(r, 25, 2, 150)]
    cases += [more_classes(r, n, k) for n, k in ((60, 3), (90, 5))]
    cases += [more_labels(r, n, k) for n, k in ((50, 3), (80, 4))]
    cases += [numbers(r, 40, 100)]
    cases += [grouped(r, n, g, 150) for n, g in ((60, 20), (90, 12))]
    for case in cases:
        case["want"] = {k: float(v) for k, v in case["want"].items()}
    (HERE / "evaluation_references.json").write_text(
        "[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")


main()
