"""Asking for exports and writing them. The table is the queue of record; a task only rings."""

import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from trajectories.adapters.disk import free_bytes, is_full
from trajectories.core.exporters import (
    DEFAULT_ARGUMENTS,
    DEFAULT_THOUGHTS,
    EXPORTERS,
    SUFFIXES,
    Arguments,
    Container,
    Pairing,
    Thoughts,
)
from trajectories.core.exporters.loading import (
    Loading,
    calls_as_text,
    load_folder,
    load_lines,
    load_table,
)
from trajectories.core.exporters.scripts import Script, is_trained_on, training_scripts
from trajectories.core.exporters.trainers import TEMPLATES, beside
from trajectories.core.records import JSON
from trajectories.models import AuditEvent, Export, Release
from trajectories.models.job_kinds import RETRY
from trajectories.selectors.clock import database_now
from trajectories.selectors.disk import NO_SPACE
from trajectories.services.jobs.leases import LEASE, MOST_CLAIMS, claim_job, lease_of, lost_of, release_job
from trajectories.services.jobs.outages import is_away
from trajectories.services.jobs.ringers import ring
from trajectories.services.jobs.steering import JobError, steer
from trajectories.services.releases.stores import file_folder, file_store
from trajectories.services.releases.writing import ExportWriter, RowsError

SHORT_ROWS = 500
"""An export of so many rows is written within a second or two."""

SPACE_RESERVE = 16 * 1024 * 1024
"""Once the disk was full, so much more has to be free before an export is tried again."""


class ExportError(JobError):
    """An export that cannot be asked for; the message says why."""


class _LeaseLostError(Exception):
    """Another writer has taken the export over."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of an export, by name. Empty thoughts, arguments and container are what the format recommends, or
    what `template` says (exporters.trainers).
    """

    format: str
    with_meta: bool = False
    thoughts: str = ""
    arguments: str = ""
    container: str = ""
    template: str = ""
    pairing: Pairing = field(default_factory=Pairing)


def stored_name(export: Export) -> str:
    """The name of an export's file in the store."""
    return f"export-{export.pk}.{SUFFIXES[Container(export.container)]}"


def export_path(export: Export) -> Path:
    """The path of an export's file, written or not. Only where finished files are kept in a folder of this machine."""
    return file_folder() / stored_name(export)


def export_filename(export: Export) -> str:
    """The name a download gets."""
    how = "" if export.thoughts in ("", DEFAULT_THOUGHTS) else f"-{export.thoughts}"
    how = "-thoughts-in-text" if is_older_than_parts(export) else how
    how += "-objects" if export.arguments == Arguments.OBJECTS else ""
    how += "".join(f"-{name}-{value:g}" for name, value in sorted(export.options.items()))
    how += "-meta" if export.with_meta else ""
    return f"release-{export.release_id}-{export.format}{how}.{SUFFIXES[Container(export.container)]}"


def export_loading(export: Export) -> Loading | None:
    """How the file of an export is loaded with `datasets`; None where its rows fit no typed columns, or there is none,
    which `datasets` refuses in every container.
    """
    if not export.rows_written:
        return None
    file = export_filename(export)
    if export.container == Container.PARQUET:
        return load_table(file)
    if export.container == Container.FOLDER:
        return load_folder(file)
    if export.columns is None or export.container == Container.JSON:
        return None
    return load_lines(export.columns, file=file, sha256=export.sha256)


def export_training(export: Export) -> tuple[Script, ...]:
    """Scripts that train on the file of an export for one step with trl; none where no trainer of it reads the file as
    it is: see `calls_hinder_training`.
    """
    loading = export_loading(export)
    if loading is None or calls_as_text(export.columns):
        return ()
    return training_scripts(export.format, loading)


def calls_hinder_training(export: Export) -> bool:
    """Whether trainers of trl would read the file but for the arguments of its tool calls, which are text: chat
    templates write them as JSON themselves.
    """
    return is_trained_on(export.format) and calls_as_text(export.columns)


def export_beside(export: Export) -> dict[str, str]:
    """What to put beside the file of an export for trainers that want configuration; a folder has it inside."""
    if export.container == Container.FOLDER:
        return {}
    return beside(export.format, export.thoughts, {"": [export_filename(export)]}, export.columns)


