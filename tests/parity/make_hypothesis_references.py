#!/usr/bin/env python3
"""Makes hypothesis_references.json: what tests say of drawn cases.

    tests/parity/make_hypothesis_references.py [SEED] \\
        > tests/parity/hypothesis_references.json

Needs SciPy 1.10, statsmodels 0.13 and mpmath (Debian: python3-scipy,
python3-statsmodels, python3-mpmath).  Fisher's test, DeLong's variances and
correlations are computed as fractions or with 40 digits, since SciPy's own
sums lose digits; it has to agree to one part in 10^9, and does where it means
the same (see fisher()).  A case is a list; scores and samples are whole numbers.
"""
import json
import random
import sys
from fractions import Fraction
from math import comb, isnan

import mpmath
from mpmath import mpf
import numpy
from scipy import stats
from statsmodels.stats import contingency_tables, multitest
from statsmodels.stats import proportion

mpmath.mp.dps = 40
Z = mpf("1.959963984540054")


def agree(ours, theirs, what):
    if isnan(theirs) or abs(ours - theirs) > 1e-9 * abs(theirs) + 1e-300:
        sys.exit(f"{what}: {ours!r}, the library says {theirs!r}")


def fraction(v):
    return mpf(v.numerator) / mpf(v.denominator)


def fisher(a, b, c, d):
    """Two-sided.  Tables as probable as the one at hand to one part in 10^7
    count; SciPy's margin is 10^-14, which makes no difference to exact sums."""
    r1, c1, n = a + b, a + c, a + b + c + d
    low, high = max(0, r1 + c1 - n), min(r1, c1)
    ways = [comb(r1, k) * comb(n - r1, c1 - k) for k in range(low, high + 1)]
    limit = Fraction(ways[a - low]) * (1 + Fraction(1, 10**7))
    p = Fraction(sum(w for w in ways if w <= limit), sum(ways))
    value = float(fraction(p))
    agree(value, stats.fisher_exact([[a, b], [c, d]])[1], "fisher")
    return value


def tables(draw):
    rows = []
    for _ in range(700):
        top = draw.choice([3, 12, 60, 200, 1500])
        a, b, c, d = (draw.randint(0, top) for _ in range(4))
        if draw.random() < 0.5:
            # Two rows that are alike.
            c, d = a + draw.randint(0, 3), b + draw.randint(0, 3)
        if min(a + b, c + d, a + c, b + d) == 0:
            continue
        t = [[a, b], [c, d]]
        product = (a + b) * (c + d) * (a + c) * (b + d)
        n, across = a + b + c + d, abs(a * d - b * c)
        x2 = float(fraction(Fraction(n * across**2, product)))
        # Yates: (|ad - bc| - n / 2), and nothing below 0.
        y2 = float(fraction(Fraction(n * max(2 * across - n, 0)**2,
                                     4 * product)))
        p, yp = stats.chi2.sf([x2, y2], 1)
        _, theirs, _, expected = stats.chi2_contingency(t, correction=False)
        agree(p, theirs, "chi-square")
        agree(yp, stats.chi2_contingency(t, correction=True)[1], "Yates")
        low, high = proportion.confint_proportions_2indep(
            a, a + b, c, c + d, method="newcomb")
        rows.append([[a, b, c, d], x2, p, y2, yp, fisher(a, b, c, d),
                     expected.min(), low, high])
    return rows


def large_tables(draw):
    rows = []
    for _ in range(150):
        r, c = draw.randint(2, 5), draw.randint(2, 5)
        t = [[draw.randint(1, 60) for _ in range(c)] for _ in range(r)]
        x2, p, df, expected = stats.chi2_contingency(t, correction=False)
        rows.append([t, x2, df, p, expected.min()])
    return rows


def mcnemar(draw):
    rows = []
    for _ in range(500):
        top = draw.choice([4, 20, 90, 900])
        b, c = draw.randint(0, top), draw.randint(0, top)
        n = b + c + draw.randint(0, 50)
        if b + c == 0:
            continue
        t = [[0, b], [c, 0]]
        exact = contingency_tables.mcnemar(t, exact=True).pvalue
        plain = contingency_tables.mcnemar(t, exact=False, correction=False)
        right = contingency_tables.mcnemar(t, exact=False, correction=True)
        # statsmodels corrects away from 0 where b = c.
        x2, p = (0.0, 1.0) if b == c else (right.statistic, right.pvalue)
        rows.append([[b, c, n], exact, plain.statistic, plain.pvalue, x2, p])
    return rows


def placements(y, s):
    """Placements as whole numbers: twice the pairs in the right order."""
    up = [v for v, k in zip(s, y) if k]
    down = [v for v, k in zip(s, y) if not k]
    order = lambda x, z: 2 * (x > z) + (x == z)
    v10 = [Fraction(sum(order(x, z) for z in down), 2 * len(down)) for x in up]
    v01 = [Fraction(sum(order(x, z) for x in up), 2 * len(up)) for z in down]
    return v10, v01


