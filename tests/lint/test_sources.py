#!/usr/bin/env python3
"""Habits that every source file keeps."""
import collections
import re

import tree

LONGEST_FILE = 700
# Pieced together, so that this file does not find itself.
PROMISES = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")

faults, checked = [], 0


def check_c(path, rel, lines):
    if not lines or not lines[0].startswith(f"/* {rel} - "):
        faults.append(f"{rel}:1: does not begin with '/* {rel} - ...'")
    if len(lines) > LONGEST_FILE:
        faults.append(f"{rel}: longer than {LONGEST_FILE} lines")
    includes = [x for x in lines if re.match(r"\s*#\s*include\b", x)
                and ".def" not in x]
    if path.suffix == ".c" and not rel.startswith("base/"):
        if not includes or '"base/banned.h"' not in includes[-1]:
            faults.append(f"{rel}: base/banned.h is not the last include")
    if path.suffix == ".h" and any("base/banned.h" in x for x in includes):
        faults.append(f"{rel}: a header does not include base/banned.h")
    if path.suffix == ".h":
        guard = "OST_" + re.sub(r"\W", "_", rel.upper())
        if f"#ifndef {guard}" not in lines:
            faults.append(f"{rel}: include guard is not {guard}")


def check_text(rel, lines):
    for n, line in enumerate(lines, 1):
        if PROMISES.search(line):
            faults.append(f"{rel}:{n}: promises work that is not done")
        if line != line.rstrip():
            faults.append(f"{rel}:{n}: spaces at the end of the line")
        if "\t" in line and not rel.endswith("Makefile"):
            faults.append(f"{rel}:{n}: tab")


by_name = collections.defaultdict(list)
for path in tree.files(*tree.C_SUFFIXES, ".py", ".sh", ".def", ".txt", ".cmake"):
    rel = tree.name(path)
    if "/corpus/" in rel or "/golden/" in rel and path.suffix == ".txt":
        continue
    lines = path.read_text().splitlines()
    checked += 1
    check_text(rel, lines)
    if path.suffix in tree.C_SUFFIXES:
        check_c(path, rel, lines)
        by_name[path.name].append(rel)

# What a workflow calls a stage, or a backend an operator, names its file; the
# helpers of a test are named after what they help with; and a network has its
# numbers in kernels/ and its JSON in stages/.
LISTED = set()
for path in tree.files(".def"):
    folders = {"stages": ["stages"], "kernels": ["kernels/cpu", "kernels/cuda"],
               "cli": ["cli"], "engine": []}[tree.name(path).split("/")[0]]
    for x in re.findall(r"^[A-Z]+\((\w+)", path.read_text(), re.M):
        LISTED |= {f"{folder}/{x}" for folder in folders}
for name, where in sorted(by_name.items()):
    where = [x for x in where if x.rsplit(".", 1)[0] not in LISTED
             and not x.startswith("tests/support/")
             and x.rsplit(".", 1)[0] != "stages/network"]
    if len(where) > 1:
        faults.append(f"one name, several files: {', '.join(where)}")
tree.finish(faults, checked)
