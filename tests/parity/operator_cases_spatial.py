"""Layers that look around: convolutions, norms, pooling."""
import torch
from torch import nn
from torch.nn import functional as F

from operator_cases import cases, layer

CONV = "conv2d out=%d kernel=%s"


def convolution(module, sides):
    def make(attrs, shapes):
        return module(shapes[0][1], attrs.integer("out"),
                      attrs.sides("kernel", sides, 1),
                      stride=attrs.sides("stride", sides, 1),
                      padding=attrs.sides("padding", sides, 0),
                      dilation=attrs.sides("dilation", sides, 1),
                      groups=attrs.integer("groups", 1),
                      bias=attrs.flag("bias", True))
    return make


layer("conv2d")(convolution(nn.Conv2d, 2))
layer("conv3d")(convolution(nn.Conv3d, 3))


@layer("conv_transpose2d")
def conv_transpose2d(attrs, shapes):
    return nn.ConvTranspose2d(shapes[0][1], attrs.integer("out"),
                              attrs.sides("kernel", 2, 1),
                              stride=attrs.sides("stride", 2, 1),
                              padding=attrs.sides("padding", 2, 0),
                              output_padding=attrs.sides("output_padding", 2,
                                                         0),
                              groups=attrs.integer("groups", 1),
                              bias=attrs.flag("bias", True),
                              dilation=attrs.sides("dilation", 2, 1))


@layer("batch_norm")
def batch_norm(attrs, shapes):
    kind = {2: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}
    return kind[len(shapes[0])](shapes[0][1], eps=attrs.real("epsilon", 1e-5),
                                momentum=attrs.real("momentum", 0.1))


class InstanceNorm(nn.Module):
    def __init__(self, channels, eps, affine):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None

    def forward(self, x):
        return F.instance_norm(x, weight=self.weight, bias=self.bias,
                               eps=self.eps)


@layer("instance_norm")
def instance_norm(attrs, shapes):
    return InstanceNorm(shapes[0][1], attrs.real("epsilon", 1e-5),
                        attrs.flag("affine", False))


class UnbiasedNorm(nn.Module):
    """As the code of MUNIT has it (Huang et al., ECCV 2018)."""

    def __init__(self, channels, eps, affine):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None

    def forward(self, x):
        axes = tuple(range(1, x.dim()))
        x = (x - x.mean(axes, True)) / (x.std(axes, keepdim=True) + self.eps)
        if self.weight is None:
            return x
        shape = [-1] + [1] * (x.dim() - 2)
        return x * self.weight.view(shape) + self.bias.view(shape)


@layer("layer_norm")
def layer_norm(attrs, shapes):
    if attrs.word("deviation") == "unbiased":
        return UnbiasedNorm(shapes[0][1], attrs.real("epsilon", 1e-5),
                            attrs.flag("affine", True))
    return nn.GroupNorm(1, shapes[0][1], eps=attrs.real("epsilon", 1e-5),
                        affine=attrs.flag("affine", True))


def window(attrs, sides):
    """Kernel, stride and padding of a pooling layer."""
    kernel = attrs.sides("kernel", sides, 1)
    stride = attrs.sides("stride", sides, 0)
    stride = tuple(s or k for s, k in zip(stride, kernel))
    return kernel, stride, attrs.sides("padding", sides, 0)


def max_pool(run, sides):
    def make(attrs, shapes):
        kernel, stride, padding = window(attrs, sides)
        up = attrs.flag("ceil", False)
        return lambda x: run(x, kernel, stride, padding, ceil_mode=up)
    return make


def avg_pool(run, sides):
    def make(attrs, shapes):
        kernel, stride, padding = window(attrs, sides)
        up = attrs.flag("ceil", False)
        counted = attrs.flag("count_padding", True)
        return lambda x: run(x, kernel, stride, padding, ceil_mode=up,
                             count_include_pad=counted)
    return make


def adaptive_pool(run, sides):
    def make(attrs, shapes):
        size = attrs.sides("size", sides, 1)
        return lambda x: run(x, size)
    return make


layer("max_pool2d")(max_pool(F.max_pool2d, 2))
layer("max_pool3d")(max_pool(F.max_pool3d, 3))
layer("avg_pool2d")(avg_pool(F.avg_pool2d, 2))
layer("avg_pool3d")(avg_pool(F.avg_pool3d, 3))
layer("adaptive_avg_pool2d")(adaptive_pool(F.adaptive_avg_pool2d, 2))
layer("adaptive_avg_pool3d")(adaptive_pool(F.adaptive_avg_pool3d, 3))
layer("adaptive_max_pool2d")(adaptive_pool(F.adaptive_max_pool2d, 2))


