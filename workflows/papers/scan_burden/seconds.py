#!/usr/bin/env python3
"""Seconds per patient, from the events of a run: what a new scan costs.

    osteon run workflow.json --store new --events events.jsonl ...
    python3 seconds.py events.jsonl

Adds up the steps from the files at input `unseen` to the reports about them.
Training does not count, nor the start of processes.  What another step of the
run has computed counts once more; what no step of it has computed has no time:
use a new store.
"""
import json
import sys

CHAINS = {"read": ("new/", "new_tiles"), "find and report": ("told/",)}

if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
    sys.exit(__doc__.strip())
steps = []
with open(sys.argv[1]) as file:
    for line in file:
        event = json.loads(line)
        if event["event"] == "step_finished":
            steps.append(event)
patients = sum(e["computed"] for e in steps if e["node"] == "new/sized")
if not patients:
    sys.exit("no scans at input 'unseen' were read in this run")
seconds_of = {e["key"]: e["seconds"] for e in steps if e["verdict"] == "ran"}
whole = 0
for name, beginnings in CHAINS.items():
    chain = [e for e in steps if e["node"].startswith(beginnings)]
    for event in chain:
        if event["key"] not in seconds_of:
            sys.exit(f"'{event['step']}' was not computed in this run")
    seconds = sum(seconds_of[e["key"]] for e in chain) / patients
    whole += seconds
    print(f"{name:16}{seconds:9.4f} s")
print(f"{'per patient':16}{whole:9.4f} s  ({patients} patients)")
