"""Hindsight: a program that is wrong for its task is right for the task that its outputs define.

After Butt et al. 2024, "CodeIt" (arXiv 2402.04858), and Pourcel et al. 2025, SOAR: what a program gives for the
training inputs takes the place of their outputs. Programs are not run for it: what they gave is in the evidence of
their verdict. A task that says nothing is left out: where an output is missing, is the input itself, or all are one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from trajectories.core.exporters import ExportItem
from trajectories.core.identity import canonical_json, content_hash
from trajectories.core.problems.kinds import is_grids
from trajectories.core.prompts import render_messages
from trajectories.core.prompts.rendering import CANONICAL
from trajectories.core.records import JSON, ProblemKind, PublicProblem
from trajectories.core.verifiers.evidence import PairsEvidence

TRAIN_VERIFIER = "arc_train"
LEAST_FILLED = 2


def outputs_of(item: ExportItem) -> list[JSON] | None:
    """What an item's program gave for each training input, None where that is not known of all of them."""
    for verdict in item.assessments.get("verdicts", ()):
        if verdict["verifier"] == TRAIN_VERIFIER:
            outputs = [pair.predicted for pair in PairsEvidence.from_json(verdict.get("evidence")).pairs]
            whole = len(outputs) == len(item.spec.get("train", ())) and all(outputs)
            return outputs if whole else None
    return None


def accuracy_of(item: ExportItem) -> float | None:
    """The share of the training pairs that an item's program gives right, None where that is not known."""
    for verdict in item.assessments.get("verdicts", ()):
        if verdict["verifier"] == TRAIN_VERIFIER and verdict.get("score") is not None:
            return float(verdict["score"])
    return None


def is_trivial(inputs: Sequence[JSON], outputs: Sequence[JSON]) -> bool:
    """Whether a task says nothing: each output is its input, all outputs are the same although the inputs are not, or
    every output has one colour."""
    if all(canonical_json(a) == canonical_json(b) for a, b in zip(inputs, outputs, strict=True)):
        return True
    different = {canonical_json(grid) for grid in outputs}
    if len(outputs) > 1 and len(different) == 1 and len({canonical_json(grid) for grid in inputs}) > 1:
        return True
    return all(len({cell for row in grid for cell in row}) < LEAST_FILLED for grid in outputs)


NO_OUTPUTS, TRIVIAL, SAME, LIKE_HELD_OUT = "no_outputs", "trivial", "same", "held_out"
REFUSALS: Mapping[str, str] = {
    NO_OUTPUTS: "gave no grid for some input",
    TRIVIAL: "made a task that says nothing",
    SAME: "were the same again",
    LIKE_HELD_OUT: "made a task like a held-out one",
}
"""Why wrong programs are not relabelled, in words that follow their number."""


def refusal(item: ExportItem) -> str | None:
    """Why a wrong ARC program cannot be relabelled (a key of REFUSALS); None where it can, "" for what is none."""
    if not is_grids(item.problem_kind) or not item.program.strip():
        return ""
    outputs = outputs_of(item)
    if outputs is None:
        return NO_OUTPUTS
    return TRIVIAL if is_trivial([pair["input"] for pair in item.spec["train"]], outputs) else None


def relabel(item: ExportItem) -> ExportItem | None:
    """The item with the task that its program does solve; None where there is none that says anything.

    Its prompt is the canonical one of that task, its thoughts are left out, since they are about the other one; the
    test inputs stay, their answers are not known. Its `meta` says which problem the program was written for, and how
    right it was there.
    """
    if refusal(item) is not None:
        return None
    outputs = outputs_of(item)
    assert outputs is not None
    inputs = [pair["input"] for pair in item.spec["train"]]
    spec: dict[str, Any] = {
        **item.spec,
        "train": [{"input": a, "output": b} for a, b in zip(inputs, outputs, strict=True)],
    }
    problem = PublicProblem(ProblemKind.ARC, f"{item.problem_name}, relabelled", "", spec, content_hash(spec))
    prompt = tuple(dict(message) for message in render_messages(CANONICAL, problem))
    written_for = {"problem": item.problem_name, "problem_hash": item.problem_hash, "accuracy": accuracy_of(item)}
    told: Mapping[str, JSON] = {**item.meta, "relabelled": True, "written_for": written_for}
    return replace(
        item,
        prompt=prompt,
        canonical=prompt,
        prompt_key="",
        reasoning=f"```python\n{item.program.rstrip()}\n```",
        parts=None,
        steps=(),
        answer=None,
        reference=None,
        found=None,
        original=None,
        spec=spec,
        problem_name=problem.name,
        problem_hash=problem.content_hash,
        label=True,
        meta=told,
    )
