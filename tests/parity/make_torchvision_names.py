#!/usr/bin/env python3
"""Makes torchvision_resnet34.json: the tensors of torchvision's ResNet-34.

    tests/parity/make_torchvision_names.py > tests/parity/torchvision_resnet34.json

By name, in their order: type and shape.  golden/test_transfer.py makes a
checkpoint of them.
"""
import json
import sys

import environment

environment.enter()

import torchvision  # noqa: E402

DTYPES = {"torch.float32": "F32", "torch.int64": "I64"}

state = torchvision.models.resnet34().state_dict()
rows = ['  "%s": %s' % (name, json.dumps([DTYPES[str(t.dtype)], list(t.shape)]))
        for name, t in state.items()]
sys.stdout.write("{\n" + ",\n".join(rows) + "\n}\n")
