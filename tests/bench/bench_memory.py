#!/usr/bin/env python3
"""Memory of a training step, ours beside PyTorch's.

    bench_memory.py BENCH_MEMORY MODELS [NAME...]

BENCH_MEMORY is the program that bench_memory.c makes, MODELS the folder of the
networks (workflows/models), NAME a row of ROWS (default: all).  One JSON line
for each: megabytes of activations and workspace at the fullest moment of a step
of both, and their ratio (0.5 is what is wanted); what PyTorch holds of weights
and gradients apart.  Of PyTorch every allocation is followed by its profiler;
gradients of weights are not counted.
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "parity"))
import environment  # noqa: E402

# Name: the file's params, the batch, and the network of torch_networks.py.
ROWS = {
    "resnet34": ({}, (8, 1, 256, 256), ("resnet", 34, 1, 1000)),
    "ra_conv": ({"depth": 26}, (4, 1, 256, 1024), ("ra_conv", 1, 3, 26)),
    "alexnet_bn": ({}, (32, 1, 224, 224), ("alexnet", 1, 2, True)),
    "cnn3d": ({}, (4, 1, 4, 256, 256), ("cnn3d", 1, 2)),
    "unet": ({}, (4, 1, 256, 256), ("UNet", 1, 1)),
}


def peak(events):
    """Most bytes in use at a time, without gradients of weights."""
    sizes = []
    for e in events:
        if e.name() == "[memory]":
            sizes.append(e.nbytes())
        elif e.name().startswith("finished "):
            # What was allocated last in this size is the gradient.
            size = int(e.name().split()[1])
            for i in range(len(sizes) - 1, -1, -1):
                if size <= sizes[i] < size + 64:
                    sizes[i] = 0
                    break
    now = most = 0
    for size in sizes:
        now += size
        most = max(most, now)
    return most


def theirs(row):
    """Megabytes of PyTorch: activations and workspace, weights, gradients."""
    import torch
    import torch_networks
    _, shape, (name, *given) = ROWS[row]
    torch.set_num_threads(2)
    net = getattr(torch_networks, name)(*given).train()
    opt = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9)
    x = torch.rand(shape)

    def finished(p):
        with torch.profiler.record_function(f"finished {p.grad.nbytes}"):
            pass

    for p in net.parameters():
        p.register_post_accumulate_grad_hook(finished)

    def step():
        opt.zero_grad()
        y = net(x)
        (y * y).sum().backward()
        opt.step()

    step()
    opt.zero_grad()
    with torch.profiler.profile(profile_memory=True) as prof:
        step()
    most = peak(sorted(prof.profiler.kineto_results.events(),
                       key=lambda e: e.start_ns()))
    held = sum(p.nbytes for p in net.parameters())
    grads = sum(p.grad.nbytes for p in net.parameters())
    return {"pytorch": torch.__version__, "pytorch_mb": most / 1e6,
            "weights_mb": held / 1e6, "gradients_mb": grads / 1e6}


def ours(program, folder, row):
    params, shape, _ = ROWS[row]
    done = subprocess.run(
        [program, f"{folder}/{row}.json", json.dumps(params), "0",
         *map(str, shape)], check=True, capture_output=True, text=True)
    ways = [json.loads(line) for line in done.stdout.splitlines()]
    return {w["way"]: w["memory_mb"] for w in ways}


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--pytorch":
        print(json.dumps(theirs(sys.argv[2])))
        return
    program, folder = sys.argv[1:3]
    for row in sys.argv[3:] or ROWS:
        ways = ours(program, folder, row)
        done = subprocess.run(
            [sys.executable, __file__, "--pytorch", row], check=True,
            stdout=subprocess.PIPE, text=True)
        peer = json.loads(done.stdout)
        numbers = {"ours_mb": ways["train"],
                   "ours_all_kept_mb": ways["train, all kept"], **peer,
                   "ratio": ways["train"] / peer["pytorch_mb"]}
        print(json.dumps({"bench": "memory", "row": row} | {
            k: round(v, 3) if isinstance(v, float) else v
            for k, v in numbers.items()}), flush=True)


if __name__ == "__main__":
    environment.enter()
    main()
