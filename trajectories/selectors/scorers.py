"""Reading what scorers learn from and what they said, and how good that is."""

import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.core.cache import cache
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from trajectories.core.curation.reviews import Decision, StepLabel
from trajectories.core.prompts.segmentation import AS_STORED
from trajectories.core.records import Outcome
from trajectories.core.scorers.features import Seen
from trajectories.core.scorers.metrics import Quality, measure
from trajectories.core.strategies.base import BY_STEPS
from trajectories.core.verifiers.evidence import StepValuesEvidence
from trajectories.core.verifiers.model_judge import GRADE
from trajectories.core.verifiers.opinions import VALUES, scorer_verifier
from trajectories.models import Review, Scorer, Scoring, Trace, Verdict
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.population import NOTHING
from trajectories.selectors.segmentations import labels_as_cut
from trajectories.selectors.traces import traces_in

MOST_LISTED = 100
READ_AT_ONCE = 200
KEPT_SECONDS = 60
Labels = Scorer.Labels
Votes = Mapping[tuple[int, str], float]
"""By problem and answer: the share of the problem's answers that are this one."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The traces to learn from by problem, and how many of the selection were left out and why."""

    traces: Mapping[int, Sequence[int]]
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(map(len, self.traces.values()))


def list_scorers() -> list[Scorer]:
    """The newest scorers."""
    return list(Scorer.objects.select_related("created_by").order_by("-pk")[:MOST_LISTED])


def trained_names() -> list[str]:
    """The names of the scorers that can score, in alphabetical order."""
    trained = Scorer.objects.filter(state=Scorer.State.FINISHED)
    return sorted(trained.order_by().values_list("name", flat=True).distinct())


def step_scorers() -> QuerySet[Scorer]:
    """The scorers that can score steps, newest first."""
    trained = Scorer.objects.filter(kind=Scorer.Kind.PROCESS, state=Scorer.State.FINISHED)
    return trained.select_related("artefact").order_by("-pk")


def get_scorer(scorer_id: int) -> Scorer:
    """A scorer with what its page shows. Raises Scorer.DoesNotExist."""
    return Scorer.objects.select_related("artefact", "created_by").get(pk=scorer_id)


def list_scorings(scorer: Scorer) -> list[Scoring]:
    """The newest jobs in which a scorer scored traces."""
    return list(scorer.scorings.select_related("created_by").order_by("-pk")[:MOST_LISTED])


def list_judges() -> list[str]:
    """The model judges that have graded a trace, by the names of their verdicts."""
    graded = Verdict.objects.filter(verifier__startswith=f"{GRADE}:", score__isnull=False)
    return sorted(graded.order_by().values_list("verifier", flat=True).distinct())


def choose_traces(scorer: Scorer) -> Chosen:
    """The labelled traces of a scorer's selection, of one problem no more than it wants, drawn by its seed."""
    traces = traces_in(scorer.rule, EVERYTHING).filter(pk__lte=scorer.last_trace)
    # Values say of every step where it leads, whoever chose what was gone on from.
    whole = traces if scorer.labels == Labels.VALUES else traces.exclude(attempt__kind__in=BY_STEPS)
    unaided = whole.filter(hinted=False, edited_by=None)
    labelled = unaided.filter(_labelled(scorer))
    total, whole_count, without_help = traces.count(), whole.count(), unaided.count()
    found: dict[int, list[int]] = defaultdict(list)
    for key, problem in labelled.order_by("problem_id", "pk").values_list("pk", "problem_id"):
        found[problem].append(key)
    drawn = {problem: _drawn(keys, scorer, problem) for problem, keys in found.items()}
    labelled_count = sum(map(len, found.values()))
    taken = Chosen(drawn)
    left_out = {
        "steps of a search, no whole draw": total - whole_count,
        "shown the answer, or edited by people": whole_count - without_help,
        "without a word on whether they are right": without_help - labelled_count,
        f"beyond {scorer.most_each:,} of one problem": labelled_count - taken.count,
    }
    return Chosen(drawn, {why: count for why, count in left_out.items() if count})


