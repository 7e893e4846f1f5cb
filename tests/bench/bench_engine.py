#!/usr/bin/env python3
"""The engine beside its peers, by turns in the same run.

    bench_engine.py BUILD_FOLDER [steps|exec|folder|start]...

BUILD_FOLDER holds `osteon`.  Without further words every bench is run.  The
workflow of `steps` has the shape of N/2 copies, N/2 chained copies and one
gather; `ninja` gets a build file of the same shape, with `cp` and `cat`.  One
JSON line a case: the best and the median of the rounds, in seconds.

    steps    idle, plan, cold and changed runs of 1,000 to 100,000 steps, and
             the engine's private memory (anonymous, in kB)
    exec     programs started a second, beside bare posix_spawn
    folder   one image added to 20,000: Canny's share, and the engine's time
             beside a bare stat of every file
    start    osteon --version
"""
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib

ROUNDS = 7
SIZES = (1000, 10000, 100000)


def timed(words, **more):
    began = time.perf_counter()
    done = subprocess.run([str(w) for w in words], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, **more)
    took = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{words}: {done.stderr.decode()}")
    return took


def show(bench, case, **figures):
    words = {"bench": bench, "case": case}
    for name, value in figures.items():
        if isinstance(value, list):
            words[name] = {"best": round(min(value), 6),
                           "median": round(statistics.median(value), 6)}
        else:
            words[name] = value
    print(json.dumps(words), flush=True)


# --- steps --------------------------------------------------------------------


