#!/usr/bin/env python3
"""Makes adversarial.txt: how PyTorch judges a discriminator's outputs.

    tests/parity/make_adversarial_fixtures.py > tests/parity/adversarial.txt

In double precision, written with PyTorch's own losses where it has them.
test_adversarial.c reads the file; its lines are those of losses.txt, with the
loss, the verdict, the smoothing and the weight as `layer`.
"""
import sys

import make_loss_fixtures as losses  # enters the environment

import torch
from torch.nn import functional as F

VERDICTS = ["fake", "real", "wanted"]


def label(verdict, smoothing, x):
    if verdict == "real":
        return torch.full_like(x, 1.0 - smoothing)
    return torch.full_like(x, 0.0 if verdict == "fake" else 1.0)


def bce(x, verdict, smoothing):
    return F.binary_cross_entropy_with_logits(x, label(verdict, smoothing, x))


def least_squares(x, verdict, smoothing):
    return F.mse_loss(x, label(verdict, smoothing, x))


def hinge(x, verdict, smoothing):
    if verdict == "wanted":
        return -x.mean()
    return F.relu(1 - x if verdict == "real" else 1 + x).mean()


def wasserstein(x, verdict, smoothing):
    return x.mean() if verdict == "fake" else -x.mean()


def case(loss, verdict, shape, scale=1.0, smoothing=0.0, weight=1.0, name=""):
    x = losses.short(torch.randn(shape) * scale).requires_grad_(True)
    print("case", f"{loss.__name__}_{verdict}{name}")
    print("layer", loss.__name__, f"verdict={VERDICTS.index(verdict)}",
          f"smoothing={smoothing}", f"weight={weight}")
    losses.tensor("output", x)
    value = loss(x, verdict, smoothing)
    (weight * value).backward()
    losses.tensor("loss", value.reshape(1))
    losses.tensor("grad", x.grad)
    print("end")


def main():
    torch.manual_seed(20240605)
    for loss in bce, least_squares, hinge, wasserstein:
        for verdict in VERDICTS:
            case(loss, verdict, (3, 1, 4, 5))
            case(loss, verdict, (7, 1), smoothing=0.1, weight=0.5,
                 name="_smooth")
            case(loss, verdict, (2, 1, 3, 3), scale=80.0, smoothing=0.25,
                 weight=3.0, name="_far")


if __name__ == "__main__":
    sys.exit(main())
