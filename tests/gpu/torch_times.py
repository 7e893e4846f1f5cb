#!/usr/bin/env python3
"""The layers, losses, updates and models of cases.py in PyTorch, on this machine's GPU.

    torch_times.py [--device cuda] [--repeats N] [--small]

prints a line of JSON for PyTorch itself, then one for each case with the same names and times as bench_networks.c, in
milliseconds: of TURNS runs that are told without waiting, divided by them.  Single precision without TF32; cuDNN's
algorithms are chosen by timing, and of models the faster of two layouts counts (plain, channels last).  Exit status 3: there
is no PyTorch here, or it sees no GPU.
"""
import argparse
import json
import pathlib
import statistics
import sys
import time

import cases

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests/parity"))
try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(3)

WARM, TURNS = 3, 4


class Clock:
    """Times what a device is told."""

    def __init__(self, device, repeats):
        self.device, self.repeats = device, repeats

    def wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def times(self, run):
        for _ in range(WARM):
            run()
        self.wait()
        taken = []
        for _ in range(self.repeats):
            start = time.perf_counter()
            for _ in range(TURNS):
                run()
            self.wait()
            taken.append((time.perf_counter() - start) * 1e3 / TURNS)
        return taken


# --- layers ------------------------------------------------------------------

class Cell(nn.Module):
    """conv_lstm without a state."""

    def __init__(self, channels, hidden):
        super().__init__()
        self.gates = nn.Conv2d(channels + hidden, 4 * hidden, 3, padding=1)
        self.hidden = hidden

    def forward(self, x):
        h = x.new_zeros(len(x), self.hidden, *x.shape[2:])
        i, _, o, g = self.gates(torch.cat((x, h), 1)).chunk(4, 1)
        c = i.sigmoid() * g.tanh()
        return torch.cat((o.sigmoid() * c.tanh(), c), 1)


def convolution(make):
    return lambda e, shape: make(
        shape[1], e["out"], e["kernel"], e.get("stride", 1),
        padding=e.get("padding", 0), dilation=e.get("dilation", 1),
        groups=e.get("groups", 1))


def pooling(make):
    return lambda e, shape: make(e["kernel"], e.get("stride"),
                                 e.get("padding", 0))


PARTS = {
    "conv2d": convolution(nn.Conv2d),
    "conv3d": convolution(nn.Conv3d),
    "conv_transpose2d": convolution(nn.ConvTranspose2d),
    "dense": lambda e, shape: nn.Linear(shape[1], e["out"]),
    "batch_norm": lambda e, shape: nn.BatchNorm2d(shape[1]),
    "instance_norm": lambda e, shape: nn.InstanceNorm2d(shape[1]),
    "layer_norm": lambda e, shape: nn.GroupNorm(1, shape[1]),
    "relu": lambda e, shape: nn.ReLU(),
    "leaky_relu": lambda e, shape: nn.LeakyReLU(e["slope"]),
    "prelu": lambda e, shape: nn.PReLU(),
    "sigmoid": lambda e, shape: nn.Sigmoid(),
    "tanh": lambda e, shape: nn.Tanh(),
    "scale": lambda e, shape: lambda x: x * e["by"],
    "dropout": lambda e, shape: nn.Dropout(e["p"]),
    "gaussian_noise": lambda e, shape: lambda x: x + torch.randn_like(x),
    "softmax": lambda e, shape: nn.Softmax(1),
    "add": lambda e, shape: lambda x: x + x,
    "multiply": lambda e, shape: lambda x: x * x,
    "concat": lambda e, shape: lambda x: torch.cat((x, x), 1),
    "slice": lambda e, shape: lambda x:
        x[:, e["from"]:e["to"]].contiguous(),
    "max_pool2d": pooling(nn.MaxPool2d),
    "max_pool3d": pooling(nn.MaxPool3d),
    "avg_pool2d": pooling(nn.AvgPool2d),
    "avg_pool3d": pooling(nn.AvgPool3d),
    "adaptive_avg_pool2d": lambda e, shape: nn.AdaptiveAvgPool2d(e["size"]),
    "adaptive_avg_pool3d": lambda e, shape: nn.AdaptiveAvgPool3d(e["size"]),
    "adaptive_max_pool2d": lambda e, shape: nn.AdaptiveMaxPool2d(e["size"]),
    "global_avg_pool": lambda e, shape: lambda x: x.mean((2, 3)),
    "global_max_pool": lambda e, shape: lambda x: x.amax((2, 3)),
    "mean": lambda e, shape: lambda x: x.mean(e["axes"], keepdim=True),
    "sum": lambda e, shape: lambda x: x.sum(e["axes"], keepdim=True),
    "max": lambda e, shape: lambda x: x.amax(e["axes"], keepdim=True),
    "upsample": lambda e, shape: nn.Upsample(scale_factor=e["factor"],
                                             mode=e["mode"]),
    "reflection_pad2d": lambda e, shape: nn.ReflectionPad2d(e["padding"]),
    "conv_lstm": lambda e, shape: Cell(shape[1], e["hidden"]),
}


def time_layer(clock, request):
    entry, shape = request["document"]["layers"][0], request["shape"]
    layer = PARTS[entry["op"]](entry, shape)
    if isinstance(layer, nn.Module):
        layer = layer.to(clock.device).train()
    x = torch.rand(*shape, device=clock.device, requires_grad=True)
    grad = torch.rand_like(layer(x))
    wanted = [x, *(layer.parameters() if isinstance(layer, nn.Module) else ())]

    def both():
        torch.autograd.grad(layer(x), wanted, grad)

    return {"forward": clock.times(lambda: layer(x)),
            "both": clock.times(both)}


