"""The tables of core.problems.procedural_families, held to what every family's scorer does.

The scorers run in this process, on text of our own: marks that do nothing, and planted wrong answers.
"""

import json
import re
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from random import Random
from typing import Any

import pytest

from tests.adapters.planted_answers import loose_answers, wrong_answers
from tests.adapters.stopwatch import within
from trajectories.adapters.procedural import is_installed
from trajectories.core.problems.plain_answers import is_plain_answer
from trajectories.core.problems.procedural_families import (
    LOOSELY_READ,
    READ_AS_CODE,
    TRIED,
    TRIED_WITH,
    UNVERIFIED,
    scoring_of,
)
from trajectories.core.verifiers.procedural import RIGHT, doubt

pytestmark = pytest.mark.skipif(not is_installed(), reason="reasoning-gym is not installed (make procedural)")

NAME, NUMBER = "zqmarker", "918273645"
PROBLEMS = 6
UNTESTABLE = {"boxnet", "rush_hour"}
"""Families whose problems come without any right answer."""
OWN: Mapping[str, Any] = {
    "graph_color": lambda metadata: json.dumps(metadata["possible_answer"]),
    "propositional_logic": lambda metadata: metadata["example_answer"],
    "rubiks_cube": lambda metadata: metadata["example_correct_answer"],
}
"""Where families that give no answer keep one all the same."""


@cache
def problems(family: str) -> tuple[Any, list[dict[str, Any]]]:
    """The family's dataset and its first problems."""
    from trajectories.adapters.procedural.scoring import make_dataset, seed_generators

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = make_dataset(family, {}, seed=11, size=PROBLEMS)
        made = []
        for index in range(PROBLEMS):
            seed_generators(11, index)
            made.append(dataset[index])
    return dataset, made


def own_answer(family: str, entry: Mapping[str, Any]) -> str:
    answer = entry["answer"]
    return str(answer) if answer is not None else OWN[family](entry["metadata"])


def score(dataset: Any, answer: str, entry: Mapping[str, Any]) -> float:
    """The score, 0 where the scorer raises or takes long."""
    try:
        with within(2.0):
            return float(dataset.score_answer(answer, entry))
    except Exception:
        return 0.0


class Watch:
    """Sees, through an audit hook that cannot be removed again, which events carry one of the marks."""

    def __init__(self) -> None:
        self.on, self.seen = False, set[str]()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        self.on = False
        for argument in arguments:
            text = argument.decode("utf-8", "replace") if isinstance(argument, bytes) else argument
            if isinstance(text, str) and (NAME in text or NUMBER in text):
                self.seen.add(event)
        self.on = True


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


def marked(own: str) -> Iterator[str]:
    """Texts of many forms with a mark in them that does nothing."""
    yield from (NAME, NUMBER, f"[{NAME}]", f"[[{NUMBER}]]", f"['{NAME}']", f"{NAME} + {NUMBER}", f"{NUMBER}*x")
    yield from (f"({NUMBER})", json.dumps({NAME: NUMBER}), f'"{NAME}"', f"{NAME}()", f"[{NUMBER}, {NUMBER}]")
    yield from (re.sub(r"\d+", NUMBER, own), re.sub(r"\d+", NUMBER, own, count=1), re.sub("[A-Za-z]+", NAME, own))
    yield from (own + NAME, f"{own} {NUMBER}", f"[{own}, {NUMBER}]", f"{own}\n{NAME}", f"['{own}', '{NAME}']")
    yield from (repr([*(row.split() for row in own.splitlines()), NAME]), f"{own} + {NUMBER}")


def test_every_family_was_tried_with_this_version():
    from importlib.metadata import version

    from reasoning_gym.factory import DATASETS

    assert set(DATASETS) - {"composite"} == TRIED  # which cannot be made without others
    assert f"reasoning-gym {version('reasoning-gym')}" == TRIED_WITH


def test_the_families_that_evaluate_answers_are_those_of_the_table(watch: Watch):
    found = set()
    for family in sorted(TRIED):
        dataset, made = problems(family)
        watch.seen.clear()
        for entry in made[:3]:
            for text in marked("" if family in UNTESTABLE else own_answer(family, entry)):
                watch.on = True
                score(dataset, text, entry)
                watch.on = False
        if watch.seen:
            found.add(family)
            assert watch.seen == {"compile"}, f"{family}: {watch.seen}"
    assert found == set(READ_AS_CODE)


def test_right_answers_of_families_that_evaluate_them_are_plain():
    for family, form in READ_AS_CODE.items():
        for entry in problems(family)[1]:
            own = own_answer(family, entry)
            assert is_plain_answer(form, own) or not doubt(scoring_of(family), own, own), (family, own)


def test_verified_are_the_families_that_tell_right_answers_from_wrong_ones():
    passed: defaultdict[str, set[str]] = defaultdict(set)
    for family, how, _ in _passing(wrong=True):
        passed[family].add(how)
    assert set(passed) | UNTESTABLE == set(UNVERIFIED) - {"propositional_logic"}, dict(passed)


def test_loosely_read_are_those_that_take_a_wrong_answer_beside_the_right_one():
    passed: defaultdict[str, set[str]] = defaultdict(set)
    for family, how, answers in _passing(wrong=False):
        passed[family].add(how)
        if not scoring_of(family).unverified:
            assert doubt(scoring_of(family), *answers), (family, answers)
    assert set(passed) - set(UNVERIFIED) == LOOSELY_READ, dict(passed)
    assert "propositional_logic" in passed


def _passing(*, wrong: bool) -> Iterator[tuple[str, str, tuple[str, str]]]:
    """(family, how an answer was made, (right answer, that answer)) for what a scorer takes for right."""
    for family in sorted(TRIED - UNTESTABLE):
        dataset, made = problems(family)
        random = Random(7)
        own = [own_answer(family, entry) for entry in made]
        for entry, right in zip(made, own, strict=True):
            assert score(dataset, right, entry) >= RIGHT, (family, right)
            others = [other for other in own if other != right][:3]
            texts = wrong_answers(family, right, others, random) if wrong else loose_answers(family, right, others)
            for how, text in texts:
                if score(dataset, text, entry) >= RIGHT:
                    yield family, how, (right, text)