@layer("upsample")
def upsample(attrs, shapes):
    sides = len(shapes[0]) - 2
    mode = attrs.word("mode", "nearest")
    size = attrs.sides("size", sides, 0)
    if not size[0]:
        factor = attrs.sides("factor", sides, 0)
        size = tuple(f * s for f, s in zip(factor, shapes[0][2:]))
    return lambda x: F.interpolate(x, size=size, mode=mode)


@layer("reflection_pad2d")
def reflection_pad2d(attrs, shapes):
    top, bottom, left, right = attrs.sides("padding", 4, 0)
    return lambda x: F.pad(x, (left, right, top, bottom), mode="reflect")


@layer("global_avg_pool")
def global_avg_pool(attrs, shapes):
    return lambda x: x.flatten(2).mean(dim=2)


@layer("global_max_pool")
def global_max_pool(attrs, shapes):
    return lambda x: x.flatten(2).max(dim=2).values


def commas(values):
    return ",".join(map(str, values))


def random_convolution(draw, sides, name):
    """Any strides, paddings, dilations and groups; few outputs."""
    groups = draw.pick(1, 1, 2, 3)
    c = groups * draw.pick(1, 2, 4)
    out = groups * draw.pick(1, 3, 5)
    kernel = [draw.between(1, 3) for _ in range(sides)]
    stride = [draw.between(1, 3) for _ in range(sides)]
    dilation = [draw.between(1, 3) for _ in range(sides)]
    padding = [min(d * (k - 1), draw.between(0, 2))
               for d, k in zip(dilation, kernel)]
    size = []
    for k, s, p, d in zip(kernel, stride, padding, dilation):
        outputs = draw.between(1, 4 if sides == 2 else 2)
        least = d * (k - 1) + 1 + s * (outputs - 1) - 2 * p
        size.append(max(1, least + draw.between(0, s - 1)))
    draw.case(name, (draw.between(1, 2), c, *size),
              [f"conv{sides}d out={out} kernel={commas(kernel)} "
               f"stride={commas(stride)} padding={commas(padding)} "
               f"dilation={commas(dilation)} groups={groups} "
               f"bias={draw.between(0, 1)}"])


@cases("conv2d")
def conv2d_cases(draw):
    draw.case("one_channel", (2, 1, 9, 7), [CONV % (5, "3") + " padding=1"])
    draw.case("two_channels", (3, 2, 5, 6), [CONV % (4, "3") + " padding=1"])
    draw.case("three_channels_stride", (2, 3, 9, 7),
              [CONV % (6, "3") + " stride=2 padding=1"])
    draw.case("seven_by_seven", (1, 1, 13, 12),
              [CONV % (4, "7") + " stride=2 padding=3"])
    draw.case("one_by_one", (2, 17, 4, 3), [CONV % (9, "1")])
    draw.case("one_by_one_stride", (2, 16, 5, 4),
              [CONV % (16, "1") + " stride=2"])
    draw.case("sixteen", (2, 16, 3, 4), [CONV % (8, "3") + " padding=1"])
    draw.case("odd_channels", (2, 9, 4, 4),
              [CONV % (10, "3") + " padding=1 bias=0"])
    draw.case("dilated", (2, 4, 7, 7),
              [CONV % (5, "3") + " padding=2 dilation=2"])
    draw.case("oblong", (2, 3, 5, 8),
              [CONV % (4, "3,5") + " stride=1,2 padding=1,2"])
    draw.case("one_item", (1, 4, 6, 6), [CONV % (3, "3") + " padding=1"])
    draw.case("one_pixel", (2, 3, 1, 1), [CONV % (4, "1")])
    draw.case("to_one_channel", (2, 16, 5, 5), [CONV % (1, "3")])
    draw.case("even_kernel", (2, 3, 8, 8),
              [CONV % (4, "4") + " stride=2 padding=1"])
    draw.case("many_items", (19, 2, 4, 3), [CONV % (3, "3") + " padding=1"])
    draw.case("groups", (2, 16, 4, 3),
              [CONV % (16, "2") + " padding=1 groups=2"])
    draw.case("groups_within_a_block", (17, 4, 3, 2),
              [CONV % (4, "2") + " groups=2"])
    draw.case("groups_stride", (1, 24, 4, 3),
              [CONV % (24, "2") + " padding=1 stride=2 groups=3 bias=0"])
    draw.case("depthwise", (1, 16, 5, 3),
              [CONV % (16, "3") + " padding=1 groups=16"])
    draw.case("depthwise_odd", (2, 11, 5, 5),
              [CONV % (11, "3") + " padding=1 stride=2 groups=11"])
    draw.case("depthwise_gray", (2, 2, 5, 5), [CONV % (2, "3") + " groups=2"])
    draw.case("depthwise_twice", (2, 3, 4, 5), [CONV % (6, "3") + " groups=3"])
    for i in range(12):
        random_convolution(draw, 2, f"random_{i}")


