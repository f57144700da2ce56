"""Repairs: an edited trace beside its original, verified at once, marked, and taken back without being lost."""

import uuid

import pytest
from django.db import IntegrityError, transaction

from tests import factories
from trajectories.core.curation.reviews import Decision, ReviewDraft, ReviewError
from trajectories.core.faults import Fault
from trajectories.core.prompts.repairs import Edits
from trajectories.core.selections import EDITED, SAMPLED, WITHDRAWN, Selection
from trajectories.models import AuditEvent, PendingVerification, Problem, Repair, RepairWithdrawal, Trace
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.population import get_population
from trajectories.selectors.traces import get_trace, traces_in
from trajectories.services.curation.reviews import submit_review, undo_last_review
from trajectories.services.traces.repairs import RepairDraft, RepairedMeanwhileError, submit_repair, withdraw_repair
from trajectories.services.verification.queue import verify_traces

pytestmark = pytest.mark.django_db

TEXT = "<think>\nSix times seven is 41.\n</think>\nThe result is clear.\n\n<answer>41</answer>"
PARTS = [
    {"kind": "thinking", "start": 7, "end": 31},
    {"kind": "content", "start": 39, "end": len(TEXT)},
]
RIGHT = TEXT[39:].replace("41", "42")
WRONG_PROGRAM = "def transform(grid):\n    return grid\n"


@pytest.fixture
def wrong(db) -> Trace:
    """A sample that says 41 where 42 is right."""
    problem = factories.make_problem(kind="numeric", spec={}, reference="42", statement="What is six times seven?")
    trace = factories.make_trace(
        problem=problem,
        reasoning=TEXT,
        parts=PARTS,
        program="",
        answer="41",
        steps=[],
        correctness="fail",
        temperature=0.7,
        seed=5,
        output_tokens=30,
        facts={"found": {"rule": "tag", "start": 69, "end": 71, "rules": 1}, "model": "some model"},
    )
    return get_trace(trace.pk)


@pytest.fixture
def program(db) -> Trace:
    """An ARC sample whose program is wrong and stands apart from its text."""
    return get_trace(factories.make_trace(program=WRONG_PROGRAM, answer=None, correctness="fail").pk)


def repair(trace: Trace, author, edits: Edits | None = None, **values) -> Repair:
    key = values.pop("key", uuid.uuid4())
    draft = RepairDraft(edits or Edits(texts={1: RIGHT}), **values)
    return submit_repair(author=author, trace=trace, draft=draft, key=key)


def test_an_edited_answer_is_a_child_that_is_verified_and_right(wrong, curator):
    made = repair(wrong, curator, Edits(texts={0: "\nSix times seven is 42.\n", 1: RIGHT}), note="  Slip.  ")
    child = get_trace(made.trace_id)
    assert (child.parent_id, child.edited_by, made.author, made.note) == (wrong.pk, curator, curator, "Slip.")
    assert made.changed == ["thoughts", "answer"]
    assert child.reasoning.body == "<think>\nSix times seven is 42.\n</think>" + RIGHT
    assert child.answer == "42"
    assert PendingVerification.objects.filter(trace=child).exists()
    verify_traces(trace_ids=[child.pk])
    child.refresh_from_db()
    assert child.correctness == "pass"
    # The original is what it was.
    wrong.refresh_from_db()
    assert (wrong.answer, wrong.correctness, wrong.edited_by) == ("41", "fail", None)


def test_nothing_of_the_sampler_is_claimed_and_all_else_is_kept(wrong, curator):
    child = get_trace(repair(wrong, curator).trace_id)
    assert (child.sampler, child.run, child.attempt, child.seed, child.cost, child.raw_id) == (None,) * 6
    assert (child.temperature, child.output_tokens, child.latency_seconds) == (0.0, 0, 0.0)
    assert (child.problem, child.instruction, child.prompt_id) == (wrong.problem, wrong.instruction, wrong.prompt_id)
    assert child.facts["origin"] == "human edit"
    assert "model" not in child.facts
    # The thoughts were not edited: they stand as they stood, marks and all.
    assert child.reasoning.body.startswith(TEXT[:39])
    assert child.parts[0] == wrong.parts[0]


def test_a_program_that_stands_apart_is_edited_by_itself(program, curator):
    made = repair(program, curator, Edits(program=factories.FLIP_PROGRAM))
    child = get_trace(made.trace_id)
    assert made.changed == ["program"]
    assert child.program.body.strip() == factories.FLIP_PROGRAM.strip()
    assert child.reasoning_id == program.reasoning_id
    assert child.steps[: len(program.steps)] == program.steps
    assert child.steps[-1]["kind"] == "program"
    verify_traces(trace_ids=[child.pk])
    child.refresh_from_db()
    assert (child.correctness, child.train_passed) == ("pass", 2)


def test_people_are_no_samples(program, curator):
    before = Problem.objects.get(pk=program.problem_id)
    child = repair(program, curator, Edits(program=factories.FLIP_PROGRAM)).trace
    verify_traces(trace_ids=[child.pk])
    after = Problem.objects.get(pk=program.problem_id)
    assert (after.trace_count, after.correct_count) == (before.trace_count, before.correct_count)
    board = get_population(after, EVERYTHING)
    assert (board.samples, board.correct) == (1, 0)


def test_a_hint_given_once_stays_given(wrong, curator):
    Trace.objects.filter(pk=wrong.pk).update(hinted=True)
    assert repair(get_trace(wrong.pk), curator).trace.hinted


