"""`manage.py import_traces`: traces sampled elsewhere, from files of many shapes."""

import threading
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from trajectories.adapters.acting import carried
from trajectories.adapters.uploads import shown_path
from trajectories.core.faults import Fault
from trajectories.core.importers.mapped_rows import FIELDS, check_places
from trajectories.core.problems import Crossing
from trajectories.core.records import JSON
from trajectories.management.crossings import warn_of_crossings
from trajectories.models import JOB_KINDS, Import
from trajectories.selectors.imports import import_faults
from trajectories.services.imports.archives import import_archive
from trajectories.services.imports.local_files import plan_files, work_here
from trajectories.services.imports.writing import set_target

TELL_SECONDS = 5.0


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

        parser.add_argument(
            "--copy", action="store_true", help="copy the files into the data folder, where workers elsewhere read them"
        )
        parser.add_argument(
            "--no-wait", action="store_true", help="leave the import to the workers, in place of doing it here and now"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        paths: list[Path] = options["paths"]
        actor = self._actor(options["adopt_reviews_as"])
        named = [(shown_path(path), path) for path in paths]
        try:
            if options["archive"]:
                with ExitStack() as stack:
                    self._restore(actor, [(name, stack.enter_context(path.open("rb"))) for name, path in named])
                return
            job = plan_files(
                actor=actor,
                files=named,
                options={
                    "on_fault": "skip" if options["skip_bad"] else "all_or_nothing",
                    "adopt_reviews": actor is not None,
                    "places": _places(options["field"]),
                    "model": options["model"].strip(),
                    **_making(options["make_problems"], options["split"], named),
                },
                copies=options["copy"],
                rings=options["no_wait"],
            )
        except OSError as fault:
            raise CommandError(f"{shown_path(Path(fault.filename))}: cannot be read: {fault.strerror}") from fault
        address = JOB_KINDS["import"].address(job.pk)
        if options["no_wait"]:
            self.stdout.write(f"import {job.pk} is queued: {address}")
            return
        try:
            with Progress(job.pk, self.stderr.write):
                job = work_here(job.pk)
        except KeyboardInterrupt as stop:
            text = f"import {job.pk} is stopped; the same command, or a worker that sees its files, goes on with it"
            raise CommandError(text) from stop
        self._tell(job)
        self.stdout.write(f"import {job.pk}: {address}")

    def _tell(self, job: Import) -> None:
        """Say what came of an import. Raises CommandError where it is nothing."""
        faults = import_faults(job)
        for found in faults:
            self.stderr.write(str(found))
        if job.fault_count > len(faults):
            self.stderr.write(f"... and {job.fault_count - len(faults):,} more")
        if job.state == Import.State.REFUSED and job.options["on_fault"] == "skip":
            raise CommandError(f"{job.fault_count:,} bad, and nothing good to import")
        if job.state == Import.State.REFUSED:
            raise CommandError(f"{job.fault_count:,} bad, so nothing was imported; --skip-bad imports the rest")
        if job.state != Import.State.FINISHED:
            raise CommandError(f"import {job.pk} is {job.state}. {job.reason}".strip())
        said = f"{job.inserted:,} new, {job.duplicates:,} known already, {job.fault_count:,} bad"
        names = {"of these sampled here": "sampled_here", "problems made": "problems"}
        names |= {"scores of the file": "verdicts", "reviews": "reviews"}
        counts = {what: job.told.get(name, 0) for what, name in names.items()}
        for title, name in (("left out", "left_out"), ("columns not read", "unread")):
            if found_counts := job.told.get(name):
                told = ", ".join(f"{what} ({count:,})" for what, count in dict(found_counts).items())
                self.stderr.write(f"{title}: {told}")
        if job.crossing_count:
            warn_of_crossings(self.stderr.write, job.crossing_count, [Crossing(*each) for each in job.crossings])
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


def _making(title: str | None, split: str, files: Sequence[tuple[str, Path]]) -> dict[str, JSON]:
    """The options of problems that are to be made. Raises CommandError for a title that makes no set."""
    if title is None:
        return {}
    try:
        set_target(title, ", ".join(name for name, _ in files)).check()
    except ValidationError as fault:
        raise CommandError(f"--make-problems {title}: {' '.join(fault.messages)}") from fault
    return {"make_problems": True, "set_title": title, "split": split}


class Progress:
    """Says every few seconds how far an import is, from the side."""

    def __init__(self, job_id: int, say: Callable[[str], Any]) -> None:
        self._job_id, self._say = job_id, say
        self._ended = threading.Event()
        self._thread = threading.Thread(target=carried(self._follow), name="progress", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _follow(self) -> None:
        try:
            while not self._ended.wait(TELL_SECONDS):
                job = Import.objects.filter(pk=self._job_id).only("state", "done", "total", "writing").first()
                if job is not None:
                    self._say(_how_far(job))
        finally:
            connection.close()


def _how_far(job: Import) -> str:
    """How far an import is, in one line."""
    if job.writing:
        return "everything is read and is being written"
    return f"{job.done / max(1, job.total):.0%} of {job.total / 1e6:,.0f} MB read ({job.state})"
