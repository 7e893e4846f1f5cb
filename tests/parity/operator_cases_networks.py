"""Layers together: networks of a few, and trainings of a few steps."""
import torch
from torch.nn import functional as F

from operator_cases import cases, short

CONV = "conv2d out=%d kernel=%s"


def training(draw, name, shape, classes, lines, optimizer, steps, weights=None):
    """`optimizer`: its kind, rate, momentum and decay."""
    kind, rate, momentum, decay = optimizer
    net, _ = draw.network(name, shape, lines)
    net.train()
    draw.write("mode train")
    draw.write("steps", *optimizer, steps)
    x = draw.floats(shape)
    draw.tensor("input", x)
    y = torch.randint(0, classes, (shape[0],), generator=draw.torch)
    draw.tensor("labels", y.double())
    if weights is not None:
        weights = short(torch.tensor(weights))
        draw.tensor("class_weights", weights)
    draw.state(net, "weight:")
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
    draw.tensor("losses", torch.tensor(losses))
    draw.state(net, "after:")
    draw.write("end")


@cases("networks")
def networks(draw):
    draw.case("two_convs", (2, 3, 6, 6),
              [CONV % (8, "3") + " padding=1", "relu", CONV % (5, "3")])
    draw.case("flatten_blocked", (2, 2, 5, 5),
              [CONV % (6, "3"), "flatten", "dense out=4"])
    draw.case("residual", (2, 4, 6, 6),
              [CONV % (4, "3") + " padding=1", "relu",
               CONV % (4, "3") + " padding=1", "add in=0,2", "relu"])
    draw.case("input_read_twice", (2, 3, 5, 5),
              [CONV % (4, "1"), CONV % (4, "3") + " padding=1 in=-1",
               "add in=0,1,0"])
    draw.case("inference", (2, 2, 12, 12),
              [CONV % (8, "3") + " padding=1 bias=0", "batch_norm", "relu",
               "max_pool2d kernel=2", "global_avg_pool", "dropout p=0.4",
               "dense out=3"], "infer")


@cases("trainings")
def trainings(draw):
    small = []
    for width in (4, 8, 8):
        small += [CONV % (width, "3") + " padding=1 bias=0", "batch_norm",
                  "relu", "max_pool2d kernel=2"]
    small += ["global_avg_pool", "dropout p=0", "dense out=3"]
    training(draw, "sgd", (6, 1, 16, 16), 3, small, ("sgd", 0.05, 0.9, 0.001),
             5)
    training(draw, "adam", (5, 2, 16, 16), 3, small,
             ("adam", 0.003, 0.0, 0.01), 4, [0.5, 1.0, 2.5])
    training(draw, "plain_sgd", (4, 6), 3, ["dense out=5", "relu",
                                            "dense out=3"],
             ("sgd", 0.1, 0.0, 0.0), 3)
