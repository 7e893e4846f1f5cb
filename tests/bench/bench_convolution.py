#!/usr/bin/env python3
"""Single convolutions of the published networks, ours beside PyTorch's.

    bench_convolution.py BENCH_CONVOLUTION [PATTERN THREADS REPEATS]

BENCH_CONVOLUTION is the program that bench_convolution.c makes; PATTERN keeps
the shapes whose names contain it ("" for all).  Needs PyTorch.  One JSON line
per shape: median milliseconds forward, of the gradient of the weights and of
that of the input, of ours and of PyTorch (the faster of its two layouts), and
the ratios; below 1 is what is wanted.  First comes the machine's peak, measured
with a product of two large matrices.
"""
import json
import os
import statistics
import subprocess
import sys
import time

# items, channels, depth (0: flat), height, width, output channels, kernel
# depth, height, width, stride, padding, groups, gradient of the input?
SHAPES = {
    "resnet34.stem": (8, 1, 0, 256, 256, 64, 0, 7, 7, 2, 3, 1, 0),
    "resnet34.64": (8, 64, 0, 64, 64, 64, 0, 3, 3, 1, 1, 1, 1),
    "resnet34.64-128": (8, 64, 0, 64, 64, 128, 0, 3, 3, 2, 1, 1, 1),
    "resnet34.down2": (8, 64, 0, 64, 64, 128, 0, 1, 1, 2, 0, 1, 1),
    "resnet34.128": (8, 128, 0, 32, 32, 128, 0, 3, 3, 1, 1, 1, 1),
    "resnet34.128-256": (8, 128, 0, 32, 32, 256, 0, 3, 3, 2, 1, 1, 1),
    "resnet34.256": (8, 256, 0, 16, 16, 256, 0, 3, 3, 1, 1, 1, 1),
    "resnet34.256-512": (8, 256, 0, 16, 16, 512, 0, 3, 3, 2, 1, 1, 1),
    "resnet34.512": (8, 512, 0, 8, 8, 512, 0, 3, 3, 1, 1, 1, 1),
    "ra_conv.stem": (4, 1, 0, 256, 1024, 64, 0, 7, 7, 2, 3, 1, 0),
    "ra_conv.64": (4, 64, 0, 64, 256, 64, 0, 3, 3, 1, 1, 1, 1),
    "ra_conv.512": (4, 512, 0, 8, 32, 512, 0, 3, 3, 1, 1, 1, 1),
    "alexnet.1": (32, 1, 0, 224, 224, 96, 0, 11, 11, 4, 2, 1, 0),
    "alexnet.2": (32, 96, 0, 27, 27, 256, 0, 5, 5, 1, 2, 1, 1),
    "alexnet.3": (32, 256, 0, 13, 13, 384, 0, 3, 3, 1, 1, 1, 1),
    "alexnet.4": (32, 384, 0, 13, 13, 384, 0, 3, 3, 1, 1, 1, 1),
    "alexnet.5": (32, 384, 0, 13, 13, 256, 0, 3, 3, 1, 1, 1, 1),
    "unet.1": (4, 1, 0, 256, 256, 64, 0, 3, 3, 1, 1, 1, 0),
    "unet.64": (4, 64, 0, 256, 256, 64, 0, 3, 3, 1, 1, 1, 1),
    "unet.128": (4, 128, 0, 128, 128, 128, 0, 3, 3, 1, 1, 1, 1),
    "unet.128-64": (4, 128, 0, 256, 256, 64, 0, 3, 3, 1, 1, 1, 1),
    "unet.256": (4, 256, 0, 64, 64, 256, 0, 3, 3, 1, 1, 1, 1),
    "unet.512": (4, 512, 0, 32, 32, 512, 0, 3, 3, 1, 1, 1, 1),
    "unet.1024": (4, 1024, 0, 16, 16, 1024, 0, 3, 3, 1, 1, 1, 1),
    "unet.last": (4, 64, 0, 256, 256, 1, 0, 1, 1, 1, 0, 1, 1),
    "one.64": (1, 64, 0, 64, 64, 64, 0, 3, 3, 1, 1, 1, 1),
    "one.512": (1, 512, 0, 8, 8, 512, 0, 3, 3, 1, 1, 1, 1),
    "cnn3d.1": (4, 1, 4, 256, 256, 32, 3, 3, 3, 1, 1, 1, 0),
    "cnn3d.2": (4, 32, 2, 128, 128, 64, 3, 3, 3, 1, 1, 1, 1),
}


def clock(run, repeats):
    taken = []
    for i in range(repeats + 1):
        start = time.perf_counter()
        run()
        taken.append((time.perf_counter() - start) * 1e3)
    return statistics.median(taken[1:])


def peer(torch, shape, repeats):
    """PyTorch's milliseconds: forward, weights, data."""
    n, c, *side = shape[:5]
    out, *kernel = shape[5:9]
    stride, padding, groups, data = shape[9:]
    if side[0] == 0:
        side, kernel = side[1:], kernel[1:]
    dims = len(side)
    last = torch.channels_last if dims == 2 else torch.channels_last_3d
    best = None
    for form in (torch.contiguous_format, last):
        x = torch.rand(n, c, *side).contiguous(memory_format=form)
        w = torch.rand(out, c // groups, *kernel).contiguous(
            memory_format=form)
        steps = ([stride] * dims, [padding] * dims, [1] * dims)

        def forward():
            return torch.ops.aten.convolution(
                x, w, None, *steps, False, [0] * dims, groups)

        dy = torch.rand_like(forward())

        def backward(mask):
            return lambda: torch.ops.aten.convolution_backward(
                dy, x, w, None, *steps, False, [0] * dims, groups, mask)

        taken = [clock(forward, repeats),
                 clock(backward([False, True, False]), repeats),
                 clock(backward([True, False, False]), repeats)
                 if data else 0.0]
        if best is None or sum(taken) < sum(best):
            best = taken
    return best


def main():
    program = sys.argv[1]
    pattern = sys.argv[2] if len(sys.argv) > 2 else ""
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else 2
    repeats = int(sys.argv[4]) if len(sys.argv) > 4 else 5
    os.environ["OMP_WAIT_POLICY"] = "passive"
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import torch
    torch.set_num_threads(threads)
    a = torch.rand(1536, 1536)
    print(json.dumps({"peak_gflops": round(
        2 * 1536 ** 3 / clock(lambda: a @ a, 5) / 1e6, 1)}), flush=True)
    for name, shape in SHAPES.items():
        if pattern not in name:
            continue
        done = subprocess.run(
            [program, str(threads), str(repeats)], check=True,
            input=" ".join([name, *map(str, shape)]) + "\n",
            capture_output=True, text=True)
        row = json.loads(done.stdout)
        theirs = peer(torch, shape, repeats)
        for key, ms in zip(("forward", "weights", "data"), theirs):
            row["pytorch_" + key + "_ms"] = round(ms, 3)
            if ms:
                row[key + "_ratio"] = round(row[key + "_ms"] / ms, 3)
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    sys.exit(main())
