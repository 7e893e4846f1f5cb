#!/usr/bin/env python3
"""What each kernel takes of a GPU, against the table cuda_resources.csv beside this file.

Columns: registers of a thread; stack, bytes of local memory of a thread; shared and constant, bytes; block, threads as it is
launched; occupancy, the percentage of a multiprocessor's threads that can be there at once, by arithmetic from the numbers
before (shared memory that is given at the launch is not counted).

    OSTEON_UPDATE=1 ctest --test-dir BUILD -R '^lint.cuda_resources$'

writes the table anew; the diff is reviewed like code.  With another nvcc than that of the table registers may differ, so that
only the stack is compared.  Registers that do not fit (spills) are no matter of the table: compiling fails (kernels/cuda/CMakeLists.txt).
"""
import csv
import difflib
import io
import os
import pathlib
import re
import shutil
import subprocess
import sys

import fatbin
import tree

LIBRARY = pathlib.Path(os.environ["OSTEON_BIN"]) / "libosteon_cuda.so"
TABLE = pathlib.Path(__file__).with_name("cuda_resources.csv")
COLUMNS = ["kernel", "arch", "registers", "stack", "shared", "constant",
           "block", "occupancy"]
# Of a multiprocessor, CUDA C++ Programming Guide, "Technical Specifications
# per Compute Capability": threads, blocks, registers, bytes of shared memory
# (of which each block takes 1 KB for itself).
LIMITS = {80: (2048, 32, 65536, 164 * 1024),
          90: (2048, 32, 65536, 228 * 1024)}
WARP, QUARTERS, REGISTER_UNIT, SHARED_UNIT, BLOCK_SHARED = 32, 4, 256, 128, 1024


