import pytest

from trajectories.core.campaigns.curricula import (
    Place,
    find_circle,
    open_families,
    places,
    read_needs,
    write_needs,
)
from trajectories.core.faults import Fault
from trajectories.core.problems.prerequisites import DECLARED, declared_for
from trajectories.core.problems.procedural_families import TRIED


def test_prerequisites_are_read_line_by_line_and_written_back():
    text = "two: one\n\n three : one , two, one\nfour:"
    needs = read_needs(text)
    assert needs == {"two": ("one",), "three": ("one", "two")}
    assert read_needs(write_needs(needs)) == needs
    refused = (
        ("two one", "Prerequisites, line 1: found 'two one', expected “family: families it builds on”."),
        ("a: b\n: c", "Prerequisites, line 2: found ': c', expected “family: families it builds on”."),
        ("a: b\na: c", "Prerequisites, line 2: found 'a' a second time, expected it once."),
    )
    for wrong, said in refused:
        with pytest.raises(Fault) as fault:
            read_needs(wrong)
        assert str(fault.value) == said


@pytest.mark.parametrize(
    ("needs", "circle"),
    [
        ({}, []),
        ({"b": ["a"], "c": ["a", "b"], "d": ["b", "c"]}, []),
        ({"a": ["a"]}, ["a", "a"]),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, ["b", "c", "b"]),
    ],
)
def test_a_circle_is_found_wherever_it_is(needs, circle):
    assert find_circle(needs) == circle


def test_families_open_by_what_is_measured_and_stay_open():
    needs = {"b": ["a"], "c": ["a", "b"]}
    assert open_families("abcd", needs, {}, 0.5) == ["a", "d"]
    assert open_families("abcd", needs, {"a": 0.5}, 0.5) == ["a", "b", "d"]
    assert open_families("abcd", needs, {"a": 0.4, "b": 0.9}, 0.5, ["b"]) == ["a", "b", "d"]
    assert open_families("abcd", needs, {"a": 0.5, "b": 0.5}, 0.5) == ["a", "b", "c", "d"]


def test_each_family_stands_right_of_all_that_it_builds_on():
    assert places("abcd", {"b": ["a"], "c": ["a", "b"]}) == [
        Place("a", 0, 0), Place("d", 0, 1), Place("b", 1, 0), Place("c", 2, 0),
    ]  # fmt: skip


def test_declared_prerequisites_are_those_that_are_there_and_form_no_circle():
    assert declared_for(["sum-1-digit", "sum-2-digits", "sum-5-digits", "lcm", "gcd", "sudoku", ""]) == {
        "lcm": ("gcd",), "sum-2-digits": ("sum-1-digit",), "sum-5-digits": ("sum-2-digits",),
    }  # fmt: skip
    assert find_circle(DECLARED) == []
    assert {*DECLARED, *(need for needs in DECLARED.values() for need in needs)} <= TRIED
