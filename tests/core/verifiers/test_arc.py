import pytest

from tests.core.verifiers.doubles import FLIP, ScriptedTools, ending, flip_problem, returning, trace
from trajectories.core.programs.engines import CallResult, CallStatus
from trajectories.core.records import JSON, Outcome, ProblemKind, ProblemRecord
from trajectories.core.verifiers import VERIFIERS, applicable_verifiers
from trajectories.core.verifiers.arc_answer import ArcAnswerVerifier
from trajectories.core.verifiers.arc_outputs import ArcTestVerifier
from trajectories.core.verifiers.arc_train import ArcTrainVerifier

TRAIN, TEST, ANSWER = ArcTrainVerifier(), ArcTestVerifier(), ArcAnswerVerifier()


def test_a_program_that_reproduces_all_pairs_passes() -> None:
    verdict = TRAIN.verify(flip_problem(), trace(), FLIP)
    assert (verdict.outcome, verdict.score, verdict.message) == (Outcome.PASS, 1.0, "2 of 2 training pairs right")
    assert verdict.engine == "scripted 1"
    assert verdict.evidence["limits"]["seconds_per_call"] > 0
    assert [pair["match"] for pair in verdict.evidence["pairs"]] == ["right", "right"]


def test_one_wrong_pair_fails_and_is_named() -> None:
    tools = ScriptedTools(lambda grid: CallResult(CallStatus.RETURNED, value=[[2, 1], [4, 3]]))
    verdict = TRAIN.verify(flip_problem(), trace(), tools)
    assert (verdict.outcome, verdict.score) == (Outcome.FAIL, 0.5)
    assert verdict.message == "1 of 2 training pairs right; training pair 2: the grid is 2 by 2, expected 1 by 3"


def test_near_miss_is_kept_as_evidence() -> None:
    tools = ScriptedTools(lambda grid: CallResult(CallStatus.RETURNED, value=grid))
    verdict = TRAIN.verify(flip_problem(), trace(), tools)
    assert verdict.evidence["pairs"][0]["near_miss"] == {
        "kind": "symmetry",
        "text": "right after mirroring left to right",
    }


@pytest.mark.parametrize(
    "status", [CallStatus.RAISED, CallStatus.TIMEOUT, CallStatus.MEMORY, CallStatus.OUTPUT, CallStatus.NOT_JSON]
)
def test_a_program_that_does_not_return_fails_with_the_reason(status: CallStatus) -> None:
    for verifier in (TRAIN, TEST):
        verdict = verifier.verify(flip_problem(), trace(), ending(status, "the reason"))
        assert (verdict.outcome, verdict.score) == (Outcome.FAIL, 0.0)
        assert verdict.evidence["pairs"][0]["status"] == status.value
        assert "the reason" in verdict.message


@pytest.mark.parametrize("status", [CallStatus.UNSUPPORTED, CallStatus.CRASHED])
def test_a_fault_of_the_engine_is_an_error_without_a_score(status: CallStatus) -> None:
    for verifier in (TRAIN, TEST):
        verdict = verifier.verify(flip_problem(), trace(), ending(status, "import numpy"))
        assert (verdict.outcome, verdict.score) == (Outcome.ERROR, None)
        assert "import numpy" in verdict.message


def test_one_engine_fault_among_right_pairs_is_an_error() -> None:
    tools = ScriptedTools(
        lambda grid: (
            CallResult(CallStatus.CRASHED, message="died")
            if len(grid) == 1
            else CallResult(CallStatus.RETURNED, value=[row[::-1] for row in grid])
        )
    )
    verdict = TRAIN.verify(flip_problem(), trace(), tools)
    assert (verdict.outcome, verdict.score) == (Outcome.ERROR, None)
    assert verdict.message == "training pair 2: the sandbox worker died: died"


def test_both_program_verifiers_ask_for_the_same_job_and_never_show_an_output() -> None:
    tools = ScriptedTools(lambda grid: CallResult(CallStatus.RETURNED, value=grid))
    TRAIN.verify(flip_problem(), trace(), tools)
    TEST.verify(flip_problem(), trace(), tools)
    assert tools.jobs[0] == tools.jobs[1]
    assert list(tools.jobs[0].calls) == [[[[1, 2], [3, 4]]], [[[5, 0, 0]]], [[[7, 8]]]]