def up(number, unit):
    return -(-number // unit) * unit


def occupancy(arch, registers, shared, block):
    threads, blocks, all_registers, all_shared = LIMITS[arch]
    warps = up(block, WARP) // WARP
    # Each quarter has its own registers, and whole warps.
    of_warp = up(registers * WARP, REGISTER_UNIT)
    room = all_registers // QUARTERS // of_warp * QUARTERS
    fit = min(blocks, threads // WARP // warps, room // warps,
              all_shared // up(shared + BLOCK_SHARED, SHARED_UNIT))
    return 100 * fit * warps * WARP // threads


def check_arithmetic():
    """Against values of NVIDIA's table of occupancies (Nsight Compute)."""
    assert occupancy(80, 32, 0, 256) == 100
    assert occupancy(80, 33, 0, 256) == 75
    assert occupancy(80, 64, 0, 256) == 50
    assert occupancy(80, 255, 0, 256) == 12
    assert occupancy(80, 16, 0, 32) == 50
    assert occupancy(80, 32, 48 * 1024, 256) == 37
    assert occupancy(90, 32, 48 * 1024, 256) == 50
    assert occupancy(90, 40, 0, 1024) == 50


# --- how many threads the sources launch ------------------------------------

def arguments(text, at):
    """The arguments of the call whose parenthesis opens at `at`."""
    found, depth, angle, start = [], 0, 0, at + 1
    for i in range(at, len(text)):
        c = text[i]
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "<" and depth == 1 and not found:
            angle += 1
        elif c == ">" and depth == 1 and not found:
            angle -= 1
        if (c == "," and depth == 1 and not angle) or depth == 0:
            found.append(" ".join(text[start:i].split()))
            start = i + 1
        if depth == 0:
            return found
    return found


def constants(text):
    known = {}
    for name, value in re.findall(
            r"\b([A-Z][A-Z0-9_]*) = ([A-Z0-9_ *+()/-]+?)(?=[,;}])", text):
        number = evaluate(value, known)
        if number:
            known.setdefault(name, number)
    return known


def evaluate(words, known):
    words = re.sub(r"\b(ost|static_cast<unsigned>)(::)?", "", words)
    words = re.sub(r"[A-Za-z_][A-Za-z0-9_]*",
                   lambda m: str(known.get(m.group(), "?")), words)
    if not re.fullmatch(r"[\d *+()/-]+", words):
        return None
    return int(eval(words.replace("/", "//")))  # numbers and signs alone


def launched():
    """Name of a kernel, without its namespace and arguments -> threads; "" is what is usual."""
    device = (tree.ROOT / "kernels/cuda/device.h").read_text()
    usual = constants(device)["THREADS"]
    found = {"": usual}
    for path in sorted((tree.ROOT / "kernels/cuda").glob("*.cu")):
        text = path.read_text()
        known = {"THREADS": usual, **constants(text)}
        for header in re.findall(r'#include "(kernels/\S+\.h)"', text):
            header = tree.ROOT / header
            if header.exists():
                known = {**constants(header.read_text()), **known}
        for call in re.finditer(r"\bOST_LAUNCH(?=\()", text):
            words = arguments(text, call.end())
            name = re.sub(r"<.*", "", words[0]).split("::")[-1].strip("() ")
            threads = evaluate(words[2], known) if len(words) > 2 else None
            if threads:
                found[name] = max(threads, found.get(name, 0))
    return found


# --- the table ---------------------------------------------------------------

def demangle(names):
    done = subprocess.run(["c++filt"], input="\n".join(names), text=True,
                          check=True, capture_output=True)
    return dict(zip(names, done.stdout.splitlines()))


def short(name):
    """Without (anonymous namespace)::, return type and parameters."""
    name = name.replace("(anonymous namespace)::", "")
    name = re.sub(r"\((?:unsigned |signed )?\w+\)(?=-?\d)", "", name)
    name = re.sub(r"^(?:void|int) ", "", name)
    depth = 0
    for i, c in enumerate(name):
        depth += (c == "<") - (c == ">")
        if c == "(" and not depth:
            return name[:i]
    return name


def rows_of(data):
    threads = launched()
    images = [(arch, fatbin.kernels(content))
              for kind, arch, content, packed in fatbin.entries(data)
              if kind == fatbin.ELF and not packed and arch in LIMITS]
    plain = demangle(sorted({name for _, image in images for name in image}))
    rows = []
    for arch, image in images:
        for mangled, k in image.items():
            name = short(plain[mangled])
            base = re.sub(r"<.*", "", name).split("::")[-1]
            # From sm_90 on a kernel's own shared memory has the system's in it.
            if arch >= 90 and k["shared"]:
                k["shared"] -= BLOCK_SHARED
            block = threads.get(base) or k["threads"] or threads[""]
            rows.append([name, f"sm_{arch}", k["registers"], k["stack"],
                         k["shared"], k["constant"], block,
                         occupancy(arch, k["registers"], k["shared"], block)])
    return sorted(rows)


def compiler(data):
    """The release of the nvcc that made the code, as its PTX tools note it."""
    found = re.search(rb"Cuda compilation tools, release ([\d.]+), V([\d.]+)", data)
    return found.group(2).decode() if found else "unknown"


def written(rows, nvcc):
    out = io.StringIO()
    out.write(f"# nvcc {nvcc}\n")
    csv.writer(out, lineterminator="\n").writerows([COLUMNS, *rows])
    return out.getvalue()


def read_table():
    """The nvcc of the table, and its stacks by name and architecture (of namesakes the largest)."""
    lines = TABLE.read_text().splitlines()
    stacks = {}
    for row in csv.reader(lines[2:]):
        key = row[0], row[1]
        stacks[key] = max(int(row[3]), stacks.get(key, 0))
    return lines[0].removeprefix("# nvcc "), stacks


def compare_stacks(rows, stored):
    """Kernels that take local memory and did not."""
    faults = []
    for row in rows:
        old = stored.get((row[0], row[1]))
        if row[3] > (old or 0):
            faults.append(
                f"{row[0]}, {row[1]}: {row[3]} bytes of local memory "
                f"({'a new kernel' if old is None else f'were {old}'})")
    return faults


def main():
    check_arithmetic()
    if not LIBRARY.exists():
        print("no libosteon_cuda.so: this build has no CUDA toolkit")
        return 77
    if not shutil.which("c++filt"):
        print("no c++filt")
        return 77
    data = LIBRARY.read_bytes()
    rows = rows_of(data)
    nvcc = compiler(data)
    text = written(rows, nvcc)
    if os.environ.get("OSTEON_UPDATE") == "1":
        TABLE.write_text(text)
        print(f"{TABLE.name}: {len(rows)} rows written")
        return 0
    made_by, stored = read_table()
    faults = compare_stacks(rows, stored)
    if made_by != nvcc:
        print(f"the table is of nvcc {made_by}, this is {nvcc}: only local "
              "memory is compared")
    elif text != TABLE.read_text():
        sys.stdout.writelines(difflib.unified_diff(
            TABLE.read_text().splitlines(True), text.splitlines(True),
            TABLE.name, "libosteon_cuda.so", n=0))
        faults.append(f"{TABLE.name} is not what was compiled; to renew it: "
                      "OSTEON_UPDATE=1 ctest -R '^lint.cuda_resources$'")
    tree.finish(faults, len(rows))
    return 0


sys.exit(main())
