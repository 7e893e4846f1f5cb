#!/usr/bin/env python3
"""Patients of DICOM files and the site's secret: pseudonyms that are the same
at every site with the secret, and neither the secret nor a patient anywhere in
the store, the outputs, the events or the logs."""
import csv
import hashlib
import hmac
import json
import os
import pathlib
import sys

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
from dicom import dicom_file
from runs import osteon, remove, verdicts, write

SECRET = "a secret of more than sixteen bytes"
PATIENTS = {"scans/1.dcm": ("Tell^Tale", "ID-4711"),
            "scans/2.dcm": ("Tell^Tale", "ID-4711"),
            "scans/3.dcm": ("Some^Body", "ID-0815")}
WORKFLOW = {
    "osteon": 1,
    "name": "private",
    "inputs": {"scans": {"type": "dataset"}},
    "nodes": {
        "images": {"stage": "ingest", "in": "$scans",
                   "with": {"labels": "none"}},
        "small": {"stage": "resize", "in": "images", "with": {"size": [2, 2]}},
    },
    "outputs": {"small": "small", "report": "images.report"},
}


def check(words, condition):
    if not condition:
        raise SystemExit(words)


def mac(key, text):
    return hmac.new(key, text, hashlib.sha256)


def pseudonym(secret, patient):
    """What docs/dicom.md says that a pseudonym is."""
    key = mac(secret.encode(), b"osteon pseudonyms 1").digest()
    return mac(key, b"patient\0\0" + patient.encode()).hexdigest()[:20]


def write_secret(path, text, mode=0o600):
    pathlib.Path(path).write_text(text + "\n")
    os.chmod(path, mode)


def run(*words, status=0, env=None):
    return osteon("run", "w.json", "--bind", "scans=scans", "--events", "-",
                  "--quiet", "--out", "out", "-d", "plan,explain,store,worker,stats",
                  *words, status=status, env=env)


def groups():
    with open("out/small/items.csv", newline="") as table:
        return {row["id"]: row["group"] for row in csv.DictReader(table)}


def refuse_traces(*texts):
    """None of the words of the secret or the patients is in any of the texts
    or in any file that a run wrote."""
    key = mac(SECRET.encode(), b"osteon pseudonyms 1").digest()
    words = [SECRET.encode(), key, key.hex().encode(), b"Tell^Tale",
             b"Some^Body", b"ID-4711", b"ID-0815", b"1.2.840.99999"]
    places = {f"text {i}": t.encode() for i, t in enumerate(texts)}
    for folder in ("store", "out"):
        for path in pathlib.Path(folder).rglob("*"):
            if path.is_file():
                places[str(path)] = path.read_bytes()
    check("places to look at", len(places) > 5)
    for place, data in places.items():
        for word in words:
            check(f"{word!r} in {place}", word not in data)


def pseudonyms_need_the_secret_alone():
    done = run("--store", "store", "--profile", "profile.json")
    want = {pathlib.Path(path).stem: pseudonym(SECRET, patient)
            for path, (_, patient) in PATIENTS.items()}
    check("groups", groups() == want)
    refuse_traces(done.stdout, done.stderr)
    done = run("--store", "store", "--profile", "profile.json")
    check("idle", set(verdicts(done.stdout).values()) <= {"cached"})
    # Another place and another way to name it are the same secret.
    write_secret("elsewhere", SECRET)
    done = run("--store", "store", env={"OSTEON_SECRET_FILE": "elsewhere"})
    check("same mark", set(verdicts(done.stdout).values()) <= {"cached"})
    done = run("--store", "other", env={"OSTEON_SECRET_FILE": "elsewhere"})
    check("another site", groups() == want)


def another_secret_is_another_key():
    write_secret("secret", SECRET[::-1])
    text = osteon("explain", "w.json", "images", "--bind", "scans=scans",
                  "--store", "store", "--profile", "profile.json").stdout
    check(f"explain: {text}", "secret" in text)
    done = run("--store", "store", "--profile", "profile.json")
    check("computed again", verdicts(done.stdout)["images"] == "ran")
    check("groups", set(groups().values()) ==
          {pseudonym(SECRET[::-1], who) for _, who in PATIENTS.values()})
    write_secret("secret", SECRET)
    done = run("--store", "store", "--profile", "profile.json")
    check("as before", set(verdicts(done.stdout).values()) <= {"cached"})


def without_a_secret_nothing_is_derived_from_names():
    done = run("--store", "third")
    check("groups", groups() == {"1": "patient:1", "2": "patient:1",
                                 "3": "patient:3"})
    refuse_traces(done.stdout, done.stderr)


def a_secret_that_is_none_is_refused():
    write_secret("secret", SECRET, 0o644)
    done = run("--store", "store", "--profile", "profile.json", status=2)
    check(done.stderr, "profile.json:1:" in done.stderr and
          "is open to others (mode 0644)" in done.stderr)
    check("no secret in the message", SECRET not in done.stderr)
    os.unlink("secret")
    done = run("--store", "store", "--profile", "profile.json", status=2)
    check(done.stderr, "cannot read the secret" in done.stderr)
    done = run("--store", "store", status=2,
               env={"OSTEON_SECRET_FILE": "nowhere"})
    check(done.stderr, "OSTEON_SECRET_FILE: cannot read the secret 'nowhere'"
          in done.stderr)


remove("store", "other", "third", "out", "scans")
for name, (person, patient) in PATIENTS.items():
    path = pathlib.Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(dicom_file(person, patient,
                                "1.2.840.99999." + path.stem))
write("w.json", WORKFLOW)
write("profile.json", {"secret": "secret"})
write_secret("secret", SECRET)
pseudonyms_need_the_secret_alone()
another_secret_is_another_key()
without_a_secret_nothing_is_derived_from_names()
a_secret_that_is_none_is_refused()
