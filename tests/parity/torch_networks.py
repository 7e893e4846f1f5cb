"""The networks of workflows/models/, written for PyTorch.

torchvision's own classes where the architecture is theirs, else written
plainly.  The names of the parameters are those of the model files, so that two
state dictionaries can be compared name by name.  Imported by
make_network_references.py and compare_networks.py, after environment.py has
seen to PyTorch.
"""
from collections import OrderedDict

import torch
import torch.nn.functional as F
import torchvision
from torch import nn


def named(names, parts):
    return nn.Sequential(OrderedDict(zip(names, parts)))


def alexnet(channels, classes, norm=False, widths=(96, 256, 384, 384, 256),
            hidden=4096, dropout=0.6, side=224):
    """Krizhevsky, Sutskever and Hinton 2012, without their local response
    normalization and groups; `norm`: batch norm after the first two
    convolutions."""
    layers = []
    for i, (kernel, stride, padding) in enumerate(
            [(11, 4, 2), (5, 1, 2), (3, 1, 1), (3, 1, 1), (3, 1, 1)]):
        layers.append(nn.Conv2d(channels, widths[i], kernel, stride, padding))
        channels = widths[i]
        if norm and i < 2:
            layers.append(nn.BatchNorm2d(channels))
        layers.append(nn.ReLU())
        if i in (0, 1, 4):
            layers.append(nn.MaxPool2d(3, 2))
            side = ((side + 2 * padding - kernel) // stride + 1 - 3) // 2 + 1
    rows = channels * side * side
    dense = [nn.Linear(rows, hidden), nn.ReLU(), nn.Dropout(dropout),
             nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(dropout)]
    # torchvision has a dropout in front, so its dense layers are 1, 4 and 6.
    names = "0123456" if norm else ["1", "2", "3", "4", "5", "drop", "6"]
    dense.append(nn.Linear(hidden, classes))
    return nn.Sequential(OrderedDict(features=nn.Sequential(*layers),
                                     flatten=nn.Flatten(),
                                     classifier=named(names, dense)))


class SmallCnn(nn.Module):
    def __init__(self, channels, classes, widths=(8, 16, 32, 32)):
        super().__init__()
        self.features = nn.Sequential(*[
            named(["conv", "norm", "relu", "pool"], [
                nn.Conv2d(c, w, 3, padding=1, bias=False), nn.BatchNorm2d(w),
                nn.ReLU(), nn.MaxPool2d(2)])
            for c, w in zip([channels, *widths], widths)])
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, x):
        return self.head(self.features(x).amax((2, 3)))


def vgg11(channels, classes, hidden=4096, dropout=0.5):
    net = torchvision.models.vgg11(num_classes=classes, dropout=dropout)
    net.features[0] = nn.Conv2d(channels, 64, 3, padding=1)
    net.classifier[0] = nn.Linear(512 * 49, hidden)
    net.classifier[3] = nn.Linear(hidden, hidden)
    net.classifier[6] = nn.Linear(hidden, classes)
    return net


class Inception(nn.Module):
    def __init__(self, channels, c1, c3r, c3, c5r, c5, pool, unit, k5):
        super().__init__()
        self.branch1 = unit(channels, c1, 1)
        self.branch2 = nn.Sequential(unit(channels, c3r, 1),
                                     unit(c3r, c3, 3, padding=1))
        self.branch3 = nn.Sequential(unit(channels, c5r, 1),
                                     unit(c5r, c5, k5, padding=k5 // 2))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1),
                                     unit(channels, pool, 1))

    def forward(self, x):
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x),
                          self.branch4(x)], 1)


class ConvUnit(nn.Module):
    def __init__(self, channels, out, kernel, **where):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, **where)

    def forward(self, x):
        return F.relu(self.conv(x))


