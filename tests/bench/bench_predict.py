#!/usr/bin/env python3
"""Judging many images, ours beside PyTorch's DataLoader and model, by turns.

    bench_predict.py BUILD [--images 10000] [--side 128] [--network resnet18]
                     [--threads 2] [--rounds 3] [--folder DIR]

BUILD is the folder with the programs osteon and osteon-worker.  Makes phantom
images as PNG files, then takes by turns: osteon's ingest of the files and its
predict of what came in (from nothing that is remembered but the model), and
PyTorch's DataLoader, with as many processes as is best for it, around a model
of the same layers.  PyTorch reads the files each time; osteon reads them once,
so it has a row with them and one without.  One JSON line: images per second of
all three (median), how many cores each kept busy, and the ratios of times;
below 1 is what is wanted.
"""
import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "parity"))
import environment

BATCH = 32
TRIAL = 256  # images by which the best number of processes is found

MAKE = {
    "osteon": 1, "name": "bench-predict-images",
    "params": {"n": 1, "side": 128},
    "nodes": {"files": {"stage": "phantom", "with": {
        "patients": "${n}", "images": [1, 1], "size": ["${side}", "${side}"]}}},
    "outputs": {"files": "files"},
}
JUDGE = {
    "osteon": 1, "name": "bench-predict",
    "params": {"side": 128, "network": "lib:resnet18"},
    "inputs": {"pictures": {"type": "files"}},
    "nodes": {
        "few": {"stage": "phantom", "with": {
            "patients": 16, "images": [1, 1], "size": ["${side}", "${side}"]}},
        "few_images": {"stage": "ingest", "in": "few"},
        "model": {"stage": "train", "in": "few_images", "with": {
            "network": "${network}", "epochs": 1}},
        "images": {"stage": "ingest", "in": "$pictures"},
        "scores": {"stage": "predict",
                   "in": {"model": "model", "data": "images"}},
    },
    "outputs": {"scores": "scores"},
}


