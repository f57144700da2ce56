"""Where the loop stands, as the start page says it: a line for each place, those that need a hand first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.urls import reverse

from trajectories.selectors import standing
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.templatetags.money import money


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the loop: what is there (`value`), what more there is to say, and the page that shows it.

    `needs_hand` says that it goes on by a person's hand only.
    """

    name: str
    title: str
    value: str
    note: str
    address: str
    icon: str
    needs_hand: bool = False


def show_standing(person: User) -> list[Place]:
    """The places that a person may look at, those that need a hand first, else in the order of the loop."""
    places = [place for permissions, build in PLACES if person.has_perms(permissions) for place in build(person)]
    return sorted(places, key=lambda place: not place.needs_hand)


def _counted(count: int) -> str:
    return f"{count:,}+" if count >= standing.LIMIT else f"{count:,}"


def _references(_: User) -> Iterator[Place]:
    count, least = standing.references_standing(), standing.DOUBTED.least
    note = f"no sample of {least} or more matched them" if count else "every reference was matched"
    address = f"{reverse('reference_list')}?least={least}"
    yield Place("references", "References in doubt", _counted(count), note, address, "target", count > 0)


def _runs(_: User) -> Iterator[Place]:
    runs = standing.runs_standing()
    note = f"“{runs.title}”: {runs.reason or 'paused by hand'}" if runs.paused else "none is paused"
    address = f"{reverse('run_list')}?state=active" if runs.active or runs.paused else reverse("run_list")
    value = f"{runs.active:,}" + (f", {runs.paused:,} paused" if runs.paused else "")
    yield Place("runs", "Runs under way", value, note, address, "sampler", runs.paused > 0)


def _verification(_: User) -> Iterator[Place]:
    count = standing.verification_standing()
    note = "a worker verifies them" if count else "all samples are verified"
    address = f"{reverse('trace_list')}?correctness=unverified"
    yield Place("verification", "Waiting for verification", _counted(count), note, address, "clock")


def _queues(person: User) -> Iterator[Place]:
    queues = standing.queues_standing(person)
    note = f"in {queues.unfinished:,} open queue{'' if queues.unfinished == 1 else 's'}"
    if queues.overdue:
        note += f", {queues.overdue:,} overdue"
    elif queues.due:
        note += f", next due on {queues.due:%Y-%m-%d}"
    value, needs = f"{queues.left:,}", queues.overdue > 0
    yield Place("queues", "Reviews left", value, note, reverse("queue_list"), "list", needs)


def _disputes(_: User) -> Iterator[Place]:
    count = standing.disputes_standing()
    note = "people decided differently" if count else "nobody decided differently"
    yield Place("disputes", "Disputes", _counted(count), note, reverse("adjudication_list"), "flag", count > 0)


def _candidates(_: User) -> Iterator[Place]:
    count = standing.candidates_standing()
    note = "passed all checks" if count else "none waits"
    address = f"{reverse('candidate_list')}?state=waiting"
    yield Place("candidates", "Candidates to let in", _counted(count), note, address, "check", count > 0)


def _release(_: User) -> Iterator[Place]:
    release = standing.release_standing()
    if release.newest is None:
        note = "none yet" if not release.since else f"none yet, {_counted(release.since)} accepted traces"
        yield Place("release", "Newest release", "–", note, reverse("release_list"), "package", release.since > 0)
        return
    note = f"{release.newest.created_at:%Y-%m-%d}, {_counted(release.since)} accepted since or left out"
    address = reverse("release_detail", args=[release.newest.pk])
    yield Place("release", "Newest release", release.newest.title, note, address, "package")


def _spend(_: User) -> Iterator[Place]:
    spend = standing.spend_standing()
    value, over = money(spend.spent), False
    if spend.budget:
        value, over = f"{value} of {money(spend.budget)}", spend.spent >= spend.budget
    note = f"by runs under way or paused, {money(spend.ever)} ever"
    yield Place("spend", "Spent", value, note, reverse("run_list"), "target", over)


PLACES: tuple[tuple[tuple[str, ...], Callable[[User], Iterator[Place]]], ...] = (
    (("trajectories.view_problem", "trajectories.view_trace"), _references),
    (("trajectories.view_run",), _runs),
    (("trajectories.view_trace",), _verification),
    (("trajectories.view_queue",), _queues),
    (("trajectories.add_adjudication",), _disputes),
    (("trajectories.review_problemcandidate",), _candidates),
    (("trajectories.view_release", SEE_REVIEWS), _release),
    (("trajectories.view_run",), _spend),
)
"""What may be said of each place, and to whom."""
