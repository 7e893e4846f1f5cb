#!/usr/bin/env python3
"""Steps that hang, are killed or fail now and then, in worker processes.

The step fails by name and with what it had printed, exit status 1; what was
finished stays, and the next run goes on from there.
"""
import os
import pathlib
import sys
import time

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
from runs import check, events, osteon, remove, totals, verdicts, write

HERE = pathlib.Path.cwd()
GO = HERE / "go"  # until it is there, programs misbehave
TMP = HERE / "tmp"
NAP = "sleep 611"  # no other test sleeps as long
KILL_WORKER = f"kill -9 $PPID; {NAP}"


def program(misbehave, **words):
    """A step that misbehaves as long as the file GO is missing."""
    line = f"[ -e {GO} ] || {{ {misbehave}; }}; echo good > result"
    return {"stage": "exec", **words,
            "with": {"command": [line], "shell": True, "outputs": ["result"]}}


def workflow(middle):
    write("w.json", {
        "osteon": 1, "name": "workers",
        "nodes": {"first": {"stage": "value", "with": {"data": {"n": 1}}},
                  "middle": {**middle, "in": "first"},
                  "last": {"stage": "exec", "in": "middle",
                           "with": {"command": ["cat", "in/0/result"],
                                    "standard_output": "copy"}}},
        "outputs": {"last": "last"}})


def run(*words, status):
    return osteon("run", "w.json", "--allow", "exec", "--store", "store",
                  "--out", "out", "--events", "-", *words, status=status)


def message_of(done, step):
    return [e["message"] for e in events(done.stdout)
            if e["event"] == "step_finished" and e["step"] == step][-1]


def running(words):
    """Processes with these bytes in their command line."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if words in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def ends(words):
    """What was killed takes a moment to be gone."""
    for _ in range(100):
        if not running(words):
            return True
        time.sleep(0.1)
    return False


def fails_and_goes_on(label, middle, *expected):
    remove("store", "out")
    GO.unlink(missing_ok=True)
    workflow(middle)
    done = run(status=1)
    check(verdicts(done.stdout) == {"first": "ran", "middle": "failed"},
          f"{label}: {done.stdout}")
    check(totals(done.stdout)["skipped"] == 1, f"{label}: {done.stdout}")
    for words in expected:
        check(words in message_of(done, "middle"),
              f"{label}: no '{words}' in: {message_of(done, 'middle')}")
        check(words in done.stderr, f"{label}: no '{words}' on stderr")
    check("middle" in done.stderr, f"{label}: the step is not named")
    check(not pathlib.Path("out").exists(), f"{label}: outputs of a failure")
    check(ends(NAP.encode()), f"{label}: its program still runs")
    GO.touch()
    done = run(status=0)
    check(verdicts(done.stdout) == {"first": "cached", "middle": "ran",
                                    "last": "ran"}, f"{label}: {done.stdout}")
    check(pathlib.Path("out/last/copy").read_text() == "good\n", label)
    osteon("store", "fsck", "--store", "store")
    left = [p.name for p in TMP.iterdir()]
    check(not left, f"{label}: left in TMPDIR: {left}")
    print(f"{label}: fails by name, the next run goes on")


def retried(label, misbehave):
    """Two bad attempts of three: a success, with a warning for each."""
    remove("store", "out")
    GO.unlink(missing_ok=True)
    tries = HERE / "tries"
    tries.write_text("")
    workflow(program(f"echo x >> {tries}; [ $(wc -l < {tries}) -gt 2 ] || "
                     f"{{ {misbehave}; }}", retries=2, timeout=60))
    done = run(status=0)
    check(verdicts(done.stdout)["middle"] == "ran", done.stdout)
    check("trying again (1 of 2)" in done.stderr and
          "trying again (2 of 2)" in done.stderr, f"{label}: {done.stderr}")
    check(len(tries.read_text().split()) == 3, f"{label}: attempts")

    remove("store", "out")
    tries.write_text("")
    workflow(program(f"echo x >> {tries}; {misbehave}", retries=1, timeout=60))
    run(status=1)
    check(len(tries.read_text().split()) == 2, f"{label}: attempts")
    print(f"{label}: retried as often as asked for")


def only_one_is_to_blame():
    """One of many steps kills its worker: the others are computed."""
    remove("store", "out")
    GO.unlink(missing_ok=True)
    line = f"[ -e {GO} ] || [ ${{k}} != 7 ] || {{ {KILL_WORKER}; }}"
    write("w.json", {
        "osteon": 1, "name": "many", "axes": {"k": {"range": 20}},
        "nodes": {"many": {"stage": "exec", "per": ["k"],
                           "with": {"command": [line + "; echo ${k} > k"],
                                    "shell": True, "outputs": ["k"]}},
                  "apart": {"stage": "value", "with": {"data": {"n": 2}}},
                  "last": {"stage": "value", "in": "many",
                           "with": {"data": {"n": 3}}}},
        "outputs": {"last": "last", "apart": "apart"}})
    done = run("--keep-going", status=1)
    counts = totals(done.stdout)
    check((counts["ran"], counts["failed"], counts["skipped"]) == (20, 1, 1),
          f"{counts}")
    check(verdicts(done.stdout)["many[k=7]"] == "failed", done.stdout)
    GO.touch()
    counts = totals(run(status=0).stdout)
    check((counts["cached"], counts["ran"]) == (20, 2), f"{counts}")
    print("one of many: only that one fails, only it is computed again")


TMP.mkdir(exist_ok=True)
os.environ["TMPDIR"] = str(TMP)
fails_and_goes_on("a step that never returns",
                  program(f"echo at it; {NAP}", timeout=4),
                  "timeout of 4 s", "at it")
fails_and_goes_on("a worker that is killed",
                  program(KILL_WORKER), "signal 9", "needs.memory")
fails_and_goes_on("a program that fails", program("echo no luck >&2; exit 7"),
                  "status 7", "no luck")
retried("a worker that is killed", KILL_WORKER)
retried("a program that fails", "exit 1")
only_one_is_to_blame()
