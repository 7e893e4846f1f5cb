#!/usr/bin/env python3
"""Fails when a file includes a layer or a library that it may not know.

To allow a new arrow: a row here, and a reason in docs/decisions/.
"""
import re

import tree

# What a folder may include of other folders: a folder, or one header.
MAY = {
    "base": [],
    "store": ["base/"],
    "kernels": ["base/"],
    "stages": ["base/", "kernels/", "store/"],
    "engine": ["base/", "store/", "stages/stage.h", "stages/params.h",
               "stages/protocol.h", "stages/devices.h"],
    "cli": ["base/", "store/", "engine/", "stages/", "kernels/"],
    "tests": [f"{folder}/" for folder in tree.FOLDERS],
}
# A stage itself sees artifacts through its context; the framework around it
# opens the store.
STAGE_MAY = ["base/", "kernels/", "stages/", "store/artifact.h", "store/key.h",
             "store/record.h"]
# Numbers know no JSON, no files and no processes.
NEVER = {
    "kernels": ["base/json.h", "base/fs.h", "base/csv.h"],
}
# The libraries, and who may know them.
LIBRARIES = {
    r"jansson\.h": ["base", "store", "stages", "engine", "cli"],
    r"lmdb\.h": ["store"],
    r"archive(_entry)?\.h": ["store", "stages"],
    r"curl/": ["store", "stages"],
    r"openssl/": ["store", "stages"],
    r"dnnl": ["kernels/cpu"],
    r"boost/|Eigen/": ["kernels/stats"],
    r"cuda|cudnn|cublas": ["kernels/cuda", "tests/cudasim"],
    r"omp\.h": ["kernels", "stages"],
    r"zlib\.h": ["stages", "cli"],
    r"png\.h|jpeglib\.h|jerror\.h|tiffio\.h|openjpeg\.h|dcmtk/": ["stages"],
}
# Where the versions of all libraries are told, every header is at home.
KNOWS_ALL = ["stages/describe.c", "stages/versions.c"]


def stage_files():
    text = (tree.ROOT / "stages/stage_list.def").read_text()
    return {f"stages/{x}.c" for x in re.findall(r"^STAGE\((\w+)\)", text, re.M)}


def allowed(own, rel, target, stages):
    if target in NEVER.get(own, []):
        return False
    if target.startswith(own + "/"):
        return True
    may = STAGE_MAY if rel in stages else MAY[own]
    return any(target == m or m.endswith("/") and target.startswith(m)
               for m in may)


def library_allowed(rel, header):
    if rel in KNOWS_ALL or rel.startswith("tests/"):
        return True
    for pattern, homes in LIBRARIES.items():
        if re.match(pattern, header):
            return any(rel.startswith(h + "/") for h in homes)
    return True


faults, checked = [], 0
stages = stage_files()
for path in tree.files(*tree.C_SUFFIXES, ".def"):
    rel = tree.name(path)
    own = rel.split("/")[0]
    for n, line in enumerate(path.read_text().splitlines(), 1):
        m = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if not m:
            continue
        checked += 1
        target = m.group(2)
        local = target.split("/")[0] in tree.FOLDERS and "/" in target
        if m.group(1) == '"' and not local:
            faults.append(f"{rel}:{n}: '{target}' is not named from the root")
        elif local and not allowed(own, rel, target, stages):
            faults.append(f"{rel}:{n}: {own} may not include '{target}'")
        elif not local and not library_allowed(rel, target):
            faults.append(f"{rel}:{n}: {own} may not know '{target}'")
tree.finish(faults, checked)
