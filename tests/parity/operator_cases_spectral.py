"""Layers whose weight is divided by its largest singular value."""
from operator_cases import cases
from operator_cases_networks import training

NORMED = " spectral_norm=1"


@cases("spectral")
def spectral(draw):
    draw.case("dense", (5, 7), ["dense out=4" + NORMED])
    draw.case("dense_infer", (3, 6), ["dense out=9" + NORMED], "infer")
    draw.case("conv2d", (2, 3, 6, 5),
              ["conv2d out=4 kernel=3 padding=1" + NORMED])
    draw.case("conv2d_unbiased", (2, 6, 5, 5),
              ["conv2d out=5 kernel=2 bias=0" + NORMED])
    draw.case("conv2d_infer", (2, 6, 5, 5),
              ["conv2d out=5 kernel=2" + NORMED], "infer")
    draw.case("conv2d_groups", (2, 4, 5, 5),
              ["conv2d out=6 kernel=3 groups=2" + NORMED])
    draw.case("conv2d_strides", (1, 1, 12, 12),
              ["conv2d out=8 kernel=4 stride=2 padding=1" + NORMED])
    draw.case("conv3d", (2, 2, 4, 5, 4),
              ["conv3d out=3 kernel=2" + NORMED])
    draw.case("conv_transpose2d", (2, 3, 4, 5),
              ["conv_transpose2d out=5 kernel=4 stride=2 padding=1" + NORMED])
    draw.case("conv_transpose2d_groups", (2, 4, 3, 3),
              ["conv_transpose2d out=6 kernel=2 groups=2" + NORMED])
    draw.case("conv_lstm", (2, 3, 5, 5), ["conv_lstm hidden=2" + NORMED])
    draw.case("discriminator", (2, 3, 12, 12),
              ["conv2d out=8 kernel=4 stride=2 padding=1" + NORMED,
               "leaky_relu slope=0.2",
               "conv2d out=12 kernel=4 stride=2 padding=1" + NORMED,
               "leaky_relu slope=0.2", "flatten", "dense out=2" + NORMED])
    training(draw, "steps", (5, 2, 7, 7), 3,
             ["conv2d out=8 kernel=3" + NORMED, "relu",
              "conv2d out=8 kernel=3 bias=0" + NORMED, "batch_norm", "relu",
              "global_avg_pool", "dense out=3" + NORMED],
             ("sgd", 0.1, 0.9, 0.001), 5)
    training(draw, "adam_steps", (4, 6), 3,
             ["dense out=8" + NORMED, "relu", "dense out=3" + NORMED],
             ("adam", 0.01, 0.0, 0.0), 6)
