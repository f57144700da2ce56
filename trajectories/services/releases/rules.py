"""Storing release rules: each save is a new version, and none is ever changed."""

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model
from django.utils.text import slugify

from trajectories.core.faults import Fault
from trajectories.core.releases.rules import Rule
from trajectories.models import AuditEvent, ProblemSet, ReleaseRule, Run, Sampler
from trajectories.selectors.release_rules import scope_of
from trajectories.services.locks import take_turn

LONGEST_TITLE = 80


def check_rule(rule: Rule) -> None:
    """Raise Fault, with the field, where a rule names a filter, problem set, run or sampler that is not there."""
    scope_of(rule.source)
    named: list[tuple[str, type[Model], tuple[int, ...]]] = [
        ("source.problem_sets", ProblemSet, rule.source.problem_sets),
        ("source.runs", Run, rule.source.runs),
        ("source.samplers", Sampler, rule.source.samplers),
        ("decontamination.problem_sets", ProblemSet, rule.decontamination.problem_sets),
    ]
    for where, model, keys in named:
        known = set(model._default_manager.filter(pk__in=keys).values_list("pk", flat=True)) if keys else set()
        if missing := sorted(set(keys) - known):
            noun = model._meta.verbose_name
            raise Fault(f"{where}: found {missing[0]}, expected the id of a {noun} that is there.", field=where)


@transaction.atomic
def save_rule(
    *, actor: User | None, title: str, rule: Rule, of: ReleaseRule | None = None, cloned_from: ReleaseRule | None = None
) -> ReleaseRule:
    """Store a rule: as the next version of `of`, or under a name of its own, made of `cloned_from` perhaps.

    A rule and a title that are those of the newest version already make no new one. Raises Fault.
    """
    title = title.strip()
    if not 0 < len(title) <= LONGEST_TITLE:
        raise Fault(f"title: found {len(title)} characters, expected 1 to {LONGEST_TITLE}.", field="title")
    check_rule(rule)
    take_turn("release rule")
    newest = ReleaseRule.objects.filter(name=of.name).order_by("-version").first() if of is not None else None
    if newest is not None and (newest.rule_hash, newest.title) == (rule.hash, title):
        return newest
    saved = ReleaseRule.objects.create(
        name=newest.name if newest is not None else _free_name(title),
        version=newest.version + 1 if newest is not None else 1,
        title=title,
        rule=rule.as_json(),
        rule_hash=rule.hash,
        cloned_from=None if newest is not None else cloned_from,
        created_by=actor,
    )
    AuditEvent.objects.create(
        actor=actor,
        verb="release_rule.save",
        object_type="releaserule",
        object_id=saved.pk,
        data={"name": saved.name, "version": saved.version, "sha256": saved.rule_hash},
    )
    return saved


def _free_name(title: str) -> str:
    """A name made of a title that no rule has yet."""
    stem = slugify(title)[:70] or "rule"
    taken = set(ReleaseRule.objects.filter(name__startswith=stem).values_list("name", flat=True))
    names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)
