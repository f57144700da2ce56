"""The cells of a row in lists of traces. There are fifty rows on a page: each is plain text put together, as what is in
listing; a template took four times as long for it."""

from collections.abc import Callable, Mapping
from functools import cache, reduce
from operator import add
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from trajectories.core.problems.kinds import is_grids
from trajectories.models import Trace
from trajectories.templatetags.attempts import kind_badge, kind_meaning
from trajectories.templatetags.grids import thumbnail
from trajectories.templatetags.listing import answer_cell, moment, number, pairs_badge, seconds
from trajectories.templatetags.money import money
from trajectories.templatetags.shell import badge, icon, percent, query

register = template.Library()

HIDDEN = SafeString('<span class="muted" title="A queue hides it until you have decided">hidden</span>')
NEVER = SafeString('<p class="passage small muted">What was searched for stands further on in its text.</p>')
ANSWER_PIXELS = 48


@register.simple_tag(takes_context=True)
def trace_cells(context: template.Context, row: Trace) -> SafeString:
    """The box to tick, the trace itself and then the columns of the list, each as a cell."""
    columns = (CELLS[heading.word](context, row) for heading in context["list"].headings)
    return reduce(add, columns, _box(row) + _name(context, row))


def _box(row: Trace) -> SafeString:
    return format_html(
        '<td class="pick"><input type="checkbox" form="pick" name="pick" value="{}" aria-label="Choose trace {}"></td>',
        row.pk,
        row.pk,
    )


def _name(context: template.Context, row: Trace) -> SafeString:
    """Which problem and which trace, of which run, what is special about it, and the passage that was searched for."""
    run = SafeString("")
    if row.run is not None:
        link = f"{context['by_run']}{row.run_id}"
        run = format_html('<span class="wide-only"> · <a href="{}">{}</a></span>', link, row.run.title)
    return format_html(
        '<td><a class="row-target" href="{}{}">{}</a><br><span class="muted small">trace {}{}</span> {}{}{}</td>',
        *(_address(row.pk), context["where"], row.problem.name, row.pk, run),
        *(_edit(row), _kind(row), _passage(context, row)),
    )


def _address(trace_id: int) -> str:
    """The page of a trace."""
    return _any_address().replace("/0/", f"/{trace_id}/")


@cache
def _any_address() -> str:
    return reverse("trace_detail", args=[0])


def _edit(row: Trace) -> SafeString:
    return render_to_string("trajectories/repairs/_badge.html", {"trace": row}) if row.is_edited else SafeString("")


def _kind(row: Trace) -> SafeString:
    if row.hinted:
        meaning = kind_meaning("hinted")
        return format_html('<span class="badge error" title="{}">{}hinted</span>', meaning, icon("warning"))
    return kind_badge(row.attempt.kind) if row.attempt is not None else SafeString("")


def _passage(context: template.Context, row: Any) -> SafeString:
    passage = row.passage
    if passage is None:
        return NEVER if context["scope"].text else SafeString("")
    pieces = ((format_html("<mark>{}</mark>", piece) if is_hit else piece,) for piece, is_hit in passage.pieces)
    return format_html(
        '<p class="passage small">{}{}{}</p>',
        "… " if passage.is_cut_before else "",
        format_html_join("", "{}", pieces),
        " …" if passage.is_cut_after else "",
    )


def _answer(context: template.Context, row: Trace) -> SafeString:
    given = row.given
    if not is_grids(row.problem.kind):
        return format_html('<td class="answer">{}</td>', answer_cell(given))
    first = given[0] if given and isinstance(given, list) else ""
    return format_html('<td class="answer">{}</td>', thumbnail(context, first, size=ANSWER_PIXELS, label="Answer"))


def _verdict(_: template.Context, row: Trace) -> SafeString:
    return format_html("<td>{}</td>", HIDDEN if row.veiled_verdicts else badge(row.correctness))


def _pairs(_: template.Context, row: Trace) -> SafeString:
    shown = HIDDEN if row.veiled_verdicts else SafeString('<span class="muted">–</span>')
    if row.train_total:
        shown = pairs_badge(row.train_passed or 0, row.train_total)
    if row.train_total and row.train_error:
        title = "Train error: the mean share of wrong cells on the training pairs"
        off = percent(row.train_error, 1)
        shown += format_html('<br><span class="muted small" title="{}">{} off</span>', title, off)
    return format_html('<td class="wide-only">{}</td>', shown)


def _decision(context: template.Context, row: Any) -> SafeString:
    if not row.shown_decision:
        told = "not by you" if context["own"] else "not reviewed"
        return format_html('<td><span class="muted">{}</span></td>', told)
    dispute = SafeString("")
    if row.shown_dispute:
        title = "Some accept it, some reject it"
        dispute = format_html('<br><span class="badge error" title="{}">{}disputed</span>', title, icon("warning"))
    return format_html("<td>{}{}</td>", badge(row.shown_decision), dispute)


def _sampler(_: template.Context, row: Trace) -> SafeString:
    shown: str = row.sampler.title if row.sampler is not None else ""
    if row.is_edited:
        shown = f"Human edit of {row.parent_id}"
    told = row.instruction
    by = SafeString("")
    if told is not None:
        words = f"{told.view} view" if told.view else told.title
        by = format_html('<br><span class="muted small">{}</span>', words)
    return format_html('<td class="wide-only">{}{}</td>', HIDDEN if row.veiled_sampler else shown, by)


def _tags(context: template.Context, row: Any) -> SafeString:
    links = ((query(context, tag=tag, before=None, after=None), tag) for tag in row.shown_tags)
    shown = format_html_join(" ", '<a class="chip" href="{}">{}</a>', links)
    return format_html('<td class="wide-only">{}</td>', shown)


def _temperature(_: template.Context, row: Trace) -> SafeString:
    told = str(row.temperature) if row.says_temperature else "–"
    return _figure(HIDDEN if row.veiled_sampler else told)


def _program(_: template.Context, row: Any) -> SafeString:
    if not row.program_characters:
        return _figure(SafeString('<span class="muted">none</span>'))
    return _figure(format_html('{}<span class="muted small"> chars</span>', number(row.program_characters)))


def _cost(_: template.Context, row: Trace) -> SafeString:
    if row.veiled_sampler:
        return _figure(HIDDEN)
    return _figure(SafeString('<span class="muted">unknown</span>') if row.cost is None else money(row.cost))


def _figure(shown: str) -> SafeString:
    return format_html('<td class="num wide-only">{}</td>', shown)


CELLS: Mapping[str, Callable[[template.Context, Any], SafeString]] = {
    "answer": _answer,
    "verdict": _verdict,
    "pairs": _pairs,
    "decision": _decision,
    "sampler": _sampler,
    "tags": _tags,
    "temperature": _temperature,
    "program": _program,
    "tokens": lambda _, row: _figure(number(row.output_tokens) if row.says_tokens else "–"),
    "cost": _cost,
    "seconds": lambda _, row: _figure(seconds(row.latency_seconds) if row.says_seconds else "–"),
    "sampled": lambda _, row: format_html('<td class="nowrap wide-only">{}</td>', moment(row.created_at)),
}
"""By the word of the column, see selectors.traces."""
