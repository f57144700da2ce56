"""Reading campaigns: the list, one with its generations, and what an evaluation brought."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Prefetch, Q, QuerySet, Sum

from trajectories.core.campaigns.measures import Measured, Outcomes
from trajectories.core.campaigns.plans import CampaignPlan
from trajectories.core.campaigns.stages import Arm
from trajectories.core.identity import content_hash
from trajectories.core.learning.rules import MOST_RELEASES
from trajectories.core.records import Outcome
from trajectories.models import Campaign, Generation, Problem, Run, Trace
from trajectories.selectors.paging import Page, page_by_id
from trajectories.selectors.runs import NOTHING_NEW

PAGE_SIZE = 50
MOST_RELATIVES = 10
"""Clones that a campaign's page shows beside it: the newest."""
_RELATED = ("base", "run", "evaluation", "release", "freezing", "training", "sampler", "queue", "scoring")


def list_campaigns(
    *, before: int | None = None, after: int | None = None, size: int = PAGE_SIZE
) -> Page[Campaign, int]:
    """The newest campaigns, those older than `before`, or those just newer than `after`."""
    related = ("first_sampler", "champion", "training_set", "held_out_set", "created_by")
    campaigns = Campaign.objects.select_related(*related).defer("plan", "left_out")
    return page_by_id(campaigns, before=before, after=after, size=size)


def list_generations(campaign: Campaign) -> list[Generation]:
    """The generations of a campaign in order, the champion's arm before the control, with what they made."""
    rows: QuerySet[Generation] = campaign.generations.select_related(*_RELATED)
    replaced = Prefetch("replaced", Run.objects.defer("plan").order_by("pk"))
    ordered = rows.defer("run__plan", "evaluation__plan", "release__manifest").order_by("number", "arm")
    return list(ordered.prefetch_related(replaced))


def list_relatives(campaign: Campaign) -> list[Campaign]:
    """The campaign that one was cloned from, its other clones, and those that were cloned from it, the newest first."""
    related = Q(cloned_from=campaign)
    if campaign.cloned_from_id is not None:
        related |= Q(pk=campaign.cloned_from_id) | Q(cloned_from=campaign.cloned_from_id)
    rows = Campaign.objects.filter(related).exclude(pk=campaign.pk).defer("left_out")
    return list(rows.select_related("first_sampler", "training_set", "held_out_set").order_by("-pk")[:MOST_RELATIVES])


def runs_of(campaign: Campaign, number: int | None = None) -> set[int]:
    """The runs of a campaign, or of one of its generations, those too that another one took the place of."""
    rows = campaign.generations.values_list("run", "evaluation", "replaced")
    if number is not None:
        rows = rows.filter(number=number)
    return {key for keys in rows for key in keys if key is not None}


def spent(campaign: Campaign, number: int | None = None) -> tuple[Decimal, int, int]:
    """(money, input tokens, output tokens) of the runs of a campaign, or of one of its generations, together, as of
    now."""
    total = Run.objects.filter(pk__in=runs_of(campaign, number)).aggregate(
        cost=Sum("cost", default=0), input=Sum("input_tokens", default=0), output=Sum("output_tokens", default=0)
    )
    return total["cost"], total["input"], total["output"]


def search_seconds(runs: Sequence[int]) -> dict[int, float]:
    """The seconds that a search took for the traces of runs, by run."""
    rows = Trace.objects.filter(run__in=runs).order_by().values_list("run")
    return dict(rows.annotate(seconds=Sum("latency_seconds", default=0.0)))


def problems_by_family(problems: Sequence[int]) -> dict[str, list[int]]:
    """The problems of each family, "" for those without one."""
    found: dict[str, list[int]] = {}
    for key, family in Problem.objects.filter(pk__in=list(problems)).order_by("pk").values_list("pk", "family"):
        found.setdefault(family, []).append(key)
    return found


