"""Release rules: which traces a release takes, as a typed record with one stored form (JSON)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from trajectories.core.faults import Fault
from trajectories.core.identity import content_hash
from trajectories.core.records import JSON, Outcome, ProblemKind
from trajectories.core.releases import reading

FORMAT = 1
"""The version of the stored form. Raised when the same JSON takes other traces."""

HINTED = ("none", "too", "only")
GROUPINGS = ("family", "difficulty", "problem_set")
LEAST_NGRAM, MOST_NGRAM = 5, 50
MOST_IDS = 200
MOST_OF_A_PROBLEM = 10_000
MOST_VERIFIERS = 20
LONGEST_NAME = 40
OUTCOMES = tuple(outcome.value for outcome in Outcome)
KINDS = tuple(kind.value for kind in ProblemKind)


@dataclass(frozen=True, slots=True)
class Source:
    """Which traces are looked at; empty means all. Problem sets, runs and samplers are ids, kinds those of problems.

    `since` and `until` are the first and the last day (UTC) on which a trace was stored. `filter` holds fields of the
    trace list as that list stores them; who reads the traces says which it knows.
    """

    problem_sets: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()
    runs: tuple[int, ...] = ()
    samplers: tuple[int, ...] = ()
    since: date | None = None
    until: date | None = None
    filter: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reviews:
    """What people must have said. `accepted_by` is how many must have accepted, with nobody rejecting; with 0 it is
    enough that nobody has rejected.

    `least_score` is the least mean over the standing acceptances that gave a score (1 to 5): a trace without any is
    left out then. With `imported` what people elsewhere said of an imported trace counts as well.
    """

    accepted_by: int = 1
    least_score: float | None = None
    imported: bool = False


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What verifiers must have said: all of them together (`correctness`), and single ones by their newest verdict.

    `required` maps the name of a verifier to the outcomes that it may have given; a trace without its verdict is left
    out. `least_scores` maps the name of a verifier, such as a learned scorer, to the least score (0 to 1) that its
    newest verdict must have. `least_votes` is a share in (0, 1]: at least so many of the problem's samples must have
    given the trace's answer; None where votes do not count.
    """

    correctness: tuple[str, ...] = ()
    required: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    least_scores: Mapping[str, float] = field(default_factory=dict)
    least_votes: float | None = None


@dataclass(frozen=True, slots=True)
class Sameness:
    """Which traces of one problem are one too many: the oldest of those that are the same stays.

    `texts`: the same text and program. `programs`: the same syntax tree but for own names, remarks and layout. `near`:
    word triples whose estimated Jaccard similarity is at least so much, in (0, 1]; None for not asked.
    """

    texts: bool = False
    programs: bool = False
    near: float | None = None


@dataclass(frozen=True, slots=True)
class Decontamination:
    """Which problem sets nothing may be taken from: not their problems, nor what is like them.

    The same problem, under whatever name, is always removed. `near` is the least Jaccard similarity of the word triples
    of two statements that removes as well; `ngram` so many words in a row that a problem or what a trainer reads of a
    trace has in common with a statement. None for not asked.
    """

    problem_sets: tuple[int, ...] = ()
    near: float | None = None
    ngram: int | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """How many traces a release takes of each group of problems."""

    by: str = ""
    """What the groups are: one of GROUPINGS; "" for no balance."""
    most: int | None = None
    """At most so many traces of a group; None for as many as the smallest group has."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Which traces a release takes, clause by clause in this order. The first clause that a trace fails removes it."""

    source: Source = field(default_factory=Source)
    reviews: Reviews = field(default_factory=Reviews)
    verdicts: Verdicts = field(default_factory=Verdicts)
    hinted: str = "none"
    """Of traces whose model was given the answer: "none", these "too", or these "only"."""
    whole: bool = False
    """Whether traces that were cut short are left out."""
    decontamination: Decontamination = field(default_factory=Decontamination)
    sameness: Sameness = field(default_factory=Sameness)
    per_problem: int | None = None
    """At most so many traces of one problem, those that differ most; None for all."""
    balance: Balance = field(default_factory=Balance)
    validation: float | None = None
    """The share of the training problems, in percent, that become the split "validation", chosen by their hash; None
    keeps the splits as they are."""

    @property
    def reads_texts(self) -> bool:
        """Whether applying the rule takes reading what traces say, and so its time."""
        same = self.sameness
        quoted = bool(self.decontamination.problem_sets and self.decontamination.ngram)
        return bool(same.programs or same.near is not None or self.per_problem is not None or quoted)

    @property
    def compares(self) -> bool:
        """Whether some traces are removed because of others, or of problems: what no filter of single traces says."""
        same = self.sameness
        return bool(self.reads_texts or same.texts or self.decontamination.problem_sets or self.balance.by)

    def as_json(self) -> dict[str, JSON]:
        """The stored form: its version and every field that differs from the rule that asks for nothing special."""
        return {"version": FORMAT, **reading.written(self)}

    @property
    def hash(self) -> str:
        """SHA-256 of the stored form: equal rules have an equal one."""
        return content_hash(self.as_json())

    @classmethod
    def from_json(cls, stored: Any) -> "Rule":
        """Read the stored form. Raises Fault, with the field, for whatever is no rule of this version."""
        given = reading.section("rule", stored, ("version", *cls.__dataclass_fields__))
        if given.pop("version", None) != FORMAT:
            raise Fault(f"version: found {reading.short(stored.get('version'))}, expected {FORMAT}.", field="version")
        sections = {name: read(given.pop(name)) for name, read in _READERS.items() if name in given}
        return cls(**sections, **{name: _PLAIN[name](name, value) for name, value in given.items()})