def test_test_output_by_program() -> None:
    assert TEST.verify(flip_problem(), trace(), FLIP).outcome is Outcome.PASS
    wrong = TEST.verify(flip_problem(), trace(), returning([[1, 7]]))
    assert (wrong.outcome, wrong.score) == (Outcome.FAIL, 0.0)
    assert wrong.evidence["pairs"][0]["expected"] == [[8, 7]]


def test_the_program_counts_before_the_stated_answer() -> None:
    verdict = TEST.verify(flip_problem(), trace(answer=[[[8, 7]]]), returning([[0, 0]]))
    assert verdict.outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ([[[8, 7]]], Outcome.PASS),
        ([[8, 7]], Outcome.PASS),
        ([[[7, 8]]], Outcome.FAIL),
        ([None], Outcome.FAIL),
        ([], Outcome.FAIL),
        ("8 7", Outcome.FAIL),
        ({"a": 1}, Outcome.FAIL),
    ],
)
def test_a_stated_answer_is_compared_without_running_anything(answer: JSON, outcome: Outcome) -> None:
    tools = returning([[8, 7]])
    for verifier in (TEST, ANSWER):
        verdict = verifier.verify(flip_problem(), trace(program="", answer=answer), tools)
        assert verdict.outcome is outcome
        assert verdict.evidence["pairs"][0]["status"] == "stated"
    assert tools.jobs == []


@pytest.mark.parametrize(
    ("text", "outcome", "rule"),
    [
        ("I think [[7, 8]], no: [[8, 7]].", Outcome.PASS, "last grid"),
        ("<answer>[[[8, 7]]]</answer> not [[1]]", Outcome.PASS, "tag"),
        ("<answer>eight seven</answer>", Outcome.FAIL, "tag"),
        ("[[8, 7]] and then [[7, 8]]", Outcome.FAIL, "last grid"),
    ],
)
def test_an_answer_in_the_text_is_found_and_its_rule_kept(text: str, outcome: Outcome, rule: str) -> None:
    for verifier in (TEST, ANSWER):
        verdict = verifier.verify(flip_problem(), trace(program="", text=text), FLIP)
        assert (verdict.outcome, verdict.evidence["found"]["rule"]) == (outcome, rule)


def test_no_answer_found_is_its_own_evidence() -> None:
    verdict = ANSWER.verify(flip_problem(), trace(program="", text="I give up"), FLIP)
    assert (verdict.outcome, verdict.message) == (Outcome.FAIL, "no answer found")
    assert verdict.evidence["found"] is None


def test_without_a_reference_nothing_is_scored() -> None:
    for reference in ([], [None]):
        for verifier in (TEST, ANSWER):
            verdict = verifier.verify(flip_problem(reference), trace(answer=[[[8, 7]]]), FLIP)
            assert (verdict.outcome, verdict.score) == (Outcome.UNSCORED, None)


def test_a_partly_known_reference_fails_on_a_known_fault_and_is_otherwise_unscored() -> None:
    problem = flip_problem([[[8, 7]], None])
    right = ANSWER.verify(problem, trace(answer=[[[8, 7]], [[1]]]), FLIP)
    wrong = ANSWER.verify(problem, trace(answer=[[[8, 8]], [[1]]]), FLIP)
    assert (right.outcome, wrong.outcome) == (Outcome.UNSCORED, Outcome.FAIL)


def test_a_problem_that_nothing_can_be_verified_against_is_an_error_that_names_the_place() -> None:
    problem = ProblemRecord(
        kind=ProblemKind.ARC,
        name="broken",
        statement="",
        spec={"train": [{"input": [[1]], "output": [[99]]}], "test": []},
        reference=None,
        split="train",
    )
    verdict = TRAIN.verify(problem, trace(), FLIP)
    assert (verdict.outcome, verdict.score) == (Outcome.ERROR, None)
    assert "train[0].output[0][0]: found 99" in verdict.message


def test_a_reference_of_another_length_than_the_test_inputs_is_an_error() -> None:
    verdict = TEST.verify(flip_problem([[[8, 7]], [[1]]]), trace(), FLIP)
    assert verdict.outcome is Outcome.ERROR


def test_which_verifiers_apply() -> None:
    def names(record: ProblemRecord, **fields: JSON) -> list[str]:
        return [verifier.name for verifier in applicable_verifiers(record, trace(**fields))]

    assert names(flip_problem()) == ["arc_train", "arc_test"]
    assert names(flip_problem(), program=" ", answer=[[[1]]]) == ["arc_test", "arc_answer"]
    assert set(names(flip_problem(), answer=[[[1]]])) <= set(VERIFIERS)
