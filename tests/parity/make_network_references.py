#!/usr/bin/env python3
"""Makes network_references.txt: what PyTorch computes, in double precision.

    cd tests/parity; ./make_network_references.py > network_references.txt

One training pass of every network of network_cases.py, forward and backward.
test_networks.c reads the lines:

    case NAME
    file NAME            of workflows/models/NAME.json
    params JSON
    stream NAME
    input SIDE...
    tensor NAME COUNT SCALE : NUMBER...
    end

A tensor is the output or the gradient of the weight of that name, with its
count and its greatest magnitude (of a single number: the greatest of its
layer's gradients).  The numbers are millionths of SCALE: all of a
tensor that has no more than SAMPLES, else those at the places hash("NAME", k)
modulo the count, k below SAMPLES; then, for each sign stream "NAME+" and
"NAME-", the sum of all numbers with the signs (+ where hash is even), divided
by the root of the count.  A gradient of 0 has SCALE 0 and no numbers.

    count FILE CHANNELS COUNT PARAMS

is the number of parameters at the file's own size.
"""
import environment

environment.enter()

import torch

import network_cases as cases


def write_case(c):
    made = cases.run(c)
    print("case", c["name"])
    print("file", c["file"])
    print("params", cases.params_text(c["params"]))
    print("stream", c["stream"])
    print("input", *c["shape"])
    for name, tensor in made.items():
        if cases.is_zero(made, name):
            print("tensor", name, tensor.numel(), "0 :")
        else:
            scale = cases.scale_of(made, name)
            print("tensor", name, tensor.numel(), "%.9g" % scale, ":",
                  *cases.sampled(name, tensor, scale))
    print("end", flush=True)


def write_count(file, params, build, channels):
    with torch.device("meta"):
        net = build(channels)
    print("count", file, channels, sum(p.numel() for p in net.parameters()),
          cases.params_text(params))


def main():
    torch.set_num_threads(2)
    for file, params, build, *only in cases.at_real_size():
        for channels in only or (1, 2, 3):
            write_count(file, params, build, channels)
    for c in cases.CASES:
        write_case(c)


main()
