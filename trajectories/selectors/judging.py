"""Reading jobs of model judges: progress, results, and how far they agree with what else is known."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from trajectories.core.records import Outcome
from trajectories.core.verifiers.judge_agreement import JudgeAgreement, count_agreement
from trajectories.models import JudgeJob, JudgeJobItem
from trajectories.selectors.blinding import Hidden, Sight, veil
from trajectories.selectors.paging import Page, page_by_id

JOBS_SHOWN = 50
SHOWN_FILTERS: dict[str, tuple[str, Q]] = {
    "pass": ("Pass", Q(outcome=Outcome.PASS)),
    "fail": ("Fail", Q(outcome=Outcome.FAIL)),
    "unscored": ("Undecided", Q(outcome=Outcome.UNSCORED)),
    "error": ("Error", Q(outcome=Outcome.ERROR)),
    "unlike_reference": (
        "Unlike the reference",
        Q(outcome=Outcome.PASS, trace__correctness=Outcome.FAIL)
        | Q(outcome=Outcome.FAIL, trace__correctness=Outcome.PASS),
    ),
    "unlike_people": (
        "Unlike people",
        Q(outcome=Outcome.PASS, trace__decision="rejected") | Q(outcome=Outcome.FAIL, trace__decision="accepted"),
    ),
}
"""(title, condition) by the word in the address."""


@dataclass(frozen=True, slots=True)
class JudgeReport:
    """What a job has brought so far: items by outcome, errors by kind, and agreement with what else is known."""

    outcomes: dict[str, int]
    errors: Sequence[tuple[str, int]]
    reference: JudgeAgreement
    people: JudgeAgreement
    itself: JudgeAgreement


def list_judge_jobs() -> list[JudgeJob]:
    """The newest jobs."""
    return list(JudgeJob.objects.select_related("created_by", "sampler", "rubric").order_by("-pk")[:JOBS_SHOWN])


def list_items(
    job: JudgeJob, sight: Sight, *, shown: str = "", before: int | None = None, size: int = 50
) -> Page[JudgeJobItem, int]:
    """What a job has judged, as far as it may be seen; `shown` is a word of SHOWN_FILTERS, or anything else for all."""
    items: QuerySet[JudgeJobItem] = _judged(job, sight).select_related("trace__problem", "trace__sampler")
    items = items.annotate(shown_decision=sight.showing("decision", "trace"))
    items = items.defer(
        "trace__steps", "trace__parts", "trace__facts", "trace__problem__spec", "trace__problem__statement"
    )
    if shown in SHOWN_FILTERS:
        items = items.filter(SHOWN_FILTERS[shown][1])
    if shown == "unlike_reference":
        items = items.exclude(sight.veiled(Hidden.VERDICTS, "trace"))
    page: Page[JudgeJobItem, int] = page_by_id(items, before=before, size=size)
    veil([item.trace for item in page.rows], sight)
    return page


def _judged(job: JudgeJob, sight: Sight) -> QuerySet[JudgeJobItem]:
    """The items of a job that have an outcome, as far as the reader may see them: a model's verdict is hidden wherever
    reviews are."""
    return job.items.exclude(outcome="").filter(sight.seen("trace"))


def report_on(job: JudgeJob, sight: Sight) -> JudgeReport:
    """Counts of a job's items, as far as they may be seen."""
    judged = _judged(job, sight)
    outcomes = dict(judged.values_list("outcome").annotate(count=Count("pk")))
    errors = judged.exclude(error_kind="").values_list("error_kind").annotate(count=Count("pk"))
    unveiled = judged.exclude(sight.veiled(Hidden.VERDICTS, "trace"))
    by_reference = unveiled.values_list("outcome", "trace__correctness").annotate(count=Count("pk"))
    by_people = judged.values_list("outcome", "trace__decision").annotate(count=Count("pk"))
    return JudgeReport(
        outcomes=outcomes,
        errors=sorted(errors, key=lambda pair: (-pair[1], pair[0])),
        reference=count_agreement(
            {(said, known): count for said, known, count in by_reference},
            others_for=Outcome.PASS,
            others_against=Outcome.FAIL,
        ),
        people=count_agreement(
            {(said, known): count for said, known, count in by_people},
            others_for="accepted",
            others_against="rejected",
        ),
        itself=count_agreement(
            {(said, known): count for said, known, count in _asked_anew(job, judged)},
            others_for=Outcome.PASS,
            others_against=Outcome.FAIL,
        ),
    )


def _asked_anew(job: JudgeJob, judged: QuerySet[JudgeJobItem]) -> list[tuple[str, str, int]]:
    """(outcome here, outcome there, traces), by the newest job in which the same judge was asked the same of a trace
    with another seed; with the same one it would give answers that are known."""
    same = JudgeJobItem.objects.filter(
        trace=OuterRef("trace"),
        judge_job__sampler__name=job.sampler.name,
        judge_job__rubric=job.rubric,
        judge_job__form=job.form,
    )
    there = same.exclude(judge_job__seed=job.seed).exclude(outcome="").order_by("-pk").values("outcome")[:1]
    rows = judged.annotate(there=Subquery(there)).exclude(there=None).order_by()
    return list(rows.values_list("outcome", "there").annotate(count=Count("pk")))


def calls_per_minute(job: JudgeJob) -> float | None:
    """How fast a job goes, over all of its time; None before the first answer."""
    if job.started_at is None or not job.call_count:
        return None
    seconds = ((job.finished_at or timezone.now()) - job.started_at).total_seconds()
    return 60 * job.call_count / seconds if seconds > 0 else None
