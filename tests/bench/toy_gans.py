#!/usr/bin/env python3
"""Toy distributions as pictures, learned by train_gan: what is covered?

    tests/bench/toy_gans.py [--osteon FILE] [--steps N] [--figure FILE.svg]
                            [--only SHAPE] [--recipe NAME] > toy.json

A picture of 16x16 pixels has one soft dot, whose place is drawn from a ring of
eight Gaussians or from two moons.  A small generator learns them from the
pictures alone; what it makes is turned back to points: the center of what is
bright.  For each shape and recipe one JSON line says, of 1000 generated pictures,
    dots     the share of pictures with one dot of the real ones' size
    near     the share of dots within 3 standard deviations of the shape
    modes    modes of the ring (8), or moons (2), with at least a quarter of their
             share of all pictures
    distance the mean distance of the pictures' centers to the shape, in pixels
and the same of a generator after one update, and of real pictures that were not
learned from.  --figure draws real and generated points.
"""
import argparse
import csv
import json
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import pictures

SIDE, MIDDLE = 16, 7.5
DOT = 1.2          # standard deviation of a dot, in pixels
NOISE = 0.35       # and of its place
REACH = 3 * NOISE + 0.2  # what pixels of 8 bits add
LEARNED, MADE = 2000, 1000

GENERATOR = {
    "osteon_model": 1, "name": "toy_generator", "input": [8, 1, 1],
    "params": {"channels": 1}, "scores": "none",
    "layers": [
        {"op": "flatten"},
        {"op": "dense", "out": 96, "init": "kaiming"}, {"op": "relu"},
        {"op": "dense", "out": 96, "init": "kaiming"}, {"op": "relu"},
        {"op": "dense", "out": SIDE * SIDE, "init": "xavier"},
        {"op": "reshape", "shape": [1, SIDE, SIDE]}, {"op": "tanh"}]}


def discriminator(normed):
    def dense(out):
        return {"op": "dense", "out": out, "spectral_norm": normed,
                "init": "kaiming"}
    leaky = {"op": "leaky_relu", "slope": 0.2}
    return {"osteon_model": 1, "name": "toy_discriminator",
            "input": [1, SIDE, SIDE], "scores": "sigmoid",
            "layers": [{"op": "flatten"}, dense(128), leaky, dense(128), leaky,
                       dense(1)]}


# Whether weights are normalized, and words for train_gan.
RECIPES = {
    "bce": (False, {"loss": "bce"}),
    "hinge and spectral norm": (True, {"loss": "hinge", "discriminator_steps": 3,
                                       "betas": [0, 0.9]}),
    "WGAN-GP": (False, {"loss": "wasserstein", "penalty": "gradient",
                        "penalty_weight": 10, "discriminator_steps": 3,
                        "betas": [0, 0.9]}),
    "bce and R1": (False, {"loss": "bce", "penalty": "r1",
                           "penalty_weight": 2}),
}


# --- shapes ------------------------------------------------------------------

def ring_modes():
    return [(MIDDLE + 5 * math.cos(i * math.pi / 4),
             MIDDLE + 5 * math.sin(i * math.pi / 4)) for i in range(8)]


def moon(which, turn):
    """A place of one of two half circles that reach into each other."""
    sign = 1 - 2 * which
    return (MIDDLE - 1.9 * sign + 3.8 * math.cos(turn),
            MIDDLE - sign * (3.8 * math.sin(turn) - 1.0))


def draw(shape, rng):
    if shape == "ring":
        x, y = rng.choice(ring_modes())
    else:
        x, y = moon(rng.randrange(2), rng.random() * math.pi)
    return rng.gauss(x, NOISE), rng.gauss(y, NOISE)


def nearest(shape, point):
    """The mode or moon that is nearest, and how far it is."""
    if shape == "ring":
        places = list(enumerate(ring_modes()))
    else:
        places = [(which, moon(which, k * math.pi / 100))
                  for which in range(2) for k in range(101)]
    return min((math.dist(point, at), which) for which, at in places)[::-1]


# --- pictures ----------------------------------------------------------------

def picture(point):
    x, y = point
    return [[round(255 * math.exp(-((i - x) ** 2 + (k - y) ** 2) /
                                  (2 * DOT * DOT))) for i in range(SIDE)]
            for k in range(SIDE)]


def seen(rows):
    """The center of what is bright, how far it reaches, how much it is."""
    mass = x = y = 0.0
    bright = [[max(0, v - 40) for v in row] for row in rows]
    for k, row in enumerate(bright):
        for i, v in enumerate(row):
            mass, x, y = mass + v, x + v * i, y + v * k
    if mass < 200:
        return None
    x, y = x / mass, y / mass
    reach = sum(v * ((i - x) ** 2 + (k - y) ** 2)
                for k, row in enumerate(bright) for i, v in enumerate(row))
    return (x, y), math.sqrt(reach / mass)


