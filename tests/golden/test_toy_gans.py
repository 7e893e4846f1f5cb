#!/usr/bin/env python3
"""A small generator learns a ring of eight Gaussians from pictures of dots.

The bounds are far from what is measured in every numeric class: most pictures
have one dot near a mode, and all eight modes are there (docs/gan_training.md).
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["OSTEON_SOURCE"]) / "tests/bench"))
import toy_gans

line, _ = toy_gans.run(pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon",
                       pathlib.Path("ring"), "ring", "bce and R1", 2000)
print(line)
real, untrained, trained = line["real"], line["untrained"], line["trained"]
assert real["near"] > 0.98 and real["modes"] == 8, real
assert untrained["near"] < 0.02 and untrained["modes"] == 0, untrained
assert trained["near"] > 0.3, trained
assert trained["modes"] >= 6, trained
assert trained["distance"] < untrained["distance"] / 3, trained
