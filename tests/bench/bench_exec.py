#!/usr/bin/env python3
"""Steps of the stage `exec` beside bare posix_spawn, by turns in the same run.

    bench_exec.py OSTEON [STEPS]

Both start /bin/true STEPS times (default 2000), as many at once as there are
cores.  One JSON line: programs per second of both (median of the rounds) and
their ratio; 0.85 or more is what is wanted.
"""
import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 5
CORES = len(os.sched_getaffinity(0))


def bare(steps):
    """Starts the next as soon as any one has ended."""
    running = collections.Counter()
    start = time.perf_counter()
    for _ in range(steps):
        if running["n"] == CORES:
            os.wait()
            running["n"] -= 1
        os.posix_spawn("/bin/true", ["true"], {})
        running["n"] += 1
    for _ in range(running["n"]):
        os.wait()
    return steps / (time.perf_counter() - start)


def through_osteon(osteon, steps, folder):
    workflow = folder / "exec.json"
    workflow.write_text(json.dumps({
        "osteon": 1,
        "name": "bench-exec",
        "axes": {"i": {"range": steps}},
        "nodes": {"x": {"stage": "exec", "per": ["i"],
                        "with": {"command": ["/bin/true"],
                                 "version": "${i}"}}},
        "outputs": {"x": "x[i=0]"},
    }))
    start = time.perf_counter()
    subprocess.run([osteon, "run", workflow, "--store", folder / "store",
                    "--allow", "exec", "--quiet", "--jobs", str(CORES)],
                   check=True)
    return steps / (time.perf_counter() - start)


def main():
    osteon = pathlib.Path(sys.argv[1]).resolve()
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    peer, ours = [], []
    for _ in range(ROUNDS):
        peer.append(bare(steps))
        with tempfile.TemporaryDirectory() as folder:
            ours.append(through_osteon(osteon, steps, pathlib.Path(folder)))
    peer, ours = statistics.median(peer), statistics.median(ours)
    print(json.dumps({"bench": "exec", "steps": steps, "cores": CORES,
                      "exec_per_s": round(ours), "spawn_per_s": round(peer),
                      "ratio": round(ours / peer, 3)}))


main()