@cases("conv3d")
def conv3d_cases(draw):
    conv = "conv3d out=%d kernel=%s"
    draw.case("one_channel", (2, 1, 3, 4, 3), [conv % (5, "3") + " padding=1"])
    draw.case("sixteen", (1, 16, 2, 4, 3), [conv % (8, "2") + " padding=1"])
    draw.case("one_frame", (2, 2, 1, 5, 4), [conv % (3, "1,3,3")])
    draw.case("two_layers", (1, 2, 4, 5, 5),
              [conv % (9, "2,3,2") + " stride=1,2,1", conv % (2, "2")])
    draw.case("many_items", (17, 1, 2, 2, 3), [conv % (2, "2")])
    draw.case("groups", (2, 6, 3, 3, 2), [conv % (4, "2") + " groups=2"])
    draw.case("depthwise", (1, 9, 2, 3, 3),
              [conv % (9, "3") + " padding=1 groups=9"])
    for i in range(8):
        random_convolution(draw, 3, f"random_{i}")


def random_transposed(draw, name):
    groups = draw.pick(1, 1, 2)
    kernel = [draw.between(1, 4) for _ in range(2)]
    stride = [draw.between(1, 3) for _ in range(2)]
    dilation = [draw.between(1, 2) for _ in range(2)]
    more = [draw.between(0, s - 1) for s in stride]
    size = [draw.between(2, 4) for _ in range(2)]
    padding = [min(d * (k - 1), draw.between(0, 1))
               for d, k in zip(dilation, kernel)]
    draw.case(name, (draw.between(1, 2), groups * draw.pick(1, 3, 5), *size),
              [f"conv_transpose2d out={groups * draw.pick(1, 2, 5)} "
               f"kernel={commas(kernel)} stride={commas(stride)} "
               f"padding={commas(padding)} output_padding={commas(more)} "
               f"dilation={commas(dilation)} groups={groups} "
               f"bias={draw.between(0, 1)}"])


@cases("conv_transpose2d")
def conv_transpose2d_cases(draw):
    conv = "conv_transpose2d out=%d kernel=%d"
    draw.case("twice_as_large", (2, 4, 3, 3), [conv % (2, 2) + " stride=2"])
    draw.case("blocks", (1, 16, 3, 2), [conv % (8, 2) + " stride=2"])
    draw.case("odd_channels", (1, 9, 3, 2), [conv % (10, 2) + " stride=2"])
    draw.case("output_padding", (2, 3, 3, 4),
              [conv % (4, 3) + " stride=2 padding=1 output_padding=1"])
    draw.case("from_one", (3, 6, 1, 1), [conv % (5, 4) + " bias=0"])
    draw.case("to_one_channel", (2, 9, 3, 3),
              [conv % (1, 4) + " stride=2 padding=1"])
    draw.case("one_by_one", (2, 5, 3, 3), [conv % (3, 1)])
    draw.case("many_items", (18, 2, 2, 2), [conv % (2, 2) + " stride=2"])
    draw.case("groups", (2, 16, 2, 3), [conv % (16, 2) + " groups=2"])
    draw.case("depthwise", (2, 9, 3, 3),
              [conv % (9, 2) + " stride=2 groups=9"])
    draw.case("dilated", (1, 3, 4, 4), [conv % (5, 3) + " dilation=2"])
    for i in range(10):
        random_transposed(draw, f"random_{i}")


@cases("batch_norm")
def batch_norm_cases(draw):
    draw.case("plain", (3, 5, 4, 4), ["batch_norm"])
    draw.case("blocked", (2, 3, 6, 6),
              [CONV % (20, "3") + " bias=0", "batch_norm", "relu"])
    draw.case("segments", (1, 1, 23, 24), ["batch_norm"])
    draw.case("rows", (6, 7), ["batch_norm epsilon=0.01 momentum=0.3"])
    draw.case("inference", (2, 5, 4, 3), ["batch_norm"], "infer")
    draw.case("volume", (2, 3, 2, 3, 2), ["batch_norm"])
    draw.case("volume_blocked", (2, 2, 3, 3, 3),
              ["conv3d out=9 kernel=2 bias=0", "batch_norm", "relu",
               "max_pool3d kernel=2"])


