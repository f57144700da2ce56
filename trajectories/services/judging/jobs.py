"""Jobs of model judges: what one would take, planning and steering it. services/judging/work.py does the work."""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Avg, Count, Q

from trajectories.adapters.chat_api import ChatSettings
from trajectories.adapters.chat_api.wire.options import ignored_temperature
from trajectories.core.identity import derive_seed
from trajectories.core.records import Usage
from trajectories.core.selections import Selection
from trajectories.core.verifiers.model_judge import Form
from trajectories.core.verifiers.step_values import MAX_COMPLETIONS
from trajectories.models import AuditEvent, JudgeJob, JudgeJobAnswer, JudgeJobItem, Rubric, Sampler, Trace
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.rubrics import rubric_record
from trajectories.selectors.traces import spread_over, traces_in
from trajectories.services.endpoints.calls import CallBudget
from trajectories.services.jobs.ringers import ring
from trajectories.services.jobs.steering import JobError
from trajectories.services.judging.program_values import program_steps
from trajectories.services.judging.values import lengths_of_prompts
from trajectories.services.prompts.rubrics import preview_judge

MAX_OPPONENTS = 16
BATCH = 500
PROMPTS = 16
"""So many prompts are rendered for an estimate, spread over the selection."""

HISTORY = 500
SHARE_OF_LIMIT = 4
"""A completion is taken to use a quarter of what it may where none has been measured."""

GUESSED_ANSWER = 400
"""Tokens of a judge's answer where none has been measured, unless the sampler may say less."""


NO_PROGRAMS = (
    "The search goes on from programs that were built step by step, and looked at none here; expected traces of a "
    "strategy that grows steps."
)


class JudgeJobError(JobError):
    """A job that cannot be made or steered; the message is for people."""


@dataclass(frozen=True, slots=True)
class JudgePlan:
    """What is to be judged, how, and by whom. `opponents` counts for comparisons only, `completions` from each step for
    values of steps, which have no rubric."""

    scope: Selection
    sampler: Sampler
    rubric: Rubric | None
    form: str
    opponents: int = 0
    seed: int = 1
    completions: int = 0

    def check(self) -> None:
        """Raise JudgeJobError where this is no plan."""
        if self.form not in tuple(Form):
            raise JudgeJobError(
                f"Found the form {self.form[:20]!r}, expected grade, compare, steps or values.", field="form"
            )
        if not self.sampler.has_endpoint and not self.completes_programs:
            text = f"{self.sampler.title} is no language model behind an endpoint; expected one to judge."
            raise JudgeJobError(text, field="sampler")
        if self.form != Form.VALUES and self.rubric is None:
            raise JudgeJobError("Found no rubric, expected one to judge by.", field="rubric")
        if self.form == Form.VALUES and not 1 <= self.completions <= MAX_COMPLETIONS:
            raise JudgeJobError(
                f"Found {self.completions} completions, expected 1 to {MAX_COMPLETIONS} from each step.",
                field="completions",
            )
        if self.form == Form.COMPARE and not 1 <= self.opponents <= MAX_OPPONENTS:
            text = f"Found {self.opponents} opponents, expected 1 to {MAX_OPPONENTS}."
            raise JudgeJobError(text, field="opponents")
        if self.completes_programs:
            return
        try:
            ChatSettings.from_parameters(self.sampler.parameters)
        except (ValueError, TypeError) as fault:
            raise JudgeJobError(str(fault), field="sampler") from fault

    @property
    def completes_programs(self) -> bool:
        """Whether the symbolic search goes on from the steps of programs, for nothing."""
        return self.form == Form.VALUES and self.sampler.kind == Sampler.Kind.SYMBOLIC


@dataclass(frozen=True, slots=True)
class JudgeEstimate:
    """Traces, calls, tokens and money of a plan. An estimate, never a bill; `cost` is None where a price is unknown.

    `alone` counts traces without any opponent; `measured` the earlier answers that the length of answers comes from.
    `temperature_note` says why a judge draws with another temperature than 0, empty where it does not.
    """

    traces: int
    alone: int
    calls: int
    prompts: int
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    measured: int
    temperature_note: str = ""


