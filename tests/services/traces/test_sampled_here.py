"""Traces that were sampled here, were exported, and come back with what others said of them."""

import io
import json
import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests import factories
from tests.archives import archive, curate, fill, full_of, manifest_of, people
from tests.projects import another_project
from trajectories.adapters.acting import acting_in
from trajectories.core.completions.parts import parts_to_json
from trajectories.core.completions.thoughts import split_thoughts
from trajectories.core.prompts import read_answer
from trajectories.core.records import FinishReason, SampleResult
from trajectories.core.releases.rules import Rule
from trajectories.models import ImportedReview, ImportedVerdict, Release, ReleaseItem, Review, Text, Trace
from trajectories.selectors.problems import to_public
from trajectories.services.imports.archives import import_archive
from trajectories.services.imports.direct import import_traces
from trajectories.services.imports.jobs import import_next, keep_files, plan_import
from trajectories.services.releases.exports import export_path, request_export, write_export
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.traces.storing import build_trace

QUESTION = "What is 6 times 7?"
PROMPT = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION})
SAID = "Six sevens.\n\nAnswer: 42"


def lines(*rows):
    return io.BytesIO("".join(f"{json.dumps(row)}\n" for row in rows).encode())


def bring(*rows, **options):
    report = import_traces(actor=None, files=[("rows.jsonl", lines(*rows))], on_fault="all_or_nothing", **options)
    assert not report.faults, report.faults
    return report


def sampled(problem, sampler, said=SAID, **values):
    """A trace of a run, as it is stored when it was sampled."""
    answer = read_answer(to_public(problem), said).answer
    run = factories.make_run(sampler=sampler)
    parts = tuple(parts_to_json(split_thoughts(said)))
    told = {"steps": (), "program": "", "finish_reason": FinishReason.STOP, "parts": parts}
    result = SampleResult(messages=PROMPT, reasoning=said, answer=answer, **told)
    trace, texts = build_trace(problem, result, run=run, sampler=sampler, **values)
    Text.objects.bulk_create((Text(content_hash=key, body=body) for key, body in texts.items()), ignore_conflicts=True)
    trace.save()
    return trace


@pytest.fixture
def problem(db):
    return factories.make_problem(name="sum", kind="numeric", spec={}, reference="42", statement=QUESTION)


@pytest.fixture
def direct(db):
    return factories.make_sampler(name="direct", version=2)


def chat(**meta):
    row = {"messages": [*PROMPT, {"role": "assistant", "content": SAID}]}
    return {**row, "meta": {"problem_id": "sum", **meta}}


def task(response=SAID, **data):
    told = [{"completed_by": 7, "result": [{"from_name": "ok", "type": "choices", "value": {"choices": ["Accept"]}}]}]
    return {"id": 1, "data": {"question": QUESTION, "response": response, **data}, "annotations": told}


@pytest.mark.django_db(transaction=True)
class TestReleases:
    @pytest.fixture(autouse=True)
    def _release(self, settings, tmp_path):
        settings.EXPORT_DIR = tmp_path / "exports"
        self.lead, curator = people()
        fill(tmp_path)
        curate(self.lead, curator)
        self.release = freeze_accepted(actor=self.lead, title="Mine", key=uuid.uuid4(), rule=Rule())
        self.runs = set(Trace.objects.filter(run__isnull=False).values_list("pk", flat=True))
        assert self.runs

    def test_the_rows_of_a_release_are_its_traces_and_add_nothing(self):
        before = (Trace.objects.count(), ImportedReview.objects.count(), ImportedVerdict.objects.count())
        rows = [json.loads(line) for line in full_of(self.release, self.lead).splitlines()]
        report = bring(*rows)
        assert (report.inserted, report.duplicates) == (0, len(rows))
        assert (Trace.objects.count(), ImportedReview.objects.count(), ImportedVerdict.objects.count()) == before
        assert report.samplers == ()

    @pytest.mark.parametrize("form", ["sft-messages", "sft-prompt-completion", "sharegpt"])
    def test_so_are_those_of_files_for_training_that_name_them(self, form):
        export = request_export(actor=self.lead, release=self.release, export_format=form, with_meta=True)
        assert write_export(job_id=export.pk)
        rows = [json.loads(line) for line in export_path(export).read_text().splitlines()]
        assert {row["meta"]["trace_id"] for row in rows} >= self.runs
        before = set(Trace.objects.values_list("pk", flat=True))
        report = bring(*rows)
        assert report.duplicates == len(rows)
        assert set(Trace.objects.values_list("pk", flat=True)) == before

    def test_a_review_that_was_added_to_a_row_goes_to_its_trace_once(self):
        rows = [json.loads(line) for line in full_of(self.release, self.lead).splitlines()]
        wanted = next(row for row in rows if row["item"]["trace_id"] in self.runs)
        wanted["reviews"].append({"reviewer": "ann", "decision": "reject", "reason": "lucky", "comment": "By luck."})
        wanted["verdicts"].append({"verifier": "theirs", "version": 1, "outcome": "fail", "message": "No."})
        report = bring(*rows)
        assert (report.inserted, report.reviews, report.verdicts) == (0, 1, 1)
        review = ImportedReview.objects.get(pseudonym="ann")
        assert (review.trace_id, review.decision) == (wanted["item"]["trace_id"], "reject")
        assert ImportedVerdict.objects.get(verifier="theirs").trace_id == wanted["item"]["trace_id"]
        again = bring(*rows)
        assert (again.inserted, again.reviews, again.verdicts) == (0, 0, 0)

    def test_its_archive_is_here_already(self):
        files = (full_of(self.release, self.lead), manifest_of(Client(), self.release, self.lead))
        before = (Trace.objects.count(), ReleaseItem.objects.count())
        report = import_archive(actor=self.lead, files=archive(*files))
        assert (report.faults, report.traces, report.known_traces) == ((), 0, self.release.item_count)
        assert (report.release, report.is_new) == (self.release, False)
        assert (Trace.objects.count(), ReleaseItem.objects.count(), Release.objects.count()) == (*before, 1)


