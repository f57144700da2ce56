"""Scorers: the list, asking for one, one with its reliability and drift, and model judges measured the same way."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.charts.scorers import LEARNT, STORED, TITLE, build_reliability
from trajectories.core.figures.records import Figure
from trajectories.core.figures.tables import csv_lines
from trajectories.core.scorers.features import EARLIER_STEP_NUMBERS, number_titles
from trajectories.core.scorers.metrics import Quality
from trajectories.core.selections import Selection
from trajectories.forms.scorers import ScorerForm
from trajectories.models import Scorer
from trajectories.selectors.blinding import SEE_REVIEWS, sight_of
from trajectories.selectors.scorers import (
    drift_of,
    get_scorer,
    list_judges,
    list_scorers,
    list_scorings,
    quality_of,
    scored_count,
)
from trajectories.selectors.traces import count_traces
from trajectories.services.scorers.planning import ScorerError, set_following, start_scorer, start_scoring
from trajectories.tasks.jobs import controls_of
from trajectories.views.downloads import send_artefact
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import needs
from trajectories.views.scopes import of_selection
from trajectories.views.shown.figures import FigureSlot, figure_context
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

view_scorers = needs("trajectories.view_scorer", SEE_REVIEWS)
add_scorers = needs("trajectories.add_scorer", SEE_REVIEWS)
add_scorings = needs("trajectories.add_scoring", SEE_REVIEWS)

MOST_TELLING = 12
NOT_YET = "The scorer is not trained yet."
NOTHING_GRADED = "No trace with a grade was verified or decided on yet."


@require_safe
@view_scorers
def scorer_list(request: HttpRequest) -> HttpResponse:
    """The newest scorers, and the model judges that can be measured like them."""
    rows = [(scorer, _quality(scorer)) for scorer in list_scorers()]
    return render(request, "trajectories/scorers/list.html", {"rows": rows, "judges": list_judges()})


@require_http_methods(["GET", "HEAD", "POST"])
@add_scorers
@once
@of_selection
def scorer_new(request: HttpRequest, scope: Selection) -> HttpResponse:
    """Ask for a scorer of the traces of a scope."""
    form = ScorerForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        given = {**form.cleaned_data, "seed": form.cleaned_data["seed"] or 0}
        try:
            scorer = start_scorer(by=visitor(request), scope=scope, **given)
        except ScorerError as fault:
            form.add_fault(fault)
        else:
            return redirect("scorer_detail", scorer.pk)
    context = {"form": form, "scope": scope, "total": count_traces(scope, sight_of(request.user))}
    return render(request, "trajectories/scorers/new.html", context, status=422 if form.is_bound else 200)


@require_safe
@view_scorers
@vary_on_headers("HX-Request")
def scorer_detail(request: HttpRequest, scorer_id: int) -> HttpResponse:
    """How far a scorer is, how good it is and stays, and what it learnt from."""
    scorer = _scorer(scorer_id)
    context: dict[str, Any] = {"job": scorer, "controls": controls_of(request.user, "scorer", scorer)}
    if wants_fragment(request):
        return render(request, "trajectories/scorers/_live.html", context)
    context |= {
        "quality": _quality(scorer),
        "drift": drift_of(scorer),
        "telling": _telling(scorer),
        "scored": scored_count(scorer),
        "scorings": list_scorings(scorer),
        "slot": FigureSlot(f"scorer-{scorer.pk}", TITLE, reverse("scorer_figure", args=[scorer.pk])),
        "selected": scorer.rule.query() if scorer.selection else "",
    }
    return render(request, "trajectories/scorers/detail.html", context)


@require_safe
@view_scorers
@vary_on_headers("HX-Request")
def scorer_figure(request: HttpRequest, scorer_id: int) -> HttpResponseBase:
    """The reliability diagram of a scorer: a page, the fragment that its page loads, or a file."""
    scorer = _scorer(scorer_id)
    about = f"{scorer.name}, version {scorer.version}"
    figure = build_reliability(_quality(scorer), about=about, definition=LEARNT, missing=scorer.reason or NOT_YET)
    address = reverse("scorer_figure", args=[scorer.pk])
    return _figure(request, FigureSlot(f"scorer-{scorer.pk}", TITLE, address), figure, about, scorer_id=scorer.pk)


@require_safe
@view_scorers
def scorer_artefact(_: HttpRequest, scorer_id: int) -> FileResponse:
    """The file of a scorer: numbers in JSON."""
    scorer = _scorer(scorer_id)
    return send_artefact(scorer.artefact, maker="scorer")


@require_POST
@add_scorings
def scorer_follow(request: HttpRequest, scorer_id: int) -> HttpResponse:
    """Switch on or off that a scorer scores every trace."""
    _scorer(scorer_id)
    try:
        set_following(by=visitor(request), scorer_id=scorer_id, follows=request.POST.get("follows") == "1")
    except ScorerError as fault:
        messages.error(request, str(fault))
    return redirect("scorer_detail", scorer_id)


@require_http_methods(["GET", "HEAD", "POST"])
@add_scorings
@once
@of_selection
def scorer_score(request: HttpRequest, scope: Selection, scorer_id: int) -> HttpResponse:
    """Score the traces of a scope by a scorer."""
    scorer, fault = _scorer(scorer_id), ""
    if request.method == "POST":
        try:
            job = start_scoring(by=visitor(request), scorer=scorer, scope=scope)
            return redirect("job_detail", "scoring", job.pk)
        except ScorerError as refusal:
            fault = str(refusal)
    context = {"scorer": scorer, "scope": scope, "fault": fault, "total": count_traces(scope, sight_of(request.user))}
    return render(request, "trajectories/scorers/score.html", context, status=422 if fault else 200)


@require_safe
@view_scorers
def scorer_judge(request: HttpRequest, verifier: str) -> HttpResponse:
    """How good the grades of a model judge are, by verdicts and by people."""
    _judge(verifier)
    measured = [(label, quality_of(verifier, labels)) for labels, label in Scorer.Labels.choices]
    slot = FigureSlot("judge", TITLE, reverse("scorer_judge_figure", args=[verifier]))
    context = {"verifier": verifier, "measured": measured, "slot": slot}
    return render(request, "trajectories/scorers/judge.html", context)


@require_safe
@view_scorers
@vary_on_headers("HX-Request")
def scorer_judge_figure(request: HttpRequest, verifier: str) -> HttpResponseBase:
    """The reliability diagram of a model judge's grades."""
    _judge(verifier)
    quality = quality_of(verifier, Scorer.Labels.BOTH)
    figure = build_reliability(quality, about=verifier, definition=STORED, missing=NOTHING_GRADED)
    address = reverse("scorer_judge_figure", args=[verifier])
    return _figure(request, FigureSlot("judge", TITLE, address), figure, verifier, verifier=verifier)


