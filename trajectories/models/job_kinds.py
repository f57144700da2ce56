"""What a kind of background job is: how it is named and listed, who may see and steer it, and which moves it has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model
from django.urls import reverse

QUEUED, RUNNING, PAUSED, CANCELLED = "queued", "running", "paused", "cancelled"
ACTIVE = (QUEUED, RUNNING)
"""States in which a job goes on by itself."""

PAUSE, RESUME, CANCEL, RETRY = "pause", "resume", "cancel", "retry"
"""What a person may ask of a job, where its kind has it."""


@dataclass(frozen=True, slots=True)
class Move:
    """From any of the states `sources` to `target`. `done` is its participle: in messages and in the audit log.
    `refuses` says in one sentence why a job of such a state cannot be asked all the same, "" where it can."""

    done: str
    sources: tuple[str, ...]
    target: str
    refuses: Callable[[Any], str] = lambda _: ""


STOPPABLE: Mapping[str, Move] = {
    PAUSE: Move("paused", ACTIVE, PAUSED),
    RESUME: Move("resumed", (PAUSED,), QUEUED),
    CANCEL: Move("cancelled", (*ACTIVE, PAUSED), CANCELLED),
}
"""The moves of a kind that can be paused."""


def out_of(done: int, total: int, unit: str = "") -> str:
    """How far something is: "3 of 30 problems", and where more came than were wanted, as with calls that bring several
    at once, "33 problems (30 wanted)". A total of 0 is not known."""
    named = f" {unit}" if unit else ""
    return f"{done:,}{named} ({total:,} wanted)" if done > total > 0 else f"{done:,} of {total:,}{named}"


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` things, named by `unit`; `failed` are those that came to nothing, but for `nothing_new`, for
    which nothing was left to draw. A total of 0 is not known."""

    done: int
    total: int
    unit: str
    failed: int = 0
    nothing_new: int = 0

    @property
    def words(self) -> str:
        """How far it is, with the unit."""
        return out_of(self.done, self.total, self.unit)


@dataclass(frozen=True)
class JobKind:
    """One kind of job; the table of its jobs has it as `job_kind`.

    `word` names the kind in addresses and in the other tables of kinds, `title` and `plural` in lists, `noun` one job
    in messages. `name` says what a job is about, `progress` how far it is.
    """

    word: str
    title: str
    plural: str
    noun: str
    name: Callable[[Any], str]
    progress: Callable[[Any], Progress]
    permissions: tuple[str, ...]
    """Needed to see jobs of the kind."""
    control: Callable[[Any], tuple[str, ...]]
    """Which permissions are needed besides to steer a job."""
    page: str = ""
    """The name of the address of a job's own page; "" for the page that every kind has (job_detail)."""
    moves: Mapping[str, Move] = field(default_factory=lambda: STOPPABLE)
    """What people may ask of a job."""
    reason_field: str = "state_reason"
    """The field that says why a job is in its state; "" where the kind keeps no reason."""
    unread: tuple[str, ...] = ()
    """Fields that are too large to be read for a list or a move."""
    related: tuple[str, ...] = ()
    """Foreign keys that `name` reads."""
    is_paid: Callable[[Any], bool] = lambda _: False
    """Whether a job pays a language model, so that it has a budget."""
    audit_prefix: str | None = None
    """What the verbs of the audit log begin with; None for the word and a dot."""
    counts: tuple[str, ...] = ()
    """Counters of a job that the audit log tells with every move, by the names of their fields."""
    model: type[Model] = field(init=False, compare=False)
    """The table of its jobs."""

    def __set_name__(self, owner: type[Model], _: str) -> None:
        object.__setattr__(self, "model", owner)

    @property
    def object_type(self) -> str:
        """The name of its jobs in the audit log."""
        return str(self.model._meta.model_name)

    def address(self, job_id: int) -> str:
        """The page of one of its jobs."""
        return reverse(self.page, args=[job_id]) if self.page else reverse("job_detail", args=[self.word, job_id])

    def verb(self, done: str) -> str:
        """The verb of the audit log for what was done to a job."""
        prefix = f"{self.word}." if self.audit_prefix is None else self.audit_prefix
        return f"{prefix}{done}"
