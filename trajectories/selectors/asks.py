"""Runs that were asked for one answer: what their samples come to, how sure it is, and the traces behind it."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Exists, OuterRef, Q, QuerySet

from trajectories.core.consolidation.reliability import Meant, what_it_meant
from trajectories.core.consolidation.votes import Votes, count_votes
from trajectories.core.consolidation.ways import Group, Sample, Value, Way, choose
from trajectories.core.identity import content_hash
from trajectories.core.problems.kinds import is_grids
from trajectories.core.records import JSON, FinishReason, Outcome
from trajectories.core.strategies.base import BY_STEPS
from trajectories.models import Problem, Run, Trace
from trajectories.selectors.insights.samples import NOTHING, Voted, list_voted
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.population import given_answers

RUNS_SHOWN = 25
ANSWERS_SHOWN = 5
TRACES_SHOWN = 6
CURVE_SECONDS = 60
"""For how long the votes of a sampler's other problems are kept: a page that watches a run asks every two seconds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the answers to a question. `share` is its share of all weight in [0, 1], `samples` how many samples gave
    it, `traces` the first of them, those that reproduce most training pairs first. `outcome` is its verdict, `is_guess`
    says that it is one of the guesses that are handed in."""

    value: JSON
    share: float
    samples: int
    traces: Sequence[int]
    outcome: str
    is_guess: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: the whole answer, or the test output with that `number`, from 1, where each is by itself."""

    number: int
    answers: Sequence[Answer]
    others: int