def _drawn(keys: list[int], scorer: Scorer, problem: int) -> list[int]:
    if len(keys) <= scorer.most_each:
        return keys
    # No secret: the same traces are drawn again whenever it is trained.
    return sorted(random.Random(f"{scorer.seed} {problem}").sample(keys, scorer.most_each))


def _labelled(scorer: Scorer) -> Q:
    """The condition on traces that they have a label for a scorer to learn from, by somebody whose labels count."""
    if scorer.labels == Labels.VALUES:
        return Q(Exists(_valued_steps().filter(trace=OuterRef("pk"))))
    if scorer.kind == Scorer.Kind.PROCESS:
        return Q(Exists(_step_reviews().filter(trace=OuterRef("pk"))))
    verified = Q(correctness__in=(Outcome.PASS.value, Outcome.FAIL.value))
    decided = Q(decision__in=(Trace.Decision.ACCEPTED, Trace.Decision.REJECTED))
    return {Labels.VERDICTS: verified, Labels.REVIEWS: decided, Labels.BOTH: verified | decided}[Labels(scorer.labels)]


def _step_reviews() -> QuerySet[Review]:
    """The standing reviews that label steps."""
    return Review.objects.filter(superseded_by=None).exclude(decision=Decision.WITHDRAW).exclude(step_labels={})


def _valued_steps() -> QuerySet[Verdict]:
    """The values that completions gave to steps, of traces as they are stored: scorers see no other steps."""
    return Verdict.objects.filter(verifier__startswith=f"{VALUES}:", evidence__segmentation=AS_STORED)


def valued_steps(trace: Trace) -> dict[int, bool]:
    """By step: whether any completion from it ends right (the hard estimation of Math-Shepherd, arXiv 2312.08935), by
    the newest values; steps without a value have no label."""
    newest = _valued_steps().filter(trace=trace).order_by("-pk").first()
    values = StepValuesEvidence.from_json(None if newest is None else newest.evidence).steps
    return {place: value > 0 for place, value in enumerate(values) if value is not None}


def is_right(labels: str, correctness: str, decision: str) -> bool | None:
    """What those whose word counts say of a trace; None where they say nothing."""
    by_people = {Trace.Decision.ACCEPTED: True, Trace.Decision.REJECTED: False}.get(Trace.Decision(decision or ""))
    by_verifiers = {Outcome.PASS.value: True, Outcome.FAIL.value: False}.get(correctness)
    if labels == Labels.VERDICTS:
        return by_verifiers
    return by_people if labels == Labels.REVIEWS or by_people is not None else by_verifiers


def read_traces(keys: Iterable[int]) -> Iterator[Trace]:
    """Traces with their texts, in the order of the keys; some hundred are in memory at a time."""
    every = list(keys)
    for start in range(0, len(every), READ_AT_ONCE):
        part = every[start : start + READ_AT_ONCE]
        found = Trace.objects.select_related("reasoning", "program").in_bulk(part)
        yield from (found[key] for key in part if key in found)


def seen_of(trace: Trace, votes: Votes) -> Seen:
    """A trace, with its texts, as a scorer sees it."""
    certainty = trace.facts.get("mean_logprob")
    is_number = isinstance(certainty, int | float) and not isinstance(certainty, bool)
    return Seen(
        text=trace.reasoning.body,
        program=trace.program.body if trace.program else "",
        steps=trace.steps,
        finish_reason=trace.finish_reason,
        output_tokens=trace.output_tokens,
        reasoning_tokens=trace.reasoning_tokens,
        answered=trace.answer_hash != NOTHING,
        fits=(trace.train_passed or 0) / trace.train_total if trace.train_total else None,
        closeness=None if trace.train_error is None else 1 - trace.train_error,
        certainty=float(certainty) if is_number else None,
        votes=votes.get((trace.problem_id, trace.answer_hash)),
    )


