#!/usr/bin/env python3
"""A training step of a small CNN, ours beside PyTorch's, by turns.

    bench_train.py BENCH_TRAIN [ITEMS SIDE THREADS ROUNDS]

BENCH_TRAIN is the program that bench_train.c makes.  Needs PyTorch (Debian:
python3-torch).  One JSON line: milliseconds per step of both (median over all
rounds of 20 steps) and their ratio.  A ratio below 1 is what is wanted.
"""
import json
import os
import statistics
import subprocess
import sys
import time

STEPS = 20


def peer(torch, items, side):
    """A function that takes the milliseconds of STEPS steps with PyTorch."""
    nn = torch.nn
    layers, channels = [], 2
    for width in (8, 16, 32, 32):
        layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False),
                   nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
        channels = width
    net = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(),
                        nn.Dropout(0.1), nn.Linear(channels, 2))
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    loss = nn.CrossEntropyLoss()
    x = torch.rand(items, 2, side, side)
    y = torch.arange(items) % 2

    def run():
        taken = []
        for _ in range(STEPS):
            start = time.perf_counter()
            opt.zero_grad()
            loss(net(x), y).backward()
            opt.step()
            taken.append((time.perf_counter() - start) * 1e3)
        return taken

    return run


def main():
    program = sys.argv[1]
    given = [int(a) for a in sys.argv[2:]]
    items, side, threads, rounds = given + [16, 64, 2, 9][len(given):]
    os.environ["OMP_WAIT_POLICY"] = "passive"
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import torch
    torch.set_num_threads(threads)
    theirs = peer(torch, items, side)
    theirs()
    ours_ms, theirs_ms = [], []
    for _ in range(rounds):
        done = subprocess.run(
            [program, str(items), str(side), str(threads), str(STEPS)],
            check=True, capture_output=True, text=True)
        ours_ms.append(json.loads(done.stdout)["median_ms"])
        theirs_ms.append(statistics.median(theirs()))
    ours, peers = statistics.median(ours_ms), statistics.median(theirs_ms)
    print(json.dumps({"bench": "train_step", "items": items, "side": side,
                      "threads": threads, "ours_ms": round(ours, 3),
                      "pytorch_ms": round(peers, 3), "pytorch":
                      torch.__version__, "ratio": round(ours / peers, 3)}))


if __name__ == "__main__":
    sys.exit(main())
