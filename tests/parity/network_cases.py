"""What is compared between osteon and PyTorch: networks, sizes, numbers.

Every number is computed from a name and a place, here and in
support/network_case.h alike, so that weights need not be stored.  Number i of
the stream called NAME is, with arithmetic modulo 2^64,

    x = fnv1a(NAME) + (i + 1) * 0x9E3779B97F4A7C15
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9
    x = (x ^ x >> 27) * 0x94D049BB133111EB
    x = x ^ x >> 31
    u = (x >> 40) / 2^23 - 1,  from -1 up to 1,

where fnv1a is the 64-bit hash of that name over the bytes of NAME.  From it, in
double precision, rounded to single:

    the input                              u of the case's own stream
    the gradient given to the output       u of "loss"
    weights with two sides or more         u * sqrt(6 / numbers per row)
    scales of batch norms                  1 + u / 8
    shifts of batch norms                  2 + u / 4, times -1 at odd places
    biases                                 u / 4
    running means and variances            0 and 1 (training does not read them)

each stream called by the weight's name.  A row is what belongs to one place of
the first side.  Dropout leaves out nothing.

The gradient of a ReLU jumps where its input is 0; nearby, rounding decides
which side of the jump a computation is on, and whole terms of sums are there or
not.  So the shift of a batch norm is about twice its scale, up for even
channels and down for odd ones, in all layers alike: few numbers come near 0,
and none are torn apart by residual links.
"""
import json

import numpy as np
import torch

import torch_gans as gans
import philox
import torch_conv_lstm as series
import torch_networks as nets
import torch_unit as unit

OUTPUT = "output"
SAMPLES = 12


def case(file, shape, build, suffix=None, stream="input", **params):
    """One network: the file under workflows/models/, the shape and the stream
    of the input, the function that builds it for PyTorch and the params."""
    return {"name": file + (f"-{suffix}" if suffix else ""), "file": file,
            "shape": shape, "stream": stream, "build": build,
            "params": params}


def ra(suffix, depth, attention, residual, **more):
    return case("ra_conv", (3, 1, 96, 48),
                lambda: nets.ra_conv(1, 3, depth, attention, residual),
                suffix, depth=depth, attention=attention, residual=residual,
                classes=3, **more)


def drawn(items):
    """What the generator of series draws: it is layer 0, in pass 0."""
    return torch.from_numpy(philox.latent(items, 256, "uniform", 0, 0)).double()


def series_generator(suffix, shape, **params):
    more = {k: v for k, v in params.items() if k != "given"}
    return case("conv_lstm_generator", shape,
                lambda: series.ConvLstmGenerator(drawn, **more), suffix,
                **params)


def unit_part(part, shape, domain, shared=2, **more):
    """One part of a generator of UNIT; `shared` None: that of 2018."""
    widths = [8, 16, 24]
    file = "unit_generator" if shared else "unit2018_generator"
    channels = more.get("channels", shape[1] if part == "encode" else 1)
    params = {"shared": shared, **more} if shared else more
    return case(file, shape,
                lambda: unit.Generator(channels, widths, 2, shared, domain,
                                       (part,)), part, domain=domain,
                part=part, widths=widths, blocks=2, **params)


