#!/usr/bin/env python3
"""Makes operator_fixtures.txt: what PyTorch computes, in double precision.

    tests/parity/make_operator_fixtures.py > tests/parity/operator_fixtures.txt

Needs PyTorch (Debian: python3-torch).  Each case is a small network with its
input, weights, output, the gradient given to the output and the gradients that
come back; "train" cases are whole trainings of a few steps.  test_operators.c
reads them.  Lines:

    case NAME
    mode train|infer
    layer KIND ATTRIBUTE=VALUE...  [in=I,J]   (-1 is the network's input)
    tensor NAME SIDE... : VALUE...
    steps KIND RATE MOMENTUM DECAY COUNT      (of an optimizer)
    end
"""
import sys

import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(20240501)


def numbers(value):
    return [int(x) for x in value.split(",")]


def pair(attrs, name, default):
    v = numbers(attrs[name]) if name in attrs else [default]
    return tuple(v * 2 if len(v) == 1 else v)


class Module(nn.Module):
    """The network of a case, layer by layer, as the text describes it."""

    def __init__(self, lines, channels):
        super().__init__()
        self.plan = []
        width = {-1: channels}
        for i, line in enumerate(lines):
            kind, *rest = line.split()
            attrs = dict(w.split("=") for w in rest)
            src = numbers(attrs.pop("in", str(i - 1)))
            width[i] = width[src[0]]
            m = self.make(kind, attrs, width, i, src)
            if m is not None and isinstance(m, nn.Module):
                self.add_module(str(i), m)
            self.plan.append((kind, attrs, src, m))

    def make(self, kind, attrs, width, i, src):
        c = width[src[0]]
        bias = attrs.get("bias", "1") == "1"
        if kind == "conv2d":
            width[i] = int(attrs["out"])
            return nn.Conv2d(c, width[i], pair(attrs, "kernel", 1),
                             stride=pair(attrs, "stride", 1),
                             padding=pair(attrs, "padding", 0),
                             dilation=pair(attrs, "dilation", 1), bias=bias)
        if kind == "batch_norm":
            return nn.BatchNorm2d(c, eps=float(attrs.get("epsilon", 1e-5)),
                                  momentum=float(attrs.get("momentum", 0.1)))
        if kind == "dense":
            k = int(attrs.pop("k", c))
            width[i] = int(attrs["out"])
            return nn.Linear(k, width[i], bias=bias)
        return None

    def forward(self, x):
        values = {-1: x}
        for i, (kind, attrs, src, m) in enumerate(self.plan):
            v = values[src[0]]
            kernel = pair(attrs, "kernel", 1)
            stride = pair(attrs, "stride", 0)
            if stride == (0, 0):
                stride = kernel
            if m is not None:
                if kind == "batch_norm" and v.dim() == 2:
                    v = m(v[:, :, None, None])[:, :, 0, 0]
                else:
                    v = m(v)
            elif kind == "relu":
                v = F.relu(v)
            elif kind == "max_pool2d":
                v = F.max_pool2d(v, kernel, stride, pair(attrs, "padding", 0))
            elif kind == "avg_pool2d":
                v = F.avg_pool2d(
                    v, kernel, stride, pair(attrs, "padding", 0),
                    count_include_pad=attrs.get("count_padding", "1") == "1")
            elif kind == "global_avg_pool":
                v = v.mean(dim=(2, 3))
            elif kind == "global_max_pool":
                v = v.amax(dim=(2, 3))
            elif kind == "flatten":
                v = v.flatten(1)
            elif kind == "add":
                v = sum(values[s] for s in src)
            elif kind == "dropout":
                assert attrs["p"] == "0"
            else:
                raise ValueError(kind)
            values[i] = v
        return values[len(self.plan) - 1]


def tensor(name, t):
    t = t.detach()
    print("tensor", name, *t.shape, ":",
          *("%.6g" % v for v in t.flatten().tolist()))


