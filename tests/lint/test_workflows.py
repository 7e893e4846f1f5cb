#!/usr/bin/env python3
"""In the shipped workflows what trains or runs a network prefers a GPU, and
nothing else says a word of one."""
import json

import tree

NETWORKS = {"train", "train_gan", "generate", "predict", "segment", "features"}

faults, checked = [], 0
for path in tree.files(".json", folders=["workflows"]):
    for name, node in json.loads(path.read_text()).get("nodes", {}).items():
        wanted = "prefer" if node.get("stage") in NETWORKS else None
        said = node.get("needs", {}).get("gpu")
        checked += 1
        if said != wanted:
            faults.append(f"{tree.name(path)}: '{name}' says {said} of GPUs, "
                          f"not {wanted}")
tree.finish(faults, checked)
