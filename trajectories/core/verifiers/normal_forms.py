"""One form for answers that mean the same, so that samples can be grouped by what they answer.

Everything that counts votes goes by it: the population of a problem, consensus, agreement between independent answers.
Traces keep its hash, so that votes are counted by an index.
"""

from trajectories.core.problems.kinds import KINDS
from trajectories.core.records import JSON, ProblemKind


def normal_answer(kind: str, spec: JSON, answer: JSON) -> JSON:
    """The answer in the form that equal answers share: mathematics by value, choices by letter, texts without case.

    Grids, and whatever has no such form, stay as they are. A list without a single grid is no answer, and neither is a
    statement that names no choice, or two where one is asked for.
    """
    return None if answer is None else KINDS[ProblemKind(kind)].normal_form(spec, answer)
