#!/usr/bin/env python3
"""Makes distribution_references.json: probabilities to the last digit.

    tests/parity/make_distribution_references.py \\
        > tests/parity/distribution_references.json

Needs mpmath 1.2 and SciPy 1.10 (Debian: python3-mpmath, python3-scipy).  What
is stored was computed with 60 digits by mpmath; SciPy has to agree (to the
digits named in AGREE) or this fails.  A row: function, arguments, value.
"""
import json
import random
import sys
from fractions import Fraction
from math import comb

import mpmath
from mpmath import mpf
from scipy import stats

mpmath.mp.dps = 60
EACH = 40
# Relative; SciPy's series lose digits far out in the tails.
AGREE = 1e-8


def normal(x):
    return mpmath.ncdf(x), mpmath.ncdf(-x)


def betainc(a, b, x):
    return mpmath.betainc(a, b, 0, x, regularized=True)


def student(x, df):
    tail = betainc(df / 2, mpf(1) / 2, df / (df + x * x)) / 2
    return (1 - tail, tail) if x >= 0 else (tail, 1 - tail)


def chi_square(x, df):
    return (mpmath.gammainc(df / 2, 0, x / 2, regularized=True),
            mpmath.gammainc(df / 2, x / 2, regularized=True))


def fisher(x, d1, d2):
    return (betainc(d1 / 2, d2 / 2, d1 * x / (d1 * x + d2)),
            betainc(d2 / 2, d1 / 2, d2 / (d1 * x + d2)))


def beta(x, a, b):
    return betainc(a, b, x), betainc(b, a, 1 - x)


def exact(values):
    total = sum(values, Fraction(0))
    return mpf(total.numerator) / mpf(total.denominator)


def binomial_masses(ks, n, p):
    p = Fraction(p)
    return [comb(n, k) * p**k * (1 - p)**(n - k) for k in ks]


def hypergeometric_masses(ks, marked, drawn, total):
    return [Fraction(comb(marked, k) * comb(total - marked, drawn - k),
                     comb(total, drawn)) for k in ks]


def agree(name, args, value, theirs):
    if not mpf(1e-290) < value:
        return
    if abs(mpf(float(theirs)) - value) > AGREE * value:
        sys.exit(f"{name}{args}: {float(value)!r}, SciPy says {theirs!r}")


def add(rows, name, args, value, theirs):
    agree(name, args, value, theirs)
    if 1e-290 < value:
        rows.append([name, list(args), float(value)])


def continuous(rows, name, draw, law, theirs):
    for _ in range(EACH):
        x, *shape = draw()
        low, high = law(mpf(x), *[mpf(v) for v in shape])
        add(rows, f"{name}_cdf", (x, *shape), low, theirs(*shape).cdf(x))
        add(rows, f"{name}_sf", (x, *shape), high, theirs(*shape).sf(x))


def quantiles(rows, name, draw, law, theirs):
    for _ in range(EACH):
        p, *shape = draw()
        guess = theirs(*shape).ppf(p)
        x = mpf(guess)
        if p == 0.5 and name in ("normal", "student"):
            rows.append([f"{name}_quantile", [p, *shape], 0.0])
            continue
        for _ in range(60):
            # Newton's steps, the slope by a difference.
            h = abs(x) * mpf(10)**-25 + mpf(10)**-30
            f = law(x, *[mpf(v) for v in shape])[0] - mpf(p)
            slope = (law(x + h, *[mpf(v) for v in shape])[0]
                     - law(x - h, *[mpf(v) for v in shape])[0]) / (2 * h)
            step = f / slope
            x -= step
            if abs(step) < abs(x) * mpf(10)**-22:
                break
        agree(f"{name}_quantile", (p, *shape), abs(x), abs(guess))
        rows.append([f"{name}_quantile", [p, *shape], float(x)])


def counts(rows, draw):
    for _ in range(EACH):
        n = draw.choice([1, 5, 30, 200, 700])
        k, p = draw.randint(0, n), draw.choice([0.5, draw.random(), 0.01])
        law = stats.binom(n, p)
        add(rows, "binomial_pmf", (k, n, p), exact(binomial_masses([k], n, p)),
            law.pmf(k))
        add(rows, "binomial_cdf", (k, n, p),
            exact(binomial_masses(range(k + 1), n, p)), law.cdf(k))
        add(rows, "binomial_sf", (k, n, p),
            exact(binomial_masses(range(k + 1, n + 1), n, p)), law.sf(k))
    for _ in range(EACH):
        total = draw.choice([4, 20, 123, 246, 2000, 20000])
        marked, drawn = draw.randint(1, total), draw.randint(1, total)
        low, high = max(0, marked + drawn - total), min(marked, drawn)
        k = round(draw.triangular(low, high, marked * drawn / total))
        # SciPy: (k, total, marked, drawn)
        law = stats.hypergeom(total, marked, drawn)
        args = (k, marked, drawn, total)
        add(rows, "hypergeometric_pmf", args,
            exact(hypergeometric_masses([k], *args[1:])), law.pmf(k))
        add(rows, "hypergeometric_cdf", args,
            exact(hypergeometric_masses(range(low, k + 1), *args[1:])),
            law.cdf(k))
        add(rows, "hypergeometric_sf", args,
            exact(hypergeometric_masses(range(k + 1, high + 1), *args[1:])),
            law.sf(k))


def main():
    draw = random.Random(20)
    rows = []
    df = lambda: draw.choice([1, 2, 4, 9, draw.uniform(0.5, 200)])
    shape = lambda: draw.choice([0.5, 1, 3, draw.uniform(0.2, 90)])
    p = lambda: draw.choice([0.025, 0.975, 0.5, draw.random(),
                             10**draw.uniform(-9, -1)])
    scale = lambda v: v * 10**draw.uniform(-2, 1.2)
    continuous(rows, "normal", lambda: (draw.uniform(-30, 30),), normal,
               stats.norm)
    continuous(rows, "student", lambda: (draw.gauss(0, 6), df()), student,
               stats.t)
    continuous(rows, "chi_square", lambda: (scale(3.0), df()), chi_square,
               stats.chi2)
    continuous(rows, "f", lambda: (scale(1.0), df(), df()), fisher, stats.f)
    continuous(rows, "beta", lambda: (draw.random(), shape(), shape()), beta,
               stats.beta)
    quantiles(rows, "normal", lambda: (p(),), normal, stats.norm)
    quantiles(rows, "student", lambda: (p(), df()), student, stats.t)
    quantiles(rows, "chi_square", lambda: (p(), df()), chi_square, stats.chi2)
    quantiles(rows, "f", lambda: (p(), df(), df()), fisher, stats.f)
    quantiles(rows, "beta", lambda: (p(), shape(), shape()), beta, stats.beta)
    counts(rows, draw)
    print("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")


main()
