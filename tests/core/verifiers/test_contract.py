"""What every registered verifier must do, whatever it is given."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.verifiers.doubles import ScriptedTools, trace
from trajectories.core.identity import canonical_json
from trajectories.core.problems.kinds import KINDS
from trajectories.core.problems.questions import MATCHES
from trajectories.core.programs.engines import CallResult, CallStatus
from trajectories.core.records import JSON, Outcome, ProblemKind, ProblemRecord
from trajectories.core.verifiers import VERIFIERS, applicable_verifiers, consensus
from trajectories.core.verifiers.base import Verifier
from trajectories.core.verifiers.deciding import is_supporting
from trajectories.core.verifiers.model_judge import is_model_verdict

NAME_LENGTH = 40
"""As long as the column of verdicts is (models.Verdict)."""

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
small_grids = st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=2), min_size=1, max_size=3)
answers = json_values | st.lists(small_grids | st.none(), max_size=3) | small_grids
specs = st.fixed_dictionaries(
    {
        "train": json_values
        | st.lists(st.fixed_dictionaries({"input": small_grids, "output": small_grids}), min_size=1, max_size=2),
        "test": json_values | st.lists(st.fixed_dictionaries({"input": small_grids}), max_size=2),
    }
)
results = st.builds(CallResult, st.sampled_from(CallStatus), value=answers, message=st.text(), printed=st.text())


@st.composite
def problems(draw: st.DrawFn) -> ProblemRecord:
    return ProblemRecord(
        kind=draw(st.sampled_from(ProblemKind)),
        name="any",
        statement=draw(st.text()),
        spec=draw(specs | st.dictionaries(st.text(), json_values, max_size=3)),
        reference=draw(answers),
        split="train",
    )


@pytest.mark.parametrize("verifier", VERIFIERS.values(), ids=VERIFIERS.keys())
@given(problem=problems(), answer=answers, program=st.text(), text=st.text(), result=results)
@settings(max_examples=100, deadline=None)
def test_any_trace_gets_a_storable_verdict(
    verifier: Verifier, problem: ProblemRecord, answer: JSON, program: str, text: str, result: CallResult
) -> None:
    record = trace(program=program, answer=answer, text=text)
    assert verifier.applies_to(problem, record) in (True, False)
    verdict = verifier.verify(problem, record, ScriptedTools(lambda _: result))
    assert (verdict.verifier, verdict.version) == (verifier.name, verifier.version)
    assert (verdict.score is None) == (verdict.outcome in (Outcome.UNSCORED, Outcome.ERROR))
    assert verdict.score is None or 0 <= verdict.score <= 1
    assert (verdict.outcome is Outcome.PASS) <= (verdict.score == 1)
    assert verdict.message
    canonical_json(dict(verdict.evidence))


@pytest.mark.parametrize("verifier", VERIFIERS.values(), ids=VERIFIERS.keys())
def test_names_are_stable_and_titles_are_for_people(verifier: Verifier) -> None:
    assert VERIFIERS[verifier.name] is verifier
    assert verifier.version >= 1
    assert verifier.title


@pytest.mark.parametrize("verifier", VERIFIERS.values(), ids=VERIFIERS.keys())
def test_a_name_can_be_stored_and_is_nobody_elses(verifier: Verifier) -> None:
    assert len(verifier.name) <= NAME_LENGTH
    assert verifier.name != consensus.NAME
    assert not is_model_verdict(verifier.name), "a name that begins so is that of a model judge, which never decides"
    assert is_supporting(verifier.name) is not verifier.decides


SPECS_OF: dict[ProblemKind, list[dict[str, JSON]]] = {
    ProblemKind.TEXT: [{}, *({"match": match} for match in MATCHES), {"tests": [{"stdin": "1", "stdout": "1"}]}],
}
"""The ways in which problems of a kind are verified, for kinds with more ways than one."""


@pytest.mark.parametrize("kind", KINDS)
def test_one_verifier_alone_decides_whether_a_trace_is_right(kind: ProblemKind) -> None:
    """Of two the first would, in the order of their first verdicts on a trace."""
    record = trace(answer="1", text="Answer: 1")
    for spec in SPECS_OF.get(kind, [{}]):
        problem = ProblemRecord(kind=kind, name="any", statement="", spec=spec, reference="1", split="train")
        deciding = [verifier.name for verifier in applicable_verifiers(problem, record) if verifier.decides]
        assert len(deciding) == 1, (spec, deciding)


@given(predicted=small_grids, expected=small_grids)
@settings(deadline=None)
def test_a_grid_verdict_is_a_plain_comparison(predicted: list[list[int]], expected: list[list[int]]) -> None:
    problem = ProblemRecord(
        kind=ProblemKind.ARC,
        name="any",
        statement="",
        spec={"train": [{"input": [[0]], "output": expected}], "test": [{"input": [[0]]}]},
        reference=[expected],
        split="train",
    )
    tools = ScriptedTools(lambda _: CallResult(CallStatus.RETURNED, value=json.loads(json.dumps(predicted))))
    for name, record in (
        ("arc_train", trace()),
        ("arc_test", trace()),
        ("arc_test", trace(program="", answer=[predicted])),
        ("arc_answer", trace(answer=[predicted])),
    ):
        outcome = VERIFIERS[name].verify(problem, record, tools).outcome
        assert (outcome is Outcome.PASS) == (predicted == expected)
