"""What is known about the papers of workflows/audits/, worked out by hand and
by programs of other hands; see test_audits.py."""

C, I, P, U = "consistent", "infeasible", "plausible", "undecided"


def each(claims, rule, verdict, *words):
    return [(claim, rule, verdict, *words) for claim in claims]


NECROSIS = ["real", "CycleGAN", "DCGAN", "ConvLSTM-GAN"]
NINETY = ["ConvLSTM-GAN at 90 %", "ConvLSTM-GAN at 90 %, other class positive"]
ROW = "witness.implied.0.share"

NECROSIS_SERIES = [
    # F1 = 2PR / (P + R) holds in all five rows.
    *each(NECROSIS + NINETY, "f1", C),
    # The share of positives that rows 1 to 4 imply is nowhere near 0.571.
    ("real", "prevalence", I, "0.0413..0.0423"),
    ("...", ROW, 0.0418),
    ("CycleGAN", "prevalence", I, "0.0478..0.0488"),
    ("...", ROW, 0.0483),
    ("DCGAN", "prevalence", I, "0.1070..0.1088"),
    ("...", ROW, 0.1079),
    ("ConvLSTM-GAN", "prevalence", I, "0.2820..0.2876"),
    ("...", ROW, 0.2848),
    # Row 5 fits 40/119 as positive, and not 79/119.
    (NINETY[0], "prevalence", P, "40/119 = 0.3361"),
    ("...", ROW, 0.329),
    (NINETY[1], "prevalence", I, "79/119 = 0.6639"),
    # The older triple of the text fits 58/119.
    ("figures of the text", "prevalence", C, "58/119 = 0.4874"),
    ("...", "witness.matches.0", "58/119"),
    # No confusion matrix for any row, and none on one test set.
    *each(NECROSIS + NINETY[:1], "confusion_matrix", I),
    ("...", "searched.matrices", 105851284),
    ("Table 3, 80 %", "common_test_set", I),
    ("...", "searched.matrices", 105851284),
    ("Table 3, 80 %", "whole_counts", I),
    (NINETY[0], "whole_counts", I),
    # Counts.
    ("patients", "counts", C), *each(["sequences"] * 4, "counts", C),
    ("label 0 and below 80 %", "counts", I, "68 is not 61"),
    ("split 2 : 1", "sizes", I, "89 / 30 is 2.96666667, not 2"),
    ("contours in two batches", "sizes", I, "130 / 2 is 65, not 130"),
    ("sequences of the text", "sizes", C),
    ("sequences of the table", "sizes", I, "89 + 260 is 349, not 379"),
    ("more than three times the real ones", "sizes", C, "379 / 119"),
    ("more than three times the real ones", "sizes", I, "2.93277311"),
]

FEMUR = ["AlexNet-BN", "GoogLeNet"]
F1_WAY = "witness.implied.1."

FEMUR_ALEXNET = [
    *each(FEMUR, "accuracy_between", I, "no share of positive cases"),
    ("AlexNet-BN", "prevalence", I, "165/500 = 0.3300 or 335/500 = 0.6700"),
    ("...", F1_WAY + "precision", 0.9550),
    ("...", F1_WAY + "share", 0.4815),
    ("...", F1_WAY + "accuracy", 0.9647),
    ("GoogLeNet", "prevalence", I),
    ("...", F1_WAY + "precision", 0.9124),
    ("...", F1_WAY + "share", 0.4454),
    ("...", F1_WAY + "accuracy", 0.9422),
    ("AlexNet-BN", "auc_band", I, "printed is 0.848"),
    ("...", "witness.auc.0", 0.931, 3),
    ("GoogLeNet", "auc_band", I, "printed is 0.688"),
    ("...", "witness.auc.0", 0.891, 3),
    ("AlexNet-BN", "whole_counts", I, "= 196.68", "= 491.7",
     "at best a mean over folds"),
    ("GoogLeNet", "whole_counts", I),
    ("Tables 2 and 3", "whole_counts", I),
    *each(FEMUR, "confusion_matrix", I),
    *each(["cases"] * 2, "counts", C),
]

