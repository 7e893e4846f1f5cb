#!/usr/bin/env python3
"""Makes optimizer_fixtures.txt: updates and step sizes as PyTorch has them.

    tests/parity/make_optimizer_fixtures.py > tests/parity/optimizer_fixtures.txt

Every optimizer and option gets the same ten gradients of the
same two weights; PyTorch computes in double precision.  Schedules give the step
size of each update.  test_optimizers.c reads the lines:

    start WEIGHT : VALUE...
    gradient STEP WEIGHT : VALUE...
    optimizer NAME OPTION=VALUE...
    after STEP WEIGHT : VALUE...
    schedule NAME OPTION=VALUE... : VALUE...
    losses : VALUE...            (of the validations that 'plateau' sees)
"""
import environment

environment.enter()

import numpy
import torch
from torch.optim import SGD, Adam, AdamW
from torch.optim import lr_scheduler as schedules

STEPS = 10
SHOWN = (1, 2, STEPS)
SHAPES = {"a": (5, 13), "b": (7,)}

OPTIMIZERS = [
    ("plain", SGD, {"lr": 0.1}),
    ("momentum", SGD, {"lr": 0.05, "momentum": 0.9}),
    ("nesterov", SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    ("sgd_decay", SGD, {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1}),
    ("sgd_l2", SGD, {"lr": 0.05, "momentum": 0.8, "l2": 0.2}),
    ("sgd_clip", SGD, {"lr": 0.1, "momentum": 0.9, "clip": 2.0}),
    ("nesterov_all", SGD, {"lr": 0.03, "momentum": 0.7, "nesterov": True,
                           "weight_decay": 0.05, "l2": 0.1, "clip": 1.5}),
    ("adam", Adam, {"lr": 0.01}),
    ("adam_betas", Adam, {"lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-6}),
    ("adam_decay", Adam, {"lr": 0.02, "weight_decay": 0.1}),
    ("adam_all", Adam, {"lr": 0.02, "weight_decay": 0.1, "l2": 0.2,
                        "clip": 1.0}),
    ("adamw", AdamW, {"lr": 0.02, "weight_decay": 0.1}),
    ("adamw_all", AdamW, {"lr": 0.03, "weight_decay": 0.2, "l2": 0.1,
                          "clip": 3.0, "betas": (0.8, 0.99)}),
]


def line(*words, values):
    print(*words, ":", *("%.9g" % v for v in numpy.ravel(values)))


def single(rng, shape):
    """Numbers that single precision holds exactly, kept as double."""
    return rng.standard_normal(shape).astype(numpy.float32).astype(float)


def optimizers():
    rng = numpy.random.default_rng(3)
    start = {name: single(rng, shape) for name, shape in SHAPES.items()}
    gradients = [{name: single(rng, shape) for name, shape in SHAPES.items()}
                 for _ in range(STEPS)]
    for name, values in start.items():
        line("start", name, values=values)
    for i, gradient in enumerate(gradients):
        for name, values in gradient.items():
            line("gradient", i + 1, name, values=values)
    for name, kind, given in OPTIMIZERS:
        one_optimizer(name, kind, dict(given), start, gradients)


def one_optimizer(name, kind, options, start, gradients):
    words = {"kind": kind.__name__.lower(), **options}
    if "betas" in words:
        words["beta1"], words["beta2"] = words.pop("betas")
    print("optimizer", name, *(f"{k}={v if isinstance(v, str) else float(v):}"
                               for k, v in words.items()))
    l2 = options.pop("l2", 0.0)
    clip = options.pop("clip", 0.0)
    if kind is AdamW:
        options.setdefault("weight_decay", 0.0)
    weights = {k: torch.tensor(v, requires_grad=True)
               for k, v in start.items()}
    optimizer = kind(list(weights.values()), **options)
    for i, gradient in enumerate(gradients):
        for k, w in weights.items():
            w.grad = torch.tensor(gradient[k])
        if clip:
            torch.nn.utils.clip_grad_norm_(list(weights.values()), clip)
        weights["a"].grad += l2 * weights["a"].detach()
        optimizer.step()
        if i + 1 in SHOWN:
            for k, w in weights.items():
                line("after", i + 1, k, values=w.detach().numpy())


def rates(make, steps, per_epoch, losses=None):
    """The step size of each update; `make` gives (schedule, "step"|"epoch")."""
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    schedule, unit = make(optimizer)
    seen = []
    for i in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if unit == "step":
            schedule.step()
        elif (i + 1) % per_epoch == 0:
            schedule.step(*([] if losses is None
                            else [losses[i // per_epoch]]))
    return seen


def step_sizes():
    """20 epochs of 3 updates, first step size 0.5."""
    n, per = 60, 3
    line("schedule", "step", "step_epochs=4", "factor=0.3", values=rates(
        lambda o: (schedules.StepLR(o, 4, 0.3), "epoch"), n, per))
    line("schedule", "milestones", "factor=0.2", "milestones=5,11,12",
         values=rates(lambda o: (schedules.MultiStepLR(o, [5, 11, 12], 0.2),
                                 "epoch"), n, per))
    line("schedule", "cosine", "lowest=0.01", values=rates(
        lambda o: (schedules.CosineAnnealingLR(o, n, 0.01), "step"), n, per))
    line("schedule", "cosine", "warmup=7", values=rates(
        lambda o: (schedules.SequentialLR(
            o, [schedules.LambdaLR(o, lambda i: (i + 1) / 7),
                schedules.CosineAnnealingLR(o, n - 7)], [7]), "step"), n, per))
    losses = [1.0, 0.8, 0.9, 0.85, 0.8, 0.7, 0.71, 0.72, 0.7, 0.6, 0.65, 0.61,
              0.6, 0.63, 0.62, 0.61, 0.9, 0.5, 0.55, 0.6]
    line("losses", values=losses)
    line("schedule", "plateau", "step_epochs=3", "factor=0.1", "lowest=0.003",
         values=rates(lambda o: (schedules.ReduceLROnPlateau(
             o, factor=0.1, patience=2, threshold=0.0, min_lr=0.003, eps=0.0),
             "epoch"), n, per, losses))


torch.set_default_dtype(torch.float64)
optimizers()
step_sizes()
