"""Layers that work number by number, on rows, or on shapes alone."""
import torch
from torch import nn
from torch.nn import functional as F

import philox
from operator_cases import cases, layer

DRAW = 1  # the number of the pass in test_operators.c


@layer("relu")
def relu(attrs, shapes):
    return F.relu


@layer("leaky_relu")
def leaky_relu(attrs, shapes):
    return lambda x: F.leaky_relu(x, attrs.real("slope", 0.01))


@layer("scale")
def scale(attrs, shapes):
    return lambda x: x * attrs.real("by", None)


@layer("prelu")
def prelu(attrs, shapes):
    return nn.PReLU(shapes[0][1] if attrs.flag("per_channel", False) else 1)


@layer("softmax")
def softmax(attrs, shapes):
    return lambda x: x.softmax(1)


@layer("sigmoid")
def sigmoid(attrs, shapes):
    return torch.sigmoid


@layer("tanh")
def tanh(attrs, shapes):
    return torch.tanh


def with_sides(x, sides):
    """(N, C) as (N, C, 1, ...)."""
    return x.reshape(*x.shape, *[1] * (sides - x.ndim))


def fold(function):
    """A function of two tensors over several, with their sides made equal."""
    def run(*inputs):
        sides = max(x.ndim for x in inputs)
        result, *rest = (with_sides(x, sides) for x in inputs)
        for x in rest:
            result = function(result, x)
        return result
    return run


@layer("add")
def add(attrs, shapes):
    return fold(torch.add)


@layer("multiply")
def multiply(attrs, shapes):
    return fold(torch.mul)


