#!/bin/sh
# pint 0.25.3 cannot write a unit with a power, such as square metres, where its registry counts in fractions.
#
# A guess from memory: `UnitRegistry(non_int_type=Fraction)` is the documented way to exact conversions, so that a quantity
# of it can be shown like any other. Seen: converting is exact and the powers are right, but they are kept as fractions too,
# and `str()` of such a unit or quantity raises: TypeError under Python 3.11, ValueError under 3.12 and later. Units without
# a power, and metres per second, are written, so that it goes unseen until the first area or volume. The same registry with
# floats writes all of them.
# What follows for who asks for exact units: make the name from `unit_items()` with whole powers, and do not take the
# TypeError for units that do not fit together.
#
# Exits with 0 where all of this is still so, with 1 where some of it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pint==0.25.3 flexcache==0.3 flexparser==0.4 \
    platformdirs==4.14.7 typing-extensions==4.16.0
"$folder/venv/bin/python" - <<'PROGRAM'
import sys
from fractions import Fraction
from importlib.metadata import version

from pint import UnitRegistry

print("pint", version("pint"), "under Python", ".".join(map(str, sys.version_info[:2])))
exact, floating = UnitRegistry(non_int_type=Fraction), UnitRegistry()


def written(thing):
    try:
        return str(thing)
    except (TypeError, ValueError) as fault:
        return fault


area = exact.Quantity(Fraction(42), "centimeter ** 2").to_base_units()
print("an area:", repr(written(area.units)))
seen = {
    "the conversion is exact": area.magnitude == Fraction(42, 10_000),
    "the powers are there": dict(area.unit_items()) == {"meter": 2},
    "an area has no name": isinstance(written(area.units), Exception),
    "nor can the quantity be written": isinstance(written(area), Exception),
    "a speed has one": written(exact.Quantity(Fraction(36), "kilometer / hour").to_base_units().units) == "meter / second",
    "with floats an area has one": written(floating.Quantity(42, "centimeter ** 2").to_base_units().units) == "meter ** 2",
}
for what, holds in seen.items():
    print("as seen" if holds else "CHANGED", what)
sys.exit(not all(seen.values()))
PROGRAM
