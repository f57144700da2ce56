from dataclasses import replace
from importlib import import_module

import pytest
from django.apps import apps

from tests.factories import FLIP_PROGRAM, assert_counters_add_up, make_problem, make_trace, plan
from tests.samplers import SAMPLERS, WRONG_PROGRAM
from trajectories.core.identity import content_hash
from trajectories.core.records import Outcome, VerdictRecord
from trajectories.core.verifiers.evidence import PairEvidence, PairsEvidence
from trajectories.models import PendingVerification, Trace, Verdict
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.verification.queue import verify_traces
from trajectories.services.verification.verdicts import derived_fields, program_outputs


def trace_ids(run):
    return list(run.traces.order_by("id").values_list("pk", flat=True))


def test_verdicts_derived_fields_and_counters_are_written_and_the_run_ends(run):
    assert verify_traces(trace_ids=trace_ids(run)) == 2
    right, wrong = run.traces.order_by("id")
    assert (right.correctness, right.train_passed, right.train_total) == ("pass", 2, 2)
    assert (wrong.correctness, wrong.train_passed, wrong.train_total) == ("fail", 0, 2)
    assert set(right.verdicts.values_list("verifier", "outcome")) == {
        ("arc_train", "pass"),
        ("arc_test", "pass"),
        ("arc_answer", "pass"),
    }
    verdict = right.verdicts.get(verifier="arc_train")
    assert verdict.engine
    assert verdict.evidence["pairs"][0]["predicted"] == [[2, 1], [4, 3]]
    assert_counters_add_up(run)
    assert (run.state, run.verified_count, run.correct_count) == ("finished", 2, 1)


def test_verifying_again_changes_neither_counters_nor_verdicts(run):
    verify_traces(trace_ids=trace_ids(run))
    before = list(Verdict.objects.order_by("id").values())
    for trace_id in trace_ids(run):
        PendingVerification.objects.create(trace_id=trace_id)
    assert verify_traces(trace_ids=trace_ids(run)) == 2
    assert list(Verdict.objects.order_by("id").values()) == before
    assert_counters_add_up(run)


class BrokenVerifier:
    name, version, title = "arc_test", 1, "Broken"

    def applies_to(self, problem, trace):
        return True

    def verify(self, problem, trace, tools):
        raise ZeroDivisionError("a bug\0")


class BadEvidenceVerifier(BrokenVerifier):
    name = "bad_evidence"

    def verify(self, problem, trace, tools):
        return VerdictRecord(self.name, 1, Outcome.PASS, "fine", score=1.0, evidence={"seconds": float("nan")})


def test_a_verifier_that_breaks_is_an_error_with_the_reason_never_a_fail(run):
    verify_traces(trace_ids=trace_ids(run), verifiers={"arc_test": BrokenVerifier(), "bad": BadEvidenceVerifier()})
    broken = Verdict.objects.filter(verifier="arc_test").first()
    assert (broken.outcome, broken.score) == ("error", None)
    assert broken.message == "The verifier broke: ZeroDivisionError: a bug\ufffd"
    bad = Verdict.objects.filter(verifier="bad_evidence").first()
    assert bad.outcome == "error"
    assert "expected a finite number" in bad.message
    assert set(run.traces.values_list("correctness", flat=True)) == {"error"}
    assert_counters_add_up(run)


def test_without_a_reference_answer_a_trace_is_unscored(db):
    run = plan(problems=[make_problem(reference=None)], samples_each=1)
    sample_next_batch(run_id=run.pk, samplers=SAMPLERS)
    verify_traces(trace_ids=trace_ids(run))
    trace = run.traces.get()
    assert (trace.correctness, trace.train_passed) == ("unscored", 2)
    verdict = trace.verdicts.get(verifier="arc_test")
    assert (verdict.outcome, verdict.message) == ("unscored", "the problem has no reference answer")
    assert (trace.outputs, trace.given) == ([[[9, 8, 7]]], [[[9, 8, 7]]]), "samples vote by what their programs give"
    assert_counters_add_up(run)


RAISES = "def transform(grid):\n    raise ValueError\n"


@pytest.mark.parametrize(
    ("program", "answer", "outputs", "given"),
    [
        (FLIP_PROGRAM, None, [[[9, 8, 7]]], [[[9, 8, 7]]]),
        (WRONG_PROGRAM, [[[9, 8, 7]]], [[[7, 8, 9]]], [[[7, 8, 9]]]),
        (RAISES, [[[9, 8, 7]]], [None], None),
        ("", [None], None, None),
        ("def transform(grid):\n    return [[1], [1, 2]]\n", None, [None], None),
        ("", [[[9, 8, 7]]], None, [[[9, 8, 7]]]),
        ("", None, None, None),
    ],
)
def test_samples_are_alike_in_what_their_programs_give(db, program, answer, outputs, given):
    trace = make_trace(program=program, answer=answer, outputs=None, run=None)
    PendingVerification.objects.create(trace=trace)
    verify_traces(trace_ids=[trace.pk])
    trace.refresh_from_db()
    assert (trace.answer, trace.outputs, trace.answer_hash) == (answer, outputs, content_hash(given))
    assert trace.given == (answer if outputs is None else outputs)