def norm_cases(draw):
    kind = draw.kind
    draw.case("plain", (2, 3, 4, 5), [kind])
    draw.case("affine", (2, 3, 4, 3), [kind + " affine=1"])
    draw.case("not_affine", (2, 3, 4, 3), [kind + " affine=0 epsilon=0.1"])
    draw.case("segments", (1, 1, 23, 24), [kind + " affine=1"])
    draw.case("volume", (2, 2, 2, 3, 2), [kind + " affine=1"])
    draw.case("one_item", (1, 9, 3, 3), [kind])
    draw.case("twice", (2, 3, 3, 4),
              ["conv2d out=9 kernel=2 bias=0", kind + " affine=1", "relu",
               "upsample factor=2", "conv2d out=4 kernel=2 bias=0", kind,
               "relu", "reflection_pad2d padding=1", "conv2d out=2 kernel=3"])
    for i, c in enumerate((8, 11, 17)):
        draw.case(f"blocked_{i}", (2, 2, 3, 4),
                  [f"conv2d out={c} kernel=2 bias=0", kind + " affine=1",
                   "conv2d out=2 kernel=1"])


cases("instance_norm")(norm_cases)


@cases("layer_norm")
def layer_norm_cases(draw):
    norm_cases(draw)
    draw.case("rows", (3, 14), ["layer_norm"])
    unbiased = "layer_norm deviation=unbiased"
    draw.case("unbiased", (2, 3, 4, 5), [unbiased])
    draw.case("unbiased_epsilon", (2, 3, 2, 2),
              [unbiased + " affine=0 epsilon=0.3"])
    draw.case("unbiased_segments", (1, 2, 23, 24), [unbiased])
    draw.case("unbiased_blocked", (2, 2, 3, 4),
              ["conv2d out=11 kernel=2 bias=0", unbiased + " epsilon=0.1",
               "conv2d out=2 kernel=1"])


