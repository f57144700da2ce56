"""Families of problems that come with the application: no package is needed for them, and their problems are of a kind
that other verifiers decide on."""

from collections.abc import Iterator, Mapping

from trajectories.core.problems import arithmetic
from trajectories.core.problems.arithmetic import DIGITS, PARTS, Sum
from trajectories.core.problems.procedural import Draw, Example, Family, Knob, KnobKind, ProceduralError
from trajectories.core.records import ProblemRecord

SOURCE = "Minicolumn"
MIN_DIGITS, MAX_DIGITS, PART = "min_digits", "max_digits", "part"
_SHOWN = Sum(624, 259)

ADDITION = Family(
    name=arithmetic.NAME,
    category="arithmetic",
    summary=(
        "Sums of two numbers of as many digits, worked on a scratchpad with a line for each digit and its carry (STaR: "
        "Zelikman et al. 2022). Every line is verified, so that right answers by wrong steps are found."
    ),
    knobs=(
        Knob(MIN_DIGITS, KnobKind.INTEGER, DIGITS.start, help="Of both numbers, 1 to 5."),
        Knob(MAX_DIGITS, KnobKind.INTEGER, DIGITS.stop - 1, help="Problems are spread evenly over the digits."),
        Knob(
            PART,
            KnobKind.CHOICE,
            arithmetic.ANY,
            PARTS,
            help="A fifth of all sums is the held-out part, whatever the seed: nothing in it is in the training part.",
        ),
    ),
    levels=tuple({MIN_DIGITS: digits, MAX_DIGITS: digits} for digits in DIGITS),
    example=Example(_SHOWN.statement, str(_SHOWN.total), {}, arithmetic.scratchpad(_SHOWN)),
    prerequisites=arithmetic.PREREQUISITES,
    is_shipped=True,
)

SHIPPED_FAMILIES: Mapping[str, Family] = {ADDITION.name: ADDITION}
"""By name."""


def examples_of(draw: Draw) -> Iterator[Example]:
    """The problems of a draw as pages show them, with worked solutions. Raises ProceduralError."""
    return (
        Example(numbers.statement, str(numbers.total), {}, arithmetic.scratchpad(numbers)) for numbers in _sums(draw)
    )


def records_of(draw: Draw, *, split: str) -> Iterator[ProblemRecord]:
    """The problems of a draw. Raises ProceduralError."""
    return (arithmetic.problem_of(numbers, split=split) for numbers in _sums(draw))


def _sums(draw: Draw) -> Iterator[Sum]:
    """Raises ProceduralError for knobs that make no sums, and for more of them than there are."""
    values = {knob.name: draw.knobs.get(knob.name, knob.default) for knob in ADDITION.knobs}
    least, most = int(values[MIN_DIGITS]), int(values[MAX_DIGITS])
    if least not in DIGITS or most not in DIGITS or least > most:
        raise ProceduralError(f"found {least} to {most} digits, expected 1 to {DIGITS.stop - 1}, the least first")
    try:
        arithmetic.share_out(range(least, most + 1), draw.size, values[PART])
    except ValueError as fault:
        raise ProceduralError(str(fault)) from fault
    return arithmetic.draw(range(least, most + 1), draw.size, seed=draw.seed, part=values[PART])
