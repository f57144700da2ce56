"""Sums on a scratchpad: the steps are those of addition, and whatever is written otherwise is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.problems.arithmetic import (
    ANY,
    CLOSE,
    DIGITS,
    HELD_OUT,
    LEARNT,
    PREREQUISITES,
    Sum,
    draw,
    examine,
    family_of,
    part_of,
    problem_of,
    scratchpad,
    share_out,
    steps_of,
    sum_of,
)


@st.composite
def sums(made):
    digits = made(st.sampled_from(list(DIGITS)))
    numbers = st.integers(10 ** (digits - 1) if digits > 1 else 0, 10**digits - 1)
    return Sum(made(numbers), made(numbers))


def test_the_steps_are_those_of_the_paper():
    assert steps_of(Sum(624, 259)) == (
        "6 2 4 + 2 5 9 , C: 0",
        "6 2 + 2 5 , 3 C: 1",
        "6 + 2 , 8 3 C: 0",
        ", 8 8 3 C: 0",
        "0 8 8 3",
    )


@given(sums())
def test_the_last_step_and_the_answer_are_the_sum(numbers):
    lines = steps_of(numbers)
    assert len(lines) == numbers.digits + 2
    assert int(lines[-1].replace(" ", "")) == numbers.first + numbers.second
    assert scratchpad(numbers).rpartition("\n")[2] == str(numbers.total)
    found = examine(numbers, scratchpad(numbers))
    assert (found.first_wrong, found.right) == (None, len(lines))


@given(sums(), st.data())
def test_any_digit_that_is_another_is_found_in_its_line(numbers, made):
    text = scratchpad(numbers)
    body = text[: text.index(CLOSE)]
    place = made.draw(st.sampled_from([at for at, mark in enumerate(body) if mark.isdigit()]))
    other = made.draw(st.sampled_from([mark for mark in "0123456789" if mark != text[place]]))
    wrong = text[:place] + other + text[place + 1 :]
    found = examine(numbers, wrong)
    line = found.lines[found.first_wrong]
    assert found.first_wrong == body[:place].count("\n") - 1
    assert line.start <= place < line.end
    assert wrong[line.start : line.end] == line.said
    assert line.expected == steps_of(numbers)[found.first_wrong]


@given(sums(), st.data())
def test_a_line_that_is_left_out_or_one_too_many_is_found(numbers, made):
    lines = list(steps_of(numbers))
    at = made.draw(st.integers(0, len(lines) - 1))
    shorter = examine(numbers, "\n".join(("<scratch>", *lines[:at], *lines[at + 1 :], "</scratch>")))
    assert shorter.first_wrong == at
    longer = examine(numbers, "\n".join(("<scratch>", *lines, "9 9", "</scratch>")))
    assert (longer.first_wrong, longer.lines[-1].expected) == (len(lines), "")


def test_spaces_case_and_what_stands_around_do_not_matter_and_the_last_scratchpad_counts():
    numbers = Sum(7, 5)
    said = "I tried <scratch>\n1 1\n</scratch> first.\n\n<scratch>\n  7+5, c:0\n\n,2 c:1\n12\n</scratch>\nSo 12."
    assert examine(numbers, said).first_wrong is None
    assert examine(numbers, "It is 12.") is None
    cut = examine(numbers, "<scratch>\n7 + 5 , C: 0\n, 2 C: 1")
    assert (cut.first_wrong, cut.lines[2].said, cut.lines[2].start) == (2, "", 31)
    assert examine(numbers, "<scratch>\n7 + 5 , C: 0\n, 2 C: 1\n1 2\n\nThe answer is 12.").first_wrong is None
    flood = examine(numbers, "<scratch>\n" + "1\n" * 10_000 + "</scratch>")
    assert (len(flood.lines), flood.left_over, flood.first_wrong) == (50, True, 0)


def test_the_same_seed_draws_the_same_sums_each_once_and_evenly():
    drawn = list(draw(DIGITS, 400, seed=3))
    assert drawn == list(draw(DIGITS, 400, seed=3)) != list(draw(DIGITS, 400, seed=4))
    assert len(set(drawn)) == 400
    assert [sum(each.digits == digits for each in drawn) for digits in DIGITS] == [80] * 5
    many = list(draw(range(1, 3), 1_000, seed=3))
    assert sum(each.digits == 1 for each in many) == 100, "there are no more, and the rest has two digits"
    with pytest.raises(ValueError, match="found 101 problems, expected at most 100"):
        share_out([1], 101, ANY)


def test_no_sum_is_of_both_parts_whatever_the_seed_and_whichever_number_is_first():
    learnt = {each for seed in range(3) for each in draw(DIGITS, 300, seed=seed, part=LEARNT)}
    held_out = {each for seed in range(3) for each in draw(DIGITS, 300, seed=seed, part=HELD_OUT)}
    turned = {Sum(each.second, each.first) for each in held_out}
    assert not learnt & (held_out | turned)
    assert all(part_of(each) == HELD_OUT for each in turned)
    assert sum(share_out([1], 27, HELD_OUT).values()) == 27


def test_a_problem_is_known_by_its_numbers_and_says_which_family_comes_before_its_own():
    record = problem_of(Sum(48, 37), split="train")
    assert (record.statement, record.reference, record.family) == ("What is 48 + 37?", "85", "addition-2-digits")
    assert sum_of(record.spec) == Sum(48, 37)
    assert PREREQUISITES[record.family] == ("addition-1-digit",) == (family_of(1),)
    assert PREREQUISITES[family_of(1)] == ()
    for spec in ({}, {"scratchpad": "addition"}, {"scratchpad": "addition", "numbers": [1, 22]}, {"numbers": [1, 2]}):
        assert sum_of(spec) is None