class GoogLeNet(nn.Module):
    """Szegedy et al. 2015, table 1, without auxiliary heads and local response
    normalization."""

    def __init__(self, channels, classes, dropout=0.4):
        super().__init__()
        self.conv1 = ConvUnit(channels, 64, 7, stride=2, padding=3)
        self.conv2 = ConvUnit(64, 64, 1)
        self.conv3 = ConvUnit(64, 192, 3, padding=1)
        rows = [("3a", 192, 64, 96, 128, 16, 32, 32),
                ("3b", 256, 128, 128, 192, 32, 96, 64),
                ("4a", 480, 192, 96, 208, 16, 48, 64),
                ("4b", 512, 160, 112, 224, 24, 64, 64),
                ("4c", 512, 128, 128, 256, 24, 64, 64),
                ("4d", 512, 112, 144, 288, 32, 64, 64),
                ("4e", 528, 256, 160, 320, 32, 128, 128),
                ("5a", 832, 256, 160, 320, 32, 128, 128),
                ("5b", 832, 384, 192, 384, 48, 128, 128)]
        for name, *widths in rows:
            self.add_module("inception" + name,
                            Inception(*widths, ConvUnit, 5))
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(1024, classes)

    def forward(self, x):
        def pool(x):
            return F.max_pool2d(x, 3, 2, ceil_mode=True)
        x = pool(self.conv1(x))
        x = pool(self.conv3(self.conv2(x)))
        x = pool(self.inception3b(self.inception3a(x)))
        x = self.inception4c(self.inception4b(self.inception4a(x)))
        x = pool(self.inception4e(self.inception4d(x)))
        x = self.inception5b(self.inception5a(x))
        return self.fc(self.dropout(x.mean((2, 3))))


def googlenet_port(channels, classes, dropout=0.4):
    """torchvision's: batch norm, 3x3 kernels in the third branch."""
    net = torchvision.models.googlenet(
        num_classes=classes, aux_logits=False, transform_input=False,
        init_weights=False, dropout=dropout)
    net.conv1.conv = nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
    return net


def resnet(depth, channels, classes):
    net = getattr(torchvision.models, f"resnet{depth}")(num_classes=classes)
    net.conv1 = nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
    return net


def resnet_scan(channels, classes):
    """A ResNet-34 with a first convolution of 8x8 and 16 channels."""
    net = torchvision.models.resnet34(num_classes=classes)
    net.conv1 = nn.Conv2d(channels, 16, 8, 2, 3, bias=False)
    net.bn1 = nn.BatchNorm2d(16)
    first = net.layer1[0]
    first.conv1 = nn.Conv2d(16, 64, 3, 1, 1, bias=False)
    first.downsample = nn.Sequential(nn.Conv2d(16, 64, 1, bias=False),
                                     nn.BatchNorm2d(64))
    return net


class Cbam(nn.Module):
    """Woo et al. 2018."""

    def __init__(self, channels):
        super().__init__()
        self.ChannelGate = named(["mlp"], [named("123", [
            nn.Linear(channels, channels // 16), nn.ReLU(),
            nn.Linear(channels // 16, channels)])])
        self.SpatialGate = named(["spatial"], [named(["conv", "bn"], [
            nn.Conv2d(2, 1, 7, padding=3, bias=False), nn.BatchNorm2d(1)])])

    def forward(self, x):
        gate = torch.sigmoid(self.ChannelGate(x.mean((2, 3))) +
                             self.ChannelGate(x.amax((2, 3))))
        x = x * gate[:, :, None, None]
        both = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)
        return x * torch.sigmoid(self.SpatialGate(both))


class RaBlock(nn.Module):
    def __init__(self, channels, out, stride, attention, residual):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.attention = attention
        self.residual = residual
        if residual and (stride > 1 or channels != out):
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, out, 1, stride, bias=False),
                nn.BatchNorm2d(out))
        else:
            self.downsample = nn.Identity()
        if attention != "none":
            self.cbam = Cbam(out)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.attention == "in":
            y = self.cbam(y)
        if self.residual:
            y = y + self.downsample(x)
        if self.attention == "out":
            y = self.cbam(y)
        return F.relu(y)


def ra_conv(channels, classes, depth=26, attention="in", residual=True):
    blocks = {18: (2, 2, 2, 2), 26: (2, 3, 5, 2), 34: (3, 4, 6, 3)}[depth]
    net = nn.Sequential(OrderedDict(
        conv1=nn.Conv2d(channels, 64, 7, 2, 3, bias=False),
        bn1=nn.BatchNorm2d(64), relu=nn.ReLU(), maxpool=nn.MaxPool2d(3, 2, 1)))
    channels = 64
    for i, (count, out) in enumerate(zip(blocks, (64, 128, 256, 512))):
        layer = nn.Sequential()
        for k in range(count):
            layer.append(RaBlock(channels, out, 2 if i and not k else 1,
                                 attention, residual))
            channels = out
        net.add_module(f"layer{i + 1}", layer)
    net.add_module("pool", nn.AdaptiveAvgPool2d(1))
    net.add_module("flatten", nn.Flatten())
    net.add_module("fc", nn.Linear(512, classes))
    return net


class DrnBlock(nn.Module):
    def __init__(self, channels, out, stride, dilation, residual):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, dilation, dilation,
                               bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.residual = residual
        self.downsample = nn.Identity()
        if stride > 1 or channels != out:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, out, 1, stride, bias=False),
                nn.BatchNorm2d(out))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.downsample(x) if self.residual else y)


