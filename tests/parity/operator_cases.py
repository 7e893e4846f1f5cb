"""Small networks as text, run by PyTorch in double precision.

A case is a network with its input, weights, output, the gradient given to the
output and the gradients that come back.  Lines of a file:

    case NAME
    mode train|infer|both                     (both: the same outputs in either)
    layer KIND ATTRIBUTE=VALUE...  [in=I,J]   (-1 is the network's input)
    tensor NAME SIDE... : VALUE...
    steps KIND RATE MOMENTUM DECAY COUNT      (of an optimizer)
    end

A value is a number, several with commas between, or a word.  Tensors are
"input", "output", "output_grad", "input_grad", "weight:NAME", "grad:NAME" and
"after:NAME" (running statistics after a step).

To add a kind of layer: in a module of a family a function marked
@layer("KIND"), which turns attributes and input shapes into a PyTorch module or
a function of tensors, and one marked @cases("KIND"), which draws cases.  Each
kind has random numbers of its own, so that its file changes alone.
"""
import copy
import random
import zlib

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

LAYERS = {}  # kind: function(attributes, shapes of the inputs)
CASES = {}   # kind: function(draw)


def layer(kind):
    def keep(make):
        assert kind not in LAYERS
        LAYERS[kind] = make
        return make
    return keep


def cases(kind):
    def keep(make):
        assert kind not in CASES
        CASES[kind] = make
        return make
    return keep


class Attributes:
    """What stands behind the kind in a layer line."""

    def __init__(self, words, index):
        self.values = dict(w.split("=") for w in words)
        self.index = index  # of the layer in the network

    def word(self, name, default=None):
        return self.values.get(name, default)

    def real(self, name, default=None):
        return float(self.values.get(name, default))

    def integer(self, name, default=None):
        return int(self.values.get(name, default))

    def flag(self, name, default):
        return self.values.get(name, str(int(default))) == "1"

    def integers(self, name, default=None):
        return [int(v) for v in self.values.get(name, default).split(",")]

    def sides(self, name, sides, default):
        """One number for each spatial side."""
        v = self.integers(name, str(default))
        return tuple(v * sides if len(v) == 1 else v)


class Network(nn.Module):
    """Layer lines as a module; module i has the weights of layer i."""

    def __init__(self, lines, shape):
        super().__init__()
        self.plan = []
        values = {-1: torch.zeros(shape)}
        for i, line in enumerate(lines):
            kind, *words = line.split()
            attrs = Attributes(words, i)
            src = [int(v) for v in attrs.values.pop("in", str(i - 1)).split(",")]
            inputs = [values[s] for s in src]
            run = LAYERS[kind](attrs, [tuple(v.shape) for v in inputs])
            if attrs.flag("spectral_norm", False):
                spectral_norm(run)
            if isinstance(run, nn.Module):
                self.add_module(str(i), run)
                run.eval()
            self.plan.append((src, run))
            with torch.no_grad():
                values[i] = run(*inputs)

    def forward(self, x):
        values = {-1: x}
        for i, (src, run) in enumerate(self.plan):
            values[i] = run(*(values[s] for s in src))
        return values[len(self.plan) - 1]


def plain_name(name):
    """Without the words that PyTorch puts in for a normalized weight."""
    for word, ours in ((".original", ""), (".0._u", "_u"), (".0._v", "_v")):
        name = name.replace("parametrizations.weight" + word, "weight" + ours)
    return name


def short(t):
    """Two digits behind the point, in single precision as they are read."""
    return (t * 100).round().div(100).float().double()


def packed(shapes, lines):
    """One input for a network of several: rows, cut and shaped again.

    In `lines` -1 is the first of them, -2 the second, and so on."""
    before, at = [], 0
    for shape in shapes:
        count = 1
        for side in shape[1:]:
            count *= side
        before.append(f"slice axis=1 from={at} to={at + count} in=-1")
        before.append("reshape shape=" + ",".join(map(str, shape[1:])))
        at += count
    after = []
    for i, line in enumerate(lines):
        words = [w for w in line.split() if not w.startswith("in=")]
        given = [w[3:] for w in line.split() if w.startswith("in=")]
        src = [int(v) for v in (given[0] if given else str(i - 1)).split(",")]
        src = [2 * (-1 - s) + 1 if s < 0 else s + len(before) for s in src]
        after.append(" ".join(words) + " in=" + ",".join(map(str, src)))
    return (shapes[0][0], at), before + after


class Draw:
    """Random numbers and the text of a kind."""

    def __init__(self, kind):
        seed = zlib.crc32(kind.encode())
        self.random = random.Random(seed)
        self.torch = torch.Generator().manual_seed(seed)
        self.lines = []
        self.kind = kind

    def pick(self, *choices):
        return self.random.choice(choices)

    def between(self, a, b):
        return self.random.randint(a, b)

    def floats(self, shape):
        return short(torch.randn(shape, generator=self.torch))

    def write(self, *words):
        self.lines.append(" ".join(str(w) for w in words))

    def tensor(self, name, t):
        values = ("%.7g" % v for v in t.detach().flatten().tolist())
        self.write("tensor", name, *t.shape, ":", *values)

    def state(self, net, prefix):
        for name, t in net.state_dict().items():
            if t.is_floating_point():
                self.tensor(prefix + plain_name(name), t)

    def randomize(self, net):
        with torch.no_grad():
            for name, p in net.named_parameters():
                r = torch.randn(p.shape, generator=self.torch)
                if name.endswith("bias") or p.dim() == 1:
                    shift = 1.0 if name.endswith("weight") else 0.0
                    p.copy_(short(r * 0.3 + shift))
                else:
                    p.copy_(short(r * (2.0 / p[0].numel()) ** 0.5))
            for name, b in net.named_buffers():
                if name.endswith("running_mean"):
                    b.copy_(self.floats(b.shape) * 0.5)
                elif name.endswith("running_var"):
                    b.copy_(torch.rand(b.shape, generator=self.torch) + 0.5)
                elif name.endswith(("._u", "._v")):
                    b.copy_(self.floats(b.shape))
                if b.is_floating_point():
                    b.copy_(short(b))

    def network(self, name, shape, lines):
        """Begins a case: its network with random weights."""
        if isinstance(shape, list):
            shape, lines = packed(shape, lines)
        net = Network(lines, shape)
        self.randomize(net)
        self.write("case", f"{self.kind}_{name}")
        for line in lines:
            self.write("layer", line)
        return net, shape

    def case(self, name, shape, lines, mode="train", x=None):
        """One pass.  `shape` is that of the input, or a list of several; `x`
        the input itself, for numbers that have to be chosen."""
        net, shape = self.network(name, shape, lines)
        x = (self.floats(shape) if x is None else x).requires_grad_(True)
        self.tensor("input", x)
        self.state(net, "weight:")
        still = copy.deepcopy(net).eval()(x)
        if mode == "infer":
            self.write("mode infer")
            self.tensor("output", still)
            self.write("end")
            return
        net.train()
        y = net(x)
        self.write("mode", "both" if torch.equal(y, still) else "train")
        self.tensor("output", y)
        dy = self.floats(y.shape)
        y.backward(dy)
        self.tensor("output_grad", dy)
        self.tensor("input_grad", x.grad)
        for n, p in net.named_parameters():
            self.tensor("grad:" + plain_name(n), p.grad)
        for n, b in net.named_buffers():
            if b.is_floating_point():
                self.tensor("after:" + plain_name(n), b)
        self.write("end")


def text_of(kind):
    draw = Draw(kind)
    CASES[kind](draw)
    return "\n".join(draw.lines) + "\n"