CASES = [
    case("small_cnn", (3, 2, 50, 35), lambda: nets.SmallCnn(2, 4), classes=4,
         dropout=0),
    case("alexnet", (4, 1, 63, 63),
         lambda: nets.alexnet(1, 3, side=63, dropout=0), classes=3, dropout=0),
    case("alexnet_bn", (4, 1, 63, 63),
         lambda: nets.alexnet(1, 2, norm=True, side=63, dropout=0),
         classes=2, dropout=0),
    case("vgg11", (2, 1, 32, 64),
         lambda: nets.vgg11(1, 3, hidden=256, dropout=0), classes=3,
         hidden=256, dropout=0),
    case("googlenet", (2, 1, 48, 48),
         lambda: nets.GoogLeNet(1, 2, dropout=0), classes=2, dropout=0),
    case("googlenet", (4, 3, 48, 48),
         lambda: nets.googlenet_port(3, 5, dropout=0), "port", classes=5,
         dropout=0, norm="batch", k5=3, pool4=2),
    case("resnet18", (4, 3, 48, 48), lambda: nets.resnet(18, 3, 2), classes=2),
    case("resnet34", (4, 1, 48, 48), lambda: nets.resnet(34, 1, 2), classes=2),
    case("resnet34_scan", (4, 1, 48, 48), lambda: nets.resnet_scan(1, 2),
         classes=2),
    ra("in", 26, "in", True, stream="input 11"),
    ra("out", 18, "out", True, stream="input 10"),
    ra("none", 18, "none", True),
    ra("in-chain", 18, "in", False, stream="input 8"),
    ra("out-chain", 18, "out", False, stream="input 8"),
    ra("none-chain", 18, "none", False),
    case("drn", (2, 1, 40, 32), lambda: nets.drn(1, 1), classes=1),
    case("drn", (2, 3, 40, 32), lambda: nets.drn(3, 4, "c_26"), "c_26",
         classes=4, variant="c_26"),
    case("cnn3d", (2, 1, 4, 32, 32),
         lambda: nets.cnn3d(1, 2, 4, 32, 64, dropout=0), classes=2, hidden=64,
         dropout=0),
    case("cnn3d", (2, 2, 2, 16, 16),
         lambda: nets.cnn3d(2, 3, 2, 16, 64, dropout=0), "two", classes=3,
         hidden=64, dropout=0, pool2=[1, 2, 2]),
    case("filter_bank", (2, 1, 32, 64), lambda: nets.FilterBank(1, 2),
         classes=2),
    case("unet", (2, 1, 16, 32), lambda: nets.UNet(1, 2), classes=2),
    case("unet", (3, 1, 32, 32), lambda: nets.UNet(1, 1, norm=True), "batch",
         classes=1, norm="batch"),
    case("unet_residual", (2, 1, 32, 48), lambda: nets.ResidualUNet(1, 1),
         classes=1),
    case("site_report", (2, 2, 512, 512), lambda: nets.SiteReport(2, 6),
         classes=6),
    case("unet256", (2, 1, 64, 64),
         lambda: gans.Unet(1, 1, 6, (16, 24, 32, 40, 48, 56), dropout=0),
         depth=6, widths=[16, 24, 32, 40, 48, 56], dropout=0),
    case("unet256", (2, 3, 32, 64),
         lambda: gans.Unet(3, 2, 4, (16, 24, 32, 40), "instance"), "instance",
         depth=4, widths=[16, 24, 32, 40], norm="instance", channels=2),
    case("patch_gan", (2, 2, 64, 48), lambda: gans.PatchGan(2)),
    case("patch_gan", (2, 3, 64, 64),
         lambda: gans.PatchGan(3, 2, (16, 24, 32), "instance"), "instance",
         depth=2, widths=[16, 24, 32], norm="instance"),
    case("resnet_generator", (2, 1, 32, 40),
         lambda: gans.ResnetGenerator(1, 1, (8, 16, 24), 3),
         widths=[8, 16, 24], blocks=3),
    case("resnet_generator", (2, 3, 24, 32),
         lambda: gans.ResnetGenerator(3, 2, (8, 16, 24), 2, "batch"), "batch",
         widths=[8, 16, 24], blocks=2, norm="batch", channels=2),
    case("dcgan_generator", (4, 100, 1, 1),
         lambda: gans.DcganGenerator(100, 4, 64, (48, 32, 16)), first=64,
         widths=[48, 32, 16], channels=4),
    case("dcgan_discriminator", (4, 1, 64, 64),
         lambda: gans.DcganDiscriminator(1, 16, (32, 48, 64)), first=16,
         widths=[32, 48, 64]),
    series_generator(None, (2, 1, 2, 16, 12)),
    series_generator("strided", (2, 2, 3, 16, 24), given=3, made=1, channels=2,
                     stem_stride=4, hidden=12, head=8),
    case("conv_lstm_discriminator", (3, 1, 2, 12, 16),
         series.ConvLstmDiscriminator),
    case("conv_lstm_discriminator", (2, 2, 3, 16, 24),
         lambda: series.ConvLstmDiscriminator(2, 12, 5, 4), "strided", frames=3,
         stem_stride=4, hidden=12, kernel=5),
    unit_part("encode", (2, 1, 24, 32), "a"),
    unit_part("decode", (2, 24, 5, 6), "b", noise=0),
    unit_part("encode", (2, 3, 24, 16), "b", shared=None),
    unit_part("decode", (2, 24, 5, 6), "a", shared=None, channels=3, noise=0),
    case("unit_discriminator", (2, 1, 48, 64),
         lambda: unit.Discriminator(1, (8, 16), (24, 32), "b"), domain="b",
         own=[8, 16], shared=[24, 32]),
    case("unit2018_discriminator", (2, 3, 40, 48),
         lambda: unit.Discriminator2018(3, (8, 12, 16), (1,), "a"), domain="a",
         scale=1, scales=2, widths=[8, 12, 16]),
]


