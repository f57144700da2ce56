"""A release of every kind with what it was made of, exported whole: for tests of what takes it in again."""

import io
import json
import uuid

from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client, TransactionTestCase
from django.urls import reverse

from tests.emptying import empty_database
from tests.endpoint import sampler_for
from trajectories.core.curation.adjudications import FinalDecision, FinalDraft
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.curation.suggestions import Source, Suggestion
from trajectories.core.prompts.repairs import Edits
from trajectories.core.releases.rules import Rule
from trajectories.models import (
    Comparison,
    Problem,
    Review,
    Run,
    Trace,
)
from trajectories.selectors.segmentations import as_cut
from trajectories.selectors.traces import get_trace
from trajectories.services.curation.adjudications import adjudicate, known_of
from trajectories.services.curation.reviews import submit_review
from trajectories.services.imports.direct import import_traces
from trajectories.services.prompts.instructions import ensure_shipped_instructions
from trajectories.services.releases.exports import export_path, request_export, write_export
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.traces.repairs import RepairDraft, submit_repair
from trajectories.services.verification.queue import verify_traces
from trajectories.stand_ins.fake_endpoint import Answer, Behaviour, FakeEndpoint, tool_call

FLIP = "```python\ndef transform(grid):\n    return [row[::-1] for row in grid]\n```"
SUM = {"id": "sum", "question": "What is 6 times 7?", "answer": "42", "kind": "numeric", "family": "sums"}
QUESTIONS = [
    {"id": "prime", "question": "Prime?", "choices": ["4", "6", "7"], "answer": "C", "kind": "choice", "split": "eval"},
    {"id": "city", "question": "The capital of France? ", "answer": "Paris", "kind": "text", "split": "train"},
    {"id": "free", "question": "Say something.", "answer": "Something.", "kind": "text", "split": "train"},
]
ARC = {"train": [{"input": [[1, 2]], "output": [[2, 1]]}] * 2, "test": [{"input": [[3, 4]], "output": [[4, 3]]}]}
ANSWERS = [
    {"question": "Prime?", "response": "Only 7 is.\n\nAnswer: C", "reasoning": "4 and 6 are even.", "model": "m"},
    {"question": "Prime?", "response": "Only 7 is.\n\nAnswer: A", "model": "m"},
    {"question": "The capital of France?", "response": "Answer: Paris ✓", "model": "ü", "temperature": 0.7},
    {"question": "The capital of France?", "response": "Answer: Paris ✓", "model": "another"},
    {"question": "Say something.", "response": "Well, I cannot", "finish_reason": "length", "model": "m"},
    {"problem_id": "mirror", "response": f"Rows turn.\n\n{FLIP}", "model": "m"},
    {"problem_id": "mirror", "response": "```python\ndef transform(grid):\n    return grid\n```", "model": "m"},
]


class Calculator:
    """Thinks, calls its tool once, and answers with what it printed."""

    def converse(self, messages, tools, asked_before):
        if any(message.get("role") == "tool" for message in messages):
            return Answer("The answer is 42.", reasoning="It printed 42.")
        return Answer("Let me run it.", reasoning="I compute it.", tool_calls=[tool_call("print(6 * 7)")])


def people():
    made = []
    for name, role in (("lena", "lead"), ("carl", "curator")):
        person = User.objects.create_user(name)
        person.groups.add(Group.objects.get(name=role))
        made.append(person)
    return made


def fill(tmp_path):
    """Problems of every kind that needs no other package, and traces of every way they come by."""
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in QUESTIONS))
    (tmp_path / "mirror.json").write_text(json.dumps(ARC))
    (tmp_path / "sums.jsonl").write_text(json.dumps(SUM))
    call_command("import_problems", tmp_path / "questions.jsonl")
    call_command("import_problems", tmp_path / "sums.jsonl", "--split", "train")
    call_command("import_problems", tmp_path / "mirror.json", "--split", "train")
    Problem.objects.filter(name="city").update(reference_source="person", difficulty={"level": 2.0})
    rows = "".join(json.dumps(row) + "\n" for row in ANSWERS).encode()
    report = import_traces(actor=None, files=[("answers.jsonl", io.BytesIO(rows))], on_fault="all_or_nothing")
    assert (report.fault_count, report.inserted) == (0, len(ANSWERS)), report.faults
    verify_traces(trace_ids=report.trace_ids)
    ensure_shipped_instructions()
    with FakeEndpoint(Behaviour(), answerer=Calculator()) as endpoint:
        name = sampler_for(endpoint, max_output_tokens=400).name
        which = ("--set", "sums", "--sampler", name, "--instructions", "numeric")
        sample = ("sample", *which, "--samples", "2", "--seed", "5")
        call_command(*sample, "--strategy", "agent")
        run = Run.objects.latest("pk")
        drawn = sample_session(run_id=run.pk, on_traces=lambda _: None)
    verify_traces(trace_ids=drawn.trace_ids)


