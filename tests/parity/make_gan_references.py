#!/usr/bin/env python3
"""Makes gan_references/NAME.txt from gan_NAME.py, for all or the named ones.

    cd tests/parity; ./make_gan_references.py [NAME...]

What PyTorch computes in double precision for a few steps of each objective:
gan_cases.py says how, test_gans.c reads it.
"""
import environment

environment.enter()

import importlib
import pathlib
import sys

import torch

import gan_cases as gans
import network_cases as cases

HERE = pathlib.Path(__file__).resolve().parent
SIDES = gans.GENERATOR, gans.DISCRIMINATOR


def side_step(module, game, side):
    """The losses and gradients of a side, whose weights then move."""
    weights = game.weights[side]
    losses, total = (module.generate if side == gans.GENERATOR
                     else module.discriminate)(game)
    flat = [p for shared in weights.values() for p in shared]
    found = iter(torch.autograd.grad(total, flat, allow_unused=True))
    grads = {}
    for name, shared in weights.items():
        parts = [g for g in (next(found) for _ in shared) if g is not None]
        grads[name] = sum(parts) if parts else torch.zeros_like(shared[0])
        for p in shared:
            p.data -= game.setting("rate", gans.RATE) * grads[name]
    return losses, grads


def run(module, c):
    """The losses of all steps, and the gradients of the last."""
    game = gans.Game(c)
    first = module.FIRST
    second = SIDES[1 - SIDES.index(first)]
    losses, grads = {}, {}
    for game.number in range(c["steps"]):
        for side in first, second:
            found, grads[side] = side_step(module, game, side)
            for name, value in found.items():
                losses.setdefault(name, []).append(float(value.detach()))
    return losses, {**grads[SIDES[0]], **grads[SIDES[1]]}


def write_head(c, objective, out):
    print("case", c["name"], file=out)
    print("objective", objective, file=out)
    scales = {}
    for role, _, file, params, _ in c["roles"]:
        scale = scales[role] = scales.get(role, -1) + 1
        print("role", role, scale, file, cases.params_text(params), file=out)
    for place, shape in enumerate(c["inputs"]):
        print("input", place, *shape, file=out)
    for name, value in c["settings"].items():
        print("set", name, value, file=out)
    for name, value in c["weights"].items():
        print("weight", name, value, file=out)
    print("stream", c["stream"], file=out)
    print("steps", c["steps"], file=out)


def write_case(module, objective, c, out):
    losses, grads = run(module, c)
    write_head(c, objective, out)
    for name, values in losses.items():
        print("loss", name, *("%.9g" % v for v in values), file=out)
    for name, grad in grads.items():
        zero = cases.is_zero(grads, name)
        scale = 0 if zero else cases.scale_of(grads, name)
        print("tensor", name, grad.numel(), "%.9g" % scale, ":",
              *([] if zero else cases.sampled(name, grad, scale)), file=out)
    print("end", file=out)


def main():
    names = sys.argv[1:] or sorted(p.stem[len("gan_"):]
                                   for p in HERE.glob("gan_*.py")
                                   if p.stem != "gan_cases")
    torch.set_num_threads(2)
    (HERE / "gan_references").mkdir(exist_ok=True)
    for name in names:
        module = importlib.import_module("gan_" + name)
        with (HERE / f"gan_references/{name}.txt").open("w") as out:
            for c in module.CASES:
                write_case(module, name, c, out)


if __name__ == "__main__":
    main()
