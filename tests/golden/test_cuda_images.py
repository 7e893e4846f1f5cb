#!/usr/bin/env python3
"""Image stages with `"needs": {"gpu": "prefer"}` on the stand-in for CUDA make the
files that they make on the CPU, byte for byte.  What the stand-in has computed
is keyed apart from what a GPU and the CPU compute, and is found again."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["OSTEON_SOURCE"]) /
                       "tests/support"))
import runs  # noqa: E402

STANDIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "tests/cudasim"
GPU = {"gpu": "prefer"}

# From a phantom on, a chain; each one's settings.
CHAIN = {
    "sized": ("resize", {"size": [48, 40]}),
    "even": ("normalize", {"method": "clahe", "type": "u8"}),
    "ranged": ("normalize", {"method": "percentile", "type": "u8"}),
    "shown": ("window", {"center": 120, "width": 160}),
    "dark": ("invert", {}),
    "edges": ("canny", {"low": 40, "high": 100, "sigma": 1.0, "to": "edge"}),
    "marked": ("threshold", {"method": "otsu", "to": "mask.bright"}),
    "shaped": ("morphology", {"steps": ["open", "fill_holes", "largest"],
                              "field": "mask.bright"}),
    "cut": ("roi", {"around": ["mask.bright"], "margin": 2,
                    "component": "largest", "mask_outside": True,
                    "fill": 9}),
    "moved": ("augment", {"rotate": 25, "translate": 0.1, "gamma": 0.2,
                          "noise": 0.02}),
}


def document():
    nodes = {"phantom": {"stage": "phantom",
                         "with": {"kind": "xray", "patients": 3,
                                  "size": [64, 64]}},
             "images": {"stage": "ingest", "in": "phantom"}}
    before = "images"
    for name, (stage, settings) in CHAIN.items():
        nodes[name] = {"stage": stage, "in": before, "with": settings,
                       "needs": GPU}
        before = name
    return {"osteon": 1, "name": "images", "seed": 2, "nodes": nodes,
            "outputs": {name: name for name in CHAIN}}


def run(file, out, standin):
    env = {"OSTEON_CUDASIM": str(STANDIN)} if standin else {}
    done = runs.osteon("run", file, "--store", "store", "--out", out,
                       "--events", "-", "--quiet", "--jobs", 1, "--threads", 4,
                       "--backend", "auto" if standin else "cpu", env=env)
    on_gpu = {e["step"] for e in runs.events(done.stdout)
              if e["event"] == "step_started" and "gpu" in e}
    return runs.verdicts(done.stdout), on_gpu


def files(folder):
    """Of each output, its files' bytes; not what tells of the run."""
    found = {}
    for name in CHAIN:
        for path in sorted(pathlib.Path(folder, name).rglob("*")):
            if path.is_file():
                found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def main():
    if not (STANDIN / "libosteon_cudasim.so").exists():
        sys.exit(77)
    file = runs.write("images.json", document())
    run(file, "out-cpu", False)
    verdicts, on_gpu = run(file, "out-cuda", True)
    again, _ = run(file, "out-again", True)
    runs.check(on_gpu == set(CHAIN), f"on the GPU: {sorted(on_gpu)}")
    for name in CHAIN:
        runs.check(verdicts[name] == "ran",
                   f"{name}: {verdicts[name]}, as if the CPU had done it")
        runs.check(again[name] == "cached", f"{name}: computed once more")
    cpu, cuda = files("out-cpu"), files("out-cuda")
    runs.check(len(cpu) >= 3 * len(CHAIN), f"only {len(cpu)} files")
    runs.check(cpu.keys() == cuda.keys(), "other files")
    wrong = [name for name in cpu if cpu[name] != cuda[name]]
    runs.check(not wrong, f"other bytes: {wrong[:9]}")
    after, _ = run(file, "out-cpu", False)
    runs.check(all(after[name] == "cached" for name in CHAIN),
               "what the CPU computed is lost")


main()
