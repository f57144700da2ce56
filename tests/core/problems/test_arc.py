"""ARC tasks: what is read, what is refused and how, and what a prompt may show."""

import copy
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.problems.strategies import arc_tasks, json_values
from trajectories.core.identity import text_hash
from trajectories.core.problems import ProblemError, problem_hash, statement_hash
from trajectories.core.problems.arc import (
    MAX_PAIRS,
    inputs_hash,
    pair_bag,
    parse_solution,
    parse_task,
    render_prompt,
    task_of,
)
from trajectories.core.records import ProblemKind, ProblemRecord, PublicProblem

TASK = {
    "train": [{"input": [[0, 1], [2, 3]], "output": [[1, 0], [3, 2]]}, {"input": [[5]], "output": [[5]]}],
    "test": [{"input": [[7, 8]], "output": [[8, 7]]}],
}


def changed(change) -> dict:
    task = copy.deepcopy(TASK)
    change(task)
    return task


def record(task, name="t", split="train") -> ProblemRecord:
    spec, reference = parse_task(task)
    return ProblemRecord(ProblemKind.ARC, name, "", spec, reference, split)


def test_spec_and_reference_are_parted():
    spec, reference = parse_task(TASK)
    assert spec == {"train": TASK["train"], "test": [{"input": [[7, 8]]}]}
    assert reference == [[[8, 7]]]


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ([None], None),
        (["absent"], None),
        ([[[1]], None], [[[1]], None]),
        (["absent", [[2]]], [None, [[2]]]),
        ([None, "absent"], None),
    ],
)
def test_test_outputs_may_be_absent(outputs, expected):
    test = [{"input": [[1]]} if output == "absent" else {"input": [[1]], "output": output} for output in outputs]
    assert parse_task({**TASK, "test": test})[1] == expected


def test_other_keys_are_left_out():
    task = changed(lambda task: (task.update(id="x", name="y"), task["train"][0].update(note=1)))
    assert parse_task(task) == parse_task(TASK)


def set_cell(value):
    return lambda task: task["train"][0]["input"][1].__setitem__(0, value)


FAULTS = [
    (set_cell(10), "train[0].input[1][0]: found 10, expected a colour from 0 to 9"),
    (set_cell(-1), "train[0].input[1][0]: found -1, expected a colour from 0 to 9"),
    (set_cell("3"), "train[0].input[1][0]: found the text '3', expected a colour from 0 to 9"),
    (set_cell(1.0), "train[0].input[1][0]: found 1.0, expected a colour from 0 to 9"),
    (set_cell(True), "train[0].input[1][0]: found True, expected a colour from 0 to 9"),
    (set_cell(None), "train[0].input[1][0]: found None, expected a colour from 0 to 9"),
    (lambda task: task["train"][0]["output"][1].pop(), "train[0].output[1]: found 1 cells, expected 2 as in row 0"),
    (lambda task: task["train"][0].update(input=[[0] * 31] * 31), "train[0].input: found 31 rows, expected 1 to 30"),
    (lambda task: task["train"][0].update(input=[[0] * 31]), "train[0].input[0]: found 31 cells, expected 1 to 30"),
    (lambda task: task["train"][0].update(input=[]), "train[0].input: found 0 rows, expected 1 to 30"),
    (lambda task: task["train"][0].update(input=[[]]), "train[0].input[0]: found 0 cells, expected 1 to 30"),
    (lambda task: task["train"][0].pop("output"), "train[0].output: found nothing, expected a grid"),
    (lambda task: task["test"][0].pop("input"), "test[0].input: found nothing, expected a grid"),
    (lambda task: task["test"][0].update(output=3), "test[0].output: found 3, expected a list of rows"),
    (lambda task: task.pop("test"), "test: found nothing, expected a list of pairs"),
    (lambda task: task.update(train=[]), f"train: found an empty list, expected a list of 1 to {MAX_PAIRS} pairs"),
    (lambda task: task.update(train={}), f"train: found an object with 0 keys, expected a list of 1 to {MAX_PAIRS}"),
    (lambda task: task.update(train=[7]), 'train[0]: found 7, expected an object with "input"'),
    (lambda task: task.update(test=[task["test"][0]] * 101), "test: found a list of 101, expected a list of 1 to 100"),
]


@pytest.mark.parametrize(("change", "message"), FAULTS)
def test_faults_name_path_found_and_expected(change, message):
    with pytest.raises(ProblemError) as fault:
        parse_task(changed(change))
    assert str(fault.value).startswith(message)


def test_faults_are_placed_below_where():
    with pytest.raises(ProblemError) as fault:
        parse_task(changed(set_cell(10)), "odd: id")
    assert fault.value.path == "odd: id.train[0].input[1][0]"
    assert fault.value.detail == "found 10, expected a colour from 0 to 9"


@pytest.mark.parametrize("value", [None, [], "text", 3, [TASK], pytest.param(10**5000, id="huge")])
def test_only_objects_are_tasks(value):
    with pytest.raises(ProblemError, match="expected an object"):
        parse_task(value)


@given(json_values)
def test_parsing_is_total(value):
    try:
        spec, _ = parse_task(value)
    except ProblemError:
        return
    assert spec["train"]
    assert spec["test"]


@given(arc_tasks)
def test_round_trip(task):
    spec, reference = parse_task(task)
    outputs = reference or [None] * len(spec["test"])
    again = {
        "train": spec["train"],
        "test": [{**pair, "output": output} for pair, output in zip(spec["test"], outputs, strict=True)],
    }
    assert parse_task(again) == (spec, reference)


@given(arc_tasks, st.randoms(use_true_random=False))
def test_hash_is_of_content_alone(task, shuffle: random.Random):
    keys = list(task)
    shuffle.shuffle(keys)
    reordered = {key: [dict(reversed(pair.items())) for pair in task[key]] for key in keys}
    assert problem_hash(record(task)) == problem_hash(record(reordered, name="other", split="eval"))


