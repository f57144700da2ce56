"""Strategies at work: planning the next round of a problem once the last one has ended and is verified."""

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.fields import BooleanField, TextField

from trajectories.core.identity import content_hash, derive_seed
from trajectories.core.prompts.wrapping import can_compose
from trajectories.core.records import FinishReason, Outcome
from trajectories.core.strategies import find_strategy
from trajectories.core.strategies.base import AttemptKind, Ended, Look, Planned, Prunes, Situation, Slot
from trajectories.core.strategies.diversity import sketch_of
from trajectories.core.strategies.plans import RunPlan
from trajectories.core.verifiers.arc_outputs import ArcTestVerifier
from trajectories.core.verifiers.arc_train import ArcTrainVerifier
from trajectories.models import Attempt, Problem, Run, RunProblem, Trace, Verdict
from trajectories.selectors.step_judging import awaits_judge, unjudged
from trajectories.services.locks import lock_run
from trajectories.services.runs.lifecycle import fail_run, settle_run
from trajectories.services.runs.planned_attempts import make_attempt
from trajectories.services.runs.step_scores import StepScoreError, grows_text, score_steps

PROBLEMS_AT_ONCE = 20
NOTHING = content_hash(None)
"""The hash of no answer."""

OUTPUTS = "md5(jsonb_path_query_array(evidence, '$.pairs[*].predicted')::text)"
"""What a program made of the inputs, as one word; the grids themselves stay in the database."""

ALL_GRIDS = (
    "NOT jsonb_path_exists(evidence, "
    """'$.pairs[*] ? (@.match != "right" && @.match != "wrong_cells" && @.match != "wrong_shape")')"""
)


def move_on(*, run_id: int) -> bool:
    """Plan what the strategy wants next, or end the run where it is done; returns whether attempts were added, or the
    judge of its steps is to be asked first.

    The caller rings the bell where that is so. Safe to call at any time, by several at once.
    """
    added = advance_run(run_id=run_id)
    settle_run(run_id=run_id)
    return added > 0 or awaits_judge(run_id=run_id)


def advance_run(*, run_id: int) -> int:
    """Plan the next round of every problem that is ready; returns how many attempts were added."""
    run = Run.objects.select_related("sampler").get(pk=run_id)
    plan = run.kept_plan
    if not find_strategy(run.strategy).adapts:
        return 0
    added = 0
    while problem_ids := _ready(run_id, plan).values_list("problem_id", flat=True)[:PROBLEMS_AT_ONCE]:
        for problem_id in list(problem_ids):
            try:
                score_steps(run=run, problem_id=problem_id)
            except StepScoreError as fault:
                fail_run(run_id=run_id, reason=str(fault))
                return added
            found = _advance_problem(run_id, problem_id, plan)
            if found is None:
                return added
            added += found
    return added


def _ready(run_id: int, plan: RunPlan) -> QuerySet[RunProblem]:
    """Problems of the run that are not done with and have nothing under way, nor wait for a judge of their steps."""
    active = (Attempt.State.PENDING, Attempt.State.LEASED)
    here = {"run": OuterRef("run"), "problem": OuterRef("problem")}
    places = RunProblem.objects.filter(run=run_id, closed=False, run__state__in=Run.ACTIVE_STATES)
    if plan.step_judge is not None:
        places = places.filter(~Exists(unjudged(**here)))
    return places.filter(
        ~Exists(Attempt.objects.filter(**here, state__in=active)), ~Exists(Trace.objects.filter(**here, correctness=""))
    ).order_by("problem_id")


@transaction.atomic
def _advance_problem(run_id: int, problem_id: int, plan: RunPlan) -> int | None:
    """Plan the next round of one problem or close it; None where the run is not active any more."""
    run = lock_run(run_id)
    if run.state not in Run.ACTIVE_STATES:
        return None
    place = _ready(run_id, plan).filter(problem=problem_id).first()
    if place is None:
        return 0
    strategy = find_strategy(run.strategy)
    problem = Problem.objects.get(pk=problem_id)
    situation = _situation(run, plan, problem, place)
    planned = strategy.following(situation, plan.settings)
    if isinstance(strategy, Prunes):
        _keep_reasons(run, strategy.pruned(situation, plan.settings))
    if not planned:
        RunProblem.objects.filter(pk=place.pk).update(closed=True)
        return 0
    _add_round(run, problem, place, planned)
    return len(planned)