def covariance(u, v):
    mu, mv = sum(u) / len(u), sum(v) / len(v)
    return sum((x - mu) * (z - mv) for x, z in zip(u, v)) / (len(u) - 1)


def normal_p(difference, variance):
    if variance == 0:
        return (0.0, 1.0) if difference == 0 else (None, None)
    z = fraction(difference) / mpmath.sqrt(fraction(variance))
    return float(z), float(2 * mpmath.ncdf(-abs(z)))


def areas(draw):
    rows = []
    for _ in range(250):
        n, top = draw.randint(5, 24), draw.choice([2, 5, 9])
        y = [draw.randint(0, 1) for _ in range(n)]
        if sum(y) < 2 or n - sum(y) < 2:
            continue
        a = [min(9, draw.randint(0, top) + 2 * k * draw.randint(0, 1))
             for k in y]
        b = [min(9, draw.randint(0, top) + draw.randint(0, 1) * k) for k in y]
        pa, pb = placements(y, a), placements(y, b)
        difference = sum(pa[0]) / len(pa[0]) - sum(pb[0]) / len(pb[0])
        own = [sum(covariance(v, v) / len(v) for v in p) for p in (pa, pb)]
        both = sum(covariance(u, v) / len(u) for u, v in zip(pa, pb))
        word = lambda v: "".join(map(str, v))
        rows.append([word(y), word(a), word(b), float(fraction(difference)),
                     *normal_p(difference, own[0] + own[1] - 2 * both),
                     *normal_p(difference, own[0] + own[1])])
    return rows


def t_test(mean, se, df):
    t = mean / se
    p = mpmath.betainc(mpf(df) / 2, mpf(1) / 2, 0, df / (df + t * t),
                       regularized=True)
    return float(t), float(p)


def means(draw):
    rows = []
    for _ in range(200):
        n = draw.randint(2, 12)
        v = [draw.randint(-20, 30) for _ in range(n)]
        if len(set(v)) == 1:
            continue
        mean = mpf(sum(v)) / n
        s2 = sum((x - mean)**2 for x in v) / (n - 1)
        ratio = draw.choice([0.25, 0.111, 1.0])
        plain = t_test(mean, mpmath.sqrt(s2 / n), n - 1)
        agree(plain[1], stats.ttest_1samp(v, 0).pvalue, "t test")
        rows.append([v, ratio, float(mean), *plain,
                     *t_test(mean, mpmath.sqrt(s2 * (mpf(1) / n + mpf(ratio))),
                             n - 1)])
    return rows


def correlation(x, y, spread=lambda r: mpf(1)):
    n = len(x)
    mx, my = Fraction(sum(x), n), Fraction(sum(y), n)
    xx = sum((v - mx)**2 for v in x)
    yy = sum((v - my)**2 for v in y)
    xy = sum((v - mx) * (w - my) for v, w in zip(x, y))
    r = fraction(xy) / mpmath.sqrt(fraction(xx * yy))
    if abs(r) > 1 - mpf(10)**-20:
        return None
    df = n - 2
    p = mpmath.betainc(mpf(df) / 2, mpf(1) / 2, 0, 1 - r * r, regularized=True)
    half = Z * mpmath.sqrt(spread(r) / (n - 3))
    return [float(v) for v in (r, p, mpmath.tanh(mpmath.atanh(r) - half),
                               mpmath.tanh(mpmath.atanh(r) + half))]


def correlations(draw):
    rows = []
    for _ in range(250):
        n = draw.randint(4, 25)
        x = [draw.randint(0, draw.choice([6, 99])) for _ in range(n)]
        y = [v * draw.randint(0, 1) + draw.randint(-9, 60) for v in x]
        if len(set(x)) == 1 or len(set(y)) == 1:
            continue
        rank = lambda v: [int(2 * k) for k in stats.rankdata(v)]
        pearson = correlation(x, y)
        spearman = correlation(rank(x), rank(y), lambda r: 1 + r * r / 2)
        if not pearson or not spearman:
            continue
        agree(pearson[1], stats.pearsonr(x, y)[1], "pearson")
        agree(spearman[1], stats.spearmanr(x, y)[1], "spearman")
        interval = stats.pearsonr(x, y).confidence_interval()
        agree(pearson[2], interval.low, "interval")
        rows.append([x, y, *pearson, *spearman])
    return rows


def holm(draw):
    rows = []
    for _ in range(60):
        p = [round(draw.random()**3, 4) for _ in range(draw.randint(1, 9))]
        rows.append([p, list(multitest.multipletests(p, method="holm")[1])])
    return rows


def plain(v):
    return v.item() if isinstance(v, numpy.generic) else v


def main():
    draw = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
    parts = {"tables": tables, "large_tables": large_tables,
             "mcnemar": mcnemar, "areas": areas, "means": means,
             "correlations": correlations, "holm": holm}
    texts = []
    for name, make in parts.items():
        rows = ",\n".join(json.dumps(r, default=plain,
                                     separators=(",", ":"))
                          for r in make(draw))
        texts.append(f'"{name}": [\n{rows}\n]')
    print("{" + ",\n".join(texts) + "}")


main()
