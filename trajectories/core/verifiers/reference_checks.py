"""Is a problem fit to verify traces against? Its reference answer has to pass the problem's own verifier."""

from collections.abc import Callable

from trajectories.core.problems import describe
from trajectories.core.problems.kinds import is_grids
from trajectories.core.programs.engines import CallStatus, ProgramJob
from trajectories.core.records import JSON, Outcome, ProblemRecord, TraceRecord
from trajectories.core.verifiers import VERIFIERS
from trajectories.core.verifiers.answer_common import text_match
from trajectories.core.verifiers.answer_evidence import UnitTestsEvidence
from trajectories.core.verifiers.arc_common import SpecError, read_reference, read_test_inputs, read_train_pairs
from trajectories.core.verifiers.base import Tools
from trajectories.core.verifiers.text import MATCH_LIMITS, MATCH_SOURCE
from trajectories.core.verifiers.unit_tests import read_tests

MOST_EXAMPLES = 100


def find_reference_fault(problem: ProblemRecord, tools: Tools) -> str:
    """Why traces of this problem cannot be verified by its own verifier; "" where they can, or there is no reference.

    ARC: one grid per test input. A pattern has to compile and to match every text in spec "examples". Tests have to
    be well formed, and a reference program has to pass them. Nothing is refused for what may be the engine's doing.
    """
    return next((fault for check in _CHECKS if (fault := check(problem, tools))), "")


def _arc_fault(problem: ProblemRecord, _tools: Tools) -> str:
    """ARC: the task can be read, and there is a grid, or null, for every test input."""
    if not is_grids(problem.kind):
        return ""
    try:
        read_train_pairs(problem)
        inputs, grids = read_test_inputs(problem), read_reference(problem)
    except SpecError as fault:
        return str(fault)
    if problem.reference is None or len(grids) == len(inputs):
        return ""
    return f"found {describe(problem.reference)} as test outputs, expected {len(inputs)}, one for each test input"


def _pattern_fault(problem: ProblemRecord, tools: Tools) -> str:
    """A pattern: it compiles, is more than the empty text, and matches each of the examples."""
    if text_match(problem) != "regex" or problem.reference is None:
        return ""
    pattern, examples = problem.reference, problem.spec.get("examples", [])
    if not isinstance(pattern, str) or not pattern:
        return f"found {describe(pattern)}, expected a pattern that matches some text"
    if not isinstance(examples, list | tuple) or len(examples) > MOST_EXAMPLES or not _are_texts(examples):
        return f"examples: found {describe(examples)}, expected a list of at most {MOST_EXAMPLES} texts"
    calls = tuple([pattern, text] for text in ("", *examples))
    run = tools.run_program(ProgramJob(MATCH_SOURCE, calls, "matches", MATCH_LIMITS))
    compiled, *matched = run.calls
    if compiled.status is not CallStatus.RETURNED:
        return f"the pattern {pattern[:40]!r} cannot be used: {compiled.status} {compiled.message}".rstrip()
    # Where the engine's patterns are not quite Python's, one that does not match says nothing.
    for text, call in zip(examples, matched, strict=True) if run.faithful else ():
        if call.status is not CallStatus.RETURNED:
            return f"the pattern cannot be tried on the example {text[:40]!r}: {call.status} {call.message}".rstrip()
        if call.value is not True:
            return f"the pattern does not match the example {text[:40]!r}, expected it to match the whole text"
    return ""


def _are_texts(values: object) -> bool:
    return isinstance(values, list | tuple) and all(isinstance(value, str) for value in values)


def _tests_fault(problem: ProblemRecord, tools: Tools) -> str:
    """Unit tests: they can be read, and the reference program passes them."""
    if "tests" not in problem.spec:
        return ""
    program = problem.reference
    try:
        read_tests(problem, "")
    except ValueError as fault:
        return str(fault)
    if program is None:
        return ""
    if not isinstance(program, str) or not program.strip():
        return f"found {describe(program)}, expected the source of a program that passes the tests"
    verdict = VERIFIERS["unit_tests"].verify(problem, TraceRecord(None, program, ""), tools)
    # What the engine lacks or does in its own way says nothing of the program, and refuses it nowhere.
    tests = UnitTestsEvidence.from_json(verdict.evidence).tests
    lacking = {test.status for test in tests} == {CallStatus.UNSUPPORTED}
    passes = verdict.outcome in (Outcome.PASS, Outcome.UNSCORED) or lacking
    return "" if passes else f"the reference program does not pass its tests: {verdict.message}"


def _answer_fault(problem: ProblemRecord, tools: Tools) -> str:
    """Everything else: the reference, stated as an answer, is not wrong and no error."""
    refused = "" if problem.reference is None else find_answer_fault(problem, problem.reference, tools)
    return f"found {describe(problem.reference)}, which its own verifier refuses: {refused}" if refused else ""


def find_answer_fault(problem: ProblemRecord, answer: JSON, tools: Tools) -> str:
    """Why an answer is not the problem's reference answer, in the words of its own verifier; "" where it is."""
    trace = TraceRecord(answer=answer, program="", text="")
    for verifier in VERIFIERS.values():  # patterns and tests are no answers and are tried in their own way
        if not verifier.takes_reference or not verifier.applies_to(problem, trace):
            continue
        verdict = verifier.verify(problem, trace, tools)
        if verdict.outcome in (Outcome.FAIL, Outcome.ERROR):
            return verdict.message
    return ""


_CHECKS: tuple[Callable[[ProblemRecord, Tools], str], ...] = (_arc_fault, _pattern_fault, _tests_fault, _answer_fault)