def measured(call):
    """Seconds, and cores kept busy by the children that ended meanwhile."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    call()
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = (after.ru_utime - before.ru_utime +
            after.ru_stime - before.ru_stime)
    return seconds, busy / seconds


# --- ours --------------------------------------------------------------------

class Ours:
    def __init__(self, given, folder):
        self.given, self.folder = given, folder
        self.store = folder / "store"
        for name, workflow in (("make", MAKE), ("judge", JUDGE)):
            (folder / f"{name}.json").write_text(json.dumps(workflow))

    def run(self, name, *more, store=None):
        done = subprocess.run(
            [pathlib.Path(self.given.build) / "osteon", "run",
             self.folder / f"{name}.json", "--store", store or self.store,
             "--jobs", "1", "--threads", str(self.given.threads), "--quiet",
             "--set", f"side={self.given.side}", *more],
            text=True, capture_output=True)
        if done.returncode:
            sys.exit(done.stderr)

    def judge(self, *more, store=None):
        self.run("judge", "--bind", f"pictures={self.pictures}", "--set",
                 f"network=lib:{self.given.network}", *more, store=store)

    def prepare(self):
        self.run("make", "--set", f"n={self.given.images}", "--out",
                 self.folder / "made", store=self.folder / "maker")
        shutil.rmtree(self.folder / "maker")
        self.pictures = self.folder / "made" / "files"
        self.judge("--target", "model")

    def turn(self):
        """Takes ingest and predict from a store that has the model alone."""
        store = self.folder / "turn"
        shutil.rmtree(store, ignore_errors=True)
        shutil.copytree(self.store, store)
        ingest = measured(lambda: self.judge("--target", "images",
                                             store=store))
        predict = measured(lambda: self.judge("--target", "scores",
                                              store=store))
        return ingest, predict


# --- PyTorch's ---------------------------------------------------------------

def small_cnn(torch):
    nn, layers, channels = torch.nn, [], 1
    for width in (8, 16, 32, 32):
        layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False),
                   nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(),
                         nn.Linear(channels, 2))


def resnet18(torch):
    import torchvision
    net = torchvision.models.resnet18(num_classes=2)
    net.conv1 = torch.nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    return net


NETWORKS = {"small_cnn": small_cnn, "resnet18": resnet18}


class Pictures:
    """What a DataLoader asks for an image: read, to floats, normalized."""

    def __init__(self, folder, most):
        self.paths = sorted(folder.rglob("*.png"))[:most]

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        import numpy
        import PIL.Image
        import torch
        picture = numpy.asarray(PIL.Image.open(self.paths[i]), numpy.float32)
        return torch.from_numpy((picture - 80.0) / 48.0)[None]


def peer(given):
    """In a process of its own: all scores once, channels last or not."""
    import torch
    torch.set_num_threads(given.threads)
    net = NETWORKS[given.network](torch).eval()
    layout = (torch.channels_last if given.channels_last
              else torch.contiguous_format)
    net = net.to(memory_format=layout)
    loader = torch.utils.data.DataLoader(
        Pictures(pathlib.Path(given.pictures), given.images),
        batch_size=BATCH, num_workers=given.workers)
    scores = []
    start = time.perf_counter()
    with torch.inference_mode():
        for x in loader:
            x = x.to(memory_format=layout)
            scores.append(torch.softmax(net(x), 1))
    scores = torch.cat(scores)
    print(json.dumps({"seconds": time.perf_counter() - start,
                      "n": len(scores), "version": torch.__version__}))


class Theirs:
    def __init__(self, given, pictures):
        self.given, self.pictures, self.best = given, pictures, None

    def once(self, workers, channels_last, most=None):
        done = subprocess.run(
            [sys.executable, __file__, self.given.build, "--peer",
             "--pictures", self.pictures, "--workers", str(workers),
             "--images", str(most or self.given.images),
             "--network", self.given.network, "--threads",
             str(self.given.threads)] +
            (["--channels-last"] if channels_last else []),
            text=True, stdout=subprocess.PIPE, check=True)
        self.said = json.loads(done.stdout)
        return self.said["seconds"]

    def prepare(self):
        ways = [(w, c) for w in (0, 1, 2) for c in (False, True)]
        self.best = min(ways, key=lambda way: self.once(*way, most=TRIAL))

    def turn(self):
        """Its own count of seconds: without the start of Python."""
        _, busy = measured(lambda: self.once(*self.best))
        return self.said["seconds"], busy


def middle(turns):
    return [statistics.median(column) for column in zip(*turns)]


def options():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("build")
    p.add_argument("--images", type=int, default=10000)
    p.add_argument("--side", type=int, default=128)
    p.add_argument("--network", choices=NETWORKS, default="resnet18")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--folder", help="where the images go (default: removed)")
    p.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    p.add_argument("--pictures", help=argparse.SUPPRESS)
    p.add_argument("--workers", type=int, help=argparse.SUPPRESS)
    p.add_argument("--channels-last", action="store_true",
                   help=argparse.SUPPRESS)
    return p.parse_args()


def compare(given, folder):
    ours = Ours(given, folder)
    ours.prepare()
    theirs = Theirs(given, ours.pictures)
    theirs.prepare()
    ingest, predict, peers = [], [], []
    for _ in range(given.rounds):
        a, b = ours.turn()
        ingest.append(a)
        predict.append(b)
        peers.append(theirs.turn())
    ingest, predict, peers = middle(ingest), middle(predict), middle(peers)
    n = given.images
    print(json.dumps({
        "bench": "predict", "network": given.network, "images": n,
        "side": given.side, "threads": given.threads,
        "ingest_images_s": round(n / ingest[0], 1),
        "predict_images_s": round(n / predict[0], 1),
        "both_images_s": round(n / (ingest[0] + predict[0]), 1),
        "pytorch_images_s": round(n / peers[0], 1),
        "ingest_cores": round(ingest[1], 2),
        "predict_cores": round(predict[1], 2),
        "pytorch_cores": round(peers[1], 2),
        "pytorch": theirs.said["version"],
        "pytorch_workers": theirs.best[0],
        "pytorch_channels_last": theirs.best[1],
        "ratio_predict": round(predict[0] / peers[0], 3),
        "ratio_both": round((ingest[0] + predict[0]) / peers[0], 3)}))


def main():
    given = options()
    os.environ["OMP_WAIT_POLICY"] = "passive"
    environment.enter()
    if given.peer:
        return peer(given)
    with tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(given.folder or made)
        folder.mkdir(parents=True, exist_ok=True)
        compare(given, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