def _figure(request: HttpRequest, slot: FigureSlot, figure: Figure, about: str, **named: Any) -> HttpResponseBase:
    if request.GET.get("format") == "csv":
        headers = {"Content-Disposition": f'attachment; filename="{slot.name}-reliability.csv"'}
        return StreamingHttpResponse(csv_lines(figure), content_type="text/csv; charset=utf-8", headers=headers)
    context = {**figure_context(slot, figure), "about": about, **named}
    template = "insights/_figure" if wants_fragment(request) else "scorers/figure"
    return render(request, f"trajectories/{template}.html", context)


def _scorer(scorer_id: int) -> Scorer:
    try:
        return get_scorer(scorer_id)
    except Scorer.DoesNotExist as fault:
        raise Http404("There is no such scorer.") from fault


def _judge(verifier: str) -> None:
    if verifier not in list_judges():
        raise Http404("There is no such model judge, or it has graded nothing.")


def _quality(scorer: Scorer) -> Quality | None:
    return Quality.from_json(scorer.quality) if scorer.quality else None


def _telling(scorer: Scorer) -> list[tuple[str, float | None, float | None]]:
    """(what it is, the AUC that it has alone, its weight) of the most telling numbers."""
    titles = {**number_titles(scorer.kind, votes=True), **EARLIER_STEP_NUMBERS}
    told = scorer.learnt.get("telling", ())[:MOST_TELLING]
    return [(titles.get(name, name), alone, weight) for name, alone, weight in told]
