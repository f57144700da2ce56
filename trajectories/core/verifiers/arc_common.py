"""What the ARC verifiers share: reading the spec, running the program once, and evidence per pair."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TypeVar

from trajectories.core.problems.grids import Grid, GridError, grid_to_lists, parse_grid
from trajectories.core.programs.engines import CallResult, CallStatus, ProgramJob, ProgramRun
from trajectories.core.records import JSON, Outcome, ProblemRecord, VerdictRecord
from trajectories.core.verifiers.base import Tools, Verifier
from trajectories.core.verifiers.evidence import PairEvidence, PairsEvidence
from trajectories.core.verifiers.faithful import spare_program
from trajectories.core.verifiers.grid_compare import GridComparison, GridMatch, compare_grid, grid_or_none

ENGINE_FAULTS = frozenset({CallStatus.UNSUPPORTED, CallStatus.CRASHED})
"""Ends of a call that say nothing about the program: the verdict is an error, never a fail."""

_ENDS: Mapping[CallStatus, str] = {
    CallStatus.RAISED: "the program raised",
    CallStatus.TIMEOUT: "the program ran out of time",
    CallStatus.MEMORY: "the program ran out of memory",
    CallStatus.OUTPUT: "the program wrote too much",
    CallStatus.NOT_JSON: "the program returned no plain value",
    CallStatus.UNSUPPORTED: "unsupported by engine",
    CallStatus.CRASHED: "the sandbox worker died",
}


class SpecError(ValueError):
    """Nothing can be verified against the problem itself; the message names the place in the spec."""


Of = TypeVar("Of")
Read = TypeVar("Read")
OBJECTS_KEPT = 16


def once_per_object(read: Callable[[Of], Read]) -> Callable[[Of], Read]:
    """The function, called once for each of the last few objects, which nobody changes: the verifiers of many traces
    ask the same of one problem."""
    kept: dict[int, tuple[Of, Read]] = {}

    @wraps(read)
    def remembered(of: Of) -> Read:
        found = kept.get(id(of))
        if found is None:
            if len(kept) >= OBJECTS_KEPT:
                kept.clear()
            # Kept along, so that no other object has its id.
            found = kept[id(of)] = (of, read(of))
        return found[1]

    return remembered


@once_per_object
def read_train_pairs(problem: ProblemRecord) -> list[tuple[Grid, Grid]]:
    """The training pairs, at least one. Raises SpecError."""
    pairs = [
        (_spec_grid(pair, "input", f"train[{index}]"), _spec_grid(pair, "output", f"train[{index}]"))
        for index, pair in enumerate(_spec_list(problem, "train"))
    ]
    if not pairs:
        raise SpecError("train: found no pairs, expected at least one")
    return pairs


@once_per_object
def read_test_inputs(problem: ProblemRecord) -> list[Grid]:
    """The test inputs, possibly none. Raises SpecError."""
    return [_spec_grid(pair, "input", f"test[{index}]") for index, pair in enumerate(_spec_list(problem, "test"))]


@once_per_object
def read_reference(problem: ProblemRecord) -> list[Grid | None]:
    """One expected grid per test input, None where the answer is unknown; empty without a reference."""
    reference = problem.reference
    if reference is None:
        return []
    if not isinstance(reference, list | tuple):
        raise SpecError(f"reference: found {type(reference).__name__}, expected a list with one grid per test input")
    try:
        return [
            None if grid is None else parse_grid(grid, f"reference[{index}]") for index, grid in enumerate(reference)
        ]
    except GridError as fault:
        raise SpecError(str(fault)) from fault


def _spec_list(problem: ProblemRecord, key: str) -> Sequence[JSON]:
    value = problem.spec.get(key)
    if not isinstance(value, list | tuple):
        raise SpecError(f"{key}: found {type(value).__name__}, expected a list of pairs")
    return value


def _spec_grid(pair: JSON, key: str, where: str) -> Grid:
    if not isinstance(pair, Mapping):
        raise SpecError(f"{where}: found {type(pair).__name__}, expected a pair")
    try:
        return parse_grid(pair.get(key), f"{where}.{key}")
    except GridError as fault:
        raise SpecError(str(fault)) from fault


def run_on_all_inputs(problem: ProblemRecord, program: str, tools: Tools) -> ProgramRun:
    """Run the program on every training input, then on every test input.

    It is the same job for every ARC verifier, so that one run in the sandbox serves them all. Raises SpecError.
    """
    return tools.run_program(job_on_all_inputs(problem, program))


def job_on_all_inputs(problem: ProblemRecord, program: str) -> ProgramJob:
    """The job that every verifier of ARC programs asks for. Raises SpecError."""
    return ProgramJob(source=program, calls=_calls_on_all_inputs(problem))


@once_per_object
def _calls_on_all_inputs(problem: ProblemRecord) -> tuple[Sequence[JSON], ...]:
    inputs = [pair[0] for pair in read_train_pairs(problem)] + read_test_inputs(problem)
    return tuple([grid_to_lists(grid)] for grid in inputs)


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """One prediction held against one expected grid (None: unknown).

    `comparison` is None where nothing was compared; `call` is None where no program ran, and the prediction `stated`.
    """

    index: int
    """Which pair it is, from 0."""
    expected: Grid | None
    comparison: GridComparison | None
    call: CallResult | None = None
    stated: JSON = None

    @property
    def right(self) -> bool:
        """Whether the prediction is the expected grid."""
        return self.comparison is not None and self.comparison.match is GridMatch.RIGHT

    @property
    def engine_fault(self) -> bool:
        """Whether the call says nothing about the program."""
        return self.call is not None and self.call.status in ENGINE_FAULTS

    @property
    def message(self) -> str:
        """What happened, in one line."""
        if self.call is not None and self.call.status is not CallStatus.RETURNED:
            detail = f": {self.call.message}" if self.call.message else ""
            return f"{_ENDS[self.call.status]}{detail}"
        return "the answer is unknown" if self.comparison is None else self.comparison.message

    @property
    def evidence(self) -> PairEvidence:
        """What is kept of it with the verdict."""
        call = self.call
        # Nothing to compare with, yet what came back is worth keeping: samples vote by it.
        compared = self.comparison or GridComparison(
            GridMatch.NOT_A_GRID, "", predicted=grid_or_none(self.stated if call is None else call.value)
        )
        near_miss = compared.near_miss
        return PairEvidence(
            index=self.index,
            status="stated" if call is None else str(call.status),
            match=None if self.comparison is None else str(self.comparison.match),
            message=self.message,
            predicted=compared.predicted,
            preview=compared.preview,
            expected=None if self.expected is None else grid_to_lists(self.expected),
            cells_wrong=compared.cells_wrong,
            near_miss=None if near_miss is None else {"kind": near_miss.kind, "text": near_miss.text},
            seconds=0.0 if call is None else call.seconds,
            printed="" if call is None else call.printed,
        )


def check_call(index: int, call: CallResult, expected: Grid | None) -> PairVerdict:
    """Hold one call's value against the expected grid."""
    compared = call.status is CallStatus.RETURNED and expected is not None
    return PairVerdict(index, expected, compare_grid(call.value, expected) if compared and expected else None, call)


