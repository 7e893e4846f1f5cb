#!/usr/bin/env python3
"""A study on the CPU stand-in for CUDA: from the plan to the records.

What the stand-in computes agrees with the CPU's and never serves for it; two
devices train two folds at once; a device that is lost costs its step alone.
"""
import csv
import json
import os
import pathlib
import re
import sys

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
from runs import check, digests, events, osteon, verdicts, write

FOLDER = pathlib.Path(os.environ["OSTEON_BIN"]) / "tests" / "cudasim"
ON_GPU = ["trained[fold=0]", "trained[fold=1]", "predicted[fold=0]",
          "predicted[fold=1]"]
PREFER = {"needs": {"gpu": "prefer", "memory": "1 GB"}}
NO_GPU = {"CUDA_VISIBLE_DEVICES": ""}
STUDY = {
    "osteon": 1,
    "name": "gpu-study",
    "seed": 3,
    "params": {"retries": 0},
    "axes": {"fold": {"range": 2}},
    "nodes": {
        "phantom": {"stage": "phantom",
                    "with": {"kind": "xray", "patients": 8,
                             "size": [32, 32]}},
        "ingest": {"stage": "ingest", "in": "phantom"},
        "contours": {"stage": "canny", "in": "ingest",
                     "with": {"to": "contour"}},
        "folds": {"stage": "split", "per": ["fold"], "in": "contours",
                  "with": {"method": "kfold", "folds": 2, "fold": "${fold}"}},
        "trained": {"stage": "train", "per": ["fold"], "in": "folds.train",
                    **PREFER,
                    "with": {"network": "lib:small_cnn", "epochs": 4,
                             "batch": 8}},
        "predicted": {"stage": "predict", "per": ["fold"], **PREFER,
                      "in": {"model": "trained", "data": "folds.test"}},
        "metrics": {"stage": "evaluate", "in": "predicted"},
        "report": {"stage": "report",
                   "in": {"metrics": "metrics", "predictions": "predicted",
                          "models": "trained"}},
    },
    "outputs": {"metrics": "metrics", "predictions": "predicted",
                "report": "report"},
}


def sim(devices=1, **more):
    """The environment of a machine with so many stand-ins."""
    return {"OSTEON_CUDASIM": str(FOLDER),
            "OSTEON_CUDASIM_DEVICES": str(devices),
            **{f"OSTEON_CUDASIM_{name}": str(value)
               for name, value in more.items()}}


def run(*words, env=NO_GPU, **more):
    return osteon("run", "w.json", "--store", "store", "--events", "-",
                  "--jobs", 2, *words, env=env, **more)


def plan(*words, env=NO_GPU):
    done = osteon("plan", "w.json", "--store", "store", "--json", *words,
                  env=env)
    return {s["step"]: s for s in json.loads(done.stdout)}


def scores(folder):
    with open(f"{folder}/predictions.csv", newline="", encoding="utf-8") as f:
        return [[float(v) for name, v in row.items()
                 if name.startswith("score_")] for row in csv.DictReader(f)]


def lines_of_places(done):
    return [line for line in done.stderr.splitlines() if "CPU" in line]


def the_cpu_says_why():
    """In one line, and only when there is something to compute."""
    planned = osteon("plan", "w.json", "--store", "store", env=NO_GPU)
    done = run("--out", "cpu")
    for told in lines_of_places(planned), lines_of_places(done):
        check(len(told) == 1 and told[0].startswith("CPU: "), str(told))
    check(all(v == "ran" for v in verdicts(done.stdout).values()), done.stdout)
    check(not any("gpu" in e for e in events(done.stdout)),
          "a GPU on a machine without")
    again = osteon("plan", "w.json", "--store", "store", env=NO_GPU)
    quiet = run("--quiet", "--force", "predicted")
    for silent in again, run(), quiet:
        check(not lines_of_places(silent), silent.stderr)
    check("predicted[fold=1]" in quiet.stdout and not quiet.stderr,
          quiet.stderr)


def memory_that_no_device_has():
    """Is the reason of one node: the other has its GPU."""
    needs = {"needs": {"gpu": "prefer", "memory": "900 GB"}}
    write("big.json", {**STUDY, "nodes": {
        **STUDY["nodes"], "trained": {**STUDY["nodes"]["trained"], **needs}}})
    done = osteon("plan", "big.json", "--set", "retries=1", env=sim())
    told = lines_of_places(done)
    check(any(line.startswith("trained on the CPU: it needs 900 GB, ")
              for line in told), done.stderr)
    check(any(line.startswith("predicted: sim-f32, ") for line in told),
          done.stderr)


