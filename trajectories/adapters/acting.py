"""Which project acts now: the schema of the database, folders of files and what is kept in memory go by it.

Where nobody has said so, the first one does. A thread begins with nothing said: what it is to do is `carried` into it.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from pathlib import Path
from typing import Generic, ParamSpec, TypeVar

from trajectories.core.identity import FIRST_PROJECT

FIRST = FIRST_PROJECT
SHARED_SCHEMA = "public"
"""The schema of the first project, where all tables were before there were others, and of what all projects share."""
CHOSEN = "project"
"""The key of a session under which the project is that its person has chosen; without it, the first one."""
ACTED_IN = "minicolumn.project"
"""The key of a request's META under which the project is that acted in it, once it is answered."""

P = ParamSpec("P")
T = TypeVar("T")

_acting: ContextVar[int | None] = ContextVar("acting project", default=None)


def acting_project() -> int:
    """The id of the project that acts."""
    return _acting.get() or FIRST


def chosen_project() -> int | None:
    """The id of the project that acts where somebody has said so; None where nobody has."""
    return _acting.get()


@contextmanager
def acting_in(project: int | None) -> Iterator[None]:
    """Let a project act; None for nobody having said which."""
    token = _acting.set(project)
    try:
        yield
    finally:
        _acting.reset(token)


def act_in(project: int) -> None:
    """Let a project act until the `acting_in` around this ends: for who learns halfway for which project to act."""
    _acting.set(project)


def carried(call: Callable[P, T]) -> Callable[P, T]:
    """The same call in the project that acts now, whichever thread makes it."""
    project = _acting.get()

    @wraps(call)
    def carry(*values: P.args, **named: P.kwargs) -> T:
        with acting_in(project):
            return call(*values, **named)

    return carry


def carried_rows(rows: Iterable[T]) -> Iterator[T]:
    """The same rows, each made in the project that acts now, whoever takes them and when."""
    return _rows_in(chosen_project(), iter(rows))


def _rows_in(project: int | None, taken: Iterator[T]) -> Iterator[T]:
    try:
        while True:
            with acting_in(project):
                try:
                    row = next(taken)
                except StopIteration:
                    return
            yield row
    finally:
        close: Callable[[], None] | None = getattr(taken, "close", None)
        if close is not None:
            with acting_in(project):
                close()


def schema_of(project: int) -> str:
    """The schema with the tables of a project."""
    return SHARED_SCHEMA if project == FIRST else f"project_{project}"


def folder_of(folder: Path) -> Path:
    """The part of a folder that belongs to the acting project: the folder itself for the first project, a subfolder for
    every other."""
    project = acting_project()
    return folder if project == FIRST else folder / schema_of(project)


def name_of(name: str) -> str:
    """A file's name in storage that all projects share: as it is for the first project, with a folder for others."""
    project = acting_project()
    return name if project == FIRST else f"{schema_of(project)}/{name}"


def cache_key(key: str, prefix: str, version: int) -> str:
    """The KEY_FUNCTION of Django's caches: each project has its own values."""
    return f"{prefix}:{version}:{acting_project()}:{key}"


class KeptByProject(Generic[P, T]):
    """See kept_by_project."""

    def __init__(self, find: Callable[P, T], maxsize: int) -> None:
        self._kept = lru_cache(maxsize)(lambda _, *values, **named: find(*values, **named))
        self.cache_clear = self._kept.cache_clear

    def __call__(self, *values: P.args, **named: P.kwargs) -> T:
        """What was found before in the project that acts, or is found now."""
        return self._kept(acting_project(), *values, **named)  # type: ignore[arg-type] # hashable, as of lru_cache


def kept_by_project(maxsize: int) -> Callable[[Callable[P, T]], KeptByProject[P, T]]:
    """`lru_cache` for what is found by ids: the same id is another row in another project."""
    return lambda find: KeptByProject(find, maxsize)
