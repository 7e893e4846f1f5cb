#!/usr/bin/env python3
"""All that tests/gpu/run.sh does once everything is built; see there.

What it writes, one object:

    mode        "gpu", or "stand-in": then nothing in it is a GPU's
    ok          whether all that was done went well
    commit, dirty, date, host
    device      name, uuid, driver, capability, memory: of nvidia-smi
    numeric     the class that computed
    libraries   CUDA, cuDNN and cuBLAS, with versions
    tests       [{ name, ok, seconds, output of a failure }]: programs that run on every device, here on this one
    workflow    the main workflow on the CPU and on the device: seconds, and how far apart scores and metrics are
    pytorch     what it was compared with, or { "missing": why }
    layers, losses, updates, models
                [{ name, shape, ours: { forward, both or step: milliseconds }, pytorch: the same, ratio: ours / pytorch }]
    images      [{ name, milliseconds, cpu: milliseconds, ratio, same: whether the bytes are those of the CPU }]
    sanitizer   [{ tool, program, ok, seconds }] or { "missing": why }

Times are medians; below 1 a ratio says that ours is faster.
"""
import argparse
import csv
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time

import cases

TREE = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ("memcheck", "racecheck", "initcheck", "synccheck")
# How far the median score of the two devices may be apart after a whole
# training.  Sums are rounded in another order, and a single ReLU that then lies
# on the other side of 0 moves all that follows: a learning rate that differs by
# a millionth moves some scores by 0.03 on the CPU alone.
CLOSE = 0.02


def run(words, env=None, **more):
    """Exit status, all that was printed, seconds."""
    start = time.perf_counter()
    done = subprocess.run([str(w) for w in words], text=True, env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          errors="replace", **more)
    return done.returncode, done.stdout, time.perf_counter() - start


def say(text):
    print(text, flush=True)


def tail(text, lines=20):
    return "\n".join(text.splitlines()[-lines:])