def check_stated(index: int, predicted: JSON, expected: Grid | None) -> PairVerdict:
    """Hold one stated grid against the expected one."""
    compared = None if expected is None else compare_grid(predicted, expected)
    return PairVerdict(index, expected, compared, stated=predicted)


def pairs_verdict(
    verifier: Verifier, verified: Sequence[PairVerdict], noun: str, run: ProgramRun | None
) -> VerdictRecord:
    """The verdict over all pairs: pass where all are right, fail where one is wrong, error where the engine failed.

    A wrong pair is no fail where the engine may be to blame for it.
    """
    known = [pair for pair in verified if pair.expected is not None]
    right = sum(pair.right for pair in known)
    evidence: dict[str, JSON] = {
        **({} if run is None else run.facts),
        **PairsEvidence([pair.evidence for pair in verified], right, len(known)).to_json(),
    }
    fault = next((pair for pair in known if pair.engine_fault), None)
    wrong = next((pair for pair in known if not pair.right), None)
    score: float | None = None
    if fault is not None:
        outcome, message = Outcome.ERROR, f"{noun} {fault.index + 1}: {fault.message}"
    elif not known or (wrong is None and len(known) < len(verified)):
        outcome, message = Outcome.UNSCORED, f"the answer is known for {len(known)} of {len(verified)} {noun}s"
    else:
        score = right / len(known)
        outcome = Outcome.PASS if wrong is None else Outcome.FAIL
        message = f"{right} of {len(known)} {noun}s right"
        message += "" if wrong is None else f"; {noun} {wrong.index + 1}: {wrong.message}"
    verdict = VerdictRecord(
        verifier=verifier.name,
        version=verifier.version,
        outcome=outcome,
        message=message,
        score=score,
        evidence=evidence,
        seconds=sum(pair.call.seconds for pair in verified if pair.call is not None),
        engine="" if run is None else run.engine,
    )
    return verdict if run is None else spare_program(verdict, run)


def plain_verdict(verifier: Verifier, outcome: Outcome, message: str) -> VerdictRecord:
    """A verdict that needs no evidence beyond its message: unscored or error."""
    return VerdictRecord(verifier=verifier.name, version=verifier.version, outcome=outcome, message=message)