@pytest.mark.parametrize("row", [chat(sampler="direct 2"), chat(trace_id=0), task()], ids=["sampler", "zero", "task"])
def test_what_says_another_prompt_or_no_sampler_is_a_trace_of_its_own(problem, direct, row):
    trace = sampled(problem, direct)
    known = row == chat(sampler="direct 2")
    report = bring(row)
    assert (report.inserted, report.duplicates) == ((0, 1) if known else (1, 0))
    assert Trace.objects.filter(run__isnull=False).get() == trace


def test_annotators_of_a_trace_that_names_its_number_speak_of_it(problem, direct):
    trace = sampled(problem, direct)
    for _ in range(2):
        bring(task(trace_id=trace.pk), task(trace_id=str(trace.pk)))
    assert list(Trace.objects.all()) == [trace]
    assert list(ImportedReview.objects.values_list("trace", "pseudonym")) == [(trace.pk, "annotator-7")]


def test_a_review_as_somebody_here_gave_it_is_another_persons(problem, direct, lead):
    """Only what comes back with its release is ours: an annotator who says the same says it too."""
    trace = sampled(problem, direct)
    Review.objects.create(trace=trace, reviewer=lead, decision="accept", key=uuid.uuid4())
    assert bring(task(trace_id=trace.pk)).reviews == 1


def test_thoughts_that_were_left_out_make_no_other_trace_of_one_that_is_named(problem, direct):
    trace = sampled(problem, direct, said="<think>\nSix sevens.\n</think>\n\nAnswer: 42")
    assert bring(task("Answer: 42", trace_id=trace.pk)).duplicates == 1


@pytest.mark.parametrize(
    "change",
    [{"said": "Answer: 41"}, {"of_other_problem": True}, {"withdrawn": True}],
    ids=["other words", "other problem", "withdrawn"],
)
def test_a_number_alone_names_no_trace(problem, direct, change):
    other = factories.make_problem(name="other", kind="numeric", spec={}, reference="42", statement="Another?")
    where = other if change.pop("of_other_problem", False) else problem
    trace = sampled(where, direct, **change)
    assert bring(task(trace_id=trace.pk)).inserted == 1
    assert not trace.imported_reviews.exists()


def test_a_named_sampler_is_that_of_the_trace(problem, direct):
    """Numbers of another Minicolumn are none of here: who sampled counts."""
    factories.make_sampler(name="other", version=1)
    trace = sampled(problem, direct)
    assert bring(chat(sampler="other 1", trace_id=trace.pk)).inserted == 1


def test_no_trace_of_another_project_is_meant(problem, direct):
    """Neither by its number nor by its sampler and its content: in each project a row is what it is there."""
    trace = sampled(problem, direct, pk=900_000)
    other = another_project()
    with acting_in(other.pk):
        factories.make_problem(name="sum", kind="numeric", spec={}, reference="42", statement=QUESTION)
        for row in (chat(trace_id=trace.pk, sampler="direct 2"), task(trace_id=trace.pk)):
            report = bring(row)
            assert (report.inserted, report.duplicates, report.told["unread"]) == (1, 0, {})
    assert not trace.imported_reviews.exists()


def archived(trace_id, reviewer="ann", **item):
    """A row of another Minicolumn's release, of a trace with the same words."""
    told = {"release": "a" * 64, "position": 0, "hash": "b" * 64, "trace": "c" * 64, "split": "train", "score": None}
    return {
        "problem": {"name": "sum"},
        "trace": {"prompt": list(PROMPT), "reasoning": SAID, "answer": "42", "steps": []},
        "verdicts": [],
        "reviews": [{"reviewer": reviewer, "decision": "accept"}],
        "item": {**told, "trace_id": trace_id, "sampler": "direct 2", **item},
    }


def test_another_installation_numbers_its_traces_by_itself(problem, direct):
    """Two samples with the same words stay two, in whatever order they come, and a third one is new."""
    first, second = sampled(problem, direct), sampled(problem, direct)
    rows = [archived(second.pk), archived(first.pk, "bob"), archived(90_000, "carl")]
    for count in (1, 0):
        assert bring(*rows).inserted == count
    told = {review.pseudonym: review.trace_id for review in ImportedReview.objects.all()}
    assert {told["ann"], told["bob"]} == {first.pk, second.pk}
    assert told["carl"] == Trace.objects.get(run=None).pk
    assert bring(archived(second.pk, sampler="stranger 1")).inserted == 1


def test_another_word_of_the_same_person_is_counted(problem, direct, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    trace = sampled(problem, direct)
    bring(task(trace_id=trace.pk))
    changed = task(trace_id=trace.pk)
    changed["annotations"][0]["result"][0]["value"]["choices"] = ["Reject"]
    lead = User.objects.create_user("lena")
    kept = keep_files(owner=lead, files=[("tasks.jsonl", lines(changed))])
    options = {"on_fault": "all_or_nothing", "adopt_reviews": False}
    job = plan_import(actor=lead, kind="traces", source="tasks.jsonl", options=options, uploads=kept)
    import_next(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.inserted, job.duplicates) == ("finished", 0, 1)
    assert job.told["sampled_here"] == 1
    assert job.told["left_out"] == {"reviews by people of whom the trace has another one": 1}
    assert trace.imported_reviews.get().decision == "accept"
