#!/usr/bin/env python3
"""Compares every number of every network with PyTorch, and prints a table.

    cmake --build --preset release --target parity
    tests/parity/compare_networks.py build/release [CASE...]

For each case of network_cases.py: the output and all gradients of one training
pass, osteon's in single precision beside PyTorch's in double, as the greatest
difference of a tensor divided by its greatest magnitude (scale_of()).  Fails
when one is above 1e-4.
"""
import environment

environment.enter()

import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch

import network_cases as cases

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TOLERANCE = 1e-4


def differences(made, folder):
    """For each tensor of a case: its name and difference."""
    names = {p.name for p in folder.iterdir()}
    if names != set(made):
        sys.exit(f"not in both: {', '.join(sorted(names ^ set(made)))}")
    for name, wanted in made.items():
        wanted = wanted.flatten().numpy()
        got = np.fromfile(folder / name, np.float32).astype(np.float64)
        yield name, np.abs(got - wanted).max() / cases.scale_of(made, name)


def compare(build, c):
    made = cases.run(c)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([build / "tests/bin/dump_network", c["name"], folder],
                       env={**os.environ, "OSTEON_SOURCE": str(SOURCE)},
                       check=True)
        found = dict(differences(made, pathlib.Path(folder)))
    output = found.pop(cases.OUTPUT)
    worst = max(found, key=found.get)
    numbers = sum(made[name].numel() for name in found)
    print(f"| {c['name']} | {'x'.join(map(str, c['shape']))} | {len(found)} | "
          f"{numbers:,} | {output:.1e} | {found[worst]:.1e} | {worst} |",
          flush=True)
    return max(output, found[worst])


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1]).absolute()
    wanted = sys.argv[2:]
    torch.set_num_threads(2)
    print("| network | input | weights | numbers | output | gradients | "
          "worst |\n|---|---|---|---|---|---|---|")
    worst = max(compare(build, c) for c in cases.CASES
                if not wanted or c["name"] in wanted)
    sys.exit(int(worst > TOLERANCE))


main()
