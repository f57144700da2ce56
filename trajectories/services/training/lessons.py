"""The items of a release that enter a training."""

from collections.abc import Iterator
from typing import Any

from trajectories.adapters.training.base import Report
from trajectories.core.learning.lessons import Lesson, Lessons
from trajectories.models import Release, Training
from trajectories.selectors.exports import iterate_items

EVERY = 100


class ReleaseLessons:
    """The items of a release, read anew whenever they are gone through."""

    def __init__(self, release: Release) -> None:
        self._release = release

    def __len__(self) -> int:
        return self._release.item_count

    def __iter__(self) -> Iterator[Lesson]:
        for item in iterate_items(self._release):
            yield Lesson(item, item.label)


def choose_lessons(training: Training, report: Report) -> tuple[Lessons, list[dict[str, Any]]]:
    """The lessons of a training, and what each clause of its rule removed of the release's items."""
    report.note("Choosing what to learn from")
    lessons = ReleaseLessons(training.release)
    return lessons, [{"clause": "release", "removed": 0, "left": len(lessons)}]
