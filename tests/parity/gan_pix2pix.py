"""pix2pix for PyTorch: Isola et al., CVPR 2017 (see gan_cases.py)."""
import torch
import torch.nn.functional as F

import torch_gans as nets
from gan_cases import DISCRIMINATOR, GENERATOR, case

FIRST = DISCRIMINATOR
PASS_HISTORY, PASS_PENALTY = 3, 4

WIDTHS = [8, 12, 16, 20]


def roles(channels=1, norm="batch", depth=4):
    widths = WIDTHS[:depth]
    return [
        ("generator", GENERATOR, "unet256",
         {"depth": depth, "widths": widths, "norm": norm, "dropout": 0,
          "channels": channels},
         lambda: nets.Unet(channels, channels, depth, widths, norm)),
        ("discriminator", DISCRIMINATOR, "patch_gan",
         {"depth": 2, "widths": WIDTHS[:3], "norm": norm},
         lambda: nets.PatchGan(2 * channels, 2, WIDTHS[:3], norm)),
    ]


def pairs(n, channels=1, side=32):
    return [(n, channels, side, side)] * 2


CASES = [
    case("one-step", roles(), pairs(2)),
    case("steps", roles(), pairs(3), steps=3),
    case("instance", roles(2, "instance"), pairs(1, 2)),
    case("smoothing", roles(), pairs(2), smoothing=0.1),
    case("least-squares", roles(), pairs(2), loss="least_squares",
         smoothing=0.2, weights={"gan": 2, "l1": 10}),
    case("hinge", roles(), pairs(2), loss="hinge"),
    case("wasserstein", roles(), pairs(2), loss="wasserstein"),
    case("gradient-penalty", roles(1, "none"), pairs(2), loss="wasserstein",
         penalty="gradient"),
    case("r1", roles(1, "none"), pairs(2), penalty="r1", penalty_weight=2),
    case("history", roles(), pairs(2), steps=4, history=3),
]


def discriminate(game):
    x, y = game.input(0), game.input(1)
    game.made = game["generator"](x)
    shown = game.shown_again("pool", PASS_HISTORY,
                             torch.cat([x, game.made.detach()], 1))
    d = game["discriminator"]
    fake = game.judge(d(shown), "fake")
    true = torch.cat([x, y], 1)
    real = game.judge(d(true), "real")
    steep, weighted = game.penalty(PASS_PENALTY, d, true, shown)
    return ({"d_real": real, "d_fake": fake, "d_penalty": steep},
            (real + fake) / 2 + weighted)


def generate(game):
    x, y = game.input(0), game.input(1)
    logits = game["discriminator"](torch.cat([x, game.made], 1))
    gan = game.judge(logits, "wanted")
    l1 = F.l1_loss(game.made, y)
    return ({"g_gan": gan, "g_l1": l1},
            game.weight("gan", 1) * gan + game.weight("l1", 100) * l1)
