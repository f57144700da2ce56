"""Names of verifiers and reasons, for people."""

from django import template

from trajectories.core.curation.reviews import REJECTION_REASONS
from trajectories.core.verifiers import VERIFIERS, consensus
from trajectories.core.verifiers.model_judge import GRADE, PREFERENCE, STEPS, is_model_verdict
from trajectories.core.verifiers.opinions import VALUES, is_scorer
from trajectories.models import Verdict
from trajectories.templatetags.durations import brief

register = template.Library()

ASKED = {GRADE: "graded", PREFERENCE: "preferred", STEPS: "steps"}


@register.filter
def verifier_title(name: str) -> str:
    """What a verifier looks at, which its outcome is said of; its bare name where it is no longer registered."""
    if name == consensus.NAME:
        return "Majority"
    if name.startswith(f"{VALUES}:"):
        return f"Values of steps, completed by {name.partition(':')[2]}"
    if is_scorer(name):
        return f"By learned scorer, {name.partition(':')[2]}"
    if is_model_verdict(name):
        form, _, rubric = name.partition(":")
        return f"By model judge, {ASKED.get(form, form)} for {rubric}"
    return VERIFIERS[name].title if name in VERIFIERS else name


@register.filter
def verifier_label(name: str) -> str:
    """The verifier in a word or two, where there is no room for what it asks."""
    return name.removeprefix("arc_").replace("_", " ")


@register.filter
def provenance(verdict: Verdict) -> str:
    """Which version of a verifier gave the verdict, what ran the program, and how long it took."""
    took = brief(verdict.seconds) if verdict.seconds else ""
    return ", ".join(part for part in (f"version {verdict.version}", verdict.engine, took) if part)


@register.filter
def reason_title(code: str) -> str:
    """A reason for rejection in words; its bare code where it is no longer offered."""
    return REJECTION_REASONS.get(code, code)
