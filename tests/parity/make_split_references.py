#!/usr/bin/env python3
"""Makes split_references.json: folds and parts drawn by scikit-learn.

    tests/parity/make_split_references.py > tests/parity/split_references.json

Needs scikit-learn (Debian: python3-sklearn).  Classes, groups and folds are
texts of one character per item.  A shuffled StratifiedGroupKFold is what
releases after 1.7 give: earlier ones permuted the counts of the groups without
their names, so the groups are renamed in permuted order here and dealt
unshuffled.
"""
import json
import string
import warnings

import numpy
from sklearn import model_selection as ms

DIGITS = string.digits + string.ascii_letters
random = numpy.random.default_rng(20240601)
warnings.simplefilter("ignore")


def text(values):
    return "".join(DIGITS[v] for v in values)


def dense(values):
    """Numbers that all occur, in sorted order."""
    return numpy.unique(values, return_inverse=True)[1]


def items(i):
    n = int(random.integers(4, 120 if i % 10 == 9 else 40))
    classes = int(random.integers(1, 12 if i % 6 == 5 else 5))
    weights = random.dirichlet(numpy.ones(classes))
    y = dense(random.choice(classes, n, p=weights))
    groups = dense(random.integers(0, int(random.integers(2, 60)), n))
    if i % 4 == 3:  # the class belongs to the group, as with patients
        y = dense(random.integers(0, classes, groups.max() + 1)[groups])
    return y, groups


def folds_of(splits, n):
    fold = numpy.full(n, -1)
    for k, (_, test) in enumerate(splits):
        fold[test] = k
    return text(fold)


def fixed_group_folds(y, groups, k, seed):
    drawn = numpy.random.RandomState(seed).permutation(groups.max() + 1)
    place = numpy.empty_like(drawn)
    place[drawn] = numpy.arange(len(drawn))
    return ms.StratifiedGroupKFold(k).split(y, y, place[groups])


def fold_cases(i):
    y, groups = items(i)
    n, k = len(y), int(random.integers(2, 7))
    seed = None if i % 3 == 0 else int(random.integers(0, 2**32))
    given = {"random_state": seed, "shuffle": True} if seed is not None else {}
    splits = {
        "KFold": lambda: ms.KFold(k, **given).split(y),
        "StratifiedKFold":
            lambda: ms.StratifiedKFold(k, **given).split(y, y),
        "StratifiedGroupKFold": lambda: fixed_group_folds(y, groups, k, seed)
            if given else ms.StratifiedGroupKFold(k).split(y, y, groups),
    }
    sizes = numpy.bincount(groups)
    if len(set(sizes)) == len(sizes) or len(sizes) <= 16:
        splits["GroupKFold"] = lambda: ms.GroupKFold(k).split(y, y, groups)
    for kind, split in splits.items():
        case = {"kind": kind, "y": text(y), "groups": text(groups), "k": k,
                "seed": seed}
        try:
            case["fold"] = folds_of(split(), n)
        except ValueError:
            case["refused"] = True
        yield case


def repeated_cases(i):
    y, _ = items(i)
    k, seed, repeats = 3, int(random.integers(0, 2**31)), 3
    for kind in "KFold", "StratifiedKFold":
        cv = {"KFold": ms.RepeatedKFold,
              "StratifiedKFold": ms.RepeatedStratifiedKFold}[kind](
                  n_splits=k, n_repeats=repeats, random_state=seed)
        try:
            splits = list(cv.split(y, y))
        except ValueError:
            continue
        for repeat in range(repeats):
            yield {"kind": kind, "y": text(y), "k": k, "seed": seed,
                   "repeat": repeat, "fold": folds_of(
                       splits[repeat * k:(repeat + 1) * k], len(y))}


def part_cases(i):
    y, groups = items(i)
    n, seed = len(y), int(random.integers(0, 2**32))
    share = float(random.uniform(0.1, 0.6))
    size = int(random.integers(1, n)) if i % 3 == 2 else share
    n_groups = int(groups.max()) + 1
    splits = {
        "ShuffleSplit": ms.ShuffleSplit(1, test_size=size, random_state=seed),
        "StratifiedShuffleSplit": ms.StratifiedShuffleSplit(
            1, test_size=size, random_state=seed),
        "GroupShuffleSplit": ms.GroupShuffleSplit(
            1, test_size=min(size, n_groups - 1) if isinstance(size, int)
            else size, random_state=seed),
    }
    for kind, cv in splits.items():
        case = {"kind": kind, "y": text(y), "groups": text(groups),
                "seed": seed, "size": cv.test_size}
        try:
            train, test = next(cv.split(y, y, groups))
        except ValueError:
            case["refused"] = True
        else:
            check_train_test_split(kind, y, size, seed, test)
            assert len(train) + len(test) == n
            case["fold"] = folds_of([(0, train), (0, test)], n)
        yield case


def check_train_test_split(kind, y, size, seed, test):
    """The function is the class."""
    if kind == "GroupShuffleSplit":
        return
    again = ms.train_test_split(
        numpy.arange(len(y)), test_size=size, random_state=seed,
        stratify=y if kind == "StratifiedShuffleSplit" else None)[1]
    assert sorted(again) == sorted(test)


def main():
    cases = []
    for i in range(150):
        cases += fold_cases(i)
    for i in range(30):
        cases += repeated_cases(i)
    for i in range(130):
        cases += part_cases(i)
    print("[\n" + ",\n".join(json.dumps(c, separators=(",", ":"))
                             for c in cases) + "\n]")


main()
