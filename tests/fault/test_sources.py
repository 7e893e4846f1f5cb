#!/usr/bin/env python3
"""Bound files that change while a run uses them: an error by name, nothing
cached, and the next run takes them as they are."""
import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
from pictures import png
from runs import BIN, check, digests, events, osteon, remove, verdicts, write

HERE = pathlib.Path.cwd()
AT_IT, GO = HERE / "at_it", HERE / "go"
IMAGES = pathlib.Path("images")
HOLD = (f"touch {AT_IT}; while [ ! -e {GO} ]; do sleep 0.02; done; "
        "ls > list")
ONE = IMAGES / "b/1.png"


def picture(seed):
    """Without compression all have the same size."""
    return png(seed, level=0)


def change():
    ONE.write_bytes(picture(50))


def change_in_secret():
    """The same size and times, as far as one can set them."""
    st = ONE.stat()
    with open(ONE, "r+b") as file:
        file.write(picture(53))
    os.utime(ONE, ns=(st.st_atime_ns, st.st_mtime_ns))


def replace():
    other = ONE.with_suffix(".new")
    other.write_bytes(picture(51))
    other.rename(ONE)


def add():
    (IMAGES / "a/9.png").write_bytes(picture(52))


def take_away():
    ONE.unlink()


def fresh_images():
    remove(str(IMAGES), "store", "out")
    for i in range(4):
        path = IMAGES / f"{'ab'[i % 2]}/{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(i))


def during(disturb, *words):
    """A run that is disturbed while its step `hold` waits."""
    AT_IT.unlink(missing_ok=True)
    GO.unlink(missing_ok=True)
    run = subprocess.Popen(
        [BIN, "run", "w.json", "--allow", "exec", "--store", "store",
         "--bind", "images=images", "--events", "-", "--jobs", "1", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not AT_IT.exists() and run.poll() is None:
        time.sleep(0.01)
    disturb()
    GO.touch()
    out, err = run.communicate()
    return run.returncode, out, err


def run_in(store):
    remove("out")
    osteon("run", "w.json", "--allow", "exec", "--store", store, "--bind",
           "images=images", "--out", "out")
    found = digests("out")
    remove("out")
    return found


def workflow(hold_in):
    hold = {"stage": "exec", "with": {"command": [HOLD], "shell": True,
                                      "outputs": ["list"]}}
    if hold_in:
        hold["in"] = hold_in
    nodes = {"hold": hold}
    last = "hold"
    # The longest way is gone first: a lone worker begins with `hold`.
    for i in range(4):
        nodes[f"after{i}"] = {"stage": "value", "in": last,
                              "with": {"data": {"i": i}}}
        last = f"after{i}"
    nodes["ingest"] = {"stage": "ingest", "in": "$images"}
    write("w.json", {
        "osteon": 1, "name": "sources",
        "inputs": {"images": {"type": "dataset"}}, "nodes": nodes,
        "outputs": {"items": "ingest", "list": "hold", "last": last}})


def while_it_is_used():
    """The step that uses the files fails, whatever was done to them."""
    workflow("$images")
    for disturb, name in ((change, "1.png"), (change_in_secret, "1.png"),
                          (replace, "1.png"), (add, "9.png"),
                          (take_away, "1.png")):
        fresh_images()
        status, out, err = during(disturb)
        label = disturb.__name__
        check(status == 1, f"{label}: status {status}\n{out}{err}")
        check(verdicts(out).get("hold") == "failed", f"{label}: {out}")
        check(name in err and "while it was used" in err, f"{label}: {err}")
        plan = json.loads(osteon(
            "plan", "w.json", "--store", "store", "--bind", "images=images",
            "--json").stdout)
        hold = [s for s in plan if s["step"] == "hold"]
        check(hold[0]["verdict"] == "run", f"{label}: cached: {hold}")
        check(run_in("store") == run_in("other"), f"{label}: other bytes")
        remove("other")
    print("five ways to change a file while a step uses it: named, not cached")


def before_it_is_used():
    """Between the look at the files and the step that reads them."""
    workflow(None)
    for disturb in (change, change_in_secret, replace, take_away):
        fresh_images()
        status, out, err = during(disturb)
        label = disturb.__name__
        order = [e["step"] for e in events(out)
                 if e["event"] == "step_started"]
        check({"hold", "ingest"} <= set(order) and
              order.index("hold") < order.index("ingest"),
              f"{label}: order {order}: {err}")
        check(status == 1, f"{label}: status {status}\n{out}{err}")
        check(verdicts(out).get("ingest") == "failed", f"{label}: {out}")
        check("1.png" in err, f"{label}: {err}")
        check(run_in("store") == run_in("other"), f"{label}: other bytes")
        osteon("store", "fsck", "--store", "store")
        remove("other")
    print("files that change before a step reads them: named, not cached")


while_it_is_used()
before_it_is_used()