def curate(lead, curator):
    """Reviews by two people with scores and first errors, a final decision, and a repaired trace."""
    for place, trace in enumerate(Trace.objects.order_by("pk")):
        labels = {str(index): "good" for index in range(len(trace.steps))}
        draft = ReviewDraft(Decision.ACCEPT, score=3 + place % 3, comment=f"Read {place}. Ünï.", step_labels=labels)
        submit_review(reviewer=curator, trace=trace, draft=draft, key=uuid.uuid4())
        if place % 2:
            # Somebody who reads it cut into sentences, and labels the last of them.
            cut = as_cut(get_trace(trace.pk), "sentences:1")
            assert cut.steps
            sentence = ReviewDraft(Decision.ACCEPT, step_labels={str(len(cut.steps) - 1): "neutral"})
            submit_review(reviewer=lead, trace=cut, draft=sentence, key=uuid.uuid4())
        else:
            submit_review(reviewer=lead, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    disputed = Trace.objects.order_by("pk").first()
    wrong = ReviewDraft(Decision.REJECT, reason="lucky", step_labels={"0": "bad"} if disputed.steps else {})
    submit_review(reviewer=lead, trace=disputed, draft=wrong, key=uuid.uuid4())
    settled = FinalDraft(FinalDecision.ACCEPT, comment="It holds.")
    adjudicate(actor=lead, trace=disputed, draft=settled, key=uuid.uuid4(), known=known_of(disputed))
    one, other = Trace.objects.filter(problem__name="city").order_by("pk")
    pair = {"problem": one.problem, "first": one, "second": other, "swapped": True}
    Comparison.objects.create(**pair, reviewer=curator, verdict="second", key=uuid.uuid4())
    suggested = Suggestion(Decision.ACCEPT, Source.VERDICTS, "text, version 1").to_json()
    used = {"suggestion": suggested, "suggestion_use": "taken", "comment": "Read 2. Ünï."}
    before = Review.objects.get(trace=one, reviewer=curator)
    Review.objects.create(trace=one, reviewer=curator, decision="accept", supersedes=before, key=uuid.uuid4(), **used)
    broken = Trace.objects.get(problem__name="mirror", correctness="fail")
    edits = Edits(
        texts={0: "Each row is turned."}, program="def transform(grid):\n    return [r[::-1] for r in grid]\n"
    )
    made = submit_repair(author=curator, trace=get_trace(broken.pk), draft=RepairDraft(edits), key=uuid.uuid4())
    verify_traces(trace_ids=[made.trace_id])
    submit_review(reviewer=lead, trace=made.trace, draft=ReviewDraft(Decision.ACCEPT, score=5), key=uuid.uuid4())


def full_of(release, actor, *, with_meta=False):
    export = request_export(actor=actor, release=release, export_format="full", with_meta=with_meta)
    assert write_export(job_id=export.pk)
    return export_path(export).read_bytes()


def manifest_of(client, release, person):
    client.force_login(person)
    return client.get(reverse("release_manifest", args=[release.pk])).content


def empty_everything():
    """A Minicolumn that has nothing, as every test begins with it."""
    empty_database(TransactionTestCase())
    assert not any(model.objects.exists() for model in (Problem, Trace, User))


def archive(rows, manifest):
    return [("manifest.json", io.BytesIO(manifest)), ("full.jsonl", io.BytesIO(rows))]


def problems():
    columns = ("content_hash", "name", "kind", "statement", "spec", "reference", "reference_source")
    more = ("split", "family", "difficulty", "statement_hash", "problem_set__name", "problem_set__title")
    return list(
        Problem.objects.filter(traces__release_items__isnull=False).distinct().order_by("pk").values(*columns, *more)
    )


def sorted_problems():
    return sorted(problems(), key=lambda row: row["content_hash"])


def traces():
    columns = ("content_hash", "answer", "answer_hash", "parts", "steps", "hinted", "finish_reason", "temperature")
    texts = ("prompt__body", "reasoning__body", "program__body", "output_tokens", "input_tokens")
    rows = Trace.objects.filter(release_items__isnull=False).values(*columns, *texts, "correctness")
    return sorted(rows, key=lambda row: (row["content_hash"], row["temperature"]))


def export_everything(tmp_path):
    """The rows and the manifest of a release, with what it was made of; nothing of it is left here, nor who made it."""
    lead, curator = people()
    fill(tmp_path)
    curate(lead, curator)
    release = freeze_accepted(actor=lead, title="Äll kinds", key=uuid.uuid4(), notes="Of every kind.", rule=Rule())
    kinds = set(release.items.values_list("trace__problem__kind", flat=True))
    assert kinds == {"numeric", "choice", "text", "arc"}
    counts = release.manifest["counts"]
    assert (counts["traces"], counts["human_edits"], counts["adjudicated"]) == (release.item_count, 1, 1)
    before = {
        "rows": full_of(release, lead),
        "manifest": manifest_of(Client(), release, lead),
        "hash": release.content_hash,
        "problems": sorted_problems(),
        "traces": traces(),
        "items": list(release.items.order_by("position").values_list("content_hash", "split", "score")),
    }
    empty_everything()
    return before
