"""CycleGAN for PyTorch: Zhu et al., ICCV 2017 (see gan_cases.py)."""
import torch.nn.functional as F

import torch_gans as nets
from gan_cases import DISCRIMINATOR, GENERATOR, case

FIRST = GENERATOR
PASSES, PASS_HISTORY, PASS_PENALTY = 8, 6, 7
WIDTHS = [8, 12, 16]


def generator(name, into, out, norm):
    return (name, GENERATOR, "resnet_generator",
            {"widths": WIDTHS, "blocks": 1, "norm": norm, "channels": out},
            lambda: nets.ResnetGenerator(into, out, WIDTHS, 1, norm))


def judge(name, channels, norm):
    return (name, DISCRIMINATOR, "patch_gan",
            {"depth": 2, "widths": WIDTHS, "norm": norm},
            lambda: nets.PatchGan(channels, 2, WIDTHS, norm))


def roles(a=1, b=1, norm="instance"):
    return [generator("a_to_b", a, b, norm), generator("b_to_a", b, a, norm),
            judge("judge_a", a, norm), judge("judge_b", b, norm)]


def domains(n, a=1, b=1, side=24):
    return [(n, a, side, side), (n, b, side, side)]


CASES = [
    case("one-step", roles(), domains(2), loss="least_squares"),
    case("batch-norm", roles(norm="batch"), domains(2), loss="least_squares"),
    case("no-identity", roles(1, 2), domains(1, 1, 2), loss="least_squares",
         weights={"identity": 0}),
    case("bce", roles(), domains(2), loss="bce", smoothing=0.1,
         weights={"gan": 2, "cycle": 3, "identity": 1}),
    case("gradient-penalty", roles(norm="none"), domains(2), loss="wasserstein",
         penalty="gradient"),
    case("history", roles(), domains(2), steps=4, history=3, rate=1e-4,
         loss="least_squares"),
]

# What is done in each direction: there, back, judge, the domains from and to,
# the names of the losses.
DIRECTIONS = [("a_to_b", "b_to_a", "judge_b", 0, 1, "a", "b"),
              ("b_to_a", "a_to_b", "judge_a", 1, 0, "b", "a")]


def generate(game):
    images = [game.input(0), game.input(1)]
    losses, total = {}, 0
    game.made = [None, None]
    for there, back, judge_, f, t, a, b in DIRECTIONS:
        made = game[there](images[f])
        gan = game.judge(game[judge_](made), "wanted")
        cycle = F.l1_loss(game[back](made), images[f])
        losses |= {f"g_{there}": gan, f"cycle_{a}": cycle}
        total = total + game.weight("gan", 1) * gan \
            + game.weight("cycle", 10) * cycle
        weight = game.weight("identity", 5)
        losses[f"identity_{b}"] = images[0].new_zeros(())
        if weight:
            same = F.l1_loss(game[there](images[t]), images[t])
            losses[f"identity_{b}"] = same
            total = total + weight * same
        game.made[t] = made.detach()
    return losses, total


def discriminate(game):
    images = [game.input(0), game.input(1)]
    losses, total = {}, 0
    for k, (_, _, judge_, _, t, _, b) in enumerate(DIRECTIONS):
        shown = game.shown_again(b, k * PASSES + PASS_HISTORY, game.made[t])
        fake = game.judge(game[judge_](shown), "fake")
        real = game.judge(game[judge_](images[t]), "real")
        steep, weighted = game.penalty(k * PASSES + PASS_PENALTY, game[judge_],
                                       images[t], shown)
        losses |= {f"d_{b}_real": real, f"d_{b}_fake": fake,
                   f"d_{b}_penalty": steep}
        total = total + (real + fake) / 2 + weighted
    return losses, total