MODELS = ["inRAC", "outRAC", "neither", "attention only", "residual only",
          "Inception", "VGG 11"]


def solution(i, right, predicted):
    """A diagonal and predicted totals, in the order of the paper."""
    names = ["ADMet", "nADMet", "NoMet"]
    return [("...", f"witness.solutions.{i}.{what}.{name}", value)
            for what, values in (("diagonal", right), ("predicted", predicted))
            for name, value in zip(names, values)]


SCAN_METASTASIS = [
    # All accuracies are k/n for n = 284 and multiples of it alone.
    ("accuracies on D3", "whole_counts", C, "n = 284 alone"),
    ("...", "witness.n.0", 284),
    *[(name, "whole_counts", C, f"is {k} of 284") for name, k in zip(
        MODELS + ["two classes"], (221, 191, 197, 200, 213, 153, 208, 236))],
    ("D1", "whole_counts", C, "115 of 187"),
    ("D2", "whole_counts", C, "393 of 564"),
    # One choice of class totals.
    ("D3 test set", "class_totals", C,
     "ADMet 103, nADMet 81, NoMet 100"),
    ("...", "witness.unordered.0.0", 81), ("...", "witness.unordered.0.1", 100),
    ("...", "witness.unordered.0.2", 103), ("...", "searched.totals", 6721),
    # The matrix of inRAC, and what follows from it.
    ("inRAC", "confusion_matrix", C, "1 confusion matrix"),
    *solution(0, (70, 67, 84), (84, 97, 103)),
    *[("...", f"witness.matrix.{t}.{p}", k) for t, row in (
        ("ADMet", (70, 22, 11)), ("nADMet", (6, 67, 8)), ("NoMet", (8, 8, 84)))
      for p, k in zip(("ADMet", "nADMet", "NoMet"), row)],
    ("...", "witness.solutions.0.accuracy", 0.77817, 5),
    ("...", "witness.solutions.0.precision", 0.77986, 5),
    ("...", "witness.solutions.0.recall", 0.78226, 5),
    ("...", "witness.solutions.0.f1", 0.77635, 5),
    ("...", "witness.merged.accuracy", 0.8768, 4),
    ("...", "witness.merged.precision", 0.9116, 4),
    ("...", "witness.merged.recall", 0.8967, 4),
    ("...", "witness.merged.f1", 0.9041, 4),
    ("inRAC", "auc_from_labels", P, "probably computed from predicted labels"),
    ("...", "witness.balanced_accuracy", 0.83640, 5),
    # The other rows, unique except two.
    ("outRAC", "confusion_matrix", C),
    ("...", "witness.n_solutions", 1),
    *solution(0, (53, 66, 72), (55, 116, 113)),
    ("attention only", "confusion_matrix", C),
    ("...", "witness.n_solutions", 1),
    *solution(0, (59, 56, 85), (64, 81, 139)),
    ("residual only", "confusion_matrix", C),
    ("...", "witness.n_solutions", 1),
    *solution(0, (70, 64, 79), (85, 108, 91)),
    ("Inception", "confusion_matrix", C),
    ("...", "witness.n_solutions", 1),
    *solution(0, (57, 57, 39), (75, 150, 59)),
    ("neither", "confusion_matrix", C),
    ("...", "witness.n_solutions", 2),
    *solution(0, (69, 64, 64), (84, 108, 92)),
    *solution(1, (69, 64, 64), (97, 107, 80)),
    ("VGG 11", "confusion_matrix", C),
    ("...", "witness.n_solutions", 2),
    *solution(0, (72, 60, 76), (94, 90, 100)),
    *solution(1, (72, 60, 76), (95, 91, 98)),
    # Two classes.
    ("two classes", "confusion_matrix", C, "tp 160, fp 24, fn 24, tn 76"),
    ("...", "witness.n_matrices", 1),
    ("two classes", "f1", C), ("two classes", "prevalence", C),
    ("two classes", "auc_from_labels", P, "with its decimals cut off"),
    ("...", "witness.balanced_accuracy", 0.81478, 5),
    # Counts.
    *each(["images"] * 2, "counts", C), *each(["data sets"] * 3, "counts", C),
    *each(["shares of classes"] * 3 + ["shares of two classes"] * 2,
          "percentages", C),
    *each(["split 7 : 3"] * 3, "sizes", C),
    ("pairs of nADMet", "sizes", C), ("pairs of NoMet", "sizes", C),
    ("pairs of ADMet", "sizes", I, "624 / 2 is 312, not 318"),
    ("accuracy of several classes", "counts", I, "0.8310 is not 0.7782"),
]

