"""One task to a file, and challenges with solutions."""

import pytest

from tests.mutations import mutations
from trajectories.core.problems import ImportFault, ProblemError
from trajectories.core.problems.arc_files import ArcReader, is_solutions, read_solutions

PAIR = {"input": [[1]], "output": [[2]]}
HIDDEN = {"train": [PAIR], "test": [{"input": [[3]]}, {"input": [[4]]}]}
OPEN = {"train": [PAIR], "test": [{"input": [[3]], "output": [[5]]}]}


def read(value, file="folder/abc.json", solutions=None, split=None) -> list:
    return list(ArcReader({} if solutions is None else solutions, split).read(value, file))


def test_a_lone_task_is_named_by_its_file():
    [record] = read(OPEN)
    assert (record.name, record.reference, record.split) == ("abc", [[[5]]], "train")


def test_challenges_are_named_by_their_ids_and_take_their_solutions():
    solutions = {"a": [[[7]], [[8]]], "other": [[[1]]]}
    first, second = read({"a": HIDDEN, "b": HIDDEN}, solutions=solutions)
    assert (first.name, first.reference) == ("a", [[[7]], [[8]]])
    assert (second.name, second.reference) == ("b", None)
    assert solutions == {"other": [[[1]]]}


def test_one_bad_task_leaves_the_others():
    good, bad = read({"a": OPEN, "b.c": {"train": [PAIR], "test": [{"input": [[11]]}]}})
    assert good.name == "a"
    assert bad == ImportFault("folder/abc.json", "b.c.test[0].input[0][0]", "found 11, expected a colour from 0 to 9")


def test_solutions_fill_in_what_a_task_lacks_and_may_not_differ():
    task = {"train": [PAIR], "test": [{"input": [[3]], "output": [[5]]}, {"input": [[4]]}]}
    [record] = read({"a": task}, solutions={"a": [[[5]], [[6]]]})
    assert record.reference == [[[5]], [[6]]]
    [fault] = read({"a": task}, solutions={"a": [[[9]], [[6]]]})
    assert fault.path == "a.test[0].output"
    assert fault.detail == "found another grid than the solutions file has, expected the same"


def test_a_bad_solution_is_placed_in_the_solutions():
    [fault] = read({"a": HIDDEN}, solutions={"a": [[[5]]]})
    assert str(fault) == (
        "folder/abc.json: solution of a: found a list of 1, expected a list of 2 grids, one for each test input"
    )


def test_solutions_without_tasks_are_faults():
    faults = list(ArcReader({"a\n": []}).leftovers("s.json"))
    assert faults == [ImportFault("s.json", "a\\n", "found a solution without its task, expected both in one import")]


@pytest.mark.parametrize("value", [None, 3, [], {}, [OPEN], {"train": []}, {"test": 1}, {"a": 1}, {"a": [], "b": {}}])
def test_what_is_no_task_is_a_fault(value):
    assert all(isinstance(item, ImportFault) for item in read(value))
    assert read(value)


def test_solutions_under_another_name_are_recognised():
    [fault] = read({"a": [[[1]]]})
    assert 'name solutions "...solutions.json"' in fault.detail


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x" * 201, "found a name of 201 characters"),
        ("", "found a name of 0"),
        ("a\0", "found a NUL"),
        ("\ud800", "half"),
    ],
)
def test_names_a_database_cannot_hold_are_faults(name, message):
    [fault] = read({name: OPEN})
    assert message in fault.detail
    assert str(fault).isprintable()


@pytest.mark.parametrize("value", [[], None, {"a": {}}, {"a": 3}])
def test_solutions_are_lists_by_id(value):
    with pytest.raises(ProblemError, match="expected"):
        read_solutions(value)


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("data/training/a.json", "train"),
        ("data/evaluation/a.json", "eval"),
        ("x.zip/ARC-AGI/Evaluation/a.json", "eval"),
        ("arc-agi_evaluation_challenges.json", "eval"),
        ("eval.json", "eval"),
        ("medieval/a.json", "train"),
        ("evaluated/a.json", "train"),
        ("arc-agi_test_challenges.json", "eval"),
        ("arc-agi_training_challenges.json", "train"),
        ("challenges.json", "eval"),
        ("public_eval/a.json", "eval"),
    ],
)
def test_split_goes_by_path_unless_said(name, split):
    assert [record.split for record in read(OPEN, name)] == [split]
    assert [record.split for record in read(OPEN, name, split="train")] == ["train"]


def test_solutions_are_known_by_name():
    assert is_solutions("folder/arc-agi_training_solutions.json")
    assert not is_solutions("solutions/abc.json")


@pytest.mark.parametrize("value", [OPEN, {"a": OPEN}, {"a": HIDDEN, "b": HIDDEN}], ids=["lone", "named", "hidden"])
def test_a_value_of_a_wrong_type_is_a_fault(value):
    found = [item for _, _, changed in mutations(value) for item in read(changed)]
    assert sum(isinstance(item, ImportFault) for item in found) > 50


def test_solutions_of_a_wrong_type_are_faults():
    faults = 0
    for _, _, changed in mutations({"a": [[[7]], [[8]]]}):
        try:
            known = read_solutions(changed)
        except ProblemError:
            faults += 1
        else:
            faults += sum(isinstance(item, ImportFault) for item in read({"a": HIDDEN}, solutions=known))
    assert faults > 50


def test_a_concept_is_the_family_of_its_tasks():
    pairs = [{"input": [[1]], "output": [[2]]}]
    task = {"train": pairs, "test": [{"input": [[3]], "output": [[4]]}]}
    (found,) = ArcReader({}).read(task, "corpus/AboveBelow/AboveBelow7.json")
    assert found.family == "AboveBelow"
    (other,) = ArcReader({}).read(task, "training/training_tasks.json")
    assert other.family == ""


def test_figures_beside_the_tasks_of_re_arc_are_no_fault_there():
    figures = {"00aa11bb": {"n_examples": 3}}
    assert list(ArcReader({}).read(figures, "metadata.json", beside=True)) == []
    (fault,) = ArcReader({}).read(figures, "metadata.json")
    assert fault.detail.startswith("found the metadata of re-arc")


def test_pairs_that_nobody_divided_are_named():
    (fault,) = ArcReader({}).read([{"input": [[1]], "output": [[2]]}] * 2, "tasks/00aa11bb.json")
    assert fault.detail.startswith("found a list of 2 pairs, as re-arc has them; expected a task")
