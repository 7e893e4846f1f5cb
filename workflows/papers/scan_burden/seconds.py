#!/usr/bin/env python3
"""Seconds per patient, from the events of a run: what a new scan costs.

    osteon run workflow.json --events events.jsonl ...
    python3 seconds.py events.jsonl

Counts the steps between the files and the report, each divided by the patients
that it was run for; training does not count, nor the start of processes.  A
step that was not computed in this run has no time: use a new store.
"""
import json
import sys

# Of all patients, and of the test patients alone.
ALL = ["images", "light", "dark", "light_views", "dark_views", "pairs", "four",
       "sized", "counted", "tiles"]
TEST = ["judged_tiles", "judged", "accepted_lesion", "accepted_bladder",
        "drawn_lesion", "drawn_bladder", "stitched_lesion", "stitched_bladder",
        "found_lesion", "found_bladder", "unmarked", "unmarked_bladder",
        "with_bladder", "marked", "marked_channels", "located", "lesions",
        "burden", "reports"]

steps = {}
with open(sys.argv[1]) as file:
    for line in file:
        event = json.loads(line)
        if event["event"] == "step_finished" and "direct" not in event["step"]:
            steps[event["node"]] = event
for node in ALL + TEST:
    if steps.get(node, {}).get("verdict") != "ran":
        sys.exit(f"'{node}' was not computed in this run")
parts = {"read": (ALL, steps["sized"]["computed"]),
         "judge and report": (TEST, steps["unmarked"]["computed"])}
whole = 0
for name, (nodes, patients) in parts.items():
    seconds = sum(steps[node]["seconds"] for node in nodes) / patients
    whole += seconds
    print(f"{name:18}{seconds:9.4f} s  ({patients} patients)")
print(f"{'per patient':18}{whole:9.4f} s")
