"""Bringing in files by the API: as parts of a form, looked at before, all or nothing, once for a key, and steered."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests import factories
from tests.api.programs import Program
from trajectories.api.docs import shown_areas
from trajectories.models import Import, Problem, Review, Trace
from trajectories.services.imports.jobs import import_next

pytestmark = pytest.mark.django_db
ROW = {"problem_id": "sum-1", "response": "4", "model": "m-1", "score": 1}


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


@pytest.fixture(autouse=True)
def _problem():
    factories.make_problem(name="sum-1", kind="numeric", statement="What is 2 + 2?", spec={}, reference="4")


def lines(*rows, name="rows.jsonl"):
    return SimpleUploadedFile(name, "".join(json.dumps(row) + "\n" for row in rows).encode())


def work(job_id):
    while import_next(job_id=job_id):
        pass
    return Import.objects.get(pk=job_id)


def test_a_file_is_looked_at_imported_and_its_scores_are_held_against_ours(lead):
    program = Program(lead)
    rows = [ROW, {**ROW, "response": "5"}, {**ROW, "response": "4!", "score": 0}]
    seen = program.send("/imports/look", {"files": [lines(*rows)]})
    assert seen.status_code == 200, seen.content
    told = seen.json()
    assert [(row["problem"], row["fault"]) for row in told["rows"]] == [(Problem.objects.get().pk, "")] * 3
    assert (set(told["shapes"].values()), "response" in told["paths"]) == ({3}, True)
    assert [row["says"] for row in told["rows"]] == [["score: pass"], ["score: pass"], ["score: fail"]]
    made = program.send("/imports", {"uploads": [told["uploads"][0]["upload"]]})
    assert (made.status_code, made.json()["state"], made.json()["source"]) == (201, "queued", "rows.jsonl")
    work(made.json()["id"])
    for trace, correctness in zip(Trace.objects.order_by("pk"), ("pass", "fail", "pass"), strict=True):
        Trace.objects.filter(pk=trace.pk).update(correctness=correctness)
    told = program.get(f"/imports/{made.json()['id']}").json()
    assert (told["state"], told["inserted"], told["verdicts"], told["wrapper"]) == ("finished", 3, 3, None)
    assert sum(told["shapes"].values()) == 3
    (score,) = told["scores"]
    assert [score[name] for name in ("agree", "passes_there", "fails_there", "open")] == [1, 1, 1, 0]
    differ = program.get(f"/imports/{told['id']}/differences").json()["items"]
    assert [(row["correctness"], row["scores"][0]["outcome"]) for row in differ] == [("pass", "fail"), ("fail", "pass")]
    only = program.get(f"/imports/{told['id']}/differences", correctness="fail").json()["items"]
    assert [row["trace"] for row in only] == [differ[1]["trace"]]


def test_one_file_with_a_key_is_one_import_and_another_file_is_another_request(lead):
    program = Program(lead)
    first = program.send("/imports", {"files": [lines(ROW)]}, key="k")
    again = program.send("/imports", {"files": [lines(ROW)]}, key="k")
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    assert Import.objects.count() == 1
    other = program.send("/imports", {"files": [lines({**ROW, "response": "5"})]}, key="k")
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


def test_a_refused_import_is_repeated_without_its_bad_rows_and_a_queued_one_cancelled(lead):
    program = Program(lead)
    made = program.send("/imports", {"files": [lines(ROW, {**ROW, "problem_id": "none"})]}).json()
    assert work(made["id"]).state == "refused"
    told = program.get(f"/imports/{made['id']}").json()
    assert (told["fault_count"], told["inserted"]) == (1, 0)
    assert told["faults"][0]["row"].startswith("line 2")
    again = program.post(f"/imports/{made['id']}/repeat", key="again")
    assert (again.status_code, work(again.json()["id"]).inserted) == (201, 1)
    assert program.post(f"/imports/{again.json()['id']}/repeat").status_code == 409
    queued = program.send("/imports", {"files": [lines(ROW)]}).json()
    assert program.post(f"/imports/{queued['id']}/cancel").json()["state"] == "cancelled"
    assert program.post(f"/imports/{queued['id']}/cancel").status_code == 409


def test_rows_of_another_shape_come_in_by_places_and_make_their_problems(lead):
    program = Program(lead)
    row = {"task": {"asks": "What is 3 + 3?", "gold": "6"}, "out": ["It is 6."]}
    places = {"response": "out.0", "question": "task.asks", "answer": "task.gold"}
    asked = {"places": json.dumps(places), "make_problems": "true", "set_title": "New ones", "split": "eval"}
    seen = program.send("/imports/look", {"files": [lines(row)], **asked}).json()
    assert [(each["is_new"], each["fault"]) for each in seen["rows"]] == [(True, "")]
    made = program.send("/imports", {"files": [lines(row)], **asked}).json()
    assert work(made["id"]).state == "finished"
    told = program.get(f"/imports/{made['id']}").json()
    assert (told["problems"], told["problem_set"], told["inserted"]) == (1, "new-ones", 1)
    assert Problem.objects.get(problem_set__name="new-ones").split == "eval"


def test_questions_come_in_by_columns_and_tasks_with_their_side(lead):
    program = Program(lead)
    rows = [{"text": "Which is even?", "right": "4", "other": "x"}, {"text": "Which is odd?", "right": "3"}]
    asked = {"kind": "questions", "columns": json.dumps({"question": "text", "answer": "right"}), "set_title": "Asked"}
    seen = program.send("/imports/look", {"files": [lines(*rows)], **asked}).json()
    assert (seen["mapping"]["question"], seen["asks_split"], len(seen["rows"])) == ("text", True, 2)
    refused = program.send("/imports", {"files": [lines(*rows)], **asked})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "split")
    made = program.send("/imports", {"files": [lines(*rows)], **asked, "split": "train"})
    assert (work(made.json()["id"]).inserted, made.json()["kind"]) == (2, "questions")
    task = {"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[3]], "output": [[4]]}]}
    file = {"files": [SimpleUploadedFile("one.json", json.dumps(task).encode())], "kind": "arc", "set_title": "Tasks"}
    silent = program.send("/imports", file)
    assert (silent.status_code, silent.json()["errors"][0]["field"]) == (422, "split")
    file["files"] = [SimpleUploadedFile("one.json", json.dumps(task).encode())]
    assert work(program.send("/imports", {**file, "split": "eval"}).json()["id"]).inserted == 1


@pytest.mark.parametrize(
    ("fields", "status", "field", "said"),
    [
        ({}, 422, "files", "Found nothing"),
        ({"uploads": ["0" * 32]}, 422, "uploads", "gone"),
        ({"uploads": ["0"]}, 422, "uploads.0", "Found"),
        ({"kind": "tables"}, 422, "kind", "expected 'traces'"),
        ({"skip": "1"}, 422, "skip", "Found the field 'skip'"),
        ({"kind": "questions", "make_problems": "on"}, 422, "make_problems", "for traces only"),
        ({"places": "[]"}, 422, "places", "expected an object of texts"),
        ({"places": '{"question": "q"}'}, 422, "response", "expected where the response"),
        ({"kind": "questions", "columns": '{"colour": "q"}'}, 422, "columns", "Found 'colour'"),
        ({"files": [lines(ROW)], "make_problems": "on"}, 422, "set_title", ""),
        ({"files": [lines(ROW)], "kind": "archive", "on_fault": "skip"}, 422, "on_fault", "taken in whole"),
        ({"files": [lines(ROW)] * 101}, 422, "files", "at most 100"),
    ],
)
def test_what_cannot_be_imported_is_refused_by_its_field_and_keeps_nothing(lead, tmp_path, fields, status, field, said):
    for file in fields.get("files", ()):
        file.seek(0)
    answer = Program(lead).send("/imports", fields)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field), answer.content
    assert said in answer.json()["detail"]
    assert not Import.objects.exists()
    assert not list((tmp_path / "uploads").glob("*.data"))


def test_what_is_too_large_or_no_form_is_told_and_whoever_may_not_keeps_nothing(lead, curator, settings, tmp_path):
    settings.IMPORT_UPLOAD_BYTES, settings.UPLOAD_LIMIT_BYTES = 1 << 20, 1 << 10
    large = Program(lead).send("/imports", {"files": [lines({**ROW, "response": "x" * (2 << 20)})]})
    assert (large.status_code, large.json()["detail"][:33]) == (413, "Found files of more than 1 MB, ex")
    asked = {"files": [lines({"question": "y" * 2_000})], "kind": "questions", "set_title": "A"}
    assert Program(lead).send("/imports", asked).status_code == 413
    assert Program(lead).post("/imports", {"kind": "traces"}).status_code == 415
    assert Program(curator).send("/imports", {"files": [lines(ROW)]}).status_code == 403
    assert not Import.objects.exists()
    assert not list(tmp_path.rglob("*.data"))


def test_reviews_are_adopted_for_who_may_review(lead):
    row = {**ROW, "response": "4."}
    made = Program(lead).send("/imports", {"files": [lines(row)], "adopt_reviews": "true"}).json()
    assert Import.objects.get(pk=made["id"]).options["adopt_reviews"] is True
    assert not Review.objects.exists()


def test_the_reference_names_the_fields_of_a_form_with_files():
    (operation,) = [each for each in shown_areas()["Imports"] if each.name == "import_files"]
    assert {"files", "places", "on_fault"} <= {field.name for field in operation.body}


def test_what_is_known_on_the_other_side_is_told_wherever_problems_come_in(lead):
    program, row = Program(lead), {"question": "2 + 2?", "answer": "4", "name": "two"}
    trained = program.post("/problems", {"problem_set": "Trained", "split": "train", "rows": [row]}).json()
    assert (trained["inserted"], trained["crossing_count"], trained["crossings"]) == (1, 0, [])
    crossing = {
        "name": "held",
        "split": "eval",
        "known_name": "two",
        "known_set": "Trained",
        "known_split": "train",
    }
    held = {**row, "name": "held"}
    told = program.post("/problems", {"problem_set": "Held", "split": "eval", "rows": [held]}).json()
    assert (told["duplicates"], told["crossing_count"], told["crossings"]) == (1, 1, [crossing])
    asked = {"kind": "questions", "split": "eval", "set_title": "Held"}
    made = program.send("/imports", {"files": [lines(held)], **asked}).json()["id"]
    work(made)
    told = program.get(f"/imports/{made}").json()
    assert (told["crossing_count"], told["crossings"]) == (1, [crossing])
