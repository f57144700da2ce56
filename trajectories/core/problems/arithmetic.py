"""Addition with a scratchpad: problems by seed, the canonical steps, and which steps of a text are right.

The steps are those of STaR (Zelikman et al. 2022, arXiv 2203.14465, figure 3), after Nye et al. 2021 (arXiv
2112.00114): one line for each digit, with what is left of both numbers, the digits of the sum so far and the carry.
Each line follows from the one before in one way only, so that a text can be right in its answer and wrong on the way.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trajectories.core.identity import derive_seed
from trajectories.core.records import JSON, ProblemKind, ProblemRecord

NAME = "addition"
DIGITS = range(1, 6)
"""How many digits both numbers can have."""

ANY, LEARNT, HELD_OUT = "any", "training", "held-out"
PARTS = (ANY, LEARNT, HELD_OUT)
HELD_OUT_OF = 5
"""Every fifth pair of numbers, by its hash, is of the held-out part: no seed draws it for the training part."""

OPEN, CLOSE = "<scratch>", "</scratch>"
MOST_LINES = 50
LONGEST_LINE = 200


def family_of(digits: int) -> str:
    """The family of problems with so many digits."""
    return f"{NAME}-{digits}-digit{'' if digits == 1 else 's'}"


PREREQUISITES: Mapping[str, tuple[str, ...]] = {
    family_of(digits): (family_of(digits - 1),) if digits > DIGITS.start else () for digits in DIGITS
}
"""By family, those that come first: numbers of n digits need those of n - 1."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Two numbers of as many digits, to be added."""

    first: int
    """The first of the numbers."""
    second: int
    """The second one."""

    @property
    def digits(self) -> int:
        """How many digits the numbers have."""
        return len(str(self.first))

    @property
    def total(self) -> int:
        """The sum."""
        return self.first + self.second

    @property
    def statement(self) -> str:
        """The question."""
        return f"What is {self.first} + {self.second}?"


@dataclass(frozen=True, slots=True)
class ScratchLine:
    """A line of a scratchpad: what it says, where in the text (characters), and what the canonical one would say
    ("" for a line too many). Of a line that is missing `said` is "" and the place is the end of the scratchpad."""

    said: str
    start: int
    """Where it begins, in characters from the beginning of the text."""
    end: int
    """Where it ends, in the same way."""
    expected: str

    @property
    def is_right(self) -> bool:
        """Whether it is the canonical line, spaces and case aside."""
        return bool(self.said) and _plain(self.said) == _plain(self.expected)


@dataclass(frozen=True, slots=True)
class Examined:
    """A scratchpad line by line, missing lines included. `left_over` says that more lines stand there than are read."""

    lines: tuple[ScratchLine, ...]
    left_over: bool = False

    @property
    def first_wrong(self) -> int | None:
        """The place of the first line that is not right, from 0; None where all are."""
        return next((place for place, line in enumerate(self.lines) if not line.is_right), None)

    @property
    def right(self) -> int:
        """How many lines are right before the first that is not."""
        return len(self.lines) if self.first_wrong is None else self.first_wrong


def steps_of(numbers: Sum) -> tuple[str, ...]:
    """The canonical lines: one at the start, one for each digit, and the sum with the last carry in front."""
    first, second = _spaced(numbers.first), _spaced(numbers.second)
    carry, done = 0, ""
    lines = [f"{' '.join(first)} + {' '.join(second)} , C: 0"]
    for left in range(len(first) - 1, -1, -1):
        column = int(first[left]) + int(second[left]) + carry
        carry, done = column // 10, f"{column % 10} {done}".rstrip()
        rest = f"{' '.join(first[:left])} + {' '.join(second[:left])} " if left else ""
        lines.append(f"{rest}, {done} C: {carry}")
    return (*lines, f"{carry} {done}")


def scratchpad(numbers: Sum) -> str:
    """A worked solution: the canonical lines between their marks, and the answer below."""
    return "\n".join((OPEN, *steps_of(numbers), CLOSE, str(numbers.total)))


def examine(numbers: Sum, text: str) -> Examined | None:
    """The last scratchpad of a text beside the canonical one; None where there is none.

    One whose closing mark is missing ends with the text, or before an empty line.
    """
    begun = text.rfind(OPEN)
    if begun < 0:
        return None
    start = begun + len(OPEN)
    end = text.find(CLOSE, start)
    if end < 0:
        blank = re.compile(r"\n[ \t]*\n").search(text, start + 1)
        end = blank.start() if blank else len(text)
    found = [match for match in re.compile(r"[^\n]+").finditer(text, start, end) if match[0].strip()]
    expected = steps_of(numbers)
    shown = found[:MOST_LINES]
    lines = [
        ScratchLine(match[0].strip()[:LONGEST_LINE], *_stripped(match), expected[at] if at < len(expected) else "")
        for at, match in enumerate(shown)
    ]
    lines += [ScratchLine("", end, end, line) for line in expected[len(lines) :]]
    return Examined(tuple(lines), len(found) > len(shown))


