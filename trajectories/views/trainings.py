"""Trainings: the list, asking for one, one with its curves and what came of it, and its file."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.adapters.training import TRAINERS
from trajectories.adapters.training.package import PackageTrainer
from trajectories.charts.trainings import build_curves
from trajectories.core.faults import Fault
from trajectories.core.figures.specs import plotly_spec
from trajectories.core.figures.tables import csv_lines, exact, shown
from trajectories.core.learning.rules import TAKE_WORDS, UNIFORM, TrainingRule
from trajectories.forms.trainings import PREFIX, AttachForm, TrainingForm, like_training
from trajectories.models import Release, Sampler, Training
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.trainings import curve_points, get_training, list_trainings, thinned
from trajectories.services.endpoints.local_models import offered_models
from trajectories.services.training.abilities import standing_of
from trajectories.services.training.planning import TrainingError, attach_sampler, start_training
from trajectories.tasks.jobs import controls_of
from trajectories.views.downloads import send_artefact
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs
from trajectories.views.shown.campaigns import part_of
from trajectories.views.shown.funnels import show_training_funnel
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

view_trainings = needs("trajectories.view_training", SEE_REVIEWS)
add_trainings = needs("trajectories.add_training", SEE_REVIEWS)
OF_A_RELEASE = {UNIFORM: "whatever the release holds, drawn evenly"}
"""What TAKE_WORDS call otherwise: of a release that holds only right traces no wrong one is drawn."""


@require_safe
@view_trainings
def training_list(request: HttpRequest) -> HttpResponse:
    """The newest trainings."""
    return render(request, "trajectories/trainings/list.html", {"trainings": list_trainings(), "trainers": TRAINERS})


@require_http_methods(["GET", "HEAD", "POST"])
@add_trainings
@once
def training_new(request: HttpRequest) -> HttpResponse:
    """Ask for a training; the trainer is in the address, and so may be the release, or a training that it is like."""
    like_id, release = read_key(request, "like"), read_key(request, "release")
    like = _training(like_id) if like_id else None
    trainer = TRAINERS.get(like.trainer if like else request.GET.get("trainer", next(iter(TRAINERS))))
    if trainer is None:
        raise Http404("There is no such trainer.")
    asked = request.POST if request.method == "POST" else None
    base = Sampler.objects.filter(kind__in=trainer.base_kinds).order_by("-pk").first()
    begins = like_training(like) if like else {"release": release, "base": base.pk if base else None}
    form = TrainingForm(asked, trainer=trainer, initial=begins)
    if form.is_bound and form.is_valid():
        try:
            training = start_training(
                by=visitor(request),
                release=form.cleaned_data["release"],
                trainer=trainer.key,
                parameters=form.parameters,
                base=form.cleaned_data["base"],
                rule=form.rule,
                seed=form.cleaned_data["seed"] or 0,
            )
        except Fault as fault:
            form.add_fault(fault, prefix=PREFIX)
        else:
            return redirect("training_detail", training.pk)
    context = {
        "form": form,
        "trainer": trainer,
        "trainers": TRAINERS,
        "models": offered_models(),
        "standing": standing_of(trainer),
        "release_id": release,
        "has_release": Release.objects.exists(),
    }
    status = 422 if form.is_bound else 200
    return render(request, "trajectories/trainings/new.html", context, status=status)


@require_safe
@view_trainings
@vary_on_headers("HX-Request")
def training_detail(request: HttpRequest, training_id: int) -> HttpResponse:
    """How far a training is, its curves, what it learnt from and what came of it."""
    training = _training(training_id)
    trainer = TRAINERS.get(training.trainer)
    context = {
        "job": training,
        "trainer": trainer,
        "controls": controls_of(request.user, "training", training),
        "note": standing_of(trainer).note if trainer is not None and training.state == Training.State.QUEUED else "",
        "funnel": show_training_funnel(training),
        "total": training.release.item_count,
        "rule": _rule_words(training),
        # The form has no field for the seed traces that a campaign sets.
        "can_be_cloned": trainer is not None and not TrainingRule.from_json(training.rule).seeds,
        "parameters": _parameters(training),
        "is_package": training.trainer == PackageTrainer.key,
        # What is trained elsewhere tells no curves here; what has ended without a value will have none.
        "has_curves": training.trainer != PackageTrainer.key
        and (training.is_active or curve_points(training).exists()),
        "attach": AttachForm(training=training) if training.state == Training.State.WAITING else None,
        "figure_address": reverse("training_curves", args=[training.pk]),
        "part_of": part_of(request, "training", training.pk),
    }
    template = "_live" if wants_fragment(request) else "detail"
    return render(request, f"trajectories/trainings/{template}.html", context)


@require_safe
@view_trainings
@vary_on_headers("HX-Request")
def training_curves(request: HttpRequest, training_id: int) -> HttpResponseBase:
    """The curves of a training: a page with their table, the fragment that its page loads, or a file of every step."""
    training = _training(training_id)
    points = list(curve_points(training))
    if request.GET.get("format") == "csv":
        name = f"training-{training.pk}-curves.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        lines = csv_lines(build_curves(points, training.title))
        return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)
    figure = build_curves(thinned(points), training.title)
    address = reverse("training_curves", args=[training.pk])
    rows = [
        {
            "link": "",
            "cells": [
                {"text": shown(value, column.unit, settings.CURRENCY), "value": exact(value), "unit": column.unit}
                for value, column in zip(row.values, figure.columns, strict=True)
            ],
        }
        for row in figure.rows
    ]
    context: dict[str, Any] = {
        "chart": {"name": f"curves-{training.pk}"},
        "figure": figure,
        "training": training,
        "address": address,
        "csv": f"{address}?format=csv",
        "spec": None if figure.missing else plotly_spec(figure),
        "spec_id": f"spec-curves-{training.pk}",
        "rows": rows,
        "is_live": training.is_active,
    }
    template = "insights/_figure" if wants_fragment(request) else "trainings/curves"
    return render(request, f"trajectories/{template}.html", context)


@require_safe
@view_trainings
def training_artefact(_: HttpRequest, training_id: int) -> FileResponse:
    """The file that a training made."""
    training = _training(training_id)
    return send_artefact(training.artefact, maker="training")


@require_POST
@add_trainings
def training_attach(request: HttpRequest, training_id: int) -> HttpResponse:
    """Say which sampler came of a training whose package was used elsewhere."""
    training = _training(training_id)
    form = AttachForm(request.POST, training=training)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect("training_detail", training_id)
    try:
        attach_sampler(by=visitor(request), training_id=training.pk, sampler=form.cleaned_data["sampler"])
    except TrainingError as fault:
        messages.error(request, str(fault))
    return redirect("training_detail", training_id)


def _training(training_id: int) -> Training:
    try:
        return get_training(training_id)
    except Training.DoesNotExist as fault:
        raise Http404("There is no such training.") from fault


def _parameters(training: Training) -> list[tuple[str, Any]]:
    """(label, value) of every parameter that counted; of a trainer that is not installed any more by stored names."""
    trainer = TRAINERS.get(training.trainer)
    known = {} if trainer is None else {each.name: each for each in trainer.parameters}
    given = training.parameters
    # The database keeps no order of keys.
    names = [*(name for name in known if name in given), *(name for name in given if name not in known)]
    found = []
    for name, value in ((name, given[name]) for name in names):
        parameter = known.get(name)
        if parameter and not parameter.counts(given, has_base=training.base_id is not None):
            continue
        words = dict(parameter.choices).get(value, value) if parameter else value
        if isinstance(words, bool):
            words = "yes" if words else "no"
        if words == "":
            words = parameter.empty if parameter else "none"
        found.append((parameter.label if parameter else name, words))
    return found


def _rule_words(training: Training) -> list[tuple[str, str]]:
    rule = TrainingRule.from_json(training.rule)
    words = [("Which traces", OF_A_RELEASE.get(rule.take) or TAKE_WORDS[rule.take])]
    if rule.per_problem is not None:
        words.append(("Of one problem", f"{rule.per_problem:,} at most"))
    if rule.relabel:
        words.append(
            ("Relabelled", f"{rule.relabel:,} of one problem at most{', spread by accuracy' if rule.bins else ''}")
        )
    if rule.replay:
        words.append(("Replay", f"{rule.replay:g} % of releases {', '.join(map(str, rule.replay_of))}"))
    return words
