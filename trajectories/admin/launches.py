"""Actions that start jobs on what is chosen, each through a page that shows what it would take and asks.

All of them go through the forms and services that the pages of the product use.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from trajectories.admin.asking import Question, Subject, ask, chosen_rows, do_once, is_asked, is_confirmed
from trajectories.admin.base import Act, ReadOnlyAdmin
from trajectories.core.faults import Fault
from trajectories.core.selections import Selection
from trajectories.core.verifiers import VERIFIERS
from trajectories.forms.campaigns import CampaignForm, values_of
from trajectories.forms.generation import GenerationForm
from trajectories.forms.judging import JudgeJobForm
from trajectories.forms.plain import PlainForm
from trajectories.forms.relaunches import PresetForm, RunAgainForm, generation_like, values_like
from trajectories.forms.releases import ExportForm
from trajectories.forms.reverifications import ReverificationForm
from trajectories.models import (
    JOB_KINDS,
    Brief,
    Campaign,
    Export,
    GenerationJob,
    Problem,
    ProblemSet,
    Release,
    Run,
    Sampler,
)
from trajectories.selectors.blinding import EVERYTHING, SEE_REVIEWS, sight_of
from trajectories.selectors.runs import get_history
from trajectories.selectors.traces import traces_in
from trajectories.services.campaigns.estimates import limit_note_of
from trajectories.services.campaigns.plans import plan_campaign
from trajectories.services.generation.estimates import estimate_generation
from trajectories.services.generation.jobs import plan_generation
from trajectories.services.judging.jobs import estimate_judge_job, plan_judge_job
from trajectories.services.releases.exports import Wanted, request_file
from trajectories.services.runs.lifecycle import plan_run
from trajectories.services.runs.plans import plan_of
from trajectories.services.spending.holding import note_of_plan
from trajectories.services.verification.reverifications import plan_reverification


@dataclass(frozen=True, slots=True)
class Launch:
    """An action that starts jobs. `form` makes the form for what was chosen, from what was sent or with its first
    values; `subject` says what a valid form would take for one of the rows, `start` starts the job and rings for it:
    both are told who asks.

    The jobs are of the kind `kind`. With `takes_one` exactly one row can be chosen, as each has a form of its own.
    """

    name: str
    title: str
    text: str
    needs: tuple[str, ...]
    kind: str
    form: Callable[[HttpRequest, Sequence[Any], Any], PlainForm]
    subject: Callable[[User, Any, Any], Subject]
    start: Callable[[User, Any, Any], Any]
    takes_one: bool = False


def launching(launch: Launch) -> Act:
    """The action of the admin that asks and starts."""

    def act(table: ReadOnlyAdmin, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        return _launch(launch, table, request, rows)

    act.__name__ = launch.name
    act.short_description = launch.title  # type: ignore[attr-defined]
    act.needs = launch.needs  # type: ignore[attr-defined]
    return act


def _launch(launch: Launch, table: ReadOnlyAdmin, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
    if (pks := chosen_rows(table, request, rows)) is None:
        return None
    if launch.takes_one and len(pks) != 1:
        text = f"{len(pks)} rows are chosen; expected one, as each is planned by itself. Nothing was done."
        table.message_user(request, text, messages.ERROR)
        return None
    chosen = list(rows.filter(pk__in=pks).order_by("pk"))
    try:
        form = launch.form(request, chosen, request.POST if is_asked(request) else None)
    except Fault as refusal:
        table.message_user(request, str(refusal), messages.ERROR)
        return None
    shown = form if form.is_bound else launch.form(request, chosen, _first_values(form))
    is_right = shown.is_valid()
    actor = cast(User, request.user)
    subjects = [_subject(launch, actor, row, shown) if is_right else Subject(row.pk, str(row)) for row in chosen]
    startable = [row for row, subject in zip(chosen, subjects, strict=True) if not subject.refusal]
    if is_confirmed(request) and is_right and startable:
        try:
            return do_once(request, lambda: _start_all(launch, table, request, startable, form))
        except Fault as refusal:
            form.add_fault(refusal)
    question = Question(launch.name, launch.title, launch.text, launch.title, subjects, form)
    is_wrong = form.is_bound and (not form.is_valid() or (is_confirmed(request) and not startable))
    return ask(table, request, question, status=422 if is_wrong else 200)


def _first_values(form: PlainForm) -> dict[str, Any]:
    """What a form that nobody has sent would send, for the estimate of what its first values say."""
    values = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    for name, field in form.fields.items():
        if values[name] is None and isinstance(field, forms.ChoiceField):
            values[name] = _first_choice(field)
    return {form.add_prefix(name): value for name, value in values.items() if value is not None}


def _first_choice(field: forms.ChoiceField) -> Any:
    """What a list shows where nothing was chosen; None where that is nothing, or several can be chosen."""
    if not isinstance(field.widget, forms.Select) or field.widget.allow_multiple_selected:
        return None
    choices: Any = field.choices
    value, _ = next(iter(choices), (None, ""))
    return getattr(value, "value", value) or None


def _subject(launch: Launch, actor: User, row: Any, form: PlainForm) -> Subject:
    try:
        return launch.subject(actor, row, form)
    except Fault as refusal:
        return Subject(row.pk, str(row), refusal=str(refusal))


def _start_all(launch: Launch, table: ReadOnlyAdmin, request: HttpRequest, rows: Sequence[Any], form: PlainForm) -> str:
    """Start a job for each row, all or none; the address of where to see them."""
    actor = cast(User, request.user)
    with transaction.atomic():
        jobs = [launch.start(actor, row, form) for row in rows]
    reading = JOB_KINDS[launch.kind]
    noun = reading.title if len(jobs) == 1 else reading.plural
    table.message_user(request, f"{len(jobs)} {noun.lower()} begun.", messages.SUCCESS)
    if len(jobs) == 1:
        return reading.address(jobs[0].pk)
    return f"{reverse('job_list')}?{urlencode({'kind': launch.kind})}"


def _scope(row: Any) -> Selection:
    """The traces of what was chosen."""
    names = {Run: "run", Problem: "problem", ProblemSet: "problem_set", Sampler: "sampler"}
    return Selection(**{names[type(row)]: row.pk})


def _again_form(request: HttpRequest, chosen: Sequence[Any], data: Any) -> PlainForm:
    run = Run.objects.select_related("sampler", "problem_set").get(pk=chosen[0].pk)
    return RunAgainForm(run, plan_of(run), data, initial=values_like(run), sight=sight_of(request.user))


def _run_subject(actor: User, row: Any, data: dict[str, Any]) -> Subject:
    context = {"plan": data["plan"], "estimate": data["estimate"], "sampler": data["sampler"]}
    if data["estimate"] is None:
        history = get_history(data["sampler"])
        context |= {"history": history, "seconds": history.seconds_for(len(data["plan"].problems))}
    else:
        costs = {data["sampler"].name: data["estimate"].cost}
        context["limit_note"] = note_of_plan(costs=costs, person_id=actor.pk)
    return Subject(row.pk, str(row), estimate="trajectories/runs/_estimate.html", context=context)


def _start_run(actor: User, data: dict[str, Any]) -> Run:
    return plan_run(
        actor=actor,
        title=data["title"],
        sampler=data["sampler"],
        plan=data["plan"],
        seed=data["seed"],
        problem_set=data["problem_set"],
        budget=data["budget"],
        options=data["options"],
        cutting=data["segmentation"],
    )


def _verify_subject(_: User, row: Any, form: ReverificationForm) -> Subject:
    traces, verifiers = traces_in(_scope(row), EVERYTHING).count(), len(form.cleaned_data["verifiers"])
    if not traces:
        return Subject(row.pk, str(row), refusal="There is no trace of it; nothing to verify again.")
    facts = [("Traces", f"{traces:,}"), ("Verdicts to give", f"{traces * verifiers:,}"), ("Cost", "none: it runs here")]
    return Subject(row.pk, str(row), facts)


def _start_verifying(actor: User, row: Any, form: ReverificationForm) -> Any:
    return plan_reverification(actor=actor, scope=_scope(row), verifiers=form.cleaned_data["verifiers"])


def _judge_subject(actor: User, row: Any, form: JudgeJobForm) -> Subject:
    estimate, judge = estimate_judge_job(plan=form.plan(_scope(row))), form.cleaned_data["sampler"]
    limit_note = note_of_plan(costs={judge.name: estimate.cost}, person_id=actor.pk, noun="job")
    context = {"estimate": estimate, "judge": judge, "limit_note": limit_note}
    return Subject(row.pk, str(row), estimate="trajectories/judging/_estimate.html", context=context)


def _start_judging(actor: User, row: Any, form: JudgeJobForm) -> Any:
    return plan_judge_job(actor=actor, plan=form.plan(_scope(row)), budget=form.budget())


def _generate_subject(actor: User, row: Any, form: GenerationForm) -> Subject:
    estimate = estimate_generation(plan=form.plan)
    context = {"estimate": estimate, "limit_note": note_of_plan(costs=estimate.costs, person_id=actor.pk, noun="job")}
    return Subject(row.pk, str(row), estimate="admin/trajectories/_generation.html", context=context)


def _start_generating(actor: User, _: Any, form: GenerationForm) -> GenerationJob:
    return plan_generation(actor=actor, plan=form.plan)


def _like_job(_: HttpRequest, chosen: Sequence[Any], data: Any) -> PlainForm:
    job = GenerationJob.objects.select_related("sampler", "solver", "brief").get(pk=chosen[0].pk)
    return GenerationForm(job.generator, data, initial=generation_like(job))


def _by_brief(_: HttpRequest, chosen: Sequence[Brief], data: Any) -> PlainForm:
    return GenerationForm(chosen[0].generator, data, initial={"brief": chosen[0].pk})


def _export_subject(_: User, row: Release, form: ExportForm) -> Subject:
    asked = form.cleaned_data
    known = Export.objects.filter(release=row, format=asked["format"], with_meta=asked["with_meta"]).first()
    facts = [
        ("Rows", f"{row.item_count:,}"),
        ("Cost", "none: it runs here"),
        ("There already", "no" if known is None else f"yes, {known.get_state_display().lower()}: it is taken as it is"),
    ]
    return Subject(row.pk, str(row), facts)


def _start_export(actor: User, row: Release, form: ExportForm) -> Export:
    return request_file(actor=actor, release=row, wanted=Wanted(**form.ways()))


def _campaign_form(_: HttpRequest, chosen: Sequence[Any], data: Any) -> PlainForm:
    campaign = Campaign.objects.get(pk=chosen[0].pk)
    return CampaignForm(data, initial=values_of(campaign), cloned_from=campaign)


def _campaign_subject(actor: User, row: Campaign, form: CampaignForm) -> Subject:
    context = {name: form.cleaned_data[name] for name in ("estimate", "prepared", "draft")}
    context["limit_note"] = limit_note_of(context["estimate"], context["draft"], actor)
    return Subject(row.pk, str(row), estimate="trajectories/campaigns/_estimate.html", context=context)


def _start_campaign(actor: User, _: Any, form: CampaignForm) -> Campaign:
    return plan_campaign(actor=actor, draft=form.cleaned_data["draft"])


campaign_again = launching(
    Launch(
        "campaign_again",
        "Start one like this",
        "A new campaign with the same plan, or with another setting; the earlier one stays as it is.",
        ("trajectories.view_campaign", "trajectories.add_campaign", SEE_REVIEWS),
        "campaign",
        _campaign_form,
        _campaign_subject,
        _start_campaign,
        takes_one=True,
    )
)
run_again = launching(
    Launch(
        "run_again",
        "Start again with the same plan",
        "A new run of the same problems, instructions and strategy; the earlier run stays as it is.",
        ("trajectories.view_run", "trajectories.add_run"),
        "run",
        _again_form,
        lambda actor, row, form: _run_subject(actor, row, form.cleaned_data),
        lambda actor, _, form: _start_run(actor, form.cleaned_data),
        takes_one=True,
    )
)
run_preset = launching(
    Launch(
        "run_preset",
        "Start a run by a known plan",
        "One of the plans that are known by name, on the problems of this set.",
        ("trajectories.view_run", "trajectories.add_run"),
        "run",
        lambda request, chosen, data: PresetForm(chosen[0], data, sight=sight_of(request.user)),
        lambda actor, row, form: _run_subject(actor, row, form.cleaned_data["planned"]),
        lambda actor, _, form: _start_run(actor, form.cleaned_data["planned"]),
        takes_one=True,
    )
)
verify_again = launching(
    Launch(
        "verify_again",
        "Verify its traces again",
        "Verifiers of their present version look at all traces there are now. Old verdicts stay beside the new ones.",
        ("trajectories.view_verdict", "trajectories.add_reverification"),
        "reverification",
        lambda _, __, data: ReverificationForm(data, initial={"verifiers": list(VERIFIERS)}),
        _verify_subject,
        _start_verifying,
    )
)
judge_traces = launching(
    Launch(
        "judge_traces",
        "Have a model judge its traces",
        "A language model judges all traces there are now. The budget is that of each job.",
        ("trajectories.view_judgejob", "trajectories.add_judgejob"),
        "judge_job",
        lambda _, __, data: JudgeJobForm(data),
        _judge_subject,
        _start_judging,
    )
)
generate_again = launching(
    Launch(
        "generate_again",
        "Generate more like this",
        "A new job with the same plan and another seed; what it brings is checked against everything there is.",
        ("trajectories.view_generationjob", "trajectories.add_generationjob"),
        "generation",
        _like_job,
        _generate_subject,
        _start_generating,
        takes_one=True,
    )
)
generate_from_brief = launching(
    Launch(
        "generate_from_brief",
        "Generate problems by this brief",
        "A language model writes problems as the brief says; what passes the checks waits for review.",
        ("trajectories.view_generationjob", "trajectories.add_generationjob"),
        "generation",
        _by_brief,
        _generate_subject,
        _start_generating,
        takes_one=True,
    )
)
export_release = launching(
    Launch(
        "export_release",
        "Write a file of it",
        "A worker writes the rows of the release in the format chosen. Making it again gives the same bytes.",
        ("trajectories.add_export", SEE_REVIEWS),
        "export",
        lambda _, __, data: ExportForm(data),
        _export_subject,
        _start_export,
    )
)
