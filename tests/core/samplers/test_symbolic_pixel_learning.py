"""Learning rule lists from bit sets."""

from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.samplers.symbolic.pixel.learning import Literal, Literals, SourceBits, grow, learn, separate

CELLS = 8
ALL = (1 << CELLS) - 1


def _literals(*rows: tuple[int, float], low: int = 0) -> Literals:
    return Literals([Literal(bits, cost, index, index) for index, (bits, cost) in enumerate(rows)], CELLS, low)


def _source(right: int, index: int, cost: float = 1.0, valid: int = ALL) -> SourceBits:
    return SourceBits(right, valid, cost, index, index, True)


def test_one_literal_is_preferred_to_a_dearer_pair() -> None:
    literals = _literals((0b11110000, 1.0), (0b11001100, 1.0), (0b11000000, 1.5))
    found = separate(literals, 0b11000000, 0b00111111)
    assert found is not None
    assert [literal.index for literal in found] == [2]


def test_a_pair_is_preferred_to_one_dearer_literal() -> None:
    literals = _literals((0b11110000, 1.0), (0b11001100, 1.0), (0b11000000, 2.5))
    found = separate(literals, 0b11000000, 0b00111111)
    assert found is not None
    assert sorted(literal.index for literal in found) == [0, 1]


def test_three_literals_are_found() -> None:
    literals = _literals((0b10001110, 1.0), (0b10110010, 1.0), (0b11010101, 1.0))
    found = separate(literals, 0b10000000, 0b01111111)
    assert found is not None
    assert len(found) == 3


def test_nothing_separates_cells_that_all_literals_confuse() -> None:
    literals = _literals((0b11110000, 1.0), (0b11111100, 1.0))
    assert separate(literals, 0b11000000, 0b00111111) is None


def test_a_rule_that_covers_a_part_is_grown() -> None:
    literals = _literals((0b11000000, 1.0), (0b00110000, 1.0))
    found = grow(literals, 0b11110000, 0b00001111)
    assert found is not None
    assert len(found) == 1


def test_a_list_of_two_rules_repairs_what_the_default_gets_wrong() -> None:
    literals = _literals((0b11000000, 1.0), (0b00110000, 1.0), (0b11110000, 1.0))
    keep, first, second = _source(0b00001111, 0), _source(0b11000000, 1), _source(0b00110000, 2)
    rules = learn(literals, [keep, first, second], keep, ALL)
    assert rules.wrong == 0
    assert {rule.source.index for rule in rules.rules} == {1, 2}


def test_test_cells_do_not_teach() -> None:
    """The two lowest bits are cells of a test input: what holds there must not change what is learned."""
    keep, paint = _source(0b00111100, 0), _source(0b11000000, 1)
    one = learn(_literals((0b11000011, 1.0), low=2), [keep, paint], keep, 0b11111100)
    other = learn(_literals((0b11000000, 1.0), low=2), [keep, paint], keep, 0b11111100)
    assert [[literal.index for literal in rule.literals] for rule in one.rules] == [[0]]
    assert [[literal.index for literal in rule.literals] for rule in other.rules] == [[0]]
    assert one.rules[0].fires == 0b11000011


@given(st.lists(st.integers(0, ALL), min_size=1, max_size=12), st.integers(1, ALL))
def test_what_separates_holds_on_all_wanted_and_on_nothing_forbidden(rows: list[int], wanted: int) -> None:
    forbidden = ALL & ~wanted
    found = separate(_literals(*((bits, 1.0) for bits in rows)), wanted, forbidden)
    if found is not None:
        together = ALL
        for literal in found:
            together &= literal.bits
        assert together & wanted == wanted
        assert not together & forbidden
