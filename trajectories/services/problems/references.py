"""Checking a problem before it is imported: its reference answer has to pass its own verifier."""

from collections.abc import Iterable, Iterator

from django.conf import settings

from trajectories.adapters.expressions import shared_comparer
from trajectories.adapters.procedural import shared_scorer
from trajectories.adapters.sandbox import shared_engine
from trajectories.core.problems import ImportFault
from trajectories.core.programs.engines import ProgramJob, ProgramRun
from trajectories.core.records import JSON, ProblemRecord
from trajectories.core.verifiers.expressions import Comparison
from trajectories.core.verifiers.reference_checks import find_answer_fault, find_reference_fault


class CheckTools:
    """What the verifiers may use while something is imported; the sandbox is opened by the first program."""

    def run_program(self, job: ProgramJob) -> ProgramRun:
        """Run a pattern or a reference program in the sandbox."""
        return shared_engine(settings.PROGRAM_ENGINE, settings.PROGRAM_ENVIRONMENT).run(job)

    def score_answer(self, problem: ProblemRecord, answer: str) -> float:
        """The score of a procedural problem's own family."""
        return shared_scorer(settings.PROGRAM_ENGINE).score(problem, answer)

    def compare_expressions(self, expected: str, found: str) -> Comparison:
        """Compare in the process of its own."""
        return shared_comparer(settings.PROGRAM_ENGINE).compare(expected, found)


def reference_fault(problem: ProblemRecord) -> str:
    """Why the reference answer cannot be right by the problem's own verifier; empty where it is, or there is none."""
    return find_reference_fault(problem, CheckTools())


def answer_fault(problem: ProblemRecord, answer: JSON) -> str:
    """Why an answer is not the problem's reference answer, in the words of its own verifier; empty where it is."""
    return find_answer_fault(problem, answer, CheckTools())


def check_references(items: Iterable[ProblemRecord | ImportFault], file: str) -> Iterator[ProblemRecord | ImportFault]:
    """The same records and faults, with a fault in place of each record that its own verifier refuses."""
    for item in items:
        reason = "" if isinstance(item, ImportFault) else reference_fault(item)
        yield ImportFault(file, item.name, reason) if reason and not isinstance(item, ImportFault) else item