def drn(channels, classes, variant="d_22"):
    """Yu, Koltun and Funkhouser 2017: 22 layers of kind D or 26 of kind C."""
    plain = variant == "d_22"

    def unit(channels, out, kernel=3, stride=1, dilation=1):
        return nn.Sequential(
            nn.Conv2d(channels, out, kernel, stride, dilation * (kernel // 2),
                      dilation, bias=False), nn.BatchNorm2d(out), nn.ReLU())
    net = nn.Sequential()
    if plain:
        net.add_module("layer0", unit(channels, 16, 7))
    else:
        net.add_module("conv1", nn.Conv2d(channels, 16, 7, padding=3,
                                          bias=False))
        net.add_module("bn1", nn.BatchNorm2d(16))
        net.add_module("relu", nn.ReLU())
    channels = 16
    for i, (out, stride, dilation, blocks) in enumerate(
            [(16, 1, 1, 1), (32, 2, 1, 1), (64, 2, 1, 2), (128, 2, 1, 2),
             (256, 1, 2, 2), (512, 1, 4, 2), (512, 1, 2, 1), (512, 1, 1, 1)]):
        residual = i < 6
        if plain and i in (0, 1, 6, 7):
            layer = unit(channels, out, 3, stride, dilation)
        else:
            layer = nn.Sequential(
                DrnBlock(channels, out, stride, dilation, residual),
                *[DrnBlock(out, out, 1, dilation, residual)
                  for _ in range(blocks - 1)])
        net.add_module(f"layer{i + 1}", layer)
        channels = out
    net.add_module("avgpool", nn.AdaptiveAvgPool2d(1))
    net.add_module("fc", nn.Conv2d(512, classes, 1))
    net.add_module("flatten", nn.Flatten())
    return net


def cnn3d(channels, classes, frames=4, side=256, hidden=1024, dropout=0.5):
    last = 1 if frames < 4 else 2
    rows = 64 * (frames // 2 // last) * (side // 4) ** 2
    return nn.Sequential(OrderedDict(
        conv1=nn.Conv3d(channels, 32, 3, padding=1), relu1=nn.ReLU(),
        pool1=nn.MaxPool3d(2),
        conv2=nn.Conv3d(32, 64, 3, padding=1), relu2=nn.ReLU(),
        pool2=nn.MaxPool3d((last, 2, 2)), flatten=nn.Flatten(),
        fc1=nn.Linear(rows, hidden), relu3=nn.ReLU(),
        dropout=nn.Dropout(dropout), fc2=nn.Linear(hidden, classes)))


class FilterBank(nn.Module):
    """Wang, Morariu and Davis 2018 on a VGG-16: a bank of `filters` 1x1
    convolutions for each class on conv4_3 beside the rest of the network.  The
    bank is kept as `filters` convolutions of one output for each class."""

    def __init__(self, channels, classes, filters=10, side_weight=0.1):
        super().__init__()
        self.features = torchvision.models.vgg16().features[:30]
        self.features[0] = nn.Conv2d(channels, 64, 3, padding=1)
        self.bank = nn.ModuleList(
            named(["conv"], [nn.Conv2d(512, classes, 1)])
            for _ in range(filters))
        self.global_head = nn.Linear(512, classes)
        self.bank_head = nn.Linear(filters * classes, classes)
        self.side_weight = side_weight

    def forward(self, x):
        x = self.features[:23](x)
        peaks = [f(x).amax((2, 3)) for f in self.bank]
        side = torch.stack(peaks).mean(0)
        rest = self.features[23:](x).mean((2, 3))
        return (self.global_head(rest) + self.bank_head(torch.cat(peaks, 1)) +
                self.side_weight * side)


class UNet(nn.Module):
    """Ronneberger, Fischer and Brox 2015, with padding."""

    def __init__(self, channels, classes, widths=(64, 128, 256, 512),
                 bottom=1024, norm=False):
        super().__init__()

        def double(channels, out):
            parts = {}
            for i in "12":
                parts["conv" + i] = nn.Conv2d(channels, out, 3, padding=1,
                                              bias=not norm)
                if norm:
                    parts["norm" + i] = nn.BatchNorm2d(out)
                parts["relu" + i] = nn.ReLU()
                channels = out
            return nn.Sequential(OrderedDict(parts))
        outer = (channels, *widths)
        self.down = nn.ModuleList(double(outer[i], outer[i + 1])
                                  for i in range(len(widths)))
        self.bottom = double(widths[-1], bottom)
        self.up = nn.ModuleList(double(2 * w, w) for w in reversed(widths))
        for i, part in enumerate(self.up):
            part.up = nn.ConvTranspose2d((*widths, bottom)[-1 - i],
                                         widths[-1 - i], 2, 2)
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x):
        skips = []
        for down in self.down:
            skips.append(down(x))
            x = F.max_pool2d(skips[-1], 2)
        x = self.bottom(x)
        for up in self.up:
            x = torch.cat([skips.pop(), up.up(x)], 1)
            for name, part in up.named_children():
                x = x if name == "up" else part(x)
        return self.head(x)


class LinkedBlock(nn.Module):
    def __init__(self, channels, out):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out)
        self.link = nn.Conv2d(channels, out, 1)

    def forward(self, x):
        y = F.leaky_relu(self.norm1(self.conv1(x)), 0.01)
        return F.leaky_relu(self.norm2(self.conv2(y)) + self.link(x), 0.01)


