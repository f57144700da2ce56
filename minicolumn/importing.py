"""What a client does with files that are imported, and with background jobs of every kind."""

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from minicolumn.asking import AskingClient
from minicolumn.connection import KEY, MinicolumnError, Row

WAITING = ("queued", "running")
"""The states of a job that is not at its end."""


class ImportingClient(AskingClient):
    """The part of minicolumn.Client that imports files and steers jobs."""

    def look_at_files(self, *paths: str | os.PathLike[str], **options: Any) -> Row:
        """How the first rows of files would be read, before anything comes in: `rows`, `paths` of what stands where,
        and `uploads`, which `import_files` takes in place of the files."""
        return self._send_files("/imports/look", paths, options, {})

    def import_files(self, *paths: str | os.PathLike[str], key: str | None = None, **options: Any) -> Row:
        """Import files as a job, which a worker does; `options` are as in the reference: kind, on_fault, places,
        make_problems, set_title, split, model, adopt_reviews, columns, uploads, ... Files are sent as they are read."""
        return self._send_files("/imports", paths, options, {KEY: key or str(uuid.uuid4())})

    def _send_files(
        self, path: str, paths: tuple[str | os.PathLike[str], ...], options: Row, headers: dict[str, str]
    ) -> Row:
        fields = {name: _as_field(value) for name, value in options.items()}
        with ExitStack() as stack:
            try:
                files = [("files", (Path(each).name, stack.enter_context(Path(each).open("rb")))) for each in paths]
            except OSError as fault:
                raise MinicolumnError(0, f"{fault.filename}: cannot be read: {fault.strerror}") from fault
            nothing = [("files", ("", b""))]  # a form without files is one of parts all the same
            return self._ask("POST", path, data=fields, files=files or nothing, headers=headers)

    def import_(self, import_id: int) -> Row:
        """One import of files: how far it is, its first faults, and its scores beside ours."""
        return self._ask("GET", f"/imports/{import_id}")

    def wait_for_import(self, import_id: int, *, seconds: float = 3_600, every: float = 2) -> Row:
        """The import once it is at its end, or as it is when `seconds` are over."""
        return wait(lambda: self.import_(import_id), has_ended, seconds=seconds, every=every)

    def differences(self, import_id: int, **filters: Any) -> Iterator[Row]:
        """The traces of an import on which a score of its file and our verdict differ."""
        return self._pages(f"/imports/{import_id}/differences", filters)

    def steer_import(self, import_id: int, verb: str) -> Row:
        """`pause` an import, `resume`, `cancel` or `retry` it, or `repeat` a refused one without its bad rows; the
        import as it is then, the new one of a repetition."""
        return self._ask("POST", f"/imports/{import_id}/{verb}", json={})

    def jobs(self, **filters: Any) -> Iterator[Row]:
        """Background jobs of every kind, newest first; filters are kind and state."""
        return self._pages("/jobs", filters)

    def job(self, kind: str, job_id: int) -> Row:
        """One job, with what may be asked of it (`verbs`)."""
        return self._ask("GET", f"/jobs/{kind}/{job_id}")

    def steer_job(self, kind: str, job_id: int, verb: str) -> Row:
        """`pause` a job, `resume`, `cancel` or `retry` it; the job as it is then."""
        return self._ask("POST", f"/jobs/{kind}/{job_id}/{verb}", json={})

    def set_budget(self, kind: str, job_id: int, **budget: float) -> Row:
        """Change what a run, a job of a judge or a campaign may take: budget_cost, budget_tokens, budget_minutes."""
        return self._ask("POST", f"/jobs/{kind}/{job_id}/budget", json=budget)


def _as_field(value: Any) -> Any:
    """A value as a field of a form: objects as JSON, lists as the field several times."""
    if isinstance(value, Mapping):
        return json.dumps(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return list(map(str, value)) if isinstance(value, list | tuple) else str(value)


def has_ended(job: Row) -> bool:
    """Whether a job is at its end."""
    return job["state"] not in (*WAITING, "paused")


def wait(read: Callable[[], Row], is_over: Callable[[Row], bool], *, seconds: float, every: float) -> Row:
    """What is read once it is over, or the last before `seconds` have passed."""
    until = time.monotonic() + seconds
    while True:
        told = read()
        if is_over(told) or time.monotonic() >= until:
            return told
        time.sleep(every)
