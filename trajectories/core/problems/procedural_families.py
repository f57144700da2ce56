"""What is known of the scorers of reasoning-gym's families: found by tests over all of them, and held to that by them.

tests/adapters/test_procedural_families.py traces which scorers evaluate the answer, and tries every scorer on its own
answers and on planted wrong ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

TRIED_WITH = "reasoning-gym 0.1.25"
"""The package whose scorers the tables below are about."""


class CodeForm(StrEnum):
    """What the answers look like that a family evaluates as Python."""

    LISTS = "lists"
    EXPRESSION = "expression"


READ_AS_CODE: Mapping[str, CodeForm] = {
    "binary_matrix": CodeForm.LISTS,
    "countdown": CodeForm.EXPRESSION,
    "intermediate_integration": CodeForm.EXPRESSION,
    "n_queens": CodeForm.LISTS,
    "polynomial_multiplication": CodeForm.EXPRESSION,
    "puzzle24": CodeForm.EXPRESSION,
    "simple_integration": CodeForm.EXPRESSION,
    "spiral_matrix": CodeForm.LISTS,
    "string_insertion": CodeForm.LISTS,
}
"""Families whose scorer evaluates the answer, with Python's `eval` or through sympy's parser."""

UNVERIFIED: Mapping[str, str] = {
    "boxnet": "the family gives no right answer that its scorer could be tried on",
    "coin_flip": "its scorer takes the answer 0 for right, whatever the probability",
    "game_of_life_halting": "its scorer takes any words for right",
    "number_sorting": "its scorer takes lists with wrong numbers for right",
    "propositional_logic": "its scorer reads only a part of a conclusion and passes over the rest",
    "puzzle24": "its scorer takes sums of numbers that were not given for right",
    "rush_hour": "the family gives no right answer that its scorer could be tried on",
}
"""Families whose scorer does not tell right answers from wrong ones, and why: nothing is scored by them."""

_LOOSE = "fraction_simplification gsm_symbolic letter_jumble polynomial_equations spell_backward time_intervals"
LOOSELY_READ = frozenset(_LOOSE.split())
"""Families whose scorer is content with the right answer and a wrong one beside it, or with the wrong unit: what passes
there counts only where it is the reference answer, word for word."""

_TRIED = """
ab acre advanced_geometry aiw arc_1d arc_agi base_conversion basic_arithmetic bf binary_alternation
binary_matrix bitwise_arithmetic boxnet caesar_cipher calendar_arithmetic chain_sum circuit_logic codeio
coin_flip color_cube_rotation complex_arithmetic count_bits count_primes countdown course_schedule cryptarithm
decimal_arithmetic decimal_chain_sum dice emoji_mystery family_relationships figlet_font fraction_simplification
futoshiki game_of_life game_of_life_halting gcd graph_color group_anagrams gsm_symbolic intermediate_integration
isomorphic_strings jugs kakurasu knight_swap knights_knaves largest_island lcm leg_counting letter_counting
letter_jumble list_functions mahjong_puzzle manipulate_matrix maze mini_sudoku modulo_grid n_queens
needle_haystack number_filtering number_format number_sequence number_sorting palindrome_generation
palindrome_partitioning path_star polynomial_equations polynomial_multiplication pool_matrix power_function
prime_factorization products propositional_logic puzzle24 quantum_lock ransom_note rearc rectangle_count
rotate_matrix rotten_oranges rubiks_cube rush_hour self_reference sentence_reordering shortest_path
simple_equations simple_geometry simple_integration sokoban spell_backward spiral_matrix string_insertion
string_manipulation string_splitting string_synthesis sudoku survo syllogism time_intervals tower_of_hanoi
tsumego word_ladder word_sequence_reversal word_sorting zebra_puzzles
"""
TRIED = frozenset(_TRIED.split())
"""All families whose scorers were tried."""


@dataclass(frozen=True, slots=True)
class ScorerTrust:
    """How far a family's scorer is trusted."""

    code: CodeForm | None = None
    """As what the scorer evaluates an answer, which then needs the sandbox; None where it evaluates none."""
    unverified: str = ""
    """Why answers are not verified by the scorer, in one sentence; "" where they are."""
    loose: bool = False
    """Whether the scorer takes wrong answers for right: then the reference answer alone passes."""


def scoring_of(family: str) -> ScorerTrust:
    """How far the scorer of a family is trusted; one that was never tried is not."""
    if family not in TRIED:
        return ScorerTrust(CodeForm.EXPRESSION, f"this family was not tried with {TRIED_WITH}")
    return ScorerTrust(READ_AS_CODE.get(family), UNVERIFIED.get(family, ""), family in LOOSELY_READ)
