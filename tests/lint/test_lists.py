#!/usr/bin/env python3
"""The .def lists are sorted and name each thing once."""
import re

import tree

faults, checked = [], 0
for path in tree.files(".def"):
    names = re.findall(r"^[A-Z_]+\((\w+)", path.read_text(), re.M)
    checked += 1
    if names != sorted(names):
        first = next(b for a, b in zip(names, names[1:]) if a > b)
        faults.append(f"{tree.name(path)}: '{first}' is not in its place")
    for name in sorted({x for x in names if names.count(x) > 1}):
        faults.append(f"{tree.name(path)}: '{name}' is there twice")
tree.finish(faults, checked)
