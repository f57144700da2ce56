"""Write the files of a release to a folder from the command line, here and now."""

import json
import tempfile
import zipfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trajectories.adapters.files import write_whole
from trajectories.core.exporters import CONTAINER_WORDS, EXPORTERS, Arguments, Container, Pairing, Thoughts
from trajectories.core.exporters.trainers import TEMPLATES
from trajectories.models import Release, ReleaseTag
from trajectories.selectors.release_changes import withdrawn_of
from trajectories.services.releases.exports import (
    ExportError,
    Wanted,
    export_beside,
    export_filename,
    splits_together,
    unsaved_export,
)
from trajectories.services.releases.writing import ExportWriter, RowsError


class Command(BaseCommand):
    help = "Write a release as files that trainers read, with what to put beside them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("release", help="the id of a release, or a tag such as prod")
        parser.add_argument("--format", default=next(iter(EXPORTERS)), choices=[*EXPORTERS], help="%(default)s")
        parser.add_argument(
            "--container", default="", choices=[*CONTAINER_WORDS], help="by default what the format recommends"
        )
        parser.add_argument(
            "--template", default="", choices=[*TEMPLATES], help="thoughts and arguments as a trainer reads them"
        )
        parser.add_argument("--thoughts", default="", choices=[*Thoughts], help="instead of the template's")
        parser.add_argument("--arguments", default="", choices=[*Arguments], help="instead of the template's")
        parser.add_argument("--meta", action="store_true", help="a column that says where each row comes from")
        parser.add_argument("--longest", type=float, metavar="RATIO", help="pairs: longer answer over shorter one")
        parser.add_argument("--most", type=int, default=Pairing().most, metavar="N", help="pairs of a problem")
        parser.add_argument("--rewrite", action="store_true", help="pairs across prompts, under the problem's own")
        parser.add_argument("--output", type=Path, default=Path(), metavar="FOLDER", help="where to (here)")

    def handle(self, *_: Any, **options: Any) -> None:
        """Raises CommandError for a release that is not there, and for what cannot be written."""
        release = _release(options["release"])
        if options["most"] < 1 or (options["longest"] is not None and options["longest"] < 1):
            raise CommandError("Pairs: found a number below 1, expected 1 or more.")
        pairing = Pairing(options["longest"], options["most"], options["rewrite"])
        names = ("format", "container", "template", "thoughts", "arguments")
        wanted = Wanted(**{name: options[name] for name in names}, with_meta=options["meta"], pairing=pairing)
        try:
            export = unsaved_export(release, wanted)
            writer = ExportWriter(export, options["output"], lambda _: None)
            file = options["output"] / export_filename(export)
            written = write_whole(file, writer.chunks())
        except (ExportError, RowsError) as fault:
            raise CommandError(str(fault)) from fault
        except OSError as fault:
            raise CommandError(f"{options['output']}: cannot be written ({fault.strerror or fault}).") from fault
        export.columns = writer.columns
        try:
            if export.container == Container.FOLDER:
                _unpack(file)
            for name, text in export_beside(export).items():
                self._put_beside(file, name, text.encode())
        except OSError as fault:
            raise CommandError(
                f"{file} is whole; what belongs beside it cannot be written ({fault.strerror or fault})."
            ) from fault
        self._tell(release, writer, file, written.sha256)
        if writer.rows and (together := splits_together(export)):
            self.stderr.write(together)

    def _put_beside(self, file: Path, name: str, content: bytes) -> None:
        """Put what belongs beside a file there. What another file put there under the same name is told, not kept."""
        beside = file.parent / name
        if beside.exists() and beside.read_bytes() != content:
            self.stderr.write(f"{beside}: it told of something else before, and tells of {file.name} now.")
        write_whole(beside, [content])

    def _tell(self, release: Release, writer: ExportWriter, file: Path, sha256: str) -> None:
        taken = f"{writer.rows:,} rows from {writer.taken:,} of {release.item_count:,} traces"
        self.stdout.write(f"{file}: {taken}")
        self.stdout.write(f"SHA-256 {sha256}")
        if not writer.rows and writer.asked.exporter.needs:
            self.stderr.write(f"No trace has a row in this format: it needs {writer.asked.exporter.needs}.")
        if withdrawn := withdrawn_of(release):
            traces = json.dumps([each.trace_id for each in withdrawn][:20])
            self.stderr.write(
                f"This release is superseded: {len(withdrawn)} of its traces were withdrawn since ({traces})."
            )


def _unpack(file: Path) -> None:
    """Unpack a zip into the folder of its name, each file in one step, once all of them are there. Raises OSError."""
    folder = file.with_suffix("")
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=f"{folder.name}.") as made:
        with zipfile.ZipFile(file) as archive:
            archive.extractall(made)
            names = archive.namelist()
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(made) / name).replace(folder / name)


def _release(given: str) -> Release:
    """The release of an id or a tag. Raises CommandError."""
    tagged = ReleaseTag.objects.filter(name=given).select_related("release").first()
    if tagged is not None:
        return tagged.release
    found = Release.objects.filter(pk=int(given)).first() if given.isdecimal() and len(given) < 19 else None
    if found is None:
        raise CommandError(f"Release: found {given!r}, expected the id of a release, or a tag that one has.")
    return found
