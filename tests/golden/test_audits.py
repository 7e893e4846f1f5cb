#!/usr/bin/env python3
"""The audits of workflows/audits/ find what is known about their papers, and
what cannot be audited is refused in words that help.

EXPECT names every verdict of every audit, in any order.  A row that starts
with "..." names numbers of the verdict before it: the path of a witness, the
value, and how many of its decimals count (else all do); a range has to hold
the value.
"""
import json
import os
import pathlib
import random
import sys
from fractions import Fraction

SOURCE = pathlib.Path(os.environ["OSTEON_SOURCE"])
AUDITS = SOURCE / "workflows" / "audits"
sys.path.insert(0, str(SOURCE / "tests" / "support"))
sys.path.insert(0, str(SOURCE / "tests" / "golden"))
import runs  # noqa: E402
from audit_expectations import EXPECT, REFUSED, SHARE  # noqa: E402
from runs import check  # noqa: E402


def audit(name):
    runs.osteon("run", AUDITS / f"{name}.json", "--store", "store", "--out",
                name, "--quiet")
    return json.loads((pathlib.Path(name) / "audit.json").read_text())


def find(verdict, path):
    """Members and elements, by words with a point between."""
    at = verdict
    for word in path.split("."):
        at = at[int(word)] if isinstance(at, list) else at[word]
    return at


def check_number(name, verdict, path, value, decimals=None):
    got = find(verdict, path)
    if isinstance(got, list):
        same = got[0] - 5e-5 <= value <= got[1] + 5e-5
    elif decimals == SHARE:
        same = abs(got - value) <= value / 50
    elif decimals is None:
        same = got == value
    else:
        same = abs(got - value) <= 0.5000001 * 10 ** -decimals
    check(same, f"{name}: {verdict['claim']}, {verdict['rule']}: {path} is "
          f"{got} instead of {value}")


def check_audit(name):
    document = audit(name)
    left = list(document["verdicts"])
    last = None
    for row in EXPECT[name]:
        if row[0] == "...":
            check_number(name, last, *row[1:])
            continue
        claim, rule, verdict, *words = row
        last = next((v for v in left if v["claim"] == claim
                     and v["rule"] == rule and v["verdict"] == verdict
                     and all(w in v["reason"] + v.get("warning", "")
                             for w in words)), None)
        check(last, f"{name}: no {row}")
        left.remove(last)
        check(last["source"] is not None, f"{name}: {claim}: no source")
    check(not left, f"{name}: not expected: "
          f"{[(v['claim'], v['rule'], v['verdict'], v['reason']) for v in left]}")
    summary = document["summary"]
    check(summary["n"] == len(document["verdicts"]) and summary["n"] == sum(
        summary[k] for k in ("consistent", "infeasible", "plausible",
                             "undecided")), f"{name}: summary {summary}")
    print(f"{name}: {summary}")


def one_node(params):
    return {"osteon": 1, "name": "one",
            "nodes": {"audit": {"stage": "audit", "with": params}},
            "outputs": {"audit": {"from": "audit",
                                  "gate": {"summary.infeasible": "<= 0"}}}}


def check_refusals():
    for i, (params, words) in enumerate(REFUSED):
        path = runs.write(f"refused{i}.json", one_node(params))
        done = runs.osteon("run", path, "--store", "store", status=None)
        check(done.returncode == 2 and words in done.stderr,
              f"{json.dumps(params)}: exit status {done.returncode}: "
              f"{done.stderr} (expected '{words}')")


def check_ends():
    """A gate or an error ends a run that has found something."""
    wrong = {"claims": [{"rule": "counts", "name": "sum", "holds": "1+1=3"}]}
    path = runs.write("gate.json", one_node(wrong))
    runs.osteon("run", path, "--store", "store", status=3)
    path = runs.write("ends.json",
                      one_node({**wrong, "on_infeasible": "error"}))
    done = runs.osteon("run", path, "--store", "store", status=1)
    check("sum is infeasible: 1+1=3: 1+1 is 2, not 3" in done.stderr,
          f"on_infeasible: {done.stderr}")
    path = runs.write("right.json", one_node(
        {"claims": [{"rule": "counts", "holds": "1 + 1 = 2"}]}))
    runs.osteon("run", path, "--store", "store")