def workflow(path, steps, fill=0):
    path.write_text(json.dumps({
        "osteon": 1, "name": f"bench{steps}",
        "params": {"n": steps // 2, "fill": fill},
        "axes": {"k": {"range": "${n}"}},
        "nodes": {
            "copy": {"stage": "value", "per": ["k"],
                     "with": {"data": {"k": "${k}"}}},
            "chain": {"stage": "value", "per": ["k"], "in": "copy",
                      "with": {"data": {"chained": "${k}"}}},
            "gather": {"stage": "value", "in": "chain",
                       "with": {"data": {"fill": "${fill}"}}},
        },
        "outputs": {"all": "gather"}}))


def ninja_file(folder, steps):
    half = steps // 2
    (folder / "in").mkdir(parents=True)
    lines = ["rule cp", "  command = cp $in $out",
             "rule cat", "  command = cat $in > $out", "  description = cat"]
    for i in range(half):
        (folder / "in" / f"{i}").write_text(f"{i}\n")
        lines.append(f"build a/{i}: cp in/{i}")
        lines.append(f"build b/{i}: cp a/{i}")
    # A command line has its limit: what gathers reads a list of names.
    outputs = " ".join(f"b/{i}" for i in range(half))
    lines += ["rule gather", "  command = xargs cat < $out.rsp > $out",
              "  rspfile = $out.rsp", "  rspfile_content = $in",
              f"build all: gather {outputs}", "default all"]
    (folder / "build.ninja").write_text("\n".join(lines) + "\n")


def private_memory(words):
    """The highest anonymous memory of a process while it runs, in kB."""
    run = subprocess.Popen([str(w) for w in words], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    peak = 0
    while run.poll() is None:
        try:
            text = pathlib.Path(f"/proc/{run.pid}/smaps_rollup").read_text()
        except OSError:
            continue
        found = re.search(r"Anonymous:\s+(\d+)", text)
        peak = max(peak, int(found.group(1)) if found else 0)
        time.sleep(0.002)
    return peak


def bench_steps(osteon, folder):
    for steps in SIZES:
        here = folder / f"steps{steps}"
        here.mkdir()
        wf, store = here / "w.json", here / "store"
        workflow(wf, steps)
        run = [osteon, "run", wf, "--store", store, "--quiet"]
        rounds = ROUNDS if steps < 100000 else 3
        plan = [timed([osteon, "plan", wf, "--store", here / "none"])
                for _ in range(rounds)]
        cold = []
        for _ in range(min(rounds, 3)):
            shutil.rmtree(store, ignore_errors=True)
            cold.append(timed(run))
        shutil.rmtree(store)
        memory = private_memory(run)
        ninja = shutil.which("ninja") if steps <= 10000 else None
        peer = here / "ninja"
        if ninja:
            ninja_file(peer, steps)
            first = timed([ninja, "-C", peer, "-j2"])
        idle, idle_peer, changed, changed_peer = [], [], [], []
        for i in range(rounds):
            idle.append(timed(run))
            if ninja:
                idle_peer.append(timed([ninja, "-C", peer, "-j2"]))
        for i in range(rounds):
            workflow(wf, steps, i + 1)
            changed.append(timed(run))
            if ninja:
                (peer / "in/0").write_text(f"{i + 1}\n")
                changed_peer.append(timed([ninja, "-C", peer, "-j2"]))
        show("steps", f"plan {steps}", osteon=plan)
        show("steps", f"cold {steps}", osteon=cold,
             steps_per_second=round(steps / min(cold)),
             **({"ninja": [first]} if ninja else {}))
        show("steps", f"idle {steps}", osteon=idle,
             **({"ninja": idle_peer,
                 "ratio": round(min(idle) / min(idle_peer), 3)}
                if ninja else {}))
        show("steps", f"one input changed {steps}", osteon=changed,
             **({"ninja": changed_peer} if ninja else {}))
        show("steps", f"memory {steps}", private_kb=memory)


# --- exec ---------------------------------------------------------------------

SPAWN = r"""
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
extern char **environ;
int main(int argc, char **argv)
{
    char *words[] = { "/bin/true", NULL };
    int n = argc > 1 ? atoi(argv[1]) : 1, running = 0;
    pid_t pid;

    for (int i = 0; i < n; i++) {
        if (running == 2) {
            wait(NULL);
            running--;
        }
        if (posix_spawn(&pid, words[0], NULL, NULL, words, environ))
            return 1;
        running++;
    }
    while (running--)
        wait(NULL);
    return 0;
}
"""


def bench_exec(osteon, folder, count=2000):
    here = folder / "exec"
    here.mkdir()
    (here / "spawn.c").write_text(SPAWN)
    subprocess.run(["cc", "-O2", "-o", here / "spawn", here / "spawn.c"],
                   check=True)
    (here / "w.json").write_text(json.dumps({
        "osteon": 1, "name": "programs", "axes": {"k": {"range": count}},
        "nodes": {"run": {"stage": "exec", "per": ["k"],
                          "with": {"command": ["/bin/true"],
                                   "version": "${k}"}}}}))
    ours, bare = [], []
    for _ in range(5):
        bare.append(timed([here / "spawn", count]))
        shutil.rmtree(here / "store", ignore_errors=True)
        ours.append(timed([osteon, "run", here / "w.json", "--store",
                           here / "store", "--allow", "exec", "--quiet"]))
    show("exec", f"{count} programs", osteon=ours, posix_spawn=bare,
         ratio=round(min(bare) / min(ours), 3))


# --- folder -------------------------------------------------------------------


SIDE = 256
RAMP = bytes(range(256)) * 3


def png(path, seed):
    """A gray image with diagonal edges; the seed is in its first pixels, since
    equal images would be computed once."""
    rows = bytearray(b"".join(b"\0" + RAMP[(seed + 3 * y) % 256:][:SIDE]
                              for y in range(SIDE)))
    rows[1:5] = seed.to_bytes(4, "big")

    def chunk(kind, data):
        return (len(data).to_bytes(4, "big") + kind + data +
                zlib.crc32(kind + data).to_bytes(4, "big"))

    size = SIDE.to_bytes(4, "big")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" +
                     chunk(b"IHDR", size + size + b"\x08\0\0\0\0") +
                     chunk(b"IDAT", zlib.compress(rows, 1)) +
                     chunk(b"IEND", b""))


def bare_stat(images):
    began = time.perf_counter()
    subprocess.run(["find", images, "-type", "f", "-size", "+1G"], check=True)
    return time.perf_counter() - began


def finished(folder, words):
    """Runs with events: seconds of each step, and of the whole."""
    events = folder / "events"
    whole = timed(words + ["--events", events])
    steps = {}
    for line in events.read_text().splitlines():
        e = json.loads(line)
        if e["event"] == "step_finished":
            steps[e["step"]] = e
    return steps, whole


def bench_folder(osteon, folder, count=20000):
    here = folder / "folder"
    images = here / "images"
    for i in range(count):
        if i % 1000 == 0:
            (images / f"{i // 1000}").mkdir(parents=True)
        png(images / f"{i // 1000}" / f"{i}.png", i)
    (here / "w.json").write_text(json.dumps({
        "osteon": 1, "name": "folder", "inputs": {"images": {"type": "dataset"}},
        "nodes": {"ingest": {"stage": "ingest", "in": "$images"},
                  "contours": {"stage": "canny", "in": "ingest"}},
        "outputs": {}}))
    words = [osteon, "run", here / "w.json", "--store", here / "store",
             "--bind", f"images={images}", "--quiet"]
    cold, whole = finished(here, words)
    show("folder", "cold", seconds=whole,
         canny=cold["contours"]["seconds"])
    stat, added, canny, engine = [], [], [], []
    for i in range(5):
        png(images / "0" / f"new{i}.png", count + i)
        steps, whole = finished(here, words)
        stat.append(bare_stat(images))
        added.append(whole)
        canny.append(steps["contours"]["seconds"])
        engine.append(whole - sum(s["seconds"] for s in steps.values()))
    idle = [timed(words) for _ in range(5)]
    show("folder", "one image added", whole=added, canny=canny,
         canny_share=round(min(canny) / cold["contours"]["seconds"], 5),
         engine=engine, bare_stat=stat,
         engine_ratio=round(min(engine) / min(stat), 2), idle=idle,
         idle_ratio=round(min(idle) / min(stat), 2))


def bench_start(osteon, folder):
    show("start", "--version",
         osteon=[timed([osteon, "--version"]) for _ in range(20)],
         true=[timed(["/bin/true"]) for _ in range(20)])


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    osteon = pathlib.Path(sys.argv[1]) / "osteon"
    benches = {"start": bench_start, "steps": bench_steps, "exec": bench_exec,
               "folder": bench_folder}
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        for name in sys.argv[2:] or benches:
            benches[name](osteon.resolve(), pathlib.Path(folder))


main()