def splits_together(export: Export) -> str:
    """What to mind where one file has the rows of several splits, such as held-out ones, and no `meta` that tells them
    apart; "" where there is nothing to mind."""
    splits = [*export.release.manifest.get("counts", {}).get("splits", {})]
    exporter = EXPORTERS[export.format]
    if len(splits) < 2 or export.with_meta or export.container == Container.FOLDER or not exporter.is_table:
        return ""
    folder = "a folder has a file for each, and " * (Container.FOLDER in exporter.containers)
    return f"Rows of the splits {', '.join(splits)} are together in this file: {folder}with meta each row says its own."


def is_older_than_parts(export: Export) -> bool:
    """Whether a file was written when thoughts and answers were still one text; none is written so any more."""
    return export.thoughts == "" and EXPORTERS[export.format].writes_thoughts


def request_export(*, actor: User, release: Release, export_format: str, **ways: Any) -> Export:
    """See `request_file`; `ways` are those of Wanted, and JSON Lines where there are none."""
    exporter = EXPORTERS.get(export_format)
    lines = Container.JSONL if exporter is not None and Container.JSONL in exporter.containers else ""
    return request_file(actor=actor, release=release, wanted=Wanted(export_format, **{"container": lines, **ways}))


def _ways(wanted: Wanted) -> dict[str, Any]:
    """What is asked for as the row of an export has it. Raises ExportError for what is not known or does not fit."""
    _check("Format", wanted.format, [*EXPORTERS])
    exporter, template = EXPORTERS[wanted.format], None
    if wanted.template:
        _check("Template", wanted.template, [*TEMPLATES])
        template = TEMPLATES[wanted.template]
    _check("Thoughts", wanted.thoughts, ["", *Thoughts])
    _check("Arguments", wanted.arguments, ["", *Arguments])
    _check("Container", wanted.container, ["", *exporter.containers])
    thoughts = wanted.thoughts or (template.thoughts if template else DEFAULT_THOUGHTS)
    arguments = wanted.arguments or (template.arguments if template else DEFAULT_ARGUMENTS)
    # Objects have other keys from call to call: a typed column would give each the keys of all others.
    objects = exporter.writes_thoughts and arguments == Arguments.OBJECTS and Container.JSONL in exporter.containers
    container = Container(wanted.container or (Container.JSONL if objects else exporter.containers[0]))
    usual = asdict(Pairing())
    options = {name: value for name, value in asdict(wanted.pairing).items() if value != usual[name]}
    return {
        "thoughts": Thoughts(thoughts).value if exporter.writes_thoughts else "",
        "arguments": Arguments(arguments).value if exporter.writes_thoughts else "",
        "container": container.value,
        "with_meta": wanted.with_meta and container is not Container.JSON,
        "options": options if exporter.makes_pairs else {},
    }


def unsaved_export(release: Release, wanted: Wanted) -> Export:
    """An export that is in no list, for who writes its file here and now. Raises ExportError."""
    return Export(release=release, format=wanted.format, **_ways(wanted))


def _check(what: str, found: str, known: list[str]) -> None:
    if found not in known:
        raise ExportError(
            f"{what}: found {found[:40]!r}, expected one of {', '.join(filter(None, known))}.", field=what.lower()
        )


@transaction.atomic
def request_file(*, actor: User | None, release: Release, wanted: Wanted) -> Export:
    """The export of a release in one format, container and way to write rows: the one there is or a new one.

    One that failed or was cancelled, or whose file is gone, is queued again. Whatever is queued is rung for. Raises
    ExportError for an unknown format, container or way.
    """
    ways = _ways(wanted)
    export, made = Export.objects.select_for_update().get_or_create(
        release=release, format=wanted.format, **ways, defaults={"created_by": actor}
    )
    lost = export.state == Export.State.READY and not file_store().has(stored_name(export))
    if not made and not lost and export.state not in (Export.State.FAILED, Export.State.CANCELLED):
        Export.objects.filter(pk=export.pk).update(used_at=Now())
        if export.state == Export.State.QUEUED:
            ring("export", export.pk)
        return export
    if not made:
        export.state, export.error, export.claims, export.rows_written = Export.State.QUEUED, "", 0, 0
        export.space_needed, export.rung_at = None, database_now()
        export.save(update_fields=["state", "error", "claims", "rows_written", "space_needed", "rung_at"])
    AuditEvent.objects.create(
        actor=actor,
        verb="export.request",
        object_type="export",
        object_id=export.pk,
        data={"release": release.pk, "format": wanted.format, **ways},
    )
    ring("export", export.pk)
    return export