def _source(stored: JSON) -> Source:
    given = reading.section("source", stored, tuple(Source.__dataclass_fields__))
    read: dict[str, Any] = {}
    for name, value in given.items():
        where = f"source.{name}"
        if name in ("problem_sets", "runs", "samplers"):
            read[name] = reading.ids(where, value, MOST_IDS)
        elif name == "kinds":
            read[name] = reading.words(where, value, KINDS)
        elif name == "filter":
            read[name] = dict(reading.section(where, value, None))
        else:
            read[name] = reading.day(where, value)
    found = Source(**read)
    if found.since and found.until and found.since > found.until:
        raise Fault(f"source.until: found {found.until}, expected {found.since} or later.", field="source.until")
    return found


def _reviews(stored: JSON) -> Reviews:
    given = reading.section("reviews", stored, tuple(Reviews.__dataclass_fields__))
    readers: dict[str, Any] = {
        "accepted_by": lambda where, value: reading.whole(where, value, 0, 100),
        "least_score": lambda where, value: reading.number(where, value, 1, 5),
        "imported": reading.flag,
    }
    return Reviews(**{name: readers[name](f"reviews.{name}", value) for name, value in given.items()})


def _verdicts(stored: JSON) -> Verdicts:
    given = reading.section("verdicts", stored, tuple(Verdicts.__dataclass_fields__))
    required = _by_verifier("required", given)
    votes = given.get("least_votes")
    return Verdicts(
        reading.words("verdicts.correctness", given.get("correctness", []), OUTCOMES),
        {
            reading.name("verdicts.required", verifier, LONGEST_NAME): reading.words(
                f"verdicts.required.{verifier}", outcomes, OUTCOMES, least=1
            )
            for verifier, outcomes in sorted(required.items())
        },
        {
            reading.name("verdicts.least_scores", verifier, LONGEST_NAME): reading.number(
                f"verdicts.least_scores.{verifier}", least, 0, 1
            )
            for verifier, least in sorted(_by_verifier("least_scores", given).items())
        },
        None if votes is None else reading.share("verdicts.least_votes", votes),
    )


def _by_verifier(name: str, given: Mapping[str, JSON]) -> dict[str, JSON]:
    """What is said by the name of a verifier."""
    found = reading.section(f"verdicts.{name}", given.get(name, {}), None)
    if len(found) > MOST_VERIFIERS:
        raise Fault(
            f"verdicts.{name}: found {len(found)} verifiers, expected at most {MOST_VERIFIERS}.",
            field=f"verdicts.{name}",
        )
    return found


def _sameness(stored: JSON) -> Sameness:
    given = reading.section("sameness", stored, tuple(Sameness.__dataclass_fields__))
    readers: dict[str, Any] = {"texts": reading.flag, "programs": reading.flag, "near": reading.share}
    return Sameness(**{name: readers[name](f"sameness.{name}", value) for name, value in given.items()})


def _decontamination(stored: JSON) -> Decontamination:
    given = reading.section("decontamination", stored, tuple(Decontamination.__dataclass_fields__))
    readers: dict[str, Any] = {
        "problem_sets": lambda where, value: reading.ids(where, value, MOST_IDS),
        "near": reading.share,
        "ngram": lambda where, value: reading.whole(where, value, LEAST_NGRAM, MOST_NGRAM),
    }
    found = Decontamination(**{name: readers[name](f"decontamination.{name}", value) for name, value in given.items()})
    if not found.problem_sets and (found.near is not None or found.ngram is not None):
        raise Fault(
            "decontamination.problem_sets: found none, expected the sets that nothing may be taken from.",
            field="decontamination.problem_sets",
        )
    return found


def _balance(stored: JSON) -> Balance:
    given = reading.section("balance", stored, tuple(Balance.__dataclass_fields__))
    by = reading.word("balance.by", given.get("by", ""), ("", *GROUPINGS))
    most = given.get("most")
    if most is not None and not by:
        raise Fault("balance.by: found nothing, expected what to balance by.", field="balance.by")
    return Balance(by, None if most is None else reading.whole("balance.most", most, 1, 1_000_000))


_READERS: dict[str, Any] = {
    "source": _source,
    "reviews": _reviews,
    "verdicts": _verdicts,
    "sameness": _sameness,
    "decontamination": _decontamination,
    "balance": _balance,
}
_PLAIN: dict[str, Any] = {
    "hinted": lambda where, value: reading.word(where, value, HINTED),
    "whole": reading.flag,
    "per_problem": lambda where, value: reading.whole(where, value, 1, MOST_OF_A_PROBLEM),
    "validation": lambda where, value: reading.number(where, value, 0.1, 90),
}