def estimate_judge_job(*, plan: JudgePlan) -> JudgeEstimate:
    """Count the calls of a plan and measure some of its prompts. Raises JudgeJobError."""
    plan.check()
    traces = traces_in(plan.scope, EVERYTHING)
    total, calls, alone = _count_calls(plan)
    if not total:
        raise JudgeJobError("No trace is in this selection; nothing to judge.")
    shown = spread_over(traces, PROMPTS)
    if plan.completes_programs:
        steps = sum(len(program_steps(trace)) for trace in shown) / max(1, len(shown))
        if not steps:
            raise JudgeJobError(NO_PROGRAMS)
        return JudgeEstimate(total, 0, round(total * steps * plan.completions), len(shown), 0, 0, Decimal(0), 0)
    settings = ChatSettings.from_parameters(plan.sampler.parameters)
    if plan.form == Form.VALUES or plan.rubric is None:
        try:
            lengths, steps = lengths_of_prompts(shown, continues=settings.continues_prefix)
        except ValueError as fault:
            raise JudgeJobError(str(fault)) from fault
        calls = round(total * steps * plan.completions)
    else:
        record = rubric_record(plan.rubric)
        lengths = [preview_judge(record=record, form=plan.form, trace=trace).total for trace in shown]
    output, measured = _answer_length(plan, settings)
    usage = Usage(round(calls * sum(lengths) / max(1, len(lengths))), output_tokens=round(calls * output))
    return JudgeEstimate(
        traces=total,
        alone=alone,
        calls=calls,
        prompts=len(lengths),
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost=settings.cost_of(usage),
        measured=measured,
        temperature_note="" if plan.form == Form.VALUES else ignored_temperature(settings),
    )


def _count_calls(plan: JudgePlan) -> tuple[int, int, int]:
    """(traces, calls, traces without an opponent)."""
    problems = traces_in(plan.scope, EVERYTHING).order_by().values_list("problem_id", "problem__trace_count")
    counts = [(count, max(0, known - 1)) for _, known, count in problems.annotate(count=Count("pk"))]
    total = sum(count for count, _ in counts)
    if plan.form != Form.COMPARE:
        return total, total, 0
    calls = sum(2 * count * min(plan.opponents, rivals) for count, rivals in counts)
    return total, calls, sum(count for count, rivals in counts if not rivals)


def _answer_length(plan: JudgePlan, settings: ChatSettings) -> tuple[float, int]:
    """(tokens of an answer, number of earlier answers of this judge it was measured on)."""
    given = JudgeJobAnswer.objects.filter(item__judge_job__sampler__name=plan.sampler.name, output_tokens__gt=0)
    completes = Q(item__judge_job__form=Form.VALUES)
    given = given.filter(completes if plan.form == Form.VALUES else ~completes)
    newest = list(given.order_by("-pk").values_list("pk", flat=True)[:HISTORY])
    mean = JudgeJobAnswer.objects.filter(pk__in=newest).aggregate(mean=Avg("output_tokens"))["mean"]
    if mean:
        return float(mean), len(newest)
    # A completion is as long as what is left of a solution, at the most.
    longest = settings.max_output_tokens
    return (longest / SHARE_OF_LIMIT if plan.form == Form.VALUES else min(GUESSED_ANSWER, longest)), 0


@transaction.atomic
def plan_judge_job(*, actor: User | None, plan: JudgePlan, budget: CallBudget) -> JudgeJob:
    """A queued job over the traces that are in the scope now, which is rung for. Raises JudgeJobError."""
    plan.check()
    _check_budget(budget, plan.sampler)
    job = JudgeJob.objects.create(
        selection=plan.scope.to_json(),
        sampler=plan.sampler,
        rubric=None if plan.form == Form.VALUES else plan.rubric,
        form=plan.form,
        completions=plan.completions if plan.form == Form.VALUES else 0,
        opponents=plan.opponents if plan.form == Form.COMPARE else 0,
        seed=plan.seed,
        total_count=0,
        budget_cost=budget.cost,
        budget_tokens=budget.tokens,
        created_by=actor,
    )
    for batch in _batched(_items(job, plan), BATCH):
        JudgeJobItem.objects.bulk_create(batch)
        job.total_count += len(batch)
    if not job.total_count:
        raise JudgeJobError("No trace is in this selection; nothing to judge.")
    job.save(update_fields=["total_count"])
    data = {"selection": job.selection, "traces": job.total_count, "rubric": str(job.rubric or ""), "form": plan.form}
    _audit(actor, "planned", job, data)
    ring("judge_job", job.pk)
    return job