def randomize(net):
    with torch.no_grad():
        for name, p in net.named_parameters():
            if name.endswith("bias") or p.dim() == 1:
                p.copy_(torch.randn(p.shape) * 0.3 +
                        (1.0 if name.endswith("weight") else 0.0))
            else:
                p.copy_(torch.randn(p.shape) *
                        (2.0 / p[0].numel()) ** 0.5)
        for name, b in net.named_buffers():
            if name.endswith("running_mean"):
                b.copy_(torch.randn(b.shape) * 0.5)
            elif name.endswith("running_var"):
                b.copy_(torch.rand(b.shape) + 0.5)
        for t in list(net.parameters()) + list(net.buffers()):
            if t.is_floating_point():
                t.copy_(short(t))


def short(t):
    """Two digits behind the point, in single precision as they are read."""
    return (t * 100).round().div(100).float().double()


def floats(shape):
    return short(torch.randn(shape))


def state(net, prefix):
    for name, t in net.state_dict().items():
        if t.is_floating_point():
            tensor(prefix + name, t)


def case(name, shape, lines, mode="train"):
    net = Module(lines, shape[1])
    randomize(net)
    net.train(mode == "train")
    print("case", name)
    print("mode", mode)
    for line in lines:
        print("layer", *(w for w in line.split() if not w.startswith("k=")))
    x = floats(shape).requires_grad_(True)
    tensor("input", x)
    state(net, "weight:")
    y = net(x)
    tensor("output", y)
    if mode == "train":
        dy = floats(y.shape)
        y.backward(dy)
        tensor("output_grad", dy)
        tensor("input_grad", x.grad)
        for n, p in net.named_parameters():
            tensor("grad:" + n, p.grad)
        for n, b in net.named_buffers():
            if b.is_floating_point():
                tensor("after:" + n, b)
    print("end")


def training(name, shape, classes, lines, kind, rate, momentum, decay, steps,
             weights=None):
    net = Module(lines, shape[1])
    randomize(net)
    net.train()
    print("case", name)
    print("mode train")
    for line in lines:
        print("layer", *line.split())
    print("steps", kind, rate, momentum, decay, steps)
    x = floats(shape)
    tensor("input", x)
    y = torch.randint(0, classes, (shape[0],))
    tensor("labels", y.double())
    if weights is not None:
        weights = short(torch.tensor(weights))
        tensor("class_weights", weights)
    state(net, "weight:")
    if kind == "adam":
        opt = torch.optim.Adam(net.parameters(), lr=rate, weight_decay=decay)
    else:
        opt = torch.optim.SGD(net.parameters(), lr=rate, momentum=momentum,
                              weight_decay=decay)
    losses = []
    for _ in range(steps):
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y, weight=weights)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    tensor("losses", torch.tensor(losses))
    state(net, "after:")
    print("end")


