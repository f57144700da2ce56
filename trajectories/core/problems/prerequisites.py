"""Which families of problems build on which: what is known of those that are shipped, to begin a curriculum with."""

import re
from collections.abc import Iterable, Mapping

from trajectories.core.problems.arithmetic import PREREQUISITES as OF_SUMS

DECLARED: Mapping[str, tuple[str, ...]] = {
    "basic_arithmetic": ("chain_sum", "products"),
    "bitwise_arithmetic": ("base_conversion",),
    "complex_arithmetic": ("basic_arithmetic",),
    "count_primes": ("prime_factorization",),
    "decimal_arithmetic": ("basic_arithmetic", "decimal_chain_sum"),
    "decimal_chain_sum": ("chain_sum",),
    "fraction_simplification": ("gcd",),
    "gsm_symbolic": ("basic_arithmetic",),
    "intermediate_integration": ("simple_integration",),
    "lcm": ("gcd",),
    "polynomial_equations": ("simple_equations",),
    "polynomial_multiplication": ("products",),
    "products": ("chain_sum",),
    "simple_equations": ("basic_arithmetic",),
    "sudoku": ("mini_sudoku",),
    "word_sequence_reversal": ("spell_backward",),
}
"""By family of reasoning-gym, those whose steps are part of its own."""

_NUMBERED = re.compile(r"^(\D*)(\d{1,4})(\D*)$")


def declared_for(families: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The prerequisites among these families: what is declared, and of families whose names differ in a number alone
    (sums of 2 digits, of 3 digits) the next smaller one. Families without any have none."""
    known = sorted(set(families) - {""})
    numbered = {key: family for family in known if (key := _number_of(family)) is not None}
    found: dict[str, tuple[str, ...]] = {}
    for family in known:
        needs = [need for need in (*DECLARED.get(family, ()), *OF_SUMS.get(family, ())) if need in known]
        if (key := _number_of(family)) is not None:
            smaller = [number for name, number in numbered if name == key[0] and number < key[1]]
            needs += [numbered[key[0], max(smaller)]] if smaller else []
        if needs:
            found[family] = tuple(dict.fromkeys(needs))
    return found


def _number_of(family: str) -> tuple[tuple[str, str], int] | None:
    """The name of a family without its one number, whose plural makes no difference, and the number."""
    found = _NUMBERED.match(family)
    return None if found is None else ((found[1], found[3].removesuffix("s")), int(found[2]))
