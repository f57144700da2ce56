"""When two problems ask the same question, whatever their names, sets, sides and answers."""

from collections.abc import Mapping

from trajectories.core.problems import statement_hash
from trajectories.core.problems.arc import PairBag, inputs_hash, pair_bag
from trajectories.core.problems.kinds import is_grids
from trajectories.core.records import JSON, ProblemRecord

Traits = PairBag | frozenset[str]
"""What tells problems of one question hash apart: the pairs of an ARC task, the choices of any other question."""


def question_hash(record: ProblemRecord) -> str:
    """The hash by which problems that ask the same question are found; "" where a problem has none.

    Of an ARC task it is the hash of its inputs, of every other kind that of the statement.
    """
    return inputs_hash(record.spec) if is_grids(record.kind) else statement_hash(record.statement)


def traits_of(kind: str, spec: Mapping[str, JSON], reference: JSON) -> Traits:
    """What tells a problem from others with the same question hash: see Traits."""
    return pair_bag(spec, reference) if is_grids(kind) else choice_traits(spec.get("choices"))


def choice_traits(choices: JSON) -> frozenset[str]:
    """Choices without order, spaces and capitals; none where there are no choices."""
    entries = choices if isinstance(choices, list | tuple) else ()
    return frozenset(" ".join(str(choice).split()).casefold() for choice in entries)


def same_question(one: Traits, other: Traits) -> bool:
    """Whether two problems of one question hash ask the same.

    "Which of these is true?" with wholly other choices is another question; with some more of them it is not.
    """
    if isinstance(one, PairBag) or isinstance(other, PairBag):
        return isinstance(one, PairBag) and isinstance(other, PairBag) and one.may_be(other)
    return not one or not other or bool(one & other)


def is_known_task(known: Traits, record: Traits) -> bool:
    """Whether an ARC task brings nothing that is not known: the same pairs in another order, and no output more."""
    return isinstance(known, PairBag) and isinstance(record, PairBag) and known.covers(record)