def read_outcomes(run_id: int) -> tuple[list[Outcomes], int]:
    """(what came of each problem of an evaluation in order of their ids, attempts that broke).

    An attempt for which nothing was left to draw counts as a sample that is not right, and so does one that was cut off
    or gave no answer: it was asked for an answer. One that broke, or whose verifier did, counts nowhere.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OUTCOMES, {"run": run_id, "right": Outcome.PASS.value, "error": Outcome.ERROR.value, **_WORDS})
        counted = cursor.fetchall()
        cursor.execute(_ANSWERS, {"run": run_id, "error": Outcome.ERROR.value, **_WORDS})
        votes: dict[int, list[int]] = dict(cursor.fetchall())
    families = dict(Problem.objects.filter(pk__in=[row[0] for row in counted]).values_list("pk", "family"))
    outcomes = [
        Outcomes(problem, families[problem], samples, right, tuple(votes.get(problem, ())), distinct)
        for problem, samples, right, distinct, _ in counted
    ]
    return outcomes, sum(row[4] for row in counted)


_WORDS: dict[str, Any] = {"nothing_new": NOTHING_NEW, "nothing": content_hash(None)}
_TRIED = """SELECT a.problem_id, t.correctness, t.answer_hash, coalesce(t.program_id, t.reasoning_id) AS said,
        (a.state = 'done' AND t.correctness <> %(error)s)
            OR (a.state = 'failed' AND a.error_kind = %(nothing_new)s) AS counts
    FROM trajectories_attempt a LEFT JOIN trajectories_trace t ON t.attempt_id = a.id WHERE a.run_id = %(run)s"""
_OUTCOMES = f"""WITH tried AS ({_TRIED})
    SELECT problem_id, count(*) FILTER (WHERE counts)::int, count(*) FILTER (WHERE correctness = %(right)s)::int,
        count(DISTINCT said) FILTER (WHERE correctness = %(right)s)::int, count(*) FILTER (WHERE NOT counts)::int
    FROM tried GROUP BY problem_id ORDER BY problem_id"""
_ANSWERS = f"""WITH tried AS ({_TRIED}), answer AS (
        SELECT problem_id, count(*)::int AS votes FROM tried
        WHERE counts AND answer_hash IS NOT NULL AND answer_hash <> %(nothing)s GROUP BY problem_id, answer_hash)
    SELECT problem_id, array_agg(votes ORDER BY votes DESC) FROM answer GROUP BY problem_id"""


def measured_of(generation: Generation) -> Measured | None:
    """The figures of a generation; None where it is not measured yet."""
    return Measured.from_json(generation.measured) if generation.measured else None


def champion_row(campaign: Campaign, rows: Sequence[Generation], *, before: int) -> Generation | None:
    """The measured generation whose sampler is the champion that a generation of this number is compared with."""
    measured = [row for row in rows if row.measured and row.number < before and not row.is_control]
    return next((row for row in reversed(measured) if row.sampler_id == campaign.champion_id), None)


def learnt_count(main: Generation, plan: CampaignPlan) -> int | None:
    """How many traces the challenger of a generation learns from; None where that is not known yet. Where its training
    chooses among right and wrong ones, it is what the training has chosen."""
    if not plan.takes_wrong:
        return main.release.item_count if main.release is not None else None
    funnel = main.training.funnel if main.training is not None else []
    return int(funnel[-1]["left"]) if funnel else None


def earlier_releases(campaign: Campaign, row: Generation) -> list[int]:
    """What the generations before learnt from, the challengers alone."""
    earlier = campaign.generations.filter(number__lt=row.number, arm=Arm.CHAMPION.value, release__isnull=False)
    return list(earlier.order_by("number").values_list("release", flat=True))[-MOST_RELEASES:]


def made_by(kind: str, key: int) -> Generation | None:
    """The generation that made a run, a verification, a scoring, a queue, a freezing, a release, a training or a
    sampler, with its campaign; None where no campaign made it, and for kinds of which none makes any."""
    made = {
        "run": Q(run=key) | Q(evaluation=key) | Q(replaced=key),
        "reverification": Q(reverification=key),
        "scoring": Q(scoring=key),
        "queue": Q(queue=key),
        "freezing": Q(freezing=key),
        "release": Q(release=key, freezing__isnull=False),  # and not the seed traces of a control
        "training": Q(training=key),
        "sampler": Q(sampler=key, training__sampler=key),
    }
    if kind not in made:
        return None
    rows = Generation.objects.filter(made[kind]).select_related("campaign")
    return rows.defer("campaign__plan", "campaign__left_out", "measured").order_by("pk").first()
