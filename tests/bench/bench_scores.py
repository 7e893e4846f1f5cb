#!/usr/bin/env python3
"""Areas and curves of many scores, ours beside scikit-learn's, in one run.

    bench_scores.py BENCH_SCORES [CASES]

BENCH_SCORES is the program that bench_scores.c makes; CASES are 10^7 if not
given.  One JSON line a kind of scores: seconds of both (median of rounds that
alternate), their ratio (5 or more is what is wanted), whether the area is the
same and the curve has as many points.  Then 2,000 replicates of the area over
10^5 predictions of 30,000 patients, on one and on two threads (2 s is what is
wanted), beside one replicate by scikit-learn.
"""
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import sklearn
from sklearn.metrics import roc_auc_score, roc_curve

ROUNDS = 5


def kinds(n):
    random = numpy.random.default_rng(1)
    y = (random.random(n) < 0.3).astype(numpy.uint8)
    logit = random.normal(size=n) + y
    yield "logits", y, logit
    yield "probabilities", y, 1 / (1 + numpy.exp(-logit))
    yield "float32 probabilities", y, (
        1 / (1 + numpy.exp(-logit))).astype(numpy.float32).astype(float)
    yield "three decimals", y, numpy.round(1 / (1 + numpy.exp(-logit)), 3)
    yield "near 0.5", y, 0.5 + 1e-9 * logit


class Ours:
    def __init__(self, program, folder, *arrays):
        paths = []
        for i, array in enumerate(arrays):
            paths.append(pathlib.Path(folder) / str(i))
            array.tofile(paths[-1])
        self.process = subprocess.Popen([program, *paths], text=True,
                                        stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def areas(program, n):
    for name, y, score in kinds(n):
        with tempfile.TemporaryDirectory() as folder:
            ours = Ours(program, folder, score, y)
            ours.ask("area")
            mine, peer = [], []
            for _ in range(ROUNDS):
                answer = ours.ask("area")
                mine.append(answer["seconds"])
                start = time.perf_counter()
                auc = roc_auc_score(y, score)
                fpr, _, _ = roc_curve(y, score)
                peer.append(time.perf_counter() - start)
            row = {"bench": "scores", "kind": name, "cases": n,
                   "seconds": statistics.median(mine),
                   "sklearn_seconds": statistics.median(peer),
                   "ratio": statistics.median(peer) / statistics.median(mine),
                   "sort_seconds": ours.ask("sort")["seconds"],
                   "all_seconds": ours.ask("all")["seconds"],
                   "auc_difference": abs(auc - answer["auc"]),
                   "same_points": len(fpr) == answer["points"]}
            ours.end()
            print(json.dumps(row), flush=True)


def replicates(program):
    n, patients = 100_000, 30_000
    random = numpy.random.default_rng(2)
    cluster = numpy.concatenate([numpy.arange(patients), random.integers(
        0, patients, n - patients)]).astype(numpy.uint32)
    y = (random.random(patients)[cluster] < 0.3).astype(numpy.uint8)
    score = random.normal(size=patients)[cluster] + random.normal(size=n) + y
    with tempfile.TemporaryDirectory() as folder:
        for kind, arrays in (("patients", (score, y, cluster)),
                             ("cases", (score, y))):
            ours = Ours(program, folder, *arrays)
            one = [ours.ask("bootstrap 2000 1") for _ in range(3)]
            two = [ours.ask("bootstrap 2000 2") for _ in range(3)]
            start = time.perf_counter()
            drawn = random.integers(0, n, n)
            roc_auc_score(y[drawn], score[drawn])
            peer = time.perf_counter() - start
            seconds = statistics.median(a["seconds"] for a in two)
            print(json.dumps({
                "bench": "bootstrap", "units": kind, "predictions": n,
                "replicates": 2000, "one_thread": statistics.median(
                    a["seconds"] for a in one), "two_threads": seconds,
                "jackknife_seconds": ours.ask("jackknife")["seconds"],
                "sklearn_one_replicate": peer,
                "ratio": 2000 * peer / seconds,
                "same": len({(a["lo"], a["hi"]) for a in one + two}) == 1,
            }), flush=True)
            ours.end()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    areas(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000)
    replicates(sys.argv[1])
    print(json.dumps({"bench": "scores", "sklearn": sklearn.__version__}))


main()
