#!/usr/bin/env python3
"""Makes operators/KIND.txt: what PyTorch computes, in double precision.

    tests/parity/make_operator_fixtures.py [KIND...]

All kinds without arguments.  test_operators.c reads the files; the cases stand
in operator_cases_FAMILY.py, the format in operator_cases.py.
"""
import sys

import environment

environment.enter()

import operator_cases
import operator_cases_networks
import operator_cases_pointwise
import operator_cases_spatial
import operator_cases_spectral

FOLDER = environment.HERE / "operators"


def main():
    chosen = sys.argv[1:] or sorted(operator_cases.CASES)
    for kind in chosen:
        if kind not in operator_cases.CASES:
            sys.exit(f"no cases of '{kind}'")
        text = operator_cases.text_of(kind)
        (FOLDER / f"{kind}.txt").write_text(text)
        print(f"{kind}: {text.count('case ')} cases, {len(text)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