def rebuild_export(*, actor: User | None, job_id: int) -> Export:
    """Write the file of an export again, and ring for it; what is there is replaced by the same bytes once it is whole,
    and cannot be downloaded until then.

    Raises JobError while it waits or is written.
    """

    def begin_anew(held: Export) -> dict[str, JSON]:
        held.rows_written, held.space_needed = 0, None
        return {"release": held.release_id, "format": held.format, "with_meta": held.with_meta}

    export: Export = steer("export", RETRY, actor=actor, job_id=job_id, change=begin_anew)
    return export


def record_download(*, actor: User, export: Export) -> None:
    """Write down who took the file, and that it is in use; a download that goes on is not another one."""
    Export.objects.filter(pk=export.pk).update(used_at=Now())
    AuditEvent.objects.create(
        actor=actor,
        verb="export.download",
        object_type="export",
        object_id=export.pk,
        data={"sha256": export.sha256},
    )


def is_short(*, job_id: int) -> bool:
    """Whether the file of an export is written within a second or two."""
    return Export.objects.filter(pk=job_id, release__item_count__lte=SHORT_ROWS).exists()


def write_export(*, job_id: int) -> bool:
    """Write the file of an export that waits for it; whether this call did.

    Safe to run twice and at the same time: the row is claimed by a lease, and every writer writes the same bytes.
    What goes wrong is kept with the export as its error.
    """
    token, exports = uuid.uuid4(), Export.objects.filter(pk=job_id)
    waiting = exports.filter(state__in=Export.ACTIVE_STATES)
    if not claim_job(waiting, token, state=Export.State.RUNNING, rows_written=0, error=""):
        return False
    with lease_of(exports, token):
        return _write(Export.objects.select_related("release").get(pk=job_id), token)


def _write(export: Export, token: uuid.UUID) -> bool:
    writer = _Writer(export, token)
    rows = ExportWriter(export, file_folder(), writer.renew)
    if export.claims > MOST_CLAIMS:
        error = f"Given up after {MOST_CLAIMS} attempts that did not come to an end."
        writer.finish(state=Export.State.FAILED, error=error)
        return False
    try:
        written = file_store().put(stored_name(export), rows.chunks())
    except _LeaseLostError:
        return False
    except RowsError as fault:
        writer.finish(state=Export.State.FAILED, error=str(fault))
        return False
    except OSError as fault:
        if is_full(fault):
            writer.wait_for_space()
        else:
            writer.finish(state=Export.State.FAILED, error=f"The file could not be written: {fault.strerror or fault}.")
        return False
    except Exception as fault:
        if is_away(fault):
            raise  # a database that restarts says nothing about the rows: the next bell begins anew
        if is_full(fault):
            writer.wait_for_space()
            return False
        writer.finish(state=Export.State.FAILED, error=f"Row {rows.rows + 1}: {type(fault).__name__}: {fault}")
        raise
    return writer.finish(
        state=Export.State.READY,
        error="",
        space_needed=None,
        rows_written=rows.rows,
        items_taken=rows.taken,
        byte_size=written.byte_size,
        sha256=written.sha256,
        columns=rows.columns,
        used_at=Now(),
        dropped_at=None,
    )


def lost_exports() -> list[int]:
    """Exports that nobody writes and whose bell is long unanswered, marked as rung; none that still lacks space."""
    return lost_of(Export, free=free_bytes(file_folder()))


class _Writer:
    """The lease of one export that is being written."""

    def __init__(self, export: Export, token: uuid.UUID) -> None:
        self.export, self.token = export, token

    def renew(self, rows: int) -> None:
        """Keep the lease, and say how far it is. Raises _LeaseLostError when another writer took over."""
        if not self._held().update(rows_written=rows, lease_expires_at=Now() + LEASE):
            raise _LeaseLostError

    def finish(self, **values: object) -> bool:
        """End the export with these values, unless the lease was lost; whether it was not."""
        return bool(self._held().update(finished_at=Now(), **values))

    def wait_for_space(self) -> None:
        """Give the export back until there is room for more than there was; this is no try that failed."""
        needed = free_bytes(file_folder()) + SPACE_RESERVE
        waits = {"state": Export.State.QUEUED, "rows_written": 0, "error": NO_SPACE, "space_needed": needed}
        release_job(self._held(), self.token, claims=0, **waits)

    def _held(self) -> QuerySet[Export]:
        return Export.objects.filter(pk=self.export.pk, state=Export.State.RUNNING, lease_token=self.token)