def vote_shares(problems: Collection[int]) -> dict[tuple[int, str], float]:
    """The share of each answer among the answers that the samples of each problem gave."""
    samples = Trace.objects.filter(problem__in=problems, hinted=False, edited_by=None).exclude(answer_hash=NOTHING)
    rows = list(samples.order_by().values_list("problem_id", "answer_hash").annotate(votes=Count("pk")))
    totals: Counter[int] = Counter()
    for problem, _, votes in rows:
        totals[problem] += votes
    return {(problem, answer): votes / totals[problem] for problem, answer, votes in rows}


def step_labels(traces: Sequence[Trace]) -> dict[int, dict[int, bool]]:
    """Whether people call a step right, by the id of the trace and the index of the step.

    A step that anybody labels bad is wrong. Steps that nobody labelled, and those after the first error, are left out.
    """
    reviews: dict[int, list[Review]] = defaultdict(list)
    for review in _step_reviews().filter(trace__in=[trace.pk for trace in traces]).order_by("pk"):
        reviews[review.trace_id].append(review)
    found: dict[int, dict[int, bool]] = {}
    for trace in traces:
        labels: dict[int, bool] = {}
        for review in reviews[trace.pk]:
            for index, label in labels_as_cut(review, trace).items():
                if label != StepLabel.UNSEEN:
                    labels[int(index)] = labels.get(int(index), True) and label != StepLabel.BAD
        found[trace.pk] = labels
    return found


def quality_of(
    verifier: str, labels: str, *, version: int | None = None, since: Scorer | None = None
) -> Quality | None:
    """How good the scores of a verifier are that are stored now, measured by what those in `labels` say.

    With `since` only where the trace, or a decision on it that counts, is newer than what that scorer learnt from. None
    where there is nothing to measure by. Kept for a minute.
    """
    key = f"scorer-quality:{verifier}:{labels}:{version}:{since.pk if since else ''}"
    kept: Any = cache.get(key)
    if kept is None:
        kept = _quality_of(verifier, labels, version, since) or "none"
        cache.set(key, kept, KEPT_SECONDS)
    return None if kept == "none" else kept


def _quality_of(verifier: str, labels: str, version: int | None, since: Scorer | None) -> Quality | None:
    scores = Verdict.objects.filter(verifier=verifier, score__isnull=False, trace__hinted=False, trace__edited_by=None)
    if version is not None:
        scores = scores.filter(version=version)
    if since is not None:
        newer = Review.objects.filter(trace=OuterRef("trace"), superseded_by=None, created_at__gt=since.finished_at)
        decided = Q(Exists(newer)) if labels != Labels.VERDICTS else Q(pk__in=())
        scores = scores.filter(Q(trace__gt=since.last_trace) | decided)
    newest = scores.order_by("trace", "-pk").distinct("trace")
    read = newest.values_list("score", "trace__problem", "trace__correctness", "trace__decision")
    rows = [(score, problem, right) for score, problem, *said in read if (right := is_right(labels, *said)) is not None]
    likely = np.array([score for score, _, _ in rows], dtype=float)
    labelled = np.array([right for _, _, right in rows], dtype=bool)
    return measure(likely, labelled, np.array([problem for _, problem, _ in rows], dtype=np.int64))


def drift_of(scorer: Scorer) -> Quality | None:
    """How good a scorer is on what is newer than what it learnt from; None where nothing of that is scored yet."""
    if scorer.finished_at is None:
        return None
    labels = Labels.VERDICTS if scorer.kind == Scorer.Kind.PROCESS else scorer.labels
    return quality_of(scorer_verifier(scorer.name), labels, version=scorer.version, since=scorer)


def scored_count(scorer: Scorer) -> int:
    """How many traces have a score of this version."""
    scores = Verdict.objects.filter(verifier=scorer_verifier(scorer.name), version=scorer.version)
    return scores.order_by().values("trace").distinct().count()