@pytest.mark.parametrize(
    "edits", [Edits(), Edits(texts={1: TEXT[39:]}), Edits(program=""), Edits(added="  \n")], ids=str
)
def test_an_edit_without_a_change_stores_nothing(wrong, curator, edits):
    with pytest.raises(Fault, match="Nothing is changed yet"):
        repair(wrong, curator, edits)
    assert not Repair.objects.exists()


def test_an_edit_that_leaves_nothing_is_refused(db, curator):
    trace = get_trace(factories.make_trace(program="", reasoning="All of it.").pk)
    with pytest.raises(Fault, match="nothing left"):
        repair(trace, curator, Edits(texts={0: ""}))


def test_the_same_form_twice_is_one_repair(wrong, curator):
    key = uuid.uuid4()
    first, again = repair(wrong, curator, key=key), repair(wrong, curator, key=key)
    assert first == again
    assert Trace.objects.count() == 2
    assert AuditEvent.objects.filter(verb="repair.make").count() == 1


def test_the_same_form_with_other_words_says_so_and_stores_nothing(wrong, curator, lead):
    key = uuid.uuid4()
    first = repair(wrong, curator, key=key)
    with pytest.raises(Fault, match=f"already saved as trace {first.trace_id}") as fault:
        repair(wrong, curator, Edits(texts={1: RIGHT + "!"}), key=key)
    assert fault.value.field == "key"
    with pytest.raises(Fault, match="already saved"):
        repair(wrong, lead, key=key, known=first.pk)
    assert Repair.objects.count() == 1


def test_the_same_words_from_another_page_of_ones_own_are_no_second_repair_until_the_first_is_withdrawn(wrong, curator):
    first = repair(wrong, curator)
    with pytest.raises(Fault, match=f"saved these words already, as trace {first.trace_id}; expected other words"):
        repair(wrong, curator)
    assert Repair.objects.get() == first
    withdraw_repair(actor=curator, trace=first.trace)
    assert repair(wrong, curator).trace_id != first.trace_id


def test_who_did_not_know_of_anothers_repair_is_told_and_may_save_beside_it(wrong, curator, lead):
    first = repair(wrong, lead)
    with pytest.raises(RepairedMeanwhileError) as fault:
        repair(wrong, curator, Edits(texts={1: RIGHT + " Sure."}))
    assert fault.value.newest == first.pk
    assert lead.username not in str(fault.value)
    repair(wrong, curator, Edits(texts={1: RIGHT + " Sure."}), known=fault.value.newest)
    # One's own earlier repair stands in nobody's way.
    repair(wrong, curator, Edits(texts={1: RIGHT + " Very."}), known=first.pk)
    assert Repair.objects.filter(original=wrong).count() == 3


def test_the_log_says_what_was_there_and_what_is(wrong, curator):
    made = repair(wrong, curator)
    event = AuditEvent.objects.get(verb="repair.make")
    assert (event.actor, event.object_type, event.object_id) == (curator, "trace", wrong.pk)
    assert event.data["before"]["reasoning"] == wrong.reasoning_id
    assert event.data["after"]["reasoning"] == made.trace.reasoning_id
    assert event.data["changed"] == ["answer"]


def test_withdrawn_it_leaves_lists_and_releases_and_stays_in_the_record(wrong, curator, lead):
    child = repair(wrong, curator).trace
    submit_review(reviewer=lead, trace=child, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    assert Problem.objects.get(pk=wrong.problem_id).accepted_count == 1
    withdrawal = withdraw_repair(actor=curator, trace=child)
    assert withdraw_repair(actor=curator, trace=child) == withdrawal
    assert RepairWithdrawal.objects.count() == 1
    assert Problem.objects.get(pk=wrong.problem_id).accepted_count == 0
    found = {origin: set(traces_in(Selection(origin=origin), EVERYTHING)) for origin in ("", EDITED, WITHDRAWN)}
    assert found == {"": {wrong}, EDITED: set(), WITHDRAWN: {child}}
    assert Trace.objects.filter(pk=child.pk).exists()
    assert AuditEvent.objects.filter(verb="repair.withdraw", object_id=wrong.pk).count() == 1
    with pytest.raises(ReviewError, match="withdrawn"):
        submit_review(reviewer=curator, trace=child, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    # Taking the decision back counts for nothing a second time.
    undo_last_review(reviewer=lead, key=uuid.uuid4())
    assert Problem.objects.get(pk=wrong.problem_id).accepted_count == 0
    with pytest.raises(Fault, match="withdrawn"):
        repair(get_trace(child.pk), curator, Edits(texts={1: "other"}))


def test_only_its_author_or_a_lead_withdraws_it(wrong, curator, lead, engineer):
    child = repair(wrong, lead).trace
    with pytest.raises(Fault, match="somebody else's"):
        withdraw_repair(actor=curator, trace=child)
    withdraw_repair(actor=lead, trace=child)
    with pytest.raises(Fault, match="was sampled"):
        withdraw_repair(actor=lead, trace=wrong)


def test_lists_tell_edits_from_samples(wrong, curator):
    child = repair(wrong, curator).trace
    assert set(traces_in(Selection(origin=SAMPLED), EVERYTHING)) == {wrong}
    assert set(traces_in(Selection(origin=EDITED), EVERYTHING)) == {child}


def test_nobody_changes_a_repair_afterwards(wrong, curator):
    made = repair(wrong, curator)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Repair.objects.filter(pk=made.pk).update(note="other")


def test_a_repair_can_be_repaired(wrong, curator):
    first = get_trace(repair(wrong, curator).trace_id)
    second = repair(first, curator, Edits(texts={1: RIGHT + " Done."})).trace
    assert second.parent_id == first.pk
    assert second.facts["origin"] == "human edit"
