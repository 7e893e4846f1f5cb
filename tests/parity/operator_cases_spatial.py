"""Layers that look around: convolutions, norms, pooling."""
from torch import nn
from torch.nn import functional as F

from operator_cases import cases, layer

CONV = "conv2d out=%d kernel=%s"


@layer("conv2d")
def conv2d(attrs, shapes):
    return nn.Conv2d(shapes[0][1], attrs.integer("out"),
                     attrs.sides("kernel", 2, 1),
                     stride=attrs.sides("stride", 2, 1),
                     padding=attrs.sides("padding", 2, 0),
                     dilation=attrs.sides("dilation", 2, 1),
                     bias=attrs.flag("bias", True))


@layer("batch_norm")
def batch_norm(attrs, shapes):
    kind = {2: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}
    return kind[len(shapes[0])](shapes[0][1], eps=attrs.real("epsilon", 1e-5),
                                momentum=attrs.real("momentum", 0.1))


def window(attrs, sides):
    """Kernel, stride and padding of a pooling layer."""
    kernel = attrs.sides("kernel", sides, 1)
    stride = attrs.sides("stride", sides, 0)
    stride = tuple(s or k for s, k in zip(stride, kernel))
    return kernel, stride, attrs.sides("padding", sides, 0)


@layer("max_pool2d")
def max_pool2d(attrs, shapes):
    kernel, stride, padding = window(attrs, 2)
    return lambda x: F.max_pool2d(x, kernel, stride, padding)


@layer("avg_pool2d")
def avg_pool2d(attrs, shapes):
    kernel, stride, padding = window(attrs, 2)
    counted = attrs.flag("count_padding", True)
    return lambda x: F.avg_pool2d(x, kernel, stride, padding,
                                  count_include_pad=counted)


@layer("global_avg_pool")
def global_avg_pool(attrs, shapes):
    return lambda x: x.flatten(2).mean(dim=2)


@layer("global_max_pool")
def global_max_pool(attrs, shapes):
    return lambda x: x.flatten(2).max(dim=2).values


@cases("conv2d")
def conv2d_cases(draw):
    draw.case("one_channel", (2, 1, 9, 7), [CONV % (5, "3") + " padding=1"])
    draw.case("two_channels", (3, 2, 8, 8), [CONV % (4, "3") + " padding=1"])
    draw.case("three_channels_stride", (2, 3, 11, 9),
              [CONV % (6, "3") + " stride=2 padding=1"])
    draw.case("seven_by_seven", (2, 1, 15, 15),
              [CONV % (4, "7") + " stride=2 padding=3"])
    draw.case("one_by_one", (2, 17, 5, 4), [CONV % (9, "1")])
    draw.case("one_by_one_stride", (2, 16, 6, 6),
              [CONV % (16, "1") + " stride=2"])
    draw.case("sixteen", (2, 16, 6, 5), [CONV % (16, "3") + " padding=1"])
    draw.case("odd_channels", (2, 10, 6, 6),
              [CONV % (20, "3") + " padding=1 bias=0"])
    draw.case("dilated", (2, 4, 9, 9),
              [CONV % (5, "3") + " padding=2 dilation=2"])
    draw.case("oblong", (2, 3, 7, 10),
              [CONV % (4, "3,5") + " stride=1,2 padding=1,2"])
    draw.case("one_item", (1, 4, 6, 6), [CONV % (3, "3") + " padding=1"])
    draw.case("one_pixel", (2, 3, 1, 1), [CONV % (4, "1")])
    draw.case("to_one_channel", (2, 16, 6, 6), [CONV % (1, "3")])
    draw.case("even_kernel", (2, 3, 8, 8),
              [CONV % (4, "4") + " stride=2 padding=1"])
    draw.case("many_items", (19, 2, 4, 4), [CONV % (3, "3") + " padding=1"])


@cases("batch_norm")
def batch_norm_cases(draw):
    draw.case("plain", (3, 5, 4, 4), ["batch_norm"])
    draw.case("blocked", (2, 3, 6, 6),
              [CONV % (20, "3") + " bias=0", "batch_norm", "relu"])
    draw.case("segments", (2, 2, 24, 24), ["batch_norm"])
    draw.case("rows", (6, 7), ["batch_norm epsilon=0.01 momentum=0.3"])
    draw.case("inference", (2, 5, 4, 3), ["batch_norm"], "infer")


@cases("max_pool2d")
def max_pool2d_cases(draw):
    draw.case("plain", (2, 5, 8, 8), ["max_pool2d kernel=2"])
    draw.case("overlapping", (2, 17, 9, 9),
              ["max_pool2d kernel=3 stride=2 padding=1"])
    draw.case("floor", (2, 3, 7, 5), ["max_pool2d kernel=2"])


@cases("avg_pool2d")
def avg_pool2d_cases(draw):
    draw.case("plain", (2, 5, 8, 6), ["avg_pool2d kernel=2"])
    draw.case("padded", (2, 4, 7, 7),
              ["avg_pool2d kernel=3 stride=2 padding=1"])
    draw.case("uncounted", (2, 4, 7, 7),
              ["avg_pool2d kernel=3 stride=2 padding=1 count_padding=0"])


@cases("global_avg_pool")
def global_avg_pool_cases(draw):
    draw.case("plain", (3, 18, 5, 4), ["global_avg_pool"])
    draw.case("blocked", (2, 2, 6, 6), [CONV % (18, "3"), "global_avg_pool"])


@cases("global_max_pool")
def global_max_pool_cases(draw):
    draw.case("plain", (3, 18, 5, 4), ["global_max_pool"])
    draw.case("blocked", (2, 2, 6, 6), [CONV % (18, "3"), "global_max_pool"])