class Check:
    def __init__(self, chosen):
        self.chosen = chosen
        self.build = chosen.build.resolve()
        self.programs = self.build / "tests/bin"
        self.env = dict(os.environ, OSTEON_SOURCE=str(TREE),
                        OSTEON_BIN=str(self.build))
        for name in ("OSTEON_CUDASIM", "OSTEON_TEST_BACKEND"):
            self.env.pop(name, None)
        self.cpu_env = dict(self.env)
        if chosen.standin:
            self.env["OSTEON_CUDASIM"] = str(self.build / "tests/cudasim")
        self.report = {"mode": "stand-in" if chosen.standin else "gpu",
                       "ok": True}
        self.work = pathlib.Path(chosen.work or self.build / "gpu").resolve()
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)

    def fail(self, why):
        say(f"FAILED: {why}")
        self.report["ok"] = False
        self.report.setdefault("failures", []).append(why)

    # --- where ---------------------------------------------------------------

    def describe(self):
        r = self.report
        r["commit"] = run(["git", "-C", TREE, "rev-parse", "HEAD"])[1].strip()
        r["dirty"] = bool(run(["git", "-C", TREE, "status",
                               "--porcelain"])[1].strip())
        r["date"] = datetime.datetime.now(datetime.timezone.utc).isoformat(
            timespec="seconds")
        r["host"] = {"machine": platform.machine(),
                     "system": platform.platform(), "cores": os.cpu_count()}
        if not self.chosen.standin:
            r["device"] = self.device()
        code, text, _ = run([self.build / "osteon-worker", "--backend",
                             "cuda"], env=self.env)
        if code:
            self.fail(f"the backend does not open: {text.strip()}")
            return False
        r["numeric"], *libraries = text.strip().splitlines()
        r["libraries"] = libraries[0] if libraries else None
        say(f"computes in {r['numeric']}, {r['libraries']}")
        return True

    def device(self):
        asked = "name,uuid,driver_version,compute_cap,memory.total"
        code, text, _ = run(["nvidia-smi", f"--query-gpu={asked}",
                             "--format=csv,noheader"])
        if code:
            return {"missing": text.strip()}
        row = [cell.strip() for cell in text.splitlines()[0].split(",")]
        return dict(zip(("name", "uuid", "driver", "capability", "memory"),
                        row))

    # --- tests ---------------------------------------------------------------

    def test_programs(self):
        """Those whose first lines say that they run on every device."""
        for path in sorted((TREE / "tests").glob("*/test_*.c")):
            with path.open() as f:
                head = "".join(f.readline() for _ in range(12))
            if re.search(r"^/\* on: .*cuda", head, re.M) and re.search(
                    self.chosen.only, path.stem):
                yield self.programs / path.stem

    def run_tests(self):
        rows = self.report["tests"] = []
        env = dict(self.env, OSTEON_TEST_BACKEND="cuda")
        for program in self.test_programs():
            folder = self.work / program.name
            folder.mkdir()
            code, text, seconds = run([program], env=env, cwd=folder)
            row = {"name": program.name, "ok": code == 0,
                   "seconds": round(seconds, 3)}
            say(f"{program.name}: {'ok' if code == 0 else 'FAILED'}, "
                f"{seconds:.1f} s")
            if code:
                row["output"] = tail(text)
                self.fail(f"{program.name} fails on the device")
            rows.append(row)
        if not rows:
            self.fail("no test was run")

    # --- the main workflow ---------------------------------------------------

    def run_workflow(self, backend):
        store, out = self.work / f"store_{backend}", self.work / f"out_{backend}"
        words = [self.build / "osteon", "run",
                 TREE / "workflows/contour_baseline.json", "--store", store,
                 "--out", out, "--backend", backend, "--quiet"]
        if self.chosen.standin:
            words += ["--preset", "small", "--set", "folds=2"]
        for value in self.chosen.set:
            words += ["--set", value]
        code, text, seconds = run(
            words, env=self.env if backend == "cuda" else self.cpu_env,
            cwd=self.work)
        if code:
            self.fail(f"the workflow fails on {backend}:\n{tail(text)}")
            return None
        return {"seconds": round(seconds, 2), "folder": out}

    def scores(self, folder):
        found = {}
        for path in folder.rglob("predictions.csv"):
            with path.open() as f:
                for row in csv.DictReader(f):
                    for name, value in row.items():
                        if name.startswith("score_"):
                            found[row["fold"], row["id"], name] = float(value)
        return found

    def compare_workflows(self):
        done = {name: self.run_workflow(name) for name in ("cpu", "cuda")}
        if not all(done.values()):
            return
        a, b = (self.scores(done[name]["folder"]) for name in ("cpu", "cuda"))
        apart = sorted(abs(a[k] - b[k]) for k in a.keys() & b.keys())
        median = statistics.median(apart) if apart else float("inf")
        self.report["workflow"] = {
            "cpu_seconds": done["cpu"]["seconds"],
            "device_seconds": done["cuda"]["seconds"], "scores": len(a),
            "median_difference": median,
            "greatest_difference": max(apart, default=None)}
        say(f"the main workflow: {done['cpu']['seconds']} s on the CPU, "
            f"{done['cuda']['seconds']} s on the device, scores {median:.2g} "
            f"apart (median of {len(apart)})")
        if a.keys() != b.keys() or median > CLOSE:
            self.fail(f"scores of the main workflow differ by {median:.2g}")

    # --- times ---------------------------------------------------------------

    def ask(self, requests):
        """Answers of bench_networks to each request, by name."""
        process = subprocess.Popen(
            [self.programs / "bench_networks", "cuda"], text=True,
            env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        answers = {}
        for name, request in requests:
            request = dict(request, repeats=self.chosen.repeats)
            try:
                process.stdin.write(json.dumps(request) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except BrokenPipeError:
                line = ""
            if not line:
                answers[name] = {"error": "bench_networks ended"}
                break
            answers[name] = json.loads(line)
        process.stdin.close()
        process.wait()
        return answers

    def ask_pytorch(self):
        if self.chosen.standin:
            return {}, {"missing": "the stand-in is no GPU to compare on"}
        code, text, _ = run(
            [self.chosen.python, TREE / "tests/gpu/torch_times.py",
             "--repeats", self.chosen.repeats], cwd=self.work)
        rows = [json.loads(line) for line in text.splitlines()
                if line.startswith("{")]
        if code or not rows:
            return {}, {"missing": tail(text, 3) or f"exit status {code}"}
        return {(row["kind"], row["name"]): row for row in rows[1:]}, rows[0]

    def compare_times(self, kind, requests, theirs):
        rows = self.report["losses" if kind == "loss" else f"{kind}s"] = []
        answers = self.ask(requests)
        for name, request in requests:
            answer = answers.get(name, {"error": "not asked"})
            row = {"name": name, "shape": request["shape"],
                   "ours": medians(answer)}
            peer = medians(theirs.get((kind, name), {}))
            if peer:
                row["pytorch"] = peer
                row["ratio"] = {what: round(row["ours"][what] / peer[what], 3)
                                for what in peer if what in row["ours"]}
            if "error" in answer:
                row["error"] = answer["error"]
                self.fail(f"{kind} {name}: {answer['error']}")
            rows.append(row)
            say(f"{kind} {name}: " + ", ".join(
                f"{what} {ms:.3f} ms" for what, ms in row["ours"].items()) +
                (f", ratios {row['ratio']}" if peer else ""))

    def time_networks(self):
        small = self.chosen.standin
        theirs, self.report["pytorch"] = self.ask_pytorch()
        if "missing" in self.report["pytorch"]:
            say(f"PyTorch: {self.report['pytorch']['missing']}")
            if not self.chosen.standin and self.chosen.need_pytorch:
                self.fail("there is no PyTorch to compare with")
        self.compare_times("layer", list(cases.layer_requests(small)), theirs)
        self.compare_times("loss", list(cases.loss_requests(small)), theirs)
        self.compare_times("update", list(cases.update_requests(small)),
                           theirs)
        models = {what: [(name, {"file": str(path), "shape": shape,
                                 "what": what})
                         for name, path, shape in cases.model_shapes(
                             TREE / "workflows/models", small)]
                  for what in ("train", "infer")}
        self.compare_times("model", models["train"], theirs)
        steps = self.report["models"]
        self.compare_times("model", models["infer"], theirs)
        for step, infer in zip(steps, self.report["models"]):
            for what in ("ours", "pytorch", "ratio"):
                if what in infer:
                    infer[what] = {**step.get(what, {}), **infer[what]}

    def time_images(self):
        side = 32 if self.chosen.standin else 2048
        found = {}
        for backend, env in (("cpu", self.cpu_env), ("cuda", self.env)):
            code, text, _ = run([self.programs / "bench_images", backend, side,
                                 self.chosen.repeats], env=env)
            found[backend] = {row["operator"]: row for row in map(
                json.loads, (line for line in text.splitlines()
                             if line.startswith("{")))}
            if code:
                self.fail(f"bench_images {backend}: {tail(text, 3)}")
        rows = self.report["images"] = []
        for name, cpu in found["cpu"].items():
            ours = found["cuda"].get(name, {"ms": [], "error": True})
            if "error" in ours or "error" in cpu:
                rows.append({"name": name, "error": True})
                continue
            a, b = statistics.median(ours["ms"]), statistics.median(cpu["ms"])
            same = ours["sum"] == cpu["sum"]
            rows.append({"name": name, "milliseconds": a, "cpu": b,
                         "ratio": round(a / b, 3), "same": same})
            if not same:
                self.fail(f"{name}: other bytes than on the CPU")
        say(f"{len(rows)} operators on images of {side}x{side}")

    # --- compute-sanitizer ---------------------------------------------------

    def sanitize(self):
        tool = shutil.which("compute-sanitizer") or shutil.which(
            "/usr/local/cuda/bin/compute-sanitizer")
        if self.chosen.standin:
            why = "the stand-in is no GPU; it has checks of its own"
        elif not self.chosen.sanitizer:
            why = "not wanted"
        elif not tool:
            why = "there is no compute-sanitizer"
        else:
            why = None
        if why:
            self.report["sanitizer"] = {"missing": why}
            say(f"compute-sanitizer: {why}")
            if tool is None and self.chosen.sanitizer and not \
                    self.chosen.standin:
                self.fail(why)
            return
        rows = self.report["sanitizer"] = []
        env = dict(self.env, OSTEON_TEST_BACKEND="cuda",
                   OSTEON_CUDA_GRAPHS="0")
        for check in TOOLS:
            for program in self.test_programs():
                code, text, seconds = run(
                    [tool, "--tool", check, "--error-exitcode", "9", program],
                    env=env, cwd=self.work)
                rows.append({"tool": check, "program": program.name,
                             "ok": code == 0, "seconds": round(seconds, 1)})
                say(f"{check} {program.name}: "
                    f"{'ok' if code == 0 else 'FAILED'}")
                if code:
                    rows[-1]["output"] = tail(text)
                    self.fail(f"{check} finds faults in {program.name}")

    def all(self):
        if self.describe():
            self.run_tests()
            self.compare_workflows()
            self.time_networks()
            self.time_images()
            self.sanitize()
        text = json.dumps(self.report, indent=1)
        self.chosen.output.write_text(text + "\n")
        say(f"{self.chosen.output}: "
            f"{'all well' if self.report['ok'] else 'with failures'}")
        return 0 if self.report["ok"] else 1


def medians(times):
    return {what: statistics.median(values) for what, values in times.items()
            if isinstance(values, list) and values}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--standin", action="store_true")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--need-pytorch", action="store_true")
    parser.add_argument("--no-sanitizer", dest="sanitizer",
                        action="store_false")
    parser.add_argument("--only", default="")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--work")
    return Check(parser.parse_args()).all()


sys.exit(main())