def _keep_reasons(run: Run, reasons: Mapping[int, str]) -> None:
    """Keep with each attempt why its trace is not gone on from; a reason once given stands."""
    attempts = list(Attempt.objects.filter(run=run, trace__in=list(reasons), pruned="").select_related("trace"))
    for attempt in attempts:
        attempt.pruned = reasons[attempt.trace.pk]
    Attempt.objects.bulk_update(attempts, ["pruned"], batch_size=500)


def _add_round(run: Run, problem: Problem, place: RunProblem, planned: Sequence[Planned]) -> None:
    first = Attempt.objects.filter(run=run, problem=problem).count()
    of_round = place.round + 1
    Attempt.objects.bulk_create(
        make_attempt(run, problem, each, index=index, of_round=of_round) for index, each in enumerate(planned, first)
    )
    RunProblem.objects.filter(pk=place.pk).update(round=of_round)
    run.planned_count += len(planned)
    run.save(update_fields=["planned_count"])


def _situation(run: Run, plan: RunPlan, problem: Problem, place: RunProblem) -> Situation:
    look = find_strategy(run.strategy).looks_at
    attempts = list(
        Attempt.objects.filter(run=run, problem=problem).order_by("index").select_related("trace").defer(
            *(f"trace__{name}" for name in ("steps", "parts", "facts", "answer"))
        )
    )  # fmt: skip
    traces = {attempt.trace.pk: attempt.trace for attempt in attempts if hasattr(attempt, "trace")}
    outputs = _outputs(list(traces)) if look is Look.OUTPUTS else {}
    right = [pk for pk, trace in traces.items() if trace.correctness == Outcome.PASS]
    sketches = _sketches(right) if look is Look.SKETCHES else {}
    return Situation(
        slots=plan.list_slots(problem.kind),
        ended=[_ended(attempt, outputs, sketches) for attempt in attempts],
        round=place.round,
        seed=derive_seed(run.seed, problem.content_hash, "round", place.round),
        hintable=problem.split == Problem.Split.TRAIN and problem.reference is not None,
        of_text=grows_text(run),
    )


def _ended(attempt: Attempt, outputs: Mapping[int, tuple[str, bool]], sketches: Mapping[int, frozenset[int]]) -> Ended:
    slot = Slot(attempt.instruction_id, attempt.temperature, attempt.ordinal)
    kind = AttemptKind(attempt.kind)
    trace: Trace | None = getattr(attempt, "trace", None)
    if trace is None:
        return Ended(slot, kind, attempt.round, parent=attempt.parent_id)
    made, gave_grids = outputs.get(trace.pk, ("", False))
    return Ended(
        slot,
        kind,
        attempt.round,
        trace=trace.pk,
        parent=attempt.parent_id,
        outcome=Outcome(trace.correctness) if trace.correctness else None,
        fits=None if not trace.train_total else trace.train_passed == trace.train_total,
        train_error=trace.train_error,
        train_share=(trace.train_passed or 0) / trace.train_total if trace.train_total else None,
        answer="" if trace.answer_hash == NOTHING else trace.answer_hash,
        outputs=made,
        gave_grids=gave_grids,
        sketch=sketches.get(trace.pk, frozenset()),
        worth=attempt.step_score,
        goes_on=trace.finish_reason == FinishReason.STEP,
    )


def _outputs(trace_ids: list[int]) -> dict[int, tuple[str, bool]]:
    """(word for the outputs on the training pairs, whether a program could go on from the outputs) by trace."""
    verdicts = Verdict.objects.filter(
        trace__in=trace_ids, verifier__in=(ArcTrainVerifier.name, ArcTestVerifier.name)
    ).order_by("pk")
    rows = verdicts.annotate(
        outputs=RawSQL(OUTPUTS, (), output_field=TextField()),
        grids=RawSQL(ALL_GRIDS, (), output_field=BooleanField()),
    ).values_list("trace_id", "verifier", "outputs", "grids")
    words: dict[int, str] = {}
    grids: dict[int, dict[str, bool]] = {}
    for trace_id, verifier, word, all_grids in rows:
        grids.setdefault(trace_id, {})[verifier] = all_grids
        if verifier == ArcTrainVerifier.name:
            words[trace_id] = word
    able = [key for key, found in grids.items() if len(found) == 2 and all(found.values())]
    programs = dict(Trace.objects.filter(pk__in=able).values_list("pk", "program__body"))
    return {key: (word, key in programs and can_compose(programs[key] or "")) for key, word in words.items()}


def _sketches(trace_ids: list[int]) -> dict[int, frozenset[int]]:
    rows = Trace.objects.filter(pk__in=trace_ids).values_list("pk", "program__body", "reasoning__body")
    return {pk: sketch_of(program or "", reasoning) for pk, program, reasoning in rows}
