"""The generators and discriminators of workflows/models/, written for PyTorch.

As torch_networks.py: plainly, with the names of the model files.
"""
import torch
from torch import nn

WIDTHS = (64, 128, 256, 512, 512, 512, 512, 512)


def norm_of(kind, channels):
    return {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d,
            "none": lambda channels: nn.Identity()}[kind](channels)


class Step(nn.Module):
    """A convolution, perhaps transposed, and what stands behind it."""

    def __init__(self, kind, norm, into, out, kernel, *more, act=None, **conv):
        super().__init__()
        conv.setdefault("bias", norm != "batch")
        self.conv = kind(into, out, kernel, *more, **conv)
        self.norm = norm_of(norm, out)
        self.act = act or nn.Identity()

    def forward(self, x):
        return self.act(self.norm(self.conv(x)))


class Unet(nn.Module):
    """Isola et al. 2017."""

    def __init__(self, channels, out=1, depth=8, widths=None, norm="batch",
                 dropout=0.5):
        super().__init__()
        w = (widths or WIDTHS)[:depth]
        biased = norm != "batch"
        self.first = nn.Conv2d(channels, w[0], 4, 2, 1, bias=biased)
        self.down = nn.ModuleList(
            Step(nn.Conv2d, norm, w[i], w[i + 1], 4, 2, 1)
            for i in range(depth - 2))
        self.bottom = nn.Conv2d(w[-2], w[-1], 4, 2, 1, bias=biased)
        self.up = nn.ModuleList()
        into = w[-1]
        for i in reversed(range(depth - 1)):
            # Where the level below has 8 times the first one's channels, but
            # not on the lowest.
            drop = nn.Dropout(dropout if 3 <= i < depth - 2 else 0)
            self.up.append(Step(nn.ConvTranspose2d, norm, into, w[i], 4, 2, 1,
                                act=drop))
            into = 2 * w[i]
        self.last = nn.ConvTranspose2d(into, out, 4, 2, 1)

    def forward(self, x):
        leaky = nn.LeakyReLU(0.2)
        kept = [self.first(x)]
        for step in self.down:
            kept.append(step(leaky(kept[-1])))
        y = self.bottom(leaky(kept[-1]))
        for step in self.up:
            y = torch.cat([kept.pop(), step(y.relu())], 1)
        return self.last(y.relu()).tanh()


class PatchGan(nn.Sequential):
    """Isola et al. 2017; 70x70 for a depth of 3."""

    def __init__(self, channels, depth=3, widths=None, norm="batch"):
        w = (widths or WIDTHS[:4] + WIDTHS[3:4])[:depth + 1]
        super().__init__()
        self.first = nn.Conv2d(channels, w[0], 4, 2, 1)
        self.act = nn.LeakyReLU(0.2)
        self.blocks = nn.Sequential(*[
            Step(nn.Conv2d, norm, w[i], w[i + 1], 4, 2 if i < depth - 1 else 1,
                 1, act=nn.LeakyReLU(0.2)) for i in range(depth)])
        self.last = nn.Conv2d(w[-1], 1, 4, 1, 1)


class ResidualStep(nn.Module):
    def __init__(self, norm, width):
        super().__init__()
        biased = norm != "batch"
        self.pad = nn.ReflectionPad2d(1)
        self.conv1 = nn.Conv2d(width, width, 3, bias=biased)
        self.norm1 = norm_of(norm, width)
        self.conv2 = nn.Conv2d(width, width, 3, bias=biased)
        self.norm2 = norm_of(norm, width)

    def forward(self, x):
        y = self.norm1(self.conv1(self.pad(x))).relu()
        return x + self.norm2(self.conv2(self.pad(y)))


class ResnetGenerator(nn.Sequential):
    """Zhu et al. 2017."""

    def __init__(self, channels, out=1, widths=(64, 128, 256), blocks=9,
                 norm="instance"):
        a, b, c = widths
        relu = nn.ReLU()
        super().__init__()
        self.pad1 = nn.ReflectionPad2d(3)
        self.first = nn.Conv2d(channels, a, 7, bias=norm != "batch")
        self.norm = norm_of(norm, a)
        self.relu = relu
        self.down = nn.Sequential(*[
            Step(nn.Conv2d, norm, *io, 3, 2, 1, act=relu)
            for io in ((a, b), (b, c))])
        self.blocks = nn.Sequential(*[ResidualStep(norm, c)
                                      for _ in range(blocks)])
        self.up = nn.Sequential(*[
            Step(nn.ConvTranspose2d, norm, *io, 3, 2, 1, 1, act=relu)
            for io in ((c, b), (b, a))])
        self.pad2 = nn.ReflectionPad2d(3)
        self.last = nn.Conv2d(a, out, 7)
        self.tanh = nn.Tanh()


class DcganGenerator(nn.Sequential):
    """Radford, Metz and Chintala 2016."""

    def __init__(self, latent=100, out=1, first=1024,
                 widths=(512, 256, 128, 64, 32), norm="batch"):
        w = (first, *widths)
        super().__init__()
        self.first = nn.ConvTranspose2d(latent, first, 4, bias=norm != "batch")
        self.norm = norm_of(norm, first)
        self.relu = nn.ReLU()
        self.up = nn.Sequential(*[
            Step(nn.ConvTranspose2d, norm, w[i], w[i + 1], 4, 2, 1,
                 act=nn.ReLU()) for i in range(len(widths))])
        self.last = nn.ConvTranspose2d(w[-1], out, 4, 2, 1, bias=False)
        self.tanh = nn.Tanh()


class DcganDiscriminator(nn.Sequential):
    def __init__(self, channels, first=32, widths=(64, 128, 256, 512, 1024),
                 norm="batch"):
        w = (first, *widths)
        super().__init__()
        self.first = nn.Conv2d(channels, first, 4, 2, 1, bias=False)
        self.act = nn.LeakyReLU(0.2)
        self.down = nn.Sequential(*[
            Step(nn.Conv2d, norm, w[i], w[i + 1], 4, 2, 1,
                 act=nn.LeakyReLU(0.2)) for i in range(len(widths))])
        self.last = nn.Conv2d(w[-1], 1, 4, bias=False)
