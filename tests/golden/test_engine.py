#!/usr/bin/env python3
"""The contract of run, plan and explain: verdicts, reasons, events, statuses."""
import json
import os
import pathlib
import sys

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
from runs import (STUDY, check, digests, events, osteon, totals, verdicts,
                  write)

WORKFLOW = {
    "osteon": 1,
    "name": "contract",
    "params": {"low": 100, "fill": 1},
    "axes": {"arm": {"values": ["plain", "soft"]}},
    "nodes": {
        "phantom": {"stage": "phantom",
                    "with": {"kind": "xray", "patients": 3, "size": [32, 32]}},
        "images": {"stage": "ingest", "in": "phantom"},
        "contours": {"stage": "canny", "in": "images", "with": {"low": "${low}"}},
        "resized": {"stage": "resize", "per": ["arm"],
                    "in": {"case": "${arm}", "plain": "images",
                           "soft": "contours"},
                    "with": {"size": [16, 16]}},
        "note": {"stage": "value", "in": "resized",
                 "with": {"data": {"score": 0.5, "fill": "${fill}"}}},
    },
    "outputs": {"images": "contours", "both": "resized", "note": "note"},
}


def steps(*words):
    done = osteon("plan", "w.json", "--store", "store", "--json", *words)
    return {s["step"]: s for s in json.loads(done.stdout)}


def plan_says_what_and_why():
    plan = steps()
    check(list(plan) == ["phantom", "images", "contours", "resized[arm=plain]",
                         "resized[arm=soft]", "note"], f"steps: {list(plan)}")
    check(set(plan["phantom"]) == {"step", "node", "stage", "verdict", "reason",
                                   "key", "numeric", "gpu"},
          f"members: {plan['phantom']}")
    check(plan["phantom"]["verdict"] == "run" and
          plan["phantom"]["reason"] == "first run" and
          len(plan["phantom"]["key"]) == 64, str(plan["phantom"]))
    check(plan["note"] == {"step": "note", "node": "note", "stage": "value",
                           "verdict": "maybe",
                           "reason": "waits for resized[arm=plain]",
                           "key": None, "numeric": None, "gpu": False},
          str(plan["note"]))
    check(not pathlib.Path("store").exists(), "plan made a store")


def events_tell_every_step():
    done = osteon("run", "w.json", "--store", "store", "--out", "out",
                  "--events", "-")
    seen = events(done.stdout)
    check(seen[0]["event"] == "run_started" and seen[0]["steps"] == 9,
          str(seen[0]))
    check(totals(done.stdout) == {**totals(done.stdout), "status": "ok",
                                  "exit_status": 0, "ran": 9, "cached": 0,
                                  "failed": 0, "skipped": 0},
          str(totals(done.stdout)))
    finished = [e for e in seen if e["event"] == "step_finished"]
    check(len(finished) == 9, f"{len(finished)} steps finished")
    for e in finished:
        check(e["verdict"] == "ran" and e["seconds"] >= 0 and
              len(e["key"]) == 64 and e["outputs"], str(e))
    started = [e["step"] for e in seen if e["event"] == "step_started"]
    check(sorted(started) == sorted(e["step"] for e in finished), str(started))
    keys = {e["step"]: e["key"] for e in finished}
    check(all(s["verdict"] == "cached" and s["key"] == keys[n]
              for n, s in steps().items()), "plan and run disagree on keys")
    names = set(digests("out"))
    check({"note.json", "images/items.csv", "both/arm=plain/items.csv",
           "both/arm=soft/items.csv"} <= names, f"outputs: {names}")


def again_is_cached():
    before = digests("out")
    done = osteon("run", "w.json", "--store", "store", "--out", "out",
                  "--events", "events")
    check("all nodes" in done.stdout, done.stdout)
    text = pathlib.Path("events").read_text()
    check(set(verdicts(text).values()) == {"cached"}, text)
    check(all(e["outputs"] for e in events(text)
              if e["event"] == "step_finished"), text)
    check(totals(text)["cached"] == 9, text)
    check(digests("out") == before, "other bytes")
    quiet = osteon("run", "w.json", "--store", "store", "--quiet")
    check(quiet.stdout == quiet.stderr == "", quiet.stdout + quiet.stderr)


def a_change_is_explained():
    plan = steps("--set", "low=80")
    check(plan["images"]["verdict"] == "cached", str(plan["images"]))
    check(plan["contours"]["reason"] == "param low: 100 -> 80",
          str(plan["contours"]))
    check(plan["resized[arm=plain]"]["verdict"] == "cached", "wrong arm")
    check(plan["resized[arm=soft]"]["verdict"] == "maybe", "wrong arm")
    done = osteon("explain", "w.json", "note", "--store", "store", "--set",
                  "low=80")
    check("resized[arm=soft] <- contours: param low: 100 -> 80" in done.stdout,
          done.stdout)
    done = osteon("explain", "w.json", "contours", "--store", "store", "--set",
                  "low=80")
    check("contours: run" in done.stdout and
          "param low: 100 -> 80" in done.stdout, done.stdout)
    osteon("run", "w.json", "--store", "store", "--set", "low=80", "--target",
           "contours", "--quiet")
    plan = steps("--set", "low=80")
    check(plan["resized[arm=soft]"]["reason"] ==
          "input in changed (via contours: param low: 100 -> 80)",
          str(plan["resized[arm=soft]"]))


def a_wrong_workflow_leaves_no_store():
    write("wrong.json", {**WORKFLOW, "nodes": {"a": {"stage": "vlue"}}})
    for name in ("wrong.json", "nowhere.json"):
        osteon("run", name, "--store", "never", status=2)
        osteon("plan", name, "--store", "never", status=2)
    check(not pathlib.Path("never").exists(), "a store was made for nothing")


def targets_and_force():
    done = osteon("run", "w.json", "--store", "store", "--target", "images",
                  "--force", "images", "--events", "-")
    check(verdicts(done.stdout) == {"phantom": "cached", "images": "ran"},
          done.stdout)
    done = osteon("run", "w.json", "--target", "imagse", "--store", "store",
                  status=2)
    check("did you mean 'images'?" in done.stderr, done.stderr)
    osteon("explain", "w.json", "nothing", "--store", "store", status=2)


def statuses():
    gated = {**WORKFLOW, "outputs": {"note": {
        "from": "note", "gate": {"score": ">= 0.75"}}}}
    write("gated.json", gated)
    done = osteon("run", "gated.json", "--store", "store", "--out", "gated",
                  status=3)
    check("FAILED  note: score >= 0.75 (is 0.5)" in done.stdout, done.stdout)
    check(pathlib.Path("gated/note.json").exists(), "no outputs beside a gate")
    wrong = {**WORKFLOW, "nodes": {"note": {
        "stage": "exec", "with": {"command": ["true"]}}}, "outputs": {}}
    write("exec.json", wrong)
    done = osteon("run", "exec.json", "--store", "store", status=2)
    check("--allow exec" in done.stderr, done.stderr)
    nodes = dict(STUDY["nodes"])
    nodes["trained"] = {**nodes["trained"], "needs": {"gpu": "require"}}
    write("gpu.json", {**STUDY, "nodes": nodes})
    done = osteon("plan", "gpu.json", "--store", "store", status=None)
    check(done.returncode == 0 or "GPU" in done.stderr, done.stderr)


write("w.json", WORKFLOW)
plan_says_what_and_why()
events_tell_every_step()
again_is_cached()
a_change_is_explained()
a_wrong_workflow_leaves_no_store()
targets_and_force()
statuses()
