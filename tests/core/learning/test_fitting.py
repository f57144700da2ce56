"""From programs to a guide, and what a guide changes in a search."""

import json

import pytest

from tests.core.samplers.tasks import FLIP, FLIP_ANSWER, make_request, training_spec
from trajectories.core.exporters import ExportItem
from trajectories.core.learning.chains import read_chain
from trajectories.core.learning.examples import read_examples
from trajectories.core.learning.fitting import COUNTS, LOG_LINEAR, METHODS, cross_validate, fit_guide
from trajectories.core.learning.lessons import Lesson
from trajectories.core.problems.arc import task_of
from trajectories.core.records import ProblemKind, SampleResult
from trajectories.core.samplers.base import Teachable
from trajectories.core.samplers.symbolic import SymbolicSampler
from trajectories.core.samplers.symbolic.guide import GuideError, read_guide
from trajectories.core.samplers.symbolic.population import find_programs
from trajectories.core.samplers.symbolic.task_features import NAMES, task_features

CANARY = 987654321
FLIP_SOURCE = (
    'def transform(grid):\n    """Turn."""\n    picture = flip_rows(grid)\n    return [row[:] for row in picture]\n'
)
GROW_SOURCE = FLIP_SOURCE.replace("flip_rows(grid)", "scale_up(grid, 2, 2)")


def spec_of(number, big):
    grids = [[[number % 9 + 1, 0], [row, 2]] for row in range(3)]
    grow = lambda grid: [[cell for cell in row for _ in (0, 1)] for row in grid for _ in (0, 1)]  # noqa: E731
    turn = grow if big else lambda grid: grid[::-1]
    return {"train": [{"input": grid, "output": turn(grid)} for grid in grids], "test": [{"input": [[1, 2], [3, 4]]}]}


def lesson(number, *, big=False, program=None, correct=True, kind=ProblemKind.ARC):
    return Lesson(
        ExportItem(
            prompt=(), reasoning="", program=program or (GROW_SOURCE if big else FLIP_SOURCE), answer=CANARY, steps=(),
            problem_name=str(number), problem_kind=kind, spec=spec_of(number, big), reference=[[[CANARY]]],
            problem_hash=f"h{number}{big}",
        ),
        correct,
    )  # fmt: skip


@pytest.fixture(scope="module")
def examples():
    return read_examples([lesson(n, big=bool(n % 2)) for n in range(20)]).tasks


@pytest.fixture(scope="module")
def learnt(examples):
    return fit_guide(examples, LOG_LINEAR)


def test_the_programs_of_the_sampler_itself_are_read():
    spec, _ = training_spec("be94b721")
    task = task_of(make_request(spec).problem)
    for view, found in find_programs(task, 400_000).items():
        for candidate in found.ranked[:40]:
            program = candidate.program
            chain = read_chain(program.source())
            assert chain is not None, (view, program.key)
            assert [list(layer) for layer in chain.layers] == [[op.key for op in x.steps] for x in program.layers]
            assert chain.frame == (program.frame.enter.__name__ if program.frame else "")
            assert chain.stacked == program.stacked


@pytest.mark.parametrize(
    "program",
    [
        "def transform(grid):\n    return grid[::-1]\n",
        "def transform(grid):\n    picture = exec(grid)\n    return [row[:] for row in picture]\n",
        "import os\n",
        "def transform(",
        "def transform():\n    return 1\n",
        "x = 1\x00",
        "def transform(grid):\n    while True:\n        pass\n",
    ],
)
def test_a_program_of_another_language_is_none(program):
    assert read_chain(program) is None


def test_what_teaches_nothing_is_counted_by_why():
    told = [
        lesson(1),
        lesson(2, correct=False),
        lesson(3, program="def transform(grid):\n    return grid\n"),
        lesson(4, kind=ProblemKind.TEXT),
        lesson(5, program=" "),
    ]
    found = read_examples(told)
    assert len(found.tasks) == 1
    assert dict(found.left_out) == {
        "wrong": 1,
        "outside the operations of the grid and object search": 1,
        "no ARC task": 1,
        "no program": 1,
    }


def test_a_guide_is_the_same_for_the_same_examples_and_is_read_as_written(examples, learnt):
    guide = learnt
    assert guide.as_bytes() == fit_guide(tuple(examples), LOG_LINEAR).as_bytes()
    again = read_guide(guide.as_bytes())
    assert again.as_bytes() == guide.as_bytes()
    shares = again.at(examples[0].features).shares(again.operations, "")
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) > 0, "nothing is out of reach"


def test_features_tell_which_operation_follows(examples, learnt):
    guide = learnt
    for big, likely, other in ((False, "flip_rows", "scale_up"), (True, "scale_up", "flip_rows")):
        unseen = task_features(task_of(make_request(spec_of(77, big)).problem))
        shares = guide.at(unseen).shares(guide.operations, "")
        assert shares[likely] > 3 * shares[other]
    bits = {method: cross_validate(examples, method, 2, 0, lambda *_: None).mean for method in METHODS}
    assert bits[LOG_LINEAR] < bits[COUNTS] - 0.5


def test_no_reference_answer_is_ever_read(learnt):
    """Planted in the reference and in the answer of every lesson, and nowhere in what was learnt."""
    assert str(CANARY) not in learnt.as_bytes().decode()

    class Canary(dict):
        def __getitem__(self, key):
            assert key != "output" or "input" in self, "an output of a test was asked for"
            return super().__getitem__(key)

    spec = spec_of(1, big=False)
    spec["test"] = [Canary(output=[[CANARY]], **pair) for pair in spec["test"]]
    plain = task_features(task_of(make_request(spec_of(1, big=False)).problem))
    assert task_features(task_of(make_request(spec).problem)) == plain
    assert len(plain) == len(NAMES)


def test_a_taught_sampler_finds_in_less_work_what_it_was_taught(learnt):
    sampler = SymbolicSampler()
    assert isinstance(sampler, Teachable)
    guide = learnt
    taught = sampler.taught(guide.as_bytes())
    ((_, result),) = taught.sample([make_request(FLIP)])
    assert isinstance(result, SampleResult)
    assert result.answer == FLIP_ANSWER
    task = task_of(make_request(FLIP).problem)
    before, after = find_programs(task, 1_000_000)["grid"], find_programs(task, 1_000_000, read_guide(guide.as_bytes()))
    assert after["grid"].facts["work"] * 3 < before.facts["work"]
    assert after["grid"].ranked[0].program.key == "flip_rows()"


def test_the_unlearnt_search_knows_no_surprise():
    spec, _ = training_spec("0d3d703e")
    task = task_of(make_request(spec).problem)
    for candidate in find_programs(task, 300_000)["grid"].ranked:
        assert all(layer.surprise == 0 for layer in candidate.program.layers)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda stored: b"no JSON", "no JSON"),
        (lambda stored: b"[1]", "another kind"),
        (lambda stored: stored | {"version": 2}, "version: found 2"),
        (lambda stored: stored | {"features": 0}, "features: found 0"),
        (lambda stored: stored | {"bias": [1.0]}, "damaged"),
        (lambda stored: stored | {"weights": [[1.0]] * len(stored["operations"])}, "damaged"),
        (lambda stored: stored | {"transitions": 7}, "damaged"),
    ],
)
def test_a_file_that_is_no_guide_says_why(examples, spoil, told):
    stored = spoil(fit_guide(examples, COUNTS).as_json())
    with pytest.raises(GuideError, match=told):
        read_guide(stored if isinstance(stored, bytes) else json.dumps(stored).encode())
