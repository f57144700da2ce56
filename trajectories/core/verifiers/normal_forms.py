"""One form for answers that mean the same, so that samples can be grouped by what they answer.

Everything that counts votes goes by it: the population of a problem, consensus, agreement between independent answers.
Traces keep its hash, so that votes are counted by an index.
"""

from trajectories.core.answers.choices import letters_of, read_choices
from trajectories.core.answers.texts import normalise, truth_of
from trajectories.core.answers.values import vote_key
from trajectories.core.records import JSON, ProblemKind


def normal_answer(kind: str, spec: JSON, answer: JSON) -> JSON:
    """The answer in the form that equal answers share: mathematics by value, choices by letter, texts without case.

    Grids, and whatever has no such form, stay as they are. A list without a single grid is no answer, and neither is a
    statement that names no choice, or two where one is asked for.
    """
    if kind == ProblemKind.ARC and isinstance(answer, list | tuple) and all(grid is None for grid in answer):
        return None
    if answer is None or kind == ProblemKind.ARC:
        return answer
    if kind == ProblemKind.NUMERIC and isinstance(answer, str | int | float) and not isinstance(answer, bool):
        return vote_key(answer)
    if kind == ProblemKind.CHOICE:
        return _letters(spec, answer)
    if not isinstance(answer, str):
        return answer
    truth = truth_of(answer) if kind == ProblemKind.TEXT else None
    return normalise(answer) if truth is None else "yes" if truth else "no"


def _letters(spec: JSON, answer: JSON) -> JSON:
    choices = [str(choice) for choice in spec.get("choices") or ()]
    many = spec.get("many") is True
    places = read_choices(answer, choices, many=many)
    return letters_of(places) if places is not None and (many or len(places) == 1) else None