def the_stand_in_computes_for_itself():
    """Nothing that the CPU computed serves it, and nothing of its own the CPU;
    the numbers agree."""
    steps = plan(env=sim())
    check(all(steps[s]["gpu"] and steps[s]["numeric"] == "sim-f32"
              for s in ON_GPU), f"plan: {steps}")
    check(not steps["ingest"]["gpu"] and steps["ingest"]["verdict"] == "cached",
          f"plan: {steps}")
    done = run("--out", "sim", env=sim(2))
    found = verdicts(done.stdout)
    check(all(found[s] == "ran" for s in ON_GPU) and
          found["ingest"] == "cached", str(found))
    check("CUDA stand-in" in done.stderr and "no GPU" in done.stderr,
          done.stderr)
    check_together(events(done.stdout))
    both = list(zip(scores("cpu"), scores("sim")))
    check(len(both) > 8 and all(abs(x - y) < 1e-3 for a, b in both
                                for x, y in zip(a, b)),
          f"scores: {both}")
    again = run("--out", "again")
    check(set(verdicts(again.stdout).values()) == {"cached"}, again.stdout)
    check(digests("cpu")["predictions.csv"] == digests("again")
          ["predictions.csv"], "the stand-in's result served the CPU")
    check(digests("cpu")["predictions.csv"] != digests("sim")
          ["predictions.csv"], "the stand-in computed nothing")


def outputs(done, step):
    return [e["outputs"] for e in events(done.stdout)
            if e["event"] == "step_finished" and e["step"] == step][0]


def exact_stages_give_the_same_bytes():
    """Under keys of their own on the stand-in, which is not trusted with it."""
    here = plan()["contours"]
    there = plan("--backend", "cuda", env=sim())["contours"]
    check(here["numeric"] is None and here["verdict"] == "cached", str(here))
    check(there["gpu"] and there["numeric"] == "sim-f32" and
          there["verdict"] == "run" and there["key"] != here["key"], str(there))
    on_cpu = run("--target", "contours")
    on_sim = run("--target", "contours", "--backend", "cuda", env=sim())
    check(verdicts(on_sim.stdout)["contours"] == "ran", on_sim.stdout)
    check(outputs(on_cpu, "contours") == outputs(on_sim, "contours"),
          "the stand-in drew other contours")


def check_together(told):
    """Both folds are under way before one of them ends, each on a device."""
    at = {(e["event"], e["step"]): (i, e) for i, e in enumerate(told)
          if e["event"] in ("step_started", "step_finished")}
    starts = [at["step_started", s] for s in ON_GPU[:2]]
    ends = [at["step_finished", s] for s in ON_GPU[:2]]
    check(max(i for i, _ in starts) < min(i for i, _ in ends),
          "the folds were trained one after the other")
    check(len({e["gpu"] for _, e in starts}) == 2, f"devices: {starts}")
    check([e["gpu"] for _, e in starts] == [e["gpu"] for _, e in ends],
          "a step changed its device")


def the_record_names_the_device():
    shown = json.loads(osteon("report", "--store", "store", "--format", "json",
                              env=sim()).stdout)["run"]["meta"]
    check("gpus" not in shown, "the newest run is the CPU's")
    run(env=sim(2))
    shown = json.loads(osteon("report", "--store", "store", "--format", "json",
                              env=sim()).stdout)["run"]["meta"]
    names = [g["gpu"] for g in shown["gpus"]]
    check(sorted(s for g in shown["gpus"] for s in g["steps"]) ==
          sorted(ON_GPU), f"steps: {shown['gpus']}")
    check(all("CUDA stand-in" in n and "cuDNN 9." in n and "driver" in n
              for n in names), f"devices: {names}")
    page = osteon("report", "--store", "store", "--format", "html",
                  env=sim()).stdout
    check("<dt>GPUs</dt>" in page and "<code>trained[fold=1]</code>" in page,
          "the page does not tell what the devices computed")


def lost_in_the_second_training():
    """The environment, and the run that recovered: what is put on the device is
    counted by each process, and the first training is to be spared."""
    run("--force", "trained", "--target", "trained[fold=0]",
        env=sim(1, COUNTERS=pathlib.Path("counts.json").resolve()))
    counts = json.loads(pathlib.Path("counts.json").read_text())
    work = counts["launches"] + counts["library_calls"] + counts["copies"]
    for factor in (2.3, 1.8, 3, 1.4, 4, 5):
        env = sim(1, FAIL=f"device_lost:{int(factor * work)}")
        done = run("--force", "trained", "--force", "predicted", env=env,
                   status=None)
        if (done.returncode == 0 and
                done.stderr.count("trying again (1 of 1)") == 1):
            return env, done
    raise SystemExit(f"no run lost its device once: {done.stderr}")


