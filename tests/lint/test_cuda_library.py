#!/usr/bin/env python3
"""libosteon_cuda.so is what it should be, wherever nvcc has built it; no GPU is needed.

It holds code for sm_80 and sm_90 and PTX for what is newer or between; it needs the libraries that it is meant to need, and
not the driver; all symbols that it takes from the executable are there; without a driver it opens and says what is missing.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

import fatbin

BIN = pathlib.Path(os.environ["OSTEON_BIN"])
LIBRARY = BIN / "libosteon_cuda.so"
CODE = {80, 90}
PTX = {75, 80, 90}
NEEDED = {r"libcudnn\.so\.9", r"libcublas\.so\.\d+", r"libcublasLt\.so\.\d+"}
# The language's; which of them is the linker's business.
COMMON = {r"libstdc\+\+\.so\.6", r"libgcc_s\.so\.1", r"libm\.so\.6",
          r"libc\.so\.6", r"libdl\.so\.2", r"librt\.so\.1",
          r"libpthread\.so\.0", r"ld-linux.*"}


def check_code(data, faults):
    code, ptx = {}, {}
    for kind, arch, content, packed in fatbin.entries(data):
        if kind == fatbin.ELF and not packed:
            code[arch] = code.get(arch, 0) + len(fatbin.kernels(content))
        elif kind == fatbin.PTX:
            ptx[arch] = ptx.get(arch, 0) + 1
    if set(code) != CODE:
        faults.append(f"has code for {sorted(code)}, not {sorted(CODE)}")
    if set(ptx) != PTX:
        faults.append(f"has PTX for {sorted(ptx)}, not {sorted(PTX)}")
    if len(set(code.values())) != 1 or 0 in code.values():
        faults.append(f"kernels by architecture: {code}")
    return sum(code.values())


def check_needed(faults):
    done = subprocess.run(["readelf", "-d", LIBRARY], text=True, check=True,
                          capture_output=True, env=dict(os.environ, LC_ALL="C"))
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", done.stdout)
    for want in NEEDED:
        if not any(re.fullmatch(want, name) for name in needed):
            faults.append(f"does not need {want}")
    for name in needed:
        if not any(re.fullmatch(want, name) for want in NEEDED | COMMON):
            faults.append(f"needs {name}")


def check_exports(faults):
    done = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], text=True,
                          check=True, capture_output=True)
    # Capital letters but W, V and u: symbols that others see.
    names = re.findall(r" [TDBR] (\S+)", done.stdout)
    if names != ["ost_cuda_open"]:
        faults.append(f"exports {names}, not ost_cuda_open alone")


def check_opening(faults):
    """The worker opens it with all symbols bound at once."""
    env = {name: value for name, value in os.environ.items()
           if name not in ("OSTEON_CUDASIM", "LD_PRELOAD")}
    done = subprocess.run([BIN / "osteon-worker", "--backend", "cuda-f32"],
                          text=True, capture_output=True, env=env)
    text = (done.stdout + done.stderr).strip()
    print(f"osteon-worker --backend cuda-f32: {text}")
    if done.returncode == 0:
        if text.splitlines()[0] != "cuda-f32":
            faults.append(f"opened as '{text}'")
    elif "there is no CUDA device" not in text:
        faults.append(f"does not open: {text}")


def main():
    if not LIBRARY.exists():
        print("no libosteon_cuda.so: this build has no CUDA toolkit")
        return 77
    for tool in ("readelf", "nm"):
        if not shutil.which(tool):
            print(f"no {tool}")
            return 77
    faults = []
    kernels = check_code(LIBRARY.read_bytes(), faults)
    check_needed(faults)
    check_exports(faults)
    check_opening(faults)
    for fault in faults:
        print(f"libosteon_cuda.so: {fault}")
    print(f"{kernels} kernels")
    return 1 if faults else 0


sys.exit(main())