def random_pool(draw, sides, name):
    """Any windows, also those that end outside."""
    kernel = [draw.between(1, 4) for _ in range(sides)]
    stride = [draw.between(0, 3) for _ in range(sides)]
    padding = [draw.between(0, k // 2) for k in kernel]
    # PyTorch wants no volume to be smaller than its window.
    least = [k if sides == 3 else max(1, k - 2 * p)
             for k, p in zip(kernel, padding)]
    size = [s + draw.between(0, 6 // sides) for s in least]
    line = (f"{draw.kind} kernel={commas(kernel)} stride={commas(stride)} "
            f"padding={commas(padding)} ceil={draw.between(0, 1)}")
    if draw.kind.startswith("avg"):
        line += f" count_padding={draw.between(0, 1)}"
    draw.case(name, (draw.between(1, 2), draw.pick(1, 5, 9), *size), [line])


@cases("max_pool2d")
def max_pool2d_cases(draw):
    draw.case("plain", (2, 5, 6, 6), ["max_pool2d kernel=2"])
    draw.case("overlapping", (2, 17, 5, 7),
              ["max_pool2d kernel=3 stride=2 padding=1"])
    draw.case("floor", (2, 3, 7, 5), ["max_pool2d kernel=2"])
    draw.case("ceil", (2, 3, 6, 8), ["max_pool2d kernel=3 stride=2 ceil=1"])
    draw.case("ceil_less_than_a_window", (1, 3, 2, 2),
              ["max_pool2d kernel=3 stride=2 ceil=1"])
    for i in range(10):
        random_pool(draw, 2, f"random_{i}")


@cases("max_pool3d")
def max_pool3d_cases(draw):
    draw.case("plain", (2, 5, 2, 4, 4), ["max_pool3d kernel=2"])
    draw.case("between_convs", (1, 2, 3, 4, 5),
              ["conv3d out=10 kernel=1", "max_pool3d kernel=2,3,2 stride=1",
               "conv3d out=2 kernel=1"])
    for i in range(6):
        random_pool(draw, 3, f"random_{i}")


@cases("avg_pool2d")
def avg_pool2d_cases(draw):
    draw.case("plain", (2, 5, 8, 6), ["avg_pool2d kernel=2"])
    draw.case("padded", (2, 4, 7, 7),
              ["avg_pool2d kernel=3 stride=2 padding=1"])
    draw.case("uncounted", (2, 4, 7, 7),
              ["avg_pool2d kernel=3 stride=2 padding=1 count_padding=0"])
    for i in range(10):
        random_pool(draw, 2, f"random_{i}")


@cases("avg_pool3d")
def avg_pool3d_cases(draw):
    draw.case("plain", (2, 5, 2, 4, 4), ["avg_pool3d kernel=2"])
    for i in range(6):
        random_pool(draw, 3, f"random_{i}")


@cases("adaptive_avg_pool2d")
def adaptive_avg_pool2d_cases(draw):
    draw.case("exact", (2, 9, 6, 4), ["adaptive_avg_pool2d size=3,2"])
    draw.case("overlapping", (2, 3, 7, 5), ["adaptive_avg_pool2d size=4,3"])
    draw.case("larger", (1, 3, 2, 3), ["adaptive_avg_pool2d size=5,4"])
    draw.case("one", (2, 10, 5, 4), ["adaptive_avg_pool2d size=1"])
    draw.case("after_conv", (1, 2, 5, 5),
              ["conv2d out=11 kernel=1", "adaptive_avg_pool2d size=3",
               "flatten"])


@cases("adaptive_avg_pool3d")
def adaptive_avg_pool3d_cases(draw):
    draw.case("overlapping", (2, 3, 3, 5, 4),
              ["adaptive_avg_pool3d size=2,3,3"])
    draw.case("one", (2, 9, 2, 3, 2), ["adaptive_avg_pool3d size=1"])


@cases("adaptive_max_pool2d")
def adaptive_max_pool2d_cases(draw):
    draw.case("exact", (2, 9, 6, 4), ["adaptive_max_pool2d size=3,2"])
    draw.case("overlapping", (2, 3, 7, 5), ["adaptive_max_pool2d size=4,3"])
    draw.case("larger", (1, 3, 2, 3), ["adaptive_max_pool2d size=5,4"])
    draw.case("one", (2, 10, 5, 4), ["adaptive_max_pool2d size=1"])


@cases("global_avg_pool")
def global_avg_pool_cases(draw):
    draw.case("plain", (3, 18, 5, 4), ["global_avg_pool"])
    draw.case("blocked", (2, 2, 6, 6), [CONV % (18, "3"), "global_avg_pool"])


@cases("global_max_pool")
def global_max_pool_cases(draw):
    draw.case("plain", (3, 18, 5, 4), ["global_max_pool"])
    draw.case("blocked", (2, 2, 6, 6), [CONV % (18, "3"), "global_max_pool"])


@cases("upsample")
def upsample_cases(draw):
    draw.case("plain", (2, 3, 3, 4), ["upsample factor=2"])
    draw.case("blocked", (2, 2, 3, 4),
              ["conv2d out=11 kernel=1", "upsample factor=2",
               "conv2d out=2 kernel=2"])
    draw.case("mixed", (2, 3, 3, 4), ["upsample factor=2 mode=bilinear"])
    draw.case("mixed_blocked", (2, 2, 3, 4),
              ["conv2d out=11 kernel=1", "upsample factor=3,2 mode=bilinear",
               "conv2d out=2 kernel=1"])
    draw.case("to_a_size", (1, 2, 4, 5), ["upsample size=7,3"])
    draw.case("mixed_to_a_size", (1, 2, 4, 5),
              ["upsample size=9,3 mode=bilinear"])
    draw.case("from_one", (2, 2, 1, 1), ["upsample size=3,2 mode=bilinear"])
    draw.case("volume", (2, 3, 2, 2, 3), ["upsample factor=2,1,3"])
    for i in range(6):
        mode = draw.pick("nearest", "bilinear")
        size = [draw.between(1, 6) for _ in range(2)]
        draw.case(f"random_{i}", (1, draw.pick(1, 3), draw.between(1, 6),
                                  draw.between(1, 6)),
                  [f"upsample size={commas(size)} mode={mode}"])


@cases("reflection_pad2d")
def reflection_pad2d_cases(draw):
    draw.case("plain", (2, 3, 4, 5), ["reflection_pad2d padding=2"])
    draw.case("each_side", (1, 2, 4, 5), ["reflection_pad2d padding=0,3,4,1"])
    draw.case("one_side", (1, 2, 3, 1), ["reflection_pad2d padding=2,2,0,0"])
    draw.case("blocked", (2, 2, 3, 4),
              ["conv2d out=11 kernel=1", "reflection_pad2d padding=1",
               "conv2d out=2 kernel=3"])
    draw.case("of_the_input", (2, 1, 5, 5),
              ["reflection_pad2d padding=1", "conv2d out=3 kernel=3"])