def focal(x, goal):
    p = torch.sigmoid(x).clamp(1e-7, 1 - 1e-7)
    return (-goal * (1 - p) ** 2 * p.log() -
            (1 - goal) * p ** 2 * (1 - p).log()).mean()


def dice(x, goal):
    p, rest = torch.sigmoid(x), tuple(range(1, x.ndim))
    return (1 - (2 * (p * goal).sum(rest) + 1) /
            (p.sum(rest) + goal.sum(rest) + 1)).mean()


LOSSES = {
    "softmax_cross_entropy": F.cross_entropy,
    "sigmoid_cross_entropy": F.binary_cross_entropy_with_logits,
    "focal": focal,
    "dice": dice,
    "l1": F.l1_loss,
    "l2": F.mse_loss,
}


def time_loss(clock, request):
    x = torch.rand(*request["shape"], device=clock.device, requires_grad=True)
    if request["loss"] == "softmax_cross_entropy":
        goal = torch.arange(x.shape[0], device=clock.device) % x.shape[1]
    else:
        goal = torch.rand_like(x)
    compare = LOSSES[request["loss"]]
    return {"both": clock.times(
        lambda: torch.autograd.grad(compare(x, goal), x))}


def time_update(clock, request):
    w = torch.rand(*request["shape"], device=clock.device, requires_grad=True)
    w.grad = torch.rand_like(w)
    fused = clock.device.type == "cuda"
    if request["update"] == "adam":
        opt = torch.optim.Adam([w], lr=1e-4, fused=fused)
    else:
        opt = torch.optim.SGD([w], lr=1e-4, momentum=0.9, fused=fused)
    return {"step": clock.times(opt.step)}


# --- models ------------------------------------------------------------------

def builders(device):
    """Of each file, with its own params: a function of the input's channels."""
    import network_cases
    import torch_conv_lstm

    def drawn(items):
        return torch.rand(items, 256, device=device)

    found = {file: build
             for file, params, build, *_ in network_cases.at_real_size()
             if not params}
    nets, gans, unit = (network_cases.nets, network_cases.gans,
                        network_cases.unit)
    found.update(
        conv_lstm_discriminator=torch_conv_lstm.ConvLstmDiscriminator,
        conv_lstm_generator=lambda c: torch_conv_lstm.ConvLstmGenerator(drawn),
        dcgan_generator=lambda c: gans.DcganGenerator(c, 1),
        patch_gan=gans.PatchGan,
        ra_conv=lambda c: nets.ra_conv(c, 3),
        resnet_generator=gans.ResnetGenerator,
        unit2018_discriminator=lambda c: unit.Discriminator2018(
            c, scales=(0,), domains="a"))
    return found


def time_step(clock, net, x):
    opt = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9)
    with torch.no_grad():
        y = net(x)
    if y.ndim == 2:
        goal = torch.arange(len(y), device=clock.device) % y.shape[1]
        compare = F.cross_entropy
    else:
        goal, compare = torch.rand_like(y), F.binary_cross_entropy_with_logits

    def step():
        opt.zero_grad()
        compare(net(x), goal).backward()
        opt.step()

    return clock.times(step)


def time_model(clock, build, shape):
    best = {}
    for layout in torch.contiguous_format, torch.channels_last:
        if layout == torch.channels_last and len(shape) != 4:
            continue
        net = build(shape[1]).to(clock.device).float()
        x = torch.rand(*shape, device=clock.device)
        net, x = net.to(memory_format=layout), x.to(memory_format=layout)
        taken = {"step": time_step(clock, net.train(), x)}
        net.eval()
        with torch.inference_mode():
            taken["forward"] = clock.times(lambda: net(x))
        for name, times in taken.items():
            if name not in best or (statistics.median(times) <
                                    statistics.median(best[name])):
                best[name] = times
    return best


# --- all ---------------------------------------------------------------------

def tell(kind, name, measure):
    try:
        row = measure()
    except Exception as failed:  # noqa: one case must not end the others
        row = {"error": f"{type(failed).__name__}: {failed}"}
    print(json.dumps({"kind": kind, "name": name, **row}), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--small", action="store_true")
    chosen = parser.parse_args()
    if chosen.device == "cuda" and not torch.cuda.is_available():
        print("PyTorch sees no GPU", file=sys.stderr)
        return 3
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    clock = Clock(torch.device(chosen.device), chosen.repeats)
    print(json.dumps({"kind": "pytorch", "name": torch.__version__,
                      "cuda": torch.version.cuda,
                      "cudnn": torch.backends.cudnn.version()}), flush=True)
    for name, request in cases.layer_requests(chosen.small):
        tell("layer", name, lambda: time_layer(clock, request))
    for name, request in cases.loss_requests(chosen.small):
        tell("loss", name, lambda: time_loss(clock, request))
    for name, request in cases.update_requests(chosen.small):
        tell("update", name, lambda: time_update(clock, request))
    built = builders(clock.device)
    models = cases.model_shapes(TREE / "workflows/models", chosen.small)
    for name, _, shape in models:
        tell("model", name, lambda: time_model(clock, built[name], shape))
    return 0


sys.exit(main())
