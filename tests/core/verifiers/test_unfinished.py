import pytest

from trajectories.core.records import FinishReason, Outcome, TraceRecord, VerdictRecord
from trajectories.core.verifiers.unfinished import UNFINISHED, leave_open

WITHOUT = VerdictRecord("numeric", 1, Outcome.FAIL, "no answer found", 0.0, {"found": None})
WITH = VerdictRecord("numeric", 1, Outcome.FAIL, "41 is not 42", 0.0, {"found": {"answer": "41"}})


def ended(reason, program=""):
    return TraceRecord(answer=None, program=program, text="so", finish_reason=reason)


@pytest.mark.parametrize("reason", UNFINISHED)
def test_a_sample_that_was_not_finished_and_states_no_answer_is_not_wrong(reason):
    verdict = leave_open(WITHOUT, ended(reason))
    assert (verdict.outcome, verdict.score) == (Outcome.UNSCORED, None)
    assert verdict.message.endswith("not counted as wrong")


def test_a_finished_sample_without_an_answer_is_wrong():
    assert leave_open(WITHOUT, ended(FinishReason.STOP)) is WITHOUT


def test_an_answer_that_was_found_is_verified_however_the_sample_ended():
    assert leave_open(WITH, ended(FinishReason.LENGTH)) is WITH


def test_so_is_a_program():
    assert leave_open(WITHOUT, ended(FinishReason.LENGTH, program="def transform(grid): ...")) is WITHOUT


def test_every_reason_but_stop_is_unfinished():
    assert set(UNFINISHED) == set(FinishReason) - {FinishReason.STOP}
