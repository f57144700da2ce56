"""What every page is put together from: icons, badges, bars, navigation, preferences, addresses, keys of forms."""

import uuid
from functools import cache, lru_cache
from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import resolve, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from trajectories.adapters.acting import FIRST, acting_project
from trajectories.core.rendering.preferences import CHOICES, Preferences, read_preferences
from trajectories.selectors.disk import disk_trouble
from trajectories.selectors.projects import choices_of

register = template.Library()

AREAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Home": ("home", ("mentions", "account", "people", "projects", "invitations", "api", "tokens", "webhooks")),
    "Problems": (
        "problem_list",
        ("problems", "imports", "procedural", "worlds", "generation", "candidates", "briefs", "grids"),
    ),
    "Samplers": ("sampler_list", ("samplers", "instructions")),
    "Runs": ("run_list", ("runs", "minds", "ask")),
    "Traces": (
        "trace_list",
        ("traces", "threads", "reviews", "judging", "rubrics", "reverifications", "comparisons", "segmentations"),
    ),
    "Queues": ("queue_list", ("queues",)),
    "Quality": ("quality", ("quality", "adjudications")),
    "Insights": ("insights", ("insights",)),
    "Releases": ("release_list", ("releases", "exports", "deliveries", "files")),
    "Campaigns": ("campaign_list", ("campaigns", "trainings", "scorers")),
    "Jobs": ("job_list", ("jobs", "spend")),
}
"""By title: the name of an area's first page, and the first parts of all addresses that belong to it."""

RARE_AREAS: dict[str, tuple[tuple[str, str], ...]] = {
    "Problems": (
        ("Import problems", "problem_import"),
        ("Import traces", "trace_import"),
        ("Imports", "import_list"),
        ("References in doubt", "reference_list"),
        ("Procedural families", "procedural_list"),
        ("Worlds", "world_list"),
        ("Generation", "generation_list"),
        ("Candidates", "candidate_list"),
        ("Briefs", "brief_list"),
    ),
    "Models": (
        ("Ask", "ask_new"),
        ("Instructions", "instruction_list"),
        ("Model judges", "judge_job_list"),
        ("Rubrics", "rubric_list"),
        ("Verifying again", "reverification_list"),
        ("Trainings", "training_list"),
        ("Scorers", "scorer_list"),
    ),
    "Curation": (
        ("Reviews", "review_list"),
        ("Disputes", "adjudication_list"),
        ("Compare two traces", "comparison_next"),
        ("Ranking by comparisons", "comparison_ranking"),
        ("Mentions", "mention_list"),
        ("Saved views of traces", "saved_view_list"),
        ("Release rules", "release_rule_list"),
    ),
    "Insights": (
        ("Budget", "budget"),
        ("Compute-optimal", "optimal"),
        ("Run against run", "versus"),
        ("Worlds that change", "insight_worlds"),
        ("Verifier audit", "audit_index"),
    ),
    "Installation": (
        ("People and invitations", "people_list"),
        ("Spending", "spending"),
        ("Webhooks", "webhook_list"),
    ),
}
"""By heading of the menu: title and first page of the areas that are rarely gone to."""

