#!/usr/bin/env python3
"""Steps of generative games, ours and PyTorch's in turn.

    bench_gan_step.py PROGRAM [GAME... [--threads N] [--steps N]]

PROGRAM is what bench_gan_step.c makes.  A step is the discriminators' losses,
gradients and update, then the generators', both with Adam.  Ours and PyTorch's
run in processes of their own, on the same cores, one step at a time by turns;
PyTorch runs twice, in its own layout and in channels_last, and the faster one
counts.  Its networks and losses are those of tests/parity/, in single
precision; activations work in place where its users write them so, and each
side's weights want gradients in that side's turn alone.

One JSON line per game: medians over the steps by the wall and of processor
time, the medians of the ratios of neighboring steps (below 1: ours is faster),
and memory in megabytes.  Weights, gradients of weights and the optimizers'
states are listed apart; the rest (activations, workspace) is planned ahead here
and, with PyTorch, the most that its profiler sees in use at a time, less the
gradients of weights.  What PyTorch's libraries allocate for themselves is not
seen by it and not counted.
"""
import argparse
import json
import os
import pathlib
import statistics
import sys
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests/parity"))
sys.path.insert(0, str(TREE / "tests/bench"))

import bench_train_step
from bench_memory import peak

MODELS = TREE / "workflows/models"
NOISE = 256  # numbers that a Conv-LSTM generator draws


def pix2pix():
    import torch_gans as nets

    return {"generator": nets.Unet(1), "discriminator": nets.PatchGan(2)}


def unit():
    import torch_unit as nets

    made, judge = nets.Generator(), nets.Discriminator()
    return {"encode_a": made, "encode_b": made, "decode_a": made,
            "decode_b": made, "discriminator_a": Judge(judge, "a"),
            "discriminator_b": Judge(judge, "b")}


def conv_lstm_gan():
    import torch_conv_lstm as nets

    return {"generator": nets.ConvLstmGenerator(None),
            "discriminator": nets.ConvLstmDiscriminator()}


class Judge:
    """One domain's part of a discriminator."""

    def __init__(self, net, domain):
        self.net, self.domain = net, domain

    def parameters(self):
        return self.net.parameters()

    def to(self, **form):
        self.net.to(**form)
        return self

    def __call__(self, x):
        return self.net.judge(self.domain, x)[0]


# files, the batch, frames that are given, and the peer's networks by role
GAMES = {
    "pix2pix": ("unet256", "patch_gan", [(1, 1, 256, 256)] * 2, 0, pix2pix),
    "unit": ("unit_generator", "unit_discriminator", [(1, 1, 128, 128)] * 2, 0,
             unit),
    "conv_lstm_gan": ("conv_lstm_generator", "conv_lstm_discriminator",
                      [(2, 1, 4, 128, 128)], 2, conv_lstm_gan),
}


def in_place(torch):
    """Activations as people write them where nobody needs what comes in."""
    F, nn = torch.nn.functional, torch.nn
    leaky, relu = F.leaky_relu, F.relu
    F.leaky_relu = lambda x, slope=0.01: leaky(x, slope, True)
    F.relu = lambda x: relu(x, True)
    nn.LeakyReLU.forward = lambda self, x: leaky(x, self.negative_slope, True)
    nn.ReLU.forward = lambda self, x: relu(x, True)
    torch.Tensor.relu = torch.Tensor.relu_


class Peer:
    """What a module of tests/parity/ needs of a game, in single precision."""

    def __init__(self, name, form):
        import importlib

        import gan_cases
        import torch

        _, _, shapes, given, build = GAMES[name]
        in_place(torch)
        self.torch = torch
        self.module = importlib.import_module("gan_" + name)
        self.case = {"roles": [("decode_a", "", "", {}, None)]}
        self.settings = {"given": given}
        self.kept = {}
        self.nets = {role: [net] for role, net in build().items()}
        self.batch = [torch.rand(*s) * 2 - 1 for s in shapes]
        if form == "last":
            for (net,) in self.nets.values():
                net.to(memory_format=torch.channels_last)
            self.batch = [x.to(memory_format=torch.channels_last)
                          if x.ndim == 4 else x for x in self.batch]
        self.sides = [{}, {}]
        for role, (net,) in self.nets.items():
            judges = role.startswith("discriminator")
            for p in net.parameters():
                self.sides[judges][id(p)] = p
        self.sides = [list(s.values()) for s in self.sides]
        self.optimizers = [torch.optim.Adam(s, lr=2e-4, betas=(0.5, 0.999))
                           for s in self.sides]
        self.judge_ = gan_cases.Game.judge
        # What generators made in the discriminators' turn goes on to theirs.
        self.goes_on = name != "unit"
        self.undraw()

    def undraw(self):
        """Numbers are drawn by PyTorch: drawing is not what is measured."""
        import philox

        torch = self.torch
        philox.latent = lambda items, *_: (
            torch.rand(items, NOISE, dtype=torch.double) * 2 - 1).numpy()
        philox.gaussian_noise = lambda shape, *_: torch.randn(shape).numpy()
        double = torch.Tensor.double
        torch.Tensor.double = lambda x: double(x).float()

    def __getitem__(self, role):
        return self.nets[role][0]

    def setting(self, name, default):
        return self.settings.get(name, default)

    def weight(self, term, default):
        return default

    def input(self, place):
        return self.batch[place]

    def draw(self, number):
        return number

    def judge(self, logits, verdict):
        return self.judge_(self, logits, verdict)

    def shown_again(self, name, number, images):
        return images

    def penalty(self, *_):
        return self.torch.zeros(()), 0

    def side_step(self, side):
        """0: generators, 1: discriminators."""
        for k, weights in enumerate(self.sides):
            for p in weights:
                p.requires_grad_(k == side or (k == 0 and self.goes_on))
        run = self.module.discriminate if side else self.module.generate
        _, total = run(self)
        self.optimizers[side].zero_grad()
        total.backward()
        self.optimizers[side].step()

    def step(self):
        self.side_step(1)
        self.side_step(0)

    def most(self):
        """Megabytes in use at the fullest moment, as in bench_memory.py."""
        torch = self.torch

        def finished(p):
            with torch.profiler.record_function(f"finished {p.grad.nbytes}"):
                pass

        for p in sum(self.sides, []):
            p.requires_grad_(True)
            p.register_post_accumulate_grad_hook(finished)
        for o in self.optimizers:
            o.zero_grad()
        with torch.profiler.profile(profile_memory=True) as prof:
            self.step()
        return peak(sorted(prof.profiler.kineto_results.events(),
                           key=lambda e: e.start_ns())) * 1e-6


