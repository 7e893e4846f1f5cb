#!/usr/bin/env python3
"""Makes score_references.json: what scikit-learn and SciPy say of scores.

    tests/parity/make_score_references.py > tests/parity/score_references.json

Needs NumPy, SciPy and scikit-learn (Debian: python3-sklearn).  Tables are not
stored: both sides draw them from RandomState(seed), as `binary` and `several`
say here and test_scores.c there.  DeLong's variances come from their
definition, all pairs of cases; the calibration errors from their definition
over scikit-learn's bins.  Numbers that are undefined are null.
"""
import json
import sys
import warnings

import numpy
import scipy.stats
from sklearn import metrics
from sklearn.calibration import calibration_curve

BINARY, SEVERAL, FULL = 1600, 700, 40
warnings.simplefilter("ignore")


# --- tables ---------------------------------------------------------------

def binary(seed):
    """Truth, two scores in 0..1, patients: ties, imbalance, one class."""
    r = numpy.random.RandomState(seed)
    n = 2 + r.randint(0, 60 if seed % 10 else 600)
    levels = [2, 3, 7, 20, 100, 1000003][r.randint(0, 6)]
    share = [50, 50, 30, 90, 5, 0, 100][r.randint(0, 7)]
    pull = r.randint(0, 3)
    y = (r.randint(0, 100, n) < share).astype(int)
    scores = []
    for _ in range(2):
        k = r.randint(0, levels, n) + y * (levels * pull // 4)
        scores.append(k / (2 * levels))
    return y, scores[0], scores[1], r.randint(0, 1 + n // 3, n)


def several(seed):
    """Truth and called, rows of probabilities, labels that a case may share."""
    r = numpy.random.RandomState(seed)
    n = 2 + r.randint(0, 60)
    classes = 2 + r.randint(0, 5)
    levels = [3, 10, 1000][r.randint(0, 3)]
    there = 1 + r.randint(0, classes)
    y = r.randint(0, there, n)
    k = 1 + r.randint(0, levels, n * classes).reshape(n, classes)
    k[numpy.arange(n), y] += levels // 2
    called = r.randint(0, classes, n)
    labels = r.randint(0, 3, n * classes).reshape(n, classes) == 0
    asked = r.randint(0, 2, classes)
    return y, called, k / k.sum(axis=1, keepdims=True), labels, asked, classes


# --- definitions ----------------------------------------------------------

def placements(y, s):
    x, z = s[y == 1], s[y == 0]
    psi = (x[:, None] > z) + 0.5 * (x[:, None] == z)
    return psi.mean(axis=1), psi.mean(axis=0)


def delong(y, a, b):
    m, n = int(y.sum()), int((1 - y).sum())
    if m < 2 or n < 2:
        return [None] * 4
    (ax, az), (bx, bz) = placements(y, a), placements(y, b)
    up, down = numpy.cov(ax, bx), numpy.cov(az, bz)
    s = up / m + down / n
    d = numpy.cov(ax - bx) / m + numpy.cov(az - bz) / n
    return [s[0, 0], s[1, 1], s[0, 1], float(d)]


def calibration(y, s, bins, strategy):
    """ECE, MCE, and the sums of the curve's points."""
    if strategy == "uniform":
        edges = numpy.linspace(0, 1, bins + 1)
    else:
        edges = numpy.percentile(s, numpy.linspace(0, 1, bins + 1) * 100)
    at = numpy.searchsorted(edges[1:-1], s)
    count = numpy.bincount(at, minlength=bins)
    there = count[count > 0]
    observed, predicted = calibration_curve(y, s, n_bins=bins,
                                            strategy=strategy)
    off = abs(observed - predicted)
    return [(off * there).sum() / len(y), off.max(), predicted.sum(),
            observed.sum()]


def cut_numbers(y, s):
    """Best cuts by trying all of them: thresholds and both rates."""
    if len(set(y)) < 2:
        return [None] * 8
    fpr, tpr, thr = metrics.roc_curve(y, s, drop_intermediate=False)
    spec = numpy.array([((s < t) & (y == 0)).sum() for t in thr[1:]])
    spec = numpy.concatenate([[1], spec / (y == 0).sum()])
    best = max(range(len(thr)), key=lambda k: (spec[k] >= 0.9, tpr[k], -k))
    keen = max(range(len(thr)), key=lambda k: (tpr[k] >= 0.9, spec[k], -k))
    p, n = int(y.sum()), int((1 - y).sum())
    tps, fps = numpy.rint(tpr * p), numpy.rint(fpr * n)
    youden = int(numpy.argmax(tps * n - fps * p))
    return [thr[best] if best else None, tpr[best], spec[best],
            thr[keen] if keen else None, spec[keen],
            thr[youden] if youden else None, tpr[youden], spec[youden]]


def curve_sums(y, s):
    """Points of the curves, and sums over them that order matters to."""
    out = []
    for drop in (True, False):
        fpr, tpr, thr = metrics.roc_curve(y, s, drop_intermediate=drop)
        w = numpy.arange(1, len(fpr) + 1)
        out += [len(fpr), (w * fpr).sum(), (w * tpr).sum(),
                (w[1:] * thr[1:]).sum()]
    return out


def precision_recall(y, s):
    """Recall of no positives is undefined here, and 1 there."""
    p, r, t = metrics.precision_recall_curve(y, s)
    if not y.any():
        r[:-1] = numpy.nan
    return p, r, t


def pr_sums(y, s):
    p, r, t = precision_recall(y, s)
    w = numpy.arange(1, len(p) + 1)
    return [len(p), (w * p).sum(), (w * r).sum(), (w[:-1] * t).sum()]


def binary_numbers(seed):
    y, a, b, _ = binary(seed)
    both, some = len(set(y)) == 2, y.any()
    called = (a >= 0.25).astype(int)
    tn, fp, fn, tp = metrics.confusion_matrix(y, called, labels=[0, 1]).ravel()
    numbers = [
        metrics.roc_auc_score(y, a) if both else None,
        metrics.roc_auc_score(y, b) if both else None,
        metrics.roc_auc_score(y, a, max_fpr=0.2) if both else None,
        metrics.average_precision_score(y, a) if some else None,
        metrics.brier_score_loss(y, a, pos_label=1),
        metrics.log_loss(y, a, labels=[0, 1]),
        metrics.accuracy_score(y, called),
        metrics.balanced_accuracy_score(y, called),
        metrics.precision_score(y, called, zero_division=0),
        metrics.recall_score(y, called, zero_division=0),
        metrics.recall_score(y, called, pos_label=0, zero_division=0),
        metrics.precision_score(y, called, pos_label=0, zero_division=0),
        metrics.f1_score(y, called, zero_division=0),
        metrics.matthews_corrcoef(y, called),
        metrics.cohen_kappa_score(y, called),
    ]
    numbers += delong(y, a, b)
    numbers += calibration(y, a, 10, "uniform")
    numbers += calibration(y, a, 7, "quantile")
    numbers += cut_numbers(y, a)
    numbers += curve_sums(y, a) + pr_sums(y, a)
    return numbers


def means(y, called, labels):
    out = []
    for average in ("macro", "weighted", "micro"):
        out += metrics.precision_recall_fscore_support(
            y, called, labels=labels, average=average, zero_division=0)[:3]
    return out


def several_numbers(seed):
    y, called, rows, labels, asked, classes = several(seed)
    everything = numpy.arange(classes)
    one_hot = (y[:, None] == everything).astype(int)
    support = labels.sum(axis=0)
    ap = [metrics.average_precision_score(labels[:, k], rows[:, k])
          for k in range(classes) if support[k]]
    top, right = rows.max(axis=1), rows.argmax(axis=1) == y
    numbers = [
        metrics.log_loss(y, rows, labels=everything),
        ((rows - one_hot) ** 2).sum(axis=1).mean(),
        *calibration(right.astype(int), top, 10, "uniform")[:2],
        metrics.accuracy_score(y, called),
        metrics.balanced_accuracy_score(y, called),
        metrics.matthews_corrcoef(y, called),
        metrics.cohen_kappa_score(y, called),
        numpy.mean(ap) if ap else None,
        numpy.average(ap, weights=support[support > 0]) if ap else None,
        metrics.average_precision_score(labels.ravel(), rows.ravel())
        if ap else None,
        metrics.roc_auc_score(one_hot.ravel(), rows.ravel()),
    ]
    numbers += means(y, called, everything[asked == 1] if asked.any()
                     else everything)
    if len(set(y)) == classes and classes > 2:
        for how in ("ovr", "ovo"):
            for average in ("macro", "weighted"):
                numbers.append(metrics.roc_auc_score(
                    y, rows, multi_class=how, average=average))
    return numbers


# --- resamples ------------------------------------------------------------

def resample_numbers(seed, by_patient):
    """SciPy's intervals of the area, percentile and BCa, at two levels."""
    y, a, _, patient = binary(seed)
    if by_patient:
        names = sorted(set(patient))
        members = [numpy.flatnonzero(patient == p) for p in names]
    else:
        members = [[i] for i in range(len(y))]

    def area(drawn):
        rows = numpy.concatenate([members[int(u)] for u in drawn]).astype(int)
        if len(set(y[rows])) < 2:
            return numpy.nan
        return metrics.roc_auc_score(y[rows], a[rows])

    numbers = []
    for method in ("percentile", "BCa"):
        for level in (0.95, 0.8):
            got = scipy.stats.bootstrap(
                (numpy.arange(len(members)),), area, vectorized=False,
                n_resamples=200, method=method, confidence_level=level,
                random_state=numpy.random.RandomState(seed))
            numbers += [got.confidence_interval.low,
                        got.confidence_interval.high]
    numbers.append(got.standard_error)
    return numbers


def resamples():
    """Of tables that have both classes in every resample."""
    found, seed = [], 0
    while len(found) < 16:
        y = binary(seed)[0]
        by_patient = len(found) % 2 == 1
        if 30 <= len(y) and 0.25 < y.mean() < 0.75:
            numbers = resample_numbers(seed, by_patient)
            if not any(numpy.isnan(v) for v in numbers):
                found.append({"seed": seed, "by_patient": by_patient,
                              "numbers": plain(numbers)})
        seed += 1
    return found


# --- whole curves ----------------------------------------------------------

def curves(seed):
    y, a, _, _ = binary(seed)
    fpr, tpr, thr = metrics.roc_curve(y, a)
    p, r, t = precision_recall(y, a)
    observed, predicted = calibration_curve(y, a, n_bins=10)
    return {name: plain(v) for name, v in {
        "fpr": fpr, "tpr": tpr, "threshold": thr[1:], "precision": p,
        "recall": r, "pr_threshold": t,
        "observed": observed, "predicted": predicted}.items()}


def plain(numbers):
    return [None if v is None or numpy.isnan(v) else
            int(v) if float(v) == int(v) else float(v) for v in numbers]


def main():
    small = [s for s in range(BINARY) if len(binary(s)[0]) < 24][:FULL]
    out = {
        "binary": [plain(binary_numbers(s)) for s in range(BINARY)],
        "several": [plain(several_numbers(s)) for s in range(SEVERAL)],
        "curves": [{"seed": s, **curves(s)} for s in small],
        "resamples": resamples(),
    }
    # One table a line, so that a change shows where it is.
    parts = []
    for name, rows in out.items():
        lines = ",\n".join(json.dumps(row, separators=(",", ":"))
                           for row in rows)
        parts.append(f'"{name}": [\n{lines}\n]')
    sys.stdout.write("{\n" + ",\n".join(parts) + "\n}\n")


main()
