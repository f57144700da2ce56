"""Does the trace's program pass the problem's tests? Function calls, or whole programs reading input and printing."""

from collections.abc import Mapping

from trajectories.core.programs.engines import CallResult, CallStatus, ProgramJob
from trajectories.core.records import JSON, Outcome, ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.answer_common import bad_problem
from trajectories.core.verifiers.answer_evidence import UnitTestEvidence, UnitTestsEvidence
from trajectories.core.verifiers.arc_common import ENGINE_FAULTS
from trajectories.core.verifiers.base import Tools
from trajectories.core.verifiers.faithful import spare_program
from trajectories.core.verifiers.grid_compare import preview_value
from trajectories.core.verifiers.json_equal import json_equal

_STDIN_SOURCE = """
import io, sys
_source = {source}
def run_with_input(text):
    sys.stdin, sys.stdout = io.StringIO(text), io.StringIO()
    printed = sys.stdout
    try:
        exec(compile(_source, "<program>", "exec"), {{"__name__": "__main__"}})
    except SystemExit as stopped:
        if stopped.code not in (None, 0):
            raise
    return printed.getvalue()
"""


class UnitTestsVerifier:
    """Passes where every test does; the score is the share that passes.

    spec "tests" is a list of {"arguments": [...], "expected": value} with spec "function" naming what to call, or of
    {"stdin": text, "stdout": text}; space at the ends of printed lines and of the whole does not count.
    """

    name = "unit_tests"
    version = 2  # 1 failed programs on engines that are not Python in every respect
    title = "Tests"
    decides = True
    takes_reference = False

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:
        """Problems with tests, traces with a program."""
        return "tests" in problem.spec and bool(trace.program.strip())

    def verify(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:
        """Run the program on every test."""
        if not trace.program.strip():
            return VerdictRecord(self.name, self.version, Outcome.UNSCORED, "the trace has no program")
        try:
            job, expected = read_tests(problem, trace.program)
        except ValueError as fault:
            return bad_problem(self, str(fault))
        run = tools.run_program(job)
        right = [_passes(call, value) for call, value in zip(run.calls, expected, strict=True)]
        tests = [_evidence(*each) for each in zip(range(len(right)), run.calls, expected, right, strict=True)]
        outcome, message = _outcome(run.calls, right)
        verdict = VerdictRecord(
            self.name,
            self.version,
            outcome,
            message,
            score=None if outcome is Outcome.ERROR else sum(right) / len(right),
            evidence={**run.facts, **UnitTestsEvidence(tests).to_json()},
            seconds=sum(call.seconds for call in run.calls),
            engine=run.engine,
        )
        return spare_program(verdict, run)


def read_tests(problem: ProblemRecord, program: str) -> tuple[ProgramJob, list[JSON]]:
    """The job, and what each call must give. Raises ValueError."""
    tests = problem.spec.get("tests")
    if not isinstance(tests, list | tuple) or not tests or not all(isinstance(test, Mapping) for test in tests):
        raise ValueError("tests: expected a list of at least one test")
    if all(isinstance(test.get("stdin"), str) and isinstance(test.get("stdout"), str) for test in tests):
        calls = tuple([test["stdin"]] for test in tests)
        source = _STDIN_SOURCE.format(source=repr(program))
        return ProgramJob(source, calls, "run_with_input"), [_printed(test["stdout"]) for test in tests]
    function = problem.spec.get("function")
    if not isinstance(function, str) or not function.isidentifier():
        raise ValueError("function: expected the name of the function to call")
    if not all(isinstance(test.get("arguments"), list | tuple) and "expected" in test for test in tests):
        raise ValueError("tests: expected stdin and stdout, or arguments and expected, in every test")
    return ProgramJob(program, tuple(test["arguments"] for test in tests), function), [
        test["expected"] for test in tests
    ]


def _printed(text: str) -> list[str]:
    """Printed lines as they are compared."""
    return [line.rstrip() for line in text.strip().splitlines()]


def _passes(call: CallResult, expected: JSON) -> bool:
    if call.status is not CallStatus.RETURNED:
        return False
    prints = isinstance(call.value, str) and isinstance(expected, list)
    return json_equal(_printed(call.value) if prints else call.value, expected)


def _outcome(calls: tuple[CallResult, ...], right: list[bool]) -> tuple[Outcome, str]:
    fault = next((index for index, call in enumerate(calls) if call.status in ENGINE_FAULTS), None)
    if fault is not None:
        return Outcome.ERROR, f"test {fault + 1}: {calls[fault].status} {calls[fault].message}".strip()
    message = f"{sum(right)} of {len(right)} tests passed"
    if all(right):
        return Outcome.PASS, message
    first = right.index(False)
    call = calls[first]
    why = "the value is wrong" if call.status is CallStatus.RETURNED else f"{call.status} {call.message}".strip()
    return Outcome.FAIL, f"{message}; test {first + 1}: {why}"


def _evidence(index: int, call: CallResult, expected: JSON, right: bool) -> UnitTestEvidence:
    return UnitTestEvidence(
        index,
        str(call.status),
        is_right=right,
        message=call.message,
        value=preview_value(call.value),
        expected=preview_value(expected),
        seconds=call.seconds,
        printed=call.printed,
    )
