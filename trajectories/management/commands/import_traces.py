"""`manage.py import_traces`: traces sampled elsewhere, from files of many shapes."""

from argparse import ArgumentParser
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from trajectories.adapters.uploads import shown_path
from trajectories.core.faults import Fault
from trajectories.core.importers.mapped_rows import FIELDS, check_places
from trajectories.services.imports.archives import import_archive
from trajectories.services.imports.direct import Making, import_traces
from trajectories.services.imports.writing import set_target
from trajectories.services.traces.staging import Stated


class Command(BaseCommand):
    help = "Import traces sampled elsewhere (logs, batches, data sets); docs/imports.md has all that is read."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file of traces")
        parser.add_argument("--skip-bad", action="store_true", help="import the good rows even if some are bad")
        parser.add_argument(
            "--adopt-reviews-as", metavar="USER", help="let reviews in `full` rows decide, as USER's own"
        )

        parser.add_argument(
            "--make-problems", metavar="SET", help="make the problems that are not here, in the set of this title"
        )
        parser.add_argument("--split", choices=("train", "eval"), default="", help="the side of problems that are made")
        parser.add_argument(
            "--field",
            action="append",
            default=[],
            metavar="NAME=PATH",
            help=f"what is where in rows of no known shape, such as response=output.text; names: {', '.join(FIELDS)}",
        )
        parser.add_argument(
            "--model", default="", metavar="NAME", help="the model that sampled what rows without one have"
        )
        parser.add_argument(
            "--archive", action="store_true", help="the `full` rows of a release and its manifest.json, all of it"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        paths: list[Path] = options["paths"]
        actor = self._actor(options["adopt_reviews_as"])
        with ExitStack() as stack:
            try:
                files = [(shown_path(path), stack.enter_context(path.open("rb"))) for path in paths]
            except OSError as fault:
                raise CommandError(f"{shown_path(Path(fault.filename))}: cannot be read: {fault.strerror}") from fault
            if options["archive"]:
                self._restore(actor, files)
                return
            report = import_traces(
                actor=actor,
                files=files,
                on_fault="skip" if options["skip_bad"] else "all_or_nothing",
                adopt_reviews=actor is not None,
                stated=Stated(_places(options["field"]), options["model"].strip()),
                making=_making(options["make_problems"], options["split"], files),
            )
        for found in report.faults:
            self.stderr.write(str(found))
        if report.fault_count > len(report.faults):
            self.stderr.write(f"... and {report.fault_count - len(report.faults):,} more")
        if report.refused:
            raise CommandError(f"{report.fault_count:,} bad, so nothing was imported; --skip-bad imports the rest")
        if report.fault_count and not report.inserted + report.duplicates:
            raise CommandError(f"{report.fault_count:,} bad, and nothing good to import")
        said = f"{report.inserted:,} new, {report.duplicates:,} known already, {report.fault_count:,} bad"
        counts = {"problems made": report.problems, "scores of the file": report.verdicts, "reviews": report.reviews}
        for title, name in (("left out", "left_out"), ("columns not read", "unread")):
            if found_counts := report.told.get(name):
                told = ", ".join(f"{what} ({count:,})" for what, count in dict(found_counts).items())
                self.stderr.write(f"{title}: {told}")
        self.stdout.write(", ".join([said, *(f"{count:,} {what}" for what, count in counts.items() if count)]))

    def _restore(self, actor: User | None, files: Sequence[tuple[str, IO[bytes]]]) -> None:
        """Take in the archive of a release, or say what is wrong with it."""
        report = import_archive(actor=actor, files=files)
        for found in report.faults:
            self.stderr.write(str(found))
        if report.fault_count or report.release is None:
            raise CommandError(f"{report.fault_count:,} bad, so nothing of the archive was imported")
        known = "" if report.is_new else ", known already"
        new = f"{report.problems:,} problems and {report.traces:,} traces new, {report.known_traces:,} known already"
        self.stdout.write(f"{new}; release {report.release.pk} {report.release.content_hash[:10]}{known}")

    def _actor(self, name: str | None) -> User | None:
        """The person whose reviews the imported ones become; None where nobody is named."""
        if name is None:
            return None
        actor = User.objects.filter(username=name, is_active=True).first()
        if actor is None or not actor.has_perm("trajectories.add_review"):
            raise CommandError(f"--adopt-reviews-as {name}: found nobody of that name who may review traces")
        return actor


def _places(given: Sequence[str]) -> dict[str, str]:
    """What is where, of NAME=PATH. Raises CommandError."""
    places = dict(each.partition("=")[::2] for each in given)
    try:
        check_places(places)
    except Fault as fault:
        raise CommandError(f"--field: {fault}") from fault
    return places


def _making(title: str | None, split: str, files: Sequence[tuple[str, IO[bytes]]]) -> Making | None:
    """The problems that are to be made; None where none are. Raises CommandError for a title that makes no set."""
    if title is None:
        return None
    target = set_target(title, ", ".join(name for name, _ in files))
    try:
        target.check()
    except ValidationError as fault:
        raise CommandError(f"--make-problems {title}: {' '.join(fault.messages)}") from fault
    return Making(target, split)
