#!/usr/bin/env python3
"""Training steps of five networks, ours and PyTorch's in turn.

    bench_train_step.py PROGRAM [NETWORK... [--threads N] [--steps N]]

PROGRAM is what bench_train_step.c makes.  Every step is forward, loss,
backward and update (SGD with momentum).  Ours and PyTorch's run in processes of
their own, on the same cores, one step at a time by turns; PyTorch runs twice,
in its own layout and in channels_last, and the faster one counts.  The
environment is that of tests/parity/.

One JSON line per network: medians over the steps by the wall and of processor
time, their ratios (below 1: ours is faster), our speed beside the machine's
peak (a product of large matrices with PyTorch, by turns as well), and memory in
megabytes.  Weights, gradients and the optimizer's state are listed apart; the
rest (activations, workspace) is planned ahead here, and with PyTorch the peak of
the resident memory during three steps, less the resident memory before the
first, less gradients and state.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests/parity"))

# file, shape, params, the peer's constructor
NETWORKS = {
    "resnet34": ("resnet34", (8, 1, 256, 256), {},
                 lambda n: n.resnet(34, 1, 2)),
    "ra_conv-26": ("ra_conv", (4, 1, 256, 1024), {"depth": 26, "classes": 3},
                   lambda n: n.ra_conv(1, 3, 26)),
    "alexnet_bn": ("alexnet_bn", (32, 1, 224, 224), {},
                   lambda n: n.alexnet(1, 2, norm=True)),
    "cnn3d": ("cnn3d", (4, 1, 4, 256, 256), {}, lambda n: n.cnn3d(1, 2)),
    "unet": ("unet", (4, 1, 256, 256), {}, lambda n: n.UNet(1, 1)),
}


def resident(field):
    """Megabytes of this process: VmRSS or VmHWM (the most so far)."""
    for line in open("/proc/self/status"):
        if line.startswith(field):
            return int(line.split()[1]) * 1024e-6
    raise KeyError(field)


def peer(name, form, threads):
    """Runs in a process of its own: a step for each line it reads."""
    import torch

    import torch_networks

    torch.set_num_threads(threads)
    file, shape, params, build = NETWORKS[name]
    net = build(torch_networks).train()
    x = torch.rand(*shape)
    if form == "last":
        last = (torch.channels_last if x.ndim == 4
                else torch.channels_last_3d)
        net, x = net.to(memory_format=last), x.to(memory_format=last)
    opt = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9)
    y = net.eval()(x[:1]).detach()
    net.train()
    if y.ndim == 2:
        goal = torch.arange(shape[0]) % y.shape[1]
        loss = torch.nn.functional.cross_entropy
    else:
        goal = torch.rand(shape[0], *y.shape[1:])
        loss = torch.nn.functional.binary_cross_entropy_with_logits
    before = resident("VmRSS")
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")
    most, count = None, 0
    for _ in sys.stdin:
        start, used = time.perf_counter(), time.process_time()
        opt.zero_grad()
        loss(net(x), goal).backward()
        opt.step()
        ms = (time.perf_counter() - start) * 1e3
        cpu = (time.process_time() - used) * 1e3
        count += 1
        if count == 3:
            most = resident("VmHWM")
        print(json.dumps({"ms": ms, "cpu_ms": cpu}), flush=True)
    learned = sum(p.numel() for p in net.parameters()) * 4e-6
    print(json.dumps({"rest_mb": round(most - before - 2 * learned, 1)
                      if most else None}), flush=True)


class Runner:
    def __init__(self, command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.taken = []

    def step(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args[0]} failed")
        self.taken.append(json.loads(line))

    def end(self):
        self.process.stdin.close()
        last = json.loads(self.process.stdout.readline())
        self.process.wait()
        return last

    def median(self, key):
        """Without the first step, which warms up."""
        return statistics.median(t[key] for t in self.taken[1:])


def measure(program, name, threads, steps, peak):
    file, shape, params, _ = NETWORKS[name]
    model = TREE / "workflows/models" / (file + ".json")
    me = [sys.executable, os.path.abspath(__file__), "--peer", name,
          "--threads", str(threads), "--form"]
    runners = {
        "ours": Runner([program, str(model), json.dumps(params),
                        "x".join(map(str, shape)), str(threads)]),
        "plain": Runner([*me, "plain"]),
        "last": Runner([*me, "last"]),
    }
    peaks = []
    for _ in range(steps + 1):
        for runner in runners.values():
            runner.step()
        peaks.append(peak())
    ours = runners["ours"]
    best = min(("plain", "last"), key=lambda f: runners[f].median("ms"))
    theirs = runners[best]
    ends = {key: runner.end() for key, runner in runners.items()}
    row = {"bench": "train_step", "network": name,
           "shape": "x".join(map(str, shape)), "threads": threads,
           "steps": steps, "pytorch_layout": best}
    for key in ("ms", "cpu_ms"):
        row["ours_" + key] = round(ours.median(key), 1)
        row["pytorch_" + key] = round(theirs.median(key), 1)
        row["ratio_" + key] = round(ours.median(key) / theirs.median(key), 3)
    end = ends["ours"]
    row["gflops"] = round(end["gflop"] / ours.median("ms") * 1e3, 1)
    row["peak_gflops"] = round(statistics.median(peaks), 1)
    for key in ("weights_mb", "gradients_mb", "optimizer_mb", "rest_mb"):
        row[key] = end[key]
    row["pytorch_rest_mb"] = ends[best]["rest_mb"]
    if row["pytorch_rest_mb"]:
        row["ratio_rest"] = round(end["rest_mb"] / row["pytorch_rest_mb"], 3)
    return row


def main():
    args = argparse.ArgumentParser()
    args.add_argument("program", nargs="?")
    args.add_argument("networks", nargs="*")
    args.add_argument("--threads", type=int, default=2)
    args.add_argument("--steps", type=int, default=9)
    args.add_argument("--peer")
    args.add_argument("--form")
    given = args.parse_args()
    os.environ["OMP_WAIT_POLICY"] = "passive"
    os.environ["OMP_NUM_THREADS"] = str(given.threads)
    import environment
    environment.enter()
    if given.peer:
        return peer(given.peer, given.form, given.threads)
    import torch

    torch.set_num_threads(given.threads)
    a = torch.rand(1024, 1024)

    def peak():
        start = time.perf_counter()
        a @ a
        return 2 * 1024 ** 3 / (time.perf_counter() - start) / 1e9

    for name in given.networks or NETWORKS:
        print(json.dumps(measure(given.program, name, given.threads,
                                 given.steps, peak)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
