"""The page of an attempt while it is sampled: its steps and words as they come."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.core.text.markup import show_unprintable
from trajectories.models import Attempt, AttemptWatch
from trajectories.models.samplers import LANGUAGE_MODELS
from trajectories.selectors.blinding import Hidden, sight_of
from trajectories.selectors.watches import Seen, news_of
from trajectories.services.runs.watches import OPEN, watch_attempt
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs
from trajectories.views.shown.steps import show_alone


@require_safe
@needs("trajectories.view_run", "trajectories.view_trace")
@vary_on_headers("HX-Request")
def attempt_watch(request: HttpRequest, run_id: int, attempt_id: int) -> HttpResponse:
    """One attempt as far as it has come; the page of its trace once there is one.

    The page asks on with what it shows already, and gets what is new: steps are added behind those that are there.
    """
    attempts = Attempt.objects.select_related("run__sampler", "problem", "instruction", "trace")
    attempt = get_object_or_404(attempts, run=run_id, pk=attempt_id)
    is_fragment = wants_fragment(request)
    trace = getattr(attempt, "trace", None)
    # Where a queue hides whose the trace is, the way to it from here would tell.
    is_hidden = trace is not None and sight_of(request.user).hides(Hidden.SAMPLER, trace.pk)
    if trace is not None and not is_hidden and not is_fragment:
        return redirect("trace_detail", trace.pk)
    watch = watch_attempt(attempt=attempt) if attempt.state in OPEN else AttemptWatch(attempt=attempt)
    context = {
        "attempt": attempt,
        "run": attempt.run,
        "trace": None if is_hidden else trace,
        "watch": watch,
        "is_open": attempt.state in OPEN,
        "tells": attempt.run.sampler.kind in LANGUAGE_MODELS,
        "streams": attempt.run.sampler.is_streamed,
        "turns": (attempt.run.kept_plan.agent or {}).get("turns"),
        "seconds": None if watch.asked_at is None else (timezone.now() - watch.asked_at).total_seconds(),
        **_news(request, attempt, watch, is_fragment=is_fragment),
    }
    name = "_news" if is_fragment else "detail"
    return render(request, f"trajectories/watches/{name}.html", context)


def _news(request: HttpRequest, attempt: Attempt, watch: AttemptWatch, *, is_fragment: bool) -> dict[str, Any]:
    """What the page lacks, and in which words it asks for what comes next. An attempt that has ended changes nothing of
    what is on the screen."""
    if attempt.state not in OPEN:
        return {"news": None}
    names = ("take", "steps", "revision", "thoughts", "text")
    given = {name: read_key(request, name) for name in names} if is_fragment else {}
    news = news_of(watch, Seen(**{name: value for name, value in given.items() if value is not None}))
    told = (watch.take, len(watch.steps), watch.revision, len(watch.thoughts), len(watch.text))
    return {
        "news": news,
        "thoughts": show_unprintable(news.thoughts),
        "text": show_unprintable(news.text),
        "group": show_alone(attempt.problem.spec, news.steps, news.first) if news.steps else None,
        "seen": "&".join(f"{name}={value}" for name, value in zip(names, told, strict=True)),
    }