def judge(shape, images):
    """What the numbers above are, and the points."""
    usual = seen(picture((MIDDLE, MIDDLE)))[1]
    modes = 8 if shape == "ring" else 2
    found, far, near, dots, points = [0] * modes, [], 0, 0, []
    for rows in images:
        at = seen(rows)
        if not at:
            far.append(float(SIDE))
            continue
        which, distance = nearest(shape, at[0])
        far.append(distance)
        points.append(at[0])
        if at[1] > 1.4 * usual:
            continue
        dots += 1
        if distance <= REACH:
            near += 1
            found[which] += 1
    n = len(images)
    return {"dots": dots / n, "near": near / n,
            "modes": sum(f >= n / modes / 4 for f in found),
            "distance": sum(far) / n}, points


# --- runs --------------------------------------------------------------------

def write_images(folder, shape, rng, count):
    folder.mkdir()
    images = [picture(draw(shape, rng)) for _ in range(count)]
    for i, rows in enumerate(images):
        (folder / f"{i:05d}.png").write_bytes(
            pictures.gray_png(rows))
    return images


def workflow(words, steps):
    gan = {"objective": "dcgan", "generator": "generator.json",
           "discriminator": "discriminator.json", "batch": 64, "ema": 0.99,
           "learning_rate": 0.001, "schedule": "linear", "samples": 1,
           **words}
    nodes = {"images": {"stage": "ingest", "in": "$images"}}
    for name, n in (("untrained", 1), ("trained", steps)):
        nodes[name] = {"stage": "train_gan", "in": "images",
                       "with": {**gan, "steps": n}}
        nodes[name + "_images"] = {
            "stage": "generate", "in": {"model": name + ".generator"},
            "with": {"count": MADE}}
    return {"osteon": 1, "name": "toy", "seed": 5,
            "inputs": {"images": {"type": "dataset"}}, "nodes": nodes,
            "outputs": {n: n + "_images" for n in ("untrained", "trained")}}


def read_images(folder):
    with open(folder / "items.csv", newline="") as table:
        names = [row["path"] for row in csv.DictReader(table)]
    return [pictures.read_gray_png((folder / n).read_bytes()) for n in names]


def run(osteon, folder, shape, recipe, steps):
    normed, words = RECIPES[recipe]
    folder.mkdir()
    rng = random.Random(shape)
    write_images(folder / "real", shape, rng, LEARNED)
    others = [picture(draw(shape, rng)) for _ in range(MADE)]
    for name, text in (("workflow", workflow(words, steps)),
                       ("generator", GENERATOR),
                       ("discriminator", discriminator(normed))):
        (folder / f"{name}.json").write_text(json.dumps(text))
    began = time.time()
    # Networks so small are not worth a second thread; the bytes are the same.
    subprocess.run([osteon, "run", "workflow.json", "--bind", "images=real",
                    "--threads", "1", "--out", "out", "--quiet"], cwd=folder,
                   check=True)
    line = {"shape": shape, "recipe": recipe, "steps": steps,
            "seconds": round(time.time() - began, 1)}
    points = {}
    for name, images in (("real", others),
                         ("untrained", read_images(folder / "out/untrained")),
                         ("trained", read_images(folder / "out/trained"))):
        line[name], points[name] = judge(shape, images)
    return line, points


# --- figure ------------------------------------------------------------------

def dots(points, color, size):
    """One path of points without length, drawn as round as its ends."""
    way = "".join(f"M{(x + 0.5) * 12:.0f} {(y + 0.5) * 12:.0f}h0"
                  for x, y in points[:400])
    return (f'<path d="{way}" stroke="{color}" stroke-width="{size}" '
            'stroke-linecap="round"/>')


def panel(x, y, title, real, made):
    return (f'<g transform="translate({x},{y})">'
            '<rect width="192" height="192" fill="white" stroke="#999"/>'
            f'<text x="96" y="-6" text-anchor="middle">{title}</text>' +
            dots(real, "#9db7d5", 3) + dots(made, "#c23b22", 2.4) + "</g>\n")


def figure(found):
    """`found`: by shape, a list of (recipe, points)."""
    width = 20 + 212 * (1 + max(len(f) for f in found.values()))
    parts = []
    for row, lines in enumerate(found.values()):
        first = lines[0][1]
        columns = [("untrained", first)] + lines
        for i, (recipe, points) in enumerate(columns):
            made = points["untrained" if i == 0 else "trained"]
            parts.append(panel(20 + 212 * i, 30 + 230 * row, recipe,
                               points["real"], made))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{20 + 230 * len(found)}" font-family="sans-serif" '
            'font-size="13"><rect width="100%" height="100%" fill="white"/>' +
            "".join(parts) + "</svg>\n")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--osteon", default=pathlib.Path(
        os.environ.get("OSTEON_BIN", "build/release")) / "osteon")
    options.add_argument("--steps", type=int, default=3000)
    options.add_argument("--figure", type=pathlib.Path)
    options.add_argument("--only", choices=["ring", "moons"])
    options.add_argument("--recipe", choices=list(RECIPES))
    given = options.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for shape in [given.only] if given.only else ["ring", "moons"]:
            for recipe in [given.recipe] if given.recipe else RECIPES:
                line, points = run(
                    pathlib.Path(given.osteon).absolute(),
                    pathlib.Path(folder) / f"{shape}-{len(found.get(shape, []))}",
                    shape, recipe, given.steps)
                print(json.dumps(line), flush=True)
                found.setdefault(shape, []).append((recipe, points))
    if given.figure:
        given.figure.write_text(figure(found))


if __name__ == "__main__":
    main()
