"""Checking a problem before it is imported: its reference answer has to pass its own verifier."""

from collections.abc import Iterable, Iterator

from trajectories.adapters.verifying import LocalTools
from trajectories.core.problems import ImportFault
from trajectories.core.records import JSON, ProblemRecord
from trajectories.core.verifiers.reference_checks import find_answer_fault, find_reference_fault


def reference_fault(problem: ProblemRecord) -> str:
    """Why the reference answer cannot be right by the problem's own verifier; empty where it is, or there is none."""
    return find_reference_fault(problem, LocalTools())


def answer_fault(problem: ProblemRecord, answer: JSON) -> str:
    """Why an answer is not the problem's reference answer, in the words of its own verifier; empty where it is."""
    return find_answer_fault(problem, answer, LocalTools())


def check_references(items: Iterable[ProblemRecord | ImportFault], file: str) -> Iterator[ProblemRecord | ImportFault]:
    """The same records and faults, with a fault in place of each record that its own verifier refuses."""
    for item in items:
        reason = "" if isinstance(item, ImportFault) else reference_fault(item)
        yield ImportFault(file, item.name, reason) if reason and not isinstance(item, ImportFault) else item
