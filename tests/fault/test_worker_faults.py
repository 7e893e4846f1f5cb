#!/usr/bin/env python3
"""Workers that die, sources that change, stores that cannot be written."""
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
from runs import (BIN, STUDY, check, digests, osteon, remove, totals, verdicts,
                  write)

# A sanitizer would turn the signal of the crash into an exit of its own.
BARE = {"ASAN_OPTIONS": "handle_segv=0", "TSAN_OPTIONS": "handle_segv=0"}


def crash_in_every_step():
    """A segmentation fault in step n: exit status 1, then the run goes on."""
    write("study.json", STUDY)
    osteon("run", "study.json", "--store", "reference", "--out", "expected")
    for n in (1, 4, 20):
        remove("store", "out")
        done = osteon("run", "study.json", "--store", "store", "--jobs", "1",
                      "--events", "-", status=1,
                      env={"OSTEON_FAULT": f"worker.crash:{n}", **BARE})
        check("killed by signal" in done.stdout + done.stderr,
              f"no word of the signal: {done.stderr}")
        before = {s for s, v in verdicts(done.stdout).items() if v == "ran"}
        done = osteon("run", "study.json", "--store", "store", "--out", "out",
                      "--events", "-")
        again = {s for s, v in verdicts(done.stdout).items() if v == "ran"}
        check(not before & again, f"computed again: {before & again}")
        check(digests("out") == digests("expected"), "other bytes")


def interrupt():
    """SIGINT keeps what is finished and gives 130."""
    remove("store")
    run = subprocess.Popen([BIN, "run", "study.json", "--store", "store",
                            "--events", "-"], stdout=subprocess.PIPE, text=True,
                           stderr=subprocess.DEVNULL)
    seen = ""
    for line in run.stdout:
        seen += line
        if '"step_started"' in line and '"trained[' in line:
            run.send_signal(signal.SIGINT)
            break
    seen += run.stdout.read()
    check(run.wait() == 130, f"exit status {run.returncode}")
    check(totals(seen)["status"] == "interrupted", "not called interrupted")
    before = {s for s, v in verdicts(seen).items() if v == "ran"}
    done = osteon("run", "study.json", "--store", "store", "--events", "-")
    after = verdicts(done.stdout)
    check(all(after[s] == "cached" for s in before), "computed again")


def read_only_store():
    """Neither a plan nor a run writes to what it may not write to."""
    if os.geteuid() == 0:
        return
    remove("locked")
    pathlib.Path("locked").mkdir(mode=0o500)
    done = osteon("run", "study.json", "--store", "locked/store", status=4)
    check("locked/store" in done.stderr, done.stderr)


def changed_source():
    """A file that changes while a run uses it: an error, nothing cached."""
    study = {**STUDY, "params": {**STUDY["params"], "fill": 1}}
    write("bound.json", study)
    files = pathlib.Path("files")
    remove("store", files)
    osteon("run", "bound.json", "--store", "store", "--target", "phantom")
    osteon("run", write("export.json", {
        "osteon": 1, "name": "files",
        "nodes": {"phantom": STUDY["nodes"]["phantom"]},
        "outputs": {"files": "phantom"}}), "--store", "store", "--out", ".")
    images = sorted(p for p in files.rglob("*.png"))
    check(images, "the phantoms are no files")
    remove("store2")
    run = subprocess.Popen(
        [BIN, "run", "bound.json", "--store", "store2", "--bind",
         "images=files", "--events", "-"], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    for line in run.stdout:
        if '"step_started"' in line and '"ingest"' in line:
            images[-1].write_bytes(images[0].read_bytes())
            break
    out, err = run.communicate()
    if run.returncode == 1:
        check(images[-1].name in out + err, f"does not name the file: {err}")
        osteon("run", "bound.json", "--store", "store2", "--bind",
               "images=files", "--out", "out2")
    else:
        check(run.returncode == 0, err)  # it was read before it changed
    remove("store3")
    osteon("run", "bound.json", "--store", "store3", "--bind", "images=files",
           "--out", "out3")
    osteon("run", "bound.json", "--store", "store2", "--bind", "images=files",
           "--out", "out2")
    check(digests("out2") == digests("out3"), "a mixed result was cached")


def two_runs():
    """Two runs at once on one store compute each step once."""
    remove("store")
    runs = [subprocess.Popen([BIN, "run", "study.json", "--store", "store",
                              "--events", f"events{i}", "--quiet"])
            for i in range(2)]
    for run in runs:
        check(run.wait() == 0, f"exit status {run.returncode}")
    ran = [{s for s, v in
            verdicts(pathlib.Path(f"events{i}").read_text()).items()
            if v == "ran"} for i in range(2)]
    check(not ran[0] & ran[1], f"computed twice: {ran[0] & ran[1]}")


def engine_dies_workers_too():
    """A killed engine leaves no worker behind."""
    remove("store")
    run = subprocess.Popen([BIN, "run", "study.json", "--store", "store",
                            "--events", "-", "--jobs", "2"],
                           stdout=subprocess.PIPE, text=True,
                           stderr=subprocess.DEVNULL)
    for line in run.stdout:
        if '"step_started"' in line and '"trained[' in line:
            break
    run.kill()
    run.wait()
    store = str(pathlib.Path("store").resolve())
    for _ in range(500):
        left = [p for p in pathlib.Path("/proc").glob("[0-9]*/cmdline")
                if runs_on(p, store)]
        if not left:
            return
        time.sleep(0.01)
    raise SystemExit(f"workers are left: {left}")


def runs_on(path, store):
    try:
        words = path.read_bytes().split(b"\0")
    except OSError:
        return False
    return b"osteon-worker" in words[0] and store.encode() in words


crash_in_every_step()
interrupt()
read_only_store()
changed_source()
two_runs()
engine_dies_workers_too()
