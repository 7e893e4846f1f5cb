#!/usr/bin/env python3
"""Makes losses.txt: losses and their gradients as PyTorch computes them.

    tests/parity/make_loss_fixtures.py > tests/parity/losses.txt

All in double precision, from numbers that single precision
holds.  test_losses.c reads them.  Lines, as in operator_cases.py:

    case NAME
    layer LOSS ATTRIBUTE=VALUE...     (the loss and its numbers)
    tensor NAME SIDE... : VALUE...
    end
"""
import sys

import environment

environment.enter()

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(20240502)


def short(t):
    return (t * 100).round().div(100).float().double()


def tensor(name, t):
    t = t.detach()
    print("tensor", name, *t.shape, ":", *(f"{v:.9g}" for v in
                                           t.flatten().tolist()))


def over_channels(weights, x):
    """Weights of channels, shaped to be multiplied with x."""
    if weights is None:
        return torch.ones(1)
    return weights.reshape([1, -1] + [1] * (x.ndim - 2))


def sigmoid_cross_entropy(x, t, weights, attrs):
    if weights is not None:
        weights = weights.reshape([-1] + [1] * (x.ndim - 2))
    return F.binary_cross_entropy_with_logits(x, t, pos_weight=weights)


def focal(x, t, weights, attrs):
    p = torch.sigmoid(x).clamp(1e-7, 1 - 1e-7)
    g = attrs["gamma"]
    return (-over_channels(weights, x) * t * (1 - p) ** g * p.log() -
            (1 - t) * p ** g * (1 - p).log()).mean()


def dice(x, t, weights, attrs):
    p = torch.sigmoid(x).flatten(1)
    t = t.flatten(1)
    s = attrs["smoothing"]
    return (1 - (2 * (p * t).sum(1) + s) /
            (p.sum(1) + t.sum(1) + s)).mean()


def l1(x, t, weights, attrs):
    return F.l1_loss(x, t)


def l2(x, t, weights, attrs):
    return F.mse_loss(x, t)


def begin(name, loss, attrs):
    print("case", name)
    print("layer", loss.__name__ if callable(loss) else loss,
          *(f"{k}={v}" for k, v in attrs.items()))


def finish(x, value):
    value.backward()
    tensor("loss", value.reshape(1))
    tensor("grad", x.grad)
    print("end")


def values(name, loss, shape, weights=None, scale=1.0, targets="bits",
           **attrs):
    x = short(torch.randn(shape) * scale).requires_grad_(True)
    t = {"bits": torch.randint(0, 2, shape).double(),
         "soft": short(torch.rand(shape)),
         "none": torch.zeros(shape),
         "any": short(torch.randn(shape))}[targets]
    begin(name, loss, attrs)
    tensor("output", x)
    tensor("target", t)
    if weights is not None:
        weights = short(torch.tensor(weights))
        tensor("weights", weights)
    finish(x, loss(x, t, weights, attrs))


def classes(name, shape, weights=None, scale=1.0, missing=()):
    """`missing`: positions that have no class."""
    x = short(torch.randn(shape) * scale).requires_grad_(True)
    y = torch.randint(0, shape[1], shape[:1] + shape[2:])
    for i in missing:
        y.view(-1)[i] = -1
    begin(name, "softmax_cross_entropy", {})
    tensor("output", x)
    tensor("classes", y.double())
    if weights is not None:
        weights = short(torch.tensor(weights))
        tensor("weights", weights)
    tensor("probabilities", x.softmax(1))
    finish(x, F.cross_entropy(x, y, weight=weights, ignore_index=-1))


def main():
    classes("classes", (5, 4))
    classes("classes_two", (3, 2), scale=4.0)
    classes("classes_weighted", (6, 3), [0.5, 1.0, 2.5])
    classes("classes_extreme", (4, 3), scale=60.0)
    classes("classes_missing", (5, 3), [2.0, 1.0, 0.3], missing=(1, 4))
    classes("positions", (2, 3, 4, 5))
    classes("positions_weighted", (2, 4, 3, 3), [0.2, 1.0, 3.0, 1.5],
            missing=(0, 7, 17))
    classes("positions_3d", (2, 2, 3, 2, 4))
    values("labels", sigmoid_cross_entropy, (4, 6))
    values("labels_one", sigmoid_cross_entropy, (7, 1))
    values("labels_soft", sigmoid_cross_entropy, (3, 4), targets="soft")
    values("labels_weighted", sigmoid_cross_entropy, (5, 3), [0.5, 1.0, 4.0])
    values("labels_extreme", sigmoid_cross_entropy, (4, 5), scale=60.0)
    values("masks", sigmoid_cross_entropy, (2, 1, 5, 4))
    values("masks_weighted", sigmoid_cross_entropy, (2, 3, 3, 4),
           [3.0, 1.0, 0.25])
    values("focal_one", focal, (4, 2), gamma=1)
    values("focal_two", focal, (3, 5), gamma=2)
    values("focal_half", focal, (3, 4), gamma=0.5)
    values("focal_none", focal, (3, 4), gamma=0)
    values("focal_weighted", focal, (4, 3), [0.5, 2.0, 1.0], gamma=2)
    values("focal_soft", focal, (2, 4), targets="soft", gamma=1.5)
    values("focal_clamped", focal, (4, 4), scale=15.0, gamma=1)
    values("focal_masks", focal, (2, 2, 3, 4), [2.0, 0.7], gamma=2)
    values("dice", dice, (3, 1, 5, 4), smoothing=1)
    values("dice_two_masks", dice, (2, 2, 4, 3), smoothing=1)
    values("dice_unsmoothed", dice, (2, 1, 4, 4), smoothing=0)
    values("dice_empty", dice, (2, 1, 4, 4), targets="none", smoothing=1)
    values("dice_soft", dice, (2, 6), targets="soft", smoothing=0.5)
    values("dice_extreme", dice, (2, 1, 3, 4), scale=60.0, smoothing=1)
    values("l1", l1, (3, 4), targets="any")
    values("l1_pictures", l1, (2, 3, 4, 5), targets="any", scale=3.0)
    values("l2", l2, (5, 1), targets="any")
    values("l2_pictures", l2, (2, 2, 5, 3), targets="any", scale=3.0)


if __name__ == "__main__":
    sys.exit(main())
