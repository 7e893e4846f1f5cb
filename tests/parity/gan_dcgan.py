"""DCGAN for PyTorch: Radford et al., ICLR 2016 (see gan_cases.py)."""
import torch_gans as nets
from gan_cases import DISCRIMINATOR, GENERATOR, case

FIRST = DISCRIMINATOR
PASS_NUMBERS, PASS_HISTORY, PASS_PENALTY = 0, 5, 6
LATENT = 100


def roles(channels=1, norm="batch"):
    return [
        ("generator", GENERATOR, "dcgan_generator",
         {"first": 24, "widths": [16, 12], "channels": channels, "norm": norm},
         lambda: nets.DcganGenerator(LATENT, channels, 24, (16, 12), norm)),
        ("discriminator", DISCRIMINATOR, "dcgan_discriminator",
         {"first": 12, "widths": [16, 24], "norm": norm},
         lambda: nets.DcganDiscriminator(channels, 12, (16, 24), norm)),
    ]


CASES = [
    case("one-step", roles(), [(3, 1, 32, 32)]),
    case("steps", roles(), [(4, 1, 32, 32)], steps=3, smoothing=0.1),
    case("frames", roles(4), [(3, 1, 4, 32, 32)]),
    case("no-norm", roles(2, "none"), [(3, 2, 32, 32)], loss="least_squares",
         weights={"gan": 3}),
    case("gradient-penalty", roles(1, "none"), [(3, 1, 32, 32)],
         loss="wasserstein", penalty="gradient", steps=2, rate=0.001),
    case("r1", roles(2, "none"), [(2, 2, 32, 32)], penalty="r1",
         penalty_weight=5),
    case("history", roles(), [(3, 1, 32, 32)], steps=4, history=4),
]


def discriminate(game):
    x = game.input(0)
    x = x.reshape(len(x), -1, *x.shape[-2:])
    game.made = game["generator"](
        game.normal(PASS_NUMBERS, (len(x), LATENT, 1, 1)))
    shown = game.shown_again("pool", PASS_HISTORY, game.made.detach())
    fake = game.judge(game["discriminator"](shown), "fake")
    real = game.judge(game["discriminator"](x), "real")
    steep, weighted = game.penalty(PASS_PENALTY, game["discriminator"], x, shown)
    return ({"d_real": real, "d_fake": fake, "d_penalty": steep},
            real + fake + weighted)


def generate(game):
    gan = game.judge(game["discriminator"](game.made), "wanted")
    return {"g_gan": gan}, game.weight("gan", 1) * gan
