"""Answers to procedural problems that are wrong whatever the problem is, made from the right one."""

import re
from collections.abc import Iterator, Sequence
from random import Random

FOREIGN = ("", "I do not know.", "banana", "0", "1", "yes", "None", "[]", "{}", "-987654321", "7 7\n7 7")

SEVERAL_RIGHT = {"graph_color", "n_queens", "propositional_logic", "sokoban"}
"""Families where the answer to another problem, or a little change, may be right: queens of other boards fit, moves
against walls are none, other colours will do, and much follows from a premise."""

ORDER_IS_FREE = {
    "countdown",
    "graph_color",
    "group_anagrams",
    "intermediate_integration",
    "knight_swap",
    "knights_knaves",
    "polynomial_equations",
    "polynomial_multiplication",
    "prime_factorization",
    "puzzle24",
    "propositional_logic",
    "quantum_lock",
    "rubiks_cube",
    "shortest_path",
    "simple_integration",
}
"""Families where two parts of the answer may change places: sums, products, sets, paths, turns of opposite
sides, words around what counts."""


def wrong_answers(family: str, own: str, others: Sequence[str], random: Random) -> Iterator[tuple[str, str]]:
    """(how it was made, answer), none of which is right."""
    made = [("foreign", text) for text in FOREIGN]
    made += [] if family in SEVERAL_RIGHT else [("of another problem", text) for text in others]
    made += [] if family in SEVERAL_RIGHT else [("a number changed", text) for text in _numbers_changed(own, random)]
    made += [("all colours one", re.sub(r"(?<=: )\d+", "1", own))] if family == "graph_color" else []
    made += [] if family in ORDER_IS_FREE else [("parts exchanged", text) for text in _parts_exchanged(own, random)]
    if "\n" in own:
        made.append(("a line left out", own.rsplit("\n", 1)[0]))
    if len(own) > 12 and isinstance(_value(own), str):  # half of a number's digits may be precise enough
        made.append(("half", own[: len(own) // 2]))
    for how, text in made:
        if _value(text) != _value(own):
            yield how, text


ANOTHER_SYMBOL_IS_NONE = {"intermediate_integration", "sokoban", "simple_integration"}
"""Families where more may follow a right answer: a constant in another variable, moves that change nothing."""


def loose_answers(family: str, own: str, others: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(how it was made, answer): the right answer with a wrong one beside it, or with the wrong unit."""
    for other in [] if family in ANOTHER_SYMBOL_IS_NONE else others:
        if _value(other) != _value(own):
            yield "right, then wrong", f"{own} {other}"
            yield "wrong, then right", f"{other} {own}"
            yield "right, then wrong below", f"{own}\n{other}"
    unit = re.fullmatch(r"([\d.:]+ )[a-z]+", own)
    if unit is not None:
        yield "another unit", f"{unit[1]}bananas"


def _value(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return "".join(text.split()).casefold()


def _numbers_changed(own: str, random: Random) -> Iterator[str]:
    """One whole number, or whole part, becomes the next one where that is more than 2 % off; else its first digit."""
    found = list(re.finditer(r"(?<![\d.])\d+", own))
    for number in {*found[:1], *found[-1:], *random.sample(found, min(4, len(found)))}:
        digits = number[0]
        small = len(digits) < 3 and int(digits) < 50
        other = str(int(digits) + 1) if small else str(1 + int(digits[0]) % 9) + digits[1:]
        yield own[: number.start()] + other + own[number.end() :]


def _parts_exchanged(own: str, random: Random) -> Iterator[str]:
    parts = list(re.finditer(r"\S+", own))
    for _ in range(4 if len(parts) > 1 else 0):
        one, two = sorted(random.sample(range(len(parts)), 2))
        first, second = parts[one], parts[two]
        if first[0] != second[0]:
            between = own[first.end() : second.start()]
            yield own[: first.start()] + second[0] + between + first[0] + own[second.end() :]
