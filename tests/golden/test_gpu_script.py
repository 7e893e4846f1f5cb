#!/usr/bin/env python3
"""tests/gpu/run.sh works as a script: tried on the stand-in for CUDA, since no machine that runs this has a GPU.

Its report says that it is a stand-in's; it leaves out no operator of kernels/operator_list.def and no shipped network; without
a GPU and without --standin it ends at once.
"""
import ast
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

SOURCE = pathlib.Path(os.environ["OSTEON_SOURCE"])
BIN = pathlib.Path(os.environ["OSTEON_BIN"])
SCRIPT = SOURCE / "tests/gpu/run.sh"
sys.path.insert(0, str(SOURCE / "tests/gpu"))
import cases  # noqa: E402

# Of networks, but in no description; or nothing but another shape.
INNER = {"flatten", "gate", "latent", "reorder", "reshape", "widen"}
# What steps are made of beside layers, losses and updates.
PARTS = {"accumulate", "adversarial", "approach", "mix", "move", "set",
         "spectral_grad", "spectral_norm", "sum_squares", "clip"}


def operators(word):
    text = (SOURCE / "kernels/operator_list.def").read_text()
    return set(re.findall(rf"^{word}\((\w+)", text, re.M))


def run(*words, **env):
    return subprocess.run([SCRIPT, *words], text=True, capture_output=True,
                          env=dict(os.environ, **env))


def run_with_fake(program, text, *words):
    """The script, where the program is another one."""
    fakes = pathlib.Path("fakes")
    fakes.mkdir(exist_ok=True)
    fake = fakes / program
    fake.write_text(f"#!/bin/sh\n{text}\n")
    fake.chmod(0o755)
    done = run("--built", "--build", str(BIN), *words,
               PATH=f"{fakes.resolve()}:{os.environ['PATH']}")
    fake.unlink()
    return done


def check_words():
    """Words come to check.py as they are, with spaces and stars."""
    words = ["--work", "a b", "--only", "*", "--no-sanitizer", "--set", "c=d e"]
    done = run_with_fake("python3", "printf '%s\\n' \"$@\"", "--standin", *words)
    assert done.stdout.splitlines()[-len(words) - 1:] == ["--standin", *words], \
        done
    done = run("--only")
    assert done.returncode == 2 and "usage: " in done.stderr, done


def check_without_gpu():
    """A machine that has one is not asked: nvidia-smi fails here."""
    done = run_with_fake("nvidia-smi", "exit 9")
    assert done.returncode == 2, done
    assert "no NVIDIA driver" in done.stderr, done.stderr
    done = run("--nonsense")
    assert done.returncode == 2 and "usage: tests/gpu/run.sh" in done.stderr


def torch_names(table):
    """Keys of a table of torch_times.py, which needs PyTorch to run."""
    tree = ast.parse((SOURCE / "tests/gpu/torch_times.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(
                node.targets[0], "id", None) == table:
            return {key.value for key in node.value.keys}
    raise KeyError(table)


def check_cases():
    """Every layer is timed by itself; every network has a batch."""
    layers = {entry["op"] for _, entry, _, _ in cases.LAYERS}
    assert layers == operators("LAYER") - INNER, \
        layers ^ (operators("LAYER") - INNER)
    assert layers == torch_names("PARTS"), layers ^ torch_names("PARTS")
    losses = {name for name, _, _ in cases.LOSSES}
    assert losses == torch_names("LOSSES"), losses ^ torch_names("LOSSES")
    files = {path.stem for path in (SOURCE / "workflows/models").glob("*.json")}
    assert files == set(cases.MODELS), files ^ set(cases.MODELS)


def check_report(report):
    assert report["mode"] == "stand-in" and "device" not in report
    assert report["numeric"].startswith("sim-"), report["numeric"]
    assert "cuDNN" in report["libraries"], report["libraries"]
    assert report["ok"], report.get("failures")
    assert [row["ok"] for row in report["tests"]] == [True], report["tests"]
    assert report["workflow"]["scores"] > 0
    timed = {row["name"] for kind in ("images", "losses", "updates")
             for row in report[kind]}
    assert timed == operators("OPERATOR") - PARTS, \
        timed ^ (operators("OPERATOR") - PARTS)
    assert all(row["same"] for row in report["images"])
    for kind, what in (("layers", {"forward", "both"}), ("losses", {"both"}),
                       ("updates", {"step"}), ("models", {"step", "forward"})):
        for row in report[kind]:
            assert set(row["ours"]) == what, row
            assert all(ms > 0 for ms in row["ours"].values()), row
            assert "ratio" not in row
    assert "missing" in report["pytorch"] and "missing" in report["sanitizer"]


def main():
    if not (BIN / "tests/cudasim/libosteon_cudasim.so").exists():
        print("no stand-in for CUDA: this build has no CUDA toolkit")
        return 77
    check_without_gpu()
    check_words()
    check_cases()
    output = pathlib.Path("report.json").resolve()
    done = run("--standin", "--built", "--build", str(BIN), "--repeats", "1",
               "--only", "^test_ranges$", "--work", os.getcwd() + "/work",
               "--output", str(output))
    print(done.stdout + done.stderr)
    if not output.exists():
        return 1
    check_report(json.loads(output.read_text()))
    assert done.returncode == 0, done.returncode
    shutil.rmtree("work")
    return 0


sys.exit(main())