def _batched(items: Iterator[JudgeJobItem], size: int) -> Iterator[list[JudgeJobItem]]:
    while batch := list(islice(items, size)):
        yield batch


def _items(job: JudgeJob, plan: JudgePlan) -> Iterator[JudgeJobItem]:
    """The items in order of their traces; opponents are read for a few hundred traces at a time."""
    rows = (
        traces_in(plan.scope, EVERYTHING)
        .order_by("pk")
        .values_list("pk", "problem_id", "answer_hash", "segmentation")
        .iterator(BATCH)
    )
    while chunk := list(islice(rows, BATCH)):
        rivals = _rivals({problem_id for _, problem_id, _, _ in chunk}) if plan.form == Form.COMPARE else {}
        for trace_id, problem_id, answer_hash, cut in chunk:
            chosen = _choose_opponents(plan, trace_id, answer_hash, rivals.get(problem_id, ()))
            yield JudgeJobItem(judge_job=job, trace_id=trace_id, opponents=chosen, segmentation=cut)


def _rivals(problem_ids: set[int]) -> Mapping[int, Sequence[tuple[int, str]]]:
    """(id, hash of the answer) of all traces of each problem."""
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    rows = Trace.objects.filter(problem__in=problem_ids, withdrawn=False).order_by("pk")
    for problem_id, trace_id, answer_hash in rows.values_list("problem_id", "pk", "answer_hash").iterator(BATCH):
        found[problem_id].append((trace_id, answer_hash))
    return found


def _choose_opponents(plan: JudgePlan, trace_id: int, answer_hash: str, rivals: Sequence[tuple[int, str]]) -> list[int]:
    """As many as asked for, drawn by the job's seed: those with another answer first."""
    chance = random.Random(derive_seed("opponents", plan.seed, trace_id))
    others = [rival for rival in rivals if rival[0] != trace_id]
    chance.shuffle(others)
    others.sort(key=lambda rival: rival[1] == answer_hash)
    return [rival_id for rival_id, _ in others[: plan.opponents]]


@transaction.atomic
def set_judge_job_budget(*, actor: User, job: JudgeJob, budget: CallBudget) -> JudgeJob:
    """Change what a job may spend. Raises JudgeJobError for a job that has ended or a budget that is none."""
    held = JudgeJob.objects.select_for_update(no_key=True, of=("self",)).select_related("sampler").get(pk=job.pk)
    _check_budget(budget, held.sampler)
    if held.state in JudgeJob.ENDED_STATES:
        raise JudgeJobError(f"This job is {held.state} already.")
    held.budget_cost, held.budget_tokens = budget.cost, budget.tokens
    held.save(update_fields=["budget_cost", "budget_tokens"])
    _audit(actor, "budget", held, {"cost": str(budget.cost), "tokens": budget.tokens})
    return held


def _check_budget(budget: CallBudget, sampler: Sampler) -> None:
    """Raise JudgeJobError for a budget that allows nothing, or counts money that nobody can count."""
    if not sampler.has_endpoint:
        if budget.tokens is not None or budget.cost is not None:
            field = "budget_cost" if budget.tokens is None else "budget_tokens"
            raise JudgeJobError(f"{sampler.title} takes neither tokens nor money; expected no budget.", field=field)
        return
    if budget.tokens is not None and budget.tokens < 1:
        raise JudgeJobError(
            f"The token budget is {budget.tokens}; expected at least 1, or none.", field="budget_tokens"
        )
    if budget.cost is None:
        return
    if budget.cost <= 0:
        raise JudgeJobError(f"The money budget is {budget.cost}; expected more than 0, or none.", field="budget_cost")
    if ChatSettings.from_parameters(sampler.parameters).cost_of(Usage()) is None:
        text = f"{sampler.title} has no prices, so its money cannot be counted; set a token budget."
        raise JudgeJobError(text, field="budget_cost")


def _audit(actor: User | None, verb: str, job: JudgeJob, data: dict[str, object]) -> None:
    AuditEvent.objects.create(actor=actor, verb=f"judging.{verb}", object_type="judgejob", object_id=job.pk, data=data)