def at_real_size():
    """For each count of parameters: file, params, and the function from the
    channels of the input to the network; behind these the only number of
    channels that goes with the params, if not any does."""
    yield "small_cnn", {}, lambda c: nets.SmallCnn(c, 2)
    yield "alexnet", {}, lambda c: nets.alexnet(c, 2)
    yield "alexnet_bn", {}, lambda c: nets.alexnet(c, 2, norm=True)
    yield "vgg11", {}, lambda c: nets.vgg11(c, 2)
    yield "googlenet", {}, lambda c: nets.GoogLeNet(c, 2)
    yield "googlenet", {"classes": 3}, lambda c: nets.GoogLeNet(c, 3)
    yield ("googlenet", {"norm": "batch", "k5": 3, "pool4": 2},
           lambda c: nets.googlenet_port(c, 2))
    yield "resnet18", {}, lambda c: nets.resnet(18, c, 2)
    yield "resnet34", {}, lambda c: nets.resnet(34, c, 2)
    yield "resnet34_scan", {}, lambda c: nets.resnet_scan(c, 2)
    for depth in 18, 26, 34:
        for attention in "in", "out", "none":
            for residual in True, False:
                params = {"depth": depth, "attention": attention,
                          "residual": residual}
                yield "ra_conv", params, lambda c, p=params: nets.ra_conv(
                    c, 3, **p)
    yield "drn", {}, lambda c: nets.drn(c, 1)
    yield "drn", {"classes": 1000}, lambda c: nets.drn(c, 1000)
    yield ("drn", {"classes": 1000, "variant": "c_26"},
           lambda c: nets.drn(c, 1000, "c_26"))
    yield "cnn3d", {}, lambda c: nets.cnn3d(c, 2)
    yield "filter_bank", {}, lambda c: nets.FilterBank(c, 2)
    yield "unet", {}, lambda c: nets.UNet(c, 1)
    yield "unet", {"norm": "batch"}, lambda c: nets.UNet(c, 1, norm=True)
    yield "unet_residual", {}, lambda c: nets.ResidualUNet(c, 1)
    yield "site_report", {}, lambda c: nets.SiteReport(c, 6)
    yield from gans_at_real_size()


def gans_at_real_size():
    yield "unet256", {}, gans.Unet
    yield "unet256", {"channels": 3}, lambda c: gans.Unet(c, 3)
    for depth in range(3, 9):
        for norm in "batch", "instance", "none":
            yield ("unet256", {"depth": depth, "norm": norm},
                   lambda c, d=depth, n=norm: gans.Unet(c, 1, d, norm=n))
    for depth in range(1, 5):
        for norm in "batch", "instance", "none":
            yield ("patch_gan", {"depth": depth, "norm": norm},
                   lambda c, d=depth, n=norm: gans.PatchGan(c, d, norm=n))
    for norm in "instance", "batch", "none":
        yield ("resnet_generator", {"norm": norm, "channels": 3},
               lambda c, n=norm: gans.ResnetGenerator(c, 3, norm=n))
    yield "resnet_generator", {"blocks": 6}, \
        lambda c: gans.ResnetGenerator(c, blocks=6)
    yield "dcgan_generator", {"channels": 4}, \
        lambda c: gans.DcganGenerator(c, 4)
    yield "dcgan_discriminator", {}, gans.DcganDiscriminator
    for stride in 1, 4:
        for c in 1, 3:
            params = {"stem_stride": stride, "channels": c}
            yield ("conv_lstm_generator", params, lambda _, p=params:
                   series.ConvLstmGenerator(drawn, **p), c)
        yield ("conv_lstm_discriminator", {"stem_stride": stride},
               lambda c, s=stride:
               series.ConvLstmDiscriminator(c, stem_stride=s))
    for file, shared in ("unit_generator", 1), ("unit2018_generator", None):
        yield file, {}, lambda c, s=shared: unit.Generator(
            c, shared=s, domains="a", parts=("encode",))
        for c in 1, 3:
            yield (file, {"part": "decode", "channels": c},
                   lambda _, c=c, s=shared: unit.Generator(
                       c, shared=s, domains="a", parts=("decode",)), 256)
    yield "unit_discriminator", {}, lambda c: unit.Discriminator(c, domains="a")
    yield "unit2018_discriminator", {"scale": 2}, lambda c: \
        unit.Discriminator2018(c, scales=(2,), domains="a")


