"""What is known about the papers of workflows/audits/, worked out by hand and
by programs of other hands; see test_audits.py."""

# Instead of decimals: equal to a fiftieth.
SHARE = -2

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

def interval(name, estimate, expected, width, lean):
    return [(name, "interval_holds", C), (name, "interval_width", P, width, lean),
            ("...", "witness.standard_error", estimate, 4),
            ("...", "witness.hanley_mcneil", expected, 4)]


LESION_SYNTHESIS = [
    *interval("humerus, baseline", 0.0278, 0.0323, "tighter by 14", "leans left"),
    *interval("humerus, augmented", 0.0168, 0.0262, "much tighter", "leans left"),
    *interval("tibia, baseline", 0.0441, 0.0440, "agrees", "symmetric"),
    *interval("tibia, augmented", 0.0472, 0.0439, "agrees", "symmetric"),
    *interval("tibia, transfer", 0.0446, 0.0428, "agrees", "symmetric"),
    *interval("femur, baseline", 0.0474, 0.0435, "agrees", "symmetric"),
    *interval("femur, transfer", 0.0434, 0.0432, "agrees", "leans left"),
    ("...", "witness.below", 0.088, 6), ("...", "witness.above", 0.082, 6),
    ("humerus, augmented against humerus, baseline", "difference", U),
    ("...", "witness.p", 0.14, 2),
    ("tibia, augmented against tibia, baseline", "difference", U),
    ("...", "witness.p", 0.73, 2),
    ("tibia, transfer against tibia, baseline", "difference", U),
    ("...", "witness.p", 0.20, 2),
    ("femur, transfer against femur, baseline", "difference", U),
    ("...", "witness.p", 0.0205, 4),
    *each(["added samples are some of the sources"] * 4, "sizes", C),
    ("sources of the humerus are among its classification images", "sizes", I,
     "= 3100"),
    ("sources of the tibia are among its classification images", "sizes", C),
    ("sources of the femur are among its classification images", "sizes", I,
     "= 5631"),
]

READERS = ["model", "< 2 y", "5 y", "10 y"]


def matrix(tp, fp, fn, tn, **more):
    return [("...", "witness.n_matrices", 1),
            *[("...", f"witness.matrices.0.{name}", value) for name, value in
              (("tp", tp), ("fp", fp), ("fn", fn), ("tn", tn))],
            *[("...", f"witness.matrices.0.{name}", value, 4)
              for name, value in more.items()]]


def bounds(path, wilson, exact):
    return [("...", f"{path}{form}.{i}", value / 100, 4)
            for form, pair in (("wilson", wilson), ("clopper_pearson", exact))
            for i, value in enumerate(pair)]


def paired(arms, figure, verdict, low, high, printed):
    return [(f"Table 5, {arms}, {figure}", "paired_p_value", verdict,
             f"printed is {printed}"),
            ("...", "witness.exact.0", low, SHARE),
            ("...", "witness.exact.1", high, SHARE)]


INTERVALS = "witness.matrices.0.intervals."

