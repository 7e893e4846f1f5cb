"""The networks of UNIT, written for PyTorch.

Liu, Breuel and Kautz 2017 and what their authors published again with Huang,
Liu, Belongie and Kautz 2018.  The names of the parameters are those of the
model files.  A generator has encoders and decoders of both domains, or only
what one part of one domain needs.
"""
import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, width, mode):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, padding_mode=mode)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, padding_mode=mode)

    def forward(self, x):
        y = F.relu(F.instance_norm(self.conv1(x)))
        return x + F.instance_norm(self.conv2(y))


def row_of_blocks(count, width, mode="zeros"):
    return nn.Sequential(*[Block(width, mode) for _ in range(count)])


def one(layer):
    """A group whose only named layer is the first."""
    return nn.ModuleList([layer])


class Encoder(nn.Module):
    def __init__(self, channels, widths, blocks):
        super().__init__()
        self.stem = nn.Conv2d(channels, widths[0], 7, padding=3)
        self.down = nn.ModuleList(
            [one(nn.Conv2d(a, b, 3, 2, 1)) for a, b in zip(widths, widths[1:])])
        self.blocks = row_of_blocks(blocks, widths[-1])

    def forward(self, x):
        x = F.leaky_relu(self.stem(x))
        for step in self.down:
            x = F.leaky_relu(step[0](x))
        return self.blocks(x)


class Decoder(nn.Module):
    def __init__(self, channels, widths, blocks):
        super().__init__()
        self.blocks = row_of_blocks(blocks, widths[-1])
        self.up = nn.ModuleList(
            [one(nn.ConvTranspose2d(b, a, 3, 2, 1, 1))
             for a, b in reversed(list(zip(widths, widths[1:])))])
        self.head = nn.ConvTranspose2d(widths[0], channels, 1)

    def forward(self, x):
        x = self.blocks(x)
        for step in self.up:
            x = F.leaky_relu(step[0](x))
        return torch.tanh(self.head(x))


class Named(nn.Module):
    """What a group of the file calls its layers."""

    def __init__(self, **parts):
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)


class LayerNorm(nn.Module):
    def __init__(self, channels, eps=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, x):
        x = (x - x.mean((1, 2, 3), True)) / (
            x.std((1, 2, 3), keepdim=True) + self.eps)
        return x * self.weight.view(-1, 1, 1) + self.bias.view(-1, 1, 1)


def mirrored(a, b, kernel, stride=1, padding=0):
    return nn.Conv2d(a, b, kernel, stride, padding, padding_mode="reflect")


class Encoder2018(nn.Module):
    def __init__(self, channels, widths, blocks):
        super().__init__()
        self.stem = Named(conv=mirrored(channels, widths[0], 7, 1, 3))
        self.down = nn.ModuleList([Named(conv=mirrored(a, b, 4, 2, 1))
                                   for a, b in zip(widths, widths[1:])])
        self.blocks = row_of_blocks(blocks, widths[-1], "reflect")

    def forward(self, x):
        for step in [self.stem, *self.down]:
            x = F.relu(F.instance_norm(step.conv(x)))
        return self.blocks(x)


class Decoder2018(nn.Module):
    def __init__(self, channels, widths, blocks):
        super().__init__()
        self.blocks = row_of_blocks(blocks, widths[-1], "reflect")
        self.up = nn.ModuleList(
            [Named(conv=mirrored(b, a, 5, 1, 2), norm=LayerNorm(a))
             for a, b in reversed(list(zip(widths, widths[1:])))])
        self.head = mirrored(widths[0], channels, 7, 1, 3)

    def forward(self, x):
        x = self.blocks(x)
        for step in self.up:
            x = F.interpolate(x, scale_factor=2)
            x = F.relu(step.norm(step.conv(x)))
        return torch.tanh(self.head(x))


class Generator(nn.Module):
    """`shared`: blocks that both domains have in common on each side; None:
    the networks of 2018."""

    def __init__(self, channels=1, widths=(64, 128, 256), blocks=None, shared=1,
                 domains="ab", parts=("encode", "decode")):
        super().__init__()
        old = shared is not None
        blocks = blocks if blocks is not None else 3 if old else 4
        make = {"encode": Encoder if old else Encoder2018,
                "decode": Decoder if old else Decoder2018}
        for part in parts:
            for d in domains:
                self.add_module(f"{part}_{d}",
                                make[part](channels, widths, blocks))
            if shared:
                self.add_module(f"shared_{part}",
                                row_of_blocks(shared, widths[-1]))
        self.parts, self.domains, self.shared = parts, domains, shared

    def encode(self, domain, x):
        x = getattr(self, f"encode_{domain}")(x)
        return self.shared_encode(x) if self.shared else x

    def decode(self, domain, code):
        code = self.shared_decode(code) if self.shared else code
        return getattr(self, f"decode_{domain}")(code)

    def forward(self, x):
        return getattr(self, self.parts[0])(self.domains[0], x)


class Discriminator(nn.Module):
    def __init__(self, channels=1, own=(64, 128), shared=(256, 512, 1024, 2048),
                 domains="ab"):
        super().__init__()
        for d in domains:
            self.add_module(f"domain_{d}", nn.Sequential(
                nn.Conv2d(channels, own[0], 7, 2, 3), nn.LeakyReLU(),
                nn.Conv2d(own[0], own[1], 3, 2, 1), nn.LeakyReLU()))
        self.shared = nn.ModuleList(
            [one(nn.Conv2d(a, b, 3, 2, 1))
             for a, b in zip([own[1], *shared], shared)])
        self.head = nn.Conv2d(shared[-1], 1, 1)
        self.domains = domains

    def judge(self, domain, x):
        """What the discriminators of a domain say, one scale after another."""
        x = getattr(self, f"domain_{domain}")(x)
        for step in self.shared:
            x = F.leaky_relu(step[0](x))
        return [self.head(x)]

    def forward(self, x):
        return self.judge(self.domains[0], x)[0]


class Judge2018(nn.Module):
    def __init__(self, channels, widths):
        super().__init__()
        self.down = nn.ModuleList([Named(conv=mirrored(a, b, 4, 2, 1))
                                   for a, b in zip([channels, *widths], widths)])
        self.head = nn.Conv2d(widths[-1], 1, 1)

    def forward(self, x):
        for step in self.down:
            x = F.leaky_relu(step.conv(x), 0.2)
        return self.head(x)


class Discriminator2018(nn.Module):
    def __init__(self, channels=1, widths=(64, 128, 256, 512), scales=(0, 1, 2),
                 domains="ab"):
        super().__init__()
        for d in domains:
            for s in scales:
                self.add_module(f"domain_{d}_{s}", Judge2018(channels, widths))
        self.domains, self.scales = domains, scales

    def judge(self, domain, x):
        said = []
        for s in range(max(self.scales) + 1):
            if s in self.scales:
                said.append(getattr(self, f"domain_{domain}_{s}")(x))
            x = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
        return said

    def forward(self, x):
        return self.judge(self.domains[0], x)[0]