def peer(name, form, threads):
    """Runs in a process of its own: a step for each line it reads."""
    import torch

    torch.set_num_threads(threads)
    game = Peer(name, form)
    for _ in sys.stdin:
        start, used = time.perf_counter(), time.process_time()
        game.step()
        ms = (time.perf_counter() - start) * 1e3
        cpu = (time.process_time() - used) * 1e3
        print(json.dumps({"ms": ms, "cpu_ms": cpu}), flush=True)
    learned = sum(p.numel() for s in game.sides for p in s) * 4e-6
    print(json.dumps({"rest_mb": round(game.most(), 1),
                      "weights_mb": round(learned, 1)}), flush=True)


def ratio(ours, theirs, key):
    """The median of the ratios of neighboring steps, the first left out."""
    return statistics.median(a[key] / b[key]
                             for a, b in zip(ours.taken[1:], theirs.taken[1:]))


def measure(program, name, threads, steps):
    generator, discriminator, shapes, given, _ = GAMES[name]
    case = {"objective": name, "generator": f"{MODELS / generator}.json",
            "discriminator": f"{MODELS / discriminator}.json",
            "in": shapes, "given": given}
    me = [sys.executable, os.path.abspath(__file__), "--peer", name,
          "--threads", str(threads), "--form"]
    runners = {
        "ours": bench_train_step.Runner([program, json.dumps(case),
                                         str(threads)]),
        "plain": bench_train_step.Runner([*me, "plain"]),
        "last": bench_train_step.Runner([*me, "last"]),
    }
    for _ in range(steps + 1):
        for runner in runners.values():
            runner.step()
    ours = runners["ours"]
    best = min(("plain", "last"), key=lambda f: runners[f].median("ms"))
    theirs = runners[best]
    ends = {key: runner.end() for key, runner in runners.items()}
    row = {"bench": "gan_step", "game": name,
           "shape": "x".join(map(str, shapes[0])), "threads": threads,
           "steps": steps, "pytorch_layout": best}
    for key in ("ms", "cpu_ms"):
        row["ours_" + key] = round(ours.median(key), 1)
        row["pytorch_" + key] = round(theirs.median(key), 1)
        row["ratio_" + key] = round(ratio(ours, theirs, key), 3)
    for key in ("weights_mb", "gradients_mb", "optimizer_mb", "rest_mb"):
        row[key] = ends["ours"][key]
    row["pytorch_weights_mb"] = ends[best]["weights_mb"]
    row["pytorch_rest_mb"] = ends[best]["rest_mb"]
    row["ratio_rest"] = round(row["rest_mb"] / row["pytorch_rest_mb"], 3)
    row["losses"] = ends["ours"]["losses"]
    return row


def main():
    args = argparse.ArgumentParser()
    args.add_argument("program", nargs="?")
    args.add_argument("games", nargs="*")
    args.add_argument("--threads", type=int, default=2)
    args.add_argument("--steps", type=int, default=9)
    args.add_argument("--peer")
    args.add_argument("--form")
    given = args.parse_args()
    os.environ["OMP_WAIT_POLICY"] = "passive"
    os.environ["OMP_NUM_THREADS"] = str(given.threads)
    import environment
    environment.enter()
    if given.peer:
        return peer(given.peer, given.form, given.threads)
    for name in given.games or GAMES:
        print(json.dumps(measure(given.program, name, given.threads,
                                 given.steps)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
