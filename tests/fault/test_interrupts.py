#!/usr/bin/env python3
"""Interrupts: the first keeps what is finished, the second ends at once.

SIGINT and SIGTERM mean the same.  Status 130, no process left, and the next
run goes on.
"""
import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
import hold
from hold import AT_IT, GO, wait
from runs import (check, children, descendants, osteon, remove, totals,
                  verdicts)


def start():
    remove("store")
    for path in (AT_IT, GO):
        path.unlink(missing_ok=True)
    run = hold.start()
    hold.wait_for_hold(run)
    return run


def state(pid):
    """The letter of /proc: T is stopped; None when it is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rsplit(")", 1)[1].split()[0]


def alone_again(label, processes):
    """Neither a worker nor what its programs have started is left."""
    for _ in range(1000):
        left = [p for p in processes if state(p) not in (None, "Z")]
        if not left:
            return
        time.sleep(0.01)
    raise SystemExit(f"{label}: processes are left: {left}")


def ended(label, run, processes):
    out, err = run.communicate()
    check(run.returncode == 130, f"{label}: status {run.returncode}: {err}")
    check("interrupted" in err, f"{label}: {err}")
    check(verdicts(out) == {"first": "ran"}, f"{label}: {out}")
    alone_again(label, processes)
    GO.touch()
    run = hold.start()
    wait(lambda: run.poll() is not None or len(descendants(run.pid)) > 2)
    processes = descendants(run.pid)
    done = run.communicate()[0]
    alone_again(label, processes)
    check(verdicts(done) == {"first": "cached", "hold": "ran",
                                    "last": "ran"}, f"{label}: {done}")
    check(totals(done)["status"] == "ok", label)
    osteon("store", "fsck", "--store", "store")
    print(f"{label}: status 130, the next run goes on")


def once(number):
    run = start()
    processes = descendants(run.pid)
    check(len(processes) >= 2, f"worker and program: {processes}")
    run.send_signal(number)
    ended(signal.Signals(number).name, run, processes)


def twice():
    """The worker cannot hear: only the second interrupt ends the run."""
    run = start()
    processes = descendants(run.pid)
    worker = children(run.pid)[0]
    os.kill(worker, signal.SIGSTOP)
    wait(lambda: state(worker) == "T")
    run.send_signal(signal.SIGINT)
    time.sleep(0.5)
    check(run.poll() is None, "the first interrupt did not wait")
    run.send_signal(signal.SIGINT)
    ended("SIGINT twice", run, processes)


hold.prepare()
once(signal.SIGINT)
once(signal.SIGTERM)
twice()
