"""Objectives of generators and discriminators, beside PyTorch.

A case is one objective with small networks, weights and batches of computed
numbers (network_cases.py) and a few steps.  gan_references/NAME.txt holds what
make_gan_references.py computed from gan_NAME.py, in double precision:

    case NAME
    objective NAME
    role ROLE SCALE FILE PARAMS  of workflows/models/FILE.json
    input PLACE SIDE...          shape of a batch
    set NAME VALUE               of the game: loss, smoothing, history, given,
                                 rate
    weight TERM VALUE
    stream NAME                  number i of input p in step s is that of the
                                 stream "NAME p s"
    steps N
    loss NAME VALUE...           one for each step
    tensor NAME COUNT SCALE : NUMBER...
    end

Each step is ost_gan_step() with plain gradient descent on both sides; the tensors are the gradients of all weights that the last step used, in
the form of network_references.txt.  What is drawn is drawn as in ost_gan_draw()
(philox.py).

A module gan_NAME.py has CASES, made by case(), FIRST, the side that is updated
first, and two functions from a Game to the losses by name and the sum that the
side makes small: discriminate(game), generate(game).
"""
import numpy as np
import torch
import torch.nn.functional as F

import network_cases
import philox

GENERATOR, DISCRIMINATOR = "generator", "discriminator"
RATE = 0.01  # by default
KEY = 4711


def case(name, roles, inputs, stream="batch", steps=1, weights=None, **settings):
    """`roles`: (name, side, file, params, function that builds it), as often as
    the role has networks.  `settings`: loss, smoothing, history, given frames,
    penalty with its penalty_weight (10), and the rate of the descent."""
    return {"name": name, "roles": roles, "inputs": inputs, "stream": stream,
            "steps": steps, "weights": weights or {}, "settings": settings}


class Game:
    """What a module needs for one case."""

    def __init__(self, c):
        self.case = c
        self.number = 0
        self.kept = {}  # whatever a module keeps from step to step
        self.nets = {}
        self.weights = {GENERATOR: {}, DISCRIMINATOR: {}}
        for role, side, _, params, build in c["roles"]:
            net = build().double().train()
            self.nets.setdefault(role, []).append(net)
            # A file that knows domains names its weights itself.
            prefix = "" if "domain" in params else role + "."
            for name, p in net.named_parameters():
                self.weights[side].setdefault(prefix + name, []).append(p)
        self.fill()

    def fill(self):
        for weights in self.weights.values():
            for name, shared in weights.items():
                layer = name.rsplit(".", 1)[0]
                of_norm = weights[layer + ".weight"][0].dim() == 1
                for p in shared:
                    p.data = network_cases.weight(name, p.shape, of_norm)

    def __getitem__(self, role):
        return self.nets[role][0]

    def setting(self, name, default):
        return self.case["settings"].get(name, default)

    def weight(self, term, default):
        return self.case["weights"].get(term, default)

    def input(self, place):
        shape = self.case["inputs"][place]
        u = network_cases.stream(f"{self.case['stream']} {place} {self.number}",
                                 int(np.prod(shape)))
        return network_cases.rounded(u, shape)

    def draw(self, number):
        return philox.gan_draw(KEY, self.number, number)

    def normal(self, number, shape):
        """What comes in of a drawn input: each item has a stream."""
        count = int(np.prod(shape[1:]))
        rows = []
        for item in range(shape[0]):
            rng = philox.Rng(self.draw(number), item)
            rows.append([rng.normal() for _ in range(count)])
        return network_cases.rounded(np.array(rows), shape)

    def judge(self, logits, verdict):
        """As ost_adversarial; `verdict` is "fake", "real" or "wanted"."""
        loss = self.setting("loss", "bce")
        label = {"fake": 0, "wanted": 1,
                 "real": 1 - self.setting("smoothing", 0)}[verdict]
        sign = 1 if verdict == "fake" else -1
        if loss == "bce":
            return F.binary_cross_entropy_with_logits(
                logits, torch.full_like(logits, label))
        if loss == "least_squares":
            return ((logits - label) ** 2).mean()
        if loss == "hinge" and verdict != "wanted":
            return (1 + sign * logits).relu().mean()
        return (sign * logits).mean()

    def penalty(self, number, net, real, fake):
        """As ost_gan_penalize(): the mean, and it times its weight."""
        kind = self.setting("penalty", "none")
        if kind == "none":
            return torch.zeros(()), 0
        x = real
        if kind == "gradient":
            share = torch.tensor([philox.Rng(self.draw(number), i).f64()
                                  for i in range(len(real))],
                                 dtype=real.dtype)
            share = share.reshape([-1] + [1] * (real.dim() - 1))
            x = share * real + (1 - share) * fake
        x = x.detach().requires_grad_(True)
        g, = torch.autograd.grad(net(x).sum(), x, create_graph=True)
        length = g.flatten(1).norm(dim=1)
        mean = (length ** 2 / 2 if kind == "r1" else (length - 1) ** 2).mean()
        return mean, self.setting("penalty_weight", 10) * mean

    def shown_again(self, name, number, images):
        """Shrivastava et al., CVPR 2017: images go into a pool of `history`;
        once it is full each is, by even chance, exchanged for one of those.
        `number` names the pass that draws."""
        pool = self.kept.setdefault(name, [])
        size = self.setting("history", 0)
        if not size:
            return images
        out = []
        for i, image in enumerate(images):
            rng = philox.Rng(self.draw(number), i)
            if len(pool) < size:
                pool.append(image)
                out.append(image)
            elif rng.f64() < 0.5:
                at = below(rng, size)
                out.append(pool[at])
                pool[at] = image
            else:
                out.append(image)
        return torch.stack(out)


def below(rng, n):
    """ost_rng_below()"""
    while True:
        x = rng.u64()
        if x >= 2**64 % n:
            return x % n
