import json

import pytest

from tests.factories import FLIP_SPEC
from trajectories.core.prompts.references import reference_text
from trajectories.core.prompts.variation import Variation
from trajectories.core.records import ProblemKind, PublicProblem

CHOICES = {"choices": ["red", "green", "blue"]}


def problem(kind, spec=None):
    return PublicProblem(kind, "p", "?", spec or {}, "p")


@pytest.mark.parametrize(
    ("kind", "spec", "reference", "expected"),
    [
        (ProblemKind.NUMERIC, {}, "42 km", "42 km"),
        (ProblemKind.NUMERIC, {}, 42, "42"),
        (ProblemKind.TEXT, {}, ["Ōsaka", "Osaka"], "Ōsaka"),
        (ProblemKind.CHOICE, CHOICES, "B", "B. green"),
        (ProblemKind.CHOICE, CHOICES, "blue", "C. blue"),
        (ProblemKind.CHOICE, CHOICES, "purple", "purple"),
    ],
)
def test_the_answer_reads_as_it_is_asked_for(kind, spec, reference, expected):
    assert reference_text(problem(kind, spec), reference) == expected


def test_grids_are_given_as_the_model_sees_them():
    flip = problem(ProblemKind.ARC, FLIP_SPEC)
    assert json.loads(reference_text(flip, [[[9, 8, 7]]])) == [[9, 8, 7]]
    assert json.loads(reference_text(flip, [[[9, 8, 7]], None])) == [[[9, 8, 7]], None]
    mirrored = Variation(symmetry=1)
    assert json.loads(reference_text(flip, [[[9, 8, 7]]], mirrored)) == [[7, 8, 9]]