def a_lost_device_costs_its_step():
    """Another process does the step again, or what is behind it."""
    write("w.json", {**STUDY, "nodes": {
        **STUDY["nodes"], "trained": {**STUDY["nodes"]["trained"],
                                      "retries": 1}}})
    env, done = lost_in_the_second_training()
    check("cudaErrorLaunchFailure" in done.stderr, done.stderr)
    found = verdicts(done.stdout)
    check(all(found[s] == "ran" for s in ON_GPU), str(found))
    write("w.json", STUDY)
    done = run("--force", "trained", "--keep-going", env=env, status=1)
    found = verdicts(done.stdout)
    check(sorted(found[s] for s in ON_GPU[:2]) == ["failed", "ran"], str(found))
    check("cudaErrorLaunchFailure" in done.stderr, done.stderr)


def lack_of(memory):
    """What the trainings say that may have so much."""
    write("w.json", {**STUDY, "nodes": {
        **STUDY["nodes"], "trained": {**STUDY["nodes"]["trained"],
                                      "needs": {"gpu": "require",
                                                "memory": memory}}}})
    done = run("--force", "trained", "--keep-going", env=sim(), status=1)
    told = [e["message"] for e in events(done.stdout)
            if e.get("verdict") == "failed"]
    check(len(told) == 2, f"failed: {told}")
    return told


def memory_that_is_too_little():
    """Out of memory is the step's failure, told with what had the memory, and
    the process goes on."""
    check(all(re.search(r"no memory for the workspace of libraries "
                        r"\(256\.0 MiB wanted; in use 0 bytes of at most "
                        r"976\.6 KiB, see needs\.memory; free on the device "
                        r"[\d.]+ MiB of 4096\.0 MiB\)$", m)
              for m in lack_of("1 MB")), "without a workspace")
    told = lack_of("268.5 MB")
    check(all(re.search(r"no memory for .+ \([\d.]+ [KM]iB wanted; in use "
                        r"256\.\d MiB of at most 256\.1 MiB, see needs\.memory; "
                        r".+; largest: workspace of libraries 256\.0 MiB, \w.+ "
                        r"([\d.]+ [KM]iB|\d+ bytes)\)$", m) for m in told),
          f"with a workspace: {told}")
    write("w.json", STUDY)


def contradictions_are_told():
    done = osteon("plan", "w.json", "--backend", "cuda", env=NO_GPU,
                  status=1)
    check(" is to run with '--backend cuda': " in done.stderr,
          done.stderr)
    done = osteon("plan", "w.json", "--gpus", "GPU-x", env=sim(), status=2)
    check("--gpus: no GPU 'GPU-x'" in done.stderr, done.stderr)
    done = osteon("plan", "w.json", "--gpus", "1", "--backend", "cpu",
                  env=sim())
    check("warning: '--gpus 1' is about no step" in done.stderr, done.stderr)
    done = osteon("plan", "w.json", "--numerics", "bf61", status=2)
    check("did you mean 'bf16'?" in done.stderr, done.stderr)
    done = osteon("plan", "w.json", "--force", "trained",
                  env=sim(PROCESSES=f"0:{os.getpid()}:3000"))
    check("  stand-in 0  CUDA stand-in 0  1.1 GB of 4.3 GB free\n    GPU-"
          in done.stderr and "    warning: much of it is in use by python"
          in done.stderr, done.stderr)
    check(all(len(line) <= 80 for line in osteon(
        "devices", env=sim(2, MIG=2)).stdout.splitlines()), "devices: wide")
    listed = json.loads(osteon("devices", "--json",
                               env=sim(2, MIG=2)).stdout)
    check(len(listed) == 4 and listed[3]["slice"] == 1 and
          listed[3]["uuid"].startswith("MIG-"), f"devices: {listed}")


def main():
    if not (FOLDER / "libosteon_cudasim.so").exists():
        print("this build has no stand-in for CUDA")
        sys.exit(77)
    write("w.json", STUDY)
    the_cpu_says_why()
    memory_that_no_device_has()
    the_stand_in_computes_for_itself()
    the_record_names_the_device()
    exact_stages_give_the_same_bytes()
    a_lost_device_costs_its_step()
    memory_that_is_too_little()
    contradictions_are_told()


if __name__ == "__main__":
    main()