def test_what_the_engine_cannot_run_says_nothing_about_the_outputs():
    pair = PairEvidence(0, "unsupported")
    assert program_outputs(PairsEvidence([pair])) is None
    assert program_outputs(PairsEvidence([replace(pair, status="timeout")])) == [None]
    assert program_outputs(PairsEvidence()) is None


def test_a_problem_is_not_solved_by_a_sample_that_was_shown_the_answer(run):
    run.traces.update(hinted=True)
    verify_traces(trace_ids=trace_ids(run))
    run.refresh_from_db()
    problem = run.traces.first().problem
    assert (run.correct_count, problem.correct_count) == (1, 0)
    assert_counters_add_up(run)


def test_the_migration_finds_the_outputs_of_earlier_verdicts(run):
    verify_traces(trace_ids=trace_ids(run))
    fields = ("pk", "outputs", "answer_hash")
    before = list(run.traces.order_by("pk").values_list(*fields))
    run.traces.update(outputs=None, answer_hash="")
    silent = make_trace(program="", answer=[None], answer_hash=content_hash([None]))
    import_module("trajectories.migrations.0018_trace_outputs").fill(apps, None)
    assert list(run.traces.order_by("pk").values_list(*fields)) == before
    assert before[0][1] == [[[9, 8, 7]]]
    silent.refresh_from_db()
    assert silent.answer_hash == content_hash(None)


def test_a_trace_outside_any_run_is_verified_too(problem):
    trace = make_trace(problem=problem, run=None, program=FLIP_PROGRAM)
    PendingVerification.objects.create(trace=trace)
    assert verify_traces(trace_ids=[trace.pk]) == 1
    problem.refresh_from_db()
    assert problem.correct_count == 1


def test_hostile_programs_get_a_verdict_each(db):
    programs = [
        "def transform(grid):\n    return 'x\\0' * 10\n",
        "def transform(grid):\n    raise ValueError('no\\0')\n",
        "def transform(grid):\n    return [[1], [1, 2]]\n",
        "syntax error(",
        WRONG_PROGRAM,
    ]
    traces = [make_trace(program=program) for program in programs]
    PendingVerification.objects.bulk_create([PendingVerification(trace=trace) for trace in traces])
    assert verify_traces(trace_ids=[trace.pk for trace in traces]) == len(programs)
    outcomes = Trace.objects.filter(pk__in=[trace.pk for trace in traces]).values_list("correctness", flat=True)
    assert set(outcomes) <= {"fail", "error"}
    assert not PendingVerification.objects.exists()


def test_no_verdict_about_the_test_output_means_unscored():
    verdict = Verdict(verifier="arc_train", version=1, outcome="fail", evidence={"right": 1, "of": 2})
    nothing = {
        "correctness": "unscored",
        "train_passed": None,
        "train_total": None,
        "train_error": None,
        "near_miss": "",
        "model_judged": "",
        "outputs": None,
    }
    assert derived_fields({"arc_train": verdict}) == {**nothing, "train_passed": 1, "train_total": 2}
    assert derived_fields({}) == nothing


def test_the_near_miss_of_a_wrong_output_can_be_filtered_by():
    ran = {"status": "returned", "predicted": [[1]]}
    near = {"kind": "colours", "text": "right after ..."}
    evidence = {"pairs": [{**ran, "near_miss": None}, {**ran, "near_miss": near}]}
    wrong = Verdict(verifier="arc_test", version=1, outcome="fail", evidence=evidence)
    assert derived_fields({"arc_test": wrong})["near_miss"] == "colours"
    right = Verdict(verifier="arc_test", version=1, outcome="pass", evidence=evidence)
    assert derived_fields({"arc_test": right})["near_miss"] == ""


@pytest.mark.parametrize("program", ["", FLIP_PROGRAM])
def test_outputs_are_kept_beside_an_unknown_answer(db, program):
    trace = make_trace(problem=make_problem(reference=None), program=program, answer=[[[9, 8, 7]]], run=None)
    PendingVerification.objects.create(trace=trace)
    verify_traces(trace_ids=[trace.pk])
    verdict = trace.verdicts.get(verifier="arc_test")
    assert (verdict.outcome, verdict.message) == ("unscored", "the problem has no reference answer")
    assert [pair["predicted"] for pair in verdict.evidence["pairs"]] == [[[9, 8, 7]]]
