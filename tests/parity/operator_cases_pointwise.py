"""Layers that work number by number, on rows, or on shapes alone."""
import torch
from torch import nn
from torch.nn import functional as F

from operator_cases import cases, layer

DRAW = 1  # the number of the pass in test_operators.c


@layer("relu")
def relu(attrs, shapes):
    return F.relu


@layer("add")
def add(attrs, shapes):
    return lambda *x: sum(x)


@layer("flatten")
def flatten(attrs, shapes):
    return lambda x: x.flatten(1)


@layer("slice")
def slice_(attrs, shapes):
    axis = attrs.integer("axis")
    if attrs.word("index") is not None:
        return lambda x: x.select(axis, attrs.integer("index"))
    first, end = attrs.integer("from"), attrs.integer("to")
    return lambda x: x.narrow(axis, first, end - first)


@layer("reshape")
def reshape(attrs, shapes):
    return lambda x: x.reshape(x.shape[0], *attrs.integers("shape"))


@layer("dense")
def dense(attrs, shapes):
    return nn.Linear(shapes[0][1], attrs.integer("out"),
                     bias=attrs.flag("bias", True))


def philox(counter, key):
    """Philox 4x32-10 of Salmon, Moraes, Dror and Shaw, SC 2011."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF,
             (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF,
             (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def dropout_mask(shape, p, index):
    """The numbers that are kept, as kernels/cpu/dropout.c draws them."""
    keep = torch.ones(shape)
    rows = keep.reshape(-1, shape[-1]) if len(shape) == 2 else \
        keep.reshape(shape[0] * shape[1], -1)
    for r, row in enumerate(rows):
        for i in range(len(row)):
            bits = philox((i // 4, r, 0, index), (DRAW, 0))[i % 4]
            row[i] = bits >= int(p * 2 ** 32)
    return keep


class Dropout(nn.Module):
    def __init__(self, shape, p, index):
        super().__init__()
        self.p = p
        self.keep = dropout_mask(shape, p, index)

    def forward(self, x):
        return x * self.keep / (1 - self.p) if self.training else x


@layer("dropout")
def dropout(attrs, shapes):
    return Dropout(shapes[0], attrs.real("p", 0.5), attrs.index)


@cases("relu")
def relu_cases(draw):
    draw.case("plain", (2, 3, 5, 5), ["relu"])


@cases("add")
def add_cases(draw):
    draw.case("twice", (2, 3, 4, 3), ["relu", "add in=-1,0"])
    draw.case("blocked", (2, 3, 4, 3),
              ["conv2d out=11 kernel=1", "conv2d out=11 kernel=1 in=-1",
               "add in=0,1,0"])


@cases("flatten")
def flatten_cases(draw):
    draw.case("plain", (2, 3, 2, 2), ["flatten"])
    draw.case("blocked", (2, 2, 3, 3), ["conv2d out=11 kernel=2", "flatten"])


@cases("dropout")
def dropout_cases(draw):
    draw.case("none", (2, 3, 4, 4), ["dropout p=0"])
    draw.case("half", (2, 3, 4, 5), ["dropout"])
    draw.case("rows", (3, 14), ["dropout p=0.3"])
    draw.case("blocked", (2, 3, 4, 3),
              ["conv2d out=11 kernel=1", "dropout p=0.25"])


@cases("dense")
def dense_cases(draw):
    draw.case("plain", (5, 13), ["dense out=7"])
    draw.case("without_bias", (1, 3), ["dense out=1 bias=0"])
    draw.case("many_outputs", (3, 5), ["dense out=140"])
    draw.case("many_inputs", (3, 150), ["dense out=3"])
    draw.case("many_items", (140, 3), ["dense out=2"])
