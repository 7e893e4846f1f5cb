"""The Conv-LSTM-GAN for PyTorch: Xu et al., CMIG 2022 (see gan_cases.py)."""
import torch
import torch.nn.functional as F

import philox
import torch_conv_lstm as nets
from gan_cases import DISCRIMINATOR, GENERATOR, case

FIRST = DISCRIMINATOR
PASS_GENERATOR, PASS_HISTORY = 0, 3
NOISE = 24


def roles(channels=1, given=2, made=2, stride=1, hidden=8):
    cells = {"hidden": hidden, "stem_stride": stride, "stem_width": 6}
    generator = {"channels": channels, "made": made, "noise": NOISE, "head": 6,
                 **cells}
    return [
        ("generator", GENERATOR, "conv_lstm_generator",
         {"given": given, **generator},
         lambda: nets.ConvLstmGenerator(None, **generator)),
        ("discriminator", DISCRIMINATOR, "conv_lstm_discriminator",
         {"frames": made, **cells},
         lambda: nets.ConvLstmDiscriminator(channels, **cells)),
    ]


CASES = [
    case("one-step", roles(), [(2, 1, 4, 12, 16)], given=2),
    case("steps", roles(hidden=6), [(2, 1, 4, 9, 10)], given=2, steps=3),
    case("rec", roles(), [(2, 1, 4, 12, 16)], given=2, steps=2,
         weights={"gan": 0.5, "rec": 10}),
    case("strided", roles(2, 1, 3, 4), [(1, 2, 4, 16, 24)], given=1),
    case("least-squares", roles(1, 3, 1, 2), [(2, 1, 4, 8, 8)], given=3,
         loss="least_squares", smoothing=0.1),
    case("history", roles(), [(2, 1, 4, 8, 8)], given=2, steps=4, history=3),
]


def cut(game):
    given = game.setting("given", 0)
    return game.input(0)[:, :, :given], game.input(0)[:, :, given:]


def discriminate(game):
    x, truth = cut(game)
    generator, d = game["generator"], game["discriminator"]
    # The layer that draws is the generator's first.
    generator.draw = lambda items: torch.from_numpy(philox.latent(
        items, NOISE, "uniform", game.draw(PASS_GENERATOR), 0)).double()
    game.made = generator(x)
    shown = game.shown_again("pool", PASS_HISTORY, game.made.detach())
    fake = game.judge(d(shown), "fake")
    real = game.judge(d(truth), "real")
    return ({"d_real": real, "d_fake": fake, "d_penalty": torch.zeros(())},
            real + fake)


def generate(game):
    gan = game.judge(game["discriminator"](game.made), "wanted")
    rec = F.l1_loss(game.made, cut(game)[1])
    return ({"g_gan": gan, "g_rec": rec},
            game.weight("gan", 1) * gan + game.weight("rec", 0) * rec)