@dataclass(frozen=True, slots=True)
class Consolidated:
    """What a way makes of the samples of a run. `share` is the least share of all weight that a first guess has.

    `majority` is the share of all samples that give the commonest answer, `meant` what such a share has meant on
    problems with a reference. `is_defined` says that the way has what it needs. `silent` samples gave no answer, and
    `inner` ones are steps that others went on from, or of texts that are not at their end: they have no vote.
    """

    way: Way
    asked: Sequence[Asked]
    share: float
    samples: int
    silent: int
    inner: int
    majority: float | None
    meant: Meant | None
    is_defined: bool

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer."""
        return any(answer.is_guess for each in self.asked for answer in each.answers)


def asked_runs() -> QuerySet[Run]:
    """Runs that were asked for one answer, newest first."""
    return Run.objects.filter(plan__has_key="asked").select_related("sampler", "created_by").order_by("-pk")


def list_asked() -> list[tuple[Run, Problem | None]]:
    """The newest of them, each with its problem."""
    runs = list(asked_runs()[:RUNS_SHOWN])
    keys = {run.pk: (run.kept_plan.problem_ids or [0])[0] for run in runs}
    problems = Problem.objects.select_related("problem_set").in_bulk(list(keys.values()))
    return [(run, problems.get(keys[run.pk])) for run in runs]


def consolidate(run: Run, problem: Problem, way: Way) -> Consolidated:
    """What the way makes of the verified samples of a run; it looks at no reference answer."""
    rows = _rows(run, problem)
    inner = Trace.objects.filter(_is_inner(), run=run, problem=problem).count()
    several = is_grids(problem.kind) and len(problem.spec.get("test", ())) > 1
    given = given_answers([row.key for row in rows]) if _needs_values(way, several=several) else {}
    samples = [_sample(row, given.get(row.key), problem) for row in rows]
    choice = choose(way, samples) if samples else None
    plain = count_votes([sample.meaning for sample in samples])
    majority = plain.top / len(samples) if plain.leaders else None
    asked = _asked(way, choice.votes if choice else (), samples, rows)
    return Consolidated(
        way=way,
        asked=asked,
        share=choice.share if choice else 0.0,
        samples=len(rows),
        silent=plain.silent,
        inner=inner,
        majority=majority,
        meant=None if majority is None else what_it_meant(_curve(run.sampler_id), majority),
        is_defined=choice is not None or not samples,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    key: int
    answer_hash: str
    outcome: str
    values: Mapping[Value, float]


def _is_inner() -> Q:
    """That a trace is a step which others went on from, or of a text that is not at its end: no answer of its own."""
    gone_on = Exists(Trace.objects.filter(parent=OuterRef("pk"), attempt__kind__in=BY_STEPS))
    return Q(gone_on) | Q(finish_reason=FinishReason.STEP)


def _rows(run: Run, problem: Problem) -> list[_Row]:
    traces = Trace.objects.filter(~_is_inner(), run=run, problem=problem, hinted=False, edited_by=None)
    found = (
        traces.exclude(correctness="")
        .order_by("pk")
        .values_list(
            *("pk", "answer_hash", "correctness"),
            *("train_passed", "train_total", "train_error", "facts__mean_logprob"),
        )
    )
    rows = []
    for key, answer_hash, outcome, passed, total, error, logprob in found:
        values: dict[Value, float] = {}
        if total:
            values[Value.FITS] = (passed or 0) / total
        if error is not None:
            values[Value.CLOSENESS] = 1 - error
        if isinstance(logprob, int | float):
            values[Value.CERTAINTY] = min(1.0, 2.718281828459045**logprob)
        rows.append(_Row(key, answer_hash, outcome, values))
    return rows


def _needs_values(way: Way, *, several: bool) -> bool:
    return way.group is Group.WRITTEN or (way.group is Group.OUTPUT and several)


def _sample(row: _Row, given: JSON, problem: Problem) -> Sample:
    """A sample as a way sees it; `given` is None where nobody needs it."""
    meaning = None if row.answer_hash == NOTHING else row.answer_hash
    tests = len(problem.spec.get("test", ())) if is_grids(problem.kind) else 1
    outputs: tuple[Hashable | None, ...] = (meaning,)
    if tests > 1:
        made = given if isinstance(given, list) else []
        outputs = tuple(
            content_hash(made[at]) if at < len(made) and made[at] is not None else None for at in range(tests)
        )
    written = meaning if given is None or meaning is None else content_hash(given)
    return Sample(row.key, written, meaning, outputs, row.values)


def _asked(
    way: Way, ballots: Sequence[Votes[Hashable]], samples: Sequence[Sample], rows: Sequence[_Row]
) -> Sequence[Asked]:
    found = []
    for place, votes in enumerate(ballots):
        weighty = [(key, weight) for key, weight in votes.ranked if weight > 0]
        shown = weighty[: max(ANSWERS_SHOWN, way.guesses)]
        behind = {key: _behind(way, key, place, samples, rows) for key, _ in shown}
        values = given_answers([each[0].key for each in behind.values()])
        answers = [
            _answer(behind[key], values.get(behind[key][0].key), place if way.group is Group.OUTPUT else None,
                    share=weight / votes.total, is_guess=rank < way.guesses)
            for rank, (key, weight) in enumerate(shown)
        ]  # fmt: skip
        number = place + 1 if way.group is Group.OUTPUT and len(ballots) > 1 else 0
        found.append(Asked(number, answers, len(weighty) - len(shown)))
    return found


def _behind(way: Way, key: Hashable, place: int, samples: Sequence[Sample], rows: Sequence[_Row]) -> list[_Row]:
    """The samples that give an answer, those that reproduce most training pairs first."""

    def gives(sample: Sample) -> bool:
        if way.group is Group.SAMPLE:
            return sample.key == key
        if way.group is Group.OUTPUT:
            return place < len(sample.outputs) and sample.outputs[place] == key
        return (sample.written if way.group is Group.WRITTEN else sample.meaning) == key

    mine = [row for sample, row in zip(samples, rows, strict=True) if gives(sample)]
    return sorted(mine, key=lambda row: (-row.values.get(Value.FITS, 0.0), row.key))


def _answer(rows: Sequence[_Row], value: JSON, place: int | None, *, share: float, is_guess: bool) -> Answer:
    if place is not None and isinstance(value, list):
        value = [value[place]] if place < len(value) else []
    # Of one test output alone nothing is verified: a verdict is about all of them.
    outcomes = {row.outcome for row in rows} if place is None else set()
    outcome = next((each.value for each in (Outcome.PASS, Outcome.FAIL) if each.value in outcomes), "")
    return Answer(value, share, len(rows), [row.key for row in rows[:TRACES_SHOWN]], outcome, is_guess)


def _curve(sampler_id: int) -> list[tuple[tuple[tuple[int, bool], ...], int, int]]:
    """How the samples of a sampler voted on problems with a reference."""
    found: list[Voted] | None = cache.get(key := f"asked-curve-{sampler_id}")
    if found is None:
        found = list_voted(InsightScope(sampler=sampler_id))
        cache.set(key, found, CURVE_SECONDS)
    return [(each.ballot, each.silent, each.problems) for each in found]
