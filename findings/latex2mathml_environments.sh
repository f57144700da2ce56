#!/bin/sh
# latex2mathml 3.81.1 draws LaTeX environments that it does not know as if their marks were not there, without an error.
#
# A guess from memory: an unknown environment raises, or comes out as text that shows what was not understood. Seen:
#   - `dcases` loses its brace, `tikzpicture` its name: only what stands inside is drawn;
#   - `aligned` is not known (`split` is): its `&` are drawn as letters and its rows follow one another on one line;
#   - the column count of `alignat` is drawn as a number before the formula;
#   - the outer lines of `{|c|c|}` are counted among the inner ones: `columnlines` has more lines than there are gaps,
#     so a renderer that follows MathML moves them by one column.
# What follows for a page of formulas: compare environments with a list of known ones before converting, and show the
# source where one is missing.
#
# Exits with 0 where all of this is still so, with 1 where some of it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check latex2mathml==3.81.1
"$folder/venv/bin/python" - <<'PROGRAM'
import sys
from importlib.metadata import version
from latex2mathml.converter import convert

print("latex2mathml", version("latex2mathml"))
seen = {
    "dcases has no brace": "{" not in convert(r"\begin{dcases} a \end{dcases}").replace("&#x0007B;", "{"),
    "cases has one": "&#x0007B;" in convert(r"\begin{cases} a \end{cases}"),
    "an unknown name vanishes": "tikzpicture" not in convert(r"\begin{tikzpicture} a \end{tikzpicture}"),
    "aligned draws its marks": "<mi>&</mi>" in convert(r"\begin{aligned} a &= b \end{aligned}"),
    "aligned makes no rows": "<mtr>" not in convert(r"\begin{aligned} a &= b \\ c &= d \end{aligned}"),
    "split makes rows": convert(r"\begin{split} a &= b \\ c &= d \end{split}").count("<mtr>") == 2,
    "alignat draws its count": "<mn>2</mn>" in convert(r"\begin{alignat}{2} a &= b \end{alignat}"),
    "two columns, three lines": 'columnlines="solid solid solid"' in convert(r"\begin{array}{|c|c|} a & b \end{array}"),
    "a left line is one between": 'columnlines="solid"' in convert(r"\begin{array}{|cc} a & b \end{array}"),
}
for what, holds in seen.items():
    print("as seen" if holds else "CHANGED", what)
sys.exit(not all(seen.values()))
PROGRAM