EXPECT = {
    "scan_metastasis": SCAN_METASTASIS,
    "femur_alexnet": FEMUR_ALEXNET,
    "necrosis_series": NECROSIS_SERIES,
}

# --- what is refused ---------------------------------------------------------


def row(**figures):
    return {"tables": [{"name": "T", "n": 20, "rows": [figures]}]}


def table(**members):
    return {"tables": [{"name": "T", "rows": [{"accuracy": "0.5"}],
                        **members}]}


def claim(**members):
    return {"claims": [members]}


REFUSED = [
    ({}, "nothing to audit: 'tables' and 'claims' are empty"),
    ({"tables": {}}, "param 'tables': expected a list"),
    (row(sensitivty="0.9"),
     "T, row 1: unknown member 'sensitivty' (did you mean 'sensitivity'?)"),
    (row(name="A", recall=0.9),
     "T, 'A': 'recall' is a number; write it as a text, with the decimals"),
    (row(recall="98.34"),
     "'recall': 98.34 is above 1 (write '98.34 %' if it is a percentage)"),
    (row(recall="0,91"), "'recall': '0,91' is no printed figure"),
    (row(recall="<0.9"), "'recall': '<0.9' is a bound, not a figure"),
    (row(recall="0.9", sensitivity="0.9"),
     "'recall' and 'sensitivity' are the same figure"),
    (row(tp=-1), "'tp': expected a whole number of 0 to"),
    (row(tp="7 / 2"), "'tp': expected a whole number of 0 to"),
    (table(rows=[]), "T: expected 'rows', a list"),
    (table(n="ceil(0.3 * x)"), "'ceil(0.3 * x)': expected a number at 'x)'"),
    (table(n="1 / 0"), "a division by zero"),
    (table(n={"from": 9, "to": 1}), "'n' goes from 9 to 1"),
    (table(n={"from": 9, "too": 10}),
     "unknown member 'too' (did you mean 'to'?)"),
    (table(common=1), "'common' is true or false"),
    (table(classes=["a", "b"]), "'classes' is a list of 3 to 6 names"),
    (table(classes=["a", "b", "c"], totals={"a": 3, "b": 4}),
     "'totals' lacks class 'c'"),
    (table(classes=["bone", "lung", "none"], totals={"lungs": 4}),
     "'lungs' is no class (did you mean 'lung'?)"),
    (table(classes=["a", "b", "c"],
           rows=[{"positive": ["a", "b", "c"], "accuracy": "0.5"}]),
     "'positive' is a list of some classes, not of all"),
    (table(prevalence=0.5), "'prevalence' is a text such as"),
    ({"claims": ["68 + 51 = 119"]}, "claim 1: expected an object"),
    (claim(rule="count", holds="1 = 1"),
     "claim 1: unknown rule 'count' (did you mean 'counts'?)"),
    (claim(rule="counts", name="all"),
     "claim 1 ('all'): expected 'holds', a text such as"),
    (claim(rule="counts", holds="68 + 51"), "expected =, <, <=, > or >="),
    (claim(rule="counts", holds="(68 + 51 = 119"), "expected ')' at '= 119'"),
    (claim(rule="sizes", holds="tiles(9, 3) = 3"), "expected ',' at ') = 3'"),
    (claim(rule="counts", holds="1 = 1", hold="2 = 2"),
     "unknown member 'hold' (did you mean 'holds'?)"),
]
