"""UNIT for PyTorch: Liu, Breuel and Kautz, NIPS 2017 (see gan_cases.py), and
what its authors published again in 2018."""
import torch
import torch.nn.functional as F

import philox
import torch_unit as nets
from gan_cases import DISCRIMINATOR, GENERATOR, case

FIRST = DISCRIMINATOR
PASS_NOISE, PASS_CYCLE, PASS_PENALTY = 0, 2, 5
SCALES = 4
WAYS = ("a", "b"), ("b", "a")

SMALL = {"widths": [6, 10, 12], "blocks": 1}


def generators(file, more, shared):
    for part in "encode", "decode":
        for d in "ab":
            params = {"domain": d, "part": part, **SMALL, **more}
            yield (f"{part}_{d}", GENERATOR, file, params,
                   lambda d=d, part=part: nets.Generator(
                       more.get("channels", 1), shared=shared, domains=d,
                       parts=(part,), **SMALL))


def roles(**more):
    own, shared = [6, 8], [10, 12]
    channels = more.get("channels", 1)
    return [*generators("unit_generator", more, more.get("shared", 1))] + [
        (f"discriminator_{d}", DISCRIMINATOR, "unit_discriminator",
         {"domain": d, "own": own, "shared": shared},
         lambda d=d: nets.Discriminator(channels, own, shared, d))
        for d in "ab"]


def roles_2018(scales=2):
    widths = [6, 8, 10]
    return [*generators("unit2018_generator", {}, None)] + [
        (f"discriminator_{d}", DISCRIMINATOR, "unit2018_discriminator",
         {"domain": d, "scale": s, "scales": scales, "widths": widths},
         lambda d=d, s=s: nets.Discriminator2018(1, widths, (s,), d))
        for d in "ab" for s in range(scales)]


def domains(n, channels=1, side=32):
    return [(n, channels, side, side)] * 2


AS_2018 = {"gan": 1, "reconstruction": 10, "kl": 0.01, "cycle": 10,
           "cycle_kl": 0.01}
# Steps of the usual weights would leave the range of the last tanh.
SLOW = {"gan": 0.02, "reconstruction": 0.5, "kl": 0.1, "cycle": 0.25,
        "cycle_kl": 0.05}

CASES = [
    case("2017", roles(), domains(1)),
    case("2017-steps", roles(), domains(2, 1, 16), "batch 2", steps=2, smoothing=0.1,
         weights=SLOW),
    case("2017-color", roles(channels=3, shared=2, noise=0.5),
         domains(2, 3, 24)),
    case("2018-r1", roles_2018(), domains(2), loss="least_squares",
         weights=AS_2018, penalty="r1", penalty_weight=2),
    case("2017-penalty", roles(), domains(2), loss="wasserstein",
         penalty="gradient"),
    case("2018", roles_2018(), domains(1), loss="least_squares",
         weights=AS_2018),
    case("2018-steps", roles_2018(3), domains(2), steps=2,
         loss="least_squares", weights=SLOW),
]


def noisy(game, code, number):
    """A code with what the decoder, whose first layer is the noise, adds."""
    sigma = next(params for role, _, _, params, _ in game.case["roles"]
                 if role == "decode_a").get("noise", 1)
    noise = philox.gaussian_noise(tuple(code.shape), game.draw(number), 0)
    return code + sigma * torch.tensor(noise)


def decode(game, domain, code):
    return game["decode_" + domain].decode(domain, code)


def encode(game, domain, image):
    return game["encode_" + domain].encode(domain, image)


def inputs(game):
    return {d: game.input(i) for i, d in enumerate("ab")}


def judged(game, domain, images, verdict):
    return sum(game.judge(net(images), verdict)
               for net in game.nets["discriminator_" + domain])


def discriminate(game):
    x, losses, shown = inputs(game), {}, {}
    for i, (d, other) in enumerate(WAYS):
        code = encode(game, d, x[d])
        made = decode(game, other, noisy(game, code, PASS_NOISE + i)).detach()
        losses["d_fake_" + other] = judged(game, other, made, "fake")
        losses["d_real_" + d] = judged(game, d, x[d], "real")
        shown[other] = made
    total = game.weight("gan", 10) * sum(losses.values())
    for i, d in enumerate("ab"):
        fines = [game.penalty(PASS_PENALTY + i * SCALES + k, net, x[d], shown[d])
                 for k, net in enumerate(game.nets["discriminator_" + d])]
        losses["d_penalty_" + d] = sum(mean for mean, _ in fines)
        total = total + sum(weighted for _, weighted in fines)
    return losses, total


def generate(game):
    x, losses = inputs(game), {}
    for i, (d, other) in enumerate(WAYS):
        code = encode(game, d, x[d])
        latent = noisy(game, code, PASS_NOISE + i)
        made = decode(game, other, latent)
        back = encode(game, other, made)
        again = decode(game, d, noisy(game, back, PASS_CYCLE + i))
        losses.update({
            "g_gan_" + other: judged(game, other, made, "wanted"),
            "g_reconstruction_" + d: F.l1_loss(decode(game, d, latent), x[d]),
            "g_kl_" + d: (code ** 2).mean(),
            "g_cycle_" + d: F.l1_loss(again, x[d]),
            "g_cycle_kl_" + d: (back ** 2).mean()})
    usual = {"gan": 10, "reconstruction": 100, "kl": 0.1, "cycle": 100,
             "cycle_kl": 0.1}
    total = sum(game.weight(name[2:-2], usual[name[2:-2]]) * loss
                for name, loss in losses.items())
    return losses, total
