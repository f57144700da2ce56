"""Freeze a release by a rule from the command line, here and now."""

import json
import uuid
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trajectories.core.faults import Fault
from trajectories.core.releases.rules import Rule
from trajectories.management.arguments import title
from trajectories.models import Freezing, Release, ReleaseRule
from trajectories.selectors.release_rules import Funnel, rule_versions
from trajectories.services.jobs.steering import JobError
from trajectories.services.releases.freezing import Order, freeze_here
from trajectories.services.releases.tags import check_tag, move_tag


class Command(BaseCommand):
    help = "Freeze what a release rule takes, and print the funnel and the release; with --try, freeze nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        given = parser.add_mutually_exclusive_group(required=True)
        given.add_argument("--rule", metavar="NAME", help="a stored rule, in its newest version")
        given.add_argument("--file", type=Path, metavar="RULE.json", help="a rule as its page shows it as JSON")
        parser.add_argument(
            "--version-of-rule", dest="rule_version", type=int, metavar="N", help="instead of the newest"
        )
        parser.add_argument("--title", type=title, help="by default the rule's title")
        parser.add_argument("--notes", default="", metavar="TEXT", help="what is in it and why")
        parser.add_argument(
            "--tag", action="append", default=[], metavar="NAME", help="a tag to move to it, such as latest"
        )
        parser.add_argument("--try", dest="trial", action="store_true", help="only say what the rule takes and removes")

    def handle(self, *_: Any, **options: Any) -> None:
        """Raises CommandError for a rule that is not there, is wrong, or takes nothing."""
        named, rule = _rule(options)
        wanted = options["title"] or (named.title if named is not None else options["file"].stem)
        order = Order(wanted, rule, named, options["notes"], trial=options["trial"])
        try:
            for name in options["tag"]:
                check_tag(name)
            job = freeze_here(actor=None, order=order, key=uuid.uuid4())
        except (JobError, Fault) as fault:
            raise CommandError(str(fault)) from fault
        if job.state != Freezing.State.FINISHED:
            raise CommandError(job.reason or "A worker freezes this release; its page says how far it is.")
        self._tell(job)
        if job.release is not None:
            self._tag(job.release, options["tag"])

    def _tell(self, job: Freezing) -> None:
        funnel = Funnel.from_json(job.funnel)
        self.stdout.write(f"{'All traces':<40}{'':>12}{funnel.total:>12,}")
        for line in funnel.lines:
            self.stdout.write(f"{line.title:<40}{-line.removed:>12,}{line.left:>12,}")
        if job.release is not None:
            self.stdout.write(f"Release {job.release.pk}: {job.release.title}, {job.release.item_count:,} traces")
            self.stdout.write(f"SHA-256 {job.release.content_hash}")

    def _tag(self, release: Release, names: list[str]) -> None:
        for name in names:
            move_tag(actor=None, release=release, name=name)
            self.stdout.write(f"Tagged {name}")


def _read(file: Path) -> Rule:
    """The rule in a file. Raises CommandError."""
    try:
        given = json.loads(file.read_text(encoding="utf-8"))
    except OSError as fault:
        raise CommandError(f"{file}: cannot be read ({fault.strerror}).") from fault
    except (ValueError, RecursionError) as fault:
        raise CommandError(f"{file}: found no JSON, expected a release rule as its page shows it.") from fault
    try:
        return Rule.from_json(given)
    except Fault as fault:
        raise CommandError(f"{file}: {fault}") from fault


def _rule(options: dict[str, Any]) -> tuple[ReleaseRule | None, Rule]:
    """The stored rule, if it is one, and the rule that is asked for. Raises CommandError."""
    if options["file"] is not None:
        return None, _read(options["file"])
    versions = rule_versions(options["rule"])
    if options["rule_version"] is not None:
        versions = versions.filter(version=options["rule_version"])
    named = versions.first()
    if named is None:
        known = ", ".join(sorted(set(ReleaseRule.objects.values_list("name", flat=True)))[:20]) or "none is stored yet"
        raise CommandError(f"--rule: found {options['rule']!r}, expected the name of a stored rule ({known}).")
    return named, Rule.from_json(named.rule)