def number_hash(name, places):
    """x of some places of a stream."""
    seed = 14695981039346656037
    for byte in name.encode():
        seed = (seed ^ byte) * 1099511628211 % 2**64
    with np.errstate(over="ignore"):
        x = (np.asarray(places, np.uint64) + np.uint64(1)) * \
            np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
        x = (x ^ x >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ x >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return x ^ x >> np.uint64(31)


def stream(name, count):
    x = number_hash(name, np.arange(count))
    return (x >> np.uint64(40)).astype(np.float64) / 2**23 - 1


def rounded(values, shape):
    return torch.from_numpy(values.astype(np.float32).astype(np.float64)
                            ).reshape(tuple(shape))


def weight(name, shape, of_norm):
    u = stream(name, int(np.prod(shape)))
    if len(shape) > 1:
        return rounded(u * np.sqrt(6 / np.prod(shape[1:])), shape)
    if not of_norm:
        return rounded(u / 4, shape)
    if name.endswith(".weight"):
        return rounded(1 + u / 8, shape)
    return rounded((2 + u / 4) * (1 - 2 * (np.arange(len(u)) % 2)), shape)


def run(c):
    """The output and the gradients of all weights, by name."""
    net = c["build"]().double().train()
    weights = dict(net.named_parameters())
    with torch.no_grad():
        for name, p in weights.items():
            of_norm = weights[name.rsplit(".", 1)[0] + ".weight"].dim() == 1
            p.copy_(weight(name, p.shape, of_norm))
    y = net(rounded(stream(c["stream"], int(np.prod(c["shape"]))), c["shape"]))
    y.backward(rounded(stream("loss", y.numel()), y.shape))
    made = {OUTPUT: y.detach()}
    made.update((name, p.grad) for name, p in weights.items())
    return made


def params_text(params):
    return json.dumps(params, separators=(",", ":"))


def greatest(made, name):
    return made[name].abs().max().item()


def is_zero(made, name):
    """A bias in front of a batch norm moves nothing: its gradient is 0 but for
    rounding."""
    if not name.endswith(".bias"):
        return False
    beside = greatest(made, name[:-4] + "weight")
    return greatest(made, name) < 1e-9 * beside


def scale_of(made, name):
    """What differences are divided by: the greatest magnitude of the tensor.
    One that is 0, or a single number, which may be all that is left of a sum of
    great ones, is measured by all that its layer has."""
    layer = name.rsplit(".", 1)[0]
    if name == OUTPUT or (made[name].numel() > 1 and not is_zero(made, name)):
        return greatest(made, name)
    return max(greatest(made, other) for other in made
               if other.rsplit(".", 1)[0] == layer)


def sampled(name, tensor, scale):
    """Some numbers and two sums of a tensor, in millionths of the scale, as
    make_network_references.py describes."""
    v = tensor.flatten().numpy()
    count = len(v)
    if count > SAMPLES:
        places = number_hash(name, np.arange(SAMPLES)) % np.uint64(count)
        numbers = list(v[places.astype(np.int64)])
    else:
        numbers = list(v)
    for sign in "+-":
        odd = number_hash(name + sign, np.arange(count)) & np.uint64(1)
        numbers.append(np.where(odd, -v, v).sum() / np.sqrt(count))
    return [round(x / scale * 1e6) for x in numbers]
