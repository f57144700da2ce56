"""Figures of agreement as people read them: value and interval, or that there is none and why."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from trajectories.core.curation.agreement import Coefficient

register = template.Library()

DEFINITIONS = {
    "percent": "Percent agreement: the share of pairs of decisions on one item that are equal, in the mean over items. "
    "It says nothing of how much agreement chance alone would give.",
    "cohen": "Cohen’s kappa: agreement of two people beyond what their own shares of accepting would give by chance. "
    "1 is perfect, 0 is chance. Misleads where nearly everything is accepted: see AC1.",
    "fleiss": "Fleiss’ kappa: like Cohen’s for any number of people, with one share of accepting for all. "
    "Misleads where nearly everything is accepted: see AC1.",
    "alpha": "Krippendorff’s alpha (nominal): 1 minus disagreement seen by disagreement expected. "
    "Any number of people, gaps allowed; 0.8 and more is usually called reliable.",
    "ac1": "Gwet’s AC1: agreement beyond chance that stays meaningful where nearly everything gets the same decision.",
    "interval": "The interval holds 95 % of what comes out when the items are drawn anew, with replacement.",
    "wilson": "The interval of 95 % by Wilson (1927).",
    "reliability": "The chance that this person’s decision is the true one, estimated from everybody’s decisions by "
    "the model of Dawid and Skene (1979); no answer needs to be known.",
    "agreement": "How often another person’s decision on the same trace is the same.",
    "median": "The median time from opening the page to the decision, where the page told it.",
    "reason_rejected": "Of other people’s decisions on traces rejected for this reason: how many rejected too.",
    "reason_same": "Of other people’s decisions on traces rejected for this reason: how many named it as well.",
    "strength": "Bradley and Terry (1952), a tie half a win for each: of two whose strengths differ by 1, the stronger "
    "wins 73 % of the comparisons; 0 is the mean.",
    "strength_interval": "Holds 95 % of what comes out when the comparisons are drawn anew, with replacement.",
    "gold": "Gold items have a known decision and look like any other. The share that was answered rightly; training "
    "items, after which one is told what was right, are left out. The interval is Wilson’s, 95 %.",
    "unchanged": "Of the decisions with a suggestion shown: how many are exactly what was suggested, reason included. "
    "Wilson’s interval, 95 %.",
    "followed": "Of the decisions with a suggestion shown: how many decide as suggested, whatever the reason.",
    "unseen": "The control: one item in ten went without its suggestion. How many of those decisions are what would "
    "have been suggested, though nobody saw it.",
    "bias": "How much more often people decide as suggested where they are shown it than in the control. Around 0 they "
    "decide for themselves; the more above, the more they go along. Newcombe’s interval, 95 %.",
    "chance": "The chance that accepting is right, by the model of Dawid and Skene: who is reliable weighs more.",
}
"""What each figure means, shown on hovering and on focus."""


@register.simple_tag
def term(name: str, word: str) -> SafeString:
    """A word whose definition shows on hovering and to screen readers."""
    return format_html('<abbr class="term" tabindex="0" title="{}">{}</abbr>', DEFINITIONS[name], word)


@register.simple_tag
def figure(found: Coefficient | None, kind: str = "coefficient") -> SafeString:
    """A figure with its interval; "undefined" with the reason where there is none.

    `kind` is coefficient; percent, or share for one whose interval is Wilson's; or points, a difference of shares.
    """
    if found is None:
        return format_html('<span class="muted" title="{}">–</span>', "Defined for two people only.")
    if found.value is None:
        spoken = format_html('<span class="visually-hidden">: {}</span>', found.why)
        told = '<span class="muted undefined" tabindex="0" title="{}">undefined{}</span>'
        return format_html(told, found.why, spoken)
    value = _written(found.value, kind)
    if found.low is None or found.high is None:
        why = found.why or "Too few resamples have a value for an interval."
        return format_html(
            '<strong class="figure">{}</strong> <span class="muted small" title="{}">no interval</span>', value, why
        )
    return format_html(
        '<strong class="figure">{}</strong> <span class="muted small nowrap" title="{}">{} to {}</span>',
        value,
        f"{DEFINITIONS['interval'] if kind != 'share' else DEFINITIONS['wilson']} {found.n:,} items.",
        _written(found.low, kind),
        _written(found.high, kind),
    )


def _written(value: float, kind: str) -> str:
    if kind in ("percent", "share"):
        return f"{100 * value:.0f}%"
    if kind == "points":
        return f"{100 * value:+.0f}".replace("-0", "0").replace("+0", "0").replace("-", "−") + " points"
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


@register.filter
def shade(found: Coefficient) -> str:
    """The shade of a cell of the matrix by a share: 1 for the least agreement to 5 for nearly all."""
    return "" if found.value is None else str(min(5, 1 + int(5 * max(0.0, found.value))))


@register.filter
def at(mapping: Mapping[Any, Any], key: Any) -> Any:
    """What a mapping holds for a key; None for nothing."""
    return mapping.get(key)