PREFERENCE_TITLES = {
    "theme": "Theme",
    "palette": "Grid colours",
    "digits": "Digits in grids",
    "pace": "Accept and go on",
}
BADGES: dict[str, tuple[str, str, str]] = {
    "pass": ("pass", "check", "Pass"),
    "fail": ("fail", "cross", "Fail"),
    "unscored": ("unscored", "minus", "Unscored"),
    "error": ("error", "warning", "Error"),
    "": ("pending", "clock", "Unverified"),
    "pending": ("pending", "clock", "Pending"),
    "accepted": ("pass", "check", "Accepted"),
    "accept": ("pass", "check", "Accept"),
    "rejected": ("fail", "cross", "Rejected"),
    "reject": ("fail", "cross", "Reject"),
    "won": ("pass", "check", "Won"),
    "lost": ("fail", "cross", "Lost"),
    "tie": ("unscored", "minus", "Tie"),
    "withdraw": ("unscored", "undo", "Withdrawn"),
    "open": ("running", "play", "Open"),
    "closed": ("unscored", "stop", "Closed"),
    "draft": ("unscored", "pencil", "Draft"),
    "queued": ("pending", "clock", "Queued"),
    "leased": ("running", "play", "Sampling"),
    "running": ("running", "play", "Running"),
    "paused": ("unscored", "pause", "Paused"),
    "finished": ("pass", "check", "Finished"),
    "done": ("pass", "check", "Done"),
    "ready": ("pass", "check", "Ready"),
    "cancelled": ("unscored", "stop", "Cancelled"),
    "failed": ("fail", "cross", "Failed"),
    "refused": ("fail", "cross", "Refused"),
    "proposed": ("running", "play", "Being checked"),
    "duplicate": ("unscored", "copy", "Duplicate"),
    "invalid": ("error", "warning", "No problem"),
    "unsolvable": ("unscored", "cross", "No agreement"),
    "unchecked": ("error", "warning", "Could not be checked"),
    "waiting": ("accent", "clock", "Waiting for review"),
}
"""(CSS class, icon, word) by state, outcome or decision as stored."""


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """One symbol of icons/sprite.svg, as large as the text beside it; say what it means in words next to it."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("trajectories/icons/sprite.svg"), name
    )


@register.simple_tag
@lru_cache(maxsize=512)
def badge(state: str, word: str = "") -> SafeString:
    """An outcome, state or decision as icon and word: never by colour alone. `word` replaces the usual word."""
    css, symbol, usual = BADGES.get(state, ("unscored", "minus", state))
    return format_html('<span class="badge {}">{}{}</span>', css, icon(symbol), word or usual)


@register.simple_tag
def mark(state: str) -> SafeString:
    """An outcome as its icon alone, with the word for screen readers and on hovering."""
    css, symbol, word = BADGES.get(state, ("unscored", "minus", state))
    spoken = format_html('<span class="visually-hidden">{} </span>', word)
    return format_html('<span class="tally {}" title="{}">{}{}</span>', css, word, icon(symbol), spoken)


@register.simple_tag
def tally(state: str, count: int) -> SafeString:
    """How many had this outcome, as icon and number, with the word for screen readers and on hovering."""
    css, symbol, word = BADGES.get(state, ("unscored", "minus", state))
    spoken = format_html('<span class="visually-hidden"> {}</span>', word.lower())
    return format_html(
        '<span class="tally {}" title="{} {}">{}{}{}</span>', css, count, word, icon(symbol), count, spoken
    )


@register.simple_tag
def share_bar(part: float, whole: float, kind: str = "accent", label: str = "") -> SafeString:
    """A bar filled to part / whole; empty where there is nothing to divide by. `kind` is accent, pass, fail or muted.

    The numbers belong beside it in words: the bar is hidden from screen readers unless it has a `label`.
    """
    percent = 0.0 if not whole else max(0.0, min(100.0, 100.0 * part / whole))
    described = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="bar bar-{}" {}><rect width="{}%" height="100%"/></svg>', kind, described, f"{percent:.2f}"
    )


@register.filter
def percent(part: float | None, whole: float | None) -> str:
    """`part|percent:whole` as a whole number of percent; a dash where there is nothing to divide by."""
    if part is None or not whole:
        return "–"
    share = 100 * part / whole
    if 0 < share < 1:
        return "<1%"
    return f"{99 if 99 < share < 100 else round(share)}%"


@register.simple_tag
def full_disk() -> str:
    """One sentence where the disk is as good as full, else nothing."""
    return disk_trouble()


@register.simple_tag(takes_context=True)
def preferences(context: template.Context) -> Preferences:
    """The looks the visitor has chosen; the usual ones on pages made without a request (server errors)."""
    request = context.get("request")
    return read_preferences(request.COOKIES if request else {})


@register.simple_tag(takes_context=True)
def preference_switches(context: template.Context) -> list[dict[str, Any]]:
    """What the user menu offers: field, title and options with the current one marked."""
    current = preferences(context)
    return [
        {
            "field": field,
            "title": PREFERENCE_TITLES[field],
            "options": [(value, title, getattr(current, field) == value) for value, title in options.items()],
        }
        for field, options in CHOICES.items()
    ]


@cache
def _first_page(name: str) -> str:
    """The address of an area, which has no parameters."""
    return reverse(name)


@lru_cache(maxsize=1_000)
def _needed_at(address: str) -> tuple[str, ...]:
    """The permissions that the page at an address asks for: some forty addresses are looked at for each page."""
    return tuple(getattr(resolve(address).func, "needed_permissions", ()))


def may_open(person: User | AnonymousUser, address: str) -> bool:
    """Whether a person has the permissions that the page at an address asks for."""
    return person.has_perms(_needed_at(address))


@register.simple_tag(takes_context=True)
def navigation(context: template.Context) -> list[tuple[str, str, str]]:
    """(title, address, value of aria-current) of the areas that the visitor may open.

    The value is "page" on the area's first page, "true" elsewhere in it, else empty. `area` in the context is the first
    part of another address, whose area a page belongs to instead.
    """
    request: HttpRequest | None = context.get("request")
    person = getattr(request, "user", None) or AnonymousUser()
    path = request.path if request else ""
    first = context.get("area") or path.strip("/").partition("/")[0]
    found = []
    for title, (name, parts) in AREAS.items():
        address = _first_page(name)
        if may_open(person, address):
            found.append((title, address, "page" if path == address else "true" if first in parts else ""))
    return found


@register.simple_tag(takes_context=True)
def project_choices(context: template.Context) -> dict[str, Any]:
    """The projects that the visitor can go to (`projects`) and the one that they are in (`here`); empty where there are
    not two: nobody has to know of projects who has one."""
    request: HttpRequest | None = context.get("request")
    person = getattr(request, "user", None)
    found = choices_of(person) if isinstance(person, User) else []
    here = next((project for project in found if project.pk == acting_project()), None)
    return {"projects": found, "here": here} if here else {}


@register.simple_tag
def project_mark() -> str:
    """What tells the visitor of one project from the same person in another one, for what a browser keeps."""
    return "" if acting_project() == FIRST else f"-{acting_project()}"


@register.simple_tag(takes_context=True)
def rare_areas(context: template.Context) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """(heading, [(title, address, whether it is this page)]) of the rarer areas that the visitor may open."""
    request: HttpRequest | None = context.get("request")
    person = getattr(request, "user", None) or AnonymousUser()
    path = request.path if request else ""
    found: list[tuple[str, list[tuple[str, str, bool]]]] = []
    if not person.has_perm("trajectories.view_problem"):
        return found  # without a role there is nothing to go to
    for heading, areas in RARE_AREAS.items():
        places = [(title, _first_page(name)) for title, name in areas]
        open_to_them = [(title, address, path == address) for title, address in places if may_open(person, address)]
        if open_to_them:
            found.append((heading, open_to_them))
    return found


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """The current address's query with some parameters changed; None or an empty text takes one out. Where the page is
    that of another address (a form of it was posted and refused), `page_address` in the context says which.

    `<a href="{% query sort='name' after=None %}">`
    """
    parameters = context["request"].GET.copy()
    for key, value in changes.items():
        if value is None or value == "":
            parameters.pop(key, None)
        else:
            parameters[key] = str(value)
    address = context.get("page_address", "") if context["request"].method == "POST" else ""
    return f"{address}?{parameters.urlencode()}"


@register.simple_tag
def fresh_key() -> str:
    """A key by which what is sent twice counts once, for a field that a service reads."""
    return str(uuid.uuid4())


@register.simple_tag
def form_key() -> SafeString:
    """The hidden field by which a form that is sent twice counts once, see views.submissions."""
    return format_html('<input type="hidden" name="form_key" value="{}">', uuid.uuid4())