def print_share(value, rng):
    """A fraction with 1 to 4 decimals, some as a percentage, half to even."""
    decimals = rng.randint(1, 4)
    percent = rng.random() < 0.5
    shown = value * 100 if percent else value
    scaled = round(shown * 10 ** decimals)
    return f"{scaled // 10 ** decimals}.{scaled % 10 ** decimals:0{decimals}}" \
        + (" %" if percent else "")


def figures_of(tp, fp, fn, tn):
    def share(k, n):
        return Fraction(k, n) if n else Fraction(0)
    recall, specificity = share(tp, tp + fn), share(tn, tn + fp)
    return {"accuracy": share(tp + tn, tp + fp + fn + tn), "recall": recall,
            "specificity": specificity, "precision": share(tp, tp + fp),
            "npv": share(tn, tn + fn), "f1": share(2 * tp, 2 * tp + fp + fn),
            "balanced_accuracy": (recall + specificity) / 2}


def random_table(i, rng):
    """A row printed from matrices that were there: one, or several folds."""
    folds = rng.choice([1, 1, rng.randint(2, 10)])
    positive, negative = rng.randint(1, 40), rng.randint(1, 40)
    sums = {}
    for _ in range(folds):
        tp, tn = rng.randint(0, positive), rng.randint(0, negative)
        for name, value in figures_of(tp, negative - tn, positive - tp,
                                      tn).items():
            sums[name] = sums.get(name, 0) + value
    row = {name: print_share(value / folds, rng)
           for name, value in sums.items() if rng.random() < 0.7}
    return {"name": f"table {i}", "n": positive + negative,
            "positives": positive, "mean_over": folds, "rows": [row]}


def check_random():
    """What was printed from real matrices is never called infeasible."""
    rng = random.Random(20)
    tables = [random_table(i, rng) for i in range(400)]
    path = runs.write("random.json", one_node({"tables": tables}))
    runs.osteon("run", path, "--store", "store", "--out", "random", "--quiet",
                status=None)
    verdicts = json.loads(pathlib.Path("random/audit.json").read_text())
    wrong = [v for v in verdicts["verdicts"] if v["verdict"] == "infeasible"]
    check(not wrong, f"infeasible, and yet real: {wrong[:1]}: "
          f"{[t for t in tables if wrong and t['name'] in wrong[0]['claim']]}")
    rules = {v["rule"] for v in verdicts["verdicts"]}
    check({"f1", "accuracy_between", "prevalence", "balanced_accuracy",
           "whole_counts", "confusion_matrix"} <= rules, f"rules {rules}")


def check_page():
    """What docs/audit.md says of its example."""
    page = (SOURCE / "docs" / "audit.md").read_text()
    text = page.split("```json\n")[1].split("```")[0]
    path = runs.write("page.json", json.loads(text))
    runs.osteon("run", path, "--store", "store", "--out", "page", "--quiet")
    document = json.loads(pathlib.Path("page/audit.json").read_text())
    reasons = " ".join(v["reason"] for v in document["verdicts"])
    check(document["summary"]["consistent"] == document["summary"]["n"]
          and "tp 50, fp 10, fn 4, tn 59" in reasons and "Pearson" in reasons,
          f"docs/audit.md: not what it says: {document}")


def check_too_large():
    """A search that would take long says what narrows it."""
    row = {"accuracy": "0.9", "f1": "0.8"}
    path = runs.write("large.json", one_node({"tables": [
        {"name": "sizes", "n": {"from": 1, "to": 5000}, "rows": [row]},
        {"name": "totals", "n": 900, "classes": ["a", "b", "c"],
         "rows": [row]},
        {"name": "one size", "n": 1000000, "positives": 500000,
         "rows": [{"balanced_accuracy": "0.91", "npv": "0.912"}]}]}))
    runs.osteon("run", path, "--store", "store", "--out", "large", "--quiet")
    verdicts = json.loads(pathlib.Path("large/audit.json").read_text())
    reasons = [v["reason"] for v in verdicts["verdicts"]
               if v["verdict"] == "undecided"]
    check(len(reasons) == 3 and "say 'positives', or fewer sizes" in reasons[0]
          and "say 'totals', or give more" in reasons[1]
          and "fewer sizes 'n', or another figure" in reasons[2],
          f"too large: {reasons}")


def main():
    names = {path.stem for path in AUDITS.glob("*.json")}
    check(names == EXPECT.keys(), f"audits {names} for {EXPECT.keys()}")
    for name in sorted(names):
        check_audit(name)
    check_refusals()
    check_ends()
    check_too_large()
    check_page()
    check_random()


main()
