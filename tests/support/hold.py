"""A workflow whose second step waits: it makes the file at_it, and goes on when
there is a file go.  `first`, `hold`, `last`, in w.json."""
import pathlib
import subprocess
import time

from runs import BIN, check, write

AT_IT = pathlib.Path.cwd() / "at_it"
GO = pathlib.Path.cwd() / "go"
WORDS = ["run", "w.json", "--allow", "exec", "--store", "store", "--events",
         "-", "--jobs", "1"]


def prepare():
    line = (f"sleep 600 & touch {AT_IT}; while [ ! -e {GO} ]; do sleep 0.05; "
            "done; echo ok > result")
    write("w.json", {
        "osteon": 1, "name": "hold",
        "nodes": {
            "first": {"stage": "value", "with": {"data": {"n": 1}}},
            "hold": {"stage": "exec", "in": "first",
                     "with": {"command": [line], "shell": True,
                              "outputs": ["result"]}},
            "last": {"stage": "value", "in": "hold",
                     "with": {"data": {"n": 2}}}},
        "outputs": {"last": "last"}})


def wait(condition):
    while not condition():
        time.sleep(0.01)


def start():
    return subprocess.Popen([BIN, *WORDS], stdout=subprocess.PIPE, text=True,
                            stderr=subprocess.PIPE)


def wait_for_hold(run):
    wait(lambda: AT_IT.exists() or run.poll() is not None)
    check(run.poll() is None, "the run ended by itself")
