"""What becomes of human edits in files: a row like any other that says what it is, and a pair with the original."""

import json
import uuid

import pytest

from tests import factories
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.exporters.preference_repairs import is_better
from trajectories.core.prompts.repairs import Edits
from trajectories.models import Trace
from trajectories.selectors.traces import get_trace
from trajectories.services.curation.reviews import submit_review
from trajectories.services.releases.exports import export_path, request_export, write_export
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.traces.repairs import RepairDraft, submit_repair, withdraw_repair
from trajectories.services.verification.queue import verify_traces

WRONG_PROGRAM = "def transform(grid):\n    return grid\n"


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


@pytest.fixture
def edited(curator, lead) -> Trace:
    """An accepted, right edit of a wrong sample."""
    wrong = factories.make_trace(program=WRONG_PROGRAM, answer=None, correctness="fail", reasoning="Rows stay.")
    edits = Edits(texts={0: "Rows are turned."}, program=factories.FLIP_PROGRAM)
    made = submit_repair(author=curator, trace=get_trace(wrong.pk), draft=RepairDraft(edits), key=uuid.uuid4())
    verify_traces(trace_ids=[made.trace_id])
    accept(lead, made.trace)
    return made.trace


def accept(person, trace: Trace) -> None:
    submit_review(reviewer=person, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())


def rows(release, actor, export_format: str, **values):
    export = request_export(actor=actor, release=release, export_format=export_format, **values)
    assert write_export(job_id=export.pk)
    export.refresh_from_db()
    written = [json.loads(line) for line in export_path(export).read_text(encoding="utf-8").splitlines()]
    assert export.rows_written == len(written)
    return written


def test_an_edit_makes_a_row_for_training_and_a_pair_with_its_original(edited, lead):
    accept(lead, factories.make_trace())
    release = freeze_accepted(actor=lead, title="Both", key=uuid.uuid4())
    assert release.item_count == 2
    assert release.manifest["counts"]["human_edits"] == 1
    by_trace = {row["meta"]["trace_id"]: row for row in rows(release, lead, "sft-messages", with_meta=True)}
    assert by_trace[edited.pk]["meta"]["sampler"] == "human edit"
    assert "Rows are turned." in by_trace[edited.pk]["messages"][-1]["content"]
    (pair,) = rows(release, lead, "preference-repairs")
    assert pair["prompt"] == [{"role": "user", "content": "Find the rule."}]
    assert pair["chosen"][0]["content"].startswith("Rows are turned.")
    assert "row[::-1]" in pair["chosen"][0]["content"]
    assert pair["rejected"][0]["content"].startswith("Rows stay.")
    full = {row["trace"]["reasoning"]: row["trace"].get("origin") for row in rows(release, lead, "full")}
    assert full["Rows are turned."] == "human edit"
    assert [origin for reasoning, origin in full.items() if reasoning != "Rows are turned."] == [None]


def test_the_pair_is_what_was_known_when_the_release_was_frozen(edited, lead):
    release = freeze_accepted(actor=lead, title="First", key=uuid.uuid4())
    Trace.objects.filter(pk=edited.parent_id).update(correctness="pass", decision="accepted")
    assert len(rows(release, lead, "preference-repairs")) == 1
    later = freeze_accepted(actor=lead, title="Later", key=uuid.uuid4())
    item = later.items.get(trace=edited)
    assert item.content_hash != release.items.get(trace=edited).content_hash
    assert rows(later, lead, "preference-repairs") == []


def test_what_was_withdrawn_is_in_no_release_to_come(edited, curator, lead):
    release = freeze_accepted(actor=lead, title="First", key=uuid.uuid4())
    accept(lead, factories.make_trace())
    withdraw_repair(actor=curator, trace=edited)
    later = freeze_accepted(actor=lead, title="Later", key=uuid.uuid4())
    assert edited.pk not in later.items.values_list("trace", flat=True)
    # What is frozen stays.
    assert len(rows(release, lead, "preference-repairs")) == 1


@pytest.mark.parametrize(
    ("chosen", "rejected", "decision", "better"),
    [
        ("pass", "fail", "", True),
        ("pass", "error", "rejected", True),
        ("unscored", "unscored", "", True),
        ("pass", "unscored", "accepted", False),
        ("pass", "pass", "", False),
        ("fail", "fail", "", False),
        ("error", "fail", "", False),
    ],
)
def test_a_pair_needs_an_edit_that_is_better(chosen, rejected, decision, better):
    assert is_better(chosen=chosen, rejected=rejected, rejected_decision=decision) is better
