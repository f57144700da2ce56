from trajectories.core.exporters import ExportItem
from trajectories.core.learning.hindsight import NO_OUTPUTS, TRIVIAL, accuracy_of, is_trivial, refusal, relabel
from trajectories.core.records import ProblemKind

SPEC = {
    "train": [{"input": [[1, 2]], "output": [[2, 1]]}, {"input": [[3, 4]], "output": [[4, 3]]}],
    "test": [{"input": [[5, 6]]}],
}
CANARY = [[7, 7, 7]]


def item(predicted, *, spec=SPEC, score=0.0, **values):
    evidence = {"pairs": [{"predicted": grid} for grid in predicted]}
    verdict = {"verifier": "arc_train", "version": 2, "outcome": "fail", "score": score, "evidence": evidence}
    given = {
        "prompt": ({"role": "user", "content": "the old task"},), "reasoning": "I think it is turned.",
        "program": "def transform(grid):\n    return grid\n", "answer": [CANARY], "steps": (), "problem_name": "t",
        "problem_kind": ProblemKind.ARC, "spec": spec, "reference": [CANARY], "problem_hash": "h",
        "meta": {"trace_id": 1}, "assessments": {"verdicts": [verdict]},
    }  # fmt: skip
    return ExportItem(**(given | values))


def test_a_wrong_program_is_right_for_the_task_of_its_outputs():
    made = relabel(item([[[1], [2]], [[3], [4]]], score=0.5))
    assert [pair["output"] for pair in made.spec["train"]] == [[[1], [2]], [[3], [4]]]
    assert [pair["input"] for pair in made.spec["train"]] == [[[1, 2]], [[3, 4]]]
    assert made.label is True
    assert made.problem_hash != "h"
    assert made.meta["relabelled"] is True
    assert made.meta["written_for"] == {"problem": "t", "problem_hash": "h", "accuracy": 0.5}
    assert refusal(item([[[1], [2]], [[3], [4]]])) is None
    text = str(made.prompt) + made.reasoning
    assert "the old task" not in text
    assert "I think" not in text, "what it thought was about the other task"
    assert made.reference is None
    assert "7" not in text, "nothing of the reference answer is left"
    assert "1\n2" in str(made.prompt).replace("\\n", "\n"), "the prompt asks for what it gives"
    assert accuracy_of(item([], score=0.5)) == 0.5


def test_a_task_that_says_nothing_is_left_out():
    inputs = [[[1, 2]], [[3, 4]]]
    for outputs, trivial in (
        (inputs, True),
        ([[[1, 2]], [[1, 2]]], True),
        ([[[0, 0]], [[3, 3]]], True),
        ([[[2, 1]], [[4, 3]]], False),
    ):
        assert is_trivial(inputs, outputs) is trivial
        assert (relabel(item(outputs)) is None) is trivial
        assert refusal(item(outputs)) == (TRIVIAL if trivial else None)


def test_what_gave_no_output_or_is_no_arc_program_is_left_out():
    assert relabel(item([[[1], [2]], None])) is None
    assert refusal(item([[[1], [2]], None])) == NO_OUTPUTS
    assert relabel(item([[[1], [2]]])) is None
    assert relabel(item([[[1], [2]], [[3], [4]]], program="")) is None
    assert relabel(item([[[1], [2]], [[3], [4]]], problem_kind=ProblemKind.TEXT)) is None
