"""The Conv-LSTM networks of workflows/models/, written for PyTorch.

Names of parameters are those of the model files.  `noise` says what the
generator draws: a function of the number of items, (N, numbers).
"""
import torch
from torch import nn
from torch.nn import functional as F


class Cell(nn.Module):
    """The equations of kernels/layers/conv_lstm_layer.c."""

    def __init__(self, channels, hidden, kernel=3):
        super().__init__()
        plain = nn.Conv2d(channels + hidden, 4 * hidden, kernel)
        self.weight, self.bias = plain.weight, plain.bias
        self.hidden, self.padding = hidden, kernel // 2

    def forward(self, x, state):
        h, c = state or 2 * (x.new_zeros(len(x), self.hidden, *x.shape[2:]),)
        i, f, o, g = F.conv2d(torch.cat((x, h), 1), self.weight, self.bias,
                              padding=self.padding).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c


class Cells(nn.Module):
    """Two cells, and what makes frames smaller before them."""

    def __init__(self, channels, hidden, kernel, stride, width):
        super().__init__()
        if stride > 1:
            self.stem = nn.Conv2d(channels, width, 2 * stride, stride, stride // 2)
        self.cell1 = Cell(width if stride > 1 else channels, hidden, kernel)
        self.cell2 = Cell(hidden, hidden, kernel)
        self.stride = stride

    def small(self, x):
        return F.leaky_relu(self.stem(x), 0.2) if self.stride > 1 else x

    def forward(self, x, states):
        first = self.cell1(self.small(x), states[0])
        return first, self.cell2(first[0], states[1])


class Start(nn.Module):
    def __init__(self, noise, hidden):
        super().__init__()
        self.h = nn.Linear(noise, hidden)
        self.c = nn.Linear(noise, hidden)

    def forward(self, z, sides):
        return tuple(v[:, :, None, None].expand(-1, -1, *sides)
                     for v in (self.h(z), self.c(z)))


class Decoder(Cells):
    def __init__(self, channels, hidden, kernel, stride, width, head):
        super().__init__(channels, hidden, kernel, stride, width)
        if stride > 1:
            self.up = nn.ConvTranspose2d(hidden, hidden, 2 * stride, stride,
                                         stride // 2)
        self.head1 = nn.Conv2d(hidden, head, 3, padding=1)
        self.head2 = nn.Conv2d(head, channels, 3, padding=1)

    def frame(self, h):
        if self.stride > 1:
            h = self.up(h).relu()
        return self.head2(self.head1(h).relu()).tanh()


class ConvLstmGenerator(nn.Module):
    """Xu et al. 2022, figure 4."""

    def __init__(self, draw, channels=1, made=2, noise=256, hidden=32, kernel=3,
                 head=16, stem_stride=1, stem_width=32):
        super().__init__()
        cells = channels, hidden, kernel, stem_stride, stem_width
        self.start = nn.ModuleList(Start(noise, hidden) for _ in range(2))
        self.encoder = Cells(*cells)
        self.decoder = Decoder(*cells, head)
        self.made = made
        self.draw = draw

    def forward(self, x):
        z = self.draw(len(x))
        sides = [side // self.encoder.stride for side in x.shape[3:]]
        states = [start(z, sides) for start in self.start]
        for t in range(x.shape[2]):
            states = self.encoder(x[:, :, t], states)
        frames = [x[:, :, -1]]
        for _ in range(self.made):
            states = self.decoder(frames[-1], states)
            frames.append(self.decoder.frame(states[1][0]))
        return torch.stack(frames[1:], 2)


class ConvLstmDiscriminator(nn.Module):
    def __init__(self, channels=1, hidden=32, kernel=3, stem_stride=1,
                 stem_width=32):
        super().__init__()
        self.time = Cells(channels, hidden, kernel, stem_stride, stem_width)
        self.judge = nn.Linear(hidden, 1)

    def forward(self, x):
        states = None, None
        for t in range(x.shape[2]):
            states = self.time(x[:, :, t], states)
        return self.judge(states[1][0].mean((2, 3)))