class ResidualUNet(nn.Module):
    """The small U-Net of Liu et al. 2022."""

    def __init__(self, channels, classes):
        super().__init__()
        self.down = nn.ModuleList([LinkedBlock(channels, 4),
                                   LinkedBlock(4, 8)])
        self.bottom = LinkedBlock(8, 16)
        self.up = nn.ModuleList([LinkedBlock(16, 8), LinkedBlock(8, 4)])
        self.up[0].up = nn.ConvTranspose2d(16, 8, 2, 2)
        self.up[1].up = nn.ConvTranspose2d(8, 4, 2, 2)
        self.head = nn.Conv2d(4, classes, 1)

    def forward(self, x):
        skips = []
        for down in self.down:
            skips.append(down(x))
            x = F.max_pool2d(skips[-1], 2)
        x = self.bottom(x)
        for up in self.up:
            x = up(torch.cat([skips.pop(), up.up(x)], 1))
        return self.head(x)


class SiteReport(nn.Module):
    """The report network of Liu et al. 2022."""

    def __init__(self, channels, classes):
        super().__init__()
        widths = [4 << i for i in range(9)]
        self.blocks = nn.ModuleList(
            LinkedBlock(c, w) for c, w in zip([channels, *widths], widths))
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, x):
        for block in self.blocks:
            x = F.max_pool2d(block(x), 2)
        return self.head(x.mean((2, 3)))