def problem_of(numbers: Sum, *, split: str) -> ProblemRecord:
    """The problem as a record. Its content is the two numbers alone, whichever seed drew them."""
    return ProblemRecord(
        kind=ProblemKind.NUMERIC,
        name=f"{numbers.first}+{numbers.second}",
        statement=numbers.statement,
        spec={"scratchpad": NAME, "numbers": [numbers.first, numbers.second]},
        reference=str(numbers.total),
        split=split,
        family=family_of(numbers.digits),
        difficulty={"digits": float(numbers.digits)},
    )


def sum_of(spec: Mapping[str, JSON]) -> Sum | None:
    """The numbers of a problem's spec; None where it is no addition with a scratchpad."""
    numbers = spec.get("numbers")
    if spec.get("scratchpad") != NAME or not isinstance(numbers, list | tuple) or len(numbers) != 2:
        return None
    if any(type(number) is not int or number < 0 for number in numbers) or len({len(str(n)) for n in numbers}) != 1:
        return None
    return Sum(*numbers)


def part_of(numbers: Sum) -> str:
    """The part that a pair of numbers is of, whichever of them comes first and whichever seed draws it."""
    low, high = sorted((numbers.first, numbers.second))
    return HELD_OUT if derive_seed(low, high) % HELD_OUT_OF == 0 else LEARNT


def draw(lengths: Sequence[int], size: int, *, seed: int, part: str = ANY) -> Iterator[Sum]:
    """So many different sums, as evenly over the numbers of digits as there are such sums, shortest first in turn.

    The same lengths, size, seed and part give the same sums. Raises ValueError where there are not so many.
    """
    counts = share_out(lengths, size, part)
    sources = {length: _sums(length, seed, part) for length in lengths}
    for turn in range(max(counts.values(), default=0)):
        for length in lengths:
            if turn < counts[length]:
                yield next(sources[length])


def share_out(lengths: Sequence[int], size: int, part: str) -> dict[int, int]:
    """How many sums of each length make up so many, as evenly as there are sums. Raises ValueError."""
    there = {length: _there(length, part) for length in lengths}
    if size > sum(there.values()):
        raise ValueError(f"found {size:,} problems, expected at most {sum(there.values()):,}: there are no more")
    counts = dict.fromkeys(lengths, 0)
    while (left := size - sum(counts.values())) > 0:
        open_ = [length for length in lengths if counts[length] < there[length]]
        for place, length in enumerate(open_):
            more = left // len(open_) + (place < left % len(open_))
            counts[length] = min(there[length], counts[length] + more)
    return counts


def _sums(digits: int, seed: int, part: str) -> Iterator[Sum]:
    """All sums of a length and part, each once, in an order that the seed draws; long ones as they are drawn."""
    least, count = _least(digits), _numbers(digits)
    if digits <= COUNTED:
        every = [(least + at // count, least + at % count) for at in range(count * count)]
        pairs = iter(sorted(every, key=lambda pair: derive_seed(seed, digits, *pair)))
    else:
        drawn = (derive_seed(seed, digits, at) for at in range(2**62))
        pairs = ((least + number % count, least + (number // count) % count) for number in drawn)
    seen = set[tuple[int, int]]()
    for first, second in pairs:
        numbers = Sum(first, second)
        if (first, second) not in seen and part in (ANY, part_of(numbers)):
            seen.add((first, second))
            yield numbers


COUNTED = 2
"""Sums of so many digits, and fewer, are few enough to go through all."""

ENOUGH = 100_000
"""More sums than one draw has: a length with more digits has more of either part."""

_known: dict[tuple[int, str], int] = {}


def _there(digits: int, part: str) -> int:
    """How many sums there are of a length and part, ENOUGH for many."""
    if digits > COUNTED:
        return ENOUGH
    if (digits, part) not in _known:
        _known[digits, part] = sum(1 for _ in _sums(digits, 0, part))
    return _known[digits, part]


def _least(digits: int) -> int:
    return int("1" + "0" * (digits - 1)) if digits > 1 else 0


def _numbers(digits: int) -> int:
    return int("9" * digits) + 1 - _least(digits)


def _spaced(number: int) -> list[str]:
    return list(str(number))


def _plain(line: str) -> str:
    return "".join(line.split()).casefold()


def _stripped(match: re.Match[str]) -> tuple[int, int]:
    """Where the line stands without the space around it."""
    said = match[0]
    start = match.start() + len(said) - len(said.lstrip())
    return start, start + len(said.strip())