SCAN_BURDEN = [
    # Table 4: one matrix for each reader, all on one test set.
    ("model", "confusion_matrix", C, "tp 50, fp 10, fn 4, tn 59"),
    *matrix(50, 10, 4, 59, precision=0.8333, npv=0.9365, f1=0.8772,
            balanced_accuracy=0.8905, mcc=0.7754, kappa=0.7717),
    *bounds(INTERVALS + "accuracy.", (81.80, 93.10), (81.64, 93.64)),
    *bounds(INTERVALS + "recall.", (82.45, 97.08), (82.11, 97.94)),
    *bounds(INTERVALS + "specificity.", (75.34, 91.93), (74.96, 92.83)),
    ("< 2 y", "confusion_matrix", C), *matrix(30, 25, 24, 44, f1=0.5505),
    ("5 y", "confusion_matrix", C), *matrix(47, 9, 7, 60, f1=0.8545),
    ("10 y", "confusion_matrix", C), *matrix(47, 0, 7, 69, f1=0.9307),
    ("Table 4", "common_test_set", C),
    *each(READERS, "whole_counts", C), *each(READERS, "accuracy_between", C),
    *each(READERS, "prevalence", C, "54/123"),
    ("model", "auc_band", C), ("...", "witness.auc.0", 0.7917, 3),
    ("...", "witness.auc.1", 0.9893, 4),
    ("model", "auc_from_labels", C, "is no balanced accuracy"),
    # Percentages and counts.
    *each(["rates of the model"] * 3 + ["rates of the readers"] * 9 +
          ["sites"] * 8 + ["reports"] * 2, "percentages", C),
    *each(["patients"] * 6 + ["right answers"] * 4 + ["kinds of reports"] * 6 +
          ["patients with a wrong site"] * 3, "counts", C),
    ("28 tiles with step 128 both ways", "sizes", I, "is 49, not 28"),
    ("28 tiles with one column per frame", "sizes", C),
    # Table 5: Pearson's chi-square, and no other test.
    ("Table 5", "p_values", C, "gives 18 of 18", "McNemar"),
    *[("...", f"witness.reproduced.{test}", n) for test, n in (
        ("pearson", 18), ("yates", 8), ("fisher", 9), ("unpooled_z", 10),
        ("n_minus_1", 14), ("likelihood_ratio", 11))],
    *[("...", f"witness.values.{i}.pearson", p, 6) for i, p in (
        (1, 0.000299), (2, 0.001573), (6, 0.04872), (7, 1), (8, 0.001916),
        (10, 0.000011), (11, 0.003338), (12, 0.696772), (13, 0.339858),
        (14, 0.804868), (15, 0.110217), (17, 0.001025))],
    ("...", "witness.values.8.least_expected", 4.5, 6),
    # What McNemar's test of the same 123 patients could give.
    *paired("< 2 y against 5 y", "accuracy", P, 2.328e-10, 5.085e-05, "<0.001"),
    *paired("< 2 y against 5 y", "sensitivity", P, 1.526e-05, 0.003327, "<0.001"),
    *paired("< 2 y against 5 y", "specificity", P, 3.052e-05, 0.009041, "0.002"),
    *paired("< 2 y against 10 y", "accuracy", P, 4.547e-13, 7.455e-09, "<0.001"),
    *paired("< 2 y against 10 y", "sensitivity", P, 1.526e-05, 0.003327, "<0.001"),
    *paired("< 2 y against 10 y", "specificity", P, 5.96e-08, 5.96e-08, "<0.001"),
    *paired("5 y against 10 y", "accuracy", P, 0.0039, 0.093, "0.049"),
    *paired("5 y against 10 y", "sensitivity", P, 1, 1, "1.000"),
    *paired("5 y against 10 y", "specificity", I, 0.0039, 0.0039, "0.002"),
    *paired("< 2 y against model", "accuracy", P, 5.821e-11, 1.112e-05, "<0.001"),
    *paired("< 2 y against model", "sensitivity", P, 1.907e-06, 0.00018, "<0.001"),
    *paired("< 2 y against model", "specificity", P, 6.104e-05, 0.01667, "0.003"),
    *paired("5 y against model", "accuracy", I, 0.5, 0.8555, "0.697"),
    *paired("5 y against model", "sensitivity", I, 0.25, 0.5488, "0.340"),
    *paired("5 y against model", "specificity", I, 1, 1, "0.805"),
    *paired("10 y against model", "accuracy", I, 0.0156, 0.19, "0.110"),
    *paired("10 y against model", "sensitivity", I, 0.25, 0.5488, "0.340"),
    *paired("10 y against model", "specificity", I, 0.00195, 0.00195, "0.001"),
    # Intervals that are not printed.
    ("accuracy", "interval_form", U),
    *bounds("witness.", (81.80, 93.10), (81.64, 93.64)),
    ("sensitivity", "interval_form", U),
    *bounds("witness.", (82.45, 97.08), (82.11, 97.94)),
    ("specificity", "interval_form", U),
    *bounds("witness.", (75.34, 91.93), (74.96, 92.83)),
    ("reports", "interval_form", U),
    *bounds("witness.", (69.95, 84.45), (69.69, 85.01)),
    ("localization", "interval_form", U),
    *bounds("witness.", (61.07, 83.88), (60.35, 85.04)),
    ("burden index and phosphatase", "correlation", C),
    ("...", "witness.t", 7.19, 2), ("...", "witness.p", 3.8e-9, SHARE),
    ("...", "witness.interval.0", 0.552, 3),
    ("...", "witness.interval.1", 0.832, 3),
]

EXPECT = {
    "lesion_synthesis": LESION_SYNTHESIS,
    "scan_burden": SCAN_BURDEN,
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
    (table(mean_over=0), "'mean_over' is a number of folds, 1 to 1000"),
    (table(mean_over=5, classes=["a", "b", "c"]),
     "'mean_over' is a number of folds, 1 to 1000, of tables of two classes"),
    (table(n=10000, mean_over=500),
     "there are 5000000 cases in all folds, more than 1000000"),
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
    (claim(rule="p_values"), "claim 1: expected 'comparisons', a list"),
    (claim(rule="p_values", test="fischer", comparisons=[{}]),
     "unknown test 'fischer' (did you mean 'fisher'?)"),
    (claim(rule="p_values", paired="yes", comparisons=[{}]),
     "'paired' is true or false"),
    (claim(rule="p_values", comparisons=[{"a": "x"}]),
     "a comparison needs 'a', 'b' and 'p'"),
    (claim(rule="p_values", arms={"x": {"accuracy": "1/2"}},
           comparisons=[{"a": "x", "b": "y", "p": {"accuracy": "0.1"}}]),
     "'arms' has no arm 'y' with its counts"),
    (claim(rule="p_values", arms={"x": {"accuracy": "3/2"}, "y": {}},
           comparisons=[{"a": "x", "b": "y", "p": {"accuracy": "0.1"}}]),
     "'3/2' is no share of a whole"),
    (claim(rule="p_values", arms={"x": {"accuracy": "1/2"}, "y": {}},
           comparisons=[{"a": "x", "b": "y", "p": {"accuracy": "0.1"}}]),
     "arm 'y' has no count of 'accuracy'"),
    (claim(rule="intervals"), "claim 1: expected 'rows', a list"),
    (claim(rule="intervals", rows=[{"auc": "0.9", "lower": "0.8"}]),
     "expected 'auc' with 'lower' and 'upper', or 'count'"),
    (claim(rule="intervals", rows=[{"name": "A", "auc": "0.9", "lower": "0.8",
                                    "upper": "0.95"}],
           pairs=[{"a": "A", "b": "B"}]),
     "'pairs': 'B' is the name of no row with an area"),
    (claim(rule="correlation", r="-0.72", n=50),
     "'r': '-0.72' is no printed figure"),
    (claim(rule="correlation", r="0.72"), "expected 'n', a number of cases"),
    (claim(rule="correlation", n=50), "expected 'r', a correlation below 1"),
]