class ConvLSTM(nn.Module):
    """The equations of kernels/layers/conv_lstm_layer.c."""

    def __init__(self, channels, hidden, kernel, bias):
        super().__init__()
        self.weight = nn.Parameter(
            torch.zeros(4 * hidden, channels + hidden, *kernel))
        self.bias = nn.Parameter(torch.zeros(4 * hidden)) if bias else None
        self.hidden = hidden
        self.padding = [(k - 1) // 2 for k in kernel]

    def forward(self, x, state=None):
        if state is None:
            state = x.new_zeros(x.shape[0], 2 * self.hidden, *x.shape[2:])
        if state.ndim == 2:
            state = state[:, :, None, None].expand(-1, -1, *x.shape[2:])
        h, c = state.chunk(2, 1)
        i, f, o, g = F.conv2d(torch.cat((x, h), 1), self.weight, self.bias,
                              padding=self.padding).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return torch.cat((o.sigmoid() * c.tanh(), c), 1)


@layer("conv_lstm")
def conv_lstm(attrs, shapes):
    return ConvLSTM(shapes[0][1], attrs.integer("hidden"),
                    attrs.sides("kernel", 2, 3), attrs.flag("bias", True))


@layer("concat")
def concat(attrs, shapes):
    join = torch.stack if attrs.flag("stack", False) else torch.cat
    return lambda *x: join(x, attrs.integer("axis", 1))


def reduction(function):
    def make(attrs, shapes):
        axes, keep = attrs.integers("axes"), attrs.flag("keep", True)

        def run(x):
            y = function(x, axes, keep)
            return y.reshape(-1, 1) if y.ndim == 1 else y
        return run
    return make


layer("mean")(reduction(lambda x, axes, keep: x.mean(axes, keep)))
layer("sum")(reduction(lambda x, axes, keep: x.sum(axes, keep)))


def highest(x, axes, keep):
    """Of equal numbers the first takes the gradient, as torch.max has it."""
    stay = [i for i in range(x.ndim) if i not in axes]
    y = x.permute(*stay, *sorted(axes)).flatten(len(stay)).max(-1)[0]
    for axis in sorted(axes) if keep else []:
        y = y.unsqueeze(axis)
    return y


layer("max")(reduction(highest))


@layer("flatten")
def flatten(attrs, shapes):
    return lambda x: x.flatten(1)


@layer("slice")
def slice_(attrs, shapes):
    axis = attrs.integer("axis", 1)
    if attrs.word("index") is not None:
        return lambda x: x.select(axis, attrs.integer("index"))
    first = attrs.integer("from", 0)
    end = attrs.integer("to", shapes[0][axis])
    return lambda x: x.narrow(axis, first, end - first)


@layer("reshape")
def reshape(attrs, shapes):
    return lambda x: x.reshape(x.shape[0], *attrs.integers("shape"))


@layer("dense")
def dense(attrs, shapes):
    return nn.Linear(shapes[0][1], attrs.integer("out"),
                     bias=attrs.flag("bias", True))


class Dropout(nn.Module):
    def __init__(self, shape, p, index):
        super().__init__()
        self.p = p
        self.keep = torch.tensor(
            philox.dropout_keep(shape, p, DRAW, index))

    def forward(self, x):
        return x * self.keep / (1 - self.p) if self.training else x


@layer("dropout")
def dropout(attrs, shapes):
    return Dropout(shapes[0], attrs.real("p", 0.5), attrs.index)


class Latent(nn.Module):
    def __init__(self, items, attrs):
        super().__init__()
        z = philox.latent(items, attrs.integer("out"),
                          attrs.word("distribution", "normal"), DRAW,
                          attrs.index)
        self.z = torch.tensor(z).double()

    def forward(self, x):
        return self.z + 0 * x.sum()


@layer("latent")
def latent(attrs, shapes):
    return Latent(shapes[0][0], attrs)


class GaussianNoise(nn.Module):
    def __init__(self, shape, sigma, index):
        super().__init__()
        noise = philox.gaussian_noise(shape, DRAW, index)
        self.noise = sigma * torch.tensor(noise)

    def forward(self, x):
        return x + self.noise if self.training else x


@layer("gaussian_noise")
def gaussian_noise(attrs, shapes):
    return GaussianNoise(shapes[0], attrs.real("sigma", 1), attrs.index)


@cases("relu")
def relu_cases(draw):
    draw.case("plain", (2, 3, 5, 5), ["relu"])


# Gradients of saturated numbers, and of 0.
EXTREME = [[0.0, -0.0, 1e-4, -1e-4, 0.3, -0.3, 0.6, -0.6, 3.0, -3.0, 9.0, -9.0,
            20.0, -20.0, 60.0, -60.0, 95.0, -95.0, 500.0, -500.0]]


def number_by_number(draw, *lines):
    """In all layouts, over the edges of vectors and of chunks."""
    for i, line in enumerate(lines):
        draw.case(f"plain_{i}", (2, 3, 5, 7), [line])
    draw.case("rows", (3, 13), lines[:1])
    draw.case("blocked", (2, 3, 3, 5), ["conv2d out=11 kernel=1", *lines[:1]])
    draw.case("extreme", (1, 20), lines[:1],
              x=torch.tensor(EXTREME).float().double())


@cases("leaky_relu")
def leaky_relu_cases(draw):
    number_by_number(draw, "leaky_relu", "leaky_relu slope=0.2",
                     "leaky_relu slope=0", "leaky_relu slope=1")
    draw.case("chunks", (1, 1, 59, 71), ["leaky_relu"])


@cases("scale")
def scale_cases(draw):
    number_by_number(draw, "scale by=0.1", "scale by=-3", "scale by=0")


@cases("prelu")
def prelu_cases(draw):
    for words in ("", " per_channel=1"):
        name = "each_" if words else ""
        draw.case(name + "plain", (2, 3, 5, 7), ["prelu" + words])
        draw.case(name + "rows", (3, 13), ["prelu" + words])
        draw.case(name + "blocked", (2, 3, 3, 5),
                  ["conv2d out=11 kernel=1", "prelu" + words])
        draw.case(name + "tiles", (1, 1, 17, 16),
                  ["conv2d out=11 kernel=1", "prelu" + words, "sum axes=1"])


@cases("softmax")
def softmax_cases(draw):
    draw.case("rows", (3, 13), ["softmax"])
    draw.case("plain", (2, 5, 4, 3), ["softmax"])
    draw.case("volume", (2, 3, 2, 3, 2), ["softmax"])
    draw.case("blocked", (2, 3, 4, 3), ["conv2d out=11 kernel=1", "softmax"])
    draw.case("one_channel", (2, 1, 3, 3), ["softmax"])
    draw.case("tiles", (1, 1, 17, 16),
              ["conv2d out=11 kernel=1", "softmax", "slice to=2"])
    draw.case("extreme", (1, 20), ["softmax"],
              x=torch.tensor(EXTREME).float().double())


@cases("sigmoid")
def sigmoid_cases(draw):
    number_by_number(draw, "sigmoid")


@cases("tanh")
def tanh_cases(draw):
    number_by_number(draw, "tanh")


def of_several(draw, kind):
    """Broadcasting, of plain and of blocked values."""
    draw.case("twice", (2, 3, 4, 3), ["relu", f"{kind} in=-1,0"])
    draw.case("blocked", (2, 3, 4, 3),
              ["conv2d out=11 kernel=1", "conv2d out=11 kernel=1 in=-1",
               f"{kind} in=0,1,0"])
    draw.case("rows", [(3, 37), (3, 37), (3, 1)], [f"{kind} in=-1,-2,-3"])
    draw.case("long_rows", (1, 2100), [f"{kind} in=-1,-1"])
    shapes = [(2, 5, 3, 4), (2, 5), (2, 1, 3, 4), (2, 5, 1, 1)]
    draw.case("gates", shapes, [f"{kind} in=-1,-2,-3,-4"])
    draw.case("gate_first", shapes, [f"{kind} in=-2,-1"])
    draw.case("position_first", shapes, [f"{kind} in=-3,-1"])
    draw.case("outer", shapes, [f"{kind} in=-2,-3"])
    draw.case("sides", [(2, 3, 4, 5), (2, 3, 1, 5), (2, 1, 4, 1), (2, 1, 1, 1)],
              [f"{kind} in=-1,-2,-3,-4"])
    draw.case("sides_made", [(2, 3, 4, 1), (2, 3, 1, 5)], [f"{kind} in=-1,-2"])
    draw.case("volume", [(1, 2, 3, 4, 2), (1, 2, 3, 1, 1), (1, 1, 1, 4, 1)],
              [f"{kind} in=-1,-2,-3"])
    draw.case("one_channel", [(2, 1, 5, 4), (2, 1)], [f"{kind} in=-1,-2"])
    draw.case("blocked_gates", [(2, 3, 4, 5), (2, 11), (2, 2, 4, 5)],
              ["conv2d out=11 kernel=1 in=-1", "conv2d out=1 kernel=1 in=-3",
               f"{kind} in=0,-2,1"])
    for order in ("1,2", "2,1"):
        draw.case("gate_as_large_" + order[0], (2, 3, 4, 3),
                  ["conv2d out=8 kernel=1 bias=0", "batch_norm",
                   "conv2d out=1 kernel=1 in=-1", f"{kind} in={order}"])
    draw.case("blocked_gate_of_ones", [(2, 3, 4, 3), (2, 3, 1, 1)],
              ["conv2d out=11 kernel=1 in=-1", "conv2d out=11 kernel=1 in=-2",
               f"{kind} in=0,1"])
    draw.case("blocked_sides", [(2, 3, 4, 3), (2, 3, 1, 3), (2, 3, 4, 1)],
              ["conv2d out=9 kernel=1 in=-1", "conv2d out=9 kernel=1 in=-2",
               "conv2d out=1 kernel=1 in=-3", f"{kind} in=0,1,2"])
    draw.case("blocked_and_plain", [(2, 3, 4, 3), (2, 11, 4, 3)],
              ["conv2d out=11 kernel=1 in=-1", f"{kind} in=-2,0"])
    draw.case("tiles", [(1, 1, 17, 16), (1, 11), (1, 1, 17, 16)],
              ["conv2d out=11 kernel=1 in=-1", f"{kind} in=0,-2,-3",
               "sum axes=1"])


@cases("add")
def add_cases(draw):
    of_several(draw, "add")


@cases("multiply")
def multiply_cases(draw):
    of_several(draw, "multiply")


@cases("concat")
def concat_cases(draw):
    draw.case("rows", [(3, 4), (3, 9), (3, 1)], ["concat in=-1,-2,-3"])
    draw.case("plain", [(2, 3, 4, 3), (2, 2, 4, 3)], ["concat in=-1,-2"])
    draw.case("same", (2, 3, 4, 3), ["concat in=-1,-1"])
    draw.case("one", (2, 3, 4, 3), ["concat"])
    draw.case("height", [(2, 3, 4, 3), (2, 3, 1, 3)],
              ["concat axis=2 in=-1,-2"])
    draw.case("width", [(2, 3, 4, 3), (2, 3, 4, 2)], ["concat axis=3 in=-1,-2"])
    draw.case("time", [(2, 3, 2, 3, 2), (2, 3, 1, 3, 2)],
              ["concat axis=2 in=-1,-2"])
    for name, widths in (("whole", (8, 16, 8)), ("odd", (5, 11, 1, 7)),
                         ("last_odd", (8, 16, 5)), ("small", (4, 4))):
        lines = [f"conv2d out={w} kernel=1 in=-1" for w in widths]
        src = ",".join(str(i) for i in range(len(widths)))
        draw.case(f"blocked_{name}", (2, 3, 4, 3), lines + [f"concat in={src}"])
    draw.case("blocked_and_plain", (2, 3, 4, 3),
              ["conv2d out=11 kernel=1", "concat in=-1,0"])
    draw.case("blocked_width", (2, 3, 4, 3),
              ["conv2d out=11 kernel=1", "conv2d out=11 kernel=1 in=-1",
               "concat axis=3 in=0,1,0"])
    draw.case("stacked", [(2, 3, 4, 3), (2, 3, 4, 3)],
              ["concat axis=2 stack=1 in=-1,-2"])
    draw.case("stacked_rows", [(3, 4), (3, 4)],
              ["concat axis=2 stack=1 in=-1,-2,-1"])
    draw.case("stacked_last", (2, 3, 4, 3),
              ["conv2d out=11 kernel=1", "concat axis=4 stack=1 in=0,0"])
    draw.case("stacked_blocked", (2, 3, 4, 3),
              ["conv2d out=11 kernel=1", "conv2d out=11 kernel=1 in=-1",
               "concat axis=2 stack=1 in=0,1,0", "slice axis=2 index=1",
               "conv2d out=2 kernel=1"])


@cases("conv_lstm")
def conv_lstm_cases(draw):
    for hidden in (3, 8):
        draw.case(f"first_{hidden}", (2, 2, 5, 4),
                  [f"conv_lstm hidden={hidden}"])
        draw.case(f"next_{hidden}", [(2, 2, 5, 4), (2, 2 * hidden, 5, 4)],
                  [f"conv_lstm hidden={hidden} in=-1,-2"])
    draw.case("state_alone", (2, 6, 4, 4),
              ["slice to=2", "relu", "conv_lstm hidden=3 in=1,-1"])
    draw.case("oblong", (1, 3, 6, 5), ["conv_lstm hidden=2 kernel=1,5 bias=0"])
    draw.case("blocked", [(2, 2, 4, 4), (2, 16, 4, 4)],
              ["conv2d out=11 kernel=1 in=-1", "conv2d out=16 kernel=1 in=-2",
               "conv_lstm hidden=8 in=0,1", "slice to=8"])
    draw.case("unrolled", [(2, 2, 4, 3), (2, 2, 4, 3), (2, 2, 4, 3)],
              ["conv_lstm hidden=4 in=-1", "conv_lstm hidden=4 in=-2,0",
               "conv_lstm hidden=4 in=-3,1", "slice to=4"])
    draw.case("spread", [(2, 2, 4, 3), (2, 5)],
              ["dense out=8 in=-2", "conv_lstm hidden=4 in=-1,0"])
    draw.case("spread_blocked", [(2, 2, 4, 3), (2, 16)],
              ["conv2d out=16 kernel=1 in=-1", "conv_lstm hidden=8 in=0,-2",
               "slice to=8"])


@cases("slice")
def slice_cases(draw):
    draw.case("rows", (3, 9), ["slice from=2 to=7"])
    draw.case("to_the_end", (3, 9), ["slice from=4"])
    draw.case("channels", (2, 5, 3, 4), ["slice axis=1 to=3"])
    draw.case("channel", (2, 5, 3, 4), ["slice index=2"])
    draw.case("height", (2, 3, 5, 4), ["slice axis=2 from=1 to=4"])
    draw.case("row", (2, 3, 5, 4), ["slice axis=2 index=4"])
    draw.case("column", (2, 3, 5, 4), ["slice axis=3 index=0"])
    draw.case("frame", (2, 3, 4, 3, 2), ["slice axis=2 index=1"])
    draw.case("twice", (2, 6, 3), ["slice to=4", "slice from=2 in=-1",
                                   "add in=0,1"])
    for name, words in (("whole", "from=8 to=16"), ("odd", "from=3 to=13"),
                        ("last", "from=16"), ("one", "from=9 to=10"),
                        ("index", "index=9"), ("side", "axis=3 from=1 to=3"),
                        ("row", "axis=2 index=2")):
        draw.case(f"blocked_{name}", (2, 3, 4, 3),
                  ["conv2d out=19 kernel=1", f"slice {words}"])


@cases("reshape")
def reshape_cases(draw):
    draw.case("rows", (2, 12), ["reshape shape=3,2,2"])
    draw.case("rest", (2, 3, 4, 5), ["reshape shape=6,-1"])
    draw.case("all", (2, 3, 4, 5), ["reshape shape=-1"])
    draw.case("volume", (1, 3, 8), ["reshape shape=2,1,3,2,2"])
    draw.case("blocked", (2, 3, 4, 3),
              ["conv2d out=10 kernel=1", "reshape shape=5,2,-1", "relu"])


def over_axes(draw, kind):
    """Every set of axes, kept or not, of plain and of blocked values."""
    for axes in ("1", "2", "3", "1,2", "2,3", "3,1", "1,2,3"):
        keep = draw.pick(0, 1)
        draw.case(f"plain_{axes.replace(',', '')}", (2, 5, 4, 3),
                  [f"{kind} axes={axes} keep={keep}"])
        draw.case(f"blocked_{axes.replace(',', '')}", (2, 3, 4, 3),
                  ["conv2d out=11 kernel=1",
                   f"{kind} axes={axes} keep={1 - keep}"])
    draw.case("rows", (3, 17), [f"{kind} axes=1"])
    draw.case("rows_dropped", (3, 17), [f"{kind} axes=1 keep=0"])
    draw.case("time", (2, 3, 4, 2, 3), [f"{kind} axes=2 keep=0"])
    draw.case("one_channel", (2, 3, 4, 3),
              ["conv2d out=1 kernel=1", f"{kind} axes=1 keep=0"])
    for axes in ("1", "2,3", "3"):
        draw.case(f"tiles_{axes[0]}", (1, 1, 17, 16),
                  ["conv2d out=11 kernel=1", f"{kind} axes={axes}"])
    draw.case("many_channels", (2, 2, 2, 3),
              ["conv2d out=75 kernel=1", f"{kind} axes=1"])


@cases("mean")
def mean_cases(draw):
    over_axes(draw, "mean")


@cases("sum")
def sum_cases(draw):
    over_axes(draw, "sum")


@cases("max")
def max_cases(draw):
    over_axes(draw, "max")
    draw.case("equal", (2, 5, 2, 3), ["max axes=1"],
              x=torch.tensor([1.0, 2.0, 2.0, 0.0, 2.0]).reshape(1, 5, 1, 1)
              .repeat(2, 1, 2, 3))


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


@cases("latent")
def latent_cases(draw):
    draw.case("normal", (3, 4), ["latent out=13"])
    draw.case("uniform", (2, 1, 3, 3), ["latent out=10 distribution=uniform"])
    draw.case("over_a_picture", (2, 2, 3, 4),
              ["conv2d out=11 kernel=1", "latent out=5", "dense out=11",
               "add in=2,0"])


@cases("gaussian_noise")
def gaussian_noise_cases(draw):
    draw.case("none", (2, 3, 4, 4), ["gaussian_noise sigma=0"])
    draw.case("one", (2, 3, 4, 5), ["gaussian_noise"])
    draw.case("rows", (3, 14), ["gaussian_noise sigma=0.5"])
    draw.case("long_rows", (1, 2, 9, 9), ["gaussian_noise sigma=2"])
    draw.case("blocked", (2, 3, 4, 3),
              ["conv2d out=11 kernel=1", "gaussian_noise sigma=0.3", "relu"])


@cases("dense")
def dense_cases(draw):
    draw.case("plain", (5, 13), ["dense out=7"])
    draw.case("without_bias", (1, 3), ["dense out=1 bias=0"])
    draw.case("many_outputs", (3, 5), ["dense out=140"])
    draw.case("many_inputs", (3, 150), ["dense out=3"])
    draw.case("many_items", (140, 3), ["dense out=2"])