def main():
    conv = "conv2d out=%d kernel=%s"
    case("conv_one_channel", (2, 1, 9, 7), [conv % (5, "3") + " padding=1"])
    case("conv_two_channels", (3, 2, 8, 8), [conv % (4, "3") + " padding=1"])
    case("conv_three_channels_stride", (2, 3, 11, 9),
         [conv % (6, "3") + " stride=2 padding=1"])
    case("conv_seven_by_seven", (2, 1, 15, 15),
         [conv % (4, "7") + " stride=2 padding=3"])
    case("conv_one_by_one", (2, 17, 5, 4), [conv % (9, "1")])
    case("conv_one_by_one_stride", (2, 16, 6, 6),
         [conv % (16, "1") + " stride=2"])
    case("conv_sixteen", (2, 16, 6, 5), [conv % (16, "3") + " padding=1"])
    case("conv_odd_channels", (2, 10, 6, 6),
         [conv % (20, "3") + " padding=1 bias=0"])
    case("conv_dilated", (2, 4, 9, 9),
         [conv % (5, "3") + " padding=2 dilation=2"])
    case("conv_oblong", (2, 3, 7, 10),
         [conv % (4, "3,5") + " stride=1,2 padding=1,2"])
    case("conv_one_item", (1, 4, 6, 6), [conv % (3, "3") + " padding=1"])
    case("conv_one_pixel", (2, 3, 1, 1), [conv % (4, "1")])
    case("conv_to_one_channel", (2, 16, 6, 6), [conv % (1, "3")])
    case("conv_even_kernel", (2, 3, 8, 8),
         [conv % (4, "4") + " stride=2 padding=1"])
    case("conv_many_items", (19, 2, 4, 4), [conv % (3, "3") + " padding=1"])
    case("two_convs", (2, 3, 6, 6),
         [conv % (8, "3") + " padding=1", "relu", conv % (5, "3")])
    case("batch_norm_plain", (3, 5, 4, 4), ["batch_norm"])
    case("batch_norm_blocked", (2, 3, 6, 6),
         [conv % (20, "3") + " bias=0", "batch_norm", "relu"])
    case("batch_norm_segments", (2, 2, 24, 24), ["batch_norm"])
    case("batch_norm_rows", (6, 7), ["batch_norm epsilon=0.01 momentum=0.3"])
    case("batch_norm_inference", (2, 5, 4, 3), ["batch_norm"], "infer")
    case("relu", (2, 3, 5, 5), ["relu"])
    case("max_pool", (2, 5, 8, 8), ["max_pool2d kernel=2"])
    case("max_pool_overlapping", (2, 17, 9, 9),
         ["max_pool2d kernel=3 stride=2 padding=1"])
    case("max_pool_floor", (2, 3, 7, 5), ["max_pool2d kernel=2"])
    case("avg_pool", (2, 5, 8, 6), ["avg_pool2d kernel=2"])
    case("avg_pool_padded", (2, 4, 7, 7),
         ["avg_pool2d kernel=3 stride=2 padding=1"])
    case("avg_pool_uncounted", (2, 4, 7, 7),
         ["avg_pool2d kernel=3 stride=2 padding=1 count_padding=0"])
    case("global_avg_pool", (3, 18, 5, 4), ["global_avg_pool"])
    case("global_avg_pool_blocked", (2, 2, 6, 6),
         [conv % (18, "3"), "global_avg_pool"])
    case("global_max_pool", (3, 18, 5, 4), ["global_max_pool"])
    case("global_max_pool_blocked", (2, 2, 6, 6),
         [conv % (18, "3"), "global_max_pool"])
    case("dense", (5, 13), ["dense out=7"])
    case("dense_without_bias", (1, 3), ["dense out=1 bias=0"])
    case("dense_many_outputs", (3, 5), ["dense out=140"])
    case("dense_many_inputs", (3, 150), ["dense out=3"])
    case("dense_many_items", (140, 3), ["dense out=2"])
    case("flatten_blocked", (2, 2, 5, 5),
         [conv % (6, "3"), "flatten", "dense out=4 k=54"])
    case("flatten_plain", (2, 3, 2, 2), ["flatten"])
    case("residual", (2, 4, 6, 6),
         [conv % (4, "3") + " padding=1", "relu",
          conv % (4, "3") + " padding=1", "add in=0,2", "relu"])
    case("input_read_twice", (2, 3, 5, 5),
         [conv % (4, "1"), conv % (4, "3") + " padding=1 in=-1",
          "add in=0,1,0"])
    case("inference", (2, 2, 12, 12),
         [conv % (8, "3") + " padding=1 bias=0", "batch_norm", "relu",
          "max_pool2d kernel=2", "global_avg_pool", "dropout p=0",
          "dense out=3"], "infer")
    small = []
    for width in (4, 8, 8):
        small += [conv % (width, "3") + " padding=1 bias=0", "batch_norm",
                  "relu", "max_pool2d kernel=2"]
    small += ["global_avg_pool", "dropout p=0", "dense out=3"]
    training("train_sgd", (6, 1, 16, 16), 3, small, "sgd", 0.05, 0.9, 0.001, 5)
    training("train_adam", (5, 2, 16, 16), 3, small, "adam", 0.003, 0.0, 0.01,
             4, [0.5, 1.0, 2.5])
    training("train_plain_sgd", (4, 6), 3, ["dense out=5", "relu",
                                           "dense out=3"], "sgd", 0.1, 0.0,
             0.0, 3)


if __name__ == "__main__":
    sys.exit(main())
