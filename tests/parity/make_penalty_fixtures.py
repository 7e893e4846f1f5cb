#!/usr/bin/env python3
"""Makes penalties.txt: steps of discriminators with a gradient penalty.

    tests/parity/make_penalty_fixtures.py > tests/parity/penalties.txt

PyTorch in double precision makes gradients of gradients by autograd; one step of
a discriminator is judge(real) + judge(fake) + weight * penalty.  The numbers that
are drawn between real and generated images are those of kernels/gan_penalty.c.
test_penalties.c reads the file; its lines are those of operator_cases.py, with
`tensor setting 4 : LOSS PENALTY WEIGHT KEY` and `losses`: real, fake, penalty.
"""
import sys

import environment

environment.enter()

import torch
from torch.nn import functional as F

import operator_cases
import operator_cases_pointwise
import operator_cases_spatial
import philox

PASS = 7
LOSSES = ["bce", "least_squares", "hinge", "wasserstein"]
PENALTIES = ["none", "gradient", "r1"]


def judge(loss, x, real):
    if loss == "bce":
        return F.binary_cross_entropy_with_logits(
            x, torch.ones_like(x) if real else torch.zeros_like(x))
    if loss == "wasserstein":
        return -x.mean() if real else x.mean()
    return F.relu(1 - x if real else 1 + x).mean()


def between(real, fake, key):
    draw = philox.Rng(key, PASS).u64()
    share = torch.tensor([philox.Rng(draw, n).f64() for n in range(len(real))])
    share = share.reshape([-1] + [1] * (real.dim() - 1))
    return share * real + (1 - share) * fake


def penalty_of(net, kind, real, fake, key):
    x = real if kind == "r1" else between(real, fake, key)
    x = x.detach().requires_grad_(True)
    g, = torch.autograd.grad(net(x).sum(), x, create_graph=True)
    length = g.flatten(1).norm(dim=1)
    return (length ** 2 / 2 if kind == "r1" else (length - 1) ** 2).mean()


def case(draw, name, loss, penalty, weight, shape, lines):
    net, _ = draw.network(name, shape, lines)
    net.train()
    key = draw.between(1, 2 ** 20)
    real, fake = draw.floats(shape), draw.floats(shape)
    draw.write("mode train")
    draw.tensor("setting", torch.tensor(
        [LOSSES.index(loss), PENALTIES.index(penalty), weight, key]))
    draw.tensor("input", real)
    draw.tensor("fake", fake)
    draw.state(net, "weight:")
    losses = [judge(loss, net(real), True), judge(loss, net(fake), False),
              penalty_of(net, penalty, real, fake, key)]
    (losses[0] + losses[1] + weight * losses[2]).backward()
    draw.tensor("losses", torch.stack(losses))
    for n, p in net.named_parameters():
        draw.tensor("grad:" + operator_cases.plain_name(n), p.grad)
    for n, b in net.named_buffers():
        draw.tensor("after:" + operator_cases.plain_name(n), b)
    draw.write("end")


def main():
    draw = operator_cases.Draw("penalties")
    leaky, normed = "leaky_relu slope=0.2", " spectral_norm=1"
    conv = "conv2d out=%d kernel=4 stride=2 padding=1"
    patches = [conv % 8, leaky, conv % 12, leaky,
               "conv2d out=1 kernel=3 padding=1"]
    both = (("wasserstein", "gradient", 10.0), ("bce", "r1", 5.0))
    for loss, penalty, weight in both:
        def put(name, shape, lines):
            case(draw, f"{penalty}_{name}", loss, penalty, weight, shape, lines)
        put("rows", (5, 6), ["dense out=9", "relu", "dense out=1"])
        put("patches", (3, 2, 12, 12), patches)
        put("spectral", (2, 3, 12, 12), [conv % 8 + normed, leaky,
                                         conv % 12 + normed, leaky, "flatten",
                                         "dense out=1" + normed])
        put("ways", (2, 2, 8, 8),
            ["conv2d out=8 kernel=3 padding=1", leaky,
             "conv2d out=8 kernel=1 in=-1", "add in=1,2", "relu",
             "avg_pool2d kernel=2", "concat in=5,5", "slice from=3 to=12",
             "upsample factor=2", "reflection_pad2d padding=1", "scale by=0.5",
             "conv_transpose2d out=4 kernel=3 stride=2", leaky,
             "global_avg_pool", "dense out=2"])
        put("volumes", (2, 1, 4, 6, 6),
            ["conv3d out=4 kernel=3 padding=1", leaky, "avg_pool3d kernel=2",
             "conv3d out=1 kernel=2"])
    case(draw, "hinge_and_penalty", "hinge", "gradient", 1.0, (4, 1, 8, 8),
         [conv % 4, leaky, "flatten", "dense out=1"])
    print("\n".join(draw.lines))


if __name__ == "__main__":
    sys.exit(main())
