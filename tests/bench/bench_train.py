#!/usr/bin/env python3
"""The step of bench_train.c with PyTorch: bench_train.py [ITEMS SIDE THREADS STEPS]"""
import json
import sys
import time

import torch
from torch import nn

args = [int(a) for a in sys.argv[1:]] + [16, 64, 2, 100][len(sys.argv) - 1:]
items, side, threads, steps = args
torch.set_num_threads(threads)
layers, channels = [], 2
for width in (8, 16, 32, 32):
    layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False),
               nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
    channels = width
net = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(),
                    nn.Dropout(0.1), nn.Linear(channels, 2))
if "--last" in sys.argv:
    net = net.to(memory_format=torch.channels_last)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
loss = nn.CrossEntropyLoss()
x = torch.rand(items, 2, side, side)
y = torch.arange(items) % 2
seconds = []
for _ in range(steps):
    start = time.perf_counter()
    opt.zero_grad()
    loss(net(x), y).backward()
    opt.step()
    seconds.append(time.perf_counter() - start)
seconds.sort()
print(json.dumps({"bench": "train_small_cnn_pytorch", "items": items,
                  "side": side, "threads": threads,
                  "median_ms": round(seconds[steps // 2] * 1e3, 3),
                  "best_ms": round(seconds[0] * 1e3, 3)}))