def test_hash_never_changes():
    assert problem_hash(record(TASK)) == "7988d4449c7d0548b004d2a05a42db58b2041c2aa023d35a04a5429d74ff007c"


@pytest.mark.parametrize(
    "change",
    [set_cell(9), lambda task: task["test"][0].pop("output"), lambda task: task["train"].reverse()],
)
def test_other_content_has_another_hash(change):
    assert problem_hash(record(changed(change))) != problem_hash(record(TASK))


def test_task_of_hides_test_outputs():
    full = record(TASK)
    task = task_of(full)
    assert task == task_of(PublicProblem(full.kind, "t", "", full.spec, "hash"))
    assert [pair.output for pair in task.test] == [None]
    assert task.train[0].output == ((1, 0), (3, 2))


@pytest.mark.parametrize(
    "problem",
    [
        PublicProblem(ProblemKind.NUMERIC, "n", "1 + 1", {}, "hash"),
        PublicProblem(ProblemKind.ARC, "n", "", {}, "hash"),
        PublicProblem(ProblemKind.ARC, "n", "", {"train": [1], "test": []}, "hash"),
    ],
)
def test_task_of_refuses_what_is_no_arc_task(problem):
    with pytest.raises(ProblemError):
        task_of(problem)


def test_prompt_shows_pairs_and_test_input_only():
    prompt = render_prompt(task_of(record(TASK)))
    assert "Example 1 input:\n0 1\n2 3\n\nExample 1 output:\n1 0\n3 2\n\nExample 2 input:\n5" in prompt
    assert prompt.endswith("Test 1 input:\n7 8\n")
    assert "8 7" not in prompt


@pytest.mark.parametrize("value", [None, {}, [], [[[1]], [[2]], [[3]]]])
def test_a_solution_has_one_grid_per_test_input(value):
    with pytest.raises(ProblemError, match="expected a list of 2 grids, one for each test input"):
        parse_solution(value, 2, "here")


def test_a_solution_may_lack_grids_but_not_hold_bad_ones():
    assert parse_solution([[[1]], None], 2) == [[[1]], None]
    with pytest.raises(ProblemError, match=r"^here\[1\]\[0\]\[1\]: found 12, expected a colour"):
        parse_solution([[[1]], [[1, 12]]], 2, "here")


@given(arc_tasks, st.data())
def test_any_order_and_any_roles_of_the_pairs_are_the_same_task(task, data):
    spec, reference = parse_task(task)
    outputs = reference or [None] * len(spec["test"])
    tests = [{**pair, "output": output} for pair, output in zip(spec["test"], outputs, strict=True)]
    pairs = data.draw(st.permutations([*spec["train"], *tests]))
    # A pair whose output is unknown can be a test only.
    trained = [pair for pair in pairs if pair["output"] is not None and data.draw(st.booleans())]
    tested = [pair for pair in pairs if not any(pair is other for other in trained)]
    other = {"train": trained, "test": [{"input": pair["input"]} for pair in tested]}
    other_outputs = [pair["output"] for pair in tested]
    assert inputs_hash(other) == inputs_hash(spec)
    one, two = pair_bag(spec, reference), pair_bag(other, other_outputs)
    assert one == two
    assert one.covers(two)
    assert one.may_be(two)


@given(arc_tasks, arc_tasks)
def test_tasks_of_other_inputs_have_another_hash(one, two):
    inputs = [
        sorted(str(pair["input"]) for pair in [*parse_task(task)[0]["train"], *task["test"]]) for task in (one, two)
    ]
    assert (inputs_hash(one) == inputs_hash(two)) == (inputs[0] == inputs[1])


@pytest.mark.parametrize(
    ("one", "two", "covers", "covered", "may_be"),
    [
        ([1, 2, 3], [1, 2, 3], True, True, True),
        ([1, 2, 3], [1, 2, None], True, False, True),
        ([1, None, 3], [1, 2, None], False, False, True),
        ([1, 2, 3], [1, 2, 4], False, False, False),
        ([1, 2, None], [1, 4, 3], False, False, False),
        ([1, 2, None], [1, None, None], True, False, True),
    ],
)
def test_outputs_tell_tasks_of_the_same_inputs_apart(one, two, covers, covered, may_be):
    def bag(outputs):
        pairs = [{"input": [[number]], "output": [[value]] if value else None} for number, value in enumerate(outputs)]
        return pair_bag({"train": pairs[:1], "test": pairs[1:]}, [pair["output"] for pair in pairs[1:]])

    left, right = bag(one), bag(two)
    assert (left.covers(right), right.covers(left)) == (covers, covered)
    assert left.may_be(right) is right.may_be(left) is may_be


@pytest.mark.parametrize(
    ("one", "two", "may_be"), [([1, None], [2, None], True), ([1, 2], [2, 1], True), ([1, 2], [1, 3], False)]
)
def test_an_input_may_be_there_twice(one, two, may_be):
    def bag(outputs):
        return pair_bag({"train": [], "test": [{"input": [[0]]}] * 2}, [value and [[value]] for value in outputs])

    assert bag(one).may_be(bag(two)) is may_be
    assert bag(one).covers(bag(two)) is (sorted(map(str, one)) == sorted(map(str, two)))


def test_no_question_has_the_hash_of_a_task():
    hashed = "\n".join(["arc", *sorted(["[[5]]", "[[7,8]]", "[[0,1],[2,3]]"])])
    spec = parse_task(TASK)[0]
    assert inputs_hash(spec) == text_hash(hashed)
    assert statement_hash(hashed) != inputs_hash(spec)
