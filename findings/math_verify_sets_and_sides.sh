#!/bin/sh
# math-verify 0.9.0 takes a set for a tuple, and an inequality for an interval on one side only.
#
# A guess from memory: `verify(gold, answer)` is symmetric, a set differs from an ordered pair, and an interval equals the
# inequality that describes it. Seen:
#   - `\{1,2\}` equals `(1,2)`, whichever is the reference;
#   - `x<3` against `(-\infty,3)` holds with one of them as the reference and not with the other;
#   - `[0,2)` against `0 \le x < 2` never holds.
# What follows for a grader: compare both ways, and tell sets, tuples and intervals apart before asking.
#
# Exits with 0 where all of this is still so, with 1 where some of it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check math-verify==0.9.0 latex2sympy2_extended==1.11.0 \
    antlr4-python3-runtime==4.13.2
"$folder/venv/bin/python" - <<'PROGRAM'
import sys
from importlib.metadata import version
from math_verify import LatexExtractionConfig, parse, verify

def equal(gold, answer):
    read = [parse(f"${text}$", extraction_config=[LatexExtractionConfig()]) for text in (gold, answer)]
    return verify(*read)

print("math-verify", version("math-verify"))
ways = [equal("x<3", r"(-\infty,3)"), equal(r"(-\infty,3)", "x<3")]
seen = {
    "a set is a tuple": equal(r"\{1,2\}", "(1,2)") and equal("(1,2)", r"\{1,2\}"),
    "an inequality is its interval one way only": sorted(ways) == [False, True],
    "a double inequality is not its interval": not equal("[0,2)", r"0 \le x < 2"),
}
print("x<3 and its interval:", ways)
for what, holds in seen.items():
    print("as seen" if holds else "CHANGED", what)
sys.exit(not all(seen.values()))
PROGRAM
